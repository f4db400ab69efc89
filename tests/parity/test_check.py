"""Verdicts on fits: what holds, what misses and by how much, and what is not of the same model."""

from __future__ import annotations

import math

import pytest

import lmebridge as lme
from lmebridge.errors import ParityError, PrintedOutputError
from lmebridge.parity import Key, Published, published
from lmebridge.parity.names import matching
from lmebridge.parity.printed_optimum import criterion_at
from lmebridge.parity.quantities import numbers_of
from tests import cases
from tests.parity.test_published import BEFORE_1_0, SUMMARY

#: MixedLM's summary of the same model, from statsmodels 0.14 and in the layout of 2015.
MIXEDLM = """          Mixed Linear Model Regression Results
========================================================
Model:            MixedLM Dependent Variable: Reaction
No. Observations: 180     Method:             REML
No. Groups:       18      Scale:              654.9410
Min. group size:  10      Log-Likelihood:     -871.8141
Max. group size:  10      Converged:          Yes
Mean group size:  10.0
--------------------------------------------------------
                 Coef.  Std.Err.   z    P>|z| [0.025  0.975]
--------------------------------------------------------
Intercept        251.405    6.825 36.838 0.000 238.029 264.781
Days              10.467    1.546  6.771 0.000   7.438  13.497
Group Var        612.090   11.881
Group x Days Cov   9.604    1.821
Days Var          35.072    0.610
========================================================
"""


@pytest.fixture(scope="module")
def slopes() -> lme.model.MerMod:
    """The model that the texts are of, fitted without R."""
    return lme.lmer("Reaction ~ Days + (Days | Subject)", cases.data("sleepstudy"), backend="native")


def verdicts(report: lme.parity.Report) -> dict[Key, str]:
    """The verdict of each number."""
    rows = report.table.to_dict("records")
    return {Key(*(row[name] for name in Key._fields)): row["verdict"] for row in rows}


def test_every_number_of_a_summary_holds(slopes: lme.model.MerMod) -> None:
    """A fit at the optimum gives every digit that lme4 prints there."""
    report = published(SUMMARY).check(slopes)
    assert report.ok, str(report)
    assert set(verdicts(report).values()) == {"holds"}


@pytest.mark.parametrize(
    ("text", "near"),
    [
        (SUMMARY.replace("612.09", "612.10").replace("24.740", "24.741"), {"vcov", "sdcor"}),
        (BEFORE_1_0, {"vcov"}),
    ],
    ids=["lme4 1.1-31", "lme4 before 1.0"],
)
def test_an_optimizer_that_stopped_early_is_found_out(text: str, near: set[str], slopes: lme.model.MerMod) -> None:
    """What lme4 prints for sleepstudy by default is a unit off the optimum in the variance of the intercepts."""
    report = published(text).check(slopes)
    assert set(report.misses["quantity"]) == near
    assert set(report.misses["verdict"]) == {"near"}
    assert all("stopped early" in reason for reason in report.misses["reason"])
    assert "the variances printed at line 1 give the printed likelihood" in report.outcome


def test_the_criterion_at_printed_variances_is_lme4s(slopes: lme.model.MerMod) -> None:
    """At the variances that MixedLM printed, far off in units, the printed log-likelihood comes out."""
    # A tenth of a per cent of the intercepts' variance is 600 units of the last place, and 1e-6 of the criterion.
    report = published(MIXEDLM.replace("612.090", "612.690")).check(slopes)
    row = report.table[(report.table["quantity"] == "vcov") & (report.table["printed"] == "612.690")].iloc[0]
    assert row["verdict"] == "differs"
    assert "stopped early" in row["reason"]
    assert 0 < criterion_at({**variances(slopes), VARIANCE: 612.690}, slopes) - slopes.REMLcrit() < 1e-4
    assert criterion_at(variances(slopes), slopes) == pytest.approx(slopes.REMLcrit(), abs=1e-9)


def test_variances_that_do_not_give_the_printed_likelihood_are_found_out(slopes: lme.model.MerMod) -> None:
    """A misprinted variance contradicts the printed log-likelihood, and the report says so."""
    report = published(MIXEDLM.replace("612.090", "912.090")).check(slopes)
    assert "not the printed -871.8141" in report.outcome


