"""What follows from a generalized fit: intervals, tests, refits, bootstrap, the way to R and back."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.inference import resampling, seeds
from lmebridge.parity.golden import read_golden
from lmebridge.parity.golden_text import golden_text
from lmebridge.parity.pytest_plugin import hold
from tests.cases import data
from tests.generalized.cases import BY_ID, CBPP, IDS, fit
from tests.judge import run_r

pytestmark = pytest.mark.needs_r

#: lme4 runs its optimizer anew for each of these, and does not repeat itself from one process to the next beyond the
#: 1e-7 of the deviance where it stops.
AGAIN = {"rtol": 1e-5}

PROGRAM = r"""
suppressPackageStartupMessages(library(lme4))
quiet <- function(expression) suppressWarnings(suppressMessages(expression))
options(width = 80L)
data <- readRDS(table)
m <- readRDS(file)
smaller <- quiet(update(m, . ~ . - period))
profiled <- quiet(confint(m, parm = "(Intercept)", quiet = TRUE, oldNames = FALSE))
boot <- quiet(confint(m, method = "boot", nsim = 3, seed = 1, quiet = TRUE, oldNames = FALSE))
tests <- quiet(drop1(m, test = "Chisq"))
compared <- anova(smaller, m)
list(
  profiled = as.numeric(profiled), boot = unname(boot), names = I(rownames(boot)),
  drop1 = as.numeric(unlist(tests[2, ])), smaller = fixef(smaller), compared = as.numeric(unlist(compared[2, ])),
  refitted = as.numeric(logLik(refit(m, with(data, cbind(incidence, size - incidence))))),
  icc = as.numeric(performance::icc(m)[c("ICC_adjusted", "ICC_unadjusted")]),
  by_group = performance::icc(m, by_group = TRUE)$ICC, r2 = as.numeric(unlist(performance::r2_nakagawa(m)))
)
"""


@pytest.fixture(scope="module")
def directly(tmp_path_factory):
    """What R makes of the model of the herds."""
    folder = tmp_path_factory.mktemp("herds")
    lme.write_rds(fit("cbind"), folder / "cbind.rds")
    lme.r("saveRDS", data("cbpp"), str(folder / "cbpp.rds"))
    return run_r(PROGRAM, folder, file=str(folder / "cbind.rds"), table=str(folder / "cbpp.rds"))


def test_profiles_and_their_intervals_are_rs(directly):
    """Of one parameter; all of them are fixed effects or standard deviations, without a sigma.

    Profiling leaves the model as it is, which lme4 1.1-31 does not: its modes are another's afterwards.
    """
    before = fit("cbind").ranef()["herd"], fit("cbind").ranef().postVar["herd"]
    found = fit("cbind").confint("(Intercept)")
    fresh = lme.from_r(fit("cbind").engine)  # the model in R, asked anew
    np.testing.assert_array_equal(fresh.ranef()["herd"], before[0])
    np.testing.assert_array_equal(fresh.ranef().postVar["herd"], before[1])
    # a spline through optima that are found anew, each within 1e-7 of its deviance
    np.testing.assert_allclose(found.loc["(Intercept)"], directly["profiled"], rtol=1e-3)
    assert fit("cbind").confint(method="Wald").index.tolist() == directly["names"]


def test_profiles_of_a_scale_are_refused_by_r():
    """R's own words: it cannot profile a model whose family has a scale."""
    with pytest.raises(lme.LmebridgeError, match="can't \\(yet\\) profile GLMMs with non-fixed scale parameters"):
        fit("gamma").confint()


