"""rpy2's door to R: R in this process. The one module that imports rpy2.

R is started once, on first use. Any thread may call; one call runs at a time. Nothing reaches the console, and nothing
is left in the user's R workspace: our functions live in an environment of their own whose parent is baseenv.
"""

from __future__ import annotations

import atexit
import locale
import logging
import os
import signal
import threading
import warnings
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.backends import _r_home
from lmebridge.backends._doors import SOURCES, Hold, Kept, source_folder
from lmebridge.backends._interrupts import stoppable
from lmebridge.backends._wire import Doubles, Integers, Logicals, Strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True)
class _R:
    """A started R: rpy2's modules, our function `run`, and the environment our functions live in."""

    rinterface: Any
    callbacks: Any
    lock: Any
    run: Any
    environment: Any


class Rpy2:
    """The door to the R of this process, see `lmebridge.backends._doors.Door`; there is one, `DOOR`."""

    name = "rpy2"

    def __init__(self) -> None:
        self.started: _R | None = None
        self.starting = threading.RLock()
        #: Objects to let go of under rpy2's lock: R may be running in another thread.
        self.released: deque[Any] = deque()

    @property
    def versions(self) -> dict[str, str]:
        """The version of rpy2's R interface."""
        return {"rpy2": _r_home.find_rpy2()}

    @property
    def is_open(self) -> bool:
        """Whether R runs in this process, started here."""
        return self.started is not None

    def open(self) -> None:
        """Start R where it does not run yet; raises `BackendUnavailable`."""
        self._r()

    def run(self, function: str, arguments: Mapping[str, Any], *, keep: bool) -> dict[str, Any]:
        """What ``run`` of r/door.R answers: no object of rpy2 but holds leaves the lock."""
        r = self._r()
        with r.lock, _silence(r.callbacks), stoppable(_flag):
            self.released.clear()
            return self._run(r, function, dict(arguments), keep=keep)

    def loss(self, key: Any) -> str:  # noqa: ARG002 - one signature for every door
        """Nothing is lost while this process lives."""
        return ""

    def release(self, key: Any) -> None:
        """Let go of an object with the next call."""
        self.released.append(key)

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """R for another package of this process that calls rpy2 itself: R's lock held, its console silent."""
        r = self._r()
        with r.lock, _silence(r.callbacks):
            yield

    def _run(self, r: _R, function: str, arguments: dict[str, Any], *, keep: bool) -> dict[str, Any]:
        values = [_to_r(r, value) for value in (Strings((function,)), arguments, Logicals.of([keep]))]
        named = tuple(zip(("name", "arguments", "keep"), values, strict=True))
        try:
            outcome = r.run.rcall(named, environment=r.environment)
        except r.rinterface.embedded.RRuntimeError as error:  # beyond R's own tryCatch: stack or memory ran out
            message = str(error).strip()
            return {"error": {"message": Strings((message,)), "call": Strings(("",))}, "conditions": []}
        result: dict[str, Any] = _from_r(r, outcome)
        return result

    def _r(self) -> _R:
        if self.started is None:
            with self.starting:
                if self.started is None:
                    self.started = _open()
        return self.started


DOOR = Rpy2()


def _before_fork() -> None:
    """Wait until R is at rest: a child of a process whose R another thread was using would wait for that for ever."""
    DOOR.starting.acquire()
    if DOOR.started is not None:
        DOOR.started.lock.acquire()


def _after_fork() -> None:
    if DOOR.started is not None:
        DOOR.started.lock.release()
    DOOR.starting.release()


def _after_fork_in_child() -> None:
    """R's temporary folder is the parent's: a child that ends leaves it there, as children that R itself forks do."""
    _after_fork()
    if DOOR.started is not None:
        from rpy2.rinterface_lib.embedded import endr

        atexit.unregister(endr)


if hasattr(os, "register_at_fork"):  # where processes can be forked
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)


def _flag(up: bool) -> None:
    """Raise R's own flag of an interrupt, or lower it."""
    from rpy2.rinterface_lib import openrlib

    if hasattr(openrlib.rlib, "R_interrupts_pending"):
        openrlib.rlib.R_interrupts_pending = int(up)


@contextmanager
def _silence(callbacks: Any) -> Iterator[None]:
    """What R writes to its console goes nowhere while the lock is held; conditions are collected in R itself."""
    names = ("consolewrite_print", "consolewrite_warnerror")
    before = [getattr(callbacks, name) for name in names]
    for name in names:
        setattr(callbacks, name, _ignore)
    try:
        yield
    finally:
        for name, function in zip(names, before, strict=True):
            setattr(callbacks, name, function)


def _ignore(text: str) -> None:
    """Take R's console output and drop it."""


# --- vectors ----------------------------------------------------------------------------------------------------------


def _to_r(r: _R, value: Any) -> Any:
    """R object of a crossing value."""
    if isinstance(value, Kept):
        return _named_list(r, {".kind": Strings(("kept",)), "value": _Bare(value.key)})
    if isinstance(value, dict):
        return _named_list(r, value)
    if isinstance(value, list):
        return r.rinterface.ListSexpVector([_to_r(r, item) for item in value])
    maker = MAKERS.get(type(value))
    if maker is None:
        raise TypeError(f"an object of type {type(value).__name__} cannot cross to R")
    return maker(r.rinterface, value)


@dataclass(frozen=True)
class _Bare:
    """An R object on its way inside the list that says it is one."""

    sexp: Any


