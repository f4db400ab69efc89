"""The door to R: the one module that imports rpy2.

R is started once, on first use. A call names a function of the files in r/, gives it plain values and gets plain values
back, with what R said meanwhile as data. Any thread may call; one call runs at a time. Nothing reaches the console, and
nothing is left in the user's R workspace: the functions live in an environment of their own whose parent is baseenv.
"""

from __future__ import annotations

import locale
import logging
import signal
import threading
import warnings
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lmebridge.backends import _r_home
from lmebridge.backends._wire import Doubles, Integers, Logicals, Strings, decode, encode
from lmebridge.errors import RError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The files of R code that are functions only; the others of r/ are programs.
SOURCES = (
    "wire", "door", "environments", "fit", "extract", "provenance", "ranef", "getme", "frame", "predict", "anova",
    "functions", "inference", "lm", "pymer4", "diagnostics", "exchange", "generalized",
)  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A warning or message that R gave, with the call that gave it as R prints it."""

    kind: Literal["warning", "message"]
    text: str
    call: str


@dataclass(frozen=True)
class Answer:
    """What a call gave: its value, and what R said meanwhile in order."""

    value: Any
    conditions: tuple[Condition, ...]


class Hold:
    """Keeps an R object alive, and lets go of it under rpy2's lock: R may be running in another thread."""

    def __init__(self, sexp: Any) -> None:
        self.sexp = sexp

    def __del__(self) -> None:
        _RELEASED.append(self.sexp)


class RHandle:
    """An R object that stays in R. It pickles as R serializes it, and lives again in another process.

    Attributes
    ----------
    hold : Hold or None
        What keeps the object alive; None until an unpickled handle is first used.
    serialized : bytes
        The object as R serialized it, where there is no hold.
    """

    def __init__(self, hold: Hold | None, serialized: bytes = b"") -> None:
        self.hold = hold
        self.serialized = serialized

    @property
    def sexp(self) -> Any:
        """The object as rpy2 has it; keep the handle as long as you use it."""
        if self.hold is None:
            self.hold = keep("from_bytes", bytes=self.serialized).value.hold
            self.serialized = b""
        return self.hold.sexp if self.hold else None

    def __repr__(self) -> str:
        kind = " ".join(call("class_names", object=self)) if self.hold and is_started() else "object, not yet loaded"
        return f"<R {kind}>"

    def __reduce__(self) -> tuple[Any, tuple[None, bytes]]:
        return RHandle, (None, self.serialized or call("to_bytes", object=self))


@dataclass(frozen=True)
class _Door:
    """A started R: rpy2's modules, our function `run`, and the environment our functions live in."""

    rinterface: Any
    callbacks: Any
    lock: Any
    run: Any
    environment: Any


_RELEASED: deque[Any] = deque()
_STARTING = threading.Lock()
_DOORS: list[_Door] = []


def call(function: str, /, **arguments: Any) -> Any:
    """Value of one of our R functions, warnings and messages ignored; see `ask`."""
    return ask(function, **arguments).value


def ask(function: str, /, **arguments: Any) -> Answer:
    """Call one of our R functions.

    Parameters
    ----------
    function : str
        A function of r/, such as ``"fit_lmer"``.
    **arguments
        Its arguments by name: what `lmebridge.backends._wire.encode` takes, and `RHandle`.

    Returns
    -------
    Answer
        The value as `lmebridge.backends._wire.decode` makes it, and R's warnings and messages.

    Raises
    ------
    BackendUnavailable
        If R cannot be started.
    DataError
        If an argument would lose something on the way to R.
    RError
        If R raised an error; R stays usable.
    """
    return _answer(function, arguments, keep=False)


def keep(function: str, /, **arguments: Any) -> Answer:
    """Call one of our R functions and leave its value in R: the answer's value is an `RHandle`."""
    return _answer(function, arguments, keep=True)


def is_started() -> bool:
    """Whether R runs in this process, started here."""
    return bool(_DOORS)


def start() -> None:
    """Start R where it does not run yet.

    Raises
    ------
    BackendUnavailable
        If there is no R, or no rpy2 that loads with it, with the line to run.
    """
    _door()


@contextmanager
def borrowed() -> Iterator[None]:
    """R for another package of this process that calls rpy2 itself: R's lock held, its console silent."""
    door = _door()
    with door.lock, _silence(door.callbacks):
        yield


def _answer(function: str, arguments: dict[str, Any], *, keep: bool) -> Answer:
    door = _door()
    crossing = {name: encode(value) for name, value in arguments.items()}
    with door.lock, _silence(door.callbacks):
        _release()
        outcome = _run(door, function, crossing, keep=keep)
    return _judge(outcome)


