"""What stands between R's brackets: positions, names, conditions, nothing."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lmebridge.migrate.conditions import condition
from lmebridge.migrate.operators import as_array, by_place, minus_one
from lmebridge.migrate.values import Kind, Untranslated, Value, literal, py
from lmebridge.rsyntax import Node, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.scope import Scope

Sort = Literal["all", "one", "several", "without", "name", "names", "mask", "slice"]


@dataclass(frozen=True)
class Position:
    """One index in Python's terms.

    Attributes
    ----------
    sort : str
        ``all`` of them; ``one`` or ``several`` by place from zero; ``slice`` by place; ``without`` one place; ``name``,
        ``names`` by label; ``mask`` by truth values.
    code : ast.expr
        The index.
    rows : str
        Rows of a mask.
    """

    sort: Sort
    code: ast.expr
    rows: str = ""


ALL = Position("all", ast.Slice())


def position(scope: Scope, node: Node | None, *, labels: bool = False) -> Position:
    """The index that an R index becomes.

    Parameters
    ----------
    scope : Scope
        Where it stands.
    node : Node or None
        What is written, None for nothing.
    labels : bool
        Whether a mask is used under pandas, so that it may be a Series with the same rows.
    """
    if node is None:
        return ALL
    bare = unwrap(node)
    if operator(bare) == "-" and len(operands(bare)) == 1:
        return _without(scope, operands(bare)[0])
    if function_name(bare) == "which" and len(operands(bare)) == 1:
        bare = operands(bare)[0]
        return _mask(condition(scope, bare), labels=labels)
    value = scope.value(bare)
    if value.element is Kind.LOGICAL and (value.is_vector or value.kind is Kind.UNKNOWN):
        mask = condition(scope, bare)
        if not value.missing_free and not _only_known(bare):
            scope.note("R keeps a row of NA where the condition is NA; here such rows are left out")
        return _mask(mask, labels=labels)
    return _by_kind(value)


def _only_known(node: Node) -> bool:
    """Whether a condition can be NA nowhere: made of tests that never are, or in company of `!is.na`."""
    from lmebridge.rsyntax import walk

    return any(function_name(each) in {"is.na", "complete.cases"} for each in walk(node))


def _mask(value: Value, *, labels: bool) -> Position:
    if not labels:
        value = by_place(value)
    return Position("mask", as_array(value).code, value.rows)


def _by_kind(value: Value) -> Position:
    """An index by what the value is: a number, a text, several of them."""
    if value.factor:
        return _of_levels(value)
    if isinstance(value.source, tuple) and value.source[0] == "range":
        _, start, stop = value.source
        lower = minus_one(start)
        empty = isinstance(lower, ast.Constant) and lower.value == 0
        return Position("slice", ast.Slice(None if empty else lower, stop))
    if value.positions is not None:
        return Position("one" if value.kind is Kind.NUMBER else "several", value.positions)
    if value.kind is Kind.TEXT:
        return Position("name", value.code)
    if value.element is Kind.TEXT:
        return Position("names", value.code)
    if value.kind is Kind.NUMBER:
        if isinstance(value.constant, (int, float)) and (value.constant < 1 or value.constant != int(value.constant)):
            raise Untranslated(f"the position {value.constant:g} has no translation")
        return Position("one", minus_one(value.code))
    if value.kind is Kind.LIST and isinstance(value.constant, list):
        return _several(value.constant)
    if value.element is Kind.NUMBER and value.is_vector:
        return Position("several", py("X - 1", X=as_array(by_place(value))))
    raise Untranslated("what is between the brackets is of a kind that is not known")


def _of_levels(value: Value) -> Position:
    """A factor as an index, which R takes by the places of its levels, not by their names."""
    if value.missing_free and value.is_series:
        return Position("several", py("X.cat.codes.to_numpy()", X=value))
    raise Untranslated("R takes a factor between brackets by the places of its levels: say `as.character(...)`")


def _several(places: list[object]) -> Position:
    numbers = [place for place in places if isinstance(place, (int, float)) and not isinstance(place, bool)]
    if len(numbers) < len(places) or any(place < 1 for place in numbers):
        raise Untranslated("these positions have no translation")
    return Position("several", py("[*X]", X=[literal(int(place) - 1) for place in numbers]))


def _without(scope: Scope, node: Node) -> Position:
    """All but some places."""
    value = scope.value(unwrap(node))
    if value.kind is Kind.NUMBER and value.constant == 1:
        return Position("slice", ast.Slice(ast.Constant(1), None))
    if value.kind is Kind.NUMBER:
        return Position("without", py("[I]", I=_by_kind(value).code))
    if value.is_vector and value.element is Kind.NUMBER:
        found = _by_kind(value)
        if found.sort == "slice" and isinstance(found.code, ast.Slice) and found.code.lower is None:
            return Position("slice", ast.Slice(found.code.upper, None))
        if found.sort == "several":
            return Position("without", found.code)
    raise Untranslated("negative positions of this form have no translation")
