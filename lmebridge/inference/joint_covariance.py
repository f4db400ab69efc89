"""The joint covariance of the fixed effects' estimates and the random effects' prediction errors, given theta.

Leverages and the standard errors of predictions are quadratic forms in it.

References
----------
Henderson (1975), Biometrics 31, 423-447; Bates, Maechler, Bolker & Walker (2015), J. Stat. Softw. 67(1), equation 56.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import csgraph

if TYPE_CHECKING:
    from lmebridge.backends._local import LocalEngine

#: Stored entries of one chunk of rows times the inverse: 128 MB.
CHUNK_ENTRIES = 16_000_000


@dataclass(frozen=True, eq=False, repr=False)
class JointCovariance:
    """The covariance of ``(b - b_hat, beta_hat)`` divided by sigma squared, in the pieces it is made of.

    Attributes
    ----------
    relative : scipy.sparse.csr_array, shape (q, q)
        Lambda, dimensionless.
    inverse : scipy.sparse.csr_array, shape (q, q)
        ``(Lambda'Z'WZ Lambda + I)^-1``, dense within each set of levels that the data connect.
    shift : numpy.ndarray, shape (q, p)
        Derivative of minus the conditional modes by the fixed effects.
    RX : numpy.ndarray, shape (p, p)
        Upper Cholesky factor of ``X'V^-1 X``.
    """

    relative: Any
    inverse: Any
    shift: np.ndarray
    RX: np.ndarray

    def variances(self, X: np.ndarray, Z: Any = None) -> np.ndarray:
        """Relative variances of ``X beta + Z b``, shape (m,); without `Z`, of ``X beta``."""
        if Z is None:
            return self._fixed_part(X)
        Z = sparse.csr_array(Z)
        spherical = sparse.csr_array(Z @ self.relative)
        return np.asarray(self._fixed_part(X - Z @ self.shift) + self._random_part(spherical))

    def _fixed_part(self, rows: np.ndarray) -> np.ndarray:
        half = linalg.solve_triangular(self.RX, rows.T, trans="T")
        return np.asarray(np.sum(half**2, axis=0))

    def _random_part(self, spherical: Any) -> np.ndarray:
        """Rows' quadratic forms in `inverse`, some rows at a time: the products may be dense."""
        widest = int(np.diff(self.inverse.indptr).max(initial=1))
        size = max(1, CHUNK_ENTRIES // (widest * max(1, int(np.diff(spherical.indptr).max(initial=1)))))
        starts = range(0, spherical.shape[0], size)
        chunks = [spherical[start : start + size] for start in starts]
        return np.concatenate([np.asarray((c @ self.inverse).multiply(c).sum(axis=1)).ravel() for c in chunks])


def joint_covariance(engine: LocalEngine) -> JointCovariance:
    """Joint covariance at the engine's theta.

    Parameters
    ----------
    engine : LocalEngine
        A solved problem.

    Returns
    -------
    JointCovariance
        In the order of lme4's ``b``.
    """
    relative, Z = sparse.csr_array(engine.getME("Lambda")), sparse.csr_array(engine.getME("Z"))
    X, weights = engine.design.X, np.asarray(engine.getME("weights"), dtype=float)
    spherical = sparse.csr_array(Z @ relative)
    weighted = sparse.csr_array(spherical.multiply(weights[:, None]))
    system = sparse.csr_array(spherical.T @ weighted) + sparse.eye_array(relative.shape[0], format="csr")
    inverse = block_inverse(sparse.csr_array(system))
    shift = np.asarray(relative @ (inverse @ (weighted.T @ X)))
    return JointCovariance(relative, inverse, shift, engine.solution.RX)


def block_inverse(matrix: Any) -> Any:
    """Inverse of a symmetric positive definite sparse matrix, dense within each connected component.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (q, q)
        Symmetric positive definite.

    Returns
    -------
    scipy.sparse.csr_array, shape (q, q)
        The inverse.
    """
    count, labels = csgraph.connected_components(matrix, directed=False)
    sizes = np.bincount(labels, minlength=count)
    members = np.argsort(labels, kind="stable")
    first = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    local = np.empty(len(labels), dtype=int)
    local[members] = np.arange(len(labels)) - np.repeat(first, sizes)
    pieces = [_inverses(matrix, labels, local, members, first, sizes, size) for size in np.unique(sizes)]
    rows, columns, values = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return sparse.csr_array(sparse.coo_array((values, (rows, columns)), shape=matrix.shape))


def _inverses(
    matrix: Any,
    labels: np.ndarray,
    local: np.ndarray,
    members: np.ndarray,
    first: np.ndarray,
    sizes: np.ndarray,
    size: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and values of the inverses of all components of one size."""
    chosen = np.flatnonzero(sizes == size)
    place = np.full(len(sizes), -1)
    place[chosen] = np.arange(len(chosen))
    entries = matrix.tocoo()
    own = place[labels[entries.row]] >= 0
    row, column, values = entries.row[own], entries.col[own], entries.data[own]
    blocks = np.zeros((len(chosen), size, size))
    blocks[place[labels[row]], local[row], local[column]] = values
    positions = members[first[chosen][:, None] + np.arange(size)]
    rows = np.broadcast_to(positions[:, :, None], blocks.shape).ravel()
    columns = np.broadcast_to(positions[:, None, :], blocks.shape).ravel()
    return rows, columns, np.linalg.inv(blocks).ravel()
