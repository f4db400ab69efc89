"""What cannot be drawn is refused with what there is, and no empty figure is left behind."""

from __future__ import annotations

import builtins
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.errors import DataError, FormulaError, LmebridgeError, MissingExtra, PictureError
from tests.cases import data
from tests.inference.models import fitted
from tests.plots.judged import bars, marks, texts

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore::lmebridge.SingularFitWarning")


@cache
def slopes() -> lme.MerMod:
    return fitted("slopes", "native")


@cache
def single() -> lme.LinearModel:
    return lme.lm("Reaction ~ Days", data("sleepstudy"), backend="native")


def scaled() -> lme.MerMod:
    return lme.lmer("Reaction ~ as.vector(scale(Days)) + (1 | Subject)", data("sleepstudy"), backend="native")


def schools() -> lme.MerMod:
    return lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")


#: What is asked for, and the words of the refusal.
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: slopes().plot_ranef(group="Batch"), "'Batch' is not a grouping factor of this model; there are 'Subject'"),
    (lambda: slopes().plot_ranef(term="days"), r"term='days' .* there are '\(Intercept\)', 'Days'"),
    (lambda: slopes().plot_ranef(order="size"), "order='size'"),
    (lambda: slopes().plot_ranef(orientation="up"), "'horizontal' or 'vertical'"),
    (lambda: slopes().plot_ranef(level=95), "between 0 and 1, such as 0.95"),
    (lambda: slopes().plot_ranef(labels=["999"]), "there is no level '999'; the first levels are"),
    (lambda: slopes().plot_ranef(ax="left"), "ax='left': pictures are drawn on matplotlib Axes"),
    (lambda: slopes().plot_ranef(term="Days", ax=_figure()), "not on a Figure"),
    (lambda: slopes().plot_ranef(ax=_axes(1)), "ax has 1 Axes, and this picture has 2 panels"),
    (lambda: lme.plot_ranef(single()), "a LinearModel has no random effects: fit one with lmebridge.lmer"),
    (lambda: lme.qqmath_ranef(single()), "has no random effects"),
    (lambda: slopes().qqmath_ranef(group="x"), "there are 'Subject'"),
    (lambda: slopes().qqmath(id=2), "id=2: name points by a level between 0 and 1"),
    (lambda: slopes().qqmath(id=0.1, idLabels=["a"]), "idLabels has 1 names, the fit has 180 rows"),
    (lambda: slopes().plot("resid(.) ~ Subject"), "`Subject` is not numeric"),
    (lambda: slopes().plot("resid(.) ~ leverage(.)"), r"`leverage\(.\)`: of this model there are fitted\(.\),"),
    (lambda: slopes().plot('resid(., kind = "x") ~ fitted(.)'), "unexpected keyword argument 'kind'"),
    (lambda: slopes().plot("resid(., type = Days) ~ fitted(.)"), "arguments are constants"),
    (lambda: slopes().plot("resid(.)"), "needs a `~`"),
    (lambda: slopes().plot(3), "form is a text"),
    (lambda: slopes().plot("resid(.) ~ day"), "object 'day' not found.* Did you mean 'Days'"),
    (lambda: slopes().plot("resid ~ fitted"), r"what the model gives is written `fitted\(.\)`"),
    (lambda: slopes().plot_groups("Day"), "'Day' is no column of the data; there are 'Reaction', 'Days', 'Subject'"),
    (lambda: slopes().plot_groups("Subject"), "x='Subject' is not numeric"),
    (lambda: slopes().plot_groups(group="Days"), "group='Days' is not a grouping factor"),
    (lambda: slopes().plot_groups(levels=["1"]), "Subject has no level '1'; there are '308'"),
    (lambda: slopes().plot_groups(levels=[]), "levels is empty"),
    (lambda: slopes().plot_groups(at={"age": 3}), "'age' is no column"),
    (lambda: scaled().plot_groups(at={"Subject": "308"}), "its lines go through the fitted values"),
    (lambda: fitted("one", "native").plot_groups(), "no numeric predictor"),
    (lambda: schools().plot_groups(panels=True), "schoolid has 160 levels, and a figure takes 60 panels: name some"),
    (lambda: schools().plot("resid(.) ~ fitted(.) | schoolid"), "schoolid has 160 levels, and a figure takes 60"),
    (lambda: slopes().plot_by_group(kind="violin"), "kind='violin': groups are shown by a 'box' or a 'density'"),
    (lambda: slopes().plot_by_group(order="mean"), "order='mean'"),
    (lambda: slopes().plot_by_group(group="school"), r"neither a grouping factor \('Subject'\) nor a column"),
    (lambda: slopes().plot_by_group("Subject"), "`Subject` is not numeric"),
    (lambda: slopes().plot_by_group(labels=["x"]), "there is no level 'x'"),
    (lambda: slopes().plot_by_group(group=".obs", kind="density"), "no group has two different values"),
    (lambda: single().plot_by_group(), "no grouping factor: name a column with group=, such as 'Reaction'"),
    (lambda: single().plot(4), "the panels of a linear model are 1, 2, 3, 5"),
    (lambda: lme.plot_profile(single()), "a LinearModel has no profile"),
    (lambda: slopes().plot_profile("tau"), "tau"),
    (lambda: slopes().plot_profile("sigma", conf=(0.95, 1.0)), "strictly between 0 and 1"),
    (lambda: lme.plot_profile(data("sleepstudy")), "this table is no profile"),
    (lambda: lme.plot_profile(slopes().profile("sigma"), "Days"), "'Days' is not in this profile; there are 'sigma'"),
]  # fmt: skip


