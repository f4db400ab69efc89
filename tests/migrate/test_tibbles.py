"""Tibbles: one column of a tibble between brackets is a frame, of a data frame a vector, by R's own judgement."""

from __future__ import annotations

from typing import Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, python_of, run_python

START = """
d <- data.frame(g = c("b", "a", NA), x = c(3, NA, 5), y = c(10, 20, 30))
e <- data.frame(g = c("a", "b"), w = c(1, 2))
s <- as_tibble(d)
"""
CASES = {
    "column of a tibble": 's[, "x"]',
    "column by place": "s[, 2]",
    "rows and column": 's[2:3, "x"]',
    "cell": 's[2, "x"]',
    "rows by condition": 's[s$y > 10, "x"]',
    "rows in order": 's[order(s$y), "x"]',
    "dropped when asked to": 's[, "x", drop = TRUE]',
    "element": 's[["x"]]',
    "columns": "length(s[, c('x', 'y')])",
    "made": 'tibble(a = 1:3, b = c("x", "y", "z"))[, "b"]',
    "filtered": '(s %>% filter(y > 10) %>% select(x, y))[, "y"]',
    "joined": '(s %>% left_join(e, by = "g"))[, "w"]',
    "grouped": '(d %>% group_by(g) %>% summarise(m = mean(y)))[, "m"]',
    "longer": '(d %>% pivot_longer(c(x, y)))[, "value"]',
    "once grouped": '(d %>% group_by(g) %>% ungroup())[, "y"]',
    "data frame again": 'as.data.frame(s)[, "x"]',
    "column of a data frame": 'd[, "x"]',
    "summarised data frame": '(d %>% summarise(m = mean(y)))[, "m"]',
    "filtered data frame": '(d %>% filter(y > 10))[, "y"]',
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("tibbles"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_a_frame_or_a_vector_as_in_r(name: str, truth: dict[str, Any]) -> None:
    """A frame comes out where R has a frame, a vector where it has a vector."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


def test_mean_of_a_tibble_s_column_is_refused() -> None:
    """R gives NA with a warning for the mean of a frame of one column: no number is made up for it."""
    (left,) = translate(f'{START}\nmean(s[, "y"])').leftovers
    assert "`mean` of a data frame" in left.reason
