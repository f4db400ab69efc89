"""What stops a fit, and what is said about one: in the words of R and lme4, with what to do added."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lmebridge.design.build import build
from lmebridge.design.checks import independent_columns, option
from lmebridge.errors import LmebridgeError
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from tests import tables_for_r
from tests.judge import r_literal, run_r

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Bad:
    """A model that cannot be fitted, and the words for it."""

    formula: str
    words: str
    arguments: dict[str, str] = field(default_factory=dict)
    control: dict[str, str] = field(default_factory=dict)


def bad_table() -> pd.DataFrame:
    """The table with columns that make trouble."""
    data = tables_for_r.table()
    row = np.arange(len(data))
    data["one"] = "same"
    data["each"] = [f"r{i}" for i in row]
    data["pair"] = row // 2
    data["zero"] = data["x"].where(row != 4, 0.0)
    data["nothing"] = np.nan
    return data


#: R and lme4 say these words too.
STOPPED = [
    Bad("y ~ x + (1 | one)", "grouping factors must have > 1 sampled level"),
    Bad(
        "y ~ x + (1 | each) + (1 | g)",
        "number of levels of each grouping factor must be < number of observations (problems: each)",
    ),
    Bad(
        "y ~ x + (x | pair)",
        "number of observations (=48) <= number of random effects (=48) for term (x | pair); the random-effects "
        "parameters and the residual variance (or scale parameter) are probably unidentifiable",
    ),
    Bad("f ~ x + (1 | g)", "response must be numeric"),
    Bad("t ~ x + (1 | g)", "response must be numeric"),
    Bad("y ~ nothing + (1 | g)", "0 (non-NA) cases"),
    Bad("y ~ x + (1 | g)", "0 (non-NA) cases", {"subset": "x > 100"}),
    Bad("log(zero) ~ x + (1 | g)", "NA/NaN/Inf in 'y'"),
    Bad("y ~ one + (1 | g)", "contrasts can be applied only to factors with 2 or more levels"),
    Bad("y ~ nope + (1 | g)", "object 'nope' not found"),
    Bad("y ~ x + (1 | factor(h))", "couldn't evaluate grouping factor factor(h) within model frame:"),
    Bad("y ~ poly(xm, 2) + (1 | g)", "missing values are not allowed in 'poly'"),
    Bad("y ~ poly(k, 4) + (1 | g)", "'degree' must be less than number of unique points"),
    Bad("y ~ poly(x, 0) + (1 | g)", "'degree' must be at least 1"),
    Bad("y ~ bs(x, degree = 0) + (1 | g)", "'degree' must be integer >= 1"),
    Bad("y ~ scale(cbind(x, w), center = 1) + (1 | g)", "length of 'center' must equal the number of columns of 'x'"),
    Bad("y ~ relevel(f, ref = 'q') + (1 | g)", "'ref' must be an existing level"),
    Bad("y ~ relevel(f, ref = 9) + (1 | g)", "ref = 9 must be in 1L:4"),
    Bad("y ~ relevel(o, 'mid') + (1 | g)", "'relevel' only for unordered factors"),
    Bad("y ~ cut(x, 1) + (1 | g)", "invalid number of intervals"),
    Bad("y ~ cut(x, c(1, 1, 5)) + (1 | g)", "'breaks' are not unique"),
    Bad("y ~ factor(n, labels = c('a', 'b')) + (1 | g)", "invalid 'labels'; length 2 should be 1 or 11"),
    Bad("y ~ I(mean(x)) + (1 | g)", "variable lengths differ (found for 'I(mean(x))')"),
    Bad("y ~ I(t + 1) + (1 | g)", "non-numeric argument to binary operator"),
    Bad("y ~ log(t) + (1 | g)", "non-numeric argument to mathematical function"),
    Bad("y ~ xm + (1 | g)", "missing values in object", {"na.action": "na.fail"}),
    Bad("y ~ x + (1 | g)", "all(weights >= 0) is not TRUE", {"weights": "w"}),
    Bad("y ~ x + (1 | g)", "variable lengths differ (found for '(weights)')", {"weights": "mean(x)"}),
    Bad("y ~ x + (1 | g)", "contrasts apply only to factors", {"contrasts": "x"}),
    Bad(
        "y ~ x + I(2 * x) + (1 | g)",
        "the fixed-effects model matrix is column rank deficient (rank(X) = 2 < 3 = p);\n"
        "the fixed effects will be jointly unidentifiable",
        control={"check.rankX": "stop.deficient"},
    ),
    Bad(
        "y ~ x + big + (1 | g)",
        "Some predictor variables are on very different scales: consider rescaling",
        control={"check.scaleX": "stop"},
    ),
    Bad(
        "y ~ x + (1 | g) + (1 | each)",
        "number of observations (=48) <= rank(Z) (=48); the random-effects parameters and the residual variance "
        "(or scale parameter) are probably unidentifiable",
        control={"check.nobs.vs.nlev": "ignore", "check.nobs.vs.nRE": "ignore", "check.nobs.vs.rankZ": "stop"},
    ),
    Bad(
        "y ~ x + (1 | b)",
        "grouping factors with < 5 sampled levels may give unreliable estimates",
        control={"check.nlev.gtreq.5": "stop"},
    ),
    Bad(
        "y ~ x + (1 | g)",
        "invalid control level ‘perhaps’ in check.nlev.gtr.1: valid options are {‘message’,‘warning’,‘stop’,‘ignore’}",
        control={"check.nlev.gtr.1": "perhaps"},
    ),
]

#: R has other words here, or goes on to nonsense.
STOPPED_HERE = [
    Bad("y ~ log(zero) + (1 | g)", "NA/NaN/Inf in 'x': `log(zero)` is infinite in 1 of 48 rows used, first"),
    Bad("y ~ I(f + 1) + (1 | g)", "‘+’ not meaningful for factors: use as.numeric(as.character(x))"),
    Bad("y ~ I(f < 'b') + (1 | g)", "‘<’ not meaningful for factors: make it an ordered factor"),
    Bad("y ~ log(f) + (1 | g)", "‘log’ not meaningful for factors"),
    Bad("cbind(y, x) ~ w + (1 | g)", "response must be numeric: `cbind(y, x)` has 2 columns"),
    Bad("y ~ poly(x, w, degree = 2) + (1 | g)", "`poly()` of several variables is not evaluated here"),
    Bad("y ~ ave(x, g) + (1 | g)", "`ave(x, g)`: lmebridge does not evaluate `ave`. Make its result a column"),
    Bad("y ~ log(x, 2, 3) + (1 | g)", "`log(x, 2, 3)` has an unused argument: `3`"),
    Bad("y ~ ns(zero / 0, 3) + (1 | g)", "NA/NaN/Inf in `ns()`"),
    Bad("y ~ x + (1 | g)", "unknown contrast function 'contr.nope' for `f`", {"contrasts": "f"}),
    Bad("y ~ x + (1 | g)", "subset `99` names row 99, but the data have 48 rows", {"subset": "99"}),
    Bad("y ~ x + (1 | g)", "subset `c(-1, 2)` mixes rows to keep and rows to leave out", {"subset": "c(-1, 2)"}),
    Bad("y ~ x + (1 | g)", "na_action 'na.what' is unknown", {"na.action": "na.what"}),
    Bad("~ x + (1 | g)", "the formula has no response"),
]


def attempted(bad: Bad) -> None:
    """Build the model."""
    given = bad.arguments
    contrasts = {"x": "contr.sum"} if given.get("contrasts") == "x" else {"f": "contr.nope"}
    formula = "y ~ f + (1 | g)" if given.get("contrasts") == "f" else bad.formula
    model = Model(
        parse_formula(formula),
        weights=given.get("weights"),
        subset=given.get("subset"),
        na_action=given.get("na.action", "na.omit"),
        contrasts=contrasts if "contrasts" in given else {},
        control=bad.control,
    )
    build(model, bad_table())


@pytest.mark.parametrize("bad", STOPPED + STOPPED_HERE, ids=lambda bad: f"{bad.formula} {bad.words[:20]}")
def test_stops_in_these_words(bad):
    """The error begins with R's or lme4's words."""
    with pytest.raises(LmebridgeError) as caught:
        attempted(bad)
    assert str(caught.value).startswith(bad.words)


ASK = """
library(lme4)
library(splines)
d <- read_table(".", "table")
lapply(readLines("calls.txt"), function(code)
  tryCatch({ suppressWarnings(eval(parse(text = code)[[1]])); "no error" }, error = conditionMessage))
