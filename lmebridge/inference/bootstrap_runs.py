"""How the draws of a bootstrap are made: here, in several processes of R, or in joblib's workers; some may die."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lmebridge.cached import cached_property
from lmebridge.inference import seeds
from lmebridge.inference.bootstrap_result import numbers
from lmebridge.inference.engines import merMod_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    import pandas as pd
    from numpy.random import SeedSequence

    from lmebridge.inference.local_bootstrap import LocalRefits
    from lmebridge.model import MerMod

#: Draws that one task makes with R.
CHUNK_IN_R = 5
#: Names of what joblib's backends raise when a worker dies, beside `BrokenExecutor`: Dask's and Ray's.
DEATHS = frozenset({"KilledWorker", "WorkerCrashedError", "RayActorError", "OutOfMemoryError"})
#: Dead workers after which the draws that are left are given up.
MOST_DEATHS = 3


@dataclass(frozen=True)
class Draw:
    """What one draw gave: the statistic, or why there is none, and what was said about the refit."""

    values: np.ndarray
    problem: str
    messages: tuple[str, ...]


class Source(Protocol):
    """Where the refitted models come from.

    Attributes
    ----------
    fit : MerMod
        The model.
    """

    @property
    def fit(self) -> MerMod:
        """The model."""

    @property
    def chunk(self) -> int:
        """Draws that one task makes; it depends on the model alone, so that workers change nothing."""

    def part(self, which: range) -> Source:
        """What a worker needs for the draws with these numbers."""

    def moved(self, fit: MerMod) -> Source:
        """The same of a copy of the model."""

    def refits(self, which: Sequence[int]) -> list[Callable[[], MerMod]]:
        """The models of the draws with these numbers, each made when it is called for."""


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedHere:
    """Simulates and refits without R; it crosses to other processes without what it prepares.

    Attributes
    ----------
    fit : MerMod
        The model.
    seed : SeedSequence
        Parent of all draws' seeds.
    form : str or None
        Random effects kept at their modes.
    """

    fit: MerMod
    seed: SeedSequence
    form: str | None

    def __reduce__(self) -> tuple[type[SimulatedHere], tuple[Any, ...]]:
        return SimulatedHere, (self.fit, self.seed, self.form)

    @cached_property
    def _prepared(self) -> LocalRefits:
        from lmebridge.inference.local_bootstrap import LocalRefits

        return LocalRefits(self.fit, self.form)

    @property
    def chunk(self) -> int:
        """As many as are best searched for together."""
        return self._prepared.chunk

    def part(self, which: range) -> SimulatedHere:  # noqa: ARG002 - a number is all that a draw needs
        """All of it."""
        return self

    def moved(self, fit: MerMod) -> SimulatedHere:
        """The same of a copy of the model."""
        return replace(self, fit=fit)

    def refits(self, which: Sequence[int]) -> list[Callable[[], MerMod]]:
        """The models refitted to responses simulated here."""
        return self._prepared.refits([seeds.child(self.seed, number) for number in which])


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedInR:
    """Has lme4 simulate and refit; attributes as `SimulatedHere`."""

    fit: MerMod
    seed: SeedSequence
    form: str | None
    chunk: int = CHUNK_IN_R

    def part(self, which: range) -> SimulatedInR:  # noqa: ARG002 - a number is all that a draw needs
        """All of it."""
        return self

    def moved(self, fit: MerMod) -> SimulatedInR:
        """The same of a copy of the model."""
        return replace(self, fit=fit)

    def refits(self, which: Sequence[int]) -> list[Callable[[], MerMod]]:
        """The models refitted to responses that R simulates."""
        return [partial(self._refit, seeds.r_seed(seeds.child(self.seed, number))) for number in which]

    def _refit(self, seed: int) -> MerMod:
        from lmebridge.inference.refitting import like

        engine = merMod_engine(self.fit)
        if engine is None:
            raise TypeError("not a fit of lme4")
        return like(self.fit, *engine.refit_simulated(seed, self.form))


@dataclass(frozen=True, eq=False, repr=False)
class GivenResponses:
    """Refits responses that are there already.

    Attributes
    ----------
    fit : MerMod
        The model.
    responses : pandas.DataFrame
        The responses, as `simulate` gives them.
    """

    fit: MerMod
    responses: pd.DataFrame
    chunk: int = CHUNK_IN_R

    def part(self, which: range) -> GivenResponses:
        """The responses with these numbers."""
        return GivenResponses(self.fit, self.responses[[_simulated(number) for number in which]])

    def moved(self, fit: MerMod) -> GivenResponses:
        """The same of a copy of the model."""
        return replace(self, fit=fit)

    def refits(self, which: Sequence[int]) -> list[Callable[[], MerMod]]:
        """The models refitted to the responses."""
        return [partial(self.fit.refit, self.responses[_simulated(number)]) for number in which]


def _simulated(number: int) -> str:
    """The name that `simulate` gives to a response."""
    return f"sim_{number + 1}"


class Quiet:
    """Warnings are ignored while any thread is in here; `warnings.catch_warnings` is for one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = 0
        self._before = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._threads += 1
            if self._threads == 1:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._threads -= 1
            if self._threads == 0:
                self._before.__exit__(None, None, None)


