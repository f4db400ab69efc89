"""dplyr's verbs on one frame: rows and columns chosen, made, ordered and named."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.across import by_rule, expanded, is_across
from lmebridge.migrate.conditions import both_ways
from lmebridge.migrate.group_expressions import (
    mask_of,
    of_values,
    row_condition,
    row_value,
    within_groups,
    without_desc,
)
from lmebridge.migrate.operators import by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.selection import Choice, Part, choice, chosen, function_of, listed, written
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, dictionary, py
from lmebridge.rsyntax import Argument, Call, Constant, Name, Node, deparse, function_name, names, operands, operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope

TEXT_ORDER = "dplyr before 1.1 orders text by the locale, dplyr from 1.1 on and Python by code point"


def frame_of_call(call: RCall, parameter: str = ".data") -> Value:
    """The frame that a verb is about, whose rows have a name."""
    frame = call.expect(parameter, Kind.FRAME)
    return frame if frame.rows else frame.but(rows=call.scope.new_rows())


# --- columns chosen and named -----------------------------------------------------------------------------------------


@translates("select", ".data, ...", '`d[["a", "b"]]`, `d.drop(columns=...)`, `d.filter(regex=...)`', packages="dplyr")
def select(call: RCall) -> Value:
    """Columns chosen by name, range or rule, some renamed."""
    frame = frame_of_call(call)
    found = choice(call.scope, frame, call.rest)
    found = _with_groups(frame, found)
    code = chosen(frame, found, call.scope.session.handle)
    kept = _kept_parts(frame, found)
    plain = frame.but(code=code, parts=kept, complete=found.names is not None)
    return renamed(plain, found.renamed) if found.renamed else plain


def _with_groups(frame: Value, found: Choice) -> Choice:
    """The choice with the columns of the groups in front, as dplyr has them."""
    if not frame.groups or (found.dropped is not None and not set(frame.groups) & set(found.dropped)):
        return found
    if not all(part.taken for part in found.parts):
        raise Untranslated(
            "columns left out of a grouped frame by a rule, or columns of its groups, have no translation"
        )
    missing = [name for name in frame.groups if not any(_takes(frame, part, name) for part in found.parts)]
    return Choice((*(Part("name", name) for name in missing), *found.parts)) if missing else found


def _takes(frame: Value, part: Part, name: str) -> bool:
    """Whether a part of a choice takes a column."""
    if part.how == "regex":
        return re.search(part.what, name) is not None
    if part.how in {"name", "all"}:
        return part.how == "all" or part.what == name
    known = frame.parts.get(name)
    if part.how == "type" and known is not None and known.element in {Kind.NUMBER, Kind.TEXT} and not known.factor:
        return bool(part.what == {Kind.NUMBER: "number", Kind.TEXT: "str"}[known.element])
    raise Untranslated(f"it is not known whether the choice has the groups' column `{name}`")


def _kept_parts(frame: Value, found: Choice) -> dict[str, Value]:
    """What is known of the columns that are left."""
    if found.names is not None:
        return {name: frame.parts.get(name, Value(ast.Constant(None), Kind.COLUMN)) for name in found.names}
    gone = set(found.dropped or ())
    return {name: part for name, part in frame.parts.items() if name not in gone} if found.dropped else {}


@translates("rename", ".data, ...", '`d.rename(columns={"old": "new"})`', packages="dplyr")
def rename(call: RCall) -> Value:
    """Columns named anew."""
    return renamed(frame_of_call(call), {column_name(each): each.name or "" for each in call.rest})


def column_name(argument: Argument) -> str:
    """The column that an argument names, with or without quotes."""
    node = argument.value
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Constant) and isinstance(node.value, str):
        return node.value
    raise Untranslated(f"`{deparse(node)}` is no name of a column" if node is not None else "a column is not named")


def bare_name(argument: Argument) -> str:
    """The column that an argument names without quotes, where a text would be a value."""
    if isinstance(argument.value, Name):
        return argument.value.name
    raise Untranslated(f"`{deparse(written(argument))}` is no name of a column")


def renamed(frame: Value, new_names: dict[str, str]) -> Value:
    """A frame with columns named anew; `new_names` by old name."""
    if "" in new_names.values():
        raise Untranslated("`rename` is given a column without a new name")
    parts = {new_names.get(name, name): part for name, part in frame.parts.items()}
    for old, new in new_names.items():
        parts.setdefault(new, frame.parts.get(old, Value(ast.Constant(None), Kind.COLUMN)))
    groups = tuple(new_names.get(name, name) for name in frame.groups)
    code = py("F.rename(columns=NAMES)", F=frame, NAMES=dictionary(new_names))
    return frame.but(code=code, parts=parts, groups=groups)


@translates("pull", ".data, var = -1, name = NULL", '`d["x"]`', packages="dplyr")
def pull(call: RCall) -> Value:
    """One column as a vector."""
    frame = frame_of_call(call)
    node = call.node_of("var")
    if isinstance(node, Name) or (isinstance(node, Constant) and isinstance(node.value, str)):
        name = column_name(Argument(node))
        known = frame.parts.get(name, Value(ast.Constant(None), Kind.COLUMN))
        return known.but(code=py("F[KEY]", F=frame, KEY=name), kind=Kind.COLUMN, rows=frame.rows, visible=True)
    place = call.constant("var", -1)
    if not isinstance(place, (int, float)):
        raise call.fail("`pull` is given a column that is computed")
    code = py("F.iloc[:, PLACE]", F=frame, PLACE=int(place) - (place > 0))
    return Value(code, Kind.COLUMN, rows=frame.rows)


# --- rows chosen ------------------------------------------------------------------------------------------------------


@translates(
    "filter",
    ".data, ..., .preserve = FALSE",
    '`d[(d["x"] > 0) & d["y"].notna()]`',
    packages="dplyr",
    harmless=".preserve",
)
def filter_rows(call: RCall) -> Value:
    """Rows for which all conditions are true; not those for which one is NA."""
    frame = frame_of_call(call)
    conditions = [argument.value for argument in call.rest if argument.value is not None]
    named = [argument.name for argument in call.rest if argument.name]
    if named:
        raise call.fail(f"`filter` is given `{named[0]} =`, where R wants `==`")
    if not conditions:
        return frame
    joined = conditions[0]
    for each in conditions[1:]:
        joined = Call(Name("&"), (Argument(joined), Argument(each)))
    inner = call.scope.masked(frame)
    found = row_condition(inner, joined)
    if found.kind in SCALARS:
        raise call.fail(f"`{deparse(joined)}` is one value, not one a row")
    code = py("F[C]" if isinstance(frame.code, ast.Name) else "F.loc[C]", F=frame, C=inner.wrap(by_row(frame, found)))
    return frame.but(code=code, rows=call.scope.new_rows(), parts={**frame.parts, **_present(frame, joined)})


def by_row(frame: Value, value: Value) -> Value:
    """A vector in the order of the frame's rows: one that is known to have other rows goes by place."""
    return value if value.rows == frame.rows else by_place(value)


