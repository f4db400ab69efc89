"""Shared set-up of the tests: where R is, where the data are, and how a test asks R directly."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.parity.pytest_plugin import skip_or_fail
from tests import judge

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"
if SHARED_DATA.is_dir():
    os.environ.setdefault("LMEBRIDGE_DATA", str(SHARED_DATA))

# A run in the background ignores Ctrl-C and hands that down; programs that tests start are to be stopped by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where it is required, a test that needs pymer4; for R the package's own plugin does."""
    if item.get_closest_marker("needs_pymer4") is not None:
        skip_or_fail(judge.pymer4_problem(), "LMEBRIDGE_REQUIRE_PYMER4")


@pytest.fixture
def run_r(tmp_path: Path) -> Callable[..., Any]:
    """Run an R program through Rscript and return its last value, see `tests.judge.run_r`."""

    def run(program: str, folder: Path | None = None, **values: Any) -> Any:
        return judge.run_r(program, folder or tmp_path, **values)

    return run
