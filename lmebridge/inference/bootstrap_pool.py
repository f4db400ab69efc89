"""Draws of a model that lives in R, made in several processes of R: the model sent once to each, FUN called here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import BackendUnavailable
from lmebridge.inference.bootstrap_runs import MOST_DEATHS, Draw, Worker
from lmebridge.inference.engines import merMod_engine
from lmebridge.inference.refitting import like

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmebridge.model import MerMod


def can_pool(fit: MerMod) -> bool:
    """Whether processes of R can draw for this fit: it lives in R, and Rscript starts the same R and lme4."""
    from lmebridge.backends import _pool

    return merMod_engine(fit) is not None and _pool.is_possible() and _same_versions(fit)


def _same_versions(fit: MerMod) -> bool:
    """Whether the R and the lme4 that the fit lives in are those that a worker starts."""
    from lmebridge.backends import _pool

    own = fit.record.source.versions
    try:
        there = _pool.versions()
    except BackendUnavailable:
        return False
    return all(there.get(name) == own.get(name) for name in ("R", "lme4"))


def pooled_draws(worker: Worker, nsim: int, count: int) -> Iterator[tuple[int, Draw]]:
    """All draws, in the order in which they are done; a process of R that dies costs the draw that it was making.

    Parameters
    ----------
    worker : Worker
        Makes them; its source has a fit that lives in R.
    nsim : int
        Number of draws.
    count : int
        Number of processes of R.

    Yields
    ------
    int, Draw
        Number of the draw from 0, and the draw.
    """
    from lmebridge.backends import _pool, _r

    engine = merMod_engine(worker.source.fit)
    if engine is None:
        raise TypeError("not a fit of lme4")
    crew = _Draws(worker, _r.call("to_bytes", object=engine.handle), MOST_DEATHS * count)
    for number, made in _pool.spread((partial(crew.draw, number) for number in range(nsim)), count):
        draw = made if isinstance(made, Draw) else Draw(np.empty(0), f"{type(made).__name__}: {made}", ())
        yield number, draw


@dataclass
class _Draws:
    """Makes single draws in the process of R of the thread that asks.

    Attributes
    ----------
    worker : Worker
        As it was given.
    serialized : bytes
        Its model, as R serializes it.
    most : int
        Processes that may die one after the other, with no draw between; after them the rest is given up.
    deaths : int
        Those that did.
    """

    worker: Worker
    serialized: bytes
    most: int
    deaths: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def draw(self, number: int) -> Draw:
        """The draw with this number."""
        from lmebridge.backends import _pool

        if self.deaths >= self.most:
            return Draw(np.empty(0), f"given up after {self.most} ends of R one after the other", ())
        own: Worker = _pool.once(self.serialized, self._moved, _is_lost)
        draw = own.draws(range(number, number + 1))[0][1]
        with self.lock:
            self.deaths = self.deaths + 1 if draw.problem and _is_lost(own) else 0
        return draw

    def _moved(self) -> Worker:
        """The same with the model in this thread's R."""
        from lmebridge.backends import _r

        source = self.worker.source
        engine = merMod_engine(source.fit)
        if engine is None:
            raise TypeError("not a fit of lme4")
        handle = _r.RHandle(None, self.serialized)
        handle.held_by(_r.current())
        fit = like(source.fit, source.fit.record, replace(engine, handle=handle))
        return Worker(source.moved(fit), self.worker.FUN)


def _is_lost(worker: Worker) -> bool:
    engine = merMod_engine(worker.source.fit)
    return engine is not None and engine.handle.is_lost
