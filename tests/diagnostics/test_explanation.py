"""A fit in plain words: what is found is what R finds, and what is advised can be done."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.diagnostics.explanation import far_columns, meaning
from lmebridge.diagnostics.singularity import alternatives, degenerate_blocks
from tests.cases import data

BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native", "statsmodels"]


def table() -> pd.DataFrame:
    """Rows in which slopes are twice the intercepts, `flat` varies with nothing, and `big` is in small units."""
    generator = np.random.default_rng(3)
    group = np.repeat(np.arange(20), 12)
    x = np.tile(np.arange(12) / 6 - 0.9, 20)
    levels = generator.normal(size=20)[group]
    noise = generator.normal(size=240)
    frame = pd.DataFrame({"x": x, "z": generator.normal(size=240), "big": 1e5 * generator.normal(size=240)})
    within = noise - pd.Series(noise).groupby(group).transform("mean").to_numpy()
    return frame.assign(
        g=[f"g{i:02}" for i in group],
        two=np.where(group < 10, "a", "b"),
        twin=2 * x,
        y=3 * levels * (1 + 2 * x) + noise,
        flat=within,
    )


def fitted(formula: str, backend: str = "native", **arguments: Any) -> lme.MerMod:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lme.lmer(formula, table(), backend=backend, **arguments)


def words(fit: Any) -> str:
    """The explanation without its line breaks."""
    return " ".join(lme.explain(fit).split())


CASES = [
    ("flat ~ x + (1 | g)", ["(Intercept) by g: the variance is estimated as 0", "Try lme.lm('flat ~ x', data)"]),
    (
        "y ~ x + (x | g)",
        [
            "(Intercept) and x by g: their correlation is estimated as 1.00",
            "Try y ~ x + (1 | g) + (0 + x | g), without their correlation.",
            "Try y ~ x + (1 | g), without what hardly varies.",
            "try it centred",
        ],
    ),
    ("y ~ x + (1 | g) + (0 + x | g)", ["No variance is zero", "g has 20 levels."]),
    ("y ~ x + (x + z | g)", ["correlation is estimated as 1.00", "+ (1 | g) + (0 + x | g) + (0 + z | g)"]),
    ("y ~ x + z + (x || g) + (0 + z | g)", ["z by g: the variance is estimated as 0", "+ (1 | g) + (0 + x | g)"]),
    ("y ~ x + twin + (1 | g)", ["twin is determined by the columns before: dropped"]),
    ("y ~ x + (1 | g) + (1 | two)", ["two has 2 levels", "fit.confint(), or take two as a fixed effect"]),
    ("y ~ x + big + (x || g)", ["big (SD ", "on another scale than the rest", "divide by a round number"]),
]


@pytest.mark.parametrize("backend", ["native", pytest.param("lme4", marks=pytest.mark.needs_r)])
@pytest.mark.parametrize(("formula", "said"), CASES)
def test_what_is_wrong_is_said_with_what_to_try(formula: str, said: list[str], backend: str) -> None:
    """Zero variances, perfect correlations, dropped columns, few levels and scales, with the formulas to try."""
    found = words(fitted(formula, backend))
    assert [part for part in said if part not in found] == []


@pytest.mark.parametrize("formula", [formula for formula, _ in CASES[:5]])
def test_formulas_to_try_can_be_fitted(formula: str) -> None:
    """Every formula that is advised fits, and has fewer parameters than the one it replaces."""
    fit = fitted(formula)
    for block in degenerate_blocks(fit):
        for text, _ in alternatives(fit, block):
            if text:
                assert fitted(text).record.n_parameters < fit.record.n_parameters


@pytest.mark.needs_r
@pytest.mark.parametrize("formula", [formula for formula, _ in CASES])
def test_singular_is_what_r_calls_singular(formula: str) -> None:
    """Degenerate blocks are found where, and only where, lme4's isSingular says so."""
    fit = fitted(formula, "lme4")
    assert bool(degenerate_blocks(fit)) == bool(lme.r("isSingular", fit)[0])


def test_three_effects_in_two_directions() -> None:
    """Where no pair of effects is tied but the three are, the number of directions is said."""
    frame = table()
    generator = np.random.default_rng(5)
    levels = {g: generator.normal(size=2) for g in frame["g"].unique()}
    u = np.array([levels[g] for g in frame["g"]])
    frame["y"] = 5 * (u[:, 0] + u[:, 1] * frame["x"] + (u[:, 0] + u[:, 1]) * frame["z"]) + generator.normal(size=240)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = lme.lmer("y ~ x + z + (x + z | g)", frame, backend="native")
    assert "the 3 effects vary in 2 directions only" in words(fit)
    assert "+ (1 | g) + (0 + x | g) + (0 + z | g), without their correlation" in words(fit)


