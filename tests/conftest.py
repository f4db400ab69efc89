"""Shared set-up of the tests: where R is, where the data are, and how a test asks R directly."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import judge

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"
#: By marker, the environment variable that turns a skip into a failure.
REQUIRED_BY = {"needs_r": "LMEBRIDGE_REQUIRE_R", "needs_pymer4": "LMEBRIDGE_REQUIRE_PYMER4"}

if SHARED_DATA.is_dir():
    os.environ.setdefault("LMEBRIDGE_DATA", str(SHARED_DATA))


@cache
def problem_of(marker: str) -> str:
    """Why tests with this marker cannot run here; empty when they can."""
    return {"needs_r": judge.r_problem, "needs_pymer4": judge.pymer4_problem}[marker]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where it is required, a test whose program is missing."""
    for marker, required in REQUIRED_BY.items():
        if item.get_closest_marker(marker) is None or not problem_of(marker):
            continue
        if os.environ.get(required) == "1":
            pytest.fail(f"{required}=1, but {problem_of(marker)}", pytrace=False)
        pytest.skip(problem_of(marker))


@pytest.fixture
def run_r(tmp_path: Path) -> Callable[..., Any]:
    """Run an R program through Rscript and return its last value, see `tests.judge.run_r`."""

    def run(program: str, folder: Path | None = None, **values: Any) -> Any:
        return judge.run_r(program, folder or tmp_path, **values)

    return run
