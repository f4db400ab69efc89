# What R says about a generalized model where that differs from a linear one.

# The mean of the response for values on the scale of the link.
response_mean <- function(model, values) stats::family(model)$linkinv(values)

working_weights <- function(model) unname(stats::weights(model, type = "working"))

# Minus twice the log-likelihood is `criterion`; this is the sum of the squared deviance residuals.
residual_deviance <- function(model) stats::deviance(model)

# What lme4's response object holds for each row, under broom.mixed's names.
response_columns <- function(model) {
  fields <- c("mu", "offset", "sqrtXwt", "sqrtrwt", "weights", "wtres", "eta")
  columns <- lapply(fields, function(field) as.vector(model@resp[[field]]))
  structure(columns, names = paste0(".", fields), row.names = .set_row_names(length(columns[[1L]])), class = "data.frame")
}

# Shares of variance as the package performance defines them for generalized models.
# Of a singular fit it gives NA alone.
icc_of <- function(model, by_group, tolerance) {
  found <- performance::icc(model, by_group = by_group, tolerance = tolerance)
  if (is.list(found)) return(as.data.frame(found))
  if (by_group) return(data.frame(Group = names(lme4::VarCorr(model)), ICC = NA_real_))
  data.frame(ICC_adjusted = NA_real_, ICC_unadjusted = NA_real_)
}

r2_of <- function(model, tolerance) {
  found <- performance::r2_nakagawa(model, tolerance = tolerance)
  if (is.list(found)) as.numeric(unlist(found)) else c(NA_real_, NA_real_)
}
