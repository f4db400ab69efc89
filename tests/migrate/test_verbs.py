"""dplyr's verbs in pandas: what comes out is R's, by R's own judgement."""

from __future__ import annotations

from typing import Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, one_line, python_of, run_python

START = """
d <- tibble(
  g = c("b", "a", NA, "b", "a", "c", "b", "a"),
  h = c("x", "y", "x", "y", "x", "x", "x", "y"),
  x = c(3, 1, 5, NA, 2, 2, 3, 7),
  y = c(10, 20, 30, 40, 50, 60, 70, 80),
  x2 = c(1, 1, 2, 2, 3, 3, 4, 4)
)
f <- tibble(g = factor(c("lo", "hi", "lo", "mid"), levels = c("lo", "mid", "hi", "never")), v = c(1, 2, 3, 4))
u <- tibble(g = c("a", "c", "z", "a"), w = c(1, 2, 3, 4), y = c(5, 6, 7, 8))
"""

CASES = {
    # columns
    "select names": "d %>% select(x, g)",
    "select renamed": "d |> select(id = g, x)",
    "select without": "d %>% select(-x, -y)",
    "select range": "d %>% select(g:x)",
    "select without range": "d %>% select(-(h:y))",
    "select minus c": "d %>% select(-c(g, h))",
    "select starts_with": 'd %>% select(starts_with("X"))',
    "select ends_with": 'd %>% select(g, ends_with("2"))',
    "select contains": 'd %>% select(contains("x"), g)',
    "select everything": "d %>% select(y, everything())",
    "select numeric": "d %>% select(where(is.numeric))",
    "select character": "d %>% select(where(is.character), x)",
    "select all_of": 'v <- c("y", "g")\nd %>% select(x, all_of(v))',
    "select any_of": 'v <- c("y", "nothing")\nd %>% select(any_of(v))',
    "select places": "d %>% select(1, 3:4)",
    "select grouped": "d %>% group_by(g) %>% select(x)",
    "rename": "d %>% rename(school = g, score = x)",
    "rename upper": "d %>% rename_with(toupper)",
    "relocate": "d %>% relocate(y, x)",
    "pull": "d %>% pull(x)",
    "pull last": "d %>% pull()",
    "pull text": 'd %>% filter(x > 2) %>% pull("h")',
    # rows
    "filter": "d %>% filter(x > 2)",
    "filter two": 'd %>% filter(x >= 2, h == "x")',
    "filter or": 'd |> filter(x > 4 | g == "b")',
    "filter differs": 'd %>% filter(g != "a")',
    "filter negation": "d %>% filter(!(x > 2))",
    "filter in": 'd %>% filter(g %in% c("a", "c"))',
    "filter not in": 'd %>% filter(!g %in% c("a", "c"))',
    "filter na": "d %>% filter(!is.na(g), !is.na(x))",
    "filter chain": "d %>% select(g, x) %>% filter(x > mean(x, na.rm = TRUE))",
    "filter between": "d %>% filter(between(x, 2, 3))",
    "crossing": 'tidyr::crossing(a = c(2, 1, 2), b = c("y", "x"))',
    "filter group size": "d %>% group_by(g) %>% filter(n() > 1)",
    "filter group max": "d %>% group_by(g) %>% filter(x == max(x, na.rm = TRUE))",
    "filter group max with NA": "d %>% group_by(g) %>% filter(x == max(x))",
    "filter first of group": "d %>% group_by(g) %>% filter(row_number() == 1)",
    "distinct all": "d %>% select(g, h) %>% distinct()",
    "distinct column": "d %>% distinct(g)",
    "distinct keep": "d %>% distinct(g, .keep_all = TRUE)",
    "distinct two": "d %>% distinct(g, h)",
    "slice": "d %>% slice(2:3)",
    "slice places": "d %>% slice(c(1, 4))",
    "slice last": "d %>% slice(n())",
    "slice in groups": "d %>% group_by(g) %>% slice(1)",
    "slice_head": "d %>% slice_head(n = 3)",
    "slice_head groups": "d %>% group_by(g) %>% slice_head(n = 2)",
    "slice_tail": "d %>% slice_tail(n = 2)",
    "slice_tail groups": "d %>% group_by(g) %>% slice_tail(n = 1)",
    "slice_max": "d %>% slice_max(y, n = 3)",
    "slice_max ties": "d %>% slice_max(x, n = 3)",
    "slice_min without ties": "d %>% slice_min(x, n = 2, with_ties = FALSE)",
    "slice_max groups": "d %>% group_by(h) %>% slice_max(x, n = 1)",
    "slice_min groups": "d %>% group_by(g) %>% slice_min(y, n = 2)",
    "arrange": "d %>% arrange(x)",
    "arrange desc": "d %>% arrange(desc(x))",
    "arrange minus": "d %>% arrange(-x, y)",
    "arrange two": "d %>% arrange(g, desc(y))",
    "arrange text": "d %>% arrange(desc(g))",
    "arrange factor": "f %>% arrange(g)",
    "arrange computed": "d %>% arrange(abs(x - 3))",
    "arrange by group": "d %>% group_by(h) %>% arrange(x, .by_group = TRUE)",
    # columns made
    "mutate": "d %>% mutate(z = x + y, w = z * 2)",
    "mutate replaces": "d %>% mutate(x = x * 2, x = x + 1)",
    "mutate drops": "d %>% mutate(z = x, x = NULL)",
    "mutate constant": 'd %>% mutate(k = 1, t = "a")',
    "mutate centred": "d %>% mutate(c = y - mean(y), s = x - mean(x, na.rm = TRUE))",
    "mutate NA": "d %>% mutate(c = x - mean(x))",
    "mutate chain": "d %>% filter(y > 20) %>% mutate(z = y / max(y), n = n())",
    "mutate row_number": "d %>% mutate(id = row_number())",
    "mutate lag": "d %>% mutate(before = lag(x), after = lead(y, 2), first = lag(y, default = 0))",
    "mutate case_when": 'd %>% mutate(k = case_when(x < 2 ~ "low", x < 5 ~ "middle", TRUE ~ "high"))',
    "case_when NA": 'd %>% mutate(k = case_when(x < 2 ~ "low", x < 5 ~ "middle"))',
    "case_when numbers": 'd %>% mutate(k = case_when(is.na(x) ~ -1, g == "a" ~ x, TRUE ~ y))',
    "case_when na value": "d %>% mutate(k = case_when(x > 4 ~ NA_real_, TRUE ~ x))",
    "if_else": 'd %>% mutate(k = if_else(x > 2, "big", "small"))',
    "recode text": 'd %>% mutate(k = recode(g, a = "first", b = "second"))',
    "recode numbers": 'd %>% mutate(k = recode(x2, `1` = "one", `2` = "two"))',
    "recode default": 'd %>% mutate(k = recode(g, a = "first", .default = "other"))',
    "coalesce": "d %>% mutate(k = coalesce(x, 0), l = coalesce(x, y))",
    "na_if": "d %>% mutate(k = na_if(x, 3))",
    "ranks": "d %>% mutate(a = min_rank(x), b = dense_rank(desc(x)), c = row_number(x), e = percent_rank(y))",
    "mutate across": "d %>% mutate(across(c(x, y), ~ .x - mean(.x, na.rm = TRUE)))",
    "mutate across named": 'd %>% mutate(across(c(x, y), list(twice = function(v) v * 2), .names = "{.col}.{.fn}"))',
    "mutate across rule": "d %>% mutate(across(where(is.numeric), ~ .x / 2))",
    "mutate across function": "d %>% mutate(across(c(x, y), round, 1))",
    "transmute": "d %>% transmute(g, twice = x * 2)",
    # groups
    "grouped mean": (
        "d %>% group_by(g) %>% mutate(m = mean(x), r = mean(x, na.rm = TRUE), dev = y - mean(y)) %>% ungroup()"
    ),
    "grouped n": "d %>% group_by(g, h) %>% mutate(n = n(), id = row_number())",
    "grouped running": "d %>% group_by(h) %>% mutate(c = cumsum(x), p = cumsum(y), b = lag(y), k = min_rank(desc(y)))",
    "grouped z": "d %>% group_by(h) %>% mutate(z = (y - mean(y)) / sd(y), top = y == max(y), share = y / sum(y))",
    "grouped first": "d %>% group_by(g) %>% mutate(f = first(y), l = last(x), k = n_distinct(x))",
    "grouped expression": (
        "d %>% group_by(h) %>% mutate(m = mean(x > 2, na.rm = TRUE), s = sum(!is.na(x)), q = mean(x * 2))"
    ),
    "grouped condition with NA": "d %>% group_by(h) %>% mutate(m = mean(x > 2), s = sum(x > 2 & y > 10))",
    "grouped quantile": "d %>% group_by(h) %>% mutate(q = quantile(y, 0.25), m = median(y))",
    "grouped scale": "d %>% group_by(h) %>% mutate(s = as.numeric(scale(y)))",
    "grouped uses new": "d %>% group_by(h) %>% mutate(m = mean(y), dev = y - m, big = max(dev))",
    "grouped chain": (
        "d %>% filter(!is.na(x)) %>% group_by(g) %>% mutate(m = mean(x)) %>% ungroup() %>% mutate(all = mean(m))"
    ),
    "grouped by computed": "d %>% group_by(big = y > 40) %>% mutate(m = mean(y))",
    "summarise": "d %>% summarise(n = n(), m = mean(y), s = sd(x, na.rm = TRUE), g = n_distinct(g))",
    "summarise with NA": "d %>% summarise(m = mean(x), total = sum(x))",
    "summarise uses summary": "d %>% summarise(m = mean(y), half = m / 2)",
    "summarise chain": "d %>% filter(x > 1) %>% summarise(n = n(), top = max(y))",
    "summarise across all": "d %>% summarise(across(where(is.numeric), ~ mean(.x, na.rm = TRUE)))",
    "summarise groups": (
        "d %>% group_by(g) %>% summarise(n = n(), m = mean(x), r = mean(x, na.rm = TRUE), k = n_distinct(x))"
    ),
    "summarise two groups": 'd %>% group_by(g, h) %>% summarise(m = mean(y), .groups = "drop")',
    "summarise levels left": "d %>% group_by(g, h) %>% summarise(m = mean(y)) %>% mutate(top = max(m))",
    "summarise factor": "f %>% group_by(g) %>% summarise(m = mean(v))",
    "summarise rounded": "d %>% group_by(h) %>% summarise(m = round(mean(y), 1), se = sd(y) / sqrt(n()))",
    "summarise order": "d %>% group_by(h) %>% summarise(m = mean(y), s = sd(y), low = m - s, n = n())",
    "summarise two new": "d %>% group_by(h) %>% summarise(range = max(y) - min(y), q = quantile(y, 0.75))",
    "summarise condition": "d %>% group_by(h) %>% summarise(share = mean(x > 2, na.rm = TRUE), known = sum(!is.na(x)))",
    "summarise correlation": "d %>% group_by(h) %>% summarise(r = cor(x2, y))",
    "summarise first": "d %>% group_by(g) %>% summarise(f = first(y), l = last(h))",
    "summarise same name": "d %>% group_by(h) %>% summarise(y = mean(y), n = n())",
    "summarise across": "d %>% group_by(h) %>% summarise(across(c(x, y), mean))",
    "summarise across list": "d %>% group_by(h) %>% summarise(across(y, list(m = mean, s = sd)), n = n())",
    "summarise across rule": "d %>% group_by(h) %>% summarise(across(where(is.numeric), mean))",
    "summarise then arrange": (
        "d %>% group_by(g) %>% summarise(m = mean(y), n = n()) %>% filter(n >= 2) %>% arrange(desc(m))"
    ),
    "count": "d %>% count(g)",
    "count two": 'd %>% count(g, h, name = "k")',
    "count sorted": "d %>% count(g, sort = TRUE)",
    "count weighted": "d %>% count(h, wt = y)",
    "tally": "d %>% group_by(h) %>% tally()",
    "add_count": "d %>% add_count(g)",
    "not between": "d %>% filter(!between(x, 2, 3))",
    "grouped first value": "d %>% group_by(h) %>% mutate(r = y / y[1], k = any(y > 60))",
    "logical column": "d %>% mutate(big = x > 2, b2 = x > 2 & y > 20)",
    "summarise chosen": "d %>% group_by(h) %>% summarise(best = x2[which.max(y)], v = y[1], u = length(unique(g)))",
    "mutate_at": "d %>% mutate_at(vars(x, y), function(v) v / 10)",
    "mutate_if": "d %>% mutate_if(is.numeric, round)",
    "summarise_at": "d %>% group_by(h) %>% summarise_at(vars(y, x2), mean)",
    "summarise_all": "d %>% select(h, y, x2) %>% group_by(h) %>% summarise_all(mean)",
    "summarise_if": "d %>% summarise_if(is.numeric, mean, na.rm = TRUE)",
    "row sums": "d %>% mutate(total = rowSums(across(x:y)), m = rowMeans(across(c(x, y)), na.rm = TRUE))",
    "rule of two texts": 'd %>% select(starts_with(c("y", "x")))',
    "grouped rule": "d %>% group_by(g) %>% select(where(is.numeric))",
    "reversed range": "d %>% select(x2:x)",
    "named twice": 'd %>% select(x, all_of(c("x", "g")))',
    "grouped row number inside": "d %>% group_by(h) %>% mutate(m = median(row_number()), k = max(y + n()))",
    "summary of centred": "d %>% group_by(h) %>% summarise(m = sum(abs(y - mean(y))), k = mean(row_number()))",
    "top_n": "d %>% top_n(3, y)",
    "top_n groups": "d %>% group_by(h) %>% top_n(1, x)",
    "select not": "d %>% select(!c(x, y))",
    "select not rule": 'd %>% select(-starts_with("x"), -g)',
    "share of count": "d %>% count(h) %>% mutate(p = n / sum(n))",
    # two frames
    "left_join": 'd %>% left_join(u, by = "g")',
    "left_join names": 'd %>% left_join(u %>% rename(k = g), by = c("g" = "k"))',
    "left_join natural": "d %>% select(-y) %>% left_join(u)",
    "inner_join": 'd %>% inner_join(u, by = "g")',
    "full_join": 'e <- u %>% select(g, w)\nd %>% full_join(e, by = "g")',
    "right_join": 'e <- u %>% select(g, w)\nright_join(d, e, by = "g")',
    "semi_join": 'd %>% semi_join(u, by = "g")',
    "anti_join": 'd %>% anti_join(u, by = "g")',
    "anti_join two": 'd %>% anti_join(u, by = c("g", "x2" = "w"))',
    "bind_rows": "bind_rows(d, u)",
    "bind_rows id": 'bind_rows(first = u, second = u, .id = "from")',
    "bind_cols": "bind_cols(d %>% select(g, x), u %>% bind_rows(u) %>% select(w))",
}


