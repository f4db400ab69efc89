"""dplyr's verbs on two frames: joins, rows and columns bound together."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.group_expressions import mask_of
from lmebridge.migrate.number_text import factor_text
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.selection import listed
from lmebridge.migrate.values import Kind, Untranslated, Value, dictionary, is_simple, py
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, function_name, operands, operator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmebridge.migrate.calls import RCall

_SIGNATURE = 'x, y, by = NULL, copy = FALSE, suffix = c(".x", ".y"), ..., keep = FALSE, na_matches = "na"'


def _keys(call: RCall) -> list[tuple[str, str]]:
    """The columns that are compared, left and right; empty where all common columns are."""
    node = call.node_of("by")
    call.default_only(keep=False, na_matches="na", copy=False)
    call.refuse_rest()
    if node is None or (isinstance(node, Constant) and node.text == "NULL"):
        return []
    if function_name(node) == "join_by":
        return [_joined_by(each) for each in operands(node)]
    if operator(node) == "c" and isinstance(node, Call):
        return [(each.name or _text(call, each.value), _text(call, each.value)) for each in node.arguments]
    value = call.scope.value(node).constant
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise call.fail("`by` is computed")
    return [(name, name) for name in names]


def _text(call: RCall, node: Node | None) -> str:
    found = call.scope.value(node).constant if node is not None else None
    if not isinstance(found, str):
        raise call.fail("`by` is computed")
    return found


def _joined_by(node: Node) -> tuple[str, str]:
    sides = operands(node) if operator(node) == "==" else (node, node)
    if not all(isinstance(side, Name) for side in sides):
        raise Untranslated(f"`join_by({deparse(node)})` has no translation")
    return sides[0].name, sides[1].name  # type: ignore[union-attr]


def _frames(call: RCall) -> tuple[Value, Value]:
    return call.expect("x", Kind.FRAME), call.expect("y", Kind.FRAME)


def alike(left: Value, right: Value, keys: list[tuple[str, str]]) -> tuple[Value, Value]:
    """Two frames whose keys pandas compares as R does: a factor of numbers as text where the other key is text."""
    for first, second in keys:
        one, other = left.parts.get(first, _BLANK), right.parts.get(second, _BLANK)
        if _factor_beside_text(one, other):
            left = _with_text(left, first, one)
        elif _factor_beside_text(other, one):
            right = _with_text(right, second, other)
    return left, right


_BLANK = Value(ast.Constant(None))


def _factor_beside_text(one: Value, other: Value) -> bool:
    """Whether a key's categories may be numbers while the other key is text."""
    return one.factor and one.element is not Kind.TEXT and other.element is Kind.TEXT


def _with_text(frame: Value, name: str, part: Value) -> Value:
    """A frame in which a factor is text."""
    if not is_simple(frame.code):
        raise Untranslated(f"the key `{name}` is a factor on one side and text on the other: name that frame first")
    column = part.but(code=py("F[NAME]", F=frame, NAME=name))
    known = column.but(factor=False, element=Kind.TEXT)
    code = py("F.assign(**NEW)", F=frame, NEW={name: factor_text(column)})
    return frame.but(code=code, parts={**frame.parts, name: known})


def _merged(call: RCall, left: Value, right: Value, keys: list[tuple[str, str]], how: str) -> Value:
    """`merge` as dplyr joins; the right side's names of the keys are dropped."""
    left, right = alike(left, right, keys)
    options: dict[str, Any] = {}
    other = [second for first, second in keys if first != second]
    if other:
        options = {"left_on": listed([first for first, _ in keys]), "right_on": listed([second for _, second in keys])}
    elif keys:
        options = {"on": listed([first for first, _ in keys])}
    if how != "inner":
        options["how"] = how
    if keys and _may_clash(left, right, keys):
        suffix = call.constant("suffix", [".x", ".y"])
        options["suffixes"] = ast.Tuple([ast.Constant(text) for text in suffix], ast.Load())
    code = py("X.merge(Y, **OPTIONS)", X=left, Y=right, OPTIONS=options)
    if other:
        code = py("X.drop(columns=NAMES)", X=code, NAMES=listed(other))
    dropped = {second for _, second in keys}
    known = {**left.parts, **{name: part for name, part in right.parts.items() if name not in dropped}}
    clash = _may_clash(left, right, keys)
    complete = left.complete and right.complete and not clash and bool(keys)
    return Value(
        code,
        Kind.FRAME,
        rows=fresh_rows(call.scope),
        parts={} if clash and not complete and _common(left, right, keys) else known,
        complete=complete,
        groups=left.groups,
    )


def _common(left: Value, right: Value, keys: list[tuple[str, str]]) -> set[str]:
    """Columns known to be on both sides, without the keys."""
    return (set(left.parts) - {key for key, _ in keys}) & (set(right.parts) - {key for _, key in keys})


def _may_clash(left: Value, right: Value, keys: list[tuple[str, str]]) -> bool:
    """Whether both sides may have a column of the same name that is no key."""
    if right.complete and not set(right.parts) - {second for _, second in keys}:
        return False
    return not (left.complete and right.complete) or bool(_common(left, right, keys))


@translates(
    "left_join inner_join", _SIGNATURE, '`x.merge(y, on="key", how="left")`', packages="dplyr", harmless="suffix"
)
def left_join(call: RCall) -> Value:
    """Rows of the left frame with what the right one has for them."""
    left, right = _frames(call)
    return _merged(call, left, right, _keys(call), call.name.removesuffix("_join"))


