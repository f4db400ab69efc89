"""What R programs print, and the texts they put together for it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.number_text import (
    DIGITS,
    ROUND_NUMBERS,
    UNKNOWN_NUMBERS,
    in_format,
    is_rounded,
    is_whole,
    pasted,
    text_code,
    written_number,
)
from lmebridge.migrate.operators import same_rows
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, SCALARS, Kind, Value, literal, py, text

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("print", "x, ...", "`print(x)`", harmless="")
def show(call: RCall) -> Value:
    """A value printed; options of the printing are left out."""
    for name, _ in call.rest_values:
        if name not in {"digits", "n", "corr", "correlation", "comp", "row.names", "quote", "width", "signif.stars"}:
            raise call.fail(f"`{name}` of `print` has no translation")
    from lmebridge.migrate.showing import shown

    value = kept_truth(call.scope, call.node_of("x"), call.value("x"))
    if value.source == "nothing":
        return NOTHING
    shown(call.scope, value)
    return NOTHING


@translates("invisible", "x = NULL", "its argument, not printed")
def invisible(call: RCall) -> Value:
    """A value that is not printed."""
    value = call.optional("x")
    return NOTHING if value is None else value.but(visible=False)


@translates("cat", "..., file = '', sep = ' ', fill = FALSE, append = FALSE", "`print(...)`")
def cat(call: RCall) -> Value:
    """Texts and numbers printed one after the other."""
    call.default_only(file="", append=False)
    call.ignore("fill")
    separator = call.constant("sep", " ")
    values = [value for _, value in call.rest_values]
    ends = bool(values) and _ends_line(values[-1])
    options: dict[str, Any] = {}
    if ends:
        values = _without_newline(values)
    elif separator == "\n":
        pass
    else:
        options["end"] = literal("")
    if separator != " ":
        options = {"sep": literal(separator), **options}
    if any(map(_has_digits, values)) and all(value.kind in SCALARS for value in values):
        code = _joined(call, values, separator, SHOWN_DIGITS)
        values = [Value(code, Kind.TEXT, Kind.TEXT)]
    places = [_starred(value) for value in values]
    if len(places) < 2 and not any(isinstance(place, ast.Starred) for place in places):
        options.pop("sep", None)
    call.scope.body.append(ast.Expr(ast.Call(py("print"), places, _keywords(options))))
    return NOTHING


def _keywords(options: dict[str, Any]) -> list[ast.keyword]:
    from lmebridge.migrate.values import keywords

    return keywords(options)


def _without_newline(values: list[Value]) -> list[Value]:
    """The values without the line's end, which `print` writes itself."""
    last = values[-1]
    if isinstance(last.code, ast.JoinedStr):
        *parts, end = last.code.values
        text = str(getattr(end, "value", ""))[:-1]
        return [*values[:-1], last.but(code=ast.JoinedStr([*parts, *([ast.Constant(text)] if text else [])]))]
    rest = last.constant[:-1]
    return [*values[:-1], last.but(code=literal(rest), constant=rest)] if rest else values[:-1]


def _ends_line(value: Value) -> bool:
    """Whether a text is written out and ends a line."""
    last = value.code.values[-1] if isinstance(value.code, ast.JoinedStr) and value.code.values else value.code
    return isinstance(last, ast.Constant) and isinstance(last.value, str) and last.value.endswith("\n")


#: R's number of digits in what it shows.
SHOWN_DIGITS = 7


def _has_digits(value: Value) -> bool:
    """Whether a value has numbers that R shows with fewer digits than Python."""
    known = value.constant is not None or is_whole(value) or is_rounded(value)
    return value.element is Kind.NUMBER and not known and not value.factor


def _starred(value: Value) -> ast.expr:
    """A vector's elements one by one; numbers with R's digits."""
    if not value.is_vector:
        return py('"{:.7g}".format(X)', X=value) if _has_digits(value) else value.code
    code = py('map("{:.7g}".format, X)', X=value) if _has_digits(value) else value.code
    return ast.Starred(code, ast.Load())


@translates("message", "..., domain = NULL, appendLF = TRUE", "`print(..., file=sys.stderr)`", harmless="domain")
def message(call: RCall) -> Value:
    """A message."""
    call.default_only(appendLF=True)
    values = [value for _, value in call.rest_values]
    call.emit("print(X, file=sys.stderr)", X=_message(call, values))
    return NOTHING


