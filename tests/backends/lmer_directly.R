# lme4 called as a user calls it, for every row of `cases`: the judge of the lme4 backend. Nothing of r/ is used.
# Variables given: cases (path of cases.csv), data_folder, ids and, for each, thetas: the backend's theta as text.

suppressPackageStartupMessages({library(lme4); library(splines)})

# One line a column: "name": {"type": "factor", "levels": ["a", "b"]}, which R reads as list(type = ..., levels = c(...)).
types_of <- function(path) {
  lines <- grep("\"type\"", readLines(path), value = TRUE)
  text <- gsub("]", ")", gsub("[", "c(", sub("^[^:]*: ", "", sub(",$", "", lines)), fixed = TRUE), fixed = TRUE)
  text <- gsub("\"(type|levels)\": ", "\\1 = ", sub("}$", ")", sub("^\\{", "list(", text)))
  setNames(lapply(text, function(t) eval(parse(text = t))), sub("^ *\"(.*)\": \\{.*", "\\1", lines))
}

column <- function(text, type) {
  text[text == "NA"] <- NA
  switch(type$type,
    factor = factor(text, levels = type$levels), ordered = factor(text, levels = type$levels, ordered = TRUE),
    integer = as.integer(text), numeric = as.numeric(text), logical = text == "TRUE", character = text
  )
}

data_of <- function(name) {
  types <- types_of(file.path(data_folder, paste0(name, ".json")))
  text <- read.csv(file.path(data_folder, paste0(name, ".csv")), colClasses = "character", na.strings = NULL,
                   check.names = FALSE)
  as.data.frame(Map(column, text[names(types)], types), optional = TRUE, stringsAsFactors = FALSE)
}

# The call as text, then evaluated: what a user would have typed.
text_of <- function(case) {
  extra <- c(weights = case$weights, offset = case$offset, subset = case$subset, na.action = case$na_action)
  extra <- extra[nzchar(extra)]
  if (nzchar(case$contrasts)) {
    pairs <- strsplit(strsplit(case$contrasts, ";")[[1]], "=")
    entries <- vapply(pairs, function(pair) sprintf("%s = \"%s\"", pair[1], pair[2]), "")
    extra <- c(extra, contrasts = sprintf("list(%s)", paste(entries, collapse = ", ")))
  }
  arguments <- paste(c("", if (length(extra)) paste(names(extra), "=", extra)), collapse = ", ")
  sprintf("lmer(%s, data, REML = %s%s)", case$formula, case$REML, arguments)
}

# lme4 does not repeat itself to the last bit from one process to the next: the order in which its compiled code adds
# depends on where in memory the arrays lie, and the optimizer makes of 1e-16 up to 1e-5 of theta where the criterion is
# flat. Where the two runs ended at different bits, the answers compared are those of lme4 at the backend's theta.
fit_of <- function(case, data, theta) {
  text <- text_of(case)
  m <- quiet(eval(parse(text = text)))
  own <- list(theta = unname(getME(m, "theta")), criterion = -2 * as.numeric(logLik(m)))
  if (!identical(own$theta, theta)) {
    there <- sub(")$", ", start = theta, control = lmerControl(optimizer = NULL))", text)
    m <- quiet(eval(parse(text = there)))
  }
  list(model = m, own = own)
}

quiet <- function(expression) suppressWarnings(suppressMessages(expression))

plain <- function(x) I(as.numeric(x))

# postVar of a group: a list of arrays where the group has several blocks; their diagonal is all that lme4 gives.
variances <- function(group) {
  arrays <- attr(group, "postVar")
  if (!is.list(arrays)) arrays <- list(arrays)
  do.call(cbind, lapply(arrays, function(a) t(matrix(apply(a, 3, diag), nrow = dim(a)[1]))))
}

answers <- function(fitted, data) {
  m <- fitted$model
  modes <- ranef(m, condVar = TRUE)
  table <- as.data.frame(VarCorr(m))
  list(
    names = I(names(fixef(m))), fixef = plain(fixef(m)), vcov = as.matrix(vcov(m)), theta = plain(getME(m, "theta")),
    se = plain(coef(summary(m))[, "Std. Error"]), groups = I(names(modes)), sigma = sigma(m),
    grp = I(table$grp), var1 = I(table$var1), var2 = I(table$var2), variance = plain(table$vcov), sdcor = plain(table$sdcor),
    criterion = if (isREML(m)) REMLcrit(m) else deviance(m), nobs = nobs(m), n_groups = plain(ngrps(m)),
    logLik = as.numeric(logLik(m)), ML = as.numeric(logLik(m, REML = FALSE)),
    fitted = plain(na.omit(fitted(m))), residuals = plain(na.omit(residuals(m))),
    pearson = plain(na.omit(residuals(m, type = "pearson"))),
    modes = lapply(modes, function(g) as.matrix(g)), levels = lapply(modes, function(g) I(rownames(g))),
    variances = lapply(modes, variances), y = plain(getME(m, "y")), X = unname(as.matrix(getME(m, "X"))),
    u = plain(getME(m, "u")), rows = I(as.integer(rownames(model.frame(m)))), frame_names = I(names(model.frame(m))),
    fixed_part = plain(na.omit(predict(m, re.form = NA))), singular = isSingular(m),
    refitted = deviance(refitML(m)), own_theta = plain(fitted$own$theta), own_criterion = fitted$own$criterion
  )
}

cases <- read.csv(cases, colClasses = "character", na.strings = NULL)
sapply(cases$id, simplify = FALSE, function(id) {
  case <- as.list(cases[cases$id == id, ])
  data <- data_of(case$data)
  theta <- as.numeric(strsplit(thetas[match(id, ids)], " ")[[1]])
  answers(fit_of(case, data, theta), data)
})
