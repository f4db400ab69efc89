"""R's vectors in Python: which type stands for which, and R's coercions between them.

========== =============================================== =======================
R          Python                                          missing
========== =============================================== =======================
numeric    numpy.ndarray of float64, one axis              NaN
integer    pandas IntegerArray (Int64)                     pandas.NA
logical    pandas BooleanArray                             pandas.NA
character  numpy.ndarray of object                         None
factor     pandas.Categorical with text categories         code -1
matrix     `Matrix`                                        NaN
NULL       None
========== =============================================== =======================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from pandas.arrays import BooleanArray, IntegerArray

from lmebridge.errors import DataError
from lmebridge.rsyntax.literals import format_double

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True, eq=False)
class Matrix:
    """A numeric matrix with R's column names.

    Attributes
    ----------
    values : numpy.ndarray, shape (n, k)
        The numbers, in the variable's units.
    columns : tuple of str or None
        R's ``colnames``, None where R has none.
    """

    values: np.ndarray
    columns: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: np.ndarray) -> Matrix:
        """The rows at `positions`."""
        return Matrix(self.values[positions], self.columns)


Value: TypeAlias = np.ndarray | IntegerArray | BooleanArray | pd.Categorical | Matrix | None


def r_class(value: Value) -> str:
    """R's name of the type: numeric, integer, logical, character, factor, ordered, matrix or NULL."""
    if isinstance(value, pd.Categorical):
        return "ordered" if value.ordered else "factor"
    if isinstance(value, np.ndarray):
        return "numeric" if value.dtype.kind == "f" else "character"
    names = {IntegerArray: "integer", BooleanArray: "logical", Matrix: "matrix", type(None): "NULL"}
    return names[type(value)]


def is_factor_like(value: Value) -> bool:
    """Whether R codes the variable by contrasts: factor, text or logical."""
    return isinstance(value, (pd.Categorical, BooleanArray)) or r_class(value) == "character"


def length(value: Value) -> int:
    """R's ``NROW``."""
    return 0 if value is None else len(value)


def number(values: float | Iterable[float]) -> np.ndarray:
    """R's numeric vector of one or several numbers."""
    return np.atleast_1d(np.asarray(values, dtype=float))


def logical(values: np.ndarray, missing: np.ndarray | None = None) -> BooleanArray:
    """R's logical vector, NA where `missing`."""
    mask = np.zeros(len(values), dtype=bool) if missing is None else missing
    return BooleanArray(np.asarray(values, dtype=bool), mask)


def text(values: Iterable[str | None]) -> np.ndarray:
    """R's character vector; None is NA."""
    items = list(values)
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out


def categorical(codes: np.ndarray, levels: Sequence[str], *, ordered: bool = False) -> pd.Categorical:
    """R's factor from codes (from 0, -1 for NA) and level names."""
    index = pd.Index(list(levels), dtype=object)
    return pd.Categorical.from_codes(codes, categories=index, ordered=ordered)


def levels_of(factor: pd.Categorical) -> tuple[str, ...]:
    """R's ``levels``."""
    return tuple(factor.categories)


def is_missing(value: Value) -> np.ndarray:
    """R's ``is.na``, row by row; a matrix row is missing where any of its numbers is."""
    if value is None:
        return np.zeros(0, dtype=bool)
    if isinstance(value, Matrix):
        return np.asarray(np.isnan(value.values).any(axis=1))
    return np.asarray(pd.isna(value))


def take(value: Value, positions: np.ndarray) -> Value:
    """R's ``x[positions]``, positions from 0."""
    if value is None:
        return None
    return value.take(positions) if not isinstance(value, np.ndarray) else value[positions]


def spread(value: Value, n: int, name: str) -> Value:
    """`value` recycled to `n` elements; only one element or `n` of them are taken."""
    if length(value) == n:
        return value
    if length(value) == 1:
        return take(value, np.zeros(n, dtype=int))
    raise DataError(f"variable lengths differ (found for '{name}'): {length(value)} values for {n} rows")


def as_double(value: Value) -> np.ndarray:
    """R's ``as.numeric`` as a plain vector; a factor gives its codes, from 1."""
    if value is None:
        return np.empty(0)
    if isinstance(value, Matrix):
        return value.values.ravel(order="F")
    if isinstance(value, pd.Categorical):
        return np.where(value.codes < 0, np.nan, value.codes + 1.0)
    if isinstance(value, (IntegerArray, BooleanArray)):
        return np.asarray(value.to_numpy(dtype=float, na_value=np.nan))
    return value if value.dtype.kind == "f" else np.array([_parse_number(item) for item in value], dtype=float)


def _parse_number(item: str | None) -> float:
    """R's number in a text, NaN for what is none."""
    try:
        if item is None or "_" in item:
            return np.nan
        return float.fromhex(item) if "x" in item.lower() else float(item)
    except ValueError:
        return np.nan


