"""Leverages, Cook's distances, degrees of freedom and standard errors of predictions in every case, against R."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lmebridge as lme
from tests import fits
from tests.cases import CASES, FIXTURES
from tests.judge import r_literal, run_r

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
lines <- parse(file.path(root, "r", "make_goldens.R"))
for (line in lines[-length(lines)]) eval(line, globalenv())
Sys.setlocale("LC_COLLATE", "C")
bridge <- load_bridge(file.path(root, "r"))
cases <- read_text(file.path(root, "fixtures", "cases.csv"))

# lme4 at the theta given: its optimizer stops after the first evaluation.
fixed_fit <- function(case, data, theta) {
  options <- utils::modifyList(case_options(case), list(
    start = theta, control = list(optCtrl = list(maxeval = 1), calc.derivs = FALSE, restart_edge = FALSE)
  ))
  model <- quietly(bridge$fit_lmer(data, case$formula, options))
  stopifnot(all.equal(unname(lme4::getME(model, "theta")), theta, tolerance = 1e-12))
  bridge$unpadded(model)
}

# Henderson's equations in (beta, u): their inverse is the covariance of (beta_hat, u_hat - u) over sigma^2.
errors <- function(m) {
  X <- lme4::getME(m, "X")
  W <- Matrix::Diagonal(x = unname(stats::weights(m)))
  U <- lme4::getME(m, "Z") %*% lme4::getME(m, "Lambda")
  rows <- as.matrix(cbind(X, U))
  system <- crossprod(rows, as.matrix(W %*% rows)) + diag(rep(c(0, 1), c(ncol(X), ncol(U))))
  sigma(m) * unname(sqrt(rowSums((rows %*% solve(system)) * rows)))
}

describe <- function(id, theta) {
  case <- as.list(cases[cases$id == id, ])
  m <- fixed_fit(case, read_data(file.path(root, "fixtures", "data"), case$data), eval(str2lang(theta)))
  table <- quietly(as.data.frame(stats::coef(summary(lmerTest::as_lmerModLmerTest(m)))))
  list(hat = I(unname(stats::hatvalues(m))), cooks = I(unname(stats::cooks.distance(m))), df = I(table$df),
       errors = if (ncol(lme4::getME(m, "Z")) < 500) I(errors(m)))
}
stats::setNames(Map(describe, ids, thetas), ids)
"""


@cache
def fitted(case_id: str) -> lme.MerMod:
    return fits.fit(case_id, "native")


#: lme4 at the start that it is given: its optimizer stops after the first evaluation.
THERE = {"optCtrl": {"maxeval": 1}, "calc_derivs": False, "restart_edge": False}


@cache
def through_lme4(case_id: str) -> lme.MerMod:
    """lme4's model at the native fit's theta."""
    case = fits.BY_ID[case_id]
    theta = [float(value) for value in fitted(case_id).getME("theta")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lme.lmer(case.formula, case.frame(), backend="lme4", start=theta, control=THERE, **case.arguments)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R says of every case at the native fit's theta, from one program."""
    folder: Path = tmp_path_factory.mktemp("inference")
    thetas = [r_literal([float(value) for value in fitted(case.id).getME("theta")]) for case in CASES]
    return run_r(PROGRAM, folder, root=FIXTURES.parent, ids=[case.id for case in CASES], thetas=thetas)


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["native", "lme4"])
@pytest.mark.parametrize("case_id", [case.id for case in CASES])
def test_inference_is_lme4s(case_id: str, backend: str, judged: dict[str, Any]) -> None:
    """hatvalues, cooks_distance, se_fit and Satterthwaite's degrees of freedom at one theta."""
    fit, expected = fitted(case_id) if backend == "native" else through_lme4(case_id), judged[case_id]
    hat = fit.hatvalues().dropna()
    # 1e-6: one theta on both sides; the poorest are the cases whose columns are of very different sizes.
    np.testing.assert_allclose(hat, expected["hat"], rtol=0, atol=1e-6)
    cooks = fit.cooks_distance().reindex(hat.index)
    wanted = np.array([np.nan if value is None else value for value in expected["cooks"]], dtype=float)
    # 1e-4 of the largest: as above, over 1 - hat, which may be small.
    np.testing.assert_allclose(cooks, wanted, rtol=1e-4, atol=1e-4 * np.nanmax(wanted))
    if expected["errors"] is not None:
        # 1e-5: as above.
        np.testing.assert_allclose(fit.predict(se_fit=True)["se.fit"].dropna(), expected["errors"], rtol=1e-5)
    with warnings.catch_warnings():  # a flat deviance at a singular fit: lmerTest says so too
        warnings.simplefilter("ignore", lme.LmebridgeWarning)
        degrees = fit.coef_table(ddf="Satterthwaite")["df"].to_numpy()
    # lmerTest's difference steps do not shrink with a sigma of 1e-7. Degrees of freedom have no unit, so those of the
    # same data in milliseconds are the judge.
    judge = "sleep_slope" if case_id == "sleep_tiny" and backend == "native" else case_id
    # 1e-4: lmerTest differentiates the deviance twice by finite differences, we once a gradient that is exact.
    np.testing.assert_allclose(degrees, judged[judge]["df"], rtol=1e-4)
