"""The model frame: its variables in R's order, subset, missing values, unused levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.design.modelframe import as_table, make_frame, without_bars
from lmebridge.errors import DataError
from lmebridge.evaluation.values import levels_of, r_class
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from lmebridge.rsyntax import deparse, parse_expression

DATA = pd.DataFrame(
    {
        "y": [1.0, 2, 3, 4, 5, 6],
        "x": [1.0, np.nan, 3, 4, 5, 6],
        "f": pd.Categorical(["a", "a", "c", "a", "c", "b"], categories=list("abcd")),
        "t": ["u", "v", "u", "v", "u", "w"],
        "g": [1, 1, 2, 2, 3, 3],
        "w": [1.0, 1, 1, 1, 1, np.nan],
    }
)


def frame_of(formula: str, **arguments):
    """The model frame of a formula on the six rows."""
    return make_frame(Model(parse_formula(formula), **arguments), DATA, [])


#: Right-hand side and what lme4's ``subbars`` makes of it.
OPENED = [
    ("x + (1 | g)", "x + (1 + g)"),
    ("(x || g) + z", "(x + g) + z"),
    ("x - 1 + (0 + x | g/h)", "x - 1 + (0 + x + g/h)"),
    ("us(x | g)", "x + g"),
    ("x", "x"),
    ("(x + (1 | g))", "(x + (1 + g))"),
]


@pytest.mark.parametrize(("text", "opened"), OPENED)
def test_bars_become_sums(text, opened):
    """Bars become sums; parentheses do not matter to the terms."""
    found = deparse(without_bars(parse_expression(text)))
    assert found.replace("(", "").replace(")", "") == opened.replace("(", "").replace(")", "")


def test_rows_and_omitted():
    """Rows with a missing value of any variable, or a missing weight, are omitted."""
    frame = frame_of("y ~ x + (1 | g)", weights="w")
    assert frame.rows.tolist() == [0, 2, 3, 4]
    assert frame.omitted.tolist() == [1, 5]
    assert list(frame.values) == ["y", "x", "g", "(weights)"]


def test_unused_levels_are_dropped_after_the_subset():
    """Levels no row has are dropped from factors; a text column has the levels of the rows used."""
    frame = frame_of("y ~ f + t + (1 | g)", subset="y < 6")
    assert levels_of(frame.values["f"]) == ("a", "c")
    assert levels_of(frame.values["t"]) == ("u", "v")
    assert frame.text == {"t"}


def test_transforms_see_all_rows():
    """What is remembered comes from all rows of the data, those left out too, as in R."""
    whole = frame_of("y ~ scale(g) + (1 | t)")
    part = frame_of("y ~ scale(g) + (1 | t)", subset="y > 3")
    assert part.variables["scale(g)"].transform == whole.variables["scale(g)"].transform


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("y > 4", [4, 5]),
        ("x > 2", [2, 3, 4, 5]),
        ("TRUE", [0, 1, 2, 3, 4, 5]),
        ("2:3", [1, 2]),
        ("c(5, 1)", [4, 0]),
        ("-1", [1, 2, 3, 4, 5]),
        ("t == 'u' | g == 3", [0, 2, 4, 5]),
    ],
)
def test_subset(expression, rows):
    """A condition, or row numbers from 1, as ``data[subset, ]`` in R; a missing condition is not met."""
    assert frame_of("y ~ 1 + (1 | g)", subset=expression).rows.tolist() == rows


def test_response_that_is_text_stays_text():
    """Only the right-hand side's text becomes factors."""
    assert r_class(frame_of("t ~ x + (1 | g)").values["t"]) == "character"


@pytest.mark.parametrize(
    ("formula", "arguments", "words"),
    [
        ("y ~ x + (1 | g)", {"subset": "y > 9"}, "0 \\(non-NA\\) cases: `subset` keeps no row"),
        ("y ~ log(x - 9) + (1 | g)", {}, "0 \\(non-NA\\) cases: log\\(x - 9\\) has no value in any row"),
        ("y ~ x + (1 | g)", {"na_action": "na.fail"}, "missing values in object \\(x: 1 rows\\)"),
        ("y ~ x + (1 | g)", {"subset": "c(TRUE, FALSE)"}, "subset has 2 values for 6 rows"),
    ],
)
def test_no_frame(formula, arguments, words):
    """The words of R and lme4, and the reason."""
    with pytest.raises(DataError, match=words):
        frame_of(formula, **arguments)


def test_matrix_variables_have_a_column_each():
    """A matrix variable is printed as R prints it in a data frame; one of one column keeps its name."""
    table = as_table(frame_of("y ~ poly(g, 2) + scale(y) + (1 | g)").values)
    assert list(table) == ["y", "poly(g, 2).1", "poly(g, 2).2", "scale(y)", "g"]
