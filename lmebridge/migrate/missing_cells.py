"""tidyr: missing values dropped and filled, missing rows added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.group_expressions import grouped, mask_of
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.selection import choice, listed
from lmebridge.migrate.values import SCALARS, Kind, Value, dictionary, py
from lmebridge.migrate.verbs import frame_of_call
from lmebridge.rsyntax import Argument, Call, Name, function_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.migrate.calls import RCall


@translates("drop_na", "data, ...", '`d.dropna(subset=["x"])`', packages="tidyr")
def drop_na(call: RCall) -> Value:
    """Rows without missing values in some columns, or in any."""
    frame = frame_of_call(call, "data")
    rows = call.scope.new_rows()
    if not call.rest:
        parts = {name: part.but(missing_free=True) for name, part in frame.parts.items()}
        return frame.but(code=py("F.dropna()", F=frame), rows=rows, parts=parts)
    found = choice(call.scope, frame, call.rest)
    if found.names is None:
        raise call.fail("`drop_na` is translated for columns given by name only")
    blank = Value(frame.code, Kind.COLUMN)
    parts = {name: frame.parts.get(name, blank).but(missing_free=True) for name in found.names}
    code = py("F.dropna(subset=NAMES)", F=frame, NAMES=listed(found.names))
    return frame.but(code=code, rows=rows, parts={**frame.parts, **parts})


@translates("replace_na", "data, replace, ...", '`d.fillna({"x": 0})`, `x.fillna(0)`', packages="tidyr")
def replace_na(call: RCall) -> Value:
    """A value where one is missing."""
    value = call.value("data")
    if value.kind is not Kind.FRAME:
        filler = call.value("replace")
        if not value.is_series or filler.kind not in SCALARS or value.factor:
            raise call.fail("`replace_na` is translated for a column and one value")
        return value.but(code=py("X.fillna(Y)", X=value, Y=filler), missing_free=True)
    node = call.node_of("replace")
    if function_name(node) != "list" or not isinstance(node, Call):  # type: ignore[arg-type]
        raise call.fail("`replace_na` of a frame is translated for `list(column = value)`")
    values = {
        each.name: call.scope.value(each.value) for each in node.arguments if each.value is not None and each.name
    }
    if any(each.kind not in SCALARS for each in values.values()):
        raise call.fail("`replace_na` is translated for one value a column")
    known = {name: value.parts[name].but(missing_free=True) for name in values if name in value.parts}
    code = py("F.fillna(VALUES)", F=value, VALUES=dictionary(values))
    return value.but(code=code, parts={**value.parts, **known})


@translates("fill", 'data, ..., .direction = "down"', '`d["x"].ffill()`', packages="tidyr")
def fill(call: RCall) -> Value:
    """The last value that was there, or the next, where one is missing."""
    frame = frame_of_call(call, "data")
    found = choice(call.scope, frame, call.rest).columns
    method = call.choice(".direction", "down", down="ffill", up="bfill")
    if not found:
        raise call.fail("`fill` is translated for columns given by name only")
    inner = call.scope.masked(frame)
    new = {}
    for name in found:
        column: Any = inner.column(name)
        if frame.groups:
            column = py("G[NAME]", G=grouped(frame, mask_of(inner).handle), NAME=name)
        new[name] = inner.wrap(py(f"X.{method}()", X=column))
    return frame.but(code=py("F.assign(**NEW)", F=frame, NEW=new))


@translates("complete", "data, ..., fill = list(), explicit", "`d.set_index([...]).reindex(...)`", packages="tidyr")
def complete(call: RCall) -> Value:
    """A row for every combination of the values of some columns."""
    frame = frame_of_call(call, "data")
    names = _plain_columns(call.rest)
    if not names or frame.groups or len(names) < 2 or any(_factor(frame, name) for name in names):
        raise call.fail("`complete` is translated for columns given by name that are no factors")
    inner = call.scope.masked(frame)
    uniques = [py("np.sort(X.unique())", X=inner.column(name)) for name in names]
    every = py("pd.MultiIndex.from_product(VALUES, names=NAMES)", VALUES=uniques, NAMES=names)
    keyed = py("F.set_index(NAMES)", F=frame, NAMES=names)
    if inner.mentions_handle(every):
        raise call.fail("`complete` of a frame without a name has no translation: give it a name first")
    code = py("K.reindex(EVERY).reset_index()", K=keyed, EVERY=every)
    node = call.node_of("fill")
    if isinstance(node, Call) and node.arguments:
        values = {each.name or "": call.scope.value(each.value) for each in node.arguments if each.value is not None}
        code = py("F.fillna(VALUES)", F=code, VALUES=dictionary(values))
    parts = {name: frame.parts.get(name, Value(code, Kind.COLUMN)) for name in names}
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts={**frame.parts, **parts})


def _plain_columns(arguments: Sequence[Argument]) -> list[str]:
    if all(isinstance(each.value, Name) and not each.name for each in arguments):
        return [each.value.name for each in arguments]  # type: ignore[union-attr]
    return []


def _factor(frame: Value, name: str) -> bool:
    return name in frame.parts and frame.parts[name].factor
