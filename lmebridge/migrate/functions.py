"""Functions that the program defines, and functions written in place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.naming import modified
from lmebridge.migrate.operators import by_place, same_rows
from lmebridge.migrate.scope import Scope
from lmebridge.migrate.values import Kind, Untranslated, Value, py
from lmebridge.rsyntax import Argument, Call, Node, operands, operator

if TYPE_CHECKING:
    from collections.abc import Sequence


def formals(function: Node) -> tuple[Argument, ...]:
    """The formal arguments of a `function`."""
    head = operands(function)[0]
    return head.arguments if isinstance(head, Call) else ()


def body(function: Node) -> Node:
    """The body of a `function`."""
    return operands(function)[-1]


def inside(scope: Scope, function: Node, kinds: Sequence[Value] = ()) -> tuple[Scope, ast.arguments]:
    """The scope of a function's body with its parameters defined, and the parameters in Python.

    Parameters
    ----------
    scope : Scope
        Where the function is written.
    function : Node
        The `function`.
    kinds : sequence of Value
        What is known of the first arguments.
    """
    inner = Scope(scope.session, scope)
    inner.body, inner.in_function, inner.target = [], True, ""
    names, defaults = [], []
    for place, formal in enumerate(formals(function)):
        if formal.name is None or formal.name == "...":
            raise Untranslated("a function with `...` among its parameters has no translation")
        known = kinds[place] if place < len(kinds) else Value(py("None"))
        default = None if formal.value is None else scope.value(formal.value)
        inner.define(formal.name, known if default is None else known.but(kind=known.kind))
        names.append(ast.arg(scope.session.naming.python(formal.name)))
        defaults += [default.code] if default is not None else []
        if default is None and defaults:
            raise Untranslated("a parameter with a default before one without has no translation")
    return inner, ast.arguments([], names, None, [], [], None, defaults)


def define_function(scope: Scope, name: str, function: Node) -> Value:
    """Write a function that the program names."""
    from lmebridge.migrate.control_flow import returning

    python = scope.session.naming.python(name)
    known = Value(ast.Name(python, ast.Load()), Kind.FUNCTION, visible=False)
    scope.symbols[name] = known
    inner, parameters = inside(scope, function)
    _copy_arguments(inner, function)
    result = returning(inner, body(function))
    statement = ast.FunctionDef(python, parameters, inner.body or [ast.Pass()], [], None)
    scope.body.append(statement)
    parts = {"value": result} if result is not None else {}
    if result is not None and _writes(result, [each.arg for each in parameters.args]):
        parts["text"] = result
    scope.symbols[name] = known.but(parts=parts)
    return scope.symbols[name]


def _writes(result: Value, parameters: list[str]) -> bool:
    """Whether a function gives one text with an argument in it, for which it must be given single values."""
    parts = result.code.values if isinstance(result.code, ast.JoinedStr) else []
    inner = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
    return any(isinstance(code, ast.Name) and code.id in parameters for code in inner)


def given(function: Value, values: list[Value]) -> list[Value]:
    """What a function of the program is given: columns that are paired by place where their rows differ.

    Raises
    ------
    Untranslated
        When it makes one text, and is given a vector.
    """
    if "text" in function.parts and any(value.is_vector for value in values):
        raise Untranslated("this function makes one text in Python, and is given a vector")
    series = [value for value in values if value.is_series]
    if len(series) < 2 or all(same_rows(series[0], value) for value in series):
        return values
    return [by_place(value) for value in values]


def _copy_arguments(inner: Scope, function: Node) -> None:
    """Copies of the arguments that the body changes in place: in R what was given stays as it is."""
    changed = modified([body(function)])
    for formal in formals(function):
        if formal.name in changed:
            name = inner.session.naming.python(formal.name or "")
            inner.emit("X = X.copy()", X=ast.Name(name, ast.Load()))


def lambda_of(scope: Scope, function: Node, kinds: Sequence[Value] = ()) -> tuple[ast.expr, Value]:
    """A function written in place as a Python lambda, and what it returns.

    Raises
    ------
    Untranslated
        When its body is more than one expression.
    """
    inner, parameters = inside(scope, function, kinds)
    value = inner.value(body(function))
    if inner.body:
        raise Untranslated("a function of several statements, written in place, has no translation")
    return ast.Lambda(parameters, value.code), value


def single(function: Node) -> bool:
    """Whether a function's body is one expression."""
    inner = body(function)
    return operator(inner) != "{" or len(operands(inner)) == 1
