"""One model by every optimizer: lme4's pieces against R's own summary, ours against each other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.diagnostics import all_fit
from tests.cases import data
from tests.inference.models import FOLDER, fitted
from tests.judge import run_r

#: R's summary of allFit, with the table of methods cut to those installed, where lme4 1.1-31 cuts it wrongly.
PROGRAM = """
suppressMessages(library(lme4))
d <- read.csv(file.path(data_folder, "sleepstudy.csv")); d$Subject <- factor(d$Subject)
m <- lmer(Reaction ~ Days + (Days | Subject), d)
run <- lme4::allFit
environment(run) <- list2env(list(requireNamespace = function(...) TRUE), parent = asNamespace("lme4"))
table <- get("meth.tab.0", asNamespace("lme4"))
s <- summary(run(m, meth.tab = table[!table[, 1] %in% c("nmkbw", "optimx"), ], verbose = FALSE))
list(names = rownames(s$fixef), fixef = as.matrix(s$fixef), llik = as.numeric(s$llik), sdcor = as.matrix(s$sdcor),
     theta = as.matrix(s$theta), ok = unname(s$which.OK))
"""


@pytest.mark.needs_r
@pytest.mark.slow
def test_pieces_of_rs_summary(tmp_path: Any) -> None:
    """Log-likelihoods, fixed effects, standard deviations and theta are those of summary(allFit(m))."""
    judged = run_r(PROGRAM, tmp_path, data_folder=FOLDER)
    found = lme.allFit(fitted("slopes", "lme4"))
    names = judged["names"]
    assert list(found) == names
    assert found.which_OK[names].all() == all(judged["ok"])
    # 1e-10: the same search in the same R, summed up by another process.
    np.testing.assert_allclose(found.llik[names], judged["llik"], rtol=1e-10)
    # 1e-6: searches without derivatives amplify what rounding differs between processes.
    np.testing.assert_allclose(found.fixef.loc[names], judged["fixef"], rtol=1e-6)
    np.testing.assert_allclose(found.sdcor.loc[names], judged["sdcor"], rtol=1e-6)
    np.testing.assert_allclose(found.theta.loc[names], judged["theta"], rtol=1e-6)
    assert found.failed == {"nmkbw": "R has no package dfoptim", "optimx.L-BFGS-B": "R has no package optimx"}
    assert list(found.to_frame().index[-2:]) == list(found.failed)


@pytest.mark.parametrize("name", ["slopes", "singular", "nested", "crossed"])
def test_without_r_all_come_to_one_fit(name: str) -> None:
    """The package's optimizer and scipy's four agree, at the minimum that the fit itself has."""
    fit = fitted(name, "native")
    found = fit.allFit()
    assert set(found) == {"lmebridge", "L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA"}
    # 1e-6: the criterion is flat at its minimum, where searches without derivatives stop.
    np.testing.assert_allclose(found.llik, float(fit.logLik()), atol=1e-6)
    assert found.spread < 1e-3  # standard errors: what is left of theta moves them as little
    table = found.to_frame()
    assert table["behind"].iloc[0] == 0
    assert table["behind"].is_monotonic_increasing
    assert ("boundary" in " ".join(table["message"])) == (name == "singular")


def test_a_limit_is_said_and_the_fit_kept() -> None:
    """What stopped too early is in the table, behind the others, with what scipy says."""
    found = fitted("slopes", "native").allFit(maxfun=20)
    table = found.to_frame()
    assert table.loc["lmebridge", "message"] == ""
    assert "did not converge" in table.loc["Nelder-Mead", "message"]
    assert table.loc["Nelder-Mead", "behind"] > 1e-4
    assert repr(found).count("\n") == 5


def test_what_fails_is_kept_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """An optimizer that scipy has not is a failure in the table, no error; if none is left it is one."""
    monkeypatch.setattr(all_fit, "SCIPY", ("BOBYQA",))
    monkeypatch.setitem(all_fit.TOLERANCES, "BOBYQA", {})
    found = fitted("one", "native").allFit()
    assert "BOBYQA" in found.failed
    assert "Unknown solver" in found.to_frame().loc["BOBYQA", "message"]
    with pytest.raises(KeyError, match="gave no fit: Unknown solver"):
        found["BOBYQA"]
    with pytest.raises(KeyError, match="none of the optimizers tried: lmebridge, BOBYQA"):
        found["nope"]
    monkeypatch.setattr(all_fit, "OWN", "BOBYQB")
    monkeypatch.setitem(all_fit.TOLERANCES, "BOBYQB", {})
    monkeypatch.setattr(all_fit, "_minimized", lambda *_: (_ for _ in ()).throw(ValueError("no")))
    with pytest.raises(lme.LmebridgeError, match="no optimizer fitted the model"):
        fitted("one", "native").allFit()


def test_bad_input() -> None:
    """No evaluation is too few, and MixedLM's own estimates are not at lme4's optimum."""
    with pytest.raises(ValueError, match="maxfun=0"):
        fitted("one", "native").allFit(maxfun=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = lme.lmer("Yield ~ 1 + (1 | Batch)", data("Dyestuff"), backend="statsmodels", control={"polish": False})
    with pytest.raises(lme.UnsupportedByBackend, match="polish"):
        own.allFit()
