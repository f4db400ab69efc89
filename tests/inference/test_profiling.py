"""Profiles and the intervals from them against R's."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.inference import profiling
from lmebridge.inference.deviances import FixedEffectDeviance, ScaleDeviance, Scales, differences
from lmebridge.inference.interpolation import between, limits, value_at
from tests import fits
from tests.cases import data
from tests.inference.models import EXAMPLES, FITS, FOLDER, fitted
from tests.judge import run_r

BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native"]
PROGRAM = (
    FITS
    + """
set.seed(4)
x <- cumsum(runif(9)); y <- cumsum(runif(9)) - 2
back <- splines::backSpline(splines::interpSpline(y ~ x))
wanted <- seq(min(y), max(y), length.out = 25)
c(list(spline = list(x = x, y = y, wanted = wanted, values = predict(back, wanted)$y)), lapply(fits, function(m) {
  table <- profile(m, signames = FALSE)
  names <- setdiff(names(table), c(".zeta", ".par"))
  wide <- confint(table)
  rows <- as.data.frame(table)
  list(
    names = I(names), par = as.character(rows$.par), zeta = rows$.zeta, values = as.matrix(rows[names]),
    rows = I(rownames(wide)), wide = unname(wide), narrow = unname(confint(table, level = 0.5))
  )
}))
"""
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """R's profiles of every example."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("judged"), data_folder=FOLDER)


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_intervals_are_those_of_r(name: str, backend: str, judged: Any) -> None:
    """Rows by lme4's names; ends within a thousandth of the interval's width."""
    expected, fit = judged[name], fitted(name, backend)
    for level, key in ((0.95, "wide"), (0.5, "narrow")):
        table, ends = fit.confint(level=level), np.array(expected[key], dtype=float)
        assert sorted(table.index) == sorted(expected["rows"])
        # 1e-3 of the width is the promise; the two agree to 1e-5, where lme4's optimizers stop.
        errors = np.abs(table.loc[expected["rows"]].to_numpy() - ends) / np.ptp(ends, axis=1, keepdims=True)
        assert errors.max() < 1e-4


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_points_are_those_of_r(name: str, backend: str, judged: Any) -> None:
    """The same points in the same order: zeta, the profiled parameter and all others."""
    expected, table = judged[name], fitted(name, backend).profile()
    assert list(table.columns) == [".zeta", *expected["names"], ".par"]
    rows = pd.DataFrame(np.array(expected["values"], dtype=float), columns=expected["names"])
    rows = rows.assign(**{".zeta": expected["zeta"], ".par": expected["par"]})
    for parameter, points in rows.groupby(".par"):
        ours = table[table[".par"] == parameter]
        zeta = points[".zeta"].to_numpy()
        # lme4's optimizer stops early at the far end of sleepstudy's intercept: there ours must not be farther out.
        assert np.all(np.abs(ours[".zeta"]) < np.abs(zeta) + 2e-4)
        inner = np.abs(zeta) < 3
        ours, theirs = ours[inner], points[inner]
        # Each value is a step from the one before: what lme4's optimizers leave, 1e-5 of zeta, adds up over 10 steps.
        np.testing.assert_allclose(ours[".zeta"], theirs[".zeta"], atol=2e-4)
        scale = np.ptp(theirs[parameter])
        np.testing.assert_allclose(ours[parameter], theirs[parameter], atol=2e-4 * scale)  # as above
        for other in set(expected["names"]) - {parameter}:
            # Where the deviance is flat in another parameter, lme4's 1e-7 of deviance is sqrt(1e-7) of its scale.
            size = np.abs(rows[other]).max()
            np.testing.assert_allclose(ours[other], theirs[other], atol=2e-3 * size)


