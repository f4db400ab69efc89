"""Conditions that choose rows: where R's condition is NA, the row is not chosen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.operators import negated, opposite
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, py
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
    if value.kind is Kind.ARRAY and not value.missing_free:
        scope.note("where a value is missing the condition is NA in R; here it is false, and its opposite true")
    return negated(value)


def is_stored(value: Value) -> bool:
    """Whether truth values were computed before and kept: a column or variable, whose missing values are `<NA>`."""
    kept = isinstance(value.code, (ast.Name, ast.Subscript))
    return kept and value.kind is Kind.COLUMN and value.element is Kind.LOGICAL and value.there is None


def three_valued(scope: Scope, node: Node) -> Value:
    """A truth value a row that is missing where R's condition is NA, in pandas' nullable truth values.

    Parameters
    ----------
    scope : Scope
        The scope with the columns in reach (`Scope.masked`), or any other.
    node : Node
        R's condition.

    Returns
    -------
    Value
        Of truth values; plain ones where the condition is never NA.

    Raises
    ------
    Untranslated
        When it is not known where the condition is NA.
    """
    node = unwrap(node)
    value, word, parts = scope.value(node), operator(node), operands(node)
    if value.missing_free or value.kind in SCALARS:
        return value
    if word == "!" and len(parts) == 1:
        return negated(three_valued(scope, parts[0]))
    if (word in {"&", "|"} or function_name(node) == "xor") and len(parts) == 2:
        return logical_pair(word or "xor", *(three_valued(scope, part) for part in parts))
    if is_stored(value):
        return value.but(code=py('X.astype("boolean")', X=value))
    if word in _OPPOSITE and len(parts) == 2:
        return _compared(scope, node, value)
    if value.there is not None:
        return value.but(code=py('X.astype("boolean").where(T)', X=value, T=value.there), there=None)
    raise Untranslated("it is not known where this condition is NA")


def kept_truth(scope: Scope, node: Node | None, value: Value) -> Value:
    """Truth values as they are kept in a variable or column, or shown: missing where R's are NA."""
    if value.element is not Kind.LOGICAL or value.factor or value.missing_free or is_stored(value):
        return value
    if value.kind is Kind.UNKNOWN:
        scope.note("where a value is missing the condition is NA in R and False here, and != is True")
    if value.kind is not Kind.COLUMN and not compares_missing(scope, node):
        return value
    try:
        found = three_valued(scope, node) if node is not None else value
    except Untranslated:
        found = value
    if found is value:
        scope.note("where a value is missing the condition is NA in R and False here")
    return found.but(there=None, visible=value.visible)


def compares_missing(scope: Scope, node: Node | None) -> bool:
    """Whether a condition compares values written out of which some are NA."""
    bare = unwrap(node) if node is not None else None
    parts = operands(bare) if bare is not None and operator(bare) in _OPPOSITE else ()
    return any(part.kind is Kind.LIST and not part.missing_free for part in map(scope.value, parts))


def _compared(scope: Scope, node: Node, plain: Value) -> Value:
    """A comparison whose sides have pandas' nullable types, where factors and vectors without an index do not."""
    from lmebridge.migrate.operators import COMPARISONS, aligned, as_array, shape

    sides = [as_array(scope.value(part)) for part in operands(node)]
    if any(side.factor for side in sides):
        if plain.there is None or not all(side.is_series or side.kind in SCALARS for side in sides):
            raise Untranslated("it is not known where this condition is NA")
        return plain.but(code=py('X.astype("boolean").where(T)', X=plain, T=plain.there), there=None)
    left, right = aligned(*map(_nullable, sides))
    sign, kind = COMPARISONS[operator(node) or ""](), shape(left, right)[0]
    return plain.but(code=ast.Compare(left.code, [sign], [right.code]), kind=kind, there=None)


def _nullable(side: Value) -> Value:
    """One side of a comparison in one of pandas' nullable types, which compares as missing where it is missing."""
    if side.missing_free or side.kind in SCALARS:
        return side
    if side.is_series:
        return side.but(code=py("X.convert_dtypes()", X=side))
    if side.kind is Kind.ARRAY:
        return side.but(code=py("pd.Series(X).convert_dtypes()", X=side), kind=Kind.COLUMN, rows="")
    raise Untranslated("it is not known where this condition is NA")


def logical_pair(word: str, left: Value, right: Value) -> Value:
    """Two truth values under `&`, `|` or `xor`."""
    from lmebridge.migrate.operators import aligned, as_array, shape

    left, right = aligned(as_array(left), as_array(right))
    kind, rows = shape(left, right)
    bit = {"&": ast.BitAnd, "|": ast.BitOr}.get(word, ast.BitXor)()
    free = left.missing_free and right.missing_free
    return Value(ast.BinOp(left.code, bit, right.code), kind, Kind.LOGICAL, rows=rows, missing_free=free)


def plain_truth(value: Value, *, of: bool = True) -> Value:
    """Truth values as NumPy takes them: of stored ones, where they are true (or false) and not missing."""
    if not is_stored(value) or value.missing_free:
        return value
    return value.but(code=py("X.isin([T])", X=value, T=of), missing_free=True)


def present(value: Value, missing: Value) -> Value:
    """Whether each element is there."""
    if value.is_series or value.kind is Kind.INDEX:
        return missing.but(code=py("X.notna()", X=value))
    return negated(missing)


def _joined(word: str, left: Value, right: Value) -> Value:
    if left.kind in SCALARS and right.kind in SCALARS:
        sign: ast.boolop = ast.And() if word[0] == "&" else ast.Or()
        return Value(ast.BoolOp(sign, [left.code, right.code]), Kind.LOGICAL, Kind.LOGICAL)
    return logical_pair(word[0], left, right).but(missing_free=False)


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
    if is_stored(plain):
        return plain_truth(plain), plain_truth(plain, of=False)
    bare = unwrap(node)
    if operator(bare) == "!" and is_stored(scope.value(operands(bare)[0])):
        return both_ways(scope, operands(bare)[0])[::-1]  # type: ignore[return-value]
    ways = condition(scope, node), condition(scope, Call(Name("!"), (Argument(node),), node.span))
    if not _has_stored(scope, bare):
        return ways
    first, second = (way.but(code=py("X.fillna(F)", X=way, F=False)) for way in ways)
    return first, second


def _has_stored(scope: Scope, node: Node) -> bool:
    """Whether stored truth values, which may be `<NA>`, are a part of a condition."""
    node = unwrap(node)
    if operator(node) in {*_SWAPPED, "!"}:
        return any(_has_stored(scope, part) for part in operands(node))
    value = scope.value(node)
    return is_stored(value) and not value.missing_free


__all__ = [
    "both_ways",
    "compares_missing",
    "condition",
    "is_stored",
    "kept_truth",
    "opposite",
    "plain_truth",
    "present",
    "three_valued",
]
