"""Where the search for theta starts, and how curved the criterion is there: moments instead of identities.

Each column of each factor is looked at alone. With orthogonalized columns z of mean square 1 and least-squares
residuals e of mean square s, ``sum over levels of (z'e)^2 / z'z`` is about ``levels s + variance (n - levels)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lmebridge.pls.blocks import CrossProducts

#: Range of the starting standard deviations relative to sigma; a start at zero could not leave it.
SMALLEST, LARGEST = 0.1, 10.0
#: Smallest share of the mean square that is taken to be residual.
RESIDUAL_SHARE = 0.05


def _levels(products: CrossProducts) -> list[tuple[np.ndarray, np.ndarray]]:
    """By factor, ``z'z`` and ``z'e`` of every level and column, each of shape (levels, q)."""
    transposed = products.root.transpose(0, 2, 1)
    found = [((products.root**2).sum(axis=1), (transposed @ products.coordinates[:, :, -1:])[:, :, 0])]
    if products.rest is None:
        return found
    explained = (products.inverse_root @ products.coordinates[:, :, -1:]).ravel()
    residuals = products.rest_fixed[:, -1] + products.cross.T @ explained
    squares, start = products.rest.diagonal(), 0
    for factor in products.factors[1:]:
        rows, shape = slice(start, start + factor.size), (factor.n_levels, factor.n_columns)
        found.append((squares[rows].reshape(shape), residuals[rows].reshape(shape)))
        start += factor.size
    return found


def _variance(squares: np.ndarray, sums: np.ndarray, mean_square: float) -> np.ndarray:
    """Moment estimates of the variances of one factor's columns, shape (q,)."""
    safe = np.where(squares > 0, squares, 1.0)
    between = (sums**2 / safe).sum(axis=0)
    total, levels = squares.sum(axis=0), len(squares)
    return np.asarray(np.maximum(between - levels * mean_square, 0.0) / np.maximum(total - levels, 1.0))


def start(products: CrossProducts, n: int) -> np.ndarray:
    """The optimizer's parameters from moments, Lambda diagonal; shape (n_theta,), dimensionless."""
    mean_square = (products.fixed[-1, -1] + np.sum(products.coordinates[:, :, -1] ** 2)) / n
    variances = [_variance(squares, sums, mean_square) for squares, sums in _levels(products)]
    residual = max(mean_square - sum(v.sum() for v in variances), RESIDUAL_SHARE * mean_square)
    parameters = np.zeros(sum(len(factor.positions) for factor in products.factors))
    for factor, variance in zip(products.factors, variances, strict=True):
        diagonal = np.clip(np.sqrt(variance / residual), SMALLEST, LARGEST) if residual > 0 else np.ones_like(variance)
        parameters[factor.positions] = np.diag(diagonal)[factor.rows, factor.columns]
    return parameters


def curvatures(products: CrossProducts, parameters: np.ndarray) -> np.ndarray:
    """Expected second derivative of the criterion by each parameter, its factor and columns alone; shape (n_theta,)."""
    curvature = np.empty_like(parameters)
    for factor, (squares, _) in zip(products.factors, _levels(products), strict=True):
        diagonal = np.maximum(np.abs(np.diagonal(factor.template(parameters))), SMALLEST)
        shares = squares / (1.0 + diagonal**2 * squares)
        pairs = shares.T @ shares * diagonal**2
        curvature[factor.positions] = (2.0 * pairs * (1.0 + np.eye(len(diagonal))))[factor.rows, factor.columns]
    return np.asarray(np.maximum(curvature, 1e-8))
