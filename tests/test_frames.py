"""Data at the door: every kind of column becomes R's type, or an error that names it and the remedy."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest

from lmebridge.errors import DataError
from lmebridge.evaluation.values import as_text, r_class
from lmebridge.frames import as_pandas, column, select

MISSING_TEXT = ["a", None, "b"]

#: Column, R's type, R's values as text (None is NA).
COLUMNS = [
    (pd.Series([1, 2, 3]), "integer", ["1", "2", "3"]),
    (pd.Series([1, 2, 3], dtype="uint8"), "integer", ["1", "2", "3"]),
    (pd.Series([1, None, 3], dtype="Int64"), "integer", ["1", None, "3"]),
    (pd.Series([100000, 2, 3]), "integer", ["100000", "2", "3"]),
    (pd.Series([100000.0, 2, 3]), "numeric", ["1e+05", "2", "3"]),
    (pd.Series([2**31, 2, 3]), "numeric", ["2147483648", "2", "3"]),
    (pd.Series([2**53, None, 3], dtype="Int64"), "numeric", ["9007199254740992", None, "3"]),
    (pd.Series([0.5, np.nan, 1e-20]), "numeric", ["0.5", None, "1e-20"]),
    (pd.Series([0.5, None, 2], dtype="Float64"), "numeric", ["0.5", None, "2"]),
    (pd.Series([0.5, 0.25, 2], dtype="float32"), "numeric", ["0.5", "0.25", "2"]),
    (pd.Series([True, False, True]), "logical", ["TRUE", "FALSE", "TRUE"]),
    (pd.Series([True, None, True], dtype="boolean"), "logical", ["TRUE", None, "TRUE"]),
    (pd.Series([True, None, False], dtype=object), "logical", ["TRUE", None, "FALSE"]),
    (pd.Series(MISSING_TEXT), "character", MISSING_TEXT),
    (pd.Series(MISSING_TEXT, dtype=object), "character", MISSING_TEXT),
    (pd.Series(["a", np.nan, "b"], dtype=object), "character", MISSING_TEXT),
    (pd.Series(MISSING_TEXT, dtype="string"), "character", MISSING_TEXT),
    (pd.Series([None, None], dtype=object), "character", [None, None]),
    (pd.Series([1, 2, None], dtype=object), "numeric", ["1", "2", None]),
    (pd.Series([1, 2, 3], dtype=object), "integer", ["1", "2", "3"]),
    (pd.Series([1, 2.5, None], dtype=object), "numeric", ["1", "2.5", None]),
    (pd.Series(MISSING_TEXT, dtype="category"), "factor", MISSING_TEXT),
    (pd.Series([3, 1, None]).astype("category"), "factor", ["3", "1", None]),
    (pd.Series([True, False, None], dtype="category"), "factor", ["TRUE", "FALSE", None]),
    (pd.Series(pd.Categorical(["lo", "hi"], ["lo", "hi"], ordered=True)), "ordered", ["lo", "hi"]),
    (pd.Series(pd.cut([1.0, 5.0], [0, 2, 8])), "ordered", ["(0, 2]", "(2, 8]"]),
    (pd.Series([0.0, 0.0, 1.0], dtype=pd.SparseDtype(float)), "numeric", ["0", "0", "1"]),
]


@pytest.mark.parametrize(("series", "kind", "texts"), COLUMNS)
def test_column_becomes_the_type_of_r(series, kind, texts):
    """Each dtype has its type in R; missing values of every make are NA."""
    found = column(pd.DataFrame({"v": series}), "v")
    assert r_class(found) == kind
    assert as_text(found).tolist() == texts


@pytest.mark.parametrize(("series", "kind", "texts"), COLUMNS)
def test_selected_column_means_the_same(series, kind, texts):
    """What `select` gives is read again as the same R vector."""
    found = column(select(pd.DataFrame({"v": series}), ["v"]), "v")
    assert r_class(found) == kind
    assert as_text(found).tolist() == texts


def test_levels_keep_their_order():
    """A category's order of categories, unused ones too, is the factor's order of levels."""
    series = pd.Series(pd.Categorical(["b", "a"], ["z", "b", "a"]))
    assert list(column(pd.DataFrame({"v": series}), "v").categories) == ["z", "b", "a"]


REFUSED = [
    (pd.Series([1, "a"], dtype=object), "column 'v' is an object column of int and str: make all its values text"),
    (pd.Series([{}, []], dtype=object), "column 'v' is an object column of dict and list"),
    (pd.Series([decimal.Decimal("0.1")] * 2), "column 'v' is an object column of Decimal"),
    (pd.Series([b"a", b"b"], dtype=object), "column 'v' is an object column of bytes"),
    (pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02"])), "column 'v' holds dates or times (datetime64["),
    (pd.Series([dt.date(2024, 1, 1)] * 2), "column 'v' holds dates or times (date)"),
    (pd.to_timedelta(pd.Series(["1 day", "2 days"])), "column 'v' holds dates or times (timedelta64["),
    (pd.Series(pd.period_range("2024-01", periods=2, freq="M")), "column 'v' holds dates or times (period)"),
    (pd.Series([1j, 2j]), "column 'v' holds complex numbers"),
    (pd.Series([2**53 + 1, 1]), "column 'v' has whole numbers beyond 2^53"),
    (pd.Series([2**63, 1], dtype="uint64"), "column 'v' has whole numbers beyond 2^53"),
    (pd.Series([2**53 + 1, 1], dtype="Int64"), "column 'v' has whole numbers beyond 2^53"),
    (pd.Series([2**63, 1], dtype="UInt64"), "column 'v' has whole numbers beyond 2^53"),
    (pd.Series([10**30, 1], dtype=object), "column 'v' has whole numbers beyond 2^53"),
    (pd.Series([-(10**30), None], dtype=object), "column 'v' has whole numbers beyond 2^53"),
    (pd.Series([np.int64(2**53 + 1), None], dtype=object), "column 'v' has whole numbers beyond 2^53"),
]


@pytest.mark.parametrize(("series", "words"), REFUSED)
def test_column_is_refused_with_the_remedy(series, words):
    """Columns that R cannot hold unharmed are refused; the error names the column and what to do."""
    with pytest.raises(DataError) as caught:
        select(pd.DataFrame({"v": series}), ["v"])
    assert str(caught.value).startswith(words)
    assert ":" in str(caught.value)


def test_doubled_column_is_refused():
    """Two columns of one name cannot be told apart."""
    data = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    assert select(data, ["b"]).shape == (1, 1)
    with pytest.raises(DataError, match=r"^the data has 2 columns named 'a': rename or drop all but one of them$"):
        select(data, ["a", "b"])


def test_unknown_column_has_its_neighbours():
    """An unknown column is named with those most like it."""
    with pytest.raises(DataError, match=r"^object 'heigt' not found: .*'height'"):
        select(pd.DataFrame({"height": [1.0], "weight": [2.0]}), ["heigt"])


def test_select_keeps_the_index_and_the_data():
    """The selected columns have the data's index; the data are as before."""
    data = pd.DataFrame({"x": [1, 2], "t": ["a", "b"], "unused": [1j, 2j]}, index=["p", "q"])
    before = data.copy()
    found = select(data, ["t", "x", "t"])
    assert list(found) == ["t", "x"]
    assert found.index.tolist() == ["p", "q"]
    found.loc["p", "x"] = 99
    pd.testing.assert_frame_equal(data, before)


