"""ggplot2 in plotnine: the code as a person would write it, and what is drawn as R draws it."""

from __future__ import annotations

import copy
import io
import warnings

import numpy as np
import pandas as pd
import pytest

from lmebridge.migrate import translate
from tests.judge import run_r

pytest.importorskip("plotnine")

LAYERS = {
    "geom_point()": "geom_point()",
    'geom_point(colour = "grey70", alpha = .6, shape = 17)': 'geom_point(color="#B3B3B3", alpha=0.6, shape="^")',
    "geom_point(shape = 1)": 'geom_point(shape="o", fill="none")',
    'geom_line(aes(y = pred), linewidth = 1.1, linetype = "dashed")': (
        'geom_line(aes(y="pred"), size=1.1, linetype="dashed")'
    ),
    "geom_hline(yintercept = 0, lty = 2)": 'geom_hline(yintercept=0, linetype="dashed")',
    "geom_abline(slope = 1, intercept = 0)": "geom_abline(slope=1, intercept=0)",
    "geom_errorbar(aes(ymin = y - 1.96 * se, ymax = y + 1.96 * se), width = 0)": (
        'geom_errorbar(aes(ymin="y - 1.96 * se", ymax="y + 1.96 * se"), width=0)'
    ),
    'geom_smooth(method = "lm", se = FALSE)': 'geom_smooth(method="lm", se=False)',
    "geom_smooth(method = lm, formula = y ~ x)": 'geom_smooth(method="lm")',
    "geom_histogram()": "geom_histogram(bins=30)",
    "geom_histogram(aes(y = ..density..), binwidth = 2)": 'geom_histogram(aes(y=after_stat("density")), binwidth=2)',
    "geom_density(aes(fill = factor(g)), alpha = 0.4)": 'geom_density(aes(fill="factor(g)"), alpha=0.4)',
    "geom_text(aes(label = g), size = 3, hjust = 0)": 'geom_text(aes(label="g"), size=8.5, ha="left")',
    "geom_jitter(width = 0.1, height = 0)": "geom_jitter(width=0.1, height=0)",
    'stat_summary(fun = mean, geom = "point")': 'stat_summary(geom="point", fun_y=np.mean)',
    "stat_qq()": "stat_qq(alpha_beta=(0.5, 0.5))",
    'geom_point(aes(col = "model"))': "geom_point(aes(color=\"'model'\"))",
    "geom_point(aes(group = 1))": "geom_point(aes(group=1))",
    "geom_point(position = position_dodge(width = 0.5))": "geom_point(position=position_dodge(width=0.5))",
    "facet_wrap(~ g, ncol = 2)": 'facet_wrap("g", ncol=2)',
    'facet_wrap(vars(g, h), scales = "free_y")': 'facet_wrap(["g", "h"], scales="free_y")',
    "facet_grid(g ~ h)": 'facet_grid(rows="g", cols="h")',
    "facet_grid(. ~ h)": 'facet_grid(cols="h")',
    'scale_colour_brewer(palette = "Set2", name = "Rating")': 'scale_color_brewer(palette="Set2", name="Rating")',
    'scale_fill_manual(values = c("red", "grey"))': 'scale_fill_manual(values=["red", "#BEBEBE"])',
    "scale_x_continuous(breaks = seq(0, 10, by = 2), limits = c(0, 10))": (
        "scale_x_continuous(breaks=np.arange(0, 11, 2), limits=[0, 10])"
    ),
    "scale_y_log10()": "scale_y_log10()",
    "scale_color_viridis_d()": 'scale_color_cmap_d(cmap_name="viridis")',
    'labs(x = "Days", y = NULL, colour = "Who")': 'labs(x="Days", y="", color="Who")',
    'xlab("Days")': 'xlab("Days")',
    'ggtitle("All")': 'ggtitle("All")',
    "xlim(0, 10)": "xlim(0, 10)",
    "coord_cartesian(ylim = c(0, 5))": "coord_cartesian(ylim=[0, 5])",
    "theme_bw(base_size = 12)": "theme_bw(base_size=12)",
    'theme(legend.position = "none")': 'theme(legend_position="none")',
    "theme(axis.text.x = element_text(angle = 45, hjust = 1), panel.grid.minor = element_blank())": (
        'theme(axis_text_x=element_text(rotation=45, ha="right"), panel_grid_minor=element_blank())'
    ),
    'guides(colour = "none")': 'guides(color="none")',
    'annotate("text", x = 1, y = 2, label = "here")': 'annotate("text", x=1, y=2, label="here")',
    # left, with the reason
    'geom_smooth(method = "gam")': None,
    "geom_smooth(method = lm, formula = y ~ poly(x, 2))": None,
    "geom_sf()": None,
    'geom_point(colour = "firebrick2")': None,
    "geom_point(unknown = 1)": None,
    "facet_wrap(~ cut(x, 3))": None,
}


