"""Python statements as text: in the layout of ruff's formatter, with the comments and blank lines of the R program."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from lmebridge.migrate.layout import Layout
from lmebridge.rsyntax import tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.rsyntax import Node

INDENT = "    "


class Remark(ast.stmt):
    """A comment line, or a blank line where the text is empty."""

    _fields = ()

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def comment(text: str) -> str:
    """An R comment as a Python comment, as ruff's formatter spaces it.

    Examples
    --------
    >>> [comment(text) for text in ("#why", "## Part 1", "#' @param x", "####")]
    ['# why', '## Part 1', "#' @param x", '####']
    """
    text = text.rstrip().replace("\0", "")
    words = text.lstrip("#")
    if not words or words[0] in " :!'" or len(text) - len(words) > 1:
        return text
    return f"# {words}"


def remarks(source: str, start: int, end: int) -> list[Remark]:
    """Comments and blank lines in a stretch of R text that holds nothing else."""
    found: list[Remark] = []
    breaks = 0
    for token in tokenize(source[start:end]):
        if token.kind == "newline":
            breaks += 1
        elif token.kind == "comment":
            found += [Remark("")] if breaks > 1 else []
            found.append(Remark(comment(token.text)))
            breaks = 0
    return [*found, Remark("")] if breaks > 1 else found


def commented(source: str, block: Node, parts: Sequence[Node], place: int) -> list[Remark]:
    """Comments and blank lines before one statement of a block."""
    if len(parts) == 1 and parts[0] is block:
        return []
    start = parts[place - 1].span[1] if place else block.span[0] + 1
    end = parts[place].span[0]
    if not 0 <= start <= end <= len(source) or re.search(r"[^\s;#]", re.sub(r"#[^\n]*", "", source[start:end])):
        return []
    found = remarks(source, start, end)
    return found if place else [each for each in found if each.text]


def statement_lines(statement: ast.stmt, indent: int = 0) -> list[str]:
    """The lines of one statement."""
    return _Writer(indent).statement(statement)


def body_lines(statements: Sequence[ast.stmt], indent: int = 0) -> list[str]:
    """The lines of statements one after the other."""
    return [line for statement in statements for line in statement_lines(statement, indent)]


class _Writer:
    """Writes statements at one indentation."""

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self.layout = Layout(indent)

    def statement(self, node: ast.stmt) -> list[str]:
        if isinstance(node, Remark):
            return [INDENT * self.indent + node.text if node.text else ""]
        if isinstance(node, ast.If):
            return self._if(node, "if")
        if isinstance(node, ast.For):
            head = self.layout.line(f"for {self.layout.flat(node.target).strip('()')} in ", node.iter, ":")
            return [*head, *self._body(node.body)]
        if isinstance(node, ast.While):
            return [*self.layout.line("while ", node.test, ":"), *self._body(node.body)]
        if isinstance(node, ast.FunctionDef):
            return [*self.layout.definition(node), *self._body(node.body)]
        return self._simple(node)

    def _simple(self, node: ast.stmt) -> list[str]:
        if isinstance(node, ast.Assign):
            return self.layout.assignment(node.targets[0], node.value)
        if isinstance(node, ast.Assert):
            return self.layout.line("assert ", node.test)
        if isinstance(node, ast.Raise) and node.exc is not None:
            return self.layout.line("raise ", node.exc)
        if isinstance(node, ast.AugAssign):
            return self.layout.line(f"{self.layout.flat(node.target)} {_sign(node.op)}= ", node.value)
        if isinstance(node, ast.Expr):
            return self.layout.line("", node.value)
        if isinstance(node, ast.Return):
            return self.layout.line("return ", node.value) if node.value else self.layout.line("return", None)
        return [INDENT * self.indent + ast.unparse(node)]

    def _if(self, node: ast.If, word: str) -> list[str]:
        lines = [*self.layout.line(f"{word} ", node.test, ":"), *self._body(node.body)]
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            return lines + self._if(node.orelse[0], "elif")
        if node.orelse:
            lines += [f"{INDENT * self.indent}else:", *self._body(node.orelse)]
        return lines

    def _body(self, statements: list[ast.stmt]) -> list[str]:
        lines = body_lines(statements, self.indent + 1)
        if all(isinstance(each, Remark) for each in statements):
            lines.append(f"{INDENT * (self.indent + 1)}pass")
        return lines


def _sign(operator: ast.operator) -> str:
    return ast.unparse(ast.BinOp(ast.Name("a"), operator, ast.Name("b")))[2:-2]


def spaced(lines: Sequence[str], definitions: Sequence[tuple[int, int]]) -> tuple[list[str], list[int]]:
    """Lines with two blank lines around functions and never more than one elsewhere, and where each line went.

    Parameters
    ----------
    lines : sequence of str
        The lines of a program, without its imports.
    definitions : sequence of pair of int
        Where top-level functions begin and end, half-open.

    Returns
    -------
    tuple of list of str and list of int
        The lines, none of them blank at either end, and the new place of each old one.
    """
    starts = {_with_comments(lines, start) for start, _ in definitions}
    ends = {end for _, end in definitions}
    inside = {place for start, end in definitions for place in range(start, end)}
    found: list[str] = []
    moved: list[int] = []
    wanted = 0
    for place, line in enumerate(lines):
        wanted = max(wanted, 2) if place in starts or place in ends else wanted
        if not line and place not in inside:
            wanted = max(wanted, 1)
            moved.append(len(found))
            continue
        found += [""] * (wanted if found else 0)
        wanted = 0
        moved.append(len(found))
        found.append(line)
    return found, moved


def _with_comments(lines: Sequence[str], start: int) -> int:
    """Where a function begins with the comments right above it."""
    while start and lines[start - 1].startswith("#") and not lines[start - 1].startswith("# R:"):
        start -= 1
    return start
