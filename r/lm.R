# Fits a linear model with stats::lm and reads everything that its record and its printed summary need.

# `options`: weights, offset, subset, contrasts, na_action, as in fit.R.
fit_lm <- function(data, formula, options) {
  call <- as.call(c(quote(lm), list(formula = str2lang(formula), data = quote(data)), column_arguments(options)))
  with_standard_options(eval(call, model_environment(data)))
}

extract_lm <- function(model) {
  c(
    extract_lm_coefficients(model), extract_lm_quality(model), extract_lm_rows(model),
    list(call = call_text(model$call), formula = call_text(stats::formula(model)), versions = versions())
  )
}

# Coefficients that could not be estimated are NA in `estimate` and absent from the table and the covariance matrix.
extract_lm_coefficients <- function(model) {
  estimate <- stats::coef(model)
  list(
    estimate = estimate, coefficients = summary(model)$coefficients, aliased = names(estimate)[is.na(estimate)],
    covariance = unname(stats::vcov(model, complete = FALSE)),
    covariance_names = names(estimate)[!is.na(estimate)], intercept = attr(stats::terms(model), "intercept") == 1L
  )
}

extract_lm_quality <- function(model) {
  summary <- summary(model)
  likelihood <- stats::logLik(model)
  list(
    sigma = summary$sigma, df_residual = as.integer(stats::df.residual(model)), rank = as.integer(model$rank),
    r_squared = summary$r.squared, adj_r_squared = summary$adj.r.squared, f_statistic = summary$fstatistic,
    log_likelihood = as.numeric(likelihood), n_parameters = as.integer(attr(likelihood, "df")),
    AIC = stats::AIC(model), BIC = stats::BIC(model), deviance = stats::deviance(model),
    residual_quantiles = residual_quantiles(summary$residuals)
  )
}

# Rows count from 1 in the data given. `residuals` are response minus fitted, not weighted.
extract_lm_rows <- function(model) {
  frame <- stats::model.frame(model)
  model$na.action <- NULL
  list(
    n_obs = nrow(frame), rows = as.integer(attr(frame, "row.names")),
    omitted = as.integer(names(attr(frame, "na.action"))), fitted = unname(stats::fitted(model)),
    residuals = unname(stats::residuals(model)), weights = unname(stats::weights(model))
  )
}

residual_quantiles <- function(residuals) stats::quantile(residuals, names = FALSE)

# R leaves rows of weight zero out; here they have leverage 0.
hatvalues_lm <- function(model) {
  weights <- stats::weights(model)
  found <- numeric(length(stats::residuals(model)))
  found[if (is.null(weights)) TRUE else weights != 0] <- stats::hatvalues(model)
  found
}

predict_lm <- function(model, newdata) {
  if (is.null(newdata)) {
    data <- get("data", environment(stats::formula(model)))
    newdata <- data[extract_lm_rows(model)$rows, , drop = FALSE]
  }
  unname(stats::predict(model, newdata = newdata, na.action = stats::na.pass))
}