@translates("stop", "..., call. = TRUE, domain = NULL", "`raise ValueError(...)`", harmless="call. domain")
def stop(call: RCall) -> Value:
    """An error."""
    values = [value for _, value in call.rest_values]
    call.scope.body.append(ast.Raise(py("ValueError(X)", X=_message(call, values))))
    return NOTHING


@translates("warning", "..., call. = TRUE", "`warnings.warn(...)`", harmless="call.")
def warning(call: RCall) -> Value:
    """A warning."""
    values = [value for _, value in call.rest_values]
    call.emit("warnings.warn(X, stacklevel=2)", X=_message(call, values))
    return NOTHING


def _message(call: RCall, values: list[Value]) -> ast.expr:
    """One text of what a message is made of."""
    if any(value.is_vector for value in values):
        raise call.fail(f"`{call.name}` of a vector has no translation")
    return _joined(call, values, "")


# --- texts ------------------------------------------------------------------------------------------------------------


@translates("paste paste0", "..., sep = ' ', collapse = NULL", "an f-string; `sep.join(...)`")
def paste(call: RCall) -> Value:
    """Texts put together."""
    separator = "" if call.name == "paste0" else call.constant("sep", " ")
    values = [kept_truth(call.scope, argument.value, call.value_of(argument)) for argument in call.rest]
    values = [text("") if value.kind is Kind.NULL else value for value in values]
    collapse = call.constant("collapse")
    vectors = [value for value in values if value.kind not in {*SCALARS, Kind.UNKNOWN, Kind.FORMULA}]
    if not vectors:
        return Value(_joined(call, values, separator), Kind.TEXT, Kind.TEXT)
    if collapse is not None and len(values) == 1:
        return Value(py("S.join(X)", S=collapse, X=_texts(call, values[0])), Kind.TEXT, Kind.TEXT)
    return _elementwise(call, values, vectors, separator, collapse)


def _texts(call: RCall, value: Value) -> Any:
    """The texts of a vector that are joined."""
    if value.element is Kind.TEXT and not value.factor and (value.missing_free or not value.is_series):
        return value
    if value.is_series or value.element is Kind.LOGICAL:
        series = value if value.is_series else value.but(code=py("pd.Series(X)", X=value), kind=Kind.COLUMN)
        return pasted(call.scope, series)
    if value.element is Kind.NUMBER and is_whole(value):
        return py("map(str, X)", X=value)
    if value.element is Kind.NUMBER and isinstance(value.constant, list) and None not in value.constant:
        return [written_number(each) for each in value.constant]
    call.note(ROUND_NUMBERS if value.element is Kind.NUMBER else UNKNOWN_NUMBERS)
    return py('map("{:.15g}".format, X)' if value.element is Kind.NUMBER else "map(str, X)", X=value)


def _elementwise(call: RCall, values: list[Value], vectors: list[Value], separator: str, collapse: str | None) -> Value:
    """Texts put together element by element: a sum of Series, or a comprehension."""
    if len(vectors) == 1 and vectors[0].kind in {Kind.LIST, Kind.ARRAY, Kind.INDEX}:
        variable = call.scope.session.naming.unused("each", "item")
        if vectors[0].element is Kind.LOGICAL or (vectors[0].kind is Kind.LIST and not vectors[0].missing_free):
            raise call.fail("`paste` of truth values, or of values that may be NA, has no translation here")
        one = vectors[0].but(code=ast.Name(variable, ast.Load()), kind=vectors[0].element, constant=None)
        joined = _joined(call, [one if value is vectors[0] else value for value in values], separator)
        listed = ast.ListComp(joined, [ast.comprehension(ast.Name(variable, ast.Store()), vectors[0].code, [], 0)])
        if collapse is not None:
            return Value(py("S.join(X)", S=collapse, X=listed), Kind.TEXT, Kind.TEXT)
        return Value(listed, Kind.LIST, Kind.TEXT)
    if all(value.kind is Kind.COLUMN and (value is vectors[0] or same_rows(value, vectors[0])) for value in vectors):
        total = summed_text(call, values, separator)
        if collapse is not None:
            return Value(py("S.join(X)", S=collapse, X=total), Kind.TEXT, Kind.TEXT)
        return Value(total, Kind.COLUMN, Kind.TEXT, rows=vectors[0].rows, missing_free=True)
    raise call.fail("`paste` of these vectors has no translation")


