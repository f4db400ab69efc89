"""The bootstrap against lme4's within Monte-Carlo error, and its intervals against R's boot.ci to every digit."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.inference import bootstrap, seeds
from lmebridge.inference.bootstrap_result import Bootstrap, quantiles
from lmebridge.inference.local_bootstrap import Criterion, LocalRefits
from lmebridge.pls.optimize import optimize
from lmebridge.pls.solution import value_and_gradient
from tests.cases import data
from tests.inference.models import EXAMPLES, FITS, FOLDER, fitted
from tests.judge import run_r

NSIM = 400
PROGRAM = (
    FITS
    + """
set.seed(9)
t <- cbind(rnorm(99), rexp(99), c(rep(1, 50), 2:50))
b <- list(t0 = c(0.1, 1.2, 1.5), t = t, R = 99, call = quote(boot()), sim = "parametric")
class(b) <- "boot"
ends <- function(type, conf) t(sapply(1:3, function(i) {
  found <- suppressWarnings(boot::boot.ci(b, index = i, conf = conf, type = type))
  tail(c(found[[c(perc = "percent", basic = "basic", norm = "normal")[[type]]]]), 2)
}))
parameters <- function(m) c(lme4::Cv_to_Sv(m@theta, n = lengths(m@cnms), s = sigma(m)), lme4::fixef(m))
draws <- function(m) suppressWarnings(suppressMessages(lme4::bootMer(m, parameters, nsim = nsim, seed = 3)$t))
ml <- lapply(fits[c("slopes", "one", "crossed")], function(m) suppressMessages(lme4::refitML(m)))
list(
  t = t, intervals = list(perc = ends("perc", 0.95), basic = ends("basic", 0.9), norm = ends("norm", 0.8)),
  draws = lapply(ml, function(m) { d <- draws(m); list(mean = colMeans(d), sd = apply(d, 2, sd)) }),
  confint = unname(suppressMessages(confint(fits$one, method = "boot", nsim = 40, seed = 5, oldNames = FALSE)))
)
"""
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What R's bootMer and boot.ci say."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("judged"), data_folder=FOLDER, nsim=NSIM)


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("name", ["slopes", "one", "crossed"])
def test_mean_and_sd_are_those_of_r(name: str, judged: Any) -> None:
    """Mean and standard deviation of every parameter within Monte-Carlo error of lme4's own bootstrap."""
    fit, expected = fitted(name, "native").refitML(), judged["draws"][name]
    draws = fit.bootMer(bootstrap.parameters, nsim=NSIM, seed=3).t.to_numpy()
    mean, sd = np.array(expected["mean"]), np.array(expected["sd"])
    # Two independent samples of NSIM: 4 standard errors of the difference of means, and 4 of that of the SDs, whose
    # relative error is 1 / sqrt(2 n) for a normal and up to twice that for the skewed variances.
    assert np.abs((draws.mean(axis=0) - mean) / sd).max() < 4 * np.sqrt(2 / NSIM)
    assert np.abs(draws.std(axis=0, ddof=1) / sd - 1).max() < 4 * 2 * np.sqrt(1 / NSIM)


@pytest.mark.needs_r
@pytest.mark.parametrize(("type", "level"), [("perc", 0.95), ("basic", 0.9), ("norm", 0.8)])
def test_intervals_are_those_of_r(type: Any, level: float, judged: Any) -> None:
    """The same draws give the intervals of boot.ci, ties and all."""
    boot = Bootstrap(pd.Series([0.1, 1.2, 1.5]), pd.DataFrame(judged["t"]), {}, {})
    np.testing.assert_allclose(boot.confint(level, type), judged["intervals"][type], rtol=1e-10)  # the same formulas


@pytest.mark.needs_r
def test_lme4_bootstraps_itself(judged: Any) -> None:
    """With lme4 the intervals are R's own for R's seed."""
    table = fitted("one", "lme4").confint(method="boot", nsim=40, seed=5)
    assert table.index.tolist() == ["sd_(Intercept)|Batch", "sigma", "(Intercept)"]
    np.testing.assert_allclose(table, judged["confint"], rtol=1e-6)  # refits in two processes of one R


