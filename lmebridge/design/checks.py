"""lme4's checks of a model against its data, in lme4's words, each switchable as `lmerControl` switches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.control import OPTIONS, RESCALING, checked
from lmebridge.errors import DataError
from lmebridge.evaluation.values import Matrix, Value, as_double, r_class
from lmebridge.records import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from lmebridge.design.modelmatrix import ModelMatrix
    from lmebridge.design.random_effects import RandomBlock

#: The checks under R's names.
CHECKS = {
    name.replace("_", "."): option
    for name, option in OPTIONS.items()
    if name.startswith("check") and isinstance(option.default, str)
}
#: Fewest levels below which lme4 can warn.
FEW_LEVELS = 5
#: Largest number of cells of Z for which "Small" checks look at its rank.
SMALL_Z = 1_000_000
#: Columns whose residual norm is below this share of their own are dependent (LINPACK's rule with lme4's tolerance).
RANK_TOLERANCE = 1e-7
#: Standard deviations further apart than this factor are "very different scales".
SCALE_RATIO = 1e3


def option(control: Mapping[str, Any], name: str) -> str:
    """A check's setting: under lme4's name, or that with underscores, else lme4's default.

    Raises
    ------
    DataError
        For a setting lme4 does not know.

    Examples
    --------
    >>> option({"check_nobs_vs_nlev": "ignore"}, "check.nobs.vs.nlev")
    'ignore'
    """
    python_name = name.replace(".", "_")
    given = control.get(name, control.get(python_name, OPTIONS[python_name].default))
    checked({python_name: given})
    if given in RESCALING:
        raise DataError(
            f"{name} = ‘{given}’: without R the columns are not rescaled, the results would be those of other columns. "
            "Divide the columns by a unit in the data, or use backend='lme4'."
        )
    return str(given)


def _act(level: str, words: str, remedy: str) -> tuple[Message, ...]:
    """An error, a message or nothing, as the setting says."""
    level = level.removesuffix("Small")
    if level == "stop":
        raise DataError(f"{words}. {remedy}" if remedy else words)
    return () if level == "ignore" else (Message("note", words),)


def check_blocks(blocks: Sequence[RandomBlock], n: int, control: Mapping[str, Any]) -> tuple[Message, ...]:
    """lme4's checks of the grouping factors and random effects against the number of rows.

    Parameters
    ----------
    blocks : sequence of RandomBlock
        In lme4's order.
    n : int
        Rows used.
    control : mapping
        Options named as `lmerControl` names them.

    Raises
    ------
    DataError
        Where a check's setting is "stop" and it fails.

    References
    ----------
    lme4 1.1-31, ``checkNlevels``, ``checkZdims``, ``checkZrank``.
    """
    for name in CHECKS:
        option(control, name)
    counts = {block.group: len(block.levels) for block in blocks}
    return (
        *_one_level(counts, control),
        *_many_levels(counts, n, control),
        *_few_levels(counts, control),
        *_many_effects(blocks, n, control),
        *_rank_of_effects(blocks, n, control),
    )


def _one_level(counts: Mapping[str, int], control: Mapping[str, Any]) -> tuple[Message, ...]:
    """A grouping factor needs two levels."""
    bad = [group for group, count in counts.items() if count < 2]
    if not bad:
        return ()
    remedy = f"{', '.join(bad)} has one level in the rows used: leave its term out of the formula."
    return _act(option(control, "check.nlev.gtr.1"), "grouping factors must have > 1 sampled level", remedy)


def _many_levels(counts: Mapping[str, int], n: int, control: Mapping[str, Any]) -> tuple[Message, ...]:
    """A grouping factor needs fewer levels than there are rows."""
    bad = [group for group, count in counts.items() if count >= n]
    if not bad:
        return ()
    words = "number of levels of each grouping factor must be < number of observations"
    remedy = "With one row a level, its variance cannot be told from the residual variance."
    return _act(option(control, "check.nobs.vs.nlev"), f"{words} (problems: {', '.join(bad)})", remedy)


def _few_levels(counts: Mapping[str, int], control: Mapping[str, Any]) -> tuple[Message, ...]:
    """A variance from a few levels is a poor one."""
    words = "grouping factors with < 5 sampled levels may give unreliable estimates"
    few = any(count < FEW_LEVELS for count in counts.values())
    return _act(option(control, "check.nlev.gtreq.5"), words, "") if few else ()


def _many_effects(blocks: Sequence[RandomBlock], n: int, control: Mapping[str, Any]) -> tuple[Message, ...]:
    """A term needs fewer random effects than there are rows."""
    found: list[Message] = []
    for block in blocks:
        n_effects = len(block.levels) * len(block.effects)
        if n <= n_effects:
            words = _unidentifiable(n, f"number of random effects (={n_effects}) for term ({block.term})")
            remedy = "Take slopes out of the term, or write || for uncorrelated ones in a term each."
            found.extend(_act(option(control, "check.nobs.vs.nRE"), words, remedy))
    return tuple(found)


def _unidentifiable(n: int, what: str) -> str:
    """lme4's words for more unknowns than rows."""
    return (
        f"number of observations (={n}) <= {what}; the random-effects parameters and the residual variance "
        "(or scale parameter) are probably unidentifiable"
    )


