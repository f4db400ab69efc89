"""What is degenerate in a singular fit, and the formulas to try instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.control import SINGULAR_TOLERANCE
from lmebridge.formula.model_formula import RandomTerm, blocks, group_name
from lmebridge.formula.terms import terms
from lmebridge.inference import twin
from lmebridge.rsyntax import deparse, parse_expression
from lmebridge.tables import block_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.formula.model_formula import Formula
    from lmebridge.model import MerMod

#: A correlation that prints as 1.
ONE = 0.995
INTERCEPT = "(Intercept)"


@dataclass(frozen=True)
class Degenerate:
    """A random-effects block whose covariance has not full rank.

    Attributes
    ----------
    name : str
        The block's name in `VarCorr`, the group's with a number where it has several blocks.
    group : str
        The grouping factor.
    effects : tuple of str
        The block's effects.
    zero : tuple of str
        Effects whose variance is zero.
    pairs : tuple of (str, str, float)
        Pairs of effects whose correlation is one or minus one.
    rank : int
        Number of directions in which the effects vary.
    term : RandomTerm
        The term that the block comes from, written out.
    """

    name: str
    group: str
    effects: tuple[str, ...]
    zero: tuple[str, ...]
    pairs: tuple[tuple[str, str, float], ...]
    rank: int
    term: RandomTerm


def degenerate_blocks(fit: MerMod) -> list[Degenerate]:
    """The blocks that make a fit singular, in lme4's order.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    list of Degenerate
        Empty where the fit is not singular.

    References
    ----------
    lme4 ``isSingular`` and ``rePCA``.
    """
    factors = twin.relative_factors(fit, fit.record.theta)
    written = _terms_of_blocks(fit.record.model.formula, fit.record.blocks)
    named = block_names(fit.record.blocks).items()
    return [
        _degenerate(name, tuple(effects), factor, term)
        for (name, effects), factor, term in zip(named, factors, written, strict=True)
        if np.any(np.diagonal(factor) < SINGULAR_TOLERANCE)
    ]


def _degenerate(name: str, effects: tuple[str, ...], factor: np.ndarray, term: RandomTerm) -> Degenerate:
    deviations = np.linalg.norm(factor, axis=1)
    alive = [i for i in range(len(effects)) if deviations[i] >= SINGULAR_TOLERANCE]
    correlations = {
        (i, j): float(factor[i] @ factor[j] / deviations[i] / deviations[j]) for i, j in combinations(alive, 2)
    }
    pairs = tuple((effects[i], effects[j], value) for (i, j), value in correlations.items() if abs(value) >= ONE)
    zero = tuple(effect for i, effect in enumerate(effects) if i not in alive)
    rank = int(np.sum(np.linalg.svd(factor, compute_uv=False) >= SINGULAR_TOLERANCE))
    return Degenerate(name, group_name(term), effects, zero, pairs, rank, term)


def _terms_of_blocks(formula: Formula, recorded: Sequence[tuple[str, tuple[str, ...]]]) -> list[RandomTerm]:
    """The written-out term of each block: lme4 sorts blocks by group and keeps those of one group in order."""
    waiting: dict[str, list[RandomTerm]] = {}
    for term in blocks(formula):
        waiting.setdefault(group_name(term), []).append(term)
    return [waiting[group].pop(0) for group, _ in recorded]


def alternatives(fit: MerMod, block: Degenerate) -> list[tuple[str, str]]:
    """Formulas to try in place of one with a degenerate block, each with what it changes.

    Parameters
    ----------
    fit : MerMod
        The singular fit.
    block : Degenerate
        One of its degenerate blocks.

    Returns
    -------
    list of (str, str)
        Formulas as R text, and what is different; the formula is empty where no random effect is left.
    """
    found = []
    labels = terms(block.term.effects).labels
    if block.pairs or (block.rank < len(block.effects) and len(block.effects) - len(block.zero) > block.rank):
        separate = _separated(block.term, labels)
        if len(separate) > 1:
            found.append((_with(fit, block, separate), "without their correlation"))
    smaller = _without(block.term, _to_drop(fit, block))
    what = f"without {'the term' if smaller is None else 'what hardly varies'}"
    found.append((_with(fit, block, [] if smaller is None else [smaller]), what))
    return [(text, what) for text, what in dict(found).items()]


def _separated(term: RandomTerm, labels: Sequence[str]) -> list[RandomTerm]:
    """A term for the intercept and one for each variable: their correlations are zero."""
    parts = ["1"] if terms(term.effects).intercept else []
    parts += [f"0 + {label}" for label in labels]
    return [replace(term, effects=parse_expression(part)) for part in parts]


def _to_drop(fit: MerMod, block: Degenerate) -> str:
    """The effect to do without: one whose variance is zero, else the slope that matters least to the response."""
    slopes = [effect for effect in block.effects if effect != INTERCEPT]
    zero = [effect for effect in block.zero if effect != INTERCEPT] or list(block.zero)
    if zero:
        return zero[-1]
    return min(slopes, key=lambda effect: _share(fit, block, effect)) if slopes else INTERCEPT


def _share(fit: MerMod, block: Degenerate, effect: str) -> float:
    """Standard deviation that an effect gives the response: its own times that of its variable, where it is in X."""
    X = fit.model_matrix()
    spread = float(X[effect].std()) if effect in X.columns else 1.0
    return float(fit.VarCorr().stddev(block.name)[effect]) * spread


def _without(term: RandomTerm, effect: str) -> RandomTerm | None:
    """The term without an effect, None where nothing is left."""
    read = terms(term.effects)
    if effect == INTERCEPT:
        parts = ["0", *read.labels] if read.labels else []
    else:
        kept = [label for label in read.labels if effect != label and not effect.startswith(label)]
        parts = (["1"] if read.intercept else ["0"]) + kept
        parts = parts if kept or read.intercept else []
    return replace(term, effects=parse_expression(" + ".join(parts))) if parts else None


def _with(fit: MerMod, block: Degenerate, instead: list[RandomTerm]) -> str:
    """The model's formula with other terms in the place of a block's; empty if no random effect is left."""
    formula = fit.record.model.formula
    random = [part for term in blocks(formula) for part in (instead if term == block.term else [term])]
    if not random or formula.response is None:
        return ""
    return f"{deparse(formula.response)} ~ {' + '.join([deparse(formula.fixed), *(term.text for term in random)])}"
