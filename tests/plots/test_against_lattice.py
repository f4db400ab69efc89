"""The points, bars and lines drawn are those that lme4's own methods hand to lattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.inference.models import fitted
from tests.plots.judged import ask_lattice, bars, marks, sloped_line

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.needs_r, pytest.mark.filterwarnings("ignore::lmebridge.SingularFitWarning")]
MODELS = ("slopes", "nested", "crossed", "singular")
both = pytest.mark.parametrize("backend", ["lme4", "native"])
every = pytest.mark.parametrize("name", MODELS)

PROGRAM = """
residuals_of <- residuals(fits$slopes)
subjects <- model.frame(fits$slopes)$Subject
profile <- profile_of(fits$slopes, NULL)
list(
  pictures = lapply(fits[c("slopes", "nested", "crossed", "singular")], pictures_of),
  profile = zetas_of(profile), absolute = zetas_of(profile, absVal = TRUE),
  singular = zetas_of(profile_of(fits$singular, 1)),
  boxes = boxes_of(residuals_of, subjects), median = boxes_of(residuals_of[1:9], subjects[1:9])[1],
  density = density_of(residuals_of), histogram = histogram_of(residuals_of),
  few = {
    few <- sleepstudy[1:10, ]
    list(x = sort(qqnorm(few$Reaction, plot.it = FALSE)$x))
  }
)
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything that R draws, from one R program."""
    folder: Path = tmp_path_factory.mktemp("lattice")
    return ask_lattice(PROGRAM, folder)


def panels(drawn: Any, keys: list[Any]) -> dict[Any, Any]:
    """Axes by what they show, of one panel too."""
    found = drawn if isinstance(drawn, dict) else {keys[0]: drawn}
    assert list(found) == keys
    return found


def close(found: Any, wanted: Any, *, scale: float | None = None) -> None:
    """Equal up to where lme4's own search ends."""
    wanted = np.asarray(wanted, dtype=float)
    width = scale or max(float(np.std(wanted)), 1e-3)
    # 2e-4 of the spread: lme4's default search ends where theta is known to 1e-4, wherever it runs.
    np.testing.assert_allclose(np.asarray(found, dtype=float), wanted, rtol=0, atol=2e-4 * width)


def by_x(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(points.T)]


