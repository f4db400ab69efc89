"""The fixtures that every other comparison stands on: the data are what they say, R and Python read the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

import lmebridge
from lmebridge.parity.cases import read_cases
from tests.cases import CASES, FIXTURES, data
from tests.generalized.cases import CASES as GENERALIZED

PROJECT = FIXTURES.parent
DATA_NAMES = sorted(path.stem for path in (FIXTURES / "data").glob("*.csv"))


def registered() -> dict[str, str]:
    """Hash of every registered file by its path."""
    lines = (FIXTURES / "data" / "registry.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines)


@pytest.mark.parametrize("path", sorted(registered()))
def test_data_file_has_its_registered_hash(path):
    """No data file has changed since the goldens were computed from it."""
    folder = Path(lmebridge.__file__).parents[1] if path.startswith("lmebridge/") else PROJECT
    assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == registered()[path]


def test_every_data_file_is_registered():
    """A data file without a registered hash could change unseen."""
    present = {*Path(FIXTURES / "data").glob("*.csv"), *(PROJECT / "lmebridge" / "data").glob("*.csv.gz")}
    assert {path.relative_to(PROJECT).as_posix() for path in present} <= set(registered())


@pytest.mark.needs_r
@pytest.mark.parametrize("name", DATA_NAMES)
def test_r_reads_the_same_numbers(name, run_r):
    """A number of the file is the same double in R and in Python: not even the last bit differs."""
    frame = data(name)
    numeric = list(frame.columns[[pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]])
    columns = run_r(
        "data <- read.csv(path, check.names = FALSE, na.strings = 'NA'); lapply(data[numeric], as.numeric)",
        path=FIXTURES / "data" / f"{name}.csv", numeric=numeric,
    )  # fmt: skip
    for column, values in columns.items():
        expected = pd.Series([float("nan") if value is None else value for value in values], dtype=float)
        pd.testing.assert_series_equal(frame[column].astype(float), expected, check_exact=True, check_names=False)


def test_cases_are_named_once_and_say_why():
    """A case is found by its id, and a reader learns why it is there."""
    assert len({case.id for case in CASES}) == len(CASES) >= 45
    assert all(len(case.why) > 15 for case in CASES)
    assert len({case.why for case in CASES}) == len(CASES)


def test_cases_use_data_that_exist():
    """Every case names a data set of fixtures/data, and every data set is used."""
    assert {case.data for case in (*CASES, *GENERALIZED)} == set(DATA_NAMES)


def test_a_row_becomes_a_case(tmp_path):
    """Empty cells are absent arguments; contrasts are pairs."""
    (tmp_path / "cases.csv").write_text(
        "id,data,formula,REML,weights,offset,subset,contrasts,na_action,why\n"
        "a,cake,y ~ 1 + (1 | g),FALSE,w,,,f=contr.sum;g=contr.helmert,na.omit,because\n"
    )
    (case,) = read_cases(tmp_path)
    assert case.arguments == {
        "REML": False, "weights": "w", "offset": None, "subset": None, "na_action": "na.omit",
        "contrasts": {"f": "contr.sum", "g": "contr.helmert"},
    }  # fmt: skip


def test_types_are_those_of_r():
    """Factor, ordered factor, character, logical and number arrive as their pandas counterparts."""
    frame = data("sleep_plus")
    assert list(frame["shift"].cat.categories) == ["swing", "night", "day", "weekend"]
    assert frame["phase"].cat.ordered
    assert not frame["Subject"].cat.ordered
    assert frame["is_late"].dtype == bool
    assert frame["cohort"].iloc[0] == "early"
    assert pd.isna(frame["cohort_gaps"].iloc[4])
    assert frame["reaction_gaps"].isna().sum() == 6
