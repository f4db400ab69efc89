"""Text with places where lines may break, and its best layout for a width: Wadler's printer, as formatters use it.

References
----------
P. Wadler (2003), "A prettier printer", in The Fun of Programming.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

#: Columns of a line, as black and ruff have them.
WIDTH = 88
STEP = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A place where a line may break; else this text."""

    flat: str = ""


@dataclass(frozen=True, slots=True)
class Indent:
    """A document whose lines are indented by one step more."""

    body: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """A document on one line if it fits, else broken at every place of its own."""

    body: Doc


@dataclass(frozen=True, slots=True)
class IfBroken:
    """One document where the group around it is broken, another where it is not."""

    broken: Doc
    flat: Doc = ""


Doc = str | tuple["Doc", ...] | Line | Indent | Group | IfBroken

SOFT = Line("")
SPACE = Line(" ")


class _Command(NamedTuple):
    indent: int
    flat: bool
    doc: Doc


def rendered(doc: Doc, indent: int, width: int = WIDTH) -> list[str]:
    """The lines of a document that starts at an indentation of so many columns; the first line is not indented."""
    lines = [""]
    column = indent
    waiting = [_Command(indent, False, doc)]
    while waiting:
        command = waiting.pop()
        item = command.doc
        if isinstance(item, str):
            lines[-1] += item
            column += len(item)
        elif isinstance(item, Line) and not command.flat:
            lines.append(" " * command.indent)
            column = command.indent
        elif isinstance(item, Group):
            flat = command.flat or _fits(_Command(command.indent, True, item.body), waiting, width - column)
            waiting.append(_Command(command.indent, flat, item.body))
        else:
            waiting += _parts(command)
    return [line.rstrip() for line in lines]


def _parts(command: _Command) -> list[_Command]:
    """What a command consists of, the last first."""
    item = command.doc
    if isinstance(item, tuple):
        return [_Command(command.indent, command.flat, part) for part in reversed(item)]
    if isinstance(item, Indent):
        return [_Command(command.indent + STEP, command.flat, item.body)]
    if isinstance(item, IfBroken):
        return [_Command(command.indent, command.flat, item.flat if command.flat else item.broken)]
    if isinstance(item, Group):
        return [_Command(command.indent, command.flat, item.body)]
    return [_Command(command.indent, command.flat, item.flat if isinstance(item, Line) else item)]


def _fits(first: _Command, rest: list[_Command], room: int) -> bool:
    """Whether a document, and what follows it up to the next place where a line may break, fits."""
    waiting = [first]
    following = len(rest)
    while room >= 0:
        if not waiting:
            if not following:
                return True
            following -= 1
            waiting.append(rest[following])
        command = waiting.pop()
        if isinstance(command.doc, str):
            room -= len(command.doc)
        elif isinstance(command.doc, Line) and not command.flat:
            return True
        else:
            waiting += _parts(command)
    return False


def one_line(doc: Doc) -> str:
    """The document without any break."""
    found: list[str] = []
    waiting = [_Command(0, True, doc)]
    while waiting:
        command = waiting.pop()
        if isinstance(command.doc, str):
            found.append(command.doc)
        else:
            waiting += _parts(command)
    return "".join(found)


def bracketed(left: str, body: Doc, right: str) -> Doc:
    """Brackets whose content goes on lines of its own when it does not fit."""
    return Group((left, Indent((SOFT, body)), SOFT, right))


def comma_separated(items: list[Doc]) -> Doc:
    """Items with commas, one after the last when each is on its own line."""
    parts: list[Doc] = []
    for place, item in enumerate(items):
        parts += [",", SPACE, item] if place else [item]
    return (*parts, IfBroken(",")) if items else ""
