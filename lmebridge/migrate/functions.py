"""Functions that the program defines, and functions written in place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

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
    result = returning(inner, body(function))
    statement = ast.FunctionDef(python, parameters, inner.body or [ast.Pass()], [], None)
    scope.body.append(statement)
    parts = {"value": result} if result is not None else {}
    scope.symbols[name] = known.but(parts=parts)
    return scope.symbols[name]


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
