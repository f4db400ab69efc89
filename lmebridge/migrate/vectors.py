"""Making and changing vectors, element by element."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.conditions import both_ways, kept_truth
from lmebridge.migrate.operators import as_array, by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.rounding import TIES, rounds_otherwise
from lmebridge.migrate.values import NA, NULL, SCALARS, Kind, Untranslated, Value, dictionary, literal, py
from lmebridge.rsyntax import Node, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


def elementwise(call: RCall, template: str, value: Value, **pieces: Any) -> Value:
    """A template applied to numbers: of the same kind and rows."""
    if value.element is Kind.TEXT or value.factor or value.kind is Kind.NULL:
        raise call.fail(f"`{call.name}` of something that is no number")
    kind = Kind.ARRAY if value.kind in {Kind.LIST, Kind.INDEX} else value.kind
    if value.kind in SCALARS:
        kind = Kind.NUMBER
    free = value.missing_free and call.name in _NEVER_NEW_NA
    return Value(py(template, X=value, **pieces), kind, Kind.NUMBER, rows=value.rows, missing_free=free)


#: Functions of numbers that give a number for every number.
_NEVER_NEW_NA = frozenset(["exp", "abs", "sign", "floor", "ceiling", "trunc", "round"])


def length(value: Value) -> ast.expr:
    """How many elements."""
    return py("X.shape[1]", X=value) if value.kind is Kind.FRAME else py("len(X)", X=value)


@translates("c", "...", "a list of constants; `np.array([...])`, `np.concatenate` where it is calculated with")
def combine(call: RCall) -> Value:
    """Values put one after the other."""
    pairs = call.rest_values
    values = [value for _, value in pairs if value.kind is not Kind.NULL]
    if not values:
        return NULL
    if len(values) == 1 and pairs[0][0] is None:
        return _single(values[0])
    if any(name for name, _ in pairs):
        return _named(call, pairs)
    if all(value.kind in SCALARS or value.kind is Kind.UNKNOWN for value in values):
        return list_of(values)
    if all((value.kind is Kind.LIST and value.is_literal) or value.kind in SCALARS for value in values):
        return _joined_lists(values)
    if any(value.kind in {Kind.FRAME, Kind.FIT, Kind.MAPPING, Kind.SEQUENCE, Kind.FUNCTION} for value in values):
        raise call.fail("`c` of objects that are no vectors has no translation")
    if any(value.factor for value in values):
        raise call.fail("`c` of a factor and something else has no translation")
    _check_kinds(values)
    parts = [value if value.is_vector else value.but(code=py("[X]", X=value)) for value in values]
    return Value(py("np.concatenate(X)", X=[part.code for part in parts]), Kind.ARRAY, common(values))


def _single(value: Value) -> Value:
    """`c` of one thing."""
    if value.kind in SCALARS:
        return value
    return value


def common(values: list[Value]) -> Kind:
    """What the elements of several values have in common."""
    kinds = {value.element for value in values if value.kind is not Kind.NA}
    return kinds.pop() if len(kinds) == 1 else Kind.UNKNOWN


def list_of(values: list[Value]) -> Value:
    """Scalars as a list; its constant when all are literals of one kind."""
    element = common(values)
    _check_kinds(values)
    literals = all(value.constant is not None or value.kind is Kind.NA for value in values)
    constant = [value.constant for value in values] if literals else None
    code = ast.List([value.code for value in values], ast.Load())
    return Value(code, Kind.LIST, element, constant=constant, missing_free=_all_there(constant))


def _check_kinds(values: list[Value]) -> None:
    """Refuse numbers or truth values beside text."""
    kinds = {value.element for value in values if value.kind is not Kind.NA}
    if Kind.TEXT in kinds and kinds & {Kind.NUMBER, Kind.LOGICAL}:
        raise Untranslated("R makes text of what stands next to text")


def _all_there(constants: list[Any] | None) -> bool:
    """Whether values are written out and none of them is NA."""
    return constants is not None and None not in constants


def _joined_lists(values: list[Value]) -> Value:
    _check_kinds(values)
    elements: list[ast.expr] = []
    constants: list[Any] = []
    for value in values:
        if isinstance(value.code, ast.List):
            elements += value.code.elts
        elif value.kind in SCALARS:
            elements.append(value.code)
        else:
            elements.append(ast.Starred(value.code, ast.Load()))
        constants += value.constant if isinstance(value.constant, list) else [value.constant]
    code = ast.List(elements, ast.Load())
    return Value(code, Kind.LIST, common(values), constant=constants, missing_free=_all_there(constants))


def _named(call: RCall, pairs: list[tuple[str | None, Value]]) -> Value:
    """A named vector as a Series under its names."""
    if not all(name is not None and value.kind in {*SCALARS, Kind.UNKNOWN} for name, value in pairs):
        raise call.fail("a vector in which only some have names, or vectors with names, has no translation")
    named = {str(name): value for name, value in pairs}
    code = py("pd.Series(X)", X=dictionary(named))
    return Value(code, Kind.NAMED, common(list(named.values())), parts=named, source="named constants")


@translates("round signif", "x, digits", "`np.round(x, digits)`, with a note where a 5 at the end may differ")
def rounded(call: RCall) -> Value:
    """Rounding; R and NumPy both go to the even neighbour of a half, which of digits behind the point is rare."""
    value = call.value("x")
    digits = call.optional("digits")
    if call.name == "signif":
        count = literal(6) if digits is None else digits.code
        if value.kind in SCALARS:
            return _signif(call, value, count)
        raise call.fail("`signif` of a vector has no translation")
    places = [] if digits is None else [digits]
    if digits is not None and rounds_otherwise(value, digits):
        call.note(TIES)
    if value.kind in {Kind.FRAME, Kind.TABLE, *(Kind.COLUMN, Kind.NAMED)}:
        return value.but(code=py("X.round(*N)", X=value, N=places))
    if value.kind is Kind.MAPPING:
        return value.but(code=py("X.round(*N)", X=value, N=places))
    if value.kind is Kind.NUMBER and digits is None:
        return elementwise(call, "np.round(X)", value)
    return elementwise(call, "np.round(X, *N)", value, N=places)


def _signif(call: RCall, value: Value, count: Any) -> Value:
    if not isinstance(count, ast.Constant) or not isinstance(count.value, (int, float)):
        raise call.fail("a computed number of digits has no translation")
    call.note(TIES)
    return elementwise(call, "float(format(X, F))", value, F=literal(f".{count.value:g}g"))


@translates("is.na is.nan", "x", "`x.isna()`")
def is_na(call: RCall) -> Value:
    """Whether each element is missing."""
    value = call.value("x")
    if call.name == "is.nan":
        call.note("NA and NaN are one in pandas; in R `is.nan(NA)` is FALSE")
    known = Value(value.code, value.kind, Kind.LOGICAL, rows=value.rows, missing_free=True)
    if value.there is not None:
        return known.but(code=_absent(value.there))
    node = call.node_of("x")
    truth = kept_truth(call.scope, node, value) if value.element is Kind.LOGICAL else value
    if truth.kind is Kind.COLUMN and value.element is Kind.LOGICAL:
        return known.but(code=py("X.isna()", X=truth))
    if value.kind in {Kind.FRAME, Kind.TABLE}:
        return known.but(code=py("X.isna()", X=value))
    if value.is_series or value.kind is Kind.INDEX:
        return known.but(code=py("X.isna()", X=value))
    scalar = value.kind in SCALARS
    return known.but(code=py("pd.isna(X)", X=value), kind=Kind.LOGICAL if scalar else value.kind)


def _absent(there: ast.expr) -> ast.expr:
    """The opposite of `x.notna()`."""
    if isinstance(there, ast.Call) and isinstance(there.func, ast.Attribute) and there.func.attr == "notna":
        return py("X.isna()", X=there.func.value)
    return py("~T", T=there)


@translates("complete.cases", "...", '`d.notna().all(axis="columns")`')
def complete_cases(call: RCall) -> Value:
    """Rows without missing values."""
    values = [value for _, value in call.rest_values]
    if len(values) != 1 or values[0].kind is not Kind.FRAME:
        raise call.fail("`complete.cases` of anything but one frame has no translation")
    code = py('X.notna().all(axis="columns")', X=values[0])
    return Value(code, Kind.COLUMN, Kind.LOGICAL, rows=values[0].rows, missing_free=True)


@translates(
    "ifelse if_else",
    "test, yes, no, missing",
    "`np.where`; `np.select` where the test may be missing",
    packages="base dplyr",
)
def ifelse(call: RCall) -> Value:
    """One value or another by a test; missing where the test is.

    Conditions are False in pandas where a value is missing and NA in R: `np.select` with the test and its opposite
    leaves those out, as R does.
    """
    node = call.node_of("test")
    if node is None:
        raise call.fail("`ifelse` is called without a test")
    test, opposite = both_ways(call.scope, node)
    yes, no = by_place(call.value("yes")), by_place(call.value("no"))
    if call.name == "ifelse" and (yes.factor or no.factor):
        raise call.fail("`ifelse` takes the positions of a factor's levels: say `as.character(...)`, or the positions")
    if test.kind is Kind.NA:
        return NA
    if test.kind in SCALARS:
        return Value(ast.IfExp(test.code, yes.code, no.code), yes.kind if yes.kind is no.kind else Kind.UNKNOWN)
    element = common([yes, no])
    rows = test.rows
    if opposite is None:
        code = py("np.where(C, A, B)", C=test, A=yes, B=no)
    else:
        missing = literal(None) if element is Kind.TEXT else py("np.nan")
        code = py("np.select(C, V, default=D)", C=[test.code, opposite.code], V=[yes.code, no.code], D=missing)
    return Value(code, Kind.ARRAY, element, rows=rows)


@translates(
    "as.numeric as.double as.integer as.vector unname c.default", "x, ...", "`x.astype(float)`; positions of categories"
)
def as_numeric(call: RCall) -> Value:
    """Numbers of anything."""
    node = call.node_of("x")
    value = call.value("x")
    if call.name in {"as.vector", "unname"}:
        return _without_names(value)
    if node is None:
        raise call.fail(f"`{call.name}` is called without `x`")
    if value.factor:
        return value.but(code=_codes(value), factor=False, element=Kind.NUMBER)
    if value.kind in SCALARS or value.kind is Kind.UNKNOWN:
        function = "int" if call.name == "as.integer" else "float"
        if value.element is Kind.NUMBER and function == "float":
            return value
        return Value(py(f"{function}(X)", X=value), Kind.NUMBER, Kind.NUMBER)
    if value.element is Kind.LOGICAL and not value.missing_free and value.kind is Kind.COLUMN:
        return _truth_as_number(call, node, value)
    if value.element is Kind.NUMBER and call.name != "as.integer":
        return _without_names(value)
    return _converted(call, value)


def _codes(value: Value) -> ast.expr:
    """Positions of categories from one on; pandas counts in small integers, and takes -1 for a missing value."""
    codes = py("X.cat.codes" if value.is_series else "pd.Series(X.codes)", X=value)
    if value.missing_free:
        return py("C.astype(int) + 1", C=codes)
    return py("C.astype(float).replace(-1, np.nan) + 1", C=codes)


def _truth_as_number(call: RCall, node: Node, value: Value) -> Value:
    """1, 0 and missing."""
    test, opposite = both_ways(call.scope, node)
    if opposite is None or not operands(node) or operator(node) is None:
        return value.but(code=py("X.astype(int)", X=test), element=Kind.NUMBER)
    code = py("np.select(C, [1, 0], default=np.nan)", C=[test.code, opposite.code])
    return Value(code, Kind.ARRAY, Kind.NUMBER, rows=value.rows)


def _converted(call: RCall, value: Value) -> Value:
    target = "int" if call.name == "as.integer" else "float"
    if value.element is Kind.TEXT and value.is_series:
        code = py('pd.to_numeric(X, errors="coerce")', X=value)
    elif value.kind is Kind.COLUMN and value.element is Kind.UNKNOWN:
        call.note("were this a factor, R would give the positions of its levels")
        code = py('pd.to_numeric(X, errors="coerce")', X=value)
    elif value.element is Kind.NUMBER and call.name == "as.integer":
        code = py("np.trunc(X)", X=value)
    else:
        code = py(f"X.astype({target})", X=value if value.kind is not Kind.LIST else as_array(value))
    kind = value.kind if value.is_series else Kind.ARRAY
    return Value(code, kind, Kind.NUMBER, rows=value.rows)


def _without_names(value: Value) -> Value:
    """A vector without names; a column keeps its index, which are no names."""
    if value.kind is Kind.NAMED:
        return value.but(code=py("X.to_numpy()", X=value), kind=Kind.ARRAY, parts={}, source=None)
    if value.kind in {Kind.MATRIX, Kind.TABLE}:
        text = "X.ravel()" if value.kind is Kind.MATRIX else 'X.to_numpy().ravel(order="F")'
        return Value(py(text, X=value), Kind.ARRAY, Kind.NUMBER)
    if value.kind in {Kind.FRAME, Kind.MAPPING, Kind.SEQUENCE}:
        raise Untranslated("a list made a vector has no translation")
    return value


@translates("as.logical", "x, ...", "`x.astype(bool)`")
def as_logical(call: RCall) -> Value:
    """Truth values."""
    value = call.value("x")
    if value.element is not Kind.NUMBER:
        raise call.fail("only numbers can be made truth values here")
    if value.kind in SCALARS:
        return Value(py("bool(X)", X=value), Kind.LOGICAL, Kind.LOGICAL)
    if value.missing_free:
        return as_array(value).but(code=py("X.astype(bool)", X=as_array(value)), element=Kind.LOGICAL)
    series = value if value.is_series else as_array(value).but(code=py("pd.Series(X)", X=value), kind=Kind.COLUMN)
    return series.but(code=py("X.convert_dtypes() != 0", X=series), element=Kind.LOGICAL)


@translates(
    "which", "x, arr.ind = FALSE, useNames = TRUE", "`np.flatnonzero(x) + 1`; the condition itself between brackets"
)
def which(call: RCall) -> Value:
    """Positions of what is true."""
    call.ignore("useNames")
    node = call.argument("x")
    test = both_ways(call.scope, node)[0]
    if test.kind is Kind.LIST and not call.value("x").missing_free:
        test = test.but(code=py("pd.Series(X).isin([True])", X=test))
    code = py("np.flatnonzero(X)", X=test)
    return Value(py("I + 1", I=code), Kind.ARRAY, Kind.NUMBER, positions=code)


@translates("scale", "x, center = TRUE, scale = TRUE", "`(x - x.mean()) / x.std()`")
def scale(call: RCall) -> Value:
    """Centred and scaled by the standard deviation; centred only with ``scale = FALSE``."""
    value = call.value("x")
    if value.kind is not Kind.COLUMN and value.kind is not Kind.NAMED:
        raise call.fail("`scale` of anything but a column has no translation")
    center, scaling = call.flag("center", True), call.flag("scale", True)
    if not center:
        raise call.fail("`scale` without centring has no translation")
    template = "(X - X.mean()) / X.std()" if scaling else "X - X.mean()"
    return elementwise(call, template, value)


@translates("nchar toupper tolower", "x, ...", "`x.str.len()`, `x.str.upper()`", harmless="...")
def letters(call: RCall) -> Value:
    """Text, element by element."""
    value = call.value("x")
    method = {"nchar": "len", "toupper": "upper", "tolower": "lower"}[call.name]
    element = Kind.NUMBER if call.name == "nchar" else Kind.TEXT
    if value.kind is Kind.TEXT:
        return Value(py("len(X)" if method == "len" else f"X.{method}()", X=value), element, element)
    if value.is_series or value.kind is Kind.INDEX:
        return value.but(code=py(f"X.str.{method}()", X=value), element=element, factor=False)
    raise call.fail(f"`{call.name}` of this has no translation")


@translates("identity I", "x", "its argument")
def identity(call: RCall) -> Value:
    """The argument itself."""
    return call.value("x")
