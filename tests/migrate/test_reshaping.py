"""tidyr and tibble in pandas: what comes out is R's, by R's own judgement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.migrate.frames import differences, judged, python_of, run_python

START = """
w <- tibble(id = c("z", "a", "m"), sex = c("F", "M", "F"), t_1 = c(1, 2, 3), t_2 = c(4, NA, 6), t_10 = c(7, 8, 9))
l <- tibble(
  id = c("z", "z", "a", "a", "m"), s = c("F", "F", "M", "M", "F"),
  age = c(10, 8, 8, 10, 8), v = c(1, 2, 3, 4, 5), u = c(5, 4, 3, 2, 1)
)
k <- tibble(key = c("a:x", "b:y", "c", NA), n = c(1, 2, 3, 4), z = c("p", "q", "r", "s"))
m <- tibble(g = c("a", "a", "b", "b", "b"), x = c(1, NA, NA, 4, NA), y = c("p", NA, "q", NA, "r"))
"""

CASES = {
    "longer": 'w %>% pivot_longer(starts_with("t_"), names_to = "time", values_to = "score")',
    "longer names": 'w %>% pivot_longer(c(t_1, t_10), names_to = "time", values_to = "score")',
    "longer range": "w %>% pivot_longer(t_1:t_10)",
    "longer without": 'w %>% pivot_longer(-c(id, sex), names_to = "time", values_to = "score")',
    "longer without one": 'w %>% select(-sex) %>% pivot_longer(cols = -id, names_to = "time")',
    "longer prefix": 'w %>% pivot_longer(starts_with("t_"), names_to = "time", names_prefix = "t_")',
    "longer prefix number": (
        'w %>% pivot_longer(starts_with("t_"), names_to = "time", names_prefix = "t_", '
        "names_transform = list(time = as.integer))"
    ),
    "longer then number": (
        'w %>% pivot_longer(starts_with("t_"), names_to = "time", names_prefix = "t_", values_to = "y") %>% '
        "mutate(time = as.numeric(time), c = time - 1)"
    ),
    "longer two names": 'w %>% pivot_longer(starts_with("t_"), names_to = c("what", "time"), names_sep = "_")',
    "longer pattern": (
        'w %>% pivot_longer(starts_with("t_"), names_to = c("what", "time"), names_pattern = "(.)_(.*)", '
        'values_to = "y")'
    ),
    "longer drops": 'w %>% pivot_longer(starts_with("t_"), values_drop_na = TRUE)',
    "longer sorted": 'w %>% arrange(id) %>% pivot_longer(starts_with("t_"))',
    "longer filtered": 'w %>% filter(sex == "F") %>% pivot_longer(starts_with("t_"))',
    "gather": "w %>% gather(time, score, t_1, t_2)",
    "gather text": 'w %>% gather("time", "score", -id, -sex, na.rm = TRUE)',
    "wider": "l %>% select(id, s, age, v) %>% pivot_wider(names_from = age, values_from = v)",
    "wider prefix": 'l %>% select(-u) %>% pivot_wider(names_from = age, values_from = v, names_prefix = "age_")',
    "wider ids": "l %>% pivot_wider(id_cols = id, names_from = age, values_from = v)",
    "wider filled": "l %>% select(id, age, v) %>% pivot_wider(names_from = age, values_from = v, values_fill = 0)",
    "wider text": "m %>% mutate(n = row_number()) %>% select(n, g, x) %>% pivot_wider(names_from = g, values_from = x)",
    "wider two values": "l %>% pivot_wider(names_from = age, values_from = c(v, u))",
    "wider sorted": "l %>% select(-u) %>% pivot_wider(names_from = age, values_from = v, names_sort = TRUE)",
    "wider after summary": (
        'l %>% group_by(s, age) %>% summarise(m = mean(v), .groups = "drop") %>% '
        "pivot_wider(names_from = age, values_from = m)"
    ),
    "there and back": (
        'w %>% pivot_longer(starts_with("t_"), names_to = "t", values_to = "y") %>% '
        "pivot_wider(names_from = t, values_from = y)"
    ),
    "spread": "l %>% select(id, age, v) %>% spread(age, v)",
    "separate": 'k %>% separate(key, into = c("one", "two"), sep = ":")',
    "separate kept": 'k %>% separate(key, c("one", "two"), sep = ":", remove = FALSE)',
    "separate default": 'w %>% select(id) %>% mutate(id = paste0(id, "-", id)) %>% separate(id, into = c("a", "b"))',
    "separate same name": 'k %>% separate(key, into = c("key", "two"), sep = ":")',
    "unite": 'w %>% unite(who, id, sex, sep = "-")',
    "drop_na": "m %>% drop_na()",
    "drop_na column": "m %>% drop_na(x)",
    "replace_na": 'm %>% replace_na(list(x = 0, y = "none"))',
    "replace_na column": "m %>% mutate(x = replace_na(x, -1))",
    "fill": "m %>% fill(x, y)",
    "fill up": 'm %>% fill(x, .direction = "up")',
    "fill groups": "m %>% group_by(g) %>% fill(x)",
    "complete": "e <- l %>% select(id, age, v)\ne %>% complete(id, age)",
    "complete filled": "e <- l %>% select(id, age, v)\ne %>% complete(id, age, fill = list(v = 0))",
    "tribble": 'tribble(~a, ~b, 1, "x", 2, "y")',
    "tibble": 'tibble(a = c(1, 2, 3), b = c("x", NA, "z"))',
    "tibble recycled": 'tibble(a = c(1, 2, 3), k = "x")',
    "add_column": "w %>% add_column(n = c(1, 2, 3))",
    "add_row": 'k %>% add_row(key = "d:z", n = 5)',
    "expand_grid": 'expand_grid(a = c(1, 2), b = c("x", "y", "z"))',
    "column to rownames and back": 'w %>% column_to_rownames("id") %>% rownames_to_column("id")',
    "as_tibble": "as_tibble(w)",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("reshaping"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """Values, columns and rows come out as in R, in R's order."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python
