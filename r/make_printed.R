# Writes what R prints for a few models, with the numbers the text is made of, to fixtures/printed/<id>.json.
# Run from the project's root: Rscript r/make_printed.R [folder]

models <- alist(
  sleep_slopes = lmer(Reaction ~ Days + (Days | Subject), sleepstudy),
  sleep_double_bar_ml = lmer(Reaction ~ Days + (Days || Subject), sleepstudy, REML = FALSE),
  dyestuff2_singular = lmer(Yield ~ 1 + (1 | Batch), data = Dyestuff2),
  penicillin_crossed = lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin),
  pastes_nested = lmer(strength ~ 1 + (1 | batch/cask), Pastes, REML = FALSE),
  cake_many = lmer(angle ~ recipe * temperature + (1 | recipe:replicate), cake),
  machines_slopes = lmer(score ~ Machine + (0 + Machine | Worker), Machines),
  sleep_rank_deficient = lmer(Reaction ~ Days + I(2 * Days) + (1 | Subject), sleepstudy),
  sleep_not_converged = lmer(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 12))),
  sleep_long_call = lmer(log(Reaction / 1e6) ~ poly(Days, 3, raw = FALSE) + I(sin(Days)) + offset(Days / 1000) +
    ifelse(Days > 5, 1, 0) + (1 + as.vector(scale(Days)) | Subject), data = sleepstudy, weights = Days + 1,
    subset = Days > 0 & Subject != "308"),
  cars_lm = lm(dist ~ speed, cars),
  airquality_lm = lm(log(Ozone) ~ poly(Wind, 2) + Temp + Solar.R + factor(Month), airquality, weights = Day),
  swiss_aliased_lm = lm(Fertility ~ Education + I(2 * Education) + Catholic, data = swiss)
)

comparisons <- alist(
  sleep_anova = list(
    null = lmer(Reaction ~ 1 + (1 | Subject), sleepstudy), line = lmer(Reaction ~ Days + (1 | Subject), sleepstudy),
    lines = lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  )
)

modes <- alist(cake_ranef = lmer(angle ~ temp + (1 | replicate/recipe), cake))

settings <- list(list(digits = 7, width = 80), list(digits = 5, width = 60))

quietly <- function(expression) suppressWarnings(suppressMessages(expression))

# The datasets and fitting functions under the names that a user's call has.
place_of_models <- function() {
  place <- new.env(parent = globalenv())
  datasets <- c("sleepstudy", "Dyestuff2", "Penicillin", "Pastes", "cake")
  utils::data(list = datasets, package = "lme4", envir = place)
  place$Machines <- as.data.frame(nlme::Machines)
  place$Machines$Worker <- factor(as.character(place$Machines$Worker))
  place$lmer <- lme4::lmer
  place$lmerControl <- lme4::lmerControl
  place
}

printed_model <- function(bridge, call, place) {
  model <- quietly(eval(call, place))
  if (inherits(model, "lm")) bridge$printed_linear(model, settings) else bridge$printed_mixed(model, call, settings)
}

printed_comparison <- function(bridge, calls, place) {
  fits <- quietly(eval(calls, place))
  table <- quietly(do.call(stats::anova, c(unname(fits), list(model.names = names(fits)))))
  formulas <- vapply(fits, function(fit) deparse1(fit@call$formula), "")
  bridge$printed_anova(table, as.list(formulas), settings)
}

printed_ranef <- function(bridge, call, place) bridge$printed_modes(quietly(eval(call, place)), settings, TRUE)

# A file: what made it, then what R printed.
write_printed <- function(bridge, id, call, content, folder) {
  heading <- list(
    id = id, call = paste(deparse(call, 500L), collapse = " "), R = as.character(getRversion()),
    lme4 = as.character(utils::packageVersion("lme4")), script = "r/make_printed.R"
  )
  writeLines(bridge$to_json(heading, content), file.path(folder, paste0(id, ".json")), useBytes = TRUE)
}

main <- function(folder) {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1L])
  bridge <- new.env(parent = baseenv())
  for (name in c("wire", "json", "printed")) sys.source(file.path(dirname(script), paste0(name, ".R")), bridge)
  place <- place_of_models()
  dir.create(folder, showWarnings = FALSE, recursive = TRUE)
  write_all <- function(calls, printed) {
    for (id in names(calls)) write_printed(bridge, id, calls[[id]], printed(bridge, calls[[id]], place), folder)
  }
  write_all(models, printed_model)
  write_all(comparisons, printed_comparison)
  write_all(modes, printed_ranef)
}

arguments <- commandArgs(TRUE)
main(if (length(arguments)) arguments[1L] else "fixtures/printed")
