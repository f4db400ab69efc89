# What lme4 and lattice draw, read from the trellis objects that their plot functions return.

panels_of <- function(picture) {
  panels <- setNames(picture$panel.args, if (length(picture$condlevels)) picture$condlevels[[1L]])
  lapply(panels, function(panel) {
    y <- panel$y
    se <- picture$panel.args.common$se
    list(
      x = I(as.numeric(panel$x)), y = I(as.numeric(y)), levels = I(if (is.factor(y)) levels(y) else character(0)),
      se = I(if (is.null(se)) numeric(0) else se[panel$subscripts])
    )
  })
}

pictures_of <- function(model) {
  effects <- lme4::ranef(model, condVar = TRUE)
  residuals <- residuals(model, type = "pearson", scaled = TRUE)
  quantiles <- stats::qqnorm(residuals, plot.it = FALSE)
  list(
    plot = panels_of(plot(model))[[1L]],
    dotplot = lapply(lattice::dotplot(effects), panels_of),
    qqmath_ranef = lapply(lattice::qqmath(effects), panels_of),
    qqmath_without = lapply(lme4::ranef(model, condVar = FALSE), function(table) {
      lapply(table, function(values) list(x = I(sort(stats::qqnorm(values, plot.it = FALSE)$x)), y = I(sort(values))))
    }),
    qqmath = list(x = I(sort(quantiles$x)), y = I(unname(sort(quantiles$y)))),
    line = qq_line(residuals)
  )
}

# Intercept and slope of the line that panel.qqmathline draws.
qq_line <- function(values) {
  y <- stats::quantile(values, c(0.25, 0.75), names = FALSE)
  x <- stats::qnorm(c(0.25, 0.75))
  slope <- diff(y) / diff(x)
  c(y[1L] - slope * x[1L], slope)
}

profile_of <- function(model, which) profile(model, which = which, signames = FALSE)

zetas_of <- function(profile, ...) panels_of(lattice::xyplot(profile, ...))

boxes_of <- function(values, groups) {
  lapply(split(values, groups), function(own) {
    found <- grDevices::boxplot.stats(own)
    list(stats = found$stats, out = I(sort(unname(found$out))))
  })
}

density_of <- function(values) {
  found <- stats::density(values)
  exact <- vapply(found$x, function(at) mean(stats::dnorm(at, values, found$bw)), 0)
  list(x = found$x, y = found$y, exact = exact, bw = found$bw)
}

histogram_of <- function(values) {
  picture <- lattice::histogram(~values)
  breaks <- picture$panel.args.common$breaks
  list(breaks = breaks, percent = 100 * graphics::hist(values, breaks = breaks, plot = FALSE)$counts / length(values))
}
