# Prints models in many layouts, and says what every number printed is: the judge of lmebridge.parity.published.
# The value is a list of cases, each with the text R printed and the numbers behind it as parallel vectors.

numbers <- function(quantity, value, group = "", level = "", term = "", term2 = "", method = "")
  data.frame(quantity, group, level, term, term2, method, value = as.double(value), stringsAsFactors = FALSE)

fixed <- function(table) {
  quantities <- c("Estimate" = "estimate", "Std. Error" = "std_error", "df" = "df", "t value" = "t_value",
                  "z value" = "z_value", "Pr(>|t|)" = "p_value", "Pr(>|z|)" = "p_value")
  distribution <- if ("df" %in% colnames(table)) "Satterthwaite" else if ("z value" %in% colnames(table)) "z" else "t"
  do.call(rbind, lapply(colnames(table), function(column) {
    quantity <- quantities[[column]]
    method <- if (quantity %in% c("p_value", "df")) distribution else ""
    numbers(quantity, table[, column], term = rownames(table), method = method)
  }))
}

correlations <- function(matrix, quantity, group = "") {
  if (ncol(matrix) < 2) return(NULL)
  place <- which(lower.tri(matrix), arr.ind = TRUE)
  numbers(quantity, matrix[place], group, term = colnames(matrix)[place[, 2]], term2 = rownames(matrix)[place[, 1]])
}

components <- function(varcor, quantities) {
  blocks <- lapply(names(varcor), function(group) {
    deviations <- attr(varcor[[group]], "stddev")
    values <- list(vcov = deviations^2, sdcor = deviations)[quantities]
    rbind(
      do.call(rbind, lapply(quantities, function(q) numbers(q, values[[q]], group, term = names(deviations)))),
      correlations(attr(varcor[[group]], "correlation"), "sdcor", group)
    )
  })
  residual <- attr(varcor, "sc")
  values <- list(vcov = residual^2, sdcor = residual)[quantities]
  if (attr(varcor, "useSc"))
    blocks <- c(blocks, lapply(quantities, function(q) numbers(q, values[[q]], "Residual")))
  do.call(rbind, blocks)
}

sizes <- function(m) rbind(
  numbers("n_obs", nobs(m)),
  numbers("n_groups", lme4::ngrps(m), names(lme4::ngrps(m)))
)

criteria <- function(m) {
  if (lme4::isREML(m)) return(numbers("criterion", lme4::REMLcrit(m), method = "REML"))
  likelihood <- logLik(m)
  rbind(
    numbers(c("AIC", "BIC", "logLik"), c(AIC(m), BIC(m), likelihood), method = "ML"),
    numbers("criterion", -2 * likelihood, method = "ML"),
    numbers("df_residual", df.residual(m))
  )
}

quantiles <- function(residuals, method)
  numbers("residual_quantile", quantile(residuals), term = c("Min", "1Q", "Median", "3Q", "Max"), method = method)

said <- function(kind, output, expected) list(
  kind = kind, text = paste(output, collapse = "\n"), width = getOption("width"), digits = getOption("digits"),
  numbers = lapply(as.list(expected), I)
)

mixed <- function(m, name) {
  table <- summary(m)
  p <- nrow(table$coefficients)
  vcor <- lme4::VarCorr(m)
  shown <- capture.output(suppressMessages(print(table)))
  correlated <- if (p > 1 && p <= 20) correlations(cov2cor(as.matrix(vcov(m))), "fixef_correlation")
  residuals <- quantiles(table$residuals, "scaled")
  modes <- lme4::ranef(m)
  list(
    said(paste0("summary(", name, ")"), shown,
         rbind(criteria(m), residuals, components(vcor, c("vcov", "sdcor")), sizes(m), fixed(table$coefficients), correlated)),
    said(paste0("print(", name, ")"), capture.output(print(m)),
         rbind(criteria(m), components(vcor, "sdcor"), sizes(m), numbers("estimate", lme4::fixef(m), term = names(lme4::fixef(m))))),
    said("VarCorr", capture.output(print(vcor, comp = c("Variance", "Std.Dev."))), components(vcor, c("vcov", "sdcor"))),
    said("VarCorr", capture.output(print(vcor)), components(vcor, "sdcor")),
    said("fixef", c("> fixef(m)", capture.output(lme4::fixef(m))),
         numbers("estimate", lme4::fixef(m), term = names(lme4::fixef(m)))),
    said("ranef", capture.output(print(modes)), do.call(rbind, lapply(names(modes), function(group)
      do.call(rbind, lapply(names(modes[[group]]), function(term)
        numbers("condval", modes[[group]][[term]], group, rownames(modes[[group]]), term)))))),
    intervals(m)
  )
}

