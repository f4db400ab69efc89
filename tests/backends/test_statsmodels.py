"""The statsmodels backend: MixedLM certified on lme4's criterion, MixedLM's own numbers, and what it cannot express."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from lmebridge import datasets
from lmebridge.backends import _mixedlm as layout
from lmebridge.backends import _mixedlm_own as own
from lmebridge.backends import native, statsmodels
from lmebridge.design.build import build
from lmebridge.errors import DatasetUnavailable, LmebridgeError, UnsupportedByBackend
from lmebridge.formula.model_formula import parse_formula
from lmebridge.pls import solution as pls
from lmebridge.records import Model
from tests.cases import CASES, FIXTURES, data
from tests.judge import run_r

#: Cases of every layout: one block, nested, crossed, uncorrelated, an offset, missing values.
LAYOUT_CASES = [
    "dyestuff", "sleep_slope", "sleep_slope_ml", "sleep_uncorrelated", "pastes_nested", "penicillin_ml", "pixel",
    "offset_term", "na_exclude",
]  # fmt: skip


def model_of(formula: str, **arguments) -> Model:
    """A model from a formula's text."""
    return Model(formula=parse_formula(formula), **arguments)


def case_of(case_id: str):
    """A case's model and data."""
    case = next(case for case in CASES if case.id == case_id)
    return model_of(case.formula, **case.arguments), case.frame()


def run_of(model: Model, frame) -> layout.Run:
    """A model ready for MixedLM's optimizers."""
    design = build(model, frame)
    plan = layout.arrange(design.blocks)
    task = pls.problem(design, REML=model.REML)
    return layout.Run(model, design, plan, task, statsmodels._mixedlm(design, plan), None)


@pytest.mark.parametrize("case_id", LAYOUT_CASES)
def test_mixedlm_and_the_pls_core_say_the_same_at_one_theta(case_id):
    """At MixedLM's estimates its likelihood, modes and conditional covariances are the PLS core's."""
    run = run_of(*case_of(case_id))
    attempt = statsmodels._attempt(run, ["bfgs"])
    reference = pls.solve(run.task, attempt.theta)
    # Two programs sum n rows in different orders: 1e-11 of a criterion of a thousand, 1e-8 relative elsewhere.
    assert attempt.criterion == pytest.approx(-2 * attempt.result.llf, abs=1e-8)
    scale = np.abs(reference.b).max()
    np.testing.assert_allclose(own.modes(run, attempt.result), reference.b, atol=1e-8 * scale)
    for group, values in pls.conditional_variances(reference).items():
        np.testing.assert_allclose(own.variances(run, attempt.result)[group], values, atol=1e-8 * np.abs(values).max())


#: lme4 with an optimizer that goes on to 1e-10 of theta: its default stops with standard errors 1e-4 off.
JUDGE = """
suppressPackageStartupMessages(library(lme4))
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
say <- function(formula, data, REML) {
  m <- suppressWarnings(lmer(as.formula(formula), data, REML = REML, control = tight))
  list(names = I(names(fixef(m))), estimate = I(unname(fixef(m))), error = I(unname(sqrt(diag(as.matrix(vcov(m)))))),
       sd = I(as.data.frame(VarCorr(m))$sdcor), criterion = unname(if (REML) REMLcrit(m) else deviance(m)))
}

frames <- list(Dyestuff = Dyestuff, sleepstudy = sleepstudy, Pastes = Pastes, Penicillin = Penicillin,
               Pixel = as.data.frame(nlme::Pixel))
unname(Map(function(formula, data, REML) say(formula, frames[[data]], REML), formulas, datasets, REMLs == "TRUE"))
"""

