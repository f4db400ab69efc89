"""Responses simulated for new rows: R's own draws, and the moments that the model has in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.inference.models import FITS, FOLDER, fitted
from tests.inference.test_simulation import DRAWS, agree
from tests.judge import run_r

BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native"]
PROGRAM = (
    FITS
    + """
new <- data.frame(Days = c(0, 3, 9, 2, 5), Subject = factor(c("308", "308", "372", "new", "new")))
seen <- transform(new[1:3, ], Subject = factor(as.character(Subject)))
drawn <- function(...) unname(as.matrix(simulate(fits$slopes, nsim = 2, seed = 7, ...)))
list(
  seen = drawn(newdata = seen), kept = drawn(newdata = seen, re.form = NULL),
  new = drawn(newdata = new, allow.new.levels = TRUE)
)
"""
)


@pytest.fixture
def rows() -> pd.DataFrame:
    """Two rows of one subject, one of another, and two of a subject that the model has not seen."""
    subjects = ["308", "308", "372", "new", "new"]
    return pd.DataFrame({"Days": [0, 3, 9, 2, 5], "Subject": subjects}, index=list("abcde"))


@pytest.mark.needs_r
def test_draws_are_those_of_r(rows: pd.DataFrame, tmp_path: Any) -> None:
    """With the lme4 backend an integer is R's seed, for new rows too."""
    judged = run_r(PROGRAM, tmp_path, data_folder=FOLDER)
    fit, seen = fitted("slopes", "lme4"), rows.head(3)
    # 1e-9: the same arithmetic in the same R; what may differ is the order of summation in another process.
    np.testing.assert_allclose(fit.simulate(2, seed=7, newdata=seen), judged["seen"], rtol=1e-9)
    np.testing.assert_allclose(fit.simulate(2, seed=7, newdata=seen, re_form=None), judged["kept"], rtol=1e-9)
    drawn = fit.simulate(2, seed=7, newdata=rows, allow_new_levels=True)
    np.testing.assert_allclose(drawn, judged["new"], rtol=1e-9)
    assert drawn.index.tolist() == list("abcde")


def covariance(fit: Any, drawn: np.ndarray) -> np.ndarray:
    """Closed form for `rows`: effects of one subject are shared by its rows, those of others independent."""
    Z = np.column_stack([np.ones(5), [0, 3, 9, 2, 5]])
    same = np.equal.outer([0, 0, 1, 2, 2], [0, 0, 1, 2, 2]) * np.outer(drawn, drawn)
    return np.asarray(same * (Z @ fit.VarCorr()["Subject"].to_numpy() @ Z.T) + fit.sigma() ** 2 * np.eye(5))


@pytest.mark.parametrize("backend", BACKENDS)
def test_moments_with_all_effects_drawn(rows: pd.DataFrame, backend: str) -> None:
    """Mean X beta and covariance sigma^2 (Z Lambda Lambda' Z' + I), new levels like the others."""
    fit = fitted("slopes", backend)
    draws = fit.simulate(DRAWS, seed=22, newdata=rows, allow_new_levels=True).to_numpy()
    mean = np.column_stack([np.ones(5), rows["Days"]]) @ fit.fixef().to_numpy()
    agree(draws, mean, covariance(fit, np.ones(5)))


def test_moments_with_effects_kept(rows: pd.DataFrame) -> None:
    """Known subjects keep their modes, the new one's effects are drawn: there is no mode to keep."""
    fit = fitted("slopes", "native")
    draws = fit.simulate(DRAWS, seed=23, newdata=rows, re_form=None, allow_new_levels=True).to_numpy()
    agree(draws, fit.predict(rows, allow_new_levels=True).to_numpy(), covariance(fit, np.array([0, 0, 0, 1, 1.0])))


def test_rows_of_the_fit_as_new_rows_give_its_draws() -> None:
    """Handing over the model's own rows changes no number."""
    for name in ("slopes", "nested", "crossed"):
        fit = fitted(name, "native")
        for form in (lme.NA, None):
            again = fit.simulate(3, seed=5, newdata=fit.data, re_form=form)
            # 1e-12: predictions for new rows sum the effects in another order.
            np.testing.assert_allclose(again, fit.simulate(3, seed=5, re_form=form), rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_bad_rows(rows: pd.DataFrame, backend: str) -> None:
    """A new level, a missing column and a missing value: an error, an error, and NaN in that row alone."""
    fit = fitted("slopes", backend)
    with pytest.raises(lme.LmebridgeError, match=r"new levels detected in newdata"):
        fit.simulate(newdata=rows)
    with pytest.raises(lme.DataError, match="object 'Days' not found"):
        fit.simulate(newdata=rows[["Subject"]])
    holes = rows.head(3).assign(Days=[0, np.nan, 9])
    drawn = fit.simulate(2, seed=1, newdata=holes)
    assert drawn.isna().any(axis=1).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="nsim=0"):
        fit.simulate(0, newdata=rows)
    with pytest.raises(lme.DataError, match="not a table"):
        fit.simulate(newdata=[1, 2])


@pytest.mark.parametrize("backend", BACKENDS)
def test_semiparametric_bootstrap(backend: str) -> None:
    """Fitted values plus the fit's own residuals: of y alone the mean and the variance are known."""
    fit = fitted("slopes", backend)
    boot = fit.bootMer(response_moments, nsim=40, seed=4, use_u=True, type="semiparametric")
    residuals = fit.residuals().to_numpy()
    expected, spread = fit.fitted().mean() + residuals.mean(), residuals.std() / np.sqrt(len(residuals))
    # 4 standard errors of a mean of 40 means of n residuals drawn with replacement; the seed is fixed.
    assert abs(boot.t["mean"].mean() - expected) < 4 * spread / np.sqrt(40)
    again = fit.bootMer(response_moments, nsim=3, seed=4, use_u=True, type="semiparametric")
    pd.testing.assert_frame_equal(again.t, boot.t.head(3))


def response_moments(fit: lme.MerMod) -> dict[str, float]:
    """The mean of a draw's response, and whether its residuals are the fit's own."""
    return {"mean": float(np.mean(fit.getME("y")))}


def test_draws_are_of_the_fits_own_residuals() -> None:
    """Each draw less the fitted values is made of the residuals, some twice and some not at all."""
    from lmebridge.inference import seeds
    from lmebridge.inference.resampling import ResampledResiduals

    fit = fitted("slopes", "native")
    drawn = ResampledResiduals(fit, seeds.sequence(1)).response(0) - fit.fitted().to_numpy()
    distances = np.abs(drawn[:, None] - fit.residuals().to_numpy()[None])
    assert distances.min(axis=1).max() < 1e-10  # rounding of a response of 400
    assert 0.5 < len(set(distances.argmin(axis=1))) / 180 < 0.75  # 1 - 1/e of them are expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"type": "other"}, "'parametric' or 'semiparametric'"),
        ({"type": "semiparametric"}, "use_u=False is not implemented in lme4: give use_u=True"),
        ({"type": "semiparametric", "re_form": None}, "'re_form' cannot be used with semiparametric"),
    ],
)
def test_types_that_lme4_refuses(arguments: dict[str, Any], words: str) -> None:
    """As in lme4, the semiparametric bootstrap keeps all random effects."""
    with pytest.raises(ValueError, match=words):
        fitted("one", "native").bootMer(lme.sigma, 2, **arguments)
