# Values as they cross between R and the outside: bare vectors and lists, and for everything richer a list whose element
# `.kind` names what it is. `receive` makes R values of what came in, `send` makes crossing values of R values.
# The same form goes through memory (Python) and through JSON (goldens).

receive <- function(value) {
  if (!is.list(value)) return(value)
  kind <- value[[".kind"]]
  if (is.null(kind)) return(lapply(value, receive))
  receivers[[kind]](value)
}

receive_factor <- function(value) {
  levels <- as.character(receive(value$levels))
  structure(value$codes, levels = levels, class = if (value$ordered) c("ordered", "factor") else "factor")
}

receive_character <- function(value) receive(value$levels)[value$codes]

# Many strings come as one UTF-8 buffer, each string followed by the separator.
receive_strings <- function(value) {
  text <- rawToChar(value$bytes)
  Encoding(text) <- "UTF-8"
  separator <- value$separator
  strings <- strsplit(text, separator, fixed = TRUE)[[1L]]
  Encoding(strings) <- "UTF-8"
  strings
}

receive_frame <- function(value) {
  columns <- lapply(value$columns, receive)
  names(columns) <- as.character(receive(value$names))
  structure(columns, row.names = .set_row_names(value$rows), class = "data.frame")
}

receive_array <- function(value) array(receive(value$values), dim = value$dim)

# An R object that was kept in R crosses inside a list, since it may itself be one.
receive_kept <- function(value) value$value

receive_named <- function(value) stats::setNames(receive(value$values), as.character(receive(value$names)))

receivers <- list(
  factor = receive_factor, character = receive_character, strings = receive_strings,
  frame = receive_frame, array = receive_array, kept = receive_kept,
  named = receive_named
)

send <- function(value) {
  if (isS4(value)) return(send_matrix(value))
  if (is.data.frame(value)) return(send_frame(value))
  if (is.factor(value)) return(send_factor(value))
  if (is.list(value)) return(send_list(value))
  if (is.atomic(value)) return(send_vector(value))
  value
}

send_vector <- function(value) {
  if (is.null(attributes(value))) return(if (is.character(value)) send_strings(value) else value)
  if (inherits(value, c("Date", "POSIXt"))) return(format(value))
  if (!is.null(dim(value))) return(send_array(value))
  if (is.null(names(value))) return(send(as.vector(value)))
  list(.kind = "named", values = send(as.vector(value)), names = send(names(value)))
}

# Many strings go as one buffer, with missing ones as codes and levels.
send_strings <- function(value, separator = "\x1f") {
  if (length(value) < 64L) return(enc2utf8(value))
  if (anyNA(value)) {
    levels <- unique(value[!is.na(value)])
    return(list(.kind = "character", codes = match(value, levels), levels = send_strings(levels)))
  }
  if (any(grepl(separator, value, fixed = TRUE))) return(enc2utf8(value))
  text <- paste0(enc2utf8(value), separator, collapse = "")
  list(.kind = "strings", bytes = charToRaw(text), separator = separator)
}

send_array <- function(value) {
  names <- dimnames(value)
  if (!is.null(names)) names <- lapply(unname(names), send)
  list(.kind = "array", values = send(as.vector(value)), dim = dim(value), dimnames = names)
}

send_factor <- function(value) {
  list(.kind = "factor", codes = as.integer(value), levels = send(levels(value)), ordered = is.ordered(value))
}

send_frame <- function(value) {
  list(
    .kind = "frame", columns = unname(lapply(value, send)), names = send(names(value)),
    row_names = send(attr(value, "row.names")), rows = nrow(value)
  )
}

send_list <- function(value) {
  names <- names(value)
  result <- lapply(unname(unclass(value)), send)
  if (anyDuplicated(names)) return(list(.kind = "pairs", names = names, values = result))
  names(result) <- names
  result
}

send_matrix <- function(value) {
  if (methods::is(value, "sparseMatrix")) return(send_sparse(value))
  if (methods::is(value, "Matrix")) return(send(as.matrix(value)))
  if (is.list(value)) list(kept = value) else value
}

send_sparse <- function(value) {
  general <- methods::as(methods::as(value, "generalMatrix"), "CsparseMatrix")
  if (!methods::is(general, "dMatrix")) general <- methods::as(general, "dMatrix")
  list(.kind = "sparse", i = general@i, p = general@p, x = general@x, dim = general@Dim)
}
