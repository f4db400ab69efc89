"""Residuals against fitted values, and whatever else a formula puts on the axes: lme4's ``plot.merMod``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import PictureError
from lmebridge.plots import canvas
from lmebridge.plots.boxes import draw_boxes
from lmebridge.plots.labelled import label_points
from lmebridge.plots.rows import PlotFormula, RowValues, is_number, read_plot_formula
from lmebridge.rsyntax import deparse, operands, operator, parse_expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lmebridge.linear.linear_model import LinearModel
    from lmebridge.model import MerMod

#: What lme4 draws when nothing is said.
DEFAULT_FORM = 'resid(., type = "pearson") ~ fitted(.)'
#: Share of the range by which a histogram's bars reach beyond the data: lattice's.
BEYOND = 0.04


def plot(
    fit: MerMod,
    form: str = DEFAULT_FORM,
    abline: float | tuple[float, float] | None = None,
    id: float | str | None = None,
    idLabels: str | Sequence[object] | None = None,
    grid: bool | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Diagnostic plots, lme4's ``plot.merMod``: by default Pearson residuals against fitted values.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    form : str
        ``"y ~ x"``, ``"y ~ x | g"`` for one panel a level of ``g``, or ``"~ x"`` for a histogram. Both sides are R
        expressions over the data, ``.obs`` (the row's number) and the model, which is ``.``: ``resid(.)``,
        ``fitted(.)``, ``hatvalues(.)``. A factor on the left gives boxplots.
    abline : float or (float, float), optional
        A horizontal line at this height, or the line with this intercept and slope; in boxplots and histograms a
        vertical line. Without `form`, as in lme4, a line at zero.
    id : float or str, optional
        Which points are named: those whose standardized residual is beyond the two-sided normal quantile of this
        level (dimensionless, between 0 and 1), or those for which an R expression is true.
    idLabels : str or sequence, optional
        Their names: an R expression, or one value a row; by default the levels of the grouping factors.
    grid : bool, optional
        Whether faint lines are drawn at the ticks; by default in scatter plots only.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each panel; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or dict
        The Axes; with several panels all of them by level.

    Raises
    ------
    PictureError
        For a horizontal axis that is not numeric, an unknown function of the model, or unusable `ax`, `id`.
    FormulaError, DataError
        For a formula that cannot be read, or a variable that is not there.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    lme4 ``plot.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.plot("resid(., scaled = TRUE) ~ ses", abline=0, ax=Figure().subplots())
    >>> ax.get_ylabel()
    'resid(., scaled = TRUE)'
    """
    if form == DEFAULT_FORM and abline is None:
        abline = 0.0
    rows = RowValues(fit)
    formula = read_plot_formula(form)
    picture = _Picture(
        x=rows.numbers(formula.x),
        y=None if formula.y is None else rows.evaluate(formula.y),
        labels=(deparse(formula.x), "" if formula.y is None else deparse(formula.y)),
        abline=abline,
        names=point_names(fit, rows, id, idLabels),
        grid=grid,
    )
    return _draw_panels(picture, rows, formula, ax)


def plot_fitted(
    fit: MerMod | LinearModel,
    id: float | str | None = 0.01,
    idLabels: str | Sequence[object] | None = None,
    *,
    ax: Any = None,
) -> Axes:
    """Observed against fitted values with the line on which they agree; the worst fitted points are named.

    Parameters
    ----------
    fit : MerMod or LinearModel
        A fitted model.
    id, idLabels
        Which points are named and how, as in `plot`; None names none.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Fitted values across, observed values up, both in units of the response.

    Raises
    ------
    PictureError
        For unusable `ax`, `id` or `idLabels`.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    lme4 ``plot.merMod``, ``plot(m, y ~ fitted(.), abline = c(0, 1), id = 0.01)``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.plot_fitted(ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('fitted(.)', 'mathach')
    """
    response = parse_expression(fit.formula(), enclosed=True)
    rows = RowValues(fit)
    fitted, residuals = (rows.of_model(values) for values in (fit.fitted(), fit.residuals("response")))
    picture = _Picture(
        x=fitted,
        y=fitted + residuals,
        labels=("fitted(.)", deparse(operands(response)[0])),
        abline=(0.0, 1.0),
        names=point_names(fit, rows, id, idLabels),
        grid=None,
    )
    return _draw_alone(picture, ax)