VARIANCE = matching(Key("vcov", "Subject", term="(Intercept)"))


def variances(fit: lme.model.MerMod) -> dict[Key, float]:
    """A fit's own variances and covariances by matching key."""
    return {matching(key): value for key, value in numbers_of(fit, {"vcov"}).items()}


def test_a_wrong_last_digit_is_near_at_the_printed_likelihood(slopes: lme.model.MerMod) -> None:
    """One unit off where the criterion is the printed one is a near miss, and still a miss."""
    report = published(SUMMARY.replace("10.467", "10.468")).check(slopes)
    assert verdicts(report)[Key("estimate", term="Days")] == "near"
    assert not report.ok
    assert report.agrees(allow=("near",))
    (row,) = report.misses.to_dict("records")
    assert row["misses"] == pytest.approx((10.468 - slopes.fixef()["Days"]) / 0.001)
    assert "stopped early" in row["reason"]


def test_far_off_or_at_another_likelihood_differs(slopes: lme.model.MerMod) -> None:
    """What is off by more units, or beside another criterion, is no near miss."""
    far = published(SUMMARY.replace("10.467", "10.567")).check(slopes)
    assert verdicts(far)[Key("estimate", term="Days")] == "differs"
    elsewhere = published(SUMMARY.replace("10.467", "10.468").replace("1743.6", "1745.6")).check(slopes)
    assert verdicts(elsewhere)[Key("estimate", term="Days")] == "differs"
    assert "log-likelihood is higher than the printed one" in str(elsewhere)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Reaction ~ Days + (Days | Subject)", "Reaction ~ Days + (1 | Subject)", "formula differs"),
        ("Number of obs: 180", "Number of obs: 179", "number of rows differs: 179 was printed, the fit has 180"),
        ("Subject, 18", "Subject, 17", "groups differ"),
        ("fit by REML", "fit by maximum likelihood", "REML differs: False was printed"),
        ("Days          10.467", "Week          10.467", "coefficients differ: (Intercept), Week were printed"),
    ],
)
def test_another_model_is_said_first(old: str, new: str, words: str, slopes: lme.model.MerMod) -> None:
    """Before any number the report says how text and fit are of different models."""
    report = published(SUMMARY.replace(old, new)).check(slopes)
    assert not report.ok
    assert words in report.mismatches[0]
    assert words in str(report).split("\n")[1]


@pytest.mark.parametrize("formula", ["Reaction~1+Days+(1+Days|Subject)", "Reaction ~ (Days | Subject) + Days"])
def test_another_spelling_is_the_same_model(formula: str, slopes: lme.model.MerMod) -> None:
    """Order and shorthand of a formula do not matter."""
    assert published(SUMMARY.replace("Reaction ~ Days + (Days | Subject)", formula)).check(slopes).mismatches == ()


def test_a_missing_coefficient_is_missing_and_an_unknown_quantity_is_not_reported(slopes: lme.model.MerMod) -> None:
    """What the fit should have and has not is a miss; what no such fit reports is not."""
    found = verdicts(published(SUMMARY.replace("Days          10.467", "Week          10.467")).check(slopes))
    assert found[Key("estimate", term="Week")] == "missing"
    found = verdicts(published(MIXEDLM).check(slopes))
    assert found[Key("std_error", group="Group", term="(Intercept)", method="variance")] == "not reported"


def test_mixedlm_prints_meet_lme4_names(slopes: lme.model.MerMod) -> None:
    """Names of groups and effects that statsmodels prints are taken for lme4's."""
    report = published(MIXEDLM).check(slopes)
    assert report.mismatches == ()
    found = verdicts(report)
    for term, second in (("(Intercept)", ""), ("(Intercept)", "Days"), ("Days", "")):
        assert found[Key("vcov", group="Group", term=term, term2=second)] in {"holds", "near"}
    assert found[Key("n_groups", group="Group")] == "holds"
    assert found[Key("group_size", method="mean")] == "holds"


