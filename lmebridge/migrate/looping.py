"""Functions of several statements that are applied in place: loops that collect what they give."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.migrate.functions import body, formals, single
from lmebridge.migrate.naming import assigned
from lmebridge.migrate.scope import Scope
from lmebridge.migrate.values import Kind, Untranslated, Value, py
from lmebridge.rsyntax import Argument, Call, Name, Node, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@dataclass(frozen=True)
class Loop:
    """What a loop has collected.

    Attributes
    ----------
    code : ast.expr
        The list, or the dict where what was looped over has names.
    part : Value
        What is known of one of its elements.
    named : bool
        Whether it is a dict.
    """

    code: ast.expr
    part: Value
    named: bool


def looped(call: RCall, over: Node, function: Node, *, by_text: bool = False) -> Loop | None:
    """``lapply(xs, function(i) {...})`` with several statements as a loop that fills the variable assigned to.

    Parameters
    ----------
    call : RCall
        The call that applies the function.
    over, function : Node
        What it is applied to, and the function.
    by_text : bool
        Whether the results are named by the texts that are looped over.

    Returns
    -------
    Loop or None
        None when nothing is assigned, or the function is one expression.

    Raises
    ------
    Untranslated
        When the function's own variables have the names of variables outside, which a loop would change.
    """
    if operator(function) != "function" or single(function) or len(formals(function)) != 1 or not call.scope.target:
        return None
    from lmebridge.migrate.control_flow import block, statements

    scope = call.scope
    name = str(formals(function)[0].name)
    _check_own_names(scope, name, function)
    target, values, key, known = _turns(scope, name, over, function, by_text=by_text)
    inner = Scope(scope.session, scope)
    inner.symbols[name] = known
    inner.body, inner.target = [], ""
    *first, last = statements(body(function))
    inner.body = block(inner, Call(Name("{"), tuple(Argument(each) for each in first), body(function).span))
    result = inner.value(last)
    if result.source == "nothing":
        raise Untranslated("the function that is applied gives nothing that is known")
    collected = ast.Name(scope.target, ast.Load())
    text = "T.append(X)" if key is None else "T[K] = X"
    inner.emit(text, T=collected, X=result, K=key)
    scope.emit("T = []" if key is None else "T = {}", T=ast.Name(scope.target, ast.Store()))
    scope.body.append(ast.For(target, values, inner.body, []))
    return Loop(collected, result, key is not None)


def _check_own_names(scope: Scope, name: str, function: Node) -> None:
    """Refuse a function whose variables are also variables outside."""
    own = [each for each in assigned([body(function)]) if scope.is_variable(each)]
    if scope.is_variable(name) and name not in scope.session.counters:
        own.append(name)
    if own:
        raise Untranslated(f"a loop for this function would change the variable `{own[0]}` outside of it")


def _turns(
    scope: Scope, name: str, over: Node, function: Node, *, by_text: bool
) -> tuple[ast.expr, ast.expr, ast.expr | None, Value]:
    """The loop's variable, what it runs over, what its results are kept under, and what is known of the variable."""
    from lmebridge.migrate.control_flow import loop_values

    variable = ast.Name(scope.session.naming.python(name), ast.Store())
    load = ast.Name(variable.id, ast.Load())
    value = scope.value(over)
    if value.kind in {Kind.MAPPING, Kind.RANEF, Kind.NAMED, Kind.VARCORR}:
        key = scope.session.naming.unused("name", "key")
        pair = ast.Tuple([ast.Name(key, ast.Store()), variable], ast.Store())
        return pair, _pairs(value.code), ast.Name(key, ast.Load()), _element(value, load)
    if value.kind is Kind.SEQUENCE:
        return variable, value.code, None, _element(value, load)
    values, known = loop_values(scope, name, over, function)
    return variable, values, load if by_text else None, known


def _pairs(code: ast.expr) -> ast.expr:
    """Names and elements of a dict; the groups themselves where the dict is made of groups."""
    inside = code.args[0] if isinstance(code, ast.Call) and ast.unparse(code.func) == "dict" and code.args else None
    if isinstance(inside, ast.Call) and ast.unparse(inside.func) == "list":
        return inside.args[0]
    return py("X.items()", X=code)


def _element(value: Value, code: ast.expr) -> Value:
    """What is known of an element of a list."""
    if value.kind is Kind.NAMED:
        return Value(code, value.element, value.element)
    if value.kind is Kind.VARCORR:
        return Value(code, Kind.TABLE, Kind.NUMBER)
    kinds = {part.kind for part in value.parts.values()}
    some = value.parts.get("*") or (next(iter(value.parts.values())) if len(kinds) == 1 else Value(code))
    return some.but(code=code, shared=False, constant=None)
