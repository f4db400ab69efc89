"""R's `$`, `[[` and `[`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.lookups import matched
from lmebridge.migrate.positions import ALL, Position, position
from lmebridge.migrate.registry import translates
from lmebridge.migrate.sorting import sorted_frame
from lmebridge.migrate.values import SERIES, Kind, Untranslated, Value, py
from lmebridge.rsyntax import Argument, Call, Constant, Name, Node, deparse, function_name, operands, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.migrate.calls import RCall

_FRAMES = frozenset({Kind.FRAME, Kind.TABLE})

#: What `$name` gives by the kind on its left; other modules add to it.
MEMBERS: dict[Kind, Callable[[RCall, Value, str], Value]] = {}


def column(frame: Value, name: str) -> Value:
    """One column of a frame; of a labelled table, a vector under its rows' names."""
    known = frame.parts.get(name, Value(frame.code, Kind.COLUMN))
    kind = Kind.NAMED if frame.kind is Kind.TABLE else Kind.COLUMN
    element = Kind.NUMBER if frame.kind is Kind.TABLE else known.element
    return known.but(code=py("X[KEY]", X=frame, KEY=name), kind=kind, element=element, rows=frame.rows)


@translates("$", "x, name", '`x["name"]`')
def dollar(call: RCall) -> Value:
    """An element by name."""
    name = call.word("name")
    if name is None:
        raise call.fail("what stands after `$` is no name")
    return member(call, call.value("x"), name)


def member(call: RCall, value: Value, name: str) -> Value:
    """An element of an object by its name."""
    if value.kind in MEMBERS:
        return MEMBERS[value.kind](call, value, name)
    if value.kind in _FRAMES or value.kind is Kind.UNKNOWN:
        return column(value, name)
    if value.kind is Kind.MAPPING:
        if value.complete and name not in value.parts:
            raise call.fail(f"the list has no element `{name}`")
        known = value.parts.get(name) or value.parts.get("*") or Value(value.code)
        return known.but(code=py("X[KEY]", X=value, KEY=name), shared=True)
    raise call.fail(f"`${name}` of a {value.kind.value} has no translation")


@translates("[[", "x, ..., exact = TRUE", '`x["name"]`; `x.iloc[i]` by place', harmless="exact")
def double_bracket(call: RCall) -> Value:
    """One element."""
    value = call.value("x")
    if len(call.rest) != 1 or call.rest[0].value is None:
        return _two(call, value, call.rest)
    node = call.rest[0].value
    if isinstance(node, Constant) and isinstance(node.value, str) and value.kind not in SERIES:
        return member(call, value, node.value)
    found = position(call.scope, node)
    if found.sort == "name" and value.kind in {*_FRAMES, Kind.MAPPING, Kind.UNKNOWN, Kind.RANEF, Kind.VARCORR}:
        return _by_computed_name(value, found)
    if found.sort != "one":
        return _single(value, found)
    return _by_place(value, found)


def _by_computed_name(value: Value, found: Position) -> Value:
    code = py("X[KEY]", X=value, KEY=found.code)
    if value.kind in _FRAMES or value.kind is Kind.UNKNOWN:
        return Value(code, Kind.COLUMN, rows=value.rows)
    if value.kind is Kind.RANEF:
        return Value(code, Kind.FRAME)
    if value.kind is Kind.VARCORR:
        return Value(code, Kind.TABLE)
    kinds = {part.kind for part in value.parts.values()}
    return (next(iter(value.parts.values())) if len(kinds) == 1 else Value(code)).but(code=code)


def _by_place(value: Value, found: Position) -> Value:
    """The element at one place."""
    if value.kind in _FRAMES:
        return Value(py("X.iloc[:, I]", X=value, I=found.code), Kind.COLUMN, rows=value.rows)
    if value.kind in {Kind.RANEF, Kind.MAPPING}:
        names = list(value.parts) if value.complete else []
        place = found.code.value if isinstance(found.code, ast.Constant) else None
        if isinstance(place, int) and len(names) > place:
            name = names[place]
            return value.parts[name].but(code=py("X[KEY]", X=value, KEY=name))
        known = Value(value.code, Kind.FRAME) if value.kind is Kind.RANEF else value.parts.get("*", Value(value.code))
        return known.but(code=py("list(X.values())[I]", X=value, I=found.code))
    if value.kind is Kind.SEQUENCE:
        known = value.parts.get("*", Value(value.code))
        if isinstance(value.code, ast.List) and len(value.code.elts) == 1:
            return known
        return known.but(code=py("X[I]", X=value, I=found.code))
    return _single(value, found)


