# JSON of crossing values (wire.R), from which every number comes back as it was: 17 significant digits, a point or
# an exponent in every double, NA as null, and {".number": "NaN"}, "Inf" or "-Inf" for what JSON has no word for.

# `heading` holds single strings, which are written as such; everything else is a vector, also of length one.
to_json <- function(heading, values) {
  bodies <- vapply(values, function(value) json_text(unbuffered(send(value)), "  "), "")
  json_object(c(vapply(heading, json_string, ""), bodies), "")
}

# Buffers of strings become vectors of strings again.
unbuffered <- function(value) {
  if (!is.list(value)) return(value)
  if (identical(value[[".kind"]], "strings") || identical(value[[".kind"]], "character")) return(receive(value))
  value[] <- lapply(value, function(item) if (is.null(item)) list(NULL) else list(unbuffered(item)))
  lapply(value, `[[`, 1L)
}

json_text <- function(value, indent) {
  if (is.null(value)) return("null")
  if (is.list(value)) return(json_list(value, indent))
  if (!is.atomic(value)) stop("an object of class ", class(value)[1L], " has no JSON")
  paste0("[", paste(json_elements(value), collapse = ", "), "]")
}

json_elements <- function(value) {
  switch(typeof(value),
    double = json_double(value), integer = ifelse(is.na(value), "null", as.character(value)),
    logical = ifelse(is.na(value), "null", ifelse(value, "true", "false")), character = json_string(value)
  )
}

json_double <- function(value) {
  text <- sprintf("%.17g", value)
  whole <- is.finite(value) & !grepl("[.e]", text)
  text[whole] <- paste0(text[whole], ".0")
  odd <- !is.finite(value) & !(is.na(value) & !is.nan(value))
  text[odd] <- paste0("{\".number\": \"", as.character(value[odd]), "\"}")
  text[is.na(value) & !is.nan(value)] <- "null"
  text
}

json_string <- function(value) {
  text <- enc2utf8(value)
  for (pair in list(c("\\", "\\\\"), c("\"", "\\\""), c("\n", "\\n"), c("\t", "\\t"), c("\r", "\\r"))) {
    text <- gsub(pair[1L], pair[2L], text, fixed = TRUE)
  }
  ifelse(is.na(value), "null", paste0("\"", text, "\""))
}

json_list <- function(value, indent) {
  inner <- paste0(indent, "  ")
  items <- vapply(value, json_text, "", indent = inner)
  if (is.null(names(value))) paste0("[", paste(items, collapse = ", "), "]") else json_object(items, indent)
}

# An object with one entry a line, of named texts.
json_object <- function(items, indent) {
  if (!length(items)) return("{}")
  entries <- paste0(indent, "  ", json_string(names(items)), ": ", items)
  paste0("{\n", paste(entries, collapse = ",\n"), "\n", indent, "}")
}
