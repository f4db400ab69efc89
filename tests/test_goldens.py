"""Every case of fixtures/cases.csv against lme4's own numbers: the backends without R find lme4's optimum."""

from __future__ import annotations

import functools
import json
import subprocess
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.errors import UnsupportedByBackend
from tests import goldens
from tests.cases import CASES, FIXTURES
from tests.test_cases import registered

if TYPE_CHECKING:
    import pandas as pd

PROJECT = FIXTURES.parent
BY_ID = {case.id: case for case in CASES}

#: What MixedLM cannot express: weights, correlated effects below the outermost group, large crossed factors.
UNSUPPORTED_BY_STATSMODELS = {
    *("weights", "weights_expression", "everything", "binomial_counts"),
    *("scotland_slope", "three_levels", "three_levels_slopes", "team_slopes"),
    *("insteval", "insteval_ordered"),
}


def test_every_case_has_a_golden_and_no_golden_is_left_over():
    """The table and the folder agree."""
    assert {path.stem for path in (FIXTURES / "goldens").glob("*.json")} == set(BY_ID)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_golden_is_of_this_case_and_these_data(case):
    """A golden says what made it, and neither the case nor the data have changed since."""
    golden = goldens.read(case)
    expected = {"id": case.id, "formula": case.formula, "data": case.data}
    assert {name: golden.heading[name] for name in expected} == expected
    assert golden.heading["data_sha256"] == registered()[f"fixtures/data/{case.data}.csv"]
    assert golden.values["extract"]["REML"] == [case.REML]
    for name in ("R", "lme4", "date", "call"):
        assert golden.heading[name]
    provenance = golden.values["provenance"]
    assert {"lme4", "R", "Matrix", "platform", "BLAS", "RNGkind"} <= set(provenance)
    for name in ("weights", "offset", "subset"):
        assert bool(case.arguments[name]) == (f", {name} = " in golden.heading["call"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_refined_optimum_is_lme4s(case):
    """Tightening lme4's tolerances only lowers its criterion, by little: both are the same optimum."""
    golden = goldens.read(case)
    # 1e-3: lme4's default tolerances stop furthest, 3e-4, in the case `unbalanced`, with its convergence warning.
    assert -1e-3 < golden.refined.criterion - golden.default.criterion <= 1e-9
    assert list(golden.refined.fixef.index) == list(golden.default.fixef.index)


@functools.cache
def fit(case_id: str, backend: str) -> lme.MerMod:
    """The case's model by a backend, fitted once; what lme4 too would warn of is silenced here and tested elsewhere."""
    case = BY_ID[case_id]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lme.lmer(case.formula, case.frame, backend=backend, **case.arguments)


R_FREE = [
    pytest.param(case, backend, id=f"{backend}-{case.id}")
    for backend in ("native", "statsmodels")
    for case in CASES
    if backend == "native" or case.id not in UNSUPPORTED_BY_STATSMODELS
]


@pytest.mark.parametrize(("case", "backend"), R_FREE)
def test_likelihood_is_lme4s(case, backend):
    """The log-likelihood at the optimum is lme4's."""
    # 1e-6: the bound promised; an arbitrary additive constant makes a relative bound meaningless.
    assert abs(fit(case.id, backend).logLik() + goldens.read(case).refined.criterion / 2) < 1e-6


@pytest.mark.parametrize(("case", "backend"), R_FREE)
def test_fixed_effects_are_lme4s(case, backend):
    """Names, estimates and standard errors are lme4's."""
    table, golden = fit(case.id, backend).coef_table(), goldens.read(case).refined
    assert list(table.index) == list(golden.fixef.index)
    # 1e-5 standard errors, and 1e-5 relative for the standard errors themselves: the bounds promised.
    assert (abs(table["Estimate"] - golden.fixef) < 1e-5 * golden.std_error).all()
    assert (abs(table["Std. Error"] / golden.std_error - 1) < 1e-5).all()


@pytest.mark.parametrize(("case", "backend"), R_FREE)
def test_variance_components_are_lme4s(case, backend):
    """The rows of the variance table are lme4's, and the standard deviations and covariances in them."""
    fitted, golden = fit(case.id, backend), goldens.read(case)
    table = fitted.VarCorr().to_frame()
    expected = golden.variance.assign(sdcor=golden.refined.sdcor)
    assert labels(table) == labels(expected)
    sd, sd_expected = deviations(table), deviations(expected)
    for label, value in sd_expected.items():
        # 1e-4 relative, the bound promised; a deviation below a twentieth of sigma is held to 1e-4 of that.
        assert abs(sd[label] - value) < 1e-4 * max(value, 0.05 * fitted.sigma())
    for row, correlation in correlations(expected, sd_expected).items():
        # 2e-4 of the product of the deviations: what deviations and correlation of 1e-4 add up to.
        assert abs(correlations(table, sd)[row] - correlation) < 2e-4 * sd_expected[row[:2]] * sd_expected[row[::2]]


def labels(table: pd.DataFrame) -> list[tuple[str | None, ...]]:
    """Group and effects of each row."""
    rows = table[["grp", "var1", "var2"]].to_numpy()
    return [tuple(part if isinstance(part, str) else None for part in row) for row in rows]


def deviations(table: pd.DataFrame) -> dict[tuple[str, str | None], float]:
    """Standard deviation of each effect, by group and effect."""
    pairs = zip(labels(table), table["sdcor"], strict=True)
    return {(group, effect): value for (group, effect, other), value in pairs if other is None}


def correlations(table: pd.DataFrame, sd: dict) -> dict[tuple[str | None, ...], float]:
    """Covariance of each pair of effects, by group and effects."""
    pairs = zip(labels(table), table["sdcor"], strict=True)
    return {row: value * sd[row[:2]] * sd[row[::2]] for row, value in pairs if row[2] is not None and value == value}


@pytest.mark.parametrize(("case", "backend"), R_FREE)
def test_random_effects_are_lme4s(case, backend):
    """Levels, effects, modes and conditional standard deviations are lme4's."""
    fitted, golden = fit(case.id, backend), goldens.read(case).refined
    modes = fitted.ranef()
    assert list(modes) == list(golden.ranef)
    for group, expected in golden.ranef.items():
        assert list(modes[group].columns) == list(expected.columns)
        assert list(modes[group].index) == list(expected.index)
        scale = random_scale(fitted, modes[group].columns, group)
        # 1e-4 of the random standard deviation, the bound promised, for modes and conditional deviations.
        assert (abs(modes[group].to_numpy() - expected.to_numpy()) < 1e-4 * scale).all()
        conditional = np.sqrt(np.diagonal(modes.postVar[group], axis1=1, axis2=2))
        expected_conditional = np.sqrt(np.diagonal(golden.postVar[group], axis1=1, axis2=2))
        assert (abs(conditional - expected_conditional) < 1e-4 * scale).all()


def random_scale(fitted: lme.MerMod, effects: pd.Index, group: str) -> np.ndarray:
    """Standard deviation of each effect of a group, or a twentieth of sigma where that is more."""
    found = {}
    for (block, effect), value in deviations(fitted.VarCorr().to_frame()).items():
        if effect is not None and (block == group or block.startswith(f"{group}.")):
            found[effect] = max(value, 0.05 * fitted.sigma())
    return np.array([found[effect] for effect in effects])


@pytest.mark.parametrize(("case", "backend"), R_FREE)
def test_per_row_results_are_lme4s(case, backend):
    """Fitted values and residuals are lme4's, row by row; na.exclude keeps the place of missing rows."""
    fitted, golden = fit(case.id, backend), goldens.read(case)
    used = fitted.fitted().dropna().to_numpy()
    # 1e-4 sigma: modes are held to 1e-4 of their deviation, which is of the order of sigma.
    assert abs(used - golden.refined.fitted).max() < 1e-4 * fitted.sigma()
    response = golden.default.fitted + np.asarray(golden.values["residuals"])
    # 1e-9: rounding of sums in other orders.
    assert abs(used + fitted.residuals().dropna().to_numpy() - response).max() < 1e-9 * abs(response).max()
    padded = len(golden.values["predict_rows"]) if case.na_action == "na.exclude" else len(used)
    assert len(fitted.fitted()) == len(fitted.residuals()) == padded


@pytest.mark.parametrize(("case", "backend"), R_FREE)
def test_criteria_are_lme4s(case, backend):
    """AIC, BIC, degrees of freedom, counts and singularity are lme4's."""
    fitted, golden = fit(case.id, backend), goldens.read(case)
    values = golden.values
    # 2e-6: two log-likelihood units of 1e-6, the bound promised, after what lme4's own stop is above the minimum.
    short = golden.default.criterion - golden.refined.criterion + 2e-6
    assert abs(fitted.AIC() - values["AIC"][0]) < short
    assert abs(fitted.BIC() - values["BIC"][0]) < short
    assert fitted.df_residual() == values["df_residual"][0]
    assert fitted.logLik().df == values["logLik_df"][0]
    assert fitted.isSingular() == golden.is_singular
    assert fitted.ngrps().to_dict() == values["extract"]["n_groups"].astype(int).to_dict()


@pytest.mark.parametrize("case_id", sorted(UNSUPPORTED_BY_STATSMODELS))
def test_what_mixedlm_cannot_express_is_said(case_id):
    """A model beyond MixedLM is refused by name, with what to use instead."""
    case = BY_ID[case_id]
    with pytest.raises(UnsupportedByBackend, match="statsmodels backend cannot fit"):
        lme.lmer(case.formula, case.frame, backend="statsmodels", **case.arguments)


@pytest.mark.needs_r
@pytest.mark.slow
def test_r_writes_the_same_goldens(tmp_path):
    """The goldens committed are what the script writes from these data."""
    command = ["Rscript", str(PROJECT / "r" / "make_goldens.R"), "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for case in CASES:
        again = json.loads((tmp_path / f"{case.id}.json").read_text(encoding="utf-8"))
        refined = goldens.decode(again["refined"])
        golden = goldens.read(case).refined
        # 1e-7 and 1e-6 standard errors: another version or linear algebra takes other steps to the same optimum.
        assert abs(refined["criterion_refined"][0] - golden.criterion) < 1e-7
        assert (abs(refined["fixef_refined"] - golden.fixef) < 1e-6 * golden.std_error).all()