def test_bootstrapped_intervals_are_rs(directly):
    """The same seed in the same lme4."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fit("cbind").confint(method="boot", nsim=3, seed=1)
    np.testing.assert_allclose(found, directly["boot"], rtol=1e-3)  # refits, each to its optimizer's tolerance


def test_tests_are_rs(directly):
    """drop1, update and the comparison of two models."""
    full = fit("cbind")
    dropped = full.drop1(test="Chisq")
    np.testing.assert_allclose(dropped.loc["period"], directly["drop1"], **AGAIN)
    smaller = full.update(". ~ . - period")
    assert isinstance(smaller, lme.GlmerMod)
    np.testing.assert_allclose(smaller.fixef(), directly["smaller"], **AGAIN)
    compared = lme.anova(full, smaller, model_names=["full", "smaller"])
    np.testing.assert_allclose(compared.loc["full"], directly["compared"], **AGAIN)
    assert compared.attrs["heading"][0] == "Data: data"


def test_shares_of_variance_are_performances(directly):
    """R's package computes the variance of the family's distribution."""
    same = {"rtol": 1e-12}  # the same function of the same model
    np.testing.assert_allclose(lme.icc(fit("cbind")), directly["icc"], **same)
    np.testing.assert_allclose(lme.icc(fit("cbind"), by_group=True)["ICC"], directly["by_group"], **same)
    np.testing.assert_allclose(lme.r2(fit("cbind")), directly["r2"], **same)


def test_a_singular_fit_has_no_shares():
    """As performance has it: it says so, and the shares are missing."""
    words, singular = "Can't compute random effect variances", {"tolerance": 0.1}
    with pytest.warns(lme.LmebridgeWarning, match=words):
        assert lme.icc(fit("slope"), **singular).isna().all()
    with pytest.warns(lme.LmebridgeWarning, match=words):
        assert lme.icc(fit("slope"), by_group=True, **singular)["ICC"].isna().all()
    with pytest.warns(lme.LmebridgeWarning, match=words):
        assert np.isnan(lme.r2(fit("slope"), **singular)["R2_conditional"])


@pytest.mark.parametrize("case_id", ["cbind", "factor", "gamma"])
def test_bootstrap_draws_are_lme4s_own(case_id):
    """A draw is the model refitted to a response that it simulates, with a seed of its own."""
    found = fit(case_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boot = found.bootMer(lme.fixef, nsim=1, seed=3)
        seed = seeds.r_seed(seeds.child(seeds.sequence(3), 0))
        again = found.refit(found.simulate(1, seed=seed)["sim_1"])
    np.testing.assert_array_equal(boot.t0, found.fixef())
    np.testing.assert_allclose(boot.t.iloc[0], again.fixef(), rtol=1e-6)  # lme4's last bits depend on the memory


def test_semiparametric_draws_are_lme4s_refits(tmp_path):
    """Fitted proportions plus drawn residuals: refitted where they are proportions, else R's reason is counted."""
    found = balanced()
    draws = resampling.ResampledResiduals(found, seeds.sequence(1))
    lme.write_rds(found, tmp_path / "balanced.rds")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is questionable, and that the successes are no integers
        boot = found.bootMer(lme.fixef, nsim=3, seed=1, type="semiparametric", use_u=True)
    program = """
    m <- readRDS(file)
    columns <- as.data.frame(matrix(responses, ncol = 3))
    do.call(rbind, suppressWarnings(lapply(columns, function(y) lme4::fixef(lme4::refit(m, y)))))
    """
    responses = np.concatenate([draws.response(number) for number in range(3)]).tolist()
    expected = run_r(program, tmp_path, file=str(tmp_path / "balanced.rds"), responses=responses)
    np.testing.assert_allclose(boot.t, np.array(expected), **AGAIN)
    with (
        pytest.warns(lme.LmebridgeWarning, match="questionable for GLMMs"),
        pytest.warns(lme.LmebridgeWarning, match=r"failed \(2/2\): .*y values must be 0 <= y <= 1"),
    ):
        fit("cbind").bootMer(lme.fixef, nsim=2, seed=1, type="semiparametric", use_u=True)


