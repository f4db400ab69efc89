"""dplyr's functions of columns: `case_when`, `lag`, ranks, `coalesce`, counts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.conditions import condition
from lmebridge.migrate.group_expressions import RANKS, mask_of, without_desc
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, as_code, dictionary, literal, py
from lmebridge.rsyntax import Argument, Constant, Name, Node, deparse, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("n", "", "`len(d)`; the size of the group", packages="dplyr")
def n(call: RCall) -> Value:
    """The number of rows."""
    return Value(py("len(D)", D=mask_of(call.scope).handle), Kind.NUMBER, Kind.NUMBER)


@translates(" ".join(RANKS), "x", '`x.rank(method="min")`', packages="dplyr")
def rank(call: RCall) -> Value:
    """Ranks; with `row_number()`, the number of the row."""
    node = call.node_of("x")
    if node is None:
        if call.name != "row_number":
            raise call.fail(f"`{call.name}` is called without a vector")
        return Value(py("np.arange(1, len(D) + 1)", D=mask_of(call.scope).handle), Kind.ARRAY, Kind.NUMBER)
    column, descending = without_desc(node)
    value = _series(call, call.scope.value(column))
    options = {"method": RANKS[call.name], **({"ascending": False} if descending else {})}
    return Value(py("X.rank(**OPTIONS)", X=value, OPTIONS=options), value.kind, Kind.NUMBER, rows=value.rows)


def _series(call: RCall, value: Value) -> Value:
    """A vector that has pandas' methods."""
    if value.is_series:
        return value
    if value.is_vector:
        return value.but(code=py("pd.Series(X)", X=value), kind=Kind.COLUMN, rows="")
    raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")


@translates("lag lead", "x, n = 1, default = NA, order_by = NULL", "`x.shift()`, `x.shift(-1)`", packages="dplyr")
def lag(call: RCall) -> Value:
    """The value some rows before, or after."""
    value = _series(call, call.value("x"))
    steps = call.constant("n", 1)
    if not isinstance(steps, (int, float)):
        raise call.fail(f"`n` of `{call.name}` must be a number")
    steps = int(steps) if call.name == "lag" else -int(steps)
    options = {"fill_value": call.value("default")} if call.given("default") else {}
    code = py("X.shift(*STEPS, **OPTIONS)", X=value, STEPS=[] if steps == 1 else [steps], OPTIONS=options)
    return value.but(code=code, missing_free=False)


@translates("n_distinct", "..., na.rm = FALSE", "`x.nunique()`; a missing value is one more value", packages="dplyr")
def n_distinct(call: RCall) -> Value:
    """How many different values."""
    values = [value for _, value in call.rest_values]
    if len(values) != 1:
        raise call.fail("`n_distinct` of several vectors has no translation")
    options = {} if call.flag("na.rm") or values[0].missing_free else {"dropna": False}
    code = py("X.nunique(**OPTIONS)", X=_series(call, values[0]), OPTIONS=options)
    return Value(code, Kind.NUMBER, Kind.NUMBER)


@translates("first last", "x, order_by = NULL, default", "`x.iloc[0]`, `x.iloc[-1]`", packages="dplyr")
def first(call: RCall) -> Value:
    """The first or the last value."""
    value = _series(call, call.value("x"))
    code = py("X.iloc[PLACE]", X=value, PLACE=0 if call.name == "first" else -1)
    return Value(code, value.element, value.element)


@translates("between", "x, left, right", "`x.between(left, right)`", packages="dplyr")
def between(call: RCall) -> Value:
    """Whether values lie between two, these included."""
    value = call.value("x")
    if not value.is_series:
        code = py("(LOW <= X) & (X <= HIGH)", X=value, LOW=call.value("left"), HIGH=call.value("right"))
        kind = Kind.LOGICAL if value.kind in SCALARS else value.kind
        return Value(code, kind, Kind.LOGICAL)
    code = py("X.between(LOW, HIGH)", X=value, LOW=call.value("left"), HIGH=call.value("right"))
    there = None if value.missing_free else py("X.notna()", X=value)
    return Value(code, value.kind, Kind.LOGICAL, rows=value.rows, there=there)


