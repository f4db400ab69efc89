"""The reader on small texts: layouts, generations of headers, broken and hostile input."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmebridge.errors import PrintedOutputError
from lmebridge.parity import Key, PrintedOutput, Published, published

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What lme4 prints for sleepstudy when its optimizer's tolerances are tightened; by default it stops at 612.10, 24.741.
SUMMARY = """Linear mixed model fit by REML ['lmerMod']
Formula: Reaction ~ Days + (Days | Subject)
   Data: sleepstudy

REML criterion at convergence: 1743.6

Scaled residuals:
    Min      1Q  Median      3Q     Max
-3.9536 -0.4634  0.0231  0.4634  5.1793

Random effects:
 Groups   Name        Variance Std.Dev. Corr
 Subject  (Intercept) 612.09   24.740
          Days         35.07    5.922   0.07
 Residual             654.94   25.592
Number of obs: 180, groups:  Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept)  251.405      6.825  36.838
Days          10.467      1.546   6.771

Correlation of Fixed Effects:
     (Intr)
Days -0.138
"""
#: What the documents of lme4's first years show; the numbers are of the same model.
BEFORE_1_0 = """Linear mixed model fit by REML
Formula: Reaction ~ Days + (Days | Subject)
   Data: sleepstudy
  AIC  BIC logLik deviance REMLdev
 1756 1775 -871.8     1752    1744
Random effects:
 Groups   Name        Variance Std.Dev. Corr
 Subject  (Intercept) 612.092  24.7405
          Days         35.072   5.9221  0.066
 Residual             654.941  25.5918
Number of obs: 180, groups: Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept)  251.405      6.825   36.84
Days          10.467      1.546    6.77

Correlation of Fixed Effects:
     (Intr)
Days -0.138
"""
FROM_1_1_37 = """Linear mixed model fit by maximum likelihood  ['lmerMod']
Formula: Reaction ~ Days + (1 | Subject)
   Data: sleepstudy
      AIC       BIC    logLik -2*log(L)  df.resid
   1802.1    1814.9    -897.0    1794.1       176
Random effects:
 Groups   Name        Std.Dev.
 Subject  (Intercept) 36.01
 Residual             30.90
Number of obs: 180, groups:  Subject, 18
Fixed Effects:
(Intercept)         Days
     251.41        10.47
"""


def collapsed(text: str) -> str:
    """The text as a converter leaves it that turns runs of blanks into one."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


def prefixed(text: str, prefix: str) -> str:
    """The text as a renderer of documents prints it."""
    return "\n".join(prefix + line for line in text.split("\n"))


LAYOUTS = {
    "plain": SUMMARY,
    "knitr": prefixed(SUMMARY, "## "),
    "reprex": prefixed(SUMMARY, "#> "),
    "collapsed": collapsed(SUMMARY),
    "windows": SUMMARY.replace("\n", "\r\n"),
    "typeset": SUMMARY.replace("-", "\u2212").replace(" ", "\u00a0").replace("'", "\u2019"),
    "coloured": SUMMARY.replace("Days", "\x1b[31mDays\x1b[39m"),
    "in prose": f"We fit:\n\n> summary(m)\n{SUMMARY}\n\nThe slope is 10.5 ms a day.\n",
}


def texts(found: Sequence[PrintedOutput]) -> dict[Key, str]:
    """Printed numbers by their keys."""
    return {number.key: number.text for output in found for number in output.numbers}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_summary_reads_the_same_in_every_layout(layout: str) -> None:
    """Prefixes, collapsed blanks and typography change nothing."""
    assert texts(published(LAYOUTS[layout])) == texts(published(SUMMARY))
    assert len(texts(published(SUMMARY))) == 1 + 5 + 7 + 2 + 6 + 1
    assert published(LAYOUTS[layout]).unread == ()


