# R's getME, with the names it knows.

getme_names <- function() {
  method <- utils::getS3method("getME", "merMod", envir = asNamespace("lme4"))
  eval(formals(method)$name)
}

getme <- function(model, name) lme4::getME(model, name)
