"""lme4's formula language: text to response, fixed effects and random-effects terms, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lmebridge import rsyntax
from lmebridge.errors import FormulaError
from lmebridge.formula.allowed import check_functions
from lmebridge.formula.bars import refuse_bars, split_bars
from lmebridge.formula.grouping import expand_effects, expand_group
from lmebridge.formula.terms import ALGEBRA, summands, terms
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, names, operands, operator, quote_name, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.formula.bars import Covariance
    from lmebridge.rsyntax import Span

_ONE = Constant(1.0, "1")


@dataclass(frozen=True)
class RandomTerm:
    """A random-effects term, such as ``(1 + x | g)``.

    Attributes
    ----------
    effects : Node
        Left of the bar: what varies.
    group : Node
        Right of the bar: the grouping factor, or several with ``/`` or ``:``.
    covariance : {"us", "||", "diag", "cs", "ar1"}
        Covariance of the effects: unstructured, uncorrelated as written with ``||``, or the structure named.
    span : Span
        Where it was written.
    options : tuple of (str, Node)
        Further arguments of a structure, such as ``hom = TRUE``.
    structure : str
        The structure's name where one was written, as in ``us(1 | g)``; empty for plain bars.
    """

    effects: Node
    group: Node
    covariance: Covariance = "us"
    span: Span = field(default=rsyntax.NOWHERE, compare=False)
    options: tuple[tuple[str, Node], ...] = ()
    structure: str = ""

    @property
    def text(self) -> str:
        """The term as R prints it, such as ``"(1 + x | g)"``."""
        bar = "||" if self.covariance == "||" else "|"
        options = "".join(f", {name} = {deparse(value)}" for name, value in self.options)
        return f"{self.structure}({deparse(self.effects)} {bar} {deparse(self.group)}{options})"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Formula:
    """A model's formula as lme4 reads it.

    Attributes
    ----------
    response : Node or None
        Left of ``~``; None for a one-sided formula.
    fixed : Node
        The right-hand side without the random-effects terms, offsets included; the constant 1 if nothing else is left.
    random : tuple of RandomTerm
        The random-effects terms as written: neither ``/`` nor ``||`` is expanded, see `blocks`.
    text : str
        The formula as written.
    tree : Call
        The whole formula.
    """

    response: Node | None
    fixed: Node
    random: tuple[RandomTerm, ...]
    text: str = field(compare=False)
    tree: Call = field(repr=False)

    @property
    def r_text(self) -> str:
        """The formula as R prints it."""
        return deparse(self.tree)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of all variables in the order of first appearance, ``.`` left out."""
        return tuple(name for name in names(self.tree) if name != ".")

    @property
    def has_dot(self) -> bool:
        """Whether there is a ``.`` that stands for columns of the data."""
        return "." in names(self.tree)

    def __str__(self) -> str:
        return self.r_text

    def __reduce__(self) -> tuple[Callable[[str], Formula], tuple[str]]:
        """Pickle as text: trees of long sums are too deep for pickle."""
        return (_trusted, (self.text,))


