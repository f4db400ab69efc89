"""Conditions that choose rows: where R's condition is NA, the row is not chosen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.operators import negated, opposite
from lmebridge.migrate.values import SCALARS, Kind, Value, py
from lmebridge.rsyntax import Argument, Call, Name, Node, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.scope import Scope

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SWAPPED = {"&": "|", "|": "&", "&&": "||", "||": "&&"}


def condition(scope: Scope, node: Node) -> Value:
    """A truth value a row that is False where R's condition is NA.

    NaN compares as False in pandas, except with ``!=`` and after a negation: negations are carried to the comparisons
    (``!(x > 0)`` is ``x <= 0``), and ``!=`` asks that there is a value.

    Parameters
    ----------
    scope : Scope
        The scope with the columns in reach (`Scope.masked`), or any other.
    node : Node
        R's condition.

    Returns
    -------
    Value
        Of truth values; `missing_free`.
    """
    return _condition(scope, node).but(missing_free=True)


def _condition(scope: Scope, node: Node) -> Value:
    node = unwrap(node)
    word, parts = operator(node), operands(node)
    if word == "!" and len(parts) == 1:
        return _negation(scope, parts[0])
    if word in _SWAPPED and len(parts) == 2:
        return _joined(word, _condition(scope, parts[0]), _condition(scope, parts[1]))
    if word == "!=" and len(parts) == 2:
        return _different(scope, node, parts)
    return scope.value(node)


def _negation(scope: Scope, node: Node) -> Value:
    """The opposite of a condition, False where that is NA."""
    node = unwrap(node)
    word, parts = operator(node), operands(node)
    if word == "!" and len(parts) == 1:
        return _condition(scope, parts[0])
    if word in _SWAPPED and len(parts) == 2:
        return _joined(_SWAPPED[word], _negation(scope, parts[0]), _negation(scope, parts[1]))
    if word in _OPPOSITE and len(parts) == 2:
        return _condition(scope, Call(Name(_OPPOSITE[word]), node.arguments, node.span))  # type: ignore[union-attr]
    if function_name(node) == "is.na" and len(parts) == 1:
        return present(scope.value(parts[0]), scope.value(node))
    value = scope.value(node)
    if value.there is not None:
        return negated(value).but(code=ast.BinOp(negated(value).code, ast.BitAnd(), value.there))
    return negated(value)


def present(value: Value, missing: Value) -> Value:
    """Whether each element is there."""
    if value.is_series or value.kind is Kind.INDEX:
        return missing.but(code=py("X.notna()", X=value))
    return negated(missing)


def _joined(word: str, left: Value, right: Value) -> Value:
    if left.kind in SCALARS and right.kind in SCALARS:
        sign: ast.boolop = ast.And() if word[0] == "&" else ast.Or()
        return Value(ast.BoolOp(sign, [left.code, right.code]), Kind.LOGICAL, Kind.LOGICAL)
    from lmebridge.migrate.operators import aligned, as_array, shape

    left, right = aligned(as_array(left), as_array(right))
    kind, rows = shape(left, right)
    bit: ast.operator = ast.BitAnd() if word[0] == "&" else ast.BitOr()
    return Value(ast.BinOp(left.code, bit, right.code), kind, Kind.LOGICAL, rows=rows)


def _different(scope: Scope, node: Node, parts: tuple[Node, ...]) -> Value:
    """`!=` where both sides are there."""
    found = scope.value(node)
    for part in parts:
        value = scope.value(part)
        if value.is_series and not value.missing_free:
            found = found.but(code=ast.BinOp(found.code, ast.BitAnd(), py("X.notna()", X=value)))
    return found


def both_ways(scope: Scope, node: Node) -> tuple[Value, Value | None]:
    """A condition and its opposite, each False where R's condition is NA; no opposite when it is never NA."""
    plain = scope.value(node)
    if plain.missing_free or plain.kind in SCALARS:
        return plain, None
    return condition(scope, node), condition(scope, Call(Name("!"), (Argument(node),), node.span))


__all__ = ["both_ways", "condition", "opposite", "present"]
