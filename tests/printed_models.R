# Models whose printed text the tests rebuild. Each entry is evaluated with lme4, nlme and mlmRev's data at hand.

data(list = c("sleepstudy", "Dyestuff", "Dyestuff2", "Penicillin", "Pastes", "cake", "InstEval", "cbpp"), package = "lme4")
lectures <- subset(InstEval, as.integer(s) <= 300)
ergoStool <- as.data.frame(nlme::ergoStool)
ergoStool$Subject <- factor(as.character(ergoStool$Subject))
Machines <- as.data.frame(nlme::Machines)
Machines$Worker <- factor(as.character(Machines$Worker))
Orthodont <- as.data.frame(nlme::Orthodont)
Orthodont$Subject <- factor(as.character(Orthodont$Subject))
MathAchieve <- as.data.frame(nlme::MathAchieve)
MathAchieve$School <- factor(as.character(MathAchieve$School))
Hsb82 <- mlmRev::Hsb82
Exam <- mlmRev::Exam
sleepstudy <- within(sleepstudy, {
  late <- Days > 5
  phase <- factor(c("early", "middle", "late")[1L + Days %/% 4L], c("early", "middle", "late"), ordered = TRUE)
  exposure <- 1 + as.integer(Subject) %% 3
  a_predictor_with_a_really_rather_long_name <- sin(Days)
  `odd name` <- cos(Days)
  tiny <- Reaction / 1e9
  huge <- Reaction * 1e6
  one <- Days * 2
  big_days <- Days * 1e5
  grösse <- Days^2
  noise <- rep(c(1, -1, 2, -2, 0), length.out = 180)
})
many <- sleepstudy
for (i in 1:21) many[[paste0("x", i)]] <- sin(seq_len(180) * i + i^2)

mixed <- alist(
  lmer(Reaction ~ Days + (Days | Subject), sleepstudy),
  lmer(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE),
  lmer(Reaction ~ Days + (Days || Subject), data = sleepstudy),
  lmer(Reaction ~ 1 + (1 | Subject), sleepstudy),
  lmer(Reaction ~ 0 + (1 | Subject), sleepstudy),
  lmer(Reaction ~ 0 + Days + (1 | Subject), sleepstudy),
  lmer(Reaction ~ phase + late + (1 | Subject), sleepstudy),
  lmer(Reaction ~ Days * late + (1 | Subject), sleepstudy, REML = FALSE),
  lmer(Reaction ~ poly(Days, 3) + (1 | Subject), sleepstudy),
  lmer(Reaction ~ poly(Days, 3) + (poly(Days, 2) | Subject), sleepstudy, control = lmerControl(calc.derivs = FALSE)),
  lmer(Reaction ~ splines::ns(Days, df = 4) + (1 | Subject), sleepstudy, control = lmerControl()),
  lmer(Reaction ~ Days + grösse + (1 | Subject), sleepstudy),
  lmer(Reaction ~ Days + one + (1 | Subject), sleepstudy),
  lmer(Reaction ~ Days + one + I(Days + one) + late + (1 | Subject), sleepstudy, REML = FALSE),
  lmer(Reaction ~ big_days + (1 | Subject), sleepstudy),
  lmer(tiny ~ Days + (Days | Subject), sleepstudy),
  lmer(huge ~ Days + (1 | Subject), sleepstudy, REML = FALSE),
  lmer(huge ~ Days + (Days | Subject), sleepstudy),
  lmer(Reaction / 1000 ~ Days + `odd name` + a_predictor_with_a_really_rather_long_name + (1 | Subject), data = sleepstudy),
  lmer(log(Reaction) ~ Days + a_predictor_with_a_really_rather_long_name + I(Days^2) + as.vector(scale(Days)):late +
    (1 + a_predictor_with_a_really_rather_long_name | Subject), data = sleepstudy),
  lmer(Reaction ~ Days + (1 | Subject), sleepstudy, weights = exposure),
  lmer(Reaction ~ Days + (1 | Subject), sleepstudy, offset = 10 * Days, subset = Days > 1 & exposure < 3),
  lmer(Reaction ~ Days + offset(5 * Days) + (1 | Subject), sleepstudy, weights = exposure / mean(exposure),
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 20000))),
  lmer(noise ~ Days + (Days | Subject), sleepstudy),
  lmer(noise ~ Days + late + (phase | Subject), sleepstudy),
  lmer(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 12))),
  lmer(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmerControl(optCtrl = list(maxeval = 8))),
  lmer(Yield ~ 1 + (1 | Batch), Dyestuff),
  lmer(Yield ~ 1 + (1 | Batch), Dyestuff2),
  lmer(Yield ~ 1 + (1 | Batch), Dyestuff2, REML = FALSE),
  lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin),
  lmer(strength ~ 1 + (1 | batch/cask), Pastes, REML = FALSE),
  lmer(strength ~ 1 + (1 | batch) + (1 | sample), Pastes),
  lmer(angle ~ recipe * temperature + (1 | recipe:replicate), cake),
  lmer(angle ~ recipe + temp + (1 | replicate/recipe), cake, REML = FALSE),
  lmer(angle ~ recipe * temperature + (1 | replicate), cake, contrasts = list(recipe = contr.sum)),
  lmer(y ~ service + lectage + studage + (1 | s) + (1 | d) + (1 | dept), lectures, REML = FALSE),
  lmer(y ~ service * dept + (1 | s) + (1 | d), lectures),
  lmer(incidence / size ~ period + (1 | herd), cbpp, weights = size),
  lmer(effort ~ Type + (1 | Subject), ergoStool),
  lmer(score ~ Machine + (Machine | Worker), Machines),
  lmer(score ~ Machine + (0 + Machine | Worker), Machines, REML = FALSE),
  lmer(score ~ Machine + (1 | Worker) + (1 | Worker:Machine), Machines),
  lmer(distance ~ age * Sex + (age | Subject), Orthodont),
  lmer(MathAch ~ SES + Sex + Minority + MEANSES + (SES | School), MathAchieve),
  lmer(mAch ~ meanses * cses + sector * cses + (cses | school), Hsb82),
  lmer(mAch ~ meanses * cses + sector * cses + (1 | school), Hsb82, REML = FALSE, subset = sector == "Catholic" | meanses < 0.5),
  lmer(normexam ~ standLRT + schgend + type + intake + vr + sex + (standLRT | school), Exam),
  lmer(Reaction ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + (1 | Subject), many),
  lmer(Reaction ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + (1 | Subject), many, REML = FALSE),
  lmer(Reaction ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + x13 + x14 + x15 + x16 + x17 + x18 + x19 + x20 +
    (x1 + x2 || Subject), many)
)

