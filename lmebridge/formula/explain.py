"""A formula in plain words: what each of its terms says about the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lmebridge.families import Family, family_name, read_family
from lmebridge.formula.family_words import describe_family
from lmebridge.formula.model_formula import Formula, parse_formula
from lmebridge.formula.random_words import describe_random, relations
from lmebridge.formula.terms import Terms, terms
from lmebridge.formula.wording import code, effect, laid_out, listed, meaning
from lmebridge.rsyntax import Node, deparse, function_name, names, operands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.linear.fit import LinearFit
    from lmebridge.records import Fit as MixedFit


class Explanation(str):
    """Text that shows as it is where Python shows a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Fitted(Protocol):
    """A fitted model, mixed or linear."""

    @property
    def record(self) -> MixedFit | LinearFit:
        """What was fitted, as `lmebridge.records` or `lmebridge.linear.fit` keep it."""


def explain(formula: Formula | str | Fitted, family: str | Sequence[str] | None = None) -> Explanation:
    """What a formula means, term by term, in plain words.

    Parameters
    ----------
    formula : Formula, str, MerMod or LinearModel
        A model's formula in lme4's language, read by `parse_formula` or not, or a fitted model.
    family : str or pair of str, optional
        Of a generalized model, as `lmebridge.glmer` takes it; a fitted model has its own.

    Returns
    -------
    Explanation
        A string of several lines.

    Raises
    ------
    FormulaError
        If the text is not a formula.
    ValueError
        For another family or link than R has.

    References
    ----------
    Bates et al. (2015), J. Stat. Softw. 67(1), table 2.

    Examples
    --------
    >>> explain("P8 ~ 1 + (1 | OFSTEDRATING)")
    P8 ~ 1 + (1 | OFSTEDRATING)
    <BLANKLINE>
    Response
      P8
    <BLANKLINE>
    Fixed effects: the same in every group
      1: the intercept, the expected response.
    <BLANKLINE>
    Random effects: different from group to group
      (1 | OFSTEDRATING): a varying intercept. Each level of OFSTEDRATING lies above or below
        the overall intercept by an amount of its own. Estimated: the variance of these amounts.
    <BLANKLINE>
    Besides, each row has a residual error. Random effects and errors are normal with mean 0.
    """
    read = _formula_of(formula)
    sections = [[str(read)]]
    if read.response is not None:
        sections.append(["Response", *laid_out(_response(read.response))])
    chosen = _family_of(formula, family)
    if chosen is not None:
        sections.append(["Family", *laid_out(describe_family(chosen))])
    sections.append(["Fixed effects: the same in every group", *laid_out(_fixed(read))])
    if read.random:
        lines = laid_out([*(describe_random(term, read) for term in read.random), *relations(read)])
        sections.append(["Random effects: different from group to group", *lines])
    ending = _ending(generalized=chosen is not None, random=bool(read.random))
    return Explanation("\n\n".join("\n".join(lines) for lines in [*sections, [ending]]))


def _formula_of(given: Formula | str | Fitted) -> Formula:
    if isinstance(given, Formula):
        return given
    return parse_formula(given) if isinstance(given, str) else given.record.model.formula


def _family_of(given: Formula | str | Fitted, family: str | Sequence[str] | None) -> Family | None:
    """The family of a generalized model, None for a linear one."""
    if family is not None:
        read = read_family(family)
        return None if (read.name, read.link) == ("gaussian", "identity") else read
    model = None if isinstance(given, (Formula, str)) else given.record.model
    if not getattr(model, "is_generalized", False):
        return None
    return Family(family_name(model.family), model.link, model.family_theta)  # type: ignore[union-attr]


def _ending(*, generalized: bool, random: bool) -> str:
    """What is assumed besides the terms."""
    if generalized:
        return "The family says how the rows scatter. On the scale of the link random effects are normal with mean 0."
    kinds = "Random effects and errors" if random else "Errors"
    return f"Besides, each row has a residual error. {kinds} are normal with mean 0."


def _response(response: Node) -> list[str]:
    """The response, and how the coefficients of a logarithm read."""
    said = meaning(response)
    lines = [f"{deparse(response)}: {said}." if said else deparse(response)]
    if function_name(response) == "log" and len(operands(response)) == 1:
        inside = deparse(operands(response)[0])
        lines.append(f"A coefficient b adds b to it, so it multiplies {inside} by exp(b).")
    return lines


def _fixed(formula: Formula) -> list[str]:
    """The fixed effects, one paragraph a term."""
    if formula.has_dot:
        return _with_dots(formula)
    read = terms(formula.fixed)
    lines = [_intercept(read)]
    lines += [f"{code(label)}: {_term(read, position)}." for position, label in enumerate(read.labels)]
    for offset in read.offsets:
        inside = listed([deparse(value) for value in operands(offset)])
        lines.append(f"{code(deparse(offset))}: {inside} is added as it is; nothing is estimated for it.")
    return lines


def _with_dots(formula: Formula) -> list[str]:
    """The fixed effects of a formula with ``.``, as they are written: its terms depend on the data."""
    used = names(formula.response) if formula.response is not None else ()
    but = f" but {listed(used)}" if used else ""
    out = "they are taken out, as `. - g` does for g"
    stands = f"where . stands for every column of the data{but}, grouping factors too unless {out}."
    return [f"{code(deparse(formula.fixed))}, {stands}"]


def _intercept(read: Terms) -> str:
    """The intercept, or what follows from its absence."""
    if read.intercept and not read.labels:
        return "1: the intercept, the expected response."
    if read.intercept:
        return "1: the intercept, the expected response where every number is 0 and every factor at its first level."
    if not read.labels:
        return "0: no intercept, the expected response is 0."
    return (
        "0: no intercept. The expected response is 0 where everything is 0; the first factor, if there is one, gets a "
        "coefficient for every level."
    )


def _term(read: Terms, position: int) -> str:
    """One term of the fixed effects."""
    variables = [read.variables[i] for i in read.factors[position]]
    if len(variables) == 1:
        said = meaning(variables[0])
        return f"{said}. Coefficient: {effect(variables[0])}" if said else effect(variables[0])
    return _interaction(read, position, [deparse(variable) for variable in variables])


def _interaction(read: Terms, position: int, texts: list[str]) -> str:
    """A term of several variables; what it says depends on which of its margins are in the model."""
    present = set(read.factors)
    absent = [text for text, i in zip(texts, read.factors[position], strict=True) if (i,) not in present]
    if not absent:
        *others, last = texts
        what = f"the effect of {others[0]}" if len(others) == 1 else f"the interaction of {listed(others)}"
        return f"an interaction, by how much {what} changes with {last}"
    given = [text for text in texts if text not in absent]
    if not given:
        return f"the product of {listed(texts)}, an effect for each combination where they are factors"
    return f"the effect of {listed(absent)} within each level of {listed(given)}"
