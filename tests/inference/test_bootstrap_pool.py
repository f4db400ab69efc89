"""Draws that several processes of R make: the same as one's, the model sent once, a dead R worth one draw."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import joblib
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.backends import _pool, _r
from lmebridge.inference import bootstrap_pool, bootstrap_runs
from lmebridge.inference.engines import merMod_engine
from tests.inference.models import fitted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pool() -> Iterator[None]:
    """The pool's workers end with the test."""
    yield
    while _pool._WORKERS:
        _pool._WORKERS.pop().close()


def kill_r(fit: Any) -> None:
    """End the process of R that a fit lives in."""
    engine = merMod_engine(fit)
    process = engine.handle.hold.door.life.process
    process.popen.kill()
    process.popen.wait()


@pytest.mark.needs_r
@pytest.mark.slow
def test_a_dead_r_costs_its_draw(pool: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draw whose R died says so, the others are there; R got the model once a life; FUN needs no pickling."""
    loads, loaded = [], _r._loaded
    monkeypatch.setattr(_r, "_loaded", lambda content, door: loads.append(door) or loaded(content, door))
    fit, lock = fitted("one", "lme4"), threading.Lock()  # a lock does not pickle
    serial = fit.bootMer(lme.sigma, nsim=24, seed=1).t
    deadly = serial["t1"].iloc[7]

    def statistic(again: Any) -> float:
        with lock:
            if again.sigma() == deadly:
                kill_r(again)
                again.fitted()
        return float(again.sigma())

    reason = r"failed \(1/24\): RError: the model lived in a process .*killed by SIGKILL"
    with pytest.warns(lme.LmebridgeWarning, match=reason):
        boot = fit.bootMer(statistic, nsim=24, seed=1, parallel=2)
    assert boot.t.index[boot.t["t1"].isna()].tolist() == [7]
    pd.testing.assert_frame_equal(boot.t.drop(7), serial.drop(7))
    assert len(loads) == 3


@pytest.mark.needs_r
@pytest.mark.slow
def test_draws_that_always_kill(pool: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every draw ends R, the run is given up after some, and says so."""
    monkeypatch.setattr(bootstrap_pool, "MOST_DEATHS", 1)
    own = threading.get_ident()

    def statistic(again: Any) -> float:
        if threading.get_ident() != own:
            kill_r(again)
            again.fitted()
        return 1.0

    with pytest.warns(lme.LmebridgeWarning, match=r"failed \(30/30\): .*given up after 2 ends of R"):
        boot = fitted("one", "lme4").bootMer(statistic, nsim=30, seed=1, parallel=2)
    assert boot.t.isna().all(axis=None)
    assert sum(count for reason, count in boot.failures.items() if "given up" in reason) >= 27


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("other", ["R", "lme4"])
def test_another_r_does_not_draw(pool: None, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    """Where Rscript starts another R or lme4 than the fit's, its draws would be other draws."""
    assert bootstrap_pool.can_pool(fitted("one", "lme4"))
    found = _pool.versions()
    monkeypatch.setattr(_pool, "versions", lambda: found | {other: "9.9"})
    assert not bootstrap_pool.can_pool(fitted("one", "lme4"))


def test_fits_without_r_draw_without_r() -> None:
    """What does not live in R is not sent there."""
    assert not bootstrap_pool.can_pool(fitted("one", "native"))


@pytest.mark.parametrize(
    ("settings", "named"),
    [(None, False), ({"n_jobs": 2}, False), ({"backend": "loky"}, True), ({"backend": "threading"}, True)],
)
def test_who_names_a_backend_of_joblib_gets_it(settings: dict[str, Any] | None, named: bool) -> None:
    """Only the name of a backend, not a number of jobs, takes the draws to joblib."""
    with joblib.parallel_config(**settings) if settings else contextlib.nullcontext():
        assert bootstrap_runs.is_backend_named() is named
