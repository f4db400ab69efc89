"""What `glmer` and `glmer_nb` take, refuse and say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import lmebridge as lme
from tests.cases import data
from tests.generalized.cases import CBPP, fit

needs_r = pytest.mark.needs_r


def cbpp(**columns):
    """The herds, with some columns changed."""
    return data("cbpp").assign(**columns)


@needs_r
def test_kinds_of_response_give_one_fit():
    """Successes and failures, proportions with trials, and one row a trial: the same likelihood up to a constant."""
    herds = cbpp()
    trials = herds.loc[herds.index.repeat(herds["size"])]
    within = trials.groupby(level=0).cumcount()
    trials = trials.assign(sick=within < trials["incidence"])
    single = lme.glmer("sick ~ period + (1 | herd)", trials.reset_index(drop=True))
    # three runs of the optimizer, which stops within 1e-7 of the deviance: some 1e-4 of a standard error of 0.2 to 0.4
    np.testing.assert_allclose(fit("trials").fixef(), fit("cbind").fixef(), atol=1e-4)
    np.testing.assert_allclose(single.fixef(), fit("cbind").fixef(), atol=1e-4)
    assert single.nobs() == int(herds["size"].sum())


@needs_r
def test_arrays_are_taken_for_weights_offset_and_subset():
    """What is given as an array is what is given by name."""
    herds = cbpp()
    given = lme.glmer("incidence / size ~ period + (1 | herd)", herds, weights=herds["size"].to_numpy(float))
    np.testing.assert_array_equal(given.fixef(), fit("trials").fixef())
    ticks = data("grouseticks")
    formula = "TICKS ~ YEAR + (1 | BROOD) + (1 | LOCATION)"
    offset = lme.glmer(formula, ticks, "poisson", offset=np.log(ticks["HEIGHT"].to_numpy()))
    np.testing.assert_allclose(offset.fixef(), fit("offset").fixef(), rtol=1e-12)  # numpy's and R's logarithms
    some = lme.glmer(CBPP, herds, subset=(herds["period"] != "4").to_numpy())
    assert some.nobs() == int((herds["period"] != "4").sum())


@needs_r
def test_rows_with_missing_values_are_left_out():
    """A missing count leaves its row out, or pads it; the index of the data comes back."""
    gaps = cbpp().set_axis(range(100, 156))
    gaps["incidence"] = gaps["incidence"].astype(float).mask(gaps.index == 103)
    omitted, padded = lme.glmer(CBPP, gaps), lme.glmer(CBPP, gaps, na_action="na.exclude")
    assert omitted.nobs() == padded.nobs() == 55
    assert 103 not in omitted.fitted().index
    assert padded.residuals().isna().sum() == padded.predict().isna().sum() == 1
    with pytest.raises(lme.DataError, match="missing values in incidence"):
        lme.glmer(CBPP, gaps, na_action="na.fail")


@needs_r
def test_a_gaussian_model_is_a_linear_one():
    """As lme4 does: it says so and calls lmer."""
    with pytest.warns(lme.LmebridgeWarning, match="please call lmer\\(\\) directly"):
        linear = lme.glmer("Reaction ~ Days + (1 | Subject)", data("sleepstudy"), "gaussian")
    assert type(linear) is lme.MerMod
    assert linear.isREML()


@needs_r
@pytest.mark.parametrize(
    ("formula", "arguments", "kind", "words"),
    [
        ("n ~ period + (1 | herd)", {"family": "poisson"}, lme.LmebridgeWarning, "non-integer x = 0.5"),
        ("n / size ~ period + (1 | herd)", {}, lme.LmebridgeWarning, "non-integer #successes in a binomial glm!"),
        ("first ~ period + (1 | herd)", {}, lme.ConvergenceWarning, "unable to evaluate scaled gradient"),
        ("even ~ period + (1 | herd)", {"family": "poisson"}, lme.SingularFitWarning, "singular"),
    ],
)
def test_rs_warnings_are_pythons(formula, arguments, kind, words):
    """In R's words, of the kind that they are, and kept in `messages`."""
    herds = cbpp()
    table = herds.assign(n=herds["incidence"] + 0.5, first=(herds["period"] == "1").astype(int))
    table["even"] = np.arange(len(table)) % 2 + 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = lme.glmer(formula, table, **arguments)
    assert any(issubclass(warning.category, kind) and words in str(warning.message) for warning in caught)
    assert any(words in message for message in found.messages)


