"""A fit in plain words: what the formula means, how the fit ended, and what to try where it ended badly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.control import SINGULAR_TOLERANCE
from lmebridge.diagnostics.singularity import Degenerate, alternatives, degenerate_blocks
from lmebridge.formula import explain as formulas
from lmebridge.formula.explain import Explanation
from lmebridge.formula.model_formula import Formula
from lmebridge.formula.wording import code, laid_out, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.model import MerMod

#: Levels below which a variance among them is hardly known.
FEW_LEVELS = 5
#: Factor between standard deviations of columns that lme4 calls very different scales.
SCALE_RATIO = 1e3

#: lme4's and its optimizers' words about the optimum, and what they say.
MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"max\|grad\| = (?P<found>\S+?)(?: \(tol = (?P<tol>[^,)]+))",
        (
            "Where the search stopped the criterion still slopes: its gradient, scaled by its curvature, is {found}, "
            "and lme4 wants it below {tol}. A few times the tolerance is often a false alarm; far above it is none."
        ),
    ),
    (r"max\|grad\|", "Where the search stopped the criterion still slopes: it is not at its minimum."),
    (r"max\|relative grad\|", "Where the search stopped the criterion still slopes, relative to the parameters."),
    (
        r"unable to evaluate scaled gradient|Gradient contains NA",
        "The slope of the criterion could not be judged: around the estimate its curvature is not that of a minimum.",
    ),
    (
        r"[Hh]essian is numerically singular|degenerate\s+Hessian|negative eigenvalue",
        (
            "Around the estimate the criterion is flat, or falls, in some direction: some combination of the "
            "parameters is not determined by the data, or the search stopped short."
        ),
    ),
    (
        r"nearly unidentifiable",
        (
            "Around the estimate the criterion is far flatter in one direction than in another: the parameters are on "
            "very different scales, or some combination of them is hardly determined by the data."
        ),
    ),
    (
        r"maxfun|maxeval|MAXEVAL|maximum number of function evaluations|iteration limit|Maximum number",
        "The search used up the evaluations it was allowed before it came to a minimum.",
    ),
    (r"convergence code|did not converge|not certified", "The optimizer itself says that it did not end well."),
)


def explain(formula: Any) -> Explanation:
    r"""What a formula or a fitted model means, in plain words.

    Of a fit it also says how it ended: what a singular fit says about the data, what lme4's messages mean, which
    columns to rescale, which variances come from few levels, and which formulas or options to try.

    Parameters
    ----------
    formula : str, Formula, MerMod or LinearModel
        A formula in lme4's language, or a fitted model of any backend.

    Returns
    -------
    Explanation
        A string of several lines.

    Raises
    ------
    FormulaError
        If the text is not a formula.
    TypeError
        If it is neither a formula nor a fitted model.

    References
    ----------
    Bates et al. (2015), J. Stat. Softw. 67(1); lme4's help pages ``isSingular`` and ``convergence``; Bates, Kliegl,
    Vasishth and Baayen (2015), arXiv:1506.04967.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> print("\n".join(lme.explain(fit).splitlines()[-4:]))
    The fit
      The search ended at a minimum of the criterion, and nothing was said against it.
      No variance is zero and no correlation is 1 or -1.
      schoolid has 160 levels.
    """
    if not isinstance(formula, (str, Formula)) and not hasattr(formula, "record"):
        raise TypeError(
            f"explain takes a formula or a fitted model, such as lmer gives; a {type(formula).__name__} is none"
        )
    said = formulas.explain(formula)
    if not hasattr(formula, "VarCorr"):
        return said
    return Explanation("\n\n".join([said, *("\n".join(lines) for lines in sections(formula))]))


def sections(fit: MerMod) -> list[list[str]]:
    """What is to be said about a fit: sections of lines, the first line of each its title."""
    parts = [_singular(fit), _convergence(fit), _columns(fit), _few_levels(fit), _other(fit)]
    found = [[title, *laid_out(paragraphs)] for title, paragraphs in parts if paragraphs]
    return found or [["The fit", *laid_out(_all_is_well(fit))]]


def _all_is_well(fit: MerMod) -> list[str]:
    levels = [f"{group} has {count} levels" for group, count in fit.ngrps().items()]
    return [
        "The search ended at a minimum of the criterion, and nothing was said against it.",
        "No variance is zero and no correlation is 1 or -1.",
        f"{listed(levels)}.",
    ]


def _singular(fit: MerMod) -> tuple[str, list[str]]:
    """What is zero or one, what that says, and what to try."""
    found = degenerate_blocks(fit)
    if not found:
        return "", []
    lines = [words for block in found for words in (*_finding(fit, block), *_suggestions(fit, block))]
    lines.append(
        "A singular fit is a result, no failure: estimates of the fixed effects hold, and are those of the simpler "
        "model or near it. But what rests on the degenerate part (its profile, its p-value, its ranef) says little. "
        "lme.anova(simpler, fit) compares the two."
    )
    return "Singular: the random effects vary in fewer ways than the formula allows", lines


def _finding(fit: MerMod, block: Degenerate) -> list[str]:
    """What is degenerate in a block, and what it says about the data."""
    lines = [_zero(fit, block, effect) for effect in block.zero]
    for first, second, correlation in block.pairs:
        lines.append(
            f"{code(first)} and {code(second)} by {code(block.group)}: their correlation is estimated as "
            f"{correlation:.2f}. Whoever knows a level's {code(first)} knows its {code(second)}: the data do not show "
            "that the two vary separately."
        )
    alive = len(block.effects) - len(block.zero)
    if not block.pairs and block.rank < alive:
        lines.append(
            f"{listed([code(effect) for effect in block.effects])} by {code(block.group)}: the {len(block.effects)} "
            f"effects vary in {block.rank} directions only (fit.rePCA() shows them): one combines the others."
        )
    return lines


def _zero(fit: MerMod, block: Degenerate, effect: str) -> str:
    levels = int(fit.ngrps()[block.group])
    what = "intercepts" if effect == "(Intercept)" else f"effects of {code(effect)}"
    return (
        f"{code(effect)} by {code(block.group)}: the variance is estimated as 0. The {what} of the {levels} levels "
        "differ no more than the residual scatter makes them differ by chance. That is no proof that they are equal: "
        f"with {levels} levels a small variance cannot be told from none.{_units(fit, block, effect)}"
    )


def _units(fit: MerMod, block: Degenerate, effect: str) -> str:
    """What to know where an effect is small only because its variable has large numbers."""
    spread = dict(far_columns(fit)).get(effect, 1.0)
    deviation = float(fit.VarCorr().stddev(block.name)[effect]) / fit.sigma() * spread
    if deviation < SINGULAR_TOLERANCE:
        return ""
    return (
        f" But {code(effect)} has an SD of {spread:.2g}, and lme4 calls a variance zero in its units: rescale the "
        "column and fit again before believing this."
    )


def _suggestions(fit: MerMod, block: Degenerate) -> list[str]:
    """Formulas to try."""
    lines = []
    for text, what in alternatives(fit, block):
        if text:
            lines.append(f"Try {code(text)}, {what}.")
        else:
            fixed = _fixed_text(fit)
            lines.append(f"Try lme.lm({code(repr(fixed))}, data): without the term no random effect is left.")
    if block.pairs:
        lines.append("Where the zero of a number lies decides on a correlation: try it centred, x - mean(x), as well.")
    return lines


def _fixed_text(fit: MerMod) -> str:
    from lmebridge.rsyntax import deparse

    formula = fit.record.model.formula
    response = "" if formula.response is None else deparse(formula.response)
    return f"{response} ~ {deparse(formula.fixed)}"


def _convergence(fit: MerMod) -> tuple[str, list[str]]:
    """What was said about the optimum, in words, and what to try."""
    said = list(dict.fromkeys(m.text for m in fit.record.convergence.messages if m.kind == "convergence"))
    if not said and fit.record.convergence.code <= 0:
        return "", []
    said = said or [fit.record.convergence.status]
    lines = list(dict.fromkeys(meaning(text) for text in said))
    return "Convergence: the search may not have ended at the minimum", [*lines, *_what_to_try(fit, said)]


def meaning(text: str) -> str:
    """One message about the optimum in plain words; itself where it is unknown.

    Examples
    --------
    >>> meaning("Model failed to converge with max|grad| = 0.0035 (tol = 0.002, component 1)").partition(":")[0]
    'Where the search stopped the criterion still slopes'
    """
    for pattern, words in MEANINGS:
        found = re.search(pattern, text)
        if found:
            return words.format(**found.groupdict())
    return f"{' '.join(text.split())}."


def _what_to_try(fit: MerMod, said: Sequence[str]) -> list[str]:
    lines = [
        "Try lme.allFit(fit): where all optimizers come to the same numbers, the warning is a false alarm.",
        "Try other optimizers, or more evaluations: "
        + code("control=lme.lmerControl(optimizer='bobyqa', optCtrl={'maxfun': 100_000})")
        + ", or from here: start=fit.getME('theta').",
    ]
    if fit.record.source.engine != "native" and fit.record.model.family == "gaussian":
        lines.append("Try backend='native': its search ends with a certificate that it is at a minimum.")
    columns = far_columns(fit)
    if columns:
        lines.append(f"Rescale {listed([f'{code(name)} (SD {spread:.2g})' for name, spread in columns])}: {_REMEDY}")
    elif any("unidentifiable" in text for text in said):
        lines.append("The columns are on like scales: leave out random slopes that the data hardly determine.")
    return lines


_REMEDY = "subtract the mean and divide by a round number near the SD, in the data or by scale()."


def far_columns(fit: MerMod) -> list[tuple[str, float]]:
    """Columns of X whose scale is far from the others' or from 1, with their standard deviations.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    list of (str, float)
        Those further than `SCALE_RATIO` from 1; else, where the largest and the smallest are that far apart, these two.

    References
    ----------
    lme4 ``checkScaleX``.
    """
    X = fit.model_matrix()
    numbers = X.loc[:, ~X.isin([0, 1]).all(axis=0)]
    spreads = {str(name): float(numbers[name].std()) for name in numbers.columns}
    spreads = {name: spread for name, spread in spreads.items() if spread > 0}
    limit = np.log(SCALE_RATIO)
    far = [(name, spread) for name, spread in spreads.items() if abs(np.log(spread)) > limit]
    if far or len(spreads) < 2:
        return far
    ends = [min(spreads, key=lambda name: spreads[name]), max(spreads, key=lambda name: spreads[name])]
    apart = np.log(spreads[ends[1]]) - np.log(spreads[ends[0]]) > limit
    return [(name, spreads[name]) for name in ends] if apart else []


def _columns(fit: MerMod) -> tuple[str, list[str]]:
    """Columns that were dropped, and scales where nothing was said about the optimum."""
    lines = []
    if fit.record.dropped:
        dropped = listed([code(name) for name in fit.record.dropped])
        lines.append(
            f"{dropped} {'is' if len(fit.record.dropped) == 1 else 'are'} determined by the columns before: dropped, "
            "with no estimate. Usual reasons: the same quantity twice, a combination of levels that no row has, or a "
            "variable that is constant within the rows used. Leave out what says nothing new."
        )
    scaled = any("very different scales" in text for text in fit.messages)
    if scaled and (columns := far_columns(fit)):
        named = listed([f"{code(name)} (SD {spread:.2g})" for name, spread in columns])
        lines.append(f"{named}: on another scale than the rest, which makes the search harder. Rescale: {_REMEDY}")
    return "The columns of the fixed effects", lines


def _few_levels(fit: MerMod) -> tuple[str, list[str]]:
    lines = [
        f"{code(str(group))} has {count} levels. A variance among {count} is hardly determined by the data: give its "
        f"interval, fit.confint(), or take {code(str(group))} as a fixed effect instead."
        for group, count in fit.ngrps().items()
        if count < FEW_LEVELS
    ]
    return "Few levels", lines


def _other(fit: MerMod) -> tuple[str, list[str]]:
    """What else was said, in its own words."""
    told = ("rank deficient", "very different scales", "< 5 sampled levels")
    notes = [m.text for m in fit.record.convergence.messages if m.kind == "note"]
    return "Besides", [" ".join(text.split()) for text in notes if not any(part in text for part in told)]
