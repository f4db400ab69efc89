# Writes lme4's own numbers for the models of fixtures/cases.csv to fixtures/goldens/<id>.json. Generalized models:
# --cases fixtures/glmer_cases.csv --out fixtures/goldens/generalized; a table with a column `fitter` is of such models.
# Run from the project's root: Rscript r/make_goldens.R [--cases FILE] [--data FOLDER] [--out FOLDER] [id ...]
# Without ids every case is written. The same machine writes the same bytes but for the date and, in the few models whose
# criterion is flattest, the last digits: lme4's compiled code adds in an order that depends on where in memory its arrays
# lie, and the optimizer carries that 1e-16 to 1e-9 of theta (1e-4 at a nearly singular optimum).
# Each file has what extract.R reads from the fit, what is asked on demand, R's printed text, and, under "refined", the
# optimum that lme4 finds with its optimizer's tolerances at 1e-14, which tells the optimizer's slack from an error.
# Generalized models have none: their standard errors come from a Hessian by differences, with no tolerance to tighten.

# The folder of this script, where the functions are.
script_folder <- function() {
  file <- grep("^--file=", commandArgs(FALSE), value = TRUE)
  dirname(sub("^--file=", "", file[1L]))
}

load_bridge <- function(folder) {
  bridge <- new.env(parent = baseenv())
  sources <- c("wire", "door", "environments", "fit", "extract", "provenance", "ranef", "getme", "frame", "predict",
               "functions", "generalized", "json")
  for (name in sources) sys.source(file.path(folder, paste0(name, ".R")), bridge)
  bridge
}

# Named options take the next word; the rest are ids.
read_arguments <- function(words) {
  options <- list(cases = "fixtures/cases.csv", data = "fixtures/data", out = "fixtures/goldens")
  while (length(words) && startsWith(words[1L], "--")) {
    options[[sub("--", "", words[1L], fixed = TRUE)]] <- words[2L]
    words <- words[-(1:2)]
  }
  c(options, list(ids = words))
}

read_text <- function(path) utils::read.csv(path, colClasses = "character", na.strings = character(), check.names = FALSE)

# A cell of cases.csv: text, or NULL where it is empty.
cell <- function(text) if (nzchar(text)) text else NULL

# "a=contr.sum;b=contr.helmert" as a named list.
read_contrasts <- function(text) {
  pairs <- strsplit(strsplit(text, ";", fixed = TRUE)[[1L]], "=", fixed = TRUE)
  stats::setNames(lapply(pairs, `[`, 2L), vapply(pairs, `[`, "", 1L))
}

case_options <- function(case) {
  c(
    list(
      weights = cell(case$weights), offset = cell(case$offset), subset = cell(case$subset),
      contrasts = read_contrasts(case$contrasts), na_action = case$na_action
    ),
    if (is_generalized(case)) glmer_options(case) else list(REML = case$REML == "TRUE", control = list())
  )
}

is_generalized <- function(case) !is.null(case$fitter)

glmer_options <- function(case) {
  list(
    fitter = case$fitter, family = cell(case$family), nAGQ = as.integer(case$nAGQ),
    control = if (nzchar(case$optimizer)) list(optimizer = case$optimizer) else list()
  )
}

fit_options <- function(bridge, case, data, options) {
  fitter <- if (is_generalized(case)) bridge$fit_glmer else bridge$fit_lmer
  fitter(data, case$formula, options)
}

# --- data: a .csv of text and a .json of one line a column, as export_data.R writes them -----------------------------

read_types <- function(path) {
  lines <- grep("\"type\":", readLines(path, encoding = "UTF-8"), value = TRUE)
  types <- lapply(lines, function(line) {
    list(type = sub(".*\"type\": \"([a-z]+)\".*", "\\1", line), levels = read_levels(line))
  })
  stats::setNames(types, sub("^ *\"(.*)\": \\{\"type\".*", "\\1", lines))
}

read_levels <- function(line) {
  if (!grepl("\"levels\": ", line, fixed = TRUE)) return(NULL)
  inside <- sub(".*\"levels\": \\[\"(.*)\"\\].*", "\\1", line)
  strsplit(inside, "\", \"", fixed = TRUE)[[1L]]
}

typed <- function(text, type) {
  text[text == "NA"] <- NA
  switch(type$type,
    factor = factor(text, levels = type$levels), ordered = factor(text, levels = type$levels, ordered = TRUE),
    integer = as.integer(text), numeric = as.double(text), logical = text == "TRUE", character = text
  )
}

read_data <- function(folder, name) {
  types <- read_types(file.path(folder, paste0(name, ".json")))
  text <- read_text(file.path(folder, paste0(name, ".csv")))
  columns <- lapply(names(types), function(column) typed(text[[column]], types[[column]]))
  structure(columns, names = names(types), row.names = .set_row_names(nrow(text)), class = "data.frame")
}

sha256 <- function(path) {
  if (exists("sha256sum", asNamespace("tools"))) return(unname(get("sha256sum", asNamespace("tools"))(path)))
  sub(" .*", "", system2("sha256sum", shQuote(path), stdout = TRUE))
}

# --- one golden -------------------------------------------------------------------------------------------------------

# `expression` quietly: what it says is in the fit, or is repeated there.
quietly <- function(expression) suppressWarnings(suppressMessages(expression))

