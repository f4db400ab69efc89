"""The line of each group over a predictor: which predictor, which random effects, and where the others stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.cached import cached_property
from lmebridge.errors import LmebridgeError, PictureError
from lmebridge.plots.canvas import some
from lmebridge.plots.rows import RowValues, is_number
from lmebridge.rsyntax import deparse, names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmebridge.formula.model_formula import RandomTerm
    from lmebridge.model import MerMod

    Curve = tuple[np.ndarray, np.ndarray]

#: Points of each line.
LINE_POINTS = 25
#: Rows on which predictions are compared with fitted values, and how far they may differ, in residual deviations.
ROWS_COMPARED, SAME = 7, 1e-6


@dataclass(frozen=True)
class GroupCurves:
    """A model's lines over one predictor.

    Attributes
    ----------
    fit : MerMod
        The model.
    rows : RowValues
        Its rows.
    x, group : str
        The predictor and the grouping factor.
    at : mapping of str to value
        Values of other predictors that are held.
    """

    fit: MerMod
    rows: RowValues
    x: str
    group: str
    at: Mapping[str, Any]

    @property
    def response(self) -> str:
        """The response as the formula has it."""
        response = self.fit.record.model.formula.response
        return "" if response is None else deparse(response)

    @cached_property
    def factor(self) -> Any:
        """The level of each row, a Categorical."""
        return pd.Categorical(self.rows.groups[self.group].astype(str), self._levels)

    @property
    def _levels(self) -> list[str]:
        return [str(level) for level in pd.Categorical(self.rows.groups[self.group]).categories]

    @cached_property
    def predictor(self) -> np.ndarray:
        """The predictor of each row, in its units."""
        return np.asarray(self.rows.frame[self.x], dtype=float)

    @cached_property
    def fitted(self) -> np.ndarray:
        """The fitted value of each row, in units of the response."""
        return self.rows.of_model(self.fit.fitted())

    @cached_property
    def observed(self) -> np.ndarray:
        """The response of each row, in its units."""
        residuals = self.rows.of_model(self.fit.residuals("response"))
        return np.asarray(self.fitted + residuals)

    def chosen_levels(self, levels: Sequence[object] | None) -> list[str]:
        """Names of the levels to draw.

        Raises
        ------
        PictureError
            For a level that is not there.
        """
        if levels is None:
            return self._levels
        wanted = [str(level) for level in ([levels] if isinstance(levels, str) else levels)]
        unknown = [level for level in wanted if level not in self._levels]
        if unknown:
            raise PictureError(f"levels: {self.group} has no level {unknown[0]!r}; there are {some(self._levels)}")
        if not wanted:
            raise PictureError("levels is empty: name at least one level, or leave it out for all")
        return wanted

    def rows_of(self, level: str) -> np.ndarray:
        """Positions of a level's rows, in the order of the predictor."""
        own: np.ndarray = np.flatnonzero(self.factor.codes == self._levels.index(level))
        return np.asarray(own[np.argsort(self.predictor[own], kind="stable")])

    def of_groups(self, levels: list[str]) -> list[Curve]:
        """Each level's line, over its own range of the predictor."""
        if not self.can_predict:
            return [self._through(self.rows_of(level), self.fitted) for level in levels]
        grid = pd.concat([self._grid(level) for level in levels], ignore_index=True)
        return self._split(grid, self.fit.predict(self._typed(grid), re_form=self.re_form, type="response").to_numpy())

    def without_random_effects(self, levels: list[str]) -> list[Curve]:
        """Each level's line without random effects, over its own range."""
        from lmebridge.na import NA

        if not self.can_predict:
            values = self.rows.of_model(self.fit.predict(re_form=NA, type="response"))
            return [self._through(self.rows_of(level), values) for level in levels]
        grid = pd.concat([self._grid(level) for level in levels], ignore_index=True)
        return self._split(grid, self.fit.predict(self._typed(grid), re_form=NA, type="response").to_numpy())

    def of_population(self) -> Curve:
        """The line without random effects over the whole range, other predictors at their typical values."""
        from lmebridge.na import NA

        if not self.can_predict:
            everything = np.argsort(self.predictor, kind="stable")
            return self._through(everything, self.rows.of_model(self.fit.predict(re_form=NA, type="response")))
        grid = self._over_range(self._typical, self.predictor, self.at)
        return self._split(grid, self.fit.predict(self._typed(grid), re_form=NA, type="response").to_numpy())[0]

    def _through(self, rows: np.ndarray, values: np.ndarray) -> Curve:
        return self.predictor[rows], values[rows]

    def _split(self, grid: pd.DataFrame, values: np.ndarray) -> list[Curve]:
        x = grid[self.x].to_numpy(dtype=float).reshape(-1, LINE_POINTS)
        return list(zip(x, values.reshape(-1, LINE_POINTS), strict=True))

    @cached_property
    def can_predict(self) -> bool:
        """Whether predictions for new rows are fitted values of old ones.

        They are not where a term depends on all rows in a way that R does not carry over to new data, such as
        ``as.vector(scale(x))``, nor between the values of a predictor that is made a factor; lines then go through the
        fitted values themselves.
        """
        from lmebridge.na import NA

        between = self._over_range(self._typical, self.predictor, {})
        try:
            self.fit.predict(self._typed(between), re_form=NA)
        except LmebridgeError:
            return False
        some_rows = np.linspace(0, len(self.fitted) - 1, min(ROWS_COMPARED, len(self.fitted))).astype(int)
        found = self.fit.predict(self.rows.frame.iloc[some_rows], type="response").to_numpy()
        return bool(np.all(np.abs(found - self.fitted[some_rows]) <= SAME * self.fit.sigma()))

    @cached_property
    def re_form(self) -> str:
        """The random effects of a group's line: its own, and those of the factors that it lies within."""
        terms = [term.text for name, term in random_blocks(self.fit) if self._lies_within(name)]
        return "~" + " + ".join(terms)

    def _lies_within(self, other: str) -> bool:
        """Whether every group has one level of another grouping factor."""
        pairs = pd.DataFrame({"own": self.factor, "other": self.rows.groups[other].astype(str).to_numpy()})
        return len(pairs.drop_duplicates()) == len(pairs["own"].drop_duplicates())

    def _grid(self, level: str) -> pd.DataFrame:
        """Rows to predict for a level: predictors that do not vary within it have its value."""
        own = self.rows_of(level)
        frame = self.rows.frame.iloc[own]
        constant = {name: frame[name].iloc[0] for name in frame.columns if is_constant(frame[name])}
        return self._over_range(self._typical | constant, self.predictor[own], self.at)

    def _over_range(self, values: Mapping[str, Any], x: np.ndarray, at: Mapping[str, Any]) -> pd.DataFrame:
        places = np.linspace(x.min(), x.max(), LINE_POINTS)
        return pd.DataFrame({**values, **at, self.x: places}, index=range(LINE_POINTS))

    @cached_property
    def _typical(self) -> dict[str, Any]:
        """The mean of numeric columns, the most frequent value of others, of the variables in the formula."""
        frame = self.rows.frame
        wanted = [name for name in self.fit.record.model.formula.variables if name in frame.columns]
        return {name: _typical_value(frame[name]) for name in wanted}

    def _typed(self, grid: pd.DataFrame) -> pd.DataFrame:
        """The rows with the types of the data, so that factors are factors."""
        frame = self.rows.frame
        kept = [name for name in self._typical if not is_number(frame[name].array)]
        return grid.astype({name: frame[name].dtype for name in kept})