GENERATIONS = [
    (
        BEFORE_1_0,
        "lme4 before 1.0",
        "summary(lmer)",
        {Key("criterion", method="REML"): "1744", Key("criterion", method="ML"): "1752"},
    ),
    (SUMMARY, "lme4 1.0 or later", "summary(lmer)", {Key("criterion", method="REML"): "1743.6"}),
    (
        SUMMARY.replace("REML criterion at convergence: 1743.6", "AIC BIC logLik deviance df.resid\n1 2 3 4 5"),
        "lme4 1.0 to 1.1-36",
        "summary(lmer)",
        {Key("df_residual"): "5"},
    ),
    (
        FROM_1_1_37,
        "lme4 1.1-37 or later",
        "print(lmer)",
        {Key("criterion", method="ML"): "1794.1", Key("logLik", method="ML"): "-897.0"},
    ),
]


@pytest.mark.parametrize(("text", "software", "kind", "numbers"), GENERATIONS, ids=lambda value: str(value)[:20])
def test_every_generation_of_headers_is_known(text: str, software: str, kind: str, numbers: dict[Key, str]) -> None:
    """The header says which lme4 printed it, and what its criteria are."""
    (output,) = published(text)
    assert (output.software, output.kind) == (software, kind)
    assert numbers.items() <= texts(published(text)).items()


@pytest.mark.parametrize(
    ("criterion", "half_unit"),
    [("1743.6", 0.05), ("1744", 0.05), ("162", 0.05), ("1234568", 0.55)],
)
def test_a_criterion_without_decimals_was_rounded_to_one(criterion: str, half_unit: float) -> None:
    """R drops the zero of 162.0; where seven digits are used up it rounds once more, to the whole number."""
    (output,) = published(SUMMARY.replace("1743.6", criterion))
    (number,) = (n for n in output.numbers if n.key.quantity == "criterion")
    assert number.half_unit == pytest.approx(half_unit)


def test_few_digits_leave_the_criterion_its_own_resolution() -> None:
    """With options(digits = 3) R prints 1744 for 1743.6: the other tables' three digits give that away."""
    few = SUMMARY.replace("612.09", "612.1").replace("35.07 ", "35.1 ").replace("654.94", "654.9")
    few = few.replace("24.740", "24.74").replace("5.922 ", "5.92 ").replace("25.592", "25.59")
    few = few.replace("6.825", "6.82").replace("1.546", "1.55").replace("251.405", "251.40").replace("10.467", "10.47")
    (output,) = published(few.replace("1743.6", "1744"))
    (number,) = (n for n in output.numbers if n.key.quantity == "criterion")
    assert number.numeral.admits(1743.6)


def test_a_cut_off_summary_says_where() -> None:
    """What is there is read, what is missing is named with the line where the text ends."""
    cut = SUMMARY[: SUMMARY.index("Days          10.467")]
    (output,) = published(cut + "\n")
    assert [str(n.key) for n in output.numbers if n.key.quantity == "estimate"] == ["estimate (Intercept)"]
    cut = SUMMARY[: SUMMARY.index("Fixed effects:")]
    found = published(cut)
    assert len(found) == 1
    assert [problem.reason for problem in found.unread] == ["the output ends here without `Fixed effects:`"]


def test_a_table_that_was_cut_in_a_row_is_reported() -> None:
    """Half a row is not read as a whole one."""
    found = published(SUMMARY[: SUMMARY.index(" 25.592")] + "\n")
    assert found.unread[0].line == 15
    assert "expected a group, an effect" in found.unread[0].reason


