"""The goldens of fixtures/cases.csv: there for every case, of these data, and what R computes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from lmebridge.parity.golden import read_golden
from tests.cases import CASES, FIXTURES
from tests.fits import BY_ID, golden, refined
from tests.test_cases import registered

if TYPE_CHECKING:
    from pathlib import Path

    from lmebridge.parity.cases import Case
    from lmebridge.records import Fit

PROJECT = FIXTURES.parent


def test_every_case_has_a_golden_and_no_golden_is_left_over() -> None:
    """The table and the folder agree."""
    assert {path.stem for path in (FIXTURES / "goldens").glob("*.json")} == set(BY_ID)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_golden_is_of_this_case_and_these_data(case: Case) -> None:
    """A golden says what made it, and neither the case nor the data have changed since; no R is needed to see it."""
    found = golden(case.id)
    assert {name: found.content[name] for name in ("id", "formula", "data")} == {
        "id": case.id, "formula": case.formula, "data": case.data,
    }  # fmt: skip
    found.check_file(FIXTURES / "data" / f"{case.data}.csv")
    found.check_hash(registered()[f"fixtures/data/{case.data}.csv"])
    assert all(found.content[name] for name in ("R", "lme4", "date", "call"))
    assert {"lme4", "R", "Matrix", "platform", "BLAS", "RNGkind"} <= set(found.content["provenance"])
    assert found.content["extract"]["REML"] == [case.REML]
    for name in ("weights", "offset", "subset"):
        assert bool(case.arguments[name]) == (f", {name} = " in found.content["call"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_refined_optimum_is_lme4s(case: Case) -> None:
    """Tightening lme4's tolerances only lowers its criterion, by little: both are the same optimum."""
    default, optimum = golden(case.id).record, refined(case.id).record
    # 1e-3: lme4's default tolerances stop furthest, 3e-4, in the case `unbalanced`, with its convergence warning.
    assert -1e-3 < optimum.criterion - default.criterion <= 1e-9
    assert list(optimum.fixed.index) == list(default.fixed.index)


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of goldens that R has just written."""
    folder: Path = tmp_path_factory.mktemp("goldens")
    command = ["Rscript", str(PROJECT / "r" / "make_goldens.R"), "--out", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_r_fits_the_golden_again(case: Case, again: Path) -> None:
    """A re-fit in R gives the golden: the same optimum, names and heading, and the same parts of the file."""
    new = read_golden(again / f"{case.id}.json")
    found = golden(case.id)
    assert new.refined is not None
    assert_same_optimum(new.refined.record, refined(case.id).record)
    assert parts(new.content) == parts(found.content)
    same = ("id", "call", "formula", "data", "data_sha256")
    assert {name: new.content[name] for name in same} == {name: found.content[name] for name in same}


def assert_same_optimum(new: Fit, old: Fit) -> None:
    """Criterion and fixed effects at the refined optimum."""
    # 1e-7 and 1e-6 standard errors: another version or linear algebra takes other steps to the same optimum.
    assert abs(new.criterion - old.criterion) < 1e-7
    assert (abs(new.fixed["Estimate"] - old.fixed["Estimate"]) < 1e-6 * old.fixed["Std. Error"]).all()


def parts(content: object) -> object:
    """The names of everything in a golden, nested as it is; numbers left out."""
    if isinstance(content, dict):
        return {name: parts(value) for name, value in content.items()}
    return None


def test_numbers_have_seventeen_digits() -> None:
    """The files keep every double: writing it again with 17 digits gives the same text."""
    text = (FIXTURES / "goldens" / "sleep_slope.json").read_text(encoding="utf-8")
    numbers: list[str] = []
    json.loads(text, parse_float=lambda number: numbers.append(number) or float(number))
    assert len(numbers) > 500
    assert [number for number in numbers if float(f"{float(number):.17g}") != float(number)] == []
    assert max(len(number.replace(".", "").lstrip("-0").split("e")[0]) for number in numbers) == 17
