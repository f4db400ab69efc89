"""The model of a printed output, fitted again: from its formula, or from the names that it prints."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from lmebridge.errors import DataError, FormulaError, PrintedOutputError, UnsupportedByBackend
from lmebridge.parity.check import KINDS
from lmebridge.parity.names import spelling
from lmebridge.parity.quantities import kind_of
from lmebridge.parity.same_model import UNNAMED, differences, facts_of, renamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.parity.outputs import PrintedOutput

INTERCEPT = "(Intercept)"
RESIDUAL = "Residual"
#: Outputs of statsmodels, which print no formula.
BY_NAMES = ("MixedLM", "OLS")
#: Optimizers of MixedLM tried until one ends at the printed likelihood: its default, and one that needs no gradient.
METHODS = ("", "powell")
#: Outputs of models that are not linear.
NOT_LINEAR = ("summary(glmer)", "print(glmer)")


class Request(NamedTuple):
    """What is to be fitted: the fits of equal requests are one fit.

    Attributes
    ----------
    formula, data : str
        The model, and the name of its data.
    REML : bool or None
        None for a linear model.
    own : bool
        Keep MixedLM's own estimates.
    method : str
        MixedLM's optimizer; empty for its default.
    """

    formula: str
    data: str
    REML: bool | None
    own: bool = False
    method: str = ""


@dataclass
class Refitter:
    """Fits the models of a document's outputs, each once, in the order of the document.

    Attributes
    ----------
    data : mapping of str to pandas.DataFrame
        The data by their names in the document.
    backend : str or None
        What fits.
    names : mapping of str to str
        Names in the document to names in the data.
    given : mapping of int to fitted model
        Models of outputs that do not say theirs, by a line of the output.
    """

    data: Mapping[str, pd.DataFrame]
    backend: str | None
    names: Mapping[str, str]
    given: Mapping[int, Any]
    done: dict[Request, Any] = field(default_factory=dict)
    last: list[Any] = field(default_factory=list)

    def fit(self, output: PrintedOutput) -> Any:
        """The fitted model that an output is to be held to, or what ``anova`` and ``icc`` say of it.

        Raises
        ------
        LmebridgeError
            If the output does not say its model, its data are not given, or the model cannot be fitted.
        """
        given = next((fit for line, fit in self.given.items() if output.line <= line <= output.last_line), None)
        if given is not None:
            return _answer(output, given)
        if output.kind in NOT_LINEAR:
            raise UnsupportedByBackend(f"{output.kind} is read, but generalized models are not fitted again")
        if output.kind == "anova":
            return self._tests(output)
        if output.model.formula is None and output.kind not in BY_NAMES:
            return _answer(output, self._above(output))
        request = self._request(output)
        found = self._own(output, request) if request.own else self._fitted(request)
        self.last.append(found)
        return found

    def _own(self, output: PrintedOutput, request: Request) -> Any:
        """MixedLM's own fit, by the first optimizer that ends at the printed likelihood; else by the last."""
        printed = [number.numeral for number in output.numbers if number.key.quantity == "logLik"]
        for method in METHODS:
            found = self._fitted(request._replace(method=method))
            if all(number.admits(float(found.logLik())) for number in printed):
                break
        return found

    def _tests(self, output: PrintedOutput) -> Any:
        """The table of tests between the models that the output names."""
        from lmebridge.inference.anova import anova

        formulas = (output.model.formula or "").split("; ")
        rows = list(dict.fromkeys(number.key.term for number in output.numbers))
        fits = [self._fitted(Request(text, self._named(output), REML=False)) for text in formulas]
        return anova(*fits, model_names=rows)

    def _request(self, output: PrintedOutput) -> Request:
        linear = output.kind in KINDS["linear"] and output.kind not in KINDS["mixed"]
        REML = None if linear else output.model.REML
        if output.model.formula is not None:
            return Request(renamed(output.model.formula, self.names), self._named(output), REML)
        formula, data = self._from_names(output)
        return Request(formula, data, REML, own=self.backend == "statsmodels" and not linear)

    def _named(self, output: PrintedOutput) -> str:
        """The name of an output's data; the only data there are where it names none."""
        name = output.model.data
        if name is None and len(self.data) == 1:
            return next(iter(self.data))
        if name is None or name not in self.data:
            wanted = f"the output's data are {name}" if name else "the output does not name its data"
            raise DataError(f"{wanted}; given are {', '.join(self.data) or 'none'}. Give {name or 'NAME'}=FILE")
        return name

    def _fitted(self, request: Request) -> Any:
        if request not in self.done:
            self.done[request] = _fit(request, self.data[request.data], self.backend)
        return self.done[request]

    def _above(self, output: PrintedOutput) -> Any:
        """The last model fitted that an output does not contradict."""
        found = next((fit for fit in reversed(self.last) if _could_be(output, fit, self.names)), None)
        if found is None:
            reason = "it does not say its model, and no model printed above it has its terms and groups"
            raise PrintedOutputError(
                output.line, "", f"{reason}; give the fitted model in the setup: fits[{output.line}]"
            )
        return found

    def _from_names(self, output: PrintedOutput) -> tuple[str, str]:
        """A formula with the coefficients that were printed, and the data that have its variables and its rows."""
        found = {}
        for name, table in self.data.items():
            formula = formula_from_names(output, table, self.names)
            if formula is not None:
                found[name] = formula
        exact = [name for name, text in found.items() if _complete_rows(text, self.data[name]) == output.model.n_obs]
        if len(exact) == 1 or len(found) == 1:
            name = exact[0] if exact else next(iter(found))
            return found[name], name
        problem = f"{', '.join(exact)} all have" if exact else f"none of {', '.join(self.data) or 'no data'} has"
        said = "its groups are not named: give --name Group=COLUMN; else " if _unnamed(output, self.names) else ""
        raise DataError(f"{said}{problem} the columns and rows of the model of {output.model.response}")


