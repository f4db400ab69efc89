"""Boxplots and densities of residuals, responses or anything else of the rows, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import PictureError
from lmebridge.plots import canvas
from lmebridge.plots.boxes import density, draw_boxes
from lmebridge.plots.rows import RowValues
from lmebridge.rsyntax import deparse, parse_expression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from lmebridge.linear.linear_model import LinearModel
    from lmebridge.model import MerMod

#: Inches of a box with its name, the least and the most height; most groups whose densities have a colour each.
BOX_HEIGHT, LEAST_HEIGHT, MOST_HEIGHT, FEW_GROUPS = 0.24, 2.6, 9.0, len(canvas.PALETTE)
#: What densities without a place in the legend are drawn with.
THIN: dict[str, Any] = {"color": canvas.MARK, "linewidth": 0.7, "alpha": 0.4}


def plot_by_group(
    fit: MerMod | LinearModel,
    values: str = "resid(.)",
    group: str | None = None,
    kind: str = "box",
    order: str = "levels",
    labels: bool | Iterable[str] | None = None,
    *,
    ax: Any = None,
) -> Axes:
    """Boxplots or densities of each group's values, lme4's ``plot(m, g ~ resid(.))``.

    Parameters
    ----------
    fit : MerMod or LinearModel
        A fitted model.
    values : str
        An R expression over the data and the model, which is ``.``: ``"resid(., scaled = TRUE)"``, ``"fitted(.)"``, or
        the response's name.
    group : str, optional
        A grouping factor or any other expression over the data; by default lme4's first grouping factor.
    kind : {"box", "density"}
        Boxes with R's hinges and whiskers, or R's kernel densities (of groups with two different values or more).
    order : {"levels", "median"}
        Boxes in the factor's order from below, as in R, or by their medians.
    labels : bool, iterable of str or None
        Which boxes are named; by default all where their names can be read.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Values across, in their units.

    Raises
    ------
    PictureError
        For an unknown group, kind or order, values that are not numbers, or unusable `ax` or `labels`.
    FormulaError, DataError
        For an expression that cannot be read, or a variable that is not there.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    lme4 ``plot.merMod``; R ``boxplot.stats``, ``density``; lattice ``bwplot``, ``densityplot``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.plot_by_group("resid(.)", order="median", ax=Figure().subplots())
    >>> ax.get_ylabel()
    'schoolid'
    """
    if kind not in {"box", "density"}:
        raise PictureError(f"kind={kind!r}: groups are shown by a 'box' or a 'density'")
    if order not in {"levels", "median"}:
        raise PictureError(f"order={order!r}: boxes are ordered as 'levels' or by 'median'")
    rows = RowValues(fit)
    name = _group_name(rows, group)
    node = parse_expression(values)
    numbers, factor = rows.numbers(node), rows.factor(name)
    if order == "median":
        factor = _by_median(numbers, factor)
    canvas.check_labels([str(level) for level in factor.categories], labels)
    samples = _samples(numbers, factor) if kind == "density" else {}
    (axes,) = canvas.panels(ax, _layout(kind, len(factor.categories)))
    axes.set_xlabel(deparse(node))
    if kind == "box":
        _boxes(axes, numbers, factor, name, labels)
    else:
        _densities(axes, samples, name)
    return axes


def _group_name(rows: RowValues, group: str | None) -> str:
    """The grouping factor given, or the model's first."""
    if group is not None:
        return group
    if rows.groups.columns.empty:
        columns = canvas.some(rows.fit.data.columns)
        raise PictureError(f"this model has no grouping factor: name a column with group=, such as {columns}")
    return str(rows.groups.columns[0])


def _by_median(values: np.ndarray, factor: pd.Categorical) -> pd.Categorical:
    medians = pd.Series(values).groupby(pd.Series(factor), observed=True).median().sort_values(kind="stable")
    return factor.reorder_categories(list(medians.index))


def _layout(kind: str, count: int) -> canvas.Layout:
    if kind == "density":
        return canvas.Layout.single()
    return canvas.Layout.single(5.6, float(np.clip(BOX_HEIGHT * count + 0.8, LEAST_HEIGHT, MOST_HEIGHT)))


def _boxes(
    ax: Axes, values: np.ndarray, factor: pd.Categorical, name: str, labels: bool | Iterable[str] | None
) -> None:
    canvas.grid_lines(ax)
    ax.grid(visible=False, axis="y")
    draw_boxes(ax, values, factor, labels)
    named = len(ax.get_yticks()) > 0
    ax.set_ylabel(name if named else f"{len(factor.categories)} levels of {name}")


def _samples(values: np.ndarray, factor: pd.Categorical) -> dict[str, np.ndarray]:
    """Values of each level that has two different ones."""
    finite = np.isfinite(values)
    found = {str(level): values[(factor.codes == code) & finite] for code, level in enumerate(factor.categories)}
    kept = {level: own for level, own in found.items() if len(own) > 1 and np.ptp(own) > 0}
    if not kept:
        raise PictureError("no group has two different values: there is no density to draw, use kind='box'")
    return kept


def _densities(ax: Axes, samples: dict[str, np.ndarray], name: str) -> None:
    """One curve a group, in colours and with a legend where they are few."""
    canvas.grid_lines(ax)
    few = len(samples) <= FEW_GROUPS
    for number, (level, own) in enumerate(samples.items()):
        style: dict[str, Any] = {"color": canvas.PALETTE[number], "linewidth": 1.8} if few else THIN
        ax.plot(*density(own), label=level, **style)
    ax.set(ylabel="Density", ylim=(0, None))
    if few:
        ax.legend(title=name, fontsize="small")
    else:
        ax.set_title(f"{len(samples)} levels of {name}", fontsize="medium")
