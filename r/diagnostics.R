# What a merMod says about itself: leverages, influence, degrees of freedom.

# The data that the model was fitted to, as the environment of its formula has them.
model_data <- function(model) {
  data <- eval(stats::getCall(model)$data, environment(stats::formula(model)))
  if (is.null(data)) stop("the model was fitted without the data argument", call. = FALSE)
  as.data.frame(data)
}

leverages <- function(model) unname(stats::hatvalues(unpadded(model)))

has_package <- function(name) requireNamespace(name, quietly = TRUE)

# --- influence on a generalized model ---------------------------------------------------------------------------------

# Estimates from some rows of the data, counted from 1, as lme4's influence() refits them: from the model's own estimates,
# with its default optimizers. The rows stand for the call's `subset`, which lme4 1.1-31 forgets.
estimates_without <- function(model, rows, maxfun = 1000L) {
  start <- list(theta = lme4::getME(model, "theta"))
  if (lme4::getME(model, "devcomp")$dims[["nAGQ"]] > 0L) start$fixef <- lme4::fixef(model)
  again <- suppressMessages(suppressWarnings(tryCatch(
    refit_rows(model, rows, start, maxfun),
    error = function(condition) refit_rows(model, rows, start["theta"], maxfun) # a coefficient has no rows left
  )))
  covariances <- lapply(unclass(lme4::VarCorr(again)), function(V) V[lower.tri(V, diag = TRUE)])
  list(
    fixed = lme4::fixef(again), vcov = unname(as.matrix(stats::vcov(again))),
    var_cov = c(lme4::getME(again, "sigma")^2, unlist(covariances, use.names = FALSE)),
    converged = again@optinfo$conv$opt == 0L && !length(again@optinfo$warnings)
  )
}

refit_rows <- function(model, rows, start, maxfun) {
  data <- model_data(model)
  data$.kept <- seq_len(nrow(data)) %in% rows
  call <- stats::getCall(model)
  control <- lme4::glmerControl(optCtrl = list(maxfun = maxfun))
  call[c("data", "subset", "start", "control")] <- list(quote(.data_kept), quote(.kept), start, control)
  home <- list2env(list(.data_kept = data), parent = environment(stats::formula(model)))
  with_standard_options(eval(call, home))
}

# --- degrees of freedom by lmerTest; nothing is attached -------------------------------------------------------------

coefficient_tests <- function(model, ddf) {
  extended <- with_standard_options(lmerTest::as_lmerModLmerTest(model))
  as.data.frame(stats::coef(summary(extended, ddf = ddf)))
}

term_tests <- function(model, ddf, type) {
  extended <- with_standard_options(lmerTest::as_lmerModLmerTest(model))
  as.data.frame(stats::anova(extended, type = type, ddf = ddf))
}

random_term_tests <- function(model, reduce_terms) {
  as.data.frame(with_standard_options(eval(
    quote(lmerTest::ranova(model, reduce.terms = reduce_terms)),
    list2env(list(model = model, reduce_terms = reduce_terms), parent = environment(stats::formula(model)))
  )))
}