@translates("[", "x, ..., drop = TRUE", "`x[condition]`, `.loc`, `.iloc`, by what stands between the brackets")
def bracket(call: RCall) -> Value:
    """Some elements, or rows and columns."""
    levels = _levels_of_all(call)
    if levels is not None:
        return levels
    value = kept_truth(call.scope, call.node_of("x"), call.value("x"))
    given = [argument for argument in call.rest if argument.name is None]
    if len(given) < len(call.rest):
        raise call.fail("a named argument between brackets has no translation")
    if value.source and isinstance(value.source, tuple) and value.source[0] == "postVar":
        return _conditional_variances(call, value, given)
    if len(given) == 1:
        call.ignore("drop")
        return _one_index(call, value, given[0].value)
    return _two(call, value, given)


def _levels_of_all(call: RCall) -> Value | None:
    """``as.numeric(levels(f))[f]``, which is the idiom for ``as.numeric(as.character(f))``, and ``levels(f)[f]``."""
    nodes = [argument.value for argument in call.rest]
    node = call.node_of("x")
    word = function_name(node) if isinstance(node, Call) else None
    inner = operands(node)[0] if word in {"as.numeric", "as.integer", "as.double"} and isinstance(node, Call) else node
    if len(nodes) != 1 or nodes[0] is None or not isinstance(inner, Call) or function_name(inner) != "levels":
        return None
    if deparse(operands(inner)[0]) != deparse(nodes[0]) or not call.scope.value(nodes[0]).factor:
        return None
    text = Call(Name("as.character"), (Argument(nodes[0]),), call.node.span)
    return call.scope.value(text if inner is node else Call(Name(word or ""), (Argument(text),), call.node.span))


def _one_index(call: RCall, value: Value, node: Node | None) -> Value:
    if node is None:
        return value
    if value.kind is Kind.TABLE and _is_matrix(value):
        return _of_matrix_as_vector(value, position(call.scope, node))
    if value.kind in _FRAMES:
        return columns_at(value, position(call.scope, node))
    found = matched(call.scope, value, node) or _standard_error(call, node)
    if found is not None:
        return found
    if value.is_series and function_name(unwrap(node)) == "order":
        from lmebridge.migrate.sorting import sorted_vector

        sorted_value = sorted_vector(call.scope, value, unwrap(node))
        if sorted_value is not None:
            return sorted_value
    return _single(value, position(call.scope, node, labels=value.is_series))


def _standard_error(call: RCall, node: Node) -> Value | None:
    """``sqrt(diag(vcov(m)))["x"]``, which has its name from the covariance matrix."""
    inner = call.argument("x")
    for word in ("sqrt", "diag", "vcov"):
        if function_name(inner) != word or len(operands(inner)) != 1:
            return None
        inner = operands(inner)[0]
    model, found = call.scope.value(inner), position(call.scope, node)
    if model.kind is not Kind.FIT or found.sort != "name":
        return None
    code = py('M.coef_table().loc[X, "Std. Error"]', M=model, X=found.code)
    return Value(code, Kind.NUMBER, Kind.NUMBER)


def _is_matrix(value: Value) -> bool:
    """Whether R has a matrix here, not a data frame: its elements are counted down its columns."""
    return value.source == "matrix" or (isinstance(value.source, tuple) and value.source[0] == "covariance")


def _of_matrix_as_vector(value: Value, found: Position) -> Value:
    """``VarCorr(m)$g[1]``: an element of a matrix by one index."""
    if found.sort != "one":
        raise Untranslated("several elements of a matrix by one index have no translation")
    first = isinstance(found.code, ast.Constant) and found.code.value == 0
    code = py("X.iloc[0, 0]", X=value) if first else py('X.to_numpy().ravel(order="F")[I]', X=value, I=found.code)
    return Value(code, Kind.NUMBER, Kind.NUMBER)


def _single(value: Value, found: Position) -> Value:
    """Elements of a vector."""
    if value.kind in {Kind.COLUMN, Kind.NAMED}:
        return _of_series(value, found)
    if value.kind in {Kind.ARRAY, Kind.INDEX, Kind.LIST}:
        return _of_array(value, found)
    if value.kind is Kind.SEQUENCE and found.sort == "slice":
        return value.but(code=py("X[I]", X=value, I=found.code))
    if value.kind is Kind.UNKNOWN and found.sort in {"one", "slice", "mask", "several"}:
        return Value(py("np.asarray(X)[I]", X=value, I=found.code))
    raise Untranslated(f"`[` of a {value.kind.value} has no translation here")


