"""Translation of a whole R script."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmebridge.migrate.collecting import fillings, lengthened
from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.control_flow import run
from lmebridge.migrate.doc import WIDTH
from lmebridge.migrate.errors import MigrationError
from lmebridge.migrate.imports import import_lines
from lmebridge.migrate.naming import MODULES, Naming, assigned, columns_seen, counters, modified, numbers_read
from lmebridge.migrate.number_text import ROUND_NUMBERS, UNKNOWN_NUMBERS
from lmebridge.migrate.python_text import Remark, comment, remarks, spaced, statement_lines
from lmebridge.migrate.quoting import Unprintable
from lmebridge.migrate.rounding import TIES
from lmebridge.migrate.scope import Scope, Session
from lmebridge.migrate.showing import shown
from lmebridge.migrate.sources import Sources, with_sources
from lmebridge.migrate.statements import Piece, Top, line_of, syntax_error, tops_of
from lmebridge.migrate.values import Untranslated, Value
from lmebridge.rsyntax import tokenize

if TYPE_CHECKING:
    from pathlib import Path


#: How the reason begins when a translator failed on what it should have refused.
INTERNAL = "the translator has no answer to this form"
#: Notes on how numbers are written: the first place of a script tells it of all, the list of notes has every line.
SAID_ONCE = frozenset({ROUND_NUMBERS, TIES, UNKNOWN_NUMBERS})


@dataclass(frozen=True)
class Leftover:
    """An R statement that was not translated.

    Attributes
    ----------
    line : int
        The line of the document, from 1, where what has no translation begins.
    code : str
        The whole statement's source.
    reason : str
        Why, one clause.
    title : str
        The file it is in.
    """

    line: int
    code: str
    reason: str
    title: str = ""

    def __str__(self) -> str:
        first = self.code.splitlines()[0] if self.code else ""
        return f"{self.title or 'line'}{':' if self.title else ' '}{self.line}: {self.reason}\n    {first}"


@dataclass(frozen=True)
class Statement:
    """Where one top-level R statement went.

    Attributes
    ----------
    line, end_line : int
        Its lines in the R document, from 1.
    python_line, python_end_line : int
        The lines it became, from 1; both 0 when it left nothing.
    left : bool
        Whether it stayed as a comment.
    """

    line: int
    end_line: int
    python_line: int
    python_end_line: int
    left: bool = False


@dataclass(frozen=True)
class Note:
    """What a comment in the translated script says about a quiet difference."""

    line: int
    text: str


@dataclass(frozen=True)
class Translation:
    """A translated script.

    Attributes
    ----------
    python : str
        The Python script.
    leftovers : tuple of Leftover
        R statements that stayed as comments.
    notes : tuple of Note
        Quiet differences between R and Python that the script carries notes about.
    statements : tuple of Statement
        Where each top-level statement went.
    name : str
        The R document's name.
    """

    python: str
    leftovers: tuple[Leftover, ...] = ()
    notes: tuple[Note, ...] = ()
    statements: tuple[Statement, ...] = ()
    name: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything was translated."""
        return not self.leftovers


@dataclass
class _Output:
    """What has been written of one script."""

    lines: list[str] = field(default_factory=list)
    code: list[ast.stmt] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    places: list[tuple[int, int, int, int, bool]] = field(default_factory=list)
    definitions: list[tuple[int, int]] = field(default_factory=list)
    sources: Sources = field(default_factory=dict)


#: Lines that Python has and R has not.
_PYTHON = re.compile(r"^(import \w+|from \w[\w.]* import |def \w+\(.*:$)", re.MULTILINE)
#: A comment at the end of a statement's line.
_BESIDE = re.compile(r"[ \t]*;?[ \t]*(#[^\n]*)")


