"""Grouping factors and uncorrelated effects: what lme4 makes of ``/`` and ``||``."""

from __future__ import annotations

from lmebridge.errors import FormulaError
from lmebridge.formula.terms import terms
from lmebridge.rsyntax import Call, Constant, Name, Node, call, deparse, function_name, operands, operator, unwrap

_ZERO, _ONE = Constant(0.0, "0"), Constant(1.0, "1")
_ARITHMETIC = frozenset({"+", "-", "*", "^", "|", "||", "&", "&&", "!", "%in%", "~", "%%", "%/%"})
_ARITHMETIC |= {"==", "!=", "<", ">", "<=", ">="}


def expand_group(group: Node, text: str) -> tuple[Node, ...]:
    """Grouping factors that one right-hand side of a bar stands for, in lme4's order: ``a/b`` is ``b:a`` and ``a``.

    Parameters
    ----------
    group : Node
        Right of the bar.
    text : str
        The formula, to point at what is wrong with it.

    Raises
    ------
    FormulaError
        For a grouping factor that lme4 does not understand.

    References
    ----------
    lme4 ``findbars`` (``expandSlash``).

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> [deparse(factor) for factor in expand_group(parse_expression("a/b/c"), "")]
    ['c:(b:a)', 'b:a', 'a']
    """
    outermost, *inner = _slashed(group)
    for part in (outermost, *inner):
        _check(part, text)
    if inner and not isinstance(outermost, Name):
        problem = f"lme4 expands `/` after a name only, not after `{deparse(outermost)}`"
        remedy = f"Write `(1 | {deparse(outermost)}) + (1 | {deparse(outermost)}:{deparse(inner[0])})`."
        raise FormulaError.at(text, outermost.span, problem, remedy)
    factors: list[Node] = [outermost]
    for part in inner:
        factors.insert(0, call(":", part, factors[0], span=group.span))
    return tuple(factors)


def expand_effects(effects: Node) -> tuple[Node, ...]:
    """Effects of the separate terms that ``(effects || g)`` stands for: ``1`` and ``0 + x`` for ``x``.

    References
    ----------
    lme4 ``expandDoubleVerts``.
    """
    read = terms(effects)
    variables = [tuple(read.variables[i] for i in members) for members in read.factors]
    slopes = tuple(call("+", _ZERO, _product(factors), span=effects.span) for factors in variables)
    return ((_ONE, *slopes) if read.intercept else slopes) if slopes else ()


def _product(factors: tuple[Node, ...]) -> Node:
    """``a:b:c`` of these variables."""
    product = factors[0]
    for factor in factors[1:]:
        product = call(":", product, factor)
    return product


def _slashed(group: Node) -> list[Node]:
    """Parts of ``a/b/c`` from the left."""
    parts: list[Node] = []
    while isinstance(group, Call) and operator(group) == "/":
        group, inner = operands(group)
        parts.insert(0, inner)
    return [group, *parts]


def _check(group: Node, text: str) -> None:
    """Refuse a grouping factor that is neither a variable, a call, nor several of them joined by ``:``."""
    if isinstance(group, Constant):
        problem = f"`{deparse(group)}` cannot be a grouping factor"
        raise FormulaError.at(text, group.span, problem, "Write the name of a column of the data after the bar.")
    symbol = operator(group)
    if symbol == ":":
        for part in operands(group):
            _check(part, text)
    elif symbol == "(":
        _check_parenthesis(group, text)
    elif symbol == "/":
        raise FormulaError.at(
            text, group.span, "lme4 cannot read `/` beside `:`", "Write each factor in a term of its own."
        )
    elif symbol in _ARITHMETIC:
        raise FormulaError.at(text, group.span, f"`{symbol}` cannot join grouping factors", _remedy(group))
    elif isinstance(group, Name) and group.name == ".":
        raise FormulaError.at(text, group.span, "`.` cannot be a grouping factor", "Name one column of the data.")


def _check_parenthesis(group: Node, text: str) -> None:
    """Refuse ``(a/b)`` right of a bar, which lme4 calls unparseable."""
    inside = unwrap(group)
    if operator(inside) == "/":
        problem = "lme4 cannot read parentheses round `/` in a grouping factor"
        raise FormulaError.at(text, group.span, problem, f"Write `{deparse(inside)}` without them.")
    _check(inside, text)


def _remedy(group: Node) -> str:
    """What to write for factors joined by something else than ``/`` and ``:``."""
    parts = [deparse(part) for part in operands(group)]
    if function_name(group) == "+" and len(parts) > 1:
        return f"Write `(1 | {parts[0]}) + (1 | {parts[1]})`."
    if function_name(group) == "*" and len(parts) > 1:
        return f"Write `(1 | {parts[0]}) + (1 | {parts[1]}) + (1 | {parts[0]}:{parts[1]})`."
    return "Join grouping factors by `:`, or by `/` for nesting; compute anything else as a column of the data first."
