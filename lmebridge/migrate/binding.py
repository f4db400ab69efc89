"""Frames and vectors side by side, one below the other, and joined by keys."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.frames import TABLES, argument_name
from lmebridge.migrate.joins import alike
from lmebridge.migrate.operators import by_place, same_rows_as
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, dictionary, is_simple, literal, py, text

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.rsyntax import Argument


@translates("cbind", "..., deparse.level = 1", "`d.assign(...)`, `pd.DataFrame({...})`")
def cbind(call: RCall) -> Value:
    """Columns side by side."""
    pairs = [(argument, call.scope.value(argument.value)) for argument in call.rest if argument.value is not None]
    frames = [value for _, value in pairs if value.kind in TABLES]
    if len(frames) == 1 and is_simple(frames[0].code):
        return _around(pairs, frames[0])
    if not frames and all(value.kind in {Kind.COLUMN, Kind.ARRAY, Kind.LIST, Kind.NAMED} for _, value in pairs):
        columns = {argument.name or argument_name(argument): by_place(value) for argument, value in pairs}
        code = py("pd.DataFrame(X)", X=dictionary(columns))
        named = next((value for _, value in pairs if value.kind is Kind.NAMED), None)
        if named is not None:
            code = py("pd.DataFrame(X, index=I)", X=dictionary(columns), I=py("N.index", N=named))
        return Value(code, Kind.TABLE if named is not None else Kind.FRAME, Kind.NUMBER, rows=call.scope.new_rows())
    if len(frames) == len(pairs):
        if len({frame.rows for frame in frames}) == 1 and frames[0].rows:
            return Value(
                py('pd.concat(X, axis="columns")', X=[f.code for f in frames]), Kind.FRAME, rows=frames[0].rows
            )
        named_rows = all(frame.kind is Kind.TABLE for frame in frames)
        if named_rows:
            return Value(py('pd.concat(X, axis="columns")', X=[f.code for f in frames]), Kind.TABLE, Kind.NUMBER)
    if frames and all(value.kind in {Kind.TABLE, Kind.NAMED} for _, value in pairs):
        parts = [
            py("X.rename(N)", X=value, N=argument_name(argument)) if value.kind is Kind.NAMED else value.code
            for argument, value in pairs
        ]
        return Value(py('pd.concat(X, axis="columns")', X=parts), Kind.TABLE, Kind.NUMBER)
    raise call.fail("`cbind` of these has no translation")


def _around(pairs: list[tuple[Argument, Value]], frame: Value) -> Value:
    """Vectors before and after one frame."""
    if any(value.kind is Kind.NAMED for _, value in pairs):
        names = [argument_name(a) for a, v in pairs]
        parts = [
            v.code if v.kind in TABLES else py("X.rename(N)", X=v, N=n) for (a, v), n in zip(pairs, names, strict=True)
        ]
        return Value(py('pd.concat(X, axis="columns")', X=parts), Kind.TABLE, Kind.NUMBER)
    named = {argument_name(a): _beside(frame, v) for a, v in pairs if v.kind not in TABLES}
    code = py("F.assign(**NEW)", F=frame, NEW=named)
    known = {**frame.parts, **{name: value.but(kind=Kind.COLUMN) for name, value in named.items()}}
    if pairs[0][1].kind not in TABLES:
        order: list[Any] = [
            ast.Starred(py("F.columns", F=frame), ast.Load()) if v.kind in TABLES else literal(argument_name(a))
            for a, v in pairs
        ]
        code = py("X[ORDER]", X=code, ORDER=ast.List(order, ast.Load()))
    return frame.but(code=code, kind=Kind.FRAME, parts=known)


def _beside(frame: Value, value: Value) -> Value:
    """A vector as a column of a frame, by place."""
    if value.is_series and same_rows_as(frame, value):
        return value
    if value.kind in SCALARS:
        return value
    return by_place(value)


@translates(
    "rbind bind_rows",
    "..., deparse.level = 1, make.row.names = TRUE, stringsAsFactors = FALSE",
    "`pd.concat([...])`",
    packages="base dplyr",
    harmless="make.row.names stringsAsFactors deparse.level",
)
def rbind(call: RCall) -> Value:
    """Rows of several frames one below the other."""
    pairs = call.rest_values
    pairs = [(name, value) for name, value in pairs if value.source != "empty" and value.kind is not Kind.NULL] or pairs
    values = [value for _, value in call.rest_values]
    if pairs and len(pairs) < len(values) and all(value.kind is Kind.FRAME for _, value in pairs):
        code = py("pd.concat(X, ignore_index=True)", X=[value.code for value in values])
        return pairs[0][1].but(code=code, rows=call.scope.new_rows())
    values = [value for _, value in pairs]
    if values and all(value.kind is Kind.FRAME for value in values):
        code = py("pd.concat(X, ignore_index=True)", X=[value.code for value in values])
        return values[0].but(code=code, rows=call.scope.new_rows())
    if values and all(value.kind is Kind.NAMED for value in values):
        names = [name or _label(value) for name, value in pairs]
        code = py("pd.DataFrame(X, index=N)", X=[value.code for value in values], N=names)
        return Value(code, Kind.TABLE, Kind.NUMBER)
    if values and all(value.kind is Kind.TABLE for value in values):
        return Value(py("pd.concat(X)", X=[value.code for value in values]), Kind.TABLE, Kind.NUMBER)
    raise call.fail("`rbind` of these has no translation")


def _label(value: Value) -> str:
    if isinstance(value.code, ast.Name):
        return value.code.id
    raise Untranslated("a row of `rbind` without a name")


def _without_right_key(call: RCall, code: ast.expr, left: Value, right: Value) -> ast.expr:
    """The key once, under the name that it has in the left frame, as R has it."""
    if call.flag("all") or call.flag("all.y"):
        raise call.fail("`merge` by keys of two names that keeps all rows of the second has no translation")
    if left.constant is None or right.constant is None:
        raise call.fail("`merge` by keys that are computed has no translation")
    first, second = (each if isinstance(each, list) else [each] for each in (left.constant, right.constant))
    other = [b for a, b in zip(first, second, strict=True) if a != b]
    return py("X.drop(columns=N)", X=code, N=other[0] if len(other) == 1 else other) if other else code


def _pairs(options: dict[str, Any], left: Value, right: Value) -> list[tuple[str, str]]:
    """Names of the keys on both sides; those that the frames are known to share where none are given."""
    given = [options[side] for side in ("left_on", "right_on", "on") if side in options]
    if not given:
        return [(name, name) for name in left.parts if name in right.parts]
    names = [key.constant if isinstance(key.constant, list) else [key.constant] for key in given]
    return list(zip(names[0], names[-1], strict=False))


def _shared(left: Value, right: Value) -> Value | None:
    """The keys of a `merge` without `by`, where all columns of both frames are known."""
    names = [name for name in left.parts if name in right.parts]
    if not (left.complete and right.complete and names):
        return None
    return text(names[0]) if len(names) == 1 else Value(py("[*X]", X=names), Kind.LIST, Kind.TEXT, constant=names)


def _note_order(call: RCall, left: Value, key: Value | None) -> None:
    """A note where the keys are not known to be the first columns: R puts them there, pandas leaves them."""
    names = [] if key is None else key.constant if isinstance(key.constant, list) else [key.constant]
    if not (left.complete and names and list(left.parts)[: len(names)] == names):
        call.note("R puts the columns that it merges by first, pandas leaves them where they are")


def _sorted_by_keys(call: RCall, code: ast.expr, key: Value, frames: list[Value]) -> ast.expr:
    """The rows in R's order: by the text of a factor, and of all keys at once where there are several.

    References
    ----------
    R ``merge.data.frame``: one factor is sorted as text, several keys are pasted together and sorted as text.
    """
    names = key.constant if isinstance(key.constant, list) else [key.constant]
    parts = [frame.parts[name] for name in names for frame in frames if name in frame.parts]
    options: dict[str, Any] = {"kind": "stable", "ignore_index": True}
    if len(names) == 1 and any(part.factor for part in parts):
        options = {"key": py("lambda x: x.astype(str)"), **options}
    elif len(names) > 1 and any(part.factor or part.element is not Kind.TEXT for part in parts):
        call.note("R sorts these rows by their keys as text, where 10 comes before 2")
    return py("X.sort_values(K, **O)", X=code, K=key, O=options)


@translates(
    "merge", "x, y, by, by.x, by.y, all = FALSE, all.x, all.y, sort = TRUE, suffixes", "`x.merge(y, on=..., how=...)`"
)
def merge(call: RCall) -> Value:
    """Rows of two frames that have the same keys."""
    left, right = call.expect("x", Kind.FRAME), call.expect("y", Kind.FRAME)
    options: dict[str, Any] = {}
    for name, option in (("by", "on"), ("by.x", "left_on"), ("by.y", "right_on")):
        if call.given(name):
            options[option] = call.value(name)
    every = call.flag("all")
    sides = (call.flag("all.x", every), call.flag("all.y", every))
    how = {(True, True): "outer", (True, False): "left", (False, True): "right", (False, False): "inner"}[sides]
    if how != "inner":
        options["how"] = literal(how)
    suffixes = call.constant("suffixes", [".x", ".y"])
    options["suffixes"] = py("(A, B)", A=suffixes[0], B=suffixes[1])
    left, right = alike(left, right, _pairs(options, left, right))
    code = py("X.merge(Y, **O)", X=left, Y=right, O=options)
    if {"left_on", "right_on"} <= set(options):
        code = _without_right_key(call, code, options["left_on"], options["right_on"])
    if how == "right" or not call.flag("sort", True):
        call.note("rows of the same key may be in another order than in R")
    key = options.get("on") or options.get("left_on") or _shared(left, right)
    _note_order(call, left, key)
    if call.flag("sort", True) and key is not None:
        code = _sorted_by_keys(call, code, key, [left, right])
    elif key is None:
        call.note("R sorts the result by the columns that the frames share")
    return Value(code, Kind.FRAME, rows=call.scope.new_rows(), parts={**right.parts, **left.parts})
