"""R code in plain text: a page saved as text, with prose, printed output and the code of other languages between."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.migrate.registry import find
from lmebridge.migrate.statements import Piece
from lmebridge.rsyntax import Call, Name, function_name, names, operands, operator, parse, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lmebridge.rsyntax import Node

#: Lines that one statement may have.
LONGEST = 80
#: What the reader says of an expression that goes on in the next line.
UNFINISHED = re.compile(r"too early|never closed|end of")
ASSIGNING = frozenset({"<-", "->", "="})
CONTROL = frozenset({"for", "if", "while"})
#: Heads of expressions that nobody writes alone on a line to see their value.
NOT_ALONE = frozenset({"~", ":", "function", "&", "|", "&&", "||", "!", "?"})
IDENTIFIER = re.compile(r"[A-Za-z.][\w.]*")
KEYWORDS = CONTROL | {"function", "repeat", "break", "next"}
#: Functions that a page may call besides those that are translated.
OTHERS = frozenset({"install.packages", "library", "require", "setwd", "ggplot"})
#: A line of Python that no R could be, in a text in which both are.
PYTHON = re.compile(r"^\s*(import \w|from [\w.]+ import )", re.MULTILINE)
#: A printed call, which no one wrote to be run.
PRINTED = re.compile(r"^\s*Call:\s*$")


def stretches(text: str) -> Iterator[Piece]:
    r"""The stretches of R code in a text, each with the comments right before it.

    Parameters
    ----------
    text : str
        The text.

    Yields
    ------
    Piece
        Statements that follow each other with nothing but comments and blank lines between.

    Examples
    --------
    >>> text = "We fit a model.\nm <- lm(y ~ x)\nsummary(m)\n## Call:\nIt fits well.\nm\n"
    >>> [(piece.line, piece.text) for piece in stretches(text)]
    [(2, 'm <- lm(y ~ x)\nsummary(m)\n'), (6, 'm\n')]
    """
    lines = text.split("\n")
    start, end = None, 0
    for first, last in _statements(lines, mixed=PYTHON.search(text) is not None):
        begin = _with_comments(lines, first, end)
        if start is not None and begin > end and any(line.strip() for line in lines[end:begin]):
            yield _piece(lines, start, end)
            start = None
        start = begin if start is None else start
        end = last
    if start is not None:
        yield _piece(lines, start, end)


def _piece(lines: Sequence[str], start: int, end: int) -> Piece:
    return Piece("".join(f"{line}\n" for line in lines[start:end]), start + 1)


def _with_comments(lines: Sequence[str], first: int, floor: int) -> int:
    """The first of the comment lines right before a statement."""
    while first > floor and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return first


def _statements(lines: Sequence[str], *, mixed: bool) -> Iterator[tuple[int, int]]:
    """First line and end of each statement of R."""
    known: set[str] = set()
    place = 0
    while place < len(lines):
        read = _read(lines, place, mixed=mixed)
        if read is None or not all(_is_statement(node, known, mixed=mixed) for node in read[1]):
            place += 1
            continue
        known |= {name for node in read[1] for name in _assigned(node)}
        yield place, read[0]
        place = read[0]


def _read(lines: Sequence[str], place: int, *, mixed: bool) -> tuple[int, tuple[Node, ...]] | None:
    """The end of the statement that begins on a line, and what it is; None where none does.

    Where there is Python too, what is indented is the inside of something.
    """
    if not lines[place].strip() or lines[place].lstrip().startswith("#"):
        return None
    if mixed and lines[place][0].isspace():
        return None
    if place and PRINTED.match(lines[place - 1]):
        return None
    for end in range(place + 1, min(place + LONGEST, len(lines)) + 1):
        try:
            nodes = parse("\n".join(lines[place:end]))
        except FormulaError as error:
            if not UNFINISHED.search(str(error)):
                return None
            continue
        return (end, nodes) if nodes else None
    return None


def _is_statement(node: Node, known: set[str], *, mixed: bool) -> bool:
    """Whether an expression of R is one that somebody wrote to be run, and is no Python.

    In a text that has Python too, ``=`` does not assign, and a call of an unknown name with a point is a method's.
    """
    if isinstance(node, Name):
        return node.name in known
    sign = operator(node)
    if not isinstance(node, Call) or sign in NOT_ALONE or (mixed and _is_python(node, known)):
        return False
    if sign in ASSIGNING or sign in CONTROL:
        return True
    return bool(known & set(names(node))) or any(_is_function(name) for name in _functions(node))


def _is_python(node: Call, known: set[str]) -> bool:
    unknown = (name for name in _functions(node) if name not in known and not _is_function(name))
    if operator(node) == "print" and len(operands(node)) > 1 and not any(one.name for one in node.arguments):
        return True
    return operator(node) == "=" or any("." in name.strip(".") for name in unknown)


def _is_function(name: str) -> bool:
    """Whether the translator knows a function of R by this name."""
    return bool(find(name)) or name in OTHERS


def _functions(node: Node) -> Iterator[str]:
    """Names of the functions that an expression calls, operators left out."""
    found = (function_name(one) for one in walk(node) if isinstance(one, Call))
    return (name for name in found if name is not None and IDENTIFIER.fullmatch(name) and name not in KEYWORDS)


def _assigned(node: Node) -> Iterator[str]:
    if operator(node) in ASSIGNING:
        left, right = operands(node)
        target = right if operator(node) == "->" else left
        if isinstance(target, Name):
            yield target.name
