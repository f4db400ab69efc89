"""An R program as its top-level statements, each with the comments and blank lines before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.rsyntax import parse, tokenize

if TYPE_CHECKING:
    from lmebridge.rsyntax import Node


@dataclass(frozen=True)
class Piece:
    """A stretch of R code in a document.

    Attributes
    ----------
    text : str
        The code.
    line : int
        Number of its first line in the document, from 1.
    title : str
        The file it is from, empty for the document itself.
    problem : str
        Why it cannot be translated as a whole, empty where it is R.
    """

    text: str
    line: int = 1
    title: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Top:
    """One top-level statement, or a stretch that is no R.

    Attributes
    ----------
    node : Node or None
        Its syntax tree; None when it cannot be read.
    source : str
        Its text.
    start, end : int
        Its place in the piece's text.
    problem : str
        Why it cannot be read.
    """

    node: Node | None
    source: str
    start: int
    end: int
    problem: str = ""


def tops_of(piece: Piece) -> list[Top]:
    """Top-level statements of a piece; the whole piece is one where it is no R."""
    if not piece.problem:
        return tops(piece.text)
    source = piece.text.strip()
    start = piece.text.index(source)
    return [Top(None, source, start, start + len(source), piece.problem)]


def tops(text: str) -> list[Top]:
    """Top-level statements of a program; where a statement cannot be read, the rest still is."""
    try:
        nodes = parse(text)
    except FormulaError:
        return _salvaged(text)
    return [Top(node, text[slice(*node.span)], *node.span) for node in nodes]


def syntax_error(text: str) -> tuple[int, int, str] | None:
    """Line and column, from 1, of what R's grammar does not allow, and what that is; None when all can be read."""
    try:
        parse(text)
    except FormulaError as error:
        position = _last_token(text, *(error.span or (0, 0)))
        line = line_of(text, position)
        return line, position - (text.rfind("\n", 0, position) + 1) + 1, str(error).splitlines()[0]
    return None


def _last_token(text: str, start: int, end: int) -> int:
    """Where the last token of a stretch begins: R points at that one when two stand side by side."""
    try:
        tokens = [token for token in tokenize(text[start:end]) if token.kind not in {"end", "newline", "comment"}]
    except FormulaError:
        return start
    return start + tokens[-1].span[0] if tokens else start


#: Lines that one statement may have where the program as a whole cannot be read.
_LONGEST = 60


def _salvaged(text: str) -> list[Top]:
    """Statements of a program in which at least one cannot be read: as many lines at a time as make one."""
    found: list[Top] = []
    position = 0
    while position < len(text):
        end, problem = _next(text, position)
        stretch = text[position:end]
        start = position + len(stretch) - len(stretch.lstrip())
        if problem:
            source = stretch.strip()
            found.append(Top(None, source, start, start + len(source), problem))
        else:
            # Read after blanks in the place of all before it, so that its places are those in the text.
            nodes = parse(re.sub(r"[^\n]", " ", text[:position]) + stretch)
            found += [Top(node, text[slice(*node.span)], *node.span) for node in nodes]
        position = end
    return found


def _next(text: str, position: int) -> tuple[int, str]:
    """Where the next stretch that can be read ends; else where its first line ends, and the problem."""
    stretch = text[position:]
    ends = [match.end() for match in re.finditer(r"\n|\Z", stretch)][:_LONGEST]
    problem = ""
    for end in ends:
        try:
            parse(stretch[:end])
        except FormulaError as error:
            problem = problem or str(error).splitlines()[0]
        else:
            return position + end, ""
    lines = [end for end in ends if stretch[:end].strip()]
    return position + (lines[0] if lines else ends[0]), problem


def line_of(text: str, position: int) -> int:
    """Number of the line of a place in a text, from 1."""
    return text.count("\n", 0, position) + 1
