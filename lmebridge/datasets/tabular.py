"""Data files read by their names: csv, SPSS, Stata, parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lmebridge.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable


def read_table(file: str | Path) -> pd.DataFrame:
    """Read a data file in the format that its name says.

    Parameters
    ----------
    file : str or Path
        A ``.csv`` or ``.tsv`` (also compressed as ``.gz``), ``.sav`` (SPSS, as plain numbers), ``.dta`` (Stata) or
        ``.parquet`` file.

    Returns
    -------
    pandas.DataFrame
        Its columns, one row a row of the file.

    Raises
    ------
    DataError
        If there is no such file, its format is not known, it cannot be read, or the package that reads it is missing.

    Examples
    --------
    >>> from lmebridge import datasets
    >>> read_table(datasets.path("hsb")).shape
    (7185, 11)
    """
    path = Path(file)
    reader = next((read for suffix, read in READERS.items() if path.name.lower().endswith(suffix)), None)
    if reader is None:
        raise DataError(f"{path.name}: this kind of file is not read. Use {', '.join(READERS)}.")
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        return reader(path)
    except ImportError as error:
        raise DataError(f"{path.name} cannot be read: {error}") from error
    except Exception as error:  # what a reader raises for a broken file is its own business
        raise DataError(f"{path.name} cannot be read: {error}") from error


def read_spss(path: Path) -> pd.DataFrame:
    """SPSS data as plain numbers and text, labels dropped, user-defined missing values missing."""
    try:
        import pyreadstat
    except ImportError as error:
        raise ImportError("reading SPSS files needs pyreadstat; run `pip install pyreadstat`") from error
    frame: pd.DataFrame = pyreadstat.read_sav(str(path), apply_value_formats=False)[0]
    return frame


def read_tabs(path: Path) -> pd.DataFrame:
    """Text with tabs between the columns."""
    return pd.read_csv(path, sep="\t")


#: What reads a file, by how its name ends.
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".csv.gz": pd.read_csv,
    ".tsv": read_tabs,
    ".tsv.gz": read_tabs,
    ".sav": read_spss,
    ".dta": pd.read_stata,
    ".parquet": pd.read_parquet,
}
