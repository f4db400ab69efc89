"""Functions of several statements that are applied in place, and what `sapply` makes of what they give."""

from __future__ import annotations

from typing import Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, one_line, python_of, run_python

START = """d <- data.frame(
  g = c("a", "b", "a", "b", "c", "c"), y = c(1, 2, 3, 5, 4, 2), x = c(1, 2, 4, 3, 2, 6), n = 1:6,
  h = factor(c("u", "v", "u", "v", "u", "v")), l = c(TRUE, FALSE, TRUE, TRUE, FALSE, TRUE)
)
models <- list(a = lm(y ~ x, d), b = lm(y ~ 1, d))"""
CASES = {
    "by counter": "z <- sapply(1:4, function(i) {\n  a <- i^2\n  a + 1\n})\nz",
    "by text": "z <- sapply(unique(d$g), function(k) {\n  rest <- d[d$g != k, ]\n  mean(rest$y)\n})\nz",
    "columns": (
        "z <- sapply(unique(d$g), function(k) {\n  rest <- subset(d, g != k)\n  coef(lm(y ~ x, rest))\n})\nz[2, ]"
    ),
    "by group": 'z <- sapply(split(d, d$h), function(part) {\n  m <- lm(y ~ x, part)\n  coef(m)[["x"]]\n})\nz',
    "list": "z <- lapply(1:3, function(i) {\n  a <- i + 1\n  a * 2\n})\nunlist(z)",
    "list by group": "z <- lapply(split(d, d$h), function(part) {\n  m <- mean(part$y)\n  m * 2\n})\nunlist(z)",
    "rows of groups": (
        "z <- do.call(rbind, lapply(split(d, d$h), function(part) {\n  m <- mean(part$y)\n"
        "  data.frame(h = part$h[1], m = m)\n}))\nz$m"
    ),
    "predictions": 'z <- sapply(models, predict, newdata = d[1:2, ])\nz[, "a"]',
    "numeric columns": "colMeans(d[, sapply(d, is.numeric)])",
    "factors": "d[sapply(d, is.factor)]",
    "texts": "sapply(d, is.character)",
    "truth values": "sapply(d, is.logical)",
    "the best model": "names(which.min(sapply(models, AIC)))",
    "the one before": "z <- numeric(3)\nfor (i in 2:4) z[i - 1] <- i\nz",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("looping"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """What a loop collects is what R's function of functions gives."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


def test_counters_are_shifted_once() -> None:
    """A position one before the counter is written without ones that cancel."""
    assert "z[i - 2] = i" in python_of(CASES["the one before"], START)
    assert one_line(python_of("names(which.min(sapply(models, AIC)))", START)).endswith(".idxmin()")


def test_variables_outside_are_safe() -> None:
    """A function whose variables also are variables outside is left: the loop would change those."""
    code = "z <- lapply(split(d, d$h), function(d) {\n  m <- mean(d$y)\n  m\n})"
    (left,) = translate(f"{START}\n{code}").leftovers
    assert "would change the variable `d`" in left.reason
