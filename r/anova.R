# lme4's comparison of fitted models, with its heading.

anova_models <- function(models, refit) {
  names(models) <- NULL
  arguments <- c(models, list(refit = refit, model.names = paste0("m", seq_along(models))))
  table <- do.call(stats::anova, arguments)
  list(table = as.data.frame(table), heading = attr(table, "heading"))
}

anova_terms <- function(model) as.data.frame(stats::anova(model))