def test_two_glued_outputs_are_two() -> None:
    """A second title ends the first output; a second one without its title is a piece."""
    assert [output.line for output in published(SUMMARY + SUMMARY)] == [1, 1 + SUMMARY.count("\n")]
    untitled = SUMMARY + SUMMARY.split("\n", 1)[1]
    found = published(untitled)
    assert texts(found[:1]) == texts(published(SUMMARY))
    assert [output.kind for output in found] == ["summary(lmer)", "VarCorr"]
    assert found.unread[0].line == 1 + SUMMARY.count("\n")
    assert "beginning is missing" in found.unread[0].reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Call:\nglm(formula = y ~ x, family = binomial)\n\nCoefficients:\n(Intercept) x\n1 2",
            "expected a call of lm; glm is not read",
        ),
        ("Type III Analysis of Variance Table with Satterthwaite's method\n", "this kind of output is not read"),
        ("Linear mixed model fit by REML is what lmer says.\nMore prose.\n", "expected `Formula:` below the title"),
        ("# ICC by Group\n\nGroup | ICC\n-----------\n", "expected intraclass correlation coefficients"),
        ("Fixed effects:\n  Estimate Std. Error\n", "a piece of an output whose beginning is missing"),
        ("Data: d\nModels:\nm1: y ~ x\n", "expected two models or more"),
        (
            "   OLS Regression Results\n=====================\nnothing here\n",
            "expected the fields of a statsmodels summary",
        ),
    ],
)
def test_what_looks_like_an_output_is_reported(text: str, reason: str) -> None:
    """Nothing that looks like an output is passed over in silence."""
    assert any(reason in unread.reason for unread in published(text).unread)


def test_prose_is_no_output() -> None:
    """Text without outputs gives none and complains of nothing."""
    found = published("The intercept (Intercept) was 4.39 and the REML fit had 5 groups.\n\n$x$ is 3\n1 2 3\n")
    assert (len(found), found.unread) == (0, ())


@pytest.mark.parametrize("text", ["a\0b", "\x89PNG\r\n\x1a\n\0\0"])
def test_a_binary_file_is_refused(text: str) -> None:
    """The content of a binary file is no text, and the message says so."""
    with pytest.raises(PrintedOutputError, match="binary file"):
        published(text)


def test_a_huge_text_is_refused() -> None:
    """Twenty million characters are no page."""
    with pytest.raises(PrintedOutputError, match="at most 20000000 characters"):
        published("x" * 20_000_001)


PIECES = [line for text in (SUMMARY, BEFORE_1_0, FROM_1_1_37) for line in text.split("\n")]
PIECES += [
    "Call:",
    "lm(formula = y ~ x)",
    "Coefficients:",
    "Residuals:",
    "Models:",
    "m: y ~ x",
    "Df AIC",
    "$g",
    "2.5 % 97.5 %",
    "Intercept 1.5",
    "dtype: float64",
    "# ICC by Group",
    "g | 0.1",
    "OLS Regression Results",
    "Mixed Linear Model Regression Results",
    "=========",
    "Model: OLS AIC: 0e999",
    "coef std err t P>|t| [0.025 0.975]",
    "x 1 2 3 4 5 6",
    "Group Var 1",
    "Group x y Cov 2",
    "grpvar term grp condval",
    "1 g (Intercept) a 1e308",
    "NA",
    "< 2e-16 ***",
]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=400), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30))).map("\n".join))
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the text, reading ends with outputs or with the one error that is meant for it."""
    try:
        found = published(text)
    except PrintedOutputError:
        return
    assert isinstance(found, Published)
    assert len(found.to_frame()) == sum(len(output.numbers) for output in found)


HOSTILE_TEXTS = {
    "one long word": "a" * 1_000_000,
    "one long line of numbers": "1 " * 500_000,
    "blanks before a star": "x" + " " * 500_000 + "*",
    "names without end": "(Intercept) " * 100_000 + "\n" + "1 " * 100_000,
    "groups without end": "Number of obs: 5, groups: " + "a, b; " * 100_000,
    "titles only": "Linear mixed model fit by REML\n" * 20_000,
    "calls only": "Call:\nlm(" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_hostile_texts_are_read_in_time(name: str) -> None:
    """No pattern takes more than linear time: a megabyte of anything is done in seconds."""
    started = time.perf_counter()
    published(HOSTILE_TEXTS[name])
    # A quadratic pattern would take minutes; ten seconds leave room for a slow and busy machine.
    assert time.perf_counter() - started < 10