def _named_list(r: _R, items: dict[str, Any]) -> Any:
    made = r.rinterface.ListSexpVector([_to_r(r, item) for item in items.values()])
    made.names = r.rinterface.StrSexpVector(list(items))
    return made


#: By crossing type, how rpy2 makes the R vector: numbers by copying their memory.
MAKERS: dict[type, Callable[[Any, Any], Any]] = {
    type(None): lambda rinterface, _: rinterface.NULL,
    bytes: lambda rinterface, value: rinterface.ByteSexpVector.from_memoryview(memoryview(value)),
    Doubles: lambda rinterface, vector: rinterface.FloatSexpVector.from_memoryview(vector.values.data),
    Integers: lambda rinterface, vector: rinterface.IntSexpVector.from_memoryview(vector.values.data),
    Logicals: lambda rinterface, vector: rinterface.BoolSexpVector.from_memoryview(vector.values.data),
    Strings: lambda rinterface, vector: rinterface.StrSexpVector(list(vector.values)),
    _Bare: lambda _, bare: bare.sexp,
}


def _from_r(r: _R, sexp: Any) -> Any:
    """Crossing value of an R object; what is not a bare vector or a list stays in R behind a hold."""
    if isinstance(sexp, r.rinterface.ListSexpVector):
        return _items(r, sexp)
    taker = TAKERS.get(type(sexp).__name__)
    return Hold(DOOR, sexp) if taker is None else taker(sexp)


def _items(r: _R, sexp: Any) -> list[Any] | dict[str, Any]:
    names = sexp.names
    if isinstance(names, r.rinterface.NULLType):
        return [_from_r(r, item) for item in sexp]
    if list(names) == ["kept"]:
        return {"kept": Hold(DOOR, sexp[0])}
    return {name: _from_r(r, item) for name, item in zip(names, sexp, strict=True)}


def _memory(sexp: Any, dtype: Any) -> np.ndarray:
    """The vector's own memory, copied; rpy2's ``memoryview()`` takes a reference of None each time, to Python's end."""
    return np.array(sexp) if len(sexp) else np.empty(0, dtype=dtype)


def _text(sexp: Any) -> Strings:
    return Strings(tuple(item if isinstance(item, str) else None for item in sexp))


#: By rpy2's class, how a vector's memory is copied out.
TAKERS: dict[str, Callable[[Any], Any]] = {
    "FloatSexpVector": lambda sexp: Doubles(_memory(sexp, np.float64)),
    "IntSexpVector": lambda sexp: Integers(_memory(sexp, np.int32)),
    "BoolSexpVector": lambda sexp: Logicals(_memory(sexp, np.int32)),
    "StrSexpVector": _text,
    "ByteSexpVector": lambda sexp: bytes(np.asarray(sexp)),
    "NULLType": lambda _: None,
}


# --- starting ---------------------------------------------------------------------------------------------------------


def _open() -> _R:
    home = _r_home.find()
    if home.problem is not None:
        raise _r_home.unavailable(*home.problem)
    if not Path(home.path).is_dir():
        raise _r_home.unavailable(f"R_HOME is {home.path!r}, which is no folder", "Give it what `R RHOME` prints")
    try:
        with _quiet_logging():
            rinterface = _started_rinterface()
    except Exception as error:
        of_version = f" {home.r_version}" if home.r_version else ""
        reason = f"rpy2 {home.rpy2_version} did not start R{of_version} ({type(error).__name__}: {error})"
        raise _r_home.unavailable(reason, _r_home.install_rpy2(home.r_version)) from error
    return _furnished(rinterface)


def _started_rinterface() -> Any:
    from rpy2 import rinterface
    from rpy2.rinterface_lib import embedded

    if not embedded.isinitialized():
        # Without --no-restore R would load a workspace lying in the working folder.
        options: Any = ("rpy2", "--quiet", "--no-save", "--no-restore-data")
        embedded.set_initoptions(options)
        with _same_process_settings(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on the thread that starts R: Ctrl-C stays with Python anyway
            rinterface.initr()
    return rinterface


@contextmanager
def _same_process_settings() -> Iterator[None]:
    """R's start leaves Ctrl-C, the conventions for dates and money, and children's environment as they were.

    rpy2 puts the environment of R's start script into Python's. What the R of this process may ask for stays, and
    rpy2's own mark; all else goes: under R's ``LD_LIBRARY_PATH`` a child Python would load another libpython.
    """
    handler = signal.getsignal(signal.SIGINT)
    categories = (locale.LC_TIME, locale.LC_MONETARY, locale.LC_NUMERIC)
    settings = [locale.setlocale(category) for category in categories]
    variables = dict(os.environ)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGINT, handler)
        for category, setting in zip(categories, settings, strict=True):
            locale.setlocale(category, setting)
        for name in os.environ.keys() - variables.keys():
            if not name.startswith(("R_", "PYTHON_SESSION_")):
                del os.environ[name]


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """rpy2 logs what fails on the way to an error; the error says it all."""
    logger = logging.getLogger("rpy2")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _furnished(rinterface: Any) -> _R:
    from rpy2.rinterface_lib import callbacks, openrlib

    with openrlib.rlock, _silence(callbacks):
        base = rinterface.baseenv
        environment = base["new.env"](parent=base)
        for name in SOURCES:
            base["sys.source"](str(source_folder() / f"{name}.R"), environment)
        return _R(rinterface, callbacks, openrlib.rlock, environment["run"], environment)