def _fit(request: Request, data: pd.DataFrame, backend: str | None) -> Any:
    """Fit quietly: what is to be said about a fit stays in it."""
    from lmebridge.api import lmer
    from lmebridge.linear.linear_model import lm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if request.REML is None:
            return lm(request.formula, data, backend=backend)
        control = {"polish": False, **({"method": request.method} if request.method else {})} if request.own else None
        return lmer(request.formula, data, REML=request.REML, control=control, backend=backend)


def _answer(output: PrintedOutput, fit: Any) -> Any:
    """The fit, or its intraclass correlations where these were printed."""
    if output.kind != "icc" or kind_of(fit) != "mixed":
        return fit
    from lmebridge.inference.variance_shares import icc

    return icc(fit, by_group=any(number.key.group for number in output.numbers))


def _could_be(output: PrintedOutput, fit: Any, names: Mapping[str, str]) -> bool:
    """Whether an output that does not say its model may be of this one."""
    kind = kind_of(fit)
    if output.kind not in KINDS[kind] and not (output.kind == "icc" and kind == "mixed"):
        return False
    facts = facts_of(fit)
    groups = {spelling(number.key.group) for number in output.numbers} - {"", RESIDUAL}
    known = {spelling(group) for group in facts.n_groups}
    return groups <= known and not differences(output, facts, names)


def _unnamed(output: PrintedOutput, names: Mapping[str, str]) -> bool:
    return UNNAMED in output.model.n_groups and UNNAMED not in names


def formula_from_names(output: PrintedOutput, table: pd.DataFrame, names: Mapping[str, str]) -> str | None:
    """An R formula for a statsmodels output, from the names of its coefficients; None where the table lacks a variable.

    Parameters
    ----------
    output : PrintedOutput
        Of MixedLM or OLS.
    table : pandas.DataFrame
        The data that it may be of.
    names : mapping of str to str
        Names in the output to names in the data.
    """
    terms = [renamed(number.key.term, names) for number in output.numbers if number.key.quantity == "estimate"]
    fixed = [_variables(term, table) for term in terms if term != INTERCEPT]
    random = _random_part(output, table, names) if output.kind == "MixedLM" else ""
    response = renamed(output.model.response or "", names)
    if None in fixed or random is None or _variables(response, table) is None:
        return None
    intercept = "1" if INTERCEPT in terms else "0"
    sides = [intercept, *dict.fromkeys(text for text in fixed if text), *([random] if random else [])]
    return f"{response} ~ {' + '.join(sides)}"


def _random_part(output: PrintedOutput, table: pd.DataFrame, names: Mapping[str, str]) -> str | None:
    """The random term, from the variances that were printed; None where its group is no column."""
    group = next((names.get(group, group) for group in output.model.n_groups), "")
    variances = [n.key for n in output.numbers if n.key.quantity == "vcov" and n.key.group != RESIDUAL]
    effects = [_variables(renamed(key.term, names), table) for key in variances if not key.term2]
    if group not in table.columns or None in effects:
        return None
    intercept = "1" if any(key.term == INTERCEPT for key in variances) else "0"
    return f"({' + '.join([intercept, *(text for text in effects if text)])} | {group})"


def _variables(term: str, table: pd.DataFrame) -> str | None:
    """The variables of a coefficient: ``gNorth:x`` is ``g:x`` where `g` is text; None where one is not in the table."""
    parts = [_variable(part, table) for part in term.split(":")]
    return None if None in parts else ":".join(part for part in parts if part)


def _variable(part: str, table: pd.DataFrame) -> str | None:
    if part in (INTERCEPT, *table.columns):
        return "" if part == INTERCEPT else part
    factors = [c for c in map(str, table.columns) if part.startswith(c) and not _is_numeric(table[c])]
    if factors:
        return max(factors, key=len)
    return part if _is_expression_of(part, table) else None


def _is_numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _is_expression_of(text: str, table: pd.DataFrame) -> bool:
    """Whether a coefficient's name is a call over columns of the table, such as ``log(x)``."""
    from lmebridge.rsyntax import Call, names, parse_expression

    try:
        node = parse_expression(text)
    except FormulaError:
        return False
    return isinstance(node, Call) and set(names(node)) <= set(map(str, table.columns))


def _complete_rows(formula: str, table: pd.DataFrame) -> int:
    """Rows without missing values in the variables of a formula."""
    from lmebridge.formula.model_formula import parse_formula

    return len(table[list(parse_formula(formula).variables)].dropna())
