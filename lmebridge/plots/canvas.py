"""Where pictures are drawn: the Axes given or a new figure, and the few colours and marks that all pictures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lmebridge.errors import MissingExtra, PictureError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

Key = TypeVar("Key", bound="Hashable")

#: Colours of marks, of fitted lines and what is picked out, of what is below, of reference lines, and of faint things.
MARK, LINE, BELOW, REFERENCE, FAINT = "#1f5a94", "#c8442b", "#e08a1e", "#7f7f7f", "#d9d9d9"
#: Colour of points on bars of the colour of marks.
DARK = "#0b2f52"
#: Colours of a few groups side by side (Okabe and Ito 2008, told apart by colour-blind readers too).
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999933")
#: Room that a tick label takes, in points: its line, and the least that its letters may have.
LINE_ROOM, LEAST_LETTERS = 1.25, 5.0
#: Most rows that may still be worth one mark each at full strength.
MANY = 500
#: Panels that are few enough to be large, small ones in a row, and the most that one figure may have.
FEW_PANELS, SMALL_IN_A_ROW, MOST_PANELS = 3, 6, 60
#: Points in an inch, and the least strength of marks, however many there are.
POINTS_PER_INCH, LEAST_STRENGTH = 72.0, 0.2


def pyplot() -> Any:
    """Matplotlib's pyplot, loaded now.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingExtra.because("drawing", "matplotlib", "plot") from error
    return plt


@dataclass(frozen=True)
class Layout:
    """How the panels of a new figure lie.

    Attributes
    ----------
    places : tuple of (int, int)
        Row and column of each panel, from 0.
    size : tuple of float
        Width and height of the figure, inches.
    heights : tuple of float
        Relative heights of the rows, all equal when empty, dimensionless.
    sharex, sharey : bool
        Whether all panels have the first one's axis.
    """

    places: tuple[tuple[int, int], ...]
    size: tuple[float, float]
    heights: tuple[float, ...] = ()
    sharex: bool = False
    sharey: bool = False

    @classmethod
    def grid(cls, count: int, columns: int, panel: tuple[float, float] = (3.0, 2.8), *, share: str = "") -> Layout:
        """`count` panels of one size (inches) row by row, sharing the axes named in `share` (``"xy"``)."""
        columns = min(columns, count)
        places = tuple(divmod(number, columns) for number in range(count))
        size = (panel[0] * columns, panel[1] * (places[-1][0] + 1))
        return cls(places, size, (), "x" in share, "y" in share)

    @classmethod
    def small(cls, count: int) -> Layout:
        """Panels of one group each, which share both axes: few of them larger, many of them six in a row."""
        if count <= FEW_PANELS:
            return cls.grid(count, FEW_PANELS, (3.2, 2.9), share="xy")
        return cls.grid(count, SMALL_IN_A_ROW, (1.8, 1.7), share="xy")

    @classmethod
    def single(cls, width: float = 6.0, height: float = 4.2) -> Layout:
        """One panel, size in inches."""
        return cls(((0, 0),), (width, height))


def check_panels(name: str, count: int, remedy: str) -> None:
    """Refuse a panel a level where the levels are too many for one figure."""
    if count > MOST_PANELS:
        raise PictureError(f"{name} has {count} levels, and a figure takes {MOST_PANELS} panels: {remedy}")


def panels(ax: Any, layout: Layout) -> list[Axes]:
    """The Axes to draw on: those given, or those of a new figure.

    Parameters
    ----------
    ax : Axes, or sequence, array or mapping of Axes, or None
        What the caller was given.
    layout : Layout
        Panels of the new figure where there are none given.

    Returns
    -------
    list of Axes
        As many as `layout` has places.

    Raises
    ------
    PictureError
        If what was given is no Axes, or not as many as are drawn on.
    MissingExtra
        If matplotlib is not installed.
    """
    plt = pyplot()
    if ax is not None:
        return given_axes(ax, len(layout.places))
    figure = plt.figure(figsize=layout.size, layout="constrained")
    rows, columns = (1 + max(place[side] for place in layout.places) for side in (0, 1))
    grid = figure.add_gridspec(rows, columns, height_ratios=layout.heights or None)
    axes: list[Axes] = []
    for place in layout.places:
        shared = {name: axes[0] for name, wanted in _sharing(layout) if wanted and axes}
        axes.append(figure.add_subplot(grid[place], **shared))
    _label_outside(axes, layout)
    return axes


def _sharing(layout: Layout) -> tuple[tuple[str, bool], ...]:
    return ("sharex", layout.sharex), ("sharey", layout.sharey)


def _label_outside(axes: list[Axes], layout: Layout) -> None:
    """Leave tick labels of shared axes to the panels that have no neighbour there."""
    for one, (row, column) in zip(axes, layout.places, strict=True):
        if layout.sharex and (row + 1, column) in layout.places:
            one.tick_params(labelbottom=False)
        if layout.sharey and column > 0:
            one.tick_params(labelleft=False)


