"""Other people's engines: their results are read into R's names; what they cannot say is a refusal."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from lmebridge.errors import UnsupportedByBackend
from lmebridge.parity.keys import Key
from lmebridge.parity.scoreboard import measure
from lmebridge.parity.subjects import SUBJECTS, glmm, load, mixedlm
from lmebridge.parity.subjects.expressions import values_of
from tests.cases import CASES, data

BY_ID = {case.id: case for case in CASES}


def test_every_name_has_a_subject():
    """The registry's entries load without the engines; an unknown name says which there are."""
    assert all(load(name).scored for name in SUBJECTS)
    with pytest.raises(ValueError, match="there is no engine 'sas'; there are lme4"):
        load("sas")


@pytest.mark.parametrize("engine", ["mixedlm", "glmm"])
@pytest.mark.parametrize("case", ["dyestuff", "sleep_slope", "sleep_slope_ml", "character_factor", "machines_factor"])
def test_an_installed_engine_is_read_whole(engine, case):
    """Where the engine is installed, its numbers come under R's names, at lme4's optimum."""
    if not load(engine).version():
        pytest.skip(f"{engine} is not installed")
    score = measure(engine, BY_ID[case])
    assert score.misses < 1, score


@pytest.mark.parametrize(
    ("engine", "case", "words"),
    [
        ("mixedlm", "subset", "no subset"),
        ("glmm", "subset", "no subset"),
        ("glmm", "contrasts_sum", "no contrasts"),
        ("glmm", "sleep_uncorrelated", "does not take"),
    ],
)
def test_what_an_engine_cannot_say_is_refused(engine, case, words):
    """Before it is called: neither need be installed."""
    with pytest.raises(UnsupportedByBackend, match=words):
        load(engine).fit(BY_ID[case], BY_ID[case].frame())


def test_numbered_contrasts_get_the_names_of_levels():
    """A contrast ``recipe.1`` of mixedlm is R's ``recipeB``; a column with a dot and a number in its name is itself."""
    case, frame = BY_ID["cake"], data("cake")
    assert mixedlm.r_term("recipe.1:temperature.2", case, frame) == "recipeB:temperature195"
    assert mixedlm.r_term("(Intercept)", case, frame) == "(Intercept)"
    assert mixedlm.r_term("v.1", case, frame) == "v.1"
    assert mixedlm.r_term("recipe.A", case, frame) == "recipeA"
    assert mixedlm.r_term("late", case, frame.assign(late=True)) == "lateTRUE"
    summed = dataclasses.replace(case, contrasts={"recipe": "contr.sum"})
    assert mixedlm.r_term("recipe.2", summed, frame) == "recipe2"


def test_glmm_writes_covariances_column_by_column():
    """The lower triangle of [[4, 2, 0], [2, 9, 3], [0, 3, 25]]: deviations 2, 3, 5; correlations 1/3, 0, 1/5."""
    found = SimpleNamespace(
        nobs=9, loglik=-1.5, dispersion=4.0, names=["x", "y"], beta=[1.0, np.nan], se=[0.5, np.nan],
        re_groups=[("g", ["a", "b", "c"])], varcorr=[[4, 2, 0, 9, 3, 25]],
    )  # fmt: skip
    numbers = dict(glmm._numbers(found, "ML"))
    assert numbers[Key("criterion", method="ML")] == 3.0
    assert [numbers[Key("sdcor", "g", term=term)] for term in "abc"] == [2.0, 3.0, 5.0]
    correlations = {(k.term, k.term2): v for k, v in numbers.items() if k.term2}
    assert correlations == pytest.approx({("a", "b"): 1 / 3, ("a", "c"): 0.0, ("b", "c"): 1 / 5})
    assert [key.term for key in numbers if key.quantity == "estimate"] == ["x"]


def test_expressions_are_evaluated():
    """Weights that are an expression reach engines that take arrays."""
    assert values_of(None, data("sleepstudy")) is None
    assert values_of("1 + Days", data("sleepstudy")).tolist()[:3] == [1.0, 2.0, 3.0]