def _present(frame: Value, node: Node) -> dict[str, Value]:
    """Columns of which a condition says that nothing is missing in them: ``!is.na(x)``."""
    parts = operands(node)
    if operator(node) in {"&", "("}:
        return {name: part for each in parts for name, part in _present(frame, each).items()}
    if operator(node) == "!" and function_name(parts[0]) == "is.na" and len(operands(parts[0])) == 1:
        column = operands(parts[0])[0]
        if isinstance(column, Name) and column.name in frame.parts:
            return {column.name: frame.parts[column.name].but(missing_free=True)}
    return {}


@translates("distinct", ".data, ..., .keep_all = FALSE", "`d.drop_duplicates()`", packages="dplyr")
def distinct(call: RCall) -> Value:
    """The first of rows that are equal."""
    frame = frame_of_call(call)
    keep_all = call.flag(".keep_all")
    if not all(isinstance(argument.value, Name) and not argument.name for argument in call.rest):
        raise call.fail("`distinct` is translated for columns given by name only")
    rows = call.scope.new_rows()
    if not call.rest:
        return frame.but(code=py("F.drop_duplicates()", F=frame), rows=rows)
    found = _with_groups(frame, choice(call.scope, frame, call.rest))
    if found.names is None:
        raise call.fail("`distinct` is translated for columns given by name only")
    if keep_all:
        return frame.but(code=py("F.drop_duplicates(NAMES)", F=frame, NAMES=listed(found.names)), rows=rows)
    code = py("F[NAMES].drop_duplicates()", F=frame, NAMES=found.names)
    return frame.but(code=code, rows=rows, parts=_kept_parts(frame, found), complete=True)


