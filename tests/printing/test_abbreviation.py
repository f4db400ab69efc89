"""R's `abbreviate`, held to R."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.printing.abbreviation import abbreviate

if TYPE_CHECKING:
    from collections.abc import Callable

#: Length and, by name, what R 4.2.2 abbreviates it to; names of one row are abbreviated together.
SHORT: list[tuple[int, dict[str, str]]] = [
    (6, {"(Intercept)": "(Intr)", "ks2stand": "ks2stn", "factor(gender)1": "fctr(g)1", "factor(fsm)1": "fctr(f)1"}),
    (11, {"factor(gender)1": "fctr(gndr)1", "factor(fsm)1": "factr(fsm)1", "ks2stand:factor(gender)1": "ks2stnd:()1"}),
    (6, {"ADMPOL_PTOTHER NON SEL": "ADMPNS", "ADMPOL_PTSEL": "ADMPOL"}),
    (5, {"hello world": "hllwr", "a b": "a b"}),
    (6, {"naïve été": "naïvét"}),
    (2, {"größe": "gß"}),
]

PROGRAM = """
set.seed(7)
pool <- c(letters, letters, strsplit("aeiouaeiou", "")[[1]], LETTERS, 0:9, strsplit("_.(): ^-", "")[[1]], " ", " ")
name <- function() paste(sample(pool, sample(25L, 1L), TRUE), collapse = "")
terms <- c("(Intercept)", "temperature.L", "temperature.Q", "temperature^4", "temperature^5", "recipeB", "recipeC",
  "recipeB:temperature.L", "recipeC:temperature.L", "recipeB:temperature^4", "poly(x, 3)1", "poly(x, 3)2", "x1",
  "x10", "x1:x10", "gor_nameNorth East", "gor_nameNorth West", "gor_nameSouth East", "gor_nameSouth West", "zTRUE")
one <- function(names, length) list(names = I(names), length = length, short = I(unname(abbreviate(names, length))))
c(lapply(1:1000, function(i) one(replicate(sample(8L, 1L), name()), sample(c(1:12, 6L, 11L), 1L))),
  lapply(1:500, function(i) one(sample(terms, sample(20L, 1L)), sample(c(6L, 11L), 1L))))
"""


@pytest.mark.parametrize(("length", "names"), SHORT)
def test_abbreviations_are_rs(length: int, names: dict[str, str]) -> None:
    """Vowels go first, then letters; what clashes becomes longer."""
    assert abbreviate(list(names), length) == list(names.values())


def test_equal_names_have_equal_abbreviations() -> None:
    """Only different names must differ."""
    assert abbreviate(["temperature", "temperature"], 4) == ["tmpr", "tmpr"]


@pytest.mark.needs_r
def test_random_names_are_rs(run_r: Callable[..., Any]) -> None:
    """On 1,500 drawn sets of names the abbreviations are R's."""
    for drawn in run_r(PROGRAM):
        assert abbreviate(drawn["names"], drawn["length"]) == drawn["short"]
