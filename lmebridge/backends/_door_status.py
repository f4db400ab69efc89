"""Each door to R tried: whether it opens, to which R, and what it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.backends import _r, _r_home, _rpy2
from lmebridge.backends._worker import Worker
from lmebridge.errors import BackendUnavailable, LmebridgeError

if TYPE_CHECKING:
    from lmebridge.backends._doors import Door

#: Calls that are timed; the median counts.
CALLS = 21


@dataclass(frozen=True)
class DoorStatus:
    """What came of trying a door.

    Attributes
    ----------
    name : str
        ``"rpy2"`` or ``"worker"``.
    r : str
        The R behind it, such as ``"R 4.2.2 with lme4 1.1-31"``; empty where it does not open.
    where : str
        Which installation that is.
    start : float
        Seconds that R took to start; 0 where it ran already.
    call : float
        Seconds that the smallest call takes.
    reason, remedy : str
        Why it does not open, and how to mend that; empty where it does.
    """

    name: str
    r: str = ""
    where: str = ""
    start: float = 0.0
    call: float = 0.0
    reason: str = ""
    remedy: str = ""


def try_doors() -> list[DoorStatus]:
    """Try both doors; the worker that is tried is ended again.

    Returns
    -------
    list of DoorStatus
        rpy2's, then the worker's.
    """
    worker = Worker()
    try:
        return [_tried(_rpy2.DOOR, _r_home.find().path), _tried(worker, _r_home.find_rscript())]
    finally:
        worker.close()


def _tried(door: Door, where: str) -> DoorStatus:
    try:
        begun = time.perf_counter()
        door.open()
        start = time.perf_counter() - begun
        with _r.through(door):
            found = _r.call("versions")
            call = sorted(_seconds_of_a_call() for _ in range(CALLS))[CALLS // 2]
    except BackendUnavailable as error:
        return DoorStatus(door.name, where=where, reason=error.reason, remedy=error.remedy)
    except LmebridgeError as error:
        return DoorStatus(door.name, where=where, reason=str(error))
    lme4 = found["lme4"][0]
    r = f"R {found['R'][0]} {f'with lme4 {lme4}' if lme4 else 'without lme4'}"
    return DoorStatus(door.name, r, where, start, call)


def _seconds_of_a_call() -> float:
    begun = time.perf_counter()
    _r.call("identity", x=1.0)
    return time.perf_counter() - begun
