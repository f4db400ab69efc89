"""The R functions lmebridge evaluates itself: one table, from a function's name to its parameters and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmebridge.errors import DataError
from lmebridge.evaluation import rfactors, rsummaries, transforms
from lmebridge.evaluation.arguments import Arguments, Function
from lmebridge.evaluation.operators import integer
from lmebridge.evaluation.values import (
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

#: Decimal digits a double holds for sure.
DOUBLE_DIGITS = 15


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
    return integer(numbers) if kinds <= {"logical", "integer"} and kinds else numbers


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


def _as_vector(arguments: Arguments) -> Value:
    """R's ``as.vector``: a matrix's numbers, a factor's texts."""
    x = arguments.value("x")
    if isinstance(x, Matrix):
        return as_double(x)
    return as_text(x) if r_class(x) in ("factor", "ordered") else x


def _unclassed(arguments: Arguments) -> Value:
    """R's ``unclass``: a factor's codes."""
    x = arguments.value("x")
    return integer(as_double(x)) if r_class(x) in ("factor", "ordered") else x


def _identity(arguments: Arguments) -> Value:
    """``I(x)`` and ``offset(object)`` give what they are given."""
    return arguments.value("x")


def _numbers_or_missing(arguments: Arguments) -> np.ndarray:
    """Numbers of `x`; missing where it is text."""
    x = arguments.value("x")
    return np.full(length(x), np.nan) if r_class(x) == "character" else as_double(x)


def _is_nan(arguments: Arguments) -> Value:
    """R's ``is.nan``. A missing number and one that is none are the same in Python: both give TRUE."""
    x = arguments.value("x")
    return logical(is_missing(x) if r_class(x) == "numeric" else np.zeros(length(x), dtype=bool))


def exclusive_or(arguments: Arguments) -> Value:
    """R's ``xor``."""
    x, y = as_logical(arguments.value("x")), as_logical(arguments.value("y"))
    both, either = x & y, ~(~x & ~y)
    return either & ~both


def _affix(test: Callable[[str, str], bool]) -> Function:
    """``startsWith`` and ``endsWith``."""

    def evaluate(arguments: Arguments) -> Value:
        items, (affix, *_) = arguments.texts("x"), arguments.texts("y")
        found = [item is not None and affix is not None and test(item, affix) for item in items]
        return logical(np.array(found), np.array([item is None or affix is None for item in items]))

    return Function(("x", "y"), evaluate)


def _distribution(
    first: str, centre: str, function: Callable[[np.ndarray], np.ndarray], *, density: bool = False
) -> Function:
    """A probability, or a density, of a distribution with a place and a scale."""
    scale = "scale" if centre == "location" else "sd"

    def evaluate(arguments: Arguments) -> Value:
        place, width = arguments.scalar(centre, 0), arguments.scalar(scale, 1)
        divisor = width if density else 1
        return elementwise(lambda x: function((x - place) / width) / divisor, arguments.value(first), first)

    return Function((first, centre, scale), evaluate)


def _normal_probability(x: np.ndarray) -> np.ndarray:
    """The standard normal's distribution function."""
    from scipy.special import ndtr

    return np.asarray(ndtr(x))


def normal_quantile(arguments: Arguments) -> Value:
    """R's ``qnorm``."""
    from scipy.special import ndtri

    mean, sd = arguments.scalar("mean", 0), arguments.scalar("sd", 1)
    return elementwise(lambda p: mean + sd * np.asarray(ndtri(p)), arguments.value("p"), "`qnorm()`")


def log_odds(arguments: Arguments) -> Value:
    """R's ``qlogis``."""
    place, width = arguments.scalar("location", 0), arguments.scalar("scale", 1)
    return elementwise(lambda p: place + width * (np.log(p / (1 - p))), arguments.value("p"), "`qlogis()`")


def significant(arguments: Arguments) -> Value:
    """R's ``signif(x, digits)``."""
    digits = max(1, int(arguments.scalar("digits", 6)))
    return elementwise(
        lambda x: np.array([float(f"{item:.{digits - 1}e}") for item in x.ravel()]).reshape(x.shape),
        arguments.value("x"),
        "`signif()`",
    )


def rounded(arguments: Arguments) -> Value:
    """R's ``round(x, digits)``."""
    digits = int(arguments.scalar("digits", 0))
    return elementwise(lambda x: round_as_r(x, digits), arguments.value("x"), "`round()`")


def round_as_r(x: np.ndarray, digits: int) -> np.ndarray:
    """The nearer of the two decimals around a number, by double arithmetic; between equals the even one.

    References
    ----------
    R 4.0.0 and later, ``?round``: "the algorithm ... round to even".

    Examples
    --------
    >>> round_as_r(np.array([0.15, 2.5, -1.05]), 1).tolist()
    [0.1, 2.5, -1.0]
    """
    if digits == 0:
        return np.asarray(np.rint(x))
    power = 10.0 ** abs(digits)
    scaled = x * power if digits > 0 else x / power
    below, above = (half / power if digits > 0 else half * power for half in (np.floor(scaled), np.ceil(scaled)))
    to_below, to_above = x - below, above - x
    even = np.floor(scaled) % 2 == 0
    nearest = np.where((to_below < to_above) | ((to_below == to_above) & even), below, above)
    exact = digits + np.ceil(np.log10(np.abs(x))) > DOUBLE_DIGITS
    return np.where(exact | ~np.isfinite(x), x, nearest)


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
    "sinh": _mathematics(np.sinh),
    "cosh": _mathematics(np.cosh),
    "tanh": _mathematics(np.tanh),
    "sin": _mathematics(np.sin),
    "cos": _mathematics(np.cos),
    "tan": _mathematics(np.tan),
    "floor": _mathematics(np.floor),
    "ceiling": _mathematics(np.ceil),
    "trunc": _mathematics(np.trunc),
    "sign": _mathematics(np.sign),
    "round": Function(("x", "digits"), rounded),
    "signif": Function(("x", "digits"), significant),
    "unclass": Function(("x",), _unclassed),
    "ifelse": Function(("test", "yes", "no"), ifelse),
    "c": Function(("...",), combine),
    "cbind": Function(("...",), bind_columns),
    "pmin": _extreme(np.minimum, np.fmin),
    "pmax": _extreme(np.maximum, np.fmax),
    "I": Function(("x",), _identity),
    "offset": Function(("x",), _identity),
    "as.vector": Function(("x", "mode"), _as_vector),
    "as.logical": Function(("x",), lambda arguments: as_logical(arguments.value("x"))),
    "is.na": Function(("x",), lambda arguments: logical(is_missing(arguments.value("x")))),
    "length": Function(("x",), lambda arguments: integer([length(arguments.value("x"))])),
    "is.nan": Function(("x",), _is_nan),
    "is.finite": Function(("x",), lambda arguments: logical(np.isfinite(_numbers_or_missing(arguments)))),
    "xor": Function(("x", "y"), exclusive_or),
    "startsWith": _affix(str.startswith),
    "endsWith": _affix(str.endswith),
    "plogis": _distribution("q", "location", lambda x: 1 / (1 + np.exp(-x))),
    "qlogis": Function(("p", "location", "scale"), log_odds),
    "pnorm": _distribution("q", "mean", _normal_probability),
    "qnorm": Function(("p", "mean", "sd"), normal_quantile),
    "dnorm": _distribution("x", "mean", lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), density=True),
    **rfactors.FUNCTIONS,
    **rsummaries.FUNCTIONS,
    **transforms.FUNCTIONS,
}
