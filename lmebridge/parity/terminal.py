"""A report in a terminal: its verdicts in colour, where rich is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

#: By verdict, rich's name of the colour it is shown in.
COLOURS = {"holds": "green", "near": "yellow", "differs": "bold red", "missing": "bold red", "not reported": "dim"}


def coloured(report: object) -> Text:
    """The report's text with each verdict in its colour, for rich.

    Parameters
    ----------
    report : object
        A `Report`, or anything whose text has verdicts.

    Returns
    -------
    rich.text.Text
        What ``str(report)`` is, character for character.

    Raises
    ------
    ImportError
        If rich is not installed.
    """
    from rich.text import Text

    text = Text(str(report))
    for verdict, colour in COLOURS.items():
        text.highlight_regex(rf"\b{verdict}\b", style=colour)
    return text


def show(report: object) -> None:
    """Print a report, in colour in a terminal if rich is there, else as it is.

    Parameters
    ----------
    report : object
        A `Report`, or anything whose text has verdicts.

    Examples
    --------
    >>> show("3 numbers: 2 holds, 1 near")
    3 numbers: 2 holds, 1 near
    """
    if sys.stdout.isatty() and find_spec("rich"):
        from rich.console import Console

        Console().print(coloured(report), soft_wrap=True)
    else:
        sys.stdout.write(f"{report}\n")