JUDGED = [
    ("Yield ~ 1 + (1 | Batch)", "Dyestuff", True),
    ("Reaction ~ Days + (Days | Subject)", "sleepstudy", True),
    ("Reaction ~ Days + (Days | Subject)", "sleepstudy", False),
    ("Reaction ~ factor(Days) + (Days || Subject)", "sleepstudy", True),
    ("Reaction ~ Days + offset(10 * Days) + (Days | Subject)", "sleepstudy", True),
    ("strength ~ 1 + (1 | batch/cask)", "Pastes", True),
    ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin", False),
    ("pixel ~ day + I(day^2) + (day | Dog) + (1 | Dog:Side)", "Pixel", True),
]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What lme4 says about the judged models when R calls it."""
    formulas, names, criteria = zip(*JUDGED, strict=True)
    folder = tmp_path_factory.mktemp("judge")
    flags = [str(REML).upper() for REML in criteria]
    return run_r(JUDGE, folder, formulas=formulas, datasets=names, REMLs=flags)


@pytest.mark.needs_r
@pytest.mark.parametrize("place", range(len(JUDGED)), ids=[f"{formula}, {REML}" for formula, _, REML in JUDGED])
def test_polished_fit_is_lme4s(place, judged):
    """A certified minimum with lme4's names and numbers, in every layout."""
    formula, name, REML = JUDGED[place]
    fit, _ = statsmodels.fit(model_of(formula, REML=REML), data(name))
    judge = judged[place]
    assert fit.convergence.code == 0
    assert fit.fixed.index.tolist() == judge["names"]
    # both criteria round at 1e-11 of their size, a thousand; twice that many sums apart
    assert fit.criterion == pytest.approx(judge["criterion"], abs=1e-7)
    errors = np.array(judge["error"])
    # a criterion that rounds at 1e-9 is flat in theta over its root, 3e-5 of theta's standard errors, and less in these
    np.testing.assert_allclose(fit.fixed["Estimate"] / errors, np.array(judge["estimate"]) / errors, atol=1e-5)
    np.testing.assert_allclose(fit.fixed["Std. Error"], errors, rtol=1e-5)
    np.testing.assert_allclose(fit.variance["sdcor"], judge["sd"], rtol=1e-4)


#: The cases of the table that MixedLM cannot express, and what their refusal names.
REFUSED = {
    "insteval": "dense matrix",
    "insteval_ordered": "dense matrix",
    "scotland_slope": "outermost",
    "three_levels": "outermost",
    "three_levels_slopes": "one block of correlated",
    "team_slopes": "outermost",
    "weights": "no weights",
    "weights_expression": "no weights",
    "everything": "no weights",
    "binomial_counts": "no weights",
}


@pytest.mark.slow
@pytest.mark.parametrize("case_id", [case.id for case in CASES if case.id not in REFUSED])
def test_every_other_case_ends_where_native_does(case_id):
    """The polished optimum is that of the native backend, which is held to lme4 over the same table."""
    model, frame = case_of(case_id)
    assert not any(gap.term(model) for gap in statsmodels.GAPS)
    fit, reference = statsmodels.fit(model, frame)[0], native.fit(model, frame)[0]
    # both are certified to a Newton decrement of 1e-8, which moves the criterion by half of it
    assert fit.criterion == pytest.approx(reference.criterion, abs=1e-8)
    # and a flat optimum, such as a confounded variance's, by its root in its own standard errors
    errors = reference.fixed["Std. Error"]
    np.testing.assert_allclose(fit.fixed["Estimate"] / errors, reference.fixed["Estimate"] / errors, atol=1e-4)


@pytest.mark.parametrize("case_id", list(REFUSED))
def test_the_other_cases_are_refused(case_id):
    """What MixedLM cannot express is refused by a declared gap, or by the data before any work."""
    model, frame = case_of(case_id)
    reasons = [gap.reason for gap in statsmodels.GAPS if gap.term(model)]
    if not reasons:
        with pytest.raises(UnsupportedByBackend) as refusal:
            statsmodels.fit(model, frame)
        reasons = [str(refusal.value)]
    assert any(REFUSED[case_id] in reason for reason in reasons)


def test_polishing_repairs_what_mixedlm_reports_as_converged():
    """Where lbfgs claims convergence at an infinite likelihood, the polished fit is the optimum all the same."""
    # theta = 1 is where MixedLM starts by itself
    model = model_of("mathach ~ ses + (1 | schoolid)", start=(1.0,), control={"method": "lbfgs"})
    fit, engine = statsmodels.fit(model, datasets.hsb())
    assert engine.underlying.llf == np.inf
    assert engine.underlying.converged
    # lme4 1.1-31 on R 4.2.2: REMLcrit 46645.1693125518; last digits are its sums' rounding
    assert fit.criterion == pytest.approx(46645.1693125518, abs=1e-6)


