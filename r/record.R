# What a script shows, statement by statement; record_script.R is the program.

record_script <- function(path, refined = FALSE) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  notes <- new.env(parent = emptyenv())
  recorders <- recorders_of(notes)
  expressions <- script_expressions(script_lines(path))
  places <- attr(expressions, "places")
  statements <- list()
  for (i in seq_along(expressions)) {
    attach_first(recorders)
    found <- record_statement(expressions[[i]], notes, refined)
    statements[[i]] <- c(places[[i]], found)
    if (length(found$error)) break
  }
  list(script = basename(path), statements = statements)
}

record_json <- function(record) {
  heading <- list(script = record$script, R = versions()$R, lme4 = versions()$lme4, date = format(Sys.Date()))
  to_json(heading, list(provenance = provenance(), statements = record$statements))
}

# --- the script's text ------------------------------------------------------------------------------------------------

script_lines <- function(path) {
  lines <- readLines(path, warn = FALSE)
  Encoding(lines) <- if (all(validUTF8(lines))) "UTF-8" else "latin1"
  lines <- sub("\r$", "", sub("^\ufeff", "", enc2utf8(lines)))
  if (grepl("\\.[rq]md$", path, ignore.case = TRUE)) chunk_lines(lines) else lines
}

# The lines of the chunks of R that run, all others blank, so that every statement keeps its line.
chunk_lines <- function(lines) {
  inside <- FALSE
  kept <- rep("", length(lines))
  for (i in seq_along(lines)) {
    if (inside && grepl("^\\s*```\\s*$", lines[i])) inside <- FALSE
    else if (inside) kept[i] <- lines[i]
    else if (grepl("^\\s*```+\\s*\\{r[ ,}]", lines[i])) inside <- runs(lines, i)
  }
  kept
}

# Whether the chunk that begins on this line is evaluated.
runs <- function(lines, begin) {
  options <- lines[begin + seq_len(min(5L, length(lines) - begin))]
  !grepl("eval *= *F", lines[begin]) && !any(grepl("^#\\| *eval: *false", options))
}

script_expressions <- function(lines) {
  expressions <- parse(text = lines, keep.source = TRUE, encoding = "UTF-8")
  references <- attr(expressions, "srcref")
  places <- lapply(references, function(reference) {
    list(line = reference[1L], end_line = reference[3L], code = paste(as.character(reference), collapse = "\n"))
  })
  structure(as.list(expressions), places = places)
}

# --- one statement ----------------------------------------------------------------------------------------------------

# `print` and `cat` as the script finds them: they note what they are given, then do their work.
recorders_of <- function(notes) {
  list(
    print = function(x, ...) {
      note(notes, x)
      base::print(x, ...)
    },
    cat = function(..., file = "", sep = " ") {
      if (identical(file, "")) note_words(notes, list(...))
      base::cat(..., file = file, sep = sep)
    },
    writeLines = function(text, con = stdout(), ...) {
      if (inherits(con, "terminal")) note(notes, text)
      base::writeLines(text, con, ...)
    }
  )
}

# First on the search path, ahead of the packages that the script has attached: Matrix has a `print` of its own.
attach_first <- function(recorders) {
  if (identical(search()[2L], "recorders")) return(invisible())
  if ("recorders" %in% search()) detach("recorders", character.only = TRUE)
  get("attach", baseenv())(recorders, name = "recorders", warn.conflicts = FALSE)
}

note <- function(notes, value) notes$values <- c(notes$values, list(shown(value)))

note_words <- function(notes, values) for (value in values) if (length(value)) note(notes, value)

record_statement <- function(expression, notes, refined) {
  notes$values <- list()
  before <- models_here()
  heard <- new.env(parent = emptyenv())
  heard$conditions <- list()
  problem <- character()
  text <- utils::capture.output(
    problem <- tryCatch(evaluate(expression, notes, heard), error = function(condition) conditionMessage(condition))
  )
  said <- vapply(heard$conditions, `[[`, "", "message")
  list(
    values = notes$values, text = text, said = as.character(said), error = as.character(problem),
    models = lapply(changed(models_here(), before), model_record, said = as.character(said), refined = refined)
  )
}

evaluate <- function(expression, notes, heard) {
  withCallingHandlers(
    {
      result <- withVisible(eval(expression, globalenv()))
      if (result$visible) {
        note(notes, result$value)
        base::print(result$value)
      }
    },
    warning = function(condition) hear(heard, "warning", condition),
    message = function(condition) hear(heard, "message", condition)
  )
  character()
}

# --- models -----------------------------------------------------------------------------------------------------------

# The models in the workspace by name; those of a list one by one, as "fits$weight" or "fits[[1]]".
models_here <- function() {
  names <- ls(globalenv(), sorted = FALSE)
  found <- lapply(names, function(name) models_of(get(name, globalenv()), name))
  do.call(c, c(list(list()), found))
}

models_of <- function(value, name) {
  if (is_model(value)) return(stats::setNames(list(value), name))
  if (!is.list(value) || isS4(value) || is.data.frame(value) || !length(value) || !all(vapply(value, is_model, NA))) return(list())
  inner <- names(value)
  places <- if (is.null(inner)) paste0("[[", seq_along(value), "]]") else paste0("$", inner)
  stats::setNames(unname(value), paste0(name, places))
}

