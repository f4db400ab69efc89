"""What the decomposition says about each Lambda: modes, first derivatives and conditional variances.

Notation as in `lmebridge.pls.blocks`: factor 1 is eliminated, the others together are 2; ``V`` is
``I + Z Lambda Lambda' Z'``, ``S`` the Schur complement. The criterion depends on Lambda only through
``Lambda Lambda'``, so its derivative is ``2 N Lambda`` with N symmetric, one N a factor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg, sparse

from lmebridge.pls.blocks import eliminated, lambda_matrix
from lmebridge.pls.schur import as_dense

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmebridge.pls.blocks import Decomposition, Factor
    from lmebridge.pls.schur import SchurFactor

#: Columns of the inverse solved for at a time where it cannot be formed whole.
CHUNK = 256


def scores_and_modes(system: Decomposition, mix: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """``Z'V^-1 F mix`` and ``u = Lambda'Z'V^-1 F mix`` by factor, for `mix` of shape (p + 1, c).

    Returns
    -------
    scores, modes : list of numpy.ndarray, shape (levels, q, c)
        Scores in the reciprocal unit of the orthogonalized columns, modes spherical (units of F).
    """
    right = system.products.coordinates @ mix
    if system.schur is None:
        scores, modes = _first_scores(system, right)
        return [scores], [modes]
    taken = system.rest_fixed @ mix
    u = system.schur.solve(system.lambda_rest.T @ taken)
    moved = (system.products.cross @ (system.lambda_rest @ u)).reshape(right.shape)
    scores, modes = _first_scores(system, right - system.products.inverse_root.transpose(0, 2, 1) @ moved)
    parts = system.products.factors[1:]
    return [scores, *_split(parts, taken - system.product @ u)], [modes, *_split(parts, u)]


def _first_scores(system: Decomposition, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores = system.shrunk @ right
    return scores, system.templates[0].T @ scores


def _split(parts: tuple[Factor, ...], stacked: np.ndarray) -> list[np.ndarray]:
    """Rows of `stacked`, shape (m, c), by factor as (levels, q, c)."""
    ends = np.cumsum([factor.size for factor in parts])[:-1]
    pieces = np.split(stacked, ends)
    return [piece.reshape(f.n_levels, f.n_columns, -1) for f, piece in zip(parts, pieces, strict=True)]


def slopes(system: Decomposition, mix: np.ndarray) -> list[np.ndarray]:
    """Derivative of ``log det A - sum((Z'V^-1 F mix)^2)`` by Lambda, shape (q, q) a factor, as ``2 N Lambda``."""
    scores, modes = scores_and_modes(system, mix)
    return [
        2.0 * (trace - np.einsum("lic,lkc->ik", score, mode, optimize=True))
        for trace, score, mode in zip(_traces(system), scores, modes, strict=True)
    ]


def _traces(system: Decomposition) -> list[np.ndarray]:
    """Sum over levels of the diagonal blocks of ``Z'V^-1 Z Lambda``, by factor."""
    first = (system.shrunk @ system.products.root @ system.templates[0]).sum(axis=0)
    if system.schur is None:
        return [first]
    inverse = system.schur.inverse()
    between = _crossed(system, inverse)
    first = first - (_hat(system) @ between @ system.templates[0] @ system.inverse).sum(axis=0)
    return [first, *(sums.sum(axis=0) for sums in _paired(system, system.product, inverse))]


def _hat(system: Decomposition) -> np.ndarray:
    """``(I + Z1'Z1 Lambda1 Lambda1')^-1`` by level, on the span of the level's rows; shape (l, q, q)."""
    return np.asarray(system.shrunk @ system.products.inverse_root.transpose(0, 2, 1))


def _crossed(system: Decomposition, inverse: Any) -> np.ndarray:
    """Diagonal blocks of ``Z1'Z2 Lambda2 S^-1 Lambda2'Z2'Z1`` by level of the first factor, shape (l, q, q)."""
    moved = system.products.cross @ system.lambda_rest
    return _block_products(moved @ inverse, moved, system.templates[0].shape[0])


def _paired(system: Decomposition, left: Any, right: Any) -> list[np.ndarray]:
    """Diagonal blocks of ``left @ right.T`` by level, one array (levels, q, q) a factor after the first."""
    start, sums = 0, []
    for factor in system.products.factors[1:]:
        rows = slice(start, start + factor.size)
        sums.append(_block_products(left[rows], right[rows], factor.n_columns))
        start += factor.size
    return sums


def _block_products(left: Any, right: Any, q: int) -> np.ndarray:
    """Diagonal (q, q) blocks of ``left @ right.T`` without the rest of it, shape (rows / q, q, q)."""
    blocks = np.empty((left.shape[0] // q, q, q))
    for i in range(q):
        for k in range(q):
            blocks[:, i, k] = _row_products(left[i::q], right[k::q])
    return blocks


def _row_products(left: Any, right: Any) -> np.ndarray:
    """Row sums of the elementwise product of two matrices, each dense or sparse."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.asarray(np.einsum("ij,ij->i", left, right))
    first, second = (right, left) if isinstance(left, np.ndarray) else (left, right)
    return np.asarray(first.multiply(second).sum(axis=1)).ravel()


def dual(system: Decomposition, mix: np.ndarray) -> list[np.ndarray]:
    """N by factor, shape (q, q): the derivative of the criterion by ``Lambda Lambda'``.

    At a minimum N is positive semidefinite; a negative eigenvalue at a singular fit is a direction in
    which a variance that is zero should grow.
    """
    scores, _ = scores_and_modes(system, mix)
    return [
        _symmetric(information.sum(axis=0) - np.einsum("lic,lkc->ik", score, score, optimize=True))
        for information, score in zip(_informations(system), scores, strict=True)
    ]


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return np.asarray((matrix + matrix.T) / 2)


def _informations(system: Decomposition) -> list[np.ndarray]:
    """Diagonal blocks of ``Z'V^-1 Z`` by factor and level."""
    first = system.shrunk @ system.products.root
    if system.schur is None:
        return [first]
    inverse = system.schur.inverse()
    hat = _hat(system)
    head = first - hat @ _crossed(system, inverse) @ hat.transpose(0, 2, 1)
    parts = system.products.factors[1:]
    unit = lambda_matrix(parts, [np.eye(factor.n_columns) for factor in parts])
    plain = _paired(system, eliminated(system.products, system.spread, unit), unit)
    taken = _paired(system, system.product @ inverse, system.product)
    return [head, *(p - t for p, t in zip(plain, taken, strict=True))]


def conditional_variances(system: Decomposition) -> list[np.ndarray]:
    """Diagonal blocks of ``Lambda A^-1 Lambda'`` by factor, shape (levels, q, q), in units of the columns' T."""
    spread = system.spread
    if system.schur is None:
        return [spread]
    if not system.products.plan.has_inverse:
        return _chunked_variances(system, system.schur)
    inverse = system.schur.inverse()
    rest = _paired(system, system.lambda_rest @ inverse, system.lambda_rest)
    return [spread + spread @ _crossed(system, inverse) @ spread, *rest]


def _chunked_variances(system: Decomposition, schur: SchurFactor) -> list[np.ndarray]:
    """As `conditional_variances`, solving for some columns of the inverse at a time."""
    spread, cross = system.spread, sparse.csc_array(system.products.cross)
    between = np.zeros_like(spread)
    pieces = []
    for columns, middle in _inverse_columns(system, schur):
        between += _block_products(cross @ middle, as_dense(cross[:, columns]), spread.shape[1])
        pieces.append(sparse.csr_array(_band(middle, columns, system.products.factors[1:])))
    whole = sparse.hstack(pieces, format="csr")
    parts = system.products.factors[1:]
    unit = lambda_matrix(parts, [np.eye(factor.n_columns) for factor in parts])
    return [spread + spread @ between @ spread, *_paired(system, whole, unit)]


def _inverse_columns(system: Decomposition, schur: SchurFactor) -> Iterator[tuple[slice, np.ndarray]]:
    """Columns of ``Lambda2 S^-1 Lambda2'``, some at a time."""
    transposed = sparse.csc_array(system.lambda_rest.T)
    for start in range(0, transposed.shape[1], CHUNK):
        columns = slice(start, min(start + CHUNK, transposed.shape[1]))
        yield columns, system.lambda_rest @ schur.solve(as_dense(transposed[:, columns]))


def _band(middle: np.ndarray, columns: slice, parts: tuple[Factor, ...]) -> np.ndarray:
    """`middle` with everything but the diagonal blocks' entries set to zero."""
    levels = np.concatenate([np.repeat(np.arange(f.n_levels), f.n_columns) for f in parts])
    which = np.concatenate([np.full(f.size, i) for i, f in enumerate(parts)])
    same = (levels[:, None] == levels[None, columns]) & (which[:, None] == which[None, columns])
    return np.where(same, middle, 0.0)


def raw_variances(factor: Factor, variances: np.ndarray) -> np.ndarray:
    """Variances of the effects of the raw columns from those of the orthogonalized ones."""
    back = linalg.solve_triangular(factor.transform, np.eye(factor.n_columns), lower=True)
    return np.asarray(back @ variances @ back.T)
