"""The functions that a formula, or an expression over the data, may call: pure functions of their arguments.

A formula is text that may come from anywhere, and both R and Python would run what it calls. Anything not listed here
is an error unless the user says that the text is trusted.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.rsyntax import Call, Name, Node, deparse, operands, operator, walk

if TYPE_CHECKING:
    from lmebridge.rsyntax import Span

_OPERATORS = ("~ + - * / : ^ ( ! & && | || == != < > <= >= %% %/% %in%",)
_BASE = (
    "abs as.character as.double as.factor as.integer as.logical as.numeric as.ordered as.vector",
    "c cbind ceiling cos cosh cumsum cut droplevels exp expm1 factor floor I ifelse interaction is.finite is.na",
    "is.nan length levels log log10 log1p log2 max mean min nchar nlevels ordered pmax pmin range rank rep rev",
    "round rowMeans rowSums scale seq seq_len sign signif sin sinh sqrt startsWith endsWith sum tan tanh",
    "tolower toupper trunc xor unclass",
)
_STATS = (
    "ave C contr.helmert contr.poly contr.SAS contr.sum contr.treatment complete.cases dnorm mad median",
    "offset pnorm poly qlogis plogis qnorm quantile relevel reorder sd var",
)

#: By function, the package it lives in: ``stats::poly`` may be written for ``poly``.
FUNCTIONS: dict[str, str] = {
    name: package
    for package, lines in (
        ("base", _OPERATORS + _BASE),
        ("stats", _STATS),
        ("splines", ("bs ns",)),
        ("lme4", ("dummy",)),
    )
    for line in lines
    for name in line.split()
}


def check_functions(node: Node, text: str) -> None:
    """Refuse an expression that calls anything but the functions listed.

    Parameters
    ----------
    node : Constant, Name or Call
        The tree of the expression.
    text : str
        The text that it was read from, to point at the culprit.

    Raises
    ------
    FormulaError
        At the first call of another function; its name is in the message.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> check_functions(parse_expression("log(x) + splines::ns(z, 3)"), "log(x) + splines::ns(z, 3)")
    """
    namespaced: set[int] = set()
    for item in walk(node):
        if not isinstance(item, Call) or id(item) in namespaced:
            continue
        if isinstance(item.function, Call) and operator(item.function) in {"::", ":::"}:
            namespaced.add(id(item.function))
        if not _is_allowed(item.function):
            raise _refusal(item, text)


def _is_allowed(function: Node) -> bool:
    """Whether this may be called."""
    if isinstance(function, Name):
        return function.name in FUNCTIONS
    package, name = (*operands(function), None, None)[:2]
    if operator(function) != "::" or not isinstance(package, Name) or not isinstance(name, Name):
        return False
    return FUNCTIONS.get(name.name) == package.name


_COLUMN_REMEDY = "Name columns of the data alone: `x`, not `data$x` or `data[, 1]`."
_TRUST_REMEDY = "Compute it as a column of the data first, or pass trust_formula=True if the text is your own."


def _refusal(item: Call, text: str) -> FormulaError:
    """Error that names the function called."""
    name = deparse(item.function)
    if operator(item) in {"$", "@", "[", "[["}:
        return FormulaError.at(text, item.span, f"`{deparse(item)}` is not a column's name", _COLUMN_REMEDY)
    near = difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.6)
    hint = f"Did you mean `{near[0]}()`? " if near else ""
    called = item.function.name if name[0] == "`" and isinstance(item.function, Name) else f"{name}()"
    problem = f"`{called}` is not among the functions that a formula may call"
    return FormulaError.at(text, _function_span(item), problem, f"{hint}{_TRUST_REMEDY}")


def _function_span(item: Call) -> Span:
    """Where the function's name stands; operators and brackets have none of their own."""
    span = item.function.span
    return span if span[1] > span[0] else item.span
