"""The pymer4 backend against the lme4 backend, and what it says where pymer4 cannot be used."""

from __future__ import annotations

import pickle
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lmebridge.backends import lme4, pymer4
from lmebridge.errors import RError
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from tests.cases import CASES, data

#: Cases of every kind of term and column that pymer4 can be given.
CASE_IDS = [
    "dyestuff", "dyestuff2_singular_ml", "sleep_slope", "sleep_slope_ml", "sleep_uncorrelated", "sleep_poly",
    "character_factor", "logical_factor", "ordered_factor", "unused_level", "pastes_nested", "penicillin", "pixel",
    "na_omit", "offset_term",
]  # fmt: skip

#: The same lmer in the same R on the same doubles: the only difference allowed is that of reading 17 digits back.
SAME = {"rtol": 1e-12, "atol": 1e-12}


def model_of(formula: str, **arguments) -> Model:
    """A model from a formula's text."""
    return Model(formula=parse_formula(formula), **arguments)


def case_of(case_id: str):
    """A case's model and data."""
    case = next(case for case in CASES if case.id == case_id)
    return model_of(case.formula, **case.arguments), case.frame()


@pytest.mark.needs_pymer4
@pytest.mark.parametrize("case_id", CASE_IDS)
def test_pymer4_and_lme4_fit_the_same_model(case_id):
    """Both hand R the same data and formula, so every number of the record is the same."""
    fit, engine = pymer4.fit(*case_of(case_id))
    judge, judge_engine = lme4.fit(*case_of(case_id))
    pd.testing.assert_frame_equal(fit.fixed, judge.fixed, **SAME)
    pd.testing.assert_frame_equal(fit.variance, judge.variance, **SAME)
    np.testing.assert_allclose(fit.criterion, judge.criterion, **SAME)
    assert (fit.n_obs, fit.n_groups, fit.blocks) == (judge.n_obs, judge.n_groups, judge.blocks)
    np.testing.assert_array_equal(engine.rows(), judge_engine.rows())
    np.testing.assert_array_equal(engine.omitted(), judge_engine.omitted())
    np.testing.assert_allclose(engine.fitted(), judge_engine.fitted(), **SAME)


@pytest.mark.needs_pymer4
def test_record_has_the_numbers_pymer4_reports():
    """Estimates and standard errors are those of pymer4's own table."""
    model, frame = case_of("sleep_slope")
    reported = pymer4._lmer(model, frame).coefs
    fit, _ = pymer4.fit(model, frame)
    assert fit.fixed.index.tolist() == reported.index.tolist()
    # read from the same model in R, twice
    np.testing.assert_allclose(fit.fixed["Estimate"], reported["Estimate"], **SAME)
    np.testing.assert_allclose(fit.fixed["Std. Error"], reported["SE"], **SAME)


@pytest.mark.needs_pymer4
def test_nothing_is_printed(capfd):
    """pymer4 prints lme4's messages; here they are data."""
    fit, _ = pymer4.fit(*case_of("dyestuff2_singular_ml"))
    assert capfd.readouterr() == ("", "")
    assert [message.kind for message in fit.convergence.messages] == ["singular"]


@pytest.mark.needs_pymer4
def test_engine_answers_on_demand():
    """Predictions, refits and pickles work as on a model that lmebridge fitted."""
    model, frame = case_of("sleep_slope")
    fit, engine = pymer4.fit(model, frame)
    judge = lme4.fit(model, frame)[1]
    for form in (None, "~0", "~(1 | Subject)"):
        for new in (None, frame.head(5)):
            ours = engine.predict(new, form, allow_new_levels=False)
            np.testing.assert_allclose(ours, judge.predict(new, form, allow_new_levels=False), **SAME)
    assert engine.refit(REML=False)[0].criterion == pytest.approx(judge.refit(REML=False)[0].criterion, rel=1e-12)
    assert pickle.loads(pickle.dumps(fit)).source.engine == "pymer4"


@pytest.mark.needs_pymer4
def test_data_are_left_as_they_are():
    """pymer4 adds columns to the data it is given; the user's are not touched."""
    model, frame = case_of("sleep_slope")
    before = frame.copy()
    pymer4.fit(model, frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.needs_pymer4
def test_refusal_of_lme4_is_an_r_error():
    """What lme4 refuses comes back in R's words."""
    frame = data("sleepstudy").assign(row=lambda d: [f"r{i}" for i in range(len(d))])
    with pytest.raises(RError, match="number of levels of each grouping factor"):
        pymer4.fit(model_of("Reaction ~ Days + (1 | row)"), frame)


@pytest.mark.parametrize(
    ("formula", "arguments", "term"),
    [
        ("y ~ x + (1 | g)", {"weights": "w"}, "weights = w"),
        ("y ~ x + (1 | g)", {"subset": "x > 0"}, "subset = x > 0"),
        ("y ~ x + (1 | g)", {"contrasts": {"x": "contr.sum"}}, "contrasts = {'x': 'contr.sum'}"),
        ("y ~ x + (1 | g)", {"start": (1.0,)}, "start = (1.0,)"),
        ("y ~ x + (1 | g)", {"na_action": "na.fail"}, "na_action = na.fail"),
        ("y ~ x + (1 | g)", {"control": {"optimizer": "bobyqa"}}, "control = {'optimizer': 'bobyqa'}"),
        ("y ~ `a b` + (1 | g)", {}, "y ~ `a b` + (1 | g)"),
        ("y ~ ns(x, 3) + (1 | g)", {}, "ns(x, 3)"),
    ],
)
def test_gaps_name_the_term(formula, arguments, term):
    """Each thing pymer4 cannot be told is declared, with the term that needs it."""
    assert [found for gap in pymer4.GAPS if (found := gap.term(model_of(formula, **arguments)))] == [term]


def test_plain_models_have_no_gap():
    """An ordinary formula is not refused."""
    assert not any(gap.term(model_of("y ~ x * log(z) + (1 + x || g/h)")) for gap in pymer4.GAPS)


@pytest.mark.parametrize(
    ("version", "pandas_version", "words"),
    [
        ("0.8.2", "2.3.3", ""),
        ("0.8.2", "3.0.0", "needs pandas < 3"),
        ("0.9.2", "2.3.3", "needs at import polars, pyarrow and R's broom.mixed, report, parameters, tibble"),
        ("0.9.2", "2.3.3", "polars and pyarrow are missing"),
    ],
)
def test_versions_that_do_not_go_together_are_explained(version, pandas_version, words, monkeypatch):
    """What is missing for a version of pymer4 is said without importing it."""
    monkeypatch.setattr(pymer4, "util", SimpleNamespace(find_spec=lambda package: None))
    problem = pymer4._version_problem(version, pandas_version)
    assert words in problem
    assert bool(problem) is bool(words)


def test_status_of_a_missing_pymer4_says_how_to_get_it(monkeypatch):
    """Without pymer4 the status has the line to run."""

    def missing(package: str) -> str:
        raise metadata.PackageNotFoundError(package)

    fake = SimpleNamespace(version=missing, PackageNotFoundError=pymer4.metadata.PackageNotFoundError)
    monkeypatch.setattr(pymer4, "metadata", fake)
    status = pymer4.status()
    assert not status.usable
    assert status.reason == "pymer4 is not installed"
    assert "pip install 'pymer4==0.8.2' 'pandas<3'" in status.remedy
