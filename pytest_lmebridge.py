"""pytest's door to lmebridge: options, the marker ``needs_r`` and the fixture ``lme_parity``.

It stands outside the package so that pytest, which loads it in every project, imports neither pandas nor lmebridge
before a test asks for them.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lmebridge.parity.pytest_plugin import LmeParity

#: Environment variable that turns a skip for want of R into a failure.
REQUIRE_R = "LMEBRIDGE_REQUIRE_R"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("lmebridge", "models held to lme4")
    group.addoption(
        "--lme-backends",
        metavar="NAMES",
        default="",
        help="backends that lme_parity.backends_agree fits with, such as lme4,native; all usable ones by default",
    )
    group.addoption(
        "--lme-tolerances",
        metavar="QUANTITY=SIZE,...",
        default="",
        help="sizes that replace those of lmebridge.parity.tolerances, such as estimate=1e-3,sdcor=1e-3",
    )
    if find_spec("pytest_regressions") is None:  # else the option is its own, with the same meaning
        group.addoption("--force-regen", action="store_true", default=False, help="write goldens that differ again")


def pytest_configure(config: pytest.Config) -> None:
    """The marker of the plugin."""
    config.addinivalue_line("markers", f"needs_r: needs R with lme4; skipped without, failed under {REQUIRE_R}=1")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where R is required, a test that needs R where it is not."""
    if item.get_closest_marker("needs_r") is not None:
        from lmebridge.parity.pytest_plugin import r_problem, skip_or_fail

        skip_or_fail(r_problem(), REQUIRE_R)


@pytest.fixture
def lme_parity(request: pytest.FixtureRequest) -> LmeParity:
    """Models held to lme4: ``backends_agree``, ``published`` and ``golden``."""
    from lmebridge.parity.pytest_plugin import LmeParity

    return LmeParity(request)