def test_mixedlm_standard_errors_are_another_definition() -> None:
    """A miss of MixedLM's standard errors says why."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", cases.data("sleepstudy"), backend="native")
    report = published(MIXEDLM.replace("1.546", "1.502")).check(fit)
    (row,) = [row for row in report.misses.to_dict("records") if row["quantity"] == "std_error"]
    assert row["verdict"] == "differs"
    assert "joint Hessian" in row["reason"]


def test_of_many_outputs_those_of_the_model_are_checked(slopes: lme.model.MerMod) -> None:
    """A page's other outputs are left out, and the report says so."""
    other = SUMMARY.replace("(Days | Subject)", "(1 | Subject)")
    report = published(other + "\n" + SUMMARY).check(slopes)
    assert report.ok
    assert report.notes == ("left out: summary(lmer) at line 1, of another model",)


def test_renamed_variables_are_told_apart_by_the_caller(slopes: lme.model.MerMod) -> None:
    """`names` gives the text's names in the fit's spelling."""
    text = SUMMARY.replace("Days", "days_of_sleep").replace("days_of_sleep -0.138", "dys_f -0.138")
    assert not published(text).check(slopes).ok
    assert published(text).check(slopes, names={"days_of_sleep": "Days"}).ok


def test_no_output_of_the_kind_is_an_error(slopes: lme.model.MerMod) -> None:
    """Checking a mixed model against a page without one says what the page has."""
    with pytest.raises(PrintedOutputError, match="expected an output of a mixed fit; outputs found: none"):
        Published((), ()).check(slopes)
    with pytest.raises(PrintedOutputError, match="outputs found: icc at line 1"):
        published("# ICC by Group\n\ng | 0.5\n").check(slopes)


def test_anova_rows_correspond_by_their_place(slopes: lme.model.MerMod) -> None:
    """Whatever the models were called, the table's rows are compared in order."""
    text = """Data: sleepstudy
Models:
small: Reaction ~ Days + (1 | Subject)
big: Reaction ~ Days + (Days | Subject)
      npar    AIC    BIC  logLik deviance  Chisq Df Pr(>Chisq)
small    4 1802.1 1814.8 -897.04   1794.1
big      6 1763.9 1783.1 -875.97   1751.9 42.139  2  7.072e-10 ***
"""
    small = lme.lmer("Reaction ~ Days + (1 | Subject)", cases.data("sleepstudy"), REML=False, backend="native")
    big = lme.lmer("Reaction ~ Days + (Days | Subject)", cases.data("sleepstudy"), REML=False, backend="native")
    report = published(text).check(lme.anova(small, big))
    assert report.ok, str(report)
    assert report.counts["holds"] == 13
    assert not published(text.replace("42.139", "42.239")).check(lme.anova(small, big)).ok


def test_a_printed_na_holds_where_there_is_no_number() -> None:
    """R's NA for an aliased coefficient is met by a coefficient that is not there."""
    frame = cases.data("sleepstudy").assign(Twice=lambda data: 2 * data["Days"])
    fit = lme.lm("Reaction ~ Days + Twice", frame, backend="native")
    text = "Call:\nlm(formula = Reaction ~ Days + Twice, data = d)\n\nCoefficients:\n"
    report = published(f"{text}(Intercept)  Days  Twice\n251.41  10.47  NA\n").check(fit)
    assert report.ok, str(report)


def test_raise_if_failed_carries_the_report(slopes: lme.model.MerMod) -> None:
    """The error's message is the report."""
    published(SUMMARY).check(slopes).raise_if_failed()
    with pytest.raises(ParityError, match=r"differs: line 21: estimate Days: 10\.967 against 10\.467286, 500 units"):
        published(SUMMARY.replace("10.467", "10.967")).check(slopes).raise_if_failed()


def test_differences_are_computed_minus_printed(slopes: lme.model.MerMod) -> None:
    """The table has both numbers, their difference and the half unit that was allowed."""
    table = published(SUMMARY).check(slopes).to_frame()
    row = table[(table["quantity"] == "estimate") & (table["term"] == "Days")].iloc[0]
    assert (row["reference"], row["allowed"], row["line"]) == (10.467, pytest.approx(0.0005), 21)
    assert math.isclose(row["difference"], slopes.fixef()["Days"] - 10.467)
