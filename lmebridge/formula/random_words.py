"""Plain words for random-effects terms: what varies, among what, and what is estimated for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.formula.grouping import expand_group
from lmebridge.formula.terms import terms
from lmebridge.formula.wording import code, listed
from lmebridge.rsyntax import Name, Node, deparse, names, operands, operator, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.formula.model_formula import Formula, RandomTerm

_STRUCTURES = {
    "diag": "They are uncorrelated, each with a variance of its own.",
    "cs": "Every two of them have the same correlation.",
    "ar1": "Neighbours among them correlate most; the correlation dies away by powers of the distance.",
}


def describe_random(term: RandomTerm, formula: Formula) -> str:
    """One random-effects term of a formula in words.

    Examples
    --------
    >>> from lmebridge.formula.model_formula import parse_formula
    >>> formula = parse_formula("y ~ x + (0 + x | g)")
    >>> describe_random(formula.random[0], formula).partition(": ")[2].partition(",")[0]
    'a varying slope. Each level of g has a slope of x of its own'
    """
    factors = [unwrap(factor) for factor in expand_group(term.group, formula.text)]
    outermost, is_structured = factors[-1], term.covariance in _STRUCTURES
    said = _structured(term, outermost) if is_structured else _what_varies(term, outermost, formula)
    return f"{code(term.text)}: {_nesting(term, factors)}{said}{_inner(factors)}"


def _what_varies(term: RandomTerm, group: Node, formula: Formula) -> str:
    """Intercepts, slopes or both, among the levels of one factor."""
    read = terms(term.effects)
    each = f"Each {_level(group)}"
    if not read.labels:
        return (
            f"a varying intercept. {each} lies above or below the overall intercept by an amount of its own. "
            "Estimated: the variance of these amounts."
        )
    slopes = listed([f"a slope of {label}" for label in read.labels])
    around = _around(read.labels, formula)
    if not read.intercept and len(read.labels) == 1:
        return (
            f"a varying slope. {each} has {slopes} of its own{around}, while the intercept does not vary: "
            f"the levels agree where {read.labels[0]} is 0. Estimated: the variance of the slopes."
        )
    what = "intercepts and slopes" if read.intercept else "slopes"
    own = f"an intercept and {slopes}" if read.intercept else slopes
    return f"varying {what}, {_together(term, intercept=read.intercept)} {each} has {own} of its own{around}. " + (
        _estimated(term, int(read.intercept) + len(read.labels))
    )


def _together(term: RandomTerm, *, intercept: bool) -> str:
    """Whether the effects of a level go together."""
    if term.covariance == "||":
        return "uncorrelated."
    high = "a high intercept may tend to high, or to low, slopes" if intercept else "one high slope may tend to others"
    return f"correlated: levels with {high}."


def _estimated(term: RandomTerm, count: int) -> str:
    """The parameters of a block, if all its variables are numbers."""
    pairs = count * (count - 1) // 2
    if term.covariance == "||":
        zero = "The correlation is" if pairs == 1 else f"The {pairs} correlations are"
        return (
            f"Estimated: {count} variances. {zero} taken to be 0, which depends on where the zero of each number lies; "
            "`||` separates numbers only, the effects of a factor stay correlated with each other."
        )
    correlations = "1 correlation" if pairs == 1 else f"{pairs} correlations"
    return f"Estimated: {count} variances and {correlations}, more where a variable is a factor."


def _around(labels: tuple[str, ...], formula: Formula) -> str:
    """What the slopes vary around: the fixed slope, or 0 where there is none."""
    fixed = set() if formula.has_dot else set(terms(formula.fixed).labels)
    missing = [label for label in labels if label not in fixed]
    if formula.has_dot:
        return ""
    if not missing:
        return ", above or below the overall one"
    are = "is" if len(missing) == 1 else "are"
    return f", above or below 0, as {listed(missing)} {are} not among the fixed effects"


def _structured(term: RandomTerm, group: Node) -> str:
    """A covariance structure named in the formula."""
    read = terms(term.effects)
    effects = [*(["an intercept"] if read.intercept else []), *(f"an effect of {label}" for label in read.labels)]
    needs = "It needs lme4 2.0-6 or later."
    return f"each {_level(group)} has {listed(effects)} of its own. {_STRUCTURES[term.covariance]} {needs}"


def _nesting(term: RandomTerm, factors: Sequence[Node]) -> str:
    """What ``/`` is short for, and which way round it goes."""
    if len(factors) == 1:
        return ""
    bar = "||" if term.covariance == "||" else "|"
    longhand = [code(f"({deparse(term.effects)} {bar} {deparse(factor)})") for factor in reversed(factors)]
    outer, inner = deparse(factors[-1]), deparse(operands(factors[-2])[0])
    return (
        f"nested groups, short for {' + '.join(longhand)}. {outer} is the larger unit: if it is {outer} that lies "
        f"within {inner}, write {inner}/{outer}. For {outer}, "
    )


def _inner(factors: Sequence[Node]) -> str:
    """The inner factors of nested groups."""
    sentences = []
    for outer, inner in zip(reversed(factors[1:]), reversed(factors[:-1]), strict=True):
        part, whole = deparse(operands(inner)[0]), listed(list(reversed(names(outer))))
        sentences.append(
            f" The same again for each {part} within its {whole}; a name of {part} that occurs in two of them "
            "means two groups."
        )
    return "".join(sentences)


def _level(group: Node) -> str:
    """A group, in words."""
    if operator(group) == ":":
        return f"combination of {listed(list(names(group)))} that occurs"
    return f"level of {group.name if isinstance(group, Name) else deparse(group)}"


def relations(formula: Formula) -> list[str]:
    """How several grouping factors stand to each other; nothing where there is one, or where one holds the other.

    Examples
    --------
    >>> from lmebridge.formula.model_formula import parse_formula
    >>> len(relations(parse_formula("y ~ (1 | a) + (1 | b)"))), len(relations(parse_formula("y ~ (1 | a/b)")))
    (1, 0)
    """
    groups = list(dict.fromkeys(tuple(names(term.group)) for term in formula.random))
    separate = [group for group in groups if all(_is_separate(group, other) for other in groups)]
    if len(separate) < 2:
        return []
    said = (
        "separate groupings: a row gets the random effects of its level of each, added up. They may be crossed, each "
        "level of one meeting several levels of the other, or nested, if the labels are unique; the data decide."
    )
    return [f"{listed(['/'.join(group) for group in separate])} are {said}"]


def _is_separate(group: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether neither of two groupings is part of the other."""
    return group == other or not (set(group) <= set(other) or set(other) <= set(group))
