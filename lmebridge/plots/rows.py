"""What is drawn of each row: R expressions over the data and over the fitted model, such as ``resid(.)``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.cached import cached_property
from lmebridge.errors import DataError, FormulaError, PictureError
from lmebridge.plots.canvas import some
from lmebridge.rsyntax import Argument, Call, Constant, Name, deparse, function_name, names, operands, operator
from lmebridge.rsyntax import parse_expression as parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.linear.linear_model import LinearModel
    from lmebridge.model import MerMod
    from lmebridge.rsyntax import Node

#: R's functions of the model that give one value a row, with the accessor each stands for.
PER_ROW = {
    "fitted": "fitted",
    "resid": "residuals",
    "residuals": "residuals",
    "predict": "predict",
    "hatvalues": "hatvalues",
    "cooks.distance": "cooks_distance",
    "rstudent": "rstudent",
    "rstandard": "rstandard",
    "weights": "weights",
}
#: Prefix of the columns that stand for calls of the model while an expression is evaluated.
CALL = ".of_the_model_"


@dataclass(frozen=True)
class RowValues:
    """Values of the rows a model was fitted to.

    Attributes
    ----------
    fit : MerMod or LinearModel
        The model, ``.`` in the expressions.
    """

    fit: MerMod | LinearModel

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The data's rows used, with ``.obs``, their number from 1 as in lme4."""
        rows, _ = positions(self.fit)
        return self.fit.data.iloc[rows].assign(**{".obs": np.arange(1, len(rows) + 1)})

    @property
    def index(self) -> pd.Index[Any]:
        """The data's index of the rows used."""
        return self.frame.index

    @cached_property
    def groups(self) -> pd.DataFrame:
        """The grouping factors, one column each; none for a linear model without random effects."""
        if not hasattr(self.fit, "getME"):
            return pd.DataFrame(index=self.index)
        return pd.DataFrame(self.fit.getME("flist")).set_axis(self.index, axis=0)

    def of_model(self, values: pd.Series) -> np.ndarray:
        """A per-row answer of the model, without the rows that ``na.exclude`` brings back as missing."""
        found = values.to_numpy(dtype=float)
        if len(found) == len(self.index):
            return found
        used, omitted = positions(self.fit)
        return found[np.isin(np.sort(np.concatenate([used, omitted])), used)]

    def evaluate(self, node: Node) -> Any:
        """The value of an expression, an R vector with one value a row.

        Raises
        ------
        PictureError
            For a function of the model that is not there.
        DataError, FormulaError
            For an unknown column or function.
        """
        from lmebridge.evaluation.evaluator import evaluate

        columns: dict[str, np.ndarray] = {}
        free = self._replaced(node, columns)
        for name in names(free):
            self._check_known(name, columns)
        needed = [name for name in names(free) if name in self.frame.columns]
        table = self.frame[needed] if needed else self.frame[[".obs"]]
        value: Any = evaluate(free, table.assign(**columns))
        return value if len(value) == len(self.index) else np.broadcast_to(np.asarray(value), len(self.index))

    def _check_known(self, name: str, columns: Mapping[str, object]) -> None:
        """Raise for a variable that is neither of the data nor R's own."""
        from lmebridge.evaluation.evaluator import R_VARIABLES

        if name in self.frame.columns or name in columns or name in R_VARIABLES:
            return
        if name in PER_ROW:
            raise PictureError(f"`{name}` is no column of the data; what the model gives is written `{name}(.)`")
        raise DataError.unknown_column(name, self.fit.data.columns)

    def numbers(self, node: Node) -> np.ndarray:
        """The value of an expression as numbers, shape (n,)."""
        value = self.evaluate(node)
        if not is_number(value):
            raise PictureError(f"`{deparse(node)}` is not numeric: it has no place on a numeric axis")
        return np.asarray(value, dtype=float)

    def factor(self, text: str | Node) -> pd.Categorical:
        """Levels of each row: of a grouping factor of the model, or of an expression over the data."""
        node = parse(text) if isinstance(text, str) and text not in self.groups else text
        name = text if isinstance(text, str) else deparse(text)
        if name in self.groups:
            return pd.Categorical(self.groups[name])
        if isinstance(node, Name) and node.name not in self.frame.columns:
            known = some(self.groups.columns) or "none, a model without random effects"
            raise PictureError(
                f"group={name!r} is neither a grouping factor ({known}) nor a column ({some(self.fit.data.columns)})"
            )
        from lmebridge.evaluation.values import as_factor, drop_unused

        return drop_unused(as_factor(self.evaluate(parse(node) if isinstance(node, str) else node)))

    def _replaced(self, node: Node, columns: dict[str, np.ndarray]) -> Node:
        """The expression with calls of the model replaced by columns, which are added to `columns`."""
        if not isinstance(node, Call):
            return node
        if any(argument.value == Name(".") for argument in node.arguments):
            name = f"{CALL}{len(columns)}"
            columns[name] = self.of_model(self._called(node))
            return Name(name, node.span)
        arguments = tuple(
            argument if argument.value is None else replace(argument, value=self._replaced(argument.value, columns))
            for argument in node.arguments
        )
        return replace(node, arguments=arguments)

    def _called(self, node: Call) -> pd.Series:
        """What a call of the model such as ``resid(., type = "pearson")`` gives."""
        name = function_name(node) or deparse(node)
        accessor = getattr(self.fit, PER_ROW.get(name, ""), None)
        if accessor is None:
            there = [known for known, method in PER_ROW.items() if hasattr(self.fit, method)]
            raise PictureError(f"`{deparse(node)}`: of this model there are {', '.join(f'{one}(.)' for one in there)}")
        options = {
            (one.name or "type").replace(".", "_"): _constant(one, node)
            for one in node.arguments
            if one.value != Name(".")
        }
        try:
            return accessor(**options)  # type: ignore[no-any-return]
        except TypeError as error:
            raise PictureError(f"`{deparse(node)}`: {error}") from error


