"""R expressions on a table: the values, the types, the missing values and the warnings are R's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.evaluation import evaluate
from lmebridge.rsyntax import parse_expression
from lmebridge.values import Matrix, as_text, is_missing, r_class
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