@pytest.mark.parametrize("name", [*EXAMPLES, "uncorrelated", "weighted"])
def test_refits_are_optima(name: str) -> None:
    """Whatever draws are searched for together, each ends where the whole search for it alone ends."""
    refits = LocalRefits(model(name), "~0")
    own_seeds = [seeds.child(seeds.sequence(2), number) for number in range(12)]
    for seed, make in zip(own_seeds, refits.refits(own_seeds), strict=True):
        task = refits._responses.problem(refits._simulator.draw(np.random.default_rng(seed))[:, 0])
        again, alone, whole = make(), refits.solve(task)[0], optimize(task)[0]
        # The quick searches stop 1e-8 from the minimum: 1e-4 standard errors of theta.
        assert alone.criterion == pytest.approx(whole.criterion, abs=1e-7)
        assert again.record.criterion == pytest.approx(whole.criterion, abs=1e-7)
        np.testing.assert_allclose(again.fixef(), whole.beta, rtol=1e-4)  # moves less than theta
        # 1e-4 standard errors of theta, which are below 1 here; at a flat singular optimum the square root of it.
        np.testing.assert_allclose(again.getME("theta"), whole.theta, atol=1e-3)


def model(name: str) -> lme.MerMod:
    """An example, or one of one grouping factor that the examples do not have."""
    sleep = data("sleepstudy")
    if name == "uncorrelated":
        return lme.lmer("Reaction ~ Days + (Days || Subject)", sleep, backend="native")
    if name == "weighted":
        weights, offset = np.linspace(0.5, 2, len(sleep)), np.arange(len(sleep)) / 9
        return lme.lmer(
            "Reaction ~ Days + (Days | Subject)",
            *(sleep, False),
            weights=weights,
            offset=offset,
            subset=np.arange(len(sleep)) % 7 > 0,
            backend="native",
        )
    return fitted(name, "native")


def test_some_draws_are_searched_for_together() -> None:
    """One grouping factor is enough for it; most of such draws need no search of their own."""
    together = {name: LocalRefits(fitted(name, "native"), "~0")._stacked is not None for name in EXAMPLES}
    assert together == dict.fromkeys(EXAMPLES, False) | dict.fromkeys(("slopes", "one", "singular", "cake"), True)
    refits = LocalRefits(fitted("slopes", "native"), "~0")
    found = [make.args[1] for make in refits.refits([seeds.child(seeds.sequence(1), i) for i in range(50)])]  # type: ignore[attr-defined]
    assert sum(parameters is None for parameters in found) <= 5


@pytest.mark.needs_r
@pytest.mark.parametrize("name", ["slopes", "singular"])
def test_refits_are_those_of_r(name: str, tmp_path: Any) -> None:
    """R's lmer, with its tolerances tightened, fits our simulated responses with the same estimates."""
    refits = LocalRefits(fitted(name, "native"), "~0")
    own_seeds = [seeds.child(seeds.sequence(4), number) for number in range(4)]
    models = [make() for make in refits.refits(own_seeds)]
    program = FITS + (
        "tight <- lme4::lmerControl(optimizer = 'bobyqa', optCtrl = list(rhoend = 1e-9))\n"
        "m <- fits[[name]]\n"
        "apply(matrix(responses, nobs(m)), 2, function(y) { frame <- model.frame(m); frame[[1]] <- y\n"
        "  again <- suppressMessages(lme4::lmer(formula(m), frame, control = tight))\n"
        "  list(theta = I(lme4::getME(again, 'theta')), criterion = lme4::REMLcrit(again)) })\n"
    )
    responses = np.concatenate([again.getME("y") for again in models]).tolist()
    judged = run_r(program, tmp_path, data_folder=FOLDER, responses=responses, name=name)
    for again, expected in zip(models, judged, strict=True):
        assert again.REMLcrit() == pytest.approx(expected["criterion"], abs=1e-7)  # 10 times our search's tolerance
        np.testing.assert_allclose(again.getME("theta"), expected["theta"], atol=1e-3)  # as above


