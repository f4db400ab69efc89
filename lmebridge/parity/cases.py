"""The table of cases and their data, read from a folder of fixtures: each a model with lme4's own numbers beside it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.errors import DataError
from lmebridge.parity.golden import read_golden

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lmebridge.parity.golden import Golden

#: By type in R: how one value is read, and the pandas type without and with missing values.
CONVERSIONS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "numeric": (float, "float64", "float64"),
    "integer": (int, "int64", "Int64"),
    "logical": ("TRUE".__eq__, "bool", "boolean"),
}


@dataclass(frozen=True)
class Case:
    """One row of ``cases.csv``.

    Attributes
    ----------
    id, data, formula : str
        Its name, the name of its data, and the model.
    REML : bool
        Whether the restricted likelihood is maximized.
    weights, offset, subset : str or None
        R expressions over the columns.
    contrasts : dict of str to str
        By factor, R's contrast function.
    na_action, why : str
        What is done with missing values; why the case is in the table.
    folder : pathlib.Path
        The fixtures.
    """

    id: str
    data: str
    formula: str
    REML: bool
    weights: str | None
    offset: str | None
    subset: str | None
    contrasts: dict[str, str] = field(hash=False)
    na_action: str
    why: str
    folder: Path

    @property
    def arguments(self) -> dict[str, Any]:
        """What `lmebridge.lmer` takes besides the formula and the data."""
        names = ("REML", "weights", "offset", "subset", "contrasts", "na_action")
        return {name: getattr(self, name) for name in names}

    def frame(self) -> pd.DataFrame:
        """A fresh copy of the data, with the types that they have in R."""
        return read_data(self.folder, self.data)

    def golden(self) -> Golden:
        """lme4's numbers.

        Raises
        ------
        GoldenError
            If there is no golden, it cannot be read, or the data have changed since it was written.
        """
        found = read_golden(self.folder / "goldens" / f"{self.id}.json")
        found.check_file(self.folder / "data" / f"{self.data}.csv")
        return found


def read_data(folder: Path, name: str) -> pd.DataFrame:
    """A fresh copy of a data set of a folder of fixtures, with the types that its .json declares."""
    return _read(folder / "data" / f"{name}.csv").copy()


@cache
def _read(path: Path) -> pd.DataFrame:
    types = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    text = pd.read_csv(path, na_values=["NA"], keep_default_na=False, dtype=str)
    return text.assign(**{column: typed(text[column], kind) for column, kind in types.items()})


def typed(column: pd.Series, kind: dict[str, Any]) -> pd.Series:
    """One column of text in the pandas type that stands for its type in R.

    Numbers are read by `float`, which rounds correctly; pandas' own reader need not, depending on its version.
    """
    if "levels" in kind:
        return column.astype(pd.CategoricalDtype(kind["levels"], ordered=kind["type"] == "ordered"))
    if kind["type"] == "character":
        return column
    convert, exact, nullable = CONVERSIONS[kind["type"]]
    values = [None if pd.isna(text) else convert(text) for text in column]
    return pd.Series(values, column.index, dtype=nullable if column.isna().any() else exact, name=column.name)


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Every case of a folder of fixtures.

    Raises
    ------
    DataError
        If the folder has no table of cases.
    """
    table = folder / "cases.csv"
    if not table.is_file():
        raise DataError(f"{folder} has no cases.csv: give the folder of the project's fixtures")
    with table.open(encoding="utf-8", newline="") as lines:
        return tuple(read_case(row, folder) for row in csv.DictReader(lines))


def read_case(row: dict[str, str], folder: Path) -> Case:
    """A case from its row of text."""
    pairs = (pair.split("=") for pair in row["contrasts"].split(";") if pair)
    return Case(
        id=row["id"],
        data=row["data"],
        formula=row["formula"],
        REML=row["REML"] == "TRUE",
        weights=row["weights"] or None,
        offset=row["offset"] or None,
        subset=row["subset"] or None,
        contrasts=dict(pairs),
        na_action=row["na_action"],
        why=row["why"],
        folder=folder,
    )