@translates("coalesce", "...", "`x.fillna(y)`", packages="dplyr")
def coalesce(call: RCall) -> Value:
    """The first value that is there."""
    values = [value for _, value in call.rest_values]
    if len(values) < 2 or not values[0].is_series:
        raise call.fail("`coalesce` is translated for a column and what fills it")
    if any(value.is_series and value.rows != values[0].rows for value in values):
        raise call.fail("`coalesce` of vectors that are not columns of one frame has no translation")
    if values[0].factor or (values[0].element is Kind.LOGICAL and not values[0].missing_free):
        raise call.fail("`coalesce` of a factor or a condition has no translation")
    code = values[0].code
    for value in values[1:]:
        code = py("X.fillna(Y)", X=code, Y=value)
    return values[0].but(code=code, missing_free=values[-1].kind in SCALARS)


@translates("na_if", "x, y", "`x.replace(y, np.nan)`", packages="dplyr")
def na_if(call: RCall) -> Value:
    """Missing where a value stands."""
    value, code = call.value("x"), call.value("y")
    if not value.is_series or code.kind not in SCALARS:
        raise call.fail("`na_if` is translated for a column and one value")
    return value.but(code=py("X.replace(Y, np.nan)", X=value, Y=code), missing_free=False)


# --- case_when --------------------------------------------------------------------------------------------------------


@translates("case_when", "..., .default = NULL", "`np.select([...], [...], default=...)`", packages="dplyr")
def case_when(call: RCall) -> Value:
    """The value of the first condition that is true; one that is NA is not."""
    cases = [_case(argument) for argument in call.rest]
    default = call.optional(".default")
    if cases and _always(cases[-1][0]):
        if default is not None:
            raise call.fail("`case_when` has both `TRUE ~` and `.default`")
        default = call.scope.value(cases.pop()[1])
    if not cases:
        raise call.fail("`case_when` has no condition")
    tests = [condition(call.scope, test) for test, _ in cases]
    values = [call.scope.value(value) for _, value in cases]
    if all(test.kind in SCALARS for test in tests):
        raise call.fail("`case_when` of single conditions has no translation")
    return _selected(call, tests, values, default or Value(ast.Constant(None), Kind.NA))


def _case(argument: Argument) -> tuple[Node, Node]:
    node = argument.value
    if node is None or operator(node) != "~" or len(operands(node)) != 2:
        raise Untranslated("`case_when` is given what is no `condition ~ value`")
    return operands(node)[0], operands(node)[1]


def _always(node: Node) -> bool:
    node = unwrap(node)
    return (isinstance(node, Constant) and node.value is True) or (isinstance(node, Name) and node.name == "T")


def _selected(call: RCall, tests: list[Value], values: list[Value], default: Value) -> Value:
    """`np.select` over values of one kind."""
    everything = [*values, default]
    kinds = {value.element if value.is_vector else value.kind for value in everything if value.kind is not Kind.NA}
    if any(value.factor for value in everything):
        raise call.fail("a factor as a value of `case_when` has no translation")
    if any(value.kind not in {*SCALARS, Kind.COLUMN, Kind.ARRAY} for value in everything):
        raise call.fail("a value of `case_when` is not one value, nor a column")
    textual = Kind.TEXT in kinds
    if textual and kinds & {Kind.NUMBER, Kind.LOGICAL}:
        raise call.fail("`case_when` gives text in one case and numbers in another")
    missing = literal(None) if textual else py("np.nan")
    choices = [missing if value.kind is Kind.NA else value.code for value in values]
    other = missing if default.kind is Kind.NA else default.code
    code = py("np.select(TESTS, CHOICES, default=OTHER)", TESTS=tests, CHOICES=choices, OTHER=other)
    known = next((value.rows for value in tests if value.rows), "")
    element = next(iter(kinds)) if len(kinds) == 1 else Kind.UNKNOWN
    free = all(value.is_literal and value.kind is not Kind.NA for value in everything)
    return Value(code, Kind.ARRAY, element, rows=known, missing_free=free)


