"""Base R in pandas and NumPy: values are R's by R's own judgement, lines read as a person would write them."""

from __future__ import annotations

from typing import Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, one_line, python_of, run_python

START = """
d <- data.frame(
  g = c("b", "a", "c", "b", "a", "c", "b", "a"),
  x = c(3, 1, 5, NA, 2, 2, 3, 7),
  y = c(10, 20, 30, 40, 50, 60, 70, 80),
  n = c(1, 1, 2, 2, 3, 3, 4, 4)
)
e <- data.frame(g = c("a", "c", "a"), w = c(1, 2, 3))
v <- c(3, 1, 4, 1, 5, 9, 2, 6)
"""

CASES = {
    "arithmetic": "d$y / 2 + d$n^2 - 1",
    "remainder and quotient": "d$y %% 7 + d$y %/% 7",
    "negative remainder": "-7 %% 3 + -7 %/% 3",
    "precedence of the sign": "-2^2",
    "truth values add up": "(d$y > 20) + (d$y > 50)",
    "other rows are paired by place": "sort(d$y, decreasing = TRUE) - d$n",
    "range": "3:7",
    "range downwards": "7:3",
    "range of a length": "1:nrow(d)",
    "seq by": "seq(0, 1, by = 0.1)",
    "seq by whole": "seq(2, 11, by = 3)",
    "seq length": "seq(1, 4, length.out = 7)",
    "rep times": "rep(c(1, 2), 3)",
    "rep each": "rep(c(1, 2), each = 3)",
    "log base": "log(8, base = 2) + log10(100) + log(8, 3)",
    "round half to even": "round(c(0.5, 1.5, 2.5, -0.5))",
    "round digits": "round(123.456, 1)",
    "plogis": "plogis(0.3)",
    "qnorm": "qnorm(0.975)",
    "pchisq upper": "pchisq(3.84, 1, lower.tail = FALSE)",
    "ppoints": "ppoints(5)",
    "mean keeps NA": "mean(d$x)",
    "mean without NA": "mean(d$x, na.rm = TRUE)",
    "sd": "sd(v)",
    "var of a column": "var(d$y)",
    "median": "median(d$x, na.rm = T)",
    "share among the known": "mean(d$x > 2, na.rm = TRUE)",
    "count": "sum(d$y > 20)",
    "quantile type 7": "quantile(v, c(0.1, 0.5, 0.9))",
    "cor": "cor(d$n, d$y)",
    "cor of pairs that are there": 'cor(d$x, d$y, use = "comp")',
    "range of values": "range(v)",
    "which": "which(d$y > 45)",
    "which.max": "which.max(v)",
    "ifelse keeps NA": "ifelse(d$x > 2, 1, 0)",
    "ifelse of is.na": "ifelse(is.na(d$x), -1, d$x)",
    "ifelse compound": 'ifelse(d$x > 2 & d$y < 60, "in", "out")',
    "as.numeric of a condition": "as.numeric(d$x > 2)",
    "scale": "as.vector(scale(d$y))",
    "centre": "as.numeric(scale(d$y, scale = FALSE))",
    "cumsum": "cumsum(v)",
    "diff": "diff(v)",
    "rev": "rev(v)",
    "order": "order(v)",
    "sort": "sort(v)",
    "unique": "unique(d$n)",
    "duplicated": "duplicated(d$n)",
    "in": 'd$g %in% c("a", "c")',
    "not in": '!(d$g %in% c("a", "c"))',
    "ave": "ave(d$y, d$g)",
    "tapply": "tapply(d$y, d$g, mean)",
    "tapply keeps NA": "tapply(d$x, d$g, sum)",
    "tapply by a function": "tapply(d$y, d$g, function(x) max(x) - min(x))",
    "tapply by a function keeps NA": "tapply(d$x, d$g, function(x) var(x) / mean(x))",
    "tapply with a function within": "with(d, tapply(y, g, function(x) max(x) / mean(x)))",
    "by": "as.vector(by(d$y, d$g, mean))",
    "sums of two factors": 'as.numeric(xtabs(y ~ g + n, d)["a", ])',
    "table": "table(d$g)",
    "table of a condition": "table(d$x > 2)",
    "element": "d$y[3]",
    "elements": "d$y[2:4]",
    "elements by condition": "d$y[d$n == 2]",
    "all but the first": "v[-1]",
    "vector by positions": "v[c(1, 3)]",
    "rows by condition": 'd[d$g == "a", c("y", "n")]',
    "rows by two conditions": "d[!is.na(d$x) & d$x > 2, ]",
    "rows by place": "d[2:3, ]",
    "column by place": "d[, 3]",
    "cell": 'd[2, "y"]',
    "rows in order": "d[order(d$y, decreasing = TRUE), ]",
    "rows in falling order": "d[order(-d$n, d$y), ]",
    "without a column": "d[, -1]",
    "subset drops NA": "subset(d, x != 3)",
    "subset and select": "subset(d, y > 30, select = c(g, y))",
    "subset of a negation": "subset(d, !(x > 2))",
    "subset without": "subset(d, y > 30, select = -g)",
    "transform": "transform(d, z = y - mean(y), w = n * 2)",
    "within": "within(d, { z <- y / n })",
    "with": "with(d, sum(y * n))",
    "merge": 'merge(d, e, by = "g")',
    "merge by a factor": (
        'p <- data.frame(k = factor(c(1, 2, 10, 9)), x = 1:4)\nq <- data.frame(k = c("10", "2", "9", "1"), y = 1:4)\n'
        'merge(p, q)[, c("x", "y")]'
    ),
    "merge by a named factor": (
        "p <- data.frame(k = factor(c(1, 2, 10, 9)), x = 1:4)\nq <- data.frame(k = factor(c(10, 2, 9, 1)), y = 1:4)\n"
        'merge(p, q, by = "k")[, c("x", "y")]'
    ),
    "merge all": 'merge(d, e, by = "g", all.x = TRUE)',
    "aggregate": "aggregate(y ~ g, data = d, FUN = mean)",
    "aggregate drops NA": "aggregate(x ~ g, d, sum)",
    "head": "head(d, 2)",
    "rbind": "rbind(e, e)",
    "expand.grid": "expand.grid(a = c(1, 2), b = c(5, 6, 7))",
    "expand.grid with one value": "expand.grid(a = c(1, 2), b = 5, c = c(1, 3))",
    "nrow": "nrow(d) + ncol(d) + length(v)",
    "names": "names(d)",
    "levels": 'levels(factor(d$g, levels = c("c", "b", "a")))',
    "positions of levels": 'as.numeric(factor(d$g, levels = c("c", "b", "a")))',
    "cut": 'as.character(cut(d$y, c(0, 25, 60, 100), labels = c("lo", "mid", "hi")))',
    "sapply": "sapply(c(1, 2, 3), function(i) i^2)",
    "sapply over positions": "sapply(1:3, function(i) v[i] + i)",
    "colMeans": 'colMeans(d[, c("y", "n")])',
    "rowSums": 'rowSums(d[, c("y", "n")])',
    "apply": 'apply(d[, c("y", "n")], 2, max)',
    "paste": 'paste("a", 1, "b", sep = "-")',
    "paste0 of a column": 'paste0("id", d$g)',
    "sprintf": 'sprintf("%.2f and %d of %s", pi, 3L, "x")',
    "sub": 'sub("a", "z", d$g)',
    "nchar": "nchar(d$g)",
    "grepl": 'grepl("^a", d$g)',
    "function": "f <- function(a, b = 2) {\n  z <- a + b\n  z * 2\n}\nf(3)",
    "loop": "total <- 0\nfor (i in 1:5) total <- total + v[i] * i\ntotal",
    "loop over values": "total <- 0\nfor (each in v) {\n  if (each > 3) next\n  total <- total + each\n}\ntotal",
    "while": "k <- 1\nwhile (k < 50) k <- k * 3\nk",
    "copy is apart": "b <- d\nb$y <- 0\nd$y",
    "changed rows": "b <- d\nb$x[is.na(b$x)] <- 0\nb",
    "renamed column": 'b <- d\nnames(b)[2] <- "z"\nb',
    "removed column": "b <- d\nb$x <- NULL\nb",
    "collected frames": ("do.call(rbind, lapply(1:2, function(i) data.frame(i = i, twice = v[i] * 2)))"),
    "sort order of a factor": 'table(factor(d$g, levels = c("c", "b", "a")))',
    "cut into a number": "cut(d$y, 3, labels = FALSE)",
    "cut into a number, labelled": 'as.character(cut(d$x, 2, labels = c("lo", "hi")))',
    "cut into a number, closed left": "as.integer(cut(d$y, 4, right = FALSE))",
    "Reduce": "Reduce(`+`, v)",
    "Reduce along": "Reduce(`*`, v, accumulate = TRUE)",
    "Reduce of frames": 'Reduce(function(a, b) merge(a, b, by = "g"), list(e, data.frame(g = c("a", "c"), k = 1:2)))',
    "outer": "outer(v, 1:3)[2, 3]",
    "outer of sums": 'outer(1:3, 1:2, "+")[3, 2]',
    "mapply": "mapply(function(a, b) a + b, v, d$x)",
    "Map": "unlist(Map(function(a, b) a * b, v, d$y))",
    "full join by two": (
        'p <- d[, c("g", "n", "x")]\nq <- data.frame(g = c("a", "a", "z", NA), n = c(1, 3, 9, 2), w = 1:4)\n'
        'full_join(p, q, by = c("g", "n"))'
    ),
    "contained NA": "NA %in% d$x",
    "levels of numbers by position": "k <- factor(d$n * 5)\nas.numeric(levels(k))[k]",
    "levels by position": "k <- factor(d$g)\nlevels(k)[k]",
    "counts as a frame": "as.data.frame(table(d$g))",
    "interaction": "as.character(interaction(d$g, d$x))",
    "names as R makes them": "data.frame(`a b` = 1:2, `2x` = 3:4)",
    "function that meets NA": "f <- function(x) (max(x) - min(x)) / mean(x)\nf(d$x)",
    "function of a spread that meets NA": "f <- function(x) sd(x) / sqrt(length(x))\nf(d$x)",
    "function that runs into NA": "f <- function(x) cumsum(x)\nf(d$x)",
    "function of a range that meets NA": "f <- function(x) range(x)\nf(d$x)",
    "function that changes its argument": "f <- function(a) {\n  a$y <- 0\n  a\n}\nb <- f(d)\nd$y + b$y",
    "function of two vectors": "f <- function(a, b) a - b\nf(d$n, sort(d$y))",
    "rows by a condition on other rows": 'b <- d[order(d$y, decreasing = TRUE), ]\nb[d$g == "a", "n"]',
    "split by other rows": "b <- d[order(d$y, decreasing = TRUE), ]\nsplit(b$y, d$g)$a",
    "changed by a condition on other rows": (
        'b <- d[order(d$y, decreasing = TRUE), ]\nb$y[d$g == "a"] <- 0\nb[d$n == 4, "y"] <- 1\nb'
    ),
    "kinds in groups": "tapply(d$x, d$n, function(x) length(unique(x)))",
    "ifelse of NA": "ifelse(NA, 1, 2)",
    "sd of groups": "ave(d$y, d$n, FUN = sd)",
    "contained scalar": '"a" %in% d$g',
    "nested ifelse": 'ifelse(d$y < 25, "lo", ifelse(d$y < 60, "mid", "hi"))',
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("base"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """Values come out as in R, missing ones too."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


LINES = {
    'd[d$g == "a", ]': 'd[d["g"] == "a"]',
    "mean(d$x, na.rm = TRUE)": 'd["x"].mean()',
    "mean(d$x)": 'd["x"].mean(skipna=False)',
    "d[order(d$y), ]": 'd.sort_values("y", kind="stable")',
    "subset(d, x > 1)": 'd[d["x"] > 1]',
    "d$y[1]": 'd["y"].iloc[0]',
    "nrow(d)": "len(d)",
    "log(d$y)": 'np.log(d["y"])',
    "ifelse(is.na(d$x), 0, 1)": 'np.where(d["x"].isna(), 0, 1)',
    "ifelse(d$x > 2, 1, 0)": 'np.select([d["x"] > 2, d["x"] <= 2], [1, 0], default=np.nan)',
    "factor(d$g)": 'd["g"].astype("category")',
    "tapply(d$y, d$g, mean)": 'd["y"].groupby(d["g"], observed=True).mean(skipna=False)',
    "ave(d$y, d$g)": 'd["y"].groupby(d["g"], observed=True).transform("mean")',
    'paste("n =", nrow(d))': 'f"n = {len(d)}"',
    "sapply(v, function(a) a + 1)": "np.array([a + 1 for a in v])",
    'merge(d, e, by = "g", sort = FALSE)': 'd.merge(e, on="g", suffixes=(".x", ".y"))',
}


@pytest.mark.parametrize("code", LINES)
def test_line_is_idiomatic(code: str) -> None:
    """The line reads as a person would write it."""
    assert one_line(python_of(code, START)) == f"result = {LINES[code]}"


REFUSED = {
    "foo(d)": "`foo` has no translation",
    "mean(d$y, trim = 0.1)": "`trim`",
    "eval(parse(text = 'x'))": "`eval` runs code",
    "attach(d)": "name the data frame",
    "nothere + 1": "defined nowhere above",
    "Filter(is.numeric, d)": "`Filter` has no translation",
    "Reduce(`-`, v)": "`Reduce`",
    "outer(v, v, function(a, b) a + b)": "`outer` is translated for",
    'mapply(function(a, b) paste(a, b), c("x", "y"), c("u", "v"))': "names its results",
    "count <<- 1": "`<<-`",
    "sort(d$y, partial = 2)": "`partial`",
    "1i * 2": "complex",
    "mean(d$g)": "is no number",
    "if (d$y > 3) 1 else 2": "may be a vector",
    "5 / 0": "divided by zero",
    "1.5:4": "between two whole numbers",
    "ave(d$x, d$g, FUN = function(v) mean(v, na.rm = TRUE))": "`ave`",
    "ifelse(d$y > 20, factor(d$g), NA)": "positions of a factor's levels",
    "k <- factor(d$x)\nv[k]": "places of its levels",
    "data.frame(a = 1, a = 2)": "two columns are called",
    "summary(d$g)": "`table` counts them",
    "b <- d[order(d$y), ]\ntable(b$g, d$g)": "of two frames",
    'f <- function(x) paste0("a", x)\nf(d$g)': "is given a vector",
}


#: R code that means something else quietly, and what its note says.
NOTED = {
    "is.nan(d$x)": "NA and NaN are one",
    "f <- function(x) sum(x > 2)": "False here",
    "f <- function(x) sort(x)": "leaves missing values out",
    "f <- function(x) any(x > 2)": "leaves it open",
    "rownames(d[d$n == 1, ])": "counted from 0",
    "sapply(d, class)": "types have other names",
    "summary(d)": "columns that are no numbers",
    "v[1]^(1 / 3)": "NaN in R",
    "tapply(d$y, factor(d$g), sum)": "without rows",
    "table(factor(d$g), factor(d$n))": "without rows",
    "split(d, factor(d$g))": "without rows",
    "within(d, { a <- x + 1; b <- a * 2 })": "reverse order",
    'merge(d, e, by = "g", sort = FALSE)': "another order",
    'merge(d, data.frame(n = 1:2, z = 3:4), by = "n")': "merges by first",
}


@pytest.mark.parametrize("code", NOTED)
def test_a_quiet_difference_is_noted(code: str) -> None:
    """What is translated and may differ carries a note."""
    found = translate(f"{START}\n{code}")
    assert not found.leftovers
    assert any(NOTED[code] in note.text for note in found.notes)


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What cannot be right is left, and the reason says why."""
    (left,) = translate(f"{START}\n{code}").leftovers
    assert REFUSED[code] in left.reason
