"""Factorizations of the Schur complement that is left when the largest grouping factor is eliminated.

The matrix is symmetric and positive definite. Three shapes occur, each with a factorization of its own:

* one connected component, as two or more crossed factors give: a dense Cholesky factor;
* many small connected components, as nested factors give: batches of dense Cholesky factors;
* one large component with few entries: a sparse factor, without an inverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import linalg, sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Rows of a component up to which a dense factor is always used: 72 MB, and a second to invert.
DENSE_ROWS = 3_000
#: Rows up to which a component that is densely filled is still treated as dense: 1.2 GB.
DENSE_ROWS_WHEN_FULL = 12_000
#: Share of non-zero entries above which a sparse factor gains nothing.
FULL = 0.2
#: Entries of all components' dense squares together, up to which they are factored in batches (400 MB).
BATCH_ENTRIES = 50_000_000


class SchurFactor(Protocol):
    """A factored Schur complement S of shape (m, m)."""

    logdet: float

    def solve(self, right: np.ndarray) -> np.ndarray:
        """``S^-1 right`` for `right` of shape (m, c)."""

    def inverse(self) -> Any:
        """``S^-1``, dense or sparse as S was; NotImplementedError where it would not fit in memory."""


def as_dense(matrix: Any) -> np.ndarray:
    """The matrix as a dense array, whether it is sparse or not."""
    return matrix if isinstance(matrix, np.ndarray) else np.asarray(matrix.toarray())


class DenseFactor:
    """Cholesky factor of one dense matrix."""

    def __init__(self, matrix: Any) -> None:
        self._lower = linalg.cholesky(as_dense(matrix), lower=True, check_finite=False)
        self.logdet = 2.0 * float(np.log(np.diagonal(self._lower)).sum())

    def solve(self, right: np.ndarray) -> np.ndarray:
        """``S^-1 right``."""
        return np.asarray(linalg.cho_solve((self._lower, True), right, check_finite=False))

    def inverse(self) -> np.ndarray:
        """``S^-1`` as a dense array, from LAPACK's potri, which fills one triangle."""
        lower, _ = linalg.lapack.dpotri(self._lower, lower=1)
        whole = np.ascontiguousarray(lower + lower.T)
        whole[np.diag_indices_from(whole)] /= 2
        return whole


@dataclass(frozen=True)
class Layout:
    """Where each entry of a block-diagonal matrix lies in one flat buffer of padded square blocks.

    Attributes
    ----------
    base, size, local : numpy.ndarray, shape (m,)
        By row: the first position of its block, the block's padded size, the row's place in the block.
    batches : tuple of (int, int, int)
        First position, number and size of the blocks of equal padded size.
    padding : numpy.ndarray
        Positions on the diagonal that no row owns; they hold 1.
    indptr, indices, positions : numpy.ndarray
        The inverse's sparse pattern and the buffer's positions of its entries.
    """

    base: np.ndarray
    size: np.ndarray
    local: np.ndarray
    batches: tuple[tuple[int, int, int], ...]
    padding: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    positions: np.ndarray

    @property
    def entries(self) -> int:
        """Length of the buffer."""
        first, count, size = self.batches[-1]
        return first + count * size**2


def _padded_sizes(sizes: np.ndarray) -> np.ndarray:
    """By component, the largest size of its octave (1, 2, 3-4, 5-8, ...): few batches, little padding."""
    octave = np.ceil(np.log2(sizes)).astype(int)
    largest = np.zeros(octave.max() + 1, dtype=int)
    np.maximum.at(largest, octave, sizes)
    return np.asarray(largest[octave])


