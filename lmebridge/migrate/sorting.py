"""`order`, `sort` and what they are used for."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.operators import as_array, by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Kind, Untranslated, Value, literal, py
from lmebridge.rsyntax import Argument, Call, Node, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope

LOCALE = "R orders text by the locale, Python by code point"


def note_levels(call: RCall, *keys: Value) -> None:
    """A note where groups are a factor's levels, of which some may have no rows."""
    if any(key.factor for key in keys):
        call.note("a level without rows is left out here, and kept in R")


def sorted_frame(scope: Scope, frame: Value, order: Node) -> Value:
    """``d[order(d$x, -d$y), ]`` as `sort_values`."""
    keys, directions = _keys(scope, order)
    names = [_column_name(frame, key) for key in keys]
    if None in names:
        places = scope.value(order)
        code = py("X.iloc[P]", X=frame, P=places.positions or py("P - 1", P=places))
        return frame.but(code=code, rows=scope.new_rows())
    if any(key.element is Kind.TEXT for key in keys):
        scope.note(LOCALE)
    by = literal(names[0]) if len(names) == 1 else py("[*X]", X=names)
    options: dict[str, object] = {}
    if not all(directions):
        options["ascending"] = directions[0] if len(set(directions)) == 1 else [literal(each) for each in directions]
    if len(names) == 1:
        options["kind"] = "stable"
    return frame.but(code=py("X.sort_values(BY, **OPTIONS)", X=frame, BY=by, OPTIONS=options), rows=scope.new_rows())


def sorted_vector(scope: Scope, vector: Value, order: Node) -> Value | None:
    """``x[order(x)]`` as `sort_values`; None when it is ordered by something else."""
    keys, directions = _keys(scope, order)
    if len(keys) != 1 or ast.dump(keys[0].code) != ast.dump(vector.code):
        return None
    options = {} if directions[0] else {"ascending": False}
    return vector.but(code=py("X.sort_values(**OPTIONS)", X=vector, OPTIONS={**options, "kind": "stable"}), rows="")


def _keys(scope: Scope, order: Node) -> tuple[list[Value], list[bool]]:
    """What `order` orders by, and whether upwards."""
    keys, directions, upwards = [], [], True
    for argument in order.arguments if isinstance(order, Call) else ():
        if argument.name == "decreasing":
            upwards = not _truth(scope, argument)
        elif argument.name is not None or argument.value is None:
            raise Untranslated(f"`{argument.name}` of `order` has no translation")
        else:
            bare = unwrap(argument.value)
            down = operator(bare) == "-" and len(operands(bare)) == 1
            keys.append(scope.value(operands(bare)[0] if down else bare))
            directions.append(not down)
    return keys, [each if upwards else not each for each in directions]


def _truth(scope: Scope, argument: Argument) -> bool:
    found = scope.value(argument.value) if argument.value is not None else Value(literal(None))
    if not isinstance(found.constant, bool):
        raise Untranslated("`decreasing` of `order` must be TRUE or FALSE")
    return found.constant


def _column_name(frame: Value, key: Value) -> str | None:
    """The column of the frame that a key is."""
    code = key.code
    if not isinstance(code, ast.Subscript) or not isinstance(code.slice, ast.Constant):
        return None
    same = ast.dump(code.value) == ast.dump(frame.code)
    return str(code.slice.value) if same and isinstance(code.slice.value, str) else None


@translates("order", "..., decreasing = FALSE, na.last = TRUE", "`np.argsort(x)`; `sort_values` between brackets")
def order(call: RCall) -> Value:
    """The positions that put a vector in order."""
    call.default_only(na_last=True)
    call.ignore("decreasing")
    call.rest  # noqa: B018 - read through the node
    keys, directions = _keys(call.scope, call.node)
    if any(key.element is Kind.TEXT and not key.factor for key in keys):
        call.note(LOCALE)
    if len(keys) > 1:
        code = _places_by_several(keys, directions)
    elif keys[0].element is Kind.NUMBER and not keys[0].factor:
        text = 'np.argsort(X, kind="stable")' if directions[0] else 'np.argsort(-X, kind="stable")'
        code = py(text, X=as_array(by_place(keys[0])))
    else:
        code = _places(keys[0], upwards=directions[0])
    return Value(py("P + 1", P=code), Kind.ARRAY, Kind.NUMBER, positions=code)


def _places(key: Value, *, upwards: bool) -> ast.expr:
    """Places, from zero, that put text, a factor or what is not known in order; missing values last."""
    series = py("X.reset_index(drop=True)" if key.is_series else "pd.Series(X)", X=key)
    options = {**({} if upwards else {"ascending": False}), "kind": "stable"}
    return py("X.sort_values(**O).index.to_numpy()", X=series, O=options)


def _places_by_several(keys: list[Value], directions: list[bool]) -> ast.expr:
    """Places, from zero, that put several columns of one frame in order."""
    first = keys[0].code
    frame = Value(first.value, Kind.FRAME) if isinstance(first, ast.Subscript) else None
    names = [None if frame is None else _column_name(frame, key) for key in keys]
    if frame is None or None in names:
        raise Untranslated("`order` by several vectors that are not columns of one frame has no translation")
    options = {} if all(directions) else {"ascending": [literal(each) for each in directions]}
    code = "F.reset_index(drop=True).sort_values([*N], **O).index.to_numpy()"
    return py(code, F=frame, N=[literal(name) for name in names], O=options)


@translates("sort", "x, decreasing = FALSE, na.last = NA, ...", "`x.sort_values()`; `np.sort(x)`")
def sort(call: RCall) -> Value:
    """A vector in order."""
    value = call.value("x")
    falling = call.flag("decreasing")
    if value.element is Kind.TEXT:
        call.note(LOCALE)
    if value.is_series:
        options = {"ascending": False} if falling else {}
        plain = py("X.sort_values(**OPTIONS)", X=value, OPTIONS={**options, "kind": "stable"})
        if value.kind is Kind.COLUMN:
            plain = py("X.dropna()", X=plain)
        return value.but(code=plain, rows="")
    if value.kind is Kind.UNKNOWN:
        call.note("R leaves missing values out, NumPy sorts them to the end")
    array = py("np.sort(X)", X=value)
    if not value.missing_free and value.kind in {Kind.LIST, Kind.ARRAY} and not value.factor:
        array = py("np.sort(pd.Series(X).dropna())", X=value)
    return Value(py("X[::-1]", X=array) if falling else array, Kind.ARRAY, value.element, missing_free=True)


@translates("rev", "x", "`x[::-1]`")
def rev(call: RCall) -> Value:
    """A vector from its end."""
    value = call.value("x")
    text = "X.iloc[::-1]" if value.is_series else "X[::-1]"
    return value.but(code=py(text, X=value), rows="", constant=None, positions=None, source=None)
