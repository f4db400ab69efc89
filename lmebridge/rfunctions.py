"""The R functions lmebridge evaluates itself: one table, from a function's name to its parameters and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmebridge import rfactors, transforms
from lmebridge.arguments import Arguments, Function
from lmebridge.errors import DataError
from lmebridge.values import (
    Matrix,
    Value,
    as_double,
    as_logical,
    as_numbers,
    as_text,
    elementwise,
    is_missing,
    length,
    logical,
    number,
    r_class,
    spread,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def _mathematics(function: Callable[[np.ndarray], np.ndarray]) -> Function:
    """A function of every number that says so, in R's words, where it makes no number of one."""
    return Function(("x",), lambda arguments: _warned(arguments, function))


def _warned(arguments: Arguments, function: Callable[[np.ndarray], np.ndarray]) -> Value:
    """`function` of the argument `x`, with R's warning for new NaNs."""
    x = arguments.value("x")
    if r_class(x) in ("factor", "ordered"):
        raise DataError(f"‘{arguments.function}’ not meaningful for factors: give it numbers")
    if r_class(x) == "character":
        raise DataError(f"non-numeric argument to mathematical function `{arguments.function}()`")
    found = elementwise(function, x, "mathematical function")
    if (is_missing(found) & ~is_missing(x)).any():
        arguments.note(f"In {arguments.function}(): NaNs produced")
    return found


def logarithm(arguments: Arguments) -> Value:
    """R's ``log(x, base)``."""
    if not arguments.has("base"):
        return _warned(arguments, np.log)
    base = arguments.single("base")
    exact = {2.0: np.log2, 10.0: np.log10}
    return _warned(arguments, exact.get(base, lambda x: np.log(x) / np.log(base)))


def rounded(arguments: Arguments) -> Value:
    """R's ``round(x, digits)``: half to even on the decimal nearest to the number."""
    digits = int(arguments.scalar("digits", 0))
    return elementwise(lambda x: np.round(x, digits), arguments.value("x"), "`round()`")


def ifelse(arguments: Arguments) -> Value:
    """R's ``ifelse(test, yes, no)``: text if either side is, else numbers; a factor gives its codes."""
    test = as_logical(arguments.value("test"))
    n = len(test)
    yes, no = (spread(arguments.value(name), n, name) for name in ("yes", "no"))
    missing = is_missing(test)
    chosen = np.array(test.to_numpy(dtype=bool, na_value=False))
    if "character" in (r_class(yes), r_class(no)):
        items = np.where(chosen, _plain_text(yes), _plain_text(no))
        items[missing] = None
        return text(items)
    if r_class(yes) == r_class(no) == "logical":
        found = np.where(chosen, as_double(yes), as_double(no))
        return logical(np.nan_to_num(found) != 0, missing | np.isnan(found))
    return np.where(missing, np.nan, np.where(chosen, as_double(yes), as_double(no)))


def _plain_text(value: Value) -> np.ndarray:
    """Text of a vector's elements; of a factor's codes, which is what ``ifelse`` sees of it."""
    return as_text(number(as_double(value))) if r_class(value) in ("factor", "ordered") else as_text(value)


def combine(arguments: Arguments) -> Value:
    """R's ``c(...)``."""
    parts = arguments.vectors()
    kinds = {r_class(part) for part in parts}
    if "character" in kinds:
        return text(item for part in parts for item in as_text(part))
    numbers = np.concatenate([as_double(part) for part in parts]) if parts else np.empty(0)
    if kinds == {"logical"}:
        return logical(np.nan_to_num(numbers) != 0, np.isnan(numbers))
    return numbers


def bind_columns(arguments: Arguments) -> Value:
    """R's ``cbind(...)``: a matrix whose columns are named by arguments or variables."""
    columns: list[np.ndarray] = []
    names: list[str] = []
    for name, value in arguments.dots():
        part = value if isinstance(value, Matrix) else _one_column(value, name, arguments.n_rows)
        columns.append(part.values)
        names.extend(part.columns or [""] * part.values.shape[1])
    if not columns:
        raise DataError("`cbind()` has nothing to bind")
    return Matrix(np.hstack(columns), tuple(names) if any(names) else None)