def balanced():
    """A model of herds of which about half are ill, so that a fitted proportion plus a residual is one too."""
    size = np.full(40, 400)
    ill = 200 + np.arange(40) % 8 * 4 + np.arange(40) * 7 % 11
    table = pd.DataFrame({"size": size, "ill": ill, "x": np.arange(40) % 5, "herd": np.arange(40) % 8})
    return lme.glmer("cbind(ill, size - ill) ~ x + (1 | herd)", table)


def test_refits_are_rs(directly):
    """To the same response: lme4's optimizer goes on from where it stopped."""
    herds = data("cbpp")
    both = np.column_stack([herds["incidence"], herds["size"] - herds["incidence"]])
    again = fit("cbind").refit(both)
    np.testing.assert_allclose(float(again.logLik()), directly["refitted"], rtol=1e-7)  # where the optimizer stops
    assert fit("cbind").refitML() is fit("cbind")
    with pytest.raises(lme.DataError, match=r"give both, shape \(n, 2\)"):
        fit("cbind").refit(herds["incidence"])


def test_updates_keep_what_they_are_not_told():
    """Family, link, quadrature and the theta of a negative binomial stay; each can be changed."""
    changed = fit("probit").update(nAGQ=0)
    assert (changed.family().link, changed.record.model.nAGQ) == ("probit", 0)
    assert changed.update(family="binomial").family().link == "logit"
    ticks = fit("nb").update(". ~ . - YEAR")
    assert ticks.family().theta == fit("nb").family().theta
    assert ticks.logLik().df == fit("nb").logLik().df - 2


def test_a_fit_goes_to_r_and_back(tmp_path):
    """A pickle, a file of R's and a live object of R's are the same model."""
    for case_id in ("cbind", "nb", "logical"):
        found = fit(case_id)
        lme.write_rds(found, tmp_path / "model.rds")
        copies = [pickle.loads(pickle.dumps(found)), lme.from_r(found.engine), lme.read_rds(tmp_path / "model.rds")]
        for copy in copies:
            assert isinstance(copy, lme.GlmerMod)
            assert str(copy) == str(found)
            np.testing.assert_allclose(copy.predict(), found.predict(), rtol=1e-12)  # a model of the same numbers


#: What `r_code` writes for each kind of call.
SCRIPTS = {
    "cbind": "family = binomial)",
    "trials": "family = binomial, weights = size)",
    "probit": 'family = binomial(link = "probit"))',
    "quick": "family = binomial, nAGQ = 0)",
    "factor": "subset = age < 15)",
    "nb_known": "family = MASS::negative.binomial(theta = 1.5))",
    "log_gaussian": 'control = glmerControl(`optimizer` = "bobyqa"))',
    "nb": "(1 | BROOD), data = data)",
}


def test_r_code_gives_the_same_fit(tmp_path):
    """The scripts run in R, and fit what Python fitted."""
    for case_id, ending in SCRIPTS.items():
        found = fit(case_id)
        found.data.to_csv(tmp_path / f"{case_id}.csv", index=False)
        script = found.r_code(f"{case_id}.csv")
        assert script.splitlines()[-2].endswith(ending)
        assert ("fit <- glmer.nb(" in script) is (case_id == "nb")
        (tmp_path / f"{case_id}.R").write_text(script, encoding="utf-8")
    program = """
    sapply(ids, simplify = FALSE, function(id) {
      there <- new.env()
      capture.output(suppressMessages(sys.source(paste0(id, ".R"), there)))
      list(fixef = I(as.numeric(lme4::fixef(there$fit))), logLik = as.numeric(logLik(there$fit)))
    })
    """
    for case_id, answer in run_r(program, tmp_path, ids=list(SCRIPTS)).items():
        found = fit(case_id)
        np.testing.assert_allclose(float(found.logLik()), answer["logLik"], rtol=1e-7)  # where the optimizer stops
        # what that leaves open of estimates: a hundredth of a standard error
        np.testing.assert_allclose(found.fixef(), answer["fixef"], atol=0.01 * float(found.bse.min()))


