"""R expressions on a table: the values, the types, the missing values and the warnings are R's."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from lmebridge.errors import DataError, FormulaError
from lmebridge.evaluation.evaluator import evaluate, match_arguments
from lmebridge.evaluation.operators import OPERATORS
from lmebridge.evaluation.rfunctions import FUNCTIONS
from lmebridge.evaluation.values import Matrix, as_text, is_missing, r_class
from lmebridge.formula import allowed
from lmebridge.rsyntax import deparse, parse_expression
from tests import tables_for_r

#: Evaluated here and in R: value by value, class by class, level by level.
EXPRESSIONS = """
x + 1
-x
+n
n + 1L
n %/% 3L
n %% 3
-7 %% 3
w %% 0.3
w %/% 0.3
n / 2L
2^n
(-1)^0.5
xm^0
1^xm
-x^2
n * b
x > 3
xm > 3
n == 4L
n != nm
f == "a"
t == "beta"
t < "alpha"
tm < "beta"
o < "top"
o >= "mid"
x == "1"
b & bm
b | bm
!bm
xor(b, bm)
bm & xm > 3
TRUE & NA
FALSE & NA
TRUE | NA
t %in% c("Beta", "beta")
xm %in% c(NA, 1)
n %in% 1:3
log(x)
log(x, 2)
log(x, base = 10)
log(w)
log(n, 3)
log10(x)
log2(x)
log1p(x)
exp(w)
expm1(w)
sqrt(w)
abs(w)
round(w, 1)
round(w)
round(x * 1000, -2)
signif(x * pi, 3)
floor(w)
ceiling(w)
trunc(w)
sign(w)
sinh(w)
plogis(w)
qlogis(n / 12)
pnorm(w)
pnorm(x, 4, 2)
qnorm(n / 12)
dnorm(w, 1, 2)
plogis(x, 4, 2)
range(x)
quantile(x, c(0.2, 0.5))
quantile(xm, na.rm = TRUE)
seq(0, 9, 3)
seq(1, 2, length.out = 5)
seq_len(3)
rep(c(1, 2), 2)
cut(x, quantile(x), include.lowest = TRUE)
ns(x, knots = quantile(x, c(0.3, 0.6)), Boundary.knots = range(x))
endsWith(t, "a")
unclass(f)
round(-2.5)
cosh(w)
tanh(w)
levels(f)
nlevels(f)
length(x)
rank(xm)
cumsum(x)
ifelse(x > 4, 1, 0)
ifelse(xm > 4, "hi", "lo")
ifelse(b, x, w)
ifelse(b, f, 9)
ifelse(bm, TRUE, FALSE)
ifelse(x > 4, t, "none")
factor(n)
factor(k)
factor(nm)
factor(t)
factor(tm)
factor(b)
factor(f)
factor(o)
factor(n, levels = 1:4)
factor(n, levels = c(3, 1, 2), labels = c("three", "one", "two"))
factor(t, levels = c("beta", "Beta"), labels = "L")
factor(b, labels = c("no", "yes"))
factor(n, labels = c("a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b"))
factor(t, ordered = TRUE)
factor(x > 4, levels = c(TRUE, FALSE))
ordered(n)
ordered(t, levels = c("beta", "alpha", "Gamma", "Beta"))
as.factor(k)
as.ordered(k)
as.numeric(f)
as.numeric(as.character(factor(k)))
as.numeric(b)
as.numeric("3.5")
as.integer(w)
as.integer(f)
as.character(k)
as.character(n)
as.character(f)
as.character(x)
as.logical(n - 1)
relevel(f, ref = "b")
relevel(factor(n), ref = 3)
relevel(factor(t), "beta")
droplevels(f)
cut(x, 3)
cut(x, c(0, 2, 5, 10))
cut(x, c(0, 2, 5, 10), right = FALSE)
cut(x, c(2, 5, 9), include.lowest = TRUE)
cut(x, c(0, 5, 10), labels = c("low", "high"))
cut(x, 4, labels = FALSE)
cut(n, c(1, 4, 11), include.lowest = TRUE, right = FALSE)
cut(xm, 3, dig.lab = 2)
cut(x, c(0, 4, 10), ordered_result = TRUE)
cut(big, 3)
cut(x, breaks = c(0, 1.23456, 1.23457, 10))
interaction(f, b)
interaction(f, t, drop = TRUE)
interaction(f, t, sep = "_")
interaction(f, t, lex.order = TRUE)
f:o
f:factor(t)
is.na(xm)
is.na(tm)
is.nan(log(w))
is.finite(xm)
pmin(x, w)
pmax(xm, 3)
pmin(xm, w, na.rm = TRUE)
mean(x)
mean(xm)
mean(xm, na.rm = TRUE)
sd(x)
var(x)
median(x)
mad(x)
min(w)
max(x)
sum(n)
x - mean(x)
(x - mean(x)) / sd(x)
cumsum(n)
rank(n)
rev(x)
nchar(t)
toupper(t)
tolower(t)
startsWith(t, "B")
c(1, 2, NA)
c("a", NA)
c(TRUE, NA)
c(1L, 2L)
1:5
5:2
0.5:3
cbind(x, w)
cbind(x, sq = x^2, w + 1)
cbind(scale(x), w)
rowSums(cbind(x, w))
rowMeans(cbind(x, xm))
scale(x)
scale(xm)
scale(x, scale = FALSE)
scale(x, center = FALSE)
scale(x, 5, 2)
scale(cbind(x, w))
scale(n)
as.vector(scale(x))
log(scale(x) + 3)
scale(x) * 2
scale(x) + w
poly(x, 2)
poly(x, 1)
poly(x, degree = 4)
poly(n, 3)
poly(xm, 2, raw = TRUE)
I(x^2)
I(poly(x, 2))
ns(x, df = 3)
ns(x, 4)
ns(x, knots = c(2, 5))
ns(x, df = 3, intercept = TRUE)
ns(x, df = 2, Boundary.knots = c(2, 7))
ns(xm, 3)
bs(x)
bs(x, df = 5)
bs(x, knots = c(3, 6), degree = 2)
bs(x, df = 6, intercept = TRUE)
bs(x, degree = 1, df = 3)
bs(x, df = 5, Boundary.knots = c(2, 7))
bs(xm, df = 4)
splines::ns(x, 3)
stats::poly(x, 2)
offset(x)
pi
T
""".strip().splitlines()

ASK = """
many <- function(x) if (is.null(x)) NULL else I(x)
describe <- function(text) {
  said <- character()
  value <- tryCatch(
    withCallingHandlers(eval(parse(text = text)[[1]], d), warning = function(w) {
      said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") }),
    error = function(e) e)
  if (inherits(value, "error")) return(list(error = conditionMessage(value)))
  kind <- if (is.matrix(value)) "matrix" else setdiff(class(value), "AsIs")[1]
  if (is.na(kind)) kind <- "numeric"
  plain <- if (is.factor(value)) as.character(value) else unclass(value)
  attributes(plain) <- if (is.matrix(value)) list(dim = dim(value))
  list(kind = kind, values = many(plain), levels = many(levels(value)), columns = many(colnames(value)),
    said = many(said))
}
library(splines)
d <- read_table(".", "table")
lapply(readLines("expressions.txt"), describe)
"""


@pytest.fixture(scope="module")
def from_r(tmp_path_factory):
    """What R makes of every expression, asked in one go."""
    from tests.judge import run_r

    folder = tmp_path_factory.mktemp("evaluation")
    tables_for_r.write(tables_for_r.table(), folder)
    (folder / "expressions.txt").write_text("\n".join(EXPRESSIONS) + "\n")
    return dict(zip(EXPRESSIONS, run_r(tables_for_r.READ + ASK, folder), strict=True))


@pytest.mark.needs_r
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_value_is_that_of_r(expression, from_r):
    """Type, values, missing values, levels and column names are those of R."""
    expected = from_r[expression]
    assert "error" not in expected, expected
    notes: list[str] = []
    value = evaluate(parse_expression(expression), tables_for_r.table(), notes)
    assert r_class(value) == expected["kind"]
    assert_same_values(value, expected)
    assert len(notes) == len(set(expected["said"]))
    assert all(any(said in note for note in notes) for said in expected["said"])


def assert_same_values(value, expected):
    """Compare one vector with what R printed of it."""
    if isinstance(value, Matrix):
        assert list(value.columns or ()) == (expected["columns"] or [])
        wanted = np.array(expected["values"], dtype=float)
        # Orthogonal polynomials and splines are of order 1; R and we add in other orders: some 100 units of rounding.
        np.testing.assert_allclose(value.values, wanted, rtol=1e-12, atol=2e-14)
    elif r_class(value) in ("numeric", "integer", "logical"):
        wanted = pd.Series(expected["values"], dtype=object).astype(float).to_numpy()
        found = np.where(
            is_missing(value), np.nan, pd.Series(value).astype(object).where(~is_missing(value), 0).astype(float)
        )
        # Libraries of mathematical functions differ by a unit or two in the last place.
        np.testing.assert_allclose(found, wanted, rtol=4e-15)
    else:
        assert as_text(value).tolist() == expected["values"]
        assert list(getattr(value, "categories", [])) == (expected["levels"] or [])


#: Expression, its class and its first values as text, read off R 4.2.2; these need no R.
READ_OFF = [
    ("-7 %% 3", "numeric", ["2"]),
    ("-7 %/% 3", "numeric", ["-3"]),
    ("5L %/% 2L", "integer", ["2"]),
    ("5L / 2L", "numeric", ["2.5"]),
    ("-2^2", "numeric", ["-4"]),
    ("TRUE & NA", "logical", [None]),
    ("FALSE & NA", "logical", ["FALSE"]),
    ("TRUE | NA", "logical", ["TRUE"]),
    ("NA > 1", "logical", [None]),
    ("NA_character_ == 'a'", "logical", [None]),
    ("NA_integer_ + 1L", "integer", [None]),
    ("NULL", "NULL", []),
    ("c(1, NA) %in% NA", "logical", ["FALSE", "TRUE"]),
    ("c('b', 'B') < 'a'", "logical", ["FALSE", "TRUE"]),
    ("1:3", "integer", ["1", "2", "3"]),
    ("factor(c(10, 9, 10))", "factor", ["10", "9", "10"]),
    ("as.numeric(factor(c(10, 9, 10)))", "numeric", ["2", "1", "2"]),
    ("as.numeric(as.character(factor(c(10, 9))))", "numeric", ["10", "9"]),
    ("ifelse(c(TRUE, FALSE, NA), 'y', 'n')", "character", ["y", "n", None]),
    ("cut(c(1, 5, 9), c(0, 5, 10))", "factor", ["(0,5]", "(0,5]", "(5,10]"]),
    ("cut(c(1, 5, 9), c(0, 5, 10), right = FALSE)", "factor", ["[0,5)", "[5,10)", "[5,10)"]),
    ("cut(c(0.001, 1000000), 3)", "factor", ["(-1e+03,3.33e+05]", "(6.67e+05,1e+06]"]),
    ("cut(c(5, 5, 5), 2)", "factor", ["(4.995,5]", "(4.995,5]", "(4.995,5]"]),
    ("round(c(0.15, 0.25, 0.35, -1.05), 1)", "numeric", ["0.1", "0.2", "0.3", "-1"]),
    ("interaction(c('a', 'b'), c('x', 'y'))", "factor", ["a.x", "b.y"]),
    ("relevel(factor(c('a', 'b')), ref = 'b')", "factor", ["a", "b"]),
    ("log(8, base = 2)", "numeric", ["3"]),
    ("pmax(c(1, 5), 3)", "numeric", ["3", "5"]),
]


@pytest.mark.parametrize(("expression", "kind", "texts"), READ_OFF)
def test_value_read_off_r(expression, kind, texts):
    """A few of R's own answers, for machines without R."""
    value = evaluate(parse_expression(expression), pd.DataFrame(index=range(3)))
    assert r_class(value) == kind
    assert as_text(value).tolist() == texts


def test_columns_hide_the_constants_of_r():
    """``T``, ``F`` and ``pi`` are R's unless the data have such a column."""
    assert as_text(evaluate(parse_expression("T"), pd.DataFrame({"x": [1.0]}))).tolist() == ["TRUE"]
    assert as_text(evaluate(parse_expression("T"), pd.DataFrame({"T": [1.5]}))).tolist() == ["1.5"]


#: Functions a formula may call that are evaluated by R alone.
NEED_R = {
    "C", "ave", "complete.cases", "contr.SAS", "contr.helmert", "contr.poly", "contr.sum", "contr.treatment", "dummy",
    "reorder",
}  # fmt: skip


def test_what_is_allowed_is_evaluated():
    """All functions a formula may call are evaluated here, but for those declared to need R."""
    here = set(FUNCTIONS) | set(OPERATORS) | {"~"}
    assert set(allowed.FUNCTIONS) - here == NEED_R
    assert here - set(allowed.FUNCTIONS) == {"**"}


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("f(1, 2)", {"x": "1", "base": "2"}),
        ("f(base = 2, 1)", {"x": "1", "base": "2"}),
        ("f(b = 2, 1)", {"x": "1", "base": "2"}),
        ("f(1)", {"x": "1"}),
    ],
)
def test_arguments_are_matched_as_in_r(expression, matched):
    """By whole name, then by the beginning of one, then by position."""
    found = match_arguments(("x", "base"), parse_expression(expression))
    assert {name: deparse(node) for name, node in found.items()} == matched


def test_names_after_the_dots_must_be_whole():
    """Behind R's dots an argument is not matched by the beginning of its name."""
    found = match_arguments(("...", "na.rm"), parse_expression("f(x, na = TRUE, na.rm = FALSE)"))
    assert [name for name, _ in found["..."]] == [None, "na"]
    assert deparse(found["na.rm"]) == "FALSE"


@pytest.mark.parametrize(
    ("expression", "error", "words"),
    [
        ("system('ls')", FormulaError, "lmebridge does not evaluate `system`"),
        ("x$y", FormulaError, "lmebridge does not evaluate `$`"),
        ("nowhere", DataError, "object 'nowhere' not found"),
        ("2i", DataError, "`2i` is a complex number"),
        ("log()", DataError, 'argument "x" is missing, with no default'),
        ("round(x, c(1, 2))", DataError, "`digits` of `round()` must be one number, not 2"),
        ("x + c(1, 2)", DataError, "variable lengths differ"),
        ("'a' * 2", DataError, "non-numeric argument to binary operator"),
    ],
)
def test_what_cannot_be_evaluated(expression, error, words):
    """Unknown names, functions and types are errors of ours, never Python's."""
    with pytest.raises(error, match=re.escape(words)):
        evaluate(parse_expression(expression), pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
