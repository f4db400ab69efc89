"""The Python package marginaleffects on a fit, judged by R's own matrices."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.errors import MissingExtra
from lmebridge.inference import marginal_effects
from tests.cases import data
from tests.inference.models import FOLDER
from tests.judge import run_r

pytest.importorskip("marginaleffects.classes")

FORMULA = "log(angle) ~ recipe * log(temp) + (1 | recipe:replicate)"
#: R's numbers: predictions and errors of every row, mean slopes by recipe, mean contrasts, and one hypothesis.
PROGRAM = """
suppressMessages(library(lme4))
d <- read.csv(file.path(data_folder, "cake.csv"), stringsAsFactors = TRUE)
d$replicate <- factor(d$replicate)
m <- lmer(log(angle) ~ recipe * log(temp) + (1 | recipe:replicate), d)
V <- as.matrix(vcov(m)); b <- fixef(m)
X <- function(data) model.matrix(~ recipe * log(temp), data)
linear <- function(L) { L <- rbind(L); list(estimate = I(drop(L %*% b)), se = I(sqrt(diag(L %*% V %*% t(L))))) }
of <- function(recipe) factor(rep(recipe, nrow(d)), levels = levels(d$recipe))
slope <- function(data) {   # by temp: the columns with log(temp), divided by temp
  M <- X(data); M[, !grepl("log(temp)", colnames(M), fixed = TRUE)] <- 0
  M[, grepl("log(temp)", colnames(M), fixed = TRUE)] <-
    M[, grepl("log(temp)", colnames(M), fixed = TRUE)] / (log(data$temp) * data$temp)
  M
}
contrast <- function(to) colMeans(X(transform(d, recipe = of(to))) - X(transform(d, recipe = of("A"))))
list(
  predictions = list(estimate = unname(predict(m, re.form = NA)), se = unname(linear(X(d))$se)),
  slopes = linear(t(sapply(levels(d$recipe), function(r) colMeans(slope(d[d$recipe == r, ]))))),
  contrasts = linear(rbind(contrast("B"), contrast("C"))),
  step = linear(colMeans(X(transform(d, temp = temp + 0.5)) - X(transform(d, temp = temp - 0.5)))),
  hypothesis = linear(c(0, 1, -1, 0, 0, 0))
)
"""
BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """R's numbers."""
    return run_r(PROGRAM, tmp_path_factory.mktemp("judged"), data_folder=FOLDER)


def adapted(backend: str = "native", formula: str = FORMULA, **columns: Any) -> Any:
    return lme.lmer(formula, data("cake").assign(**columns), backend=backend).to_marginaleffects()


def agree(result: Any, expected: dict[str, Any]) -> None:
    """Estimates and standard errors are R's."""
    errors = np.array(expected["se"])
    # 1e-4 standard errors: what lme4's search for theta leaves, and the slopes' differences by temp.
    assert np.max(np.abs(result["estimate"].to_numpy() - expected["estimate"]) / errors) < 1e-4
    # 1e-4: the errors depend on theta, which lme4's search leaves that far from the minimum.
    np.testing.assert_allclose(result["std_error"].to_numpy(), errors, rtol=1e-4)


