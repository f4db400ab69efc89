"""Columns on their way to R: what crosses as it is, what crosses as codes, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.backends._columns import MANY_STRINGS, Doubles, Integers, Logicals, Strings, encode_column, strings
from lmebridge.errors import DataError

NA = np.iinfo(np.int32).min

#: A column and the vector of R it becomes: its kind and its memory.
NUMBERS = [
    (pd.Series([1.5, 2.0]), Doubles, [1.5, 2.0]),
    (pd.Series([1.5, 2.0], dtype="float32"), Doubles, [1.5, 2.0]),
    (pd.Series([1, 2]), Integers, [1, 2]),
    (pd.Series([1, 2], dtype="int8"), Integers, [1, 2]),
    (pd.Series([1, 2], dtype="uint64"), Integers, [1, 2]),
    (pd.Series([2**31 - 1, -(2**31) + 1]), Integers, [2**31 - 1, -(2**31) + 1]),
    (pd.Series([-(2**31)]), Doubles, [-(2.0**31)]),
    (pd.Series([2**53, -(2**53)]), Doubles, [2.0**53, -(2.0**53)]),
    (pd.Series([2**40, None], dtype="Int64"), Doubles, [2.0**40, np.nan]),
    (pd.Series([1, None], dtype="Int64"), Integers, [1, NA]),
    (pd.Series([1.5, None], dtype="Float64"), Doubles, [1.5, np.nan]),
    (pd.Series([True, False]), Logicals, [1, 0]),
    (pd.Series([True, None], dtype="boolean"), Logicals, [1, NA]),
    (pd.Series([], dtype="float64"), Doubles, []),
    (pd.Series([], dtype="int64"), Integers, []),
    (pd.Series(pd.arrays.SparseArray([0.0, 1.0])), Doubles, [0.0, 1.0]),
]


@pytest.mark.parametrize(("column", "kind", "expected"), NUMBERS)
def test_numbers_cross_as_memory(column, kind, expected):
    """Numbers and truth values become the R vector that holds them exactly."""
    vector = encode_column(column, "x")
    assert type(vector) is kind
    np.testing.assert_array_equal(vector.values, expected)
    assert vector.values.dtype == (np.float64 if kind is Doubles else np.int32)


def test_missing_doubles_are_na_real():
    """NaN in a column of the data means missing, which in R is the NaN whose lower word is 1954."""
    bits = encode_column(pd.Series([1.0, np.nan]), "x").values.view(np.uint64)
    assert bits[1] & 0xFFFFFFFF == 1954


def test_doubles_without_missing_values_share_memory():
    """A float64 column is not copied in Python."""
    column = pd.Series(np.arange(5.0))
    assert np.shares_memory(encode_column(column, "x").values, column.to_numpy())


#: A column of text or categories with its codes, levels and whether it is ordered (None for text).
LABELS = [
    (pd.Series(["b", "a", "b", None]), [1, 2, 1, NA], ("b", "a"), None),
    (pd.Series(["b", "a"], dtype=object), [1, 2], ("b", "a"), None),
    (pd.Series(["", "NA"]), [1, 2], ("", "NA"), None),
    (pd.Series(pd.Categorical(["b", None], categories=["b", "a"])), [1, NA], ("b", "a"), False),
    (pd.Series(pd.Categorical([3, 1], categories=[3, 2, 1], ordered=True)), [1, 3], ("3", "2", "1"), True),
    (pd.Series(pd.Categorical(pd.cut([1, 5], [0, 2, 6]))), [1, 2], ("(0, 2]", "(2, 6]"), True),
]


@pytest.mark.parametrize(("column", "codes", "levels", "ordered"), LABELS)
def test_labels_cross_as_codes_and_levels(column, codes, levels, ordered):
    """Text and categories become codes from 1 with their levels in order."""
    crossing = encode_column(column, "x")
    assert crossing[".kind"].values == (("character",) if ordered is None else ("factor",))
    np.testing.assert_array_equal(crossing["codes"].values, codes)
    assert crossing["levels"].values == levels
    assert ordered is None or crossing["ordered"].values.tolist() == [int(ordered)]


#: A column R cannot hold and what the error says about it.
REFUSED = [
    (pd.Series([2**53 + 1]), r"column 'x' holds 9007199254740993, .* beyond 2\*\*53 .*astype\(str\)"),
    (pd.Series([-(2**53) - 1, 5]), r"holds -9007199254740993"),
    (pd.Series([2**63], dtype="uint64"), r"holds 9223372036854775808"),
    (pd.Series(pd.to_datetime(["2020-01-01"])), r"type datetime64.* Turn dates into numbers"),
    (pd.Series(pd.to_datetime(["2020-01-01"]).tz_localize("UTC")), r"column 'x' has type datetime64.*UTC"),
    (pd.Series(pd.to_timedelta([1], unit="s")), r"type timedelta64.*total_seconds"),
    (pd.Series([1 + 2j]), r"type complex128.*real part"),
    (pd.Series([1.0, 2.0], dtype="longdouble"), r"more precise than R's doubles"),
    (pd.Series(["a", 1], dtype=object), r"type object and holds values of type int, where text"),
    (pd.Series([[1], [2]], dtype=object), r"values of type list"),
    (pd.Series([True, None], dtype=object), r"values of type bool.*boolean"),
    (pd.Series(["a\0b"]), r"null character"),
    (pd.Series(["\ud800"], dtype=object), r"not valid Unicode"),
    (pd.Series(pd.Categorical(["1", 1])), r"several categories written '1'"),
]


@pytest.mark.parametrize(("column", "words"), REFUSED)
def test_lossy_columns_are_refused(column, words):
    """What would be lost is an error that names the column and the remedy."""
    with pytest.raises(DataError, match=words):
        encode_column(column, "x")


def test_many_strings_are_one_buffer():
    """From a certain number on, strings cross as one buffer; with the separator inside, one by one."""
    many = [f"é{i}" for i in range(MANY_STRINGS)]
    assert strings(many)["bytes"].decode().split("\x1f")[:-1] == many
    assert strings([*many, "a\x1fb"]) == Strings((*many, "a\x1fb"))