def _figure(layout: Any = None) -> Any:
    import matplotlib.figure

    return matplotlib.figure.Figure(layout=layout)


def _axes(count: int) -> Any:
    import matplotlib.figure

    return matplotlib.figure.Figure().subplots(1, count)


@pytest.mark.parametrize(("ask", "words"), REFUSED, ids=[words[:40] for _, words in REFUSED])
def test_refusals_say_what_there_is(ask: Callable[[], Any], words: str) -> None:
    """Every refusal is an LmebridgeError in words a reader can act on, before a figure is made."""
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    with pytest.raises(LmebridgeError, match=words) as caught:
        ask()
    assert isinstance(caught.value, PictureError | FormulaError | DataError)
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    "draw",
    [
        lambda: slopes().plot(),
        lambda: slopes().plot_ranef(),
        lambda: slopes().plot_groups(),
        lambda: slopes().plot_profile("sigma"),
        lambda: single().plot(),
    ],
)
def test_without_matplotlib(draw: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing matplotlib is named with the line that installs it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r'Run: pip install "lmebridge\[plot\]"'):
        draw()


def test_singular_fit() -> None:
    """Conditional variances that are zero are bars of no length at zero."""
    fit = fitted("singular", "native")
    for ax in (fit.plot_ranef(), fit.qqmath_ranef(), fit.plot_ranef(orientation="vertical", highlight=True)):
        assert np.ptp(bars(ax), axis=1).max() == 0
        assert len(marks(ax)) == 6
        ax.figure.canvas.draw()


def test_orders() -> None:
    """Levels go by the first effect drawn, by their own, or as they are in the factor; the axis says which."""
    fit = slopes()
    effects = fit.ranef()["Subject"]
    first, own, levels = (
        fit.plot_ranef(order=order, orientation="vertical")["Subject", "Days"] for order in ("first", "own", "levels")
    )
    for ax, table in (
        (first, effects.sort_values("(Intercept)")),
        (own, effects.sort_values("Days")),
        (levels, effects),
    ):
        assert marks(ax)[:, 1].tolist() == table["Days"].tolist()
    named = [ax.get_xlabel() for ax in (first, own, levels)]
    assert named == ["rank of Subject by (Intercept)", "rank of Subject", "Subject"]
    assert marks(fit.plot_ranef(term="Days"))[:, 0].tolist() == sorted(effects["Days"])


def test_intervals_of_another_level() -> None:
    """Any level but lme4's 95 % has the normal quantile itself."""
    fit = slopes()
    spread = np.sqrt(fit.ranef().postVar["Subject"][:, 0, 0])
    for level, quantile in ((0.95, 1.96), (0.5, 0.6744897501960817), (0.84, 1.4050715603096329)):
        ends = bars(fit.plot_ranef(term="(Intercept)", level=level, order="levels"))[:, :, 0]
        # 1e-12: one sum on both sides.
        np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2 * quantile * spread, rtol=1e-12)


