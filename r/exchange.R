# Models that come from R or go back to it.

# A merMod fitted elsewhere, in the form that ours have: the data lie beside the formula under the name `data`, and the
# model frame's row names are positions in them.
adopt_model <- function(object) {
  refuse_other_models(object)
  model <- without_extensions(object)
  data <- data_of(model)
  model@frame <- with_positions(model@frame, row.names(data))
  environment <- adopted_environment(environment(stats::formula(model)), data)
  environment(attr(model@frame, "formula")) <- environment
  model@call$data <- quote(data)
  model
}

# lme4's own class of what other packages, such as lmerTest, extend.
without_extensions <- function(object) {
  methods::as(object, if (methods::is(object, "glmerMod")) "glmerMod" else "lmerMod")
}

refuse_other_models <- function(object) {
  classes <- paste(class(object), collapse = ", ")
  if (methods::is(object, "lmerMod") || methods::is(object, "glmerMod")) return()
  if (methods::is(object, "merMod")) {
    stop(
      "this is a model of class ", classes, ": linear and generalized linear mixed models (lmerMod, glmerMod) are taken",
      call. = FALSE
    )
  }
  stop("this is no merMod, but an object of class ", classes, call. = FALSE)
}

# The data of the call where they can still be found, else the model frame under the variables' names.
data_of <- function(model) {
  data <- tryCatch(as.data.frame(model_data(model)), error = function(condition) NULL)
  if (!is.null(data) && all(row.names(model@frame) %in% row.names(data))) return(data)
  frame <- as.data.frame(unclass(lapply(model@frame, plain_column)), optional = TRUE, row.names = row.names(model@frame))
  for (name in c("weights", "offset")) {
    own <- paste0("(", name, ")")
    if (own %in% names(frame)) names(frame)[names(frame) == own] <- paste(deparse(model@call[[name]]), collapse = " ")
  }
  frame
}

with_positions <- function(frame, rows) {
  omitted <- attr(frame, "na.action")
  if (!is.null(omitted)) names(omitted) <- match(names(omitted), rows)
  attr(frame, "na.action") <- omitted
  attr(frame, "row.names") <- match(row.names(frame), rows)
  frame
}

# What the formula's own environment has stays in sight behind the data.
adopted_environment <- function(parent, data) {
  environment <- new.env(parent = if (is.environment(parent)) parent else model_functions())
  row.names(data) <- NULL
  environment$data <- data
  with_lme4(environment)
}

row_labels <- function(object) row.names(data_of(without_extensions(object)))

# What a record needs to know of the call: R code in text, or NULL.
model_call <- function(model) {
  call <- model@call
  code <- function(name) if (!is.null(call[[name]])) paste(deparse(call[[name]], width.cutoff = 500L), collapse = " ")
  contrasts <- tryCatch(eval(call$contrasts, environment(stats::formula(model))), error = function(condition) NULL)
  contrasts <- Filter(is.character, as.list(contrasts))
  action <- class(attr(stats::model.frame(model), "na.action"))
  list(
    formula = paste(deparse(stats::formula(model), width.cutoff = 500L), collapse = " "), REML = lme4::isREML(model),
    weights = code("weights"), offset = code("offset"), subset = code("subset"), contrasts = contrasts,
    na_action = if ("exclude" %in% action) "na.exclude" else "na.omit"
  )
}

read_rds <- function(path) readRDS(path)

write_rds <- function(model, path) saveRDS(model, path)

# A model that was evaluated at a theta found elsewhere: its call is a user's, and says nothing of a search in R.
write_settled_rds <- function(model, path, optimizer) {
  model@call$start <- NULL
  model@call$control <- NULL
  model@optinfo$optimizer <- optimizer
  model@optinfo$conv$opt <- 0L
  model@optinfo$message <- "theta was found outside R"
  saveRDS(model, path)
}

# Any function of lme4, stats or base, on whatever there is.
call_function <- function(name, positional, named) call_named(name, c(positional, named))

# The same of a model: the model first, then arguments by position and by name.
call_on_model <- function(name, model, positional, named) {
  arguments <- c(list(model), positional, named)
  if (name == "allFit" && !"meth.tab" %in% names(named)) return(do.call(all_fit, arguments))
  call_named(name, arguments, environment(stats::formula(model)))  # where influence() looks for `data`
}

# lme4 1.1-31's allFit stops where neither dfoptim nor optimx is installed: it cuts its table twice by the same rows. It
# is given the table already cut.
all_fit <- function(model, ..., methods = usable_methods()) {
  whole <- lme4::allFit
  environment(whole) <- list2env(list(requireNamespace = function(...) TRUE), parent = asNamespace("lme4"))
  whole(model, meth.tab = methods, ...)
}

# lme4's optimizers and their methods, without those whose package is not installed.
usable_methods <- function() {
  table <- get("meth.tab.0", asNamespace("lme4"))
  needed <- c(nmkbw = "dfoptim", optimx = "optimx")
  lacking <- names(needed)[!vapply(needed, requireNamespace, NA, quietly = TRUE)]
  table[!table[, "optimizer"] %in% lacking, , drop = FALSE]
}

# Named as allFit names their fits.
optimizer_names <- function() {
  methods <- usable_methods()
  gsub("\\.$", "", paste(methods[, "optimizer"], methods[, "method"], sep = "."))
}

# A list of one fit, or of the error that R caught; `number` counts the optimizers from 1.
fit_by_optimizer <- function(model, number, maxfun) {
  unclass(all_fit(model, verbose = FALSE, maxfun = maxfun, methods = usable_methods()[number, , drop = FALSE]))
}
