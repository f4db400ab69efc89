"""Random effects with their intervals, in order of size: lme4's ``dotplot.ranef.mer``, the caterpillar plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import PictureError
from lmebridge.plots import canvas
from lmebridge.tables import RandomEffects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from lmebridge.model import MerMod

#: Half widths of lme4's intervals, in conditional standard deviations: it rounds the normal quantile.
LME4_LEVEL, LME4_QUANTILE = 0.95, 1.96
#: Inches of a panel: width, height of one named level, and the least and most height.
WIDTH, LEVEL_HEIGHT, LEAST_HEIGHT, MOST_HEIGHT = 3.6, 0.19, 2.6, 9.0
#: Most inches of all panels together.
MOST_TOGETHER = 14.0
#: Size of a figure with the ranks across, inches.
RANKS_SIZE = (7.0, 4.0)
#: Most levels whose points are drawn large; width of a bar as a share of its level's room.
MANY_LEVELS, STROKE = 120, 0.4


def plot_ranef(
    fit: MerMod | RandomEffects,
    group: str | None = None,
    term: str | None = None,
    level: float = LME4_LEVEL,
    order: str = "first",
    labels: bool | Iterable[str] | None = None,
    orientation: str = "horizontal",
    *,
    highlight: bool = False,
    ax: Any = None,
) -> Any:
    """Caterpillar plot: the conditional modes with their intervals, lme4's ``dotplot(ranef(m, condVar = TRUE))``.

    Parameters
    ----------
    fit : MerMod or RandomEffects
        A fitted model, or what its `ranef` gave; without conditional variances there are no bars.
    group, term : str, optional
        The grouping factor and the effect to draw; all by default, one panel each.
    level : float
        Level of the intervals, dimensionless. At 0.95 they reach 1.96 conditional standard deviations, as in lme4.
    order : {"first", "own", "levels"}
        Levels by the first effect drawn (as lme4 does, so that a level has one place in all panels), by each panel's
        own effect, or in the factor's order.
    labels : bool, iterable of str or None
        Whether levels are named, or which; by default all where their names can be read.
    orientation : {"horizontal", "vertical"}
        Horizontal bars and levels going up, as lme4 draws them; or vertical bars and ranks going across, as school
        effects are usually shown.
    highlight : bool
        Whether intervals that do not contain zero are coloured.
    ax : Axes or sequence of Axes, optional
        Where to draw, one for each panel; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes or dict
        The Axes; with several panels all of them by (group, term). Units of the response per unit of the term.

    Raises
    ------
    PictureError
        For an unknown group, term, level, order or orientation, or unusable `ax` or `labels`.
    MissingExtra
        If matplotlib is not installed.

    References
    ----------
    lme4 ``dotplot.ranef.mer``; Goldstein & Healy (1995), J. R. Stat. Soc. A 158, 175-177.

    Examples
    --------
    >>> import lmebridge as lme
    >>> from matplotlib.figure import Figure
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb().head(300), backend="native")
    >>> ax = fit.plot_ranef(ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_yticklabels()][:3]
    ['1296', '1374', '1224']
    """
    _check(order, orientation, level)
    effects = random_effects(fit)
    found = chosen_effects(effects, group, term)
    half = LME4_QUANTILE if level == LME4_LEVEL else _quantile(level)
    worms = {key: _worm(effects, found, key, order, half) for key in found}
    firsts = {next(key for key in worms if key[0] == one) for one, _ in worms}
    for worm in worms.values():
        canvas.check_labels(worm.levels, labels)
    axes = dict(zip(worms, canvas.panels(ax, _layout(worms, orientation)), strict=True))
    for key, worm in worms.items():
        worm.draw(axes[key], labels, vertical=orientation == "vertical", highlight=highlight)
        if order != "own" and orientation == "horizontal" and ax is None and key not in firsts:
            axes[key].set(ylabel="", yticklabels=[])
    return canvas.drawn(axes)


def random_effects(fit: MerMod | RandomEffects) -> RandomEffects:
    """The random effects to draw.

    Raises
    ------
    PictureError
        For a model without random effects.
    """
    if isinstance(fit, RandomEffects):
        return fit
    if not hasattr(fit, "ranef"):
        raise PictureError(f"a {type(fit).__name__} has no random effects: fit one with lmebridge.lmer")
    return fit.ranef()


def chosen_effects(effects: RandomEffects, group: str | None, term: str | None) -> list[tuple[str, str]]:
    """Grouping factor and effect of every panel, in lme4's order.

    Raises
    ------
    PictureError
        For a group or term that the model does not have, with those that it has.
    """
    if group is not None and group not in list(effects):
        raise PictureError(f"group={group!r} is not a grouping factor of this model; there are {canvas.some(effects)}")
    groups = list(effects) if group is None else [group]
    every = [(one, str(name)) for one in groups for name in effects[one].columns]
    found = [key for key in every if term in {None, key[1]}]
    if not found:
        terms = canvas.some(dict.fromkeys(name for _, name in every))
        raise PictureError(f"term={term!r} is not a random effect of {canvas.some(groups)}; there are {terms}")
    return found


def spread_of(effects: RandomEffects, key: tuple[str, str]) -> np.ndarray | None:
    """Conditional standard deviations of one effect, in its units; None where they were not asked for."""
    group, term = key
    if group not in effects.postVar:
        return None
    place = list(effects[group].columns).index(term)
    return np.asarray(np.sqrt(effects.postVar[group][:, place, place]))


@dataclass(frozen=True)
class _Worm:
    """One panel: levels in order, their effects, half the length of their bars, and what the places are."""

    key: tuple[str, str]
    levels: Sequence[str]
    values: np.ndarray
    halves: np.ndarray | None
    rank: str

    def draw(self, ax: Axes, labels: bool | Iterable[str] | None, *, vertical: bool, highlight: bool) -> None:
        """Draw the bars, the points, the line at zero, and the names of the levels."""
        places = np.arange(1, len(self.values) + 1)
        canvas.grid_lines(ax)
        ax.grid(visible=False, axis="x" if vertical else "y")
        (ax.axhline if vertical else ax.axvline)(0.0, color=canvas.REFERENCE, linewidth=1.2, zorder=1.5)
        colours = self._colours() if highlight else [canvas.MARK] * len(places)
        self._bars(ax, places, colours, vertical=vertical)
        x, y = (places, self.values) if vertical else (self.values, places)
        many = len(places) > MANY_LEVELS
        ax.scatter(x, y, s=5 if many else 16, c=canvas.DARK, zorder=3, linewidths=0)
        ends = (0.3 - 0.01 * len(places), len(places) * 1.01 + 0.7)
        (ax.set_xlim if vertical else ax.set_ylim)(ends)
        self._name(ax, labels, vertical=vertical)

    def _bars(self, ax: Axes, places: np.ndarray, colours: list[str], *, vertical: bool) -> None:
        if self.halves is None:
            return
        bars = ax.vlines if vertical else ax.hlines
        width = float(np.clip(STROKE * canvas.room(ax, len(places), vertical=not vertical), 0.4, 1.0))
        bars(places, self.values - self.halves, self.values + self.halves, colors=colours, linewidth=width)

    def _colours(self) -> list[str]:
        halves = np.zeros_like(self.values) if self.halves is None else self.halves
        sides = np.where(self.values - halves > 0, 1, np.where(self.values + halves < 0, -1, 0))
        colours = {1: canvas.LINE, -1: canvas.BELOW, 0: "#9bb3c9"}
        return [colours[int(side)] for side in sides]

    def _name(self, ax: Axes, labels: bool | Iterable[str] | None, *, vertical: bool) -> None:
        group, term = self.key
        if vertical and labels is None:
            ax.set(xlabel=self.rank, ylabel=canvas.shorter(term))
            return
        canvas.label_levels(ax, self.levels, labels, vertical=not vertical)
        named = bool((ax.get_xticks() if vertical else ax.get_yticks()).size)
        whose = group if named else f"{len(self.levels)} levels of {group}"
        name = canvas.shorter(term)
        ax.set(**({"xlabel": whose, "ylabel": name} if vertical else {"ylabel": whose, "title": name}))


def _worm(effects: RandomEffects, found: list[tuple[str, str]], key: tuple[str, str], order: str, half: float) -> _Worm:
    """One panel's levels in order."""
    group, table = key[0], effects[key[0]]
    by = next(one for one in found if one[0] == group) if order == "first" else key
    rank = f"rank of {group}" if by == key else f"rank of {group} by {by[1]}"
    # Stable: levels with equal effects stay in the factor's order, as in R's reorder().
    places = np.argsort(table[by[1]].to_numpy(), kind="stable")
    if order == "levels":
        places, rank = np.arange(len(table)), group
    spread = spread_of(effects, key)
    halves = None if spread is None else half * spread[places]
    levels = [str(table.index[place]) for place in places]
    return _Worm(key, levels, table[key[1]].to_numpy()[places], halves, rank)


