"""Profiled intervals and likelihood-ratio tests of every case without R, against goldens of lme4's own.

Where lme4's own profile misses its deviance, the judge is R's nlminb on that deviance, `r/make_interval_goldens.R`,
and how far lme4 is from it is registered. With lme4 both are R's own functions; tests/inference holds those to R called
directly, on fewer models.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.parity.divergences import Observed, problems, read_divergences
from tests import fits
from tests.cases import CASES, FIXTURES

FOLDER = FIXTURES / "goldens" / "inference"
JUDGED_FOLDER = FIXTURES / "goldens" / "intervals"
#: Three correlated effects, which lme4 1.1-31 profiles beyond the covariances.
OF_THREE = ["machines_factor", "machines_no_intercept", "several_slopes", "sleep_poly_random", "slopes_two_groups"]
#: Profiles bent between few points, through which lme4's spline misses a little (and far for `pixel`).
BENT = ["pixel", "sleep_mean_only", "split_plot"]
#: Cases whose golden would take R minutes to write.
LARGE = {"insteval", "insteval_ordered", "scotland", "scotland_slope", "hsb_slopes"}
#: Where intervals are not compared, and why.
WITHOUT_INTERVALS = {
    **dict.fromkeys(OF_THREE, "lme4's points are not its deviance's: see test_ends_are_where_the_deviance_is"),
    "pixel": "lme4's spline misses by 0.013 of the width: as those",
    "unbalanced": "R reaches the time limit",
    "three_levels": "lme4's ends are NaN: a NaN that one search met stays in the objects of all that follow",
    "three_levels_slopes": "as three_levels",
    "team_slopes": "as three_levels",
    "weights": "lme4 1.1-31 profiles fixed effects without the prior weights: a tenth of the Wald interval's width",
    "weights_expression": "as weights",
    "binomial_counts": "as weights",
    "everything": "R fails: profiling detected new, lower deviance",
    "sleep_tiny": "lme4's steps are those of a response of ordinary size: see test_intervals_have_the_responses_units",
    "sleep_huge": "as sleep_tiny: lme4's own interval is 0.0026 of its width from that of sleep_slope",
}
#: The 95 % quantile of chi squared with one degree of freedom: how far the deviance rises to an interval's end.
CHI_SQUARED = 3.841458820694124
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


def judged(case_id: str) -> dict[str, Any]:
    """The ends by R's search on lme4's deviance, of one case."""
    content: dict[str, Any] = json.loads((JUDGED_FOLDER / f"{case_id}.json").read_text(encoding="utf-8"))
    return content


def ends_of(judge: dict[str, Any]) -> np.ndarray:
    """Lower and upper ends, shape (k, 2)."""
    return np.array([judge["lower"], judge["upper"]], dtype=float).T


IDS = [case.id for case in CASES if case.id not in LARGE]
PROFILED = [name for name in IDS if name not in WITHOUT_INTERVALS]
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
    expected = ends_of(judge)
    # 1e-3 of the width: lme4's own optimizers stop 1e-4 from it in the flattest
    assert (np.abs(ours - expected) <= 1e-3 * np.ptp(expected, axis=1, keepdims=True)).all(), f"{ours}\n{expected}"


@pytest.mark.parametrize(("case_id", "unit"), [("sleep_huge", 1e8), ("sleep_tiny", 1e-8)])
def test_intervals_have_the_responses_units(case_id: str, unit: float) -> None:
    """A response in another unit has the same intervals in that unit: lme4's of the ordinary one are the judge."""
    judge = golden("sleep_slope")["profile"]
    found = fits.fit(case_id, "native").confint().loc[judge["names"]].to_numpy()
    units = np.array([[1.0] if name.startswith("cor_") else [unit] for name in judge["names"]])
    expected = ends_of(judge)
    # 1e-3 of the width, as for the ordinary one
    assert (np.abs(found / units - expected) <= 1e-3 * np.ptp(expected, axis=1, keepdims=True)).all()


@pytest.mark.slow
@pytest.mark.parametrize("case_id", [*OF_THREE, "pixel"])
def test_ends_are_where_the_deviance_is(case_id: str) -> None:
    """Each end is where R's own search over all other parameters has the deviance risen by 3.84, or the bound."""
    judge = judged(case_id)["profile"]
    found, expected = fits.fit(case_id, "native").confint().loc[judge["names"]].to_numpy(), ends_of(judge)
    # 1e-3 of the width, the promise: the ends are searched for to 1e-4 in zeta
    assert (np.abs(found - expected) <= 1e-3 * np.ptp(expected, axis=1, keepdims=True)).all(), f"{found}\n{expected}"


@pytest.mark.parametrize("case_id", [*OF_THREE, *BENT])
def test_lme4s_own_ends_miss_where_that_is_registered(case_id: str) -> None:
    """lme4's ends, each parameter profiled by itself, are the judge's but for what the registry says."""
    content = judged(case_id)
    judge, case = content["profile"], fits.BY_ID[case_id]
    assert (content["formula"], content["data_sha256"]) == (case.formula, fits.golden(case_id).data_sha256)
    crosses = np.abs(np.array([judge["rise_lower"], judge["rise_upper"]]).T - CHI_SQUARED) < 1e-3  # 1e-4 of a width
    at_bound = np.isin(ends_of(judge), [-1.0, 0.0, 1.0])
    assert (crosses | at_bound).all()
    widths = np.ptp(ends_of(judge), axis=1, keepdims=True)
    misses = (np.abs(ends_of(judge["lme4"]) - ends_of(judge)) / widths).max(axis=1)
    sizes = {name: float(miss) for name, miss in zip(judge["names"], misses, strict=True) if not miss <= 1e-3}
    observed = Observed("lme4", content["lme4"], case_id, 0.0, sizes)
    assert problems(read_divergences(FIXTURES / "interval_divergences.yaml"), [observed]) == []


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
