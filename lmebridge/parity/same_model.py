"""Whether a printed output and a fit are of one model: formula, response, rows, groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmebridge.errors import FormulaError
from lmebridge.parity.names import spelling
from lmebridge.parity.quantities import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.parity.outputs import PrintedModel, PrintedOutput

#: statsmodels' name for a grouping factor that was given as an array.
UNNAMED = "Group"


@dataclass(frozen=True)
class Facts:
    """What a fit says about its model; None where it does not say."""

    formula: str | None = None
    REML: bool | None = None
    n_obs: int | None = None
    n_groups: Mapping[str, int] = field(default_factory=dict)
    terms: tuple[str, ...] | None = None
    family: str | None = None


def facts_of(source: Any) -> Facts:
    """The facts of a fit.

    Raises
    ------
    TypeError
        If `source` is nothing to compare.
    """
    kind = kind_of(source)
    if kind == "printed":
        model = source.model
        return Facts(model.formula, model.REML, model.n_obs, model.n_groups, terms_of(source), _plain(model.family))
    if kind not in {"mixed", "linear"}:
        return Facts()
    record = getattr(source, "record", source)
    formula = str(record.model.formula)
    if kind == "linear":
        return Facts(formula, None, record.n_obs, terms=tuple(map(str, record.coefficients.index)))
    terms = tuple(map(str, record.fixed.index))
    family = _plain(f"{record.model.family} ( {record.model.link} )")
    return Facts(formula, record.model.REML, record.n_obs, dict(record.n_groups), terms, family)


def _plain(family: str | None) -> str | None:
    """Family and link without a negative binomial's theta, which is estimated."""
    return None if family is None else re.sub(r"(?<=Negative Binomial)\(.*?\)", "", " ".join(family.split()))


def terms_of(output: PrintedOutput) -> tuple[str, ...] | None:
    """The coefficients of an output; None where it has none."""
    return tuple(number.key.term for number in output.numbers if number.key.quantity == "estimate") or None


def differences(output: PrintedOutput, facts: Facts, names: Mapping[str, str]) -> list[str]:
    """What the output says about its model and the fit contradicts, in words; empty when nothing.

    Parameters
    ----------
    output : PrintedOutput
        An output; what it does not say cannot differ.
    facts : Facts
        The fit's facts.
    names : mapping of str to str
        Names in the text to names in the fit.
    """
    printed = output.model
    return [
        words
        for words in (
            _formula_differs(printed, facts, names),
            _differs("family", _plain(printed.family), facts.family),
            _differs("REML", printed.REML, facts.REML),
            _differs("number of rows", printed.n_obs, facts.n_obs),
            _groups_differ(printed.n_groups, facts.n_groups),
            _terms_differ(terms_of(output), facts.terms, names),
        )
        if words
    ]


def _differs(what: str, printed: object, fitted: object) -> str:
    if printed is None or fitted is None or printed == fitted:
        return ""
    return f"{what} differs: {printed} was printed, the fit has {fitted}"


def _formula_differs(printed: PrintedModel, facts: Facts, names: Mapping[str, str]) -> str:
    if facts.formula is None:
        return ""
    if printed.formula is not None:
        same = same_formula(renamed(printed.formula, names), facts.formula)
        return "" if same else f"formula differs: {printed.formula} was printed, the fit has {facts.formula}"
    response = facts.formula.partition("~")[0]
    if printed.response is None or spelling(renamed(printed.response, names)) == spelling(response):
        return ""
    return f"response differs: {printed.response} was printed, the fit has {response.strip()}"


def _groups_differ(printed: Mapping[str, int], fitted: Mapping[str, int]) -> str:
    left = {spelling(group): count for group, count in printed.items()}
    right = {spelling(group): count for group, count in fitted.items()}
    if set(left) == {UNNAMED} and len(right) == 1:
        left = dict(zip(right, left.values(), strict=True))
    if not left or not right or left == right:
        return ""
    return f"groups differ: {dict(printed)} were printed, the fit has {dict(fitted)}"


def _terms_differ(printed: tuple[str, ...] | None, fitted: tuple[str, ...] | None, names: Mapping[str, str]) -> str:
    if printed is None or fitted is None:
        return ""
    left = {spelling(renamed(term, names)) for term in printed}
    if left == {spelling(term) for term in fitted}:
        return ""
    return f"coefficients differ: {', '.join(printed)} were printed, the fit has {', '.join(fitted)}"


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with whole words replaced.

    Examples
    --------
    >>> renamed("log_x:z", {"log_x": "log(x)"})
    'log(x):z'
    """
    if not names:
        return text
    pattern = "|".join(rf"(?<![\w.]){re.escape(name)}(?![\w.])" for name in sorted(names, key=len, reverse=True))
    return re.sub(pattern, lambda match: names[match.group()], text)


def same_formula(left: str, right: str) -> bool:
    """Whether two formulas are of one model, in whatever order and with whatever shorthand they are written.

    Examples
    --------
    >>> same_formula("y ~ x * z + (x || g)", "y ~ z + x + x:z + (1 | g) + (0 + x | g)")
    True
    >>> same_formula("y ~ x + (x | g)", "y ~ x + (1 | g)")
    False
    """
    if "".join(left.split()) == "".join(right.split()):
        return True
    try:
        return _structure(left) == _structure(right)
    except (FormulaError, RecursionError):
        return False


def _structure(text: str) -> tuple[str, object, frozenset[object]]:
    from lmebridge.formula.model_formula import blocks, group_name, parse_formula
    from lmebridge.rsyntax import deparse

    formula = parse_formula(text, trust=True)
    response = "" if formula.response is None else spelling(deparse(formula.response))
    random = frozenset((spelling(group_name(term)), term.covariance, _side(term.effects)) for term in blocks(formula))
    return response, _side(formula.fixed), random


def _side(node: Any) -> tuple[bool, frozenset[str]]:
    from lmebridge.formula.terms import terms

    found = terms(node)
    return found.intercept, frozenset(map(spelling, found.labels))
