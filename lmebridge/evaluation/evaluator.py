"""R expressions evaluated on a table with R's semantics: recycling, three-valued logic, factors, missing values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge import frames
from lmebridge.errors import DataError, FormulaError
from lmebridge.evaluation import operators, rfunctions
from lmebridge.evaluation.arguments import Arguments, ArgumentValue
from lmebridge.evaluation.values import Value, length, logical, number, text
from lmebridge.rsyntax import Call, Constant, Name, deparse, function_name, operands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.rsyntax import Node

#: R's variables that every expression sees, unless a column hides them.
R_VARIABLES: Mapping[str, Value] = {
    "pi": number(np.pi),
    "T": logical(np.array([True])),
    "F": logical(np.array([False])),
}
#: What R's words for nothing and for missing values stand for.
_MISSING: Mapping[str, Value] = {
    "NULL": None,
    "NA": logical(np.array([False]), np.array([True])),
    "NA_integer_": operators.integer([np.nan]),
    "NA_real_": number(np.nan),
    "NA_character_": text([None]),
}


@dataclass(frozen=True)
class Scope:
    """Where an expression finds its variables, and what R would have warned about on the way.

    Attributes
    ----------
    table : pandas.DataFrame or mapping of str to R vector
        The variables.
    notes : list of str
        R's warnings so far; `evaluate` adds to it.
    """

    table: pd.DataFrame | Mapping[str, Value]
    notes: list[str] = field(default_factory=list)

    def lookup(self, name: str) -> Value:
        """The variable of this name, as an R vector."""
        if name in self.names():
            return frames.column(self.table, name) if isinstance(self.table, pd.DataFrame) else self.table[name]
        if name in R_VARIABLES:
            return R_VARIABLES[name]
        raise DataError.unknown_column(name, self.names())

    def names(self) -> list[str]:
        """Names of the variables there are."""
        return list(self.table.columns) if isinstance(self.table, pd.DataFrame) else list(self.table)

    def n_rows(self) -> int:
        """Rows of the table."""
        if isinstance(self.table, pd.DataFrame):
            return len(self.table)
        return max(map(length, self.table.values()), default=0)

    def note(self, words: str) -> None:
        """Keep one of R's warnings, once."""
        if words not in self.notes:
            self.notes.append(words)


def evaluate(node: Node, frame: pd.DataFrame | Mapping[str, Value], notes: list[str] | None = None) -> Value:
    """The value of an R expression over the columns of a table.

    Parameters
    ----------
    node : Node
        The expression, as `lmebridge.rsyntax.parse_expression` gives it.
    frame : pandas.DataFrame or mapping of str to R vector
        The variables; columns become R vectors as `lmebridge.frames.vector` says.
    notes : list of str, optional
        Receives R's warnings, such as ``"NaNs produced"``.

    Returns
    -------
    R vector
        One of the types `lmebridge.evaluation.values` lists; one element where the expression has no variable in it.

    Raises
    ------
    DataError
        For an unknown column, or values the function has no use for, in R's words where R has words.
    FormulaError
        For a function that is not among those `lmebridge.evaluation.rfunctions` lists.

    References
    ----------
    R Core Team, "R Language Definition", sections 3.1 (evaluation) and 3.3 (recycling).

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> evaluate(parse_expression("log10(x) + 1"), pd.DataFrame({"x": [10.0, 1000.0]})).tolist()
    [2.0, 4.0]
    """
    return evaluate_in(node, Scope(frame, [] if notes is None else notes))


def evaluate_in(node: Node, scope: Scope) -> Value:
    """The value of an R expression in a scope."""
    if isinstance(node, Constant):
        return _constant(node)
    if isinstance(node, Name):
        return scope.lookup(node.name)
    return _call(node, scope)


def _constant(node: Constant) -> Value:
    """R's value of a literal."""
    value = node.value
    if isinstance(value, bool):
        return logical(np.array([value]))
    if isinstance(value, str):
        return text([value])
    if isinstance(value, complex):
        raise DataError(f"`{node.text}` is a complex number: a model has no use for it")
    if isinstance(value, int):
        return operators.integer([value])
    return _MISSING[node.text] if value is None else number(value)


