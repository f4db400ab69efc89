# What follows a fit by simulating, refitting and profiling.

# A matrix, one row a row used. `re_form` is NULL for all random effects, else the text of a one-sided formula.
simulate_lmer <- function(model, nsim, seed, re_form) {
  unname(do.call(cbind, simulate_responses(model, nsim, seed, re_form)))
}

# A list, one element a response: a vector, or of a binomial model a factor or a matrix of successes and failures.
simulate_responses <- function(model, nsim, seed, re_form) {
  form <- if (!is.null(re_form)) formula_in(re_form, environment(stats::formula(model)))
  columns <- unclass(stats::simulate(unpadded(model), nsim = nsim, seed = seed, re.form = form))
  lapply(seq_len(nsim), function(number) {
    column <- columns[[number]]
    if (is.null(dim(column)) && !is.factor(column)) as.vector(column) else column
  })
}

# A matrix, one row a row of `newdata`, in which no variable is missing.
simulate_newdata <- function(model, newdata, nsim, seed, re_form, allow_new_levels) {
  form <- if (!is.null(re_form)) formula_in(re_form, environment(stats::formula(model)))
  has_fixed_factors(model, newdata)
  row.names(newdata) <- NULL
  columns <- stats::simulate(
    unpadded(model), nsim = nsim, seed = seed, newdata = newdata, re.form = form, allow.new.levels = allow_new_levels
  )
  unname(as.matrix(columns))
}

# The model fitted to another response, one value a row used; the call's own control is kept, as bootMer keeps it.
refit_response <- function(model, newresp) {
  attr(newresp, "na.action") <- attr(stats::model.frame(model), "na.action")
  control <- eval(model@call$control, environment(stats::formula(model)))
  lme4::refit(model, newresp, control = control)
}

# lme4 1.1-31's profile of a generalized model leaves its last step's modes in the model, whose parts are references.
detached <- function(model) {
  model@pp <- model@pp$copy()
  model@resp <- model@resp$copy()
  model
}

# The profile as a data frame; `which` counts all parameters from 1.
profile_lmer <- function(model, which, alphamax, maxpts) {
  table <- stats::profile(detached(model), which = which, alphamax = alphamax, maxpts = maxpts, signames = FALSE)
  class(table) <- "data.frame"
  table$.par <- as.character(table$.par)
  attributes(table)[c("forward", "backward", "lower", "upper")] <- NULL
  table
}

# Intervals, one row a parameter of `parm` (names as with oldNames = FALSE).
confint_profile <- function(model, parm, level) {
  model <- detached(model)
  unname(stats::confint(model, parm = parm, level = level, method = "profile", quiet = TRUE, oldNames = FALSE))
}

confint_boot <- function(model, level, nsim, type, seed) {
  table <- stats::confint(
    model, level = level, method = "boot", quiet = TRUE, oldNames = FALSE, nsim = nsim, boot.type = type, seed = seed
  )
  unname(table)
}

refit_simulated <- function(model, seed, re_form) {
  refit_response(model, simulate_responses(model, 1L, seed, re_form)[[1L]])
}
