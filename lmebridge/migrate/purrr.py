"""purrr: functions of each element, as comprehensions and loops."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.functions import body, formals, single
from lmebridge.migrate.lists import applied
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.scope import Scope
from lmebridge.migrate.values import NOTHING, SCALARS, Kind, Untranslated, Value, py
from lmebridge.rsyntax import Argument, Call, Name, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

_ELEMENTS = {"map_dbl": Kind.NUMBER, "map_int": Kind.NUMBER, "map_chr": Kind.TEXT, "map_lgl": Kind.LOGICAL}


@translates("map", ".x, .f, ...", "a comprehension: `{name: f(x) for name, x in xs.items()}`", packages="purrr")
def map_list(call: RCall) -> Value:
    """A function of each element, as a list."""
    code, result, named = applied(call, ".x", ".f")
    return Value(code, Kind.MAPPING if named else Kind.SEQUENCE, parts={"*": result})


@translates(
    "map_dbl map_int map_chr map_lgl", ".x, .f, ...", "a comprehension, as an array or a Series", packages="purrr"
)
def map_vector(call: RCall) -> Value:
    """A function of each element, as a vector."""
    code, result, named = applied(call, ".x", ".f")
    if result.kind not in {*SCALARS, Kind.UNKNOWN}:
        raise call.fail(f"the function that `{call.name}` applies gives several values")
    element = _ELEMENTS[call.name]
    if named:
        return Value(py("pd.Series(X)", X=code), Kind.NAMED, element)
    return Value(py("np.array(X)", X=code), Kind.ARRAY, element)


@translates("map_dfr map_df", ".x, .f, ..., .id = NULL", "`pd.concat(...)` of a comprehension", packages="purrr")
def map_rows(call: RCall) -> Value:
    """The frames that a function gives, one below the other."""
    column = call.constant(".id")
    code, result, named = applied(call, ".x", ".f")
    if result.kind is not Kind.FRAME:
        raise call.fail(f"what the function that `{call.name}` applies gives is no data frame that is known")
    rows = fresh_rows(call.scope)
    if column is None or not named:
        if column is not None:
            raise call.fail("`.id` of elements without names has no translation")
        listed = py("X.values()", X=code) if named else code
        return result.but(code=py("pd.concat(X, ignore_index=True)", X=listed), rows=rows)
    code = py("pd.concat(X, names=[ID]).reset_index(ID).reset_index(drop=True)", X=code, ID=column)
    parts = {column: Value(code, Kind.COLUMN, Kind.TEXT), **result.parts}
    return result.but(code=code, rows=rows, parts=parts)


@translates(
    "map2 map2_dbl map2_int map2_chr map2_lgl map2_dfr",
    ".x, .y, .f, ..., .id",
    "a comprehension over `zip(xs, ys, strict=True)`",
    packages="purrr",
)
def map_two(call: RCall) -> Value:
    """A function of the elements of two lists or vectors."""
    call.refuse_rest()
    first, second = call.value(".x"), call.value(".y")
    names = _names(call)
    parts = [_part(each, name) for each, name in zip((first, second), names, strict=True)]
    sides = [py("X.values()", X=each) if each.kind is Kind.MAPPING else each.code for each in (first, second)]
    result = _of_two(call, parts)
    if first.kind is Kind.MAPPING and call.name != "map2_dfr":
        key = call.scope.session.naming.unused("name", "key")
        keyed = py("zip(X, A, B, strict=True)", X=first, A=sides[0], B=sides[1])
        targets = _targets(key, *names)
        loop = ast.DictComp(ast.Name(key, ast.Load()), result.code, [ast.comprehension(targets, keyed, [], 0)])
        return _collected(call, loop, result, named=True)
    source = py("zip(A, B, strict=True)", A=sides[0], B=sides[1])
    listed = ast.ListComp(result.code, [ast.comprehension(_targets(*names), source, [], 0)])
    return _collected(call, listed, result, named=False)


@translates(
    "imap imap_dbl imap_int imap_chr imap_lgl imap_dfr",
    ".x, .f, ..., .id",
    "a comprehension over `xs.items()`",
    packages="purrr",
)
def map_with_names(call: RCall) -> Value:
    """A function of the elements of a named list and their names."""
    call.refuse_rest()
    value = call.value(".x")
    if value.kind not in {Kind.MAPPING, Kind.NAMED}:
        raise call.fail(f"`{call.name}` is translated for what has names")
    names = _names(call)
    element, name = names[0], call.scope.session.naming.unused("name", "key")
    known = [_part(value, element), Value(ast.Name(name, ast.Load()), Kind.TEXT, Kind.TEXT)]
    result = _of_two(call, known)
    loop = ast.comprehension(_targets(name, element), py("X.items()", X=value), [], 0)
    if call.name == "imap_dfr":
        return _collected(call, ast.ListComp(result.code, [loop]), result, named=False)
    return _collected(call, ast.DictComp(ast.Name(name, ast.Load()), result.code, [loop]), result, named=True)


def _names(call: RCall) -> tuple[str, str]:
    """The variables of a comprehension: the function's parameters."""
    naming, node = call.scope.session.naming, call.argument(".f")
    written = [each.name for each in formals(node)] if operator(node) == "function" else []
    if len(written) == 2 and all(written):
        return naming.python(str(written[0])), naming.python(str(written[1]))
    return naming.unused("each", "item"), naming.unused("other", "second")


