"""R's line breaking of expressions, held to R."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.errors import FormulaError
from lmebridge.rsyntax.rdeparse import abbreviated, deparse_lines

if TYPE_CHECKING:
    from collections.abc import Callable

#: Expression and the lines of R 4.2.2's deparse.
BROKEN: list[tuple[str, list[str]]] = [
    ("y~x+( 1|g )", ["y ~ x + (1 | g)"]),
    (
        "ks4stand ~ as.vector(scale(ks2stand)) + (1 + as.vector(scale(ks2stand)) | schoolID)",
        ["ks4stand ~ as.vector(scale(ks2stand)) + (1 + as.vector(scale(ks2stand)) | ", "    schoolID)"],
    ),
    (
        "log(ATT8SCR) ~ log(PTFSM6CLA1A) + log(PERCTOT) + log(PNUMEAL) + PTPRIORLO + ADMPOL_PT",
        ["log(ATT8SCR) ~ log(PTFSM6CLA1A) + log(PERCTOT) + log(PNUMEAL) + ", "    PTPRIORLO + ADMPOL_PT"],
    ),
    ("-x[a %in% c(1, 2), ]", ["-x[a %in% c(1, 2), ]"]),
]

PROGRAM = r"""
set.seed(3)
terms <- c(
  "x", "Days", "log(x)", "teachers_on_leadership_pay_range_percent", "I(x^2)", "poly(age, degree = 3, raw = TRUE)",
  "as.vector(scale(ks2stand))", "a:b", "a * b", "a/b", "`odd name`", "ns(z, df = 4)", "ifelse(x > 3, 1, 0)",
  "cut(x, breaks = c(-Inf, 1, 2, 3, Inf), labels = c('low', 'middle', 'high', 'very high'))", "x %in% c(1, 2)",
  "(a + b)^2", "-x", "!x", "0", "x[y == 1 & z > 2]", "d$x", "a %/% bbbbbb", "stats::poly(x, 2)", "\u00e9cole",
  "x[[1]]", "f(g(h(1, 2), 3), 4)"
)
bars <- c("(1 | g)", "(log(PTFSM6CLA1A) | OFSTEDRATING)", "(1 | gor_name/LANAME)", "(0 + x || g)", "((1 | batch:cask))")
left <- c(
  "y", "log(ATT8SCR)", "cbind(incidence, size - incidence)",
  "a_really_quite_long_response(that_has, arguments, of_length)"
)
formula <- function() {
  sign <- sample(c(" + ", " + ", " * ", " - ", ":"), 1L)
  paste(sample(left, 1L), "~", paste(c(sample(terms, sample(9L, 1L)), sample(bars, sample(0:3, 1L))), collapse = sign))
}
one <- function(i) {
  text <- formula()
  if (i %% 3L == 0L)
    text <- paste0("lm(formula = ", text, ", data = subset(d, condition == 'v' & other > 3), na.action = na.exclude)")
  cutoff <- sample(c(60L, 60L, 40L, 500L), 1L)
  list(text = text, cutoff = cutoff, lines = I(deparse(str2lang(text), cutoff)))
}
lapply(1:1500, one)
"""


@pytest.mark.parametrize(("text", "lines"), BROKEN)
def test_lines_are_broken_as_in_r(text: str, lines: list[str]) -> None:
    """A line ends after the operator or comma that follows its sixtieth byte."""
    assert deparse_lines(text) == lines


def test_first_line_stands_for_a_long_expression() -> None:
    """Where there is one line only, dots stand for the rest."""
    assert abbreviated("d") == "d"
    assert abbreviated(" + ".join(["predictor"] * 9)) == " + ".join(["predictor"] * 6) + " +  ..."


def test_sum_of_a_thousand_terms_is_no_problem() -> None:
    """Long sums are written in a loop, not by recursion."""
    lines = deparse_lines("y ~ " + " + ".join(f"x{i}" for i in range(1000)))
    assert lines[-1].endswith("x999")


def test_bad_expression_is_an_error() -> None:
    """What is no R expression has no lines."""
    with pytest.raises(FormulaError):
        deparse_lines("y ~ (1 |")


@pytest.mark.needs_r
def test_random_expressions_are_rs(run_r: Callable[..., Any]) -> None:
    """On 1,500 drawn formulas and calls the lines are R's."""
    for drawn in run_r(PROGRAM):
        assert deparse_lines(drawn["text"], drawn["cutoff"]) == drawn["lines"]
