"""Texts split into pieces, repeated, and written out: `strsplit`, `strrep`, `writeLines`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from lmebridge.migrate.functions import body, formals, single
from lmebridge.migrate.number_text import factor_text
from lmebridge.migrate.registry import translates
from lmebridge.migrate.texts import pattern
from lmebridge.migrate.values import NOTHING, SCALARS, Kind, Value, literal, py
from lmebridge.rsyntax import Argument, Constant, Name, Node, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

#: What marks a column of lists of pieces.
PIECES = "pieces of texts"


@translates("strsplit", "x, split, fixed = FALSE, perl = FALSE", '`x.str.split("_")`; `x.split(" ")`')
def strsplit(call: RCall) -> Value:
    """Each text as a list of its pieces."""
    call.ignore("perl")
    value = call.value("x")
    plain = call.flag("fixed")
    separator = str(call.constant("split")) if plain else pattern(call, "split")
    if not separator:
        raise call.fail("`strsplit` into single characters has no translation")
    plain = plain or re.escape(separator) == separator or separator in {" ", "-"}
    call.note("a separator at the end of a text leaves an empty piece behind it, which R leaves out")
    if value.is_series:
        if value.factor:
            value = value.but(code=factor_text(value), factor=False)
        code = py("X.str.split(S, **O)", X=value, S=separator, O={} if plain else {"regex": literal(True)})
        return Value(code, Kind.COLUMN, rows=value.rows, source=PIECES)
    if value.kind is not Kind.TEXT:
        raise call.fail(f"`strsplit` of a {value.kind.value} has no translation")
    one = py("X.split(S)" if plain else "re.split(S, X)", X=value, S=separator)
    return Value(ast.List([one], ast.Load()), Kind.SEQUENCE, parts={"*": Value(one, Kind.LIST, Kind.TEXT)})


def piece(call: RCall, value: Value, function: Node, rest: list[Argument]) -> Value | None:
    """``sapply(strsplit(x, "_"), `[`, 2)`` and ``function(p) p[2]``; None of anything else."""
    if value.source != PIECES:
        return None
    place = _place(function, rest)
    if place is None:
        raise call.fail("only pieces at a place, of texts that are split, have a translation")
    return Value(py("X.str[I]", X=value, I=place), Kind.COLUMN, Kind.TEXT, rows=value.rows)


def _place(function: Node, rest: list[Argument]) -> int | None:
    """The place of the piece that a function takes, from zero."""
    if operator(function) == "function" and single(function) and len(formals(function)) == 1 and not rest:
        inner = body(function)
        inner = operands(inner)[0] if operator(inner) == "{" else inner
        parts = operands(inner) if operator(inner) in {"[", "[["} else ()
        same = len(parts) == 2 and isinstance(parts[0], Name) and parts[0].name == formals(function)[0].name
        return _zero_based(parts[1]) if same else None
    name = function.name if isinstance(function, Name) else getattr(function, "value", None)
    if name in {"[", "[["} and len(rest) == 1 and rest[0].value is not None:
        return _zero_based(rest[0].value)
    return -1 if name == "tail" and len(rest) == 1 and getattr(rest[0].value, "value", None) == 1 else None


def _zero_based(node: Node) -> int | None:
    number = node.value if isinstance(node, Constant) else None
    return int(number) - 1 if isinstance(number, (int, float)) and number >= 1 else None


@translates("strrep", "x, times", "`x * n`")
def strrep(call: RCall) -> Value:
    """A text several times over."""
    value, times = call.value("x"), call.value("times")
    if value.kind is not Kind.TEXT or times.kind is not Kind.NUMBER:
        raise call.fail("`strrep` is translated for one text")
    return Value(py("X * N", X=value, N=times), Kind.TEXT, Kind.TEXT)


@translates("writeLines", 'text, con, sep = "\\n", useBytes = FALSE', '`print(*x, sep="\\n")`')
def write_lines(call: RCall) -> Value:
    """Texts on lines of their own."""
    call.default_only(sep="\n", useBytes=False)
    if call.given("con"):
        raise call.fail("`writeLines` to a file has no translation")
    value = call.value("text")
    if value.element is not Kind.TEXT:
        raise call.fail("`writeLines` of something that is no text")
    one = value.kind in SCALARS
    shown = value.code if one else ast.Starred(value.code, ast.Load())
    code = py("print(*X, **O)", X=[shown], O={} if one else {"sep": literal("\n")})
    call.scope.body.append(ast.Expr(code))
    return NOTHING
