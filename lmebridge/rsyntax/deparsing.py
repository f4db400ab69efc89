"""Syntax trees to the text that R's ``deparse`` prints."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lmebridge.rsyntax.literals import format_constant, quote_name
from lmebridge.rsyntax.nodes import FORMALS, Argument, Call, Constant, Name, Node, operands, operator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Layout(Enum):
    """What a writer does that is not text."""

    NEWLINE = "newline"
    INDENT = "indent"
    DEDENT = "dedent"
    OPEN = "open brace"
    CLOSE = "close brace"


_Piece = str | Node | _Layout
_Pieces = list["_Piece"]


class _Style(NamedTuple):
    """How an operator is printed: R's precedence, spaces round it, side that binds first, how it is written."""

    precedence: int
    spaced: bool = True
    right_associative: bool = False
    kind: str = "binary"


_COMPARE, _SUM, _PERCENT, _SIGN, _SUBSET = 8, 9, 11, 13, 15
_STYLES = {
    "=": _Style(1, right_associative=True, kind="assignment"),
    "~": _Style(4),
    "!": _Style(7, kind="unary"),
    **dict.fromkeys(("<-", "<<-"), _Style(2, right_associative=True, kind="assignment")),
    **dict.fromkeys(("|", "||"), _Style(5)),
    **dict.fromkeys(("&", "&&"), _Style(6)),
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), _Style(_COMPARE)),
    **dict.fromkeys("+-", _Style(_SUM)),
    "*": _Style(10),
    "/": _Style(10, spaced=False),
    ":": _Style(12, spaced=False),
    **dict.fromkeys(("%%", "%/%"), _Style(_PERCENT, spaced=False)),
    "^": _Style(14, spaced=False, right_associative=True),
    **dict.fromkeys(("[", "[["), _Style(_SUBSET, kind="subset")),
    **dict.fromkeys(("$", "@"), _Style(_SUBSET, spaced=False, kind="dollar")),
    **dict.fromkeys(("::", ":::"), _Style(16, spaced=False)),
}
_USER_STYLE = _Style(_PERCENT)
_KEYWORDS = frozenset({"if", "for", "while", "repeat", "function"})
_DEEPEST_WIDE_INDENT = 4


def deparse(node: Node) -> str:
    """Text of an expression as R's ``deparse`` prints it, however long, on one line where it has no braces.

    Parameters
    ----------
    node : Constant, Name or Call
        A syntax tree; one put together by a program gets the parentheses it needs.

    Returns
    -------
    str
        R code that reads back as the same tree.

    References
    ----------
    R ``deparse`` (``src/main/deparse.c`` of R 4.2) with backticks where they are needed.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> deparse(parse_expression("y~log( x )+poly(z,2)+a*b+(1|'g')"))
    'y ~ log(x) + poly(z, 2) + a * b + (1 | "g")'
    """
    writer = _Writer()
    waiting: list[_Piece] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            writer.write(item)
        elif isinstance(item, _Layout):
            writer.lay_out(item)
        else:
            waiting.extend(reversed(_pieces(item, in_braces=writer.braces > 0)))
    return "".join(writer.text)


