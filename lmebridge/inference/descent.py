"""Minimization of a smooth function of few parameters between bounds, from a good start and a known curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    #: A function of the parameters that gives its value and its gradient.
    Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]

#: Predicted distance to the minimum, in units of the function, at which the search ends.
TOLERANCE = 1e-10
#: Predicted distance that is still called converged: 1e-6 of a deviance moves an estimate by 1e-3 standard errors.
CONVERGED = 1e-6
#: Share of the predicted decrease that a step must reach.
SUFFICIENT = 1e-4
#: Smallest eigenvalue of the curvature, relative to the largest: the starting one need not be positive.
FLATTEST = 1e-6


@dataclass(frozen=True)
class Minimum:
    """Where a search ended.

    Attributes
    ----------
    parameters, gradient : numpy.ndarray, shape (k,)
        The point and the derivative there.
    value : float
        The function's value.
    curvature : numpy.ndarray, shape (k, k)
        What the search knows of the second derivatives.
    decrement : float
        Twice the predicted distance to the minimum, in units of the function.
    """

    parameters: np.ndarray
    value: float
    gradient: np.ndarray
    curvature: np.ndarray
    decrement: float

    @property
    def converged(self) -> bool:
        """Whether no noticeable decrease is left."""
        return bool(self.decrement < CONVERGED and np.isfinite(self.value))


def minimize(
    objective: Objective,
    start: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    curvature: np.ndarray,
    tolerance: float = TOLERANCE,
) -> Minimum:
    """Minimize by projected quasi-Newton steps, the curvature being updated as BFGS does it.

    Parameters
    ----------
    objective : callable
        Value and gradient; an infinite value where there is none.
    start : numpy.ndarray, shape (k,)
        Where to start; it is moved into the bounds.
    bounds : tuple of numpy.ndarray
        Lower and upper bounds, shape (k,) each.
    curvature : numpy.ndarray, shape (k, k)
        Second derivatives near the start.
    tolerance : float
        Twice the predicted distance to the minimum, in units of the function, at which the search ends.

    Returns
    -------
    Minimum
        The best point found.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, chapters 6 (BFGS, damping) and 16.7 (projected gradients).
    """
    point = np.clip(start, *bounds)
    value, gradient = objective(point)
    curvature, decrement = positive(curvature), np.inf
    for _ in range(200):
        step, decrement = _newton(point, gradient, bounds, curvature)
        if decrement < tolerance:
            break
        moved = _line_search(objective, (point, value, gradient), step, bounds)
        if moved is None:
            break
        curvature = _updated(curvature, moved[0] - point, moved[2] - gradient)
        point, value, gradient = moved
    return Minimum(point, value, gradient, curvature, decrement)


def positive(curvature: np.ndarray) -> np.ndarray:
    """The matrix with its eigenvalues made positive, each parameter taken in units of its own curvature.

    A standard deviation may be 1e9 where a correlation is 1: only in such units do eigenvalues tell what is flat.
    """
    units = np.sqrt(np.abs(np.diag(curvature)))
    units = np.outer(*(2 * [np.where(units > 0, units, 1.0)]))
    values, vectors = np.linalg.eigh(curvature / units)
    floor = FLATTEST * max(float(np.abs(values).max(initial=0.0)), 1e-8)
    if np.all(values > floor):
        return curvature
    return np.asarray((vectors * np.maximum(np.abs(values), floor)) @ vectors.T * units)


def hessian(objective: Objective, point: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Second derivatives from forward differences of the gradient, shape (k, k)."""
    _, here = objective(point)
    columns = []
    for i, step in enumerate(steps):
        moved = point.copy()
        moved[i] += step
        columns.append((objective(moved)[1] - here) / step)
    matrix = np.column_stack(columns)
    return np.asarray((matrix + matrix.T) / 2)


def _newton(
    point: np.ndarray, gradient: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], curvature: np.ndarray
) -> tuple[np.ndarray, float]:
    """Newton's step among the parameters that may move, and its decrement."""
    held = ((point <= bounds[0]) & (gradient >= 0)) | ((point >= bounds[1]) & (gradient <= 0))
    if not held.any():
        step = -np.linalg.solve(curvature, gradient)
    else:
        free, step = ~held, np.zeros_like(point)
        step[free] = -np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
    return step, float(-gradient @ step)


def _line_search(
    objective: Objective,
    here: tuple[np.ndarray, float, np.ndarray],
    step: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """The first of the step and its halves that decreases the function enough, or None."""
    point, value, gradient = here
    for halving in range(40):
        moved = np.minimum(np.maximum(point + step * 0.5**halving, bounds[0]), bounds[1])
        promised = float(gradient @ (moved - point))
        if promised >= 0:
            continue
        there, slope = objective(moved)
        if there <= value + SUFFICIENT * promised:
            return moved, there, slope
    return None


def _updated(curvature: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """BFGS with Powell's damping, which keeps the matrix positive definite."""
    product = curvature @ step
    expected = float(step @ product)
    if expected <= 0:
        return curvature
    found = float(step @ change)
    share = 1.0 if found >= 0.2 * expected else 0.8 * expected / (expected - found)
    damped = share * change + (1 - share) * product
    return np.asarray(
        curvature - np.outer(product, product) / expected + np.outer(damped, damped) / float(step @ damped)
    )
