# The rows used, as R holds them, and what is computed for each.

# The model as if no row had been dropped: R then pads nothing.
unpadded <- function(model) {
  attr(model@frame, "na.action") <- NULL
  model
}

model_frame <- function(model) {
  frame <- stats::model.frame(model)
  structure(unclass(lapply(frame, plain_column)), names = names(frame), row.names = .set_row_names(nrow(frame)),
            class = "data.frame")
}

# Columns such as scale(x) are matrices with attributes.
plain_column <- function(column) {
  if (is.factor(column) || is.character(column)) return(column)
  if (is.null(dim(column)) || ncol(column) == 1L) as.vector(column) else unclass(column)
}

fitted_values <- function(model) unname(stats::fitted(unpadded(model)))

residual_values <- function(model, type) unname(stats::residuals(unpadded(model), type = type))

prior_weights <- function(model) unname(stats::weights(unpadded(model)))
