"""lme4's formula language: against lme4 itself, and against tables of what it reads and refuses."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmebridge.errors import FormulaError
from lmebridge.formula.model_formula import Formula, blocks, group_name, parse_expression, parse_formula, resolve_dot
from lmebridge.rsyntax import deparse
from tests import judge

#: Formula to response, fixed effects, random-effects terms as written, and blocks; compared with lme4 below.
FORMULAS = {
    "y ~ x": ("y", "x", [], []),
    "y ~ (1 | g)": ("y", "1", ["(1 | g)"], ["(1 | g)"]),
    "y ~ x + (1 | g)": ("y", "x", ["(1 | g)"], ["(1 | g)"]),
    "y ~ (1 | g) + x": ("y", "x", ["(1 | g)"], ["(1 | g)"]),
    "y ~ 0 + x + (x - 1 | g)": ("y", "0 + x", ["(x - 1 | g)"], ["(x - 1 | g)"]),
    "y ~ x + (0 + x | g)": ("y", "x", ["(0 + x | g)"], ["(0 + x | g)"]),
    "y ~ x + (x | g)": ("y", "x", ["(x | g)"], ["(x | g)"]),
    "y ~ x + (x || g)": ("y", "x", ["(x || g)"], ["(1 | g)", "(0 + x | g)"]),
    "y ~ x + (0 + x || g)": ("y", "x", ["(0 + x || g)"], ["(0 + x | g)"]),
    "y ~ x + (x - 1 || g)": ("y", "x", ["(x - 1 || g)"], ["(0 + x | g)"]),
    "y ~ x + (x * z || g)": (
        "y",
        "x",
        ["(x * z || g)"],
        ["(1 | g)", "(0 + x | g)", "(0 + z | g)", "(0 + x:z | g)"],
    ),
    "y ~ x + (log(x) + I(z^2) || g)": (
        "y",
        "x",
        ["(log(x) + I(z^2) || g)"],
        ["(1 | g)", "(0 + log(x) | g)", "(0 + I(z^2) | g)"],
    ),
    "y ~ (1 | a/b)": ("y", "1", ["(1 | a/b)"], ["(1 | b:a)", "(1 | a)"]),
    "y ~ (1 | a/b/c)": ("y", "1", ["(1 | a/b/c)"], ["(1 | c:(b:a))", "(1 | b:a)", "(1 | a)"]),
    "y ~ (x | a/b)": ("y", "1", ["(x | a/b)"], ["(x | b:a)", "(x | a)"]),
    "y ~ (x || a/b)": (
        "y",
        "1",
        ["(x || a/b)"],
        ["(1 | b:a)", "(1 | a)", "(0 + x | b:a)", "(0 + x | a)"],
    ),
    "y ~ (1 | a:b)": ("y", "1", ["(1 | a:b)"], ["(1 | a:b)"]),
    "y ~ (1 | a:b:c)": ("y", "1", ["(1 | a:b:c)"], ["(1 | a:b:c)"]),
    "y ~ (1 | a/b:c)": ("y", "1", ["(1 | a/b:c)"], ["(1 | b:c:a)", "(1 | a)"]),
    "y ~ (1 | a/(b:c))": ("y", "1", ["(1 | a/(b:c))"], ["(1 | (b:c):a)", "(1 | a)"]),
    "y ~ (1 | (a:b))": ("y", "1", ["(1 | (a:b))"], ["(1 | (a:b))"]),
    "y ~ (1 | factor(a))": ("y", "1", ["(1 | factor(a))"], ["(1 | factor(a))"]),
    "y ~ (1 | a/factor(b))": ("y", "1", ["(1 | a/factor(b))"], ["(1 | factor(b):a)", "(1 | a)"]),
    "y ~ (1 | a) + (1 | b)": ("y", "1", ["(1 | a)", "(1 | b)"], ["(1 | a)", "(1 | b)"]),
    "y ~ (1 | g) + (0 + x | g)": ("y", "1", ["(1 | g)", "(0 + x | g)"], ["(1 | g)", "(0 + x | g)"]),
    "y ~ (1 | g) + (1 | g)": ("y", "1", ["(1 | g)", "(1 | g)"], ["(1 | g)", "(1 | g)"]),
    "y ~ x + (x | a) + z + (1 | b/c)": (
        "y",
        "x + z",
        ["(x | a)", "(1 | b/c)"],
        ["(x | a)", "(1 | c:b)", "(1 | b)"],
    ),
    "y ~ (x + (1 | g))": ("y", "(x)", ["(1 | g)"], ["(1 | g)"]),
    "y ~ ((1 | g) + (1 | h))": ("y", "1", ["(1 | g)", "(1 | h)"], ["(1 | g)", "(1 | h)"]),
    "y ~ x + ((1 | g) + z) + (1 | h)": ("y", "x + (z)", ["(1 | g)", "(1 | h)"], ["(1 | g)", "(1 | h)"]),
    "y ~ x - 1 + (1 | g)": ("y", "x - 1", ["(1 | g)"], ["(1 | g)"]),
    "y ~ -1 + (1 | g)": ("y", "-1", ["(1 | g)"], ["(1 | g)"]),
    "log(y) ~ x * factor(z) + (1 + x | a/b)": (
        "log(y)",
        "x * factor(z)",
        ["(1 + x | a/b)"],
        ["(1 + x | b:a)", "(1 + x | a)"],
    ),
    "cbind(y, z) ~ x + (1 | g)": ("cbind(y, z)", "x", ["(1 | g)"], ["(1 | g)"]),
    "y ~ x %in% z + (x + z)^2 + offset(z) + (1 | g)": (
        "y",
        "x %in% z + (x + z)^2 + offset(z)",
        ["(1 | g)"],
        ["(1 | g)"],
    ),
    "`my y` ~ `a b` + (1 | `my g`)": ("`my y`", "`a b`", ["(1 | `my g`)"], ["(1 | `my g`)"]),
    "y ~ poly(x, 2) + splines::ns(z, 3) + (poly(x, 2) | g)": (
        "y",
        "poly(x, 2) + splines::ns(z, 3)",
        ["(poly(x, 2) | g)"],
        ["(poly(x, 2) | g)"],
    ),
    "y ~ x\n  + z # slopes\n  + (1 | g)": ("y", "x + z", ["(1 | g)"], ["(1 | g)"]),
    "~ (1 | g)": (None, "1", ["(1 | g)"], ["(1 | g)"]),
    "~ 0": (None, "0", [], []),
}

#: The structures of lme4 2.0, which older versions do not read.
STRUCTURED = {
    "y ~ x + us(x | g)": ("us", "us(x | g)"),
    "y ~ x + diag(1 + x | a/b)": ("diag", "diag(1 + x | a/b)"),
    "y ~ x + cs(0 + f | g, hom = TRUE)": ("cs", "cs(0 + f | g, hom = TRUE)"),
    "y ~ x + ar1(0 + t | g)": ("ar1", "ar1(0 + t | g)"),
}

#: Text to a part of the message and the text the carets stand under.
REFUSED = {
    "y ~ (1 | )": ("`|` needs a grouping factor on its right", ")"),
    "y ~ ( | g)": ("`|` has nothing on its left", "|"),
    "y ~ (1 | g": ("`(` is never closed", "("),
    "y ~ (1 | g))": ("`)` closes nothing", ")"),
    "y ~ x + 1 | g": ("`|` stands outside parentheses", "x + 1 | g"),
    "y ~ x + 1 || g": ("`||` stands outside parentheses", "x + 1 || g"),
    "y ~ (1 | g) - 1": ("lme4 ignores a minus", "1"),
    "y ~ x - (1 | g)": ("a random-effects term cannot be subtracted", "(1 | g)"),
    "y ~ x * (1 | g)": ("cannot be a random-effects term", "1 | g"),
    "y ~ x (1 | g)": ("an operator is missing between `x` and the parenthesis", "x (1 | g)"),
    "y ~ I(a | b) + (1 | g)": ("`|` inside `I(a | b)` cannot be a random-effects term", "a | b"),
    "a | b ~ x + (1 | g)": ("cannot be a random-effects term", "a | b"),
    "y ~ (1 | g | h)": ("cannot be a random-effects term", "1 | g"),
    "y ~ (0 | g)": ("`(0 | g)` has no effects that could vary", "(0 | g)"),
    "y ~ (1 || g)": ("`||` has nothing to separate", "(1 || g)"),
    "y ~ (1 | 1)": ("`1` cannot be a grouping factor", "1"),
    "y ~ (1 | 'g')": ('`"g"` cannot be a grouping factor', "'g'"),
    "y ~ (1 | a + b)": ("`+` cannot join grouping factors", "a + b"),
    "y ~ (1 | a * b)": ("`*` cannot join grouping factors", "a * b"),
    "y ~ (1 | (a/b))": ("parentheses round `/`", "(a/b)"),
    "y ~ (1 | a:b/c)": ("lme4 expands `/` after a name only", "a:b"),
    "y ~ (1 | factor(a)/b)": ("lme4 expands `/` after a name only", "factor(a)"),
    "y ~ (1 | .)": ("`.` can only stand for all columns", "."),
    "y ~ (. | g)": ("`.` can only stand for all columns", "."),
    "y ~ log(.) + (1 | g)": ("`.` can only stand for all columns", "."),
    "y": ("a formula needs a `~`", "y"),
    "lm(y ~ x)": ("a formula needs a `~`", "lm(y ~ x)"),
    "y ~ x ~ z": ("a formula has one `~` only", "y ~ x"),
    "y ~ x z": ("no operator between `x` and `z`", "x z"),
    "y ~ x +": ("ends too early", ""),
    "y ~": ("ends too early", ""),
    "y ~ x; z": ("a second one begins here", "z"),
    "y ~ 2 + (1 | g)": ("`2` is no term of a formula", "2"),
    "y ~ x^1 + (1 | g)": ("the power must be a whole number above 1", "x^1"),
    "y ~ (2 | g)": ("`2` is no term of a formula", "2"),
    "y ~ x + system('ls')": ("`system()` is not among the functions", "system"),
    "y ~ x + (1 | eval(g))": ("`eval()` is not among the functions", "eval"),
    "get('y') ~ x": ("`get()` is not among the functions", "get"),
    "y ~ utils::head(x)": ("`utils::head()` is not among the functions", "utils::head"),
    "y ~ base:::log(x)": ("`base:::log()` is not among the functions", "base:::log"),
    "y ~ (function(x) x)(z)": ("is not among the functions", "(function(x) x)"),
    "y ~ { x }": ("`{` is not among the functions", "{ x }"),
    "y ~ x + lgo(z)": ("Did you mean `log()`?", "lgo"),
    "y ~ data$x": ("`data$x` is not a column's name", "data$x"),
    "y ~ data[, 1]": ("`data[, 1]` is not a column's name", "data[, 1]"),
    "y ~ diag(x)": ("`diag()` is not among the functions", "diag"),
    "y ~ cs(x | g, 2)": ("`cs()` takes one term with `|`", "cs(x | g, 2)"),
    "y ~ us(x || g)": ("`us()` takes one term with `|`", "us(x || g)"),
    "y ~ \u201cx\u201d": ("LEFT DOUBLE QUOTATION MARK", "\u201c"),
}


@pytest.mark.parametrize(("text", "expected"), FORMULAS.items())
def test_formula_is_split_as_lme4_splits_it(text: str, expected: tuple[Any, ...]) -> None:
    """Response, fixed effects and random-effects terms are told apart; `/` and `||` expand as in lme4."""
    formula = parse_formula(text)
    response = None if formula.response is None else deparse(formula.response)
    written = [term.text for term in formula.random]
    assert (response, deparse(formula.fixed), written, [b.text for b in blocks(formula)]) == expected


@pytest.mark.parametrize(("text", "expected"), STRUCTURED.items())
def test_structures_are_kept_as_written(text: str, expected: tuple[str, str]) -> None:
    """The covariance structures of lme4 2.0 are read with their options and printed again."""
    (term,) = parse_formula(text).random
    assert (term.covariance, term.text) == expected
    assert str(parse_formula(text)) == text


def test_structured_terms_expand_their_groups() -> None:
    """A slash expands inside a structure, which both parts keep."""
    assert [b.text for b in blocks(parse_formula("y ~ diag(x | a/b)"))] == ["diag(x | b:a)", "diag(x | a)"]


@pytest.mark.parametrize(("text", "expected"), REFUSED.items())
def test_refusal_says_what_and_where(text: str, expected: tuple[str, str]) -> None:
    """What lme4 cannot read, or would misread, is refused with the place."""
    problem, culprit = expected
    with pytest.raises(FormulaError) as raised:
        parse_formula(text)
    lines = str(raised.value).split("\n")
    carets = lines[2][4:]
    assert problem in str(raised.value)
    assert lines[1][4:][carets.index("^") :][: carets.count("^")] == culprit


def test_trusted_text_may_call_anything() -> None:
    """With trust, functions are not checked, the rest is."""
    assert parse_formula("y ~ mine(x) + (1 | g)", trust=True).variables == ("y", "x", "g")
    with pytest.raises(FormulaError, match="grouping factor"):
        parse_formula("y ~ mine(x) + (1 | 2)", trust=True)


def test_expressions_over_the_data_are_checked_too() -> None:
    """Weights, offsets and subsets may use logic but call only what is listed."""
    assert deparse(parse_expression("a > 1 | is.na(b) & !c")) == "a > 1 | is.na(b) & !c"
    with pytest.raises(FormulaError, match=r"`system\(\)`"):
        parse_expression("system('ls')")
    assert parse_expression("system('ls')", trust=True)


def test_formula_prints_as_r_prints_it() -> None:
    """The text for R is on one line, spaced as R spaces it."""
    assert str(parse_formula("log( y )~x\n+(1|g)")) == "log(y) ~ x + (1 | g)"


def test_variables_come_in_order_of_appearance() -> None:
    """All variables of all parts, without functions and the dot."""
    assert parse_formula("log(y) ~ z + . + offset(w) + (x | a/b)").variables == ("y", "z", "w", "x", "a", "b")


def test_spans_point_into_the_text() -> None:
    """A random-effects term knows where it was written."""
    text = "y ~ x + (1 | g) + cs(x | h)"
    assert [text[slice(*term.span)] for term in parse_formula(text).random] == ["(1 | g)", "cs(x | h)"]


def test_formulas_are_values() -> None:
    """Equal formulas are equal however they were spaced, and pickle, however long."""
    formula = parse_formula("y ~ " + " + ".join(f"x{i}" for i in range(2000)) + " + (1 | g)")
    assert pickle.loads(pickle.dumps(formula)) == formula
    assert parse_formula("y~x+(1|g)") == parse_formula("y ~ x + (1 | g)")
    assert len({parse_formula("y~x+(1|g)"), parse_formula("y ~ x + (1 | g)")}) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [("y ~ (1 | g)", "g"), ("y ~ (1 | b:a)", "b:a"), ("y ~ (1 | `my g`)", "my g"), ("y ~ (1 | `my g`:a)", "`my g`:a")],
)
def test_groups_are_named_as_lme4_names_them(text: str, name: str) -> None:
    """A column's name stands as it is, an expression as R prints it."""
    assert group_name(parse_formula(text).random[0]) == name