@translates(
    "full_join right_join", _SIGNATURE, "`pd.concat([x.merge(y), <rest of y>])`", packages="dplyr", harmless="suffix"
)
def full_join(call: RCall) -> Value:
    """Rows of both frames: those of the left one first, then those that only the right one has."""
    left, right = _frames(call)
    keys = _keys(call)
    if not keys or any(first != second for first, second in keys):
        raise call.fail(f"`{call.name}` is translated for keys that have the same names in both frames")
    if not (is_simple(left.code) and is_simple(right.code)):
        raise call.fail(f"`{call.name}` of frames without a name has no translation: give them names first")
    if _may_clash(left, right, keys) and _common(left, right, keys):
        raise call.fail(f"`{call.name}` of frames with common columns besides the key has no translation")
    merged = _merged(call, left, right, keys, "left" if call.name == "full_join" else "inner")
    if len(keys) == 1:
        rest = py("Y[~Y[KEY].isin(X[KEY])]", X=left, Y=right, KEY=keys[0][0])
    else:
        names = [first for first, _ in keys]
        there = "pd.MultiIndex.from_frame(Y[KEYS]).isin(pd.MultiIndex.from_frame(X[KEYS]))"
        rest = py("Y[~THERE]", Y=right, THERE=py(there, X=left, Y=right, KEYS=names))
    return merged.but(code=py("pd.concat([M, REST], ignore_index=True)", M=merged, REST=rest))


@translates("semi_join anti_join", _SIGNATURE, '`x[x["key"].isin(y["key"])]`', packages="dplyr", harmless="suffix")
def semi_join(call: RCall) -> Value:
    """Rows of the left frame that the right one has, or has not."""
    left, right = _frames(call)
    keys = _keys(call)
    if not keys:
        raise call.fail(f"`{call.name}` without `by` has no translation")
    if not isinstance(right.code, ast.Name) and len(keys) > 1:
        raise call.fail(f"`{call.name}` of frames without a name has no translation: give them names first")
    inner = call.scope.masked(left)
    first, second = [key for key, _ in keys], [key for _, key in keys]
    if len(keys) == 1:
        test = py("X[A].isin(Y[B])", X=mask_of(inner).handle, Y=right, A=first[0], B=second[0])
    else:
        template = "pd.MultiIndex.from_frame(X[A]).isin(pd.MultiIndex.from_frame(Y[B]))"
        test = py(template, X=mask_of(inner).handle, Y=right, A=first, B=second)
    if call.name == "anti_join":
        test = ast.UnaryOp(ast.Invert(), test)
    code = py("X[TEST]" if isinstance(left.code, ast.Name) else "X.loc[TEST]", X=left, TEST=inner.wrap(test))
    return left.but(code=code, rows=call.scope.new_rows())


@translates(
    "bind_rows",
    "..., .id = NULL",
    "`pd.concat([a, b], ignore_index=True)`",
    packages="dplyr",
    kinds=(Kind.FRAME, Kind.SEQUENCE, Kind.MAPPING, Kind.UNKNOWN),
)
def bind_rows(call: RCall) -> Value:
    """Frames one below the other; columns that one lacks are missing there."""
    pairs = call.rest_values
    source = call.constant(".id")
    values = [value for _, value in pairs]
    rows = fresh_rows(call.scope)
    if len(values) == 1 and values[0].kind in {Kind.SEQUENCE, Kind.UNKNOWN} and source is None:
        return Value(py("pd.concat(X, ignore_index=True)", X=values[0]), Kind.FRAME, rows=rows)
    if len(values) == 1 and values[0].kind is Kind.MAPPING:
        return _bound(values[0].code, source, rows)
    if any(value.kind is not Kind.FRAME for value in values):
        raise call.fail("`bind_rows` is translated for frames only")
    if source is not None and all(name for name, _ in pairs):
        return _bound(dictionary({name or "": value for name, value in pairs}), source, rows)
    if source is not None:
        raise call.fail("`.id` without names of the frames has no translation")
    code = py("pd.concat(FRAMES, ignore_index=True)", FRAMES=values)
    return Value(code, Kind.FRAME, rows=rows, parts=_shared(values), complete=all(value.complete for value in values))


def _shared(values: list[Value]) -> dict[str, Value]:
    """Columns that frames bound together have; factors whose levels may differ are plain text then."""
    found: dict[str, Value] = {}
    for value in values:
        for name, part in value.parts.items():
            found.setdefault(name, part.but(factor=False, missing_free=False))
    return found


def _bound(frames: ast.expr, source: str | None, rows: str) -> Value:
    """Frames with names one below the other, the names in a column."""
    if source is None:
        return Value(py("pd.concat(X.values(), ignore_index=True)", X=frames), Kind.FRAME, rows=rows)
    code = py("pd.concat(X, names=[ID]).reset_index(ID).reset_index(drop=True)", X=frames, ID=source)
    return Value(code, Kind.FRAME, rows=rows)


@translates("bind_cols", "..., .name_repair", '`pd.concat([a, b], axis="columns")`', packages="dplyr")
def bind_cols(call: RCall) -> Value:
    """Frames side by side, by place."""
    values = [value for _, value in call.rest_values]
    if any(value.kind is not Kind.FRAME for value in values) or not values:
        raise call.fail("`bind_cols` is translated for frames only")
    same = all(value.rows and value.rows == values[0].rows for value in values)
    pieces: Iterable[Any] = values if same else [py("X.reset_index(drop=True)", X=value) for value in values]
    code = py('pd.concat(FRAMES, axis="columns")', FRAMES=list(pieces))
    parts = {name: part for value in values for name, part in value.parts.items()}
    if sum(len(value.parts) for value in values) > len(parts):
        raise call.fail("frames with the same columns are bound side by side: R makes new names for them")
    return Value(code, Kind.FRAME, rows=values[0].rows if same else call.scope.new_rows(), parts=parts)
