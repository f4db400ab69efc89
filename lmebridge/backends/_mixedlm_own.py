"""MixedLM's own numbers in the same tables: its standard errors, its likelihood, its random effects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.backends._local import LocalEngine, local_fit
from lmebridge.backends._mixedlm import SHORTFALL, ending, shortfall
from lmebridge.cached import cached_property
from lmebridge.pls import solution as pls
from lmebridge.pls.optimize import SINGULAR_TEXT, is_singular, optimize
from lmebridge.records import Convergence, Message

#: Difference between MixedLM's log-likelihood and lme4's at MixedLM's estimates above which the first is wrong: both
#: are computed to about 1e-9, and the known faults (fixed effects of zero, an infinite value) are far above 1.
LIKELIHOOD_TOLERANCE = 1e-3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lmebridge.backends._mixedlm import Arrangement, Attempt, Run
    from lmebridge.design.build import Design
    from lmebridge.pls.solution import Solution
    from lmebridge.records import Fit, Source


@dataclass(frozen=True)
class Place:
    """Where the effects of one level of one block lie in the vector of MixedLM's group."""

    block: int
    level: int
    columns: slice


def places(design: Design, plan: Arrangement, rows: np.ndarray) -> Iterator[Place]:
    """The levels of all blocks in one group's rows, in MixedLM's order: the correlated block, then the components."""
    used = 0
    for index in plan.members:
        block = design.blocks[index]
        width = block.matrix.shape[1]
        for level in np.unique(block.codes[rows]):
            yield Place(index, int(level), slice(used, used + width))
            used += width


def modes(run: Run, result: Any) -> np.ndarray | None:
    """MixedLM's predicted random effects in lme4's order, None where it cannot predict them.

    Returns
    -------
    numpy.ndarray, shape (q,), or None
        Block by block, level by level, units of the effects. MixedLM refuses a singular covariance matrix and divides
        by a zero variance component.
    """
    try:
        with np.errstate(all="ignore"):
            effects = result.random_effects
    except (ValueError, np.linalg.LinAlgError):
        return None
    found = [np.zeros((len(block.levels), block.matrix.shape[1])) for block in run.design.blocks]
    for values, rows in zip(effects.values(), run.plan.rows_of_groups(), strict=True):
        for place in places(run.design, run.plan, rows):
            found[place.block][place.level] = values.to_numpy()[place.columns]
    ordered = np.concatenate([block.ravel() for block in found])
    return ordered if np.isfinite(ordered).all() else None


def variances(run: Run, result: Any) -> dict[str, np.ndarray] | None:
    """MixedLM's conditional covariance matrices by grouping factor, None where it cannot compute them.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n_levels, q, q), or None
        Squared units of the effects; blocks of one factor side by side.
    """
    try:
        with np.errstate(all="ignore"):
            covariances = result.random_effects_cov
    # Where a variance is exactly zero statsmodels has None for the inverse, and takes its shape.
    except (AttributeError, ValueError, TypeError, np.linalg.LinAlgError):
        return None
    found = _empty_variances(run.design)
    for covariance, rows in zip(covariances.values(), run.plan.rows_of_groups(), strict=True):
        for (group, level), columns in _columns_by_level(run, rows).items():
            found[group][level] = covariance.to_numpy()[np.ix_(columns, columns)]
    return found if all(np.isfinite(array).all() for array in found.values()) else None


def _empty_variances(design: Design) -> dict[str, np.ndarray]:
    widths: dict[str, int] = {}
    for block in design.blocks:
        widths[block.group] = widths.get(block.group, 0) + block.matrix.shape[1]
    levels = {block.group: len(block.levels) for block in design.blocks}
    return {group: np.zeros((levels[group], width, width)) for group, width in widths.items()}


def _columns_by_level(run: Run, rows: np.ndarray) -> dict[tuple[str, int], list[int]]:
    """By factor and level, the positions in the group's vector of the effects of all its blocks, in design order."""
    found: dict[tuple[str, int], list[int]] = {}
    for place in sorted(places(run.design, run.plan, rows), key=lambda place: place.block):
        key = run.design.blocks[place.block].group, place.level
        found.setdefault(key, []).extend(range(place.columns.start, place.columns.stop))
    return found


