"""dplyr's `summarise` and `count`: one row a group."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.across import by_rule, expanded, is_across
from lmebridge.migrate.group_expressions import SUMMARIES, Summary, grouped, keys_of, mask_of, summary_of
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.selection import function_of, written
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, dictionary, literal, py
from lmebridge.migrate.verbs import assigned, bare_name, column_name, frame_of_call
from lmebridge.rsyntax import Argument, Call, Name, Node, deparse, function_name, names, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope

#: Functions that give one value for all rows of a group.
_ONE_VALUE = frozenset({*SUMMARIES, "n", "n_distinct", "first", "last", "length", "quantile", "IQR", "mad", "cor"})


@translates(
    "summarise summarize",
    ".data, ..., .by = NULL, .groups = NULL",
    '`d.groupby("g", as_index=False).agg(m=("x", "mean"), n=("x", "size"))`',
    packages="dplyr",
)
def summarise(call: RCall) -> Value:
    """One row a group, or one for the whole frame."""
    frame = frame_of_call(call)
    left = call.constant(".groups", None)
    arguments = expanded(call, frame, call.rest)
    groups = _groups_left(frame, left)
    if len(arguments) == 1 and arguments[0].name is None and is_across(arguments[0].value):
        return _summarised_by_rule(call.scope, frame, written(arguments[0]), groups)
    named = [(each.name or deparse(written(each)), written(each)) for each in arguments]
    if any(is_across(node) for _, node in named):
        raise call.fail("`across` over columns that are not known has no translation beside other summaries")
    if len({name for name, _ in named}) < len(named):
        raise call.fail("two summaries have the same name")
    _check_order(named)
    if not frame.groups:
        return _whole(call.scope, frame, named)
    return _by_group(call.scope, frame, named, groups)


def _groups_left(frame: Value, left: str | None) -> tuple[str, ...]:
    """The groups that are left after a summary."""
    if left in {None, "drop_last"}:
        return frame.groups[:-1]
    if left in {"drop", "keep"}:
        return frame.groups if left == "keep" else ()
    raise Untranslated(f'`.groups = "{left}"` has no translation')


def _check_order(named: list[tuple[str, Node]]) -> None:
    """Refuse a summary of what was a column and is a summary by then."""
    made: set[str] = set()
    for name, node in named:
        again = [each for each in _summarised_names(node) if each in made]
        if again:
            raise Untranslated(f"`{deparse(node)}` summarises `{again[0]}`, which is a summary itself by then")
        made.add(name)


def _summarised_names(node: Node) -> list[str]:
    """Variables inside the summaries of an expression."""
    if isinstance(node, Call) and function_name(node) in _ONE_VALUE:
        return list(names(node))
    if not isinstance(node, Call):
        return []
    return [name for each in node.arguments if each.value is not None for name in _summarised_names(each.value)]


# --- the whole frame --------------------------------------------------------------------------------------------------


def _whole(scope: Scope, frame: Value, named: list[tuple[str, Node]]) -> Value:
    """One row for the whole frame."""
    made: dict[str, Value] = {}
    inner = scope.masked(frame)
    mask = mask_of(inner)
    for name, node in named:
        value = inner.value(node)
        if value.kind not in {*SCALARS, Kind.UNKNOWN}:
            raise Untranslated(f"`{deparse(node)}` is not known to be one value")
        made[name] = mask.extra[name] = value
    columns = dictionary({name: py("[X]", X=value) for name, value in made.items()})
    code = py("pd.DataFrame(COLUMNS)", COLUMNS=columns)
    if mask.parameter:
        code = py("F.pipe(FUNCTION)", F=frame, FUNCTION=function_of(mask.parameter, code))
    return Value(code, Kind.FRAME, rows=fresh_rows(scope), parts=_parts(made), complete=True)


def _parts(made: dict[str, Value]) -> dict[str, Value]:
    return {name: Value(ast.Constant(None), Kind.COLUMN, value.element) for name, value in made.items()}


def _summarised_by_rule(scope: Scope, frame: Value, node: Node, groups: tuple[str, ...]) -> Value:
    """The same summary of all columns that a rule chooses."""
    rows = fresh_rows(scope)
    if not frame.groups:
        columns, function = by_rule(scope, frame, node)
        return Value(py("C.apply(HOW).to_frame().T", C=columns, HOW=function), Kind.FRAME, rows=rows)
    keyed = frame.but(code=py("F.set_index(KEYS)", F=frame, KEYS=keys_of(frame)))
    columns, function = by_rule(scope, keyed, node)
    code = py("G.agg(HOW).reset_index()", G=grouped(frame, columns), HOW=function)
    return Value(code, Kind.FRAME, rows=rows, groups=groups)


# --- groups -----------------------------------------------------------------------------------------------------------


@dataclass
class _Plan:
    """How a summary by group is computed.

    Attributes
    ----------
    before : dict of str to Node
        Columns that are computed before the groups are made.
    summaries : dict of str to (column, how)
        The named aggregations.
    after : dict of str to Node
        Columns computed from the summaries.
    known : dict of str to str
        Which column has a summary that was asked for, by the summary's R code.
    """

    before: dict[str, Node] = field(default_factory=dict)
    summaries: dict[str, tuple[str, ast.expr]] = field(default_factory=dict)
    after: dict[str, Node] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    elements: dict[str, Kind] = field(default_factory=dict)


class _NoPlan(Exception):
    """A summary needs more than named aggregations."""


def _by_group(scope: Scope, frame: Value, named: list[tuple[str, Node]], groups: tuple[str, ...]) -> Value:
    """One row a group, by named aggregations, or by a function of each group's rows."""
    parts = {name: frame.parts.get(name, Value(ast.Constant(None), Kind.COLUMN)) for name in frame.groups}
    empty = Value(ast.Constant(None), Kind.FRAME, parts=parts, complete=True, rows=fresh_rows(scope))
    if set(frame.groups) & {name for name, _ in named}:
        raise Untranslated("a column of the groups cannot be a summary")
    try:
        plan = _planned(scope, frame, named)
    except _NoPlan:
        return _by_function(scope, frame, named, empty).but(groups=groups)
    code: Any = frame
    if plan.before:
        code = assigned(scope, frame, [Argument(node, name) for name, node in plan.before.items()])
    pairs = {name: ast.Tuple([literal(column), how], ast.Load()) for name, (column, how) in plan.summaries.items()}
    code = py("G.agg(**PAIRS)", G=grouped(frame, code, as_index=False), PAIRS=pairs)
    made = {name: Value(ast.Constant(None), Kind.COLUMN, plan.elements[name]) for name in plan.summaries}
    found = empty.but(code=code, parts={**parts, **made})
    found = assigned(scope, found, [Argument(node, name) for name, node in plan.after.items()])
    wanted = [*frame.groups, *(name for name, _ in named)]
    if list(found.parts) != wanted:
        found = found.but(
            code=py("F[NAMES]", F=found, NAMES=wanted), parts={name: found.parts[name] for name in wanted}
        )
    return found.but(groups=groups)


