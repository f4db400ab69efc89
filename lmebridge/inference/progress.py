"""A progress bar for long work: on the standard error of a terminal, or in a notebook, and nowhere else."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds of work before a bar that was not asked for appears.
DELAY = 1.0


@contextmanager
def shown(what: str, total: int, progress: bool | None) -> Iterator[Callable[[int], Any]]:
    """A bar while the block runs.

    Parameters
    ----------
    what : str
        What is being done, before the bar.
    total : int
        Number of steps, dimensionless.
    progress : bool or None
        Whether to show it; None for after a second of work, in a terminal or notebook.

    Yields
    ------
    callable
        To be told how many steps were done since the last time.

    Examples
    --------
    >>> with shown("draws", 100, progress=False) as advance:
    ...     advance(50)
    """
    if not (_has_a_reader() if progress is None else progress):
        yield _silent
        return
    with _bar_class()(total=total, desc=what, delay=DELAY if progress is None else 0, file=sys.stderr) as bar:
        yield bar.update


def _silent(steps: int) -> None:
    """Take the number of steps and show nothing."""


def _has_a_reader() -> bool:
    """Whether standard error is a terminal, or this is a notebook."""
    return _in_notebook() or bool(sys.stderr is not None and sys.stderr.isatty())


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None


def _bar_class() -> Any:
    """The bar of tqdm; in a notebook the one made of widgets, where those are installed."""
    if _in_notebook() and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as notebook_bar

        return notebook_bar
    from tqdm import tqdm

    return tqdm
