"""The table of models that every backend is held to, and the data they are fitted to."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class Case:
    """One row of fixtures/cases.csv: a model, the data it is fitted to, and why it is in the table."""

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

    @property
    def arguments(self) -> dict[str, Any]:
        """What `lmebridge.lmer` is called with besides the formula and the data."""
        names = ("REML", "weights", "offset", "subset", "contrasts", "na_action")
        return {name: getattr(self, name) for name in names}

    @property
    def frame(self) -> pd.DataFrame:
        """A fresh copy of the data."""
        return data(self.data)

    @property
    def golden_path(self) -> Path:
        """Where lme4's own numbers for this model are kept."""
        return FIXTURES / "goldens" / f"{self.id}.json"


def read_case(row: dict[str, str]) -> Case:
    """A case from its row of text."""
    contrasts = dict(pair.split("=") for pair in row.pop("contrasts").split(";") if pair)
    optional = {name: row.pop(name) or None for name in ("weights", "offset", "subset")}
    return Case(REML=row.pop("REML") == "TRUE", contrasts=contrasts, **optional, **row)  # type: ignore[arg-type]


def read_cases(path: Path = FIXTURES / "cases.csv") -> tuple[Case, ...]:
    """Every case, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(read_case(row) for row in csv.DictReader(lines))


def data(name: str) -> pd.DataFrame:
    """A fresh copy of a data set of fixtures/data, typed as it was in R."""
    return read_data(name).copy()


@cache
def read_data(name: str) -> pd.DataFrame:
    """Read a data set of fixtures/data once, with the types its .json declares."""
    path = FIXTURES / "data" / f"{name}.csv"
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
    return column.map(convert, na_action="ignore").astype(nullable if column.isna().any() else exact)


#: By type in R: how one value is read, and the pandas type without and with missing values.
CONVERSIONS = {
    "numeric": (float, "float64", "float64"),
    "integer": (int, "int64", "Int64"),
    "logical": ("TRUE".__eq__, "bool", "boolean"),
}

CASES = read_cases()
