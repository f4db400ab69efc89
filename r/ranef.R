# Conditional modes and their conditional covariances.

# By grouping factor: levels, effects (repeated where blocks of `||` are merged) and the modes, levels x effects.
conditional_modes <- function(model) {
  modes <- lme4::ranef(model, condVar = FALSE)
  lapply(unclass(modes), function(group) {
    list(levels = rownames(group), effects = names(group), values = unname(as.matrix(group)))
  })
}

# By grouping factor an array effects x effects x levels. lme4 gives one array a block, without the covariances between
# the blocks of one factor; those come from the same matrix that lme4 takes its blocks from.
conditional_covariances <- function(model) {
  blocks <- attr(model@flist, "assign")
  if (!anyDuplicated(blocks)) return(posterior_variances(model))
  covariance <- full_conditional_covariance(model)
  groups <- stats::setNames(seq_along(model@flist), names(model@flist))
  lapply(groups, function(group) merged_covariances(model, covariance, which(blocks == group)))
}

posterior_variances <- function(model) {
  lapply(unclass(lme4::ranef(model, condVar = TRUE)), function(group) unname(attr(group, "postVar")))
}

# sigma^2 Lambda (Lambda' Z' W Z Lambda + I)^-1 Lambda', Bates et al. (2015), equation 56.
full_conditional_covariance <- function(model) {
  Lambdat <- lme4::getME(model, "Lambdat")
  solved <- Matrix::solve(lme4::getME(model, "L"), Lambdat, system = "A")
  stats::sigma(model)^2 * Matrix::crossprod(Lambdat, solved)
}

# The rows of b that belong to each effect of the given blocks: a matrix levels x effects.
mode_positions <- function(model, blocks) {
  sizes <- lengths(model@cnms)
  positions <- lapply(blocks, function(block) {
    span <- seq(model@Gp[block] + 1L, model@Gp[block + 1L])
    matrix(span, ncol = sizes[[block]], byrow = TRUE)
  })
  do.call(cbind, positions)
}

merged_covariances <- function(model, covariance, blocks) {
  positions <- mode_positions(model, blocks)
  effects <- ncol(positions)
  result <- array(0, c(effects, effects, nrow(positions)))
  for (row in seq_len(effects)) for (column in seq_len(effects)) {
    result[row, column, ] <- covariance[cbind(positions[, row], positions[, column])]
  }
  result
}
