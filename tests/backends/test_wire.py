"""Crossing values without R: what `decode` makes, and that JSON comes back as memory does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from lmebridge.backends._wire import Doubles, Integers, Logicals, Pairs, Strings, decode, encode, from_json
from lmebridge.errors import DataError

NA = np.iinfo(np.int32).min


def kind(name, **parts):
    """A crossing value of the given kind."""
    return {".kind": Strings((name,)), **parts}


#: A crossing value and the Python value it stands for.
DECODED = [
    (None, None),
    (Doubles.of([1.5]), np.array([1.5])),
    (Integers.of([1, 2]), np.array([1, 2])),
    (Logicals.of([True]), np.array([True])),
    (Strings(("a", None)), ["a", None]),
    ([Strings(("a",)), None], [["a"], None]),
    (kind("pairs", names=Strings(("g", "g")), values=[Doubles.of([1])]), Pairs(["g", "g"], [np.array([1.0])])),
]


@pytest.mark.parametrize(("crossing", "expected"), DECODED)
def test_decode(crossing, expected):
    """Bare vectors become arrays and lists of text."""
    found = decode(crossing)
    assert type(found) is type(expected)
    np.testing.assert_equal(getattr(found, "__dict__", found), getattr(expected, "__dict__", expected))


def test_decode_missing_integers_and_logicals():
    """Missing integers and truth values are pandas' NA, not a number."""
    assert decode(Integers.of([1, NA])).isna().tolist() == [False, True]
    assert decode(Logicals(np.array([1, NA], dtype=np.int32))).isna().tolist() == [False, True]


def test_decode_matrix_with_names():
    """A matrix with column names is a DataFrame, read by columns."""
    names = [None, Strings(("a", "b"))]
    frame = decode(kind("array", values=Doubles.of([1, 2, 3, 4]), dim=Integers.of([2, 2]), dimnames=names))
    assert frame.to_dict("list") == {"a": [1.0, 2.0], "b": [3.0, 4.0]}


def test_frame_with_repeated_names_is_refused():
    """Two columns of one name cannot be told apart in a formula."""
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(DataError, match="several columns named 'x'"):
        encode(frame)


#: JSON text as r/json.R writes it and the value it stands for.
WRITTEN = [
    ("[1.0, null]", np.array([1.0, np.nan])),
    ('[{".number": "-Inf"}, {".number": "NaN"}]', np.array([-np.inf, np.nan])),
    ("[1, 2]", np.array([1, 2])),
    ("[true]", np.array([True])),
    ('["a", null]', ["a", None]),
    ('"text"', "text"),
    ("[]", []),
    ('[["a"], ["b", "c"]]', [["a"], ["b", "c"]]),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_from_json(text, expected):
    """Every vector of a golden has its type back."""
    np.testing.assert_equal(from_json(json.loads(text)), expected)
