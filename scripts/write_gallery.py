"""Write docs/gallery.md and its pictures by running the page's code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = PROJECT / "docs" / "gallery.md", PROJECT / "docs" / "images"
#: Pixels in an inch, and the most bytes a picture may have.
DPI, MOST_BYTES = 90, 60_000
#: Colours of a picture.
COLOURS = 128

HEAD = """# Gallery

Pictures of fitted models, drawn with matplotlib (`pip install "lmebridge[plot]"`): what lme4 and lattice draw, point
for point. Every function takes the Axes to draw on (`ax=`) or makes a figure, and returns the Axes; with several panels
it returns all of them, by what they show. Nothing is shown unasked: call `matplotlib.pyplot.show()`, or save the figure
with `ax.figure.savefig(...)`.

This page is written by `scripts/write_gallery.py`, which runs its code. Each example follows these lines:

```python
{setup}
```
"""

SETUP = """\
import lmebridge as lme

pupils = lme.datasets.hsb()  # 7,185 pupils in 160 schools
fit = lme.lmer("mathach ~ ses + sector + (ses | schoolid)", pupils)

some = pupils[pupils["schoolid"] < 2600]  # the first 26 schools
slopes = lme.lmer("mathach ~ ses + (ses | schoolid)", some)
intercepts = lme.lmer("mathach ~ ses + (1 | schoolid)", some)"""


class Example(NamedTuple):
    """A picture of the page: its file's name, its title, what to see in it, and its code."""

    name: str
    title: str
    text: str
    code: str


EXAMPLES = (
    Example(
        "residuals",
        "Residuals against fitted values",
        "lme4's `plot(m)`. `id=0.01` names the points whose standardized residual is beyond the two-sided 1 % quantile "
        "of the normal distribution, by the levels of their grouping factors.",
        "slopes.plot(id=0.01)",
    ),
    Example(
        "residuals_by_group",
        "Anything against anything, in panels",
        "A formula says what is drawn, in R's words: `.` is the model, the names are columns, and `|` makes panels.",
        'fit.plot("resid(., scaled = TRUE) ~ fitted(.) | sector", abline=0)',
    ),
    Example(
        "observed",
        "Observed against fitted values",
        "With the line on which they agree; the worst fitted pupils are named.",
        "slopes.plot_fitted()",
    ),
    Example(
        "value_added",
        "School effects by rank",
        "The value-added plot: each school's effect with its 95 % interval, from the lowest to the highest. "
        "`highlight=True` colours the schools whose interval does not contain zero.",
        'fit.plot_ranef(term="(Intercept)", orientation="vertical", highlight=True)',
    ),
    Example(
        "caterpillar",
        "Random effects with their intervals",
        "lme4's `dotplot(ranef(m, condVar = TRUE))`: one panel for each effect, the schools in the order of the first. "
        "Names are left out where there is no room for them; `labels=` picks some.",
        "slopes.plot_ranef()",
    ),
    Example(
        "random_intercepts",
        "Random intercepts: parallel lines",
        "The fitted line of each school over its own range, the pupils, and the line without random effects.",
        "intercepts.plot_groups()",
    ),
    Example(
        "random_slopes",
        "Random slopes: each school has its own",
        "The same with slopes that vary. `x=` and `group=` say which predictor and which factor; predictors that are "
        "not drawn are at the group's own value where they do not vary within it, else at their mean.",
        "slopes.plot_groups()",
    ),
    Example(
        "group_panels",
        "One panel a group",
        "As lattice's `xyplot(y ~ x | g)`, with the fitted line and, dashed, the line without random effects.",
        "schools = [1224, 1288, 1296, 1308, 1317, 1358, 1374, 1433, 1436, 1461, 1462, 1477]\n"
        "slopes.plot_groups(levels=schools, panels=True)",
    ),
    Example(
        "quantiles",
        "Normal quantiles of the residuals",
        "lme4's `qqmath(m)`, with the line through the quartiles.",
        "fit.qqmath()",
    ),
    Example(
        "quantiles_of_effects",
        "Normal quantiles of the random effects",
        "lme4's `qqmath(ranef(m, condVar = TRUE))`: each panel in its own order.",
        "slopes.qqmath_ranef()",
    ),
    Example(
        "profile",
        "Profile zeta",
        "lattice's `xyplot(profile(m))`: straight where the deviance is quadratic, with the limits of five confidence "
        "levels. A profile that is there already is drawn by `lme.plot_profile(table)`.",
        "intercepts.plot_profile()",
    ),
    Example(
        "boxes",
        "Boxes by group",
        "lme4's `plot(m, schoolid ~ resid(.))`, with R's hinges and whiskers; here by median.",
        'slopes.plot_by_group("resid(.)", order="median")',
    ),
    Example(
        "densities",
        "Densities by group",
        "R's `density()` of each group, of anything the model or the data have a value of for each row.",
        'fit.plot_by_group("mathach", group="sector", kind="density")',
    ),
    Example(
        "linear_model",
        "A linear model",
        "The panels of R's `plot.lm`, of a model without random effects.",
        'lme.lm("mathach ~ ses", some).plot()',
    ),
)


def page() -> str:
    """The page's text."""
    return "\n".join([HEAD.format(setup=SETUP), *map(section, EXAMPLES)])


def section(example: Example) -> str:
    """One picture's part of the page."""
    picture = f"![{example.title}](images/{example.name}.png)"
    return f"## {example.title}\n\n{example.text}\n\n```python\n{example.code}\n```\n\n{picture}\n"


def figures() -> dict[str, Figure]:
    """Every example's figure, by running the code; the caller closes them."""
    namespace: dict[str, Any] = {}
    exec(SETUP, namespace)
    return {example.name: figure_of(example.code, namespace) for example in EXAMPLES}


def figure_of(code: str, namespace: dict[str, Any]) -> Figure:
    """The figure of the Axes that the code's last line gives."""
    *before, last = code.splitlines()
    exec("\n".join(before), namespace)
    drawn = eval(last, namespace)
    axes = next(iter(drawn.values())) if isinstance(drawn, dict) else drawn
    return axes.get_figure()


def write() -> None:
    """Write the page and the pictures."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    os.environ["LMEBRIDGE_BACKEND"] = "native"  # the same numbers, and so the same files, with R and without
    IMAGES.mkdir(exist_ok=True)
    for name, figure in figures().items():
        save(figure, IMAGES / f"{name}.png")
        plt.close(figure)
    PAGE.write_text(page(), encoding="utf-8")


def save(figure: Figure, path: Path) -> None:
    """Write a picture in few colours and without a date, a program or a version, so that it is small and stays."""
    from io import BytesIO

    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, dpi=DPI, format="png")
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    write()