# --- rows ordered -----------------------------------------------------------------------------------------------------


@translates("arrange", ".data, ..., .by_group = FALSE", '`d.sort_values(["a", "b"])`', packages="dplyr")
def arrange(call: RCall) -> Value:
    """Rows in order, missing values last, ties as they were."""
    frame = frame_of_call(call)
    first = [Argument(Name(name)) for name in frame.groups] if call.flag(".by_group") else []
    keys = [_key(argument) for argument in [*first, *call.rest]]
    if not keys:
        return frame
    known = [frame.parts[name] for name in _plain_names(keys) if name in frame.parts]
    if any(part.element is Kind.TEXT and not part.factor for part in known):
        call.note(TEXT_ORDER)
    return frame.but(code=_sorted(call, frame, keys), rows=call.scope.new_rows())


def _key(argument: Argument) -> tuple[Node, bool]:
    """What rows are ordered by, and whether downwards."""
    if argument.value is None or argument.name:
        raise Untranslated("`arrange` is given what is no column")
    node, down = without_desc(argument.value)
    if operator(node) == "-" and len(operands(node)) == 1:
        return operands(node)[0], not down
    return node, down


def _plain_names(keys: Sequence[tuple[Node, bool]]) -> list[str]:
    return [node.name for node, _ in keys if isinstance(node, Name)]


def _sorted(call: RCall, frame: Value, keys: list[tuple[Node, bool]]) -> ast.expr:
    by = _plain_names(keys)
    options: dict[str, Any] = {}
    if len(by) < len(keys):
        by, options["key"] = _computed_key(call, frame, keys)
    directions = [not down for _, down in keys]
    if not all(directions):
        options["ascending"] = directions[0] if len(set(directions)) == 1 else directions
    if len(by) == 1:
        options["kind"] = "stable"
    return py("F.sort_values(BY, **OPTIONS)", F=frame, BY=listed(by), OPTIONS=options)


def _computed_key(call: RCall, frame: Value, keys: list[tuple[Node, bool]]) -> tuple[list[str], ast.expr]:
    """The one column that rows are ordered by, and what is done to it first."""
    node = keys[0][0]
    used = list(dict.fromkeys(names(node)))
    if len(keys) != 1 or len(used) != 1:
        raise Untranslated(f"`arrange` by `{deparse(node)}` has no translation")
    inner = call.scope.masked(frame)
    found = of_values(inner, node, used[0])
    uncertain = found.element is Kind.LOGICAL and not found.missing_free
    if inner.name(used[0]).kind is not Kind.COLUMN or found.kind is not Kind.COLUMN or uncertain:
        raise Untranslated(f"`arrange` by `{deparse(node)}` has no translation")
    return used, function_of("x", found.code)


# --- columns made -----------------------------------------------------------------------------------------------------


@translates(
    "mutate",
    '.data, ..., .keep = "all", .by = NULL, .before = NULL, .after = NULL',
    '`d.assign(y=d["x"] + 1)`',
    packages="dplyr",
)
def mutate(call: RCall) -> Value:
    """Columns made from columns; within groups where there are any."""
    call.default_only(_keep="all")
    frame = frame_of_call(call)
    return assigned(call.scope, frame, expanded(call, frame, call.rest))


@translates("transmute", ".data, ...", '`d.assign(y=...)[["y"]]`', packages="dplyr")
def transmute(call: RCall) -> Value:
    """Columns made from columns, and no others."""
    frame = frame_of_call(call)
    arguments = expanded(call, frame, call.rest)
    made = [each for each in arguments if not (isinstance(each.value, Name) and each.name in {None, each.value.name})]
    kept = list(dict.fromkeys([*frame.groups, *(each.name or column_name(each) for each in arguments)]))
    full = assigned(call.scope, frame, made)
    parts = {name: full.parts.get(name, Value(ast.Constant(None), Kind.COLUMN)) for name in kept}
    return full.but(code=py("F[NAMES]", F=full, NAMES=kept), parts=parts, complete=True)


