"""Functions that take functions: `Reduce`, `Map`, `mapply`, `outer`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.control_flow import element
from lmebridge.migrate.functions import body, formals, lambda_of, single
from lmebridge.migrate.operators import as_array, by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.scope import Scope
from lmebridge.migrate.values import SCALARS, VECTORS, Kind, Untranslated, Value, imported, py
from lmebridge.rsyntax import Constant, Name, Node, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

#: R's operators: NumPy's function of two vectors, of all elements, and of all up to each.
_OPERATORS = {
    "+": ("np.add", "np.sum(X)", "np.cumsum(X)"),
    "*": ("np.multiply", "np.prod(X)", "np.cumprod(X)"),
    "-": ("np.subtract", "", ""),
    "/": ("np.divide", "", ""),
    "^": ("np.power", "", ""),
}


def _word(node: Node | None) -> str:
    """The function's name, with quotes or without."""
    if isinstance(node, Constant) and isinstance(node.value, str):
        return node.value
    return node.name if isinstance(node, Name) else ""


def _numbers(value: Value) -> bool:
    return value.kind in VECTORS and value.element is Kind.NUMBER and not value.factor


@translates("outer", "X, Y, FUN = '*'", "`np.outer(x, y)`, `np.add.outer(x, y)`")
def outer(call: RCall) -> Value:
    """Every element of one vector with every element of another."""
    left, right = call.value("X"), call.value("Y")
    word = _word(call.node_of("FUN")) if call.given("FUN") else "*"
    if word not in _OPERATORS or not (_numbers(left) and _numbers(right)):
        raise call.fail("`outer` is translated for two vectors of numbers and an operator")
    function = "np.outer(X, Y)" if word == "*" else f"{_OPERATORS[word][0]}.outer(X, Y)"
    return Value(py(function, X=by_place(left), Y=by_place(right)), Kind.MATRIX, Kind.NUMBER)


@translates("Reduce", "f, x, init, right = FALSE, accumulate = FALSE", "`np.sum(x)`, `np.cumsum(x)`; `reduce(f, x)`")
def reduced(call: RCall) -> Value:
    """A function of two, from the first element to the last."""
    call.default_only(right=False)
    value, node, accumulates = call.value("x"), call.argument("f"), call.flag("accumulate")
    word = _word(node)
    if word in {"+", "*"} and _numbers(value) and not call.given("init"):
        template = _OPERATORS[word][2 if accumulates else 1]
        code = py(template, X=as_array(by_place(value)) if accumulates else by_place(value))
        return Value(code, Kind.ARRAY if accumulates else Kind.NUMBER, Kind.NUMBER)
    if accumulates or call.given("init") or operator(node) != "function" or value.kind is not Kind.SEQUENCE:
        raise call.fail("this use of `Reduce` has no translation")
    part = value.parts.get("*")
    if part is None or part.kind is not Kind.FRAME:
        raise call.fail("`Reduce` of a list of anything but data frames has no translation")
    some = part.but(parts={}, complete=False, rows="")
    code, _ = lambda_of(call.scope, node, [some, some])
    made = py("REDUCE(F, X)", REDUCE=imported("functools", "reduce"), F=code, X=value)
    return Value(made, Kind.FRAME, rows=call.scope.new_rows())


@translates("Map", "f, ...", "`[f(x, y) for x, y in zip(xs, ys, strict=True)]`")
def mapped(call: RCall) -> Value:
    """A function of the elements of several vectors, as a list."""
    code, result = _side_by_side(call, call.argument("f"))
    return Value(code, Kind.SEQUENCE, parts={"*": result})


@translates(
    "mapply",
    "FUN, ..., MoreArgs = NULL, SIMPLIFY = TRUE, USE.NAMES = TRUE",
    "`np.array([f(x, y) for x, y in zip(xs, ys, strict=True)])`",
)
def mapply(call: RCall) -> Value:
    """A function of the elements of several vectors, as a vector."""
    call.default_only(SIMPLIFY=True)
    call.ignore("USE.NAMES")
    code, result = _side_by_side(call, call.argument("FUN"))
    if result.kind not in SCALARS:
        raise call.fail("`mapply` whose function gives several values has no translation")
    return Value(py("np.array(X)", X=code), Kind.ARRAY, result.element)


def _side_by_side(call: RCall, node: Node) -> tuple[ast.expr, Value]:
    """A comprehension over several vectors; what each turn gives."""
    values = [value for name, value in call.rest_values if name is None]
    if operator(node) != "function" or not single(node) or len(formals(node)) != len(values) != len(call.rest) - 1:
        raise call.fail(f"`{call.name}` is translated for a function of one expression, one parameter a vector")
    if not all(_numbers(value) or value.element is Kind.TEXT for value in values) or values[0].element is Kind.TEXT:
        raise call.fail(f"`{call.name}` names its results by texts: it is translated for numbers first")
    inner = Scope(call.scope.session, call.scope)
    inner.body, inner.in_function = [], True
    targets: list[ast.expr] = []
    for formal, value in zip(formals(node), values, strict=True):
        if formal.name is None or formal.value is not None:
            raise Untranslated("a parameter with a default has no translation here")
        variable = call.scope.session.naming.python(formal.name)
        targets.append(ast.Name(variable, ast.Store()))
        inner.symbols[formal.name] = element(value, ast.Name(variable, ast.Load()))
    result = inner.value(body(node))
    if inner.body:
        raise call.fail("a function with assignments, applied in place, has no translation here")
    source = py("zip(*X, strict=True)", X=values)
    return ast.ListComp(result.code, [ast.comprehension(ast.Tuple(targets, ast.Store()), source, [], 0)]), result
