"""The table of models that every backend is held to, and the data they are fitted to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lmebridge.parity.cases import read_cases, read_data

if TYPE_CHECKING:
    import pandas as pd

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = read_cases(FIXTURES)


def data(name: str) -> pd.DataFrame:
    """A fresh copy of a data set of fixtures/data, typed as it was in R."""
    return read_data(FIXTURES, name)