def assigned(scope: Scope, frame: Value, arguments: Sequence[Argument]) -> Value:
    """A frame with columns made one after the other, each of which may use those before it."""
    new: dict[str, ast.expr] = {}
    current = frame
    for argument in arguments:
        if argument.name is None and is_across(argument.value):
            frame, new = _with_columns(frame, new, current), {}
            frame = current = _changed_by_rule(scope, frame, written(argument))
            continue
        if argument.name is None:
            raise Untranslated(f"`mutate` is given `{deparse(argument.value)}` without a name")  # type: ignore[arg-type]
        node = written(argument)
        if argument.name in frame.groups:
            raise Untranslated(f"`{argument.name}` is a column of the groups and cannot be changed")
        if _is_null(node) or argument.name in new:
            frame, new = _with_columns(frame, new, current), {}
            current = frame
        if _is_null(node):
            frame = current = _without(frame, argument.name)
            continue
        value, code = _made(scope, current, node, set(new))
        new[argument.name] = code
        known = value.but(code=ast.Constant(None), kind=Kind.COLUMN, constant=None, positions=None, visible=True)
        current = current.but(parts={**current.parts, argument.name: known})
    return _with_columns(frame, new, current)


def _changed_by_rule(scope: Scope, frame: Value, node: Node) -> Value:
    """A frame in which all columns that a rule chooses are replaced by a function of them."""
    if frame.groups:
        raise Untranslated("`across` over columns that are not known has no translation within groups")
    mask = mask_of(scope.masked(frame))
    columns, function = by_rule(scope, frame.but(code=mask.handle), node)
    code = py("D.assign(**COLUMNS.apply(HOW))", D=mask.handle, COLUMNS=columns, HOW=function)
    if mask.parameter:
        code = py("F.pipe(FUNCTION)", F=frame, FUNCTION=function_of(mask.parameter, code))
    return frame.but(code=code, parts={})


def _is_null(node: Node) -> bool:
    return isinstance(node, Constant) and node.text == "NULL"


def _with_columns(frame: Value, new: dict[str, ast.expr], current: Value) -> Value:
    if not new:
        return current.but(code=frame.code)
    return current.but(code=py("F.assign(**NEW)", F=frame, NEW=new))


def _without(frame: Value, name: str) -> Value:
    parts = {key: part for key, part in frame.parts.items() if key != name}
    return frame.but(code=py("F.drop(columns=NAME)", F=frame, NAME=name), parts=parts)


def _made(scope: Scope, frame: Value, node: Node, new: set[str]) -> tuple[Value, ast.expr]:
    """The value of a new column, and its code as `assign` takes it."""
    needs_new = bool(new & {*names(node), *frame.groups})
    inner = scope.masked(frame, force_lambda=needs_new)
    value = row_value(inner, node)
    if value.kind is Kind.LIST and len(value.constant or ()) == 1:
        raise Untranslated("a list of one value as a column has no translation")
    if value.kind not in {*SCALARS, Kind.COLUMN, Kind.NAMED, Kind.ARRAY, Kind.LIST, Kind.INDEX, Kind.UNKNOWN}:
        raise Untranslated(f"`{deparse(node)}` is a {value.kind.value}, not a column")
    return value, inner.wrap(by_row(frame, _as_column(inner, node, value)))


def _as_column(inner: Scope, node: Node, value: Value) -> Value:
    """A condition with missing values where R's is NA; anything else as it is."""
    if value.element is not Kind.LOGICAL or not value.is_series or value.missing_free or isinstance(node, Name):
        return value
    there = value.there
    if there is None:
        value, opposite = both_ways(inner, within_groups(inner, node))
        there = py("A | B", A=value, B=opposite)
    return value.but(code=py('X.astype("boolean").where(THERE)', X=value, THERE=there), there=None)


# --- groups -----------------------------------------------------------------------------------------------------------


@translates("group_by", ".data, ..., .add = FALSE, .drop = TRUE", "`d.groupby(...)` in what follows", packages="dplyr")
def group_by(call: RCall) -> Value:
    """The same frame; what follows works within groups."""
    frame = frame_of_call(call)
    call.default_only(_drop=True)
    before = frame.groups if call.flag(".add") else ()
    arguments = expanded(call, frame, call.rest)
    made = [each for each in arguments if each.name]
    if made:
        frame = assigned(call.scope, frame.but(groups=()), made)
    found = [each.name or bare_name(each) for each in arguments]
    return frame.but(groups=tuple(dict.fromkeys([*before, *found])))


@translates("ungroup", "x, ...", "what follows works on the whole frame", packages="dplyr")
def ungroup(call: RCall) -> Value:
    """The same frame; what follows works on all rows."""
    call.refuse_rest()
    return frame_of_call(call, "x").but(groups=())
