"""Values found by keys and by intervals, and lists filtered: `match`, `findInterval`, `Filter`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.lists import element_value
from lmebridge.migrate.number_text import factor_text
from lmebridge.migrate.operators import as_array, by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.values import Kind, Untranslated, Value, py, same_code
from lmebridge.rsyntax import Call, Node, function_name, operands, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope


@translates("match", "x, table, nomatch = NA", "`d.set_index(key)[column].reindex(x)` between brackets")
def match(call: RCall) -> Value:
    """Positions of a vector's elements in another, which have a translation only where they pick elements."""
    call.ignore("x", "table", "nomatch")
    raise call.fail("`match` has a translation only where it picks elements: `y[match(x, table)]`")


def matched(scope: Scope, picked: Value, node: Node | None) -> Value | None:
    """``y[match(x, table)]``: for each element of `x` the element of `y` that stands where `table` has it."""
    bare = unwrap(node) if node is not None else None
    if bare is None or function_name(bare) != "match" or len(operands(bare)) != 2 or not isinstance(bare, Call):
        return None
    wanted, table = (scope.value(each) for each in operands(bare))
    if not (wanted.is_vector and table.is_vector and picked.is_vector):
        raise Untranslated("`match` of these has no translation")
    wanted, table = _alike(wanted, table)
    code = py("S.reindex(X).to_numpy()", S=_keyed(picked, table), X=wanted)
    return Value(code, Kind.ARRAY, picked.element)


def _alike(wanted: Value, table: Value) -> tuple[Value, Value]:
    """Both sides as text where one of them is: R compares them so."""
    textual = [side.element is Kind.TEXT or side.factor for side in (wanted, table)]
    known = [side.element is Kind.NUMBER and not side.factor for side in (wanted, table)]
    if any(textual) and any(known):
        raise Untranslated("`match` of numbers among texts has no translation: look numbers up among numbers")
    if not any(side.factor for side in (wanted, table)):
        return wanted, table
    made = [side.but(code=factor_text(side), factor=False) if side.factor else side for side in (wanted, table)]
    return made[0], made[1]


def _keyed(picked: Value, table: Value) -> ast.expr:
    """The vector that is picked from under its keys; a key that is there twice is an error of pandas."""
    if isinstance(table.code, ast.Attribute) and table.code.attr == "index":
        return picked.code
    frames = [_column_of(side.code) for side in (picked, table)]
    if None not in frames and same_code(frames[0][0], frames[1][0]):  # type: ignore[index]
        return py("F.set_index(K)[C]", F=frames[0][0], K=frames[1][1], C=frames[0][1])  # type: ignore[index]
    return py("pd.Series(X, index=K)", X=by_place(picked), K=table)


def _column_of(code: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Frame and name of ``d["x"]``."""
    if isinstance(code, ast.Subscript) and isinstance(code.slice, ast.Constant):
        return code.value, code.slice
    return None


@translates(
    "findInterval",
    "x, vec, rightmost.closed = FALSE, all.inside = FALSE, left.open = FALSE",
    '`np.searchsorted(breaks, x, side="right")`',
)
def find_interval(call: RCall) -> Value:
    """How many breaks are not above each number."""
    call.default_only(rightmost_closed=False, all_inside=False)
    value, breaks = call.value("x"), call.value("vec")
    if value.element is Kind.TEXT or value.factor or not breaks.is_vector:
        raise call.fail("`findInterval` is translated for numbers and a vector of breaks")
    if value.is_series and not value.missing_free:
        call.note("a missing value is put in the last interval here, and is NA in R")
    side = "left" if call.flag("left.open") else "right"
    kind = Kind.ARRAY if value.is_vector or value.kind is Kind.UNKNOWN else Kind.NUMBER
    return Value(py("np.searchsorted(B, X, side=S)", B=breaks, X=value, S=side), kind, Kind.NUMBER)


@translates("Filter", "f, x", "a comprehension with `if`; `x[condition]` of a vector")
def filtered(call: RCall) -> Value:
    """Elements for which a function is true."""
    return _kept(call, call.value("x"), call.argument("f"))


@translates("keep discard", ".x, .p, ...", "a comprehension with `if`; `x[condition]` of a vector", packages="purrr")
def keep(call: RCall) -> Value:
    """Elements for which a function is true, or is not."""
    call.refuse_rest()
    return _kept(call, call.value(".x"), call.argument(".p"), opposite=call.name == "discard")


def _kept(call: RCall, value: Value, function: Node, *, opposite: bool = False) -> Value:
    if value.kind is Kind.FRAME:
        raise call.fail(f"`{call.name}` has no translation for the columns of a data frame")
    if value.kind in {Kind.NAMED, Kind.LIST, Kind.ARRAY} and value.element is Kind.NUMBER:
        whole = as_array(value)
        test: Any = element_value(call, function, whole).code
        return whole.but(code=py("X[~T]" if opposite else "X[T]", X=whole, T=test), rows="", constant=None)
    if value.kind not in {Kind.MAPPING, Kind.SEQUENCE}:
        raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")
    variable = call.scope.session.naming.unused("each", "item")
    name = ast.Name(variable, ast.Load())
    kinds = {part.kind for part in value.parts.values()}
    some = value.parts.get("*") or (next(iter(value.parts.values())) if len(kinds) == 1 else Value(name))
    test = element_value(call, function, some.but(code=name, constant=None, shared=False)).code
    test = ast.UnaryOp(ast.Not(), test) if opposite else test
    target = ast.Name(variable, ast.Store())
    parts = {"*": some.but(constant=None)}
    if value.kind is Kind.SEQUENCE:
        listed = ast.ListComp(name, [ast.comprehension(target, value.code, [test], 0)])
        return Value(listed, Kind.SEQUENCE, parts=parts)
    key = call.scope.session.naming.unused("name", "key")
    pair = ast.Tuple([ast.Name(key, ast.Store()), target], ast.Store())
    loop = ast.comprehension(pair, py("X.items()", X=value), [test], 0)
    return Value(ast.DictComp(ast.Name(key, ast.Load()), name, [loop]), Kind.MAPPING, parts=parts)


@translates(
    "enframe",
    'x, name = "name", value = "value"',
    '`x.rename_axis("name").reset_index(name="value")`',
    packages="tibble",
)
def enframe(call: RCall) -> Value:
    """A named vector as a frame of two columns."""
    value = call.value("x")
    name, column = call.constant("name", "name"), call.constant("value", "value")
    if value.kind is not Kind.NAMED or not isinstance(name, str):
        raise call.fail(f"`enframe` of a {value.kind.value} has no translation")
    code = py("X.rename_axis(N).reset_index(name=V)", X=value, N=name, V=column)
    parts = {name: Value(code, Kind.COLUMN, Kind.TEXT), column: Value(code, Kind.COLUMN, value.element)}
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts, complete=True)
