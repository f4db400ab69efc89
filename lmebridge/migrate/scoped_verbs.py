"""dplyr's older verbs for several columns as `across`: `mutate_at`, `summarise_all`; `top_n`; `across` as a frame."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.group_expressions import grouped, mask_of
from lmebridge.migrate.registry import translates
from lmebridge.migrate.selection import choice, chosen, written
from lmebridge.migrate.values import Kind, Value, py
from lmebridge.migrate.verbs import frame_of_call, renamed
from lmebridge.rsyntax import Argument, Call, Name, Node, call, function_name

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


def _across(verb: RCall, columns: Node) -> Value:
    """The verb with `across` over some columns."""
    functions = verb.node_of(".funs")
    if functions is None:
        raise verb.fail(f"`{verb.name}` is called without functions")
    if function_name(functions) in {"funs", "vars"}:
        raise verb.fail("`funs()` is no longer part of dplyr")
    inside = Call(Name("across"), (Argument(columns), Argument(functions), *verb.rest))
    data = Argument(verb.node_of(".tbl"))
    return verb.scope.value(Call(Name(verb.name.split("_")[0]), (data, Argument(inside))))


@translates("mutate_at summarise_at summarize_at", ".tbl, .vars, .funs, ...", "as `across`", packages="dplyr")
def verb_at(verb: RCall) -> Value:
    """Functions of columns that are named."""
    columns = verb.node_of(".vars")
    if isinstance(columns, Call) and function_name(columns) == "vars":
        columns = Call(Name("c"), columns.arguments, columns.span)
    return _across(verb, written(Argument(columns)))


@translates("mutate_if summarise_if summarize_if", ".tbl, .predicate, .funs, ...", "as `across`", packages="dplyr")
def verb_if(verb: RCall) -> Value:
    """Functions of columns of a type."""
    return _across(verb, call("where", written(Argument(verb.node_of(".predicate")))))


@translates("mutate_all summarise_all summarize_all", ".tbl, .funs, ...", "as `across`", packages="dplyr")
def verb_all(verb: RCall) -> Value:
    """Functions of all columns."""
    return _across(verb, call("everything"))


@translates("across pick", "..., .fns", '`d[["a", "b"]]` where a frame is wanted', packages="dplyr")
def across(verb: RCall) -> Value:
    """The chosen columns as a frame: ``rowSums(across(a:c))``."""
    mask = mask_of(verb.scope)
    found = choice(verb.scope, mask.frame, verb.rest)
    if found.renamed or mask.frame.groups:
        raise verb.fail(f"`{verb.name}` within groups, or with new names, has no translation here")
    handle = Value(mask.handle, Kind.FRAME, parts=mask.frame.parts, complete=mask.frame.complete)
    return Value(chosen(handle, found, "columns"), Kind.FRAME, rows=mask.frame.rows)


@translates("top_n", "x, n, wt", '`d[d["x"].rank(method="min", ascending=False) <= n]`', packages="dplyr")
def top_n(verb: RCall) -> Value:
    """The rows with the largest values, ties among them, in the order they had."""
    frame = frame_of_call(verb, "x")
    column, count = verb.node_of("wt"), verb.constant("n")
    if not isinstance(column, Name) or not isinstance(count, (int, float)):
        raise verb.fail("`top_n` is translated for a number and a column")
    inner = verb.scope.masked(frame)
    values = inner.value(column)
    source = py("G[NAME]", G=grouped(frame, mask_of(inner).handle), NAME=column.name) if frame.groups else values
    options = {"method": "min", **({"ascending": False} if count > 0 else {})}
    test = inner.wrap(py("X.rank(**OPTIONS) <= COUNT", X=source, OPTIONS=options, COUNT=abs(int(count))))
    code = py("F[TEST]" if isinstance(frame.code, ast.Name) else "F.loc[TEST]", F=frame, TEST=test)
    return frame.but(code=code, rows=verb.scope.new_rows())


@translates("rename_with", ".data, .fn, .cols, ...", "`d.rename(columns=str.lower)`", packages="dplyr")
def rename_with(verb: RCall) -> Value:
    """All columns in upper or lower case."""
    frame, function = frame_of_call(verb), verb.node_of(".fn")
    known = {"toupper": "str.upper", "tolower": "str.lower"}
    if not isinstance(function, Name) or function.name not in known or frame.groups:
        raise verb.fail("`rename_with` is translated for `toupper` and `tolower` of all columns only")
    change = {"toupper": str.upper, "tolower": str.lower}[function.name]
    parts = {change(name): part for name, part in frame.parts.items()}
    return frame.but(code=py("F.rename(columns=HOW)", F=frame, HOW=py(known[function.name])), parts=parts)


@translates(
    "relocate", ".data, ..., .before = NULL, .after = NULL", '`d[["b", *d.columns.drop("b")]]`', packages="dplyr"
)
def relocate(verb: RCall) -> Value:
    """Columns moved to the front."""
    frame = frame_of_call(verb)
    if verb.given(".before") or verb.given(".after"):
        raise verb.fail("`relocate` is translated for columns that go to the front only")
    found = choice(verb.scope, frame, [*verb.rest, Argument(Call(Name("everything")))])
    moved = frame.but(code=chosen(frame, found, verb.scope.session.handle))
    return renamed(moved, found.renamed) if found.renamed else moved


_REFUSED = {
    "rowwise": "work row by row is an `apply` over rows that has to be written by hand",
    "sample_n sample_frac slice_sample": "R draws these rows with its own random numbers",
    "group_map group_modify group_walk group_split nest_by": "functions of groups' frames have to be written by hand",
}


def _refuse(names_: str, reason: str) -> None:
    @translates(names_, ".data, ...", f"left: {reason}", packages="dplyr")
    def refused(verb: RCall) -> Value:
        raise verb.fail(reason)


for _names, _reason in _REFUSED.items():
    _refuse(_names, _reason)
