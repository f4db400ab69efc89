"""R expressions as text over several lines, broken where R's ``deparse`` breaks them.

R breaks a line after an operator that has blanks around it, or after the comma between two arguments, once the line is
longer than 60 bytes; what follows a first break is indented until the call that it belongs to ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmebridge.rsyntax import Call, Name, deparse, is_syntactic, operands, operator, parse_expression

if TYPE_CHECKING:
    from lmebridge.rsyntax import Argument, Node

#: ``deparse(width.cutoff=)``'s default, bytes.
CUTOFF = 60
#: Binary operators written with blanks, after which a line may end.
_SPACED = frozenset({"+", "-", "*", "~", "|", "||", "&", "&&", "==", "!=", "<", ">", "<=", ">="})
#: Binary operators written without.
_TIGHT = frozenset({"/", "^", ":", "%%", "%/%"})
_PREFIX = frozenset({"+", "-", "!", "~"})
_SUBSET = frozenset({"[", "[["})


def deparse_lines(text: str, cutoff: int = CUTOFF) -> list[str]:
    """An R expression as the lines that R's ``deparse`` gives.

    Parameters
    ----------
    text : str
        One R expression.
    cutoff : int
        Bytes after which a line is broken at the next place where it may be.

    Returns
    -------
    list of str
        Lines; all but the last end in a blank, as R's do.

    Raises
    ------
    FormulaError
        If the text is not one R expression.

    References
    ----------
    R's help page of ``deparse``; checked against R 4.2.2.

    Examples
    --------
    >>> deparse_lines("weight~Time+(1|Chick)")
    ['weight ~ Time + (1 | Chick)']
    """
    writer = _Writer(cutoff)
    _write(parse_expression(text), writer)
    return [*writer.lines, writer.current]


def abbreviated(text: str, cutoff: int = CUTOFF) -> str:
    """The first line of an expression, with dots where there is more.

    Examples
    --------
    >>> abbreviated("d")
    'd'
    """
    first, *rest = deparse_lines(text, cutoff)
    return f"{first} ..." if rest else first


@dataclass
class _Writer:
    """The lines written so far, the line being written, and how deep it is indented."""

    cutoff: int
    lines: list[str] = field(default_factory=list)
    current: str = ""
    indent: int = 0

    def write(self, text: str) -> None:
        if not self.current:
            self.current = "    " * min(self.indent, 4) + "  " * max(0, self.indent - 4)
        self.current += text

    def may_break(self, *, indented: bool) -> bool:
        """Break the line if it is long; tells whether the expression being written is indented by now."""
        if len(self.current.encode()) <= self.cutoff:
            return indented
        self.indent += not indented
        self.lines.append(self.current)
        self.current = ""
        return True


def _write(node: Node, writer: _Writer) -> None:
    symbol, values = operator(node), operands(node)
    if _is_binary(node):
        _write_binary(node, writer)
    elif symbol in _PREFIX and len(values) == 1:
        writer.write(symbol)
        _write(values[0], writer)
    elif symbol == "(":
        _write_enclosed("(", node, ")", writer)
    elif symbol in _SUBSET and isinstance(node, Call):
        _write(values[0], writer)
        _write_enclosed(symbol, Call(node.function, node.arguments[1:]), "]" * len(symbol), writer)
    elif isinstance(node, Call) and _is_plain(node):
        _write_enclosed(f"{deparse(node.function)}(", node, ")", writer)
    else:
        writer.write(deparse(node))


def _is_binary(node: Node) -> bool:
    symbol = operator(node) or ""
    return len(operands(node)) == 2 and (symbol in _TIGHT or _is_spaced(symbol))


def _is_spaced(symbol: str) -> bool:
    return symbol in _SPACED or (len(symbol) > 1 and symbol[0] == symbol[-1] == "%")


def _write_binary(node: Node, writer: _Writer) -> None:
    """A chain of operators; a loop over its left side, for a sum may have a thousand terms."""
    chain = []
    while _is_binary(node):
        chain.append((operator(node) or "", operands(node)[1]))
        node = operands(node)[0]
    _write(node, writer)
    for symbol, right in reversed(chain):
        writer.write(symbol if symbol in _TIGHT else f" {symbol} ")
        indented = symbol not in _TIGHT and writer.may_break(indented=False)
        _write(right, writer)
        writer.indent -= indented


def _is_plain(node: Call) -> bool:
    """Whether a call is written as a name, perhaps with its package, and arguments in parentheses."""
    return is_syntactic(operator(node) or "") or operator(node.function) in {"::", ":::"}


def _write_enclosed(opening: str, node: Node, closing: str, writer: _Writer) -> None:
    """A call's arguments between brackets; a line may end after each comma."""
    writer.write(opening)
    indented = False
    for position, argument in enumerate(node.arguments if isinstance(node, Call) else ()):
        if position:
            writer.write(", ")
            indented = writer.may_break(indented=indented)
        _write_argument(argument, writer)
    writer.indent -= indented
    writer.write(closing)


def _write_argument(argument: Argument, writer: _Writer) -> None:
    if argument.name is not None:
        writer.write(f"{deparse(Name(argument.name))} = ")
    if argument.value is not None:
        _write(argument.value, writer)
