"""Texts in Python's quotes, as ruff's formatter prefers them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Characters of a piece of a formula that goes over several lines.
PIECE = 68


class Unprintable(ValueError):
    """An expression that this version of Python cannot write; the message says what."""


def quoted(text: str, quote: str = '"') -> str:
    r"""A text in quotes, double ones unless it holds more of those than of single ones.

    Examples
    --------
    >>> print(quoted("it's"), quoted('say "a"'), quoted("two" + chr(10)))
    "it's" 'say "a"' "two\n"
    """
    if quote == "'":
        if "'" in text or "\\" in text or "\n" in text:
            raise Unprintable("a text with quotes or line breaks inside a formatted text")
        return f"'{_escaped(text, quote)}'"
    if text.count('"') > text.count("'"):
        quote = "'"
    return f"{quote}{_escaped(text, quote)}{quote}"


def _escaped(text: str, quote: str) -> str:
    """The text with backslashes where Python needs them between such quotes."""
    body = repr(text + "'\"")[1:-1]
    body = body[:-3].replace("\\'", "'")
    return body.replace(quote, f"\\{quote}")


def formula_pieces(text: str) -> list[str]:
    """A long formula in pieces that end after a plus."""
    pieces = [""]
    for term in text.replace("+ ", "+ \0").split("\0"):
        if pieces[-1] and len(pieces[-1]) + len(term) > PIECE:
            pieces.append("")
        pieces[-1] += term
    return pieces


def format_string(node: ast.JoinedStr, flat: Callable[[ast.expr], str]) -> str:
    """An f-string."""
    return 'f"' + "".join(_part(part, flat) for part in node.values) + '"'


def _part(part: ast.expr, flat: Callable[[ast.expr], str]) -> str:
    if isinstance(part, ast.Constant):
        text = str(part.value).replace("{", "{{").replace("}", "}}")
        return _escaped(text, '"')
    if not isinstance(part, ast.FormattedValue):
        raise Unprintable("a formatted text of this form")
    inner = flat(part.value)
    if '"' in inner or "\\" in inner:
        raise Unprintable("a text with quotes or line breaks inside a formatted text")
    inner = f" {inner}" if inner.startswith("{") else inner
    inner = f"({inner})" if isinstance(part.value, (ast.Lambda, ast.IfExp)) else inner
    spec = part.format_spec
    shown = _specification(spec) if isinstance(spec, ast.JoinedStr) else ""
    return f"{{{inner}{':' + shown if shown else ''}}}"


def _specification(spec: ast.JoinedStr) -> str:
    """How a value is formatted."""
    return "".join(str(each.value) for each in spec.values if isinstance(each, ast.Constant))