def test_highlighted_are_those_beyond_zero() -> None:
    """Colours tell intervals above zero, below zero and across it."""
    ax = slopes().plot_ranef(term="Days", highlight=True)
    ends = bars(ax)[:, :, 0]
    colours = [tuple(colour) for colour in ax.collections[0].get_colors()]
    sides = np.where(ends[:, 0] > 0, 1, np.where(ends[:, 1] < 0, -1, 0)).tolist()
    assert set(sides) == {-1, 0, 1}
    assert len(set(zip(colours, sides, strict=True))) == len(set(colours)) == 3


def test_one_level_of_interest() -> None:
    """A factor of two levels, and one level alone, are drawn."""
    frame = data("sleepstudy")
    two = lme.lmer("Reaction ~ Days + (1 | Subject)", frame[frame["Subject"].isin(["308", "309"])], backend="native")
    assert len(marks(two.plot_ranef())) == 2
    assert len(bars(slopes().plot_groups(levels=["308"]))) == 1
    assert list(slopes().plot_groups(levels="308", panels=True).get_lines()[0].get_xdata()) == list(range(10))


def test_axes_given_are_drawn_on() -> None:
    """One Axes, an array of them, a list, and the mapping that a picture returned before."""
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    one = _axes(1)
    assert slopes().plot(ax=one) is one
    two = _axes(2)
    drawn = slopes().plot_ranef(ax=two)
    assert list(drawn.values()) == list(two)
    again = slopes().qqmath_ranef(ax=drawn)
    assert list(again.values()) == list(two)
    part = _figure("constrained").subfigures(1, 2)[0].subplots()
    assert texts(slopes().plot_fitted(ax=part))
    assert plt.get_fignums() == before
    assert not one.figure.get_axes()[1:]


def test_rows_left_out_are_not_drawn() -> None:
    """Missing values take their rows out of every picture, under na.exclude too, and the index may be of any kind."""
    frame = data("sleepstudy").set_axis(pd.Index([f"row {number}" for number in range(180)]), axis=0)
    frame.loc["row 5", "Reaction"] = np.nan
    for na_action in ("na.omit", "na.exclude"):
        fit = lme.lmer("Reaction ~ Days + (Days | Subject)", frame, na_action=na_action, backend="native")
        for ax in (fit.plot(), fit.qqmath(), fit.plot_fitted(), fit.plot("Reaction ~ Days"), fit.plot_groups()):
            assert len(marks(ax)) == 179
        assert len(fit.plot_by_group("Reaction").get_yticks()) == 18


def test_named_points() -> None:
    """Points are named by a level, an expression, a column or a list, and each name once."""
    residuals = slopes().residuals(scaled=True)
    extreme = slopes().data[np.abs(residuals) > 3]
    subjects = sorted(extreme["Subject"].astype(str))
    assert len(subjects) >= 3
    for names in (None, "Subject", "~ Subject", slopes().data["Subject"].tolist()):
        assert sorted(texts(slopes().plot(id="abs(resid(., scaled = TRUE)) > 3", idLabels=names))) == subjects
    # 0.0026998 is how often a normal deviate is beyond 3.
    assert sorted(texts(slopes().qqmath(id=0.0026998))) == subjects
    assert sorted(texts(slopes().plot_fitted(id=0.0026998, idLabels=".obs"))) == sorted(map(str, extreme.index + 1))


def test_functions_are_the_methods() -> None:
    """Every picture is a function of the model too, and nothing is shown."""
    names = (
        "plot",
        "plot_fitted",
        "plot_ranef",
        "plot_groups",
        "plot_by_group",
        "plot_profile",
        "qqmath",
        "qqmath_ranef",
    )
    for name in names:
        assert callable(getattr(lme, name))
        assert getattr(lme.MerMod, name).__doc__ == getattr(lme, name).__doc__
    assert len(marks(lme.plot(slopes()))) == len(marks(lme.plot(single(), 1))) == 180


def test_names_beside_points_keep_apart() -> None:
    """No two names overlap, and none leaves the panel."""
    ax = slopes().plot_fitted(id=0.2)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
    assert len(boxes) > 10
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
    frame = ax.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
    assert all(frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)