def _of_series(value: Value, found: Position) -> Value:
    some = value.but(rows="", positions=None, there=None)
    if found.sort in {"one", "name"}:
        text = "X.iloc[I]" if found.sort == "one" else "X[I]"
        return Value(py(text, X=value, I=found.code), value.element, value.element)
    if found.sort == "without":
        return some.but(code=py("X.drop(X.index[I])", X=value, I=found.code))
    if found.sort in {"slice", "several"}:
        return some.but(code=py("X.iloc[I]", X=value, I=found.code))
    if found.sort == "mask" and not (found.rows and found.rows == value.rows):
        return (
            some.but(code=py("X[M.to_numpy()]", X=value, M=found.code))
            if found.rows
            else some.but(code=py("X[I]", X=value, I=found.code))
        )
    return some.but(code=py("X[I]", X=value, I=found.code))


def _of_array(value: Value, found: Position) -> Value:
    base = value.code
    if value.kind is Kind.LIST and found.sort in {"mask", "several"}:
        base = py("np.array(X)", X=value)
    if found.sort == "one":
        return Value(py("X[I]", X=base, I=found.code), value.element, value.element)
    if found.sort == "without":
        return value.but(code=py("np.delete(X, I)", X=base, I=found.code), kind=Kind.ARRAY, constant=None)
    if found.sort in {"name", "names", "all"}:
        raise Untranslated("elements by name of a vector without names have no translation")
    kind = Kind.ARRAY if base is not value.code else value.kind
    return value.but(code=py("X[I]", X=base, I=found.code), kind=kind, constant=None, positions=None, source=None)


# --- rows and columns -------------------------------------------------------------------------------------------------


def _two(call: RCall, value: Value, given: list[Argument]) -> Value:
    """Rows and columns of a frame or matrix."""
    if len(given) != 2:
        raise call.fail("this many indices have no translation")
    rows_node, columns_node = given[0].value, given[1].value
    if value.kind not in {*_FRAMES, Kind.MATRIX, Kind.UNKNOWN}:
        raise call.fail(f"rows and columns of a {value.kind.value} have no translation")
    drop = call.flag("drop", not value.tibble)
    if value.kind is Kind.MATRIX:
        return _of_matrix(call, value, rows_node, columns_node)
    if value.kind is Kind.UNKNOWN:
        value = value.but(kind=Kind.FRAME)
    if rows_node is not None and function_name(unwrap(rows_node)) == "order":
        in_order = sorted_frame(call.scope, value, unwrap(rows_node))
        columns = position(call.scope, columns_node)
        return cells(in_order, ALL, columns, drop=drop, scope_rows=in_order.rows)
    if rows_node is not None and function_name(unwrap(rows_node)) == "match":
        found = matched(call.scope, _one_column(value, position(call.scope, columns_node)), rows_node)
        if found is not None:
            return found
    rows = position(call.scope, rows_node, labels=True)
    return cells(value, rows, position(call.scope, columns_node), drop=drop, scope_rows=call.scope.new_rows())


def cells(value: Value, rows: Position, columns: Position, *, drop: bool, scope_rows: str) -> Value:
    """Some rows and some columns."""
    if columns.sort == "all" and rows.sort in {"one", "name"} and drop and _is_matrix(value):
        text = "X.iloc[R]" if rows.sort == "one" else "X.loc[R]"
        return Value(py(text, X=value, R=rows.code), Kind.NAMED, Kind.NUMBER)
    if columns.sort == "all":
        return rows_at(value, rows, scope_rows)
    if not drop and columns.sort in {"one", "name"}:
        columns = Position("names" if columns.sort == "name" else "several", py("[X]", X=columns.code))
    if rows.sort == "all":
        single = columns.sort in {"one", "name"}
        return _one_column(value, columns) if single else columns_at(value, columns)
    if rows.sort == "mask" and columns.sort in {"name", "names"}:
        code = py("X.loc[R, C]", X=value, R=mask_for(value, rows), C=columns.code)
        one = columns.sort == "name"
        part = _known_column(value, columns) if one else value
        return part.but(code=code, rows=scope_rows)
    if rows.sort == "name" and columns.sort == "name":
        return Value(py("X.loc[R, C]", X=value, R=rows.code, C=columns.code), Kind.NUMBER, Kind.NUMBER)
    if rows.sort == "one" and columns.sort == "one":
        element = Kind.NUMBER if value.kind is Kind.TABLE else Kind.UNKNOWN
        return Value(py("X.iloc[R, C]", X=value, R=rows.code, C=columns.code), element, element)
    if columns.sort in {"one", "name"}:
        return _of_series(_one_column(value, columns), rows)
    return rows_at(columns_at(value, columns), rows, scope_rows)


def mask_for(value: Value, rows: Position) -> ast.expr:
    """A mask by place where it was made of other rows: pandas would pair it with the frame's by their labels."""
    others = bool(rows.rows and value.rows) and rows.rows != value.rows
    return py("M.to_numpy()", M=rows.code) if others else rows.code