# --- recode -----------------------------------------------------------------------------------------------------------


@translates(
    "recode",
    ".x, ..., .default = NULL, .missing = NULL",
    '`x.replace({"old": "new"})`, `x.map({...})`',
    packages="dplyr",
)
def recode(call: RCall) -> Value:
    """Values replaced by others, all at once."""
    value = call.value(".x")
    pairs = {argument.name: call.scope.value(argument.value) for argument in call.rest if argument.value is not None}
    if (
        None in pairs
        or len(pairs) < len(call.rest)
        or not value.is_series
        or not all(each.kind in SCALARS for each in pairs.values())
    ):
        raise call.fail("`recode` is translated for a column and values given by name")
    names = [name or "" for name in pairs]
    if value.element is Kind.NUMBER and not _are_numbers(names):
        raise call.fail("`recode` of numbers is given names that are no numbers")
    table = _table(value, names, list(pairs.values()))
    kinds = {each.kind for each in pairs.values()}
    element = next(iter(kinds)) if len(kinds) == 1 else Kind.UNKNOWN
    if value.factor:
        return _recoded_factor(call, value, table, list(pairs.values()))
    if call.given(".default"):
        default = call.value(".default")
        code = py("X.map(TABLE).fillna(OTHER).where(X.notna())", X=value, TABLE=table, OTHER=default)
        return value.but(code=code, element=element)
    numeric = _are_numbers(names)
    if numeric and element is Kind.TEXT and value.element is not Kind.TEXT:
        return value.but(code=py("X.map(TABLE)", X=value, TABLE=table), element=element)
    return value.but(code=py("X.replace(TABLE)", X=value, TABLE=table), element=element)


def _are_numbers(names: list[str]) -> bool:
    try:
        return [float(name) for name in names] != []
    except ValueError:
        return False


def _table(value: Value, names: list[str], new: list[Value]) -> ast.expr:
    """A dict from old to new values; names that are numbers are numbers, unless the column is text."""
    if not _are_numbers(names) or value.element is Kind.TEXT or value.factor:
        return dictionary(dict(zip(names, new, strict=True)))
    return ast.Dict([literal(float(name)) for name in names], [as_code(each) for each in new])


def _recoded_factor(call: RCall, value: Value, table: ast.expr, new: list[Value]) -> Value:
    """Categories named anew; none may become the same as another, which pandas refuses."""
    texts = [each.constant for each in new]
    if len(set(texts)) < len(texts) or not all(isinstance(text, str) for text in texts) or call.given(".default"):
        raise call.fail("`recode` of a factor whose levels become one has no translation")
    return value.but(code=py("X.cat.rename_categories(TABLE)", X=value, TABLE=table), element=Kind.TEXT)


@translates("percent_rank cume_dist", "x", "ranks as shares", packages="dplyr")
def rank_share(call: RCall) -> Value:
    """Ranks between 0 and 1."""
    value = _series(call, call.value("x"))
    if call.name == "cume_dist":
        return Value(py('X.rank(method="max", pct=True)', X=value), value.kind, Kind.NUMBER, rows=value.rows)
    code = py('(X.rank(method="min") - 1) / (X.count() - 1)', X=value)
    return Value(code, value.kind, Kind.NUMBER, rows=value.rows)


@translates("desc", "x", "`ascending=False`", packages="dplyr")
def desc(call: RCall) -> Value:
    """Only within `arrange` and ranks."""
    raise call.fail(f"`{deparse(call.node)}` outside of `arrange` and ranks has no translation")
