"""lme4's `getME` over a design and a solved penalized least-squares problem: same names, same shapes.

Two pieces depend on the ordering of the random effects that a sparse Cholesky factorization chooses. Here it is the
natural one, that of the columns of Z: ``L L' = Lambda' Z' W Z Lambda + I`` and ``L RZX = Lambda' Z' W X``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from lmebridge.backends._wire import Pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.design.build import Design, RandomBlock
    from lmebridge.pls.solution import Solution


def get_me(name: str, design: Design, solution: Solution) -> Any:
    """The piece of a fitted model that R's ``getME(m, name)`` gives.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    design : Design
        The model on its data.
    solution : Solution
        The solved problem.

    Returns
    -------
    object
        Sparse matrices as `scipy.sparse.csc_matrix`, named vectors as Series, lists as dict, or as `Pairs` where `||`
        makes names repeat. Indexes (``Lind``, ``Gp``, ``Tp``) count as R's do.

    Raises
    ------
    ValueError
        For an unknown name, with the names there are.
    """
    if name not in PIECES:
        raise ValueError(f"getME has no {name!r}: it has {', '.join(NAMES)}")
    return PIECES[name](design, solution)


def z_matrix(design: Design) -> sparse.csc_matrix:
    """Z, shape (n, q): block by block, level by level."""
    return sparse.csc_matrix(sparse.hstack([_block_z(block) for block in design.blocks]))


def _block_z(block: RandomBlock) -> sparse.csr_matrix:
    rows, width = block.matrix.shape
    indices = (block.codes[:, None] * width + np.arange(width)).ravel()
    parts = (block.matrix.flatten(), indices, np.arange(rows + 1) * width)
    matrix = sparse.csr_matrix(parts, shape=(rows, len(block.levels) * width))
    matrix.eliminate_zeros()
    return matrix


def templates(design: Design, theta: np.ndarray) -> list[np.ndarray]:
    """The relative covariance factor of one level, shape (q, q), by block."""
    found, start = [], 0
    for block in design.blocks:
        q = len(block.effects)
        columns, rows = np.triu_indices(q)
        template = np.zeros((q, q))
        template[rows, columns] = theta[start : start + len(rows)]
        found.append(template)
        start += len(rows)
    return found


def lambda_matrix(design: Design, theta: np.ndarray) -> sparse.csc_matrix:
    """Lambda, shape (q, q), lower triangular, elements that are zero in theta stored as in R."""
    pieces = []
    for block, template in zip(design.blocks, templates(design, theta), strict=True):
        rows, columns = np.tril_indices(len(template))
        first = np.arange(len(block.levels))[:, None] * len(template)
        values = np.tile(template[rows, columns], len(block.levels))
        size = len(block.levels) * len(template)
        pieces.append(
            sparse.coo_matrix((values, ((first + rows).ravel(), (first + columns).ravel())), shape=(size, size))
        )
    return sparse.csc_matrix(sparse.block_diag(pieces, format="csc"))


def _lind(design: Design) -> np.ndarray:
    """Element of theta, from 1, of each stored element of ``Lambda'``."""
    pieces, start = [], 1
    for block in design.blocks:
        q = len(block.effects)
        position = np.zeros((q, q), dtype=np.int64)
        columns, rows = np.triu_indices(q)
        position[rows, columns] = start + np.arange(len(rows))
        pieces.append(np.tile(position[np.tril_indices(q)], len(block.levels)))
        start += len(rows)
    return np.concatenate(pieces)


def theta_names(design: Design, *, diagonal: bool = False) -> list[str]:
    """lme4's names of theta's elements, such as ``Subject.Days.(Intercept)``."""
    names = []
    for block in design.blocks:
        for column, row in zip(*np.triu_indices(len(block.effects)), strict=True):
            if row == column:
                names.append(f"{block.group}.{block.effects[column]}")
            elif not diagonal:
                names.append(f"{block.group}.{block.effects[row]}.{block.effects[column]}")
    return names


def _named(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any] | Pairs:
    """An R list: a dict, or `Pairs` where names repeat."""
    unique = len(set(names)) == len(names)
    return dict(zip(names, values, strict=True)) if unique else Pairs(list(names), list(values))