@pytest.mark.slow
def test_the_first_optimizer_that_ends_at_the_optimum_is_kept():
    """Where lbfgs fails and bfgs stops 0.01 short, cg is tried; the record names the one that was kept."""
    fit, _ = statsmodels.fit(model_of("mathach ~ ses + (1 | schoolid)", start=(1.0,)), datasets.hsb())
    assert fit.convergence.optimizer.startswith("MixedLM cg")
    assert "short of the optimum" in fit.convergence.status
    assert fit.convergence.messages == ()


def test_own_variance_of_zero_has_conditional_variances():
    """Where MixedLM ends at a variance of exactly zero, and cannot say the modes' variances, they are zero."""
    model = model_of("mathach ~ ses + (1 | schoolid)", control={"polish": False, "method": "lbfgs"})
    fit, engine = statsmodels.fit(model, datasets.hsb())
    assert fit.variance["vcov"].iloc[0] == 0.0
    assert not engine.conditional_variances()["schoolid"].any()


def test_own_numbers_say_when_they_are_wrong():
    """With polish=False an infinite likelihood is MixedLM's answer, and the messages warn of it."""
    model = model_of("mathach ~ ses + (1 | schoolid)", control={"polish": False, "method": "lbfgs"})
    fit, _ = statsmodels.fit(model, datasets.hsb())
    texts = [message.text for message in fit.convergence.messages if message.kind == "convergence"]
    assert any("short of the optimum" in text for text in texts)
    assert any("do not use this fit" in text for text in texts)


# --- published MixedLM outputs ----------------------------------------------------------------------------------------


def rounds_to(value: float, printed: str) -> bool:
    """Whether a number is printed so: half a unit of the last digit, and 1e-9 of it for binary rounding."""
    decimals = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10.0**-decimals * (1 + 1e-9)


@pytest.fixture(scope="module")
def schools():
    """The school data as the documents prepared them."""
    try:
        prepared = datasets.school_data_2223_prepared(datasets.school_data_2223())
    except DatasetUnavailable as error:
        pytest.skip(str(error))
    return prepared.assign(log_ATT8SCR=np.log(prepared.ATT8SCR), log_PTFSM6CLA1A=np.log(prepared.PTFSM6CLA1A))


@pytest.mark.parametrize(
    ("output", "formula"),
    [
        ("schools_null_mixedlm", "ATT8SCR ~ 1 + (1 | OFSTEDRATING)"),
        ("schools_slope_mixedlm", "log_ATT8SCR ~ log_PTFSM6CLA1A + (1 + log_PTFSM6CLA1A | OFSTEDRATING)"),
    ],
)
def test_own_numbers_are_the_published_ones_to_every_digit(output, formula, schools):
    """The MixedLM outputs of 2025 come out of polish=False, digit for digit, wherever MixedLM stopped."""
    printed = json.loads((FIXTURES / "published" / f"{output}.json").read_text(encoding="utf-8"))["numbers"]
    fit, engine = statsmodels.fit(model_of(formula, control={"polish": False}), schools)
    result = engine.underlying
    assert rounds_to(fit.sigma**2, printed["Scale"][""])
    assert rounds_to(fit.log_likelihood, printed["logLik"][""])
    assert (str(fit.n_obs), str(fit.n_groups["OFSTEDRATING"])) == (
        printed["nobs"][""],
        printed["ngrps"]["OFSTEDRATING"],
    )
    for column, values in [("Estimate", fit.fixed["Estimate"]), ("Std. Error", fit.fixed["Std. Error"])]:
        assert all(map(rounds_to, values, printed[column].values())), column
    assert all(map(rounds_to, result.tvalues[: len(fit.fixed)], printed["z"].values()))
    lower = fit.variance.loc[fit.variance["grp"] != "Residual", "vcov"]
    # as.data.frame(VarCorr) has variances first, MixedLM the lower triangle by rows
    order = [0] if len(lower) == 1 else [0, 2, 1]
    assert all(map(rounds_to, lower.iloc[order], printed["vcov"].values()))