#: R code and the line of Python it becomes.
LINES = {
    "d %>% select(g, x)": 'd[["g", "x"]]',
    "d %>% select(-x)": 'd[["g", "h", "y", "x2"]]',
    "e %>% select(-x)": 'e.drop(columns="x")',
    "e %>% select(a, b:d)": 'e[["a", *e.loc[:, "b":"d"]]]',
    'e %>% select(starts_with("t_"))': 'e.filter(regex="(?i)^t_")',
    "e |> filter(x > 2, !is.na(y))": 'e[(e["x"] > 2) & e["y"].notna()]',
    "e %>% mutate(z = x + 1, w = z / 2)": 'e.assign(z=e["x"] + 1, w=lambda data: data["z"] / 2)',
    "e %>% arrange(a, desc(b))": 'e.sort_values(["a", "b"], ascending=[True, False])',
    "e %>% group_by(g) %>% mutate(n = n())": 'e.assign(n=e.groupby("g", dropna=False)["g"].transform("size"))',
    "e %>% group_by(g) %>% summarise(m = mean(x, na.rm = TRUE), n = n())": (
        'e.groupby("g", dropna=False, as_index=False).agg(m=("x", "mean"), n=("g", "size"))'
    ),
    "e %>% count(g)": 'e.groupby("g", dropna=False, as_index=False).agg(n=("g", "size"))',
    'e %>% left_join(u, by = "g")': 'e.merge(u, on="g", how="left", suffixes=(".x", ".y"))',
    "e %>% pull(x)": 'e["x"]',
    "e %>% slice(2:3)": "e.iloc[1:3]",
}