def summed_text(call: RCall, values: list[Value], separator: str, *, keeps: bool = False) -> ast.expr:
    """Columns and single values as one column of text; a text of ``NA`` in it, or with `keeps` missing as a whole."""
    total: ast.expr | None = None
    for place, value in enumerate(values):
        part = text_code(call.scope, value) if keeps and value.is_vector else pasted(call.scope, value)
        if place and separator:
            total = py("A + S", A=total, S=separator)
        total = part if total is None else py("A + B", A=total, B=part)
    return total if total is not None else ast.Constant("")


def _joined(call: RCall, values: list[Value], separator: str, digits: int = DIGITS) -> ast.expr:
    """One text of several values: an f-string, or a constant when all are."""
    parts: list[ast.expr] = []
    for place, value in enumerate(values):
        if place and separator:
            parts.append(ast.Constant(separator))
        parts.append(in_format(call.scope, value, digits))
    merged: list[ast.expr] = []
    for part in parts:
        if isinstance(part, ast.Constant) and merged and isinstance(merged[-1], ast.Constant):
            merged[-1] = ast.Constant(str(merged[-1].value) + str(part.value))
        else:
            merged.append(part)
    if all(isinstance(part, ast.Constant) for part in merged):
        return ast.Constant("".join(str(part.value) for part in merged if isinstance(part, ast.Constant)))
    if len(merged) == 1 and values[0].kind is Kind.TEXT:
        return values[0].code
    return ast.JoinedStr(merged)


_FORMAT = re.compile(r"%(?:%|[-+ 0#]*[0-9]*(?:\.[0-9]+)?[difgeGEs])")


@translates("sprintf", "fmt, ...", 'an f-string: `f"{x:.2f}"`')
def sprintf(call: RCall) -> Value:
    """Text with numbers in it, in C's formats."""
    fmt = call.constant("fmt")
    values = [value for _, value in call.rest_values]
    if isinstance(fmt, str) and any(value.is_vector for value in values):
        return _sprintf_of_vectors(call, fmt, values)
    if not isinstance(fmt, str) or any(value.kind not in {*SCALARS, Kind.UNKNOWN} for value in values):
        raise call.fail("`sprintf` of these has no translation")
    return Value(_filled_in(call, fmt, values), Kind.TEXT, Kind.TEXT)


def _sprintf_of_vectors(call: RCall, fmt: str, values: list[Value]) -> Value:
    """One text for each element: a comprehension."""
    vectors = [value for value in values if value.is_vector]
    plain = all(value.element in {Kind.NUMBER, Kind.TEXT, Kind.UNKNOWN} and not value.factor for value in vectors)
    if not plain or len(vectors) > len(_TURNS) or any(value.kind is Kind.NA for value in values):
        raise call.fail("`sprintf` of these vectors has no translation")
    if not all(value.missing_free or value.is_literal or value.positions is not None for value in vectors):
        call.note("a missing value is written nan here, and NA in R")
    naming = call.scope.session.naming
    words = _TURNS[: len(vectors)] if len(vectors) > 1 else [("each", "item")]
    names = [naming.unused(*word) for word in words]
    turns = iter(names)
    known = [
        Value(ast.Name(next(turns), ast.Load()), value.element, value.element) if value.is_vector else value
        for value in values
    ]
    targets = [ast.Name(name, ast.Store()) for name in names]
    target: ast.expr = targets[0] if len(targets) == 1 else ast.Tuple([*targets], ast.Store())
    source = vectors[0].code if len(vectors) == 1 else py("zip(*X, strict=True)", X=vectors)
    listed = ast.ListComp(_filled_in(call, fmt, known), [ast.comprehension(target, source, [], 0)])
    return Value(listed, Kind.LIST, Kind.TEXT, missing_free=True)


#: Names of the elements of several vectors.
_TURNS = [("first", "one"), ("second", "other"), ("third", "another")]


