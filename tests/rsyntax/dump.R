# Writes a tree of R as text in which nothing is ambiguous: strings as the hex of their bytes, doubles with 17 digits.
# The programs under test stand one to a file element of `texts`; what R refuses is NA.

hex <- function(text) paste(as.character(charToRaw(enc2utf8(text))), collapse = "")

leaf <- function(e) {
  if (is.null(e)) return("NULL")
  if (is.symbol(e)) return(paste0("name:", hex(as.character(e))))
  if (is.character(e)) return(if (is.na(e)) "NA:character" else paste0("string:", hex(e)))
  if (is.complex(e)) return(sprintf("complex:%.17g", Im(e)))
  if (is.na(e) && !is.nan(e)) return(paste0("NA:", typeof(e)))
  if (is.logical(e)) return(paste0("logical:", e))
  if (is.integer(e)) return(paste0("integer:", e))
  if (is.nan(e)) return("double:nan")
  if (is.infinite(e)) return("double:inf")
  sprintf("double:%.17g", e)
}

tag <- function(name) if (is.null(name) || !nzchar(name)) "" else paste0(hex(name), "=")

dump <- function(e) {
  if (is.pairlist(e) && !is.null(e)) return(dump_all("name:706169726c697374", as.list(e)))
  if (!is.call(e)) return(leaf(e))
  parts <- as.list(e)
  if (identical(parts[[1L]], quote(`function`))) {
    if (is.null(parts[[2L]])) return(paste0("(name:", hex("function"), " (name:", hex("pairlist"), ") ", dump(parts[[3L]]), ")"))
    parts <- parts[1:3]
  }
  dump_all(dump(parts[[1L]]), parts[-1L])
}

dump_all <- function(head, arguments) {
  tags <- names(arguments)
  if (is.null(tags)) tags <- rep("", length(arguments))
  texts <- vapply(seq_along(arguments), function(i)
    paste0(" ", tag(tags[i]), if (identical(arguments[[i]], quote(expr = ))) "_" else dump(arguments[[i]])), "")
  paste0("(", head, paste(texts, collapse = ""), ")")
}

read <- function(text) tryCatch(suppressWarnings(parse(text = text, keep.source = FALSE)), error = function(e) NULL)

trees_of <- function(text) {
  read_text <- read(text)
  if (is.null(read_text)) return(NA_character_)
  paste(vapply(as.list(read_text), dump, ""), collapse = "\n")
}

printed <- function(text) {
  read_text <- read(text)
  if (is.null(read_text)) return(NA_character_)
  one <- function(e) paste(deparse(e, width.cutoff = 500L, backtick = TRUE), collapse = "\n")
  paste(vapply(as.list(read_text), one, ""), collapse = "\n")
}

variables <- function(text) {
  read_text <- read(text)
  if (is.null(read_text)) return(NA_character_)
  paste(unique(unlist(lapply(as.list(read_text), all.vars))), collapse = " ")
}
