"""R expressions and formulas as text for patsy, the formula reader of statsmodels."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

from lmebridge.errors import UnsupportedByBackend
from lmebridge.formula.terms import ALGEBRA, summands, terms
from lmebridge.rsyntax import Constant, Name, Node, deparse, function_name, operands, operator

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALGEBRA = {**{symbol: f" {symbol} " for symbol in "+-*/"}, ":": ":", "^": "**"}
_ARITHMETIC = {
    **{symbol: symbol for symbol in ("+", "-", "*", "/", "==", "!=", "<", ">", "<=", ">=", "&", "|")},
    "^": "**",
    "%%": "%",
    "%/%": "//",
}
_PREFIX = {"-": "-", "+": "+", "!": "~"}
#: By R's name, Python's; all take one argument.
_FUNCTIONS = {
    **{name: f"np.{name}" for name in ("log", "log10", "log2", "log1p", "exp", "expm1", "sqrt", "abs", "sign")},
    **{name: f"np.{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "round", "trunc", "floor")},
    "ceiling": "np.ceil",
    "mean": "np.mean",
    "min": "np.min",
    "max": "np.max",
    "is.na": "np.isnan",
    "I": "I",
    "factor": "C",
    "as.factor": "C",
}
#: Functions that change nothing that patsy would see.
_TRANSPARENT = frozenset({"as.vector", "as.numeric", "as.double"})


def formula_text(node: Node) -> str:
    """A right-hand side, or a response, as patsy reads it.

    Raises
    ------
    UnsupportedByBackend
        For a function that patsy does not have, naming the call.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> formula_text(parse_expression("log(x) * factor(z) + I(a^2) + `my var` - 1"))
    "np.log(x) * C(z) + I(a ** 2) + Q('my var') - 1"
    """
    if "%in%" in _symbols(node):
        return terms_text(node)
    return _algebra(node)


def terms_text(node: Node) -> str:
    """A right-hand side written out term by term, the intercept as 1 or 0.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> terms_text(parse_expression("x * z - 1"))
    '0 + x + z + x:z'
    """
    read = terms(node)
    products = [":".join(expression_text(read.variables[i]) for i in members) for members in read.factors]
    return " + ".join(["1" if read.intercept else "0", *products])


def expression_text(node: Node) -> str:
    """An R expression in Python, for patsy to evaluate.

    Raises
    ------
    UnsupportedByBackend
        For a function that patsy does not have, naming the call.
    """
    if isinstance(node, Name):
        return node.name if _is_identifier(node.name) else f"Q({node.name!r})"
    if isinstance(node, Constant):
        return _constant(node)
    symbol, values = operator(node), operands(node)
    if symbol == "(" and len(values) == 1:
        return f"({expression_text(values[0])})"
    if symbol in _PREFIX and len(values) == 1:
        return f"{_PREFIX[symbol]}{_operand(values[0])}"
    if symbol in _ARITHMETIC and len(values) == 2:
        return f"{_operand(values[0])} {_ARITHMETIC[symbol]} {_operand(values[1])}"
    return _call(node, values)


def _algebra(node: Node) -> str:
    """Formula algebra; its operators are patsy's but for ``^``."""
    symbol, values = operator(node), operands(node)
    if symbol not in ALGEBRA:
        return expression_text(node)
    if symbol == "(":
        return f"({_algebra(values[0])})"
    if len(values) == 1:
        return f"{symbol}{_algebra(values[0])}"
    if symbol in {"+", "-"}:
        (_, first), *further = summands(node)
        return _algebra(first) + "".join(f" {sign} {_algebra(part)}" for sign, part in further)
    return _ALGEBRA[str(symbol)].join(_algebra(value) for value in values)


def _symbols(node: Node) -> set[str | None]:
    """Operators of formula algebra in a right-hand side."""
    found: set[str | None] = set()
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if operator(item) in ALGEBRA:
            found.add(operator(item))
            waiting.extend(operands(item))
    return found


def _call(node: Node, values: Sequence[Node]) -> str:
    """A function's call, if patsy or numpy has that function with one argument."""
    name = function_name(node)
    if len(values) == 1 and name in _TRANSPARENT:
        return _transparent(values[0])
    if len(values) == 1 and name == "scale":
        return f"standardize({expression_text(values[0])}, ddof=1)"
    if len(values) == 1 and name in _FUNCTIONS:
        return f"{_FUNCTIONS[name]}({expression_text(values[0])})"
    if name == "ifelse" and len(values) == 3:
        return f"np.where({', '.join(map(expression_text, values))})"
    remedy = 'Compute it as a column of the data first, or use backend="native" or backend="lme4".'
    raise UnsupportedByBackend.because("statsmodels", deparse(node), f"patsy has no {name or 'such'}()", remedy)


def _transparent(value: Node) -> str:
    """What stands inside a function that patsy needs no word for."""
    inside = expression_text(value)
    return inside if isinstance(value, Name) or function_name(value) == "scale" else f"I({inside})"


def _operand(node: Node) -> str:
    """An operand, in parentheses where it is an operation: Python's precedence is not R's."""
    text = expression_text(node)
    is_operation = operator(node) in {*_ARITHMETIC, *_PREFIX}
    return f"({text})" if is_operation else text


def _constant(node: Constant) -> str:
    value = node.value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value) if value is not None else "np.nan"


def _is_identifier(name: str) -> bool:
    """Whether patsy reads a column's name without ``Q()``."""
    return name.isidentifier() and not keyword.iskeyword(name) and name not in {"Q", "C", "I", "np"}