def _by_block(design: Design, values: Sequence[Any]) -> dict[str, Any] | Pairs:
    return _named([block.group for block in design.blocks], values)


def _by_term(design: Design, values: Sequence[Any]) -> pd.Series:
    return pd.Series(list(values), index=pd.Index([block.term for block in design.blocks], dtype=object))


def groups(design: Design) -> dict[str, RandomBlock]:
    """The first block of each grouping factor, in lme4's order of factors."""
    found: dict[str, RandomBlock] = {}
    for block in design.blocks:
        found.setdefault(block.group, block)
    return found


def _flist(design: Design) -> pd.DataFrame:
    return pd.DataFrame(
        {
            group: pd.Categorical.from_codes(block.codes, categories=pd.Index(block.levels, dtype=object))
            for group, block in groups(design).items()
        }
    )


def _level_counts(design: Design) -> pd.Series:
    found = groups(design)
    return pd.Series([len(block.levels) for block in found.values()], index=pd.Index(list(found), dtype=object))


def _offsets(sizes: Sequence[int]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def _gp(design: Design) -> np.ndarray:
    return _offsets([len(block.levels) * len(block.effects) for block in design.blocks])


def _tp(design: Design) -> pd.Series:
    names = ["beg__", *(block.group for block in design.blocks)]
    sizes = [len(block.effects) * (len(block.effects) + 1) // 2 for block in design.blocks]
    return pd.Series(_offsets(sizes), index=pd.Index(names, dtype=object))


def _zt_list(design: Design) -> dict[str, Any] | Pairs:
    zt = sparse.csr_matrix(z_matrix(design).T)
    pieces = []
    for block, (start, end) in zip(design.blocks, pairwise(_gp(design)), strict=True):
        width = len(block.effects)
        pieces += [sparse.csc_matrix(zt[start + effect : end : width]) for effect in range(width)]
    return _named(theta_names(design, diagonal=True), pieces)


def _mm_list(design: Design) -> dict[str, Any] | Pairs:
    frames = [pd.DataFrame(block.matrix, columns=pd.Index(block.effects, dtype=object)) for block in design.blocks]
    return _named([block.term for block in design.blocks], frames)


def _weighted_zl(design: Design, solution: Solution) -> sparse.csc_matrix:
    product = z_matrix(design) @ lambda_matrix(design, solution.theta)
    if design.weights is None:
        return sparse.csc_matrix(product)
    return sparse.csc_matrix(sparse.diags(np.sqrt(design.weights)) @ product)


def _l_matrix(design: Design, solution: Solution) -> sparse.csc_matrix:
    from scipy.sparse.linalg import splu

    zl = _weighted_zl(design, solution)
    system = sparse.csc_matrix(zl.T @ zl + sparse.identity(zl.shape[1]))
    factor = splu(system, permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return sparse.csc_matrix(factor.L @ sparse.diags(np.sqrt(factor.U.diagonal())))


def _rzx(design: Design, solution: Solution) -> np.ndarray:
    from scipy.sparse.linalg import spsolve_triangular

    root = np.ones(len(design.y)) if design.weights is None else np.sqrt(design.weights)
    right = _weighted_zl(design, solution).T @ (design.X * root[:, None])
    lower = sparse.csr_matrix(_l_matrix(design, solution))
    return np.asarray(spsolve_triangular(lower, right, lower=True)).reshape(right.shape)


def _scaled_templates(design: Design, solution: Solution) -> list[np.ndarray]:
    """lme4's ``ST``: the scales on the diagonal, the unit lower triangle below; NaN where a scale is zero."""
    found = []
    for template in templates(design, solution.theta):
        scales = np.diagonal(template).copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = template / scales
        np.fill_diagonal(unit, scales)
        found.append(np.tril(unit))
    return found


def devcomp(design: Design, solution: Solution) -> dict[str, pd.Series]:
    """lme4's ``devcomp``: ``cmp``, the components of the criterion, and ``dims``, the sizes; NaN for R's NA."""
    task, n, p = solution.problem, len(design.y), design.X.shape[1]
    cmp = {
        "ldL2": solution.ldL2,
        "ldRX2": solution.ldRX2,
        "wrss": solution.wrss,
        "ussq": solution.ussq,
        "pwrss": solution.pwrss,
        "drsum": np.nan,
        "REML": solution.criterion if task.REML else np.nan,
        "dev": np.nan if task.REML else solution.criterion,
        "sigmaML": np.sqrt(solution.pwrss / n),
        "sigmaREML": np.sqrt(solution.pwrss / (n - p)),
    }
    dims = {"N": n, "n": n, "p": p, "nmp": n - p, "q": len(solution.u), "nth": len(solution.theta), "useSc": 1}
    dims |= {"reTrms": len(design.blocks), "spFe": 0, "REML": p if task.REML else 0, "GLMM": 0, "NLMM": 0}
    return {"cmp": pd.Series(cmp), "dims": pd.Series(dims)}


def _widths(design: Design) -> list[int]:
    return [len(block.effects) for block in design.blocks]


def _names(design: Design) -> pd.Index:
    return pd.Index(design.names, dtype=object)


#: By name, the function of design and solution that computes the piece.
PIECES: dict[str, Callable[[Any, Any], Any]] = {
    "X": lambda d, _: d.X.copy(),
    "Z": lambda d, _: z_matrix(d),
    "Zt": lambda d, _: sparse.csc_matrix(z_matrix(d).T),
    "Ztlist": lambda d, _: _zt_list(d),
    "mmList": lambda d, _: _mm_list(d),
    "y": lambda d, _: d.y.copy(),
    "mu": lambda _, s: s.mu.copy(),
    "u": lambda _, s: s.u.copy(),
    "b": lambda _, s: s.b.copy(),
    "Gp": lambda d, _: _gp(d),
    "Tp": lambda d, _: _tp(d),
    "L": _l_matrix,
    "Lambda": lambda d, s: lambda_matrix(d, s.theta),
    "Lambdat": lambda d, s: sparse.csc_matrix(lambda_matrix(d, s.theta).T),
    "Lind": lambda d, _: _lind(d),
    "Tlist": lambda d, s: _by_block(d, templates(d, s.theta)),
    "A": lambda d, s: sparse.csc_matrix((z_matrix(d) @ lambda_matrix(d, s.theta)).T),
    "RX": lambda _, s: s.RX.copy(),
    "RZX": _rzx,
    "sigma": lambda _, s: s.sigma,
    "flist": lambda d, _: _flist(d),
    "fixef": lambda d, s: pd.Series(s.beta, index=_names(d)),
    "beta": lambda _, s: s.beta.copy(),
    "theta": lambda d, s: pd.Series(s.theta, index=pd.Index(theta_names(d), dtype=object)),
    "ST": lambda d, s: _by_block(d, _scaled_templates(d, s)),
    "REML": lambda d, s: d.X.shape[1] if s.problem.REML else 0,
    "is_REML": lambda _, s: s.problem.REML,
    "n_rtrms": lambda d, _: len(d.blocks),
    "n_rfacs": lambda d, _: len(groups(d)),
    "N": lambda d, _: len(d.y),
    "n": lambda d, _: len(d.y),
    "p": lambda d, _: d.X.shape[1],
    "q": lambda _, s: len(s.u),
    "p_i": lambda d, _: _by_term(d, _widths(d)),
    "l_i": lambda d, _: _level_counts(d),
    "q_i": lambda d, _: _by_term(d, [len(b.levels) * len(b.effects) for b in d.blocks]),
    "k": lambda d, _: len(d.blocks),
    "m_i": lambda d, _: _by_term(d, [q * (q + 1) / 2 for q in _widths(d)]),
    "m": lambda _, s: len(s.theta),
    "cnms": lambda d, _: _by_block(d, [list(block.effects) for block in d.blocks]),
    "devcomp": devcomp,
    "offset": lambda d, _: d.offset.copy(),
    "lower": lambda d, s: pd.Series(s.problem.lower, index=pd.Index(theta_names(d), dtype=object)),
    "devfun": lambda _, s: s.problem.objective,
    "glmer.nb.theta": lambda _d, _s: np.nan,
    "weights": lambda d, _: np.ones(len(d.y)) if d.weights is None else np.array(d.weights, dtype=float),
}
#: The names `get_me` knows: R's, and the prior ``weights``.
NAMES: tuple[str, ...] = tuple(PIECES)
