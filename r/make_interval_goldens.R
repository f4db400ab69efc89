# Writes the ends of profile intervals where lme4's own profile cannot be the judge, to fixtures/goldens/intervals/.
# Run from the project's root: Rscript r/make_interval_goldens.R [--cases FILE] [--data FOLDER] [--out FOLDER] [id ...]
# The deviance is lme4's, evaluated at covariances alone; lme4's profile is not used. One parameter is held at a value,
# the deviance is minimized over all others by R's nlminb from several starts, and uniroot finds where it is the 95 %
# quantile of chi squared above its minimum. The factor of the covariance has the held effects first, so that a
# standard deviation is its first element and a correlation that of its first two rows: every point of the search is a
# covariance. "rise_lower" and "rise_upper" are how far the deviance has risen there; an end without a crossing is the
# parameter's bound. "lme4" has lme4's own ends, each parameter profiled by itself, and the true zeta there. For models
# without prior weights, which lme4's way of holding a fixed effect, used here too, leaves out. Minutes a case.

CASES <- c(
  "sleep_poly_random", "machines_factor", "machines_no_intercept", "several_slopes", "slopes_two_groups", "pixel",
  "sleep_mean_only", "split_plot"
)
RISE <- stats::qchisq(0.95, 1)
STARTS <- 4L # random ones, at the ends found

script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1L])
lines <- parse(file.path(dirname(script), "make_goldens.R"))
for (line in lines[-length(lines)]) eval(line, globalenv())

# --- the deviance of one held parameter -------------------------------------------------------------------------------

# By parameter, in lme4's order: its block and its effects, one for a standard deviation, two for a correlation.
parameters <- function(model) {
  widths <- lengths(model@cnms)
  held <- lapply(seq_along(widths), function(block) {
    places <- which(lower.tri(diag(widths[block]), diag = TRUE), arr.ind = TRUE)
    lapply(seq_len(nrow(places)), function(k) list(block = block, effects = unique(rev(places[k, ]))))
  })
  c(unlist(held, recursive = FALSE), list(list(block = 0L, effects = integer())))
}

# The deviance of theta and sigma by lme4's own PLS step.
evaluator <- function(model) {
  parts <- environment(lme4:::devfun2(model, useSc = TRUE, signames = FALSE))
  function(theta, sigma = NULL) {
    .Call(lme4:::lmer_Deviance, parts$pp$ptr(), parts$resp$ptr(), as.double(theta))
    pwrss <- parts$resp$wrss() + parts$pp$sqrL(1)
    if (is.null(sigma)) sigma <- sqrt(pwrss / parts$n)
    parts$pp$ldL2() - parts$ldW + pwrss / sigma^2 + parts$n * log(2 * pi * sigma^2)
  }
}

# Lower triangles from a vector, one a block.
triangles <- function(values, widths) {
  ends <- cumsum(widths * (widths + 1) / 2)
  lapply(seq_along(widths), function(k) {
    factor <- matrix(0, widths[k], widths[k])
    factor[lower.tri(factor, diag = TRUE)] <- values[seq.int(to = ends[k], length.out = sum(seq_len(widths[k])))]
    factor
  })
}

# The lower triangle of the factor's rows in another order: its QR decomposition, which needs no definite matrix.
reordered <- function(factor, order) {
  upper <- qr.R(qr(t(factor[order, , drop = FALSE]), LAPACK = FALSE, tol = 0))
  signs <- ifelse(diag(upper) < 0, -1, 1)
  t(upper * signs)
}

below <- function(factor) factor[lower.tri(factor, diag = TRUE)]

# A problem of one held parameter: `deviance(free, value)` and `start`, in units of the optimum's relative deviations.
problem_of <- function(model, parameter, theta, sigma) {
  widths <- lengths(model@cnms)
  evaluate <- evaluator(model)
  factors <- triangles(theta, widths)
  block <- parameter$block
  orders <- lapply(seq_along(widths), function(k) {
    if (k == block) c(parameter$effects, setdiff(seq_len(widths[k]), parameter$effects)) else seq_len(widths[k])
  })
  turned <- Map(reordered, factors, orders)
  units <- lapply(turned, function(factor) pmax(sqrt(rowSums(factor^2)), 0.05 * max(sqrt(rowSums(factor^2)), 0.05)))
  start <- unlist(Map(function(factor, unit) below(factor / unit), turned, units))
  kind <- c("sigma", "sd", "cor")[length(parameter$effects) + 1L]
  if (kind == "sd") start <- c(start, 0)
  place <- if (block > 0L) sum(head(widths * (widths + 1) / 2, block - 1L)) + 1L
  if (kind == "cor") start[place + 1L] <- sqrt(start[place + 1L]^2 + start[place + widths[block]]^2)
  skipped <- switch(kind, sigma = integer(), sd = place, cor = place + widths[block])
  deviance <- function(free, value) {
    all <- numeric(length(start))
    all[if (length(skipped)) -skipped else TRUE] <- free
    at <- switch(kind, sigma = value, sd = sigma * exp(all[length(all)]), cor = NULL)
    if (kind == "cor") all[place + c(1L, widths[block])] <- all[place + 1L] * c(value, sqrt(max(1 - value^2, 0)))
    scaled <- Map(`*`, triangles(all, widths), units)
    if (kind == "sd") scaled[[block]][1L, 1L] <- value / at
    back <- Map(function(factor, order) below(reordered(factor, order(order))), scaled, orders)
    evaluate(unlist(back), at)
  }
  lower <- rep(-Inf, length(start)) # signs are free but for two rows that have a given correlation
  if (kind == "cor") lower[place + 0:1] <- 0
  kept <- setdiff(seq_along(start), skipped)
  list(deviance = deviance, start = start[kept], lower = lower[kept])
}

