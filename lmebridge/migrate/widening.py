"""tidyr: frames made wider, one column a value of a column."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.registry import translates
from lmebridge.migrate.reshaping import names_of
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.selection import function_of, listed
from lmebridge.migrate.values import SCALARS, Kind, Value, literal, py
from lmebridge.migrate.verbs import frame_of_call

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates(
    "pivot_wider",
    'data, id_cols = NULL, id_expand = FALSE, names_from = name, names_prefix = "", names_sep = "_", '
    "names_glue = NULL, names_sort = FALSE, names_vary, names_expand, names_repair, values_from = value, "
    "values_fill = NULL, values_fn = NULL",
    '`d.set_index([...])["value"].unstack("name", sort=False).reset_index()`',
    packages="tidyr",
    harmless="names_repair",
)
def pivot_wider(call: RCall) -> Value:
    """One column a value of a column, rows and columns in the order of their first appearance."""
    frame = frame_of_call(call, "data")
    names, values = names_of(call, frame, "names_from"), names_of(call, frame, "values_from")
    if len(names) != 1:
        raise call.fail("`pivot_wider` with several `names_from` has no translation")
    if call.given("id_cols"):
        ids = names_of(call, frame, "id_cols")
        frame = frame.but(
            code=py("F[NAMES]", F=frame, NAMES=[*ids, *names, *values]),
            complete=True,
            parts={name: frame.parts.get(name, Value(frame.code, Kind.COLUMN)) for name in [*ids, *names, *values]},
        )
    sort = call.flag("names_sort")
    return _widened(call, frame, names[0], values, sort_names=sort, fill=call.optional("values_fill"))


def _widened(call: RCall, frame: Value, name: str, values: list[str], *, sort_names: bool, fill: Value | None) -> Value:
    ids = [each for each in frame.parts if each not in {name, *values}] if frame.complete else None
    if frame.complete and not ids:
        raise call.fail(f"`{call.name}` without columns that tell the rows apart has no translation")
    wanted = values[0] if len(values) == 1 else values
    options: dict[str, Any] = {"sort": False}
    if fill is not None:
        if fill.kind not in SCALARS:
            raise call.fail("`values_fill` is translated for one value")
        options["fill_value"] = fill
    code = py(
        "F[WANTED].unstack(NAME, **OPTIONS)",
        F=_keyed(call, frame, ids, name, values),
        WANTED=wanted,
        NAME=name,
        OPTIONS=options,
    )
    if sort_names:
        code = py('F.sort_index(axis="columns")', F=code)
    code = _labelled(call, frame, code, name, several=len(values) > 1)
    parts = {each: frame.parts[each].but(missing_free=False) for each in ids or ()}
    return Value(py("F.reset_index()", F=code), Kind.FRAME, rows=fresh_rows(call.scope), parts=parts)


def _keyed(call: RCall, frame: Value, ids: list[str] | None, name: str, values: list[str]) -> ast.expr:
    """The frame with all columns but the values as its index."""
    if ids is not None:
        return py("F.set_index(KEYS)", F=frame, KEYS=[*ids, name])
    template = "F.set_index([*F.columns.drop(VALUES)])"
    if isinstance(frame.code, ast.Name):
        return py(template, F=frame, VALUES=listed(values))
    handle = call.scope.session.handle
    body = py(template, F=ast.Name(handle, ast.Load()), VALUES=listed(values))
    return py("F.pipe(FUNCTION)", F=frame, FUNCTION=function_of(handle, body))


def _labelled(call: RCall, frame: Value, code: ast.expr, name: str, *, several: bool) -> ast.expr:
    """The new columns named as tidyr names them."""
    prefix, separator = call.constant("names_prefix", ""), call.constant("names_sep", "_")
    known = frame.parts.get(name, Value(code))
    if known.element is Kind.LOGICAL:
        call.note("the new columns are called True and False here, and TRUE and FALSE in R")
    if not known.missing_free:
        call.note("a column of missing names would be called NA in R, and nan here")
    textual = known.factor or known.element is Kind.TEXT
    if several:
        shape = 'f"{value}SEPARATOR{name}"'.replace("SEPARATOR", f"{separator}{prefix}")
        if known.element is Kind.NUMBER:
            shape = shape.replace("{name}", "{name:.15g}")
        return py(
            f"X.pipe(lambda wide: wide.set_axis([{shape} for value, name in wide.columns], axis='columns'))", X=code
        )
    if known.element is Kind.NUMBER and not known.factor:
        label = ast.JoinedStr([*([literal(prefix)] if prefix else []), _number_of()])
        return _no_axis_name(py("X.rename(columns=HOW)", X=code, HOW=function_of("value", label)))
    if prefix:
        return _no_axis_name(py("X.add_prefix(PREFIX)", X=code, PREFIX=prefix))
    return _no_axis_name(code if textual else py("X.rename(columns=str)", X=code))


def _number_of() -> ast.FormattedValue:
    """A number as R writes it in a name."""
    return ast.FormattedValue(ast.Name("value", ast.Load()), -1, ast.JoinedStr([ast.Constant(".15g")]))


def _no_axis_name(code: ast.expr) -> ast.expr:
    return py("X.rename_axis(columns=None)", X=code)


@translates(
    "spread",
    "data, key, value, fill = NA, convert = FALSE, drop = TRUE, sep = NULL",
    '`d.set_index([...])["value"].unstack("key").reset_index()`',
    packages="tidyr",
)
def spread(call: RCall) -> Value:
    """One column a value of a column; rows and columns sorted."""
    frame = frame_of_call(call, "data")
    call.default_only(convert=False, drop=True, sep=None)
    key, value = names_of(call, frame, "key")[0], names_of(call, frame, "value")[0]
    ids = [each for each in frame.parts if each not in {key, value}] if frame.complete else None
    options = {"fill_value": call.value("fill")} if call.given("fill") else {}
    keyed = _keyed(call, frame, ids, key, [value])
    code = py("F[VALUE].unstack(KEY, **OPTIONS)", F=keyed, VALUE=value, KEY=key, OPTIONS=options)
    code = py("F.reset_index()", F=_plain_names(frame, code, key))
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope))


def _plain_names(frame: Value, code: ast.expr, name: str) -> ast.expr:
    known = frame.parts.get(name, Value(code))
    if known.factor or known.element is Kind.TEXT:
        return _no_axis_name(code)
    if known.element is Kind.NUMBER:
        how = function_of("value", ast.JoinedStr([_number_of()]))
        return _no_axis_name(py("X.rename(columns=HOW)", X=code, HOW=how))
    return _no_axis_name(py("X.rename(columns=str)", X=code))
