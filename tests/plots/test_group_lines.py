"""Group lines are R's predictions, and the points are the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.plots.group_curves import LINE_POINTS
from tests.cases import FIXTURES, data
from tests.judge import run_r
from tests.plots.judged import bars, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODELS = {
    "slopes": ("sleepstudy", "Reaction ~ Days + (Days | Subject)"),
    "uncorrelated": ("sleepstudy", "Reaction ~ Days + (Days || Subject)"),
    "curved": ("sleepstudy", "Reaction ~ poly(Days, 2) + (Days | Subject)"),
    "rescaled": ("sleepstudy", "Reaction ~ as.vector(scale(Days)) + (as.vector(scale(Days)) | Subject)"),
    "factor": ("sleepstudy", "Reaction ~ factor(Days) + (1 | Subject)"),
    "crossed": ("sleepstudy", "shifted ~ Days + (1 | Subject) + (1 | third)"),
    "cake": ("cake", "angle ~ recipe + temp + (1 | recipe:replicate)"),
}
both = pytest.mark.parametrize("backend", ["lme4", "native"])
every = pytest.mark.parametrize("name", MODELS)

PROGRAM = """
suppressMessages(library(lme4))
read <- function(source) {
  frame <- read.csv(file.path(data_folder, paste0(source, ".csv")), stringsAsFactors = TRUE)
  factors <- intersect(names(frame), c("Subject", "replicate"))
  frame[factors] <- lapply(frame[factors], factor)
  if (source == "sleepstudy")
    frame <- transform(frame, third = factor(Days %% 3), shifted = Reaction + 30 * (Days %% 3))
  frame
}
setNames(lapply(seq_along(formulas), function(i) {
  frame <- read(sources[i])
  m <- lmer(as.formula(formulas[i]), frame)
  only <- if (names_of[i] == "crossed") ~(1 | Subject)
  group <- if (sources[i] == "cake") interaction(frame$recipe, frame$replicate, sep = ":") else frame$Subject
  list(group = as.character(group), x = frame[[if (sources[i] == "cake") "temp" else "Days"]],
       y = unname(model.response(model.frame(m))), line = unname(predict(m, re.form = only)),
       without = unname(predict(m, re.form = NA)))
}), names_of)
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each model's predictions in R at the rows of its data."""
    return run_r(
        PROGRAM,
        tmp_path_factory.mktemp("lines"),
        data_folder=FIXTURES / "data",
        names_of=list(MODELS),
        sources=[source for source, _ in MODELS.values()],
        formulas=[formula for _, formula in MODELS.values()],
    )


def fitted(name: str, backend: str) -> lme.MerMod:
    source, formula = MODELS[name]
    frame = data(source)
    if source == "sleepstudy":
        third = frame["Days"] % 3
        frame = frame.assign(third=third.astype(int).astype("category"), shifted=frame["Reaction"] + 30 * third)
    return lme.lmer(formula, frame, backend=backend)


def lines_of(ax: Axes) -> list[np.ndarray]:
    return list(bars(ax)) if len({len(line) for line in ax.collections[0].get_segments()}) == 1 else []


@pytest.mark.needs_r
@both
@every
def test_lines_are_predictions(name: str, backend: str, judged: dict[str, Any]) -> None:
    """Each group's line passes through R's predictions for it, over the group's own range; crossed factors are out."""
    ax = fitted(name, backend).plot_groups()
    wanted = pd.DataFrame({key: judged[name][key] for key in ("group", "x", "line")})
    levels = wanted.groupby("group", sort=False)
    found = lines_of(ax)
    assert len(found) == levels.ngroups
    for _, own in levels:
        gaps = [np.abs(np.interp(own["x"], *line.T, left=np.nan, right=np.nan) - own["line"]).max() for line in found]
        # Each line belongs to one group, so that it is taken out when it has been found.
        found.pop(int(np.nanargmin(gaps)))
        assert np.nanmin(gaps) < tolerance(name)


