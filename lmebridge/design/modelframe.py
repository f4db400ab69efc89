"""R's model frame: the model's variables evaluated on the data, then `subset`, missing values, unused levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.design.modelmatrix import variable_name
from lmebridge.errors import DataError, FormulaError
from lmebridge.evaluation.evaluator import Scope, call_arguments, evaluate_in
from lmebridge.evaluation.transforms import REMEMBERED, make
from lmebridge.evaluation.values import (
    Matrix,
    Value,
    as_factor,
    as_logical,
    as_numbers,
    drop_unused,
    is_missing,
    length,
    r_class,
    take,
)
from lmebridge.formula.terms import summands, terms
from lmebridge.rsyntax import Name, call, function_name, operands, operator, parse_expression, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.evaluation.transforms import Transform
    from lmebridge.formula.model_formula import Formula
    from lmebridge.records import Model
    from lmebridge.rsyntax import Node

#: R's names of the columns that hold the arguments `weights` and `offset`.
WEIGHTS, OFFSET = "(weights)", "(offset)"
#: What lme4 makes `+` for its model frame, and the calls that may stand around it.
BARS, STRUCTURES = ("|", "||"), ("us", "diag", "cs", "ar1")
#: What `na.action` may be.
NA_ACTIONS = ("na.omit", "na.exclude", "na.fail")


@dataclass(frozen=True, eq=False)
class Variable:
    """A variable of a model: an expression, and the transform it remembers where it is one by itself.

    R remembers ``poly(x, 2)``, ``scale(x)``, ``ns(x, 3)`` and ``bs(x, 3)``, but not ``log(scale(x))`` or
    ``I(poly(x, 2))``, which new data evaluate afresh.
    """

    node: Node
    transform: Transform | None = None

    @property
    def name(self) -> str:
        """R's name in the model frame."""
        return variable_name(self.node)

    def value(self, scope: Scope) -> Value:
        """The variable's values in a scope, through what it remembers."""
        if self.transform is None:
            return evaluate_in(self.node, scope)
        return self.transform.basis(call_arguments(self.node, scope).value("x"))


@dataclass(frozen=True, eq=False)
class ModelFrame:
    """R's ``model.frame(m)`` with what new data need.

    Attributes
    ----------
    values : mapping of str to R vector
        By R's names, the response first, then the other variables, then weights and offset; rows used only.
    variables : mapping of str to Variable
        The variables but for the arguments `weights` and `offset`.
    response : str
        The response's name.
    rows : numpy.ndarray of int, shape (n,)
        Positions of the rows used among the data's rows.
    omitted : numpy.ndarray of int
        Positions of the rows dropped for missing values.
    text : frozenset of str
        Names of the variables that are text, whose levels are sorted.
    """

    values: Mapping[str, Value]
    variables: Mapping[str, Variable]
    response: str
    rows: np.ndarray
    omitted: np.ndarray
    text: frozenset[str]


def make_frame(model: Model, data: pd.DataFrame, notes: list[str]) -> ModelFrame:
    """R's model frame of a model on data.

    Parameters
    ----------
    model : Model
        The model.
    data : pandas.DataFrame
        The data, left as it is.
    notes : list of str
        Receives R's warnings.

    Raises
    ------
    DataError
        If a variable is unknown, has another length than the data, no row is left, or ``na.fail`` finds missing values.
    """
    if model.formula.response is None:
        raise FormulaError(f"the formula has no response: write one before the `~` of `{model.formula.text}`")
    scope = Scope(data, notes)
    variables = frame_variables(model.formula, scope)
    values = {name: _checked(variable.value(scope), name, len(data)) for name, variable in variables.items()}
    values |= _extras(model, scope, len(data))
    kept = _subset(model.subset, scope, len(data))
    rows, omitted = _complete(values, kept, model.na_action)
    used = {name: take(value, rows) for name, value in values.items()}
    response = variable_name(model.formula.response)
    texts = frozenset(name for name, value in used.items() if r_class(value) == "character")
    return ModelFrame(_levels_dropped(used, variables, response), variables, response, rows, omitted, texts)


def frame_variables(formula: Formula, scope: Scope) -> dict[str, Variable]:
    """The model's variables in R's order, each remembering its transform."""
    right = terms(without_bars(operands(formula.tree)[-1]))
    nodes = [formula.response, *right.variables]
    return {variable_name(node): _variable(node, scope) for node in nodes if node is not None}


def without_bars(node: Node) -> Node:
    """A right-hand side with `+` for every bar, as lme4 makes its model frame; R's order of variables comes from it."""
    parts = [(sign, _bar_opened(part)) for sign, part in summands(node)]
    whole = parts[0][1]
    for sign, part in parts[1:]:
        whole = call(sign, whole, part)
    return whole