#: Formula with a dot to what it becomes with columns y, x, z, g.
DOTS = {
    "y ~ . + (1 | g)": "y ~ x + z + g + (1 | g)",
    "y ~ . - g + (1 | g)": "y ~ x + z + g - g + (1 | g)",
    "log(y) ~ . + (1 | g)": "log(y) ~ x + z + g + (1 | g)",
    "y ~ log(w) + . + (1 | g)": "y ~ log(w) + x + z + g + (1 | g)",
    "y ~ .^2": "y ~ (x + z + g)^2",
    "y ~ x:. + (1 | g)": "y ~ x:(x + z + g) + (1 | g)",
    "y ~ a - .": "y ~ a - (x + z + g)",
    "cbind(y, x) ~ .": "cbind(y, x) ~ z + g",
    "y ~ x + (1 | g)": "y ~ x + (1 | g)",
}


@pytest.mark.parametrize(("text", "resolved"), DOTS.items())
def test_dot_becomes_the_columns(text: str, resolved: str) -> None:
    """`.` stands for the columns that the response does not use, grouping factors among them, as in lme4."""
    formula = resolve_dot(parse_formula(text), ["y", "x", "z", "g"])
    assert str(formula) == resolved
    assert formula == parse_formula(formula.text)


def test_dot_quotes_names_that_need_it() -> None:
    """A column's name that is no R name goes in backticks."""
    assert str(resolve_dot(parse_formula("y ~ ."), ["y", "my x", "if"])) == "y ~ `my x` + `if`"


