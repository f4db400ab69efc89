"""Every number that the documents print, against every backend: the project's reason to exist."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from lmebridge.datasets import files as datafiles
from lmebridge.demo.published import Output, compare, folder, outputs, units_off
from lmebridge.demo.quantities import BY_FUNCTION
from lmebridge.demo.report import report
from lmebridge.demo.trials import BACKENDS, attempt, fit

BACKEND_PARAMETERS = [pytest.param(name, marks=[pytest.mark.needs_r] * (name == "lme4")) for name in BACKENDS]


#: Numbers that the documents compute by hand, by the line where they start.
BY_HAND = {
    ("000", 463), ("000", 1028), ("000", 1194), ("000", 1204), ("000", 1222), ("000", 1246),
    ("000", 1394), ("000", 1406),
    ("002", 571), ("002", 655), ("002", 684), ("002", 771), ("002", 783), ("002", 866), ("002", 878),
    ("004", 34),
}  # fmt: skip


def test_every_output_of_the_documents_is_recorded():
    """Two lists agree: the outputs counted by hand in the documents, and the records."""
    count = {}
    places = [(output.document[:3], output.line) for output in outputs()]
    assert {place for place in BY_HAND if places.count(place) != 1} == set()
    for output in (output for output in outputs() if (output.document[:3], output.line) not in BY_HAND):
        count[output.document[:3], output.function] = count.get((output.document[:3], output.function), 0) + 1
    assert count == {
        ("000", "OLS"): 2, ("000", "lm"): 1, ("000", "lmer"): 5, ("000", "MixedLM"): 2,
        ("002", "OLS"): 5, ("002", "MixedLM"): 4,
        ("004", "lmer"): 7, ("004", "anova"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("output", outputs(), ids=lambda output: output.id)
def test_a_number_may_differ_only_with_a_reason(output):
    """Slack and numbers at the optimum are explained in the record, and every printed number can be computed."""
    assert bool(output.units_allowed or output.at_optimum) <= bool(output.notes)
    assert all(set(terms) <= set(output.numbers[quantity]) for quantity, terms in output.at_optimum.items())
    assert output.function == "anova" or set(output.numbers) <= set(BY_FUNCTION[output.function])


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKEND_PARAMETERS)
@pytest.mark.parametrize("output", outputs(), ids=lambda output: output.id)
def test_published_numbers_are_reproduced(output, backend):
    """Each computed number rounds to what was printed, or to what lme4 prints at the optimum itself."""
    if datafiles.find(output.data) is None:
        pytest.skip(f"{datafiles.known(output.data).file} is not on this machine")
    trial = attempt(output, backend)
    assert trial.obstacle == ""
    assert len(trial.table) >= 1
    assert trial.agrees, trial.table[~trial.table["agrees"]].to_string()


@pytest.mark.parametrize("output", [o for o in outputs() if o.as_stated], ids=lambda output: output.id)
def test_wrong_publications_say_what_is_right(output):
    """A wrong number comes out of the published code; the right one of the definition; the report shows both."""
    trial = attempt(output, "native")
    assert trial.agrees
    shown = report([trial])
    for quantity, terms in output.as_stated.items():
        right = BY_FUNCTION[output.function][f"{quantity}, as stated"](fit(output, output.formula, "native"))
        for term, text in terms.items():
            assert units_off(text, right[term]) == 0
            assert f"{output.numbers[quantity][term]} was printed, as stated it is {text}" in shown
    assert "lacks a pair of parentheses" in shown


def test_a_corrected_number_follows_from_the_printed_ones():
    """The judge of `as_stated` is arithmetic on the printed sigmas: 8.443 was printed, 40.9 % is the reduction."""
    found = next(output for output in outputs() if output.id == "hsb_ses_pseudo_r2")
    assert found.as_stated["pseudo-R2, groups (%)"][""] == f"{100 * (1 - 2.3103**2 / 3.0056**2):.1f}" == "40.9"
    assert found.as_stated["pseudo-R2, individuals (%)"][""] == f"{100 * (1 - 6.4444**2 / 6.8778**2):.1f}" == "12.2"


def test_lme4_and_statsmodels_are_held_to_all_their_numbers():
    """Nothing printed is left out: the engine that printed an output is compared on each of its numbers."""
    own = {"lmer": "native", "anova": "native", "lm": "native", "MixedLM": "statsmodels", "OLS": "statsmodels"}
    for output in outputs():
        if output.data == "hsb":
            assert len(attempt(output, own[output.function]).table) == sum(map(len, output.numbers.values()))


EXAMPLE = Output("a", "b.txt", 1, "lmer", {"Estimate": {"x": "1.50", "z": "2"}}, data="hsb")


@pytest.mark.parametrize(
    ("printed", "value", "units"),
    [
        ("12.64", 12.6449, 0),
        ("12.64", 12.6451, 1),
        ("12.64", 12.635, 0),
        ("-0.50", -0.5049999, 0),
        ("-0.50", 0.50, 100),
        ("0.0002147", 0.00021472, 0),
        ("4.710e+04", 47104.9, 0),
        ("4.710e+04", 47105.1, 1),
        ("1075.", 1075.4, 0),
        ("162", 162.51, 1),
        ("< 2e-16", 1.9e-16, 0),
        ("< 2e-16", 2.6e-16, math.inf),
        ("1.0", math.nan, math.inf),
    ],
)
def test_units_off(printed, value, units):
    """A number agrees when it rounds to what was printed; a miss is counted in the last printed place."""
    assert units_off(printed, value) == units


def test_a_number_that_is_not_computed_is_a_miss():
    """What disappears fails; a quantity the engine does not define is left out."""
    table = compare(EXAMPLE, {"Estimate": {"x": 1.5}}.__getitem__)
    assert table["agrees"].tolist() == [True, False]
    assert compare(EXAMPLE, {}.__getitem__).empty


def test_slack_is_by_quantity():
    """Allowed units hold for the quantity named, the empty name for the others."""
    loose = dataclasses.replace(EXAMPLE, units_allowed={"": 1, "z": 10})
    assert (loose.allowed("z"), loose.allowed("Estimate"), EXAMPLE.allowed("z")) == (10, 1, 0)
    assert compare(loose, {"Estimate": {"x": 1.51, "z": 3.6}}.__getitem__)["agrees"].tolist() == [True, False]


def test_missing_data_and_backends_are_obstacles_not_failures(monkeypatch, tmp_path):
    """Without the file an output is not compared, and the trial says how to get it."""
    monkeypatch.setenv(datafiles.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr(datafiles, "cache_folder", lambda: tmp_path)
    output = dataclasses.replace(EXAMPLE, formula="ks4stand ~ 1 + (1 | schoolID)", data="lsype", id="unheard of")
    trial = attempt(output, "native")
    assert trial.table is None
    assert trial.agrees
    assert "6660" in trial.obstacle


def test_records_are_those_of_the_project():
    """The records read are the files of fixtures/published."""
    assert {path.stem for path in folder().glob("*.json")} == {output.id for output in outputs()}
    assert all(json.loads(path.read_text())["id"] == path.stem for path in folder().glob("*.json"))