QUIET = Quiet()


@dataclass(frozen=True, eq=False, repr=False)
class Worker:
    """Makes draws.

    Attributes
    ----------
    source : Source
        Where the refitted models come from.
    FUN : callable
        The statistic.
    """

    source: Source
    FUN: Callable[[MerMod], Any]

    def draws(self, which: range) -> list[tuple[int, Draw]]:
        """The draws with these numbers."""
        return list(self.iterate(which))

    def iterate(self, which: range) -> Iterator[tuple[int, Draw]]:
        """The draws with these numbers, one after the other."""
        makers = self.source.refits(which)
        for number, make in zip(which, makers, strict=True):
            yield number, self._draw(make)

    def part(self, which: range) -> Worker:
        """What another process needs for the draws with these numbers."""
        return Worker(self.source.part(which), self.FUN)

    def _draw(self, make: Callable[[], MerMod]) -> Draw:
        with QUIET:
            try:
                again = make()
                return Draw(numbers(self.FUN(again)).to_numpy(), "", again.messages)
            except Exception as error:  # noqa: BLE001 - FUN is the user's: whatever it raises is reported
                return Draw(np.empty(0), f"{type(error).__name__}: {error}", ())


def draws(worker: Worker, nsim: int, parallel: int | None) -> Generator[tuple[int, Draw]]:
    """All draws, in the order in which they are done; where a worker died, why there is none.

    Parameters
    ----------
    worker : Worker
        Makes them.
    nsim : int
        Number of draws.
    parallel : int or None
        Number of workers, None for what ``joblib.parallel_config`` says. Processes of R make the draws of a model
        that lives in R, unless ``parallel_config`` names a backend; joblib's workers make others.

    Yields
    ------
    int, Draw
        Number of the draw from 0, and the draw.
    """
    from lmebridge.inference.bootstrap_pool import can_pool, pooled_draws

    count = min(workers(parallel), nsim)
    if count == 1:
        size = worker.source.chunk
        for which in _tasks(range(0, nsim, size), nsim, size, set()):
            yield from worker.iterate(which)
    elif not is_backend_named() and can_pool(worker.source.fit):
        yield from pooled_draws(worker, nsim, count)
    else:
        yield from _in_workers(worker, nsim, parallel)


def is_backend_named() -> bool:
    """Whether ``joblib.parallel_config`` names where the work is done: nothing else changes it then."""
    from joblib.parallel import get_active_backend

    wished = [get_active_backend(prefer=prefer)[0] for prefer in ("threads", "processes")]
    return type(wished[0]) is type(wished[1])


def workers(parallel: int | None) -> int:
    """How many workers joblib has for this; 1 means that the work is done here."""
    import joblib

    return int(joblib.effective_n_jobs(parallel))


def _tasks(starts: range, nsim: int, size: int, done: set[int]) -> Iterator[range]:
    """Numbers of the draws by task, for the tasks that are not done."""
    return (range(start, min(start + size, nsim)) for start in starts if start not in done)


def _in_workers(worker: Worker, nsim: int, parallel: int | None) -> Iterator[tuple[int, Draw]]:
    """All draws; what a dead worker left is tried again, last first, then draw by draw to find those that kill."""
    done: set[int] = set()
    size = worker.source.chunk
    starts = range(0, nsim, size)
    for order in (starts, starts[::-1]):
        try:
            yield from _run(worker, _tasks(order, nsim, size, done), parallel, done)
        except Exception as error:  # noqa: BLE001 - `_death` raises again what is no death
            _death(error)
        else:
            return
    left = (number for task in _tasks(starts, nsim, size, done) for number in task)
    yield from _one_by_one(worker, left, parallel)


def _one_by_one(worker: Worker, which: Iterator[int], parallel: int | None) -> Iterator[tuple[int, Draw]]:
    """The draws with these numbers, each a task; those that kill a worker say so, and after some of them all do."""
    reasons: list[str] = []
    for number in which:
        try:
            if len(reasons) < MOST_DEATHS:
                yield from _run(worker, [range(number, number + 1)], parallel, set())
                continue
        except Exception as error:  # noqa: BLE001 - `_death` raises again what is no death
            reasons.append(_death(error))
        yield number, Draw(np.empty(0), reasons[-1], ())


def _run(worker: Worker, which: Iterable[range], parallel: int | None, done: set[int]) -> Iterator[tuple[int, Draw]]:
    """The draws of these tasks by joblib; `done` gets the first number of each task that is."""
    import joblib
    from joblib.parallel import get_active_backend

    calls = (joblib.delayed(worker.part(own).draws)(own) for own in which)
    if not get_active_backend()[0].supports_return_generator:  # multiprocessing's: all come at the end
        for result in joblib.Parallel(n_jobs=parallel)(calls):
            yield from result
        return
    run = joblib.Parallel(n_jobs=parallel, return_as="generator_unordered")
    with closing(run(calls)) as results:
        for result in results:
            done.add(result[0][0])
            yield from result


def _death(error: Exception) -> str:
    """What to say of a dead worker; any other error is raised."""
    name = type(error).__name__
    if isinstance(error, BrokenExecutor) or name in DEATHS:
        return f"a worker died ({name})"
    raise error
