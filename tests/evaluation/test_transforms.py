"""Transforms remember the data they were made on."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from lmebridge.evaluation.evaluator import Scope, call_arguments
from lmebridge.evaluation.transforms import REMEMBERED, make
from lmebridge.evaluation.values import number
from lmebridge.rsyntax import parse_expression

DATA = pd.DataFrame({"x": [1.0, 2, 4, 8], "xm": [1.0, 2, np.nan, 8]})

#: Call and R's columns of it on x = 1, 2, 4, 8, by rows; digits as R printed them.
BASES = [
    (
        "poly(x, 2)",
        [
            [-0.5128776445321725, 0.529627141332376],
            [-0.3263766828841099, -0.105925428266475],
            [0.0466252404120157, -0.767959354931945],
            [0.7926290870042667, 0.344257641866044],
        ],
    ),
    ("poly(x, 2, raw = TRUE)", [[1, 1], [2, 4], [4, 16], [8, 64]]),
    ("scale(x)", [[-0.8883301383959731], [-0.5653009971610737], [0.0807572853087248], [1.3728738502483220]]),
    (
        "scale(x, center = FALSE)",
        [[0.187867287325545], [0.375734574651090], [0.751469149302179], [1.502938298604359]],
    ),
    ("scale(x, scale = FALSE)", [[-2.75], [-1.75], [0.25], [4.25]]),
    ("scale(x, center = 1, scale = 2)", [[0], [0.5], [1.5], [3.5]]),
    ("scale(xm)", [[-0.704360725060499], [-0.440225453162812], [np.nan], [1.144586178223311]]),
]


def made(text: str):
    """The transform of a call on the data, and its value there."""
    arguments = call_arguments(parse_expression(text), Scope(DATA, []))
    return make(arguments), arguments.value("x")


@pytest.mark.parametrize(("text", "expected"), BASES)
def test_basis_is_that_of_r(text, expected):
    """Read off R 4.2.2."""
    transform, x = made(text)
    np.testing.assert_allclose(transform.basis(x).values, expected, atol=5e-15)  # 15 digits printed


@pytest.mark.parametrize(
    "text",
    ["poly(x, 2)", "poly(x, 3)", "scale(x)", "scale(xm)", "ns(x, 2)", "bs(x, df = 4)", "ns(x, knots = c(2, 3))"],
)
def test_rows_are_computed_one_by_one(text):
    """What is remembered makes a row's columns independent of the other rows."""
    transform, x = made(text)
    whole = transform.basis(x).values
    one_by_one = np.vstack([transform.basis(number(item)).values for item in np.asarray(x)])
    np.testing.assert_allclose(one_by_one, whole, rtol=1e-15)  # the same operations on fewer rows


@pytest.mark.parametrize("text", ["poly(x, 2)", "scale(x)", "ns(x, 2)", "bs(x, df = 4)"])
def test_transform_pickles(text):
    """A transform is a plain record: it pickles and compares by value."""
    transform, _ = made(text)
    assert pickle.loads(pickle.dumps(transform)) == transform


@pytest.mark.parametrize("text", ["poly(x, 2)", "ns(x, 2)", "bs(x)"])
def test_missing_values_give_missing_rows(text):
    """A missing value of new data makes its row missing and leaves the others."""
    transform, _ = made(text)
    found = transform.basis(number([1.0, np.nan])).values
    assert np.isnan(found).tolist() == [[False] * found.shape[1], [True] * found.shape[1]]


def test_small_df_is_noted():
    """R's words where `df` leaves no room for knots, and a basis without inner knots."""
    notes: list[str] = []
    transform = make(call_arguments(parse_expression("bs(x, df = 2)"), Scope(DATA, notes)))
    assert notes == ["'df' was too small; have used 3"]
    assert transform.basis(number([1.0])).values.shape == (1, 3)


def test_four_calls_are_remembered():
    """R's `makepredictcall` has methods for these and no others."""
    assert set(REMEMBERED) == {"poly", "scale", "ns", "bs"}
