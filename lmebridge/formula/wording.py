"""Plain words for the variables of a formula: what a function makes of its argument, how a list reads."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from lmebridge.rsyntax import Call, Node, deparse, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WIDTH = 92
#: A control character that no text has; textwrap does not break there.
_HARD_BLANK = "\x1f"

#: By function, what it makes of its first argument `x`.
_MEANINGS = {
    "log": "the natural logarithm of {x}",
    "log10": "the logarithm of {x} to base 10",
    "log2": "the logarithm of {x} to base 2",
    "log1p": "the natural logarithm of 1 + {x}",
    "exp": "e to the power of {x}",
    "expm1": "e to the power of {x}, minus 1",
    "sqrt": "the square root of {x}",
    "abs": "{x} without its sign",
    "scale": "{x} minus its mean, divided by its standard deviation",
    "factor": "{x} as a factor, a level for each of its values",
    "as.factor": "{x} as a factor, a level for each of its values",
    "ordered": "{x} as an ordered factor",
    "as.ordered": "{x} as an ordered factor",
    "as.numeric": "{x} as a number (the position of the level, if it is a factor)",
    "as.integer": "{x} as a whole number (the position of the level, if it is a factor)",
    "as.character": "{x} as text, so as a factor with its levels in alphabetical order",
    "as.logical": "{x} as true or false",
    "poly": "a polynomial in {x}, its parts uncorrelated with each other",
    "ns": "a natural cubic spline in {x}, a smooth curve",
    "bs": "a B-spline in {x}, a smooth curve",
    "cut": "{x} cut into intervals, which are the levels of a factor",
    "relevel": "{x} with another first level to compare the others with",
    "ifelse": "one value where {x}, another elsewhere",
    "I": "{x}, computed as arithmetic",
    "cbind": "the counts of successes and of failures",
    "is.na": "whether {x} is missing",
    "round": "{x} rounded",
    "interaction": "every combination of the factors in it",
    "droplevels": "{x} without the levels that do not occur",
}
_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "%in%", "&", "!"})
#: Functions that say nothing of their own.
_TRANSPARENT = frozenset({"as.vector", "as.double", "c"})
_CATEGORICAL = frozenset(
    {"factor", "as.factor", "as.character", "as.logical", "cut", "relevel", "interaction", "droplevels", "is.na"}
)
_SEVERAL = frozenset({"poly", "ns", "bs", "ordered", "as.ordered"})


def meaning(variable: Node) -> str:
    """What a variable is in words; empty where its name says it all.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> [meaning(parse_expression(text)) for text in ("x", "log(x)", "as.vector(scale(x))", "x > 2")]
    ['', 'the natural logarithm of x', 'x minus its mean, divided by its standard deviation', 'whether x > 2']
    """
    variable = unwrap(variable)
    name, arguments = function_name(variable), operands(variable)
    if not isinstance(variable, Call) or not arguments:
        return ""
    if operator(variable) in _COMPARISONS:
        return f"whether {deparse(variable)}"
    if name in _TRANSPARENT:
        return meaning(arguments[0])
    if name == "log" and len(arguments) > 1:
        return f"the logarithm of {deparse(arguments[0])} to base {deparse(arguments[1])}"
    return _MEANINGS.get(str(name), "").format(x=deparse(arguments[0]))


def effect(variable: Node) -> str:
    """What the coefficients of a variable that stands alone say."""
    kind = function_name(unwrap(variable))
    if kind in _CATEGORICAL or operator(variable) in _COMPARISONS:
        return "the difference of each further level from the first"
    if kind in _SEVERAL:
        return "several coefficients that together describe the curve"
    change = "the change of the expected response when it is 1 higher"
    if isinstance(variable, Call):
        return change
    return f"{change}; if it is a factor, the difference of each further level from the first"


def code(text: str) -> str:
    """Text that is not to be broken over lines; `laid_out` brings the blanks back."""
    return text.replace(" ", _HARD_BLANK)


def laid_out(paragraphs: Iterable[str]) -> list[str]:
    """Lines of paragraphs, indented by two, the further lines of a paragraph by four."""
    shape = textwrap.TextWrapper(_WIDTH, initial_indent="  ", subsequent_indent="    ")
    shape.break_long_words = shape.break_on_hyphens = False
    return [line.replace(_HARD_BLANK, " ") for paragraph in paragraphs for line in shape.wrap(paragraph)]


def listed(words: Sequence[str]) -> str:
    """Words as a list: ``a, b and c``; nothing for none."""
    if not words:
        return "nothing"
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