def test_dot_without_columns_is_refused() -> None:
    """Nothing left for `.` is an error."""
    with pytest.raises(FormulaError, match="stands for no column"):
        resolve_dot(parse_formula("y ~ ."), ["y"])


@given(st.text())
def test_any_text_gives_a_formula_or_a_formula_error(text: str) -> None:
    """No text raises anything but a FormulaError."""
    _read_or_refuse(text)


_PIECES = ["y", "x", "g", "~", "+", "-", "*", "/", ":", "^", "|", "||", "(", ")", "0", "1", "2", ".", "log(", "%in%"]


@given(st.lists(st.sampled_from([*_PIECES, "cs(", ",", "'", "`", "\n", "I(", "offset(", "=", "$", "[", "]"])))
def test_any_pieces_give_a_formula_or_a_formula_error(pieces: list[str]) -> None:
    """No sequence of a formula's pieces raises anything but a FormulaError."""
    _read_or_refuse("y ~ " + "".join(pieces))


@pytest.mark.parametrize("text", ["y ~ " + ":".join(["x"] * 3000), f"y ~ (1 | {':'.join(['g'] * 3000)})"])
def test_endless_products_are_refused(text: str) -> None:
    """What is too long to be expanded is a FormulaError too."""
    with pytest.raises(FormulaError, match="too many parts"):
        parse_formula(text)


