"""dplyr's `across()`: the same functions of several columns."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.migrate.selection import Choice, arguments_of, choice, frame_of, function_of, written
from lmebridge.migrate.values import Kind, Untranslated, Value
from lmebridge.rsyntax import (
    FORMALS,
    Argument,
    Call,
    Constant,
    Name,
    Node,
    deparse,
    function_name,
    operands,
    operator,
    unwrap,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope


@dataclass(frozen=True)
class Across:
    """One call of `across`.

    Attributes
    ----------
    columns : Choice
        Which columns.
    functions : dict of str to Node
        Functions by the names they are given; a single function may have the name ``""``.
    extra : tuple of Argument
        Further arguments of the functions.
    pattern : str
        How the new columns are named, as `glue` writes it.
    """

    columns: Choice
    functions: dict[str, Node]
    extra: tuple[Argument, ...]
    pattern: str


def is_across(node: Node | None) -> bool:
    """Whether a node is a call of `across`."""
    return node is not None and function_name(node) == "across"


def expanded(call: RCall, frame: Value, arguments: Sequence[Argument]) -> list[Argument]:
    """Arguments with each `across` over known columns written out, one argument a new column.

    One over columns that are chosen by a rule stays as it is.
    """
    found: list[Argument] = []
    for argument in arguments:
        if argument.name is None and is_across(argument.value):
            read = read_across(call.scope, frame, written(argument))
            found += [argument] if read.columns.columns is None else _written_out(read)
        else:
            found.append(argument)
    return found


def read_across(scope: Scope, frame: Value, node: Node) -> Across:
    """The parts of a call of `across`."""
    named = {each.name: each.value for each in arguments_of(node) if each.name in {".cols", ".fns", ".names"}}
    places = [each.value for each in arguments_of(node) if each.name is None]
    columns = named[".cols"] if ".cols" in named else places.pop(0) if places else None
    function = named[".fns"] if ".fns" in named else places.pop(0) if places else None
    if columns is None:
        raise Untranslated("`across` is given no columns")
    extra = [each for each in arguments_of(node) if each.name and each.name not in named]
    extra = [*[Argument(value) for value in places], *extra]
    others = {name: part for name, part in frame.parts.items() if name not in frame.groups}
    chosen = choice(scope, frame.but(parts=others), [Argument(columns)])
    functions = _functions(function)
    pattern = _pattern(named.get(".names"), "{.col}" if list(functions) == [""] else "{.col}_{.fn}")
    return Across(chosen, functions, tuple(extra), pattern)


def _functions(node: Node | None) -> dict[str, Node]:
    if node is None:
        return {"": Name("identity")}
    if operator(node) not in {"list", "c"}:
        return {"": node}
    return {each.name or f"{place}": written(each) for place, each in enumerate(arguments_of(node), 1)}


def _pattern(node: Node | None, default: str) -> str:
    if node is None:
        return default
    if isinstance(node, Constant) and isinstance(node.value, str):
        found = node.value.replace("{col}", "{.col}").replace("{fn}", "{.fn}")
        if not re.search(r"\{(?!\.(col|fn)\})", found):
            return found
    raise Untranslated(f"`.names = {deparse(node)}` of `across` has no translation")


def _written_out(read: Across) -> list[Argument]:
    return [
        Argument(applied(function, Name(column), read.extra), new_name(read, column, name))
        for column in read.columns.columns or ()
        for name, function in read.functions.items()
    ]


def new_name(read: Across, column: str, function: str) -> str:
    """The name of the column that a function of a column becomes."""
    return read.pattern.replace("{.col}", column).replace("{.fn}", function)


def applied(function: Node, argument: Node, extra: tuple[Argument, ...] = ()) -> Node:
    """The call of a function, or a formula or function written out, with the argument in its place."""
    if operator(function) == "~" and len(operands(function)) == 1:
        return _with(operands(function)[0], {".x": argument, ".": argument})
    if operator(function) == "function":
        return _body(function, argument)
    if isinstance(function, Name) or operator(function) in {"::", ":::"}:
        return Call(function, (Argument(argument), *extra))
    raise Untranslated(f"`{deparse(function)}` as a function of columns has no translation")


def _body(function: Node, argument: Node) -> Node:
    formals, body = operands(function)[:2]
    body = unwrap(body)
    if operator(body) == "{" and len(operands(body)) == 1:
        body = operands(body)[0]
    if operator(formals) != FORMALS or operator(body) in {"{", "<-", "="} or not isinstance(formals, Call):
        raise Untranslated("a function of several statements as a function of columns has no translation")
    if len(formals.arguments) != 1:
        raise Untranslated("a function of several arguments as a function of columns has no translation")
    return _with(body, {formals.arguments[0].name or "": argument})


def _with(node: Node, replacements: dict[str, Node]) -> Node:
    """The node with names replaced."""
    if isinstance(node, Name):
        return replacements.get(node.name, node)
    if not isinstance(node, Call):
        return node
    inside = tuple(
        Argument(None if each.value is None else _with(each.value, replacements), each.name, each.span)
        for each in node.arguments
    )
    return Call(node.function, inside, node.span)


# --- columns chosen by a rule -----------------------------------------------------------------------------------------


def by_rule(scope: Scope, frame: Value, node: Node) -> tuple[ast.expr, ast.Lambda]:
    """Code of the frame with the chosen columns, and the function of a column as a lambda.

    Raises
    ------
    Untranslated
        Where there are several functions, new names, or several rules.
    """
    read = read_across(scope, frame, node)
    if len(read.columns.parts) != 1 or not read.columns.parts[0].taken or read.columns.parts[0].how == "name":
        raise Untranslated(f"`{deparse(node)}` has no translation: its columns are not known")
    if list(read.functions) != [""] or read.pattern != "{.col}":
        raise Untranslated(f"`{deparse(node)}` has no translation: its columns, and so the new names, are not known")
    values = Value(ast.Name("x", ast.Load()), Kind.COLUMN, rows="values of a column")
    if read.columns.parts[0].what == "number":
        values = values.but(element=Kind.NUMBER)
    inner = scope.masked(
        Value(ast.Name("x", ast.Load()), Kind.FRAME, complete=True), force_lambda=False, **{" x": values}
    )
    body = inner.value(applied(read.functions[""], Name(" x"), read.extra))
    return frame_of(frame.code, read.columns.parts[0]), function_of("x", body.code)
