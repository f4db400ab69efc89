"""R's own view of a program: text to syntax tree with source positions, and back as R's ``deparse`` prints it."""

from __future__ import annotations

from lmebridge.rsyntax.deparsing import deparse
from lmebridge.rsyntax.literals import is_syntactic, quote_name
from lmebridge.rsyntax.nodes import (
    FORMALS,
    NOWHERE,
    Argument,
    Call,
    Constant,
    Name,
    Node,
    Span,
    call,
    function_name,
    names,
    operands,
    operator,
    s_expression,
    unwrap,
    walk,
)
from lmebridge.rsyntax.parser import parse, parse_expression
from lmebridge.rsyntax.tokens import Token, tokenize

__all__ = [
    "FORMALS",
    "NOWHERE",
    "Argument",
    "Call",
    "Constant",
    "Name",
    "Node",
    "Span",
    "Token",
    "call",
    "deparse",
    "function_name",
    "is_syntactic",
    "names",
    "operands",
    "operator",
    "parse",
    "parse_expression",
    "quote_name",
    "s_expression",
    "tokenize",
    "unwrap",
    "walk",
]
