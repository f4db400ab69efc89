"""R's vectors: coercions between them are R's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.evaluation.values import (
    Matrix,
    as_double,
    as_factor,
    as_logical,
    as_text,
    categorical,
    drop_unused,
    is_missing,
    levels_of,
    locale_would_differ,
    logical,
    number,
    recode,
    spread,
    text,
)

#: Read off R 4.2.2: ``as.character(x)``.
NUMBERS = [
    (0.1 + 0.2, "0.3"), (1 / 3, "0.333333333333333"), (1e5, "1e+05"), (123456.0, "123456"), (1e15, "1e+15"),
    (123456789012345678.0, "123456789012345680"), (0.0001, "1e-04"), (0.00012, "0.00012"), (-2.5, "-2.5"),
    (1e-300, "1e-300"), (np.inf, "Inf"), (-np.inf, "-Inf"), (100000.5, "100000.5"), (3e10, "3e+10"), (0.0, "0"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), NUMBERS)
def test_numbers_are_written_as_r_writes_them(value, expected):
    """15 significant digits, in the shorter of two notations."""
    assert as_text(number(value)).tolist() == [expected]


def test_text_as_numbers():
    """What R reads as a number in a text, read off R: spaces and hexadecimals count, anything else is missing."""
    items = ["1.5", " 2 ", "1e3", "x", "0x1F", "1_000", "Inf", None, "1L", ""]
    expected = [1.5, 2, 1000, np.nan, 31, np.nan, np.inf, np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(as_double(text(items)), expected)


def test_text_as_truth():
    """What R reads as true or false in a text, read off R."""
    found = as_logical(text(["TRUE", "T", "true", "True", "yes", "F", "False", None]))
    assert [None if item is pd.NA else bool(item) for item in found] == [True] * 4 + [None, False, False, None]


#: Value and its levels in R.
FACTORS = [
    (number([2.5, 1e5, 1, np.nan, 1]), ("1", "2.5", "1e+05")),
    (pd.array([3, 100000, None], dtype="Int64"), ("3", "100000")),
    (logical(np.array([True, True])), ("TRUE",)),
    (logical(np.array([True, False])), ("FALSE", "TRUE")),
    (text(["b", "B", None, "a", "é", "Z"]), ("B", "Z", "a", "b", "é")),
    (number([0.1 + 0.2, 0.3]), ("0.3",)),
    (categorical(np.array([1, 1]), ["x", "y"]), ("x", "y")),
]


@pytest.mark.parametrize(("value", "levels"), FACTORS)
def test_levels_of_a_factor(value, levels):
    """Numbers are sorted by size, text by code point, FALSE before TRUE; a factor keeps its levels."""
    found = as_factor(value)
    assert levels_of(found) == levels
    assert as_text(found).tolist() == as_text(value).tolist() or levels == ("0.3",)


def test_unused_levels_are_dropped():
    """Levels without a row go; the order of the others, and missing values, stay."""
    found = drop_unused(categorical(np.array([2, 0, -1]), ["c", "b", "a"], ordered=True))
    assert levels_of(found) == ("c", "a")
    assert found.codes.tolist() == [1, 0, -1]
    assert found.ordered


def test_recoding_among_other_levels():
    """A value's code among other levels; -1 where it is missing or not among them."""
    assert recode(categorical(np.array([0, 1, 2, -1]), ["a", "b", "q"]), ["b", "a"]).tolist() == [1, 0, -1, -1]


def test_a_matrix_row_is_missing_with_any_number():
    """One missing number makes a matrix's row missing, as for R's ``na.omit``."""
    assert is_missing(Matrix(np.array([[1, np.nan], [1, 2]]))).tolist() == [True, False]


def test_recycling_takes_one_or_all():
    """A single value is recycled; any other length is an error in R's words."""
    assert spread(number(2), 3, "x").tolist() == [2, 2, 2]
    with pytest.raises(Exception, match=r"^variable lengths differ \(found for 'x'\): 2 values for 3 rows$"):
        spread(number([1, 2]), 3, "x")


@pytest.mark.parametrize(
    ("levels", "differs"),
    [
        (["a", "b", "c"], False),
        (["B", "a"], True),
        (["London", "North East", "North West", "South East"], False),
        (["low", "High"], False),
        (["a", "A"], True),
        (["A", "a"], True),
    ],
)
def test_order_that_depends_on_the_locale(levels, differs):
    """Capitals before small letters is the order of code points; a dictionary mixes them, small first."""
    assert locale_would_differ(levels) == differs
