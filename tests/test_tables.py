"""The tables a fitted model answers with, on values small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.tables import Count, RandomEffects, block_names

MODES = {"g": pd.DataFrame({"(Intercept)": [1.0, -1.0], "x": [0.5, -0.5]}, index=["a", "b"])}
VARIANCES = {"g": np.array([[[4.0, 0.0], [0.0, 9.0]], [[16.0, 0.0], [0.0, 25.0]]])}


def test_random_effects_frame_puts_terms_one_after_another() -> None:
    """Rows go level by level within a term, and condsd is the root of postVar's diagonal."""
    frame = RandomEffects(MODES, VARIANCES).to_frame()
    assert frame["term"].tolist() == ["(Intercept)", "(Intercept)", "x", "x"]
    assert frame["grp"].tolist() == ["a", "b", "a", "b"]
    assert frame["condval"].tolist() == [1.0, -1.0, 0.5, -0.5]
    assert frame["condsd"].tolist() == [2.0, 4.0, 3.0, 5.0]


def test_random_effects_frame_without_variances_has_no_condsd() -> None:
    """A quantity that was not asked for is missing, not made up."""
    assert "condsd" not in RandomEffects(MODES, {}).to_frame()


def test_random_effects_of_an_unknown_factor_name_those_there_are() -> None:
    """A wrong grouping factor is answered with the right ones."""
    with pytest.raises(KeyError, match="'g'"):
        RandomEffects(MODES, {})["h"]


@pytest.mark.parametrize(
    ("blocks", "names"),
    [
        ((("g", ("x",)),), ["g"]),
        ((("g", ("x",)), ("g", ("y",)), ("g", ("z",))), ["g", "g.1", "g.2"]),
        ((("g", ("x",)), ("h", ("y",)), ("g", ("z",))), ["g", "h", "g.1"]),
    ],
)
def test_repeated_blocks_are_numbered(blocks: tuple[tuple[str, tuple[str, ...]], ...], names: list[str]) -> None:
    """Blocks of one factor are told apart as VarCorr prints them."""
    assert list(block_names(blocks)) == names


def test_count_is_a_number_and_a_function() -> None:
    """R users call it, statsmodels users do not."""
    assert Count(180) == Count(180)() == 180
