# Writes lme4's intervals and tests of the models of fixtures/cases.csv to fixtures/goldens/inference/<id>.json.
# Run from the project's root: Rscript r/make_inference_goldens.R [--cases FILE] [--data FOLDER] [--out FOLDER] [id ...]
# Each file has the intervals of confint(method = "profile"), as lme4 computes them from its default fit, and the
# likelihood-ratio statistics of drop1 with the optimizer's tolerances at 1e-14. What R cannot compute in LIMIT seconds, or
# at all, is a text that says so.

LIMIT <- 60 # seconds a part
# Not written unless they are named: R takes minutes.
LARGE <- c("insteval", "insteval_ordered", "scotland", "scotland_slope", "hsb_slopes")

script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1L])
lines <- parse(file.path(dirname(script), "make_goldens.R"))
for (line in lines[-length(lines)]) eval(line, globalenv())

# A value, or the text of the error that there was instead.
attempted <- function(expression) {
  setTimeLimit(elapsed = LIMIT, transient = TRUE)
  on.exit(setTimeLimit())
  tryCatch(quietly(expression), error = function(condition) conditionMessage(condition))
}

profiled <- function(model) {
  found <- stats::confint(model, method = "profile", quiet = TRUE, oldNames = FALSE)
  list(names = rownames(found), lower = unname(found[, 1L]), upper = unname(found[, 2L]))
}

dropped <- function(bridge, case, data) {
  tight <- list(xtol_abs = 1e-14, ftol_abs = 1e-14, xtol_rel = 0, ftol_rel = 0, maxeval = 1e5)
  options <- utils::modifyList(case_options(case), list(control = list(optCtrl = tight, calc.derivs = FALSE)))
  options$REML <- FALSE
  found <- stats::drop1(bridge$fit_lmer(data, case$formula, options), test = "Chisq")
  list(terms = rownames(found)[-1L], LRT = found$LRT[-1L], npar = as.integer(found$npar[-1L]))
}

inference <- function(bridge, case, data, data_path) {
  versions <- bridge$versions()
  heading <- list(
    id = case$id, formula = case$formula, data = case$data, data_sha256 = sha256(data_path),
    R = versions$R, lme4 = versions$lme4, date = format(Sys.Date())
  )
  model <- fit_case(bridge, case, data)$model
  values <- list(
    provenance = bridge$provenance(), profile = attempted(profiled(model)), drop1 = attempted(dropped(bridge, case, data))
  )
  bridge$to_json(heading, values)
}

write_inference <- function(bridge, arguments, case) {
  data <- read_data(arguments$data, case$data)
  result <- inference(bridge, case, data, file.path(arguments$data, paste0(case$data, ".csv")))
  connection <- file(file.path(arguments$out, paste0(case$id, ".json")), "wb")
  on.exit(close(connection))
  writeLines(result, connection, useBytes = TRUE)
}

run <- function() {
  Sys.setlocale("LC_COLLATE", "C") # as in make_goldens.R
  words <- commandArgs(TRUE)
  arguments <- read_arguments(if ("--out" %in% words) words else c("--out", "fixtures/goldens/inference", words))
  bridge <- load_bridge(dirname(script))
  cases <- read_text(arguments$cases)
  cases <- cases[if (length(arguments$ids)) cases$id %in% arguments$ids else !cases$id %in% LARGE, ]
  dir.create(arguments$out, showWarnings = FALSE, recursive = TRUE)
  for (row in seq_len(nrow(cases))) {
    cat(cases$id[row], system.time(write_inference(bridge, arguments, as.list(cases[row, ])))[["elapsed"]], "\n")
  }
}

run()