def as_numbers(value: Value, what: str) -> np.ndarray:
    """The numbers of a numeric, integer or logical vector; anything else is refused."""
    if r_class(value) in ("factor", "ordered", "character", "NULL"):
        raise DataError(f"non-numeric argument to {what}: it is of R's class {r_class(value)}. Give it numbers.")
    return as_double(value)


def elementwise(function: Callable[[np.ndarray], np.ndarray], value: Value, what: str) -> Value:
    """`function` of every number; a matrix stays one."""
    with np.errstate(all="ignore"):
        if isinstance(value, Matrix):
            return Matrix(function(value.values), value.columns)
        return function(as_numbers(value, what))


def as_logical(value: Value) -> BooleanArray:
    """R's ``as.logical``."""
    if isinstance(value, BooleanArray):
        return value
    if r_class(value) in ("character", "factor", "ordered"):
        items = as_text(value)
        truth = {"TRUE": True, "true": True, "T": True, "True": True}
        falsehood = dict.fromkeys(("FALSE", "false", "F", "False"), False)
        found = [(truth | falsehood).get(item) for item in items]
        return logical(np.array([bool(f) for f in found]), np.array([f is None for f in found], dtype=bool))
    numbers = as_double(value)
    return logical(np.nan_to_num(numbers) != 0, np.isnan(numbers))


def as_text(value: Value) -> np.ndarray:
    """R's ``as.character``.

    Examples
    --------
    >>> as_text(number([1, 2.5, 1e5, 123456, 0.0001])).tolist()
    ['1', '2.5', '1e+05', '123456', '1e-04']
    """
    if isinstance(value, pd.Categorical):
        names = text([*value.categories, None])
        return np.asarray(names[value.codes])
    if isinstance(value, (BooleanArray, IntegerArray)):
        return text(None if item is pd.NA else str(item).upper() for item in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return value
    return text(None if np.isnan(item) else format_double(item) for item in as_double(value))


def as_factor(value: Value) -> pd.Categorical:
    """R's ``as.factor``: levels sorted, numbers by size, text by code point, FALSE before TRUE.

    Examples
    --------
    >>> levels_of(as_factor(number([2.5, 1e5, 1, np.nan])))
    ('1', '2.5', '1e+05')
    """
    if isinstance(value, pd.Categorical):
        return value
    if r_class(value) == "character":
        codes, found = pd.factorize(np.asarray(value, dtype=object))
        return _sorted_factor(codes, [str(level) for level in found])
    missing = is_missing(value)
    numbers = as_double(value)
    unique, inverse = np.unique(numbers[~missing], return_inverse=True)
    labels = _labels(value, unique)
    names = list(dict.fromkeys(labels))  # numbers that differ after the 15th digit are one level
    place = {name: i for i, name in enumerate(names)}
    of_label = np.array([place[label] for label in labels], dtype=int)
    codes = np.full(len(numbers), -1)
    codes[~missing] = of_label[inverse] if len(unique) else inverse
    return categorical(codes, names)


def _labels(value: Value, unique: np.ndarray) -> list[str]:
    """Level names of sorted distinct numbers, in the notation of the value's own type."""
    if isinstance(value, BooleanArray):
        return ["TRUE" if u else "FALSE" for u in unique]
    return [str(int(u)) if isinstance(value, IntegerArray) else format_double(u) for u in unique]


def _sorted_factor(codes: np.ndarray, found: list[str]) -> pd.Categorical:
    """A factor whose levels, now in order of appearance, are put in order of code points."""
    order = sorted(range(len(found)), key=found.__getitem__)
    rank = np.empty(len(found) + 1, dtype=int)
    rank[order] = np.arange(len(found))
    rank[-1] = -1
    return categorical(rank[codes], [found[i] for i in order])


def drop_unused(factor: pd.Categorical) -> pd.Categorical:
    """R's ``f[, drop = TRUE]``: the factor without the levels no row has."""
    present = np.unique(factor.codes[factor.codes >= 0])
    if len(present) == len(factor.categories):
        return factor
    rank = np.full(len(factor.categories) + 1, -1)
    rank[present] = np.arange(len(present))
    return categorical(rank[factor.codes], list(factor.categories[present]), ordered=bool(factor.ordered))


def recode(factor: pd.Categorical, levels: Sequence[str]) -> np.ndarray:
    """Codes of the factor's values among other `levels`; -1 for a missing value or one that is not there."""
    position = {level: i for i, level in enumerate(levels)}
    found = np.array([position.get(level, -1) for level in factor.categories] + [-1], dtype=int)
    return np.asarray(found[factor.codes])


def locale_would_differ(levels: Sequence[str]) -> bool:
    """Whether a dictionary's order of these texts, which R uses in most locales, is likely another one.

    Examples
    --------
    >>> locale_would_differ(["Zoe", "adam"]), locale_would_differ(["Adam", "Zoe"])
    (True, False)
    """

    def dictionary(item: str) -> Any:
        return ("".join(c for c in item.casefold() if c.isalnum()), item.swapcase())

    return sorted(levels) != sorted(levels, key=dictionary)