def _bar_opened(part: Node) -> Node:
    """A part of a sum without its bar, if it has one."""
    inner = unwrap(part)
    if operator(inner) in STRUCTURES:
        inner = operands(inner)[0]
    if operator(inner) in BARS:
        return call("+", *operands(inner))
    return without_bars(inner) if operator(inner) in ("+", "-") and inner is not part else part


def _variable(node: Node, scope: Scope) -> Variable:
    """A variable, remembering its transform where R does."""
    if not _remembers(node):
        return Variable(node)
    return Variable(node, make(call_arguments(node, scope)))


def _remembers(node: Node) -> bool:
    """Whether R remembers this call; it does not know ``base::scale`` again, but the others under their packages."""
    return function_name(node) in REMEMBERED and (operator(node) in REMEMBERED or function_name(node) != "scale")


def _checked(value: Value, name: str, n: int) -> Value:
    """The value, if it has one element a row."""
    if length(value) != n:
        raise DataError(f"variable lengths differ (found for '{name}'): it has {length(value)} values for {n} rows")
    return value


def _extras(model: Model, scope: Scope, n: int) -> dict[str, Value]:
    """The arguments `weights` and `offset`, under R's names for them."""
    given = {WEIGHTS: model.weights, OFFSET: model.offset}
    found = {}
    for name, expression in given.items():
        if expression is not None:
            value = evaluate_in(parse_expression(expression), scope)
            found[name] = _checked(as_numbers(value, f"{name[1:-1]} `{expression}`"), name, n)
    return found


def _subset(expression: str | None, scope: Scope, n: int) -> np.ndarray:
    """Positions of the rows that `subset` keeps: a condition, or row numbers from 1; a missing condition is not met."""
    if expression is None:
        return np.arange(n)
    value = evaluate_in(parse_expression(expression), scope)
    if r_class(value) == "logical":
        condition = np.asarray(as_logical(value).to_numpy(dtype=bool, na_value=False))
        return np.flatnonzero(_checked_condition(condition, n))
    numbers = as_numbers(value, f"subset `{expression}`")
    places = numbers[(numbers != 0) & ~np.isnan(numbers)].astype(int)
    if (np.abs(places) > n).any():
        raise DataError(f"subset `{expression}` names row {int(np.abs(places).max())}, but the data have {n} rows")
    if (places < 0).any() and (places > 0).any():
        raise DataError(f"subset `{expression}` mixes rows to keep and rows to leave out")
    return np.delete(np.arange(n), -places - 1) if (places < 0).any() else places - 1


def _checked_condition(condition: np.ndarray, n: int) -> np.ndarray:
    """A condition with one element a row; a single one holds for all."""
    if len(condition) not in (1, n):
        raise DataError(f"subset has {len(condition)} values for {n} rows")
    return np.broadcast_to(condition, n)


def _complete(values: Mapping[str, Value], kept: np.ndarray, na_action: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the complete rows among those kept, and of the others."""
    if na_action not in NA_ACTIONS:
        raise DataError(f"na_action '{na_action}' is unknown: use one of {', '.join(NA_ACTIONS)}")
    missing = {name: is_missing(value)[kept] for name, value in values.items()}
    anywhere = np.any(list(missing.values()), axis=0)
    if na_action == "na.fail" and anywhere.any():
        counts = ", ".join(f"{name}: {where.sum()}" for name, where in missing.items() if where.any())
        raise DataError(f"missing values in object ({counts} rows). Use na_action='na.omit' to leave them out.")
    if anywhere.all():
        raise DataError(_no_cases(missing, len(kept)))
    return kept[~anywhere], kept[anywhere]


def _no_cases(missing: Mapping[str, np.ndarray], n_kept: int) -> str:
    """lme4's words where no row is left, and why none is."""
    if n_kept == 0:
        return "0 (non-NA) cases: `subset` keeps no row, or the data has none"
    whole = [name for name, where in missing.items() if where.all()]
    why = f"{', '.join(whole)} has no value in any row" if whole else "every row lacks some variable"
    return f"0 (non-NA) cases: {why}. Check the columns, or leave the variable out of the formula."


def _levels_dropped(values: Mapping[str, Value], variables: Mapping[str, Variable], response: str) -> dict[str, Value]:
    """Factors without the levels no row has; text columns made factors, as lme4 does."""
    found = dict(values)
    for name, value in values.items():
        if isinstance(value, pd.Categorical):
            found[name] = drop_unused(value)
        elif name != response and r_class(value) == "character" and isinstance(variables[name].node, Name):
            found[name] = as_factor(value)
    return found


def as_table(values: Mapping[str, Value]) -> pd.DataFrame:
    """The model frame as a table; a matrix variable has a column each, named as R prints them: ``poly(x, 2).1``."""
    columns: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Matrix):
            k = value.values.shape[1]
            suffixes = value.columns or tuple(str(i + 1) for i in range(k))
            columns |= {f"{name}.{suffix}" if k > 1 else name: value.values[:, i] for i, suffix in enumerate(suffixes)}
        else:
            columns[name] = value
    return pd.DataFrame(columns)
