"""The narrow interface to R, and which door it goes through: rpy2's, R in this process, or a worker process.

A call names a function of the files in r/, gives it plain values and gets plain values back, with what R said meanwhile
as data. What only R can hold stays there behind a handle; a call goes where its objects live. R starts on first use.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lmebridge.backends import _r_home
from lmebridge.backends._doors import SOURCES, Door, Hold, Kept, source_folder
from lmebridge.backends._wire import decode, encode
from lmebridge.backends._worker import Limits, Worker
from lmebridge.errors import BackendUnavailable, LmebridgeError, RError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SOURCES", "source_folder"]

#: Environment variable that names the door, and the names there are.
DOOR_VARIABLE = "LMEBRIDGE_R"
CHOICES = ("auto", "rpy2", "worker")


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
        """The object as rpy2 has it; keep the handle as long as you use it.

        Raises
        ------
        LmebridgeError
            If the object lives in a worker process, which rpy2 cannot see.
        """
        hold = self.held_by(self.hold.door if self.hold else current())
        if hold.door.name != "rpy2":
            raise LmebridgeError(
                "this object lives in a worker process: fit after lme.set_r('rpy2') to see it in rpy2."
            )
        return hold.key

    @property
    def is_lost(self) -> bool:
        """Whether the object is gone with the process that it lived in."""
        return self.hold is not None and bool(self.hold.door.loss(self.hold.key))

    def held_by(self, door: Door) -> Hold:
        """A hold on the object behind that door: the handle's own, or one on a copy.

        Raises
        ------
        RError
            If the object is gone with the process that it lived in.
        """
        if self.hold is None:
            self.hold = _loaded(self.serialized, door)
            self.serialized = b""
        if self.hold.door is door:
            return self.hold
        return _loaded(call("to_bytes", object=self), door)

    def __repr__(self) -> str:
        if self.hold is None or not self.hold.door.is_open:
            return "<R object, not yet loaded>"
        if self.is_lost:
            return "<R object, gone with its process>"
        return f"<R {' '.join(call('class_names', object=self))}>"

    def __reduce__(self) -> tuple[Any, tuple[None, bytes]]:
        return RHandle, (None, self.serialized or call("to_bytes", object=self))


# --- calling ----------------------------------------------------------------------------------------------------------


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
        If R raised an error, ended, or took longer than it may; the next call works.
    """
    return _answer(function, arguments, keep=False)


def keep(function: str, /, **arguments: Any) -> Answer:
    """Call one of our R functions and leave its value in R: the answer's value is an `RHandle`."""
    return _answer(function, arguments, keep=True)


def _answer(function: str, arguments: dict[str, Any], *, keep: bool) -> Answer:
    crossing = {name: encode(value) for name, value in arguments.items()}
    door = _home(crossing) or current()
    holds: list[Hold] = []  # a copy made for this call lives until it ends
    return _judge(door.run(function, _placed(crossing, door, holds), keep=keep))


def _home(value: Any) -> Door | None:
    """Where the first of the objects among the arguments lives, None where there is none."""
    if isinstance(value, RHandle):
        return value.hold.door if value.hold else None
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((home for item in items if (home := _home(item)) is not None), None)


def _placed(value: Any, door: Door, holds: list[Hold]) -> Any:
    """The arguments with each handle as the door's own object."""
    if isinstance(value, RHandle):
        holds.append(value.held_by(door))
        return Kept(holds[-1].key)
    if isinstance(value, dict):
        return {name: _placed(item, door, holds) for name, item in value.items()}
    return [_placed(item, door, holds) for item in value] if isinstance(value, list) else value


def _judge(outcome: dict[str, Any]) -> Answer:
    if "interrupted" in outcome:
        raise KeyboardInterrupt
    if "error" in outcome:
        error = decode(outcome["error"])
        raise RError(error["message"][0], error["call"][0])
    conditions = tuple(
        Condition(heard["kind"][0], heard["message"][0], heard["call"][0]) for heard in decode(outcome["conditions"])
    )
    value = _handled(outcome["value"])
    return Answer(value["kept"] if isinstance(value, dict) and "kept" in value else decode(value), conditions)


def _handled(value: Any) -> Any:
    """The answer with handles in the place of the door's holds."""
    if isinstance(value, Hold):
        return RHandle(value)
    if isinstance(value, dict):
        return {name: _handled(item) for name, item in value.items()}
    return [_handled(item) for item in value] if isinstance(value, list) else value


def _loaded(serialized: bytes, door: Door) -> Hold:
    outcome = door.run("from_bytes", {"bytes": serialized}, keep=True)
    hold = _judge(outcome).value.hold
    assert isinstance(hold, Hold)  # noqa: S101 - what `keep` gives is a handle
    return hold


def copied(handle: RHandle, door: Door) -> RHandle:
    """A handle on the same object behind another door; on the handle's own object where it lives there already."""
    return RHandle(handle.held_by(door))


def door_versions(handle: RHandle) -> dict[str, str]:
    """Versions of the door that an object lives behind."""
    return dict(handle.hold.door.versions) if handle.hold else {}


