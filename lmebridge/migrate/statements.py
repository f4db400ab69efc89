"""An R program as its top-level statements, each with the comments and blank lines before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.rsyntax import parse

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
    """

    text: str
    line: int = 1
    title: str = ""


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


def tops(text: str) -> list[Top]:
    """Top-level statements of a program; where a statement cannot be read, the rest still is."""
    try:
        nodes = parse(text)
    except FormulaError:
        return _salvaged(text)
    return [Top(node, text[slice(*node.span)], *node.span) for node in nodes]


def _salvaged(text: str) -> list[Top]:
    """Statements of a program in which at least one cannot be read: as many lines at a time as make sense."""
    found: list[Top] = []
    position = 0
    while position < len(text):
        end, nodes, problem = _next(text, position)
        if nodes is None:
            start = position + len(text[position:end]) - len(text[position:end].lstrip())
            if text[start:end].strip():
                found.append(Top(None, text[start:end].rstrip(), start, start + len(text[start:end].rstrip()), problem))
        else:
            found += [_moved(node, text, position) for node in nodes]
        position = end
    return found


def _moved(node: Node, text: str, by: int) -> Top:
    """A statement read from the middle of the text, read again in its place."""
    start, end = node.span[0] + by, node.span[1] + by
    (placed,) = parse(" " * 0 + _blank(text[:start]) + text[start:end])
    return Top(placed, text[start:end], start, end)


def _blank(text: str) -> str:
    """Spaces in the place of every character."""
    return re.sub(r"[^\n]", " ", text)


#: Lines that one statement may have where the program as a whole cannot be read.
_LONGEST = 200


def _next(text: str, position: int) -> tuple[int, tuple[Node, ...] | None, str]:
    """End of the next statement, and its trees; no trees and the problem when it cannot be read."""
    ends = [match.end() for match in re.finditer(r"\n|\Z", text[position:])][:_LONGEST]
    problem = ""
    for end in ends:
        try:
            nodes = parse(text[position : position + end])
        except FormulaError as error:
            problem = problem or str(error).splitlines()[0]
            continue
        if nodes or end == ends[-1]:
            return position + end, nodes, ""
        if not nodes:
            return position + end, nodes, ""
    return position + max(ends[0], 1), None, problem


def line_of(text: str, position: int) -> int:
    """Number of the line of a place in a text, from 1."""
    return text.count("\n", 0, position) + 1
