# What a merMod says about itself: leverages, influence, degrees of freedom.

# The data that the model was fitted to, as the environment of its formula has them.
model_data <- function(model) {
  data <- eval(stats::getCall(model)$data, environment(stats::formula(model)))
  if (is.null(data)) stop("the model was fitted without the data argument", call. = FALSE)
  as.data.frame(data)
}

leverages <- function(model) unname(stats::hatvalues(unpadded(model)))
