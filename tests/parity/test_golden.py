"""Golden files are read without R, as records that compare like any fit, and say when they are no longer valid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.errors import GoldenError
from lmebridge.formula.model_formula import parse_formula
from lmebridge.parity import compare
from lmebridge.parity.golden import Golden, model_of, read_golden
from tests.cases import CASES, FIXTURES, data
from tests.processes import run_python

if TYPE_CHECKING:
    from lmebridge.parity.cases import Case

SLEEP = FIXTURES / "goldens" / "sleep_slope.json"


@pytest.fixture(scope="module")
def slopes() -> Golden:
    """lme4's numbers for random slopes on sleepstudy."""
    return read_golden(SLEEP)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_golden_is_of_its_case_and_its_data(case: Case) -> None:
    """Every golden describes its row of the table, names its versions, and its data have not changed since."""
    golden = case.golden()  # which compares the data's hash
    assert (golden.id, golden.data) == (case.id, case.data)
    model = golden.record.model
    assert compact(str(model.formula)) == compact(str(parse_formula(case.formula)))
    assert {name: compact(getattr(model, name)) for name in case.arguments} == {
        name: compact(value) for name, value in case.arguments.items()
    }
    source = golden.record.source
    assert (source.kind, source.engine, source.data_sha256) == ("golden", "lme4", golden.data_sha256)
    assert set(source.versions) == {"lme4", "R"}


def compact(value: object) -> object:
    """R code without its spaces."""
    return value.replace(" ", "") if isinstance(value, str) else value


def test_numbers_are_the_files(slopes: Golden) -> None:
    """The record has the published values of `?lmer`, to the digits printed there, and the file's own to the last."""
    extract = json.loads(SLEEP.read_text(encoding="utf-8"))["extract"]
    assert slopes.record.fixed["Estimate"].tolist() == extract["fixed"]["values"]
    # Bates et al. (2015), section 5.1: REML criterion 1743.6; 251.41 (6.82), 10.47 (1.55); 24.74, 5.92, 0.07, 25.59
    record = slopes.record
    assert round(record.criterion, 1) == 1743.6
    assert record.fixed.round(2).to_numpy().tolist() == [[251.41, 6.82], [10.47, 1.55]]
    assert record.variance["sdcor"].round(2).tolist() == [24.74, 5.92, 0.07, 25.59]
    modes = slopes.ranef()
    assert modes["Subject"].shape == (18, 2)
    assert modes.postVar["Subject"].shape == (18, 2, 2)
    assert len(slopes.answer("fitted")) == 180


def test_refined_numbers_are_of_the_same_model(slopes: Golden) -> None:
    """The refined record has the golden's names, and covariances that follow from its deviations."""
    refined = slopes.refined
    assert refined is not None
    assert refined.record.fixed.index.tolist() == ["(Intercept)", "Days"]
    assert refined.record.criterion <= slopes.record.criterion
    # 1e-4: what lme4's default tolerances leave of a deviation on these data
    np.testing.assert_allclose(refined.record.variance["vcov"], slopes.record.variance["vcov"], rtol=1e-4)
    assert refined.ranef(condVar=False).postVar == {}


def test_golden_compares_like_a_fit(slopes: Golden) -> None:
    """A golden is a side of `compare`, with its random effects; what its file does not hold is not reported."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="native")
    report = compare(slopes, fit)
    assert report.ok, str(report)
    assert {"condval", "condsd"} <= set(report.table.loc[report.table["verdict"] == "holds", "quantity"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "JSONDecodeError"),
        (lambda text: text.replace('"ranef"', '"elsewhere"'), "it has no ranef"),
        (lambda text: text.replace('"std_error"', '"misnamed"', 1), "KeyError: 'std_error'"),
        (lambda text: text.replace("(Days | Subject)", "(Days | ", 2), "FormulaError"),
        (lambda text: "[1, 2]", "it has no id, call"),
        (lambda text: "\0binary", "JSONDecodeError"),
    ],
)
def test_broken_files_are_refused(change, words, tmp_path) -> None:
    """A truncated file, one without a part, or one that is something else says what is wrong and what to do."""
    path = tmp_path / "broken.json"
    path.write_text(change(SLEEP.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(GoldenError, match=words) as caught:
        read_golden(path)
    assert "restore the file, or write it again" in str(caught.value)


def test_missing_file_is_said(tmp_path) -> None:
    """A golden that was never written is an error of ours, not a traceback of the operating system."""
    with pytest.raises(GoldenError, match=r"No such file"):
        read_golden(tmp_path / "absent.json")


def test_changed_data_are_said(slopes: Golden, tmp_path) -> None:
    """One digit changed in the data is found by the hash."""
    text = (FIXTURES / "data" / "sleepstudy.csv").read_text(encoding="utf-8")
    path = tmp_path / "sleepstudy.csv"
    path.write_text(text.replace("249.56", "249.57", 1), encoding="utf-8")
    with pytest.raises(GoldenError, match="the data have changed since golden 'sleep_slope' was written"):
        slopes.check_file(path)


def test_call_is_read_as_the_model() -> None:
    """Arguments of the call become fields of the model, R's spelling of expressions kept."""
    call = (
        "lmer(formula = y ~ x + (x || g), data = d, REML = FALSE, weights = 1/n, offset = o, "
        'subset = age < 40, contrasts = list(a = "contr.sum"), na.action = na.exclude)'
    )
    model = model_of(call, "y ~ x + (x || g)", REML=False)
    assert (model.weights, model.offset, model.subset) == ("1/n", "o", "age < 40")
    assert (model.contrasts, model.na_action, model.REML) == ({"a": "contr.sum"}, "na.exclude", False)
    assert str(model.formula) == "y ~ x + (x || g)"


def test_reading_needs_no_r() -> None:
    """Neither rpy2 nor a process of R is started to read a golden."""
    program = (
        "import sys; from lmebridge.parity.golden import read_golden; "
        f"read_golden({str(SLEEP)!r}); print(any(name.startswith('rpy2') for name in sys.modules))"
    )
    done = run_python(program)
    assert done.stdout.strip() == "False"
