"""A model on its way through MixedLM: how its random effects are laid out, and what an optimizer came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lmebridge.design.build import Design, RandomBlock
    from lmebridge.pls.solution import Problem, Solution
    from lmebridge.records import Model

#: Largest work of one evaluation of MixedLM's criterion, in multiplications: rows times squared levels, summed over its
#: groups. Measured on one core: with 7e7 (2,746 rows, 165 levels of crossed factors) an optimizer takes 1 to 3 s; with
#: 2.4e9 (2,942 rows, 902 levels) 10 to 150 s, where the native backend takes a fraction of a second.
WORK_LIMIT = 300_000_000

#: Log-likelihood below the optimum at which an optimizer counts as having found it: far less than what changes an
#: inference (0.5), more than what MixedLM's gradient tolerance of 1e-5 leaves on well-behaved models.
SHORTFALL = 1e-3


@dataclass(frozen=True)
class Arrangement:
    """Which block plays which part in MixedLM's model.

    Attributes
    ----------
    groups : numpy.ndarray, shape (n,)
        MixedLM's independent groups, as integer codes; all zero when factors are crossed.
    correlated : int or None
        Index of the block given as ``exog_re``.
    components : tuple of int
        Indexes of the one-column blocks given as variance components.
    """

    groups: np.ndarray
    correlated: int | None
    components: tuple[int, ...]

    @property
    def members(self) -> tuple[int, ...]:
        """Indexes of all blocks in MixedLM's order: the correlated block, then the components."""
        return (() if self.correlated is None else (self.correlated,)) + self.components

    def rows_of_groups(self) -> list[np.ndarray]:
        """Positions of the rows of each group, groups in sorted order."""
        order = np.argsort(self.groups, kind="stable")
        _, starts = np.unique(self.groups[order], return_index=True)
        return np.split(order, starts[1:])


def arrange(blocks: Sequence[RandomBlock]) -> Arrangement | int:
    """Lay out `blocks` for MixedLM.

    Parameters
    ----------
    blocks : sequence of RandomBlock
        The blocks of a design, at least one.

    Returns
    -------
    Arrangement or int
        The layout, or the index of the block that MixedLM cannot express beside the others.

    Notes
    -----
    MixedLM knows one grouping factor, one unstructured block at its level and independent variance components within
    its groups. So every other factor must be nested in the first, unless all blocks have one column: then one group
    holds all rows and every block is a component.
    """
    wide = [index for index, block in enumerate(blocks) if block.matrix.shape[1] > 1]
    if len(wide) > 1:
        return wide[1]
    candidates = wide or range(len(blocks))
    outer = next((i for i in candidates if all(nested(block, blocks[i]) for block in blocks)), None)
    if outer is None and wide:
        return wide[0]
    if outer is None:
        return Arrangement(np.zeros(len(blocks[0].codes), dtype=np.intp), None, tuple(range(len(blocks))))
    rest = tuple(index for index in range(len(blocks)) if index != outer)
    return Arrangement(blocks[outer].codes, outer, rest)


def nested(inner: RandomBlock, outer: RandomBlock) -> bool:
    """Whether every level of `inner` lies in one level of `outer`."""
    if inner.codes is outer.codes:
        return True
    pairs = inner.codes.astype(np.int64) * len(outer.levels) + outer.codes
    return len(np.unique(pairs)) == len(np.unique(inner.codes))


def work(arrangement: Arrangement, blocks: Sequence[RandomBlock]) -> int:
    """Multiplications of one evaluation of MixedLM's criterion: by group, rows times squared random effects."""
    return sum(
        len(rows) * sum(_columns(arrangement, blocks[index], index, rows) for index in arrangement.members) ** 2
        for rows in arrangement.rows_of_groups()
    )


def _columns(arrangement: Arrangement, block: RandomBlock, index: int, rows: np.ndarray) -> int:
    return block.matrix.shape[1] if index == arrangement.correlated else len(np.unique(block.codes[rows]))


