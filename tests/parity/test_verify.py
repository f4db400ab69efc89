"""Whole documents: each output refitted from what it says, held to its numbers; what cannot be is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.datasets import files as datafiles
from lmebridge.parity import published, verify
from lmebridge.parity.preparation import run_setup
from lmebridge.parity.refit import Refitter, formula_from_names
from tests.cases import FIXTURES, data

PROJECT = FIXTURES.parent
DOCUMENTS = PROJECT.parent / "shared" / "documents"
SETUPS = PROJECT / "docs" / "examples"
needs_documents = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the documents are not beside the project")
LME4 = pytest.param("lme4", marks=pytest.mark.needs_r)


#: What R 4.2.2 with lme4 1.1-31 prints for a model of its own example data, and for its fixef.
SLEEP = """Reaction times, as lme4 prints them:
## Linear mixed model fit by REML ['lmerMod']
## Formula: Reaction ~ Days + (1 | Subject)
##    Data: sleepstudy
## REML criterion at convergence: 1786.465
## Random effects:
##  Groups   Name        Std.Dev.
##  Subject  (Intercept) 37.12
##  Residual             30.99
## Number of obs: 180, groups:  Subject, 18
## Fixed Effects:
## (Intercept)         Days
##      251.41        10.47

and again the coefficients
## (Intercept)        Days
##   251.40510    10.46729
"""


@pytest.mark.parametrize("backend", ["native", "statsmodels", LME4])
def test_each_number_gets_a_verdict_with_its_line(backend):
    """What lme4 printed holds with every backend; the coefficients below belong to the model above them."""
    found = verify(SLEEP, {"sleepstudy": data("sleepstudy")}, backend=backend)
    assert [one.output.kind for one in found.checked] == ["print(lmer)", "fixef"]
    table = found.to_frame()
    assert table["verdict"].tolist() == ["holds"] * len(table)
    assert set(table["line"]) == {5, 8, 9, 10, 13, 17}
    assert found.ok
    found.raise_if_failed()


def test_a_wrong_digit_is_found_and_placed():
    """One digit changed is one miss, with its line."""
    found = verify(SLEEP.replace("30.99", "30.89"), {"sleepstudy": data("sleepstudy")}, backend="native")
    misses = found.to_frame().query("verdict != 'holds'")
    assert misses["line"].tolist() == [9]
    assert not found.ok
    assert "line 9: sdcor Residual: 30.89 against 30.991234" in str(found)
    with pytest.raises(lme.ParityError, match=r"30\.89"):
        found.raise_if_failed()


@pytest.mark.parametrize(
    ("text", "tables", "words"),
    [
        (SLEEP, {}, "the output's data are sleepstudy; given are none"),
        (SLEEP, {"sleep": "sleepstudy"}, "given are sleep. Give sleepstudy=FILE"),
        (SLEEP, {"sleepstudy": "Dyestuff"}, "Reaction"),
        (SLEEP[SLEEP.index("and again") :], {"sleepstudy": "sleepstudy"}, "it does not say its model"),
        (SLEEP.replace("Linear mixed", "Generalized linear mixed"), {"sleepstudy": "sleepstudy"}, "generalized"),
        (SLEEP.replace("~ Days +", "~ system('x') +"), {"sleepstudy": "sleepstudy"}, "system"),
    ],
)
def test_what_cannot_be_fitted_says_why(text, tables, words):
    """An output without data, model or columns is reported with its line, and the document does not pass."""
    found = verify(text, {name: data(table) for name, table in tables.items()}, backend="native")
    assert words in found.checked[0].obstacle
    assert not found.ok
    assert f"line {found.checked[0].output.line}: " in str(found)
    assert "not checked: " in str(found)


def test_what_cannot_be_read_does_not_pass():
    """A piece of an output fails the document, unless that is allowed."""
    found = verify(f"{SLEEP}\nRandom effects:\n", {"sleepstudy": data("sleepstudy")}, backend="native")
    assert "not read: line 19" in str(found)
    assert not found.ok
    assert found.agrees(allow=("unread",))


def test_another_model_than_the_data_give_is_said_first():
    """Fewer rows than printed: the report says so before any number."""
    found = verify(SLEEP, {"sleepstudy": data("sleepstudy").iloc[:170]}, backend="native")
    assert "not the same model: line 2: number of rows differs" in str(found)
    assert not found.agrees(allow=("near", "differs"))


def test_reports_are_json_and_a_page_that_escapes():
    """JSON has every number; the page shows hostile text as text."""
    hostile = SLEEP.replace("sleepstudy", "<script>alert(1)</script>")
    found = verify(f"{SLEEP}\n{hostile}", {"sleepstudy": data("sleepstudy")}, backend="native", title="<b>page</b>")
    content = json.loads(found.to_json())
    assert sum(len(one["report"]["numbers"]) for one in content["outputs"] if one["report"]) == len(found.to_frame())
    assert [one["not checked"] is None for one in content["outputs"]] == [True, True, False, True]
    shown = found.to_html()
    assert "<script" not in shown
    assert "<b>page" not in shown
    assert "&lt;script&gt;" in shown


def test_formulas_of_statsmodels_outputs_come_from_their_names():
    """Levels of a text column are its dummies; interactions and R's calls stay; an unknown name gives no formula."""
    table = pd.DataFrame({"y": np.arange(8.0) ** 2, "kind": list("aabaabbb"), "x": np.arange(8.0)})
    printed = str(lme.lm("y ~ kind * x", table, backend="statsmodels").engine.summary())
    for plain, name in {"const": "Intercept", "x1": "kind[T.b]", "x2": "x", "x3": "kind[T.b]:x"}.items():
        printed = printed.replace(f"\n{plain} ", f"\n{name} ")
    (output,) = published(printed)
    assert formula_from_names(output, table, {}) == "y ~ 1 + kind + x + kind:x"
    assert formula_from_names(output, table, {"x": "log(x)"}) == "y ~ 1 + kind + log(x) + kind:log(x)"
    assert formula_from_names(output, table.drop(columns="x"), {}) is None
    assert formula_from_names(output, table.rename(columns={"y": "z"}), {"y": "z"}) == "z ~ 1 + kind + x + kind:x"


