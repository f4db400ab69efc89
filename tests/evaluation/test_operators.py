"""R's operators: three-valued logic, recycling, whole numbers that stay whole, factors that have no arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from lmebridge.errors import DataError
from lmebridge.evaluation.operators import OPERATORS, apply, colon, integer
from lmebridge.evaluation.values import Matrix, as_text, categorical, levels_of, logical, number, r_class, text

TRUTH = ("TRUE", "FALSE", None)

#: ``a & b`` and ``a | b`` by R's documentation ?Logic.
AND = {("TRUE", "TRUE"): "TRUE", ("TRUE", None): None, (None, None): None}
OR = {("FALSE", "FALSE"): "FALSE", ("FALSE", None): None, (None, None): None}


def truth(value: str | None):
    """A single truth value."""
    return logical(np.array([value == "TRUE"]), np.array([value is None]))


@pytest.mark.parametrize(("a", "b"), list(itertools.product(TRUTH, TRUTH)))
def test_three_valued_logic(a, b):
    """A missing truth value leaves the result open unless the other side settles it."""
    both = AND.get((a, b), AND.get((b, a), "FALSE"))
    either = OR.get((a, b), OR.get((b, a), "TRUE"))
    assert as_text(apply("&", [truth(a), truth(b)])).tolist() == [both]
    assert as_text(apply("|", [truth(a), truth(b)])).tolist() == [either]


@pytest.mark.parametrize(("a", "negated"), [("TRUE", "FALSE"), ("FALSE", "TRUE"), (None, None)])
def test_not(a, negated):
    """The negation of a missing truth value is missing."""
    assert as_text(apply("!", [truth(a)])).tolist() == [negated]


@pytest.mark.parametrize(
    ("name", "kind"), [("+", "integer"), ("*", "integer"), ("%%", "integer"), ("/", "numeric"), ("^", "numeric")]
)
def test_type_of_the_result(name, kind):
    """Sums, products and remainders of whole numbers are whole numbers; quotients and powers are not."""
    assert r_class(apply(name, [integer([7]), integer([2])])) == kind
    assert r_class(apply(name, [integer([7]), number(2)])) == "numeric"


def test_division_by_zero_is_no_error():
    """As in R: infinite, or no number, and a missing whole number."""
    assert as_text(apply("/", [number([1, 0, -1]), number(0)])).tolist() == ["Inf", None, "-Inf"]
    assert as_text(apply("%/%", [integer([1]), integer([0])])).tolist() == [None]


def test_a_column_times_a_matrix():
    """A matrix keeps its shape and names; a vector goes down its columns."""
    found = apply("*", [number([1, 10]), Matrix(np.array([[1.0, 2], [3, 4]]), ("a", "b"))])
    assert found.columns == ("a", "b")
    assert found.values.tolist() == [[1, 2], [30, 40]]


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (categorical(np.array([0]), ["a"]), number(1), "‘<’ not meaningful for factors"),
        (number([1, 2, 3]), number([1, 2]), "variable lengths differ"),
    ],
)
def test_comparisons_without_meaning(left, right, words):
    """R's words where a comparison has no meaning."""
    with pytest.raises(DataError, match=words):
        apply("<", [left, right])


def test_ordered_factors_compare_by_level():
    """The order of levels counts, not that of their names."""
    sizes = categorical(np.array([0, 1, 2, -1]), ["small", "medium", "large"], ordered=True)
    assert as_text(apply("<", [sizes, text(["large"])])).tolist() == ["TRUE", "TRUE", "FALSE", None]


def test_colon_of_factors_and_numbers():
    """All combinations of levels, the second factor's fastest; or the whole numbers from one to the other."""
    found = colon(categorical(np.array([1, 0]), ["a", "b"]), categorical(np.array([0, -1]), ["x", "y"]))
    assert levels_of(found) == ("a:x", "a:y", "b:x", "b:y")
    assert as_text(found).tolist() == ["b:x", None]
    assert as_text(colon(number(3), number(1))).tolist() == ["3", "2", "1"]
    with pytest.raises(DataError, match="`:` needs two factors or two single numbers"):
        colon(number([1, 2]), number(1))


@pytest.mark.parametrize("name", sorted(OPERATORS - {"(", "!"}))
def test_every_operator_takes_two_sides(name):
    """Each operator gives one value for two whole numbers."""
    assert r_class(apply(name, [integer([1]), integer([1])])) in ("integer", "numeric", "logical")


def test_one_side_is_missing():
    """An operator that needs two sides says so."""
    with pytest.raises(DataError, match="`\\*` needs a value on both sides"):
        apply("*", [number(1)])


def test_whole_numbers_from_numbers():
    """What is not finite is missing."""
    assert as_text(integer([1.0, np.nan, np.inf])).tolist() == ["1", None, None]
    assert isinstance(integer([1]), pd.arrays.IntegerArray)
