"""Tables as HTML and LaTeX: well formed, everything escaped, the numbers those of R's print."""

from __future__ import annotations

import re
import warnings
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.printing.markup import LATEX, Grid, html, latex, latex_text
from tests.cases import data

#: Names that no markup may take for its own.
WILD = 'a<b>&"c_d$%#{x}~^\\|'
#: The same without a backslash, which R prints doubled in the names of coefficients.
COLUMN = WILD.replace("\\", "")
VOID = {"br", "hr"}


class Reader(HTMLParser):
    """Reads HTML strictly: every tag is closed in its order, and the text comes back."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """A tag that opens, and perhaps a row or a cell."""
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """A tag that closes is the last that opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text, in a cell or outside."""
        self.text.append(data)
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


def read_html(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


COMMAND = re.compile(r"\\[a-zA-Z]+\*?|\\.")
NAMED = {r"\textbackslash": "\\", r"\textasciicircum": "^", r"\textasciitilde": "~", r"\textbar": "|"}
NAMED |= {r"\textless": "<", r"\textgreater": ">", r"\textquotedbl": '"'}


def plain(cell: str) -> str:
    """The text that LaTeX shows for a cell: a reader of its own, written from LaTeX's rules."""
    shown = cell.strip().replace("$-$", "-")
    for name, character in NAMED.items():
        shown = shown.replace(f"{name}{{}}", f"\x00{ord(character)};")
    shown = re.sub(r"\\([{}$&#_%])", lambda found: f"\x00{ord(found.group(1))};", shown)
    assert not re.search(r"[\\{}$&#^_~%<>|\"]", shown), f"not escaped: {cell}"
    return re.sub(r"\x00(\d+);", lambda found: chr(int(found.group(1))), shown)


def read_latex(text: str) -> list[list[str]]:
    """Rows of all tables; checks that groups, environments and the numbers of cells are right."""
    bare = COMMAND.sub(lambda found: "" if found.group(0) in {r"\{", r"\}"} else found.group(0), text)
    assert bare.count("{") == bare.count("}")
    begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", text) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended)
    rows = []
    for body in re.findall(r"\\begin\{tabular\}\{(?P<all>[lr]+\}.*?)\\end\{tabular\}", text, re.DOTALL):
        alignment, _, lines = body.partition("}")
        found = [line.removesuffix(r" \\") for line in lines.splitlines() if line.endswith(r"\\")]
        cells = [[plain(cell) for cell in re.split(r"(?<!\\)&", line)] for line in found]
        assert {len(row) for row in cells} == {len(alignment)}
        rows += cells
        assert [line for line in lines.splitlines() if line.endswith("rule")] == [
            r"\toprule",
            r"\midrule",
            r"\bottomrule",
        ]
    return rows


@pytest.mark.parametrize("text", [WILD, "log(x)", "I(x^2):z_1", "(Intercept)", "scale(x)[, 1]", "größe"])
def test_names_are_escaped(text: str) -> None:
    """Whatever a column is called, both forms show it as it is."""
    grid = Grid(text, ("", text), ((text, "-1.5"),))
    assert read_html(html([grid, text])).rows == [["", text], [text, "-1.5"]]
    assert read_latex(latex([grid, text], caption=text, label="tab:one")) == [["", text], [text, "-1.5"]]


def test_every_special_character_is_known() -> None:
    """LaTeX's ten special characters, and those that the old font encoding shows as others, are replaced."""
    assert set(LATEX) == set('\\{}$&#^_~%<>|"')
    assert plain(latex_text("".join(LATEX))) == "".join(LATEX)


