"""Formulas changed by formulas, R's ``update.formula``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.rsyntax import Argument, Call, Name, deparse, operands, operator, parse_expression

if TYPE_CHECKING:
    from lmebridge.rsyntax import Node


def updated_formula(old: str, new: str) -> str:
    """R's ``update.formula``: in `new`, a dot stands for the same side of `old`.

    Parameters
    ----------
    old, new : str
        Formulas; `new` may lack its left-hand side.

    Returns
    -------
    str
        The formula written out, as R prints it.

    Raises
    ------
    FormulaError
        If one of them is no formula.

    References
    ----------
    R's ``update.formula`` and ``terms.formula(simplify = TRUE)``.

    Examples
    --------
    >>> updated_formula("y ~ x + (x | g)", ". ~ . + z - (x | g) + (1 | g)")
    'y ~ x + z + (1 | g)'
    >>> updated_formula("y ~ x + (1 | g)", "log(.) ~ . - 1")
    'log(y) ~ x + (1 | g) - 1'
    """
    before, change = _sides(old), _sides(new)
    response = before[0] if change[0] is None else _filled(change[0], before[0])
    right = _simplified(_filled(change[1], before[1]))
    return f"~{right}" if response is None else f"{deparse(response)} ~ {right}"


def _sides(text: str) -> tuple[Node | None, Node]:
    tree = parse_expression(text)
    if operator(tree) != "~":
        raise FormulaError.at(text, (0, len(text)), "this is no formula", "Write one such as '. ~ . + x'.")
    sides = operands(tree)
    return (sides[0], sides[1]) if len(sides) == 2 else (None, sides[0])


def _filled(node: Node, value: Node | None) -> Node:
    """The expression with `value` in the place of every dot; as an operand, an operation is put in parentheses."""
    if _is_dot(node) and value is not None:
        return value
    if not isinstance(node, Call):
        return node
    operand = _in_parentheses(value) if _is_operation(node) else value
    arguments = [
        argument
        if argument.value is None
        else Argument(_filled(argument.value, operand if _is_dot(argument.value) else value), argument.name)
        for argument in node.arguments
    ]
    return Call(node.function, tuple(arguments), node.span)


def _is_dot(node: Node) -> bool:
    return isinstance(node, Name) and node.name == "."


def _in_parentheses(value: Node | None) -> Node | None:
    return Call(Name("("), (Argument(value),)) if value is not None and _is_operation(value) else value


def _is_operation(node: Node) -> bool:
    """Whether a call is written with an operator, as ``a + b`` is and ``log(y)`` and ``(y)`` are not."""
    name = operator(node)
    return name is not None and name[0] in "+-*/^:%<>=!&|~$@"


def _simplified(node: Node) -> str:
    """The right-hand side as a sum of its terms, random terms in parentheses."""
    from lmebridge.formula.terms import terms

    found = terms(node)
    labels = [f"({label})" if "|" in label else label for label in found.labels]
    pieces = [*labels, *map(deparse, found.offsets)]
    text = " + ".join(pieces) if pieces else "1"
    return text if found.intercept else f"{text} - 1"