def is_constant(column: pd.Series) -> bool:
    """Whether all values are the same and none is missing."""
    return bool(column.notna().all() and (column == column.iloc[0]).all())


def _typical_value(column: pd.Series) -> Any:
    """The mean of a numeric column, the most frequent value of another."""
    if is_number(column.array):
        return float(column.astype(float).mean())
    return column.mode().iloc[0]


def choose_curves(fit: MerMod, x: str | None, group: str | None, at: Mapping[str, Any] | None) -> GroupCurves:
    """The predictor and the grouping factor: those given, or the first that make sense.

    Raises
    ------
    PictureError
        For an unknown group or predictor, and for a model without groups or without a numeric predictor.
    """
    rows = RowValues(fit)
    if rows.groups.columns.empty:
        raise PictureError(f"a {type(fit).__name__} has no groups: fit one with lmebridge.lmer")
    if group is not None and group not in rows.groups:
        known = some(rows.groups.columns)
        raise PictureError(f"group={group!r} is not a grouping factor of this model; there are {known}")
    found = _first_predictor(fit, rows, group) if x is None else x
    for name in (found, *(at or {})):
        if name not in fit.data.columns:
            raise PictureError(f"{name!r} is no column of the data; there are {some(fit.data.columns)}")
    if not is_number(rows.frame[found].array):
        raise PictureError(f"x={found!r} is not numeric: draw its levels with plot_by_group")
    curves = GroupCurves(fit, rows, found, group or _group_of(fit, rows, found), dict(at or {}))
    if at and not curves.can_predict:
        raise PictureError(
            f"at: the model cannot be evaluated at other values of {found!r} than those in the data, so that its lines "
            "go through the fitted values, in which nothing can be held"
        )
    return curves


def _first_predictor(fit: MerMod, rows: RowValues, group: str | None) -> str:
    """The first numeric variable with random slopes (of the group), else of the fixed effects."""
    varying = [name for own, term in random_blocks(fit) if group in {None, own} for name in names(term.effects)]
    for name in (*varying, *names(fit.record.model.formula.fixed)):
        if name in rows.frame.columns and is_number(rows.frame[name].array):
            return name
    raise PictureError("the model has no numeric predictor to draw lines over: name a column with x=")


def _group_of(fit: MerMod, rows: RowValues, x: str) -> str:
    """The grouping factor whose effects vary with a predictor, else the first."""
    varying = [name for name, term in random_blocks(fit) if x in names(term.effects)]
    return varying[0] if varying else str(rows.groups.columns[0])


def random_blocks(fit: MerMod) -> list[tuple[str, RandomTerm]]:
    """The model's random-effects blocks, each with the name of its grouping factor."""
    from lmebridge.formula.model_formula import blocks, group_name

    return [(group_name(term), term) for term in blocks(fit.record.model.formula)]
