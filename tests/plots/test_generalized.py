"""Generalized models are drawn on the scale of the response, with R's residuals."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data
from tests.judge import run_r
from tests.plots.judged import bars, marks

pytestmark = pytest.mark.needs_r
FORMULA = "cbind(incidence, size - incidence) ~ step + (1 | herd)"

PROGRAM = """
suppressMessages(library(lme4))
d <- read.csv(file.path(data_folder, "cbpp.csv"), stringsAsFactors = TRUE)
d <- transform(d, herd = factor(herd), step = as.integer(factor(period)))
m <- glmer(as.formula(formula), d, family = binomial)
drawn <- plot(m)$panel.args[[1]]
list(plot = list(x = drawn$x, y = drawn$y), quantiles = unname(sort(residuals(m, "pearson", scaled = TRUE))),
     herd = as.character(d$herd), step = d$step, observed = getME(m, "y"), line = unname(fitted(m)),
     without = unname(predict(m, re.form = NA, type = "response")))
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """R's diagnostics and predictions of a binomial model."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("binomial"), data_folder=FIXTURES / "data", formula=FORMULA)


@cache
def fitted() -> lme.MerMod:
    frame = data("cbpp")
    return lme.glmer(FORMULA, frame.assign(step=frame["period"].cat.codes + 1), family="binomial", backend="lme4")


def close(found: Any, wanted: Any) -> None:
    # 1e-6: one program, one order of the levels, one search; what is left is rounding on the way.
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=0, atol=1e-6)


def test_residuals_and_quantiles(judged: dict[str, Any]) -> None:
    """plot(m) has Pearson residuals against means; qqmath(m) the same residuals in order."""
    close(marks(fitted().plot()), np.column_stack([judged["plot"]["x"], judged["plot"]["y"]]))
    close(marks(fitted().qqmath())[:, 1], judged["quantiles"])


def test_observed_are_proportions(judged: dict[str, Any]) -> None:
    """Observed against fitted values: proportions against probabilities."""
    close(marks(fitted().plot_fitted()), np.column_stack([judged["line"], judged["observed"]]))


def test_group_lines_are_probabilities(judged: dict[str, Any]) -> None:
    """Each herd's line passes through its fitted probabilities; the dark line through those without random effects."""
    ax = fitted().plot_groups()
    lines = list(bars(ax))
    wanted = pd.DataFrame({key: judged[key] for key in ("herd", "step", "line")})
    for _, own in wanted.groupby("herd"):
        # A herd with one visit has a line of no length.
        gaps = [
            np.abs(np.interp(own["step"], *line.T, left=np.nan, right=np.nan) - own["line"]).max() for line in lines
        ]
        assert np.nanmin(gaps) < 1e-4  # a curve drawn by 25 points, and one search's end
    (line,) = [one for one in ax.get_lines() if one.get_label() == "without random effects"]
    assert np.abs(np.interp(judged["step"], *line.get_data()) - judged["without"]).max() < 1e-4  # as above
