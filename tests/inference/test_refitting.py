"""Fits made again: refit, refitML and update against R."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.inference.responses import Responses
from lmebridge.pls import solution as pls
from tests.cases import CASES, data
from tests.inference.models import EXAMPLES, FITS, FOLDER, fitted
from tests.judge import run_r

BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native", "statsmodels"]
PROGRAM = (
    FITS
    + """
lapply(fits, function(m) {
  response <- simulate(m, seed = 11)[[1]]
  tight <- lme4::lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
  frame <- model.frame(m)
  frame[[1]] <- response
  read <- function(again) {
    list(fixef = I(unname(lme4::fixef(again))), sigma = sigma(again), criterion = -2 * c(logLik(again)))
  }
  list(
    response = response, ml = -2 * c(logLik(lme4::refitML(m))),
    refit = read(suppressMessages(lme4::refit(m, response))),
    anew = read(suppressMessages(lme4::lmer(formula(m), frame, lme4::isREML(m), tight)))
  )
})
"""
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """R's refits of every example."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("judged"), data_folder=FOLDER)


@pytest.mark.needs_r
@pytest.mark.filterwarnings("ignore::lmebridge.SingularFitWarning")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_refit_is_that_of_r(name: str, backend: str, judged: Any) -> None:
    """A new response on the same model: with lme4 its own refit, without R the model fitted to that response.

    The two differ for REML fits with several fixed effects: lme4 1.1-31 refits them with n - 1 degrees of freedom.
    """
    response = judged[name]["response"]
    expected = judged[name]["refit" if backend == "lme4" else "anew"]
    again = fitted(name, backend).refit(response)
    # 1e-6 on the criterion is what every backend promises; lme4's default optimizer stops about 1e-8 away.
    assert again.deviance() == pytest.approx(expected["criterion"], abs=1e-6)
    # The criterion is flat to second order: 1e-6 of it is 1e-3 standard errors of theta, less for these.
    np.testing.assert_allclose(again.fixef(), expected["fixef"], rtol=1e-5)
    assert again.sigma() == pytest.approx(expected["sigma"], rel=1e-4)  # moves with theta, as said
    assert again.getME("y").tolist() == pytest.approx(response, rel=1e-15)  # the same numbers


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", BACKENDS)
def test_refitML(backend: str, judged: Any) -> None:
    """REML fits become ML fits; an ML fit is returned as it is."""
    for name in ("slopes", "crossed"):
        again = fitted(name, backend).refitML()
        assert not again.isREML()
        assert again.deviance() == pytest.approx(judged[name]["ml"], abs=1e-6)  # every backend's promise
        assert lme.refitML(again) is again


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_exchanged_response_is_the_same_problem(case: Any) -> None:
    """Computing anew only what depends on the response gives the problem that is built from the rows."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lme.LmebridgeWarning)
        fit = lme.lmer(case.formula, case.frame(), backend="native", **case.arguments)
    engine = fit._engine
    y = np.random.default_rng(5).permutation(engine.design.y)
    quick = Responses(engine.solution.problem).problem(y)
    whole = pls.problem(_with(engine.design, y), REML=case.REML)
    theta = np.maximum(fit.record.theta, 0.3)
    # The criterion is a sum of some thousand terms of rounding 1e-16 each, relative to its largest, at most 1e5.
    assert quick.objective(theta) == pytest.approx(whole.objective(theta), rel=1e-10)
    np.testing.assert_allclose(
        quick.gradient(theta), whole.gradient(theta), rtol=1e-6, atol=1e-6
    )  # differences of such


def _with(design: Any, y: np.ndarray) -> Any:
    from dataclasses import replace

    return replace(design, y=y)


def test_response_may_be_a_row_of_the_data() -> None:
    """A response as long as the data, the rows used or a padded simulation is taken; other lengths are not."""
    frame = data("sleepstudy")
    frame.loc[[3, 7], "Reaction"] = np.nan
    fit = lme.lmer(
        "Reaction ~ Days + (1 | Subject)", frame, na_action="na.exclude", subset="Days > 0", backend="native"
    )
    whole = np.arange(180.0) ** 1.5
    rows = fit._engine.rows()
    padded = np.setdiff1d(np.arange(180), np.arange(0, 180, 10))
    answers = [fit.refit(response).fixef() for response in (whole, pd.Series(whole), whole[rows], whole[padded])]
    for answer in answers:
        pd.testing.assert_series_equal(answer, answers[0])
    pd.testing.assert_series_equal(
        fit.refit(fit.simulate(seed=1)).fixef(), fit.refit(fit.simulate(seed=1)["sim_1"]).fixef()
    )


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (lambda fit: fit.simulate(nsim=2), "2 columns"),
        (lambda fit: [1.0, 2.0], "2 values"),
        (lambda fit: fit.getME("y") * np.nan, "missing or infinite"),
    ],
)
def test_bad_response(response: Any, words: str) -> None:
    """A response that does not fit the rows is refused before anything is fitted."""
    fit = fitted("one", "native")
    with pytest.raises(lme.DataError, match=words):
        fit.refit(response(fit))


@pytest.mark.parametrize("backend", BACKENDS)
def test_update(backend: str) -> None:
    """A changed fit is the fit that the changed call gives, by the same backend."""
    frame = data("sleepstudy").assign(w=lambda f: 1 + f["Days"] / 10)
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", frame, backend=backend, subset="Days > 0")
    for change, call in (
        ({"formula": ". ~ . - (Days | Subject) + (1 | Subject)"}, {"formula": "Reaction ~ Days + (1 | Subject)"}),
        ({"REML": False}, {"REML": False}),
        ({"subset": None}, {"subset": None}),
        (
            {"data": frame.iloc[:120], "formula": "log(.) ~ ."},
            {"data": frame.iloc[:120], "formula": "log(Reaction) ~ Days + (Days | Subject)"},
        ),
    ):  # fmt: skip
        arguments = {"formula": "Reaction ~ Days + (Days | Subject)", "data": frame, "subset": "Days > 0"} | call
        expected = lme.lmer(backend=backend, **arguments)
        again = lme.update(fit, **change)
        assert again.record.source.engine == backend
        assert again.formula() == expected.formula()
        pd.testing.assert_frame_equal(again.coef_table(), expected.coef_table())


def test_update_keeps_arrays() -> None:
    """Weights that were given as an array are there again, also after pickling and refitting, until taken away."""
    frame = data("sleepstudy")
    weights = 1 + frame["Days"].to_numpy() / 10
    fit = lme.lmer("Reaction ~ Days + (1 | Subject)", frame, weights=weights, backend="native")
    for start in (fit, fit.refitML(), pickle.loads(pickle.dumps(fit))):
        assert start.update(REML=False).weights().tolist() == weights.tolist()
    assert set(fit.update(weights=None).weights()) == {1.0}


def test_update_changes_the_backend() -> None:
    """Another backend fits the same model."""
    fit = fitted("slopes", "native")
    assert fit.update(backend="statsmodels").deviance() == pytest.approx(fit.deviance(), abs=1e-6)  # the promise
