"""Several workers at once: tasks that each use R, spread over as many processes of R, and data sent once to each."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmebridge.backends import _r
from lmebridge.backends._worker import Worker
from lmebridge.errors import LmebridgeError, RError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

#: Workers that wait for the next tasks. Models live in them, so that they stay until Python ends.
_WORKERS: list[Worker] = []


@dataclass
class _Sent:
    """Frames that a worker has been sent, by whose they are and their columns, and whose the next one is."""

    owner: int | None = None
    held: dict[tuple[int, tuple[str, ...]], Any] = field(default_factory=dict)


_SENT: ContextVar[_Sent | None] = ContextVar("frames sent to this thread's worker", default=None)


def workers(count: int) -> list[Worker]:
    """That many workers with the limits that are set, those that run already first."""
    limits = _r.limits()
    if any(worker.limits != limits for worker in _WORKERS):
        _WORKERS.clear()  # each ends when no model lives in it any more
    _WORKERS.extend(Worker(limits) for _ in range(count - len(_WORKERS)))
    return _WORKERS[:count]


def spread(tasks: Sequence[Callable[[], Any]], owners: Sequence[int | None], count: int) -> Iterator[tuple[int, Any]]:
    """Numbers and results of tasks as they are done, each with R in one of `count` processes.

    Parameters
    ----------
    tasks : sequence of callable
        Give a result; what they raise beyond `Exception` is the result too.
    owners : sequence of int or None
        By task, what its data frame is known by: frames of one owner are sent once to each worker. None sends it
        always.
    count : int
        How many processes.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when every R has stopped.
    """
    waiting, done = deque(range(len(tasks))), queue.SimpleQueue[tuple[int, Any]]()
    threads = [
        threading.Thread(target=_serve, args=(worker, tasks, owners, waiting, done), daemon=True)
        for worker in workers(min(count, len(tasks)))
    ]
    for thread in threads:
        thread.start()
    taken = 0
    try:
        while taken < len(tasks):
            number, result = done.get()
            taken += 1
            yield number, result
    except (KeyboardInterrupt, GeneratorExit):
        waiting.clear()
        _stop(threads)
        raise


def _serve(
    worker: Worker,
    tasks: Sequence[Callable[[], Any]],
    owners: Sequence[int | None],
    waiting: deque[int],
    done: queue.SimpleQueue[tuple[int, Any]],
) -> None:
    """Do tasks with one worker until none waits."""
    sent = _Sent()
    _SENT.set(sent)
    with _r.through(worker):
        while True:
            try:
                number = waiting.popleft()
            except IndexError:
                return
            sent.owner = owners[number]
            done.put((number, _result(tasks[number])))


def _result(task: Callable[[], Any]) -> Any:
    """What a task gives; whatever ends it is a result too, since a result that never came would be waited for."""
    try:
        return task()
    except KeyboardInterrupt:
        return RError("R was interrupted while it fitted this model. Fit it again")
    except BaseException as ended:  # noqa: BLE001 - SystemExit ends a thread without a word
        return LmebridgeError(f"the fit ended with {type(ended).__name__}: {ended}. Fit it again.")


def _stop(threads: list[threading.Thread]) -> None:
    """Interrupt what runs, and let no interrupt wait for a later call."""
    serving = _WORKERS[: len(threads)]
    for worker in serving:
        if worker.life is not None:
            with contextlib.suppress(ProcessLookupError):
                worker.life.process.popen.send_signal(signal.SIGINT)
    for thread in threads:
        thread.join()
    for worker in serving:
        with contextlib.suppress(KeyboardInterrupt), _r.through(worker):
            _r.call("versions")


def sent(data: pd.DataFrame) -> Any:
    """The frame as a call takes it: itself, or a handle on the one that this thread's worker has already.

    Columns that a call made itself, named with a dot, differ from call to call and go each time.
    """
    here = _SENT.get()
    if here is None or here.owner is None or any(str(name).startswith(".") for name in data.columns):
        return data
    key = (here.owner, tuple(str(name) for name in data.columns))
    held = here.held.get(key)
    if held is None or held.is_lost:
        held = here.held[key] = _r.keep("itself", object=data).value
    return held
