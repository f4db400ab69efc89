"""Profiled intervals and likelihood-ratio tests of every case without R, against goldens of lme4's own.

With lme4 both are R's own functions; tests/inference holds those to R called directly, on fewer models.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from tests import fits
from tests.cases import CASES, FIXTURES

FOLDER = FIXTURES / "goldens" / "inference"
#: Cases whose golden would take R minutes to write.
LARGE = {"insteval", "insteval_ordered", "scotland", "scotland_slope", "hsb_slopes"}
#: Where intervals are not compared, and why.
WITHOUT_INTERVALS = {
    "unbalanced": "R reaches the time limit",
    "three_levels": "lme4's profile ends at NaN; its optimizer stops short of the minimum over the other parameters",
    "three_levels_slopes": "as three_levels",
    "team_slopes": "as three_levels",
    "weights": "lme4 1.1-31 profiles fixed effects without the prior weights: a tenth of the Wald interval's width",
    "weights_expression": "as weights",
    "binomial_counts": "as weights",
    "everything": "R fails: profiling detected new, lower deviance",
    "sleep_tiny": "lme4's steps are those of a response of ordinary size: see test_intervals_have_the_responses_units",
    "sleep_huge": "as sleep_tiny: lme4's own interval is 0.0026 of its width from that of sleep_slope",
    "pixel": "few points of a bent profile: lme4's spline ends a correlation where zeta is -2.011, ours at -1.970",
}
#: Where no term is dropped, and why.
WITHOUT_TESTS = {
    "sleep_comparison": "R's own drop1 fails: 0 (non-NA) cases",
    "na_omit": "R refuses, as we do: the rows change with the term",
    "na_exclude": "R refuses, as we do: the rows change with the term",
    "sleep_no_intercept": "update() writes a formula that begins with a random-effects term, which is refused",
    "ergostool_no_intercept": "update() writes a formula that begins with a random-effects term, which is refused",
}


def golden(case_id: str) -> dict[str, Any]:
    """lme4's intervals and statistics of one case."""
    content: dict[str, Any] = json.loads((FOLDER / f"{case_id}.json").read_text(encoding="utf-8"))
    return content


def has_three_effects(case_id: str) -> bool:
    """Whether three effects correlate: lme4 1.1-31 profiles their correlations beyond those that can be."""
    return any(len(effects) > 2 for _, effects in fits.golden(case_id).record.blocks)


IDS = [case.id for case in CASES if case.id not in LARGE]
PROFILED = [name for name in IDS if name not in WITHOUT_INTERVALS and not has_three_effects(name)]
DROPPED = [name for name in IDS if name not in WITHOUT_TESTS]


def test_goldens_are_of_these_cases_and_data() -> None:
    """Every case that is not too large has one, of its formula and its data."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(IDS)
    for case in CASES:
        if case.id not in LARGE:
            content, judge = golden(case.id), fits.golden(case.id)
            assert (content["formula"], content["data_sha256"]) == (case.formula, judge.data_sha256)
    assert len(PROFILED) > 60
    assert len(DROPPED) > 70


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::lmebridge.LmebridgeWarning")
@pytest.mark.parametrize("case_id", PROFILED)
def test_profiled_intervals_are_lme4s(case_id: str) -> None:
    """Rows by lme4's names; each end within a thousandth of the interval's width."""
    judge = golden(case_id)["profile"]
    found = fits.fit(case_id, "native").confint()
    assert sorted(found.index) == sorted(judge["names"])
    ours = found.loc[judge["names"]].to_numpy()
    expected = np.array([judge["lower"], judge["upper"]], dtype=float).T
    # 1e-3 of the width: lme4's own optimizers stop 1e-4 from it in the flattest
    assert (np.abs(ours - expected) <= 1e-3 * np.ptp(expected, axis=1, keepdims=True)).all(), f"{ours}\n{expected}"


@pytest.mark.parametrize(("case_id", "unit"), [("sleep_huge", 1e8), ("sleep_tiny", 1e-8)])
def test_intervals_have_the_responses_units(case_id: str, unit: float) -> None:
    """A response in another unit has the same intervals in that unit: lme4's of the ordinary one are the judge."""
    judge = golden("sleep_slope")["profile"]
    found = fits.fit(case_id, "native").confint().loc[judge["names"]].to_numpy()
    units = np.array([[1.0] if name.startswith("cor_") else [unit] for name in judge["names"]])
    expected = np.array([judge["lower"], judge["upper"]], dtype=float).T
    # 1e-3 of the width, as for the ordinary one
    assert (np.abs(found / units - expected) <= 1e-3 * np.ptp(expected, axis=1, keepdims=True)).all()


@pytest.mark.filterwarnings("ignore:unexpected decrease in profile")
def test_a_profile_that_turns_back_has_its_interval() -> None:
    """Pixel's correlation: beyond 0.7 another minimum is the smaller one, and the interval lies well within."""
    low, high = fits.fit("pixel", "native").confint().loc["cor_day.(Intercept)|Dog"]
    judge = golden("pixel")["profile"]
    at = judge["names"].index("cor_day.(Intercept)|Dog")
    width = judge["upper"][at] - judge["lower"][at]
    assert abs(high - judge["upper"][at]) < 1e-3 * width  # of the width, as everywhere
    assert abs(low - judge["lower"][at]) < 0.015 * width  # lme4's spline is 0.013 of it too far: there zeta is -2.01


@pytest.mark.parametrize("case_id", DROPPED)
def test_likelihood_ratios_are_lme4s(case_id: str) -> None:
    """drop1's statistics of fits by maximum likelihood, at lme4's optimum with tight tolerances."""
    judge = golden(case_id)["drop1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lme.LmebridgeWarning)
        table = fits.fit(case_id, "native").drop1(test="Chisq").iloc[1:]
    assert table.index.tolist() == judge["terms"]
    # 1e-5: differences of two deviances, each at its optimum
    np.testing.assert_allclose(table["LRT"].to_numpy(float), judge["LRT"], rtol=1e-7, atol=1e-5)
    assert table["npar"].tolist() == judge["npar"]


@pytest.mark.parametrize("case_id", [case.id for case in CASES])
def test_wald_intervals_are_lme4s(case_id: str) -> None:
    """Both ends at lme4's optimum, in units of the standard error; variance parameters have none."""
    judge, fit = fits.refined(case_id).record.fixed, fits.fit(case_id, "native")
    found = fit.confint(method="Wald").loc[judge.index].to_numpy()
    errors = judge["Std. Error"].to_numpy()
    half = 1.9599639845400545 * errors  # the normal distribution's 97.5 % point
    expected = np.column_stack([judge["Estimate"] - half, judge["Estimate"] + half])
    # 1e-5 of a standard error, which nobody sees; the farthest of all cases is 2.2e-6 away
    assert (np.abs(found - expected) <= 1e-5 * errors[:, None]).all()
