"""Names beside points, each where it covers neither its point nor another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.plots.canvas import LINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

#: Where a name may stand: horizontal and vertical alignment, and offset from its point in points.
PLACES = (
    ("left", "center", 4, 0),
    ("right", "center", -4, 0),
    ("center", "bottom", 0, 4),
    ("center", "top", 0, -4),
    ("left", "bottom", 3, 3),
    ("right", "top", -3, -3),
    ("right", "bottom", -3, 3),
    ("left", "top", 3, -3),
)
#: Share of its width and height by which a name keeps from others, dimensionless.
MARGIN = 1.05


def label_points(ax: Axes, x: np.ndarray, y: np.ndarray, names: Mapping[int, str]) -> None:
    """Write names beside points.

    Parameters
    ----------
    ax : Axes
        The panel, its points drawn.
    x, y : numpy.ndarray, shape (n,)
        Coordinates of all points.
    names : mapping of int to str
        By point, its name.
    """
    if not names:
        return
    limits = ax.get_xlim(), ax.get_ylim()
    taken: list[Bbox] = []
    for row, name in names.items():
        text = ax.annotate(
            name, (x[row], y[row]), xytext=(0, 0), textcoords="offset points", fontsize="small", color=LINE
        )
        taken.append(_place(ax, text, taken))
    ax.set(xlim=limits[0], ylim=limits[1])


def _place(ax: Axes, text: Annotation, taken: list[Bbox]) -> Bbox:
    """Move a name to the first place that is free; to the first of all where none is."""
    frame = ax.get_window_extent()
    boxes = [_box(text, place) for place in PLACES]
    free = [
        number
        for number, box in enumerate(boxes)
        if frame.x0 <= box.x0 and box.x1 <= frame.x1 and not any(box.overlaps(other) for other in taken)
    ]
    chosen = free[0] if free else 0
    return _box(text, PLACES[chosen])


def _box(text: Annotation, place: tuple[str, str, int, int]) -> Bbox:
    """The room that a name takes at a place, in pixels."""
    text.set(horizontalalignment=place[0], verticalalignment=place[1])
    text.set_position(place[2:])
    return text.get_window_extent().expanded(MARGIN, MARGIN)
