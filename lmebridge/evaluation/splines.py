"""Bases of R's splines: B-splines, and natural cubic splines in R's parameterization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Natural splines are cubic.
CUBIC = 3


def inner_knots(x: np.ndarray, n: int) -> tuple[float, ...]:
    """Knots at equally spaced quantiles (R's type 7), without the two ends.

    Examples
    --------
    >>> inner_knots(np.array([0.0, 1.0, 2.0, 10.0]), 1)
    (1.5,)
    """
    if n == 0:
        return ()
    return tuple(np.quantile(x, np.linspace(0, 1, n + 2)[1:-1]).tolist())


def b_spline_basis(
    x: np.ndarray, knots: Sequence[float], boundary: tuple[float, float], degree: int, *, intercept: bool
) -> np.ndarray:
    """R's ``splines::bs`` for fixed knots.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
        Values of the variable, none missing; beyond the boundary the outer polynomials go on.
    knots, boundary : sequence of float
        Inner and boundary knots, in the variable's units.
    degree : int
        Degree of the polynomial pieces.
    intercept : bool
        Whether the first column, and with it the constant, is kept.

    Returns
    -------
    numpy.ndarray, shape (n, len(knots) + degree + intercept)
        The basis, dimensionless.

    References
    ----------
    de Boor (1978), A Practical Guide to Splines; R's ``splines::bs``, whose numbers they are.
    """
    from formulaic.transforms import basis_spline

    columns = basis_spline(
        x,
        knots=sorted(knots),
        degree=degree,
        include_intercept=intercept,
        lower_bound=boundary[0],
        upper_bound=boundary[1],
        extrapolation="extend",
        _state={},
    )
    return np.column_stack([np.asarray(values, dtype=float) for values in columns.values()])


def natural_spline_basis(
    x: np.ndarray, knots: Sequence[float], boundary: tuple[float, float], *, intercept: bool
) -> np.ndarray:
    """R's ``splines::ns`` for fixed knots.

    The cubic B-spline basis is turned by the orthogonal factor of the two constraints, no second derivative at either
    boundary knot, and the two columns that break them are left out.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
        Values of the variable, none missing; beyond the boundary knots the basis is linear.
    knots, boundary : sequence of float
        Inner and boundary knots, in the variable's units.
    intercept : bool
        Whether the constant is in the span.

    Returns
    -------
    numpy.ndarray, shape (n, len(knots) + 1 + intercept)
        The basis, dimensionless.

    References
    ----------
    Hastie (1992), Generalized Additive Models, in Statistical Models in S; R's ``splines::ns``, whose numbers they are.
    """
    from scipy.interpolate import BSpline

    all_knots = np.sort(np.concatenate([np.repeat(boundary, CUBIC + 1), knots]))
    spline = BSpline(all_knots, np.eye(len(all_knots) - CUBIC - 1), CUBIC)
    inside = np.clip(x, *boundary)
    basis = spline(inside) + (x - inside)[:, np.newaxis] * spline(inside, nu=1)
    constraints = spline(np.array(boundary), nu=2)
    if not intercept:
        basis, constraints = basis[:, 1:], constraints[:, 1:]
    rotation, _ = np.linalg.qr(constraints.T, mode="complete")
    return np.asarray(basis @ rotation[:, 2:])
