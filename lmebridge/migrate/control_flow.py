"""Blocks, conditions, loops and returns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.assignments import assign, is_assignment
from lmebridge.migrate.collecting import counts_up
from lmebridge.migrate.conditions import condition
from lmebridge.migrate.functions import lambda_of
from lmebridge.migrate.python_text import commented
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, NULL, Kind, Untranslated, Value, py
from lmebridge.rsyntax import Name, Node, operands, operator, unwrap, walk

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope


# --- statements -------------------------------------------------------------------------------------------------------


def run(scope: Scope, node: Node) -> Value:
    """Write the statements of one R statement; the value it leaves, which is not yet written."""
    try:
        return _run(scope, node)
    except Untranslated as error:
        error.span = error.span or node.span
        raise


def _run(scope: Scope, node: Node) -> Value:
    word = operator(node)
    if is_assignment(node):
        return assign(scope, node)
    writer = _WRITERS.get(word or "")
    if writer is not None:
        writer(scope, node)
        return NOTHING
    return scope.value(node)


def write(scope: Scope, node: Node) -> None:
    """Write a statement whose value nobody sees: the inside of a loop, all but the last of a function."""
    value = run(scope, node)
    if value.source != "nothing" and isinstance(value.code, ast.Call):
        scope.body.append(ast.Expr(value.code))


def statements(node: Node) -> tuple[Node, ...]:
    """The statements of a block, or the one that stands for a block."""
    return operands(node) if operator(node) == "{" else (node,)


def block(scope: Scope, node: Node) -> list[ast.stmt]:
    """The statements of a block of a loop or condition, written apart."""
    before, scope.body = scope.body, []
    scope.session.blocks += 1
    try:
        for place, each in enumerate(statements(node)):
            scope.body += commented(scope.session.source_text, node, statements(node), place)
            write(scope, each)
        return scope.body or [ast.Pass()]
    finally:
        scope.body = before
        scope.session.blocks -= 1


def returning(scope: Scope, node: Node) -> Value | None:
    """Write a function's body, with `return` before what it gives; that value, None when it differs by branch."""
    *first, last = statements(node) or (node,)
    parts = statements(node)
    if not parts:
        scope.body.append(ast.Return(NULL.code))
        return NULL
    for place, each in enumerate(first):
        scope.body += commented(scope.session.source_text, node, parts, place)
        write(scope, each)
    scope.body += commented(scope.session.source_text, node, parts, len(parts) - 1)
    if operator(last) == "if":
        _returning_if(scope, last)
        return None
    if operator(last) == "return":
        _write_return(scope, last)
        return None
    value = run(scope, last)
    if value.source == "nothing":
        return None
    scope.body.append(ast.Return(value.code))
    return value


def _returning_if(scope: Scope, node: Node) -> None:
    parts = operands(node)
    test = truth(scope, parts[0])
    branches = []
    for branch in parts[1:]:
        before, scope.body = scope.body, []
        returning(scope, branch)
        branches.append(scope.body)
        scope.body = before
    scope.body.append(ast.If(test, branches[0], branches[1] if len(branches) > 1 else []))


def truth(scope: Scope, node: Node) -> ast.expr:
    """The condition of an `if` or `while`."""
    found = condition(scope, node)
    if found.is_vector or found.kind in {Kind.FRAME, Kind.MATRIX}:
        raise Untranslated("the condition may be a vector: `if` takes a single value")
    return found.code


def _write_if(scope: Scope, node: Node) -> None:
    parts = operands(node)
    test = truth(scope, parts[0])
    before = dict(scope.symbols)
    yes = block(scope, parts[1])
    after = dict(scope.symbols)
    no: list[ast.stmt] = []
    if len(parts) > 2:
        scope.symbols = dict(before)
        no = block(scope, parts[2])
    scope.symbols = joined(after, scope.symbols if len(parts) > 2 else before)
    scope.body.append(ast.If(test, yes, no))


