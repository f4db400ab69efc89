"""Standard errors and intervals of predictions against the joint covariance, written out with dense matrices in R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data
from tests.judge import r_literal, run_r

#: By name: data, formula, a part of the random effects.
MODELS = {
    "slopes": ("sleepstudy", "Reaction ~ Days + (Days | Subject)", "~(1 | Subject)"),
    "uncorrelated": ("sleepstudy", "Reaction ~ Days + (Days || Subject)", "~(0 + Days | Subject)"),
    "nested": ("Pastes", "strength ~ 1 + (1 | batch/cask)", "~(1 | batch)"),
    "crossed": ("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", "~(1 | plate)"),
}

PROGRAM = """
suppressMessages(library(lme4))
errors <- function(m, Z) {
  X <- getME(m, "X"); W <- diag(weights(m)); own <- as.matrix(getME(m, "Z")); L <- as.matrix(getME(m, "Lambda"))
  # Henderson's equations in (beta, u): their inverse is the covariance of (beta_hat, u_hat - u) over sigma^2.
  U <- own %*% L
  C <- solve(rbind(cbind(t(X) %*% W %*% X, t(X) %*% W %*% U),
                   cbind(t(U) %*% W %*% X, t(U) %*% W %*% U + diag(ncol(U)))))
  rows <- cbind(X, Z %*% L)
  sigma(m) * unname(sqrt(rowSums((rows %*% C) * rows)))
}
describe <- function(i) {
  d <- read.csv(paths[i], stringsAsFactors = TRUE)
  if (sources[i] == "sleepstudy") d$Subject <- factor(d$Subject)
  d$w <- 1 + seq_len(nrow(d)) %% 3
  m <- do.call(lmer, list(as.formula(formulas[i]), d, weights = d$w, start = eval(str2lang(thetas[i])),
               control = lmerControl(optimizer = NULL, calc.derivs = FALSE)))
  Z <- as.matrix(getME(m, "Z"))
  part <- lapply(seq_along(m@cnms), function(k) {
    span <- seq(m@Gp[k] + 1, m@Gp[k + 1])
    wanted <- m@cnms[[k]] == effects[i] & names(m@cnms)[k] == groups[i]
    span[rep(wanted, length.out = length(span))]
  })
  some <- Z; some[, -unlist(part)] <- 0
  list(all = errors(m, Z), none = errors(m, Z * 0), some = errors(m, some),
       vcov = unname(sqrt(rowSums((getME(m, "X") %*% as.matrix(vcov(m))) * getME(m, "X")))))
}
setNames(suppressWarnings(lapply(seq_along(paths), describe)), names_of)
"""


def frame_of(source: str) -> pd.DataFrame:
    frame = data(source)
    return frame.assign(w=1.0 + (np.arange(len(frame)) + 1) % 3)


def fitted(name: str, backend: str = "native") -> lme.MerMod:
    source, formula, _ = MODELS[name]
    return lme.lmer(formula, frame_of(source), weights="w", backend=backend)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Standard errors at the native fits' theta, from dense matrices in R."""
    sources = [source for source, _, _ in MODELS.values()]
    return run_r(
        PROGRAM,
        tmp_path_factory.mktemp("prediction"),
        paths=[FIXTURES / "data" / f"{source}.csv" for source in sources],
        sources=sources,
        formulas=[formula for _, formula, _ in MODELS.values()],
        thetas=[r_literal([float(v) for v in fitted(name).getME("theta")]) for name in MODELS],
        groups=["Subject", "Subject", "batch", "plate"],
        effects=["(Intercept)", "Days", "(Intercept)", "(Intercept)"],
        names_of=list(MODELS),
    )


pytestmark = pytest.mark.filterwarnings("ignore::lmebridge.SingularFitWarning")


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", ["native", "lme4"])
@pytest.mark.parametrize("name", MODELS)
def test_standard_errors_are_the_closed_form(name: str, backend: str, judged: dict[str, Any]) -> None:
    """se_fit with all, some and no random effects, on the fit's rows and on new data."""
    fit, frame = fitted(name, backend), frame_of(MODELS[name][0])
    # 1e-9 at one theta; 1e-4 where lme4 found its own, some 1e-5 away.
    rtol = 1e-9 if backend == "native" else 1e-4
    for re_form, key in ((None, "all"), (lme.NA, "none"), (MODELS[name][2], "some")):
        for newdata in (None, frame):
            found = fit.predict(newdata, re_form=re_form, se_fit=True)
            np.testing.assert_allclose(found["se.fit"], judged[name][key], rtol=rtol)
            pd.testing.assert_series_equal(found["fit"], fit.predict(newdata, re_form=re_form), check_names=False)
    np.testing.assert_allclose(judged[name]["none"], judged[name]["vcov"], rtol=1e-9)  # the judge against itself


