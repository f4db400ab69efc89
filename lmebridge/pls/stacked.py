"""The criterion of many responses at once, each at its own Lambda: the same formulas with one more axis.

Models of one grouping factor alone, whose decomposition is a small matrix a level. The axes are (rows, columns, levels,
responses), the small ones first, so that numpy's inner loop runs over levels and responses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lmebridge.pls.solution import Problem


@dataclass(frozen=True, eq=False, repr=False)
class Stack:
    """What the criterion needs of d responses.

    Attributes
    ----------
    coordinates : numpy.ndarray, shape (q, l, d)
        The responses' residuals in each level's orthonormal basis, `CrossProducts.coordinates`.
    fixed : numpy.ndarray, shape (p, d)
        Cross-products of what the factor leaves of the fixed effects' columns and of the responses.
    squares : numpy.ndarray, shape (d,)
        Squared lengths of what the factor leaves of the responses.
    """

    coordinates: np.ndarray
    fixed: np.ndarray
    squares: np.ndarray

    def take(self, which: np.ndarray) -> Stack:
        """The responses with these numbers."""
        return Stack(self.coordinates[:, :, which], self.fixed[:, which], self.squares[which])


def can_stack(task: Problem) -> bool:
    """Whether the problem has one grouping factor alone."""
    return len(task.products.factors) == 1


def swept(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses and log determinants of symmetric positive definite matrices, by Gauss-Jordan sweeps.

    Parameters
    ----------
    matrices : numpy.ndarray, shape (k, k, ...)
        The matrices along the first two axes.

    Returns
    -------
    inverse : numpy.ndarray, shape (k, k, ...)
        NaN or senseless where a matrix is not positive definite.
    logdet : numpy.ndarray, shape (...)
        NaN where a pivot is not positive.

    References
    ----------
    Goodnight (1979), A tutorial on the SWEEP operator, The American Statistician 33(3).

    Examples
    --------
    >>> inverse, logdet = swept(np.array([[2.0, 1.0], [1.0, 1.0]])[:, :, None])
    >>> inverse[:, :, 0].tolist(), logdet.tolist()
    ([[1.0, -1.0], [-1.0, 2.0]], [0.0])
    """
    work, logdet = matrices.copy(), np.zeros(matrices.shape[2:])
    for k in range(len(work)):
        pivot = work[k, k].copy()
        logdet += np.log(pivot)
        row = work[k] / pivot
        column = work[:, k].copy()
        work -= column[:, None] * row[None]
        work[k], work[:, k] = row, -column / pivot
        work[k, k] = 1.0 / pivot
    return work, logdet


class StackedCriterion:
    """The criterion of one problem's matrices with many responses.

    Parameters
    ----------
    task : Problem
        A problem of one grouping factor; its response is not used.
    """

    def __init__(self, task: Problem) -> None:
        products, p = task.products, task.n_fixed
        (self._factor,) = products.factors
        self._task = task
        self._root = np.moveaxis(products.root, 0, -1)
        self._columns = np.moveaxis(products.coordinates[:, :, :p], 0, -1)
        self._left = products.fixed[:p, :p, None]
        self._constant = 2.0 * float(np.log(np.diagonal(task.triangle)).sum()) if task.REML else 0.0

    @property
    def entries(self) -> int:
        """Entries that the largest arrays have for each response."""
        levels, width = self._factor.n_levels, self._factor.n_columns
        return max(len(self._task.y), levels * width * (width + self._task.n_fixed + 1))

    def __call__(self, parameters: np.ndarray, stack: Stack) -> tuple[np.ndarray, np.ndarray]:
        """Criteria and gradients.

        Parameters
        ----------
        parameters : numpy.ndarray, shape (d, n_theta)
            The optimizer's parameters, one row a response.
        stack : Stack
            The responses.

        Returns
        -------
        values : numpy.ndarray, shape (d,)
            NaN where there is none.
        gradients : numpy.ndarray, shape (d, n_theta)
            Derivatives by the parameters.
        """
        values, duals = self.with_duals(parameters, stack)
        slopes = 2.0 * duals @ self._templates(parameters)
        gradients = np.empty_like(parameters)
        gradients[:, self._factor.positions] = slopes[:, self._factor.rows, self._factor.columns]
        return values, gradients

    def with_duals(self, parameters: np.ndarray, stack: Stack) -> tuple[np.ndarray, np.ndarray]:
        """Criteria, and their derivatives by ``Lambda Lambda'``, shape (d, q, q)."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return self._evaluated(np.moveaxis(self._templates(parameters), 0, -1), stack)

    def _templates(self, parameters: np.ndarray) -> np.ndarray:
        width = self._factor.n_columns
        templates = np.zeros((len(parameters), width, width))
        templates[:, self._factor.rows, self._factor.columns] = parameters[:, self._factor.positions]
        return templates

    def _evaluated(self, templates: np.ndarray, stack: Stack) -> tuple[np.ndarray, np.ndarray]:
        scaled = _product("ijl,jkd->ikld", self._root, templates)
        outer, logdets = swept(np.eye(len(templates))[:, :, None, None] + _product("ijld,kjld->ikld", scaled, scaled))
        weighted = _product("ijld,jcl->icld", outer, self._columns)
        weighted_y = _product("ijld,jld->ild", outer, stack.coordinates)
        gram = self._left + _product("jal,jbld->abd", self._columns, weighted)
        cross = stack.fixed + _product("jal,jld->ad", self._columns, weighted_y)
        inverse, ldRX2 = swept(gram)
        gamma = _product("abd,bd->ad", inverse, cross)
        squares = stack.squares + _product("jld,jld->d", stack.coordinates, weighted_y)
        pwrss = squares - _product("ad,ad->d", cross, gamma)
        spread = weighted_y - _product("iald,ad->ild", weighted, gamma)
        values = self._value(logdets.sum(axis=0), ldRX2, pwrss)
        return values, self._duals(outer, weighted, spread * np.sqrt(self._task.degrees_of_freedom / pwrss), inverse)

    def _value(self, ldL2: np.ndarray, ldRX2: np.ndarray, pwrss: np.ndarray) -> np.ndarray:
        df = self._task.degrees_of_freedom
        values = ldL2 + df * (1.0 + np.log(2.0 * np.pi * pwrss / df)) - self._task.log_weights
        return np.asarray(values + ldRX2 + self._constant if self._task.REML else values)

    def _duals(self, outer: np.ndarray, weighted: np.ndarray, spread: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """``sum of R'(O - s s' - W G W')R`` over levels: one (q, q) matrix a response, shape (d, q, q)."""
        inner = outer - spread[:, None] * spread[None]
        if self._task.REML:
            inner -= _product("iald,kald->ikld", _product("iald,abd->ibld", weighted, inverse), weighted)
        duals = _product("jil,jkld,kml->dim", self._root, inner, self._root)
        return np.asarray((duals + duals.transpose(0, 2, 1)) / 2.0)


def _product(subscripts: str, *arrays: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum(subscripts, *arrays))
