"""R's transforms that remember the data they were made on: poly, scale, ns, bs.

A transform is first made from a call's arguments, which fixes its numbers (a mean, knots, polynomial coefficients), and
then gives a basis for any values of the variable, those of new data too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lmebridge.errors import DataError
from lmebridge.evaluation.arguments import Arguments, Function
from lmebridge.evaluation.splines import b_spline_basis, inner_knots, natural_spline_basis
from lmebridge.evaluation.values import Matrix, Value, as_double, as_numbers

if TYPE_CHECKING:
    from collections.abc import Callable


class Transform(Protocol):
    """A transform whose numbers are fixed."""

    def basis(self, value: Value) -> Matrix:
        """The transform's columns for these values of the variable."""


def _numbered(values: np.ndarray) -> Matrix:
    """A basis with columns 1, 2, 3, ..."""
    return Matrix(values, tuple(str(i + 1) for i in range(values.shape[1])))


@dataclass(frozen=True)
class Scaled:
    """R's ``scale``: `center` subtracted, then divided by `scale`; one number a column, in the variable's units."""

    center: tuple[float, ...] | None
    scale: tuple[float, ...] | None

    def basis(self, value: Value) -> Matrix:
        """The columns centred and scaled."""
        table = _table(value)
        values = table.values
        for numbers, operation in ((self.center, np.subtract), (self.scale, np.divide)):
            if numbers is not None:
                with np.errstate(all="ignore"):
                    values = operation(values, np.array(numbers))
        return Matrix(values, table.columns)


def _table(value: Value) -> Matrix:
    """A variable as a matrix."""
    return value if isinstance(value, Matrix) else Matrix(as_numbers(value, "`scale()`")[:, np.newaxis])


def make_scale(arguments: Arguments) -> Scaled:
    """The `Scaled` of a call ``scale(x, center, scale)``."""
    values = _table(arguments.value("x")).values
    center = _numbers_of(arguments, "center", values, lambda x: np.nanmean(x, axis=0))
    if center is not None:
        values = values - np.array(center)
    scale = _numbers_of(arguments, "scale", values, _root_mean_square)
    return Scaled(center, scale)


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    """R's scale of a column: the root of the sum of squares over n - 1, missing values left out."""
    n = np.maximum(1, (~np.isnan(values)).sum(axis=0) - 1)
    return np.asarray(np.sqrt(np.nansum(values**2, axis=0) / n))


def _numbers_of(
    arguments: Arguments, name: str, values: np.ndarray, compute: Callable[[np.ndarray], np.ndarray]
) -> tuple[float, ...] | None:
    """Numbers given, or computed from the columns, or None where the argument is FALSE."""
    if arguments.has(name) and not arguments.is_flag(name):
        numbers = arguments.numbers(name)
        if len(numbers) != values.shape[1]:
            raise DataError(f"length of '{name}' must equal the number of columns of 'x'")
        return tuple(numbers.tolist())
    return tuple(compute(values).tolist()) if arguments.flag(name, default=True) else None


@dataclass(frozen=True)
class Polynomial:
    """R's ``poly``: orthogonal polynomials by their three-term recurrence, or plain powers.

    Attributes
    ----------
    degree : int
        Number of columns.
    alpha, norms2 : tuple of float
        Coefficients of the recurrence, in the variable's units and their powers; empty for plain powers.
    """

    degree: int
    alpha: tuple[float, ...] = ()
    norms2: tuple[float, ...] = ()

    def basis(self, value: Value) -> Matrix:
        """Columns 1 to `degree`."""
        from formulaic.transforms import poly

        x = as_numbers(value, "`poly()`")
        state = {"alpha": dict(enumerate(self.alpha)), "norms2": dict(enumerate(self.norms2))}
        raw = not self.alpha
        return _numbered(np.asarray(poly(x, degree=self.degree, raw=raw, _state=state), dtype=float))


def make_poly(arguments: Arguments) -> Polynomial:
    """The `Polynomial` of a call ``poly(x, degree, raw)``."""
    value = arguments.value("x")
    if isinstance(value, Matrix):
        raise DataError("`poly()` of several variables is not evaluated here: write their powers and products")
    x, degree = as_numbers(value, "`poly()`"), _degree(arguments)
    if arguments.flag("raw", default=False):
        return Polynomial(degree)
    if np.isnan(x).any():
        raise DataError("missing values are not allowed in 'poly': drop the rows first, or use raw = TRUE")
    if degree >= len(np.unique(x)):
        raise DataError("'degree' must be less than number of unique points")
    from formulaic.transforms import poly

    state: dict[str, dict[int, float]] = {}
    poly(x, degree=degree, _state=state)
    alpha, norms2 = state["alpha"], state["norms2"]
    return Polynomial(
        degree,
        tuple(float(alpha[i]) for i in range(degree)),
        tuple(float(norms2[i]) for i in range(degree + 1)),
    )


