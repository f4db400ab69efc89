# The one way in: call one of our functions with crossing values, get back a crossing value and what was said meanwhile.

# A list: `value`, or `error` (message and call), and `conditions`, a list of kind, message and call, in order.
run <- function(name, arguments, keep = FALSE) {
  before <- ls(globalenv(), all.names = TRUE, sorted = FALSE)
  on.exit(forget_since(before))
  heard <- new.env(parent = emptyenv())
  heard$conditions <- list()
  outcome <- tryCatch(
    withCallingHandlers(
      list(value = finish(call_ours(name, arguments), keep)),
      warning = function(condition) hear(heard, "warning", condition),
      message = function(condition) hear(heard, "message", condition)
    ),
    error = function(condition) list(error = condition_text(condition)),
    interrupt = function(condition) list(interrupted = TRUE)
  )
  c(outcome, list(conditions = heard$conditions))
}

# lme4 1.1-31 leaves `curWarnings` in the workspace when an optimizer warns. The seed is left to those who draw.
forget_since <- function(before) {
  new <- setdiff(ls(globalenv(), all.names = TRUE, sorted = FALSE), c(before, ".Random.seed"))
  rm(list = new, envir = globalenv())
}

finish <- function(value, keep) if (keep) list(kept = value) else send(value)

# The arguments are bound to names, so that a call in an error message shows names and never data.
call_ours <- function(name, arguments) {
  values <- lapply(arguments, receive)
  call <- as.call(c(as.name(name), sapply(names(values), as.name, simplify = FALSE)))
  eval(call, list2env(values, parent = parent.env(environment())))
}

hear <- function(heard, kind, condition) {
  if (!is_of_an_interrupt(condition)) {
    heard$conditions <- c(heard$conditions, list(c(list(kind = kind), condition_text(condition))))
  }
  invokeRestart(if (kind == "warning") "muffleWarning" else "muffleMessage")
}

# R warns when it evaluates again what an earlier interrupt left half done, such as loading a package: no model's business.
is_of_an_interrupt <- function(condition) {
  identical(conditionMessage(condition), gettext("restarting interrupted promise evaluation", domain = "R"))
}

condition_text <- function(condition) {
  message <- enc2utf8(sub("\n$", "", conditionMessage(condition)))
  list(message = message, call = call_text(conditionCall(condition)))
}

call_text <- function(call) {
  if (is.null(call)) return("")
  enc2utf8(paste(trimws(deparse(written_out(call), width.cutoff = 500L, nlines = 3L)), collapse = " "))
}

# do.call and lmList leave the function and the data themselves in a call, where a person writes their names.
written_out <- function(call) {
  if (!is.call(call)) return(call)
  held <- vapply(as.list(call), function(part) is.function(part) || is.list(part), NA)
  call[held] <- rep(list(as.name("value")), sum(held))
  call
}

to_bytes <- function(object) serialize(object, NULL)

from_bytes <- function(bytes) unserialize(bytes)

class_names <- function(object) as.character(class(object))

# Data that several calls use are kept in R once.
itself <- function(object) object