def test_criterion_is_that_of_the_core() -> None:
    """Computing each piece once changes neither the value nor the gradient."""
    task = fitted("slopes", "native")._engine.solution.problem
    point = np.array([1.1, 0.1, 0.7])
    (value, gradient), (expected, slope) = Criterion(task)(point), value_and_gradient(task, point)
    assert value == pytest.approx(expected, rel=1e-13)  # rounding
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-9)  # rounding of a gradient of 1e2


@pytest.mark.slow
@pytest.mark.parametrize("backend", [pytest.param("lme4", marks=pytest.mark.needs_r), "native"])
def test_workers_change_nothing(backend: str) -> None:
    """One seed gives the same draws in one process and in two, in threads, and after pickling."""
    import joblib

    fit = fitted("one", backend)
    one = fit.bootMer(lme.fixef, nsim=30, seed=8)
    two = fit.bootMer(lme.fixef, nsim=30, seed=8, parallel=2)
    pd.testing.assert_frame_equal(one.t, two.t)
    again = pickle.loads(pickle.dumps(fit)).bootMer(lme.fixef, nsim=5, seed=8)
    pd.testing.assert_frame_equal(one.t.iloc[:5], again.t)
    with joblib.parallel_config(n_jobs=2):
        table = fit.confint(method="boot", nsim=12, seed=5)
    pd.testing.assert_frame_equal(table, fit.confint(method="boot", nsim=12, seed=5, parallel=1))


@pytest.mark.parametrize("backend", [pytest.param("lme4", marks=pytest.mark.needs_r), "native", "statsmodels"])
def test_draws_are_models(backend: str) -> None:
    """FUN gets a fitted model with all accessors; what it names, the table names."""

    def statistic(fit: Any) -> dict[str, float]:
        assert fit.model_frame().iloc[0, 0] == fit.getME("y")[0]
        assert fit.record.n_obs == 30
        return {"sigma": fit.sigma(), "logLik": float(fit.logLik()), "sd": fit.VarCorr().to_frame()["sdcor"].iloc[0]}

    boot = fitted("one", backend).bootMer(statistic, nsim=3, seed=1)
    assert not boot.failures
    assert boot.t.columns.tolist() == ["sigma", "logLik", "sd"]
    assert boot.t["sigma"].nunique() == 3
    pd.testing.assert_series_equal(boot.summary()["original"], boot.t0, check_names=False)


def test_effects_that_are_kept() -> None:
    """With use_u the draws scatter around the fitted values, so the batches keep their order."""
    fit = fitted("one", "native")
    best = fit.ranef()["Batch"]["(Intercept)"].idxmax()
    kept = fit.bootMer(lambda f: f.ranef()["Batch"]["(Intercept)"].to_numpy(), nsim=60, seed=1, use_u=True).t.mean()
    assert fit.ranef()["Batch"].index[int(kept.to_numpy().argmax())] == best


def test_failures_are_counted() -> None:
    """FUN may raise or change its length in some draws: those are NaN, and the reasons are said."""
    calls = iter(range(100))

    def moody(fit: Any) -> Any:
        number = next(calls)
        if number == 2:
            raise ZeroDivisionError("by nothing")
        return [1.0] if number == 3 else [fit.sigma(), 2.0]

    with pytest.warns(lme.LmebridgeWarning, match=r"failed \(2/5\): ZeroDivisionError: by nothing; FUN gave 1 values"):
        boot = fitted("one", "native").bootMer(moody, nsim=5, seed=1)
    assert boot.t.isna().all(axis=1).tolist() == [False, True, True, False, False]
    assert sum(boot.failures.values()) == 2
    assert "ZeroDivisionError" in repr(boot)


