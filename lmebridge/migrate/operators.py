"""R's operators: arithmetic, comparison, logic, ranges, pipes."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

from lmebridge.migrate.number_text import beside, factor_text, is_digits
from lmebridge.migrate.registry import translates
from lmebridge.migrate.rounding import note_roots
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, literal, py
from lmebridge.rsyntax import Argument, Call, Name, Node, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

_ARITHMETIC: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "^": ast.Pow,
    "%%": ast.Mod,
    "%/%": ast.FloorDiv,
}
COMPARISONS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
#: Kinds that arithmetic has no meaning for.
_NO_NUMBERS = frozenset(
    {Kind.NULL, Kind.MAPPING, Kind.FORMULA, Kind.FIT, Kind.LMFIT, Kind.RANEF, Kind.VARCORR, Kind.SUMMARY, Kind.FUNCTION}
)


@translates("+ - * / ^ %% %/%", "e1, e2", "the same operator; `^` is `**`, `%%` is `%`, `%/%` is `//`")
def arithmetic(call: RCall) -> Value:
    """Arithmetic of numbers and vectors; layers added to a plot."""
    left = call.value("e1")
    if not call.given("e2"):
        return signed(call.name, left)
    right = call.value("e2")
    if left.kind in {Kind.PLOT, Kind.LAYER} or right.kind is Kind.LAYER:
        return left.but(code=ast.BinOp(left.code, ast.Add(), right.code))
    note_roots(call, left, right)
    found = combined(left, right, _ARITHMETIC[call.name]())
    if left.positions is not None and found.kind is Kind.NUMBER:
        from lmebridge.migrate.sequences import moved

        return found.but(positions=moved(left.positions, right, call.name))
    return found


def signed(sign: str, value: Value) -> Value:
    """A sign before a value."""
    _check_number(value)
    if sign == "+":
        return value
    if isinstance(value.constant, (int, float)) and value.kind is Kind.NUMBER:
        return value.but(code=ast.UnaryOp(ast.USub(), value.code), constant=-value.constant)
    operand = as_array(as_numbers(value))
    return operand.but(code=ast.UnaryOp(ast.USub(), operand.code), positions=None)


#: Operators for which zero is a number like any other.
_SAFE = (ast.Add, ast.Sub, ast.Mult, ast.Pow)


def combined(left: Value, right: Value, sign: ast.operator) -> Value:
    """Two values under an arithmetic operator, element by element."""
    _check_number(left)
    _check_number(right)
    if right.kind is Kind.NUMBER and right.constant == 0 and left.kind is Kind.NUMBER and not isinstance(sign, _SAFE):
        raise Untranslated("a single number divided by zero is an error in Python")
    both = Kind.LOGICAL in {left.element} & {right.element}
    left, right = (as_numbers(each) if both or each.there is not None else each for each in (left, right))
    left, right = aligned(as_array(left), as_array(right))
    kind, rows = shape(left, right)
    return Value(ast.BinOp(left.code, sign, right.code), kind, Kind.NUMBER, rows=rows)


def _check_number(value: Value) -> None:
    if value.kind in _NO_NUMBERS or value.kind is Kind.TEXT or (value.element is Kind.TEXT and value.is_vector):
        raise Untranslated(f"arithmetic with a {value.kind.value} has no translation")
    if value.factor:
        raise Untranslated("arithmetic with a factor has no meaning")


def as_numbers(value: Value) -> Value:
    """Truth values as numbers, since Python's arithmetic on them is logic; anything else as it is."""
    if value.element is not Kind.LOGICAL or not value.is_vector:
        return value
    if value.there is not None:
        return value.but(code=py("X.astype(float).where(T)", X=value, T=value.there), element=Kind.NUMBER, there=None)
    if value.kind is Kind.COLUMN and not value.missing_free:
        return value.but(code=py('X.astype("Int64")', X=value), element=Kind.NUMBER)
    return as_array(value).but(code=py("X.astype(int)", X=as_array(value)), element=Kind.NUMBER)


def as_array(value: Value) -> Value:
    """A Python list as an array, with which one can calculate; anything else as it is."""
    if value.kind is Kind.LIST:
        return value.but(code=py("np.array(X)", X=value), kind=Kind.ARRAY, constant=None)
    if value.kind is Kind.INDEX:
        return value.but(code=py("X.to_numpy()", X=value), kind=Kind.ARRAY)
    return value