def test_new_levels_vary_as_levels_do() -> None:
    """A level that the model has not seen adds its whole variance; a seen one adds less."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="native")
    new = pd.DataFrame({"Days": [0.0, 3.0], "Subject": ["new", "new"]})
    found = fit.predict(new, allow_new_levels=True, se_fit=True)["se.fit"]
    none = fit.predict(new, re_form=lme.NA, se_fit=True)["se.fit"]
    rows = np.column_stack([np.ones(2), new["Days"]])
    between = np.einsum("ij,jk,ik->i", rows, fit.VarCorr()["Subject"].to_numpy(), rows)
    # 1e-10: the same quadratic forms in another order.
    np.testing.assert_allclose(found**2, none**2 + between, rtol=1e-10)


def test_intervals_are_normal_around_the_prediction() -> None:
    """Confidence intervals hold the mean, prediction intervals a new observation."""
    fit = lme.lmer("Reaction ~ Days + (1 | Subject)", data("sleepstudy"), backend="native")
    errors = fit.predict(se_fit=True)["se.fit"]
    mean, new = (fit.predict(interval=kind, level=0.9) for kind in ("confidence", "prediction"))
    assert list(mean.columns) == ["fit", "lwr", "upr"]
    # 1e-12: rounding; 1.6448536 is the 95 % point of the normal distribution.
    np.testing.assert_allclose(mean["upr"] - mean["lwr"], 2 * 1.6448536269514722 * errors, rtol=1e-12)
    wide = 2 * 1.6448536269514722 * np.sqrt(errors**2 + fit.sigma() ** 2)
    np.testing.assert_allclose(new["upr"] - new["lwr"], wide, rtol=1e-12)


def test_missing_predictors_have_no_standard_error() -> None:
    """A row with a missing predictor is NaN, the others are not touched."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="native")
    new = pd.DataFrame({"Days": [0.0, np.nan], "Subject": ["308", "308"]}, index=["a", "b"])
    found = fit.predict(new, se_fit=True)
    assert found.loc["b"].isna().all()
    assert found.loc["a", "se.fit"] == pytest.approx(fit.predict(se_fit=True)["se.fit"].iloc[0], rel=1e-12)  # one row


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"interval": "tolerance"}, "interval"), ({"type": "x"}, "type="), ({"re_form": "NA"}, "lmebridge.NA")],
)
def test_unknown_arguments_are_named(arguments: dict[str, Any], words: str) -> None:
    """What is not there is refused with what there is."""
    fit = lme.lmer("strength ~ 1 + (1 | batch)", data("Pastes"), backend="native")
    with pytest.raises(ValueError, match=words):
        fit.predict(**arguments)


@pytest.mark.parametrize("backend", [pytest.param("lme4", marks=pytest.mark.needs_r), "native"])
def test_new_levels_are_refused_with_the_remedy(backend: str) -> None:
    """A level that the model has not seen is an error of the data, whoever finds it."""
    fit = lme.lmer("strength ~ 1 + (1 | batch)", data("Pastes"), backend=backend)
    with pytest.raises(lme.DataError, match=r"new levels detected in newdata: Z.*allow_new_levels=True"):
        fit.predict(pd.DataFrame({"batch": ["Z"]}))


@pytest.mark.parametrize("backend", [pytest.param("lme4", marks=pytest.mark.needs_r), "native"])
def test_levels_that_are_numbers_are_meant_by_their_names(backend: str) -> None:
    """A category 2 is R's level "2" among new data too."""
    frame = data("sleepstudy")
    frame = frame.assign(third=(frame["Days"] % 3).astype(int).astype("category"))
    fit = lme.lmer("Reaction ~ third + (1 | Subject)", frame, backend=backend)
    # 1e-12: the same numbers times the same estimates.
    np.testing.assert_allclose(fit.predict(frame.head(5)), fit.fitted().head(5), rtol=1e-12)


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", ["lme4", "native"])
def test_text_stands_for_numbers_that_group(run_r, backend):
    """Subjects that are numbers in the data may be named as text in new data, known and new ones alike: R's own."""
    path = FIXTURES / "data" / "sleepstudy.csv"
    expected = run_r(
        "suppressMessages(library(lme4)); m <- lmer(Reaction ~ Days + (Days | Subject), read.csv(path)); "
        'unname(predict(m, data.frame(Days = c(0, 9), Subject = c("308", "new")), allow.new.levels = TRUE))',
        path=path,
    )
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", pd.read_csv(path), backend=backend)
    found = fit.predict(pd.DataFrame({"Days": [0, 9], "Subject": ["308", "new"]}), allow_new_levels=True)
    # lme4's default optimizer stops 1e-8 above its optimum, where the modes are some 1e-7 of themselves away.
    np.testing.assert_allclose(found, expected, rtol=1e-6)
