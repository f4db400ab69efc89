"""Statements laid out over lines as ruff's formatter does."""

from __future__ import annotations

import ast

from lmebridge.migrate.doc import SOFT, WIDTH, Doc, Group, Indent, bracketed, comma_separated, rendered
from lmebridge.migrate.expressions import ATOM, BINARY, COMPARE, COMPARISONS, Expressions, flat, is_fluent, level


class Layout:
    """Lays out lines at one indentation."""

    def __init__(self, indent: int) -> None:
        self.columns = 4 * indent

    def line(self, head: str, node: ast.expr | None, tail: str = "") -> list[str]:
        """The lines of a statement: what comes before an expression, the expression, what comes after."""
        start = " " * self.columns + head
        if node is None:
            return [start + tail]
        whole = start + flat(node) + tail
        if len(whole) <= WIDTH:
            return [whole]
        return self._broken(head, node, tail)

    def _broken(self, head: str, node: ast.expr, tail: str) -> list[str]:
        document = Expressions().document(node)
        if _never_parenthesized(node):
            return self._rendered((head, document, tail))
        content = len(flat(node))
        parenthesized = self._rendered((head, "(", Indent((SOFT, document)), SOFT, ")", tail))
        if isinstance(node, (ast.Constant, ast.Name, ast.JoinedStr)):
            return parenthesized if self.columns + 4 + content <= WIDTH else self._rendered((head, document, tail))
        if not _can_omit(node):
            return parenthesized
        flat_operators = self._rendered((head, _unsplit(node), tail))
        if max(map(len, flat_operators)) > WIDTH and self.columns + 4 + content > WIDTH:
            flat_operators = self._rendered((head, _unsplit(node, anywhere=True), tail))
        return flat_operators if max(map(len, flat_operators)) <= WIDTH else parenthesized

    def _rendered(self, document: Doc) -> list[str]:
        first, *rest = rendered(document, self.columns)
        return [" " * self.columns + first, *rest]

    def flat(self, node: ast.expr) -> str:
        """An expression on one line."""
        return flat(node)

    def assignment(self, target: ast.expr, value: ast.expr) -> list[str]:
        """The lines of an assignment; a target that leaves no room on its line is broken itself."""
        head = f"{flat(target)} = "
        if self.columns + len(head) + 1 <= WIDTH:
            return self.line(head, value)
        return self._rendered((Expressions().document(target), " = ", Expressions().document(value)))

    def definition(self, node: ast.FunctionDef) -> list[str]:
        """The line that begins a function."""
        names = [argument.arg for argument in node.args.args]
        defaults = [None] * (len(names) - len(node.args.defaults)) + list(node.args.defaults)
        items: list[Doc] = [
            name if default is None else f"{name}={flat(default)}"
            for name, default in zip(names, defaults, strict=True)
        ]
        body = bracketed("(", Group(comma_separated(items)), ")") if items else "()"
        return self._rendered((f"def {node.name}", body, ":"))


def _never_parenthesized(node: ast.expr) -> bool:
    """Whether an expression has brackets of its own that it breaks at."""
    return level(node) == ATOM and not is_fluent(node) and not isinstance(node, (ast.Constant, ast.Name, ast.JoinedStr))


def _can_omit(node: ast.expr) -> bool:
    """Whether an expression of one operator can be broken in the brackets at its beginning or end instead."""
    if is_fluent(node) and level(node) == ATOM:
        return False
    if isinstance(node, ast.UnaryOp):
        return _has_brackets(node.operand)
    if isinstance(node, ast.BinOp):
        strength = level(node)
        loose = isinstance(node.left, ast.BinOp) and level(node.left) == strength
        ends = (_first_is_bracketed(node), _has_brackets(node.right))
        return not loose and any(ends)
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and (_has_brackets(node.comparators[0]) or level(node.left) < COMPARE)
    return False


def _first_is_bracketed(node: ast.BinOp) -> bool:
    return level(node.left) < level(node) or isinstance(node.left, (ast.List, ast.Dict))


def _has_brackets(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return bool(node.args or node.keywords)
    return isinstance(node, (ast.Subscript, ast.List, ast.Dict))


def _unsplit(node: ast.expr, *, anywhere: bool = False) -> Doc:
    """An operation whose last operand may break in its brackets (the first too, `anywhere`), not at the operator."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
        sign, strength = BINARY[type(node.op)]
        return (_operand(node.left, strength, first=not anywhere), f" {sign} ", _operand(node.right, strength + 1))
    if isinstance(node, ast.Compare):
        sign = COMPARISONS[type(node.ops[0])]
        right = _operand(node.comparators[0], COMPARE + 1)
        return (_operand(node.left, COMPARE + 1, first=not anywhere), f" {sign} ", right)
    return flat(node)


def _operand(node: ast.expr, strength: int, *, first: bool = False) -> Doc:
    """An operand on one line, unless it is in brackets, or ends with brackets and is the last."""
    if level(node) < strength or (not first and _has_brackets(node)):
        return Expressions(fluent=False).document(node, strength)
    return flat(node)
