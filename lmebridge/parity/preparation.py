"""A setup script: Python that prepares the data of a document before its outputs are verified."""

from __future__ import annotations

import runpy
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.errors import DataError, LmebridgeError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The name under which a script may leave the models of outputs that do not say theirs, by line.
FITS = "fits"


def run_setup(
    script: str | Path, data: Mapping[str, pd.DataFrame], backend: str | None = None
) -> tuple[dict[str, pd.DataFrame], dict[int, Any]]:
    """Run a setup script.

    Parameters
    ----------
    script : str or pathlib.Path
        A Python file. It finds each data frame under its name, and may change them or define new ones.
    data : mapping of str to pandas.DataFrame
        The data by name.
    backend : str, optional
        The default backend while it runs.

    Returns
    -------
    data : dict of str to pandas.DataFrame
        Every data frame that the script leaves under a public name.
    fits : dict of int to fitted model
        What it leaves as ``fits``.

    Raises
    ------
    DataError
        If there is no such file, it fails, or ``fits`` is no mapping from line numbers; the message says on which line.
    """
    from lmebridge.selection import default_backend, set_backend

    if not Path(script).is_file():
        raise DataError(f"there is no setup script {script}")
    before = default_backend()
    try:
        set_backend(backend or before)
        left = runpy.run_path(str(script), init_globals={name: table.copy() for name, table in data.items()})
    except LmebridgeError:
        raise
    except Exception as error:
        raise DataError(f"{_place(script, error)}: {type(error).__name__}: {error}") from error
    finally:
        set_backend(before)
    tables = {name: value for name, value in left.items() if isinstance(value, pd.DataFrame) and name[0] != "_"}
    return tables, _fits(script, left.get(FITS, {}))


def _place(script: str | Path, error: Exception) -> str:
    """The script and its line that failed."""
    if isinstance(error, SyntaxError):
        return f"{script}, line {error.lineno}"
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(script)), None)
    return f"{script}, line {line}"


def _fits(script: str | Path, found: object) -> dict[int, Any]:
    if not isinstance(found, Mapping) or not all(isinstance(line, int) for line in found):
        raise DataError(f"{script} leaves `{FITS}` as {type(found).__name__}: it maps lines of the document to models")
    return dict(found)