def _planned(scope: Scope, frame: Value, named: list[tuple[str, Node]]) -> _Plan:
    plan = _Plan()
    for name, node in named:
        if _is_summary(node):
            _enter(scope, frame, plan, name, node, named)
    for name, node in named:
        if not _is_summary(node):
            rest = _with_summaries(scope, frame, plan, name, node, named)
            if isinstance(rest, Name) and rest.name == name:
                continue
            plan.after[name] = rest
    return plan


def _is_summary(node: Node) -> bool:
    node = unwrap(node)
    return isinstance(node, Call) and function_name(node) in _ONE_VALUE


def _enter(scope: Scope, frame: Value, plan: _Plan, name: str, node: Node, named: Sequence[tuple[str, Node]]) -> None:
    """Plan a named aggregation."""
    inner = scope.masked(frame.but(groups=()), force_lambda=True)
    try:
        summary = summary_of(inner, node)
    except Untranslated:
        raise _NoPlan from None
    plan.summaries[name] = _column_of(inner, frame, plan, name, summary, named), summary.how
    plan.known[deparse(unwrap(node))] = name
    plan.elements[name] = summary.element


def _column_of(
    inner: Scope, frame: Value, plan: _Plan, name: str, summary: Summary, named: Sequence[tuple[str, Node]]
) -> str:
    """The column that is summarised; one that is computed first where an expression is."""
    argument = summary.argument
    if argument is None:
        return frame.groups[0]
    if isinstance(argument, Name):
        if inner.name(argument.name).kind is not Kind.COLUMN:
            raise Untranslated(f"`{argument.name}` is no column")
        return argument.name
    used = {each for _, node in named for each in names(node)}
    value = inner.value(argument)
    uncertain = value.element is Kind.LOGICAL and not value.missing_free
    if name in used or name in frame.parts or uncertain or value.kind not in {Kind.COLUMN, Kind.ARRAY}:
        raise _NoPlan
    plan.before[name] = argument
    return name


def _with_summaries(
    scope: Scope, frame: Value, plan: _Plan, name: str, node: Node, named: Sequence[tuple[str, Node]]
) -> Node:
    """An expression in which every summary is replaced by the column that has it."""
    node = unwrap(node)
    if isinstance(node, Name):
        if node.name not in {each for each, _ in named} and scope.masked(frame).name(node.name).kind is Kind.COLUMN:
            raise _NoPlan
        return node
    if not isinstance(node, Call):
        return node
    if function_name(node) == "c":
        raise Untranslated("a summary of several values has no translation")
    if _is_summary(node):
        known = plan.known.get(deparse(node))
        if known is None:
            if name in plan.summaries:
                raise _NoPlan
            _enter(scope, frame, plan, name, node, named)
            known = name
        return Name(known)
    inside = tuple(
        each
        if each.value is None
        else Argument(_with_summaries(scope, frame, plan, name, each.value, named), each.name, each.span)
        for each in node.arguments
    )
    return Call(node.function, inside, node.span)


