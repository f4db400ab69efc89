"""Problems that differ from one another in the response alone: only what depends on it is computed anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from lmebridge.backends._local import LocalEngine
from lmebridge.pls.stacked import Stack
from lmebridge.pls.triangular import solve_triangular

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lmebridge.pls.blocks import CrossProducts, Factor
    from lmebridge.pls.solution import Problem


class Responses:
    """A problem whose response can be exchanged at the cost of a few passes over the rows.

    Parameters
    ----------
    task : Problem
        The problem; its model matrices, weights and offset are those of all that come of it.
    """

    def __init__(self, task: Problem) -> None:
        parts, p = task.products.factors, task.n_fixed
        self._task = task
        self._root = None if task.weights is None else np.sqrt(task.weights)
        self._orthonormal = solve_triangular(task.triangle, self._weighted(task.X).T, transposed=True).T
        self._left = self._orthonormal - self._explained(task.products.coordinates[:, :, :p])
        self._others = sparse.hstack([f.sparse_matrix() for f in parts[1:]], format="csc").T if parts[1:] else None

    def problem(self, y: np.ndarray) -> Problem:
        """The same problem with response `y`, shape (n,), units of the response."""
        projections, residual = self._project(self._weighted(y - self._task.offset))
        products = self._products(residual)
        return replace(self._task, y=y, products=products, projections=projections)

    def _weighted(self, rows: np.ndarray) -> np.ndarray:
        if self._root is None:
            return rows
        return np.asarray(rows * (self._root if rows.ndim == 1 else self._root[:, None]))

    def _explained(self, coordinates: np.ndarray) -> np.ndarray:
        """Rows of what the first factor's columns explain, shape (n, c), from coordinates (l, q, c)."""
        head: Factor = self._task.products.factors[0]
        effects = self._task.products.inverse_root @ coordinates
        return np.asarray(np.einsum("nq,nqc->nc", head.matrix, effects[head.codes]))

    def _project(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Least-squares coefficients and residual, done twice against rounding."""
        first = self._orthonormal.T @ y
        residual = y - self._orthonormal @ first
        second = self._orthonormal.T @ residual
        return first + second, residual - self._orthonormal @ second

    def _products(self, residual: np.ndarray) -> CrossProducts:
        products, p = self._task.products, self._task.n_fixed
        column = residual[:, None]
        own = products.inverse_root.transpose(0, 2, 1) @ products.factors[0].level_sums(column)
        left = residual - self._explained(own)[:, 0]
        coordinates, fixed, rest_fixed = products.coordinates.copy(), products.fixed.copy(), products.rest_fixed.copy()
        coordinates[:, :, p:] = own
        fixed[:p, p] = fixed[p, :p] = self._left.T @ left
        fixed[p, p] = left @ left
        if self._others is not None:
            rest_fixed[:, p] = self._others @ left
        return replace(products, coordinates=coordinates, fixed=fixed, rest_fixed=rest_fixed)


def stacked(problems: Sequence[Problem]) -> Stack:
    """What the stacked criterion needs of problems that differ in the response alone and have one grouping factor."""
    p, products = problems[0].n_fixed, [task.products for task in problems]
    return Stack(
        np.stack([own.coordinates[:, :, p].T for own in products], axis=-1),
        np.stack([own.fixed[:p, p] for own in products], axis=-1),
        np.array([own.fixed[p, p] for own in products]),
    )


@dataclass(frozen=True, eq=False, repr=False)
class RefittedEngine(LocalEngine):
    """A model solved for a response that is not in its model frame."""

    def frame(self) -> pd.DataFrame:
        """The model frame with the response that was fitted."""
        frame = self.design.frame.copy()
        frame[frame.columns[0]] = self.design.y
        return frame
