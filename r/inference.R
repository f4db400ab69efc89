# What follows a fit by simulating, refitting and profiling.

# A matrix, one row a row used. `re_form` is NULL for all random effects, else the text of a one-sided formula.
simulate_lmer <- function(model, nsim, seed, re_form) {
  form <- if (!is.null(re_form)) formula_in(re_form, environment(stats::formula(model)))
  unname(as.matrix(stats::simulate(unpadded(model), nsim = nsim, seed = seed, re.form = form)))
}

# The model fitted to another response, one value a row used; the call's own control is kept, as bootMer keeps it.
refit_response <- function(model, newresp) {
  attr(newresp, "na.action") <- attr(stats::model.frame(model), "na.action")
  control <- eval(model@call$control, environment(stats::formula(model)))
  lme4::refit(model, newresp, control = control)
}
