"""Names beside points, each where it covers no other name and as few points as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.plots.canvas import LINE

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    ("left", "bottom", 6, 12),
    ("right", "bottom", -6, 12),
    ("left", "top", 6, -12),
    ("right", "top", -6, -12),
    ("center", "bottom", 0, 18),
    ("center", "top", 0, -18),
)
#: From this place on a name is far enough from its point to need a line to it; how names and lines look.
FAR = 8
STYLE: dict[str, Any] = {"fontsize": "small", "color": LINE}
LEADER: dict[str, Any] = {"arrowstyle": "-", "color": LINE, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
#: Share of its width and height by which a name keeps from others, dimensionless.
MARGIN = 1.05
#: How many covered points are as bad as covering a name, or as leaving the panel.
WORTH_OF_A_NAME, WORTH_OF_THE_FRAME = 1000, 100_000


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
    # Asked for, the limits take in what was drawn: the transformation does not see to that.
    ax.get_xlim(), ax.get_ylim()
    places = ax.transData.transform(np.column_stack([x, y]))
    taken: list[Bbox] = []
    for row, name in names.items():
        text = ax.annotate(name, (x[row], y[row]), xytext=(0, 0), textcoords="offset points", **STYLE)
        place = _best(ax, text, taken, places)
        taken.append(_box(text, PLACES[place]))
        if place >= FAR:
            ax.annotate("", text.xy, xytext=PLACES[place][2:], textcoords="offset points", arrowprops=LEADER)


def _best(ax: Axes, text: Annotation, taken: list[Bbox], points: np.ndarray) -> int:
    """Number of the place where a name covers least; the first of those that are as good."""
    frame = ax.get_window_extent()
    boxes = [_box(text, place) for place in PLACES]
    costs = [
        _points_in(box, points)
        + WORTH_OF_A_NAME * sum(bool(box.overlaps(other)) for other in taken)
        + WORTH_OF_THE_FRAME * (not _is_within(box, frame))
        for box in boxes
    ]
    return int(np.argmin(costs))


def _points_in(box: Bbox, points: np.ndarray) -> int:
    """How many points, in pixels, a name would cover."""
    x, y = points.T
    return int(np.sum((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)))


def _is_within(box: Bbox, frame: Bbox) -> bool:
    return bool(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1)


def _box(text: Annotation, place: tuple[str, str, int, int]) -> Bbox:
    """The room that a name takes at a place, in pixels; the name is moved there."""
    text.set(horizontalalignment=place[0], verticalalignment=place[1])
    text.set_position(place[2:])
    return text.get_window_extent().expanded(MARGIN, MARGIN)
