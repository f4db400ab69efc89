"""Observed data and the fitted line of each group: what random intercepts and random slopes look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.plots import canvas
from lmebridge.plots.group_curves import GroupCurves, choose_curves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from lmebridge.model import MerMod

#: Most groups that have a colour and a place in the legend; most whose lines are drawn at full strength.
FEW_GROUPS, MANY_GROUPS = len(canvas.PALETTE), 100
POPULATION = "without random effects"


def plot_groups(
    fit: MerMod,
    x: str | None = None,
    group: str | None = None,
    levels: Sequence[object] | None = None,
    at: Mapping[str, Any] | None = None,
    points: bool = True,
    panels: bool = False,
    population: bool = True,
    *,
    ax: Any = None,
) -> Any:
    """Fitted line of each group over a predictor, with the observed data and the line without random effects.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    x : str, optional
        A numeric column of the data; by default the first with random slopes, else the first among the fixed effects.
    group : str, optional
        The grouping factor; by default the one whose effects vary with `x`, else lme4's first.
    levels : sequence, optional
        The groups to draw; all by default.
    at : mapping of str to value, optional
        Values of the other predictors. By default a predictor that does not vary within a group has the group's own
        value; others are at their mean, or at their most frequent level.
    points : bool
        Whether the observed responses are drawn.
    panels : bool
        Whether each group has a panel of its own, as in lattice's ``xyplot(y ~ x | g)``.
    population : bool
        Whether the line without random effects is drawn.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each panel; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or dict
        The predictor across and the response up, both in their units (of a binomial response the proportion); with
        panels all Axes by level.

    Raises
    ------
    PictureError
        For an unknown group, level or predictor, a model without a numeric predictor, or unusable `ax`.
    MissingExtra
        If matplotlib is not installed.

    Notes
    -----
    A line has the effects of its group and of every grouping factor that the group lies within; those of crossed
    factors are left out. Where a term cannot be evaluated on new rows as it was on the old ones, such as
    ``as.vector(scale(x))`` or ``factor(x)``, the lines go through the fitted values.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.plot_groups(levels=["1224", "1288"], ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['1224', '1288', 'without random effects']
    """
    curves = choose_curves(fit, x, group, at)
    chosen = curves.chosen_levels(levels)
    picture = _Picture(curves, chosen, points=points, population=population)
    if not panels:
        return picture.together(ax)
    canvas.check_panels(curves.group, len(chosen), "name some with levels=")
    return picture.in_panels(ax)


@dataclass(frozen=True)
class _Picture:
    """Which levels are drawn, and what with them."""

    curves: GroupCurves
    levels: list[str]
    points: bool
    population: bool

    def together(self, ax: Any) -> Axes:
        """All groups in one panel."""
        lines = self.curves.of_groups(self.levels)
        population = self.curves.of_population() if self.population else None
        (axes,) = canvas.panels(ax, canvas.Layout.single(6.4, 4.6))
        from matplotlib.collections import LineCollection

        canvas.grid_lines(axes)
        if self.points:
            self._points(axes)
        segments = [np.column_stack(line) for line in lines]
        axes.add_collection(LineCollection(segments, zorder=2.2, **self._strokes()))
        if population is not None:
            style: dict[str, Any] = {"color": "black", "linestyle": "--"} if self.is_few else {"color": canvas.LINE}
            axes.plot(*population, linewidth=2.2, zorder=2.5, label=POPULATION, **style)
        axes.autoscale_view()
        axes.set(xlabel=self.curves.x, ylabel=self.curves.response)
        self._legend(axes)
        return axes

    @property
    def is_few(self) -> bool:
        return len(self.levels) <= FEW_GROUPS

    @property
    def colours(self) -> list[str]:
        """The colour of each level."""
        return list(canvas.PALETTE[: len(self.levels)]) if self.is_few else [canvas.MARK] * len(self.levels)

    def _strokes(self) -> dict[str, Any]:
        if self.is_few:
            return {"colors": self.colours, "linewidths": 1.8}
        many = len(self.levels) > MANY_GROUPS
        return {"colors": canvas.MARK, "linewidths": 0.4 if many else 0.8, "alpha": 0.5 if many else 0.7}

    def _points(self, ax: Axes) -> None:
        """The observed responses of the groups drawn."""
        rows = [self.curves.rows_of(level) for level in self.levels]
        count = sum(map(len, rows))
        strength = 0.6 * canvas.strength(count)
        for own, colour in zip(rows, self.colours, strict=True) if self.is_few else [(np.concatenate(rows), FAR)]:
            canvas.points(ax, self.curves.predictor[own], self.curves.observed[own], color=colour, alpha=strength)

    def _legend(self, ax: Axes) -> None:
        from matplotlib.lines import Line2D

        handles = [line for line in ax.get_lines() if line.get_label() == POPULATION]
        if self.is_few:
            pairs = zip(self.colours, self.levels, strict=True)
            handles = [
                *(Line2D([], [], color=colour, label=canvas.shorter(level)) for colour, level in pairs),
                *handles,
            ]
        if handles:
            ax.legend(handles=handles, fontsize="small", title=self.curves.group if self.is_few else None)

    def in_panels(self, ax: Any) -> Any:
        """One panel a group."""
        lines = self.curves.of_groups(self.levels)
        population = self.curves.without_random_effects(self.levels) if self.population else [None] * len(lines)
        layout = canvas.Layout.small(len(self.levels))
        axes = dict(zip(self.levels, canvas.panels(ax, layout), strict=True))
        for (level, one), line, average in zip(axes.items(), lines, population, strict=True):
            canvas.grid_lines(one)
            own = self.curves.rows_of(level)
            if self.points:
                canvas.points(one, self.curves.predictor[own], self.curves.observed[own])
            if average is not None:
                one.plot(*average, color=canvas.REFERENCE, linewidth=1.2, linestyle="--", label=POPULATION)
            one.plot(*line, color=canvas.LINE, linewidth=1.8, label=level)
            one.set_title(canvas.shorter(level, 24), fontsize="medium")
        canvas.name_axes(axes.values(), self.curves.x, self.curves.response, whole=ax is None)
        return canvas.drawn(axes)


#: Colour of the points of many groups.
FAR = canvas.REFERENCE