def _part(value: Value, name: str) -> Value:
    """What is known of one element."""
    code = ast.Name(name, ast.Load())
    if value.kind in {Kind.MAPPING, Kind.SEQUENCE}:
        kinds = {part.kind for part in value.parts.values()}
        some = value.parts.get("*") or (next(iter(value.parts.values())) if len(kinds) == 1 else Value(code))
        return some.but(code=code, constant=None, shared=False)
    if not value.is_vector:
        raise Untranslated(f"applying a function to a {value.kind.value} has no translation")
    return Value(code, value.element, value.element)


def _of_two(call: RCall, known: list[Value]) -> Value:
    """What a function of two makes of an element of each."""
    node = call.argument(".f")
    inner = Scope(call.scope.session, call.scope)
    inner.body, inner.in_function = [], True
    if operator(node) == "function":
        if not single(node) or len(formals(node)) != 2:
            raise call.fail(f"`{call.name}` is translated for a function of one expression and two parameters")
        symbols = [str(each.name) for each in formals(node)]
        expression = body(node)
    elif operator(node) == "~" and len(operands(node)) == 1:
        symbols, expression = [".x", ".y"], operands(node)[0]
    else:
        symbols, expression = [".x", ".y"], Call(node, (Argument(Name(".x")), Argument(Name(".y"))), node.span)
    inner.symbols.update(zip(symbols, known, strict=True))
    result = inner.value(expression)
    if inner.body:
        raise call.fail("a function with statements of its own, applied in place, has no translation here")
    return result


def _targets(*names: str) -> ast.expr:
    return ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())


def _collected(call: RCall, code: ast.expr, result: Value, *, named: bool) -> Value:
    """The results as a list, a vector or a frame, by the end of the function's name."""
    ending = call.name.rpartition("_")[2]
    if ending == "dfr":
        if call.given(".id") or result.kind is not Kind.FRAME:
            raise call.fail(f"`{call.name}` is translated for a function that gives data frames, without `.id`")
        return result.but(code=py("pd.concat(X, ignore_index=True)", X=code), rows=fresh_rows(call.scope))
    if ending not in {"dbl", "int", "chr", "lgl"}:
        return Value(code, Kind.MAPPING if named else Kind.SEQUENCE, parts={"*": result})
    if result.kind not in {*SCALARS, Kind.UNKNOWN}:
        raise call.fail(f"the function that `{call.name}` applies gives several values")
    element = _ELEMENTS[f"map_{ending}"]
    return Value(py("pd.Series(X)" if named else "np.array(X)", X=code), Kind.NAMED if named else Kind.ARRAY, element)


@translates("walk", ".x, .f, ...", "`for x in xs: f(x)`", packages="purrr")
def walk(call: RCall) -> Value:
    """A function of each element for what it does."""
    scope = call.scope
    before, scope.body = scope.body, []
    try:
        code, result, named = applied(call, ".x", ".f", statements=True)
        inside = scope.body
    finally:
        scope.body = before
    if result.source != "nothing":
        inside.append(ast.Expr(result.code))
    loop = code.generators[0]  # type: ignore[attr-defined]
    target, items = loop.target, loop.iter
    if named:
        target, items = loop.target.elts[1], py("X.values()", X=call.value(".x"))
    scope.body.append(ast.For(target, items, inside, []))
    return NOTHING
