"""A fitted generalized model against lme4 called directly: every accessor, every printed line."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.cases import data
from tests.generalized.cases import BY_ID, IDS, fit, golden
from tests.judge import run_r

pytestmark = pytest.mark.needs_r

#: The same numbers of the same model in the same lme4: the only difference allowed is that of reading 17 digits back.
SAME = {"rtol": 1e-12, "atol": 1e-12}
#: The model read from a file factorizes its sparse matrix anew: 1e-16 times its condition number, up to 1e4 here.
SOLVED = {"rtol": 1e-10, "atol": 1e-12}
#: Another run of the optimizer: it stops where the deviance changes by less than 1e-7 of itself, here up to 2e3.
OPTIMUM = {"rtol": 1e-7}


@pytest.fixture(scope="module")
def directly(tmp_path_factory):
    """What R says about every case."""
    folder = tmp_path_factory.mktemp("generalized")
    files = [str(folder / f"{case_id}.rds") for case_id in IDS]
    tables = [str(folder / f"{case_id}-data.rds") for case_id in IDS]
    for case_id, file, table in zip(IDS, files, tables, strict=True):
        lme.write_rds(fit(case_id), file)
        lme.r("saveRDS", data(BY_ID[case_id].data), table)
    calls = [BY_ID[case_id].r_call for case_id in IDS]
    program = Path(__file__).with_name("glmer_directly.R").read_text(encoding="utf-8")
    return run_r(program, folder, ids=list(IDS), files=files, tables=tables, calls=calls)


def close(found, judge, tolerance=SAME):
    """Equal numbers, R's NA and ours alike."""
    judged = np.asarray([np.nan if value is None else value for value in np.ravel(np.asarray(judge, dtype=object))])
    np.testing.assert_allclose(np.ravel(np.asarray(found, dtype=float)), judged.astype(float), **tolerance)


@pytest.mark.parametrize("case_id", IDS)
def test_optimum_is_rs(case_id, directly):
    """R's own fit of the same call ends at the same likelihood."""
    own, found = directly[case_id]["own"], fit(case_id)
    np.testing.assert_allclose(float(found.logLik()), own["logLik"], **OPTIMUM)
    # a hundredth of a standard error: where the likelihood is that flat, the optimizer's stopping rule leaves it open
    np.testing.assert_allclose(found.fixef(), own["fixef"], atol=0.01 * float(found.bse.min()))


