"""Ctrl-C while R runs in this process.

Python's own handler raises KeyboardInterrupt wherever Python's next line runs, which is in the middle of R: in a
function of Python's that R calls between the steps of its evaluation, where the exception is printed and lost. So
during a call Ctrl-C raises R's own flag, R ends the call as it ends any other, and KeyboardInterrupt comes after it.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def stoppable(flag: Callable[[bool], None]) -> Iterator[None]:
    """A call into R that Ctrl-C stops; without effect in other threads, or where Ctrl-C has a handler of its own.

    Parameters
    ----------
    flag : callable
        Raises R's flag, or lowers it.

    Raises
    ------
    KeyboardInterrupt
        After the call, if Ctrl-C was pressed during it.
    """
    if not _python_would_raise():
        yield
        return
    pressed = []

    def stop(number: int, _: Any) -> None:
        pressed.append(number)
        flag(True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            flag(False)
    if pressed:
        raise KeyboardInterrupt


def _python_would_raise() -> bool:
    """Whether Ctrl-C raises KeyboardInterrupt in this thread."""
    here = threading.current_thread() is threading.main_thread()
    return here and signal.getsignal(signal.SIGINT) is signal.default_int_handler


@contextmanager
def unheard() -> Iterator[None]:
    """Ctrl-C has no effect: what it asks for is being done, within seconds. In other threads this does nothing."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or handler is None:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: None)  # a program that is started meanwhile gets none of it, unlike SIG_IGN
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
