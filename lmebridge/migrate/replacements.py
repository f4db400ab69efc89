"""Changing parts of objects: ``x$y <- v``, ``names(x) <- v``, ``x[i] <- v``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.assignments import update
from lmebridge.migrate.collecting import append, changed, general, is_empty
from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.frames import TABLES
from lmebridge.migrate.masking import column_for
from lmebridge.migrate.operators import by_place
from lmebridge.migrate.positions import Position, position
from lmebridge.migrate.registry import replaces
from lmebridge.migrate.subsetting import mask_for
from lmebridge.migrate.values import NOTHING, Kind, Value, literal, py
from lmebridge.rsyntax import Argument, Name, Node, function_name, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@replaces("$ [[", "x, name, value", '`d["x"] = value`')
def set_column(call: RCall) -> Value:
    """A column, or a list's element, by its name."""
    target, name = call.value("x"), call.word("name")
    if target.kind is Kind.SEQUENCE:
        if is_empty(target):
            append(call, target, call.node_of("name"))
        else:
            update(call, "x", changed(call, target))
        return NOTHING
    if target.kind not in {Kind.FRAME, Kind.MAPPING, Kind.UNKNOWN, Kind.TABLE}:
        raise call.fail(f"assigning to an element of a {target.kind.value} has no translation")
    value = call.value("value")
    key: Any = literal(name) if name is not None and not _is_variable(call, "name") else call.value("name")
    if value.kind is Kind.NULL:
        call.emit("X = X.drop(columns=K)", X=target, K=key)
        remaining = {k: v for k, v in target.parts.items() if k != name}
        update(call, "x", target.but(parts=remaining))
        return NOTHING
    if target.kind is Kind.FRAME:
        value = column_for(target, kept_truth(call.scope, call.node_of("value"), value))
    call.emit("X[K] = V", X=target, K=key, V=value)
    kept = value.but(kind=Kind.COLUMN, rows="", constant=None, positions=None) if target.kind is Kind.FRAME else value
    if target.kind is Kind.MAPPING and _is_variable(call, "name"):
        name, kept = "*", general(kept)
    update(call, "x", target.but(parts={**target.parts, str(name): kept.but(constant=None)}))
    return NOTHING


def _is_variable(call: RCall, parameter: str) -> bool:
    """Whether ``x[[name]]`` is by a variable, and not ``x$name``."""
    return operator(call.node) == "[[" and isinstance(call.node_of(parameter), Name)


@replaces("names colnames", "x, value", "`d.columns = [...]`")
def set_names(call: RCall) -> Value:
    """Names of all columns."""
    target, value = call.value("x"), call.value("value")
    if target.kind in TABLES:
        whole = value.but(code=py("[V]", V=value), constant=[value.constant]) if value.kind is Kind.TEXT else value
        call.emit("X.columns = V", X=target, V=whole)
        value = whole
        names = value.constant if isinstance(value.constant, list) else None
        parts = {str(name): Value(target.code, Kind.COLUMN) for name in names} if names else {}
        update(call, "x", target.but(parts=parts, complete=bool(names)))
        return NOTHING
    if target.kind is Kind.SEQUENCE:
        call.emit("X = dict(zip(N, X, strict=True))", X=target, N=value)
        update(call, "x", target.but(kind=Kind.MAPPING))
        return NOTHING
    if target.kind is Kind.MATRIX and call.name == "colnames":
        call.emit("X = pd.DataFrame(X, columns=V)", X=target, V=value)
        update(call, "x", target.but(kind=Kind.TABLE, source="matrix"))
        return NOTHING
    if target.kind in {Kind.NAMED, Kind.ARRAY, Kind.LIST}:
        call.emit("X = pd.Series(V, index=N)", X=target, V=by_place(target), N=value)
        update(call, "x", target.but(kind=Kind.NAMED, constant=None))
        return NOTHING
    raise call.fail(f"naming the elements of a {target.kind.value} has no translation")


@replaces("rownames row.names", "x, value", "`d.index = [...]`")
def set_row_names(call: RCall) -> Value:
    """Names of all rows."""
    target, value = call.value("x"), call.value("value")
    if target.kind not in TABLES:
        raise call.fail("naming these rows has no translation")
    if value.kind is Kind.NULL:
        call.emit("X = X.reset_index(drop=True)", X=target)
    else:
        call.emit("X.index = V", X=target, V=value)
    update(call, "x", target.but(rows=call.scope.new_rows()))
    return NOTHING


@replaces("levels", "x, value", "`x.cat.rename_categories([...])`")
def set_levels(call: RCall) -> Value:
    """Other names for a factor's levels."""
    target, value = call.value("x"), call.value("value")
    if target.kind is not Kind.COLUMN or not isinstance(target.code, ast.Subscript):
        raise call.fail("the levels of this have no translation")
    call.emit("X = X.cat.rename_categories(V)", X=target, V=value)
    return NOTHING


