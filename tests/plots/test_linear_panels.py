"""The panels of a linear model are R's plot.lm, and its leverages and standardized residuals are R's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data
from tests.judge import run_r
from tests.plots.judged import marks, sloped_line, texts

pytestmark = pytest.mark.needs_r
both = pytest.mark.parametrize("backend", ["lme4", "native", "statsmodels"])
WEIGHTS = {"plain": None, "weighted": "w"}
kinds = pytest.mark.parametrize("kind", WEIGHTS)

PROGRAM = """
d <- read.csv(file.path(data_folder, "sleepstudy.csv"))
d$w <- (seq_len(nrow(d)) - 1) %% 4
# Zero weights are tested on the model without their rows: R's own rstandard() is NaN throughout where some are zero.
describe <- function(m) {
  r <- residuals(m)
  rs <- rstandard(m)
  cooks <- cooks.distance(m)
  top <- function(size) I(sort(as.integer(names(r)[order(-size)[1:3]])))
  line <- coef(lm(quantile(rs, c(.25, .75)) ~ qnorm(c(.25, .75))))
  smooth <- function(x, y) lowess(x, y)[c("x", "y")]
  list(smooth = list(`1` = smooth(fitted(m), r), `3` = smooth(fitted(m), sqrt(abs(rs))),
                     `5` = smooth(hatvalues(m), rs)),
       fitted = unname(fitted(m)), residuals = unname(r), standardized = unname(rs),
       leverages = unname(hatvalues(m)), quantiles = sort(qqnorm(rs, plot.it = FALSE)$x), line = unname(line),
       residual_names = top(abs(r)), standardized_names = top(abs(rs)), cook_names = top(cooks))
}
list(plain = describe(lm(Reaction ~ Days, d)),
     weighted = describe(lm(Reaction ~ Days, d[d$w > 0, ], weights = w)))
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """R's diagnostics of two linear models, one with weights that are zero on every fourth row."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("linear"), data_folder=FIXTURES / "data")


def fitted(kind: str, backend: str) -> lme.LinearModel:
    frame = data("sleepstudy")
    frame = frame.assign(w=np.arange(len(frame)) % 4.0).set_axis(range(1, len(frame) + 1), axis=0)
    return lme.lm("Reaction ~ Days", frame, weights=WEIGHTS[kind], backend=backend)


def close(found: Any, wanted: Any) -> None:
    # 1e-9: least squares by two decompositions.
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-9, atol=1e-9)


@both
@kinds
def test_leverages_and_standardized_residuals(kind: str, backend: str, judged: dict[str, Any]) -> None:
    """hatvalues() and rstandard() are R's, rows of weight zero having leverage zero."""
    model = fitted(kind, backend)
    used = np.full(180, True) if kind == "plain" else model.data["w"].to_numpy() != 0
    close(model.hatvalues().to_numpy()[used], judged[kind]["leverages"])
    close(model.hatvalues().to_numpy()[~used], 0.0)
    close(model.rstandard().to_numpy()[used], judged[kind]["standardized"])


@both
@kinds
def test_panels_are_plot_lms(kind: str, backend: str, judged: dict[str, Any]) -> None:
    """What R has on each axis, which points it names, and its line; rows of weight zero are left out."""
    wanted = judged[kind]
    drawn = fitted(kind, backend).plot()
    assert list(drawn) == [1, 2, 3, 5]
    close(marks(drawn[1]), np.column_stack([wanted["fitted"], wanted["residuals"]]))
    close(marks(drawn[2]), np.column_stack([wanted["quantiles"], np.sort(wanted["standardized"])]))
    close(sloped_line(drawn[2]), wanted["line"])
    close(marks(drawn[3]), np.column_stack([wanted["fitted"], np.sqrt(np.abs(wanted["standardized"]))]))
    close(marks(drawn[5]), np.column_stack([wanted["leverages"], wanted["standardized"]]))
    for panel in (1, 3, 5):
        (line,) = [one for one in drawn[panel].get_lines() if one.get_label() == "lowess"]
        # 1e-6: two programs for one algorithm, which stop iterating weights that are nearly zero at other places.
        np.testing.assert_allclose(line.get_ydata(), wanted["smooth"][str(panel)]["y"], rtol=0, atol=1e-6)
    names = {1: "residual_names", 2: "standardized_names", 3: "standardized_names", 5: "cook_names"}
    for panel, key in names.items():
        assert sorted(int(text) for text in texts(drawn[panel])) == wanted[key]


def test_one_panel_is_an_axes(judged: dict[str, Any]) -> None:
    """which=1 gives its Axes; qqmath is panel 2 without names, plot_fitted has observed against fitted values."""
    model = fitted("plain", "native")
    close(marks(model.plot(1))[:, 1], judged["plain"]["residuals"])
    close(marks(model.qqmath())[:, 1], np.sort(judged["plain"]["standardized"]))
    observed = np.asarray(judged["plain"]["fitted"]) + judged["plain"]["residuals"]
    close(marks(model.plot_fitted(id=None)), np.column_stack([judged["plain"]["fitted"], observed]))


def test_groups_of_a_linear_model() -> None:
    """plot_by_group takes a column, as there are no grouping factors."""
    ax = fitted("plain", "native").plot_by_group(group="Subject")
    assert len(ax.get_yticklabels()) == 18
