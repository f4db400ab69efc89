"""R's functions that make factors: factor, ordered, cut, relevel, interaction."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.errors import DataError
from lmebridge.evaluation.arguments import Arguments, Function
from lmebridge.evaluation.operators import integer
from lmebridge.evaluation.values import (
    Value,
    as_double,
    as_factor,
    as_numbers,
    as_text,
    categorical,
    drop_unused,
    length,
    levels_of,
    r_class,
    spread,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Digits `cut` tries for its labels, from `dig.lab` on, until all breaks differ.
MOST_LABEL_DIGITS = 12


def factor(arguments: Arguments) -> Value:
    """R's ``factor(x, levels, labels, ordered)``; unused levels go unless `levels` names them."""
    x = arguments.value("x")
    was_ordered = r_class(x) == "ordered"
    ordered = arguments.flag("ordered", default=was_ordered or arguments.function == "ordered")
    found = _among(x, arguments.texts("levels")) if arguments.has("levels") else drop_unused(as_factor(x))
    if not arguments.has("labels"):
        return categorical(found.codes, levels_of(found), ordered=ordered)
    return _relabel(found, [str(label) for label in arguments.texts("labels")], ordered=ordered)


def _among(x: Value, levels: Sequence[str | None]) -> pd.Categorical:
    """`x` as a factor with these levels, in this order; other values are missing."""
    names = [level for level in levels if level is not None]
    if len(set(names)) < len(names):
        raise DataError(f"factor level [{names.index(_first_doubled(names)) + 1}] is duplicated")
    codes = pd.Index(names, dtype=object).get_indexer(pd.Index(as_text(x), dtype=object))
    return categorical(codes, names)


def _first_doubled(names: Sequence[str]) -> str:
    """The first name that occurs twice."""
    return next(name for name in names if names.count(name) > 1)


def _relabel(found: pd.Categorical, labels: Sequence[str], *, ordered: bool) -> pd.Categorical:
    """The factor under new level names; equal names are one level."""
    n = len(found.categories)
    if len(labels) == 1 and n != 1:
        labels = [f"{labels[0]}{i + 1}" for i in range(n)]
    if len(labels) != n:
        raise DataError(f"invalid 'labels'; length {len(labels)} should be 1 or {n}")
    names = list(dict.fromkeys(labels))
    new = np.array([names.index(label) for label in labels] + [-1], dtype=int)
    return categorical(new[found.codes], names, ordered=ordered)


def relevel(arguments: Arguments) -> Value:
    """R's ``relevel(x, ref)``: the factor with `ref`, a level's name or number, first."""
    x = arguments.value("x")
    if r_class(x) != "factor" or not isinstance(x, pd.Categorical):
        words = "unordered" if r_class(x) == "ordered" else "(unordered)"
        raise DataError(f"'relevel' only for {words} factors: write relevel(factor(x, ordered = FALSE), ref)")
    names = levels_of(x)
    first = _reference(arguments, names)
    order = [first, *(i for i in range(len(names)) if i != first)]
    new = np.append(np.argsort(order), -1)
    return categorical(new[x.codes], [names[i] for i in order])


def _reference(arguments: Arguments, names: tuple[str, ...]) -> int:
    """The position of the level `ref` names."""
    ref = arguments.value("ref")
    if r_class(ref) != "character":
        place = int(arguments.single("ref"))
        if not 1 <= place <= len(names):
            raise DataError(f"ref = {place} must be in 1L:{len(names)}")
        return place - 1
    wanted = arguments.texts("ref")[0]
    if wanted not in names:
        raise DataError(f"'ref' must be an existing level: '{wanted}' is not among {', '.join(names)}")
    return names.index(wanted)


def interaction(arguments: Arguments) -> Value:
    """R's ``interaction(...)``: all combinations of levels, the first factor's varying fastest."""
    vectors = arguments.vectors()
    n = max(map(length, vectors), default=0)
    factors = [as_factor(spread(value, n, "interaction")) for value in vectors]
    if not factors:
        raise DataError("No factors specified in `interaction()`")
    separator = str(arguments.texts("sep")[0]) if arguments.has("sep") else "."
    lexical = arguments.flag("lex.order", default=False)
    order = factors[::-1] if lexical else factors
    codes, names = order[0].codes.astype(int), list(levels_of(order[0]))
    for other in order[1:]:
        missing = (codes < 0) | (other.codes < 0)
        codes = np.where(missing, -1, codes + len(names) * other.codes.astype(int))
        names = [_joined(a, b, separator, lexical=lexical) for b in other.categories for a in names]
    found = _relabel(categorical(codes, [str(i) for i in range(len(names))]), names, ordered=False)
    return drop_unused(found) if arguments.flag("drop", default=False) else found


def _joined(inner: str, outer: str, separator: str, *, lexical: bool) -> str:
    """A combination's name, in the order the factors were given."""
    return f"{outer}{separator}{inner}" if lexical else f"{inner}{separator}{outer}"


def cut(arguments: Arguments) -> Value:
    """R's ``cut(x, breaks, labels, include.lowest, right, dig.lab, ordered_result)``."""
    x = as_numbers(arguments.value("x"), "`cut()`: 'x' must be numeric")
    breaks = _breaks(x, arguments.numbers("breaks"))
    right = arguments.flag("right", default=True)
    lowest = arguments.flag("include.lowest", default=False)
    codes = interval_codes(x, breaks, right=right, lowest=lowest)
    if arguments.is_flag("labels") and not arguments.flag("labels", default=True):
        return integer(np.where(codes < 0, np.nan, codes + 1.0))
    names = _labels(arguments, breaks, right=right, lowest=lowest)
    ordered = arguments.flag("ordered_result", default=False)
    return _relabel(categorical(codes, [str(i) for i in range(len(names))]), names, ordered=ordered)


