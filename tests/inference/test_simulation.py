"""Simulated responses against R's own draws and against the moments that the model has in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.inference import simulation
from tests.cases import data
from tests.inference.models import EXAMPLES, FITS, FOLDER, fitted
from tests.judge import run_r

PROGRAM = (
    FITS
    + """
lapply(fits, function(m) {
  group <- as.formula(paste("~ (", deparse(lme4::findbars(formula(m))[[1]]), ")"))
  list(
    none = unname(as.matrix(simulate(m, nsim = 2, seed = 7))),
    all = unname(as.matrix(simulate(m, nsim = 2, seed = 7, re.form = NULL))),
    some = unname(as.matrix(simulate(m, nsim = 2, seed = 7, re.form = group)))
  )
})
"""
)
DRAWS = 4_000


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """R's draws for every example."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("judged"), data_folder=FOLDER)


@pytest.mark.needs_r
@pytest.mark.parametrize("name", EXAMPLES)
def test_lme4_gives_the_draws_of_r(name: str, judged: Any) -> None:
    """An integer is R's seed, so the numbers are those that simulate() gives in R."""
    fit = fitted(name, "lme4")
    for key, form in (("none", lme.NA), ("all", None)):
        values = fit.simulate(nsim=2, seed=7, re_form=form).to_numpy()
        # 1e-9: the same arithmetic in the same R; what may differ is the order of summation in another process.
        np.testing.assert_allclose(values, np.array(judged[name][key]), rtol=1e-9)


@pytest.mark.needs_r
def test_lme4_keeps_some_random_effects(judged: Any) -> None:
    """`re_form` as a formula keeps those effects at their modes and draws the others."""
    values = fitted("crossed", "lme4").simulate(nsim=2, seed=7, re_form="~(1 | plate)").to_numpy()
    np.testing.assert_allclose(values, np.array(judged["crossed"]["some"]), rtol=1e-9)  # the same R, see above


def covariance(fit: Any, random: Any) -> np.ndarray:
    """``sigma^2 (Z Lambda Lambda' Z' + I)``, shape (n, n), of the random effects selected by `random`."""
    Z, factor = fit.getME("Z").toarray(), fit.getME("Lambda").toarray()
    root = Z @ factor * random
    return np.asarray(fit.sigma() ** 2 * (root @ root.T + np.eye(len(Z))))


def agree(draws: np.ndarray, mean: np.ndarray, expected: np.ndarray) -> None:
    """Mean and covariance of `draws`, shape (n, draws), within Monte-Carlo error."""
    count = draws.shape[1]
    scale = np.sqrt(np.diagonal(expected))
    # 5 standard errors of the largest of some hundreds of means: a false alarm in 1e4 runs, and the seed is fixed.
    assert np.abs((draws.mean(axis=1) - mean) / scale).max() < 5 / np.sqrt(count)
    # An entry of the sample covariance, in units of its scales, has a standard error of at most sqrt(2 / count).
    errors = (np.cov(draws) - expected) / np.outer(scale, scale)
    assert np.abs(errors).max() < 6 * np.sqrt(2 / count)  # the largest of up to 73,000 entries


@pytest.mark.parametrize("backend", [pytest.param("lme4", marks=pytest.mark.needs_r), "native", "statsmodels"])
@pytest.mark.parametrize("name", ["slopes", "nested", "crossed"])
def test_moments(name: str, backend: str) -> None:
    """Without random effects kept: mean X beta, covariance sigma^2 (Z Lambda Lambda' Z' + I)."""
    fit = fitted(name, backend)
    draws = fit.simulate(nsim=DRAWS, seed=20).to_numpy()
    agree(draws, fit.getME("X") @ fit.fixef().to_numpy(), covariance(fit, 1.0))