def _rank_of_effects(blocks: Sequence[RandomBlock], n: int, control: Mapping[str, Any]) -> tuple[Message, ...]:
    """Z needs a rank below the number of rows; looked at only when asked."""
    level = option(control, "check.nobs.vs.rankZ")
    width = sum(len(block.levels) * len(block.effects) for block in blocks)
    if level.startswith("ignore") or (level.endswith("Small") and n * width > SMALL_Z):
        return ()
    rank = int(np.linalg.matrix_rank(np.hstack([dense(block) for block in blocks])))
    return _act(level, _unidentifiable(n, f"rank(Z) (={rank})"), "") if n <= rank else ()


def dense(block: RandomBlock) -> np.ndarray:
    """The block's columns of Z: by level, its effects; shape (n, n_levels * q)."""
    n, q = block.matrix.shape
    full = np.zeros((n, len(block.levels), q))
    full[np.arange(n), block.codes] = block.matrix
    return full.reshape(n, -1)


@dataclass(frozen=True, eq=False)
class KeptColumns:
    """Columns of X that are kept and those dropped, by position, with what lme4 says about it."""

    kept: np.ndarray
    dropped: np.ndarray
    messages: tuple[Message, ...]


def independent_columns(X: np.ndarray, tolerance: float = RANK_TOLERANCE) -> np.ndarray:
    """Positions of the columns that depend on none before them, by the rule of LINPACK's pivoting QR.

    Parameters
    ----------
    X : numpy.ndarray, shape (n, p)
        The columns, all numbers finite.
    tolerance : float
        A column is dependent when its residual norm is below this share of its norm, dimensionless.

    Returns
    -------
    numpy.ndarray of int
        The independent columns' positions, increasing.

    References
    ----------
    R's ``qr(x, LAPACK = FALSE)`` (Fortran ``dqrdc2``), on which lme4's ``chkRank.drop.cols`` stands.

    Examples
    --------
    >>> independent_columns(np.array([[1.0, 0, 1], [1, 1, 2], [1, 2, 3]])).tolist()
    [0, 1]
    """
    triangle = _triangle(X)
    norms = np.linalg.norm(triangle, axis=0)
    limits = tolerance * np.where(norms == 0, 1.0, norms)
    kept = np.arange(X.shape[1])
    while len(kept):
        diagonal = np.zeros(len(kept))
        found = np.abs(np.diagonal(_triangle(triangle[:, kept])))
        diagonal[: len(found)] = found
        low = np.flatnonzero(diagonal < limits[kept])
        if not len(low):
            break
        kept = np.delete(kept, low[0])
    return kept


def _triangle(X: np.ndarray) -> np.ndarray:
    """The triangular factor of X."""
    return np.asarray(np.linalg.qr(X, mode="r"))