intervals <- function(m) {
  limits <- suppressWarnings(confint(m, method = "Wald"))
  rows <- rbind(numbers("conf_low", limits[, 1], term = rownames(limits), term2 = colnames(limits)[1]),
                numbers("conf_high", limits[, 2], term = rownames(limits), term2 = colnames(limits)[2]))
  said("confint", capture.output(print(limits)), rows)
}

linear <- function(m) {
  table <- summary(m)
  aliased <- is.na(coef(m))
  coefficients <- matrix(NA_real_, length(coef(m)), 4, dimnames = list(names(coef(m)), colnames(table$coefficients)))
  coefficients[!aliased, ] <- table$coefficients
  spread <- if (!is.null(table$fstatistic)) rbind(
    numbers("r_squared", table$r.squared), numbers("adj_r_squared", table$adj.r.squared),
    numbers("f_statistic", table$fstatistic[1]),
    numbers("f_df", table$fstatistic[2:3], term = c("numerator", "denominator")),
    numbers("p_value", do.call(pf, c(as.list(unname(table$fstatistic)), lower.tail = FALSE)), method = "F"))
  missing <- if (length(m$na.action)) numbers("n_missing", length(m$na.action))
  expected <- rbind(
    quantiles(table$residuals, if (is.null(m$weights)) "response" else "weighted"), fixed(coefficients),
    numbers("sigma", table$sigma), numbers("df_residual", df.residual(m)), missing, spread)
  list(
    said("summary(lm)", capture.output(print(table)), expected),
    said("print(lm)", capture.output(print(m)), numbers("estimate", coef(m), term = names(coef(m))))
  )
}

compared <- function(...) {
  table <- suppressMessages(anova(...))
  quantities <- c(npar = "npar", AIC = "AIC", BIC = "BIC", logLik = "logLik", deviance = "criterion", Chisq = "chisq",
                  Df = "chi_df", "Pr(>Chisq)" = "p_value")
  methods <- c(AIC = "ML", BIC = "ML", logLik = "ML", deviance = "ML", "Pr(>Chisq)" = "chisq")
  rows <- do.call(rbind, lapply(names(table), function(column)
    numbers(quantities[[column]], table[[column]], term = rownames(table),
            method = if (column %in% names(methods)) methods[[column]] else "")))
  list(said("anova", capture.output(print(table)), rows[!is.na(rows$value), ]))
}

lmer <- lme4::lmer
sleep <- lme4::sleepstudy
ratings <- c("Special Measures", "Requires improvement", "Good", "Outstanding enough")
sleep$rating <- factor(ratings[1 + as.integer(sleep$Subject) %% 4], ratings)
sleep$a_rather_long_name_for_days <- sleep$Days
sleep$huge <- sleep$Reaction * 1e5
sleep$tiny <- sleep$Reaction / 1e5
sleep$`quoted name` <- sleep$Days / 10
quiet <- function(call) suppressMessages(suppressWarnings(call))

