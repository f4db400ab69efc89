"""R's tables of coefficients, held to R."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from lmebridge.printing.coefmat import coefficient_lines, format_pvalues, legend_lines, star
from lmebridge.printing.rformat import Options

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["Estimate", "Std. Error", "t value", "Pr(>|t|)"]

PROGRAM = """
set.seed(5)
one <- function(i) {
  options(width = sample(c(40L, 60L, 80L), 1L))
  rows <- sample(6L, 1L)
  digits <- sample(2:8, 1L)
  x <- cbind(rnorm(rows) * 10^runif(rows, -6, 6), 10^runif(rows, -6, 4), rnorm(rows) * 10^runif(1, -3, 3),
    sample(list(runif(rows), 10^-runif(rows, 0, 20), 10^-runif(rows, 0, 4)), 1L)[[1L]])
  if (i %% 5L == 0L) x[1L, 1L] <- 0
  if (i %% 7L == 0L) x[rows, ] <- NA
  dimnames(x) <- list(paste0("term", seq_len(rows)), c("Estimate", "Std. Error", "t value", "Pr(>|t|)"))
  list(digits = digits, width = getOption("width"), x = lapply(1:4, function(j) I(unname(x[, j]))),
    full = I(capture.output(printCoefmat(x, digits = digits))),
    three = I(capture.output(printCoefmat(x[, 1:3, drop = FALSE], digits = digits))))
}
lapply(1:600, one)
"""

P_VALUES = """
set.seed(6)
draw <- function(n) sample(list(runif(n), 10^-runif(n, 0, 20), 10^-runif(n, 0, 5), c(0, runif(n))), 1L)[[1L]]
lapply(1:800, function(i) {
  p <- draw(sample(6L, 1L))
  digits <- sample(7L, 1L)
  list(p = I(p), digits = digits, texts = I(format.pval(p, digits = digits)))
})
"""


def numbers(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


@pytest.mark.needs_r
def test_random_tables_are_rs(run_r: Callable[..., Any]) -> None:
    """On 600 drawn tables, with zeros, missing rows and p-values of every size, every line is R's."""
    for drawn in run_r(PROGRAM):
        columns = dict(zip(NAMES, map(numbers, drawn["x"]), strict=True))
        rows = len(drawn["x"][0])
        table = pd.DataFrame(columns, index=[f"term{i}" for i in range(1, rows + 1)])
        options = Options(width=drawn["width"])
        assert coefficient_lines(table, drawn["digits"], options=options) == drawn["full"]
        assert coefficient_lines(table[NAMES[:3]], drawn["digits"], options=options) == drawn["three"]


@pytest.mark.needs_r
def test_random_p_values_are_rs(run_r: Callable[..., Any]) -> None:
    """On 800 drawn vectors of p-values the texts are R's."""
    for drawn in run_r(P_VALUES):
        assert format_pvalues(drawn["p"], drawn["digits"]) == drawn["texts"]


STARS = [(0.0, "***"), (0.001, "***"), (0.0011, "**"), (0.01, "**"), (0.05, "*"), (0.1, "."), (0.11, " "), (1.0, " ")]


@pytest.mark.parametrize(("p_value", "symbol"), STARS)
def test_stars_include_their_limits(p_value: float, symbol: str) -> None:
    """The upper end of each range belongs to it."""
    assert star(p_value) == symbol


def test_legend_is_broken_on_a_narrow_line() -> None:
    """R 4.2.2 puts the legend below its title where its bytes do not fit beside it."""
    lines = ["---", "Signif. codes:  ", "0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1"]
    assert legend_lines(Options(width=60)) == lines


def test_nan_in_an_estimated_row_is_not_na() -> None:
    """A row that R could not estimate is NA, an estimate without a standard error has NaN beside it (R 4.2.2)."""
    table = pd.DataFrame([[2.0, np.nan, np.nan], [np.nan] * 3], columns=NAMES[:3], index=["a", "b"])
    lines = ["  Estimate Std. Error t value", "a        2        NaN     NaN", "b       NA         NA      NA"]
    assert coefficient_lines(table, 4) == lines
