"""The registry of divergences: what is unregistered fails, so does what grew, turned or no longer happens."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.errors import RegistryError
from lmebridge.parity import compare
from lmebridge.parity.divergences import Divergence, Observed, in_range, observe, problems, read_divergences
from tests.cases import CASES, FIXTURES, data

ENTRY = Divergence(
    id="stops-short", engine="lme4", versions=">=1.1-31, <2", direction="above", reason="flat", link="https://x",
    cases={"sleep": {"sigma": 2e-5}, "cake": {"estimate": 1e-3}},
)  # fmt: skip
SEEN = Observed("lme4", "1.1-31", "sleep", 1e-7, {"sigma": 2e-5})


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (SEEN, ""),
        (replace(SEEN, sizes={"sigma": 2.1e-5}), ""),
        (replace(SEEN, sizes={"sigma": 1e-6}), ""),
        (replace(SEEN, sizes={"sigma": 2.3e-5}), "stops-short: sigma in case sleep grew from 2e-05 to 2.3e-05"),
        (replace(SEEN, sizes={}), "stops-short: the divergence of sigma in case sleep no longer happens"),
        (replace(SEEN, criterion=-1e-3), "criterion of case sleep is below the optimum by 0.001, registered is above"),
        (replace(SEEN, sizes=SEEN.sizes | {"sdcor": 1e-3}), "unregistered divergence of lme4 1.1-31, sdcor by 0.001"),
        (replace(SEEN, version="2.0-1"), "unregistered divergence of lme4 2.0-1, sigma"),
        (replace(SEEN, engine="native"), "unregistered divergence of native"),
        (replace(SEEN, case="dyestuff"), "To register it: `dyestuff: {sigma: 2.0e-05}`"),
        (replace(SEEN, engine="native", sizes={}), ""),
        (replace(SEEN, sizes={"sigma": float("inf")}), "grew from 2e-05 to inf"),
    ],
)  # fmt: skip
def test_what_differs_from_the_registry_is_said(seen: Observed, words: str) -> None:
    """Each way to differ from the registry has its own sentence; agreement has none."""
    found = problems([ENTRY], [seen])
    assert words in " ".join(found)
    assert bool(found) == bool(words)


def test_what_comes_and_goes_may_be_absent() -> None:
    """A sporadic divergence need not be there, but may not grow."""
    sporadic = replace(ENTRY, sporadic=True)
    assert problems([sporadic], [replace(SEEN, sizes={})]) == []
    assert problems([sporadic], [replace(SEEN, sizes={"sigma": 1e-4})]) != []


@pytest.mark.parametrize(
    ("direction", "criterion", "fits"),
    [
        ("above", 1.0, True), ("above", 0.0, True), ("above", -1.0, False), ("below", -1.0, True),
        ("below", 1.0, False), ("equal", 1e-7, True), ("equal", 1.0, False), ("equal", -1.0, False),
    ],
)  # fmt: skip
def test_direction_is_of_the_criterion(direction: str, criterion: float, *, fits: bool) -> None:
    """The engine's optimum lies on the registered side, up to the criterion's tolerance."""
    found = problems([replace(ENTRY, direction=direction)], [replace(SEEN, criterion=criterion)])
    assert (found == []) == fits


def test_observation_has_the_sizes_of_the_report() -> None:
    """A change of twice the tolerance is observed as such, in the tolerance's unit; repeats are left out."""
    record = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="native").record
    fixed = record.fixed.assign(Estimate=record.fixed["Estimate"] + 2e-4 * record.fixed["Std. Error"])
    report = compare(record, replace(record, fixed=fixed, criterion=record.criterion + 1.0))
    seen = observe(report, "lme4", "1.1-31", "sleep_slope")
    # 1e-6 relative: the difference of two estimates of 251, kept to 16 digits, over a standard error of 7
    assert seen.sizes == pytest.approx({"estimate": 2e-4, "criterion": 1.0}, rel=1e-6)
    assert seen.criterion == pytest.approx(1.0)
    assert str(seen) == "sleep_slope: {criterion: 1.0e+00, estimate: 2.0e-04}"


def test_a_number_that_is_gone_is_infinitely_far() -> None:
    """A column that disappears from a fit cannot be registered."""
    record = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="native").record
    fewer = replace(record, variance=record.variance[record.variance["var1"] != "Days"])
    assert observe(compare(record, fewer), "lme4", "1.1-31", "x").sizes == {"sdcor": float("inf")}
    assert observe(compare(record, record), "lme4", "1.1-31", "x").sizes == {}


def test_the_registry_is_about_cases_there_are() -> None:
    """Every entry names cases of the table, says why, and where to read on."""
    entries = read_divergences(FIXTURES / "divergences.yaml")
    assert {case for entry in entries for case in entry.cases} <= {case.id for case in CASES}
    assert all(len(entry.reason) > 40 and entry.link.startswith("https://") for entry in entries)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- id: a\n  engine: lme4\n", r"entry a: it lacks .*'versions'"),
        ("just words", "expected a list of entries"),
        ("- [1, 2]", "expected an entry with the fields id, engine"),
        ("- {id: a", "is no registry of divergences"),
        ("{HEAD}, cases: {sleep: 3}}", "entry a: cases map each case to sizes by quantity"),
        ("{HEAD}, cases: {}, size: 3}", r"unknown fields \['size'\]"),
        ("{OTHER}, cases: {}}", "direction is one of above, below, equal, got 'sideways'"),
        ("{HEAD}, cases: {}}\n{HEAD}, cases: {}}", "several entries named a"),
    ],
)
def test_a_broken_registry_is_refused(text: str, words: str, tmp_path) -> None:
    """A registry that cannot be read says which entry and what it expects."""
    head = "- {id: a, engine: lme4, versions: '<2', direction: above, reason: r, link: l"
    path = tmp_path / "divergences.yaml"
    path.write_text(text.replace("{HEAD}", head).replace("{OTHER}", head.replace("above", "sideways")))
    with pytest.raises(RegistryError, match=words):
        read_divergences(path)


def test_missing_registry_is_said(tmp_path) -> None:
    """A file that is not there is an error of ours."""
    with pytest.raises(RegistryError, match="No such file"):
        read_divergences(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("version", "versions", "is_in"),
    [("1.1-31", ">=1.1-31, <=1.1-31", True), ("1.1-32", ">1.1-31", True), ("1.1-30", "==1.1-31", False),
     ("0.15.0", ">=0.14", True), ("2.0-1", "<2", False)],
)  # fmt: skip
def test_ranges_of_versions(version: str, versions: str, *, is_in: bool) -> None:
    """R's versions and Python's compare number by number."""
    assert in_range(version, versions) == is_in


def test_a_broken_range_is_refused() -> None:
    """A range that cannot be read is not taken for one that never holds."""
    with pytest.raises(RegistryError, match="is no range of versions"):
        in_range("1.1-31", "about 1.1")


def test_worst_of_nothing_is_nothing() -> None:
    """A report without numbers observes nothing."""
    from lmebridge.parity.report import COLUMNS, Report

    table = pd.DataFrame(columns=["quantity", *COLUMNS])
    assert observe(Report("nothing", table), "lme4", "1.1-31", "x").sizes == {}
