# Writes what R shows for the scripts of fixtures/scripts to fixtures/scripts/goldens/<name>.json, see record_script.R.
# Run from the project's root: Rscript r/make_script_goldens.R [file ...]; without files every script is recorded.
# Each script runs in an R of its own, in a temporary folder with the data of fixtures/data and fixtures/scripts/data.

script_folder <- function() {
  file <- grep("^--file=", commandArgs(FALSE), value = TRUE)
  normalizePath(dirname(sub("^--file=", "", file[1L])))
}

data_files <- function(root) {
  folders <- file.path(root, "fixtures", c("data", "scripts/data"))
  list.files(folders, pattern = "\\.(csv|dta|sav|txt)$", full.names = TRUE)
}

# Every script but those that are meant to fail, which are in folders of their own.
scripts <- function(root) list.files(file.path(root, "fixtures/scripts"), "\\.([rR]|[rR]md|qmd)$", full.names = TRUE)

record <- function(script, root, program) {
  work <- tempfile("script")
  dir.create(work)
  on.exit(unlink(work, recursive = TRUE))
  file.copy(data_files(root), work)
  file.copy(script, work)
  out <- file.path(root, "fixtures/scripts/goldens", paste0(tools::file_path_sans_ext(basename(script)), ".json"))
  before <- setwd(work)
  on.exit(setwd(before), add = TRUE)
  words <- c("--vanilla", shQuote(program), shQuote(basename(script)), shQuote(out), "--refined")
  status <- system2(file.path(R.home("bin"), "Rscript"), words)
  if (status != 0L) stop(basename(script), " could not be recorded", call. = FALSE)
}

main <- function() {
  folder <- script_folder()
  root <- dirname(folder)
  asked <- commandArgs(TRUE)
  for (script in if (length(asked)) normalizePath(asked) else scripts(root)) {
    cat(basename(script), "\n")
    record(script, root, file.path(folder, "record_script.R"))
  }
}

main()
