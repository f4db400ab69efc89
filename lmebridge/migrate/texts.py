"""Searching and replacing in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.number_text import factor_text
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, literal, py

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

#: What R's extended regular expressions have and Python's do not.
_R_CLASSES = {
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:space:]": r"\s",
    "[:alnum:]": "a-zA-Z0-9",
    "[:upper:]": "A-Z",
}


def pattern(call: RCall, parameter: str) -> str:
    """A regular expression that means the same in Python."""
    found = call.constant(parameter)
    if not isinstance(found, str):
        raise Untranslated("a computed pattern has no translation")
    for name, members in _R_CLASSES.items():
        found = found.replace(name, members)
    if "[:" in found:
        raise Untranslated("this class of characters has no translation")
    return found


@translates(
    "sub gsub",
    "pattern, replacement, x, ignore.case = FALSE, perl = FALSE, fixed = FALSE",
    "`x.str.replace(...)`, `re.sub(...)`",
)
def sub(call: RCall) -> Value:
    """A pattern replaced, once or everywhere."""
    call.default_only(ignore_case=False)
    call.ignore("perl")
    fixed = call.flag("fixed")
    found = str(call.constant("pattern")) if fixed else pattern(call, "pattern")
    new = call.constant("replacement")
    value = call.value("x")
    if value.is_series or value.kind is Kind.INDEX:
        options = {"n": literal(1)} if call.name == "sub" else {}
        plain = fixed or found.isalnum()
        options |= {"regex": literal(not plain)}
        if value.factor:
            value = value.but(code=factor_text(value), factor=False)
        return value.but(code=py("X.str.replace(P, R, **O)", X=value, P=found, R=new, O=options), element=Kind.TEXT)
    count = {"count": literal(1)} if call.name == "sub" else {}
    one = py("re.sub(P, R, X, **O)", P=found, R=new, X=value, O=count)
    if fixed:
        one = py("X.replace(P, R, *N)", X=value, P=found, R=new, N=[1] if call.name == "sub" else [])
    if value.kind in {*SCALARS, Kind.UNKNOWN}:
        return Value(one, Kind.TEXT, Kind.TEXT)
    raise Untranslated(f"`{call.name}` of a {value.kind.value} has no translation")


@translates(
    "grepl",
    "pattern, x, ignore.case = FALSE, perl = FALSE, fixed = FALSE",
    "`x.str.contains(...)`; `bool(re.search(...))`",
)
def grepl(call: RCall) -> Value:
    """Whether a pattern is found; never NA."""
    call.ignore("perl")
    fixed, ignores = call.flag("fixed"), call.flag("ignore.case")
    found = str(call.constant("pattern")) if fixed else pattern(call, "pattern")
    value = call.value("x")
    if value.is_series or value.kind is Kind.INDEX:
        options = {"case": literal(False)} if ignores else {}
        options |= {"regex": literal(False)} if fixed else {}
        options |= {"na": literal(False)} if value.is_series else {}
        if value.factor:
            value = value.but(code=factor_text(value), factor=False)
        kind = value.kind if value.is_series else Kind.ARRAY
        code = py("X.str.contains(P, **O)", X=value, P=found, O=options)
        return Value(code, kind, Kind.LOGICAL, rows=value.rows, missing_free=True)
    if value.kind is Kind.LIST:
        name = call.scope.session.naming.unused("each", "item")
        test = py("bool(re.search(P, NAME))", P=found, NAME=py(name))
        if fixed:
            test = py("P in NAME", P=found, NAME=py(name))
        import ast

        listed = ast.ListComp(test, [ast.comprehension(ast.Name(name, ast.Store()), value.code, [], 0)])
        return Value(py("np.array(X)", X=listed), Kind.ARRAY, Kind.LOGICAL, missing_free=True)
    code = py("P in X", P=found, X=value) if fixed else py("bool(re.search(P, X))", P=found, X=value)
    return Value(code, Kind.LOGICAL, Kind.LOGICAL, missing_free=True)


@translates("startsWith endsWith", "x, prefix", "`x.str.startswith(...)`")
def starts_with(call: RCall) -> Value:
    """Whether texts begin, or end, so."""
    value = call.value("x")
    method = "startswith" if call.name == "startsWith" else "endswith"
    if value.is_series:
        code = py(f"X.str.{method}(P, na=False)", X=value, P=call.value("prefix"))
        there = None if value.missing_free else py("X.notna()", X=value)
        return Value(code, value.kind, Kind.LOGICAL, rows=value.rows, there=there)
    return Value(py(f"X.{method}(P)", X=value, P=call.value("prefix")), Kind.LOGICAL, Kind.LOGICAL)


@translates("substr substring", "x, start, stop", "`x.str[0:3]`", harmless="")
def substr(call: RCall) -> Value:
    """A stretch of each text."""
    value = call.value("x")
    start, stop = call.constant("start"), call.constant("stop")
    if not isinstance(start, (int, float)) or not isinstance(stop, (int, float)):
        raise Untranslated("a computed stretch of text has no translation")
    import ast

    piece = ast.Slice(literal(int(start) - 1) if start > 1 else None, literal(int(stop)))
    if value.is_series:
        return value.but(code=py("X.str[P]", X=value, P=piece), element=Kind.TEXT, factor=False)
    if value.kind not in {*SCALARS, Kind.UNKNOWN}:
        raise Untranslated(f"`{call.name}` of a {value.kind.value} has no translation")
    return Value(py("X[P]", X=value, P=piece), Kind.TEXT, Kind.TEXT)


@translates("trimws", "x, which = 'both'", "`x.str.strip()`")
def trimws(call: RCall) -> Value:
    """Texts without blanks around them."""
    call.default_only(which="both")
    value = call.value("x")
    return value.but(code=py("X.str.strip()" if value.is_series else "X.strip()", X=value))
