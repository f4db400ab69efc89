"""stringr: texts searched, cut and put together."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.operators import same_rows
from lmebridge.migrate.printing import summed_text
from lmebridge.migrate.registry import translates
from lmebridge.migrate.texts import pattern
from lmebridge.migrate.values import NA, SCALARS, Kind, Untranslated, Value, literal, py
from lmebridge.rsyntax import Argument, Call, Constant, Name

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

#: Functions that base R has under another name.
_IN_BASE = {
    "str_to_lower": "tolower",
    "str_to_upper": "toupper",
    "str_length": "nchar",
    "str_trim": "trimws",
    "str_c": "paste0",
}


def _texts(call: RCall) -> Value:
    """What is searched or cut: a column of texts, or one text."""
    value = call.value("string")
    if value.factor:
        value = value.but(code=py("X.astype(str)", X=value), factor=False, element=Kind.TEXT)
    if not value.is_series and value.kind not in {Kind.TEXT, Kind.UNKNOWN}:
        raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")
    return value


@translates("str_to_lower str_to_upper str_length", "string", "as `tolower`, `toupper`, `nchar`", packages="stringr")
@translates("str_trim", 'string, side = "both"', "`x.str.strip()`", packages="stringr")
def as_in_base(call: RCall) -> Value:
    """What base R has under another name."""
    if call.name == "str_trim":
        call.default_only(side="both")
    return call.scope.value(Call(Name(_IN_BASE[call.name]), (Argument(call.argument("string")),), call.node.span))


def _is_collapsed(call: RCall) -> bool:
    return any(argument.name == "collapse" for argument in call.rest)


@translates("str_c", '..., sep = ""', "as `paste`", packages="stringr")
def str_c(call: RCall) -> Value:
    """Texts put together; missing where one of them is."""
    text = call.constant("sep", "")
    separator = Argument(Constant(text), "sep")
    values = [value for _, value in call.rest_values]
    if any(value.kind is Kind.NA for value in values):
        return NA
    vectors = [value for value in values if value.is_vector and not value.missing_free]
    if vectors:
        if not all(same_rows(value, vectors[0]) or value.kind in SCALARS for value in values) or _is_collapsed(call):
            raise call.fail("`str_c` gives NA where one of the texts is: these have no translation")
        code = summed_text(call, values, text, keeps=True)
        return Value(code, Kind.COLUMN, Kind.TEXT, rows=vectors[0].rows)
    return call.scope.value(Call(Name("paste"), (*call.rest, separator), call.node.span))


@translates("str_detect", "string, pattern, negate = FALSE", "`x.str.contains(...)`", packages="stringr")
def str_detect(call: RCall) -> Value:
    """Whether a pattern is found; NA where the text is."""
    value, found = _texts(call), pattern(call, "pattern")
    if not value.is_series:
        code = py("bool(re.search(P, X))", P=found, X=value)
        return Value(py("not X", X=code) if call.flag("negate") else code, Kind.LOGICAL, Kind.LOGICAL)
    if call.flag("negate"):
        raise call.fail("`negate` of `str_detect` has no translation: write `!str_detect()`")
    code = py("X.str.contains(P, na=False)", X=value, P=found)
    there = None if value.missing_free else py("X.notna()", X=value)
    return Value(code, value.kind, Kind.LOGICAL, rows=value.rows, there=there, missing_free=value.missing_free)


@translates("str_replace str_replace_all", "string, pattern, replacement", "as `sub`, `gsub`", packages="stringr")
@translates("str_remove str_remove_all", "string, pattern", "as `sub`, `gsub` by nothing", packages="stringr")
def str_replace(call: RCall) -> Value:
    """A pattern replaced, once or everywhere."""
    new = call.argument("replacement") if call.given("replacement") else Constant("", '""')
    name = "gsub" if call.name.endswith("_all") else "sub"
    arguments = (call.argument("pattern"), new, call.argument("string"))
    return call.scope.value(Call(Name(name), tuple(Argument(each) for each in arguments), call.node.span))


@translates("str_extract", "string, pattern", "`x.str.extract(...)`", packages="stringr")
def str_extract(call: RCall) -> Value:
    """The first stretch of each text that fits a pattern; missing where none does."""
    value, found = _texts(call), pattern(call, "pattern")
    if not value.is_series:
        raise call.fail("`str_extract` of anything but a column has no translation")
    if "(" in found:
        raise call.fail("`str_extract` with groups in its pattern has no translation")
    code = py("X.str.extract(P, expand=False)", X=value, P=f"({found})")
    return value.but(code=code, element=Kind.TEXT, missing_free=False, there=None)


@translates("str_sub", "string, start = 1L, end = -1L", "`x.str[0:3]`", packages="stringr")
def str_sub(call: RCall) -> Value:
    """A stretch of each text; places below zero count from its end."""
    value, start, end = _texts(call), call.constant("start", 1), call.constant("end", -1)
    if not all(isinstance(place, (int, float)) and place for place in (start, end)):
        raise Untranslated("a computed stretch of text has no translation")
    lower = None if start == 1 else literal(int(start) - 1 if start > 0 else int(start))
    upper = None if end == -1 else literal(int(end) if end > 0 else int(end) + 1)
    piece = ast.Slice(lower, upper)
    if value.is_series:
        return value.but(code=py("X.str[P]", X=value, P=piece), element=Kind.TEXT)
    kind = Kind.TEXT if value.kind in SCALARS else Kind.UNKNOWN
    return Value(py("X[P]", X=value, P=piece), kind, kind)
