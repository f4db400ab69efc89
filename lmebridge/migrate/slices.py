"""dplyr's `slice` and its relatives: rows by their place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.group_expressions import grouped, keys_of, mask_of
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Value, literal, py
from lmebridge.migrate.verbs import frame_of_call
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("slice", ".data, ..., .preserve = FALSE", "`d.iloc[:3]`", packages="dplyr", harmless=".preserve")
def slice_rows(call: RCall) -> Value:
    """Rows by place; by place within groups."""
    frame = frame_of_call(call)
    if len(call.rest) != 1 or call.rest[0].value is None or call.rest[0].name:
        raise call.fail("`slice` is translated for one range or vector of places")
    node = unwrap(call.rest[0].value)
    code = _in_groups(call, frame, node) if frame.groups else _places(call, frame, node)
    return frame.but(code=code, rows=call.scope.new_rows())


def _places(call: RCall, frame: Value, node: Node) -> ast.expr:
    if _is_count(node):
        return py("F.tail(1)", F=frame)
    ends = _ends(call, node)
    if ends is not None:
        first, last = ends
        start = None if first == 1 else literal(first - 1)
        return ast.Subscript(py("F.iloc", F=frame), ast.Slice(start, literal(last)), ast.Load())
    found = call.scope.value(node)
    if isinstance(found.constant, list) and all(isinstance(each, (int, float)) and each > 0 for each in found.constant):
        return py("F.iloc[PLACES]", F=frame, PLACES=[int(each) - 1 for each in found.constant])
    if isinstance(found.constant, (int, float)) and found.constant > 0:
        return py("F.iloc[[PLACE]]", F=frame, PLACE=int(found.constant) - 1)
    if isinstance(found.constant, (int, float)) and found.constant == -1:
        return py("F.iloc[1:]", F=frame)
    raise call.fail(f"`slice({deparse(node)})` has no translation")


def _ends(call: RCall, node: Node) -> tuple[int, int] | None:
    """First and last place of a range of constants."""
    if operator(node) != ":":
        return None
    ends = [call.scope.value(each).constant for each in operands(node)]
    if all(isinstance(end, (int, float)) for end in ends) and 0 < ends[0] <= ends[1]:
        return int(ends[0]), int(ends[1])
    return None


def _is_count(node: Node) -> bool:
    return isinstance(node, Call) and function_name(node) == "n" and not node.arguments


def _in_groups(call: RCall, frame: Value, node: Node) -> ast.expr:
    """The first rows of each group, or the last, groups in order."""
    if _is_count(node):
        return _group_ends(frame, 1, "tail")
    ends = _ends(call, node) or (1, 1 if isinstance(node, Constant) and node.value == 1 else 0)
    if ends[0] != 1 or not ends[1]:
        raise call.fail(f"`slice({deparse(node)})` within groups has no translation")
    return _group_ends(frame, ends[1], "head")


def _group_ends(frame: Value, count: int, end: str) -> ast.expr:
    ordered = py("F.sort_values(KEYS, **OPTIONS)", F=frame, KEYS=keys_of(frame), OPTIONS=_stable(frame))
    return py(f"G.{end}(COUNT)", G=grouped(frame, ordered), COUNT=count)


def _stable(frame: Value) -> dict[str, str]:
    return {"kind": "stable"} if len(frame.groups) == 1 else {}


@translates("slice_head slice_tail", ".data, ..., n = 1, prop", "`d.head(n)`, `d.tail(n)`", packages="dplyr")
def slice_end(call: RCall) -> Value:
    """The first or the last rows, of each group where there are any."""
    frame = frame_of_call(call)
    call.refuse_rest()
    count = call.value("n") if call.given("n") else Value(literal(1), constant=1)
    end = "head" if call.name == "slice_head" else "tail"
    if isinstance(count.constant, (int, float)) and count.constant < 1:
        raise call.fail(f"`{call.name}` without some rows has no translation")
    if not frame.groups:
        code = py(f"F.{end}(COUNT)", F=frame, COUNT=count)
    elif isinstance(count.constant, (int, float)):
        code = _group_ends(frame, int(count.constant), end)
    else:
        raise call.fail(f"`n` of `{call.name}` is computed")
    return frame.but(code=code, rows=call.scope.new_rows())


@translates(
    "slice_max slice_min",
    ".data, order_by, ..., n = 1, prop, with_ties = TRUE",
    '`d.nlargest(n, "x", keep="all")`',
    packages="dplyr",
)
def slice_extreme(call: RCall) -> Value:
    """The rows with the largest or smallest values, in that order, ties among them."""
    frame = frame_of_call(call)
    call.refuse_rest()
    column, count = call.node_of("order_by"), call.constant("n", 1)
    if not isinstance(column, Name) or not isinstance(count, (int, float)) or count < 1:
        raise call.fail(f"`{call.name}` is translated for a column and a number of rows")
    rows, ties = call.scope.new_rows(), call.flag("with_ties", True)
    method = "nlargest" if call.name == "slice_max" else "nsmallest"
    name = column.name
    if not frame.groups:
        keep = "all" if ties else "first"
        present = py("F.dropna(subset=NAME)", F=frame, NAME=name)
        options = {"keep": keep} if ties else {}
        code = py(f"F.{method}(COUNT, NAME, **OPTIONS)", F=present, COUNT=int(count), NAME=name, OPTIONS=options)
        return frame.but(code=code, rows=rows)
    descending = call.name == "slice_max"
    return frame.but(code=_ranked(call, frame, name, int(count), ties=ties, descending=descending), rows=rows)


def _ranked(call: RCall, frame: Value, name: str, count: int, *, ties: bool, descending: bool) -> ast.expr:
    """The rows of each group with the first ranks, by group and rank."""
    inner = call.scope.masked(frame)
    options = {"method": "min" if ties else "first", **({"ascending": False} if descending else {})}
    ranks = py("G[NAME].rank(**OPTIONS)", G=grouped(frame, mask_of(inner).handle), NAME=name, OPTIONS=options)
    test = inner.wrap(py("RANKS <= COUNT", RANKS=ranks, COUNT=count))
    kept = py("F[TEST]" if isinstance(frame.code, ast.Name) else "F.loc[TEST]", F=frame, TEST=test)
    directions = {"ascending": [True] * len(frame.groups) + [False]} if descending else {}
    return py("F.sort_values(KEYS, **OPTIONS)", F=kept, KEYS=[*frame.groups, name], OPTIONS=directions)