def check_rank(matrix: ModelMatrix, control: Mapping[str, Any]) -> KeptColumns:
    """lme4's check of X: dependent columns are dropped, and it says how many.

    Raises
    ------
    DataError
        If ``check.rankX`` is "stop.deficient" and a column depends on others.
    """
    kind, p = option(control, "check.rankX"), matrix.values.shape[1]
    everything = np.arange(p)
    kept = everything if kind == "ignore" else independent_columns(matrix.values)
    dropped = np.setdiff1d(everything, kept)
    if not len(dropped):
        return KeptColumns(kept, dropped, ())
    if kind == "stop.deficient":
        raise DataError(_deficient(len(kept), p, [matrix.names[i] for i in dropped]))
    plural = "column / coefficient" if len(dropped) == 1 else "columns / coefficients"
    words = f"fixed-effect model matrix is rank deficient so dropping {len(dropped)} {plural}"
    return KeptColumns(kept, dropped, () if kind == "silent.drop.cols" else (Message("note", words),))


def _deficient(rank: int, p: int, dependent: list[str]) -> str:
    """lme4's words for a rank-deficient X that it may not repair."""
    return (
        f"the fixed-effects model matrix is column rank deficient (rank(X) = {rank} < {p} = p);\n"
        f"the fixed effects will be jointly unidentifiable. Leave out {', '.join(dependent)}."
    )


def check_scale(X: np.ndarray, control: Mapping[str, Any]) -> tuple[Message, ...]:
    """lme4's check that the columns of X, but for indicators, have standard deviations of like size."""
    level = option(control, "check.scaleX")
    continuous = X[:, ~np.isin(X, (0, 1)).all(axis=0)]
    if level == "ignore" or not continuous.shape[1] or len(X) < 2:
        return ()
    with np.errstate(divide="ignore"):
        logs = np.log(continuous.std(axis=0, ddof=1))
    limit = np.log(SCALE_RATIO)
    if (np.abs(logs) > limit).any() or logs.max() - logs.min() > limit:
        return _act(level, "Some predictor variables are on very different scales: consider rescaling", "")
    return ()


def check_finite(values: Mapping[str, Value], response: str) -> None:
    """Numbers that are not finite stop a fit; the error names the variable and the rows.

    Raises
    ------
    DataError
        In lme4's words.
    """
    for name, value in values.items():
        numbers = value.values if isinstance(value, Matrix) else _numbers(value)
        bad = ~np.isfinite(numbers)
        if bad.any():
            where = "y" if name == response else "x"
            first = int(np.argmax(bad.reshape(len(numbers), -1).any(axis=1))) + 1
            raise DataError(
                f"NA/NaN/Inf in '{where}': `{name}` is infinite in {int(bad.sum())} of {len(numbers)} rows used, "
                f"first in number {first} of them. Make them missing, or leave them out by `subset`."
            )


def _numbers(value: Value) -> np.ndarray:
    """A numeric variable's numbers; nothing of any other."""
    return as_double(value) if r_class(value) == "numeric" else np.empty(0)


def response_vector(value: Value, name: str) -> np.ndarray:
    """The response as numbers, as `lmer` takes it.

    Raises
    ------
    DataError
        For a factor, text, or a matrix of several columns, in lme4's words.
    """
    if r_class(value) in ("factor", "ordered", "character"):
        raise DataError(f"response must be numeric: `{name}` is {r_class(value)}. Give numbers, such as 0 and 1.")
    if isinstance(value, Matrix) and value.values.shape[1] != 1:
        raise DataError(f"response must be numeric: `{name}` has {value.values.shape[1]} columns, `lmer` takes one")
    return as_double(value).astype(float)


def prior_weights(value: Value) -> np.ndarray:
    """Prior weights, none negative.

    Raises
    ------
    DataError
        In R's words.
    """
    weights = as_double(value)
    if (weights < 0).any():
        raise DataError(f"all(weights >= 0) is not TRUE: {int((weights < 0).sum())} weights are negative")
    return weights
