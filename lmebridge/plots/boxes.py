"""Boxplots with R's hinges and whiskers, and R's kernel densities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.plots import canvas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: How far whiskers may reach, in lengths of the box: R's ``boxplot.stats(coef = 1.5)``.
REACH = 1.5
#: R's ``density``: points, bandwidths beyond the data, and the constants of ``bw.nrd0``.
DENSITY_POINTS, CUT, SHARE, NORMAL_IQR = 512, 3, 0.9, 1.34


def box_statistics(values: np.ndarray) -> dict[str, Any]:
    """The five numbers of a box and the points beyond its whiskers.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        At least one number.

    Returns
    -------
    dict
        ``whislo``, ``q1`` (lower hinge), ``med``, ``q3``, ``whishi`` and ``fliers``, as `matplotlib.axes.Axes.bxp`
        takes them, in the units of `values`.

    References
    ----------
    R ``grDevices::boxplot.stats`` and ``stats::fivenum`` (Tukey's hinges, not quartiles).

    Examples
    --------
    >>> found = box_statistics(np.array([1.0, 2.0, 3.0, 4.0, 20.0]))
    >>> float(found["q3"]), found["whishi"].item(), found["fliers"].tolist()
    (4.0, 4.0, [20.0])
    """
    ordered = np.sort(values)
    depth = np.floor((len(ordered) + 3) / 2) / 2
    places = np.array([depth, (len(ordered) + 1) / 2, len(ordered) + 1 - depth]) - 1
    low, middle, high = (ordered[np.floor(places).astype(int)] + ordered[np.ceil(places).astype(int)]) / 2
    beyond = (ordered < low - REACH * (high - low)) | (ordered > high + REACH * (high - low))
    inside = ordered[~beyond]
    return {
        "q1": low,
        "med": middle,
        "q3": high,
        "whislo": inside[0],
        "whishi": inside[-1],
        "fliers": ordered[beyond],
    }


def draw_boxes(
    ax: Axes,
    values: np.ndarray,
    groups: pd.Categorical,
    labels: Any = None,
) -> None:
    """One horizontal box a level, the first level lowest, as lattice's ``bwplot`` draws them.

    Parameters
    ----------
    ax : Axes
        The panel.
    values : numpy.ndarray, shape (n,)
        What the boxes describe; missing values are left out.
    groups : pandas.Categorical, shape (n,)
        The level of each value.
    labels : bool, iterable of str or None
        Which levels are named, see `canvas.label_levels`.
    """
    levels = [str(level) for level in groups.categories]
    found = {}
    for code in range(len(levels)):
        own = values[(groups.codes == code) & np.isfinite(values)]
        if len(own):
            found[code + 1] = box_statistics(own)
    many = len(levels) > MANY_BOXES
    ax.bxp(
        list(found.values()),
        positions=list(found),
        orientation="horizontal",
        manage_ticks=False,
        widths=0.6,
        patch_artist=True,
        boxprops={"facecolor": "#dbe6f1", "edgecolor": canvas.MARK, "linewidth": 0.5 if many else 1.0},
        medianprops={"color": canvas.LINE, "linewidth": 1.0 if many else 1.6},
        whiskerprops={"color": canvas.MARK, "linewidth": 0.5 if many else 1.0},
        capprops={"color": canvas.MARK, "linewidth": 0.5 if many else 1.0},
        flierprops={"marker": "o", "markersize": 2 if many else 3, "markeredgecolor": canvas.MARK},
    )
    ax.set_ylim(0.3, len(levels) + 0.7)
    canvas.label_levels(ax, levels, labels, vertical=True)


#: Most boxes that are drawn with full strokes.
MANY_BOXES = 40


def density(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel density, R's ``density(x)``.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        At least two numbers.

    Returns
    -------
    x, y : numpy.ndarray, shape (512,)
        Where it is computed, in the units of `values`, and the density, one over these units.

    References
    ----------
    R ``stats::density`` with ``bw.nrd0`` (Silverman 1986, equation 3.31). R bins the data first, which this does not.
    """
    from scipy.stats import gaussian_kde

    width = bandwidth(values)
    x = np.linspace(values.min() - CUT * width, values.max() + CUT * width, DENSITY_POINTS)
    return x, gaussian_kde(values, bw_method=width / float(np.std(values, ddof=1)))(x)


def bandwidth(values: np.ndarray) -> float:
    """R's ``bw.nrd0``, in the units of `values`."""
    spread = float(np.std(values, ddof=1))
    quartiles = np.quantile(values, [0.25, 0.75])
    narrow = min(spread, float(quartiles[1] - quartiles[0]) / NORMAL_IQR) or spread
    return float(SHARE * narrow * len(values) ** -0.2)