def _call(node: Call, scope: Scope) -> Value:
    """The value of a call, an operator's or a function's."""
    name = function_name(node)
    if name in operators.OPERATORS:
        return operators.apply(name, [evaluate_in(operand, scope) for operand in operands(node)])
    arguments = call_arguments(node, scope)
    return rfunctions.FUNCTIONS[arguments.function].evaluate(arguments)


def call_arguments(node: Node, scope: Scope) -> Arguments:
    """The evaluated arguments of a call of one of R's functions, matched to its parameters as R does."""
    name = function_name(node)
    if not isinstance(node, Call) or name not in rfunctions.FUNCTIONS:
        factor = "For a factor write factor(x), and its contrasts into `contrasts`. " if name == "C" else ""
        raise FormulaError(
            f"`{deparse(node)}`: lmebridge does not evaluate `{name or 'this'}`. {factor}"
            f"Make its result a column of the data, or use one of: {', '.join(sorted(rfunctions.FUNCTIONS))}"
        )
    matched = match_arguments(rfunctions.FUNCTIONS[name].parameters, node)
    values = {key: _argument(value, scope) for key, value in matched.items()}
    return Arguments(name, values, scope.n_rows(), scope.note)


def _argument(value: Node | list[tuple[str | None, Node]], scope: Scope) -> ArgumentValue:
    """The value of one argument; of all of them for R's ``...``."""
    if isinstance(value, list):
        return [(_dots_name(name, node), evaluate_in(node, scope)) for name, node in value]
    return evaluate_in(value, scope)


def _dots_name(name: str | None, node: Node) -> str | None:
    """The name `cbind` gives a column: the argument's own, or the variable's."""
    return node.name if name is None and isinstance(node, Name) else name


def match_arguments(parameters: tuple[str, ...], call: Call) -> dict[str, Node | list[tuple[str | None, Node]]]:
    """R's matching of a call's arguments: by name, by the beginning of a name, then by position.

    Parameters
    ----------
    parameters : tuple of str
        The function's parameters, with ``"..."`` for R's dots, after which names must be whole.
    call : Call
        The call.

    Returns
    -------
    dict
        From parameter to the argument's expression; ``"..."`` has a list of (name, expression).
    """
    given = [(argument.name, argument.value) for argument in call.arguments if argument.value is not None]
    matched: dict[str, Node | list[tuple[str | None, Node]]] = {}
    rest: list[tuple[str | None, Node]] = []
    for name, node in given:
        parameter = _parameter(name, parameters)
        if parameter is None or parameter in matched:
            rest.append((name, node))
        else:
            matched[parameter] = node
    return matched | _by_position(parameters, matched, rest, call)


def _parameter(name: str | None, parameters: tuple[str, ...]) -> str | None:
    """The parameter that a name means, whole or begun."""
    if name is None or name in parameters:
        return name
    dots = parameters.index("...") if "..." in parameters else len(parameters)
    begun = [parameter for parameter in parameters[:dots] if parameter.startswith(name)]
    return begun[0] if len(begun) == 1 else None


def _by_position(
    parameters: tuple[str, ...], matched: Mapping[str, object], rest: list[tuple[str | None, Node]], call: Call
) -> dict[str, Node | list[tuple[str | None, Node]]]:
    """What is left after the names: one argument a free parameter, all others to the dots."""
    found: dict[str, Node | list[tuple[str | None, Node]]] = {}
    free = [parameter for parameter in parameters if parameter not in matched]
    while rest and free and free[0] != "..." and rest[0][0] is None:
        found[free.pop(0)] = rest.pop(0)[1]
    if "..." in parameters:
        found["..."] = rest
    elif rest:
        raise FormulaError(f"`{deparse(call)}` has an unused argument: `{deparse(rest[0][1])}`")
    return found
