"""The syntax tree of R: constants, names and calls, each knowing where it was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Half-open range of character offsets into the text that was parsed, dimensionless.
Span = tuple[int, int]

#: The span of a node that was made by a program and not read from text.
NOWHERE: Span = (0, 0)

#: The head of the call that holds a function's formal arguments, as R keeps them in a pairlist.
FORMALS = "pairlist"


class Tree:
    """Equality and text of syntax trees, without recursion, so that a sum of a thousand terms is no problem.

    Two trees are equal when R would call them `identical`: spans and spelling do not count, types do (``1`` is not
    ``1L``).
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and tuple(_signature(self)) == tuple(_signature(other))

    def __hash__(self) -> int:
        return hash(tuple(_signature(self)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {s_expression(self)}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Constant(Tree):
    """A number, string, logical value, ``NULL`` or missing value.

    Attributes
    ----------
    value : float, int, complex, str, bool or None
        The value: `float` for R's doubles (``Inf`` and ``NaN`` too), `int` for ``1L``; None for what Python has no
        value for, which `text` tells apart: ``NULL``, ``NA``, ``NA_integer_``, ``NA_real_``, ``NA_character_``.
    text : str
        As it was written.
    span : Span
        Where it was written.
    """

    value: float | int | complex | str | bool | None
    text: str = ""
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Name(Tree):
    """A symbol, without the backticks it may have been written with."""

    name: str
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Argument(Tree):
    """One argument of a call; its value is None where nothing was written, as in ``x[1, ]``."""

    value: Node | None
    name: str | None = None
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Tree):
    """A call, which in R is all that is neither constant nor name: operators, parentheses, braces, `if`, `function`.

    Attributes
    ----------
    function : Constant, Name or Call
        What is called; ``Name("+")`` for ``a + b``, ``Name("(")`` for ``(a)``.
    arguments : tuple of Argument
        In the order written. Those of `function` are a call of ``pairlist``, the formal arguments, and the body.
    span : Span
        Where it was written.
    """

    function: Node
    arguments: tuple[Argument, ...] = field(default=())
    span: Span = NOWHERE


Node = Constant | Name | Call


def call(function: str, *values: Node, span: Span = NOWHERE) -> Call:
    """Call of a named function with positional arguments.

    Examples
    --------
    >>> call("+", Name("a"), Name("b"))
    <Call (+ a b)>
    """
    return Call(Name(function), tuple(Argument(value, None, value.span) for value in values), span)


def operator(node: Node) -> str | None:
    """Name of what a node calls: ``"+"`` for ``a + b``, ``"log"`` for ``log(x)``; None if it calls no name."""
    return node.function.name if isinstance(node, Call) and isinstance(node.function, Name) else None


def operands(node: Node) -> tuple[Node, ...]:
    """Values of a call's arguments, those not written left out; empty for what is no call."""
    if not isinstance(node, Call):
        return ()
    return tuple(argument.value for argument in node.arguments if argument.value is not None)


def function_name(node: Node) -> str | None:
    """Name of the function called, without its package: ``"poly"`` for ``poly(x)`` and for ``stats::poly(x)``."""
    if isinstance(node, Call) and operator(node.function) in {"::", ":::"}:
        node = Call(operands(node.function)[-1])
    return operator(node)


def unwrap(node: Node) -> Node:
    """The node inside any number of parentheses."""
    while operator(node) == "(" and len(operands(node)) == 1:
        node = operands(node)[0]
    return node


def walk(node: Node) -> Iterator[Node]:
    """The node and every node below it, in the order written, function names among them."""
    waiting: list[Node] = [node]
    while waiting:
        item = waiting.pop()
        yield item
        if isinstance(item, Call):
            waiting.extend(reversed((item.function, *operands(item))))


def names(node: Node) -> tuple[str, ...]:
    """Variables of an expression in the order of first appearance: R's ``all.vars``.

    Functions called are not variables, nor are the formal arguments of a `function`.

    References
    ----------
    R ``all.vars``.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> names(parse_expression("y ~ log(x) + (1 | g) + y"))
    ('y', 'x', 'g')
    """
    found: dict[str, None] = {}
    waiting: list[Node] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Name):
            found[item.name] = None
        elif operator(item) != FORMALS:
            waiting.extend(reversed(operands(item)))
    return tuple(found)


def s_expression(tree: Tree) -> str:
    """The tree in parentheses, functions first: ``(+ a (log x))``; a skipped argument is ``_``, a named one ``name=``.

    It tells apart what `deparse` may not, such as strings from names and integers from doubles.
    """
    out: list[str] = []
    waiting: list[Tree | str] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Call):
            arguments = [part for argument in item.arguments for part in (" ", argument)]
            waiting.extend(reversed(["(", item.function, *arguments, ")"]))
        elif isinstance(item, Argument):
            waiting.extend((item.value or "_", f"{item.name}=" if item.name is not None else ""))
        else:
            out.append(item if isinstance(item, str) else _leaf(item))
    return "".join(out)


def _leaf(leaf: Tree) -> str:
    """Text of a constant or a name in an s-expression."""
    if isinstance(leaf, Constant):
        return (leaf.text or "NULL") if leaf.value is None else repr(leaf.value)
    return leaf.name if isinstance(leaf, Name) else ""


def _signature(tree: Tree) -> Iterator[tuple[object, ...]]:
    """What makes trees equal, flat and in the order written."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Call):
            yield ("call", len(item.arguments))
            waiting.extend((*reversed(item.arguments), item.function))
        elif isinstance(item, Argument):
            yield ("argument", item.name, item.value is None)
            waiting.extend([item.value] if item.value is not None else [])
        elif isinstance(item, Name):
            yield ("name", item.name)
        elif isinstance(item, Constant):
            yield (type(item.value).__name__, _leaf(item))
