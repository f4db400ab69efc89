# What R prints for a model, with the numbers that the text is made of: the judge of the printing without R.

# `settings`: a list of lists with `digits` and `width` (R's options) and, perhaps, `argument` (print's digits).
# `written`: the call as the user wrote it, in which `||` has not been written out yet.
printed_mixed <- function(model, written, settings) {
  list(
    kind = "lmer",
    fit = c(
      list(written = paste(deparse(written[[2L]], 500L), collapse = " ")),
      printed_call(model@call, lme4::isREML(model)), printed_fit(model), printed_optimum(model)
    ),
    printed = lapply(settings, function(setting) print_mixed(model, setting))
  )
}

printed_call <- function(call, REML) {
  part <- function(name) if (is.null(call[[name]])) NULL else paste(deparse(call[[name]], 500L), collapse = " ")
  list(
    formula = part("formula"), data = part("data"), weights = part("weights"), offset = part("offset"),
    subset = part("subset"), control = part("control"), REML = REML
  )
}

printed_fit <- function(model) {
  covariance <- as.matrix(stats::vcov(model))
  devcomp <- lme4::getME(model, "devcomp")$cmp
  list(
    names = names(lme4::fixef(model)), estimate = unname(lme4::fixef(model)),
    std_error = unname(sqrt(diag(covariance))), covariance = unname(as.vector(covariance)),
    variance = as.list(as.data.frame(lme4::VarCorr(model))), theta = unname(lme4::getME(model, "theta")),
    sigma = stats::sigma(model), criterion = devcomp[[if (lme4::isREML(model)) "REML" else "dev"]],
    n_obs = stats::nobs(model), groups = names(lme4::ngrps(model)), n_groups = unname(lme4::ngrps(model)),
    dropped = as.character(names(attr(lme4::getME(model, "X"), "col.dropped"))),
    quantiles = stats::quantile(stats::residuals(model, "pearson", scaled = TRUE), names = FALSE, na.rm = TRUE)
  )
}

printed_optimum <- function(model) {
  info <- model@optinfo
  list(
    optimizer = as.character(info$optimizer), code = as.integer(info$conv$opt), status = as.character(info$message),
    lme4_messages = as.character(unlist(info$conv$lme4$messages)), optimizer_warnings = as.character(unlist(info$warnings)),
    column_warnings = as.character(unlist(attributes(lme4::getME(model, "X"))[c("msgRankdrop", "msgScaleX")]))
  )
}

print_mixed <- function(model, setting) {
  under(setting, {
    x <- summary(model)
    c(setting, list(
      summary = printed_lines(print(x, digits = print_digits(setting, 3L))),
      with_correlation = printed_lines(
        print(summary(model, correlation = TRUE), digits = print_digits(setting, 3L), correlation = TRUE)
      ),
      print = printed_lines(print(model, digits = print_digits(setting, 3L))),
      varcorr = printed_lines(print(lme4::VarCorr(model), digits = print_digits(setting, 2L)))
    ))
  })
}

print_digits <- function(setting, fewer) {
  if (is.null(setting$argument)) max(3L, setting$digits - fewer) else setting$argument
}

printed_linear <- function(model, settings) {
  summary <- summary(model)
  table <- matrix(NA, length(stats::coef(model)), 4L, dimnames = list(names(stats::coef(model)), NULL))
  table[!summary$aliased, ] <- summary$coefficients
  list(
    kind = "lm",
    fit = list(
      call = paste(deparse(model$call, 500L), collapse = " "), names = as.character(rownames(table)),
      table = as.list(as.data.frame(unname(table))), residuals = unname(summary$residuals),
      rows = names(summary$residuals), sigma = summary$sigma, df_residual = summary$df[2L],
      r_squared = summary$r.squared, adj_r_squared = summary$adj.r.squared, f_statistic = unname(summary$fstatistic),
      p_value = if (is.null(summary$fstatistic)) NULL else stats::pf(
        summary$fstatistic[[1L]], summary$fstatistic[[2L]], summary$fstatistic[[3L]], lower.tail = FALSE
      ),
      n_omitted = length(summary$na.action), weighted = !is.null(summary$weights) && diff(range(summary$weights)) != 0
    ),
    printed = lapply(settings, function(setting) under(setting, c(setting, list(
      summary = printed_lines(print(summary, digits = print_digits(setting, 3L))),
      print = printed_lines(print(model, digits = print_digits(setting, 3L)))
    ))))
  )
}

printed_anova <- function(table, formulas, settings) {
  list(
    kind = "anova",
    fit = list(table = as.list(as.data.frame(table)), models = rownames(table), columns = colnames(table),
               heading = attr(table, "heading"), formulas = formulas),
    printed = lapply(settings, function(setting) under(setting, c(setting, list(
      anova = printed_lines(print(table, digits = print_digits(setting, 2L)))
    ))))
  )
}

printed_modes <- function(model, settings, variances) {
  modes <- lme4::ranef(model, condVar = variances)
  list(
    kind = "ranef",
    fit = list(groups = names(modes), conditional = variances, modes = lapply(modes, function(table) {
      list(levels = rownames(table), columns = colnames(table), values = as.list(unname(as.data.frame(table))))
    })),
    printed = lapply(settings, function(setting) under(setting, c(setting, list(ranef = printed_lines(print(modes))))))
  )
}

under <- function(setting, expression) {
  before <- options(digits = setting$digits, width = setting$width)
  on.exit(options(before))
  force(expression)
}

# What an expression prints, messages among it where a console would show them.
printed_lines <- function(expression) {
  utils::capture.output(withCallingHandlers(expression, message = function(condition) {
    cat(conditionMessage(condition))
    invokeRestart("muffleMessage")
  }))
}
