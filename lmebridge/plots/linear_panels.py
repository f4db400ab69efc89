"""The diagnostic panels of a linear model: R's ``plot.lm``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import PictureError
from lmebridge.plots import canvas
from lmebridge.plots.labelled import label_points
from lmebridge.plots.quantiles import draw_quantiles
from lmebridge.plots.rows import RowValues

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from lmebridge.linear.linear_model import LinearModel

    #: Coordinates of a panel's points, and the sizes by which the most extreme are named; each of shape (n,).
    Named = tuple[np.ndarray, np.ndarray, np.ndarray]

#: Name of the smooth line.
SMOOTH = "lowess"
#: Cook's distances whose contours R draws, and points of each contour.
COOK_LEVELS, CONTOUR_POINTS = (0.5, 1.0), 101


def plot_lm(fit: LinearModel, which: int | Sequence[int] = (1, 2, 3, 5), id_n: int = 3, *, ax: Any = None) -> Any:
    """Diagnostic plots of a linear model, R's ``plot.lm``.

    Parameters
    ----------
    fit : LinearModel
        A fitted linear model.
    which : int or sequence of int
        1 residuals against fitted values, 2 normal quantiles of the standardized residuals, 3 the root of their size
        against fitted values, 5 standardized residuals against leverages with contours of Cook's distance.
    id_n : int
        How many of the most extreme points are named, by the data's index.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each panel; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or dict
        The Axes; with several panels all of them by their number in `which`. Rows of weight zero are left out, as in R.

    Raises
    ------
    PictureError
        For an unknown number or unusable `ax`.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    R ``stats::plot.lm``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lm("mathach ~ ses", lme.datasets.hsb().head(300), backend="native")
    >>> drawn = fit.plot(which=(1, 2), ax=Figure().subplots(1, 2))
    >>> [ax.get_title() for ax in drawn.values()]
    ['Residuals vs Fitted', 'Normal Q-Q']
    """
    wanted = [which] if isinstance(which, int) else list(which)
    unknown = [number for number in wanted if number not in PANELS]
    if unknown or not wanted:
        raise PictureError(f"which={which!r}: the panels of a linear model are {', '.join(map(str, PANELS))}")
    diagnostics = _Diagnostics.of(fit, id_n)
    layout = canvas.Layout.grid(len(wanted), 2, (4.0, 3.3)) if len(wanted) > 1 else canvas.Layout.single()
    axes = dict(zip(wanted, canvas.panels(ax, layout), strict=True))
    for one in axes.values():
        canvas.grid_lines(one)
    named = {number: PANELS[number](diagnostics, one) for number, one in axes.items()}
    if id_n > 0:
        canvas.settle(axes[wanted[0]])
    for number, (x, y, sizes) in named.items():
        label_points(axes[number], x, y, diagnostics.extreme(sizes))
    return canvas.drawn(axes)


@dataclass(frozen=True)
class _Diagnostics:
    """What the panels show of each row of a weight other than zero."""

    fitted: np.ndarray
    residuals: np.ndarray
    standardized: np.ndarray
    leverages: np.ndarray
    rank: int
    names: list[str]
    id_n: int

    @classmethod
    def of(cls, fit: LinearModel, id_n: int) -> _Diagnostics:
        rows = RowValues(fit)
        weights = fit.record.weights
        kept = np.ones(len(rows.index), dtype=bool) if weights is None else weights != 0
        answers = (fit.fitted(), fit.residuals(), fit.rstandard(), fit.hatvalues())
        values = [rows.of_model(answer)[kept] for answer in answers]
        fitted, residuals, standardized, leverages = values
        names = [str(name) for name in rows.index[kept]]
        return cls(fitted, residuals, standardized, leverages, fit.record.rank, names, id_n)

    def extreme(self, sizes: np.ndarray) -> dict[int, str]:
        """Names of the points with the greatest sizes."""
        known = np.where(np.isfinite(sizes), sizes, -np.inf)
        order = np.argsort(-known, kind="stable")[: self.id_n]
        return {int(row): self.names[row] for row in order if np.isfinite(sizes[row])}

    def residuals_against_fitted(self, ax: Axes) -> Named:
        ax.axhline(0.0, color=canvas.REFERENCE, linewidth=1.0, linestyle=":")
        self._scatter(ax, self.fitted, self.residuals)
        ax.set(xlabel="Fitted values", ylabel="Residuals", title="Residuals vs Fitted")
        return self.fitted, self.residuals, np.abs(self.residuals)

    def quantiles(self, ax: Axes) -> Named:
        x = draw_quantiles(ax, self.standardized)
        ax.set(xlabel="Theoretical Quantiles", ylabel="Standardized residuals", title="Normal Q-Q")
        return x, self.standardized, np.abs(self.standardized)

    def scale_against_fitted(self, ax: Axes) -> Named:
        root = np.sqrt(np.abs(self.standardized))
        self._scatter(ax, self.fitted, root)
        ax.set(xlabel="Fitted values", ylabel=r"$\sqrt{|\mathrm{Standardized\ residuals}|}$", title="Scale-Location")
        ax.set_ylim(bottom=0.0)
        return self.fitted, root, np.abs(self.standardized)

    def residuals_against_leverages(self, ax: Axes) -> Named:
        for draw in (ax.axhline, ax.axvline):
            draw(0.0, color=canvas.REFERENCE, linewidth=1.0, linestyle=":")
        cooks = self.standardized**2 * self.leverages / (self.rank * (1 - self.leverages))
        self._scatter(ax, self.leverages, self.standardized)
        self._contours(ax)
        ax.locator_params(axis="x", nbins=5)
        ax.set(xlabel="Leverage", ylabel="Standardized residuals", title="Residuals vs Leverage")
        return self.leverages, self.standardized, cooks

    def _contours(self, ax: Axes) -> None:
        """Where Cook's distance is a half and one, within the panel."""
        limits = ax.get_ylim()
        most = min(float(self.leverages.max()) * 1.04, 0.999)
        leverages = np.linspace(min(float(self.leverages.min()), 0.01), most, CONTOUR_POINTS)
        for level in COOK_LEVELS:
            height = np.sqrt(level * self.rank * (1 - leverages) / leverages)
            for sign in (-1, 1):
                ax.plot(leverages, sign * height, color=canvas.REFERENCE, linewidth=0.9, linestyle="--")
        ax.set(ylim=limits, xlim=(0.0, most * 1.02))

    def _scatter(self, ax: Axes, x: np.ndarray, y: np.ndarray) -> None:
        canvas.points(ax, x, y)
        # R's smooth line, where there are different places for it to go through.
        from lmebridge.backends.statsmodels import smooth

        known = np.isfinite(x) & np.isfinite(y)
        if len(np.unique(x[known])) > 1:
            ax.plot(*smooth(x[known], y[known]), color=canvas.LINE, linewidth=1.3, label=SMOOTH)


#: By R's number, what draws a panel.
PANELS: dict[int, Callable[[_Diagnostics, Axes], Named]] = {
    1: _Diagnostics.residuals_against_fitted,
    2: _Diagnostics.quantiles,
    3: _Diagnostics.scale_against_fitted,
    5: _Diagnostics.residuals_against_leverages,
}
