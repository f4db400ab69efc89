"""R's functions of whole variables: means, quantiles, ranks, sums by row, sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.errors import DataError
from lmebridge.evaluation.arguments import Arguments, Function
from lmebridge.evaluation.operators import integer
from lmebridge.evaluation.values import (
    Matrix,
    Value,
    as_double,
    as_numbers,
    as_text,
    is_missing,
    number,
    r_class,
    take,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: R's factor that makes the median absolute deviation of a normal variable its standard deviation.
MAD_CONSTANT = 1.4826


def _known(arguments: Arguments) -> np.ndarray:
    """The numbers of `x`, without the missing ones under ``na.rm = TRUE``; none at all where one is missing."""
    x = as_numbers(arguments.value("x"), f"`{arguments.function}()`")
    if arguments.flag("na.rm", default=False):
        return np.asarray(x[~np.isnan(x)])
    return np.array([np.nan]) if np.isnan(x).any() else x


def _summary(function: Callable[[np.ndarray], float]) -> Function:
    """A function of a whole variable that gives one number."""

    def evaluate(arguments: Arguments) -> Value:
        x = _known(arguments)
        return number(function(x) if len(x) and not np.isnan(x).any() else np.nan)

    return Function(("x", "na.rm"), evaluate)


def _whole(function: Callable[[np.ndarray], float]) -> Function:
    """A summary that is a whole number where the variable has whole numbers only."""
    summary = _summary(function)

    def evaluate(arguments: Arguments) -> Value:
        found = as_double(summary.evaluate(arguments))
        return integer(found) if r_class(arguments.value("x")) in ("integer", "logical") else found

    return Function(summary.parameters, evaluate)


def _median_deviation(x: np.ndarray) -> float:
    """R's ``mad``."""
    return float(MAD_CONSTANT * np.median(np.abs(x - np.median(x))))


def value_range(arguments: Arguments) -> Value:
    """R's ``range``."""
    x = _known(arguments)
    return number([np.min(x), np.max(x)])


def quantile(arguments: Arguments) -> Value:
    """R's ``quantile`` of type 7."""
    x = _known(arguments)
    if np.isnan(x).any():
        raise DataError("missing values and NaN's not allowed if 'na.rm' is FALSE in `quantile()`")
    probabilities = arguments.numbers("probs") if arguments.has("probs") else np.linspace(0, 1, 5)
    return np.asarray(np.quantile(x, probabilities))


def running_sum(arguments: Arguments) -> Value:
    """R's ``cumsum``; missing from the first missing value on."""
    x = arguments.value("x")
    found = np.cumsum(as_numbers(x, "`cumsum()`"))
    return integer(found) if r_class(x) in ("integer", "logical") else found


def rank(arguments: Arguments) -> Value:
    """R's ``rank``: ties share their mean rank, missing values come last."""
    x = arguments.value("x")
    values = pd.Series(as_text(x) if r_class(x) == "character" else as_double(x))
    found = values.rank(method="average")
    last = np.arange(1, int(found.isna().sum()) + 1) + float(found.notna().sum())
    return np.where(found.isna(), np.nan, found) if not len(last) else _filled(np.asarray(found), last)


def _filled(ranks: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Ranks with the missing ones given the last places."""
    out = ranks.copy()
    out[np.isnan(out)] = last
    return out


def _by_row(function: Callable[..., np.ndarray], ignoring: Callable[..., np.ndarray]) -> Function:
    """``rowSums`` and ``rowMeans``."""

    def evaluate(arguments: Arguments) -> Value:
        x = arguments.value("x")
        if not isinstance(x, Matrix):
            raise DataError(f"'x' of `{arguments.function}()` must have two dimensions: use cbind(a, b)")
        chosen = ignoring if arguments.flag("na.rm", default=False) else function
        return np.asarray(chosen(x.values, axis=1))

    return Function(("x", "na.rm"), evaluate)


def sequence(arguments: Arguments) -> Value:
    """R's ``seq(from, to, by, length.out)``."""
    start, stop = arguments.scalar("from", 1), arguments.single("to")
    if arguments.has("length.out"):
        return np.linspace(start, stop, int(arguments.single("length.out")))
    step = arguments.scalar("by", 1.0 if stop >= start else -1.0)
    count = int((stop - start) / step + 1e-10)
    if count < 0:
        raise DataError("wrong sign in 'by' argument of `seq()`")
    return start + step * np.arange(count + 1)


def repeated(arguments: Arguments) -> Value:
    """R's ``rep(x, times)`` for a single number of times."""
    x = arguments.value("x")
    return take(x, np.tile(np.arange(len(is_missing(x))), int(arguments.scalar("times", 1))))


def _texts(function: Callable[[str], str]) -> Function:
    """A function of every text."""
    return Function(
        ("x",),
        lambda arguments: text(None if item is None else function(item) for item in arguments.texts("x")),
    )


def count_characters(arguments: Arguments) -> Value:
    """R's ``nchar``; the length of a missing text is 2, as in R."""
    return integer(2 if item is None else len(item) for item in arguments.texts("x"))


#: R's functions of this module.
FUNCTIONS = {
    "mean": _summary(lambda x: float(np.mean(x))),
    "sd": _summary(lambda x: float(np.std(x, ddof=1)) if len(x) > 1 else np.nan),
    "var": _summary(lambda x: float(np.var(x, ddof=1)) if len(x) > 1 else np.nan),
    "median": _summary(lambda x: float(np.median(x))),
    "mad": _summary(_median_deviation),
    "min": _whole(lambda x: float(np.min(x))),
    "max": _whole(lambda x: float(np.max(x))),
    "sum": _whole(lambda x: float(np.sum(x))),
    "range": Function(("x", "na.rm"), value_range),
    "quantile": Function(("x", "probs", "na.rm"), quantile),
    "cumsum": Function(("x",), running_sum),
    "rank": Function(("x",), rank),
    "rowSums": _by_row(np.sum, np.nansum),
    "rowMeans": _by_row(np.mean, np.nanmean),
    "seq": Function(("from", "to", "by", "length.out"), sequence),
    "seq_len": Function(("length.out",), lambda a: integer(range(1, int(a.single("length.out")) + 1))),
    "rep": Function(("x", "times"), repeated),
    "rev": Function(("x",), lambda a: take(a.value("x"), np.arange(len(is_missing(a.value("x"))))[::-1])),
    "nchar": Function(("x",), count_characters),
    "toupper": _texts(str.upper),
    "tolower": _texts(str.lower),
}