#: R code that has no translation, and what the reason must say.
REFUSED = {
    "d %>% sample_n(3)": "random",
    "d %>% rowwise() %>% mutate(m = mean(c(x, y)))": "row by row",
    "d %>% filter(x = 2)": "==",
    "d %>% group_by(g) %>% mutate(s = cor(x, y))": "cor",
    "d %>% group_by(g) %>% summarise(x = mean(x), s = sd(x))": "summary itself",
    'd %>% mutate(k = case_when(x > 2 ~ "a", TRUE ~ 1))': "text in one case",
    "d %>% select(nothing)": "nothing",
    "d %>% group_by(g) %>% group_map(~ nrow(.x))": "by hand",
    "d %>% slice_max(x + y, n = 2)": "slice_max",
    "d %>% filter(if_any(c(x, y), is.na))": "if_any",
    "d %>% full_join(u)": "full_join",
    "d %>% mutate(m)": "without a name",
    "d %>% mutate(id = row_number(), .before = 1)": ".before",
    "d %>% summarise(m = mean(x), .by = g)": ".by",
    'd %>% count("g")': "no name of a column",
    "d %>% group_by(h) %>% mutate(h = 1)": "groups",
    "d %>% group_by(h) %>% mutate(s = cumsum(mean(y)))": "one value a group",
    'd %>% mutate(k = recode(x, a = "b"))': "no numbers",
    "d %>% select(0:2)": "range",
    "d %>% group_by(h) %>% mutate(s = sum(n() * 2))": "one value a group",
    "d %>% group_by(h) %>% summarise(h = mean(y))": "groups",
    "d %>% select(any_of(1:3))": "chosen by",
    "d %>% arrange(x > 2)": "arrange",
    "d %>% mutate(k = coalesce(x > 2, TRUE))": "condition",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("verbs"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """Values, columns and rows come out as in R, in R's order."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


@pytest.mark.parametrize("code", LINES)
def test_line_is_idiomatic(code: str) -> None:
    """The line reads as a person would write it."""
    read = 'e <- read.csv("e.csv")\nu <- read.csv("u.csv")'
    python = python_of(code, f"{START}\n{read}")
    assert one_line(python) == f"result = {LINES[code]}"


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What cannot be right is left, and the reason says why."""
    (left,) = translate(f"{START}\n{code}").leftovers
    assert REFUSED[code] in left.reason