class _Writer:
    """Collects text with R's indentation."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.braces = 0
        self._indent = 0
        self._at_line_start = False

    def write(self, text: str) -> None:
        """Add text, indented where it begins a line."""
        if self._at_line_start:
            wide = min(self._indent, _DEEPEST_WIDE_INDENT)
            self.text.append("    " * wide + "  " * (self._indent - wide))
            self._at_line_start = False
        self.text.append(text)

    def lay_out(self, layout: _Layout) -> None:
        """Begin a line, or change the indentation."""
        if layout is _Layout.NEWLINE:
            self.text.append("\n")
            self._at_line_start = True
        else:
            self._indent += 1 if layout in {_Layout.INDENT, _Layout.OPEN} else -1
            self.braces += {_Layout.OPEN: 1, _Layout.CLOSE: -1}.get(layout, 0)


def _pieces(node: Node, *, in_braces: bool) -> _Pieces:
    """A node one level down: text and smaller nodes."""
    if isinstance(node, Constant):
        return [(node.text or "NULL") if node.value is None else format_constant(node.value)]
    if isinstance(node, Name):
        return [quote_name(node.name)]
    head = operator(node)
    values = operands(node)
    if head is None or (len(values) < len(node.arguments) and head not in {"[", "[["}):
        return _plain_call(node)
    if head == "if" and len(values) in {2, 3}:
        return _if(values, in_braces=in_braces)
    if head in _SHAPES:
        return _SHAPES[head](values) or _plain_call(node)
    return _operation(node, head, values) or _plain_call(node)


def _plain_call(node: Call) -> _Pieces:
    """``f(x, y = 2)``."""
    function: _Pieces = [node.function]
    if _needs_parentheses_to_be_called(node.function):
        function = ["(", node.function, ")"]
    return [*function, "(", *_arguments(node.arguments), ")"]


def _needs_parentheses_to_be_called(function: Node) -> bool:
    """Whether ``f`` in ``f(x)`` is an expression that would read differently without parentheses."""
    head = operator(function)
    if head is None:
        return isinstance(function, Call)
    style = _style(head)
    return head in _KEYWORDS or (style is not None and style.precedence < _SUBSET)


def _arguments(arguments: Sequence[Argument]) -> _Pieces:
    """Arguments separated by commas."""
    pieces: _Pieces = []
    for i, argument in enumerate(arguments):
        pieces += [", "] if i else []
        pieces += [f"{quote_name(argument.name)} = "] if argument.name is not None else []
        if argument.value is not None:
            bare_assignment = operator(argument.value) == "="
            pieces += ["(", argument.value, ")"] if bare_assignment else [argument.value]
    return pieces


def _formals(inputs: Node) -> _Pieces:
    """Formal arguments: ``x, y = 2``."""
    pieces: _Pieces = []
    for i, formal in enumerate(inputs.arguments if isinstance(inputs, Call) else ()):
        pieces += [", "] if i else []
        pieces.append(quote_name(formal.name or ""))
        pieces += [" = ", formal.value] if formal.value is not None else []
    return pieces


def _if(values: Sequence[Node], *, in_braces: bool) -> _Pieces:
    """``if``, which R prints on several lines inside braces."""
    condition, chosen, *other = values
    pieces: _Pieces = ["if (", condition, ") "]
    if not in_braces:
        return [*pieces, chosen, *(part for value in other for part in (" else ", value))]
    if operator(chosen) == "{":
        pieces.append(chosen)
    else:
        pieces += [_Layout.NEWLINE, _Layout.INDENT, chosen, _Layout.DEDENT]
    return [*pieces, *(part for value in other for part in (_Layout.NEWLINE, "else ", value))]


def _for(values: Sequence[Node]) -> _Pieces:
    return ["for (", values[0], " in ", values[1], ") ", values[2]] if len(values) == 3 else []


def _while(values: Sequence[Node]) -> _Pieces:
    return ["while (", values[0], ") ", values[1]] if len(values) == 2 else []


def _repeat(values: Sequence[Node]) -> _Pieces:
    return ["repeat ", values[0]] if len(values) == 1 else []


def _function(values: Sequence[Node]) -> _Pieces:
    if len(values) != 2 or operator(values[0]) != FORMALS:
        return []
    return ["function(", *_formals(values[0]), ") ", values[1]]


def _parenthesis(values: Sequence[Node]) -> _Pieces:
    return ["(", values[0], ")"] if len(values) == 1 else []


def _braces(values: Sequence[Node]) -> _Pieces:
    lines: _Pieces = []
    for value in values:
        lines += [value, _Layout.NEWLINE]
    return ["{", _Layout.OPEN, _Layout.NEWLINE, *lines, _Layout.CLOSE, "}"]


def _jump(word: str) -> Callable[[Sequence[Node]], _Pieces]:
    return lambda values: [] if values else [word]


_SHAPES: dict[str, Callable[[Sequence[Node]], _Pieces]] = {
    "for": _for,
    "while": _while,
    "repeat": _repeat,
    "function": _function,
    "(": _parenthesis,
    "{": _braces,
    "break": _jump("break"),
    "next": _jump("next"),
}


def _style(head: str | None) -> _Style | None:
    """How an operator is printed; None for what is printed as a call."""
    if head is None:
        return None
    is_user_operator = len(head) > 1 and head[0] == head[-1] == "%"
    return _STYLES.get(head) or (_USER_STYLE if is_user_operator else None)


def _operation(node: Call, head: str, values: Sequence[Node]) -> _Pieces:
    """An operator between or before its operands; empty where R prints a call instead."""
    style = _style(head)
    if style is None:
        return []
    if style.kind == "subset":
        return _subset(node, head, style) if values else []
    if any(argument.name is not None for argument in node.arguments):
        return []
    if len(values) == 1 and head in {"+", "-", "~", "!"}:
        unary = style._replace(precedence=_SIGN) if style.precedence == _SUM else style
        return [head, *_operand(unary, values[0], left=False)]
    if len(values) != 2 or style.kind == "unary":
        return []
    left, right = values
    sign = f" {head} " if style.spaced else head
    return [*_operand(style, left, left=True), sign, *_right_operand(style, right)]


def _right_operand(style: _Style, right: Node) -> _Pieces:
    """What stands on the right; R prints ``x$"y"`` as ``x$y``."""
    if style.kind == "dollar" and isinstance(right, Constant) and isinstance(right.value, str):
        return [right.value] if quote_name(right.value) == right.value else [right]
    return _operand(style, right, left=False)


def _subset(node: Call, head: str, style: _Style) -> _Pieces:
    """``x[i]`` or ``x[[i]]``."""
    first, *rest = node.arguments
    if first.value is None:
        return []
    return [*_operand(style, first.value, left=True), head, *_arguments(rest), "]" * len(head)]


def _operand(outer: _Style, node: Node, *, left: bool) -> _Pieces:
    """An operand, in parentheses where the tree would read differently without."""
    return ["(", node, ")"] if _needs_parentheses(outer, node, left=left) else [node]


def _needs_parentheses(outer: _Style, node: Node, *, left: bool) -> bool:
    """R's ``needsparens``: whether an operand binds less tightly than the operator beside it."""
    if operator(node) in _KEYWORDS:
        return left
    inner = _style(operator(node))
    if isinstance(node, Constant) and isinstance(node.value, complex):
        return outer.precedence > _SUM or (outer.precedence == _SUM and left == outer.right_associative)
    if inner is None:
        return False
    precedence = inner.precedence
    if len(operands(node)) == 1 and inner.kind != "subset":
        if not left:
            return False
        precedence = _SIGN if precedence == _SUM else precedence
    if outer.precedence == precedence == _COMPARE:
        return True
    return outer.precedence > precedence or (outer.precedence == precedence and left == outer.right_associative)