"""


@pytest.mark.needs_r
def test_r_stops_in_the_same_words(tmp_path):
    """R and lme4 stop the same models in the words the table has."""
    tables_for_r.write(bad_table(), tmp_path)
    (tmp_path / "calls.txt").write_text("\n".join(map(r_call, STOPPED)) + "\n", encoding="utf-8")
    said = run_r('Sys.setlocale("LC_CTYPE", "C.UTF-8")\n' + tables_for_r.READ + ASK, tmp_path)
    missing = [(bad.words, words) for bad, words in zip(STOPPED, said, strict=True) if bad.words not in words]
    assert missing == []


def r_call(bad: Bad) -> str:
    """The call of lmer on one line."""
    given = {**bad.arguments}
    if "contrasts" in given:
        given["contrasts"] = "list(x = 'contr.sum')"
    if bad.control:
        settings = ", ".join(f"{name} = {r_literal(value)}" for name, value in bad.control.items())
        given["control"] = f"lmerControl({settings})"
    arguments = "".join(f", {name} = {value}" for name, value in given.items())
    return f"lmer({bad.formula}, d{arguments})"


SAID = [
    (
        "y ~ x + I(2 * x) + (1 | g)",
        {},
        ["fixed-effect model matrix is rank deficient so dropping 1 column / coefficient"],
    ),
    (
        "y ~ x + I(2 * x) + I(3 * x) + (1 | g)",
        {},
        ["fixed-effect model matrix is rank deficient so dropping 2 columns / coefficients"],
    ),
    ("y ~ x + I(2 * x) + (1 | g)", {"check.rankX": "silent.drop.cols"}, []),
    ("y ~ x + big + (1 | g)", {}, ["Some predictor variables are on very different scales: consider rescaling"]),
    ("y ~ x + big + (1 | g)", {"check_scaleX": "ignore"}, []),
    ("y ~ x + (1 | one)", {"check.nlev.gtr.1": "warning"}, ["grouping factors must have > 1 sampled level"]),
    ("y ~ x + (1 | one)", {"check_nlev_gtr_1": "ignore"}, []),
    ("y ~ log(w) + (1 | g)", {}, ["In log(): NaNs produced"]),
    (
        "y ~ x + (1 | b)",
        {"check.nlev.gtreq.5": "warning"},
        ["grouping factors with < 5 sampled levels may give unreliable estimates"],
    ),
]


@pytest.mark.parametrize(("formula", "control", "expected"), SAID)
def test_says_what_lme4_says(formula, control, expected):
    """Messages have lme4's words, and the settings of `lmerControl` turn them off."""
    design = build(Model(parse_formula(formula), control=control), bad_table())
    assert [message.text for message in design.messages] == expected
    assert {message.kind for message in design.messages} <= {"note"}