def test_own_standard_errors_of_variances_are_in_the_result(schools):
    """The published standard error of a variance, 7.129, is MixedLM's own: lme4 has none."""
    _, engine = statsmodels.fit(model_of("ATT8SCR ~ 1 + (1 | OFSTEDRATING)", control={"polish": False}), schools)
    assert rounds_to(engine.underlying.bse_re.iloc[0], "7.129")


@pytest.mark.parametrize(
    ("output", "formula"),
    [
        ("hsb_null_mixedlm", "mathach ~ 1 + (1 | schoolid)"),
        ("hsb_ses_mixedlm", "mathach ~ ses + (1 | schoolid)"),
        ("hsb_sector_mixedlm", "mathach ~ ses + sector + (1 | schoolid)"),
        ("hsb_interaction_mixedlm", "mathach ~ ses + sector + sector:ses + (1 | schoolid)"),
    ],
)
@pytest.mark.slow
def test_the_outputs_of_2015_have_the_polished_log_likelihood(output, formula):
    """They stopped short of the optimum, by less than their four printed decimals of the log-likelihood show."""
    printed = json.loads((FIXTURES / "published" / f"{output}.json").read_text(encoding="utf-8"))["numbers"]
    fit, _ = statsmodels.fit(model_of(formula), datasets.hsb())
    # one unit of the last place printed: what they stopped short by
    assert fit.log_likelihood == pytest.approx(float(printed["logLik"][""]), abs=1.5e-4)


# --- MixedLM's own answers --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unpolished():
    """Random slopes on sleepstudy, MixedLM's own numbers."""
    return statsmodels.fit(
        model_of("Reaction ~ Days + (Days | Subject)", control={"polish": False}), data("sleepstudy")
    )


def test_own_table_is_mixedlms(unpolished):
    """Estimates, standard errors and variances are the attributes of MixedLM's result, under R's names."""
    fit, engine = unpolished
    result = engine.underlying
    assert fit.fixed.index.tolist() == ["(Intercept)", "Days"]
    np.testing.assert_array_equal(fit.fixed["Estimate"], result.fe_params)
    np.testing.assert_array_equal(fit.fixed["Std. Error"], result.bse_fe)
    expected = [result.cov_re.iloc[0, 0], result.cov_re.iloc[1, 1], result.cov_re.iloc[0, 1], result.scale]
    # through theta and back: a few eps of the largest variance
    np.testing.assert_allclose(fit.variance["vcov"], expected, rtol=1e-12)
    assert fit.criterion == -2 * result.llf


def test_own_random_effects_are_mixedlms(unpolished):
    """Modes, conditional covariances and fitted values are those of MixedLM's result."""
    _, engine = unpolished
    result = engine.underlying
    modes, variances = engine.ranef()["Subject"], engine.conditional_variances()["Subject"]
    np.testing.assert_array_equal(modes.to_numpy(), np.array(list(result.random_effects.values())))
    np.testing.assert_array_equal(variances, np.array(list(result.random_effects_cov.values())))
    np.testing.assert_allclose(engine.fitted(), result.fittedvalues, rtol=1e-12)  # one sum in another order
    np.testing.assert_allclose(engine.predict(None, "~0", allow_new_levels=False), engine.getME("X") @ result.fe_params)


def test_own_refit_is_mixedlm_again(unpolished):
    """Refitting by maximum likelihood is MixedLM's fit(reml=False), not the polished optimum."""
    fit, engine = unpolished[1].refit(REML=False)
    assert fit.criterion == -2 * engine.underlying.llf
    assert engine.underlying.method == "ML"
    np.testing.assert_array_equal(fit.fixed["Std. Error"], engine.underlying.bse_fe)


@pytest.mark.parametrize("polish", [True, False])
def test_fit_and_engine_pickle(polish):
    """Record and engine cross to another process."""
    made = statsmodels.fit(model_of("Yield ~ 1 + (1 | Batch)", control={"polish": polish}), data("Dyestuff"))
    fit, engine = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(fit.theta, made[0].theta)
    np.testing.assert_array_equal(engine.fitted(), made[1].fitted())