@pytest.mark.needs_r
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # marginaleffects' own use of polars
@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_are_those_of_rs_matrices(backend: str, judged: Any) -> None:
    """Predictions, slopes of log(x) within an interaction, contrasts and hypotheses with their delta-method errors."""
    import marginaleffects

    model = adapted(backend)
    agree(marginaleffects.predictions(model), judged["predictions"])
    agree(model.avg_slopes(variables="temp", by="recipe"), judged["slopes"])
    agree(marginaleffects.avg_comparisons(model, variables="recipe"), judged["contrasts"])
    agree(marginaleffects.avg_comparisons(model, variables={"temp": 1}), judged["step"])
    agree(model.hypotheses("b1 = b2"), judged["hypothesis"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # marginaleffects' own use of polars
def test_text_and_truth_values_among_the_predictors() -> None:
    """Text becomes categories in the order of the model's levels, and truth values are compared with each other."""
    cake = data("cake")
    text = adapted(
        recipe=cake["recipe"].astype(str), hot=cake["temp"] > 200, formula="angle ~ recipe + hot + (1 | replicate)"
    )
    plain = adapted(hot=cake["temp"] > 200, formula="angle ~ recipe + hot + (1 | replicate)")
    ours, theirs = text.avg_comparisons(), plain.avg_comparisons()
    assert ours["contrast"].to_list() == theirs["contrast"].to_list() == ["True - False", "B - A", "C - A"]
    np.testing.assert_array_equal(ours["estimate"].to_numpy(), theirs["estimate"].to_numpy())
    coefficients = text.model.fixef()
    expected = [coefficients["hotTRUE"], coefficients["recipeB"], coefficients["recipeC"]]
    np.testing.assert_allclose(ours["estimate"].to_numpy(), expected, rtol=1e-10)  # differences of predictions of 30


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # marginaleffects' own use of polars
def test_an_offset_of_the_formula_counts() -> None:
    """Predictions are those of predict(newdata), and the slope has the offset's slope in it."""
    with_offset = adapted(formula="angle ~ temp + offset(temp / 10) + (1 | replicate)")
    fit = with_offset.model
    found = with_offset.predictions(newdata=fit.data.head(4))
    np.testing.assert_allclose(found["estimate"], fit.predict(fit.data.head(4), re_form=lme.NA), rtol=1e-12)  # same sum
    slope = with_offset.avg_slopes(variables="temp")
    assert slope["estimate"][0] == pytest.approx(fit.fixef()["temp"] + 0.1, rel=1e-6)  # a difference over 0.005 degrees
    assert slope["std_error"][0] == pytest.approx(fit.bse["temp"], rel=1e-5)  # the same, by a difference once more


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # marginaleffects' own use of polars
def test_rows_with_missing_values_are_left_out() -> None:
    """The model's rows are those used, and intervals are normal."""
    cake = data("cake")
    model = adapted(temp=cake["temp"].where(cake.index > 3))
    found = model.predictions()
    assert len(found) == len(cake) - 4
    half = (found["conf_high"] - found["conf_low"]).to_numpy() / 2
    np.testing.assert_allclose(half / found["std_error"].to_numpy(), 1.959963984540054, rtol=1e-12)  # R's qnorm(0.975)


def test_a_covariance_matrix_by_name_is_refused() -> None:
    """There is one covariance matrix, or one that is given."""
    model = adapted()
    with pytest.raises(ValueError, match="True, False or a matrix"):
        model.predictions(vcov="HC3")
    assert "std_error" not in model.predictions(vcov=False).columns
    doubled = model.predictions(vcov=4 * model.model.vcov().to_numpy())
    np.testing.assert_allclose(doubled["std_error"], 2 * model.predictions()["std_error"].to_numpy(), rtol=1e-6)


def test_without_the_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    import lmebridge.inference

    monkeypatch.delitem(sys.modules, "lmebridge.inference.marginaleffects_adapter", raising=False)
    monkeypatch.delattr(lmebridge.inference, "marginaleffects_adapter", raising=False)
    monkeypatch.setitem(sys.modules, "marginaleffects", None)
    fit = lme.lmer("angle ~ temp + (1 | replicate)", data("cake"), backend="native")
    with pytest.raises(MissingExtra, match=r"lmebridge\[marginaleffects\]"):
        lme.to_marginaleffects(fit)


def test_versions_that_do_not_go_together_are_named() -> None:
    """Version 0.6 fails with polars 2, and it is said before it does."""
    with pytest.warns(lme.LmebridgeWarning, match="polars<2"):
        marginal_effects._warn_of_polars({"marginaleffects": "0.6.0", "polars": "2.1.0"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        marginal_effects._warn_of_polars({"marginaleffects": "0.6.0", "polars": "1.44.2"})
