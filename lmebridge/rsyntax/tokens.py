"""R text to tokens, each with its place. Tokens know nothing of precedence or of what may follow what."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from lmebridge.errors import FormulaError
from lmebridge.rsyntax.literals import CONSTANTS, RESERVED

if TYPE_CHECKING:
    from lmebridge.rsyntax.nodes import Span

Kind = Literal["number", "string", "name", "constant", "keyword", "operator", "newline", "comment", "end"]


class Token(NamedTuple):
    """A piece of R text.

    Attributes
    ----------
    kind : str
        What it is: number, string, name, constant, keyword, operator (brackets, commas and semicolons too), newline,
        comment, or the end of the text.
    text : str
        As written.
    span : Span
        Where.
    """

    kind: Kind
    text: str
    span: Span


def _raw_string_patterns() -> str:
    """Pattern of ``r"(...)"`` with either quote, any bracket, any number of dashes."""
    pairs = [(quote, *brackets) for quote in "\"'" for brackets in ("()", "[]", "{}")]
    return "|".join(
        rf"[rR]{quote}(?P<dashes{i}>-*){re.escape(left)}[\s\S]*?{re.escape(right)}(?P=dashes{i}){quote}"
        for i, (quote, left, right) in enumerate(pairs)
    )


_OPERATORS = (
    *("<<-", "->>", ":::", "[[", "|>", "||", "&&", "<-", "->", "<=", ">=", "==", "!=", "::", ":=", "**"),
    *"+-*/^<>=!&|~?:$@()[]{},;\\",
)
_TOKEN = re.compile(
    r"(?P<space>[ \t\f\r]+)"
    r"|(?P<newline>\n)"
    r"|(?P<comment>#[^\n]*)"
    rf"|(?P<raw>{_raw_string_patterns()})"
    r"|(?P<string>\"(?:[^\"\\]|\\[\s\S])*\"|'(?:[^'\\]|\\[\s\S])*')"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[Li]?)"
    r"|(?P<name>(?:[^\W\d_]|\.(?![0-9]))[\w.]*|`(?:[^`\\]|\\[\s\S])+`)"
    rf"|(?P<operator>%[^%\n]*%|{'|'.join(map(re.escape, _OPERATORS))}|_(?!\w))"
)
_UNCLOSED = {'"': "string", "'": "string", "`": "name in backticks", "%": "%operator%"}
_LOOKALIKES = dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’‚", "'") | dict.fromkeys("–—−", "-") | {"∣": "|", "×": "*"}


def tokenize(text: str) -> list[Token]:
    """Tokens of an R program, comments and newlines included, closed by a token of kind ``"end"``.

    Parameters
    ----------
    text : str
        R code.

    Returns
    -------
    list of Token
        In the order written.

    Raises
    ------
    FormulaError
        At a character that R's syntax has no use for, and at a string that is never closed.

    Examples
    --------
    >>> [token.text for token in tokenize("y ~ x # why")]
    ['y', '~', 'x', '# why', '']
    """
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unexpected_character(text, position)
        position = match.end()
        if match.lastgroup != "space":
            tokens.append(Token(_kind(match), match[0], match.span()))
    return [*tokens, Token("end", "", (len(text), len(text)))]


def _kind(match: re.Match[str]) -> Kind:
    """Kind of the token matched; constants and keywords are written like names."""
    word = match[0]
    if word in CONSTANTS:
        return "constant"
    if word in RESERVED:
        return "keyword"
    return "string" if match.lastgroup == "raw" else cast("Kind", match.lastgroup)


def _unexpected_character(text: str, position: int) -> FormulaError:
    """Error for what is the beginning of no token."""
    character = text[position]
    if character in _UNCLOSED:
        problem = f"this {_UNCLOSED[character]} is never closed"
        return FormulaError.at(text, (position, position + 1), problem, f"Write another {character} where it ends.")
    described = unicodedata.name(character, f"U+{ord(character):04X}")
    remedy = f"Write `{_LOOKALIKES[character]}`." if character in _LOOKALIKES else "Remove it, or put it in quotes."
    problem = f"the character {character!r} ({described}) has no meaning in R here"
    return FormulaError.at(text, (position, position + 1), problem, remedy)


_LINE_EATERS = frozenset(_OPERATORS) - {")", "]", "}", "\\", "::", ":::"} | {"_"}
_LINE_EATING_WORDS = frozenset({"function", "while", "repeat", "for", "if", "in", "else"})


def significant(tokens: list[Token], *, enclosed: bool = False) -> list[Token]:
    """The tokens without comments and without the newlines that R does not read as the end of an expression.

    Those are the newlines inside ``()`` and ``[]``, after an operator, and, inside ``{}``, before ``else``. All of them
    when the text is `enclosed`, read as if it stood in parentheses.
    """
    kept: list[Token] = []
    context = ["("] if enclosed else []
    for token in tokens:
        if token.kind == "comment" or (token.kind == "newline" and _is_eaten(kept, context)):
            continue
        if token.text == "else" and token.kind == "keyword" and context:
            _drop_newlines(kept)
        kept.append(token)
        if token.kind == "operator":
            _update_context(context, token.text)
    return kept


def _is_eaten(kept: list[Token], context: list[str]) -> bool:
    """Whether a newline after `kept` says nothing."""
    if context and context[-1] != "{":
        return True
    if not kept:
        return False
    last = kept[-1]
    if last.kind == "operator":
        return last.text in _LINE_EATERS or last.text[0] == "%"
    return last.kind == "keyword" and last.text in _LINE_EATING_WORDS


def _drop_newlines(kept: list[Token]) -> None:
    """Remove the newlines at the end."""
    while kept and kept[-1].kind == "newline":
        kept.pop()


def _update_context(context: list[str], text: str) -> None:
    """Follow the opening and closing of brackets; one ``[[`` is closed by two ``]``."""
    if text == "[[":
        context += ["[", "["]
    elif text in "([{":
        context.append(text)
    elif text in ")]}" and context:
        context.pop()