is_model <- function(value) methods::is(value, "merMod") || is_lm(value)

is_lm <- function(value) identical(class(value), "lm")

changed <- function(now, before) now[!mapply(function(model, name) identical(model, before[[name]]), now, names(now))]

model_record <- function(model, said, refined) {
  if (is_lm(model)) return(list(kind = "linear", extract = extract_lm(model)))
  found <- mermod_record(model, said)
  c(found, if (refined && found$kind == "lmer") list(refined = refined_optimum(model)))
}

mermod_record <- function(model, said) {
  list(
    kind = if (methods::is(model, "glmerMod")) "glmer" else "lmer", call = call_text(model@call),
    formula = call_text(stats::formula(model)), said = said, extract = extract(model),
    ranef = conditional_modes(model), postVar = conditional_covariances(model)
  )
}

# lme4's own optimum with tolerances of 1e-14, started from its own estimate; NULL where the model cannot be fitted again.
refined_optimum <- function(model) {
  tight <- list(xtol_abs = 1e-14, ftol_abs = 1e-14, xtol_rel = 0, ftol_rel = 0, maxeval = 1e5)
  control <- lme4::lmerControl(optCtrl = tight, calc.derivs = FALSE)
  again <- function(start) {
    model@call$control <- control
    model@call$start <- start
    eval(model@call, environment(stats::formula(model)))
  }
  better <- tryCatch(suppressWarnings(suppressMessages(again(NULL))), error = function(condition) NULL)
  if (is.null(better)) return(NULL)
  found <- extract(better)
  list(
    theta_refined = found$theta, criterion_refined = found$criterion, fixef_refined = found$fixed,
    std_error_refined = found$std_error, sdcor_refined = found$variance$sdcor,
    ranef_refined = conditional_modes(better), postVar_refined = conditional_covariances(better)
  )
}

# --- what is shown ----------------------------------------------------------------------------------------------------

# A value as its kind and what can cross: numbers, labels, tables. `kinds` are tried in order.
shown <- function(value) {
  place <- Position(function(kind) kind$holds(value), kinds)
  list(kind = names(kinds)[place], value = kinds[[place]]$content(value))
}

has_class <- function(...) function(value) inherits(value, c(...))

nothing <- function(value) NULL

coefficient_table <- function(value) {
  random <- if (inherits(value, "summary.merMod")) list(variance = as.data.frame(value$varcor), sigma = value$sigma)
  c(list(coefficients = as.matrix(stats::coef(value))), random, linear_quality(value))
}

linear_quality <- function(value) {
  if (!inherits(value, "summary.lm")) return(NULL)
  value[c("sigma", "r.squared", "adj.r.squared", "fstatistic")]
}

plain_frame <- function(value) {
  frame <- as.data.frame(value)
  class(frame) <- "data.frame"
  frame
}

modes_frame <- function(value) plain_frame(as.data.frame(value))

plain_table <- function(value) {
  class(value) <- NULL
  if (length(dim(value)) == 1L) return(stats::setNames(as.vector(value), names(value)))
  value
}

plain_list <- function(value) lapply(unclass(value), function(item) shown(item)$value)

plain_vector <- function(value) {
  if (is.factor(value)) return(as.character(value))
  keep <- attributes(value)[c("names", "dim", "dimnames")]
  attributes(value) <- keep[!vapply(keep, is.null, NA)]
  value
}

pictures <- has_class("gg", "ggplot", "trellis", "recordedplot", "histogram")

# A picture, or a list of them, as `dotplot(ranef(m))` gives.
is_picture <- function(value) {
  if (pictures(value)) return(TRUE)
  is.list(value) && length(value) && all(vapply(value, pictures, NA))
}

kinds <- list(
  nothing = list(holds = is.null, content = nothing),
  picture = list(holds = is_picture, content = nothing),
  fit = list(holds = function(value) methods::is(value, "merMod"), content = function(value) mermod_record(value, character())),
  linear = list(holds = is_lm, content = function(value) list(kind = "linear", extract = extract_lm(value))),
  summary = list(holds = has_class("summary.merMod", "summary.lm", "summary.glm"), content = coefficient_table),
  variance = list(holds = has_class("VarCorr.merMod"), content = function(value) plain_frame(as.data.frame(value))),
  modes = list(holds = has_class("ranef.mer"), content = modes_frame),
  vector = list(holds = has_class("icc"), content = function(value) unlist(unclass(value)[c("ICC_adjusted", "ICC_unadjusted")])),
  vector = list(holds = has_class("r2_nakagawa"), content = function(value) unlist(lapply(unclass(value), unname))),
  text = list(holds = has_class("knitr_kable", "noquote"), content = function(value) as.character(value)),
  frame = list(holds = is.data.frame, content = plain_frame),
  array = list(holds = function(value) is.table(value), content = plain_table),
  matrix = list(holds = function(value) methods::is(value, "Matrix"), content = as.matrix),
  vector = list(holds = function(value) is.atomic(value), content = plain_vector),
  list = list(holds = function(value) is.list(value), content = plain_list),
  other = list(holds = function(value) TRUE, content = nothing)
)
