"""Columns of data on their way to R: buffers where memory is alike, codes and levels for text; nothing lost unsaid."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from lmebridge.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: R's NA_integer_ and NA, an int32.
NA_INTEGER = np.iinfo(np.int32).min
#: R's NA_real_: the NaN whose lower word is 1954 (R source, src/main/arithmetic.c).
NA_REAL_BITS = np.uint64(0x7FF00000000007A2)
#: Doubles hold every integer up to here.
LARGEST_INTEGER = 2**53
#: Ends each string of a buffer of many; ASCII's unit separator, which text does not contain.
SEPARATOR = "\x1f"
#: From this many on, strings cross as one buffer; below, one by one is faster.
MANY_STRINGS = 64


@dataclass(frozen=True, eq=False)
class Doubles:
    """An R double vector: float64, missing values as NA_real_."""

    values: np.ndarray

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Vector of the given numbers."""
        return cls(np.ascontiguousarray(values, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Integers:
    """An R integer vector: int32, missing values as the smallest int32."""

    values: np.ndarray

    @classmethod
    def of(cls, values: Iterable[int]) -> Self:
        """Vector of the given integers, each within int32."""
        return cls(np.ascontiguousarray(values, dtype=np.int32))


@dataclass(frozen=True, eq=False)
class Logicals:
    """An R logical vector: int32 holding 0, 1 and, for NA, the smallest int32."""

    values: np.ndarray

    @classmethod
    def of(cls, values: Iterable[bool]) -> Self:
        """Vector of the given truth values."""
        return cls(np.ascontiguousarray(values, dtype=np.int32))


@dataclass(frozen=True)
class Strings:
    """An R character vector; None is NA."""

    values: tuple[str | None, ...]


def encode_column(column: pd.Series, name: str) -> Any:
    """Crossing value of one column.

    Parameters
    ----------
    column : pandas.Series, shape (n,)
        Numbers, truth values, text or categories.
    name : str
        What errors call it.

    Returns
    -------
    Doubles, Integers, Logicals or dict
        Numbers and truth values as buffers; text and categories as codes and levels.

    Raises
    ------
    DataError
        If the column's type has no equivalent in R, or values would change on the way.
    """
    plain = _plain_storage(column)
    if isinstance(plain.dtype, pd.CategoricalDtype):
        return _factor(plain, name)
    encoder = BY_KIND.get(getattr(plain.dtype, "kind", "O"))
    if encoder is None:
        raise _no_equivalent(name, plain.dtype)
    return encoder(plain, name)


def _plain_storage(column: pd.Series) -> pd.Series:
    return pd.Series(np.asarray(column)) if isinstance(column.dtype, pd.SparseDtype) else column


def _no_equivalent(name: str, dtype: Any) -> DataError:
    kind = getattr(dtype, "kind", "O")
    remedy = {
        "M": "Turn dates into numbers, such as days since the first, or into text.",
        "m": "Turn durations into numbers, such as column.dt.total_seconds().",
        "c": "Take the real part, the modulus or whatever is meant.",
    }.get(kind, "Turn it into numbers, text or categories.")
    return DataError(f"column '{name}' has type {dtype}, which no model can use. {remedy}")


def _split(column: pd.Series, dtype: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Values and, where some are missing, which."""
    if not pd.api.types.is_extension_array_dtype(column.dtype):
        return column.to_numpy(dtype=dtype), None
    missing = column.isna().to_numpy()
    values = column.to_numpy(dtype=dtype, na_value=0) if missing.any() else column.to_numpy(dtype=dtype)
    return values, missing if missing.any() else None


def _double(column: pd.Series, name: str) -> Doubles:
    if getattr(column.dtype, "itemsize", 8) > np.dtype(np.float64).itemsize:
        raise DataError(f"column '{name}' has type {column.dtype}, more precise than R's doubles. Use float64.")
    values, missing = _split(column, np.float64)
    return with_missing(values, np.isnan(values) if missing is None else missing | np.isnan(values))


def with_missing(values: np.ndarray, missing: np.ndarray | None) -> Doubles:
    """Doubles of `values`, NA_real_ where `missing`; a float64 array without missing values is not copied."""
    values = np.ascontiguousarray(values, dtype=np.float64)
    if missing is None or not missing.any():
        return Doubles(values)
    bits = values.view(np.uint64).copy()
    bits[missing] = NA_REAL_BITS
    return Doubles(bits.view(np.float64))


def _integer(column: pd.Series, name: str) -> Integers | Doubles:
    dtype = np.uint64 if column.dtype.kind == "u" else np.int64
    values, missing = _split(column, dtype)
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if low > NA_INTEGER and high <= np.iinfo(np.int32).max:
        codes = values.astype(np.int32)
        return Integers(codes if missing is None else np.where(missing, np.int32(NA_INTEGER), codes))
    if max(-low, high) > LARGEST_INTEGER:
        raise _too_large(name, low if -low > high else high)
    return with_missing(values.astype(np.float64), missing)


def _too_large(name: str, value: int) -> DataError:
    return DataError(
        f"column '{name}' holds {value}, and R has no integer beyond 2**53 ({LARGEST_INTEGER}). "
        f"If it is an identifier, turn it into text: data['{name}'].astype(str)."
    )


def _logical(column: pd.Series, name: str) -> Logicals:  # noqa: ARG001 - one signature for every encoder
    values, missing = _split(column, bool)
    codes = values.astype(np.int32)
    return Logicals(codes if missing is None else np.where(missing, np.int32(NA_INTEGER), codes))


def _text(column: pd.Series, name: str) -> dict[str, Any]:
    try:
        codes, levels = pd.factorize(column)
    except TypeError:  # a list or a dict has no hash
        raise _mixed(name, column.dropna().iloc[:1].tolist()) from None
    odd = [level for level in levels if not isinstance(level, str)]
    if odd:
        raise _mixed(name, odd)
    return {
        ".kind": Strings(("character",)),
        "codes": one_based(codes),
        "levels": strings([str(level) for level in levels], name),
    }


def _mixed(name: str, odd: Sequence[Any]) -> DataError:
    kinds = ", ".join(sorted({type(value).__name__ for value in odd}))
    return DataError(
        f"column '{name}' has type object and holds values of type {kinds}, where text was expected. "
        f"Turn it into numbers (pandas.to_numeric), truth values (.astype('boolean')) or text (.astype(str))."
    )


def one_based(codes: np.ndarray) -> Integers:
    """R's codes, from 1 and NA, of pandas' codes, from 0 and -1."""
    return Integers(np.where(codes < 0, NA_INTEGER, codes.astype(np.int64) + 1).astype(np.int32))


def _factor(column: pd.Series, name: str) -> dict[str, Any]:
    return {
        ".kind": Strings(("factor",)),
        "codes": one_based(column.cat.codes.to_numpy()),
        "levels": _levels(column.cat.categories, name),
        "ordered": Logicals.of([bool(column.cat.ordered)]),
    }


def _levels(categories: pd.Index, name: str) -> Any:
    """Levels as text; R itself writes those that are numbers with a point (its 1e+05 is not Python's)."""
    kind = categories.dtype.kind
    labels = [f"{category:.15g}" if kind == "f" else str(category) for category in categories]
    repeated = [label for label, count in Counter(labels).items() if count > 1]
    if repeated:
        raise DataError(f"column '{name}' has several categories written {repeated[0]!r}. Rename one of them.")
    if kind == "f":
        return Doubles.of(categories.to_numpy(dtype=np.float64))
    return Logicals.of(categories.to_numpy(dtype=bool)) if kind == "b" else strings(labels, name)


def strings(values: Sequence[str], name: str = "value") -> Any:
    """Crossing value of many or few strings, none of them missing.

    Raises
    ------
    DataError
        If a string holds a null character or half a surrogate pair, which R's strings cannot.
    """
    joined = SEPARATOR.join(values)
    if "\0" in joined:
        raise DataError(f"column '{name}' holds text with a null character, which R's text cannot hold. Remove it.")
    try:
        buffer = (joined + SEPARATOR).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"column '{name}' holds text that is not valid Unicode: {error.reason}.") from None
    if len(values) < MANY_STRINGS or joined.count(SEPARATOR) != len(values) - 1:
        return Strings(tuple(values))
    return {".kind": Strings(("strings",)), "bytes": buffer, "separator": Strings((SEPARATOR,))}


#: By numpy's kind of the column's type, how it is encoded.
BY_KIND: dict[str, Callable[[pd.Series, str], Any]] = {
    "f": _double,
    "i": _integer,
    "u": _integer,
    "b": _logical,
    "O": _text,
    "U": _text,
    "T": _text,
}
