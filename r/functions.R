# Any exported function of lme4, or of stats, called by name with the given arguments.

call_named <- function(name, arguments, home = model_functions()) {
  formulas <- lapply(arguments, formula_call)
  written <- lapply(names_or_positions(arguments), as.name)
  written[lengths(formulas) > 0L] <- Filter(length, formulas)
  call <- as.call(c(exported(name), written))
  values <- stats::setNames(arguments, names_or_positions(arguments))
  names(call) <- c("", if (is.null(names(arguments))) rep("", length(arguments)) else names(arguments))
  eval(call, list2env(values, parent = home))
}

# What a text that is a formula stands for, else NULL: functions that look at their own call find the formula there.
formula_call <- function(value) {
  if (!is.character(value) || length(value) != 1L || !grepl("~", value, fixed = TRUE)) return(NULL)
  call <- tryCatch(str2lang(value), error = function(condition) NULL)
  if (is.call(call) && identical(call[[1L]], as.name("~"))) call
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