def test_nan_is_counted() -> None:
    """A statistic that is not a number stays so in the table; the intervals are those of the other draws."""
    calls = iter(range(100))
    fit = fitted("one", "native")
    boot = fit.bootMer(lambda again: np.nan if next(calls) == 3 else again.sigma(), nsim=40, seed=1)
    assert boot.t["t1"].isna().tolist() == [number == 2 for number in range(40)]
    assert boot.messages["FUN gave NaN"] == 1
    assert not boot.failures
    whole = fit.bootMer(lme.sigma, nsim=40, seed=1)
    pd.testing.assert_frame_equal(boot.confint(), Bootstrap(whole.t0, whole.t.drop(2), {}, {}).confint())


def test_ctrl_c_keeps_what_was_done() -> None:
    """An interrupted run gives back all draws that were made."""
    calls = iter(range(1000))

    def interrupted(fit: Any) -> float:
        if next(calls) == 30:
            raise KeyboardInterrupt
        return float(fit.sigma())

    with pytest.warns(lme.LmebridgeWarning, match="interrupted after 29 of 200 bootstrap runs"):
        boot = fitted("one", "native").bootMer(interrupted, nsim=200, seed=1)
    assert boot.interrupted
    pd.testing.assert_frame_equal(boot.t, fitted("one", "native").bootMer(lme.sigma, nsim=29, seed=1).t)


def test_singular_refits_are_counted() -> None:
    """What lme4 would say of a refit is counted, not printed."""
    boot = fitted("singular", "native").bootMer(lme.sigma, nsim=20, seed=1)
    (count,) = boot.messages.values()
    assert 5 <= count <= 15  # about half the draws have a variance of zero


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"FUN": lme.sigma, "nsim": 0}, "nsim=0"),
        ({"FUN": lme.sigma, "nsim": 2.5}, "nsim=2.5"),
        ({"FUN": lme.sigma, "nsim": "10"}, "nsim='10'"),
        ({"FUN": lme.sigma, "nsim": None}, "nsim=None"),
        ({"FUN": lme.sigma, "seed": 1.5}, "seed=1.5"),
        ({"FUN": lme.sigma, "seed": -1}, "seed=-1"),
        ({"FUN": "sigma"}, "FUN='sigma'"),
        ({"FUN": lambda fit: "text"}, "return numbers"),
        ({"FUN": lambda fit: fit.vcov().to_numpy().reshape(1, 1, 1)}, "shape"),
        ({"FUN": lme.sigma, "use_u": True, "re_form": None}, "only one"),
    ],
)
def test_bad_input(arguments: dict[str, Any], words: str) -> None:
    """What cannot be bootstrapped is refused before the first draw."""
    with pytest.raises(ValueError, match=words):
        fitted("one", "native").bootMer(**arguments)


def test_quantiles_at_the_ends() -> None:
    """Beyond the draws there are only the extreme draws; without draws there is nothing."""
    assert quantiles(np.array([3.0, 1.0, 2.0]), np.array([0.001, 0.999])).tolist() == [1.0, 3.0]
    assert quantiles(np.array([4.0]), np.array([0.1, 0.9])).tolist() == [4.0, 4.0]
    assert np.isnan(quantiles(np.array([]), np.array([0.5]))).all()
    with pytest.raises(ValueError, match="'perc', 'basic', 'norm'"):
        Bootstrap(pd.Series([1.0]), pd.DataFrame([[1.0]]), {}, {}).confint(type="bca")  # type: ignore[arg-type]


def test_bootstrapped_intervals() -> None:
    """Rows of all parameters; the interval of a mean is about the normal one."""
    fit = fitted("slopes", "native")
    table = fit.confint(method="boot", nsim=200, seed=1)
    assert table.index.tolist() == fit.confint(method="Wald").index.tolist()
    wald = fit.confint("beta_", method="Wald")
    # A percentile at 2.5 % of 200 draws has a standard error of about 0.19 standard deviations; 4 of those.
    assert (
        np.abs((table.loc[wald.index] - wald) / wald.sub(wald.mean(axis=1), axis=0).abs() * 1.96).max(axis=None) < 0.8
    )
    pd.testing.assert_frame_equal(fit.confint("sigma", method="boot", nsim=200, seed=1), table.loc[["sigma"]])