linear <- alist(
  lm(Reaction ~ Days, sleepstudy),
  lm(Reaction ~ Days * Subject, data = sleepstudy, na.action = na.exclude),
  lm(Reaction ~ Days + one, sleepstudy),
  lm(Reaction ~ 1, sleepstudy),
  lm(Reaction ~ 0, sleepstudy),
  lm(Reaction ~ 0 + late + Days, sleepstudy),
  lm(log(Reaction) ~ poly(Days, 3) + a_predictor_with_a_really_rather_long_name + I(sqrt(exposure)) + phase, data = sleepstudy,
    weights = exposure),
  lm(tiny ~ Days + noise, sleepstudy),
  lm(huge ~ Days + noise, sleepstudy, weights = rep(2, 180)),
  lm(dist ~ speed, cars),
  lm(Ozone ~ Wind + Temp + Solar.R, airquality),
  lm(weight ~ height, women[1:6, ]),
  lm(weight ~ height, women[1:2, ]),
  lm(mpg ~ ., mtcars),
  lm(mpg ~ wt + factor(cyl), mtcars, subset = hp > 60),
  lm(Fertility ~ ., swiss),
  lm(noise ~ late, sleepstudy)
)

comparisons <- alist(
  list(lmer(Reaction ~ 1 + (1 | Subject), sleepstudy), lmer(Reaction ~ Days + (1 | Subject), sleepstudy),
       lmer(Reaction ~ Days + (Days | Subject), sleepstudy)),
  list(lmer(noise ~ 1 + (1 | Subject), sleepstudy), lmer(noise ~ late + (1 | Subject), sleepstudy)),
  list(lmer(tiny ~ 1 + (1 | Subject), sleepstudy), lmer(tiny ~ Days + (1 | Subject), sleepstudy)),
  list(lmer(huge ~ late + (1 | Subject), sleepstudy, subset = Days > 0), lmer(huge ~ Days + (1 | Subject), sleepstudy, subset = Days > 0)),
  list(lmer(angle ~ recipe + temp + (1 | replicate), cake), lmer(angle ~ recipe * temperature + (1 | recipe:replicate), cake),
       lmer(angle ~ temp + (1 | recipe:replicate), cake)),
  list(lmer(mAch ~ cses + (1 | school), Hsb82), lmer(mAch ~ meanses * cses + sector * cses + minrty + sx + (1 + cses | school), Hsb82))
)

modes <- alist(
  lmer(Reaction ~ Days + (Days | Subject), sleepstudy), lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin),
  lmer(angle ~ temp + (1 | replicate/recipe), cake)
)

quietly <- function(expression) suppressWarnings(suppressMessages(expression))
fits <- function(models) lapply(models, function(model) quietly(eval(model)))

# As lme4's own function but for the models' names, which it takes from the call.
compared <- function(models) {
  names <- paste0("model_", seq_along(models))
  table <- quietly(do.call(stats::anova, c(unname(models), list(model.names = names))))
  formulas <- vapply(models, function(model) deparse1(model@call$formula), "")
  printed_anova(table, as.list(stats::setNames(formulas, names)[rownames(table)]), settings)
}

settings <- list(
  list(digits = 7, width = 80), list(digits = 5, width = 60), list(digits = 10, width = 100),
  list(digits = 3, width = 120, argument = 7), list(digits = 7, width = 40, argument = 3)
)
