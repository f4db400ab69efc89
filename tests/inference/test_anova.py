"""Likelihood-ratio tests against R's anova."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data

if TYPE_CHECKING:
    from collections.abc import Callable

FORMULAS = {
    "slopes": "Reaction ~ Days + (Days | Subject)",
    "null": "Reaction ~ 1 + (1 | Subject)",
    "intercepts": "Reaction ~ Days + (1 | Subject)",
}

PROGRAM = """
frame <- read.csv(path)
fits <- lapply(formulas, function(text) lme4::lmer(as.formula(text), frame))
table <- function(...) { a <- anova(...); list(rows = I(rownames(a)), columns = I(colnames(a)), values = as.matrix(a)) }
list(
  refit = table(fits[[1]], fits[[2]], fits[[3]], model.names = names),
  kept = table(fits[[1]], fits[[3]], refit = FALSE, model.names = names[c(1, 3)])
)
"""


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", ["lme4", "statsmodels", "native"])
def test_table_is_that_of_r(backend: str, run_r: Callable[..., Any]) -> None:
    """Models are sorted by their parameters and tested one against the next, after a refit by ML that is announced."""
    expected = run_r(
        PROGRAM, path=FIXTURES / "data" / "sleepstudy.csv", formulas=list(FORMULAS.values()), names=list(FORMULAS)
    )
    frame = data("sleepstudy")
    fits = [lme.lmer(formula, frame, backend=backend) for formula in FORMULAS.values()]
    with pytest.warns(lme.LmebridgeWarning, match=r"^refitting model\(s\) with ML \(instead of REML\)$"):
        refit = lme.anova(*fits, model_names=list(FORMULAS))
    kept = lme.anova(fits[0], fits[2], refit=False, model_names=["slopes", "intercepts"])
    for table, judge in ((refit, expected["refit"]), (kept, expected["kept"])):
        assert list(table.index) == judge["rows"]
        assert list(table.columns) == judge["columns"]
        values = np.array(judge["values"], dtype=float)
        # 1e-6 absolute on likelihoods is what every backend promises; p-values of 1e-10 need the relative part.
        np.testing.assert_allclose(table.to_numpy(float), values, rtol=2e-6, atol=2e-6)


def test_heading_is_that_of_r() -> None:
    """The lines above R's table are kept beside it."""
    frame = data("sleepstudy")
    fits = [lme.lmer(formula, frame, REML=False, backend="native") for formula in FORMULAS.values()]
    assert lme.anova(*fits).attrs["heading"] == [
        "Data: data", "Models:", f"MODEL2: {FORMULAS['null']}", f"MODEL3: {FORMULAS['intercepts']}",
        f"MODEL1: {FORMULAS['slopes']}",
    ]  # fmt: skip


def test_models_with_as_many_parameters_have_no_p_value() -> None:
    """A difference of zero degrees of freedom is no test."""
    frame = data("sleepstudy")
    fits = [lme.lmer(FORMULAS["intercepts"], frame, REML=False, backend="native") for _ in range(2)]
    table = lme.anova(*fits)
    assert table["Df"].tolist()[1] == 0
    assert np.isnan(table["Pr(>Chisq)"].iloc[1])


def fit(formula: str, rows: slice = slice(None), *, REML: bool = False) -> Any:
    return lme.lmer(formula, data("sleepstudy").iloc[rows], REML=REML, backend="native")


@pytest.mark.parametrize(
    ("fits", "arguments", "error", "words"),
    [
        (list, {}, ValueError, "two or more"),
        (lambda: [fit(FORMULAS["null"]), "null"], {}, TypeError, "a str is none"),
        (lambda: [fit(FORMULAS["null"])] * 2, {"model_names": ["a"]}, ValueError, "different lengths: 1 and 2"),
        (lambda: [fit(FORMULAS["null"]), fit(FORMULAS["null"], slice(90))], {}, lme.DataError, "dataset: 180, 90"),
        (
            lambda: [fit(FORMULAS["null"], slice(90)), fit(FORMULAS["null"], slice(90, 180))],
            {}, lme.DataError, "same data object",
        ),
    ],
)  # fmt: skip
def test_models_that_cannot_be_compared_are_refused(
    fits: Any, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    """R's words say why, and the numbers of rows are there."""
    with pytest.raises(error, match=words):
        lme.anova(*fits(), **arguments)


def test_mixing_reml_and_ml_without_a_refit_is_warned_about() -> None:
    """The criteria of REML and ML are not comparable, as R says."""
    frame = data("sleepstudy")
    fits = [lme.lmer(FORMULAS[name], frame, REML=name == "null", backend="native") for name in ("null", "slopes")]
    with pytest.warns(lme.LmebridgeWarning, match="some models fit with REML = TRUE, some not"):
        lme.anova(*fits, refit=False)


@pytest.mark.needs_r
def test_table_prints_as_in_r(run_r: Callable[..., Any]) -> None:
    """print(anova(...)) is R's print, heading and stars included."""
    program = """
    data <- read.csv(path)
    null <- lme4::lmer(Reaction ~ 1 + (1 | Subject), data, REML = FALSE)
    days <- lme4::lmer(Reaction ~ Days + (1 | Subject), data, REML = FALSE)
    I(capture.output(print(anova(null, days))))
    """
    expected = run_r(program, path=FIXTURES / "data" / "sleepstudy.csv")
    fits = [fit(FORMULAS[name]) for name in ("null", "intercepts")]
    assert repr(lme.anova(*fits, model_names=["null", "days"])).splitlines() == expected


def test_a_column_that_was_added_since_makes_no_other_data() -> None:
    """Models of one data set stay comparable when a column was added between the fits, as in R."""
    frame = data("sleepstudy")
    null = lme.lmer(FORMULAS["null"], frame, REML=False, backend="native")
    wider = frame.assign(day_after=frame["Days"] + 1)
    slopes = lme.lmer(FORMULAS["slopes"], wider, REML=False, backend="native")
    assert lme.anova(null, slopes).equals(lme.anova(null, fit(FORMULAS["slopes"])))