@both
@every
def test_residuals_against_fitted(name: str, backend: str, judged: dict[str, Any]) -> None:
    """plot(m) has Pearson residuals up and fitted values across, row by row, and a line at zero."""
    ax = fitted(name, backend).plot()
    wanted = judged["pictures"][name]["plot"]
    close(marks(ax)[:, 0], wanted["x"], scale=float(np.std(wanted["y"])))
    close(marks(ax)[:, 1], wanted["y"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("fitted(.)", 'resid(., type = "pearson")')
    assert any(list(line.get_ydata()) == [0, 0] for line in ax.get_lines())


@both
@every
def test_caterpillar(name: str, backend: str, judged: dict[str, Any]) -> None:
    """dotplot(ranef(m)): the same levels from below in the order of the first effect, with bars of 1.96 deviations."""
    wanted = judged["pictures"][name]["dotplot"]
    keys = [(group, term) for group, terms in wanted.items() for term in terms]
    for (group, term), ax in panels(fitted(name, backend).plot_ranef(labels=True), keys).items():
        panel = pd.DataFrame({key: wanted[group][term][key] for key in ("x", "y", "se")}).sort_values("y")
        close(marks(ax)[:, 0], panel["x"])
        np.testing.assert_array_equal(marks(ax)[:, 1], panel["y"])
        ends = np.column_stack([panel["x"] - 1.96 * panel["se"], panel["x"] + 1.96 * panel["se"]])
        close(bars(ax)[:, :, 0], ends)
        first = next(one for one in keys if one[0] == group)
        if (group, term) == first and name != "singular":
            names = [text.get_text() for text in ax.get_yticklabels()]
            # By name: levels whose effects are equal are in either order where these differ in their last digit.
            close(pd.Series(marks(ax)[:, 0], index=names).loc[wanted[group][term]["levels"]], panel["x"])


@both
@every
def test_quantiles_of_random_effects(name: str, backend: str, judged: dict[str, Any]) -> None:
    """qqmath(ranef(m)): effects across with their bars, normal quantiles of (rank - 1/2)/n up."""
    wanted = judged["pictures"][name]["qqmath_ranef"]
    keys = [(group, term) for group, terms in wanted.items() for term in terms]
    for (group, term), ax in panels(fitted(name, backend).qqmath_ranef(), keys).items():
        panel = wanted[group][term]
        close(marks(ax)[:, 0], panel["x"])
        # 1e-12: one formula on both sides.
        np.testing.assert_allclose(marks(ax)[:, 1], panel["y"], rtol=0, atol=1e-12)
        half = (bars(ax)[:, 1, 0] - bars(ax)[:, 0, 0]) / 2
        close(half, 1.96 * np.array(panel["se"]), scale=float(np.mean(panel["se"])) or 1.0)


@every
def test_quantiles_of_random_effects_without_variances(name: str, judged: dict[str, Any]) -> None:
    """qqmath(ranef(m, condVar = FALSE)) has normal quantiles across and no bars."""
    wanted = judged["pictures"][name]["qqmath_without"]
    keys = [(group, term) for group, terms in wanted.items() for term in terms]
    drawn = lme.qqmath(fitted(name, "native").ranef(condVar=False))
    for (group, term), ax in panels(drawn, keys).items():
        np.testing.assert_allclose(marks(ax)[:, 0], wanted[group][term]["x"], rtol=0, atol=1e-12)  # one formula
        close(marks(ax)[:, 1], wanted[group][term]["y"])
        assert len(ax.collections) == 0


@both
@every
def test_quantiles_of_residuals(name: str, backend: str, judged: dict[str, Any]) -> None:
    """qqmath(m): R's qqnorm of the scaled Pearson residuals, and the line through the quartiles."""
    ax = fitted(name, backend).qqmath()
    wanted = judged["pictures"][name]["qqmath"]
    np.testing.assert_allclose(marks(ax)[:, 0], wanted["x"], rtol=0, atol=1e-12)  # 1e-12: one formula on both sides
    close(marks(ax)[:, 1], wanted["y"])
    close(sloped_line(ax), judged["pictures"][name]["line"], scale=1.0)


def test_few_values_have_other_plotting_positions(judged: dict[str, Any]) -> None:
    """Up to ten values R's ppoints takes 3/8 off."""
    from lmebridge.plots.quantiles import normal_quantiles

    np.testing.assert_allclose(normal_quantiles(10), judged["few"]["x"], rtol=0, atol=1e-12)  # one formula


@pytest.mark.parametrize("backend", ["native", pytest.param("lme4", marks=pytest.mark.slow)])
def test_profile(backend: str, judged: dict[str, Any]) -> None:
    """xyplot(profile(m)): vertical lines from zero to zeta at the limits of five confidence levels, on the curve."""
    model = fitted("slopes", backend)
    table = model.profile()
    wanted = judged["profile"]
    for name, ax in panels(lme.plot_profile(table), list(wanted)).items():
        places, heights = np.array(wanted[name]["x"]), np.array(wanted[name]["y"])
        found = bars(ax)
        # 1e-3 of the width: what the profiles themselves are held to.
        np.testing.assert_allclose(found[:, 0, 0], places, rtol=0, atol=1e-3 * np.ptp(places))
        np.testing.assert_allclose(found[:, :, 1].sum(axis=1), heights, rtol=0, atol=1e-12)
        curve = next(line.get_xydata() for line in ax.get_lines() if len(line.get_xdata()) > 50)
        # 0.01: a straight line between a hundred points of the curve, its bend and the profile's own error.
        np.testing.assert_allclose(np.interp(places, *curve.T), heights, rtol=0, atol=0.01)


def test_profile_of_absolute_values(judged: dict[str, Any]) -> None:
    """absVal: every height is positive, and each level has its interval as a horizontal line."""
    drawn = fitted("slopes", "native").plot_profile(["sigma", "Days"], absVal=True)
    for name, ax in drawn.items():
        heights = np.array(judged["absolute"][name]["y"])
        upright = [bar for bar in bars(ax) if bar[0, 0] == bar[1, 0]]
        np.testing.assert_allclose([bar[:, 1].sum() for bar in upright], heights, rtol=0, atol=1e-12)  # the same levels
        across = np.array([bar for bar in bars(ax) if bar[0, 0] != bar[1, 0]])
        places = np.array(judged["absolute"][name]["x"])
        wide = 1e-3 * np.ptp(places)  # what the profiles themselves are held to
        np.testing.assert_allclose(across[:, 0, 0], np.delete(places, 5), rtol=0, atol=wide)
        np.testing.assert_allclose(across[:, 1, 0], np.delete(places[::-1], 5), rtol=0, atol=wide)


def test_profile_at_a_bound(judged: dict[str, Any]) -> None:
    """A standard deviation estimated as zero has no lower limits: their marks stand at zero, as lattice's."""
    name = "sd_(Intercept)|Batch"
    ax = fitted("singular", "native").plot_profile(name)
    places, heights = (np.array(judged["singular"][name][axis]) for axis in "xy")
    np.testing.assert_allclose(bars(ax)[:, 0, 0], places, rtol=0, atol=2e-3 * np.ptp(places))  # the profile's own error
    np.testing.assert_allclose(bars(ax)[:, :, 1].sum(axis=1), heights, rtol=0, atol=1e-12)
    assert (heights == 0).sum() > 1


@both
def test_boxes(backend: str, judged: dict[str, Any]) -> None:
    """plot(m, Subject ~ resid(.)) and plot_by_group: R's boxplot.stats, the first level lowest."""
    model = fitted("slopes", backend)
    for ax in (model.plot("Subject ~ resid(.)"), model.plot_by_group()):
        assert [text.get_text() for text in ax.get_yticklabels()] == list(judged["boxes"])
        lines = [line for line in ax.get_lines() if len(line.get_xdata()) > 0]
        medians = [line for line in lines if line.get_color() == "#c8442b"]
        close([line.get_xdata()[0] for line in medians], [box["stats"][2] for box in judged["boxes"].values()])
        corners = [np.asarray(patch.get_path().vertices)[:, 0] for patch in ax.patches]
        close([[one.min(), one.max()] for one in corners], [box["stats"][1:4:2] for box in judged["boxes"].values()])
        beyond = [line.get_xdata() for line in lines if line.get_marker() == "o"]
        close(np.sort(np.concatenate(beyond)), sorted(x for box in judged["boxes"].values() for x in box["out"]))


def test_box_of_an_even_count(judged: dict[str, Any]) -> None:
    """Hinges are Tukey's, which quartiles are not."""
    from lmebridge.plots.boxes import box_statistics

    residuals = fitted("slopes", "lme4").residuals().to_numpy()[:9]
    found = box_statistics(residuals)
    (wanted,) = judged["median"].values()
    close([found[key] for key in ("whislo", "q1", "med", "q3", "whishi")], wanted["stats"])


def test_density_is_rs(judged: dict[str, Any]) -> None:
    """Bandwidth, places and heights of R's density()."""
    from lmebridge.plots.boxes import bandwidth, density

    residuals = fitted("slopes", "lme4").residuals().to_numpy()
    close([bandwidth(residuals)], [judged["density"]["bw"]], scale=judged["density"]["bw"])
    x, y = density(residuals)
    close(x, judged["density"]["x"])
    peak = max(judged["density"]["exact"])
    # 1e-6 of the peak: the sum of normal densities itself, at residuals of two runs of lme4's search.
    np.testing.assert_allclose(y, judged["density"]["exact"], rtol=0, atol=1e-6 * peak)
    # 2e-3 of the peak: R bins the data, before 4.4 with a bias of about half of its 512 places' distance.
    np.testing.assert_allclose(y, judged["density"]["y"], rtol=0, atol=2e-3 * peak)


def test_histogram_is_lattices(judged: dict[str, Any]) -> None:
    """The bars of a one-sided formula are as many, as wide and as high as lattice's histogram."""
    ax = fitted("slopes", "lme4").plot("~ resid(.)")
    edges = [bar.get_x() for bar in ax.patches]
    close(edges, judged["histogram"]["breaks"][:-1])
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], judged["histogram"]["percent"], atol=1e-9)
