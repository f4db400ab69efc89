"""purrr, stringr and forcats in Python: what comes out is R's, by R's own judgement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.migrate.frames import differences, judged, python_of, run_python

START = """
library(purrr)
library(stringr)
library(forcats)
d <- tibble(
  g = c("b1", "a2", NA, "b1", "a2", "c30"),
  f = c("lo", "hi", "mid", "lo", "lo", "hi"),
  x = c(3, 1, 5, 2, 2, 4)
)
xs <- list(a = c(1, 2, 4), b = c(2, 8))
"""

CASES = {
    "map_dbl": "map_dbl(xs, mean)",
    "map_dbl formula": "map_dbl(xs, ~ sum(.x) / 2)",
    "map_dbl formula with a point": "xs %>% map_dbl(~ max(.))",
    "map then map_dbl": "xs %>% map(sum) %>% map_dbl(~ .x + 1)",
    "map_dfr": 'map_dfr(xs, ~ data.frame(m = mean(.x)), .id = "name")',
    "map_df without names": "map_df(xs, ~ data.frame(m = mean(.x), s = sum(.x)))",
    "str_detect": 'd %>% filter(str_detect(g, "^b"))',
    "not str_detect": 'd %>% filter(!str_detect(g, "^b"))',
    "str_sub": "d %>% mutate(k = str_sub(g, 1, 1))",
    "str_sub from the end": "d %>% mutate(k = str_sub(g, -1))",
    "str_sub without the end": "d %>% mutate(k = str_sub(g, 1, -2))",
    "str_extract": 'd %>% mutate(k = str_extract(g, "\\\\d+"))',
    "str_remove": 'd %>% mutate(k = str_remove(g, "[0-9]"))',
    "str_replace_all": 'd %>% mutate(k = str_replace_all(g, "[0-9]", "#"))',
    "str_to_upper": "d %>% mutate(k = str_to_upper(g))",
    "str_length": "d %>% filter(str_length(f) > 2)",
    "fct_relevel": 'd %>% mutate(f = fct_relevel(f, "mid")) %>% arrange(f)',
    "fct_relevel two": 'd %>% mutate(f = fct_relevel(f, "mid", "lo")) %>% arrange(f)',
    "fct_rev": "d %>% mutate(f = fct_rev(f)) %>% arrange(f)",
    "fct_recode": 'd %>% mutate(f = fct_recode(f, low = "lo", high = "hi"))',
    "fct_inorder": "d %>% mutate(f = fct_inorder(f)) %>% arrange(f)",
    "fct_infreq": "d %>% mutate(f = fct_infreq(f)) %>% arrange(f)",
}

REFUSED = {
    "levels put together": 'd %>% mutate(f = fct_collapse(f, other = c("lo", "mid")))',
    "a group of a pattern": 'd %>% mutate(k = str_extract(g, "(b)1"))',
    "negate": 'd %>% filter(str_detect(g, "b", negate = TRUE))',
    "several values": "map_dbl(xs, rev)",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory) -> dict[str, Any]:
    """What R makes of every case."""
    return judged(CASES, START, tmp_path_factory.mktemp("r"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_as_in_r(name, truth):
    """The translation gives R's values, columns and order of rows."""
    assert differences(run_python(python_of(CASES[name], START)), truth[name]) == []


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    """What pandas has no answer to stays, with a reason."""
    from lmebridge.migrate import translate

    found = translate(f"{START}\nresult <- {REFUSED[name]}")
    assert len(found.leftovers) == 1
    assert "no answer" not in found.leftovers[0].reason