def tolerance(name: str) -> float:
    """How far a line may be from R's predictions, in units of the response (their deviation is 8 to 56)."""
    # 0.01: where lme4's search ends, 2e-4 of the effects' deviation of 25 and more. 0.05 for the parabola, whose height
    # between two of 25 points is at most 1/(4 * 24^2) of what it rises by, 60.
    return 0.05 if name == "curved" else 0.01


@pytest.mark.needs_r
@every
def test_points_are_the_data(name: str, judged: dict[str, Any]) -> None:
    """The observed responses against the predictor, all rows."""
    found = marks(fitted(name, "native").plot_groups(population=False))
    wanted = np.column_stack([judged[name]["x"], judged[name]["y"]])
    order = [np.lexsort(points.T[::-1]) for points in (found, wanted)]
    np.testing.assert_allclose(found[order[0]], wanted[order[1]], rtol=1e-12)  # 1e-12: fitted plus residual


@pytest.mark.needs_r
@both
def test_population_line(backend: str, judged: dict[str, Any]) -> None:
    """The line without random effects is R's predict(re.form = NA)."""
    ax = fitted("slopes", backend).plot_groups()
    (line,) = [one for one in ax.get_lines() if one.get_label() == "without random effects"]
    wanted = np.interp(line.get_xdata(), judged["slopes"]["x"][:10], judged["slopes"]["without"][:10])
    np.testing.assert_allclose(line.get_ydata(), wanted, rtol=1e-6)  # 1e-6: where lme4's search ends


@pytest.mark.needs_r
def test_panels_are_lattices(judged: dict[str, Any]) -> None:
    """panels=True: each group's points and line in a panel of its own, under its name."""
    drawn = fitted("slopes", "native").plot_groups(panels=True)
    wanted = pd.DataFrame({key: judged["slopes"][key] for key in ("group", "x", "y", "line")})
    assert sorted(drawn) == sorted(set(wanted["group"]))
    for level, ax in drawn.items():
        own = wanted[wanted["group"] == level]
        np.testing.assert_allclose(marks(ax), own[["x", "y"]], rtol=1e-9)  # 1e-9: fitted plus residual
        line = next(one for one in ax.get_lines() if one.get_label() == level)
        np.testing.assert_allclose(np.interp(own["x"], *line.get_data()), own["line"], rtol=0, atol=tolerance("slopes"))
        assert ax.get_title() == level


def test_other_predictors_are_held() -> None:
    """A group-level predictor has the group's value in its line, `at` holds others, and the rest are at their mean."""
    fit = lme.lmer("mathach ~ ses + sector + minority + (ses | schoolid)", lme.datasets.hsb(), backend="native")
    schools = ["1224", "1308"]
    coefficients = fit.coef()["schoolid"].loc[schools]
    sector = fit.data.groupby("schoolid")["sector"].first().loc[[1224, 1308]].to_numpy()
    for minority, at in ((fit.data["minority"].mean(), None), (1.0, {"minority": 1})):
        lines = lines_of(fit.plot_groups(levels=schools, at=at))
        for line, level, own in zip(lines, schools, sector, strict=True):
            values = coefficients.loc[level]
            held = values["(Intercept)"] + values["sector"] * own + values["minority"] * minority
            # 1e-10: the same sum in another order.
            np.testing.assert_allclose(line[:, 1], held + values["ses"] * line[:, 0], rtol=1e-10)


def test_which_predictor_and_group_are_drawn_unasked() -> None:
    """The first random slope and its group; a line has a fixed number of points."""
    frame = data("sleepstudy").assign(age=np.arange(180) % 7 + 20.0)
    fit = lme.lmer("Reaction ~ age + Days + (Days | Subject)", frame, backend="native")
    assert fit.plot_groups().get_xlabel() == "Days"
    ax = fit.plot_groups("age")
    assert ax.get_xlabel() == "age"
    assert {len(line) for line in ax.collections[0].get_segments()} == {LINE_POINTS}
