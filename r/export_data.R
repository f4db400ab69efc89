# Writes the data that the tests and the package read, from R's own packages: Rscript r/export_data.R
# Run from the project's root. Every file is the data set as its package ships it, or the subset or derivation
# written below; fixtures/data/README.md says which, from which package, under which licence.
# Needs the packages lme4, nlme, mlmRev and MASS.

# The shortest of 15 to 17 digits that reads back as the same double.
number_text <- function(x) {
  text <- rep("NA", length(x))
  for (digits in c("%.15g", "%.16g", "%.17g")) {
    open <- !is.na(x) & (text == "NA" | suppressWarnings(as.double(text)) != x)
    text[open] <- sprintf(digits, x[open])
  }
  text
}

quoted <- function(x) paste0("\"", gsub("\"", "\"\"", x, fixed = TRUE), "\"")

column_text <- function(x) {
  if (is.numeric(x) && !is.factor(x)) return(number_text(x))
  if (is.logical(x)) return(ifelse(is.na(x), "NA", ifelse(x, "TRUE", "FALSE")))
  ifelse(is.na(x), "NA", quoted(as.character(x)))
}

column_type <- function(x) {
  if (is.ordered(x)) return("ordered")
  if (is.factor(x)) return("factor")
  if (is.integer(x)) return("integer")
  switch(typeof(x), double = "numeric", character = "character", logical = "logical")
}

column_json <- function(name, x) {
  levels <- if (is.factor(x)) paste0(", \"levels\": [", paste0("\"", levels(x), "\"", collapse = ", "), "]")
  paste0("  \"", name, "\": {\"type\": \"", column_type(x), "\"", levels, "}")
}

write_text <- function(lines, path) {
  connection <- if (endsWith(path, ".gz")) gzfile(path, "wb") else file(path, "wb")
  on.exit(close(connection))
  writeLines(lines, connection, useBytes = TRUE)
}

write_table <- function(data, path) {
  data <- as.data.frame(data)
  rows <- do.call(paste, c(unname(lapply(data, column_text)), sep = ","))
  write_text(c(paste(quoted(names(data)), collapse = ","), rows), path)
}

write_types <- function(data, path) {
  data <- as.data.frame(data)
  write_text(c("{", paste(mapply(column_json, names(data), data), collapse = ",\n"), "}"), path)
}

export <- function(name, data) {
  write_table(data, file.path("fixtures", "data", paste0(name, ".csv")))
  write_types(data, file.path("fixtures", "data", paste0(name, ".json")))
}

plain <- function(data, columns = names(data)) {
  data <- as.data.frame(data)[columns]
  droplevels(data.frame(lapply(data, function(x) { attr(x, "label") <- NULL; x }), check.names = FALSE))
}

# sleepstudy with a column for every kind of trouble: types, missing values, names, scales, aliased columns.
sleep_plus <- function(sleepstudy) {
  row <- seq_len(nrow(sleepstudy))
  subject <- as.integer(sleepstudy$Subject)
  data <- plain(sleepstudy)
  data$subject_text <- paste0("s", sleepstudy$Subject)
  data$cohort <- c("mid", "early", "late")[subject %% 3 + 1]
  data$is_late <- sleepstudy$Days >= 5
  data$phase <- cut(sleepstudy$Days, c(-1, 2, 6, 9), c("start", "middle", "end"), ordered_result = TRUE)
  data$shift <- factor(c("night", "day", "swing")[(subject + row) %% 3 + 1], c("swing", "night", "day", "weekend"))
  data$team <- factor((subject - 1) %/% 3 + 1)
  data$weight <- 1 + (row %% 4) / 2
  data$known_ms <- 2 * sleepstudy$Days
  data$age <- 20 + (subject * 7) %% 23
  data$noise <- round(sin(1.7 * row), 6)
  data$twice <- 2 * sleepstudy$Days
  data$reaction_tiny <- sleepstudy$Reaction * 1e-8
  data$reaction_huge <- sleepstudy$Reaction * 1e8
  data$reaction_gaps <- replace(sleepstudy$Reaction, c(3, 17, 50:52, 180), NA)
  data$days_gaps <- replace(sleepstudy$Days, c(1, 17, 99), NA)
  data$subject_gaps <- replace(sleepstudy$Subject, c(8, 121:123), NA)
  data$cohort_gaps <- replace(data$cohort, c(5, 60), NA)
  data$a_rather_long_name_for_the_number_of_days_without_sleep <- sleepstudy$Days
  data[["Reaction time (ms)"]] <- sleepstudy$Reaction
  data[["subject id"]] <- sleepstudy$Subject
  data
}

# One to five rows a subject, so that some groups have a single observation.
sleep_unbalanced <- function(sleepstudy) {
  keep <- ave(sleepstudy$Days, sleepstudy$Subject, FUN = seq_along) <= as.integer(sleepstudy$Subject) %% 5 + 1
  data <- plain(sleepstudy)[keep, ]
  rownames(data) <- NULL
  data
}

first_levels <- function(data, column, n) {
  data <- droplevels(data[as.integer(data[[column]]) <= n, ])
  rownames(data) <- NULL
  data
}

# High School & Beyond under the names that Rabe-Hesketh and Skrondal's hsb.dta gives it; flags are 0/1.
high_school_and_beyond <- function(pupils, schools) {
  school <- schools[match(as.character(pupils$School), as.character(schools$School)), ]
  data.frame(
    schoolid = as.integer(as.character(pupils$School)), mathach = pupils$MathAch, ses = pupils$SES,
    female = as.integer(pupils$Sex == "Female"), minority = as.integer(pupils$Minority == "Yes"),
    sector = as.integer(school$Sector == "Catholic"), size = as.integer(school$Size), pracad = school$PRACAD,
    disclim = school$DISCLIM, himinty = as.integer(as.character(school$HIMINTY)), meanses = school$MEANSES
  )
}

export("sleepstudy", lme4::sleepstudy)
export("sleep_plus", sleep_plus(lme4::sleepstudy))
export("sleep_unbalanced", sleep_unbalanced(lme4::sleepstudy))
export("Dyestuff", lme4::Dyestuff)
export("Dyestuff2", lme4::Dyestuff2)
export("Penicillin", lme4::Penicillin)
export("Pastes", plain(lme4::Pastes))
export("cake", lme4::cake)
export("cbpp", lme4::cbpp)
export("grouseticks", plain(lme4::grouseticks))
export("InstEval_120", first_levels(plain(lme4::InstEval), "s", 120))
export("ergoStool", plain(nlme::ergoStool))
export("Machines", plain(nlme::Machines))
export("Orthodont", plain(nlme::Orthodont))
export("Oxboys", plain(nlme::Oxboys))
export("Pixel", plain(nlme::Pixel))
export("BodyWeight", plain(nlme::BodyWeight))
export("RatPupWeight", plain(nlme::RatPupWeight))
export("oats", plain(MASS::oats))
export("nlschools", plain(MASS::nlschools))
export("Hsb82_60", first_levels(plain(mlmRev::Hsb82), "school", 60))
export("Contraception_20", first_levels(plain(mlmRev::Contraception), "district", 20))
export("Exam", plain(mlmRev::Exam, c("normexam", "standLRT", "school", "schgend", "vr", "sex")))
export("ScotsSec", plain(mlmRev::ScotsSec))
export("egsingle_20", first_levels(plain(mlmRev::egsingle), "schoolid", 20))
write_table(high_school_and_beyond(nlme::MathAchieve, nlme::MathAchSchool), "lmebridge/data/hsb.csv.gz")
