"""Random-effects terms among the terms of a formula: finding the bars, and refusing those that lme4 would misread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from lmebridge.errors import FormulaError
from lmebridge.formula.allowed import FUNCTIONS
from lmebridge.formula.terms import summands
from lmebridge.rsyntax import Call, Name, Node, call, deparse, operands, operator, walk

if TYPE_CHECKING:
    from lmebridge.rsyntax import Span

Covariance = Literal["us", "||", "diag", "cs", "ar1"]

BARS = frozenset({"|", "||"})
STRUCTURES: dict[str, Covariance] = {"us": "us", "diag": "diag", "cs": "cs", "ar1": "ar1"}


class Bar(NamedTuple):
    """What one random-effects term says, see `lmebridge.formula.model_formula.RandomTerm`."""

    effects: Node
    group: Node
    covariance: Covariance
    span: Span
    options: tuple[tuple[str, Node], ...] = ()
    structure: str = ""


def split_bars(node: Node, text: str) -> tuple[Node | None, tuple[Bar, ...]]:
    """Fixed effects, None if nothing is left, and random-effects terms of a right-hand side.

    Parameters
    ----------
    node : Node
        The right-hand side of a formula.
    text : str
        The formula, to point at what is wrong with it.

    Raises
    ------
    FormulaError
        For a bar outside parentheses, inside another term, or subtracted.

    References
    ----------
    lme4 ``findbars`` and ``nobars``.
    """
    fixed: Node | None = None
    random: list[Bar] = []
    for sign, part in summands(node):
        kept, found = _split_part(part, text)
        random += found
        if sign == "-" and (found or (kept is not None and fixed is None)):
            raise _lost_minus(part, text, is_random=bool(found))
        if kept is not None:
            fixed = kept if fixed is None else call(sign, fixed, kept, span=(fixed.span[0], kept.span[1]))
    return fixed, tuple(random)


def _split_part(part: Node, text: str) -> tuple[Node | None, tuple[Bar, ...]]:
    """One summand: a random-effects term, parentheses with terms inside, or fixed effects."""
    symbol, inside = operator(part), operands(part)
    if symbol in BARS:
        remedy = "Put the whole random-effects term in parentheses, for example `(1 | g)`."
        raise FormulaError.at(text, part.span, f"`{symbol}` stands outside parentheses", remedy)
    if symbol == "(" and operator(inside[0]) in BARS:
        effects, group = _sides(inside[0], text)
        covariance: Covariance = "||" if operator(inside[0]) == "||" else "us"
        return None, (Bar(effects, group, covariance, part.span),)
    if symbol in STRUCTURES and inside and operator(inside[0]) in BARS:
        return None, (_structured(part, text),)
    if symbol == "(":
        kept, found = split_bars(inside[0], text)
        return kept and call("(", kept, span=part.span), found
    refuse_bars(part, text)
    return part, ()


def _structured(part: Node, text: str) -> Bar:
    """``cs(effects | group, hom = TRUE)``."""
    structure = str(operator(part))
    bar, *options = part.arguments if isinstance(part, Call) else ()
    named = tuple((option.name, option.value) for option in options if option.name and option.value)
    if bar.value is None or operator(bar.value) == "||" or len(named) < len(options):
        remedy = f"Write, for example, `{structure}(1 + x | g)`, options by name after it."
        raise FormulaError.at(text, part.span, f"`{structure}()` takes one term with `|`", remedy)
    effects, group = _sides(bar.value, text)
    return Bar(effects, group, STRUCTURES[structure], part.span, named, structure)


def _sides(bar: Node, text: str) -> tuple[Node, Node]:
    """Left and right of a bar."""
    effects, group = operands(bar)
    refuse_bars(effects, text)
    refuse_bars(group, text)
    return effects, group


def refuse_bars(node: Node, text: str) -> None:
    """Refuse a bar anywhere inside: lme4 would take it for a random-effects term.

    Raises
    ------
    FormulaError
        At the first bar.
    """
    for item in walk(node):
        if any(operator(part) in BARS for part in operands(item)) and _is_no_function(item):
            name = deparse(item.function) if isinstance(item, Call) else ""
            problem = f"an operator is missing between `{name}` and the parenthesis"
            raise FormulaError.at(text, item.span, problem, "Write `+` before a random-effects term.")
        if operator(item) in BARS:
            problem = f"`{operator(item)}` inside `{deparse(node)}` cannot be a random-effects term"
            remedy = "Add such terms with `+`; a logical `or` must be computed as a column of the data first."
            raise FormulaError.at(text, item.span, problem, remedy)


def _is_no_function(item: Node) -> bool:
    """Whether a call calls a name that is no function known, such as ``x`` in ``x (1 | g)``."""
    return isinstance(item, Call) and isinstance(item.function, Name) and item.function.name not in FUNCTIONS


def _lost_minus(part: Node, text: str, *, is_random: bool) -> FormulaError:
    """Error for a minus that lme4 would not see."""
    if is_random:
        problem = "a random-effects term cannot be subtracted"
        return FormulaError.at(text, part.span, problem, "Leave it out of the formula.")
    problem = "lme4 ignores a minus that only random-effects terms stand before"
    return FormulaError.at(text, part.span, problem, "Write the fixed effects first, as in `y ~ 0 + (1 | g)`.")