def _filled_in(call: RCall, fmt: str, values: list[Value]) -> ast.expr:
    """An f-string for C's format."""
    pieces = _FORMAT.split(fmt)
    formats = _FORMAT.findall(fmt)
    waiting = list(values)
    parts: list[ast.expr] = [ast.Constant(pieces[0])] if pieces[0] else []
    for found, after in zip(formats, pieces[1:], strict=True):
        if found == "%%":
            parts.append(ast.Constant("%"))
        elif not waiting:
            raise call.fail("`sprintf` has more formats than values")
        else:
            parts.append(_formatted(call, waiting.pop(0), found))
        parts += [ast.Constant(after)] if after else []
    if "%" in "".join(pieces) or waiting:
        raise call.fail("this format of `sprintf` has no translation")
    return ast.JoinedStr(parts)


def _formatted(call: RCall, value: Value, fmt: str) -> ast.expr:
    """A value in one of C's formats."""
    letter, rest = fmt[-1], fmt[1:-1]
    if letter == "s":
        return _padded(in_format(call.scope, value), rest)
    rest = "<" + rest.replace("-", "") if "-" in rest else rest
    code = value.code
    if letter in "di":
        code, letter = (code if value.kind is Kind.UNKNOWN else py("int(X)", X=value)), "d"
    return ast.FormattedValue(code, -1, ast.JoinedStr([ast.Constant(f"{rest}{letter}")]))


def _padded(part: ast.expr, width: str) -> ast.expr:
    """A part of an f-string in a width, as `%s` has it: to the left of it where that is below zero."""
    if not width:
        return part
    align = "<" if "-" in width else ">"
    code, spec = (part.value, _spec(part)) if isinstance(part, ast.FormattedValue) else (part, "")
    sign, digits = ("z", spec[1:]) if spec.startswith("z") else ("", spec)
    return ast.FormattedValue(code, -1, ast.JoinedStr([ast.Constant(f"{align}{sign}{width.lstrip('-+ 0#')}{digits}")]))


def _spec(part: ast.FormattedValue) -> str:
    """The format of a part of an f-string."""
    spec = part.format_spec
    constants = spec.values if isinstance(spec, ast.JoinedStr) else []
    return "".join(str(one.value) for one in constants if isinstance(one, ast.Constant))


@translates("format formatC", "x, digits, nsmall, format, width, big.mark, ...", 'an f-string: `f"{x:.2f}"`')
def formatted(call: RCall) -> Value:
    """A number as text."""
    value = call.value("x")
    digits = call.constant("digits", None)
    if call.given("width") or call.given("big.mark"):
        raise call.fail(f"this format of `{call.name}` has no translation")
    spec = None
    if call.name == "formatC" and call.constant("format", None) in {"f", "e", "g"} and isinstance(digits, (int, float)):
        spec = f".{digits:g}{call.constant('format')}"
    elif call.name == "format" and call.given("nsmall") and not call.given("digits"):
        spec = f".{call.constant('nsmall'):g}f" if _is_rounded(value, call.constant("nsmall")) else None
    elif call.name == "format" and isinstance(digits, (int, float)) and not call.given("nsmall"):
        call.note("R writes large numbers out in full, where Python gives a power of ten")
        spec = f".{digits:g}g"
    call.refuse_rest()
    if spec is None:
        raise call.fail(f"this form of `{call.name}` has no translation: R chooses the digits itself")
    if value.kind in {*SCALARS, Kind.UNKNOWN}:
        text = ast.JoinedStr([ast.FormattedValue(value.code, -1, ast.JoinedStr([ast.Constant(spec)]))])
        return Value(text, Kind.TEXT, Kind.TEXT)
    if value.is_series:
        return value.but(code=py("X.map(F)", X=value, F=py("(S).format", S="{:" + spec + "}")), element=Kind.TEXT)
    raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")


def _is_rounded(value: Value, digits: Any) -> bool:
    """Whether a number was just rounded to that many digits, so that `nsmall` decides alone."""
    code = value.code
    if not isinstance(code, ast.Call) or not isinstance(code.func, ast.Attribute) or code.func.attr != "round":
        return False
    return len(code.args) == 2 and isinstance(code.args[1], ast.Constant) and code.args[1].value == digits
