"""R as the tests call it: what R computes arrives unharmed."""

from __future__ import annotations

import math

import pytest

from tests.judge import RProgramError, r_literal


@pytest.mark.needs_r
def test_every_kind_of_value_comes_back(run_r):
    """A double arrives bit for bit, NA apart from NaN, strings and factors as text, matrices by rows."""
    value = run_r(r"""list(
        third = 1/3, tiny = 4.9e-324, missing = NA_real_, nan = NaN, infinite = c(Inf, -Inf), one = I(1),
        text = "a \"quoted\" caf\u00e9\n", factor = factor(c("b", "a")), flag = c(TRUE, NA), none = NULL,
        matrix = matrix(1:6, 2), array = array(1:8, c(2, 2, 2)), call = quote(y ~ x), nested = list(1, "a")
    )""")
    nan = value.pop("nan")
    assert math.isnan(nan)
    assert value == {
        "third": 1 / 3, "tiny": 5e-324, "missing": None, "infinite": [math.inf, -math.inf],
        "text": 'a "quoted" café\n', "factor": ["b", "a"], "flag": [True, None], "one": [1], "none": None,
        "matrix": [[1, 3, 5], [2, 4, 6]], "array": [[[1, 5], [3, 7]], [[2, 6], [4, 8]]], "call": "y ~ x",
        "nested": [1, "a"],
    }  # fmt: skip


@pytest.mark.needs_r
def test_values_reach_the_program(run_r):
    """Python values arrive in R under their names."""
    assert run_r("list(a, b, rev(d))", a=1.5, b='x "y" \\', d=["p", "q"]) == [1.5, 'x "y" \\', ["q", "p"]]


@pytest.mark.needs_r
def test_error_in_r_fails_the_test(run_r):
    """An error in R is an assertion error with R's words."""
    with pytest.raises(RProgramError, match="not today"):
        run_r('stop("not today")')


@pytest.mark.parametrize(
    ("value", "text"), [(None, "NULL"), (True, "TRUE"), (2, "2"), (0.1, "0.1"), ([1, "a"], 'c(1, "a")')]
)
def test_literal(value, text):
    """Plain values are written as R code."""
    assert r_literal(value) == text
