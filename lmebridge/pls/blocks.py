"""The random-effects side of the penalized least-squares problem: cross-products and their block Cholesky factor.

Blocks of one grouping factor (as `||` gives) lie side by side in one `Factor`. The columns of each block are brought
to a common scale and made orthogonal, ``Z = Z~ T`` with T lower triangular, so that ``Lambda~ = T Lambda`` is lower
triangular too and has zeros where Lambda has them. The largest factor is eliminated level by level; what remains of the
others is a Schur complement (`lmebridge.pls.schur`). Each decomposition costs what the levels cost, not the rows.

The fixed effects' columns and the response are split at each level of the largest factor into a part in the span of its
columns, in orthonormal coordinates, and the rest. So no precision is lost where the factor explains nearly everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import linalg, sparse

from lmebridge.pls.schur import DENSE_ROWS, Strategy, as_dense, components, strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.pls.schur import SchurFactor

#: One sparse product costs as much as this many dense ones, entry for entry (measured: 10 ns against 0.1 ns).
SPARSE_COST = 100
#: Eigenvalues of one level's ``Z1'Z1`` below this share of the largest are zero: the level has too few rows.
SPAN_TOLERANCE = 1e-12
#: Largest dense copy of the cross-products between the first factor and the others: 256 MB.
DENSE_CROSS_ENTRIES = 32_000_000


class Block(Protocol):
    """What is needed of one random-effects block; `lmebridge.design.build.RandomBlock` has it."""

    @property
    def group(self) -> str:
        """Name of the grouping factor."""

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of the grouping factor."""

    @property
    def codes(self) -> np.ndarray:
        """Level of each row, from 0, shape (n,)."""

    @property
    def matrix(self) -> np.ndarray:
        """Columns of the effects, shape (n, q)."""


@dataclass(frozen=True, eq=False, repr=False)
class Factor:
    """All blocks of one grouping factor side by side.

    Attributes
    ----------
    blocks : tuple of int
        Positions of the blocks in the model's order.
    starts : tuple of int
        First column of each block, and the number of columns.
    codes : numpy.ndarray of int, shape (n,)
        Level of each row.
    n_levels : int
        Number of levels.
    matrix : numpy.ndarray, shape (n, q)
        Orthogonalized columns, rows multiplied by the square root of the prior weights.
    transform : numpy.ndarray, shape (q, q)
        T, lower triangular: the raw columns are ``matrix @ transform``.
    rows, columns, positions : numpy.ndarray of int
        Which entry of Lambda (q, q) is which element of theta.
    """

    blocks: tuple[int, ...]
    starts: tuple[int, ...]
    codes: np.ndarray
    n_levels: int
    matrix: np.ndarray
    transform: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    positions: np.ndarray

    @property
    def n_columns(self) -> int:
        """Columns a level, q."""
        return int(self.transform.shape[0])

    @property
    def size(self) -> int:
        """Random effects, levels times columns."""
        return self.n_levels * self.n_columns

    def template(self, parameters: np.ndarray) -> np.ndarray:
        """Lambda of one level, shape (q, q), from theta (raw) or its orthogonalized counterpart."""
        matrix = np.zeros((self.n_columns, self.n_columns))
        matrix[self.rows, self.columns] = parameters[self.positions]
        return matrix

    def sparse_matrix(self) -> sparse.csr_array:
        """Z of this factor, levels outermost, shape (n, size)."""
        rows, width = self.matrix.shape
        indices = (self.codes[:, None] * width + np.arange(width)).ravel()
        indptr = np.arange(rows + 1) * width
        return sparse.csr_array((self.matrix.ravel(), indices, indptr), shape=(rows, self.size))

    def level_sums(self, columns: np.ndarray) -> np.ndarray:
        """``Z' columns`` for `columns` of shape (n, c), as shape (n_levels, q, c)."""
        sums = np.empty((self.n_levels, self.n_columns, columns.shape[1]))
        for i in range(self.n_columns):
            for k in range(columns.shape[1]):
                sums[:, i, k] = np.bincount(self.codes, self.matrix[:, i] * columns[:, k], self.n_levels)
        return sums


