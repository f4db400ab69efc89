"""Formulas in other programs' words: MixedLM's arguments and pymer4's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.errors import UnsupportedByBackend
from lmebridge.formula.model_formula import RandomTerm, blocks, group_name
from lmebridge.formula.patsy_text import expression_text, formula_text, terms_text
from lmebridge.formula.terms import Terms, terms
from lmebridge.rsyntax import Name, Node, deparse, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from lmebridge.formula.model_formula import Formula

_REMEDY = 'Use backend="native" or backend="lme4".'
_ONE_BLOCK = "MixedLM has one block of correlated random effects, at its outermost grouping factor"
_SEVERAL_COLUMNS = frozenset({"factor", "as.factor", "ordered", "as.ordered", "cut", "interaction", "poly", "ns", "bs"})


@dataclass(frozen=True)
class MixedLMArguments:
    """A mixed model in the words of ``statsmodels.formula.api.mixedlm``.

    Attributes
    ----------
    fixed : str
        The formula of response and fixed effects. Mathematical functions are written ``np.log(x)``: numpy must be known
        as ``np`` where MixedLM is called.
    groups : str or None
        The column of the outermost groups; None where the factors are crossed and all rows are one group.
    re_formula : str or None
        Effects that vary among `groups`, correlated; None for none.
    vc_formula : mapping of str to str
        By name, further effects, each with a variance of its own.
    """

    fixed: str
    groups: str | None
    re_formula: str | None
    vc_formula: Mapping[str, str]

    def keywords(self, data: pd.DataFrame) -> dict[str, Any]:
        """Keyword arguments to call ``mixedlm(fixed, data, **keywords)`` with."""
        import numpy as np

        given = {
            "groups": np.ones(len(data)) if self.groups is None else self.groups,
            "re_formula": self.re_formula,
            "vc_formula": dict(self.vc_formula) or None,
        }
        return {name: value for name, value in given.items() if value is not None}


def mixedlm_arguments(formula: Formula) -> MixedLMArguments:
    """Arguments that make statsmodels' MixedLM fit the model that lme4 fits.

    Parameters
    ----------
    formula : Formula
        The model, with a response and without ``.``.

    Returns
    -------
    MixedLMArguments
        ``(x | g)`` is `re_formula` within ``groups="g"``; ``(1 | a/b)`` has ``b`` as a component within ``a``; the
        slopes of ``||`` are components; crossed factors are components of one group of all rows.

    Raises
    ------
    UnsupportedByBackend
        For what MixedLM cannot express, naming the term: correlated effects of a second factor or beside a crossed one,
        structured covariances, offsets, functions that patsy does not have.

    Notes
    -----
    The formula alone does not say which variables are factors: ``x`` in ``(x || g)`` is taken for a number.

    References
    ----------
    Lindstrom & Bates (1988), J. Am. Stat. Assoc. 83; statsmodels 0.15, ``MixedLM.from_formula``.

    Examples
    --------
    >>> from lmebridge.formula.model_formula import parse_formula
    >>> mixedlm_arguments(parse_formula("log(y) ~ x + (1 + x | a) + (1 | a:b)"))
    MixedLMArguments(fixed='np.log(y) ~ x', groups='a', re_formula='1 + x', vc_formula={'a:b': '0 + C(b)'})
    """
    parts = [_Part.of(term) for term in blocks(formula)]
    if formula.response is None or not parts:
        raise _unsupported(str(formula), "MixedLM needs a response and a grouping factor")
    groups = _outermost(parts)
    within = next((part for part in parts if part.factors == (groups,) and part.is_wide), None)
    within = within or next((part for part in parts if part.factors == (groups,)), None)
    components = [part for part in parts if part is not within]
    for part in components:
        if part.is_wide:
            raise _unsupported(part.term.text, _ONE_BLOCK)
    fixed = f"{expression_text(formula.response)} ~ {formula_text(_without_offset(formula.fixed))}"
    re_formula = None if within is None else within.effects
    return MixedLMArguments(fixed, groups, re_formula, _named_components(components, groups))


def pymer4_text(formula: Formula) -> str:
    """The formula as pymer4 takes it: R's text on one line, which it hands to lme4.

    Examples
    --------
    >>> from lmebridge.formula.model_formula import parse_formula
    >>> pymer4_text(parse_formula("y~x+(x||g)"))
    'y ~ x + (x || g)'
    """
    return formula.r_text


@dataclass(frozen=True)
class _Part:
    """A block of random effects with what MixedLM needs to know of it."""

    term: RandomTerm
    read: Terms
    factors: tuple[str, ...]

    @classmethod
    def of(cls, term: RandomTerm) -> _Part:
        """Read a block; its covariance must be unstructured."""
        if term.covariance != "us" or term.options:
            raise _unsupported(term.text, f"MixedLM has no {term.covariance}() structure")
        return cls(term, terms(term.effects), tuple(_factors(term.group, term)))

    @property
    def is_wide(self) -> bool:
        """Whether there are several effects, as far as the text says."""
        return int(self.read.intercept) + len(self.read.labels) > 1 or any(
            function_name(variable) in _SEVERAL_COLUMNS for variable in self.read.variables
        )

    @property
    def effects(self) -> str:
        """The effects as patsy reads them."""
        return terms_text(self.term.effects)

    @property
    def name(self) -> str:
        """Name of the block's variance component."""
        group = group_name(self.term)
        return group if self.read.intercept else f"{', '.join(self.read.labels)} | {group}"

    def component(self, groups: str | None) -> str:
        """The formula of a variance component: one column a level of the factors within `groups`."""
        inner = [f"C({_column(factor)})" for factor in self.factors if factor != groups]
        slope = self.effects.removeprefix("1").removeprefix("0 + ")
        factors = [*inner, *([slope] if slope else [])]
        return f"0 + {':'.join(factors)}" if factors else "1"