def _labels(arguments: Arguments, breaks: np.ndarray, *, right: bool, lowest: bool) -> list[str]:
    """The intervals' names, given or made from the breaks."""
    if not arguments.has("labels") or arguments.is_flag("labels"):
        return interval_labels(breaks, right=right, lowest=lowest, digits=int(arguments.scalar("dig.lab", 3)))
    names = [str(name) for name in arguments.texts("labels")]
    if len(names) != len(breaks) - 1:
        raise DataError(f"number of intervals and length of 'labels' differ: {len(breaks) - 1} and {len(names)}")
    return names


def _breaks(x: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Sorted break points; a single number asks for that many intervals of equal width."""
    if len(breaks) > 1:
        ordered = np.sort(breaks)
        if len(np.unique(ordered)) < len(ordered):
            raise DataError("'breaks' are not unique")
        return ordered
    if np.isnan(breaks[0]) or breaks[0] < 2:
        raise DataError("invalid number of intervals: `breaks` of `cut()` must be 2 or more")
    return _equal_breaks(float(np.nanmin(x)), float(np.nanmax(x)), int(breaks[0]) + 1)


def _equal_breaks(low: float, high: float, n: int) -> np.ndarray:
    """Equally spaced breaks, the outer two moved outwards by a thousandth of the range, as R does."""
    if low == high:
        width = abs(low) if low != 0 else 1.0
        return np.linspace(low - width / 1000, high + width / 1000, n)
    points = np.linspace(low, high, n)
    points[0], points[-1] = low - (high - low) / 1000, high + (high - low) / 1000
    return points


def interval_codes(x: np.ndarray, breaks: np.ndarray, *, right: bool, lowest: bool) -> np.ndarray:
    """Positions of the intervals the numbers fall in, from 0; -1 outside of all and for missing values."""
    codes = np.searchsorted(breaks, x, side="left" if right else "right") - 1
    if lowest:
        edge, place = (breaks[0], 0) if right else (breaks[-1], len(breaks) - 2)
        codes = np.where(x == edge, place, codes)
    outside = np.isnan(x) | (codes < 0) | (codes > len(breaks) - 2)
    return np.where(outside, -1, codes)


def interval_labels(breaks: np.ndarray, *, right: bool, lowest: bool, digits: int) -> list[str]:
    """R's names of intervals, with as few digits as tell the breaks apart.

    Examples
    --------
    >>> interval_labels(np.array([0, 0.1234, 1e5]), right=True, lowest=False, digits=3)
    ['(0,0.123]', '(0.123,1e+05]']
    """
    for count in range(digits, max(MOST_LABEL_DIGITS, digits) + 1):
        points = [f"{point + 0:.{count}g}" for point in breaks]
        if all(a != b for a, b in itertools.pairwise(points)):
            break
    else:
        return [f"Range_{i + 1}" for i in range(len(breaks) - 1)]
    opening, closing = ("(", "]") if right else ("[", ")")
    names = [f"{opening}{a},{b}{closing}" for a, b in itertools.pairwise(points)]
    if lowest and right:
        names[0] = f"[{names[0][1:]}"
    elif lowest:
        names[-1] = f"{names[-1][:-1]}]"
    return names


def as_integer(arguments: Arguments) -> Value:
    """R's ``as.integer``: towards zero; a factor's codes."""
    return integer(np.trunc(_double(arguments)))


def as_numeric(arguments: Arguments) -> Value:
    """R's ``as.numeric``: a factor's codes, text as numbers with R's warning where it is none."""
    return _double(arguments)


def _double(arguments: Arguments) -> np.ndarray:
    """The numbers of any vector, with R's words where text is no number."""
    x = arguments.value("x")
    found = as_double(x)
    if r_class(x) == "character":
        known = np.array([item not in (None, "NA") for item in as_text(x)], dtype=bool)
        if (np.isnan(found) & known).any():
            arguments.note("NAs introduced by coercion")
    return found


_FACTOR = ("x", "levels", "labels", "exclude", "ordered", "nmax")
_CUT = ("x", "breaks", "labels", "include.lowest", "right", "dig.lab", "ordered_result")

#: R's functions of this module.
FUNCTIONS = {
    "factor": Function(_FACTOR, factor),
    "ordered": Function(("x", "levels", "labels"), factor),
    "as.factor": Function(("x",), lambda arguments: as_factor(arguments.value("x"))),
    "as.ordered": Function(
        ("x",),
        lambda arguments: categorical(
            as_factor(arguments.value("x")).codes, levels_of(as_factor(arguments.value("x"))), ordered=True
        ),
    ),
    "relevel": Function(("x", "ref"), relevel),
    "droplevels": Function(("x",), lambda arguments: drop_unused(as_factor(arguments.value("x")))),
    "interaction": Function(("...", "drop", "sep", "lex.order"), interaction),
    "cut": Function(_CUT, cut),
    "as.numeric": Function(("x",), as_numeric),
    "as.double": Function(("x",), as_numeric),
    "as.integer": Function(("x",), as_integer),
    "as.character": Function(("x",), lambda arguments: as_text(arguments.value("x"))),
    "nlevels": Function(("x",), lambda arguments: integer([len(as_factor(arguments.value("x")).categories)])),
    "levels": Function(("x",), lambda arguments: text(as_factor(arguments.value("x")).categories)),
}