def _run(door: _Door, function: str, crossing: dict[str, Any], *, keep: bool) -> dict[str, Any]:
    """Everything R answered, as crossing values: no object of rpy2 but handles leaves the lock."""
    arguments = [_to_r(door, value) for value in (Strings((function,)), crossing, Logicals.of([keep]))]
    names = ("name", "arguments", "keep")
    try:
        outcome = door.run.rcall(tuple(zip(names, arguments, strict=True)), environment=door.environment)
    except door.rinterface.embedded.RRuntimeError as error:  # beyond R's own tryCatch: the stack or the memory ran out
        message = str(error).strip()
        return {"error": {"message": Strings((message,)), "call": Strings(("",))}, "conditions": []}
    result: dict[str, Any] = _from_r(door, outcome)
    return result


def _judge(outcome: dict[str, Any]) -> Answer:
    if "interrupted" in outcome:
        raise KeyboardInterrupt
    if "error" in outcome:
        error = decode(outcome["error"])
        raise RError(error["message"][0], error["call"][0])
    conditions = tuple(
        Condition(heard["kind"][0], heard["message"][0], heard["call"][0]) for heard in decode(outcome["conditions"])
    )
    value = outcome["value"]
    return Answer(value["kept"] if isinstance(value, dict) and "kept" in value else decode(value), conditions)


def _release() -> None:
    while _RELEASED:
        _RELEASED.popleft()


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


def _to_r(door: _Door, value: Any) -> Any:
    """R object of a crossing value."""
    if isinstance(value, RHandle):
        return _named_list(door, {".kind": Strings(("kept",)), "value": _Bare(value.sexp)})
    if isinstance(value, dict):
        return _named_list(door, value)
    if isinstance(value, list):
        return door.rinterface.ListSexpVector([_to_r(door, item) for item in value])
    maker = MAKERS.get(type(value))
    if maker is None:
        raise TypeError(f"an object of type {type(value).__name__} cannot cross to R")
    return maker(door.rinterface, value)


@dataclass(frozen=True)
class _Bare:
    """An R object on its way inside the list that says it is one."""

    sexp: Any


def _named_list(door: _Door, items: dict[str, Any]) -> Any:
    made = door.rinterface.ListSexpVector([_to_r(door, item) for item in items.values()])
    made.names = door.rinterface.StrSexpVector(list(items))
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


def _from_r(door: _Door, sexp: Any) -> Any:
    """Crossing value of an R object; what is not a bare vector or a list stays in R behind a handle."""
    if isinstance(sexp, door.rinterface.ListSexpVector):
        return _items(door, sexp)
    taker = TAKERS.get(type(sexp).__name__)
    return RHandle(Hold(sexp)) if taker is None else taker(sexp)


def _items(door: _Door, sexp: Any) -> list[Any] | dict[str, Any]:
    names = sexp.names
    if isinstance(names, door.rinterface.NULLType):
        return [_from_r(door, item) for item in sexp]
    if list(names) == ["kept"]:
        return {"kept": RHandle(Hold(sexp[0]))}
    return {name: _from_r(door, item) for name, item in zip(names, sexp, strict=True)}


def _memory(sexp: Any, dtype: Any) -> np.ndarray:
    return np.array(sexp.memoryview()) if len(sexp) else np.empty(0, dtype=dtype)


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


def _door() -> _Door:
    if not _DOORS:
        with _STARTING:
            if not _DOORS:
                _DOORS.append(_open())
    return _DOORS[0]


def _open() -> _Door:
    home = _r_home.find()
    if home.problem is not None:
        raise _r_home.unavailable(*home.problem)
    try:
        with _quiet_logging():
            rinterface = _started_rinterface()
    except Exception as error:
        reason = f"rpy2 {home.rpy2_version} did not start R {home.r_version} ({type(error).__name__}: {error})"
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
    """R's start leaves Python's handler of Ctrl-C and its conventions for dates and money as they were."""
    handler = signal.getsignal(signal.SIGINT)
    categories = (locale.LC_TIME, locale.LC_MONETARY, locale.LC_NUMERIC)
    settings = [locale.setlocale(category) for category in categories]
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGINT, handler)
        for category, setting in zip(categories, settings, strict=True):
            locale.setlocale(category, setting)


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


def _furnished(rinterface: Any) -> _Door:
    from rpy2.rinterface_lib import callbacks, openrlib

    with openrlib.rlock, _silence(callbacks):
        base = rinterface.baseenv
        environment = base["new.env"](parent=base)
        for name in SOURCES:
            base["sys.source"](str(source_folder() / f"{name}.R"), environment)
        return _Door(rinterface, callbacks, openrlib.rlock, environment["run"], environment)


def source_folder() -> Path:
    """The folder of R code: within the package in a wheel, beside it in a working copy.

    Examples
    --------
    >>> (source_folder() / "fit.R").is_file()
    True
    """
    package = Path(__file__).parents[1]
    inside = package / "r"
    return inside if inside.is_dir() else package.parent / "r"