def _triangle(q: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a lower triangle in theta's order, by columns."""
    columns, rows = np.triu_indices(q)
    return rows, columns


def _transform(matrix: np.ndarray) -> np.ndarray:
    """Lower-triangular T such that ``matrix @ inv(T)`` has orthogonal columns of mean square 1."""
    gram = matrix.T @ matrix / len(matrix)
    scale = np.sqrt(np.diagonal(gram))
    scale = np.where(scale > 0, scale, 1.0)
    unit = gram / np.outer(scale, scale)
    if matrix.shape[1] == 1 or np.linalg.eigvalsh(unit)[0] < 1e-12:
        return np.diag(scale)
    flipped = np.linalg.cholesky(unit[::-1, ::-1])
    return np.asarray(flipped.T[::-1, ::-1] * scale)


def _factor(members: Sequence[int], blocks: Sequence[Block], root_weights: np.ndarray | None) -> Factor:
    widths = [block.matrix.shape[1] for block in blocks]
    theta_starts = np.concatenate(([0], np.cumsum([q * (q + 1) // 2 for q in widths])))
    starts = np.concatenate(([0], np.cumsum([widths[i] for i in members]))).astype(int)
    weighted = [_weighted(np.asarray(blocks[i].matrix, dtype=float), root_weights) for i in members]
    transforms = [_transform(matrix) for matrix in weighted]
    scaled = [m @ np.linalg.inv(t) for t, m in zip(transforms, weighted, strict=True)]
    places = [(*_triangle(widths[i]), start) for i, start in zip(members, starts[:-1], strict=True)]
    return Factor(
        blocks=tuple(members),
        starts=tuple(int(s) for s in starts),
        codes=np.asarray(blocks[members[0]].codes),
        n_levels=len(blocks[members[0]].levels),
        matrix=np.ascontiguousarray(np.hstack(scaled)),
        transform=linalg.block_diag(*transforms),
        rows=np.concatenate([rows + start for rows, _, start in places]),
        columns=np.concatenate([columns + start for _, columns, start in places]),
        positions=np.concatenate([np.arange(theta_starts[i], theta_starts[i + 1]) for i in members]),
    )


def _weighted(matrix: np.ndarray, root_weights: np.ndarray | None) -> np.ndarray:
    return matrix if root_weights is None else matrix * root_weights[:, None]


def factors(blocks: Sequence[Block], root_weights: np.ndarray | None = None) -> tuple[Factor, ...]:
    """The grouping factors of a model, the one with most random effects first.

    Parameters
    ----------
    blocks : sequence of Block
        The model's random-effects blocks, in the model's order.
    root_weights : numpy.ndarray, shape (n,), optional
        Square roots of the prior weights, dimensionless.

    Returns
    -------
    tuple of Factor
        In the order of elimination.
    """
    groups: dict[str, list[int]] = {}
    for position, block in enumerate(blocks):
        groups.setdefault(block.group, []).append(position)
    found = [_factor(members, blocks, root_weights) for members in groups.values()]
    return tuple(sorted(found, key=lambda factor: -factor.size))


@dataclass(frozen=True, eq=False, repr=False)
class CrossProducts:
    """Everything that a decomposition needs of the data.

    Attributes
    ----------
    factors : tuple of Factor
        The grouping factors, the first one eliminated first.
    root, inverse_root : numpy.ndarray, shape (l, q, q)
        By level of the first factor, R with ``R'R = Z1'Z1`` and its pseudoinverse.
    coordinates : numpy.ndarray, shape (l, q, p + 1)
        By level, F in the orthonormal basis ``Z1 inverse_root``; F holds the fixed effects' columns and the response.
    cross : array, shape (l q, m), or None
        ``Z1'Z2``, dense or sparse, Z2 being all other factors.
    rest : array, shape (m, m), or None
        ``Z2'Z2``, dense or sparse.
    rest_fixed : numpy.ndarray, shape (m, p + 1)
        ``Z2'W``, where W is what the first factor's columns leave of F.
    fixed : numpy.ndarray, shape (p + 1, p + 1)
        ``W'W``.
    plan : Strategy
        How the Schur complement of `rest` is factored.
    """

    factors: tuple[Factor, ...]
    root: np.ndarray
    inverse_root: np.ndarray
    coordinates: np.ndarray
    cross: Any
    rest: Any
    rest_fixed: np.ndarray
    fixed: np.ndarray
    plan: Strategy


def cross_products(parts: tuple[Factor, ...], fixed_columns: np.ndarray) -> CrossProducts:
    """Compute the cross-products of the `parts` with each other and with `fixed_columns`, shape (n, p + 1)."""
    head, others = parts[0], parts[1:]
    root, inverse_root = _roots(head.level_sums(head.matrix))
    coordinates = inverse_root.transpose(0, 2, 1) @ head.level_sums(fixed_columns)
    left = fixed_columns - _on_rows(head, inverse_root @ coordinates)
    first = (parts, root, inverse_root, coordinates)
    if not others:
        return CrossProducts(*first, None, None, np.zeros((0, left.shape[1])), left.T @ left, Strategy("dense"))
    z1, z2 = head.sparse_matrix(), sparse.hstack([factor.sparse_matrix() for factor in others], format="csr")
    cross: Any = sparse.csr_array(z1.T @ z2)
    rest: Any = sparse.csr_array(z2.T @ z2)
    plan = _plan(parts, cross, rest)
    if plan.kind == "dense":
        rest = rest.toarray()
        cross = cross.toarray() if _better_dense(cross) else cross
    return CrossProducts(*first, cross, rest, z2.T @ left, left.T @ left, plan)


def _roots(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R with ``R'R`` the given symmetric matrices, shape (l, q, q), and pseudoinverses of R."""
    if squares.shape[1] == 1:
        root = np.sqrt(squares)
        return root, np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    values, vectors = np.linalg.eigh(squares)
    scale = np.sqrt(np.where(values > SPAN_TOLERANCE * values[:, -1:], values, 0.0))[:, :, None]
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    return scale * vectors.transpose(0, 2, 1), vectors * inverse.transpose(0, 2, 1)


def _on_rows(factor: Factor, effects: np.ndarray) -> np.ndarray:
    """``Z effects`` for `effects` of shape (levels, q, c), shape (n, c)."""
    return np.column_stack(
        [np.sum(factor.matrix * effects[factor.codes, :, k], axis=1) for k in range(effects.shape[2])]
    )


def _plan(parts: tuple[Factor, ...], cross: sparse.csr_array, rest: sparse.csr_array) -> Strategy:
    """Strategy from the connected components of the levels of all factors."""
    offsets = np.concatenate(([0], np.cumsum([factor.n_levels for factor in parts])))
    nodes = [factor.codes + offset for factor, offset in zip(parts, offsets[:-1], strict=True)]
    labels = components([(nodes[0], other) for other in nodes[1:]], int(offsets[-1]))
    widths = np.concatenate([np.full(factor.n_levels, factor.n_columns) for factor in parts[1:]])
    rows = np.repeat(labels[offsets[1] :], widths)
    share = 1.0 if len(rows) <= DENSE_ROWS else _share_filled(cross, rest)
    return strategy(rows, share)


def _share_filled(cross: sparse.csr_array, rest: sparse.csr_array) -> float:
    pattern = abs(cross.T) @ abs(cross) + abs(rest)
    return float(pattern.nnz / np.prod(pattern.shape, dtype=float))


def _better_dense(cross: sparse.csr_array) -> bool:
    rows, columns = cross.shape
    sparse_work = float(np.sum(np.diff(cross.indptr).astype(float) ** 2))
    return SPARSE_COST * sparse_work > rows * columns**2 and rows * columns <= DENSE_CROSS_ENTRIES


def block_diagonal(blocks: np.ndarray) -> sparse.csr_array:
    """Sparse matrix with the given blocks, shape (l, q, q), on its diagonal."""
    n, q, _ = blocks.shape
    indices = (np.arange(n)[:, None, None] * q + np.broadcast_to(np.arange(q), (q, q))).ravel()
    return sparse.csr_array((blocks.ravel(), indices, np.arange(n * q + 1) * q), shape=(n * q, n * q))


def scale_rows(blocks: np.ndarray, matrix: Any) -> Any:
    """``block_diagonal(blocks) @ matrix`` for a dense or sparse `matrix` of shape (l q, m)."""
    n, q, _ = blocks.shape
    if isinstance(matrix, np.ndarray):
        return (blocks @ matrix.reshape(n, q, -1)).reshape(n * q, -1)
    return block_diagonal(blocks) @ matrix


def _inverse(matrices: np.ndarray) -> tuple[np.ndarray, float]:
    """Inverses of symmetric positive definite `matrices`, shape (l, q, q), and the sum of their log determinants."""
    if matrices.shape[1] == 1:
        return 1.0 / matrices, float(np.log(matrices).sum())
    lower = np.linalg.cholesky(matrices)
    return np.linalg.inv(matrices), 2.0 * float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum())


@dataclass(frozen=True, eq=False, repr=False)
class Decomposition:
    """The system at one Lambda: ``A = Lambda'Z'Z Lambda + I`` factored, everything in orthogonalized columns.

    Attributes
    ----------
    products : CrossProducts
        What was decomposed.
    templates : tuple of numpy.ndarray
        Lambda of one level, by factor.
    inverse : numpy.ndarray, shape (l, q, q)
        ``(Lambda1'Z1'Z1 Lambda1 + I)^-1`` by level of the first factor.
    shrunk : numpy.ndarray, shape (l, q, q)
        ``R'(R Lambda1 Lambda1'R' + I)^-1`` by level: from coordinates to ``Z1'V1^-1``.
    lambda_rest : sparse array, shape (m, m), or None
        Lambda of the other factors.
    product : array, shape (m, m), or None
        ``Z2'V1^-1 Z2 Lambda2``, with ``V1 = I + Z1 Lambda1 Lambda1'Z1'``.
    schur : SchurFactor or None
        Factor of ``S = I + Lambda2'Z2'V1^-1 Z2 Lambda2``.
    rest_fixed : numpy.ndarray, shape (m, p + 1)
        ``Z2'V1^-1 F``.
    fixed : numpy.ndarray, shape (p + 1, p + 1)
        ``F'V^-1 F``.
    logdet : float
        log determinant of A.
    """

    products: CrossProducts
    templates: tuple[np.ndarray, ...]
    inverse: np.ndarray
    shrunk: np.ndarray
    lambda_rest: Any
    product: Any
    schur: SchurFactor | None
    rest_fixed: np.ndarray
    fixed: np.ndarray
    logdet: float

    @property
    def spread(self) -> np.ndarray:
        """``B = Lambda1 (Lambda1'Z1'Z1 Lambda1 + I)^-1 Lambda1'`` by level, shape (l, q, q)."""
        return np.asarray(self.templates[0] @ self.inverse @ self.templates[0].T)


def decompose(products: CrossProducts, templates: tuple[np.ndarray, ...]) -> Decomposition:
    """Factor the system at the Lambda whose levels' `templates` (in orthogonalized columns) are given."""
    root, coordinates = products.root, products.coordinates
    scaled = root @ templates[0]
    unit = np.eye(scaled.shape[1])
    inverse, logdet = _inverse(unit + scaled.transpose(0, 2, 1) @ scaled)
    outer, _ = _inverse(unit + scaled @ scaled.transpose(0, 2, 1))
    shrunk = root.transpose(0, 2, 1) @ outer
    weighted = outer @ coordinates
    width = coordinates.shape[2]
    fixed = products.fixed + coordinates.reshape(-1, width).T @ weighted.reshape(-1, width)
    first = (products, templates, inverse, shrunk)
    if products.cross is None:
        return Decomposition(*first, None, None, None, products.rest_fixed, fixed, logdet)
    lambda_rest = lambda_matrix(products.factors[1:], templates[1:])
    product = eliminated(products, templates[0] @ inverse @ templates[0].T, lambda_rest)
    schur = products.plan.factor(_plus_identity(lambda_rest.T @ product))
    rest_fixed = products.rest_fixed + products.cross.T @ (products.inverse_root @ weighted).reshape(-1, width)
    right = lambda_rest.T @ rest_fixed
    fixed = fixed - right.T @ schur.solve(right)
    return Decomposition(*first, lambda_rest, product, schur, rest_fixed, fixed, logdet + schur.logdet)


def lambda_matrix(parts: Sequence[Factor], templates: Sequence[np.ndarray]) -> sparse.csr_array:
    """Lambda of several factors, sparse, levels outermost within each."""
    tiles = [
        block_diagonal(np.broadcast_to(template, (factor.n_levels, *template.shape)))
        for factor, template in zip(parts, templates, strict=True)
    ]
    return sparse.csr_array(sparse.block_diag(tiles, format="csr"))


def eliminated(products: CrossProducts, spread: np.ndarray, right: sparse.csr_array) -> Any:
    """``Z2'V1^-1 Z2 right``: dense where the Schur complement is."""
    taken = products.cross.T @ scale_rows(spread, products.cross @ right)
    if products.plan.kind == "dense":
        return products.rest @ right - as_dense(taken)
    return products.rest @ right - taken


def _plus_identity(matrix: Any) -> Any:
    if isinstance(matrix, np.ndarray):
        matrix[np.diag_indices_from(matrix)] += 1.0
        return matrix
    return matrix + block_diagonal(np.ones((matrix.shape[0], 1, 1)))
