"""Where draws are made: joblib's threads and processes, Dask's workers, and what happens when a worker dies."""

from __future__ import annotations

import os
import threading
import tracemalloc
import warnings
from itertools import islice
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.inference import bootstrap_runs, seeds
from lmebridge.inference.bootstrap import Collected
from tests.inference.models import fitted


class Deadly:
    """The residual standard deviation; in another process, that of one draw ends the process."""

    def __init__(self, deadly: float | None) -> None:
        self.deadly = deadly
        self.own = os.getpid()

    def __call__(self, fit: Any) -> float:
        """The statistic, or the end."""
        if os.getpid() != self.own and (self.deadly is None or abs(fit.sigma() - self.deadly) < 1e-6):
            os._exit(1)
        return float(fit.sigma())


@pytest.fixture(scope="module")
def serial() -> pd.DataFrame:
    """130 draws, made here."""
    return fitted("one", "native").bootMer(lme.sigma, nsim=130, seed=1).t


def test_threads(serial: pd.DataFrame) -> None:
    """Threads make the same draws, and leave the filters of warnings as they were."""
    before = list(warnings.filters)
    with joblib.parallel_config(backend="threading", n_jobs=3):
        boot = fitted("one", "native").bootMer(lme.sigma, nsim=130, seed=1)
    pd.testing.assert_frame_equal(boot.t, serial)
    assert list(warnings.filters) == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_one_deadly_draw(serial: pd.DataFrame) -> None:
    """A draw that kills its worker is reported; all others are there."""
    statistic = Deadly(float(serial["t1"].iloc[60]))
    with pytest.warns(lme.LmebridgeWarning, match=r"failed \(1/130\): a worker died \(TerminatedWorkerError\)"):
        boot = fitted("one", "native").bootMer(statistic, nsim=130, seed=1, parallel=2)
    assert np.flatnonzero(boot.t["t1"].isna()).tolist() == [60]
    pd.testing.assert_frame_equal(boot.t.drop(60), serial.drop(60))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_workers_that_always_die() -> None:
    """Where every draw kills its worker, the run ends and says so."""
    with pytest.warns(lme.LmebridgeWarning, match=r"failed \(60/60\): a worker died \(TerminatedWorkerError\) \(x60\)"):
        boot = fitted("one", "native").bootMer(Deadly(None), nsim=60, seed=1, parallel=2)
    assert boot.t.isna().all(axis=None)


@pytest.mark.parametrize("error", [ZeroDivisionError, OSError])
def test_other_errors_are_raised(error: type[Exception]) -> None:
    """What is no death of a worker is not taken for one."""
    with pytest.raises(error):
        bootstrap_runs._death(error("no death"))


@pytest.mark.slow
def test_dask(serial: pd.DataFrame) -> None:
    """With joblib's Dask backend the draws are made by Dask's workers, and are the same."""
    distributed = pytest.importorskip("distributed")
    own, places = threading.get_ident(), []

    def statistic(fit: Any) -> float:
        places.append(threading.get_ident())
        return float(fit.sigma())

    settings = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with (
        distributed.LocalCluster(**settings) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        boot = fitted("one", "native").bootMer(statistic, nsim=130, seed=1)
    pd.testing.assert_frame_equal(boot.t, serial)
    assert own not in places[1:]  # the first is the fit's own


def test_seeds_are_those_of_the_draws() -> None:
    """Where the draws are cut into tasks changes nothing but rounding, whatever comes with a draw."""
    source = bootstrap_runs.SimulatedHere(fitted("slopes", "native"), seeds.sequence(3), "~0")
    together = [make().sigma() for make in source.refits(range(9))]
    alone = [source.refits([number])[0]().sigma() for number in range(9)]
    np.testing.assert_allclose(together, alone, rtol=1e-9)  # rounding, through at most twenty steps of a search


def test_numbers_are_made_as_they_are_needed() -> None:
    """However many draws are asked for, the first come at once and nothing is set aside for the others."""
    worker = bootstrap_runs.Worker(bootstrap_runs.SimulatedHere(fitted("one", "native"), seeds.sequence(3), "~0"), len)
    tracemalloc.start()
    found = list(islice(bootstrap_runs.draws(worker, 10**12, 1), 120))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [number for number, _ in found] == list(range(120))
    assert peak < 20e6  # bytes; a bit for each draw would be 125 GB


def test_what_is_kept_grows_with_what_was_made() -> None:
    """Draws may come in any order; those that did not come leave no row."""
    made = Collected(pd.Series([0.0], index=["a"]))
    for number in (200, 3, 70):
        made.add(number, bootstrap_runs.Draw(np.array([float(number)]), "", ("singular",)))
    made.add(71, bootstrap_runs.Draw(np.empty(0), "no luck", ()))
    boot = made.result(interrupted=True)
    assert boot.t["a"].dropna().to_dict() == {3: 3.0, 70: 70.0, 200: 200.0}
    assert boot.t.index.tolist() == [3, 70, 71, 200]
    assert (boot.failures, boot.messages) == ({"no luck": 1}, {"singular": 3})
    assert len(Collected(pd.Series([0.0])).result(interrupted=True).t) == 0
