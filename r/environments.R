# Where a model's formula is evaluated: the data's columns first, then `data` itself, then the functions that a formula
# may use, then stats and the rest of a plain R session. The user's workspace is not in sight.

model_environment <- function(data) {
  environment <- new.env(parent = model_functions())
  assign("data", data, envir = environment)
  environment
}

# What fits and its controls are there for `update(model)`. The stats package attached to the search path is written by
# name when a model is saved; its namespace stands in where R was started without it.
model_functions <- function() {
  functions <- new.env(parent = stats_environment())
  functions$ns <- splines::ns
  functions$bs <- splines::bs
  with_lme4(functions)
}

with_lme4 <- function(environment) {
  for (name in c("lmer", "lmerControl", "glmer", "glmerControl", "glmer.nb")) {
    environment[[name]] <- getExportedValue("lme4", name)
  }
  environment
}

stats_environment <- function() {
  if ("package:stats" %in% search()) as.environment("package:stats") else asNamespace("stats")
}

# Evaluates with R's own defaults for the options that change what a formula means, whatever the user's profile says.
with_standard_options <- function(expression) {
  before <- options(contrasts = c("contr.treatment", "contr.poly"), na.action = "na.omit")
  on.exit(options(before))
  force(expression)
}

# An expression in text, or NULL.
expression_of <- function(text) if (is.null(text)) NULL else str2lang(text)

# A formula in text, with the given environment.
formula_in <- function(text, environment) {
  formula <- eval(str2lang(text), baseenv())
  environment(formula) <- environment
  formula
}