def aligned(left: Value, right: Value) -> tuple[Value, Value]:
    """Two operands that Python pairs as R does, by place: pandas would pair two Series by their index."""
    if left.is_series and right.is_series and not same_rows(left, right):
        return (
            (by_place(left), right)
            if left.kind is Kind.COLUMN and right.kind is Kind.NAMED
            else (left, by_place(right))
        )
    return left, right


def same_rows(left: Value, right: Value) -> bool:
    """Whether two vectors are known to have the same rows in the same order."""
    return left.kind is right.kind and bool(left.rows) and left.rows == right.rows


def same_rows_as(frame: Value, value: Value) -> bool:
    """Whether a column is known to have a frame's rows."""
    return bool(frame.rows) and frame.rows == value.rows


def by_place(value: Value) -> Value:
    """A Series without its index."""
    if not value.is_series:
        return value
    return value.but(code=py("X.to_numpy()", X=value), kind=Kind.ARRAY, rows="")


_RANK = (Kind.FRAME, Kind.MATRIX, Kind.COLUMN, Kind.NAMED, Kind.ARRAY, Kind.UNKNOWN)


def shape(left: Value, right: Value) -> tuple[Kind, str]:
    """Kind and rows of what an operator makes of two operands."""
    for kind in _RANK:
        for value in (left, right):
            if value.kind is kind:
                return kind, value.rows
    return Kind.NUMBER, ""


@translates("== != < <= > >=", "e1, e2", "the same operator")
def comparison(call: RCall) -> Value:
    """A comparison, element by element."""
    return compared(call, call.value("e1"), call.value("e2"), COMPARISONS[call.name]())


def compared(call: RCall, left: Value, right: Value, sign: ast.cmpop) -> Value:
    """Two values under a comparison."""
    left, right = beside(left, right), beside(right, left)
    if Kind.NULL in {left.kind, right.kind} or Kind.NA in {left.kind, right.kind}:
        raise Untranslated("a comparison with NULL or NA is neither true nor false in R")
    ordered = not isinstance(sign, (ast.Eq, ast.NotEq))
    if ordered and Kind.TEXT in {left.element, right.element} and not (left.factor or right.factor):
        call.note("R orders text by the locale, Python by code point")
    left, right = aligned(as_array(left), as_array(right))
    kind, rows = shape(left, right)
    if kind is Kind.NUMBER:
        kind = Kind.LOGICAL
    there = joined_tests(
        [py("X.notna()", X=side) for side in (left, right) if side.is_series and not side.missing_free]
    )
    free = there is None and all(map(_is_complete, (left, right)))
    return Value(
        ast.Compare(left.code, [sign], [right.code]), kind, Kind.LOGICAL, rows=rows, there=there, missing_free=free
    )


def _is_complete(value: Value) -> bool:
    """Whether nothing can be missing in a side of a comparison: constants, and what is known to be there."""
    return value.missing_free or (value.constant is not None and value.kind in SCALARS)


@translates("& |", "e1, e2", "`&`, `|`; `and`, `or` between single values")
def logic(call: RCall) -> Value:
    """Elementwise logic."""
    left, right = call.value("e1"), call.value("e2")
    if left.kind in SCALARS and right.kind in SCALARS:
        return _single_logic(left, right, is_and=call.name == "&")
    left, right = aligned(as_array(left), as_array(right))
    kind, rows = shape(left, right)
    sign = ast.BitAnd() if call.name == "&" else ast.BitOr()
    missing_free = left.missing_free and right.missing_free
    return Value(ast.BinOp(left.code, sign, right.code), kind, Kind.LOGICAL, rows=rows, missing_free=missing_free)


@translates("&& ||", "e1, e2", "`and`, `or`")
def single_logic(call: RCall) -> Value:
    """Logic of single values."""
    return _single_logic(call.value("e1"), call.value("e2"), is_and=call.name == "&&")


def _single_logic(left: Value, right: Value, *, is_and: bool) -> Value:
    if Kind.NA in {left.kind, right.kind}:
        raise Untranslated("logic with a single NA has no translation")
    sign: ast.boolop = ast.And() if is_and else ast.Or()
    operands = [part for value in (left, right) for part in _flat(value.code, sign)]
    return Value(ast.BoolOp(sign, operands), Kind.LOGICAL, Kind.LOGICAL)


def _flat(code: ast.expr, sign: ast.boolop) -> list[ast.expr]:
    same = isinstance(code, ast.BoolOp) and type(code.op) is type(sign)
    return code.values if isinstance(code, ast.BoolOp) and same else [code]


