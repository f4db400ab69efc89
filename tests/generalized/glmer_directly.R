# R's own answers about fitted generalized models: the judge of `GlmerMod`. Nothing of r/ is used.
# Variables given: ids, files (.rds of the models that Python fitted), calls (what a user types for the same models),
# tables (their data as .rds). lme4 does not repeat itself to the last bit from one process to the next, so the accessors
# are asked of the very model, and only the optimum of a fit of R's own.

suppressPackageStartupMessages(library(lme4))
options(width = 80L)
quiet <- function(expression) suppressWarnings(suppressMessages(expression))
plain <- function(x) I(as.numeric(x))
lines <- function(expression) I(enc2utf8(capture.output(expression)))

own_fit <- function(call, table) {
  data <- readRDS(table)
  m <- quiet(eval(parse(text = call)))
  list(logLik = as.numeric(logLik(m)), fixef = plain(fixef(m)), theta = plain(getME(m, "theta")))
}

numbers <- function(m) {
  table <- as.data.frame(VarCorr(m))
  L <- logLik(m)
  list(
    names = I(names(fixef(m))), coefficients = coef(summary(m)), columns = I(colnames(coef(summary(m)))),
    vcov = as.matrix(vcov(m)), theta = plain(getME(m, "theta")), sigma = sigma(m),
    grp = I(table$grp), var1 = I(table$var1), var2 = I(table$var2), vc = plain(table$vcov), sdcor = plain(table$sdcor),
    logLik = c(L), df = attr(L, "df"), nobs = nobs(m), AIC = AIC(m), BIC = BIC(m), deviance = deviance(m),
    df_residual = df.residual(m), family = family(m)$family, link = family(m)$link, singular = isSingular(m),
    wald = unname(confint(m, method = "Wald")), wald_names = I(rownames(confint(m, method = "Wald"))),
    new_names = I(rownames(confint(m, method = "Wald", oldNames = FALSE))),
    anova = plain(unlist(anova(m))), anova_names = I(rownames(anova(m)))
  )
}

rows <- function(m) {
  kinds <- c("deviance", "pearson", "working", "response")
  list(
    default = plain(residuals(m)), scaled = plain(residuals(m, scaled = TRUE)),
    residuals = sapply(kinds, function(kind) plain(residuals(m, type = kind)), simplify = FALSE),
    fitted = plain(fitted(m)), link = plain(predict(m)), response = plain(predict(m, type = "response")),
    fixed_link = plain(predict(m, re.form = NA)), fixed_response = plain(predict(m, re.form = NA, type = "response")),
    prior = plain(weights(m)), working = plain(weights(m, type = "working")),
    hat = plain(quiet(hatvalues(m))), cooks = plain(quiet(cooks.distance(m))), rstudent = plain(quiet(rstudent(m))),
    X = unname(as.matrix(model.matrix(m))), eta = plain(m@resp$eta), sqrtXwt = plain(m@resp$sqrtXwt),
    sqrtrwt = plain(m@resp$sqrtrwt), wtres = plain(m@resp$wtres), mu = plain(getME(m, "mu")), y = plain(getME(m, "y"))
  )
}

effects <- function(m) {
  modes <- ranef(m, condVar = TRUE)
  diagonal <- function(a) t(matrix(apply(a, 3, diag), nrow = dim(a)[1]))
  variances <- function(group) {
    arrays <- attr(group, "postVar")
    if (!is.list(arrays)) arrays <- list(arrays)
    do.call(cbind, lapply(arrays, diagonal))
  }
  list(
    groups = I(names(modes)), modes = lapply(modes, as.matrix), levels = lapply(modes, function(g) I(rownames(g))),
    variances = lapply(modes, variances), coef = lapply(coef(m), function(g) as.matrix(g)),
    coef_names = lapply(coef(m), function(g) I(names(g)))
  )
}

drawn <- function(m) {
  simulated <- simulate(m, nsim = 2, seed = 11)
  one <- simulated[[2]]
  refitted <- quiet(refit(m, one, control = eval(m@call$control)))
  list(second = if (is.factor(one)) I(as.character(one)) else plain(one), logLik = as.numeric(logLik(refitted)))
}

new_rows <- function(m, data) {
  new <- data[c(1, 2, nrow(data)), ]
  group <- names(getME(m, "flist"))[1]
  new[[group]] <- as.character(new[[group]])
  new[[group]][3] <- "nobody"
  plain(predict(m, new, allow.new.levels = TRUE, type = "response"))
}

sapply(seq_along(ids), simplify = FALSE, function(i) {
  m <- readRDS(files[i])
  data <- readRDS(tables[i])
  list(
    own = own_fit(calls[i], tables[i]), numbers = numbers(m), rows = rows(m), effects = effects(m), drawn = drawn(m),
    new = new_rows(m, data), print = lines(print(m)), summary = lines(quiet(print(summary(m)))),
    anova = lines(print(anova(m)))
  )
}) |> setNames(ids)