def _inverse_pattern(labels: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pattern (indptr, indices) of a matrix that is full within each component, columns sorted."""
    members = np.argsort(labels, kind="stable")
    first = np.concatenate(([0], np.cumsum(sizes)))[labels]
    lengths = sizes[labels]
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)
    return indptr, members[np.repeat(first, lengths) + within]


def layout(labels: np.ndarray) -> Layout:
    """Layout of a block-diagonal matrix whose row i belongs to the component ``labels[i]``.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (m,)
        Component of each row, from 0.

    Returns
    -------
    Layout
        Positions of the entries.
    """
    sizes = np.bincount(labels)
    padded = _padded_sizes(sizes)
    order = np.argsort(padded, kind="stable")
    starts = np.empty_like(padded)
    starts[order] = np.concatenate(([0], np.cumsum(padded[order] ** 2)[:-1]))
    members = np.argsort(labels, kind="stable")
    local = np.empty(len(labels), dtype=int)
    local[members] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    indptr, indices = _inverse_pattern(labels, sizes)
    rows = np.repeat(np.arange(len(labels)), np.diff(indptr))
    base, size = starts[labels], padded[labels]
    return Layout(
        base,
        size,
        local,
        _batches(padded[order]),
        _padding(starts, sizes, padded),
        indptr,
        indices,
        base[rows] + local[rows] * size[rows] + local[indices],
    )


def _batches(sorted_sizes: np.ndarray) -> tuple[tuple[int, int, int], ...]:
    sizes, counts = np.unique(sorted_sizes, return_counts=True)
    starts = np.concatenate(([0], np.cumsum(counts * sizes**2)[:-1]))
    return tuple((int(a), int(c), int(s)) for a, c, s in zip(starts, counts, sizes, strict=True))


def _padding(starts: np.ndarray, sizes: np.ndarray, padded: np.ndarray) -> np.ndarray:
    missing = padded - sizes
    within = np.arange(missing.sum()) - np.repeat(np.cumsum(missing) - missing, missing)
    diagonal = np.repeat(sizes, missing) + within
    return np.asarray(np.repeat(starts, missing) + diagonal * (np.repeat(padded, missing) + 1))


class BatchedFactor:
    """Cholesky factors of a block-diagonal matrix, blocks of similar size together."""

    def __init__(self, matrix: Any, where: Layout) -> None:
        entries = matrix.tocoo()
        flat = np.zeros(where.entries)
        flat[
            where.base[entries.row] + where.local[entries.row] * where.size[entries.row] + where.local[entries.col]
        ] = entries.data
        flat[where.padding] = 1.0
        self._where = where
        self._blocks = [flat[a : a + c * s**2].reshape(c, s, s) for a, c, s in where.batches]
        lowers = [np.linalg.cholesky(block) for block in self._blocks]
        self.logdet = 2.0 * sum(float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum()) for lower in lowers)
        self._inverse: sparse.csr_array | None = None

    def solve(self, right: np.ndarray) -> np.ndarray:
        """``S^-1 right``."""
        return np.asarray(self.inverse() @ right)

    def inverse(self) -> sparse.csr_array:
        """``S^-1``, sparse with every component full."""
        if self._inverse is None:
            flat = np.concatenate([np.linalg.inv(block).ravel() for block in self._blocks])
            where, rows = self._where, len(self._where.base)
            parts = (flat[where.positions], where.indices, where.indptr)
            self._inverse = sparse.csr_array(parts, shape=(rows, rows))
        return self._inverse


class SparseFactor:
    """Sparse factor of a large matrix with few entries: SuperLU without pivoting, ordered by minimum degree."""

    def __init__(self, matrix: Any) -> None:
        from scipy.sparse.linalg import splu

        self._factor = splu(
            sparse.csc_matrix(matrix),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        self.logdet = float(np.log(self._factor.U.diagonal()).sum())

    def solve(self, right: np.ndarray) -> np.ndarray:
        """``S^-1 right``."""
        return np.asarray(self._factor.solve(np.ascontiguousarray(right)))

    def inverse(self) -> Any:
        """Always NotImplementedError: the inverse of a large connected matrix is full."""
        raise NotImplementedError("the inverse of a large connected Schur complement is not formed")


@dataclass(frozen=True)
class Strategy:
    """How the Schur complements of one problem are factored.

    Attributes
    ----------
    kind : str
        ``"dense"``, ``"batched"`` or ``"sparse"``.
    where : Layout or None
        For ``"batched"``, where the entries go.
    """

    kind: str
    where: Layout | None = None

    @property
    def has_inverse(self) -> bool:
        """Whether the inverse can be formed, so that the criterion has an analytic gradient."""
        return self.kind != "sparse"

    def factor(self, matrix: Any) -> SchurFactor:
        """Factor one Schur complement."""
        if self.where is not None:
            return BatchedFactor(matrix, self.where)
        return DenseFactor(matrix) if self.kind == "dense" else SparseFactor(matrix)


def components(edges: Sequence[tuple[np.ndarray, np.ndarray]], n_nodes: int) -> np.ndarray:
    """Connected component of each node of the graph with these `edges`, shape (n_nodes,)."""
    from scipy.sparse.csgraph import connected_components

    tails = np.concatenate([tail for tail, _ in edges])
    heads = np.concatenate([head for _, head in edges])
    graph = sparse.coo_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(n_nodes, n_nodes))
    return np.asarray(connected_components(graph.tocsr(), directed=False)[1])


def strategy(labels: np.ndarray, share_filled: float) -> Strategy:
    """The factorization that suits a matrix with these components.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (m,)
        Component of each row.
    share_filled : float
        Share of the matrix's entries that are not zero, dimensionless.

    Returns
    -------
    Strategy
        Dense, batched or sparse.
    """
    _, compact, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(sizes) == 1:
        limit = DENSE_ROWS_WHEN_FULL if share_filled > FULL else DENSE_ROWS
        return Strategy("dense" if sizes[0] <= limit else "sparse")
    if sizes.max() <= DENSE_ROWS and np.sum(_padded_sizes(sizes) ** 2) <= BATCH_ENTRIES:
        return Strategy("batched", layout(compact))
    return Strategy("sparse")