def given_axes(ax: Any, count: int) -> list[Axes]:
    """The Axes that a caller gave, checked."""
    from matplotlib.axes import Axes

    values = list(ax.values()) if hasattr(ax, "values") and not isinstance(ax, np.ndarray) else ax
    found = [values] if isinstance(values, Axes) else list(np.ravel(np.asarray(values, dtype=object)))
    wrong = [value for value in found if not isinstance(value, Axes)]
    if wrong:
        raise PictureError(
            f"ax={ax!r}: pictures are drawn on matplotlib Axes, such as `figure, ax = plt.subplots()` gives, "
            f"not on a {type(wrong[0]).__name__}"
        )
    if len(found) != count:
        raise PictureError(f"ax has {len(found)} Axes, and this picture has {count} panels: give one for each, or none")
    return found


def drawn(axes: Mapping[Key, Axes]) -> Axes | dict[Key, Axes]:
    """What a picture returns: its Axes where it has one panel, else all of them by what they show."""
    found = dict(axes)
    return next(iter(found.values())) if len(found) == 1 else found


def shorter(text: str, width: int = 38) -> str:
    """A long name with its middle left out, so that a title stays within its panel."""
    half = (width - 3) // 2
    return text if len(text) <= width else f"{text[:half]}...{text[-half:]}"


def room(ax: Axes, count: int, *, vertical: bool) -> float:
    """Points that each of `count` levels has along an axis."""
    extent = ax.get_window_extent()
    length = extent.height if vertical else extent.width
    return float(length / ax.figure.dpi * POINTS_PER_INCH / max(count, 1))


def label_levels(ax: Axes, levels: Sequence[str], labels: bool | Iterable[str] | None, *, vertical: bool) -> None:
    """Name the levels along an axis, where there is room for their names.

    Parameters
    ----------
    ax : Axes
        The panel; its levels are at 1, 2, ...
    levels : sequence of str
        Names in order.
    labels : bool, iterable of str or None
        All names, none, those given, or None for all where they can be read.
    vertical : bool
        Whether the levels lie along the vertical axis.
    """
    axis = ax.yaxis if vertical else ax.xaxis
    space = room(ax, len(levels), vertical=vertical)
    letters = min(_tick_size(axis), space / LINE_ROOM)
    if labels is None:
        labels = letters >= LEAST_LETTERS
    chosen = _chosen(levels, labels)
    if not chosen:
        axis.set_ticks([])
        return
    size = _tick_size(axis) if len(chosen) < len(levels) else max(letters, 1.0)
    rotation = 0 if vertical or _fit_side_by_side(levels, chosen, space, size) else 90
    axis.set_ticks([place + 1 for place in chosen], [levels[place] for place in chosen])
    axis.set_tick_params(labelsize=size, labelrotation=rotation)


def check_labels(levels: Sequence[str], labels: bool | Iterable[str] | None) -> None:
    """Refuse names of levels that are not there, before anything is drawn."""
    _chosen(levels, False if labels is None else labels)


def _tick_size(axis: Any) -> float:
    labels = axis.get_ticklabels()
    return float(labels[0].get_fontsize()) if labels else 10.0


def _fit_side_by_side(levels: Sequence[str], chosen: Sequence[int], space: float, size: float) -> bool:
    """Whether names beside each other keep apart: a letter is about 0.65 of its height wide."""
    return max(len(levels[place]) for place in chosen) * size * 0.65 < space


def _chosen(levels: Sequence[str], labels: bool | Iterable[str]) -> list[int]:
    """Places of the levels that are named."""
    if isinstance(labels, (bool, np.bool_)):
        return list(range(len(levels))) if labels else []
    wanted = [str(label) for label in ([labels] if isinstance(labels, str) else labels)]
    unknown = [label for label in wanted if label not in levels]
    if unknown:
        raise PictureError(f"labels: there is no level {unknown[0]!r}; the first levels are {some(levels)}")
    return [place for place, level in enumerate(levels) if level in wanted]


def some(names: Iterable[object], most: int = 8) -> str:
    """The first names of many, for a message."""
    known = [repr(name) for name in names]
    return ", ".join(known[:most]) + (", ..." if len(known) > most else "")


def strength(count: int) -> float:
    """Opacity of each of `count` marks."""
    return float(np.clip(np.sqrt(MANY / max(count, 1)), LEAST_STRENGTH, 1.0))


def points(ax: Axes, x: np.ndarray, y: np.ndarray, **options: Any) -> None:
    """Draw one mark a value."""
    size = 4.0 if len(x) <= MANY else 3.0 if len(x) <= 5 * MANY else 2.5
    style: dict[str, Any] = {
        "color": MARK,
        "marker": "o",
        "markersize": size,
        "linestyle": "none",
        "alpha": strength(len(x)),
    }
    ax.plot(x, y, **(style | {"markeredgewidth": 0} | options))


def grid_lines(ax: Axes) -> None:
    """Faint lines at the ticks, behind everything."""
    ax.grid(visible=True, color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)


def settle(ax: Axes) -> None:
    """Give a figure that is laid out when it is drawn its final layout, which places beside points depend on."""
    figure: Any = ax.figure.figure  # of a part of a figure the whole
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()


def name_axes(axes: Iterable[Axes], x: str, y: str, *, whole: bool) -> None:
    """Name the axes of panels that share them: once for a whole figure, else on each panel."""
    every = list(axes)
    if whole and len(every) > 1:
        for one in every:
            one.set(xlabel="", ylabel="")
        figure: Any = every[0].get_figure()
        figure.supxlabel(x, fontsize="medium")
        figure.supylabel(y, fontsize="medium")
        return
    for one in every:
        one.set(xlabel=x, ylabel=y)
