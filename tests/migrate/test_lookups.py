"""Matrices, values found by keys, lists filtered, random numbers: base R that scripts of simulations and tables use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, one_line, python_of, run_python

START = """d <- data.frame(id = c("b", "a", "c", "b", "z"), x = c(3, 1, 5, 2, 2), n = c(1, 2, 3, 4, 5))
f <- data.frame(id = factor(c(10, 9, 10)), y = 1:3)
u <- data.frame(id = c("a", "b", "c"), w = c(10, 20, 30))
k <- data.frame(id = c("9", "10"), w = c(10, 20))
v <- c(3, 1, 4, 1, 5)
m <- lm(x ~ n, d)
fits <- list(one = m, two = lm(x ~ 1, d))"""
CASES = {
    "match": "u$w[match(d$id, u$id)]",
    "match in rows": 'u[match(d$id, u$id), "w"]',
    "match a factor of numbers": "k$w[match(f$id, k$id)]",
    "match other vectors": "v[1:3][match(u$id, u$id)] + u$w[match(u$id, u$id)]",
    "findInterval": "findInterval(v, c(1, 3, 4))",
    "numbers among texts": 'd$n %in% c("1", "4")',
    "Filter": "length(Filter(function(fit) length(coef(fit)) > 1, fits))",
    "Filter of a vector": "Filter(function(x) x > 2, v)",
    "product with a vector": "L <- c(1, 2)\nas.numeric(vcov(m) %*% L)",
    "quadratic form": "L <- c(1, 2)\nas.numeric(t(L) %*% vcov(m) %*% L)",
    "products of matrices": "a <- matrix(1:6, ncol = 2)\nb <- t(a) %*% a\nb[2, 1]",
    "matrix by row": "matrix(c(1, 2, 3, 4, 5, 6), nrow = 2, byrow = TRUE)[2, 1]",
    "matrix filled": "a <- matrix(NA, nrow = 2, ncol = 3)\nfor (i in 1:2) a[i, ] <- c(i, i^2, 0)\ncolMeans(a)",
    "matrix with names": 'a <- matrix(0, 2, 2)\na[2, 1] <- 5\ncolnames(a) <- c("p", "q")\na[, "p"]',
    "turned": 't(data.frame(a = 1:2, b = 3:4))["b", ]',
    "probability of F": "pf(2.5, 3, 45, lower.tail = FALSE)",
    "finite": "is.finite(c(1, Inf, 3))",
    "as many draws": "length(rnorm(5)) + length(runif(3, 0, 2)) + length(rbinom(4, 1, 0.5)) + length(rpois(2, 3))",
    "draws without spread": "rnorm(3, mean = v[1:3], sd = 0) + rbinom(3, 2, 1)",
    "permuted": "sort(sample(v))",
    "sampled": "length(sample(v, 3)) + length(sample(d$id, 9, replace = TRUE))",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("lookups"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """Values come out as in R, missing ones too."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


LINES = {
    "u$w[match(d$id, u$id)]": 'u.set_index("id")["w"].reindex(d["id"]).to_numpy()',
    "Filter(function(x) x > 2, v)": "np.array(v)[np.array(v) > 2]",
    "vcov(m) %*% c(1, 2)": "m.vcov().to_numpy() @ np.array([1, 2])",
    "matrix(0, 2, 3)": "np.full((2, 3), 0)",
    "rnorm(10)": "np.random.normal(size=10)",
}


@pytest.mark.parametrize("code", LINES)
def test_line_is_idiomatic(code: str) -> None:
    """The line reads as a person would write it."""
    assert one_line(python_of(code, START)) == f"result = {LINES[code]}"


REFUSED = {
    "match(d$id, u$id)": "only where it picks elements",
    "u$w[match(d$n, u$id)]": "numbers among texts",
    "matrix(v, dimnames = list(NULL, v))": "`dimnames`",
    "d %*% v": "`%*%` with a data frame",
    "v %*% t(v)": "outer()",
    "sample(10)": "for a vector",
    "t(v)": "`t` of a list",
    'matrix(c("a", "b"), nrow = 1)': "`matrix` is translated for numbers",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What cannot be right is left, and the reason says why."""
    (left,) = translate(f"{START}\n{code}").leftovers
    assert REFUSED[code] in left.reason


def test_keys_that_are_there_twice_are_an_error() -> None:
    """R takes the first of several equal keys; pandas says that there are several, and takes none."""
    python = python_of("d$x[match(u$id, d$id)]", START)
    with pytest.raises(ValueError, match="duplicate"):
        run_python(python)


def test_draws_are_noted() -> None:
    """A script that draws says that its numbers are others."""
    found = translate("x <- rnorm(3)")
    assert "draw different random numbers" in found.python
    assert np.isfinite(run_python(found.python + "\nresult = x")).all()
