"""The text of a fitted model, held to what R printed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.printing.rformat import Options
from lmebridge.printing.summary import Summary, print_text, residual_quantiles, summary_text
from lmebridge.records import Message
from tests.printed_records import differences, fit_record, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[2]
PRINTED = PROJECT / "fixtures" / "printed"
FILES = sorted(PRINTED.glob("*.json"))

#: Prints every model of printed_models.R under every setting; the result is the text of a JSON file.
PROGRAM = """
for (name in c("wire", "json", "printed")) source(file.path(project, "r", paste0(name, ".R")))
suppressMessages(library(lme4))
source(file.path(project, "tests", "printed_models.R"), encoding = "UTF-8")
print_model <- function(model, call) printed_mixed(model, call, settings)
to_json(character(), list(
  mixed = Map(print_model, fits(mixed), mixed),
  linear = lapply(fits(linear), printed_linear, settings),
  comparisons = lapply(lapply(comparisons, function(models) quietly(eval(models))), compared),
  modes = c(lapply(fits(modes), printed_modes, settings, TRUE), lapply(fits(modes[1]), printed_modes, settings, FALSE))
))
"""


def entry(name: str) -> dict[str, Any]:
    """The numbers of a committed text."""
    return json.loads((PRINTED / f"{name}.json").read_text(encoding="utf-8"))["fit"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_text_is_what_r_printed(path: Path) -> None:
    """Every line of a committed R print comes out again, trailing blanks included."""
    assert differences(json.loads(path.read_text(encoding="utf-8"))) == []


def test_committed_texts_name_their_origin() -> None:
    """Each committed text says which call, R, lme4 and script made it, and all kinds of print are there."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
    assert all({"call", "R", "lme4", "script"} <= set(file) for file in files)
    assert {file["kind"][0] for file in files} == {"lmer", "lm", "anova", "ranef"}


@pytest.mark.needs_r
@pytest.mark.slow
def test_every_layout_is_rs(run_r: Callable[..., Any]) -> None:
    """Over fifty mixed models and a score of others, under five settings, no line differs from R's."""
    printed = json.loads(run_r(PROGRAM, project=PROJECT))
    assert {kind: len(cases) for kind, cases in printed.items()}["mixed"] >= 40
    assert [text for cases in printed.values() for case in cases for text in differences(case)] == []


def test_hint_can_be_left_out() -> None:
    """R writes the hint about hidden correlations to its message stream, so a captured print is without."""
    cake = entry("cake_many")
    arguments: dict[str, Any] = {"residual_quantiles": numbers(cake["quantiles"]), "data_name": "cake"}
    with_hint = summary_text(fit_record(cake), **arguments)
    without = summary_text(fit_record(cake), messages=False, **arguments)
    hint = ["", "Correlation matrix not shown by default, as p = 18 > 12.", "Use print(x, correlation=TRUE)  or"]
    assert with_hint.removeprefix(without).split("\n")[1:4] == hint


@pytest.mark.parametrize("correlation", [True, False])
def test_correlation_is_shown_as_asked(correlation: bool) -> None:
    """`correlation` overrules the limit of twelve fixed effects."""
    cake = entry("cake_many")
    text = summary_text(fit_record(cake), residual_quantiles=numbers(cake["quantiles"]), correlation=correlation)
    assert ("Correlation of Fixed Effects:" in text) is correlation
    assert "not shown by default" not in text


SAID = {
    "a note": (Message("note", "NaNs produced"), []),
    "a warning that lme4 raises and forgets": (Message("convergence", "convergence code 5 from nloptwrap: x"), []),
    "lme4's own check": (
        Message("convergence", "Model is nearly unidentifiable: x"),
        ["Model is nearly unidentifiable: x"],
    ),
    "the optimizer's words": (Message("convergence", "maxfun is low"), ["maxfun is low"]),
}


@pytest.mark.parametrize(("message", "shown"), SAID.values(), ids=SAID)
def test_only_kept_messages_are_shown(message: Message, shown: list[str]) -> None:
    """A summary ends with what lme4 keeps in the fit's optimization record, and with nothing else."""
    fit = fit_record(entry("sleep_slopes"))
    fit = replace(fit, convergence=replace(fit.convergence, messages=(message,)))
    lines = summary_text(fit, residual_quantiles=[-1, 0, 0, 0, 1]).split("\n")
    ending = ["optimizer (nloptwrap) convergence code: 0 (OK)", *shown, ""] if shown else []
    assert lines[lines.index("Days -0.138") + 1 :] == ending


def test_dropped_columns_are_told_without_a_message() -> None:
    """A fit that only lists its dropped columns prints lme4's line about them."""
    fit = fit_record(entry("sleep_rank_deficient"))
    silent = replace(fit, convergence=replace(fit.convergence, messages=()))
    assert print_text(silent) == print_text(fit)
    assert "rank deficient so dropping 1 column / coefficient" in print_text(silent)


def test_title_is_wrapped_on_a_narrow_line() -> None:
    """A width that the title does not fit in breaks it as R's strwrap does."""
    text = print_text(fit_record(entry("sleep_double_bar_ml")), options=Options(width=40))
    assert text.startswith("Linear mixed model fit by maximum\n  likelihood [lmerMod]\n")


def test_summary_object_has_tables_and_text() -> None:
    """A Summary prints lme4's text and gives its tables, also in a notebook."""
    slopes = entry("sleep_slopes")
    summary = Summary(fit_record(slopes), residual_quantiles=numbers(slopes["quantiles"]), data_name="sleepstudy")
    assert str(summary) == repr(summary) == summary.text
    assert summary.coefficients.columns.tolist() == ["Estimate", "Std. Error", "t value"]
    assert summary.varcor["grp"].tolist() == ["Subject", "Subject", "Subject", "Residual"]
    assert "<p>Linear mixed model fit by REML [&#x27;lmerMod&#x27;]</p>" in summary._repr_html_()


@pytest.mark.needs_r
def test_residual_quantiles_are_rs(run_r: Callable[..., Any]) -> None:
    """R's default quantiles, missing values left out."""
    values = [3.25, -1.5, 0.125, 7.75, 2.5, -0.375, 1.0]
    expected = run_r("quantile(c(x, NA), na.rm = TRUE, names = FALSE)", x=values)
    assert residual_quantiles([*values, float("nan")]).tolist() == pytest.approx(expected, rel=1e-15)  # one rounding
