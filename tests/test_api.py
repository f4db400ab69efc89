"""Fitting through the front door: arguments, warnings, and what wrong input gets."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.cases import data


@pytest.mark.parametrize("name", ["fixef", "sigma", "VarCorr", "bootMer"])
def test_functions_go_to_other_processes(name):
    """What applies to a fit is pickled by its name, as a statistic of a bootstrap in other processes is."""
    assert pickle.loads(pickle.dumps(getattr(lme, name))) is getattr(lme, name)


BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "statsmodels", "native"]


def frame() -> pd.DataFrame:
    """A small data set with one column of every kind of trouble."""
    table = data("sleepstudy").iloc[:60].copy()
    table["Subject"] = table["Subject"].cat.remove_unused_categories()
    return table.assign(
        constant="only",
        row=[f"r{i}" for i in range(60)],
        missing=np.nan,
        infinite=np.where(np.arange(60) == 5, np.inf, 1.0 * np.arange(60)),
        twice=2 * table["Days"],
        mixed=pd.Series([1, "a"] * 30, dtype=object, index=table.index),
        huge=np.arange(60) + 2**60,
        when=[dt.datetime(2020, 1, 1)] * 60,
        phase=np.exp(1j * np.arange(60)),
        text=["a", "b"] * 30,
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("formula", "error", "words"),
    [
        ("Reaction ~ Days + (1 | ", lme.FormulaError, r"\^"),
        ("Reaction ~ Days + (1 | )", lme.FormulaError, "grouping factor"),
        ("Reaction ~ Days", lme.FormulaError, "No random effects terms specified in formula"),
        ("~ Days + (1 | Subject)", lme.FormulaError, "no response"),
        ("Reaction ~ Dayz + (1 | Subject)", lme.DataError, "'Dayz'.*'Days'"),
        ("Reaction ~ Days + (1 | subject)", lme.DataError, "'subject'.*'Subject'"),
        ("Reaction ~ system('true') + (1 | Subject)", lme.FormulaError, "(?s)system.*trust_formula=True"),
        ("text ~ Days + (1 | Subject)", lme.DataError, "numeric"),
        ("Reaction ~ Days + (1 | constant)", lme.DataError, "grouping factors must have > 1 sampled level"),
        (
            "Reaction ~ Days + (1 | row)",
            lme.DataError,
            "number of levels of each grouping factor must be < number of obs",
        ),
        ("Reaction ~ missing + (1 | Subject)", lme.DataError, r"0 \(non-NA\) cases"),
        ("Reaction ~ infinite + (1 | Subject)", lme.DataError, "infinite"),
        ("Reaction ~ mixed + (1 | Subject)", lme.DataError, "mixed"),
        ("Reaction ~ huge + (1 | Subject)", lme.DataError, "huge"),
        ("Reaction ~ when + (1 | Subject)", lme.DataError, "when"),
        ("Reaction ~ phase + (1 | Subject)", lme.DataError, "phase"),
    ],
)
def test_bad_input_is_refused_clearly(formula: str, error: type[Exception], words: str, backend: str) -> None:
    """The same mistake gets the same kind of error from every backend, and the data stay as they were."""
    table = frame()
    before = table.copy(deep=True)
    with pytest.raises(error, match=words):
        lme.lmer(formula, table, backend=backend)
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("formula", [None, 3, ["y ~ x"]])
def test_a_formula_is_a_text(formula: Any) -> None:
    """Something else than text is refused with an example of a formula."""
    with pytest.raises(lme.FormulaError, match=r"y ~ x \+ \(1 \| g\)"):
        lme.lmer(formula, frame())


def test_duplicate_columns_are_refused() -> None:
    """Two columns of one name cannot be told apart in a formula."""
    table = pd.concat([frame(), frame()[["Days"]]], axis=1)
    with pytest.raises(lme.DataError, match="Days"):
        lme.lmer("Reaction ~ Days + (1 | Subject)", table, backend="native")


@pytest.mark.parametrize("backend", BACKENDS)
def test_rank_deficient_columns_are_dropped_and_named(backend: str) -> None:
    """lme4 drops the column and says so."""
    with pytest.warns(lme.LmebridgeWarning, match="rank deficient so dropping 1 column / coefficient"):
        fit = lme.lmer("Reaction ~ Days + twice + (1 | Subject)", frame(), backend=backend)
    assert list(fit.fixef().index) == ["(Intercept)", "Days"]
    assert fit.record.dropped == ("twice",)


@pytest.mark.parametrize("backend", BACKENDS)
def test_singular_fit_warns_in_the_words_of_lme4(backend: str) -> None:
    """A singular fit is a result with a warning of its own class, kept in messages too."""
    with pytest.warns(lme.SingularFitWarning, match="singular"):
        fit = lme.lmer("Yield ~ 1 + (1 | Batch)", data("Dyestuff2"), backend=backend)
    assert fit.isSingular()
    assert "boundary (singular) fit: see help('isSingular')" in fit.messages


@pytest.mark.parametrize("backend", [BACKENDS[0], "native"])
def test_arrays_serve_as_weights_offset_and_subset(backend: str) -> None:
    """An array means what the column of the same values means."""
    table = frame().assign(w=1.0 + np.arange(60) % 3, o=np.arange(60) / 10.0)
    text = lme.lmer(
        "Reaction ~ Days + (1 | Subject)", table, weights="w", offset="o", subset="Days > 1", backend=backend
    )
    given = lme.lmer(
        "Reaction ~ Days + (1 | Subject)", table, weights=table["w"].to_numpy(), offset=list(table["o"]),
        subset=table["Days"] > 1, backend=backend,
    )  # fmt: skip
    pd.testing.assert_series_equal(given.fixef(), text.fixef())
    pd.testing.assert_series_equal(given.fitted(), text.fitted())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"weights": [1.0, 2.0]}, lme.DataError, "60 rows"),
        ({"subset": np.arange(60)}, lme.DataError, "truth value"),
        ({"weights": "wt"}, lme.DataError, "'wt'"),
        ({"offset": "log("}, lme.FormulaError, r"\^"),
        ({"subset": "system('true')"}, lme.FormulaError, "system"),
        ({"na_action": "na.pass"}, ValueError, "na.exclude"),
        ({"REML": "ML"}, ValueError, "REML='ML': True"),
        ({"backend": "lmer"}, ValueError, "'native'"),
    ],
)
def test_wrong_argument_says_what_to_give(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    """An argument that cannot be used is refused with what could."""
    with pytest.raises(error, match=words):
        lme.lmer("Reaction ~ Days + (1 | Subject)", frame(), **({"backend": "native"} | arguments))


def test_dot_means_every_other_column() -> None:
    """`.` is resolved before columns of our own are added."""
    table = data("sleepstudy")
    fit = lme.lmer("Reaction ~ . - Subject + (1 | Subject)", table, weights=np.ones(180), backend="native")
    assert list(fit.fixef().index) == ["(Intercept)", "Days"]


@pytest.mark.needs_r
def test_a_failed_fit_leaves_r_usable() -> None:
    """After an error from R the next call works."""
    with pytest.raises((lme.RError, lme.DataError)):
        lme.lmer("Reaction ~ Days + (1 | constant)", frame(), backend="lme4")
    assert lme.lmer("Reaction ~ Days + (1 | Subject)", frame(), backend="lme4").nobs() == 60


def test_functions_are_the_methods() -> None:
    """fixef(fit) is fit.fixef(), as an R user types it."""
    fit = lme.lmer("Reaction ~ Days + (1 | Subject)", data("sleepstudy"), backend="native")
    pd.testing.assert_series_equal(lme.fixef(fit), fit.fixef())
    pd.testing.assert_series_equal(lme.predict(fit, re_form=lme.NA), fit.predict(re_form=lme.NA))
    assert lme.sigma(fit) == fit.sigma()
    assert lme.nobs(fit) == 180
    assert lme.fixef.__doc__ == fit.fixef.__doc__
    with pytest.raises(TypeError, match="fixef is for a fitted model"):
        lme.fixef("fit")