@translates("!", "x", "`~`; `not` before a single value")
def negation(call: RCall) -> Value:
    """Logical negation."""
    return negated(call.value("x"))


def negated(value: Value) -> Value:
    """The opposite of a truth value, or of every element."""
    if value.kind in SCALARS:
        return Value(opposite(value.code), Kind.LOGICAL, Kind.LOGICAL)
    if value.kind is Kind.UNKNOWN or value.element is not Kind.LOGICAL:
        code = py("np.logical_not(X)", X=value)
        kind = value.kind if value.kind is Kind.UNKNOWN or value.is_series else Kind.ARRAY
        return Value(code, kind, Kind.LOGICAL, rows=value.rows)
    return as_array(value).but(code=ast.UnaryOp(ast.Invert(), as_array(value).code))


_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn}


def opposite(code: ast.expr) -> ast.expr:
    """`not` before an expression, or the opposite of its operator."""
    if isinstance(code, ast.Compare) and type(code.ops[0]) in _OPPOSITES:
        return ast.Compare(code.left, [_OPPOSITES[type(code.ops[0])]()], code.comparators)
    return ast.UnaryOp(ast.Not(), code)


@translates("xor", "x, y", "`^`")
def exclusive(call: RCall) -> Value:
    """Either, not both."""
    left, right = aligned(as_array(call.value("x")), as_array(call.value("y")))
    kind, rows = shape(left, right)
    free = left.missing_free and right.missing_free
    there = joined_tests([each.there for each in (left, right) if each.there is not None])
    known = all(each.missing_free or each.there is not None or each.kind in SCALARS for each in (left, right))
    code = py("X ^ Y", X=left, Y=right)
    return Value(code, kind, Kind.LOGICAL, rows=rows, missing_free=free, there=there if known else None)


def joined_tests(tests: list[ast.expr]) -> ast.expr | None:
    """Several tests under `&`; None of none."""
    return functools.reduce(lambda one, other: ast.BinOp(one, ast.BitAnd(), other), tests) if tests else None


@translates("(", "x", "parentheses where Python needs them")
def parenthesis(call: RCall) -> Value:
    """Parentheses; they make an invisible value visible."""
    return call.value("x").but(visible=True)


@translates("%in%", "x, table", "`x.isin(table)`; `x in table` for a single value")
def is_in(call: RCall) -> Value:
    """Membership; never NA."""
    return membership(call.value("x"), call.value("table"))


def membership(value: Value, table: Value) -> Value:
    """Whether each element of one is among the other's."""
    found = Value(literal(False), Kind.LOGICAL, Kind.LOGICAL, missing_free=True)
    if table.kind in SCALARS:
        table = table.but(code=py("[X]", X=table), kind=Kind.LIST)
    if value.kind is Kind.NA and table.is_series:
        return found.but(code=py("X.isna().any()", X=table))
    if value.kind in SCALARS:
        inside = py("X.tolist()", X=table) if table.is_series or table.kind in {Kind.INDEX, Kind.ARRAY} else table
        return found.but(code=py("X in TABLE", X=value, TABLE=inside))
    if value.is_series or value.kind is Kind.INDEX:
        kind = value.kind if value.is_series else Kind.ARRAY
        value = _looked_up(value, table)
        return found.but(code=py("X.isin(TABLE)", X=value, TABLE=table), kind=kind, rows=value.rows)
    return found.but(code=py("np.isin(X, TABLE)", X=value, TABLE=table), kind=Kind.ARRAY)


def _looked_up(value: Value, table: Value) -> Value:
    """A column as it is looked up: as text among texts, where it may be numbers."""
    if _mixed(value, table):
        return value.but(code=factor_text(value))
    if value.element is Kind.NUMBER and table.element is Kind.TEXT:
        if not value.is_series:
            raise Untranslated("R looks numbers up among texts as texts: look numbers up among numbers")
        return value.but(code=factor_text(value), element=Kind.TEXT)
    if value.element is Kind.UNKNOWN and not value.factor and is_digits(table):
        return value.but(code=py('X.convert_dtypes().astype("string")', X=value))
    return value


def _mixed(value: Value, table: Value) -> bool:
    """Whether a factor that may have numbers as categories is looked up among texts."""
    return value.factor and value.element is not Kind.TEXT and table.element is Kind.TEXT