# The same for a fixed effect: the deviance of theta with the effect in the offset.
problem_of_effect <- function(model, which, theta) {
  parts <- environment(lme4:::devfun2(model, useSc = TRUE, signames = FALSE))
  X <- lme4::getME(model, "X")
  pp <- methods::new(class(parts$pp), X = X[, -which, drop = FALSE], Zt = parts$pp$Zt, Lambdat = parts$pp$Lambdat,
                     Lind = parts$pp$Lind, theta = theta, n = nrow(X))
  response <- methods::new(class(parts$resp), y = parts$resp$y)
  offset <- model@resp$offset
  scale <- pmax(abs(theta), 0.1 * max(abs(theta)))
  deviance <- function(free, value) {
    response$setOffset(offset + X[, which] * value)
    .Call(lme4:::lmer_Deviance, pp$ptr(), response$ptr(), as.double(free * scale))
    pwrss <- response$wrss() + pp$sqrL(1)
    pp$ldL2() - parts$ldW + nrow(X) * (1 + log(2 * pi * pwrss / nrow(X)))
  }
  list(deviance = deviance, start = theta / scale, lower = -Inf)
}

# --- minima and crossings ---------------------------------------------------------------------------------------------

# The smallest deviance from several starts, each searched again from where it ended until nothing is left.
smallest <- function(problem, value, starts) {
  found <- lapply(starts, function(start) {
    best <- list(par = start, objective = Inf)
    for (again in 1:20) { # nlminb ends early where its differences are noisy
      end <- stats::nlminb(best$par, problem$deviance, value = value, lower = problem$lower,
                           control = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 1000, eval.max = 5000))
      done <- end$objective > best$objective - 1e-6 # which moves an end by a 10^6th of the interval
      if (end$objective < best$objective) best <- end
      if (done) break
    }
    best
  })
  found[[which.min(vapply(found, `[[`, 0, "objective"))]]
}

scattered <- function(problem) {
  moved <- function(k) problem$start + stats::rnorm(length(problem$start), sd = 0.7)
  lapply(seq_len(STARTS), function(k) ifelse(problem$lower == 0, abs(moved(k)), moved(k)))
}

# Where the deviance first rises by RISE on the way through `path`, which starts at the estimate; else the last value.
# Each search starts where those at the two values before it ended; at the end found, from everywhere.
crossing <- function(problem, path, minimum) {
  ends <- list(problem$start)
  rise <- function(value, starts = ends) {
    best <- smallest(problem, value, starts)
    ends <<- c(list(best$par), utils::head(ends, 1L))
    best$objective - minimum
  }
  before <- 0
  for (k in seq_along(path)[-1L]) {
    here <- rise(path[k])
    if (here > RISE) {
      sides <- data.frame(value = path[k - 1:0], rise = c(before, here) - RISE)
      sides <- sides[order(sides$value), ]
      root <- stats::uniroot(function(value) rise(value) - RISE, sides$value, f.lower = sides$rise[1L],
                             f.upper = sides$rise[2L], tol = 1e-5 * diff(sides$value))
      return(list(end = root$root, rise = rise(root$root, c(ends, list(problem$start), scattered(problem)))))
    }
    before <- here
  }
  list(end = path[length(path)], rise = here)
}

# Values from the estimate to the bound; far out where there is none.
paths <- function(kind, estimate, error) {
  steps <- seq_len(16L) / 16
  switch(kind,
    cor = list(estimate - steps * (1 + estimate), estimate + steps * (1 - estimate)),
    sd = , sigma = list(estimate * (1 - steps), max(estimate, 0.1 * error) * 1.25^seq_len(24L)),
    list(estimate - error * seq_len(10L), estimate + error * seq_len(10L))
  )
}

one_interval <- function(problem, kind, estimate, error, minimum, own) {
  ends <- lapply(paths(kind, estimate, error), function(path) crossing(problem, c(estimate, path), minimum))
  there <- vapply(own, function(value) {
    if (!is.finite(value)) return(NA_real_)
    least <- smallest(problem, value, c(list(problem$start), scattered(problem)))$objective
    sign(value - estimate) * sqrt(max(least - minimum, 0))
  }, 0)
  list(ends = vapply(ends, `[[`, 0, "end"), rises = vapply(ends, `[[`, 0, "rise"), own = own, zeta = there)
}