@pytest.mark.parametrize("form", [None, "~(1 | plate)", "~(1 | sample)"])
def test_moments_with_effects_kept(form: str | None) -> None:
    """What is kept moves the mean; what is not stays in the covariance."""
    fit = fitted("crossed", "native")
    sizes = fit.getME("Gp")
    drawn = np.zeros(sizes[-1])
    if form is not None:
        block = 1 if "plate" in form else 0
        drawn[sizes[block] : sizes[block + 1]] = 1.0
    draws = fit.simulate(nsim=DRAWS, seed=21, re_form=form).to_numpy()
    agree(draws, fit.predict(re_form=form).to_numpy(), covariance(fit, drawn))


def test_shape_names_and_index() -> None:
    """One column a response, named as in R, on the data's index; dropped rows come back with na.exclude alone."""
    frame = data("sleepstudy").set_axis([f"r{i}" for i in range(180)], axis=0)
    frame.iloc[3, frame.columns.get_loc("Reaction")] = np.nan
    for action, rows in (("na.omit", 179), ("na.exclude", 180)):
        fit = lme.lmer("Reaction ~ Days + (1 | Subject)", frame, na_action=action, backend="native")
        drawn = fit.simulate(nsim=2, seed=1)
        assert list(drawn.columns) == ["sim_1", "sim_2"]
        assert len(drawn) == rows
        assert drawn.index.isin(frame.index).all()
        assert drawn["sim_1"].isna().sum() == rows - 179


@pytest.mark.parametrize("backend", [pytest.param("lme4", marks=pytest.mark.needs_r), "native"])
def test_seed(backend: str) -> None:
    """The same seed gives the same draws, another seed or none others; a Generator moves on."""
    fit = fitted("one", backend)
    pd.testing.assert_frame_equal(fit.simulate(seed=3), lme.simulate(fit, seed=3))
    generator = np.random.default_rng(33)
    draws = [fit.simulate(seed=seed)["sim_1"].iloc[0] for seed in (3, 4, None, None, generator, generator)]
    assert len(set(draws)) == len(draws)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"nsim": 0}, ValueError, "nsim=0"),
        ({"nsim": 1.5}, ValueError, "nsim=1.5"),
        ({"nsim": 10**9}, ValueError, "240 GB"),
        ({"use_u": True, "re_form": None}, ValueError, "only one of"),
        ({"re_form": 3}, ValueError, "re_form is None"),
        ({"re_form": "~(1 | nowhere)"}, lme.DataError, "nowhere"),
    ],
)
def test_bad_input(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    """What cannot be simulated is refused in words."""
    with pytest.raises(error, match=words):
        fitted("one", "native").simulate(**arguments)


def test_pieces_change_nothing(monkeypatch: Any) -> None:
    """Many responses are made some rows at a time, with the numbers that one call of the generator would give."""
    fit = fitted("slopes", "native")
    whole = fit.simulate(nsim=7, seed=3)
    monkeypatch.setattr(simulation, "AT_ONCE", 50)
    pd.testing.assert_frame_equal(fit.simulate(nsim=7, seed=3), whole)
    expected = np.random.default_rng(1).standard_normal((11, 7))
    np.testing.assert_array_equal(simulation._normals(np.random.default_rng(1), 11, 7), expected)


def test_use_u() -> None:
    """`use_u` is the older name of the two ends of `re_form`."""
    fit = fitted("slopes", "native")
    pd.testing.assert_frame_equal(fit.simulate(seed=1, use_u=True), fit.simulate(seed=1, re_form=None))
    pd.testing.assert_frame_equal(fit.simulate(seed=1, use_u=False), fit.simulate(seed=1))


def test_own_estimates_of_mixedlm_are_refused() -> None:
    """MixedLM's own estimates are not at lme4's optimum, and the error says what to do."""
    fit = lme.lmer(
        "Reaction ~ Days + (1 | Subject)", data("sleepstudy"), backend="statsmodels", control={"polish": False}
    )
    with pytest.raises(lme.UnsupportedByBackend, match="polish"):
        fit.simulate()
