"""R's operators: how tightly each binds, and on which side first."""

from __future__ import annotations

from typing import NamedTuple


class Binding(NamedTuple):
    """How tightly a binary operator binds, and the least its right operand must bind; dimensionless, looser is less."""

    level: int
    right: int


def _bindings(level: int, *symbols: str, right_associative: bool = False) -> dict[str, Binding]:
    """Operators of one level of precedence."""
    return dict.fromkeys(symbols, Binding(level, level if right_associative else level + 1))


HELP, EQUALS, LEFT_ASSIGN, TILDE, NOT, COMPARISON, SPECIAL, SIGN = 1, 2, 3, 5, 8, 9, 12, 14

#: Binary operators from ``gram.y``, loosest first; ``$ @ :: ( [`` bind tighter than all of these.
BINARY = {
    **_bindings(HELP, "?"),
    **_bindings(EQUALS, "=", right_associative=True),
    **_bindings(LEFT_ASSIGN, "<-", "<<-", ":=", right_associative=True),
    **_bindings(4, "->", "->>"),
    **_bindings(TILDE, "~"),
    **_bindings(6, "|", "||"),
    **_bindings(7, "&", "&&"),
    **_bindings(COMPARISON, "==", "!=", "<", ">", "<=", ">="),
    **_bindings(10, "+", "-"),
    **_bindings(11, "*", "/"),
    **_bindings(SPECIAL, "|>"),
    **_bindings(13, ":"),
    **_bindings(15, "^", "**", right_associative=True),
}

#: ``%any%``.
USER_OPERATOR = Binding(SPECIAL, SPECIAL + 1)

#: Prefix operators, each with the least that its operand must bind.
PREFIX = {"-": SIGN, "+": SIGN, "!": NOT, "~": TILDE + 1, "?": EQUALS}

#: What R's parser makes of operators that are only another spelling.
SPELLINGS = {"**": "^", "->": "<-", "->>": "<<-"}

#: R's own syntax, which cannot stand on the right of a pipe although it is a call.
NOT_PIPED = frozenset(BINARY) | {"if", "while", "repeat", "for", "function", "break", "next"} | set("({[!~?$@")
NOT_PIPED |= {"[[", "::", ":::"}
