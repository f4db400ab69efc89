# Runs a program and writes its last value as JSON: Rscript judge.R program.R result.json
# Numbers have 17 significant digits, so a double comes back as it was; jsonlite would lose the last ones.

number <- function(x) {
  text <- sprintf("%.17g", x)
  text[is.nan(x)] <- "NaN"
  text[is.infinite(x)] <- ifelse(x[is.infinite(x)] > 0, "Infinity", "-Infinity")
  text[is.na(x) & !is.nan(x)] <- "null"
  text
}

quoted <- function(x) {
  text <- gsub("\\", "\\\\", enc2utf8(as.character(x)), fixed = TRUE)
  text <- gsub("\"", "\\\"", text, fixed = TRUE)
  text <- gsub("\n", "\\n", gsub("\t", "\\t", gsub("\r", "\\r", text, fixed = TRUE), fixed = TRUE), fixed = TRUE)
  ifelse(is.na(x), "null", paste0("\"", text, "\""))
}

elements <- function(x) {
  if (is.factor(x)) return(quoted(as.character(x)))
  if (is.character(x)) return(quoted(x))
  if (is.logical(x)) return(ifelse(is.na(x), "null", ifelse(x, "true", "false")))
  number(as.double(x))
}

array_of <- function(texts) paste0("[", paste(texts, collapse = ", "), "]")

encode <- function(x) {
  if (is.null(x)) return("null")
  if (is.matrix(x)) return(array_of(vapply(seq_len(nrow(x)), function(i) array_of(elements(x[i, ])), "")))
  if (is.array(x) && length(dim(x)) == 3L)
    return(array_of(vapply(seq_len(dim(x)[1L]), function(i) encode(matrix(x[i, , ], dim(x)[2L])), "")))
  if (is.list(x)) {
    texts <- vapply(x, encode, "")
    if (is.null(names(x))) return(array_of(texts))
    return(paste0("{", paste0(quoted(names(x)), ": ", texts, collapse = ", "), "}"))
  }
  if (is.language(x)) x <- paste(deparse(x, width.cutoff = 500L), collapse = " ")
  if (length(x) == 1L && !inherits(x, "AsIs")) elements(x) else array_of(elements(x))
}

arguments <- commandArgs(trailingOnly = TRUE)
value <- eval(parse(arguments[1L], keep.source = FALSE, encoding = "UTF-8"), new.env(parent = globalenv()))
writeLines(encode(value), arguments[2L], useBytes = TRUE)
