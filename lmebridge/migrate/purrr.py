"""purrr: functions of each element, as comprehensions and loops."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.lists import applied
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.values import NOTHING, SCALARS, Kind, Value, py

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
