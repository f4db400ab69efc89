"""Quantile-quantile plots of residuals and of random effects: lme4's ``qqmath`` methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.plots import canvas
from lmebridge.plots.caterpillar import LME4_QUANTILE, MANY_LEVELS, chosen_effects, random_effects, spread_of
from lmebridge.plots.labelled import label_points
from lmebridge.plots.rows import RowValues
from lmebridge.plots.scatter import point_names
from lmebridge.tables import RandomEffects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lmebridge.linear.linear_model import LinearModel
    from lmebridge.model import MerMod

NORMAL_QUANTILES = "Standard normal quantiles"
#: Most values for which R's ``ppoints`` takes 3/8 off and not 1/2.
FEW = 10
#: Probabilities that the line goes through, and panels in a row.
QUARTILES, PANELS_IN_A_ROW = (0.25, 0.75), 3


def qqmath(
    fit: MerMod | LinearModel | RandomEffects,
    id: float | str | None = None,
    idLabels: str | Sequence[object] | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Standardized residuals against normal quantiles, lme4's ``qqmath(m)``.

    Parameters
    ----------
    fit : MerMod, LinearModel or RandomEffects
        A fitted model; of random effects, such as ``fit.ranef()``, `qqmath_ranef` is drawn.
    id : float or str, optional
        Which points are named, as in `plot`.
    idLabels : str or sequence, optional
        Their names, as in `plot`.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Normal quantiles across, Pearson residuals over sigma up (of a linear model divided by ``sqrt(1 - h)`` too, as
        R's ``rstandard``), both dimensionless, with the line through the quartiles.

    Raises
    ------
    PictureError
        For unusable `ax`, `id` or `idLabels`.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    lme4 ``qqmath.merMod``; R ``stats::ppoints``, ``lattice::panel.qqmathline``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.qqmath(ax=Figure().subplots())
    >>> ax.get_ylabel()
    'Standardized residuals'
    """
    if isinstance(fit, RandomEffects):
        return qqmath_ranef(fit, ax=ax)
    rows = RowValues(fit)
    values = standardized(fit, rows)
    names = point_names(fit, rows, id, idLabels)
    (axes,) = canvas.panels(ax, canvas.Layout.single(5.0, 4.4))
    x = draw_quantiles(axes, values)
    axes.set(xlabel=NORMAL_QUANTILES, ylabel="Standardized residuals")
    if names:
        canvas.settle(axes)
        label_points(axes, x, values, {row: name for row, name in names.items() if np.isfinite(values[row])})
    return axes


def standardized(fit: MerMod | LinearModel, rows: RowValues) -> np.ndarray:
    """Standardized residuals of the rows used, dimensionless."""
    if hasattr(fit, "rstandard"):
        return rows.of_model(fit.rstandard())
    return rows.of_model(fit.residuals("pearson")) / fit.sigma()


def draw_quantiles(ax: Axes, values: np.ndarray) -> np.ndarray:
    """Draw values against normal quantiles with the line through the quartiles; gives each value's quantile."""
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    x = np.full(len(values), np.nan)
    x[order] = normal_quantiles(len(order))
    canvas.grid_lines(ax)
    quartile_line(ax, values[order])
    canvas.points(ax, x[order], values[order])
    return x


def normal_quantiles(count: int) -> np.ndarray:
    """Normal quantiles of R's ``ppoints(count)``, increasing, dimensionless."""
    from scipy.special import ndtri

    shift = 3 / 8 if count <= FEW else 1 / 2
    return np.asarray(ndtri((np.arange(1, count + 1) - shift) / (count + 1 - 2 * shift)))


def quartile_line(ax: Axes, values: np.ndarray) -> None:
    """The line through the quartiles of the values and those of the normal distribution."""
    from scipy.special import ndtri

    x, y = ndtri(QUARTILES), np.quantile(values, QUARTILES)
    slope = (y[1] - y[0]) / (x[1] - x[0])
    ax.axline((float(x[0]), float(y[0])), slope=slope, color=canvas.REFERENCE, linewidth=1.2, zorder=1.5)


def qqmath_ranef(
    fit: MerMod | RandomEffects, group: str | None = None, term: str | None = None, *, ax: Any = None
) -> Any:
    """Normal quantiles of the random effects with their 95 % intervals, lme4's ``qqmath(ranef(m, condVar = TRUE))``.

    Parameters
    ----------
    fit : MerMod or RandomEffects
        A fitted model, or what its `ranef` gave. Without conditional variances the axes change places and there are no
        bars, as in lme4.
    group, term : str, optional
        The grouping factor and the effect to draw; all by default, one panel each.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each panel; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or dict
        Effects across, in units of the response per unit of the term, normal quantiles up; with several panels all
        Axes by (group, term).

    Raises
    ------
    PictureError
        For an unknown group or term, or unusable `ax`.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    lme4 ``qqmath.ranef.mer``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.qqmath_ranef(ax=Figure().subplots())
    >>> ax.get_title()
    'schoolid: (Intercept)'
    """
    effects = random_effects(fit)
    found = chosen_effects(effects, group, term)
    layout = canvas.Layout.grid(len(found), PANELS_IN_A_ROW, (3.8, 3.4))
    axes = dict(zip(found, canvas.panels(ax, layout), strict=True))
    for key, one in axes.items():
        _draw_effects(one, effects, key)
    return canvas.drawn(axes)


def _draw_effects(ax: Axes, effects: RandomEffects, key: tuple[str, str]) -> None:
    """One effect's panel."""
    from scipy.special import ndtri

    group, term = key
    values, spread = effects[group][term].to_numpy(), spread_of(effects, key)
    ax.set_title(canvas.shorter(f"{group}: {term}"), fontsize="medium")
    if spread is None:
        draw_quantiles(ax, values)
        ax.set(xlabel=NORMAL_QUANTILES, ylabel=term)
        return
    order = np.argsort(values, kind="stable")
    heights = ndtri((np.arange(1, len(order) + 1) - 0.5) / len(order))
    canvas.grid_lines(ax)
    ax.axvline(0.0, color=canvas.REFERENCE, linewidth=1.2, zorder=1.5)
    half = LME4_QUANTILE * spread[order]
    thin = len(order) > MANY_LEVELS
    ax.hlines(heights, values[order] - half, values[order] + half, colors=canvas.MARK, linewidth=0.25 if thin else 0.9)
    canvas.points(ax, values[order], heights, color=canvas.DARK, markersize=2.5 if thin else 4.0)
    ax.set(xlabel=term, ylabel=NORMAL_QUANTILES)
