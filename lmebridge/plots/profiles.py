"""Profile zeta plots: lme4's ``xyplot.thpr``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import LmebridgeWarning, PictureError
from lmebridge.plots import canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lmebridge.model import MerMod

#: Confidence levels that lattice's panels show, and panels in a row.
CONFIDENCE, PANELS_IN_A_ROW = (0.5, 0.8, 0.9, 0.95, 0.99), 4
#: Points of the curve, as lme4's; inches of a panel that is alone.
CURVE_POINTS, SINGLE = 101, (4.8, 4.0)


def plot_profile(
    fit: MerMod | pd.DataFrame,
    which: str | Sequence[str] | None = None,
    conf: Sequence[float] = CONFIDENCE,
    absVal: bool = False,
    *,
    ax: Any = None,
) -> Any:
    """Signed square roots of the deviance's increase against each parameter, lme4's ``xyplot(profile(m))``.

    A straight line says that the deviance is quadratic in the parameter, so that intervals from its standard error do.

    Parameters
    ----------
    fit : MerMod or pandas.DataFrame
        A fitted model, which is profiled now, or the profile that `profile` gave.
    which : str or sequence of str, optional
        Parameters to draw, ``"theta_"`` for all standard deviations and correlations, ``"beta_"`` for all fixed
        effects; all by default.
    conf : sequence of float
        Confidence levels marked by vertical lines, dimensionless.
    absVal : bool
        Whether absolute values are drawn; horizontal lines are then the intervals.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each parameter; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or dict
        Parameter across, in its units, zeta up (dimensionless); with several parameters all Axes by parameter.

    Raises
    ------
    PictureError
        For an unknown parameter, a level outside (0, 1), a table that is no profile, or unusable `ax`.
    MissingExtra
        If matplotlib is not installed.

    Warns
    -----
    LmebridgeWarning
        Where a profile is not monotone: its points are joined by straight lines, as in lme4.

    References
    ----------
    lme4 ``xyplot.thpr``; Bates, Maechler, Bolker & Walker (2015), J. Stat. Softw. 67(1), section 5.1.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.plot_profile("sigma", ax=Figure().subplots())
    >>> ax.get_title()
    'sigma'
    """
    zetas = _zetas(conf)
    canvas.pyplot()
    table, names = _table(fit, which)
    curves = {name: _Curve.of(table, name) for name in names}
    panel = (2.9, 2.8) if len(names) > 1 else SINGLE
    layout = canvas.Layout.grid(len(names), PANELS_IN_A_ROW, panel, share="y")
    axes = dict(zip(names, canvas.panels(ax, layout), strict=True))
    for number, (name, one) in enumerate(axes.items()):
        curves[name].draw(one, zetas, absolute=absVal)
        one.set_title(canvas.shorter(name, 30), fontsize="medium")
        if number % PANELS_IN_A_ROW == 0:
            one.set_ylabel(r"$|\zeta|$" if absVal else r"$\zeta$")
    return canvas.drawn(axes)


def _zetas(conf: Sequence[float]) -> np.ndarray:
    """Zetas of the confidence levels, increasing."""
    from scipy.special import ndtri

    levels = np.ravel(np.asarray(conf, dtype=float))
    if not np.all((levels > 0) & (levels < 1)):
        raise PictureError(f"conf={list(levels)}: values of 'conf' must be strictly between 0 and 1")
    return np.asarray(np.sort(ndtri((1 + levels) / 2)))


def _table(fit: MerMod | pd.DataFrame, which: str | Sequence[str] | None) -> tuple[pd.DataFrame, list[str]]:
    """The profile and the parameters wanted, in its order."""
    if not isinstance(fit, pd.DataFrame):
        if not hasattr(fit, "profile"):
            raise PictureError(f"a {type(fit).__name__} has no profile: fit a mixed model with lmebridge.lmer")
        try:
            table = fit.profile(which)
        except ValueError as error:
            raise PictureError(str(error)) from error
        return table, list(dict.fromkeys(table[".par"]))
    if not {".zeta", ".par"} <= set(fit.columns):
        raise PictureError("this table is no profile, which has the columns '.zeta' and '.par': draw fit.profile()")
    known = list(dict.fromkeys(fit[".par"]))
    wanted = known if which is None else [which] if isinstance(which, str) else list(which)
    names = [name for name in known if any(_means(word, name) for word in wanted)]
    unknown = [word for word in wanted if not any(_means(word, name) for name in known)]
    if unknown:
        raise PictureError(f"which={unknown[0]!r} is not in this profile; there are {canvas.some(known)}")
    return fit, names


def _means(word: str, name: str) -> bool:
    """Whether a word stands for a parameter."""
    is_scale = name.startswith(("sd_", "cor_", ".sig")) or name == "sigma"
    return word == name or (word == "theta_" and is_scale) or (word == "beta_" and not is_scale)


@dataclass(frozen=True)
class _Curve:
    """One parameter's profile: its values, increasing, and zeta there."""

    values: np.ndarray
    zeta: np.ndarray
    name: str

    @classmethod
    def of(cls, table: pd.DataFrame, name: str) -> _Curve:
        own = table[table[".par"] == name].dropna(subset=[".zeta", name])
        if len(own) < 2:
            raise PictureError(f"the profile of {name} has {len(own)} points: there is no curve to draw")
        return cls(own[name].to_numpy(dtype=float), own[".zeta"].to_numpy(dtype=float), name)

    def at(self, zetas: np.ndarray) -> np.ndarray:
        """Values of the parameter at the zetas, NaN beyond the profile."""
        from lmebridge.inference.interpolation import value_at

        if self.is_monotone:
            return value_at(self.values, self.zeta, zetas)
        order = np.argsort(self.zeta, kind="stable")
        return np.asarray(np.interp(zetas, self.zeta[order], self.values[order], left=np.nan, right=np.nan))

    @property
    def is_monotone(self) -> bool:
        return bool(np.all(np.diff(self.values) > 0) and np.all(np.diff(self.zeta) > 0))

    def draw(self, ax: Axes, zetas: np.ndarray, *, absolute: bool) -> None:
        """Draw the curve and the intervals; levels beyond the profile are marked where it ends, at height zero."""
        every = np.concatenate([-zetas[::-1], [0.0], zetas])
        places = self.at(every)
        heights = np.where(np.isnan(places), 0.0, np.abs(every) if absolute else every)
        places = np.where(np.isnan(places), self.values.min(), places)
        canvas.grid_lines(ax)
        ax.vlines(places, np.minimum(heights, 0.0), np.maximum(heights, 0.0), colors=canvas.REFERENCE, linewidth=1)
        if absolute:
            ends = heights > 0
            ax.hlines(heights[ends], places[ends], places[::-1][ends], colors=canvas.REFERENCE, linewidth=1)
        else:
            ax.axhline(0.0, color=canvas.REFERENCE, linewidth=1.0)
        x, y = self._line(places)
        ax.plot(x, np.abs(y) if absolute else y, color=canvas.MARK, linewidth=1.8, **self._marks())

    def _line(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The curve between the outermost levels; the points themselves of a profile that is not monotone."""
        from scipy.interpolate import CubicSpline

        if not self.is_monotone:
            message = f"bad profile for variable {self.name}: using linear interpolation"
            warnings.warn(message, LmebridgeWarning, stacklevel=5)
            return self.values, self.zeta
        margin = 0.04 * float(np.ptp(places))
        low, high = max(places.min() - margin, self.values[0]), min(places.max() + margin, self.values[-1])
        x = np.linspace(low, high, CURVE_POINTS)
        return x, CubicSpline(self.values, self.zeta, bc_type="natural")(x)

    def _marks(self) -> dict[str, Any]:
        return {} if self.is_monotone else {"marker": "+"}
