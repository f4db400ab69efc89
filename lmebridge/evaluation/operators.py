"""R's operators on R's vectors: arithmetic, comparison, logic, membership."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.arrays import BooleanArray, IntegerArray

from lmebridge.errors import DataError
from lmebridge.evaluation.values import (
    Matrix,
    Value,
    as_double,
    as_logical,
    as_text,
    categorical,
    elementwise,
    is_missing,
    length,
    levels_of,
    logical,
    number,
    r_class,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ARITHMETIC: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "**": np.power,
    "%%": np.mod,
    "%/%": np.floor_divide,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: Arithmetic that leaves whole numbers whole.
STAYS_INTEGER = ("+", "-", "*", "%%", "%/%")
OPERATORS = frozenset([*ARITHMETIC, *COMPARISONS, "!", "&", "|", "&&", "||", "%in%", ":", "("])


def apply(name: str, operands: Sequence[Value]) -> Value:
    """The value of an operator, unary or binary; unknown names are the caller's fault."""
    if name == "(":
        return operands[0]
    if len(operands) == 1:
        return unary(name, operands[0])
    left, right = operands
    if name in ARITHMETIC:
        return arithmetic(name, left, right)
    if name in COMPARISONS:
        return compare(name, left, right)
    return _logic_and_sets(name, left, right)


def _logic_and_sets(name: str, left: Value, right: Value) -> Value:
    """Three-valued logic, membership and sequences."""
    if name == ":":
        return colon(left, right)
    if name == "%in%":
        return logical(np.isin(_keys(left), _keys(right)))
    first, second = (as_logical(side) for side in _recycled(as_logical(left), as_logical(right), name))
    if name.startswith("&"):
        return first & second
    return ~(~first & ~second)


def _keys(value: Value) -> np.ndarray:
    """What ``%in%`` compares: text, missing values too."""
    return np.array(["\0NA" if key is None else key for key in as_text(value)], dtype=object).astype(str)


def integer(values: Iterable[float]) -> IntegerArray:
    """R's integer vector, NA where a value is not finite."""
    numbers = np.asarray(list(values), dtype=float)
    missing = ~np.isfinite(numbers)
    return IntegerArray(np.where(missing, 0, numbers).astype("int64"), missing)


def unary(name: str, value: Value) -> Value:
    """``-x``, ``+x`` and ``!x``."""
    if name == "!":
        return ~as_logical(value)
    if name not in "+-":
        raise DataError(f"`{name}` needs a value on both sides")
    if isinstance(value, IntegerArray):
        return integer(-as_double(value)) if name == "-" else value
    _refuse_factor(name, value)
    return elementwise(np.negative if name == "-" else np.positive, value, "unary operator")


def arithmetic(name: str, left: Value, right: Value) -> Value:
    """R's arithmetic with recycling; whole numbers stay whole where R leaves them so."""
    for value in (left, right):
        _refuse_factor(name, value)
    if isinstance(left, Matrix) or isinstance(right, Matrix):
        return _matrix_arithmetic(name, left, right)
    first, second = _recycled(left, right, name)
    with np.errstate(all="ignore"):
        found = ARITHMETIC[name](as_double(first), as_double(second))
    whole = all(isinstance(value, (IntegerArray, BooleanArray)) for value in (left, right))
    return integer(found) if whole and name in STAYS_INTEGER else found


def _matrix_arithmetic(name: str, left: Value, right: Value) -> Matrix:
    """Arithmetic of a matrix with a matrix, a column or a number; the column names stay."""
    columns = left.columns if isinstance(left, Matrix) else right.columns if isinstance(right, Matrix) else None
    sides = [v.values if isinstance(v, Matrix) else as_double(v)[:, np.newaxis] for v in (left, right)]
    with np.errstate(all="ignore"):
        values = ARITHMETIC[name](*sides)
    return Matrix(values, columns)


def _refuse_factor(name: str, value: Value) -> None:
    """Factors and text have no arithmetic; R gives NA with a warning for the one, an error for the other."""
    kind = r_class(value)
    if kind in ("factor", "ordered"):
        raise DataError(f"‘{name}’ not meaningful for factors: use as.numeric(as.character(x)) for their numbers")
    if kind == "character":
        raise DataError(f"non-numeric argument to binary operator `{name}`: text has no arithmetic")


def compare(name: str, left: Value, right: Value) -> BooleanArray:
    """R's comparison, NA where a side is missing; text compares by code point, ordered factors by level."""
    _refuse_unordered(name, left, right)
    first, second = _recycled(left, right, name)
    missing = is_missing(first) | is_missing(second)
    one, other = _comparable(first, second)
    truth = (
        [bool(COMPARISONS[name](a, b)) for a, b in zip(one, other, strict=True)]
        if one.dtype.kind == "O"
        else (COMPARISONS[name](one, other))
    )
    return logical(np.asarray(truth, dtype=bool), missing)


def _refuse_unordered(name: str, left: Value, right: Value) -> None:
    """``<`` and its like have no meaning for the levels of an unordered factor."""
    if name not in ("==", "!=") and "factor" in (r_class(left), r_class(right)):
        raise DataError(f"‘{name}’ not meaningful for factors: make it an ordered factor, or compare as.character(x)")


def _comparable(left: Value, right: Value) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as arrays of one kind: codes of an ordered factor, text, or numbers."""
    for value in (left, right):
        if isinstance(value, pd.Categorical) and value.ordered:
            return _level_codes(left, value), _level_codes(right, value)
    if {"factor", "character"} & {r_class(left), r_class(right)}:
        return _text_keys(left), _text_keys(right)
    return as_double(left), as_double(right)


def _text_keys(value: Value) -> np.ndarray:
    """Text to compare; missing values become empty, they are masked anyway."""
    keys = np.empty(length(value), dtype=object)
    keys[:] = ["" if key is None else key for key in as_text(value)]
    return keys


def _level_codes(value: Value, factor: pd.Categorical) -> np.ndarray:
    """Positions of the values among an ordered factor's levels."""
    place = {level: i for i, level in enumerate(levels_of(factor))}
    return np.array([place.get(key, -1) for key in as_text(value)], dtype=float)


def colon(left: Value, right: Value) -> Value:
    """``a:b``: the interaction of two factors, or whole numbers from a to b."""
    if isinstance(left, pd.Categorical) and isinstance(right, pd.Categorical):
        codes = left.codes.astype(int) * len(right.categories) + right.codes
        names = [f"{a}:{b}" for a in left.categories for b in right.categories]
        return categorical(np.where((left.codes < 0) | (right.codes < 0), -1, codes), names)
    if length(left) != 1 or length(right) != 1:
        raise DataError("`:` needs two factors or two single numbers")
    start, stop = float(as_double(left)[0]), float(as_double(right)[0])
    steps = np.arange(int(abs(stop - start) + 1e-10) + 1)
    values = start + steps * (1 if stop >= start else -1)
    return integer(values) if start.is_integer() else number(values)


def _recycled(left: Value, right: Value, name: str) -> tuple[Value, Value]:
    """Both sides at one length, as R recycles a single element."""
    n = max(length(left), length(right)) if length(left) and length(right) else 0
    return spread(left, n, name), spread(right, n, name)