def test_start_and_methods_reach_mixedlm():
    """From a start at the optimum MixedLM stays there; several named methods are tried in turn."""
    model = model_of("Yield ~ 1 + (1 | Batch)", control={"polish": False})
    at_optimum, _ = statsmodels.fit(model_of("Yield ~ 1 + (1 | Batch)"), data("Dyestuff"))
    started = Model(
        formula=model.formula, start=tuple(at_optimum.theta), control={"polish": False, "method": ["nm", "bfgs"]}
    )
    fit, _ = statsmodels.fit(started, data("Dyestuff"))
    # nm's own tolerance on its parameters is 1e-4
    np.testing.assert_allclose(fit.theta, at_optimum.theta, rtol=1e-3)
    assert fit.convergence.optimizer == "MixedLM nm, bfgs"


def test_failure_of_every_optimizer_is_an_error_with_a_way_out(monkeypatch):
    """Where MixedLM raises and no polishing is wanted, the error says what to do; with polishing the fit is found."""

    def broken(*args, **kwargs):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr("statsmodels.regression.mixed_linear_model.MixedLM.fit", broken)
    model = model_of("Yield ~ 1 + (1 | Batch)", control={"polish": False})
    with pytest.raises(LmebridgeError, match=r"Singular matrix.*Leave `polish` out"):
        statsmodels.fit(model, data("Dyestuff"))
    fit, _ = statsmodels.fit(model_of("Yield ~ 1 + (1 | Batch)"), data("Dyestuff"))
    assert "MixedLM failed with every optimizer" in fit.convergence.status
    # lme4 1.1-31: REMLcrit 319.654276842342
    assert fit.criterion == pytest.approx(319.654276842342, abs=1e-8)  # rounding of a criterion of 320


# --- what MixedLM cannot express --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "arguments", "term"),
    [
        ("y ~ x + (x | g) + (x | h)", {}, "(x | h)"),
        ("y ~ x + (x | g) + (1 | h)", {}, "(x | g)"),
        ("y ~ x + (1 | h) + (1 + x | g)", {}, "(1 + x | g)"),
        ("y ~ x + (x | g/h)", {}, "(x | g)"),
        ("y ~ x + (1 | g)", {"weights": "w"}, "weights = w"),
        ("y ~ x + cs(x | g)", {}, "cs(x | g)"),
        ("y ~ x + (1 | g)", {"family": "poisson", "link": "log"}, "family = poisson"),
    ],
)
def test_gaps_name_the_term(formula, arguments, term):
    """Each thing MixedLM cannot express is declared, with the term that needs it."""
    model = model_of(formula, **arguments)
    assert term in [gap.term(model) for gap in statsmodels.GAPS]


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (1 | g)", "y ~ x + (x | g)", "y ~ x + (x || g)", "y ~ x + (1 | g/h)", "y ~ x + (1 | g) + (1 | h)",
        "y ~ x + (x | g) + (1 | g:h)", "y ~ x + (0 + x | g) + (1 | h)", "y ~ x + offset(z) + (1 | g)",
    ],
)  # fmt: skip
def test_expressible_models_have_no_gap(formula):
    """What MixedLM can express is not refused by its text."""
    assert [gap.term(model_of(formula)) for gap in statsmodels.GAPS] == [None] * len(statsmodels.GAPS)


def test_factor_slopes_beside_a_crossed_factor_are_refused_by_the_data():
    """A factor's dummies are several effects though the text shows one."""
    frame = data("Machines").assign(day=lambda d: np.arange(len(d)) % 3)
    with pytest.raises(UnsupportedByBackend, match=r"\(0 \+ Machine \| Worker\).*one block of correlated"):
        statsmodels.fit(model_of("score ~ 1 + (0 + Machine | Worker) + (1 | day)"), frame)


def test_large_crossed_designs_are_refused_before_any_work():
    """A few thousand rows by hundreds of crossed levels would take minutes: the error names terms and the way out."""
    model, frame = case_of("insteval")
    with pytest.raises(UnsupportedByBackend, match=r'`\(1 \| d\), \(1 \| s\).*backend="native"'):
        statsmodels.fit(model, frame)


def test_status_has_the_version():
    """The status needs no import of statsmodels."""
    status = statsmodels.status()
    assert status.usable
    assert status.version.startswith("statsmodels ")
