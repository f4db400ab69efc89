# Fits a mixed model with lme4; the call stored in it reads as a user's call would.

# `options`: REML, weights, offset, subset (R expressions in text or NULL), contrasts (a list of function names),
# na_action, start (numeric or NULL), control (a list with lmerControl's names, `.` or `_`).
fit_lmer <- function(data, formula, options) fit_call(lmer_call(formula, options), data)

# The same without REML; `fitter` is "glmer" or "glmer.nb", `family` an R expression in text, nAGQ an integer, start may
# be a list, and the names of `control` are glmerControl's.
fit_glmer <- function(data, formula, options) fit_call(glmer_call(formula, options), data)

fit_call <- function(call, data) {
  for (name in names(data)) tell_order(name, data[[name]])
  with_standard_options(eval(call, model_environment(data)))
}

# The levels of text are in the order of R's locale. Where that is not the order of their code points, which is Python's
# and that of R started with LC_COLLATE=C, the first level and with it the coefficients may be others.
tell_order <- function(name, column) {
  if (!is.character(column)) return()
  levels <- unique(column)
  if (identical(sort(levels), sort(levels, method = "radix"))) return()
  message(
    "the levels of '", name, "' are in the order of R's locale (", Sys.getlocale("LC_COLLATE"),
    "), which is not the order Python sorts them in; give the column categories to fix an order"
  )
}

lmer_call <- function(formula, options) {
  arguments <- c(
    list(formula = str2lang(formula), data = quote(data)),
    if (!options$REML) list(REML = FALSE),
    control_argument(options$control, "lmerControl"),
    if (!is.null(options$start)) list(start = options$start),
    column_arguments(options)
  )
  as.call(c(quote(lmer), arguments))
}

glmer_call <- function(formula, options) {
  arguments <- c(
    list(formula = str2lang(formula), data = quote(data)),
    if (options$fitter == "glmer") list(family = str2lang(options$family)),
    if (options$nAGQ != 1L) list(nAGQ = options$nAGQ),
    control_argument(options$control, "glmerControl"),
    if (!is.null(options$start)) list(start = as_language(options$start)),
    column_arguments(options)
  )
  as.call(c(as.name(options$fitter), arguments))
}

# The arguments that lm, lmer and glmer share.
column_arguments <- function(options) {
  c(
    if (!is.null(options$subset)) list(subset = str2lang(options$subset)),
    if (!is.null(options$weights)) list(weights = str2lang(options$weights)),
    if (options$na_action != "na.omit") list(na.action = as.name(options$na_action)),
    if (!is.null(options$offset)) list(offset = str2lang(options$offset)),
    if (length(options$contrasts)) list(contrasts = as_language(options$contrasts))
  )
}

control_argument <- function(control, maker) {
  if (!length(control)) return(NULL)
  names(control) <- vapply(names(control), control_name, "", maker = maker)
  list(control = as.call(c(as.name(maker), lapply(control, as_language))))
}

control_name <- function(name, maker) {
  known <- setdiff(names(formals(getExportedValue("lme4", maker))), "mod.type")
  found <- known[gsub("[._]", "_", known) == gsub("[._]", "_", name)]
  if (length(found) == 1L) return(found)
  stop(maker, " has no argument '", name, "': it has ", paste(known, collapse = ", "), call. = FALSE)
}

as_language <- function(value) {
  if (is.list(value)) as.call(c(quote(list), lapply(value, as_language))) else value
}

# The same model with or without REML; to ML by `refitML`, as lme4's anova does.
refit_lmer <- function(model, REML) {
  if (REML == lme4::isREML(model)) return(model)
  if (!REML) return(lme4::refitML(model))
  with_standard_options(stats::update(model, REML = TRUE))
}