def fitted(**arguments: Any) -> lme.MerMod:
    settings = {"formula": "Reaction ~ Days + (Days | Subject)", "data": data("sleepstudy"), "backend": "native"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lme.lmer(**(settings | arguments))


#: Of summary(lmer(Reaction ~ Days + (Days | Subject), sleepstudy)), as lme4's own print has it.
PRINTED = [
    ["", "Estimate", "Std. Error", "t value"],
    ["(Intercept)", "251.405", "6.825", "36.838"],
    ["Days", "10.467", "1.546", "6.771"],
]
VARIANCE = [
    ["Groups", "Name", "Variance", "Std.Dev.", "Corr"],
    ["Subject", "(Intercept)", "612.10", "24.741", ""],
    ["", "Days", "35.07", "5.922", "0.07"],
    ["Residual", "", "654.94", "25.592", ""],
]


def test_a_summary_has_the_numbers_that_r_prints() -> None:
    """Both forms hold R's tables, digit by digit; the last digit of a variance is the optimum's, not lme4's."""
    summary = fitted().summary()
    rows = [[text.strip() for text in row] for row in read_html(summary.to_html()).rows]
    assert rows[-3:] == PRINTED
    assert [row[:2] for row in rows[:4]] == [row[:2] for row in VARIANCE]
    assert rows[2][2:] == VARIANCE[2][2:]
    assert read_latex(summary.to_latex(caption="Sleep", label="tab:sleep")) == rows
    assert "REML criterion at convergence: 1743.6" in summary.to_html()
    assert "Number of obs: 180, groups: Subject, 18" in " ".join(summary.to_latex().split())


def everything() -> dict[str, Any]:
    """What a notebook shows, by name; the second model's names are wild and its fit is singular."""
    frame = data("sleepstudy").assign(**{COLUMN: np.arange(180.0), "x_1": np.tile([0.0, 1.0], 90)})
    formula = f"Reaction ~ `{COLUMN}` + x_1 + (1 | Subject) + (0 + x_1 | Subject)"
    wild = fitted(formula=formula, data=frame)
    plain_fit, smaller = fitted(REML=False), fitted(formula="Reaction ~ 1 + (Days | Subject)", REML=False)
    linear = lme.lm("Reaction ~ Days", data("sleepstudy"))
    return {
        "model": plain_fit,
        "wild model": wild,
        "summary": plain_fit.summary(),
        "wild summary": wild.summary(),
        "VarCorr": plain_fit.VarCorr(),
        "anova": lme.anova(smaller, plain_fit),
        "terms": lme.anova(plain_fit),
        "ranef": plain_fit.ranef(),
        "linear": linear.summary(),
    }


def test_notebooks_show_them() -> None:
    """Each has well-formed HTML with its names and no text that a browser would take for a tag."""
    for name, thing in everything().items():
        shown = read_html(thing._repr_html_())
        assert shown.rows, name
        if name.startswith("wild"):
            assert COLUMN in " ".join(shown.text)
    stars = read_html(everything()["anova"]._repr_html_())
    assert [row[-1] for row in stars.rows[1:]] == ["", "***"]
    assert any("Signif. codes" in text for text in shown_text(stars))


def shown_text(reader: Reader) -> list[str]:
    return reader.text


def test_papers_take_them() -> None:
    """Each that has LaTeX has one that balances, with as many cells in every row."""
    for name, thing in everything().items():
        if hasattr(thing, "to_latex"):
            rows = read_latex(thing.to_latex(caption=f"The {name}", label="tab:it"))
            assert len(rows) > 1, name


def test_pandas_own_latex_is_still_there() -> None:
    """With pandas' arguments an anova table is pandas' own; without jinja2 pandas says so."""
    table = lme.anova(fitted(REML=False))
    assert isinstance(table, pd.DataFrame)
    try:
        import jinja2  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match="Jinja2"):
            table.to_latex(float_format="%.1f")
    else:
        assert "tabular" in table.to_latex(float_format="%.1f")


def test_varcorr_has_the_digits_that_r_prints() -> None:
    """The table by itself has R's five digits, as its text has."""
    components = fitted().VarCorr()
    cells = [text for row in read_html(components.to_html()).rows[1:] for text in row if text.strip()]
    assert all(text.strip() in str(components) for text in cells)


def test_a_fit_by_maximum_likelihood_has_its_criteria() -> None:
    """AIC, BIC, logLik, deviance and residual degrees of freedom in one line, as R prints their values."""
    shown = fitted(REML=False).summary().to_html()
    assert "AIC 1763.9, BIC 1783.1, logLik -876.0, deviance 1751.9, df.resid 174" in shown
