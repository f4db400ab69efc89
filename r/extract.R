# Everything that a record of a fit needs, read from a merMod, by name: the live bridge and the goldens both call this.

extract <- function(model) {
  c(
    extract_call(model), extract_fixed(model), extract_random(model), extract_criterion(model),
    extract_sample(model), extract_optimum(model), extract_family(model), list(versions = versions())
  )
}

# What only generalized models have; `family_theta` is the shape of a negative binomial family.
extract_family <- function(model) {
  if (!lme4::isGLMM(model)) return(NULL)
  family <- stats::family(model)
  dims <- lme4::getME(model, "devcomp")$dims
  list(
    family = family$family, link = family$link, nAGQ = as.integer(dims[["nAGQ"]]),
    has_scale = as.logical(dims[["useSc"]]),
    family_theta = if (startsWith(family$family, "Negative Binomial")) environment(family$aic)[[".Theta"]]
  )
}

extract_call <- function(model) {
  list(
    call = call_text(model@call), formula = call_text(stats::formula(model)), REML = lme4::isREML(model),
    class = as.character(class(model))
  )
}

extract_fixed <- function(model) {
  covariance <- as.matrix(stats::vcov(model, correlation = FALSE))
  list(
    fixed = lme4::fixef(model), std_error = stats::setNames(sqrt(diag(covariance)), rownames(covariance)),
    fixed_covariance = unname(covariance), dropped = as.character(names(attr(lme4::getME(model, "X"), "col.dropped")))
  )
}

extract_random <- function(model) {
  effects <- lme4::getME(model, "cnms")
  list(
    variance = as.data.frame(lme4::VarCorr(model)), sigma = stats::sigma(model),
    block_groups = names(effects), block_effects = unname(lapply(effects, as.character)),
    theta = lme4::getME(model, "theta"), lower = unname(lme4::getME(model, "lower")),
    n_groups = lme4::ngrps(model), is_singular = lme4::isSingular(model)
  )
}

extract_criterion <- function(model) {
  devcomp <- lme4::getME(model, "devcomp")
  name <- if (lme4::isREML(model)) "REML" else "dev"
  list(criterion = devcomp$cmp[[name]], criterion_name = name, cmp = devcomp$cmp, dims = devcomp$dims)
}

# Rows count from 1 in the data given. What `na.action` holds are positions after `subset`; its names are the rows.
extract_sample <- function(model) {
  frame <- stats::model.frame(model)
  omitted <- attr(frame, "na.action")
  list(
    n_obs = as.integer(stats::nobs(model)), rows = as.integer(attr(frame, "row.names")),
    omitted = as.integer(names(omitted)), na_action = as.character(class(omitted))
  )
}

extract_optimum <- function(model) {
  info <- model@optinfo
  list(
    optimizer = as.character(info$optimizer), code = as.integer(info$conv$opt),
    message = as.character(info$message), n_evaluations = as.integer(info$feval),
    lme4_messages = as.character(unlist(info$conv$lme4$messages)),
    optimizer_warnings = as.character(unlist(info$warnings))
  )
}

# The REML criterion or the deviance at the fit's own theta, whichever was minimized.
criterion <- function(model, REML) -2 * as.numeric(stats::logLik(model, REML = REML))
