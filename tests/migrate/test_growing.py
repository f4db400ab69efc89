"""Vectors and lists that a program makes empty and fills: `append` where R makes them one element longer."""

from __future__ import annotations

from typing import Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, python_of, run_python

START = 'd <- data.frame(y = c(1, 2, 3, 5), x = c(1, 2, 4, 3))\nwords <- c("one", "three")'
CASES = {
    "list by a counter": "a <- list()\nfor (i in 1:3) {\n  a[[i]] <- i^2\n}\nunlist(a)",
    "list of models": (
        "a <- list()\nfor (i in seq_along(words)) a[[i]] <- lm(y ~ x, d)\nnames(a) <- words\nsapply(a, nobs)"
    ),
    "list by names": "a <- list()\nfor (w in words) a[[w]] <- nchar(w)\nunlist(a)",
    "list by names pasted": 'a <- list()\nfor (i in 1:2) a[[paste0("m", i)]] <- i\nunlist(a)',
    "list by places": "a <- list()\na[[1]] <- 3\na[[2]] <- 5\nunlist(a)",
    "list by its length": "a <- list()\nfor (w in words) a[[length(a) + 1]] <- nchar(w)\nunlist(a)",
    "list put together": "a <- list()\nfor (w in words) a <- c(a, list(nchar(w)))\nunlist(a)",
    "vector by a counter": "a <- c()\nfor (i in 1:3) a[i] <- i^2\na",
    "vector put together": "a <- NULL\nfor (i in 1:3) {\n  a <- c(a, i)\n  a <- c(a, c(i, 0))\n}\nmean(a)",
    "texts put together": 'a <- character(0)\nfor (w in words) a <- c(a, paste0(w, "s"))\na',
    "list of a length": 'a <- vector("list", 2)\nfor (i in 1:2) a[[i]] <- i * 2\nunlist(a)',
    "list from its end": 'a <- vector("list", 3)\nfor (i in 3:1) a[[i]] <- i\nunlist(a)',
    "zeros": "a <- numeric(3)\nfor (i in 2:3) a[i] <- i\na",
    "empty texts": "a <- character(2)\na[2] <- words[1]\na",
    "falsehoods": "a <- logical(2)\na[1] <- TRUE\na",
    "copies are apart": "a <- c()\na <- c(a, 1)\nb <- a\na <- c(a, 2)\nsum(b)",
    "in a function": "f <- function(n) {\n  a <- list()\n  for (i in 1:n) a[[i]] <- i * 2\n  unlist(a)\n}\nf(3)",
    "frames put together": "a <- NULL\nfor (i in 1:2) a <- rbind(a, data.frame(i = i, w = words[i]))\na",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("growing"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """What is filled has R's elements."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


REFUSED = {
    "filled twice": "a <- list()\nfor (j in 1:2) { for (i in 1:2) { a[[i]] <- j } }",
    "filled with gaps": "a <- list()\nfor (i in 1:4) { if (i > 2) a[[i]] <- i }",
    "filled from behind": "a <- list()\nfor (i in 3:1) a[[i]] <- i",
    "filled where it was skipped": "a <- list()\nfor (i in 1:3) { if (i == 2) next\n a[[i]] <- i }",
    "filled beyond its end": "a <- list()\na[[2]] <- 1",
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_orders_are_refused(name: str) -> None:
    """A list that R would fill with NULL in between, or from the start again, is left."""
    (left,) = translate(f"{START}\n{REFUSED[name]}").leftovers
    assert "in an order that is not known" in left.reason
