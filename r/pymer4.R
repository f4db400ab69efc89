# A model that pymer4 has fitted, made into what fit_lmer would have left: its call without the data written out in full,
# and the data where predictions and refits look for them.
settle_pymer4 <- function(model, data, formula, options) {
  environment(attr(model@frame, "formula")) <- model_environment(data)
  model@call <- lmer_call(formula, options)
  model
}
