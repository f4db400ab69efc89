"""Several workers at once: tasks that each use R, spread over as many processes of R, and data sent once to each."""

from __future__ import annotations

import queue
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmebridge.backends import _process, _r, _r_home
from lmebridge.backends._interrupts import unheard
from lmebridge.backends._worker import Worker
from lmebridge.errors import LmebridgeError, RError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pandas as pd

#: Workers that wait for the next tasks. Models live in them, so that they stay until Python ends.
_WORKERS: list[Worker] = []


@dataclass
class _Here:
    """What is kept for one worker, and whose the frame is that is sent next."""

    owner: int | None = None
    held: dict[Any, Any] = field(default_factory=dict)


_HERE: ContextVar[_Here | None] = ContextVar("what is kept for this thread's worker", default=None)


def is_possible() -> bool:
    """Whether there is an Rscript that workers can run."""
    return _r_home.rscript_problem() is None


def versions() -> dict[str, str]:
    """Versions of R and of lme4 that the workers run."""
    [worker] = taken(1)
    with _r.through(worker):
        found = _r.call("versions")
    _WORKERS.insert(0, worker)
    return {name: text[0] for name, text in found.items()}


def taken(count: int) -> list[Worker]:
    """That many workers with the limits that are set, those that run already first; nobody else has them meanwhile."""
    limits = _r.limits()
    found: list[Worker] = []
    while len(found) < count:
        try:
            worker = _WORKERS.pop(0)  # lists are safe in threads
        except IndexError:
            worker = Worker(limits)
        if worker.limits == limits:  # others end when no model lives in them any more
            found.append(worker)
    return found


@dataclass(frozen=True)
class _Crew:
    """Threads that do tasks, each with a worker.

    Attributes
    ----------
    tasks : iterator of (int, callable)
        Those that nobody has taken.
    lock : lock
        Of whoever takes one.
    done : queue
        Numbers and results; None when a thread has ended.
    workers : list of Worker
        By thread.
    """

    tasks: Iterator[tuple[int, Callable[[], Any]]]
    lock: Any
    done: queue.SimpleQueue[tuple[int, Any] | None]
    workers: list[Worker]
    is_over: threading.Event

    def next(self) -> tuple[int, Callable[[], Any]] | None:
        """The next task, None where there is none."""
        with self.lock:
            return None if self.is_over.is_set() else next(self.tasks, None)

    def serve(self, worker: Worker) -> None:
        """Do tasks with one worker until none is left."""
        _HERE.set(_Here())
        with _r.through(worker):
            while (task := self.next()) is not None:
                self.done.put((task[0], _result(task[1])))
        if self.is_over.is_set():
            worker.resume()  # nobody may wait for this thread any more, and models live there
        self.done.put(None)


def spread(tasks: Iterable[Callable[[], Any]], count: int) -> Iterator[tuple[int, Any]]:
    """Numbers and results of tasks as they are done, each with R in one of `count` processes.

    Parameters
    ----------
    tasks : iterable of callable
        Give a result; what they raise is a result too. Each is made when a worker is free, which may not fail.
    count : int
        How many processes.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when every R has stopped.
    """
    crew = _Crew(iter(enumerate(tasks)), threading.Lock(), queue.SimpleQueue(), taken(count), threading.Event())
    threads = [threading.Thread(target=crew.serve, args=(worker,), daemon=True) for worker in crew.workers]
    serving = len(threads)
    try:
        for thread in threads:
            thread.start()
        while serving:
            found = crew.done.get()
            if found is None:
                serving -= 1
            else:
                yield found
    except BaseException:
        with unheard():  # pressed again, it would leave workers that answer nobody, and the results behind
            crew.is_over.set()
            _stop(crew.workers, threads)
        raise
    _WORKERS.extend(crew.workers)


def _result(task: Callable[[], Any]) -> Any:
    """What a task gives; whatever ends it is a result too, since a result that never came would be waited for."""
    try:
        return task()
    except KeyboardInterrupt:
        return RError("R was interrupted from outside, by a signal to its process. Run it again")
    except BaseException as ended:  # noqa: BLE001 - SystemExit ends a thread without a word
        return LmebridgeError(f"the work ended with {type(ended).__name__}: {ended}. Run it again.")


def _stop(workers: list[Worker], threads: list[threading.Thread]) -> None:
    """Interrupt what runs, and let no interrupt wait for a later call.

    A thread that is in Python cannot be stopped: after a while it is left to end on its own, and its worker to it.
    """
    for worker in workers:
        worker.interrupt()
    until = time.monotonic() + _process.GRACE
    for worker, thread in zip(workers, threads, strict=True):
        if thread.ident is not None:  # where it was started at all
            thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            continue
        worker.is_stopped = False  # the thread may have ended just before it was stopped
        _WORKERS.append(worker)


# --- what is kept for each worker -------------------------------------------------------------------------------------


def once(key: Any, make: Callable[[], Any], is_lost: Callable[[Any], bool]) -> Any:
    """What `make` gives, made once for each worker of a `spread`, and again where it is lost; elsewhere made anew."""
    here = _HERE.get()
    if here is None:
        return make()
    held = here.held.get(key)
    if held is None or is_lost(held):
        held = here.held[key] = make()
    return held


def owned(owner: int, task: Callable[[], Any]) -> Any:
    """Do a task whose data frame other tasks have too: frames of one owner are sent once to each worker."""
    here = _HERE.get()
    if here is None:
        return task()
    here.owner = owner
    try:
        return task()
    finally:
        here.owner = None


def sent(data: pd.DataFrame) -> Any:
    """The frame as a call takes it: itself, or a handle on the one that this thread's worker has already.

    Columns that a call made itself, named with a dot, differ from call to call and go each time.
    """
    here = _HERE.get()
    if here is None or here.owner is None or any(str(name).startswith(".") for name in data.columns):
        return data
    key = (here.owner, tuple(str(name) for name in data.columns))
    return once(key, lambda: _r.keep("itself", object=data).value, lambda held: held.is_lost)