def _known_column(value: Value, columns: Position) -> Value:
    name = columns.code.value if isinstance(columns.code, ast.Constant) else None
    return column(value, str(name)) if name is not None else Value(value.code, Kind.COLUMN)


def _one_column(value: Value, columns: Position) -> Value:
    if columns.sort == "name" and isinstance(columns.code, ast.Constant):
        return column(value, str(columns.code.value))
    text = "X[C]" if columns.sort == "name" else "X.iloc[:, C]"
    kind = Kind.NAMED if value.kind is Kind.TABLE else Kind.COLUMN
    element = Kind.NUMBER if value.kind is Kind.TABLE else Kind.UNKNOWN
    return Value(py(text, X=value, C=columns.code), kind, element, rows=value.rows)


def columns_at(value: Value, columns: Position) -> Value:
    """Some columns as a frame."""
    some = value.but(complete=False)
    if columns.sort == "name":
        return some.but(code=py("X[[C]]", X=value, C=columns.code))
    if columns.sort == "names":
        known = _kept(value, columns.code)
        return known.but(code=py("X[C]", X=value, C=columns.code))
    if columns.sort == "without":
        return some.but(code=py("X.drop(columns=X.columns[C])", X=value, C=columns.code), parts={})
    if columns.sort == "mask":
        return some.but(code=py("X.loc[:, C]", X=value, C=columns.code), parts={})
    if columns.sort == "one":
        return some.but(code=py("X.iloc[:, [C]]", X=value, C=columns.code), parts={})
    return some.but(code=py("X.iloc[:, C]", X=value, C=columns.code), parts={})


def _kept(value: Value, names: ast.expr) -> Value:
    """What is known of a frame with only these columns."""
    if not isinstance(names, ast.List) or not all(isinstance(each, ast.Constant) for each in names.elts):
        return value.but(complete=False)
    blank = Value(value.code, Kind.COLUMN)
    words = [str(each.value) for each in names.elts if isinstance(each, ast.Constant)]
    return value.but(parts={name: value.parts.get(name, blank) for name in words}, complete=True)


def rows_at(value: Value, rows: Position, new_rows: str) -> Value:
    """Some rows as a frame."""
    some = value.but(rows=new_rows)
    if rows.sort == "all":
        return value
    if rows.sort == "mask":
        return some.but(code=py("X[R]", X=value, R=mask_for(value, rows)))
    if rows.sort == "one":
        return some.but(code=py("X.iloc[[R]]", X=value, R=rows.code))
    if rows.sort in {"several", "slice"}:
        return some.but(code=py("X.iloc[R]", X=value, R=rows.code))
    if rows.sort == "without":
        return some.but(code=py("X.drop(X.index[R])", X=value, R=rows.code))
    if rows.sort == "name":
        return some.but(code=py("X.loc[[R]]", X=value, R=rows.code))
    return some.but(code=py("X.loc[R]", X=value, R=rows.code))


def _of_matrix(call: RCall, value: Value, rows_node: Node | None, columns_node: Node | None) -> Value:
    rows, columns = (position(call.scope, node) for node in (rows_node, columns_node))
    if {rows.sort, columns.sort} & {"name", "names", "without"}:
        raise call.fail("parts of a matrix without names, by name, have no translation")
    single = {"one"}
    scalar = rows.sort in single and columns.sort in single
    vector = rows.sort in single or columns.sort in single
    kind = Kind.NUMBER if scalar else Kind.ARRAY if vector else Kind.MATRIX
    return Value(py("X[R, C]", X=value, R=rows.code, C=columns.code), kind, Kind.NUMBER)


def _conditional_variances(call: RCall, value: Value, given: list[Argument]) -> Value:
    """Elements of ``attr(ranef(m)[[g]], "postVar")``: R counts levels last, Python first."""
    call.ignore("drop")
    if len(given) != 3:
        raise call.fail("`postVar` has three dimensions")
    first, second, level = (position(call.scope, argument.value) for argument in given)
    if value.source == ("postVar", 1):
        first, second = (Position("one", ast.Constant(0)) if each.sort == "all" else each for each in (first, second))
    if {first.sort, second.sort} != {"one"} or level.sort not in {"all", "one"}:
        raise call.fail("this part of `postVar` has no translation")
    code = py("X[L, A, B]", X=value, L=level.code, A=first.code, B=second.code)
    return Value(code, Kind.NUMBER if level.sort == "one" else Kind.ARRAY, Kind.NUMBER)


def is_member_name(node: Node | None) -> bool:
    """Whether a node can name an element."""
    return isinstance(node, (Name, Constant))


__all__ = ["ALL", "MEMBERS", "cells", "column", "columns_at", "member", "rows_at"]
