# Any exported function of lme4, or of stats, called by name with the given arguments.

call_named <- function(name, arguments) {
  call <- as.call(c(exported(name), sapply(names_or_positions(arguments), as.name, simplify = FALSE)))
  values <- stats::setNames(arguments, names_or_positions(arguments))
  names(call)[-1L] <- if (is.null(names(arguments))) "" else names(arguments)
  eval(call, list2env(values, parent = model_functions()))
}

names_or_positions <- function(arguments) paste0("argument_", seq_along(arguments))

exported <- function(name) {
  for (package in c("lme4", "stats", "base")) {
    if (name %in% getNamespaceExports(package) || package == "base" && exists(name, baseenv())) {
      return(call("::", as.name(package), as.name(name)))
    }
  }
  stop("neither lme4 nor stats has a function '", name, "'", call. = FALSE)
}

# What R prints for an object, line by line, 80 characters wide.
printed <- function(object) {
  before <- options(width = 80L, digits = 7L, OutDec = ".", scipen = 0L)
  on.exit(options(before))
  utils::capture.output(print(object))
}

printed_model <- function(model) printed(model)

printed_summary <- function(model) printed(summary(model))
