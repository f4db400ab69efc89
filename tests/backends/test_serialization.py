"""R's binary serialization written and read without R, and judged by R."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmebridge.backends._serialization import LARGE, Unreadable, dump, load
from lmebridge.backends._wire import Doubles, Integers, Logicals, Strings
from lmebridge.errors import DataError

#: R's NA_real_ and what is no number, negative zero, infinities, the smallest and the largest: each as its bits.
BITS = [0x7FF00000000007A2, 0x7FF8000000000000, 1 << 63, 0x7FF0000000000000, 0xFFF0000000000000, 1, 0x7FEFFFFFFFFFFFFF]
INT32 = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)

VECTORS = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.lists(st.integers(0, 2**64 - 1) | st.sampled_from(BITS), max_size=12).map(
        lambda bits: Doubles(np.array(bits, dtype=np.uint64).view(np.float64))
    ),
    st.lists(INT32, max_size=12).map(lambda values: Integers(np.array(values, dtype=np.int32))),
    st.lists(st.sampled_from([0, 1, -(2**31)]), max_size=12).map(lambda v: Logicals(np.array(v, dtype=np.int32))),
    st.lists(st.none() | TEXT, max_size=12).map(lambda values: Strings(tuple(values))),
)
VALUES = st.recursive(
    VECTORS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, min_size=1, max_size=4)
)


def written(value: object) -> bytes:
    """The bytes of a value."""
    return b"".join(dump(value))


@given(VALUES)
def test_every_value_comes_back(value):
    """What is written is read again, bit for bit: missing values, their payloads, signs of zero, text in any script."""
    again = load(written(value))
    assert type(again) is type(value)
    assert written(again) == written(value)


@given(VALUES, st.data())
def test_pieces_are_no_value(value, draw):
    """A part of the bytes, or more than all of them, is told from a value."""
    whole = written(value)
    cut = draw.draw(st.integers(0, len(whole) - 1))
    for content in (whole[:cut], whole + b"\0"):
        with pytest.raises(Unreadable):
            load(content)


def test_large_vectors_are_not_copied():
    """A large vector is a piece of its own, the memory that it was."""
    values = np.arange(LARGE, dtype=np.float64)
    pieces = dump({"x": Doubles(values)})
    assert sum(np.shares_memory(values, np.frombuffer(piece, np.uint8)) for piece in pieces if len(piece)) == 1


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (Strings(("a\0b",)), DataError, "null character"),
        (Strings(("\ud800",)), DataError, "not valid Unicode"),
        ({"a": [object()]}, TypeError, "object of type object cannot cross"),
    ],
)
def test_what_cannot_cross_is_refused(value, error, words):
    """What R's vectors cannot hold is refused before anything is sent."""
    with pytest.raises(error, match=words):
        dump(value)


#: What R writes that is no crossing value, or no such file at all.
ODD = [
    (b"", "it ends at byte 0"),
    (b"X\n" + bytes(20), "does not begin as R's binary"),
    (written(None)[:-4] + b"\x04\0\0\0", "object of R's type 4"),
]


@pytest.mark.parametrize(("content", "words"), ODD)
def test_other_bytes_are_refused(content, words):
    """Bytes that are something else are refused with what they are."""
    with pytest.raises(Unreadable, match=words):
        load(content)


@pytest.mark.needs_r
def test_r_reads_and_writes_the_same(tmp_path):
    """R reads the bytes as the values meant, and what R writes of them is read back to the same bits."""
    values = {
        "numbers": Doubles(np.array([1.5, *np.array(BITS, dtype=np.uint64).view(np.float64)])),
        "integers": Integers(np.array([-(2**31), -(2**31) + 1, 0, 2**31 - 1], dtype=np.int32)),
        "truth": Logicals(np.array([0, 1, -(2**31)], dtype=np.int32)),
        "text": Strings(("", "a", None, "NA", "ß被\U0001f600", "a\nb\tc\\\"'")),
        "nothing": None,
        "nested": [[], {"größe": b"\0\xff"}, Strings(())],
    }
    (tmp_path / "values").write_bytes(written(values))
    program = """
    x <- unserialize(readBin("values", "raw", 1e6))
    stopifnot(
      identical(names(x), c("numbers", "integers", "truth", "text", "nothing", "nested")),
      is.na(x$numbers[2]) && !is.nan(x$numbers[2]), is.nan(x$numbers[3]), 1 / x$numbers[4] == -Inf,
      identical(x$numbers[5:6], c(Inf, -Inf)), x$numbers[7] == 2^-1074, x$numbers[8] == .Machine$double.xmax,
      identical(x$integers, c(NA, -.Machine$integer.max, 0L, .Machine$integer.max)),
      identical(x$truth, c(FALSE, TRUE, NA)), is.null(x$nothing), identical(x$nested[[3]], character()),
      identical(is.na(x$text), c(FALSE, FALSE, TRUE, FALSE, FALSE, FALSE)),
      identical(utf8ToInt(x$text[5]), c(223L, 34987L, 128512L)), nchar(x$text[6]) == 8L,
      identical(utf8ToInt(names(x$nested[[2]])), c(103L, 114L, 246L, 223L, 101L))
    )
    writeBin(serialize(x, NULL, xdr = FALSE, version = 2L), "again")
    """
    done = subprocess.run(["Rscript", "--vanilla", "-e", program], cwd=tmp_path, capture_output=True, check=False)
    assert done.stderr.decode() == ""
    assert written(load((tmp_path / "again").read_bytes())) == written(values)