def _factors(group: Node, term: RandomTerm) -> list[str]:
    """Columns that a grouping factor is made of."""
    group = unwrap(group)
    if operator(group) == ":":
        return [factor for part in operands(group) for factor in _factors(part, term)]
    if function_name(group) in {"factor", "as.factor"} and len(operands(group)) == 1:
        return _factors(operands(group)[0], term)
    if not isinstance(group, Name):
        remedy = "Compute the grouping factor as a column of the data first."
        raise UnsupportedByBackend.because("statsmodels", term.text, "its groups are not a column", remedy)
    return [group.name]


def _column(name: str) -> str:
    """A column's name in a patsy formula."""
    return expression_text(Name(name))


def _outermost(parts: Sequence[_Part]) -> str | None:
    """The factor that all others are nested in, by the formula; None where there is none."""
    shared = [factor for factor in parts[0].factors if all(factor in part.factors for part in parts)]
    alone = [factor for factor in shared if any(part.factors == (factor,) for part in parts)]
    return next(iter([*alone, *shared]), None)


def _named_components(parts: Sequence[_Part], groups: str | None) -> dict[str, str]:
    """Variance components by name; a repeated name is numbered as lme4 numbers blocks."""
    components: dict[str, str] = {}
    for part in parts:
        name, repeats = part.name, 0
        while name in components:
            repeats += 1
            name = f"{part.name}.{repeats}"
        components[name] = part.component(groups)
    return components


def _without_offset(fixed: Node) -> Node:
    """The fixed effects, if there is no offset among them."""
    for offset in terms(fixed).offsets:
        remedy = 'Subtract it from the response, or use backend="native" or backend="lme4".'
        raise UnsupportedByBackend.because("statsmodels", deparse(offset), "MixedLM has no offset", remedy)
    return fixed


def _unsupported(term: str, reason: str) -> UnsupportedByBackend:
    return UnsupportedByBackend.because("statsmodels", term, reason, _REMEDY)