@replaces("[", "x, ..., value", "`d.loc[condition, column] = value`; `x.columns = [...]` of some names")
def set_part(call: RCall) -> Value:
    """Some elements."""
    node = call.node_of("x")
    given = call.rest

    if node is not None and function_name(node) in {"names", "colnames"} and len(given) == 1:
        return _rename_some(call, call.scope.value(operands(node)[0]), operands(node)[0], given[0].value)
    if node is not None and function_name(node) == "$" and len(given) == 1:
        return _set_cells_of_column(call, node, given[0].value)
    target, value = call.value("x"), call.value("value")
    if is_empty(target) and len(given) == 1:
        append(call, target, given[0].value)
        return NOTHING
    if target.kind is Kind.MATRIX and len(given) == 2:
        places = [position(call.scope, each.value) for each in given]
        if any(each.sort not in {"one", "all", "slice"} for each in places):
            raise call.fail("assigning to these cells of a matrix has no translation")
        code = py("X[R, C]", X=target, R=places[0].code, C=places[1].code)
        call.emit("CELLS = V", CELLS=code, V=by_place(value))
        return NOTHING
    if target.kind is Kind.FRAME and len(given) == 2:
        return _set_cells(call, target, given, value)
    if target.kind is Kind.NAMED and len(given) == 1:
        found = _label(call, given[0].value)
        text = "X[K] = V" if found.sort in {"name", "names", "mask"} else "X.iloc[K] = V"
        call.emit(text, X=target, K=found.code, V=value)
        return NOTHING
    if target.kind in {Kind.ARRAY, Kind.LIST, Kind.SEQUENCE} and len(given) == 1:
        found = position(call.scope, given[0].value)
        if found.sort != "one" and target.kind is not Kind.ARRAY:
            raise call.fail("assigning to several elements of a list has no translation")
        call.emit("X[K] = V", X=target, K=found.code, V=value)
        update(call, "x", target.but(missing_free=target.missing_free and value.missing_free))
        return NOTHING
    raise call.fail(f"assigning to a part of a {target.kind.value} has no translation")


def _rename_some(call: RCall, frame: Value, frame_node: Node, place: Node | None) -> Value:
    """``names(d)[4] <- "new"``."""
    old = _named_by_itself(place)
    if old is not None and frame.kind in TABLES:
        return _rename_one(call, frame, frame_node, old)
    found = position(call.scope, place)
    value = call.value("value")
    if frame.kind not in TABLES or found.sort != "one" or not isinstance(found.code, ast.Constant):
        raise call.fail("renaming these columns has no translation")
    call.emit("X = X.rename(columns={X.columns[K]: V})", X=frame, K=found.code, V=value)
    if isinstance(frame_node, Name):
        call.scope.define(frame_node.name, frame.but(complete=False))
    return NOTHING


def _label(call: RCall, node: Node | None) -> Position:
    """What picks elements of a named vector: what is not known to be a position is a name."""
    value = call.scope.value(node) if isinstance(node, Name) else None
    if value is not None and value.kind is Kind.UNKNOWN:
        return Position("name", value.code)
    return position(call.scope, node, labels=True)


def _named_by_itself(place: Node | None) -> str | None:
    """The name in ``names(d)[names(d) == "name"]``."""
    if place is None or operator(place) != "==" or function_name(operands(place)[0]) not in {"names", "colnames"}:
        return None
    return getattr(operands(place)[1], "value", None)


def _rename_one(call: RCall, frame: Value, frame_node: Node, old: str) -> Value:
    """One column under another name."""
    new = call.constant("value")
    call.emit("X = X.rename(columns={OLD: NEW})", X=frame, OLD=old, NEW=new)
    parts = {new if name == old else name: part for name, part in frame.parts.items()}
    if isinstance(frame_node, Name):
        call.scope.define(frame_node.name, frame.but(parts=parts))
    return NOTHING


def _set_cells_of_column(call: RCall, node: Node, place: Node | None) -> Value:
    """``d$x[condition] <- value``."""
    from lmebridge.rsyntax import operands

    frame_node, name_node = operands(node)
    frame = call.scope.value(frame_node)
    if frame.kind is not Kind.FRAME or not isinstance(name_node, Name):
        raise call.fail("assigning to a part of this has no translation")
    found = position(call.scope, place, labels=True)
    value = by_place(call.value("value"))
    if found.sort == "mask":
        call.emit("X.loc[R, C] = V", X=frame, R=mask_for(frame, found), C=name_node.name, V=value)
    elif found.sort in {"one", "several", "slice"}:
        call.emit("X.iloc[R, X.columns.get_loc(C)] = V", X=frame, R=found.code, C=name_node.name, V=value)
    else:
        raise call.fail("assigning to these elements has no translation")
    return NOTHING


def _set_cells(call: RCall, frame: Value, given: list[Argument], value: Value) -> Value:
    rows = position(call.scope, given[0].value, labels=True)
    columns = position(call.scope, given[1].value)
    if rows.sort not in {"mask", "all"} or columns.sort not in {"name", "names"}:
        raise call.fail("assigning to these cells has no translation")
    mask = mask_for(frame, rows) if rows.sort == "mask" else rows.code
    call.emit("X.loc[R, C] = V", X=frame, R=mask, C=columns.code, V=by_place(value))
    return NOTHING
