"""Texts split and written out, and purrr's functions of two."""

from __future__ import annotations

from typing import Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, python_of, run_python

START = """d <- data.frame(id = c("s1_a_x", "s2_b_y", "s10_c"), n = c(1, 2, 3))
v <- c(3, 1, 4)
words <- c("one", "two", "six")
m <- lm(n ~ 1, d)
fits <- list(one = m, two = lm(n ~ v, data.frame(n = d$n, v = v)))"""
CASES = {
    "first piece": 'sapply(strsplit(d$id, "_"), `[`, 1)',
    "piece that is not there": 'sapply(strsplit(d$id, "_"), "[", 3)',
    "piece by a function": 'sapply(strsplit(d$id, "_", fixed = TRUE), function(p) p[2])',
    "last piece": 'parts <- strsplit(d$id, "_")\nsapply(parts, tail, 1)',
    "pieces by a pattern": 'sapply(strsplit(d$id, "[0-9]+_"), function(p) p[1])',
    "pieces of one text": 'strsplit("a b c", " ")[[1]]',
    "unlisted": 'rev(unlist(strsplit("a-b-c", "-")))',
    "texts of numbers": 'sprintf("%02d", seq_len(nrow(d)))',
    "texts of several": 'sprintf("%s: %.2f (%d%%)", words, v / 3, 5L)',
    "texts of columns": 'sprintf("%s has %5.1f", d$id, d$n)',
    "repeated": 'strrep("ab", 3)',
    "map2_dbl": "purrr::map2_dbl(v, d$n, ~ .x * .y)",
    "map2_chr": 'purrr::map2_chr(words, v, function(w, k) paste0(w, "!"))',
    "map2_dfr": "purrr::map2_dfr(fits, words[1:2], ~ tibble(word = .y, size = length(coef(.x))))",
    "imap_dfr": "purrr::imap_dfr(fits, ~ tibble(model = .y, size = length(coef(.x))))",
    "imap_dbl": "purrr::imap_dbl(fits, ~ length(coef(.x)))",
    "map2": "unlist(purrr::map2(v, d$n, ~ .x - .y))",
    "more arguments": "sapply(list(1.234, 2.345), round, 1)",
    "more arguments of vapply": "vapply(list(1.234, 2.345), round, numeric(1), 1)",
    "keep": "purrr::keep(v, ~ .x > 2)",
    "discard": "length(purrr::discard(fits, ~ length(coef(.x)) > 1))",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("splitting"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """Values come out as in R, missing ones too."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


REFUSED = {
    'strsplit("abc", "")': "single characters",
    'sapply(strsplit(d$id, "_"), length)': "only pieces at a place",
    'sprintf("%s", factor(words))': "these vectors",
    'writeLines("a", "file.txt")': "to a file",
    "writeLines(v)": "is no text",
    "purrr::imap_dbl(v, ~ .x)": "what has names",
    "purrr::map2(fits, words[1:2], function(a, b) {\n  k <- 1\n  k\n})": "one expression",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What cannot be right is left, and the reason says why."""
    (left,) = translate(f"{START}\n{code}").leftovers
    assert REFUSED[code] in left.reason


def test_lines_are_written() -> None:
    """Texts go on lines of their own."""
    assert translate(f"{START}\nwriteLines(words)").python.endswith('print(*words, sep="\\n")\n')
