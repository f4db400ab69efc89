# Writes fixtures/scripts/data, the files that the scripts of fixtures/scripts read besides those of fixtures/data:
# a data set in two files, in wide form, with codes for missing values, in Latin-1, and in Stata's format.
# Run from the project's root: Rscript r/export_script_data.R

out <- function(name) file.path("fixtures/scripts/data", name)
read <- function(name) utils::read.csv(file.path("fixtures/data", paste0(name, ".csv")), check.names = FALSE)
write <- function(data, name) utils::write.csv(data, out(name), row.names = FALSE)

# High School & Beyond in two files, as such surveys are delivered: pupils, and one row a school.
pupils_and_schools <- function() {
  hsb <- read("Hsb82_60")
  pupils <- data.frame(
    school_id = hsb$school, female = as.integer(hsb$sx == "Female"), minority = as.integer(hsb$minrty == "Yes"),
    ses = hsb$ses, mathach = hsb$mAch
  )
  write(pupils, "pupils.csv")
  schools <- unique(data.frame(id = hsb$school, sector = hsb$sector, size = as.integer(table(hsb$school)[as.character(hsb$school)])))
  write(schools[order(schools$id, decreasing = TRUE), ], "schools.csv")
}

# The distances of Orthodont, one row a child.
wide_growth <- function() {
  long <- read("Orthodont")
  wide <- stats::reshape(long, direction = "wide", idvar = c("Subject", "Sex"), timevar = "age", v.names = "distance", sep = "_")
  write(wide, "teeth_wide.csv")
}

# nlschools with -99 and text where an answer is missing.
survey <- function() {
  schools <- read("nlschools")
  chosen <- schools[schools$class %in% unique(schools$class)[1:40], ]
  rows <- seq_len(nrow(chosen))
  chosen$IQ[rows %% 37 == 0] <- -99
  status <- as.character(chosen$SES)
  status[rows %% 29 == 0] <- "refused"
  answers <- data.frame(pupil = rows, class = chosen$class, lang = chosen$lang, IQ = chosen$IQ, SES = status, COMB = chosen$COMB)
  write(answers, "survey.csv")
}

# A French export: semicolons, decimal commas, Latin-1, lines that end in CR LF.
french <- function() {
  boys <- read("Oxboys")
  regions <- c("\u00cele-de-France", "Alpes", "Pyr\u00e9n\u00e9es")
  data <- data.frame(
    "\u00e9l\u00e8ve" = boys$Subject, "r\u00e9gion" = regions[1 + boys$Subject %% 3], age = boys$age, taille = boys$height,
    check.names = FALSE
  )
  connection <- file(out("eleves.csv"), "wb")
  on.exit(close(connection))
  lines <- utils::capture.output(utils::write.csv2(data, row.names = FALSE))
  writeBin(charToRaw(iconv(paste0(lines, "\r\n", collapse = ""), "UTF-8", "latin1")), connection)
}

stata <- function() haven::write_dta(read("sleepstudy"), out("sleepstudy.dta"))

pupils_and_schools()
wide_growth()
survey()
french()
stata()
