"""The worker's door to R: a process that runs ``Rscript r/worker.R``, started at first use and again after it ended.

It needs no package of Python's and no binary that fits R's version, it keeps R's crashes from Python, and there can be
several of it at once. Objects that only R can hold live in the process under a number; they are gone with it.
"""

from __future__ import annotations

import os
import tempfile
import textwrap
import threading
import weakref
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.backends import _process, _r_home, _serialization
from lmebridge.backends._doors import SOURCES, Hold, Kept, source_folder
from lmebridge.backends._wire import Doubles, Logicals, Strings, decode
from lmebridge.errors import BackendUnavailable, RError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What r/worker.R speaks.
PROTOCOL = 1
#: Seconds that R has to start.
STARTING = 60.0
#: What follows from the end of a process.
AFTERWARDS = "The next call starts R again; models that lived in that process have to be fitted again"


@dataclass(frozen=True)
class Limits:
    """What a worker may use.

    Attributes
    ----------
    timeout : float or None
        Seconds after which a call is interrupted; None for no limit.
    memory : int or None
        Bytes of address space of the process; None for no limit.
    """

    timeout: float | None = None
    memory: int | None = None


@dataclass(frozen=True, eq=False)
class _Life:
    """A process that greeted: what it said, and the numbers of objects to let go with the next call."""

    process: _process.Process
    greeting: Mapping[str, Any]
    released: deque[float]


#: Every worker of this process, so that a forked one can leave its parent's alone.
_WORKERS: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """A door to R that is a process of its own, see `lmebridge.backends._doors.Door`.

    Parameters
    ----------
    limits : Limits
        What it may use.

    Examples
    --------
    >>> worker = Worker()
    >>> worker.is_open
    False
    >>> worker.close()
    """

    name = "worker"

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.lock = threading.RLock()
        self.life: _Life | None = None
        self.is_stopped = False
        self._farewell: Callable[[], Any] = lambda: None
        _WORKERS.add(self)

    def __repr__(self) -> str:
        return (
            f"<worker, {'process ' + str(self.life.process.popen.pid) if self.life and self.is_open else 'not open'}>"
        )

    @property
    def versions(self) -> dict[str, str]:
        """The version of what is spoken between the two processes."""
        return {"worker": str(PROTOCOL)}

    @property
    def is_open(self) -> bool:
        """Whether the process runs."""
        return self.life is not None and self.life.process.is_alive

    @property
    def greeting(self) -> Mapping[str, Any]:
        """What the process says of itself: R's and the packages' versions, platform, locale, its number.

        Raises
        ------
        BackendUnavailable
            If it cannot be started.
        """
        with self.lock:
            return self._alive().greeting

    def open(self) -> None:
        """Start the process where it does not run.

        Raises
        ------
        BackendUnavailable
            If there is no R, or it does not start, with its last words.
        """
        with self.lock:
            self._alive()

    def close(self) -> None:
        """End the process; the next call starts another one."""
        with self.lock:
            self._farewell()

    def interrupt(self) -> None:
        """Stop the call that another thread makes, and those it would make next, until `resume`."""
        self.is_stopped = True
        if self.life is not None:
            self.life.process.interrupt()

    def resume(self) -> None:
        """Answer again after `interrupt`; an interrupt that came too late for its call is taken."""
        self.is_stopped = False
        if self.is_open:
            self.run("versions", {}, keep=False)

    def run(self, function: str, arguments: Mapping[str, Any], *, keep: bool) -> dict[str, Any]:
        """What ``run`` of r/door.R answers, as crossing values; see `Door.run`.

        Raises
        ------
        BackendUnavailable
            If there is no R that starts.
        RError
            If the process ended during the call, or took longer than it may.
        """
        with self.lock:
            life = self._alive()
            call = _serialization.dump(
                {
                    "name": Strings((function,)),
                    "arguments": _outgoing(dict(arguments), life),
                    "keep": Logicals.of([keep]),
                    "released": Doubles.of(_taken(life.released)),
                }
            )
            outcome = self._ask(life, function, call)
        incoming: dict[str, Any] = _incoming(self, life, outcome)
        return incoming

    def loss(self, key: tuple[_Life, float]) -> str:
        """Why the object of that key is gone; empty while it is there."""
        process = key[0].process
        return "" if process.is_alive else process.how

    def release(self, key: tuple[_Life, float]) -> None:
        """Let go of an object with the next call."""
        life, number = key
        life.released.append(number)

    def _alive(self) -> _Life:
        if self.life is None or not self.life.process.is_alive:
            self._farewell()
            self.life = _begun(self.limits)
            # When nobody holds the worker any more, and when Python ends.
            self._farewell = weakref.finalize(self, self.life.process.end)
        return self.life

    def _ask(self, life: _Life, function: str, call: list[Any]) -> Any:
        timeout = self.limits.timeout
        try:
            outcome, is_late = self._outcome(life, call, timeout)
        except _process.Late:
            reason = f"`{function}` did not stop {_process.GRACE:.0f} s after it was interrupted"
            raise RError(f"{reason}, and its process was killed. {AFTERWARDS}") from None
        except _process.Ended:
            raise RError(f"R ended while it ran `{function}`: {_how(life.process)}. {AFTERWARDS}") from None
        except (_process.Garbled, _serialization.Unreadable) as error:
            life.process.end(patience=0)
            raise RError(f"R's answer to `{function}` cannot be read: {error}. {AFTERWARDS}") from None
        if "interrupted" in outcome and not self.is_stopped:
            raise RError(_why_interrupted(function, timeout, is_late=is_late))
        return outcome

    def _outcome(self, life: _Life, call: list[Any], timeout: float | None) -> tuple[Any, bool]:
        """The answer, and whether it is late; an interrupt that somebody sent to R at rest is no answer to a call."""
        while True:
            if self.is_stopped:
                raise KeyboardInterrupt
            _, payload, is_late = life.process.exchange(_process.CALL, call, timeout)
            outcome = _serialization.load(payload)
            if is_late or "before" not in outcome:
                return outcome, is_late