def translate(text: str, *, name: str = "script.R", folder: Path | None = None) -> Translation:
    """Translate an R script, or the R code of a document, to Python.

    Parameters
    ----------
    text : str
        The document.
    name : str
        Its file name, which says what kind of document it is.
    folder : Path, optional
        Where scripts that it sources are looked for.

    Returns
    -------
    Translation
        The Python text, what was left, and notes on quiet differences.

    Raises
    ------
    MigrationError
        When the text is no R at all.
    """
    from lmebridge.migrate.documents import pieces

    found = pieces(text, name)
    if len(found) == 1 and found[0].text == text and not found[0].problem:
        _check_syntax(text, name)
    if all(piece.problem for piece in found):
        raise MigrationError(f"{name} has no R code: R is looked for in chunks, cells and blocks of code")
    return translate_pieces(found, name=name, folder=folder)


def _check_syntax(text: str, name: str) -> None:
    """Refuse a script that R cannot read either."""
    problem = syntax_error(text)
    if problem is not None:
        line, column, words = problem
        guess = " (it reads like Python)" if _PYTHON.search(text) else ""
        place = f"{name}, line {line}, column {column}"
        raise MigrationError(f"{place}: {words}. R cannot read this script either{guess}: mend this place first")


def translate_pieces(found: list[Piece], *, name: str = "script.R", folder: Path | None = None) -> Translation:
    """Translate stretches of R code that are one program."""
    read = [(piece, tops_of(piece)) for piece in found]
    sources = with_sources([top for _, each in read for top in each], folder)
    every = [top for _, each in [*read, *sources.values()] for top in each]
    scope = Scope(_session(every))
    scope.session.folder = folder
    output = _Output(sources=sources)
    for piece, each in read:
        _translate_piece(scope, piece, each, output)
    return _finished(output, name)


def _session(every: list[Top]) -> Session:
    nodes = [top.node for top in every if top.node is not None]
    naming = Naming()
    for name in assigned(nodes):
        naming.python(name)
    handle = naming.unused("d", "data", "frame")
    session = Session(naming, modified(nodes), columns_seen(nodes), handle=handle, numbers_read=numbers_read(nodes))
    session.fillings, session.lengthened = fillings(nodes), lengthened(nodes)
    session.modified |= session.lengthened
    session.counters = counters(nodes)
    return session


def _translate_piece(scope: Scope, piece: Piece, each: list[Top], output: _Output) -> None:
    scope.session.source_text = piece.text
    position = 0
    if output.lines:
        output.lines.append("")
    for top in each:
        _write(output, _before(piece.text, position, top.start))
        beside = _BESIDE.match(piece.text, top.end)
        taken = _translate_top(scope, piece, top, output, comment(beside[1]) if beside else "")
        position = beside.end() if beside and taken else top.end
    _write(output, _before(piece.text, position, len(piece.text)))


def _before(text: str, start: int, end: int) -> list[Remark]:
    """Comments and blank lines between two statements."""
    return remarks(text, start, end)


def _translate_top(scope: Scope, piece: Piece, top: Top, output: _Output, beside: str) -> bool:
    """Translate one statement and write it; whether the comment at the end of its line is written too."""
    line = piece.line + line_of(piece.text, top.start) - 1
    end_line = piece.line + line_of(piece.text, top.end) - 1
    first = len(output.lines)
    if id(top.node) in output.sources:
        _include(scope, piece, top, output)
        output.places.append((line, end_line, first, len(output.lines), False))
        return False
    reason, where = (top.problem, None) if top.problem else _attempt(scope, top, output, line, beside)
    if reason:
        place = top.start if where is None or not top.start <= where < top.end else where
        left_line = piece.line + line_of(piece.text, place) - 1
        output.leftovers.append(Leftover(left_line, top.source, reason, piece.title))
        for each in top.source.splitlines():
            output.lines.append(comment(f"# R: {each}"))
    output.places.append((line, end_line, first, len(output.lines), bool(reason)))
    return not reason and len(output.lines) > first


def _include(scope: Scope, piece: Piece, top: Top, output: _Output) -> None:
    """Put a script that is sourced in the place of the call that does."""
    other, tops_there = output.sources[id(top.node)]
    places = list(output.places)
    output.lines.append(f"# From {other.title}:")
    _translate_piece(scope, other, tops_there, output)
    output.places = places
    scope.session.source_text = piece.text