@pytest.mark.needs_r
def test_spline_is_that_of_r(judged: Any) -> None:
    """The inverse of the interpolating spline, and NaN beyond its ends."""
    spline = {key: np.array(values) for key, values in judged["spline"].items()}
    values = value_at(spline["x"], spline["y"], spline["wanted"])
    np.testing.assert_allclose(values, spline["values"], rtol=1e-12)  # the same formulas
    assert np.isnan(value_at(spline["x"], spline["y"], np.array([-9.0, 99.0]))).all()


@pytest.mark.parametrize("zeta", [[0.0, 1.0, 1.0], [0.0, 2.0, 1.0], [0.0]])
def test_profiles_that_are_not_monotone(zeta: list[float]) -> None:
    """There is no inverse of what is not monotone; an end beyond where it turns back is NaN."""
    with pytest.raises(ValueError, match="not monotone"):
        value_at(np.arange(float(len(zeta))), np.array(zeta), np.array([0.5]))
    table = pd.DataFrame({".zeta": zeta, "sigma": np.arange(float(len(zeta))), ".par": "sigma"})
    table.attrs["bounds"] = {"sigma": (0.0, np.inf)}
    with pytest.warns(lme.LmebridgeWarning, match="no interval for sigma"):
        assert np.isnan(limits(table, "sigma", np.array([-1.0, 3.0]))[1])


def test_polished_statsmodels_profiles_too() -> None:
    """The same optimum gives the same intervals, whatever found it."""
    ours, theirs = (fitted("slopes", backend).confint() for backend in ("native", "statsmodels"))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # both optima are certified to 1e-8 of the deviance


SMALL = ["several_slopes", "pixel", "sleep_uncorrelated", "weights"]


def best_of(case_id: str) -> tuple[Any, Scales]:
    """The case's optimum by maximum likelihood, and its scales."""
    best = profiling.maximum_likelihood(fits.fit(case_id, "native")._engine.solution)
    return best, Scales(best.problem)


@pytest.mark.parametrize("case_id", SMALL)
def test_gradients(case_id: str) -> None:
    """Closed-form derivatives of every held parameter's deviance against differences of its values."""
    best, scales = best_of(case_id)
    values = scales.from_theta(best.theta, best.sigma)
    held: list[Any] = [ScaleDeviance(best.problem, scales, which).at(value * 0.9) for which, value in enumerate(values)]
    starts = [ScaleDeviance(best.problem, scales, which).start(best.theta, best.sigma) for which in range(len(values))]
    held.append(FixedEffectDeviance(best.problem, scales, 0).at(best.beta[0] * 1.01))
    starts.append(best.problem.orthogonal(best.theta))
    for function, start in zip(held, starts, strict=True):
        point = start * 1.1
        # Differences with a relative step of 1e-4 of a value of 1e4 are good to 1e-4 of the gradient's scale.
        gradient, expected = function(point)[1], differences(lambda x, f=function: f(x)[0], point)
        np.testing.assert_allclose(gradient * point, expected * point, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("case_id", SMALL)
def test_deviance_at_the_optimum(case_id: str) -> None:
    """With any parameter held at its estimate the deviance is the fit's own, and the others are the fit's."""
    best, scales = best_of(case_id)
    estimates = np.concatenate([scales.from_theta(best.theta, best.sigma), best.beta])
    for which, value in enumerate(estimates):
        fixed = which - len(scales.is_sd)
        one = FixedEffectDeviance if fixed >= 0 else ScaleDeviance
        held = one(best.problem, scales, fixed if fixed >= 0 else which)
        start = held.start(best.theta, best.sigma)
        assert held.at(value)(start)[0] == pytest.approx(best.criterion, rel=1e-12)  # rounding
        np.testing.assert_allclose(held.point(start, value), estimates, rtol=1e-8, atol=1e-10)  # there and back


def test_every_point_is_a_covariance() -> None:
    """Whatever the search tries, the parameter has the value it is held at, and the correlations can be."""
    best, scales = best_of("several_slopes")
    draws = np.random.default_rng(1)
    for which, value in enumerate([2.0, -0.99, 0.7, 3.0, 1.0, 0.5, 0.4]):
        held = ScaleDeviance(best.problem, scales, which)
        for _ in range(5):
            point = held.point(np.abs(draws.normal(size=len(held.bounds[0]))), value)
            assert point[which] == pytest.approx(value, rel=1e-12)  # rounding
            matrix = np.eye(3)
            matrix[np.tril_indices(3, -1)] = point[[1, 2, 4]]
            assert np.linalg.eigvalsh(matrix)[0] > -1e-12  # eigvalsh reads the lower triangle; zero up to rounding


def test_where_to_look_for_an_end() -> None:
    """Between the two points beside it, near the nearer; nowhere beyond the profile or where a point is."""
    line = np.array([0.0, 1.0, 2.0, 3.0])
    assert between(line, 2 * line - 3, 0.0, halve=False) == (1.5, 1)  # a line is its own spline
    assert between(line, np.array([-9.0, 0.0, 1.0, 30.0]), 1.5, halve=True) == (2.5, 2)
    assert between(line, line, 3.5, halve=False) is None
    assert between(line, line, 2.0, halve=False) is None
    assert between(np.array([0.0, 1e-300]), np.array([0.0, 1.0]), 0.5, halve=True) is not None


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("sigma", ["sigma"]),
        (".sig01", ["sd_(Intercept)|Batch"]),
        (["(Intercept)", 1], ["sd_(Intercept)|Batch", "(Intercept)"]),
        ("theta_", ["sd_(Intercept)|Batch", "sigma"]),
        ("beta_", ["(Intercept)"]),
    ],
)
def test_chosen_parameters(which: Any, expected: list[str]) -> None:
    """Parameters are chosen as in lme4 and come in the model's order."""
    fit = fitted("one", "native")
    assert fit.confint(which).index.tolist() == expected
    assert lme.profile(fit, which)[".par"].unique().tolist() == expected