def _read_or_refuse(text: str) -> None:
    try:
        formula = parse_formula(text)
    except FormulaError:
        return
    _check_round_trip(formula)


def _check_round_trip(formula: Formula) -> None:
    again = parse_formula(str(formula))
    assert str(again) == str(formula)
    assert blocks(again) == blocks(formula)


LME4 = """
suppressMessages(library(lme4))
text_of <- function(e) paste(deparse(e, 500L, backtick = TRUE), collapse = " ")
read <- function(text) {
  formula <- eval(parse(text = text, keep.source = FALSE)[[1L]])
  fixed <- nobars(formula)
  list(
    blocks = I(vapply(findbars(formula), function(bar) paste0("(", text_of(bar), ")"), "")),
    fixed = text_of(fixed[[length(fixed)]])
  )
}
unname(lapply(texts, read))
"""


@pytest.fixture(scope="module")
def bars_by_lme4(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By formula, lme4's own reading of it."""
    texts = [text for text in FORMULAS if text != "~ 0"]
    found = judge.run_r(LME4, tmp_path_factory.mktemp("bars"), texts=[" ".join(_uncommented(t)) for t in texts])
    return dict(zip(texts, found, strict=True))


def _uncommented(text: str) -> list[str]:
    """Lines without comments: R reads a formula's lines inside a call."""
    return [line.partition("#")[0] for line in text.splitlines()]


@pytest.mark.needs_r
@pytest.mark.parametrize("text", [text for text in FORMULAS if text != "~ 0"])
def test_bars_are_lme4_s(text: str, bars_by_lme4: dict[str, Any]) -> None:
    """Blocks are those of lme4's `findbars`, fixed effects those of its `nobars`."""
    formula = parse_formula(text)
    assert [block.text for block in blocks(formula)] == bars_by_lme4[text]["blocks"]
    assert deparse(formula.fixed) == bars_by_lme4[text]["fixed"]


NAMES = """
suppressMessages(library(lme4))
set.seed(1)
data <- data.frame(
  y = rnorm(240), x = rnorm(240), z = rnorm(240), a = factor(rep(1:4, 60)), b = factor(rep(1:3, each = 80)),
  c = factor(sample(1:2, 240, TRUE)), g = factor(rep(1:12, 20)), "my g" = factor(rep(1:6, 40)), check.names = FALSE
)
control <- lmerControl(check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore")
read <- function(text) {
  terms <- mkReTrms(findbars(as.formula(text)), model.frame(subbars(as.formula(text)), data), reorder.terms = FALSE)
  I(names(terms$cnms))
}
unname(lapply(texts, read))
"""

#: Formulas whose groups lme4 names.
NAMED = [
    "y ~ x + (1 | g)",
    "y ~ x + (1 | a/b)",
    "y ~ x + (1 | a/b/c)",
    "y ~ x + (1 | a:b)",
    "y ~ x + (1 | (a:b))",
    "y ~ x + (1 | a/b:c)",
    "y ~ x + (x || g)",
    "y ~ x + (x || a/b) + (1 | g)",
    "y ~ x + (1 | `my g`)",
    "y ~ x + (1 | `my g`:a)",
    "y ~ x + (1 | a/`my g`)",
    "y ~ x + (1 | g) + (0 + x | g) + (1 | g)",
]


@pytest.mark.needs_r
def test_group_names_are_lme4_s(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Blocks are named as lme4's `mkReTrms` names them."""
    expected = judge.run_r(NAMES, tmp_path_factory.mktemp("names"), texts=NAMED)
    assert [[group_name(block) for block in blocks(parse_formula(text))] for text in NAMED] == expected


DOTS_BY_LME4 = """
suppressMessages(library(lme4))
set.seed(1)
data <- data.frame(y = rnorm(60), x = rnorm(60), z = rnorm(60), g = factor(rep(1:6, 10)))
read <- function(text) I(colnames(suppressMessages(lFormula(as.formula(text), data))$X))
unname(lapply(texts, read))
"""


@pytest.mark.needs_r
def test_dot_is_what_lme4_makes_of_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """lme4 builds the same fixed-effects columns from a formula with `.` and from it resolved."""
    texts = ["y ~ . + (1 | g)", "y ~ . - g + (1 | g)", "y ~ .:x - g + (1 | g)", "y ~ (. - g)^2 + (1 | g)"]
    resolved = [str(resolve_dot(parse_formula(text), ["y", "x", "z", "g"])) for text in texts]
    columns = judge.run_r(DOTS_BY_LME4, tmp_path_factory.mktemp("dots"), texts=[*texts, *resolved])
    assert columns[: len(texts)] == columns[len(texts) :]
    assert "g2" in columns[0]