def _degree(arguments: Arguments) -> int:
    """The degree, which R's ``poly`` also takes as its second argument."""
    dots = arguments.vectors()
    if len(dots) > 1 or (dots and len(as_double(dots[0])) != 1):
        raise DataError("`poly()` of several variables is not evaluated here: write their powers and products")
    degree = int(as_double(dots[0])[0]) if dots else int(arguments.scalar("degree", 1))
    if degree < 1:
        raise DataError("'degree' must be at least 1")
    return degree


@dataclass(frozen=True)
class Spline:
    """R's ``ns`` (`natural`) or ``bs``.

    Attributes
    ----------
    knots, boundary : tuple of float
        Inner and boundary knots, in the variable's units.
    degree : int
        Degree of the pieces, 3 for ``ns``.
    intercept : bool
        Whether the basis contains the constant.
    natural : bool
        Whether it is linear beyond the boundary knots.
    """

    knots: tuple[float, ...]
    boundary: tuple[float, float]
    degree: int
    intercept: bool
    natural: bool

    def basis(self, value: Value) -> Matrix:
        """The spline's columns; a missing value gives a row of NaN."""
        x = as_numbers(value, "spline")
        known = ~np.isnan(x)
        if self.natural:
            found = natural_spline_basis(x[known], self.knots, self.boundary, intercept=self.intercept)
        else:
            found = b_spline_basis(x[known], self.knots, self.boundary, self.degree, intercept=self.intercept)
        full = np.full((len(x), found.shape[1]), np.nan)
        full[known] = found
        return _numbered(full)


def make_spline(arguments: Arguments) -> Spline:
    """The `Spline` of a call ``ns(x, df, knots, ...)`` or ``bs(x, df, knots, degree, ...)``."""
    natural = arguments.function == "ns"
    x = as_numbers(arguments.value("x"), f"`{arguments.function}()`")
    x = x[~np.isnan(x)]
    degree = int(arguments.scalar("degree", 3))
    if degree < 1:
        raise DataError("'degree' must be integer >= 1")
    boundary = _boundary(arguments, x)
    intercept = arguments.flag("intercept", default=False)
    n_free = 1 if natural else degree
    knots = _knots(arguments, x[(x >= boundary[0]) & (x <= boundary[1])], n_free + intercept)
    if not natural and ((x < boundary[0]) | (x > boundary[1])).any():
        arguments.note("some 'x' values beyond boundary knots may cause ill-conditioned bases")
    return Spline(knots, boundary, degree, intercept, natural)


def _boundary(arguments: Arguments, x: np.ndarray) -> tuple[float, float]:
    """The boundary knots given, else the range of the data."""
    given = arguments.numbers("Boundary.knots") if arguments.has("Boundary.knots") else x
    if len(given) == 0 or not np.isfinite(given).all():
        raise DataError(f"NA/NaN/Inf in `{arguments.function}()`: its variable needs finite numbers")
    return float(given.min()), float(given.max())


def _knots(arguments: Arguments, x: np.ndarray, n_used: int) -> tuple[float, ...]:
    """The inner knots given, else quantiles so that the basis has `df` columns."""
    if arguments.has("knots"):
        return tuple(arguments.numbers("knots").tolist())
    if not arguments.has("df"):
        return ()
    n_inner = int(arguments.single("df")) - n_used
    if n_inner < 0:
        arguments.note(f"'df' was too small; have used {n_used}")
    return inner_knots(x, max(0, n_inner))


#: By R's function, how its transform is made; a model remembers these where the call is a variable by itself.
REMEMBERED: dict[str, Callable[[Arguments], Transform]] = {
    "scale": make_scale,
    "poly": make_poly,
    "ns": make_spline,
    "bs": make_spline,
}
PARAMETERS = {
    "scale": ("x", "center", "scale"),
    "poly": ("x", "...", "degree", "coefs", "raw", "simple"),
    "ns": ("x", "df", "knots", "intercept", "Boundary.knots"),
    "bs": ("x", "df", "knots", "degree", "intercept", "Boundary.knots"),
}


def make(arguments: Arguments) -> Transform:
    """The transform of a call, its numbers fixed by the data in the call."""
    return REMEMBERED[arguments.function](arguments)


def _at_once(arguments: Arguments) -> Value:
    """The value of a call where nothing is remembered."""
    return make(arguments).basis(arguments.value("x"))


#: R's functions of this module.
FUNCTIONS = {name: Function(parameters, _at_once) for name, parameters in PARAMETERS.items()}