@dataclass(frozen=True)
class _Picture:
    """What a diagnostic plot shows: one value a row on each axis, names of points, and a line."""

    x: np.ndarray
    y: Any
    labels: tuple[str, str]
    abline: float | tuple[float, float] | None
    names: dict[int, str]
    grid: bool | None

    @property
    def is_scatter(self) -> bool:
        return self.y is not None and is_number(self.y)

    def draw(self, ax: Axes, shown: np.ndarray) -> None:
        """Draw the rows shown, shape (n,) of truth values."""
        if self.grid or (self.grid is None and self.is_scatter):
            canvas.grid_lines(ax)
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1])
        if self.y is None:
            _histogram(ax, self.x[shown])
        elif self.is_scatter:
            self._scatter(ax, shown)
        else:
            draw_boxes(ax, self.x[shown], self.y[shown])
        self._line(ax)

    def _scatter(self, ax: Axes, shown: np.ndarray) -> None:
        y = np.asarray(self.y, dtype=float)
        canvas.points(ax, self.x[shown], y[shown])

    def name(self, ax: Axes, shown: np.ndarray) -> None:
        """Name points among the rows shown, once all panels have their limits."""
        if self.is_scatter and self.names:
            named = {row: name for row, name in self.names.items() if shown[row]}
            label_points(ax, self.x, np.asarray(self.y, dtype=float), named)

    def _line(self, ax: Axes) -> None:
        if self.abline is None:
            return
        style: dict[str, Any] = {"color": canvas.REFERENCE, "linewidth": 1.0, "zorder": 1.5}
        values = np.ravel(np.asarray(self.abline, dtype=float))
        if not self.is_scatter:
            ax.axvline(values[0], **style)
        elif len(values) == 2:
            middle = float(np.nanmean(self.x))
            ax.axline((middle, values[0] + values[1] * middle), slope=values[1], **style)
        else:
            ax.axhline(values[0], **style)


def _draw_panels(picture: _Picture, rows: RowValues, formula: PlotFormula, ax: Any) -> Any:
    """One panel, or one for each level of what is right of the bar."""
    if formula.by is None:
        return _draw_alone(picture, ax)
    by = rows.factor(formula.by)
    levels = [str(level) for level in by.categories]
    canvas.check_panels(deparse(formula.by), len(levels), "draw a part of the rows, or boxes with plot_by_group")
    layout = canvas.Layout.small(len(levels))
    found = dict(zip(levels, canvas.panels(ax, layout), strict=True))
    for code, (level, axes) in enumerate(found.items()):
        picture.draw(axes, by.codes == code)
        title = level if len(levels) > canvas.FEW_PANELS else f"{deparse(formula.by)}: {level}"
        axes.set_title(canvas.shorter(title, 24), fontsize="medium")
    y = picture.labels[1] or found[levels[0]].get_ylabel()
    canvas.name_axes(found.values(), picture.labels[0], y, whole=ax is None)
    if picture.names:
        canvas.settle(found[levels[0]])
    for code, axes in enumerate(found.values()):
        picture.name(axes, by.codes == code)
    return canvas.drawn(found)


def _draw_alone(picture: _Picture, ax: Any) -> Axes:
    """All rows in one panel."""
    every = np.ones(len(picture.x), dtype=bool)
    (axes,) = canvas.panels(ax, canvas.Layout.single())
    picture.draw(axes, every)
    if picture.names:
        canvas.settle(axes)
    picture.name(axes, every)
    return axes


def _histogram(ax: Axes, values: np.ndarray) -> None:
    """Per cent of the values in bars of equal width, as many and as wide as lattice's ``histogram`` makes them."""
    values = values[np.isfinite(values)]
    margin = BEYOND * float(np.ptp(values))
    count = round(np.log2(len(values)) + 1)
    ends = (values.min() - margin, values.max() + margin)
    shares = np.full(len(values), 100 / len(values))
    ax.hist(values, bins=count, range=ends, weights=shares, color=canvas.MARK, edgecolor="white")
    ax.set_ylabel("Percent of Total")


def point_names(
    fit: MerMod | LinearModel, rows: RowValues, id: float | str | None, idLabels: str | Sequence[object] | None
) -> dict[int, str]:
    """Names of the points that are picked out, by row."""
    if id is None:
        return {}
    chosen = np.flatnonzero(_picked(fit, rows, id))
    texts = _texts(rows, idLabels)
    return {int(row): str(texts[row]) for row in chosen}


def _picked(fit: MerMod | LinearModel, rows: RowValues, id: float | str) -> np.ndarray:
    """Which rows are named."""
    from scipy.special import ndtri

    if isinstance(id, str):
        return np.asarray(rows.evaluate(_one_sided(id)), dtype=bool)
    if not 0 < id < 1:
        raise PictureError(f"id={id!r}: name points by a level between 0 and 1, or by an R expression as text")
    return np.asarray(np.abs(rows.of_model(fit.residuals("pearson"))) / fit.sigma() > -ndtri(id / 2))


def _one_sided(text: str) -> Any:
    """The expression of ``"~ x > 3"`` or ``"x > 3"``."""
    tree = parse_expression(text)
    return operands(tree)[-1] if operator(tree) == "~" else tree


def _texts(rows: RowValues, idLabels: str | Sequence[object] | None) -> list[object]:
    """One name a row."""
    if isinstance(idLabels, str):
        return list(rows.evaluate(_one_sided(idLabels)))
    if idLabels is not None:
        if len(idLabels) != len(rows.index):
            raise PictureError(f"idLabels has {len(idLabels)} names, the fit has {len(rows.index)} rows")
        return list(idLabels)
    if rows.groups.empty:
        return list(rows.index)
    return list(rows.groups.astype(str).agg(".".join, axis=1))
