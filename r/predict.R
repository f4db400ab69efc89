# Predictions, one a row, of a generalized model on the scale of the link; NA where a predictor is missing.

# `re_form` is NULL for all random effects, else the text of a one-sided formula, "~0" for none.
predict_lmer <- function(model, newdata, re_form, allow_new_levels) {
  if (!is.null(re_form)) re_form <- formula_in(re_form, environment(stats::formula(model)))
  if (is.null(newdata)) return(predict_used_rows(unpadded(model), re_form))
  known <- has_fixed_factors(model, newdata)
  result <- rep(NA_real_, nrow(newdata))
  if (any(known)) result[known] <- stats::predict(
    model, newdata = newdata[known, , drop = FALSE], re.form = re_form, allow.new.levels = allow_new_levels,
    na.action = stats::na.pass
  )
  result
}

# Rows where no factor of the fixed part is missing. lme4 1.1-31 takes NA, and any new level, for one more column of X
# and stops over its shape; here the one gives NA and the other stops in the words of R's own model.frame.
has_fixed_factors <- function(model, newdata) {
  variables <- all.vars(stats::delete.response(stats::terms(model, fixed.only = TRUE)))
  columns <- newdata[intersect(variables, names(newdata))]
  columns <- columns[vapply(columns, function(column) is.factor(column) || is.character(column), NA)]
  for (name in names(columns)) refuse_new_levels(name, columns[[name]], stats::model.frame(model)[[name]])
  if (length(columns)) stats::complete.cases(columns) else rep(TRUE, nrow(newdata))
}

refuse_new_levels <- function(name, column, fitted) {
  new <- setdiff(unique(as.character(column)), c(as.character(fitted), NA))
  if (is.null(fitted) || !length(new)) return()
  stop("factor ", name, " has new level", if (length(new) > 1L) "s", " ", paste(new, collapse = ", "), call. = FALSE)
}

# lme4 takes the random part of some of the effects from the data as given, including rows it dropped: the rows used are
# handed over instead. The fixed part keeps the offset, which lme4 knows only for the model's own rows.
predict_used_rows <- function(model, re_form) {
  if (is.null(re_form)) return(unname(stats::predict(model)))
  fixed <- unname(stats::predict(model, re.form = NA))
  if (!length(lme4::findbars(re_form))) return(fixed)
  used <- get("data", environment(stats::formula(model)))[extract_sample(model)$rows, , drop = FALSE]
  fixed + unname(stats::predict(model, newdata = used, re.form = re_form, random.only = TRUE))
}