def component_matrices(block: RandomBlock, groups: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each group's rows, the levels of a one-column block present there and its dense matrix (n_rows, n_levels)."""
    for rows in groups:
        present, position = np.unique(block.codes[rows], return_inverse=True)
        matrix = np.zeros((len(rows), len(present)))
        matrix[np.arange(len(rows)), position] = block.matrix[rows, 0]
        yield present, matrix


def theta_of(relative: Sequence[np.ndarray]) -> np.ndarray:
    """lme4's theta for the blocks' relative covariance matrices.

    Parameters
    ----------
    relative : sequence of numpy.ndarray, shape (q, q)
        Covariance matrix of each block divided by the residual variance, in the design's order, dimensionless.

    Returns
    -------
    numpy.ndarray, shape (n_theta,)
        The lower triangles of the relative covariance factors by columns, dimensionless.

    References
    ----------
    Bates et al. (2015), J. Stat. Softw. 67(1), section 2.2.

    Examples
    --------
    >>> theta_of([np.array([[4.0, 2.0], [2.0, 10.0]]), np.array([[9.0]])]).round(12).tolist()
    [2.0, 1.0, 3.0, 3.0]
    """
    return np.concatenate([_lower_by_columns(relative_factor(matrix)) for matrix in relative])


def relative_factor(covariance: np.ndarray) -> np.ndarray:
    """Cholesky factor with a diagonal >= 0, for singular matrices too, shape (q, q)."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    _, upper = np.linalg.qr(root.T)
    factor = upper.T
    return np.tril(factor * np.where(np.diag(factor) < 0, -1.0, 1.0))


def relative_covariances(theta: Sequence[float], sizes: Sequence[int]) -> list[np.ndarray]:
    """The inverse of `theta_of`: relative covariance matrices of blocks of these sizes."""
    matrices, used = [], 0
    for size in sizes:
        factor = np.zeros((size, size))
        columns, rows = np.triu_indices(size)
        factor[rows, columns] = theta[used : used + len(rows)]
        matrices.append(factor @ factor.T)
        used += len(rows)
    return matrices


def _lower_by_columns(factor: np.ndarray) -> np.ndarray:
    columns, rows = np.triu_indices(len(factor))
    return factor[rows, columns]


@dataclass(frozen=True)
class Run:
    """One model on one data set, ready for MixedLM's optimizers.

    Attributes
    ----------
    model, design : Model, Design
        What to fit, and its arrays.
    plan : Arrangement
        How the random effects are laid out.
    task : Problem
        lme4's criterion for the same arrays.
    mixedlm : MixedLM
        statsmodels' model.
    start : MixedLMParams or None
        Where its optimizers start; None for their own start.
    """

    model: Model
    design: Design
    plan: Arrangement
    task: Problem
    mixedlm: Any
    start: Any

    @property
    def methods(self) -> tuple[str, ...] | None:
        """The optimizers the user named."""
        named = self.model.control.get("method")
        return (named,) if isinstance(named, str) else None if named is None else tuple(named)


@dataclass(frozen=True)
class Attempt:
    """What one optimizer of MixedLM came to.

    Attributes
    ----------
    method : str
        The optimizers' names.
    result : MixedLMResults or None
        None where it raised an error.
    theta : numpy.ndarray or None
        Its estimates as lme4's theta.
    criterion : float
        lme4's criterion there, infinite where there is none.
    messages : tuple of str
        Its warnings, or the error it raised.
    """

    method: str
    result: Any = None
    theta: np.ndarray | None = None
    criterion: float = np.inf
    messages: tuple[str, ...] = field(default_factory=tuple)


def shortfall(attempt: Attempt, solution: Solution) -> float:
    """Log-likelihood by which an attempt stopped short of the optimum, dimensionless; infinite where it failed."""
    return (attempt.criterion - solution.criterion) / 2


def ending(attempt: Attempt, solution: Solution) -> str:
    """How an attempt ended, in words."""
    if attempt.theta is None:
        return f"MixedLM failed with every optimizer ({attempt.messages[-1]})"
    return f"MixedLM stopped {max(shortfall(attempt, solution), 0):.1g} log-likelihood short of the optimum"