# --- one golden -------------------------------------------------------------------------------------------------------

# The optimum by maximum likelihood, searched from lme4's own: theta and sigma.
refined_ml <- function(best) {
  theta <- lme4::getME(best, "theta")
  scale <- pmax(abs(theta), 0.1 * max(abs(theta)))
  evaluate <- evaluator(best)
  whole <- list(deviance = function(free, value) evaluate(free * scale), start = theta / scale, lower = -Inf)
  found <- smallest(whole, NULL, c(list(whole$start), scattered(whole)))
  turned <- lapply(triangles(found$par * scale, lengths(best@cnms)), function(factor) {
    reordered(factor, seq_len(nrow(factor)))
  })
  theta <- unlist(lapply(turned, below))
  parts <- environment(lme4:::devfun2(best, useSc = TRUE, signames = FALSE))
  .Call(lme4:::lmer_Deviance, parts$pp$ptr(), parts$resp$ptr(), theta)
  sigma <- sqrt((parts$resp$wrss() + parts$pp$sqrL(1)) / parts$n)
  list(theta = theta, sigma = sigma, minimum = found$objective, beta = parts$pp$beta(1))
}

# lme4's ends of one parameter, profiled by itself: a failure there leaves NaN in all that are profiled after it.
own_ends <- function(model, which, name) {
  found <- tryCatch(quietly(stats::confint(stats::profile(model, which = which, signames = FALSE))),
                    error = function(condition) NULL)
  if (is.null(found)) c(NA_real_, NA_real_) else unname(found[1L, ])
}

intervals <- function(model) {
  set.seed(1)
  best <- lme4::refitML(model)
  optimum <- refined_ml(best)
  theta <- optimum$theta
  minimum <- optimum$minimum
  values <- lme4:::Cv_to_Sv(theta, lengths(best@cnms), s = optimum$sigma)
  held <- parameters(best)
  scales <- lapply(seq_along(held), function(k) {
    kind <- c("sigma", "sd", "cor")[length(held[[k]]$effects) + 1L]
    problem <- problem_of(best, held[[k]], theta, optimum$sigma)
    one_interval(problem, kind, values[k], optimum$sigma, minimum, own_ends(model, k))
  })
  errors <- sqrt(diag(as.matrix(stats::vcov(best))))
  fixed <- lapply(seq_along(errors), function(k) {
    problem <- problem_of_effect(best, k, theta)
    one_interval(problem, "fixed", optimum$beta[k], errors[k], minimum, own_ends(model, k + length(held)))
  })
  found <- c(scales, fixed)
  pick <- function(field, place) vapply(found, function(one) as.double(one[[field]][place]), 0)
  list(
    names = unname(c(lme4:::profnames(best, useSc = TRUE, signames = FALSE), names(lme4::fixef(best)))),
    deviance = minimum, lower = pick("ends", 1L), upper = pick("ends", 2L),
    rise_lower = pick("rises", 1L), rise_upper = pick("rises", 2L),
    lme4 = list(
      lower = pick("own", 1L), upper = pick("own", 2L), zeta_lower = pick("zeta", 1L), zeta_upper = pick("zeta", 2L)
    )
  )
}

write_intervals <- function(bridge, arguments, case) {
  data <- read_data(arguments$data, case$data)
  versions <- bridge$versions()
  heading <- list(
    id = case$id, formula = case$formula, data = case$data,
    data_sha256 = sha256(file.path(arguments$data, paste0(case$data, ".csv"))),
    R = versions$R, lme4 = versions$lme4, date = format(Sys.Date())
  )
  model <- fit_case(bridge, case, data)$model
  result <- bridge$to_json(heading, list(provenance = bridge$provenance(), profile = intervals(model)))
  connection <- file(file.path(arguments$out, paste0(case$id, ".json")), "wb")
  on.exit(close(connection))
  writeLines(result, connection, useBytes = TRUE)
}

run <- function() {
  Sys.setlocale("LC_COLLATE", "C") # as in make_goldens.R
  words <- commandArgs(TRUE)
  arguments <- read_arguments(if ("--out" %in% words) words else c("--out", "fixtures/goldens/intervals", words))
  bridge <- load_bridge(dirname(script))
  cases <- read_text(arguments$cases)
  cases <- cases[cases$id %in% (if (length(arguments$ids)) arguments$ids else CASES), ]
  dir.create(arguments$out, showWarnings = FALSE, recursive = TRUE)
  for (row in seq_len(nrow(cases))) {
    cat(cases$id[row], system.time(write_intervals(bridge, arguments, as.list(cases[row, ])))[["elapsed"]], "\n")
  }
}

run()