def _layout(worms: dict[tuple[str, str], _Worm], orientation: str) -> canvas.Layout:
    """A row of panels for each grouping factor, as high as its levels need."""
    groups = list(dict.fromkeys(group for group, _ in worms))
    rows = [[key for key in worms if key[0] == group] for group in groups]
    places = tuple((row, column) for row, keys in enumerate(rows) for column in range(len(keys)))
    if orientation == "vertical":
        widest = max(map(len, rows))
        return canvas.Layout(places, (max(RANKS_SIZE[0], 3.2 * widest), RANKS_SIZE[1] * len(rows)))
    counts = [len(worms[keys[0]].levels) for keys in rows]
    heights = tuple(float(np.clip(LEVEL_HEIGHT * count, LEAST_HEIGHT, MOST_HEIGHT)) for count in counts)
    return canvas.Layout(places, (max(4.8, WIDTH * max(map(len, rows))), min(sum(heights), MOST_TOGETHER)), heights)


def _quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _check(order: str, orientation: str, level: float) -> None:
    """Refuse what is no order, orientation or level."""
    if order not in {"first", "own", "levels"}:
        raise PictureError(f"order={order!r}: levels go by the 'first' effect drawn, by their 'own', or as 'levels'")
    if orientation not in {"horizontal", "vertical"}:
        raise PictureError(f"orientation={orientation!r}: bars are 'horizontal' or 'vertical'")
    if not 0 < level < 1:
        raise PictureError(f"level={level!r}: a level is a number between 0 and 1, such as 0.95")