@translates(":", "from, to", "`np.arange(from, to + 1)`; `range` in loops; a slice in `[`")
def colon(call: RCall) -> Value:
    """A range of whole numbers, both ends in it."""
    start, stop = call.value("from"), call.value("to")
    if not (isinstance(start.constant, (int, float)) and isinstance(stop.constant, (int, float))):
        if start.kind not in {Kind.NUMBER, Kind.UNKNOWN} or stop.kind not in {Kind.NUMBER, Kind.UNKNOWN}:
            raise Untranslated("`:` between vectors has no translation")
    elif start.constant != int(start.constant):
        raise Untranslated("a range that begins between two whole numbers has no translation: use `seq`")
    elif start.constant > stop.constant:
        return Value(py("np.arange(A, B, -1)", A=start, B=minus_one(stop.code)), Kind.ARRAY, Kind.NUMBER)
    if stop.constant in {0, 1} and start.constant is None:
        return Value(py("np.arange(A, B, -1)", A=start, B=minus_one(stop.code)), Kind.ARRAY, Kind.NUMBER)
    code = py("np.arange(A, B)", A=start, B=plus_one(stop.code))
    positions = py("range(A, B)", A=minus_one(start.code), B=stop) if start.constant != 1 else py("range(B)", B=stop)
    return Value(code, Kind.ARRAY, Kind.NUMBER, positions=positions, source=("range", start.code, stop.code))


def plus_one(code: ast.expr) -> ast.expr:
    """One more, computed where it is a constant, undone where one was just taken off."""
    return _shifted(code, 1)


def minus_one(code: ast.expr) -> ast.expr:
    """One less, computed where it is a constant, undone where one was just added."""
    return _shifted(code, -1)


def _shifted(code: ast.expr, by: int) -> ast.expr:
    if isinstance(code, ast.Constant) and isinstance(code.value, (int, float)):
        return literal(code.value + by)
    undo = ast.Sub if by == 1 else ast.Add
    if isinstance(code, ast.BinOp) and isinstance(code.op, undo) and _is_one(code.right):
        return code.left
    if by == -1 and isinstance(code, ast.BinOp) and isinstance(code.op, ast.Sub) and _is_one(code.right):
        return ast.BinOp(code.left, ast.Sub(), ast.Constant(2))
    return ast.BinOp(code, ast.Add() if by == 1 else ast.Sub(), ast.Constant(1))


def _is_one(code: ast.expr) -> bool:
    return isinstance(code, ast.Constant) and code.value == 1


@translates("%>%", "lhs, rhs", "the left side becomes the first argument; method chains come out", packages="magrittr")
def pipe(call: RCall) -> Value:
    """The pipe of magrittr: the left side goes where the dot is among the arguments, else in front."""
    return call.scope.value(piped(call.argument("lhs"), call.argument("rhs")))


def piped(left: Node, right: Node) -> Node:
    """The call that a pipe stands for.

    References
    ----------
    magrittr ``%>%``: the dot as an argument takes the left side's place; dots inside nested calls do not keep it from
    being the first argument; braces do.
    """
    if isinstance(right, Name) or operator(right) in {"::", ":::"}:
        return Call(right, (Argument(left),), right.span)
    if not isinstance(right, Call):
        raise Untranslated("a pipe leads to what is no call")
    if operator(right) in {"{", "("}:
        inner = unwrap(right) if operator(right) == "(" else operands(right)[-1]
        if operator(right) == "(" and operator(inner) == "function":
            return Call(inner, (Argument(left),), right.span)
        return with_dot(inner, left)
    direct = any(_is_dot(argument.value) for argument in right.arguments)
    filled = _call_with_dot(right, left)
    if direct or operator(right) in {"$", "[[", "["}:
        return filled
    return Call(filled.function, (Argument(left), *filled.arguments), right.span)


def _is_dot(node: Node | None) -> bool:
    return isinstance(node, Name) and node.name == "."


def with_dot(node: Node, left: Node) -> Node:
    """The node with the dot replaced; dots in formulas and functions mean something else and stay."""
    if _is_dot(node):
        return left
    if not isinstance(node, Call) or operator(node) in {"~", "function", "%>%"}:
        return node
    return _call_with_dot(node, left)


def _call_with_dot(node: Call, left: Node) -> Call:
    arguments = tuple(
        Argument(None if each.value is None else with_dot(each.value, left), each.name, each.span)
        for each in node.arguments
    )
    return Call(node.function, arguments, node.span)
