"""Tokens to syntax trees: R's expression grammar by precedence climbing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.rsyntax.cursor import CLOSING, Cursor
from lmebridge.rsyntax.literals import CONSTANTS, number_value, string_value
from lmebridge.rsyntax.nodes import FORMALS, Argument, Call, Constant, Name, Node, call, operands, operator
from lmebridge.rsyntax.precedence import (
    BINARY,
    COMPARISON,
    EQUALS,
    HELP,
    LEFT_ASSIGN,
    NOT_PIPED,
    PREFIX,
    SPELLINGS,
    USER_OPERATOR,
    Binding,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.rsyntax.nodes import Span
    from lmebridge.rsyntax.tokens import Token


def parse(text: str, *, enclosed: bool = False) -> tuple[Node, ...]:
    """Syntax trees of the expressions of an R program.

    Parameters
    ----------
    text : str
        R code: any number of expressions, comments, empty lines.
    enclosed : bool, optional
        Whether newlines mean nothing, as where the text is the argument of a call.

    Returns
    -------
    tuple of Constant, Name or Call
        One tree an expression, as R's ``parse(text = )`` gives them.

    Raises
    ------
    FormulaError
        Where the text is not R.

    References
    ----------
    R's grammar, ``src/main/gram.y`` of R 4.2.

    Examples
    --------
    >>> parse("x <- 1; log(x)")
    (<Call (<- x 1.0)>, <Call (log x)>)
    """
    parser = _Parser(text, enclosed=enclosed)
    try:
        return parser.program()
    except RecursionError:
        raise parser.cursor.too_deep() from None


def parse_expression(text: str, *, enclosed: bool = False) -> Node:
    """Syntax tree of a text that holds exactly one R expression.

    Parameters
    ----------
    text : str
        R code.
    enclosed : bool, optional
        Whether newlines mean nothing, as where the text is the argument of a call.

    Returns
    -------
    Constant, Name or Call
        The tree.

    Raises
    ------
    FormulaError
        Where the text is not R, is empty, or holds more than one expression.

    Examples
    --------
    >>> parse_expression("a + b * c")
    <Call (+ a (* b c))>
    """
    expressions = parse(text, enclosed=enclosed)
    if not expressions:
        raise FormulaError.at(text, (len(text), len(text)), "an R expression is expected and there is none")
    if len(expressions) > 1:
        second = expressions[1].span
        raise FormulaError.at(text, second, "one expression is expected and a second one begins here")
    return expressions[0]


class _Parser:
    """Reads one text; the methods are the rules of the grammar."""

    def __init__(self, text: str, *, enclosed: bool = False) -> None:
        self.cursor = Cursor(text, enclosed=enclosed)
        self._placeholders: list[Span] = []

    def program(self) -> tuple[Node, ...]:
        """Expressions separated by newlines or single semicolons."""
        cursor = self.cursor
        expressions: list[Node] = []
        cursor.skip_newlines()
        while cursor.token.kind != "end":
            expressions.append(self._expression(HELP))
            if cursor.at(";"):
                cursor.next()
            elif cursor.token.kind not in {"newline", "end"}:
                cursor.fail()
            cursor.skip_newlines()
        if self._placeholders:
            problem = "the placeholder `_` can only be a named argument on the right of `|>`"
            raise cursor.error(problem, self._placeholders[0])
        return tuple(expressions)

    def _expression(self, minimum: int) -> Node:
        """An expression whose operators bind at least as tightly as `minimum`."""
        self.cursor.go_deeper()
        left = self._operand()
        while (binding := self._binding()) is not None and binding.level >= minimum:
            left = self._binary(left, binding)
        self.cursor.depth -= 1
        return left

    def _binding(self) -> Binding | None:
        """What the next token is as a binary operator."""
        token = self.cursor.token
        if token.kind != "operator":
            return None
        return USER_OPERATOR if token.text[0] == "%" else BINARY.get(token.text)

    def _binary(self, left: Node, binding: Binding) -> Node:
        sign = self.cursor.next()
        right = self._expression(binding.right)
        span = (left.span[0], right.span[1])
        if sign.text == "|>":
            return self._pipe(left, right, span)
        following = self._binding()
        if following is not None and binding.level == following.level == COMPARISON:
            raise self.cursor.error("comparisons cannot be chained", remedy="Write `a < b & b < c`.")
        if sign.text in {"->", "->>"}:
            left, right = right, left
        return call(SPELLINGS.get(sign.text, sign.text), left, right, span=span)

    def _pipe(self, left: Node, right: Node, span: Span) -> Node:
        """``x |> f(y)`` is ``f(x, y)``; ``x |> f(y = _)`` is ``f(y = x)``."""
        if not isinstance(right, Call) or operator(right) in NOT_PIPED:
            raise self.cursor.error("`|>` needs a function call on its right", right.span, "Write `x |> f()`.")
        for i, argument in enumerate(right.arguments):
            if argument.name is not None and argument.span in self._placeholders:
                self._placeholders.remove(argument.span)
                filled = Argument(left, argument.name, left.span)
                return Call(right.function, (*right.arguments[:i], filled, *right.arguments[i + 1 :]), span)
        return Call(right.function, (Argument(left, None, left.span), *right.arguments), span)

    def _operand(self) -> Node:
        """What stands between operators: a leaf, a bracket, a keyword's expression, or a prefix with its operand."""
        token = self.cursor.token
        if token.kind in {"number", "string", "constant", "name"}:
            return self._postfix(self._leaf(self.cursor.next()))
        if token.kind not in {"operator", "keyword"}:
            self.cursor.fail()
        if token.text in PREFIX:
            self.cursor.next()
            value = self._expression(PREFIX[token.text])
            return call(token.text, value, span=(token.span[0], value.span[1]))
        if token.text not in _RULES:
            self.cursor.fail()
        node = _RULES[token.text](self, self.cursor.next())
        return self._postfix(node) if token.text in {"(", "{", "break", "next"} else node

    def _leaf(self, token: Token) -> Constant | Name:
        if token.kind == "number":
            return Constant(number_value(token.text), token.text, token.span)
        if token.kind == "constant":
            return Constant(CONSTANTS[token.text], token.text, token.span)
        if token.kind == "string":
            return Constant(self._unquoted(token), token.text, token.span)
        return Name(self._unquoted(token) if token.text[0] == "`" else token.text, token.span)

    def _unquoted(self, token: Token) -> str:
        try:
            return string_value(token.text)
        except ValueError as problem:
            raise self.cursor.error(str(problem), token.span) from None

    def _postfix(self, node: Node) -> Node:
        """Everything that binds tighter than ``^``: ``a::b``, ``a$b``, ``a@b``, ``f(x)``, ``x[i]``, ``x[[i]]``."""
        cursor = self.cursor
        while cursor.at("(", "[", "[[", "$", "@", "::", ":::"):
            if cursor.at(*CLOSING):
                node = self._call(node, cursor.token)
                continue
            if cursor.at("::", ":::") and not _is_word(node):
                cursor.fail()
            sign = cursor.next()
            if cursor.token.kind not in {"name", "string"}:
                cursor.fail()
            part = self._leaf(cursor.next())
            node = call(sign.text, node, part, span=(node.span[0], part.span[1]))
        return node

    def _call(self, node: Node, bracket: Token) -> Node:
        """A call or an index whose function or object is read already."""
        arguments = self._arguments(bracket)
        span = (node.span[0], self.cursor.end)
        if bracket.text != "(":
            return Call(Name(bracket.text, bracket.span), (Argument(node, None, node.span), *arguments), span)
        if isinstance(node, Constant) and isinstance(node.value, str):
            node = Name(node.value, node.span)
        return Call(node, arguments, span)

    def _arguments(self, bracket: Token) -> tuple[Argument, ...]:
        self.cursor.open(bracket.text)
        arguments = [self._argument()]
        while self.cursor.at(","):
            self.cursor.next()
            arguments.append(self._argument())
        self.cursor.close()
        nothing = len(arguments) == 1 and arguments[0].value is None and arguments[0].name is None
        if nothing and bracket.text == "(":
            return ()
        return tuple(arguments)

    def _argument(self) -> Argument:
        """``value``, ``name = value``, ``name =`` or nothing."""
        cursor = self.cursor
        start, name = cursor.token, None
        if cursor.following.text == "=" and (start.kind in {"name", "string"} or start.text == "NULL"):
            name = start.text if start.kind == "constant" else _word(self._leaf(start))
            cursor.next()
            cursor.next()
        if cursor.at(",", ")", "]"):
            return Argument(None, name, (start.span[0], max(start.span[0], cursor.end)))
        value = self._value()
        return Argument(value, name, value.span)

    def _value(self) -> Node:
        """An expression where ``=`` would not be an assignment."""
        value = self._expression(LEFT_ASSIGN)
        while self.cursor.at("?"):
            value = self._binary(value, BINARY["?"])
        return value

    # --- rules by their first token, which is read already

    def read_placeholder(self, token: Token) -> Node:
        self._placeholders.append(token.span)
        return Name(token.text, token.span)

    def read_parenthesis(self, token: Token) -> Node:
        self.cursor.brackets.append(token)
        value = self._expression(HELP)
        self.cursor.close()
        return call("(", value, span=(token.span[0], self.cursor.end))

    def read_braces(self, token: Token) -> Node:
        cursor = self.cursor
        cursor.brackets.append(token)
        expressions: list[Node] = []
        cursor.skip_separators()
        while not cursor.at("}"):
            expressions.append(self._expression(HELP))
            if not cursor.at("}", ";") and cursor.token.kind != "newline":
                cursor.fail()
            cursor.skip_separators()
        cursor.close()
        return call("{", *expressions, span=(token.span[0], cursor.end))

    def read_function(self, token: Token) -> Node:
        """``function(x, y = 2) body``, or a backslash for the word."""
        bracket = self.cursor.token
        if not self.cursor.at("("):
            self.cursor.fail()
        formals = tuple(self._formal(argument) for argument in self._arguments(bracket))
        inputs = Call(Name(FORMALS), formals, (bracket.span[0], self.cursor.end))
        self.cursor.skip_newlines()
        return self._with_body("function", token, inputs)

    def _formal(self, argument: Argument) -> Argument:
        """A formal argument: a name, with or without a default."""
        if argument.name is not None and argument.value is not None:
            return argument
        if argument.name is None and isinstance(argument.value, Name):
            return Argument(None, argument.value.name, argument.span)
        raise self.cursor.error("a function's argument is a name, or a name with a default", argument.span)

    def _condition(self) -> Node:
        self.cursor.open("(")
        value = self._value()
        self.cursor.close()
        self.cursor.skip_newlines()
        return value

    def read_if(self, token: Token) -> Node:
        conditional = self._with_body("if", token, self._condition())
        if not self.cursor.at("else"):
            return conditional
        self.cursor.next()
        return self._with_body("if", token, *operands(conditional))

    def read_for(self, token: Token) -> Node:
        cursor = self.cursor
        cursor.open("(")
        if cursor.token.kind != "name":
            cursor.fail()
        variable = self._leaf(cursor.next())
        cursor.expect("in")
        values = self._value()
        cursor.close()
        cursor.skip_newlines()
        return self._with_body("for", token, variable, values)

    def read_while(self, token: Token) -> Node:
        return self._with_body("while", token, self._condition())

    def read_repeat(self, token: Token) -> Node:
        return self._with_body("repeat", token)

    def _with_body(self, keyword: str, token: Token, *parts: Node) -> Node:
        """The call of a keyword with these parts and the expression that follows."""
        body = self._expression(EQUALS)
        return call(keyword, *parts, body, span=(token.span[0], body.span[1]))

    def read_jump(self, token: Token) -> Node:
        return Call(Name(token.text, token.span), (), token.span)


def _is_word(node: Node) -> bool:
    """Whether a node can stand on the left of ``::``."""
    return isinstance(node, Name) or (isinstance(node, Constant) and isinstance(node.value, str))


def _word(leaf: Constant | Name) -> str:
    """The text of a name or a string."""
    return leaf.name if isinstance(leaf, Name) else str(leaf.value)


_RULES: dict[str, Callable[[_Parser, Token], Node]] = {
    "(": _Parser.read_parenthesis,
    "{": _Parser.read_braces,
    "function": _Parser.read_function,
    "\\": _Parser.read_function,
    "if": _Parser.read_if,
    "for": _Parser.read_for,
    "while": _Parser.read_while,
    "repeat": _Parser.read_repeat,
    "break": _Parser.read_jump,
    "next": _Parser.read_jump,
    "_": _Parser.read_placeholder,
}
