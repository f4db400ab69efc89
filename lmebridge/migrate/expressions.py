"""Python expressions as documents with places to break, as ruff's formatter breaks them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.doc import (
    SOFT,
    SPACE,
    WIDTH,
    Doc,
    Group,
    IfBroken,
    Indent,
    bracketed,
    comma_separated,
    one_line,
)
from lmebridge.migrate.quoting import Unprintable, format_string, formula_pieces, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

#: The mark on a text that is a formula, which may go over several lines.
IS_FORMULA = "is_formula"

#: How tightly each expression binds, loosest first.
LAMBDA, TERNARY, OR, AND, NOT, COMPARE, BITOR, BITXOR, BITAND, SHIFT, SUM, TERM, SIGN, POWER, ATOM = range(15)

BINARY: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("-", SUM),
    ast.Mult: ("*", TERM),
    ast.Div: ("/", TERM),
    ast.FloorDiv: ("//", TERM),
    ast.Mod: ("%", TERM),
    ast.MatMult: ("@", TERM),
    ast.Pow: ("**", POWER),
    ast.BitOr: ("|", BITOR),
    ast.BitXor: ("^", BITXOR),
    ast.BitAnd: ("&", BITAND),
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}


def level(node: ast.expr) -> int:
    """How tightly an expression binds."""
    if isinstance(node, ast.BinOp):
        return BINARY[type(node.op)][1]
    if isinstance(node, ast.BoolOp):
        return AND if isinstance(node.op, ast.And) else OR
    if isinstance(node, ast.UnaryOp):
        return NOT if isinstance(node.op, ast.Not) else SIGN
    return {ast.Lambda: LAMBDA, ast.IfExp: TERNARY, ast.Compare: COMPARE}.get(type(node), ATOM)


def flat(node: ast.expr, quote: str = '"') -> str:
    """An expression on one line."""
    return one_line(Expressions(quote).document(node))


def is_fluent(node: ast.expr) -> bool:
    """Whether an expression is a chain of at least two methods on results, which goes one method a line."""
    return _links(node) >= 2


def _links(node: ast.expr) -> int:
    """Attributes of results of calls and subscripts in a chain."""
    count = 0
    while True:
        if isinstance(node, ast.Attribute):
            node = node.value
            count += isinstance(node, (ast.Call, ast.Subscript)) or level(node) < ATOM
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return count


class Expressions:
    """Makes documents of expressions.

    Attributes
    ----------
    quote : str
        What texts are put between.
    fluent : bool
        Whether chains of methods may go one method a line: only inside brackets.
    """

    def __init__(self, quote: str = '"', *, fluent: bool = True) -> None:
        self.quote = quote
        self.fluent = fluent

    @property
    def inside(self) -> Expressions:
        """The same for what stands inside brackets."""
        return self if self.fluent else Expressions(self.quote)

    def document(self, node: ast.expr, least: int = LAMBDA) -> Doc:
        """An expression, in parentheses where it binds less tightly than `least`."""
        made = self.bare(node)
        if level(node) < least:
            return bracketed("(", Group(self.inside.bare(node)), ")")
        return Group(made) if level(node) < ATOM else made

    def bare(self, node: ast.expr) -> Doc:
        """An expression without parentheses."""
        maker = _MAKERS.get(type(node))
        displays = (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.GeneratorExp)
        made = self.inside if isinstance(node, displays) else self
        return maker(made, node) if maker is not None else ast.unparse(node)

    # --- operators --------------------------------------------------------------------------------------------------

    def binary(self, node: ast.BinOp) -> Doc:
        """Operands of one strength, the operator before each but the first."""
        sign, strength = BINARY[type(node.op)]
        if sign == "**":
            return self._power(node)
        parts: list[Doc] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and level(left) == strength and not isinstance(left.op, ast.Pow):
            sign = BINARY[type(left.op)][0]
            parts = [SPACE, f"{sign} ", self.document(left.right, strength + 1), *parts]
            left = left.left
        return (self.document(left, strength), *parts)

    def _power(self, node: ast.BinOp) -> Doc:
        left, right = self.document(node.left, ATOM), self.document(node.right, SIGN)
        if not isinstance(node.left, ast.UnaryOp) and _hugs(node.left) and _hugs(node.right):
            return (left, "**", right)
        return (left, SPACE, "** ", right)

    def boolean(self, node: ast.BoolOp) -> Doc:
        """Operands of `and` or `or`."""
        word, strength = ("and", AND) if isinstance(node.op, ast.And) else ("or", OR)
        first, *others = node.values
        parts: list[Doc] = [self.document(first, strength + 1)]
        for other in others:
            parts += [SPACE, f"{word} ", self.document(other, strength + 1)]
        return tuple(parts)

    def compare(self, node: ast.Compare) -> Doc:
        """A chain of comparisons."""
        parts: list[Doc] = [self.document(node.left, COMPARE + 1)]
        for sign, right in zip(node.ops, node.comparators, strict=True):
            parts += [SPACE, f"{COMPARISONS[type(sign)]} ", self.document(right, COMPARE + 1)]
        return tuple(parts)

    def unary(self, node: ast.UnaryOp) -> Doc:
        """A sign or `not`."""
        if isinstance(node.op, ast.Not):
            return ("not ", self.document(node.operand, NOT))
        power = isinstance(node.operand, ast.BinOp) and isinstance(node.operand.op, ast.Pow)
        return (_UNARY[type(node.op)], self.document(node.operand, ATOM if power else SIGN))

    def ternary(self, node: ast.IfExp) -> Doc:
        """One of two values by a test."""
        yes, test, no = (self.document(part, OR) for part in (node.body, node.test, node.orelse))
        return (yes, SPACE, "if ", test, SPACE, "else ", self.document(node.orelse, TERNARY) if no else no)

    def function(self, node: ast.Lambda) -> Doc:
        """A lambda."""
        names = ast.unparse(node.args)
        return (f"lambda {names}: " if names else "lambda: ", self.expanding(node.body))

    def expanding(self, node: ast.expr) -> Doc:
        """An expression that gets parentheses when it has to be broken at its operators or methods."""
        if level(node) < ATOM or is_fluent(node):
            return Group((IfBroken("("), Indent((SOFT, self.document(node))), SOFT, IfBroken(")")))
        return self.document(node)

    # --- calls and parts --------------------------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Doc:
        """A call, at the end of its chain."""
        return self.chain(node)

    def chain(self, node: ast.expr) -> Doc:
        """Calls, subscripts and attributes one after the other."""
        fluent = self.fluent and is_fluent(node)
        parts: list[Doc] = []
        while True:
            if isinstance(node, ast.Call):
                parts = [self.inside.arguments(node), *parts]
                node = node.func
            elif isinstance(node, ast.Subscript):
                parts = [bracketed("[", self.inside.index(node.slice), "]"), *parts]
                node = node.value
            elif isinstance(node, ast.Attribute):
                breaks = fluent and (isinstance(node.value, (ast.Call, ast.Subscript)) or level(node.value) < ATOM)
                parts = [*([SOFT] if breaks else []), f".{node.attr}", *parts]
                node = node.value
            else:
                break
        start = self.document(node, ATOM)
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            start = ("(", start, ")") if parts and isinstance(parts[0], str) else start
        return Group((start, *parts)) if fluent else (start, *parts)

    def arguments(self, node: ast.Call) -> Doc:
        """The arguments of a call, in parentheses."""
        items = [
            self.document(item, TERNARY) if not isinstance(item, ast.Lambda) else self.document(item)
            for item in node.args
        ]
        items += [self._keyword(item) for item in node.keywords]
        if not items:
            return "()"
        if len(items) == 1:
            return bracketed("(", items[0], ")")
        return bracketed("(", Group(comma_separated(items)), ")")

    def _keyword(self, item: ast.keyword) -> Doc:
        value = self.document(item.value)
        return ("**", value) if item.arg is None else (f"{item.arg}=", value)

    def index(self, node: ast.expr) -> Doc:
        """What stands between brackets."""
        if isinstance(node, ast.Tuple) and len(node.elts) > 1:
            return Group(comma_separated([self.index(each) for each in node.elts]))
        if isinstance(node, ast.Slice):
            return self._slice(node)
        return self.document(node)

    def _slice(self, node: ast.Slice) -> str:
        bounds = [node.lower, node.upper, *([node.step] if node.step is not None else [])]
        simple = all(bound is None or _is_simple_bound(bound) for bound in bounds)
        texts = ["" if bound is None else one_line(self.document(bound)) for bound in bounds]
        if simple:
            return ":".join(texts)
        found = texts[0]
        for text in texts[1:]:
            found += f"{' ' if found and not found.endswith(':') else ''}:{' ' if text else ''}{text}"
        return found

    # --- displays ---------------------------------------------------------------------------------------------------

    def list_of(self, node: ast.List) -> Doc:
        """A list."""
        return self._display("[", [self.document(item) for item in node.elts], "]")

    def tuple_of(self, node: ast.Tuple) -> Doc:
        """A tuple in parentheses."""
        items = [self.document(item) for item in node.elts]
        return ("(", items[0], ",)") if len(items) == 1 else self._display("(", items, ")")

    def dictionary(self, node: ast.Dict) -> Doc:
        """A dict."""
        items: list[Doc] = []
        for key, value in zip(node.keys, node.values, strict=True):
            shown = self.document(value)
            items.append(("**", shown) if key is None else (self.document(key), ": ", shown))
        return self._display("{", items, "}")

    @staticmethod
    def _display(left: str, items: list[Doc], right: str) -> Doc:
        return (
            bracketed(left, comma_separated(items) if len(items) != 1 else items[0], right) if items else left + right
        )

    def list_comprehension(self, node: ast.ListComp) -> Doc:
        """A list comprehension."""
        return bracketed("[", (self.document(node.elt), *self._loops(node.generators)), "]")

    def generator(self, node: ast.GeneratorExp) -> Doc:
        """A generator in parentheses."""
        return bracketed("(", (self.document(node.elt), *self._loops(node.generators)), ")")

    def dict_comprehension(self, node: ast.DictComp) -> Doc:
        """A dict comprehension."""
        pair = (self.document(node.key), ": ", self.document(node.value))
        return bracketed("{", (pair, *self._loops(node.generators)), "}")

    def _loops(self, loops: list[ast.comprehension]) -> list[Doc]:
        found: list[Doc] = []
        for loop in loops:
            target = one_line(self.document(loop.target))
            found += [SPACE, f"for {target.strip('()')} in ", self.document(loop.iter, OR)]
            for test in loop.ifs:
                found += [SPACE, "if ", self.document(test, OR)]
        return found

    # --- leaves -----------------------------------------------------------------------------------------------------

    def constant(self, node: ast.Constant) -> Doc:
        """A constant."""
        spelled = getattr(node, "spelled", None)
        if spelled is not None:
            return str(spelled)
        if not isinstance(node.value, str):
            return repr(node.value)
        text = quoted(node.value, self.quote)
        if getattr(node, IS_FORMULA, False) and len(text) > WIDTH - 12:
            pieces = [quoted(piece, self.quote) for piece in formula_pieces(node.value)]
            broken: list[Doc] = []
            for place, piece in enumerate(pieces):
                broken += [SOFT, piece] if place else [piece]
            return Group(IfBroken(tuple(broken), text))
        return text

    def formatted(self, node: ast.JoinedStr) -> Doc:
        """An f-string."""
        if self.quote != '"':
            raise Unprintable("a text within a text within a text")
        return format_string(node, lambda inner: flat(inner, "'"))

    def starred(self, node: ast.Starred) -> Doc:
        """An argument that is several."""
        return ("*", self.document(node.value, BITOR))


def _hugs(node: ast.expr) -> bool:
    """Whether an operand of a power stands close to it."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant) or _hugs(node.operand)
    if isinstance(node, ast.Attribute):
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name)
    return isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and isinstance(node.value, (int, float)))


def _is_simple_bound(node: ast.expr) -> bool:
    """Whether a bound of a slice takes no blanks around the colon."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, (ast.Name, ast.Constant))


_MAKERS: dict[type[ast.expr], Callable[..., Doc]] = {
    ast.BinOp: Expressions.binary,
    ast.BoolOp: Expressions.boolean,
    ast.Compare: Expressions.compare,
    ast.UnaryOp: Expressions.unary,
    ast.IfExp: Expressions.ternary,
    ast.Lambda: Expressions.function,
    ast.Call: Expressions.call,
    ast.Subscript: Expressions.chain,
    ast.Attribute: Expressions.chain,
    ast.List: Expressions.list_of,
    ast.Tuple: Expressions.tuple_of,
    ast.Dict: Expressions.dictionary,
    ast.ListComp: Expressions.list_comprehension,
    ast.GeneratorExp: Expressions.generator,
    ast.DictComp: Expressions.dict_comprehension,
    ast.Constant: Expressions.constant,
    ast.JoinedStr: Expressions.formatted,
    ast.Starred: Expressions.starred,
}