def test_pandas_frame_is_taken_as_it_is():
    """No copy is made of a pandas frame."""
    data = pd.DataFrame({"x": [1]})
    assert as_pandas(data) is data


def test_mapping_is_a_table():
    """A dict of columns is a table."""
    assert as_pandas({"x": [1, 2]})["x"].tolist() == [1, 2]


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_tables_are_taken(library):
    """A polars or pyarrow table becomes a pandas frame with the same values."""
    module = pytest.importorskip(library)
    columns = {"x": [1, 2, None], "t": ["a", None, "b"]}
    table = module.DataFrame(columns) if library == "polars" else module.table(columns)
    found = as_pandas(table)
    assert as_text(column(found, "t")).tolist() == ["a", None, "b"]
    assert as_text(column(found, "x")).tolist()[:2] == ["1", "2"]


NO_TABLES = [
    ([1, 2], "data is of type list, not a table: give a pandas, polars or pyarrow table"),
    (pd.Series([1.0]), "data is of type Series, not a table: give the whole data frame"),
    ("y ~ x + (1 | g)", "data is of type str, not a table, and looks like a formula: the formula comes first"),
    ("data.csv", "data is of type str, not a table: read a file first"),
]


@pytest.mark.parametrize(("given", "words"), NO_TABLES, ids=[words[16:40] for _, words in NO_TABLES])
def test_what_is_no_table_is_refused(given, words):
    """Anything else is refused by its type's name, with what to give."""
    with pytest.raises(DataError) as caught:
        as_pandas(given)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("columns", "words"),
    [([0, 1], "is no text"), (pd.MultiIndex.from_product([["a"], ["0", "1"]]), "several levels")],
    ids=["numbers", "levels"],
)
def test_columns_that_are_not_named_by_text(columns, words):
    """A column whose name is a number, or has levels, is not found; the error says how to name it."""
    with pytest.raises(DataError, match=words):
        select(pd.DataFrame([[1.0, 2.0]], columns=columns), ["0"])