# A fit with every message and warning it gave, in order.
fit_case <- function(bridge, case, data) {
  said <- character()
  hear <- function(condition, restart) {
    said <<- c(said, sub("\n$", "", conditionMessage(condition)))
    invokeRestart(restart)
  }
  model <- withCallingHandlers(
    fit_options(bridge, case, data, case_options(case)),
    message = function(condition) hear(condition, "muffleMessage"),
    warning = function(condition) hear(condition, "muffleWarning")
  )
  list(model = model, said = said)
}

# Found anew from lme4's own start, then from there: a start at the first fit's theta would end the search at once.
refined <- function(bridge, case, data) {
  tight <- list(xtol_abs = 1e-14, ftol_abs = 1e-14, xtol_rel = 0, ftol_rel = 0, maxeval = 1e5)
  options <- utils::modifyList(case_options(case), list(control = list(optCtrl = tight, calc.derivs = FALSE)))
  better <- quietly(bridge$fit_lmer(data, case$formula, options))
  options$start <- unname(lme4::getME(better, "theta"))
  again <- quietly(bridge$fit_lmer(data, case$formula, options))
  if (bridge$extract(again)$criterion < bridge$extract(better)$criterion) better <- again
  found <- bridge$extract(better)
  list(
    theta_refined = found$theta, criterion_refined = found$criterion, fixef_refined = found$fixed,
    std_error_refined = found$std_error, sdcor_refined = found$variance$sdcor,
    ranef_refined = bridge$conditional_modes(better), postVar_refined = bridge$conditional_covariances(better),
    fitted_refined = bridge$fitted_values(better)
  )
}

# `predict_fixed` is for `predict_rows`: the rows used and those dropped for missing values, in the data's order.
on_demand <- function(bridge, model) {
  extract <- bridge$extract(model)
  rows <- sort(c(extract$rows, extract$omitted))
  data <- get("data", environment(stats::formula(model)))[rows, , drop = FALSE]
  list(
    ranef = bridge$conditional_modes(model), postVar = bridge$conditional_covariances(model),
    fitted = bridge$fitted_values(model), residuals = bridge$residual_values(model, "response"),
    residuals_pearson = bridge$residual_values(model, "pearson"),
    predict_rows = rows, predict_fixed = bridge$predict_lmer(model, data, "~0", FALSE),
    X_names = colnames(lme4::getME(model, "X")), weights = bridge$prior_weights(model)
  )
}

criteria <- function(bridge, model) {
  likelihood <- stats::logLik(model)
  list(
    AIC = stats::AIC(model), BIC = stats::BIC(model), logLik = as.numeric(likelihood),
    logLik_df = as.integer(attr(likelihood, "df")), deviance = bridge$criterion(model, FALSE),
    REMLcrit = if (!lme4::isGLMM(model)) bridge$criterion(model, TRUE),
    df_residual = as.integer(stats::df.residual(model)),
    isSingular = lme4::isSingular(model), coefficients = stats::coef(summary(model))
  )
}

# What only generalized models have: other residuals and weights, the sum of squared deviance residuals, and Wald intervals.
generalized <- function(bridge, model) {
  if (!lme4::isGLMM(model)) return(NULL)
  list(
    residuals_deviance = bridge$residual_values(model, "deviance"),
    residuals_working = bridge$residual_values(model, "working"),
    residual_deviance = bridge$residual_deviance(model), working_weights = bridge$working_weights(model),
    wald = unname(stats::confint(model, method = "Wald", oldNames = FALSE))
  )
}

golden <- function(bridge, case, data, data_path) {
  fitted <- fit_case(bridge, case, data)
  model <- fitted$model
  extract <- bridge$extract(model)
  versions <- extract$versions
  heading <- list(
    id = case$id, call = extract$call, formula = case$formula, data = case$data, data_sha256 = sha256(data_path),
    R = versions$R, lme4 = versions$lme4, date = format(Sys.Date())
  )
  values <- c(
    list(provenance = bridge$provenance(), said = fitted$said, extract = extract),
    on_demand(bridge, model), criteria(bridge, model), generalized(bridge, model),
    quietly(list(summary_text = bridge$printed_summary(model), print_text = bridge$printed_model(model))),
    if (!is_generalized(case)) list(refined = refined(bridge, case, data))
  )
  bridge$to_json(heading, values)
}

write_golden <- function(bridge, arguments, case) {
  data <- read_data(arguments$data, case$data)
  result <- golden(bridge, case, data, file.path(arguments$data, paste0(case$data, ".csv")))
  path <- file.path(arguments$out, paste0(case$id, ".json"))
  connection <- file(path, "wb")
  on.exit(close(connection))
  writeLines(result, connection, useBytes = TRUE)
}

main <- function() {
  Sys.setlocale("LC_COLLATE", "C") # the order of text levels is the same on every machine
  arguments <- read_arguments(commandArgs(TRUE))
  bridge <- load_bridge(script_folder())
  cases <- read_text(arguments$cases)
  unknown <- setdiff(arguments$ids, cases$id)
  if (length(unknown)) stop("no case named ", paste(unknown, collapse = ", "), call. = FALSE)
  if (length(arguments$ids)) cases <- cases[cases$id %in% arguments$ids, ]
  dir.create(arguments$out, showWarnings = FALSE, recursive = TRUE)
  for (row in seq_len(nrow(cases))) {
    cat(cases$id[row], "\n")
    write_golden(bridge, arguments, cases[row, ])
  }
}

main()