def _attempt(scope: Scope, top: Top, output: _Output, line: int, beside: str) -> tuple[str, int | None]:
    """Translate one statement and write it; the reason and the place where that is not possible."""
    if top.node is None:
        return top.problem, None
    before = dict(scope.symbols), dict(scope.lost), scope.target
    scope.body, scope.session.notes, scope.session.depth = [], [], 0
    try:
        value = kept_truth(scope, top.node, run(scope, top.node))
        _show(scope, value)
        lines = [each for statement in scope.body for each in statement_lines(statement)]
    except Exception as error:  # noqa: BLE001 - whatever a translator stumbles over is a leftover, never a crash
        scope.symbols, scope.lost, scope.target = before
        known = error.known if isinstance(error, Untranslated) else {}
        for name in assigned([top.node]):
            scope.lose(name, f"is made by line {line}, which was not translated")
        for name, value in known.items():
            scope.define(name, value)
        span = getattr(error, "span", None)
        return _reason(error), None if span is None else span[0]
    said = SAID_ONCE & {note.text for note in output.notes}
    output.notes += [Note(line, note) for note in scope.session.notes]
    lines = _with_comments(lines, top.source, [note for note in scope.session.notes if note not in said], beside)
    if any(isinstance(statement, ast.FunctionDef) for statement in scope.body):
        output.definitions.append((len(output.lines), len(output.lines) + len(lines)))
    output.lines += lines
    output.code += scope.body
    return "", None


def _with_comments(lines: list[str], source: str, notes: list[str], beside: str) -> list[str]:
    """A statement's lines with its comments: those within it, which stand before it, and the one beside it."""
    written = {line.strip() for line in lines}
    within = [comment(token.text) for token in tokenize(source) if token.kind == "comment"] if "#" in source else []
    before = [each for each in within if each not in written]
    if beside and len(lines) == 1 and len(lines[0]) + len(beside) + 2 <= WIDTH:
        lines = [f"{lines[0]}  {beside}"]
    elif beside and lines:
        before.append(beside)
    return [*before, *(f"# Note: {note}." for note in notes), *lines]


def _reason(error: Exception) -> str:
    """Why a statement was not translated."""
    if isinstance(error, Untranslated | Unprintable):
        return str(error)
    if isinstance(error, RecursionError):
        return "the expression is nested too deeply"
    return f"{INTERNAL}: {type(error).__name__}"


def _show(scope: Scope, value: Value) -> None:
    """Write what R shows of a top-level value."""
    if value.source == "nothing":
        return
    if not value.visible:
        if isinstance(value.code, ast.Call):
            scope.body.append(ast.Expr(value.code))
        return
    shown(scope, value)


def _write(output: _Output, found: list[Remark]) -> None:
    for each in found:
        output.lines += statement_lines(each)


def _finished(output: _Output, name: str) -> Translation:
    """The whole text: imports, then the statements."""
    head = import_lines(output.code)
    body, moved = spaced(output.lines, output.definitions)
    gap = [""] if head and body else []
    if gap and moved and output.definitions and body[: 1 + body.index(next(filter(None, body)))]:
        gap += [""] if _begins_with_definition(output) else []
    start = len(head) + len(gap)
    statements = tuple(_placed(place, moved, start) for place in output.places)
    shows = ["", "plt.show()"] if MODULES["plt"] in head else []
    full = [*head, *gap, *body, *shows]
    text = "\n".join(full) + "\n" if full else ""
    return Translation(text, tuple(output.leftovers), tuple(output.notes), statements, name)


def _begins_with_definition(output: _Output) -> bool:
    """Whether the first thing after the imports is a function, with the comments that belong to it."""
    first = output.definitions[0][0]
    return all(not line or line.startswith("#") for line in output.lines[:first]) and "" not in (
        _stripped(output.lines[:first])
    )


def _stripped(lines: list[str]) -> list[str]:
    while lines and not lines[0]:
        lines = lines[1:]
    return lines


def _placed(place: tuple[int, int, int, int, bool], moved: list[int], start: int) -> Statement:
    line, end_line, first, last, left = place
    if first == last:
        return Statement(line, end_line, 0, 0, left)
    return Statement(line, end_line, moved[first] + start + 1, moved[last - 1] + start + 1, left)


__all__ = ["Leftover", "Note", "Statement", "Translation", "translate", "translate_pieces"]
