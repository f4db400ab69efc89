"""R's formatting of numbers, held to R."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.printing.rformat import Options, format_numbers, formatC, number_text, round_half, signif, zapsmall

if TYPE_CHECKING:
    from collections.abc import Callable

NAN = math.nan

#: Vector, digits, nsmall and what R 4.2.2 prints for format(x, digits = digits, nsmall = nsmall).
FORMATTED: list[tuple[list[float], int, int, list[str]]] = [
    ([1743.6282719599519], 7, 0, ["1743.628"]),
    ([24.33, 75.85], 4, 0, ["24.33", "75.85"]),
    ([0.0002147, 0.0013767, 0.0140766], 4, 0, ["0.0002147", "0.0013767", "0.0140766"]),
    ([9996.0, 1.0], 3, 0, ["9996", "   1"]),
    ([9996.4], 3, 0, ["9996"]),
    ([99999.6], 5, 0, ["1e+05"]),
    ([0.15], 1, 0, ["0.1"]),
    ([0.25, 0.35], 1, 0, ["0.2", "0.3"]),
    ([1e5, 123456], 7, 0, ["100000", "123456"]),
    ([1e5], 7, 0, ["1e+05"]),
    ([1e-5, 1], 7, 0, ["1e-05", "1e+00"]),
    ([1e-300, 1e300], 3, 0, ["1e-300", "1e+300"]),
    ([0.5, NAN], 7, 3, ["0.500", "   NA"]),
    ([math.inf, -math.inf, 1], 7, 0, [" Inf", "-Inf", "   1"]),
    ([NAN], 7, 0, ["NA"]),
    ([-0.0, 1], 7, 2, ["0.00", "1.00"]),
    ([-0.001, 12.0], 2, 0, ["-0.001", "12.000"]),
    ([1 / 3], 16, 0, ["0.3333333333333333"]),
    ([], 7, 0, []),
]

#: R draws vectors of every size and shape and says what its functions make of them.
PROGRAM = """
set.seed(20221110)
draw <- function(n) switch(sample(5L, 1L),
  rnorm(n) * 10^runif(1, -12, 12), rnorm(n) * 10^runif(n, -6, 6),
  round(rnorm(n) * 10^sample(0:5, 1), sample(0:5, 1)),
  sample(c(-1, 1), n, TRUE) * (10^sample(-8:8, n, TRUE) - 10^runif(n, -9, -3)), round(runif(n) * 100) / 8 + 0.5)
one <- function(i) {
  x <- draw(sample(6L, 1L)) + 0
  digits <- sample(c(1:7, 7L, 10L), 1L)
  places <- sample(-2:6, 1L)
  nsmall <- sample(c(0L, 0L, 3L), 1L)
  list(
    x = I(x), digits = digits, places = places, nsmall = nsmall,
    format = I(format(x, digits = digits, nsmall = nsmall)),
    formatC = I(formatC(x, digits = digits)), round = I(round(x, places)), signif = I(signif(x, digits)),
    zapsmall = I(zapsmall(x, digits)), cat = I(vapply(x, function(v) capture.output(cat(v)), ""))
  )
}
lapply(seq_len(1500), one)
"""


@pytest.mark.parametrize(("values", "digits", "nsmall", "texts"), FORMATTED)
def test_format_is_rs(values: list[float], digits: int, nsmall: int, texts: list[str]) -> None:
    """Digits, notation and width are chosen for the vector as a whole, as R chooses them."""
    assert format_numbers(values, digits, nsmall) == texts


@pytest.mark.needs_r
def test_random_numbers_are_rs(run_r: Callable[..., Any]) -> None:
    """On 1,500 drawn vectors, formatting and rounding are R's; only the last bit of a product may differ."""
    for drawn in run_r(PROGRAM):
        values, digits = drawn["x"], drawn["digits"]
        assert format_numbers(values, digits, drawn["nsmall"]) == drawn["format"]
        assert [formatC(value, digits) for value in values] == drawn["formatC"]
        assert [number_text(value) for value in values] == drawn["cat"]
        assert [round_half(value, drawn["places"]) for value in values] == drawn["round"]
        # R scales by 80-bit powers of ten, of which the last bit is lost in a double beyond 10^22.
        assert [signif(value, digits) for value in values] == pytest.approx(drawn["signif"], rel=2**-51)
        assert zapsmall(values, digits) == pytest.approx(drawn["zapsmall"], rel=2**-51)


@pytest.mark.parametrize(("digits", "expected"), [(3, 3), (5, 3), (7, 4), (10, 7)])
def test_summaries_print_three_digits_fewer(digits: int, expected: int) -> None:
    """R's summaries print with max(3, digits - 3) digits."""
    assert Options(digits=digits).summary_digits == expected


@pytest.mark.parametrize("value", [NAN, math.inf, 0.0])
def test_rounding_keeps_what_has_no_digits(value: float) -> None:
    """Missing values, infinities and zero are returned as they are."""
    for rounded in (round_half(value, 2), signif(value, 2)):
        assert rounded == value or math.isnan(value)
