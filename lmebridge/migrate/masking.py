"""Expressions over the columns of a frame: `with`, `subset`, `transform`, `within`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.conditions import condition, kept_truth
from lmebridge.migrate.operators import by_place, same_rows_as
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Kind, Untranslated, Value, py
from lmebridge.rsyntax import Argument, Name, Node, function_name, operands, operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmebridge.migrate.calls import RCall


@translates("with", "data, expr, ...", "the expression with `d[...]` for its columns", kinds=(Kind.FRAME,))
def with_columns(call: RCall) -> Value:
    """An expression over a frame's columns."""
    frame = call.value("data")
    node = call.argument("expr")
    inner = call.scope.masked(frame)
    value = inner.value(node)
    if inner.mask is not None and inner.mask.parameter and inner.mentions_handle(value.code):
        return value.but(code=py("X.pipe(F)", X=frame, F=inner.wrap(value)))
    return value


@translates("subset", "x, subset, select, drop = FALSE, ...", "`d[condition][columns]`", kinds=(Kind.FRAME,))
def subset(call: RCall) -> Value:
    """Rows by a condition and columns by name."""
    call.refuse_rest()
    frame = call.value("x")
    found = frame
    node = call.node_of("subset")
    if node is not None:
        inner = call.scope.masked(frame)
        mask = inner.wrap(condition(inner, node))
        found = frame.but(code=py("F[C]", F=frame, C=mask), rows=call.scope.new_rows())
    chosen = call.node_of("select")
    if chosen is not None:
        found = _selected(call, found, chosen)
    return found


def _selected(call: RCall, frame: Value, node: Node) -> Value:
    """`select = c(a, b)` and ``select = -a``: bare names of columns."""
    dropped = operator(node) == "-" and len(operands(node)) == 1
    inner = operands(node)[0] if dropped else node
    parts = operands(inner) if function_name(inner) == "c" else (inner,)
    if not all(isinstance(part, Name) for part in parts):
        raise call.fail("columns that are not chosen by their names have no translation")
    chosen = [part.name for part in parts if isinstance(part, Name)]
    text = "F.drop(columns=N)" if dropped else "F[N]"
    known = {name: part for name, part in frame.parts.items() if (name in chosen) != dropped}
    return frame.but(code=py(text, F=frame, N=chosen), parts=known, complete=not dropped or frame.complete)


@translates("transform", "_data, ...".replace("_data", "`_data`"), "`d.assign(...)`", kinds=(Kind.FRAME,))
def transform(call: RCall) -> Value:
    """New columns from those that the frame has."""
    return assigned_columns(call, call.value("_data"), call.rest)


def assigned_columns(call: RCall, frame: Value, arguments: Iterable[Argument]) -> Value:
    """A frame with columns added, each computed from the frame as it was."""
    inner = call.scope.masked(frame)
    new: dict[str, Value] = {}
    for argument in arguments:
        if argument.name is None or argument.value is None:
            raise call.fail("a new column without a name")
        value = column_for(frame, kept_truth(inner, argument.value, inner.value(argument.value)))
        new[argument.name] = value.but(code=inner.wrap(value))
    parts = {**frame.parts, **{name: value.but(kind=Kind.COLUMN, constant=None) for name, value in new.items()}}
    return frame.but(code=py("F.assign(**NEW)", F=frame, NEW=new), parts=parts)


def column_for(frame: Value, value: Value) -> Value:
    """A value as it is put into a frame: by place, unless it has the frame's rows."""
    if value.kind is Kind.NULL:
        raise Untranslated("removing a column this way has no translation")
    if value.is_series and not same_rows_as(frame, value):
        return by_place(value)
    return value


@translates("within", "data, expr, ...", "one `d[...] = ...` a line", kinds=(Kind.FRAME,))
def within(call: RCall) -> Value:
    """Assignments among a frame's columns."""
    from lmebridge.migrate.assignments import is_assignment
    from lmebridge.migrate.control_flow import statements

    frame, node = call.value("data"), call.argument("expr")
    new: dict[str, Any] = {}
    dropped: list[str] = []
    known = frame
    for each in statements(node):
        if function_name(each) == "rm":
            dropped += [part.name for part in operands(each) if isinstance(part, Name)]
            continue
        target, source = operands(each) if is_assignment(each) else (each, each)
        if target is source or not isinstance(target, Name):
            raise call.fail("`within` with anything but plain assignments has no translation")
        if target.name in new:
            raise call.fail("a column that is assigned twice within `within` has no translation")
        inner = call.scope.masked(known, force_lambda=bool(new))
        value = column_for(frame, kept_truth(inner, source, inner.value(source)))
        new[target.name] = inner.wrap(value)
        known = known.but(parts={**known.parts, target.name: value.but(kind=Kind.COLUMN, constant=None)})
    if len(set(new) - {*frame.parts, *dropped}) > 1:
        call.note("R puts the new columns in the reverse order")
    code = py("F.assign(**NEW)", F=frame, NEW=new)
    if dropped:
        code = py("X.drop(columns=N)", X=code, N=dropped)
    return known.but(code=code)