def positions(fit: Any) -> tuple[np.ndarray, np.ndarray]:
    """Positions among the data's rows of those used, and of those left out for missing values."""
    if hasattr(fit, "getME"):
        engine = fit._engine  # noqa: SLF001 - a picture of the model
        return np.asarray(engine.rows()), np.asarray(engine.omitted())
    return np.asarray(fit.record.rows), np.asarray(fit.record.omitted)


def is_number(value: Any) -> bool:
    """Whether R would call a vector numeric, which truth values are not."""
    return not isinstance(value, pd.Categorical) and np.asarray(value).dtype.kind in "iuf"


def _constant(argument: Argument, node: Call) -> Any:
    if not isinstance(argument.value, Constant):
        raise PictureError(f'`{deparse(node)}`: arguments are constants here, such as type = "pearson"')
    return argument.value.value


@dataclass(frozen=True)
class PlotFormula:
    """A formula for a picture: ``y ~ x | g``.

    Attributes
    ----------
    y : Node or None
        Left of ``~``.
    x : Node
        Right of ``~``.
    by : Node or None
        Right of ``|``: one panel a level.
    """

    y: Node | None
    x: Node
    by: Node | None


def read_plot_formula(text: str) -> PlotFormula:
    """Read a formula for a picture.

    Raises
    ------
    FormulaError
        If there is no ``~``.

    Examples
    --------
    >>> form = read_plot_formula("resid(.) ~ fitted(.) | Subject")
    >>> deparse(form.x), deparse(form.by)
    ('fitted(.)', 'Subject')
    """
    if not isinstance(text, str):
        raise FormulaError(f"form is a text such as 'resid(.) ~ fitted(.)', not a {type(text).__name__}")
    tree = parse(text)
    if operator(tree) != "~":
        problem = "a formula for a picture needs a `~` between the vertical and the horizontal axis"
        raise FormulaError.at(text, tree.span, problem, "Write, for example, `resid(.) ~ fitted(.)`.")
    *left, right = operands(tree)
    parts: Mapping[bool, Any] = {True: operands(right), False: (right, None)}
    x, by = parts[operator(right) == "|"]
    return PlotFormula(left[0] if left else None, x, by)
