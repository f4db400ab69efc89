"""Fits held against each other: what is compared, how far apart it may be, and what the report says."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import lmebridge as lme
from lmebridge.parity import Key, compare, published, quantities
from lmebridge.parity.keys import QUANTITIES
from lmebridge.parity.tolerances import TOLERANCES
from tests import cases
from tests.parity.test_published import SUMMARY

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def slopes() -> lme.model.MerMod:
    """A fit of the package's own."""
    return lme.lmer(FORMULA, cases.data("sleepstudy"), backend="native")


def test_a_fit_agrees_with_itself(slopes: lme.model.MerMod) -> None:
    """Every number equals itself, exactly."""
    report = compare(slopes, slopes)
    assert report.ok
    assert set(report.table["difference"]) == {0.0}
    assert report.outcome == "same optimum"


def test_engines_agree_on_every_number(slopes: lme.model.MerMod) -> None:
    """MixedLM's estimates, polished on lme4's criterion, are the native ones."""
    other = lme.lmer(FORMULA, cases.data("sleepstudy"), backend="statsmodels")
    report = compare(slopes, other)
    assert report.ok, str(report)
    assert {"condval", "condsd", "residual_quantile", "sdcor", "criterion"} <= set(report.table["quantity"])


@pytest.mark.needs_r
def test_lme4_agrees_on_every_number(slopes: lme.model.MerMod) -> None:
    """lme4's numbers are the native ones, each within its tolerance."""
    report = compare(lme.lmer(FORMULA, cases.data("sleepstudy"), backend="lme4"), slopes)
    assert report.ok, str(report)


CHANGES = {
    "estimate": ("fixed", "Estimate", 2e-4),
    "std_error": ("fixed", "Std. Error", 2e-4),
    "sdcor": ("variance", "sdcor", 2e-4),
}


@pytest.mark.parametrize("quantity", CHANGES)
def test_a_change_beyond_the_tolerance_is_a_miss(quantity: str, slopes: lme.model.MerMod) -> None:
    """Each tolerance is as tight as it says: twice as much is a miss."""
    table, column, share = CHANGES[quantity]
    changed = getattr(slopes.record, table).copy()
    unit = changed["Std. Error"] if quantity == "estimate" else changed[column].abs()
    changed[column] = changed[column] + share * unit
    report = compare(slopes.record, replace(slopes.record, **{table: changed}))
    assert quantity in set(report.misses["quantity"]), str(report)
    assert report.outcome == "flat ridge: the criterion ties, numbers differ"


def test_a_number_that_disappears_is_a_miss(slopes: lme.model.MerMod) -> None:
    """The comparison is an outer join: what one side lacks does not pass."""
    record = slopes.record
    fewer = replace(record, variance=record.variance[record.variance["var1"] != "Days"])
    report = compare(record, fewer)
    assert not report.ok
    assert report.counts["missing"] == 1
    assert "only the left side has it" in str(report)


def test_what_a_record_cannot_say_is_not_reported(slopes: lme.model.MerMod) -> None:
    """A golden's record has no residuals: that is said, and is no miss."""
    report = compare(slopes.record, slopes)
    assert report.ok
    assert report.counts["not reported"] == 18 * 2 * 2 + 5 + 3


def test_the_better_optimum_is_named(slopes: lme.model.MerMod) -> None:
    """The side with the smaller criterion is said to be the better one."""
    worse = replace(slopes.record, criterion=slopes.record.criterion + 0.25)
    assert compare(worse, slopes.record).outcome == "the right side is the better optimum, by 0.25 of the criterion"
    assert compare(slopes.record, worse).outcome.startswith("the left side is the better optimum")
    failed = replace(slopes.record, criterion=float("inf"))
    assert compare(slopes.record, failed).outcome == "failed"


def test_different_models_are_said_first(slopes: lme.model.MerMod) -> None:
    """Formula, coefficients, rows and groups come before any number."""
    other = lme.lmer("Reaction ~ 1 + (1 | Subject)", cases.data("sleepstudy").iloc[:170], backend="native")
    report = compare(slopes, other)
    words = " ".join(report.mismatches)
    assert "formula differs" in words
    assert "number of rows differ: 180 and 170" in words
    assert "coefficients differ" in words
    assert report.outcome == "different models"
    assert not report.ok