def test_units_that_make_a_variance_look_zero_are_named() -> None:
    """A slope by a column of large numbers is small in its units; that is said before anything is believed."""
    frame = table().assign(far=lambda rows: 1e5 * rows["x"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = lme.lmer("y ~ far + (1 | g) + (0 + far | g)", frame, backend="native")
    assert "far by g: the variance is estimated as 0" in words(fit)
    assert "rescale the column and fit again before believing this" in words(fit)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_good_fit_alarms_nobody(backend: str) -> None:
    """Of a good fit by any backend the explanation says that it is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend=backend)
    text = lme.explain(fit)
    assert text.startswith(str(lme.explain(fit.formula())))
    assert "nothing was said against it" in text
    assert not re.search(r"[Ss]ingular|Try |may not|Few levels", text)


@pytest.mark.parametrize("backend", ["native", pytest.param("lme4", marks=pytest.mark.needs_r)])
def test_a_search_that_ended_badly_is_explained(backend: str) -> None:
    """lme4's messages come in words, with other optimizers and options to try."""
    control = lme.lmerControl(
        optimizer="bobyqa", optCtrl={"maxfun": 20}, check_conv_hess={"action": "warning", "tol": 0.9}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), control=control, backend=backend)
    found = words(fit)
    assert "far flatter in one direction than in another" in found
    assert "lme.allFit(fit)" in found
    assert "lme.lmerControl(optimizer='bobyqa', optCtrl={'maxfun': 100_000})" in found
    assert ("used up the evaluations" in found) == (backend == "lme4")
    assert ("Try backend='native'" in found) == (backend == "lme4")


#: lme4 1.1-31's messages (checkConv, checkHess) and those of its optimizers, by a word that their meaning has.
MESSAGES = {
    "Model failed to converge with max|grad| = 0.0035 (tol = 0.002, component 1)": "is 0.0035, and lme4 wants",
    "Model failed to converge with max|grad| = 0.0035 (component 1)": "not at its minimum",
    "Model failed to converge with max|relative grad| = 0.1 (tol = 0.01)": "relative to the parameters",
    "unable to evaluate scaled gradient": "not that of a minimum",
    "Gradient contains NAs": "not that of a minimum",
    "Hessian is numerically singular: parameters are not uniquely determined": "not determined by the data",
    "Model failed to converge: degenerate  Hessian with 1 negative eigenvalues": "not determined by the data",
    "Model is nearly unidentifiable: very large eigenvalue\n - Rescale variables?": "far flatter in one direction",
    "convergence code 1 from bobyqa: bobyqa -- maximum number of function evaluations exceeded": "used up",
    "maxfun < 10 * length(par)^2 is not recommended.": "used up the evaluations",
    "convergence code 5 from nloptwrap: NLOPT_MAXEVAL_REACHED": "used up the evaluations",
    "convergence code 4 from Nelder_Mead: something": "did not end well",
    "words that nobody knows": "words that nobody knows.",
}


@pytest.mark.parametrize(("message", "said"), MESSAGES.items())
def test_every_message_of_lme4_has_a_meaning(message: str, said: str) -> None:
    """What lme4 and its optimizers say is said again in plain words; what is unknown stays as it is."""
    assert said in meaning(message)


def test_scales_are_those_lme4_warns_of() -> None:
    """Columns are named where lme4's checkScaleX warns: far from 1, or from each other."""
    assert [name for name, _ in far_columns(fitted("y ~ x + big + (1 | g)"))] == ["big"]
    assert far_columns(fitted("y ~ x + z + (1 | g)")) == []
    frame = table().assign(small=lambda rows: rows["z"] / 200, large=lambda rows: rows["x"] * 200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = lme.lmer("y ~ small + large + (1 | g)", frame, backend="native")
    assert [name for name, _ in far_columns(fit)] == ["small", "large"]


def test_own_estimates_of_mixedlm_and_linear_models_are_explained() -> None:
    """Fits that keep another engine's estimates, and fits without random effects, have their words too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = lme.lmer("flat ~ x + (1 | g)", table(), backend="statsmodels", control={"polish": False})
    assert "flat ~ x" in lme.explain(own)
    assert "Errors are normal with mean 0." in lme.explain(lme.lm("y ~ x", table()))


@pytest.mark.parametrize("thing", [3, None, ["y ~ x"]])
def test_what_is_neither_is_refused(thing: Any) -> None:
    """Neither a formula nor a fit."""
    with pytest.raises(TypeError, match=f"a {type(thing).__name__} is none"):
        lme.explain(thing)


@pytest.mark.needs_r
def test_generalized_models_are_explained() -> None:
    """A fit of glmer has the same words about how it ended, and no advice that it cannot take."""
    pupils = lme.datasets.hsb().query("schoolid < 1500")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = lme.glmer("minority ~ ses + (1 | schoolid)", pupils, "binomial")
    assert "schoolid has" in words(fit)
    assert "native" not in words(fit)
