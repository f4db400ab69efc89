"""Pictures are drawn without a screen, and each test closes its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_screen() -> Iterator[None]:
    """Matplotlib's backend without windows; figures are closed, and none was left by a call that failed."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    settings = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert {name for name, value in matplotlib.rcParams.items() if value != settings[name]} == set()
