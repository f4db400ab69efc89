"""Intraclass correlations and R squared against R's performance package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = {
    "slopes": ("sleepstudy", "Reaction ~ Days + (Days | Subject)"),
    "nested": ("Pastes", "strength ~ 1 + (1 | batch/cask)"),
    "crossed": ("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
    "slope without fixed part": ("sleepstudy", "Reaction ~ 1 + (Days | Subject)"),
}

PROGRAM = """
suppressMessages(library(lme4))
m <- lmer(as.formula(formula), read.csv(path, stringsAsFactors = TRUE))
by_group <- suppressWarnings(performance::icc(m, by_group = TRUE))
r2 <- performance::r2(m)
list(
  icc = unlist(performance::icc(m)[c("ICC_adjusted", "ICC_unadjusted")]), r2 = c(r2[[1]], r2[[2]]),
  group = I(by_group$Group), by_group = I(by_group$ICC)
)
"""


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:Model contains random slopes")
def test_shares_are_those_of_performance(name: str, run_r: Callable[..., Any]) -> None:
    """icc(), icc(by_group=True) and r2() give what the R package gives."""
    source, formula = CASES[name]
    expected = run_r(PROGRAM, path=FIXTURES / "data" / f"{source}.csv", formula=formula)
    fit = lme.lmer(formula, data(source), backend="lme4")
    # 1e-9: lme4 ends Penicillin at one of two thetas 1.5e-10 apart, depending on the process.
    np.testing.assert_allclose(lme.icc(fit), expected["icc"], rtol=1e-9)
    # 1e-15: the variance of a constant is rounding in one program and zero in the other.
    np.testing.assert_allclose(lme.r2(fit), expected["r2"], rtol=1e-9, atol=1e-15)
    table = lme.icc(fit, by_group=True)
    assert table["Group"].tolist() == expected["group"]
    np.testing.assert_allclose(table["ICC"], expected["by_group"], rtol=1e-9)


UNCORRELATED = """
suppressMessages(library(lme4))
m <- lmer(Reaction ~ Days + (Days || Subject), read.csv(path))
random <- mean(Matrix::rowSums((getME(m, "Z") %*% getME(m, "Lambda"))^2)) * sigma(m)^2
random / (random + sigma(m)^2)
"""


@pytest.mark.needs_r
def test_uncorrelated_blocks_both_count(run_r: Callable[..., Any]) -> None:
    """The random variance is the mean diagonal of Z Lambda Lambda' Z'.

    performance 0.10 counts one block of `||` only, which its authors call an error (easystats/insight#304).
    """
    expected = run_r(UNCORRELATED, path=FIXTURES / "data" / "sleepstudy.csv")
    fit = lme.lmer("Reaction ~ Days + (Days || Subject)", data("sleepstudy"), backend="lme4")
    # 1e-10: the same lme4 fit on both sides, only sums of squares between.
    np.testing.assert_allclose(lme.icc(fit)["ICC_adjusted"], expected, rtol=1e-10)


def test_singular_fit_has_no_icc() -> None:
    """Performance gives NA and says why; so do we, as a warning."""
    with pytest.warns(lme.SingularFitWarning):
        fit = lme.lmer("Yield ~ 1 + (1 | Batch)", data("Dyestuff2"), backend="native")
    with pytest.warns(lme.LmebridgeWarning, match="singularity"):
        shares = lme.icc(fit)
    assert shares.isna().all()


def test_slopes_are_warned_about_by_group() -> None:
    """An intercept's share says little where slopes vary."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="native")
    with pytest.warns(lme.LmebridgeWarning, match="random slopes"):
        lme.icc(fit, by_group=True)
