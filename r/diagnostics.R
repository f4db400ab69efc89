# What a merMod says about itself: leverages, influence, degrees of freedom.

# The data that the model was fitted to, as the environment of its formula has them.
model_data <- function(model) {
  data <- eval(stats::getCall(model)$data, environment(stats::formula(model)))
  if (is.null(data)) stop("the model was fitted without the data argument", call. = FALSE)
  as.data.frame(data)
}

leverages <- function(model) unname(stats::hatvalues(unpadded(model)))

has_package <- function(name) requireNamespace(name, quietly = TRUE)

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