mixed_models <- list(
  quote(lmer(Reaction ~ Days + (Days | Subject), sleep)),
  quote(lmer(Reaction ~ Days + (Days || Subject), sleep, REML = FALSE)),
  quote(lmer(Reaction ~ 1 + (1 | Subject), sleep)),
  quote(lmer(Reaction ~ rating * Days + (1 + Days | Subject), data = sleep, REML = FALSE)),
  quote(lmer(log(Reaction) ~ a_rather_long_name_for_days + rating + (a_rather_long_name_for_days | Subject), data = sleep)),
  quote(lmer(huge ~ Days + (Days | Subject), sleep)),
  quote(lmer(huge ~ Days + (1 | Subject), sleep, REML = FALSE)),
  quote(lmer(tiny ~ Days + (Days | Subject), sleep)),
  quote(lmer(tiny ~ poly(Days, 2) + (poly(Days, 2) | Subject), sleep, REML = FALSE)),
  quote(lmer(Reaction ~ `quoted name` + (1 | Subject) + (1 | Days), sleep)),
  quote(lmer(Reaction ~ 0 + rating + (1 | Subject), sleep)),
  quote(lmer(Reaction ~ factor(Days) + (1 | Subject), sleep, REML = FALSE)),
  quote(lmer(Reaction ~ factor(Days) * rating + (1 | Subject), sleep)),
  quote(lmer(Yield ~ 1 + (1 | Batch), lme4::Dyestuff, REML = FALSE)),
  quote(lmer(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2)),
  quote(lmer(strength ~ 1 + (1 | batch / cask), lme4::Pastes)),
  quote(lmer(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin, REML = FALSE)),
  quote(lmer(angle ~ recipe * temperature + (1 | recipe:replicate), lme4::cake)),
  quote(lmer(angle ~ recipe + temp + (1 | recipe:replicate), lme4::cake, REML = FALSE)),
  quote(lmer(yield ~ nitro * Variety + (1 | Block / Variety), nlme::Oats)),
  quote(lmer(distance ~ age * Sex + (age | Subject), nlme::Orthodont)),
  quote(lmer(score ~ Machine + (Machine | Worker), nlme::Machines, REML = FALSE)),
  quote(lmer(score ~ Machine + (1 | Worker / Machine), nlme::Machines)),
  quote(lmer(effort ~ Type + (1 | Subject), nlme::ergoStool)),
  quote(lmer(travel ~ 1 + (1 | Rail), nlme::Rail)),
  quote(lmer(pixel ~ day + I(day^2) + (day | Dog) + (1 | Side:Dog), nlme::Pixel)),
  quote(lmer(weight ~ Time * Diet + (Time | Rat), nlme::BodyWeight, REML = FALSE)),
  quote(lmer(MathAch ~ SES * Sex + Minority + (SES | School), nlme::MathAchieve)),
  quote(lmer(log(conc) ~ Time + (Time | Subject), datasets::Theoph, subset = conc > 0, weights = Wt)),
  quote(lmerTest::lmer(Reaction ~ Days + (Days | Subject), sleep)),
  quote(lmerTest::lmer(yield ~ nitro + Variety + (1 | Block), nlme::Oats, REML = FALSE)),
  quote(lme4::glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), lme4::cbpp, family = binomial)),
  quote(lme4::glmer(TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD), lme4::grouseticks, family = poisson))
)

linear_models <- list(
  quote(lm(dist ~ speed, cars)),
  quote(lm(log(mpg) ~ wt + factor(cyl) * hp + qsec, data = mtcars)),
  quote(lm(breaks ~ wool * tension, warpbreaks)),
  quote(lm(Ozone ~ Solar.R + Wind + Temp, airquality)),
  quote(lm(Reaction ~ rating + Days, sleep, weights = Days + 1)),
  quote(lm(Reaction ~ 1, sleep)),
  quote(lm(Reaction ~ Days + I(2 * Days) + rating, sleep)),
  quote(lm(Reaction ~ 0 + rating, sleep))
)

widths <- c(80, 60, 120, 70, 100)
digit_choices <- c(7, 5, 3, 6, 4)

cases <- list()
for (i in seq_along(mixed_models)) {
  options(width = widths[1 + i %% 5], digits = digit_choices[1 + (i %/% 2) %% 5], lme4.summary.cor.max = 20)
  m <- quiet(eval(mixed_models[[i]]))
  name <- if (inherits(m, "glmerMod")) "glmer" else if (inherits(m, "lmerModLmerTest")) "lmerTest" else "lmer"
  found <- mixed(m, name)
  # print of an lmerTest fit is lme4's.
  cases <- c(cases, found)
}
for (i in seq_along(linear_models)) {
  options(width = widths[1 + i %% 5], digits = digit_choices[1 + i %% 5])
  cases <- c(cases, linear(eval(linear_models[[i]])))
}
for (width in widths) for (digits in c(7, 4)) {
  options(width = width, digits = digits)
  m0 <- lmer(Reaction ~ 1 + (1 | Subject), sleep, REML = FALSE)
  m_days <- lmer(Reaction ~ Days + (1 | Subject), sleep, REML = FALSE)
  m_slopes <- lmer(Reaction ~ Days + rating + (Days | Subject), sleep)
  cases <- c(cases, compared(m0, m_days, m_slopes), compared(m0, m_days))
}
unname(cases)