def test_a_deviation_at_the_boundary_compares_in_sigma(slopes: lme.model.MerMod) -> None:
    """A standard deviation of zero may be anything below a thousandth of sigma, and its correlation anything."""
    table = slopes.record.variance.copy()
    is_slope = (table["var1"] == "Days") & table["var2"].isna()
    is_correlation = table["var2"].notna()
    zero, tiny = table.copy(), table.copy()
    zero.loc[is_slope, "sdcor"], zero.loc[is_correlation, "sdcor"] = 0.0, float("nan")
    tiny.loc[is_slope, "sdcor"], tiny.loc[is_correlation, "sdcor"] = 1e-3, 1.0
    zero.loc[is_correlation, "sdcor"] = -1.0
    report = compare(replace(slopes.record, variance=zero), replace(slopes.record, variance=tiny))
    assert report.ok, str(report)


def test_tolerances_may_be_given(slopes: lme.model.MerMod) -> None:
    """A caller's size replaces the table's, and the report says so."""
    worse = replace(slopes.record, criterion=slopes.record.criterion + 0.25)
    assert not compare(slopes.record, worse).ok
    loose = {"criterion": 0.5, "logLik": 0.5}
    assert compare(slopes.record, worse, tolerances=loose).ok
    assert "given by the caller" in str(compare(slopes.record, worse, tolerances={"criterion": 0.1}))


def test_a_printed_output_is_a_side_too(slopes: lme.model.MerMod) -> None:
    """The numbers of a text compare with a fit's, up to what its digits lose."""
    report = compare(published(SUMMARY)[0], slopes, tolerances=dict.fromkeys(TOLERANCES, 0.01))
    assert report.mismatches == ()
    assert not (report.table["verdict"] == "missing").any(), str(report)


def test_things_of_different_kinds_do_not_compare(slopes: lme.model.MerMod) -> None:
    """A mixed and a linear model have nothing to compare, and neither has a number."""
    linear = lme.lm("Reaction ~ Days", cases.data("sleepstudy"), backend="native")
    with pytest.raises(TypeError, match="a mixed fit and a linear fit have nothing in common"):
        compare(slopes, linear)
    with pytest.raises(TypeError, match="float is nothing to compare"):
        quantities(1.5)


def test_quantities_are_of_the_closed_vocabulary(slopes: lme.model.MerMod) -> None:
    """Everything a fit says is filed under a known quantity, once."""
    linear = lme.lm("Reaction ~ Days", cases.data("sleepstudy"), backend="native")
    for source in (slopes, linear, published(SUMMARY)[0]):
        table = quantities(source)
        assert set(table.index.get_level_values("quantity")) <= set(QUANTITIES)
        assert table.index.is_unique
    assert quantities(slopes).loc[tuple(Key("sdcor", "Subject", term="(Intercept)", term2="Days")), "value"] == (
        pytest.approx(slopes.VarCorr().correlation("Subject").iloc[0, 1])
    )


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag, and refuse attributes that load or run anything."""
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "onerror", "onclick"}
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">&'


def test_a_hostile_document_is_only_text_on_the_page(slopes: lme.model.MerMod) -> None:
    """Names from a document appear on the page as characters, never as markup."""
    text = SUMMARY.replace("Days          10.467", f"{HOSTILE}  10.467").replace("data: sleepstudy", HOSTILE)
    report = published(text.replace("Formula: Reaction", f"Formula: {HOSTILE}")).check(slopes)
    page = Tags()
    page.feed(report.to_html())
    assert {"script", "img"}.isdisjoint(page.tags)
    assert HOSTILE in page.text
    assert page.tags.count("circle") == len(report.table)


def test_a_report_is_a_json_object(slopes: lme.model.MerMod) -> None:
    """The JSON has every row, and null where there is no number."""
    report = compare(slopes.record, slopes)
    content = json.loads(report.to_json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert content["ok"] is True
    assert len(content["numbers"]) == len(report.table)
    assert content["counts"] == report.counts


def test_nothing_compared_is_not_agreement(slopes: lme.model.MerMod) -> None:
    """An empty report is not ok."""
    report = replace(compare(slopes, slopes), table=compare(slopes, slopes).table.iloc[:0])
    assert not report.ok
    assert "nothing was compared" in str(report)
