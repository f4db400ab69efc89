"""Numbers and truth values as R writes them in texts: 15 digits at most, no point behind a whole number, `TRUE`."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, literal, py

if TYPE_CHECKING:
    from lmebridge.migrate.scope import Scope
    from lmebridge.rsyntax import Node

#: R's number of digits in texts.
DIGITS = 15
ROUND_NUMBERS = 'R writes a number such as 100000 as "1e+05", Python in full'
UNKNOWN_NUMBERS = "of numbers R writes 15 digits at most into texts, and no point behind whole ones"


def written_number(value: float) -> str:
    """A number as `as.character` and `paste` write it.

    References
    ----------
    R ``?as.character`` and ``?print.default``: 15 significant digits, in full unless the power of ten is shorter.
    """
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    mantissa, exponent = f"{value:.{DIGITS - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    digits = sum(each.isdigit() for each in mantissa)
    full = f"{value:.{max(0, digits - int(exponent) - 1)}f}"
    power = f"{mantissa}e{exponent}"
    return full if len(full) <= len(power) else power


def text_code(scope: Scope, value: Value, node: Node | None = None) -> ast.expr:
    """Code of a vector's elements as text; what is missing stays missing."""
    if value.element is Kind.TEXT and not value.factor:
        return value.code
    if value.element is Kind.LOGICAL:
        from lmebridge.migrate.conditions import kept_truth

        truth = kept_truth(scope, node, value)
        return py('X.map({True: "TRUE", False: "FALSE"})', X=truth)
    if value.factor:
        return factor_text(value)
    if value.element is not Kind.NUMBER:
        return py('X.convert_dtypes().astype("string")', X=value)
    if value.source != "whole":
        scope.note(ROUND_NUMBERS)
    series = value if value.is_series else py("pd.Series(X)", X=value)
    if value.missing_free:
        return py('X.map("{:.15g}".format)', X=series)
    return py('X.map("{:.15g}".format, na_action="ignore")', X=series)


def factor_text(value: Value) -> ast.expr:
    """Code of a factor's values as text: levels that are numbers have no point behind whole ones."""
    if value.element is Kind.NUMBER:
        return py('X.map("{:.15g}".format, na_action="ignore").astype(str)', X=value)
    return py("X.astype(str)", X=value)


def whole(value: Value) -> Value:
    """A number that R counts in integers, which Python prints as R does."""
    return value.but(source="whole")


def is_whole(value: Value) -> bool:
    """Whether a number is known to be counted in integers."""
    if value.source == "whole" or value.positions is not None:
        return True
    code = value.code
    return isinstance(code, ast.Call) and isinstance(code.func, ast.Name) and code.func.id in {"len", "int"}


def in_format(scope: Scope, value: Value, digits: int = DIGITS) -> ast.expr:
    """A single value as a part of an f-string, with a note where R may write it otherwise."""
    if isinstance(value.constant, str):
        return ast.Constant(value.constant)
    if isinstance(value.constant, bool):
        return ast.Constant(str(value.constant).upper())
    if isinstance(value.constant, (int, float)):
        return ast.Constant(written_number(value.constant))
    if value.kind is Kind.NA:
        return ast.Constant("NA")
    if value.kind is Kind.LOGICAL:
        return ast.FormattedValue(py("str(X).upper()", X=value), -1, None)
    if value.kind is Kind.NUMBER and not is_whole(value):
        if digits == DIGITS:
            scope.note(ROUND_NUMBERS)
        return ast.FormattedValue(value.code, -1, ast.JoinedStr([ast.Constant(f"{_sign(value)}.{digits}g")]))
    if value.kind is Kind.UNKNOWN:
        scope.note(UNKNOWN_NUMBERS)
    return ast.FormattedValue(value.code, -1, None)


def is_rounded(value: Value) -> bool:
    """Whether a number was just rounded."""
    code = value.code
    return isinstance(code, ast.Call) and isinstance(code.func, ast.Attribute) and code.func.attr == "round"


def _sign(value: Value) -> str:
    """The option of a format that writes -0, which a small number below zero is rounded to, as R does: 0."""
    return "z" if is_rounded(value) else ""


def pasted(scope: Scope, value: Value, node: Node | None = None) -> ast.expr:
    """What `paste` makes of one of its arguments: missing values are the text `NA`."""
    if value.kind in SCALARS:
        part = in_format(scope, value)
        return part if isinstance(part, ast.Constant) else _text_of(value, part)
    code = text_code(scope, value, node)
    return code if value.missing_free else py("X.fillna(NA)", X=code, NA=literal("NA"))


def _text_of(value: Value, part: ast.expr) -> ast.expr:
    """A single computed value as a text of its own."""
    return value.code if value.kind is Kind.TEXT else ast.JoinedStr([part])


def beside(value: Value, other: Value) -> Value:
    """A factor whose levels may be numbers, as text when it is compared with text: R's levels are text."""
    if value.factor and value.element is not Kind.TEXT and other.element is Kind.TEXT:
        return value.but(code=factor_text(value), factor=False, element=Kind.TEXT)
    if value.factor and value.element is not Kind.TEXT and other.element is Kind.NUMBER:
        return value.but(code=factor_text(value), factor=False, element=Kind.TEXT)
    if value.kind is Kind.NUMBER and (other.factor or (other.element is Kind.TEXT and other.is_vector)):
        if value.constant is None:
            raise Untranslated("a computed number compared with text has no translation")
        return value.but(code=literal(written_number(value.constant)), kind=Kind.TEXT, element=Kind.TEXT)
    if value.is_vector and value.element is Kind.NUMBER and (other.factor or other.element is Kind.TEXT):
        raise Untranslated("R compares numbers with text as texts: compare numbers with numbers")
    if value.kind is Kind.COLUMN and value.element is Kind.UNKNOWN and not value.factor and is_digits(other):
        return value.but(code=py('X.convert_dtypes().astype("string")', X=value), element=Kind.TEXT)
    return value


def is_digits(value: Value) -> bool:
    """Whether a text, or one of several, is written like a number, so that a column it is found in may be numbers."""
    texts = value.constant if isinstance(value.constant, list) else [value.constant]
    return any(isinstance(text, str) and text.replace(".", "").lstrip("-").isdigit() for text in texts)