def _by_function(scope: Scope, frame: Value, named: list[tuple[str, Node]], empty: Value) -> Value:
    """One row a group, by a function of each group's rows."""
    inner = scope.masked(frame.but(groups=()), force_lambda=True)
    mask = mask_of(inner)
    made: dict[str, Value] = {}
    for name, node in named:
        if set(names(node)) & set(frame.groups):
            raise Untranslated(f"`{deparse(node)}` uses a column of the groups")
        value = inner.value(node)
        if value.kind not in {Kind.NUMBER, Kind.LOGICAL, Kind.UNKNOWN} or value.element is Kind.TEXT:
            raise Untranslated(f"`{deparse(node)}` is not known to be one number")
        made[name] = mask.extra[name] = value
    row = py("pd.Series(ROW)", ROW=dictionary(made))
    function = function_of(mask.parameter, row)
    code = py("G.apply(HOW).reset_index()", G=grouped(frame, frame), HOW=function)
    return empty.but(code=code, parts={**empty.parts, **_parts(made)})


# --- counts -----------------------------------------------------------------------------------------------------------


@translates(
    "count",
    'x, ..., wt = NULL, sort = FALSE, name = "n", .drop = TRUE',
    '`d.groupby("g", as_index=False).agg(n=("g", "size"))`',
    packages="dplyr",
)
def count(call: RCall) -> Value:
    """How many rows each combination of values has."""
    frame = frame_of_call(call, "x")
    call.default_only(_drop=True)
    before = frame.groups
    made = [each for each in call.rest if each.name]
    if made:
        frame = assigned(call.scope, frame.but(groups=()), made)
    found = [each.name or bare_name(each) for each in call.rest]
    return _counted(call, frame.but(groups=tuple(dict.fromkeys([*before, *found])))).but(groups=before)


@translates("tally", 'x, wt = NULL, sort = FALSE, name = "n"', "`len(d)` by group", packages="dplyr")
def tally(call: RCall) -> Value:
    """How many rows each group has."""
    frame = frame_of_call(call, "x")
    return _counted(call, frame).but(groups=frame.groups[:-1])


def _name_of_counts(call: RCall, taken: Iterable[str]) -> str:
    """The name of a column of counts; dplyr takes another where the data have one of that name."""
    name = call.constant("name", None)
    if name is None and "n" in taken:
        raise call.fail("the data have a column `n` already, so that dplyr calls the counts `nn`: say `name =`")
    return str(name or "n")


def _counted(call: RCall, frame: Value) -> Value:
    name, weight = _name_of_counts(call, frame.groups), call.node_of("wt")
    rows = fresh_rows(call.scope)
    if not frame.groups:
        if weight is not None:
            raise call.fail("weights without groups have no translation")
        code = py("pd.DataFrame(COLUMNS)", COLUMNS=dictionary({name: py("[len(F)]", F=frame)}))
        return Value(code, Kind.FRAME, rows=rows, complete=True, parts={name: Value(code, Kind.COLUMN, Kind.NUMBER)})
    pair = (frame.groups[0], "size") if weight is None else (column_name(Argument(weight)), "sum")
    code = py(
        "G.agg(**PAIRS)", G=grouped(frame, frame, as_index=False), PAIRS={name: py("(A, B)", A=pair[0], B=pair[1])}
    )
    if call.flag("sort"):
        options = {"ascending": False, "kind": "stable", "ignore_index": True}
        code = py("F.sort_values(NAME, **OPTIONS)", F=code, NAME=name, OPTIONS=options)
    parts = {each: frame.parts.get(each, Value(code, Kind.COLUMN)) for each in frame.groups}
    parts[name] = Value(code, Kind.COLUMN, Kind.NUMBER)
    return Value(code, Kind.FRAME, rows=rows, parts=parts, complete=True)


@translates(
    "add_count",
    'x, ..., wt = NULL, sort = FALSE, name = "n"',
    '`d.assign(n=d.groupby("g")["g"].transform("size"))`',
    packages="dplyr",
)
def add_count(call: RCall) -> Value:
    """How many rows have the same values, as a column."""
    frame = frame_of_call(call, "x")
    call.default_only(sort=False)
    found = [bare_name(each) for each in call.rest]
    inner = frame.but(groups=tuple(dict.fromkeys([*frame.groups, *found])))
    counted = [Argument(Call(Name("n")), _name_of_counts(call, frame.parts))]
    return assigned(call.scope, inner, counted).but(groups=frame.groups)


@translates("add_tally", 'x, wt = NULL, sort = FALSE, name = "n"', "`d.assign(n=len(d))`", packages="dplyr")
def add_tally(call: RCall) -> Value:
    """How many rows the group has, as a column."""
    frame = frame_of_call(call, "x")
    call.default_only(sort=False)
    return assigned(call.scope, frame, [Argument(Call(Name("n")), _name_of_counts(call, frame.parts))])