@pytest.mark.parametrize("case_id", IDS)
def test_fit_is_its_golden(case_id):
    """The harness holds every number to the golden that R wrote: estimates, errors, deviations, modes, criterion."""
    found, kept = fit(case_id), golden(case_id)
    report = lme.parity.compare(kept, found)
    assert report.ok, str(report)
    assert {"criterion", "estimate", "std_error", "sdcor", "condval", "condsd", "n_groups"} <= set(
        report.to_frame()["quantity"]
    )
    assert found.record.fixed.index.tolist() == kept.record.fixed.index.tolist()
    assert (found.model_frame().index + 1).tolist() == np.asarray(kept.answer("extract")["rows"]).tolist()
    # the same lme4 run anew: what it leaves open of the modes, as of `condval` above, in units of the result
    rows = {"fitted": found.fitted(), "residuals": found.residuals("response")}
    rows |= {f"residuals_{kind}": found.residuals(kind) for kind in ("pearson", "deviance", "working")}
    for name, values in {**rows, "weights": found.weights(), "working_weights": found.weights("working")}.items():
        expected = np.asarray(kept.answer(name), dtype=float)
        np.testing.assert_allclose(values.dropna(), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(found.deviance(), kept.answer("residual_deviance")[0], rtol=1e-5)  # as above
    np.testing.assert_allclose(found.confint(method="Wald"), kept.answer("wald"), rtol=1e-4, atol=1e-5)  # as above
    assert found.isSingular() is kept.isSingular()


@pytest.mark.parametrize("case_id", IDS)
def test_numbers_are_rs(case_id, directly):
    """Estimates, tests, variances, criteria and intervals."""
    judge, found = directly[case_id]["numbers"], fit(case_id)
    table = found.coef_table()
    assert (table.index.tolist(), table.columns.tolist()) == (judge["names"], judge["columns"])
    close(table, judge["coefficients"], SOLVED)
    close(found.vcov(), judge["vcov"], SOLVED)
    close(found.getME("theta"), judge["theta"])
    components = found.VarCorr().to_frame()
    for column in ("grp", "var1", "var2"):
        assert components[column].tolist() == judge[column]
    close(components["vcov"], judge["vc"])
    close(components["sdcor"], judge["sdcor"])
    likelihood = found.logLik()
    close([float(likelihood), likelihood.df, likelihood.nobs], [judge["logLik"], judge["df"], judge["nobs"]])
    found_criteria = [found.AIC(), found.BIC(), found.deviance(), found.df_residual(), found.sigma()]
    close(found_criteria, [judge[name] for name in ("AIC", "BIC", "deviance", "df_residual", "sigma")])
    assert (found.family().family, found.family().link) == (judge["family"], judge["link"])
    assert found.isSingular() is judge["singular"]
    assert not found.isREML()


@pytest.mark.parametrize("case_id", IDS)
def test_wald_intervals_and_term_tests_are_rs(case_id, directly):
    """Rows, names and numbers of `confint(method="Wald")` and of lme4's sequential table."""
    judge, found = directly[case_id]["numbers"], fit(case_id)
    table = found.confint(method="Wald")
    assert table.index.tolist() == judge["new_names"]
    assert found.confint(method="Wald", oldNames=True).index.tolist() == judge["wald_names"]
    close(table, judge["wald"], SOLVED)
    terms = lme.anova(found)
    assert terms.index.tolist() == judge["anova_names"]
    close(terms.to_numpy().T, judge["anova"], SOLVED)


@pytest.mark.parametrize("case_id", IDS)
def test_rows_are_rs(case_id, directly):
    """Residuals of every type, fitted values, predictions on both scales and weights."""
    judge, found = directly[case_id]["rows"], fit(case_id)
    close(found.residuals(), judge["default"])
    close(found.residuals(scaled=True), judge["scaled"])
    for kind, values in judge["residuals"].items():
        close(found.residuals(kind), values)
    close(found.fitted(), judge["fitted"])
    close(found.predict(), judge["link"])
    close(found.predict(type="response"), judge["response"])
    close(found.predict(re_form=lme.NA), judge["fixed_link"])
    close(found.predict(re_form=lme.NA, type="response"), judge["fixed_response"])
    close(found.weights().dropna(), judge["prior"])
    close(found.weights("working").dropna(), judge["working"])
    close(found.model_matrix(), judge["X"])
    close(found.getME("mu"), judge["mu"])
    close(found.getME("y"), judge["y"])
    close(found.resid, judge["residuals"]["response"])


@pytest.mark.parametrize("case_id", IDS)
def test_diagnostics_are_rs(case_id, directly):
    """Leverages, Cook's distances and studentized residuals, with R's doubt about them."""
    judge, found = directly[case_id]["rows"], fit(case_id)
    with pytest.warns(lme.LmebridgeWarning, match="the hat matrix may not make sense for GLMMs"):
        close(found.hatvalues(), judge["hat"], SOLVED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        close(found.cooks_distance(), judge["cooks"], SOLVED)
        close(found.rstudent(), judge["rstudent"], SOLVED)


@pytest.mark.parametrize("case_id", IDS)
def test_random_effects_are_rs(case_id, directly):
    """Modes, conditional variances and coefficients by group, level and effect."""
    judge, found = directly[case_id]["effects"], fit(case_id)
    modes = found.ranef()
    assert list(modes) == judge["groups"]
    for group, table in modes.items():
        assert table.index.tolist() == judge["levels"][group]
        close(table, judge["modes"][group], SOLVED)
        close(np.diagonal(modes.postVar[group], axis1=1, axis2=2), judge["variances"][group], SOLVED)
        coefficients = found.coef()[group]
        assert coefficients.columns.tolist() == judge["coef_names"][group]
        close(coefficients, judge["coef"][group], SOLVED)


@pytest.mark.parametrize("case_id", IDS)
def test_simulated_responses_and_their_refits_are_rs(case_id, directly):
    """R's draws at the same seed, in the response's own shape, and the model refitted to one."""
    judge, found = directly[case_id]["drawn"], fit(case_id)
    second = found.simulate(2, seed=11)["sim_2"]
    if isinstance(second.dtype if second.ndim == 1 else None, pd.CategoricalDtype):
        assert second.tolist() == judge["second"]
    else:
        close(second.to_numpy().ravel(order="F"), judge["second"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = found.refit(second)
    assert isinstance(again, lme.GlmerMod)
    np.testing.assert_allclose(float(again.logLik()), judge["logLik"], **OPTIMUM)


@pytest.mark.parametrize("case_id", IDS)
def test_new_rows_are_predicted_as_by_r(case_id, directly):
    """Two known groups and one that is new, as means of the response."""
    found = fit(case_id)
    table = data(BY_ID[case_id].data)
    new = table.iloc[[0, 1, len(table) - 1]].copy()
    group = next(iter(found.ranef()))
    new[group] = [*new[group].astype(str)[:2], "nobody"]
    close(found.predict(new, allow_new_levels=True, type="response"), directly[case_id]["new"], SOLVED)


@pytest.mark.parametrize("case_id", IDS)
def test_printed_text_is_rs(case_id, directly):
    """The model, its summary and its table of terms print line by line as in R."""
    judge, found = directly[case_id], fit(case_id)
    assert str(found).splitlines() == judge["print"]
    assert str(found.summary()).rstrip("\n").splitlines() == without_last_empty(judge["summary"])
    assert repr(lme.anova(found)).splitlines() == judge["anova"]


def without_last_empty(lines):
    """The lines that R prints, without empty ones at the end."""
    return "\n".join(lines).rstrip("\n").splitlines()


@pytest.mark.parametrize("case_id", ["cbind", "factor", "gamma", "logical", "nb"])
def test_augment_has_what_lme4s_response_holds(case_id, directly):
    """broom.mixed's columns: predictions on the link's scale, deviance residuals, and the fields of the response."""
    judge, found = directly[case_id]["rows"], fit(case_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = found.augment()
    fields = {".mu": "mu", ".eta": "eta", ".sqrtXwt": "sqrtXwt", ".sqrtrwt": "sqrtrwt", ".wtres": "wtres"}
    for column, name in fields.items():
        close(table[column], judge[name])
    for column, name in {".fitted": "link", ".resid": "default", ".fixed": "fixed_link"}.items():
        close(table[column], [value for value in judge[name] if value is not None])