@pytest.mark.parametrize(("r", "python"), LAYERS.items())
def test_a_layer_is_the_layer_of_the_same_name(r, python):
    """A layer becomes plotnine's with plotnine's words, or stays with a reason."""
    found = translate(f"library(ggplot2)\np <- ggplot(d, aes(x, y)) + {r}\n".replace("(d,", '(read.csv("d.csv"),'))
    if python is None:
        assert [leftover.line for leftover in found.leftovers] == [2]
        return
    flat = "".join(found.python.split())
    assert found.leftovers == ()
    assert f"+{python}".replace(" ", "") in flat.replace(",)", ")").replace(",]", "]")


PICTURES = {
    "errorbar": "ggplot(d, aes(x = rank, y = u)) + geom_errorbar(aes(ymin = u - 1.96 * se, ymax = u + 1.96 * se))",
    "smooth": 'ggplot(d, aes(x, y, colour = g)) + geom_point() + geom_smooth(method = "lm", formula = y ~ x)',
    "log": "ggplot(d, aes(x = log(x), y = y, group = factor(k))) + geom_line()",
    "reorder": "ggplot(d, aes(x = reorder(g, y), y = y)) + geom_boxplot()",
    "bins": "ggplot(d, aes(y)) + geom_histogram(bins = 12)",
    "density": "ggplot(d, aes(y, fill = g)) + geom_density(alpha = 0.4)",
    "means": "ggplot(d, aes(g, y)) + stat_summary(fun = mean, geom = 'point')",
    "quantiles": "ggplot(d, aes(sample = y)) + stat_qq()",
    "hline": "ggplot(d, aes(x, y)) + geom_hline(yintercept = mean(d$y), linetype = 'twodash')",
}
#: Where the numbers of a layer may differ, and by how much; anything else is held to rounding.
TOLERANCES = {
    "density": 5e-3,  # 1,024 points of the curve here and 512 in R, so that quantiles fall between others
}
COLUMNS = ("x", "y", "ymin", "ymax", "middle", "lower", "upper", "yintercept")


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    """A small data set as both languages read it."""
    generator = np.random.default_rng(20)
    n = 60
    table = pd.DataFrame(
        {
            "x": generator.uniform(1, 9, n).round(3),
            "g": np.repeat(["b", "a", "c"], n // 3),
            "k": np.tile([1, 2], n // 2),
            "rank": np.arange(1, n + 1),
            "u": generator.normal(size=n).round(3),
            "se": generator.uniform(0.1, 0.3, n).round(3),
        }
    )
    table["y"] = (2 + table["x"] + table["u"]).round(3)
    folder = tmp_path_factory.mktemp("ggplot")
    table.to_csv(folder / "d.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def drawn_by_r(frame):
    """The last layer of each picture as R builds it."""
    built = "function(p) {b <- ggplot_build(p)$data; as.list(b[[length(b)]])}"
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    lines = [f"{name} = take(built({code}))" for name, code in PICTURES.items()]
    program = (
        f'suppressMessages(library(ggplot2))\nd <- read.csv("d.csv")\nbuilt <- {built}\n'
        f"take <- function(b) lapply(b[intersect(names(b), c({names}))], function(v) I(as.numeric(v)))\n"
        f"list({', '.join(lines)})"
    )
    return run_r(program, frame)


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_what_is_drawn_is_what_r_draws(name, frame, drawn_by_r, monkeypatch):
    """The last layer's numbers are R's."""
    monkeypatch.chdir(frame)
    found = translate(f'library(ggplot2)\nd <- read.csv("d.csv")\npicture <- {PICTURES[name]}\n')
    assert found.leftovers == ()
    space: dict = {}
    exec(compile(found.python, "migrated", "exec"), space)
    ours = layer_data(space["picture"])
    shared = [column for column in drawn_by_r[name] if column in ours]
    assert shared
    for column in shared:
        compare(ours[column], drawn_by_r[name][column], TOLERANCES.get(name, 1e-6))  # fits and R's 15 digits: 1e-8


def layer_data(picture) -> pd.DataFrame:
    """What plotnine's last layer draws."""
    import matplotlib.pyplot as plt

    drawn = copy.deepcopy(picture)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # plotnine's own use of pandas and matplotlib
        picture.save(io.BytesIO(), format="png", verbose=False, dpi=40)
        drawn._build()
    plt.close("all")
    return drawn.layers[-1].data


def compare(ours, expected, tolerance: float) -> None:
    """The same numbers, whatever their order; of curves on grids of other lengths, the same quantiles."""
    found, right = (np.sort(np.asarray(each, dtype=float)) for each in (ours, expected))
    if len(found) != len(right):
        found, right = (np.quantile(each, np.linspace(0, 1, 21)) for each in (found, right))
    np.testing.assert_allclose(found, right, rtol=tolerance, atol=tolerance)