def solution(run: Run, attempt: Attempt) -> Solution:
    """The penalized-least-squares solution at MixedLM's theta, with MixedLM's numbers where it has its own."""
    result, design = attempt.result, run.design
    own = pls.solve(run.task, np.asarray(attempt.theta))
    own = replace(
        own,
        beta=np.asarray(result.fe_params, dtype=float),
        sigma=float(np.sqrt(result.scale)),
        criterion=-2 * float(result.llf),
    )
    effects = modes(run, result)
    if effects is None:
        return own
    return replace(own, b=effects, mu=design.offset + design.X @ own.beta + _random_part(design, effects))


def _random_part(design: Design, effects: np.ndarray) -> np.ndarray:
    total, used = np.zeros(len(design.y)), 0
    for block in design.blocks:
        size = len(block.levels) * block.matrix.shape[1]
        levels = effects[used : used + size].reshape(len(block.levels), -1)
        total += np.sum(block.matrix * levels[block.codes], axis=1)
        used += size
    return total


def answer(
    run: Run, attempt: Attempt, source: Source, refit: Callable[[Run], tuple[Fit, LocalEngine]]
) -> tuple[Fit, MixedLMEngine]:
    """Record and engine of MixedLM's own result.

    Parameters
    ----------
    run : Run
        The model.
    attempt : Attempt
        What MixedLM came to; it has a result.
    source : Source
        Which optimizer it was.
    refit : callable
        Fits a run again in the same way.

    Returns
    -------
    tuple of (Fit, MixedLMEngine)
        The fixed effects' standard errors are of the joint Hessian of fixed and variance parameters, as statsmodels
        defines them; lme4's are ``sigma^2 (RX'RX)^-1``.
    """
    found = solution(run, attempt)
    record = local_fit(run.model, run.design, found, _convergence(run, attempt), source)
    engine = MixedLMEngine(run.model, run.design, found, source, attempt.result, run=run, again=refit)
    return _with_own_errors(record, attempt.result), engine


def _with_own_errors(record: Fit, result: Any) -> Fit:
    names = record.fixed.index
    covariance = np.asarray(result.cov_params())[: len(names), : len(names)]
    errors = np.sqrt(np.diagonal(covariance))
    return replace(
        record,
        fixed=record.fixed.assign(**{"Std. Error": errors}),
        fixed_covariance=pd.DataFrame(covariance, index=names, columns=names),
    )


def _convergence(run: Run, attempt: Attempt) -> Convergence:
    """What MixedLM says, and whether its log-likelihood is that of its estimates."""
    messages = [Message("convergence", text) for text in attempt.messages]
    optimum, _ = optimize(run.task, tuple(np.asarray(attempt.theta).tolist()))
    status = ending(attempt, optimum)
    if shortfall(attempt, optimum) > SHORTFALL:
        messages.append(Message("convergence", status))
    own, ours = float(attempt.result.llf), -attempt.criterion / 2
    if not abs(own - ours) < LIKELIHOOD_TOLERANCE:
        text = f"MixedLM's log-likelihood {own:.4f} is not that of its estimates, {ours:.4f}: do not use this fit"
        messages.append(Message("convergence", text))
    if is_singular(run.task, np.asarray(attempt.theta)):
        messages.append(Message("singular", SINGULAR_TEXT))
    code = int(not attempt.result.converged)
    return Convergence(f"MixedLM {attempt.method}", code, status, messages=tuple(messages))


@dataclass(frozen=True, eq=False)
class MixedLMEngine(LocalEngine):
    """Answers from MixedLM's own estimates, modes and conditional variances.

    Attributes
    ----------
    run : Run
        The model.
    again : callable
        Fits a run in the same way.
    """

    run: Run = field(kw_only=True)
    again: Callable[[Run], tuple[Fit, LocalEngine]] = field(kw_only=True)

    @cached_property
    def _variances(self) -> dict[str, np.ndarray]:
        own = variances(self.run, self.result)
        return pls.conditional_variances(self.solution) if own is None else own

    def criterion(self, *, REML: bool) -> float:
        """The REML criterion or the deviance at MixedLM's theta, whichever was minimized."""
        if REML == self.model.REML:
            return self.solution.criterion
        return super().criterion(REML=REML)

    def refit(self, *, REML: bool) -> tuple[Fit, LocalEngine]:
        """MixedLM again, with or without REML."""
        return self.again(replace(self.run, model=replace(self.model, REML=REML)))
