# What computed a number: every version and setting that could change it.

versions <- function() {
  list(
    lme4 = package_version_text("lme4"), R = paste(R.version$major, R.version$minor, sep = "."),
    Matrix = package_version_text("Matrix")
  )
}

# As the package spells it, "1.1-31"; packageVersion would say 1.1.31. NA where it is not installed.
package_version_text <- function(package) {
  if (isNamespaceLoaded(package)) return(unname(getNamespaceVersion(package)))
  as.character(suppressWarnings(utils::packageDescription(package, fields = "Version")))
}

provenance <- function() {
  c(versions(), list(
    platform = R.version$platform, os = utils::osVersion, BLAS = extSoftVersion()[["BLAS"]], LAPACK = La_version(),
    locale = Sys.getlocale("LC_COLLATE"), RNGkind = RNGkind()
  ))
}
