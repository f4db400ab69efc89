"""`lmebridge.inference.descent` for many functions of the same parameters at once, each with steps of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.inference.descent import SUFFICIENT, positive

if TYPE_CHECKING:
    from collections.abc import Callable

    #: From points, shape (a, k), and the numbers of the functions, (a,), to values (a,) and gradients (a, k).
    Objectives = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

#: Most steps, and most halvings of one.
STEPS, HALVINGS = 100, 40


@dataclass(frozen=True)
class Minima:
    """Where d searches are.

    Attributes
    ----------
    points, gradients : numpy.ndarray, shape (d, k)
        The points and the derivatives there.
    values : numpy.ndarray, shape (d,)
        The functions' values.
    curvatures : numpy.ndarray, shape (d, k, k)
        What each search knows of the second derivatives.
    decrements : numpy.ndarray, shape (d,)
        Twice the predicted distances to the minima, in units of the functions.
    """

    points: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    curvatures: np.ndarray
    decrements: np.ndarray

    def put(self, which: np.ndarray, points: np.ndarray, values: np.ndarray, gradients: np.ndarray) -> Minima:
        """With some of the searches moved."""
        return replace(
            self,
            points=_put(self.points, which, points),
            values=_put(self.values, which, values),
            gradients=_put(self.gradients, which, gradients),
        )


def minimize_all(
    objectives: Objectives, starts: np.ndarray, lower: np.ndarray, curvature: np.ndarray, tolerance: float
) -> Minima:
    """Minimize each function by projected quasi-Newton steps, as `lmebridge.inference.descent.minimize` does one.

    Parameters
    ----------
    objectives : callable
        From points, one row a search, and the searches' numbers to values and gradients.
    starts : numpy.ndarray, shape (d, k)
        Where to start, within the bounds.
    lower : numpy.ndarray, shape (k,)
        Lower bounds.
    curvature : numpy.ndarray, shape (k, k)
        Second derivatives near the start.
    tolerance : float
        Twice the predicted distance to the minimum, in units of the functions, at which a search ends.

    Returns
    -------
    Minima
        The best points found; a decrement that is not below `tolerance` says that a search could not go on.
    """
    every = np.arange(len(starts))
    curvatures = np.repeat(positive(curvature)[None], len(starts), axis=0)
    found = Minima(starts, *objectives(starts, every), curvatures, np.full(len(starts), np.inf))
    going = every
    for _ in range(STEPS):
        steps, decrements = _newton(found, going, lower)
        found = replace(found, decrements=_put(found.decrements, going, decrements))
        far = decrements >= tolerance
        going, steps = going[far], steps[far]
        if not len(going):
            break
        moved, going = _line_search(objectives, found, going, steps, lower)
        found = _with_curvatures(moved, found, going)
    return found


def _put(array: np.ndarray, which: np.ndarray, values: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed[which] = values
    return changed


def _newton(found: Minima, going: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's steps among the parameters that may move, and their decrements; NaN becomes infinite."""
    gradients = found.gradients[going]
    free = (found.points[going] > lower) | (gradients < 0)
    slopes = np.where(free, gradients, 0.0)
    curvatures = np.where(free[:, :, None] & free[:, None, :], found.curvatures[going], np.eye(len(lower)))
    steps = -np.linalg.solve(curvatures, slopes[:, :, None])[:, :, 0]
    decrements = -np.sum(slopes * steps, axis=1)
    return steps, np.where(np.isnan(decrements), np.inf, decrements)


def _line_search(
    objectives: Objectives, found: Minima, going: np.ndarray, steps: np.ndarray, lower: np.ndarray
) -> tuple[Minima, np.ndarray]:
    """Each search moved by the first of its step and the halves that decreases its function enough; which moved."""
    moved, waiting, length = found, np.arange(len(going)), 1.0
    done = np.zeros(len(going), dtype=bool)
    for _ in range(HALVINGS):
        which = going[waiting]
        points = np.maximum(found.points[which] + length * steps[waiting], lower)
        promised = np.sum(found.gradients[which] * (points - found.points[which]), axis=1)
        values, gradients = objectives(points, which)
        good = (promised < 0) & (values <= found.values[which] + SUFFICIENT * promised)
        moved = moved.put(which[good], points[good], values[good], gradients[good])
        done[waiting[good]] = True
        waiting, length = waiting[~good], length / 2
        if not len(waiting):
            break
    return moved, going[done]


def _with_curvatures(moved: Minima, before: Minima, which: np.ndarray) -> Minima:
    """The curvatures updated as BFGS does it, with Powell's damping, which keeps them positive definite."""
    steps, changes = (moved.points - before.points)[which], (moved.gradients - before.gradients)[which]
    curvatures = before.curvatures[which]
    products = np.einsum("dij,dj->di", curvatures, steps)
    expected, found = np.sum(steps * products, axis=1), np.sum(steps * changes, axis=1)
    damped = found < 0.2 * expected
    share = np.where(damped, 0.8 * expected / np.where(damped, expected - found, 1.0), 1.0)[:, None]
    changes = share * changes + (1 - share) * products
    update = _outer(changes, np.sum(steps * changes, axis=1)) - _outer(products, expected)
    return replace(moved, curvatures=_put(before.curvatures, which, curvatures + update))


def _outer(vectors: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.asarray(vectors[:, :, None] * vectors[:, None, :] / lengths[:, None, None])