def parse_formula(text: str, *, trust: bool = False) -> Formula:
    """Formula of a mixed model in lme4's language.

    Parameters
    ----------
    text : str
        Such as ``"log(y) ~ x * z + (1 + x | g1/g2)"``; one-sided formulas such as ``"~ (1 | g)"`` are read too.
    trust : bool, optional
        Whether functions beyond those `lmebridge.formula.allowed` lists may be called.

    Returns
    -------
    Formula
        Response, fixed effects and random-effects terms.

    Raises
    ------
    FormulaError
        Where the text is not a formula that lme4 understands, with the place and what to write instead.

    References
    ----------
    Bates et al. (2015), J. Stat. Softw. 67(1), section 2; lme4 ``findbars`` and ``nobars``.

    Examples
    --------
    >>> formula = parse_formula("log(y) ~ x + (1 + x | g) + (1 | a/b)")
    >>> [term.text for term in formula.random]
    ['(1 + x | g)', '(1 | a/b)']
    >>> formula.fixed
    <Name x>
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text such as 'y ~ x + (1 | g)', not of type {type(text).__name__}")
    tree = rsyntax.parse_expression(text, enclosed=True)
    sides = operands(tree)
    if operator(tree) != "~" or not isinstance(tree, Call):
        problem = "a formula needs a `~` between the response and the terms"
        raise FormulaError.at(text, tree.span, problem, "Write, for example, `y ~ x + (1 | g)`.")
    try:
        formula = _assembled(tree, sides, text)
        if not trust:
            for part in _parts(formula):
                check_functions(part, text)
        _check(formula)
    except RecursionError:
        problem = "a product or a grouping factor has too many parts"
        raise FormulaError(f"{problem}. Compute a part of it as a column of the data first.") from None
    return formula


def _assembled(tree: Call, sides: tuple[Node, ...], text: str) -> Formula:
    """The formula's parts, not yet checked."""
    response = sides[0] if len(sides) > 1 else None
    fixed, bars = split_bars(sides[-1], text)
    return Formula(response, fixed or _ONE, tuple(RandomTerm(*bar) for bar in bars), text, tree)


def parse_expression(text: str, *, trust: bool = False) -> Node:
    """An R expression over the columns of the data, such as weights or a subset; only functions listed may be called.

    Raises
    ------
    FormulaError
        Where the text is not one R expression, or calls a function that `lmebridge.formula.allowed` does not list.

    Examples
    --------
    >>> parse_expression("age > 18 & !is.na(income)")
    <Call (& (> age 18.0) (! (is.na income)))>
    """
    node = rsyntax.parse_expression(text, enclosed=True)
    if not trust:
        check_functions(node, text)
    return node


def blocks(formula: Formula) -> tuple[RandomTerm, ...]:
    """The random-effects blocks that lme4 makes of a formula, in the order written.

    ``(1 | a/b)`` becomes ``(1 | b:a)`` and ``(1 | a)``; ``(x || g)`` becomes ``(1 | g)`` and ``(0 + x | g)``. (When it
    comes to fitting, lme4 sorts the blocks by their numbers of levels, which takes the data.)

    Returns
    -------
    tuple of RandomTerm
        Each with a grouping factor that has no ``/``, and no covariance ``"||"``.

    References
    ----------
    lme4 ``findbars`` and ``expandDoubleVerts``.

    Examples
    --------
    >>> [block.text for block in blocks(parse_formula("y ~ x + (x || g) + (1 | a/b)"))]
    ['(1 | g)', '(0 + x | g)', '(1 | b:a)', '(1 | a)']
    """
    return tuple(block for term in formula.random for block in _expanded(term, formula.text))


def _expanded(term: RandomTerm, text: str) -> list[RandomTerm]:
    """The blocks of one term."""
    uncorrelated = term.covariance == "||"
    effects = expand_effects(term.effects) if uncorrelated else (term.effects,)
    covariance = "us" if uncorrelated else term.covariance
    return [
        replace(term, effects=effect, group=group, covariance=covariance)
        for effect in effects
        for group in expand_group(term.group, text)
    ]


def group_name(term: RandomTerm) -> str:
    """Name of a block's grouping factor as lme4 gives it, such as ``"LANAME:gor_name"``; a column's name as it is."""
    return term.group.name if isinstance(term.group, Name) else deparse(term.group)


