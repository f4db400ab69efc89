"""Grouping factors and the order of blocks are those lme4's `mkReTrms` makes."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.design.random_effects import RandomBlock, cross, group_factor, lme4_order, new_codes
from lmebridge.errors import DataError
from lmebridge.evaluation.values import as_factor, as_text, levels_of, number, text
from lmebridge.rsyntax import parse_expression

#: Numbers of levels as written, and lme4's order: read off ``mkReTrms``, where ties change places if it sorts at all.
ORDERS = [
    ([6, 4, 2], [0, 1, 2]),
    ([6, 6, 2], [0, 1, 2]),
    ([2, 4, 6], [2, 1, 0]),
    ([3, 5, 5], [2, 1, 0]),
    ([5, 3, 5], [2, 0, 1]),
    ([5, 5, 6], [2, 1, 0]),
    ([4], [0]),
]


@pytest.mark.parametrize(("counts", "order"), ORDERS)
def test_blocks_are_in_the_order_of_lme4(counts, order):
    """Decreasing numbers of levels; reversed among equals, but only where lme4 sorts."""
    blocks = [RandomBlock("g", tuple(map(str, range(n))), np.empty(0), np.empty((0, 1)), ("x",)) for n in counts]
    assert lme4_order(blocks) == order


@pytest.mark.needs_r
def test_order_is_that_of_lme4(run_r):
    """The table's orders are what lme4's own line gives."""
    counts = [counts for counts, _ in ORDERS]
    program = """lapply(list(%s), function(nl) { nl <- as.integer(nl)
      bars <- lapply(seq_along(nl), function(i) call("|", 1, as.name(paste0("g", i))))
      fr <- as.data.frame(lapply(nl, function(n) factor(rep(seq_len(n), length.out = 30))))
      names(fr) <- paste0("g", seq_along(nl))
      I(as.integer(sub("g", "", names(lme4::mkReTrms(bars, fr)$cnms))) - 1) })"""
    said = run_r(program % ", ".join(f"c({', '.join(map(str, c))})" for c in counts))
    assert said == [order for _, order in ORDERS]


def test_interaction_has_the_combinations_there_are():
    """Levels are sorted by the first factor's levels, then the second's; absent combinations are no levels."""
    left, right = as_factor(text(["b", "a", "b", "a"])), as_factor(number([10, 2, 2, 2]))
    found = cross(left, right)
    assert levels_of(found) == ("a:2", "b:2", "b:10")
    assert as_text(found).tolist() == ["b:10", "a:2", "b:2", "a:2"]


def test_interaction_of_missing_values_is_a_level():
    """lme4 pastes a missing level as NA, which makes it a new level in new data."""
    assert as_text(cross(as_factor(text(["a", None])), as_factor(text(["p", "q"])))).tolist() == ["a:p", "NA:q"]


def test_equal_names_of_combinations_are_one_level():
    """Two combinations that lme4 pastes to the same text are one level."""
    found = cross(as_factor(text(["a:b", "a"])), as_factor(text(["c", "b:c"])))
    assert levels_of(found) == ("a:b:c",)


def test_nested_interactions():
    """Interactions of three factors, whatever the parentheses."""
    values = {"a": text(["p", "q"]), "b": text(["r", "s"]), "c": text(["t", "u"])}
    assert levels_of(group_factor(parse_expression("a:b:c"), values)) == ("p:r:t", "q:s:u")
    assert levels_of(group_factor(parse_expression("a:(b:c)"), values)) == ("p:r:t", "q:s:u")


def test_group_that_is_no_column_of_the_frame():
    """An expression of columns that the model frame has not is refused with lme4's words and the remedy."""
    with pytest.raises(DataError, match=r"^couldn't evaluate grouping factor factor\(z\) within model frame: .*column"):
        group_factor(parse_expression("factor(z)"), {"a": text(["p"])})


def test_groups_of_another_length_are_refused():
    """A grouping factor needs a level for every row."""
    with pytest.raises(DataError, match=r"^Invalid grouping factor specification, c\(1, 2\)$"):
        group_factor(parse_expression("c(1, 2)"), {"a": text(["p", "q", "r"])})


def test_codes_of_known_groups():
    """Groups are found again by name, whatever their order in the new data."""
    block = RandomBlock("g", ("b", "a"), np.empty(0), np.empty((0, 1)), ("x",))
    assert new_codes(block, as_factor(text(["a", "b", "a"])), allow_new_levels=False).tolist() == [1, 0, 1]