@pytest.mark.parametrize("case_id", ["cbind", "gamma", "nb", "slope"])
def test_tidy_tables(case_id):
    """broom.mixed's columns: Wald statistics and p-values, and a residual only where there is one."""
    found = fit(case_id)
    table = found.tidy()
    fixed, parameters = (table[table["effect"] == effect] for effect in ("fixed", "ran_pars"))
    np.testing.assert_array_equal(fixed["statistic"], found.coef_table().iloc[:, 2])
    np.testing.assert_array_equal(fixed["p.value"], found.pvalues)
    np.testing.assert_array_equal(
        parameters["estimate"].sort_values(), found.VarCorr().to_frame()["sdcor"].sort_values()
    )
    assert ("Residual" in set(parameters["group"])) is (case_id == "gamma")
    summary = found.glance()
    assert summary["deviance"].item() == found.deviance()
    assert summary["df.residual"].item() == found.df_residual()
    assert "REMLcrit" not in summary


def test_statsmodels_names():
    """Statistics, p-values and intervals under the names that statsmodels has."""
    found = fit("cbind")
    np.testing.assert_array_equal(found.tvalues, found.coef_table()["z value"])
    np.testing.assert_array_equal(found.conf_int(), found.confint("beta_", method="Wald"))
    assert (found.llf, found.aic, found.bic) == (float(found.logLik()), found.AIC(), found.BIC())
    assert found.params.equals(found.fixef())
    np.testing.assert_array_equal(found.bse, found.coef_table()["Std. Error"])


def test_fits_are_compared_and_kept(tmp_path):
    """A fit agrees with its copy, not with that of another link; a golden holds all that the record does."""
    assert lme.parity.compare(fit("cbind"), pickle.loads(pickle.dumps(fit("cbind")))).ok
    assert not lme.parity.compare(fit("cbind"), fit("probit")).ok
    for case_id in ("cbind", "nb", "gamma", "sums"):
        path = tmp_path / f"{case_id}.json"
        path.write_text(golden_text(fit(case_id), case_id), encoding="utf-8")
        kept = read_golden(path)
        assert lme.parity.compare(fit(case_id), kept).ok
        assert hold(fit(case_id), path, {}).ok
        assert kept.record.model.family == fit(case_id).family().family
        assert kept.record.n_parameters == fit(case_id).logLik().df


@pytest.mark.parametrize("case_id", IDS)
def test_printed_summaries_hold(case_id):
    """What a fit prints is read back and holds."""
    found = fit(case_id)
    for text in (str(found), str(found.summary())):
        report = lme.parity.published(text).check(found)
        assert report.ok, str(report)


def test_a_printed_family_must_be_the_fits():
    """A summary of another link, or of a linear model, is of another model."""
    printed = lme.parity.published(str(fit("probit").summary()))
    assert "family differs: binomial ( probit ) was printed, the fit has binomial ( logit )" in str(
        printed.check(fit("cbind"))
    )
    assert "family and link differ" in str(lme.parity.compare(fit("cbind"), fit("probit")))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.coef_table(ddf="Satterthwaite"), "degrees of freedom for linear mixed models"),
        (lambda m: lme.anova(m, ddf="Kenward-Roger"), "degrees of freedom for linear mixed models"),
        (lambda m: m.ranova(), "compare the two"),
        (lambda m: m.predict(se_fit=True), "bootMer"),
        (lambda m: m.predict(interval="confidence"), "bootMer"),
        (lambda m: m.simulate(newdata=data("cbpp").head(3)), "proportions with weights, or to 0 and 1"),
        (lambda m: m.to_marginaleffects(), "marginaleffects"),
    ],
)
def test_what_only_linear_models_have_is_refused(call, words):
    """With what to do instead."""
    with pytest.raises(lme.UnsupportedByBackend, match=words):
        call(fit("cbind"))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m.REMLcrit(), lme.RError, "can't compute REML deviance for a non-LMM"),
        (lambda m: m.logLik(REML=True), lme.RError, "can't compute REML deviance for a non-LMM"),
        (lambda m: m.residuals("partial"), ValueError, "'deviance', 'pearson', 'working', 'response'"),
        (lambda m: m.weights("both"), ValueError, "'prior' or 'working'"),
        (lambda m: m.predict(data("cbpp").assign(herd="new")), lme.LmebridgeError, "new levels detected"),
    ],
)
def test_wrong_questions_are_refused(call, error, words):
    """In R's words where R has them."""
    with pytest.raises(error, match=words):
        call(fit("cbind"))


