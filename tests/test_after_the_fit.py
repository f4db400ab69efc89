"""The page about what comes after a fit shows what its code gives."""

from __future__ import annotations

import doctest
from pathlib import Path

import pandas as pd
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "after_the_fit.md"


@pytest.mark.needs_source
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # marginaleffects' own use of polars
@pytest.mark.parametrize("backend", ["native", pytest.param("lme4", marks=pytest.mark.needs_r)])
def test_examples_run(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With R and without it."""
    pytest.importorskip("marginaleffects.classes")
    monkeypatch.setenv("LMEBRIDGE_BACKEND", backend)
    with pd.option_context("display.width", 120):
        found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted >= 10
    assert found.failed == 0