def _one_column(value: Value, name: str | None, n: int) -> Matrix:
    """A vector as a matrix of one column."""
    numbers = as_double(spread(value, n, name or "cbind"))
    return Matrix(numbers[:, np.newaxis], (name or "",))


def _extreme(pick: Callable[..., np.ndarray], skipping: Callable[..., np.ndarray]) -> Function:
    """``pmin`` and ``pmax``."""

    def evaluate(arguments: Arguments) -> Value:
        parts = [as_numbers(part, f"`{arguments.function}()`") for part in arguments.vectors()]
        n = max(map(len, parts), default=0)
        stack = [as_double(spread(part, n, arguments.function)) for part in parts]
        chosen = skipping if arguments.flag("na.rm", default=False) else pick
        return np.asarray(chosen.reduce(stack)) if isinstance(chosen, np.ufunc) else np.empty(0)

    return Function(("...", "na.rm"), evaluate)


def _summary(function: Callable[[np.ndarray], float]) -> Function:
    """A function of a whole variable that gives one number."""

    def evaluate(arguments: Arguments) -> Value:
        x = as_numbers(arguments.value("x"), f"`{arguments.function}()`")
        if arguments.flag("na.rm", default=False):
            x = x[~np.isnan(x)]
        return number(np.nan if np.isnan(x).any() or len(x) == 0 else function(x))

    return Function(("x", "na.rm"), evaluate)


def _as_vector(arguments: Arguments) -> Value:
    """R's ``as.vector``: a matrix's numbers, a factor's texts."""
    x = arguments.value("x")
    if isinstance(x, Matrix):
        return as_double(x)
    return as_text(x) if r_class(x) in ("factor", "ordered") else x


def _identity(arguments: Arguments) -> Value:
    """``I(x)`` and ``offset(object)`` give what they are given."""
    return arguments.value("x")


#: Every function an expression may call, by R's name.
FUNCTIONS: dict[str, Function] = {
    "log": Function(("x", "base"), logarithm),
    "log10": _mathematics(np.log10),
    "log2": _mathematics(np.log2),
    "log1p": _mathematics(np.log1p),
    "exp": _mathematics(np.exp),
    "expm1": _mathematics(np.expm1),
    "sqrt": _mathematics(np.sqrt),
    "abs": _mathematics(np.abs),
    "sin": _mathematics(np.sin),
    "cos": _mathematics(np.cos),
    "tan": _mathematics(np.tan),
    "floor": _mathematics(np.floor),
    "ceiling": _mathematics(np.ceil),
    "trunc": _mathematics(np.trunc),
    "sign": _mathematics(np.sign),
    "round": Function(("x", "digits"), rounded),
    "ifelse": Function(("test", "yes", "no"), ifelse),
    "c": Function(("...",), combine),
    "cbind": Function(("...",), bind_columns),
    "pmin": _extreme(np.minimum, np.fmin),
    "pmax": _extreme(np.maximum, np.fmax),
    "mean": _summary(np.mean),
    "sd": _summary(lambda x: float(np.std(x, ddof=1))),
    "var": _summary(lambda x: float(np.var(x, ddof=1))),
    "median": _summary(np.median),
    "min": _summary(np.min),
    "max": _summary(np.max),
    "sum": _summary(np.sum),
    "I": Function(("x",), _identity),
    "offset": Function(("x",), _identity),
    "as.vector": Function(("x", "mode"), _as_vector),
    "as.logical": Function(("x",), lambda arguments: as_logical(arguments.value("x"))),
    "is.na": Function(("x",), lambda arguments: logical(is_missing(arguments.value("x")))),
    "length": Function(("x",), lambda arguments: number(length(arguments.value("x")))),
    **rfactors.FUNCTIONS,
    **transforms.FUNCTIONS,
}