def test_text_in_another_order_is_noted():
    """Text whose levels a dictionary orders otherwise is named, where the order changes coefficients."""
    design = build(Model(parse_formula("y ~ t + (1 | h)")), bad_table())
    (message,) = design.messages
    assert message.text.startswith("'t' is text: its levels are in the order of R's C locale (Beta, Gamma, alpha, ...)")
    assert build(Model(parse_formula("y ~ x + (1 | t)")), bad_table()).messages == ()


def test_contrasts_of_no_variable_are_noted():
    """R's words for contrasts that concern no variable of the fixed effects."""
    design = build(Model(parse_formula("y ~ x + (1 | g)"), contrasts={"f": "contr.sum"}), bad_table())
    assert [m.text for m in design.messages] == ["variable 'f' is absent, its contrast will be ignored"]


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ([[1, 1, 1, 1], [1, 2, 3, 4], [2, 3, 4, 5], [0, 1, 0, 1]], [0, 1, 3]),
        ([[0, 0, 0, 0], [1, 2, 3, 4]], [1]),
        ([[1, 1, 1, 1], [1, 1, 1, 1 + 1e-6]], [0, 1]),
        ([[1, 1, 1, 1], [1, 1, 1, 1 + 1e-8]], [0]),
        ([[1, 0], [0, 1], [1, 1]], [0, 1]),
        ([[1e-9, 2e-9, 0, 0], [1e9, 0, 0, 1e9]], [0, 1]),
    ],
)
def test_dependent_columns_are_those_of_qr(columns, kept):
    """Columns are kept as by R's ``qr(X, tol = 1e-7)$pivot[seq_len(rank)]``, whose results these are."""
    assert independent_columns(np.array(columns, dtype=float).T).tolist() == kept


@pytest.mark.needs_r
def test_dependent_columns_of_many_random_matrices(tmp_path):
    """The same columns as R's qr on 200 matrices of small whole numbers with dependencies anywhere."""
    random = np.random.default_rng(7)
    matrices = [random.integers(-1, 2, (6, random.integers(2, 7))) for _ in range(200)]
    rows = [" ".join(map(str, [m.shape[1], *m.ravel(order="F")])) for m in matrices]
    (tmp_path / "matrices.txt").write_text("\n".join(rows) + "\n")
    program = """lapply(strsplit(readLines("matrices.txt"), " "), function(x) {
      x <- as.numeric(x); q <- qr(matrix(x[-1], ncol = x[1]), tol = 1e-7); I(q$pivot[seq_len(q$rank)] - 1) })"""
    expected = run_r(program, tmp_path)
    assert [independent_columns(m.astype(float)).tolist() for m in matrices] == expected


def test_options_are_found_under_both_spellings():
    """A check's setting may be spelt with dots or with underscores."""
    assert option({}, "check.scaleX") == "warning"
    assert option({"check.scaleX": "ignore"}, "check.scaleX") == "ignore"
    assert option({"check_scaleX": "stop"}, "check.scaleX") == "stop"
