"""Tidy tables against what broom.mixed prints and what lme4 holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data
from tests.judge import run_r

FORMULA = "Reaction ~ Days + (Days | Subject)"

PROGRAM = """
suppressMessages(library(lme4))
d <- read.csv(path); d$Subject <- factor(d$Subject); d$w <- 1 + seq_len(nrow(d)) %% 3
m <- lmer(Reaction ~ Days + offset(Days / 7) + (Days | Subject), d, weights = w)
fields <- c("mu", "offset", "sqrtXwt", "sqrtrwt", "weights", "wtres")
modes <- as.data.frame(ranef(m))
list(
  columns = c(setNames(lapply(fields, function(f) as.vector(m@resp[[f]])), paste0(".", fields)), list(
    .fitted = unname(fitted(m)), .resid = unname(residuals(m)), .hat = unname(hatvalues(m)),
    .cooksd = unname(cooks.distance(m)), .fixed = unname(predict(m, re.form = NA))
  )),
  glance = list(nobs = nobs(m), sigma = sigma(m), logLik = as.numeric(logLik(m)), AIC = AIC(m), BIC = BIC(m),
             REMLcrit = REMLcrit(m), df.residual = df.residual(m)),
  vals = c(as.list(modes[1:3]), list(estimate = modes$condval, std.error = modes$condsd)),
  coefs = unlist(coef(m)$Subject), vcov = as.data.frame(VarCorr(m))$vcov,
  wald = as.vector(confint(m, "beta_", method = "Wald"))
)
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A weighted fit with an offset, as lme4 holds it."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("tidying"), path=FIXTURES / "data" / "sleepstudy.csv")


def weighted(backend: str) -> lme.MerMod:
    frame = data("sleepstudy")
    frame = frame.assign(w=1.0 + (np.arange(len(frame)) + 1) % 3)
    return lme.lmer("Reaction ~ Days + offset(Days / 7) + (Days | Subject)", frame, weights="w", backend=backend)


def test_rows_are_broom_mixeds() -> None:
    """Names, order and columns as broom.mixed's documentation prints `tidy(lmm1)`, and its numbers to three digits."""
    table = lme.lmer(FORMULA, data("sleepstudy"), backend="native").tidy()
    assert list(table.columns) == ["effect", "group", "term", "estimate", "std.error", "statistic"]
    expected = [
        ("fixed", None, "(Intercept)", 251.0),
        ("fixed", None, "Days", 10.5),
        ("ran_pars", "Subject", "sd__(Intercept)", 24.7),
        ("ran_pars", "Subject", "cor__(Intercept).Days", 0.0656),
        ("ran_pars", "Subject", "sd__Days", 5.92),
        ("ran_pars", "Residual", "sd__Observation", 25.6),
    ]
    assert list(table[["effect", "group", "term"]].itertuples(index=False, name=None)) == [row[:3] for row in expected]
    # 5e-3: half a unit of the third digit printed, at worst 0.05 of 10.5.
    np.testing.assert_allclose(table["estimate"], [row[3] for row in expected], rtol=5e-3)
    np.testing.assert_allclose(table["statistic"][:2], [36.8, 6.77], rtol=5e-3)


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", ["lme4", "native"])
def test_numbers_are_lme4s(backend: str, judged: dict[str, Any]) -> None:
    """Conditional modes, coefficients, variances, intervals and the one-row summary."""
    fit = weighted(backend)
    # 2e-4: theta of lme4's weighted fit is some 1e-5 from the minimum that the other backend finds.
    close = {"rtol": 1e-7 if backend == "lme4" else 2e-4, "atol": 1e-6 if backend == "lme4" else 5e-3}
    modes = fit.tidy("ran_vals")
    assert list(modes.columns) == ["effect", "group", "level", "term", "estimate", "std.error"]
    assert modes["level"].tolist() == judged["vals"]["grp"]
    assert modes["term"].tolist() == judged["vals"]["term"]
    for name in ("estimate", "std.error"):
        np.testing.assert_allclose(modes[name], judged["vals"][name], **close)
    np.testing.assert_allclose(fit.tidy("ran_coefs")["estimate"], judged["coefs"], **close)
    v0, v1, c01, residual = judged["vcov"]
    variances = fit.tidy("ran_pars", scales="vcov")
    assert variances["term"].tolist() == ["var__(Intercept)", "cov__(Intercept).Days", "var__Days", "var__Observation"]
    np.testing.assert_allclose(variances["estimate"], [v0, c01, v1, residual], rtol=close["rtol"] * 10)
    limits = fit.tidy("fixed", conf_int=True)[["conf.low", "conf.high"]].to_numpy().ravel(order="F")
    np.testing.assert_allclose(limits, judged["wald"], **close)
    summary = lme.glance(fit).iloc[0]
    assert list(summary.index) == list(judged["glance"])
    np.testing.assert_allclose(summary.to_numpy(), list(judged["glance"].values()), rtol=close["rtol"])


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", ["lme4", "native"])
def test_augment_has_the_columns_of_the_response_object(backend: str, judged: dict[str, Any]) -> None:
    """Every dotted column is the field of lme4's response object, weights and offset included."""
    found = lme.augment(weighted(backend))
    for name, expected in judged["columns"].items():
        # 5e-3 milliseconds, of a sigma of 36: as above; 1e-6 where R holds the same fit.
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, atol=1e-6 if backend == "lme4" else 5e-3)


def test_intervals_with_degrees_of_freedom_are_students() -> None:
    """With `ddf_method` the Wald intervals of the fixed effects take the t distribution."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="native")
    row = fit.tidy("fixed", conf_int=True, ddf_method="Satterthwaite").iloc[1]
    assert list(row.index[-4:]) == ["df", "p.value", "conf.low", "conf.high"]
    # 2.109816 is the 97.5 % point of t with 17 degrees of freedom, which this balanced design has; 1e-6 of its digits.
    assert row["conf.high"] - row["estimate"] == pytest.approx(2.109816 * row["std.error"], rel=1e-6)


def test_augment_takes_other_data() -> None:
    """All columns of the data come along, dropped rows do not, and new rows are predicted."""
    frame = data("sleepstudy").assign(extra=range(180)).set_index(pd.RangeIndex(1000, 1180))
    frame.loc[1003, "Days"] = np.nan
    fit = lme.lmer(FORMULA, frame, na_action="na.exclude", backend="native")
    found = fit.augment(frame)
    assert len(found) == 179
    assert found["extra"].tolist() == [i for i in range(180) if i != 3]
    np.testing.assert_array_equal(found[".fitted"] + found[".resid"], found["Reaction"].astype(float))
    new = fit.augment(newdata=frame.head(2))
    assert list(new.columns[-2:]) == [".fitted", ".fixed"]
    assert "deviance" in fit.update(REML=False).glance().columns


@pytest.mark.parametrize("arguments", [{"effects": "random"}, {"scales": "log"}])
def test_unknown_arguments_are_named(arguments: dict[str, str]) -> None:
    """What there is stands in the error."""
    fit = lme.lmer("strength ~ 1 + (1 | batch)", data("Pastes"), backend="native")
    with pytest.raises(ValueError, match=r"'ran_vals'|'sdcor'"):
        fit.tidy(**arguments)
