# Runs an R script statement by statement and writes down what it shows: Rscript --vanilla r/record_script.R SCRIPT RESULT
# The script runs in the working folder, in the workspace, as Rscript would run it. For each top-level statement, in order, the
# record has the values that are autoprinted, print()ed or cat()ed, as numbers with 17 digits, and the models it
# assigned, read by extract.R. Of R Markdown and Quarto the chunks of R run, at their own lines. With --refined it
# also has, for each model that lmer fitted, the optimum that tighter tolerances find.

.recorder <- new.env()

.recorder$script_folder <- function() {
  file <- grep("^--file=", commandArgs(FALSE), value = TRUE)
  dirname(sub("^--file=", "", file[1L]))
}

.recorder$load_bridge <- function(folder) {
  bridge <- new.env(parent = baseenv())
  sources <- c("wire", "door", "environments", "extract", "provenance", "ranef", "lm", "json", "record")
  for (name in sources) sys.source(file.path(folder, paste0(name, ".R")), bridge)
  bridge
}

.recorder$main <- function() {
  words <- commandArgs(TRUE)
  refined <- "--refined" %in% words
  files <- setdiff(words, "--refined")
  bridge <- .recorder$load_bridge(.recorder$script_folder())
  record <- bridge$record_script(files[1L], refined)
  connection <- file(files[2L], "wb")
  on.exit(close(connection))
  writeLines(bridge$record_json(record), connection, useBytes = TRUE)
}

invisible(Sys.setlocale("LC_COLLATE", "C")) # the order of text is the same on every machine
.recorder$main()