# --- a life -----------------------------------------------------------------------------------------------------------


def _begun(limits: Limits) -> _Life:
    folder = source_folder()
    files = [str(folder / f"{name}.R") for name in SOURCES]
    command = [_r_home.rscript(), "--vanilla", str(folder / "worker.R"), "{requests}", "{answers}", *files]
    try:
        process = _process.Process(command, limits.memory)
        _, payload = process.greeting(STARTING)
    except OSError as error:
        raise _cannot_be_started(command[0], error, limits) from error
    except (_process.Ended, _process.Garbled, _process.Late) as error:
        raise _does_not_start(command[0], _how(process), limits) from error
    return _Life(process, decode(_serialization.load(payload)), deque())


def _cannot_be_started(rscript: str, error: OSError, limits: Limits) -> BackendUnavailable:
    """What the system refused: a folder of its own for R, or R itself."""
    place = tempfile.gettempdir()
    if not str(error.filename).startswith(place + os.sep):
        return _does_not_start(rscript, str(error), limits)
    reason = f"R needs a temporary folder, and {place} takes none ({error.strerror})"
    return BackendUnavailable.because("lme4", reason, f"Make room in {place}, or name another folder in TMPDIR.")


def _does_not_start(rscript: str, reason: str, limits: Limits) -> BackendUnavailable:
    if limits.memory is not None:
        remedy = (
            f"It may have too little memory: memory_limit is {limits.memory} bytes, R with lme4 needs 3e8 at least."
        )
        return BackendUnavailable.because("lme4", f"{rscript} did not start ({reason})", remedy)
    remedy = f"Run `{rscript} --vanilla -e 1` to see whether R itself runs; LMEBRIDGE_RSCRIPT names another Rscript."
    return BackendUnavailable.because("lme4", f"{rscript} did not start ({reason})", remedy)


def _why_interrupted(function: str, timeout: float | None, *, is_late: bool) -> str:
    """Why a call was interrupted that nobody in this process stopped: Ctrl-C raises KeyboardInterrupt by itself."""
    if is_late:
        return f"`{function}` took longer than {timeout:g} s, the timeout that was set, and was interrupted"
    return f"R was interrupted from outside, by a signal to its process, while it ran `{function}`. Run it again"


def _how(process: _process.Process) -> str:
    words = process.last_words
    return f"{process.how}, its last words were:\n{textwrap.indent(words, '    ')}\n" if words else process.how


def _leave_to_parent() -> None:
    """In a forked child: the processes are the parent's, see `_process`; the locks are nobody's."""
    for worker in list(_WORKERS):
        worker.lock = threading.RLock()  # a thread that is not here may have held it


if hasattr(os, "register_at_fork"):  # where processes can be forked
    os.register_at_fork(after_in_child=_leave_to_parent)


# --- objects that stay in R -------------------------------------------------------------------------------------------


def _outgoing(value: Any, life: _Life) -> Any:
    """The arguments with the number of an object in the place of the object."""
    if isinstance(value, Kept):
        return {".kind": Strings(("held",)), "number": Doubles.of([_number(value, life)])}
    if isinstance(value, dict):
        return {name: _outgoing(item, life) for name, item in value.items()}
    return [_outgoing(item, life) for item in value] if isinstance(value, list) else value


def _number(kept: Kept, life: _Life) -> float:
    owner, number = kept.key
    if owner is not life:
        raise RError(_why_gone(owner.process))
    return float(number)


def _why_gone(process: _process.Process) -> str:
    if process.is_own:
        return f"the model lived in a process of R that is gone ({process.how}). Fit it again"
    reason = f"the model lives in an R of process {process.owner}, which this one, {os.getpid()}, was forked from"
    return f"{reason}. Fit it here, or unpickle here what pickle.dumps(model) gave before the fork"


def _incoming(worker: Worker, life: _Life, value: Any) -> Any:
    """The answer with holds in the place of the numbers of objects."""
    if isinstance(value, dict):
        if ".held" in value:
            return Hold(worker, (life, float(value[".held"].values[0])))
        return {name: _incoming(worker, life, item) for name, item in value.items()}
    return [_incoming(worker, life, item) for item in value] if isinstance(value, list) else value


def _taken(released: deque[float]) -> list[float]:
    return [released.popleft() for _ in range(len(released))]