def from_rpy2(sexp: Any) -> RHandle:
    """A handle on an object of rpy2."""
    from lmebridge.backends import _rpy2

    return RHandle(Hold(_rpy2.DOOR, sexp))


# --- the door ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Choice:
    """Which door, and what a worker may use."""

    name: str
    limits: Limits


_CHOSEN: list[tuple[str | None, Limits]] = [(None, Limits())]
_OPENED: dict[_Choice, Door] = {}
_THROUGH: ContextVar[Door | None] = ContextVar("through", default=None)


def limits() -> Limits:
    """What a worker may use, as `set_r` was told."""
    return _choice(*_CHOSEN[0]).limits


def set_r(door: str | None = None, *, timeout: float | None = None, memory_limit: int | None = None) -> None:
    """Choose how R is reached from now on; models that were fitted before stay where they are and answer there.

    Parameters
    ----------
    door : {"auto", "rpy2", "worker"} or None
        ``"rpy2"`` is R in this process, ``"worker"`` a process of its own that runs Rscript, ``"auto"`` rpy2 where it
        loads and no limit is given, else the worker. None for what the environment variable ``LMEBRIDGE_R`` says, and
        ``"auto"`` where it says nothing.
    timeout : float, optional
        Seconds after which a call of the worker is interrupted and raises `RError`.
    memory_limit : int, optional
        Most bytes of address space that the worker may take; where it is too little, R says so in an `RError`.

    Raises
    ------
    ValueError
        If there is no such door, or a limit is not above zero, or is given for rpy2, which knows no limits.

    Examples
    --------
    >>> set_r("worker", timeout=60.0)
    >>> set_r()
    """
    for name, value in (("timeout", timeout), ("memory_limit", memory_limit)):
        if value is not None and not value > 0:
            raise ValueError(f"{name} is {value!r}, and should be above 0")
    choice = _choice(door, Limits(timeout, memory_limit))
    _CHOSEN[0] = (door, choice.limits)
    for stale in set(_OPENED) - {choice}:
        del _OPENED[stale]  # a worker ends when no model lives in it any more


def _choice(door: str | None, limits: Limits) -> _Choice:
    name = door or os.environ.get(DOOR_VARIABLE) or "auto"
    if name not in CHOICES:
        raise ValueError(f"there is no door {name!r} to R; there are {', '.join(map(repr, CHOICES))}")
    if limits == Limits():
        return _Choice(name, limits)
    if name == "rpy2":
        raise ValueError(
            "timeout and memory_limit are the worker's: rpy2 runs R in this process. Use set_r('worker', ...)"
        )
    return _Choice("worker", limits)


def current() -> Door:
    """The door that a call goes through if none of its arguments lives behind another one.

    Raises
    ------
    BackendUnavailable
        Where neither door opens, with what to do.
    """
    through = _THROUGH.get()
    if through is not None:
        return through
    choice = _choice(*_CHOSEN[0])
    door = _OPENED.get(choice)
    return door if door is not None else _OPENED.setdefault(choice, _chosen(choice))


def _chosen(choice: _Choice) -> Door:
    if choice.name == "worker":
        return Worker(choice.limits)
    from lmebridge.backends import _rpy2

    if choice.name == "rpy2":
        return _rpy2.DOOR
    try:
        _rpy2.DOOR.open()
    except BackendUnavailable as closed:
        return _worker_instead(choice, closed)
    return _rpy2.DOOR


def _worker_instead(choice: _Choice, closed: BackendUnavailable) -> Worker:
    worker = Worker(choice.limits)
    try:
        worker.open()
    except BackendUnavailable as error:
        raise error if _r_home.find().path == "" else closed from error
    return worker


@contextmanager
def through(door: Door) -> Iterator[None]:
    """Calls of this thread go through that door, unless their objects live behind another one."""
    token = _THROUGH.set(door)
    try:
        yield
    finally:
        _THROUGH.reset(token)


def is_started() -> bool:
    """Whether R runs behind the door that is chosen, started here."""
    door = _THROUGH.get() or _OPENED.get(_choice(*_CHOSEN[0]))
    return door is not None and door.is_open


def problem() -> tuple[str, str] | None:
    """Why R cannot be reached and how to fix it, found without starting it; None where nothing speaks against it."""
    through = _THROUGH.get()
    name = through.name if through else _choice(*_CHOSEN[0]).name
    in_process = _r_home.find().problem if name != "worker" else _r_home.rscript_problem()
    if name == "auto" and in_process is not None and _r_home.rscript_problem() is None:
        return None
    return in_process


def start() -> None:
    """Start R where it does not run yet.

    Raises
    ------
    BackendUnavailable
        If there is no R, or no door to it that opens, with the line to run.
    """
    current().open()


@contextmanager
def borrowed() -> Iterator[None]:
    """R for another package of this process that calls rpy2 itself: R's lock held, its console silent."""
    from lmebridge.backends import _rpy2

    with _rpy2.DOOR.borrowed():
        yield