def joined(left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
    """What is known of variables after one of two branches was taken."""
    found = left | right
    for name in set(left) & set(right):
        if left[name] != right[name]:
            same = left[name].kind is right[name].kind
            one = left[name] if same else Value(left[name].code)
            found[name] = one.but(rows="", complete=False, parts={}, groups=())
    return found


def _write_for(scope: Scope, node: Node) -> None:
    variable, over, inside = operands(node)
    if not isinstance(variable, Name):
        raise Untranslated("the loop's variable is no name")
    values, known = loop_values(scope, variable.name, over, inside)
    forget(scope, inside)
    scope.symbols[variable.name] = known
    scope.lost.pop(variable.name, None)
    target = ast.Name(scope.session.naming.python(variable.name), ast.Store())
    scope.session.counting.append(counts_up(variable.name, scope.value(over), inside))
    try:
        statement = ast.For(target, values, block(scope, inside), [])
    finally:
        scope.session.counting.pop()
    scope.body.append(statement)


def forget(scope: Scope, inside: Node) -> None:
    """Drop from variables that a loop changes what was known of them before: it need not hold the second time."""
    from lmebridge.migrate.naming import assigned

    for name in assigned([inside]):
        if name in scope.symbols:
            old = scope.symbols[name]
            scope.symbols[name] = old.but(rows="", complete=False)


def loop_values(scope: Scope, name: str, over: Node, inside: Node) -> tuple[ast.expr, Value]:
    """What a loop runs over, and what its variable is: positions count from zero where they are used as positions."""
    variable = ast.Name(scope.session.naming.python(name), ast.Load())
    value = scope.value(over)
    if value.positions is not None and is_position(name, inside):
        one = py("I + 1", I=variable)
        return value.positions, Value(one, Kind.NUMBER, Kind.NUMBER, positions=variable)
    if isinstance(value.source, tuple) and value.source[0] == "range":
        from lmebridge.migrate.operators import plus_one

        _, start, stop = value.source
        return py("range(A, B)", A=start, B=plus_one(stop)), Value(variable, Kind.NUMBER, Kind.NUMBER, source="whole")
    return value.code, element(value, variable)


def element(value: Value, variable: ast.expr) -> Value:
    """What is known of one element of a vector or list."""
    if not value.is_vector:
        return Value(variable)
    return Value(variable, value.element, value.element)


def is_position(name: str, inside: Node) -> bool:
    """Whether a loop's variable is used to pick elements."""
    return any(
        operator(node) in {"[", "[["}
        and any(isinstance(part, Name) and part.name == name for part in operands(node)[1:])
        for node in walk(inside)
    )


def _write_while(scope: Scope, node: Node) -> None:
    test, inside = operands(node)
    forget(scope, inside)
    scope.body.append(ast.While(truth(scope, test), block(scope, inside), []))


def _write_repeat(scope: Scope, node: Node) -> None:
    (inside,) = operands(node)
    forget(scope, inside)
    scope.body.append(ast.While(ast.Constant(True), block(scope, inside), []))


def _write_block(scope: Scope, node: Node) -> None:
    for each in operands(node):
        write(scope, each)


def _write_return(scope: Scope, node: Node) -> None:
    if not scope.in_function:
        raise Untranslated("`return` outside a function has no meaning")
    parts = operands(node)
    value = scope.value(unwrap(parts[0])) if parts else NULL
    scope.body.append(ast.Return(value.code))


def _write_break(scope: Scope, _: Node) -> None:
    scope.body.append(ast.Break())


def _write_next(scope: Scope, _: Node) -> None:
    scope.body.append(ast.Continue())


_WRITERS = {
    "if": _write_if,
    "for": _write_for,
    "while": _write_while,
    "repeat": _write_repeat,
    "{": _write_block,
    "return": _write_return,
    "break": _write_break,
    "next": _write_next,
}


# --- the same as expressions ------------------------------------------------------------------------------------------


@translates("if", "condition, yes, no", "`if`; `yes if condition else no` within an expression")
def conditional(call: RCall) -> Value:
    """`if` whose value is used."""
    node = call.argument("condition")
    test = truth(call.scope, node)
    yes, no = call.value("yes"), call.optional("no") or NULL
    known = yes if yes.kind is no.kind else Value(yes.code)
    return known.but(code=ast.IfExp(test, yes.code, no.code), constant=None, rows="", complete=False, parts={})


@translates("{", "...", "its statements")
def braces(call: RCall) -> Value:
    """A block whose value is used: the last of its statements."""
    nodes = [argument.value for argument in call.rest if argument.value is not None]
    for each in nodes[:-1]:
        write(call.scope, each)
    return run(call.scope, nodes[-1]) if nodes else NULL


@translates("function", "...", "`def`, or `lambda` within an expression")
def function_value(call: RCall) -> Value:
    """A function that is written in place."""
    call.rest  # noqa: B018 - looked at below, through the node
    code, result = lambda_of(call.scope, call.node)
    return Value(code, Kind.FUNCTION, parts={"value": result})


@translates("<- = <<-", "x, value", "`x = value`")
def assignment(call: RCall) -> Value:
    """An assignment within an expression: its statement goes before."""
    call.ignore("x", "value")
    return assign(call.scope, call.node)


@translates("return", "value = NULL", "`return`")
def return_value(call: RCall) -> Value:
    """`return` as the last expression of a function that becomes a lambda."""
    if not call.scope.in_function:
        raise call.fail("`return` outside a function has no meaning")
    return call.optional("value") or NULL