INFLUENCE = """
suppressPackageStartupMessages(library(lme4))
sapply(ids, simplify = FALSE, function(id) {
  m <- readRDS(paste0(id, ".rds"))
  data <- readRDS(paste0(id, "-data.rds"))
  found <- influence(m, groups[match(id, ids)], data = data)
  list(
    fixed = unname(found[[2]]), var_cov = unname(found[[4]]), components = I(names(found[[3]])),
    deleted = I(as.character(found$deleted)), cooks = I(unname(cooks.distance(found))),
    dfbetas = unname(dfbetas(found)), converged = I(unname(found$converged))
  )
})
"""


@pytest.mark.slow
def test_influence_is_rs(tmp_path):
    """Estimates without each group, with Cook's distances and dfbetas, are those of lme4's influence()."""
    groups = {"trials": "herd", "quick": "herd"}
    for case_id in groups:
        lme.write_rds(fit(case_id), tmp_path / f"{case_id}.rds")
        lme.r("saveRDS", data(BY_ID[case_id].data), str(tmp_path / f"{case_id}-data.rds"))
    judged = run_r(INFLUENCE, tmp_path, ids=list(groups), groups=list(groups.values()))
    for case_id, group in groups.items():
        found, expected = fit(case_id).influence(group), judged[case_id]
        assert [str(label) for label in found.fixed_without.index] == expected["deleted"]
        assert found.var_cov.index.tolist() == expected["components"]
        # lme4's own searches in another process: 1e-4 of a standard error, and of the largest of the others
        errors = fit(case_id).bse.to_numpy()
        np.testing.assert_allclose(found.fixed_without / errors, np.array(expected["fixed"]) / errors, atol=1e-4)
        np.testing.assert_allclose(found.var_cov_without, np.array(expected["var_cov"]), rtol=1e-3)
        np.testing.assert_allclose(found.dfbetas(), np.array(expected["dfbetas"]), atol=1e-3)
        np.testing.assert_allclose(found.cooks_distance(), expected["cooks"], rtol=1e-3)
        assert found.converged.tolist() == expected["converged"]


def test_influence_keeps_the_subset_of_the_fit():
    """Rows that the fit did not use stay out, and a coefficient whose rows are gone is missing."""
    found = fit("cbind").influence("period")
    assert found.fixed_without.loc["4"].isna().tolist() == [False, False, False, True]
    some = fit("cbind").update(subset="period != '4'")
    once = some.influence("herd").fixed_without.loc["1"]
    herds = data("cbpp")
    again = lme.glmer(CBPP, herds[(herds["period"] != "4") & (herds["herd"] != "1")])
    # two searches from two starts: a hundredth of a standard error, where lme4's default optimizers stop
    np.testing.assert_allclose(once, again.fixef(), atol=0.01 * float(again.bse.min()))
    with pytest.raises(lme.DataError, match="herb"):
        some.influence("herb")


def test_what_r_has_of_a_generalized_model_is_called_there():
    """R's influence() finds the data of the model."""
    left_out = lme.r("influence", fit("cbind"), "herd")
    assert left_out["fixed.effects[-herd]"].shape == (15, 4)


def test_explanation_names_the_family():
    """The family of the fit, and its theta."""
    told = lme.explain(fit("nb"))
    assert fit("nb").family().family in told
    assert "residual error" not in told
    assert BY_ID["nb"].formula in told