def test_old_names() -> None:
    """`oldNames` gives .sig01 and so on."""
    fit = fitted("slopes", "native")
    assert fit.confint("theta_", oldNames=True).index.tolist() == [".sig01", ".sig02", ".sig03", ".sigma"]
    assert fit.confint([2, "Days"], method="Wald", oldNames=True).index.tolist() == [".sig02", "Days"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda fit: fit.confint("sigma_"), ValueError, "no parameter sigma_: it has sd_"),
        (lambda fit: fit.confint(method="exact"), ValueError, "'profile', "),
        (lambda fit: fit.confint(level=95), ValueError, "between 0 and 1"),
    ],
)
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    """What is asked for must exist."""
    with pytest.raises(error, match=words):
        call(fitted("one", "native"))


@pytest.mark.parametrize("error", [np.linalg.LinAlgError("Singular matrix"), lme.RError("no", "f(x)")])
def test_a_profile_that_fails_is_named(monkeypatch: Any, error: Exception) -> None:
    """Whatever the arithmetic or R says, the parameter is named before it."""
    whole = profiling.Profiler.table

    def failing(profiler: profiling.Profiler, name: str) -> pd.DataFrame:
        if name == "sigma":
            raise error
        return whole(profiler, name)

    monkeypatch.setattr(profiling.Profiler, "table", failing)
    with pytest.raises(lme.LmebridgeError, match=f"the profile of sigma failed: {re.escape(str(error))}"):
        fitted("one", "native").profile()


def test_a_lower_deviance_is_an_error() -> None:
    """A fit that stopped short of its optimum cannot be profiled: the parameter is named."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), REML=False, backend="native")
    solution = fit._engine.solution
    short = replace(solution, criterion=solution.criterion + 1)
    with pytest.raises(lme.LmebridgeError, match=r"profiling sigma detected a new, lower deviance"):
        profiling.Profiler(short, ["a", "b", "c", "sigma", "d", "e"], 0.01, 100).table("sigma")