def resolve_dot(formula: Formula, columns: Sequence[str]) -> Formula:
    """The formula with ``.`` replaced by the columns that the response does not use.

    Parameters
    ----------
    formula : Formula
        Any formula; one without ``.`` is returned as it is.
    columns : sequence of str
        Names of the data's columns, in order.

    Returns
    -------
    Formula
        Its text is the new formula's.

    Raises
    ------
    FormulaError
        If no column is left.

    Notes
    -----
    As in lme4, ``.`` takes in the grouping factors too: ``y ~ . + (1 | g)`` has ``g`` among its fixed effects unless it
    is taken out by ``. - g``. Unlike lme4 1.1-31, it never takes in the weights nor a transformed response, which that
    version does by reading ``.`` a second time on its model frame.

    Examples
    --------
    >>> print(resolve_dot(parse_formula("log(y) ~ . - g + (1 | g)"), ["y", "x", "z", "g"]))
    log(y) ~ x + z + g - g + (1 | g)
    """
    if not formula.has_dot:
        return formula
    used = set(names(formula.response)) if formula.response is not None else set()
    chosen = [quote_name(column) for column in columns if column not in used]
    if not chosen:
        raise FormulaError("`.` stands for no column: the data have none that the response does not use.")
    return _trusted(_with_dots(formula, " + ".join(chosen)))


def _with_dots(formula: Formula, columns: str) -> str:
    """The formula's text with these columns for every ``.``, in parentheses where they would not simply be added."""
    added = {part.span for sign, part in summands(operands(formula.tree)[-1]) if sign == "+"}
    text = formula.text
    dots = [node.span for node in walk(formula.tree) if _is_dot(node)]
    for start, end in sorted(dots, reverse=True):
        written = columns if (start, end) in added else f"({columns})"
        text = text[:start] + written + text[end:]
    return text


def _trusted(text: str) -> Formula:
    """Formula of a text whose functions have been checked before."""
    return parse_formula(text, trust=True)


def _is_dot(node: Node) -> bool:
    return isinstance(node, Name) and node.name == "."


def _parts(formula: Formula) -> list[Node]:
    """The expressions of a formula, each free of bars."""
    response = [] if formula.response is None else [formula.response]
    random = [part for term in formula.random for part in (term.effects, term.group)]
    options = [value for term in formula.random for _, value in term.options]
    return [*response, formula.fixed, *random, *options]


def _check(formula: Formula) -> None:
    """Refuse what lme4 would fail on without data."""
    text = formula.text
    if formula.response is not None:
        refuse_bars(formula.response, text)
    _check_dots(formula)
    _check_tilde(formula)
    if not formula.has_dot:
        terms(formula.fixed, text)
    for term in formula.random:
        _check_effects(term, text)
    blocks(formula)


def _check_dots(formula: Formula) -> None:
    """Refuse a ``.`` anywhere but among the fixed effects' terms."""
    allowed = {item.span for item in _algebraic(formula.fixed) if _is_dot(item)}
    for item in walk(formula.tree):
        if _is_dot(item) and item.span not in allowed:
            problem = "`.` can only stand for all columns among the fixed effects"
            raise FormulaError.at(formula.text, item.span, problem, "Name the columns.")


def _check_tilde(formula: Formula) -> None:
    """Refuse a ``~`` inside a formula."""
    _, *below = walk(formula.tree)
    for item in below:
        if operator(item) == "~":
            raise FormulaError.at(formula.text, item.span, "a formula has one `~` only", "Remove the other one.")


def _check_effects(term: RandomTerm, text: str) -> None:
    """Refuse a term without effects, and ``||`` where there is nothing to keep uncorrelated."""
    read = terms(term.effects, text)
    remedy = f"Write `(1 | {deparse(term.group)})` for an intercept that varies."
    if not read.labels and not read.intercept:
        raise FormulaError.at(text, term.span, f"`{term.text}` has no effects that could vary", remedy)
    if term.covariance == "||" and not read.labels:
        raise FormulaError.at(text, term.span, f"`||` has nothing to separate in `{term.text}`", remedy)


def _algebraic(node: Node) -> list[Node]:
    """The variables of a formula's right-hand side, calls not looked into."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if operator(item) in ALGEBRA:
            waiting.extend(operands(item))
        else:
            found.append(item)
    return found