def test_a_model_is_fitted_once():
    """Outputs of one model share its fit."""
    refitter = Refitter({"sleepstudy": data("sleepstudy")}, "native", {}, {})
    outputs = published(SLEEP)
    assert refitter.fit(outputs[0]) is refitter.fit(outputs[0])
    assert refitter.fit(outputs[1]) is refitter.fit(outputs[0])


@needs_documents
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["native", "statsmodels", LME4])
@pytest.mark.parametrize(
    ("document", "setup", "dataset", "outputs"),
    [
        ("000_97adf8c2f2672615.txt", "prepare_schools.py", "school_data_2223", 10),
        ("002_627c3fe38b8221bb.txt", "prepare_high_school.py", "hsb", 13),
        ("004_4a13353584a61015.txt", "prepare_value_added.py", "lsype", 8),
    ],
)
def test_documents_are_verified_whole(document, setup, dataset, outputs, backend):
    """Every output of the three documents is refitted; R's hold, Python's where the backend is Python's MixedLM."""
    if datafiles.find(dataset) is None:
        pytest.skip(f"{dataset} is not on this machine")
    given = {"valueadded": lme.datasets.lsype()} if dataset == "lsype" else {}
    tables, fits = run_setup(SETUPS / setup, given, backend)
    names = {"Group": "schoolid" if dataset == "hsb" else "OFSTEDRATING"}
    text = (DOCUMENTS / document).read_text(encoding="utf-8")
    found = verify(text, tables, backend=backend, fits=fits, names=names, title=document)
    assert len(found.checked) == outputs
    assert [one.obstacle for one in found.checked if one.obstacle] == []
    held = [one.report for one in found.checked if one.output.kind != "MixedLM" or backend == "statsmodels"]
    # near: lme4 and MixedLM stop short of the optimum, by units of the last place that fixtures/published records.
    assert all(report.agrees(allow=("near",)) for report in held), str(found)
    if backend == "lme4":
        assert all(one.report.ok for one in found.checked if one.output.software == "lme4"), str(found)
