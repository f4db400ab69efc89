"""What R draws of the models of `tests.inference.models`, and what an Axes shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.inference.models import FITS, FOLDER
from tests.judge import run_r

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LATTICE = Path(__file__).with_name("lattice.R")


def ask_lattice(program: str, folder: Path) -> Any:
    """Run an R program that sees the models as `fits` and the functions of lattice.R."""
    return run_r(f"suppressMessages(library(lme4))\n{FITS}source(lattice)\n{program}", folder, data_folder=FOLDER,
                 lattice=LATTICE)  # fmt: skip


def marks(ax: Axes) -> np.ndarray:
    """Coordinates of the points drawn, shape (n, 2): a scatter's, or a line's without a stroke."""
    from matplotlib.collections import PathCollection

    scattered = [np.asarray(one.get_offsets()) for one in ax.collections if isinstance(one, PathCollection)]
    plotted = [line.get_xydata() for line in ax.get_lines() if line.get_linestyle() == "None"]
    return np.concatenate([*scattered, *plotted])


def bars(ax: Axes) -> np.ndarray:
    """Ends of the straight strokes drawn, shape (n, 2 ends, 2 coordinates)."""
    from matplotlib.collections import LineCollection

    found = [one for one in ax.collections if isinstance(one, LineCollection)]
    return np.concatenate([np.array(one.get_segments()) for one in found])


def sloped_line(ax: Axes) -> tuple[float, float]:
    """Intercept and slope of the endless line drawn."""
    from matplotlib.lines import AxLine

    (line,) = [one for one in ax.get_lines() if isinstance(one, AxLine)]
    x, y = line.get_xy1()
    return y - line.get_slope() * x, line.get_slope()


def texts(ax: Axes) -> list[str]:
    """Names written beside points."""
    return [text.get_text() for text in ax.texts if text.get_text()]