#: A call that is refused, the error, and its words.
REFUSED = [
    ("incidence ~ period + (1 | herd)", {}, lme.DataError, "y values must be 0 <= y <= 1. Give 0 and 1, cbind"),
    ("less ~ period + (1 | herd)", {"family": "poisson"}, lme.DataError, "negative values not allowed for the 'Pois"),
    ("incidence ~ period + (1 | herd)", {"family": "Gamma"}, lme.DataError, "non-positive values not allowed"),
    ("cbind(incidence, less) ~ period + (1 | herd)", {}, lme.DataError, "neither may be negative"),
    ("cbind(incidence, size, size) ~ 1 + (1 | herd)", {}, lme.DataError, "2 column matrix"),
    ("zero ~ period + (1 | herd)", {"family": "poisson"}, lme.DataError, "Response is constant"),
    ("incidence ~ 1 + (1 | zero)", {"family": "poisson"}, lme.DataError, "must have > 1 sampled level"),
    ("cbind(incidence, n - incidence) ~ 1 + (1 | herd)", {}, lme.DataError, "object 'n' not found"),
    ("cbind(incidence, size - incidence) ~ period", {}, lme.FormulaError, "No random effects terms"),
    (CBPP, {"family": "binomal"}, ValueError, "did you mean 'binomial'"),
    (CBPP, {"nAGQ": -1}, ValueError, "0, 1 or more"),
    (CBPP, {"nAGQ": 2.5}, ValueError, "0, 1 or more"),
    (CBPP, {"nAGQ": 200}, lme.RError, "ord < 101L is not TRUE"),
    (f"{CBPP} + (1 | period)", {"nAGQ": 5}, lme.RError, "only available for models with a single, scalar"),
    (CBPP, {"REML": True}, TypeError, "REML"),
    (CBPP, {"start": {"beta": [1]}}, ValueError, "should be 'theta' and/or 'fixef'"),
    (CBPP, {"start": {"fixef": [1, 2]}}, lme.RError, "incorrect number of fixef components"),
    (CBPP, {"control": {"optimiser": "bobyqa"}}, lme.LmebridgeError, "glmerControl has no argument 'optimiser'"),
]


@needs_r
@pytest.mark.parametrize(("formula", "arguments", "error", "words"), REFUSED)
def test_bad_input_is_refused(formula, arguments, error, words):
    """In R's words, with what to do."""
    herds = cbpp()
    with pytest.raises(error, match=words):
        lme.glmer(formula, herds.assign(less=herds["incidence"] - 3, zero=0), **arguments)


@needs_r
def test_starting_values_and_controls_reach_lme4():
    """Both kinds of start are in R's call; two optimizers are one a stage."""
    start = {"theta": [0.5], "fixef": [-1.0, -1.0, -1.0, -1.5]}
    started = lme.glmer(CBPP, cbpp(), start=start)
    assert "start = list(theta = 0.5, fixef = c(-1, -1, -1, -1.5))" in started.record.source.call
    assert "start = 0.5" in lme.glmer(CBPP, cbpp(), start=[0.5]).record.source.call
    chosen = lme.glmer(CBPP, cbpp(), control={"optimizer": ["bobyqa", "Nelder_Mead"], "optCtrl": {"maxfun": 20000}})
    assert chosen.record.convergence.optimizer == "Nelder_Mead"  # the last stage is the second
    printed = 'glmerControl(optimizer = c("bobyqa", "Nelder_Mead"), optCtrl = list(maxfun = 20000L))'  # as R has it
    assert printed in str(chosen.summary()).splitlines()
    assert printed in chosen.record.source.call


@pytest.mark.parametrize("backend", ["native", "statsmodels"])
def test_backends_without_r_say_what_they_cannot(backend):
    """The family is named, the reason given, and the remedy."""
    with pytest.raises(
        lme.UnsupportedByBackend, match=rf"{backend} backend cannot fit `family = binomial\(link = \"pro"
    ):
        lme.glmer(CBPP, cbpp(), ("binomial", "probit"), backend=backend)
    with pytest.raises(lme.UnsupportedByBackend, match=r"`family = MASS::negative.binomial`.*Use backend=\"lme4\""):
        lme.glmer_nb("incidence ~ period + (1 | herd)", cbpp(), backend=backend)


def test_without_r_every_reason_is_given(monkeypatch):
    """Where lme4 cannot be used, the error says why, and why no other backend fits the model."""
    from lmebridge.backends import contract, lme4

    status = contract.Status(usable=False, reason="there is no R", remedy="Install R.")
    monkeypatch.setattr(lme4, "status", lambda: status)
    with pytest.raises(lme.UnsupportedByBackend) as refused:
        lme.glmer(CBPP, cbpp())
    for words in ("there is no R", "statsmodels backend cannot fit", "native backend cannot fit"):
        assert words in str(refused.value)
