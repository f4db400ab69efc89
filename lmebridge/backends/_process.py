"""One life of a worker process: R started, asked over two pipes, interrupted, ended.

The pipes are the process's alone: R reads ``/dev/fd/<number>``, and its standard input is empty, so that no code that
reads input or prints can disturb a frame. What R printed last is kept for the error that may follow.
Pipes that can be waited for with a time limit are POSIX's: on Windows there is no worker.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from lmebridge.backends import _locale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: A frame begins with this and its kind, int32, and the payload's length, a double, which R can read.
MAGIC = b"LMB1"
HEAD = struct.Struct("=4sid")
GREETING, CALL, ANSWER, SETTLE = 0, 1, 2, 3
#: Bytes of R's output that are kept.
LAST_WORDS = 4000
#: Seconds after which a silent pipe is looked at again: whether the process is still there.
SLICE = 0.5
#: Seconds that R has to stop after an interrupt, and to end when its pipe has ended.
GRACE, FAREWELL = 5.0, 2.0
#: Bytes asked for as the size of a pipe, where the system lets it be chosen, and most pieces written at once.
PIPE_SIZE, MOST_PIECES = 1 << 20, 512


#: Held while pipes are made and R is started with them: a child forked meanwhile would keep R's ends of them.
_STARTING = threading.RLock()
#: All of them, so that a forked child can leave its parent's alone.
_PROCESSES: weakref.WeakSet[Process] = weakref.WeakSet()


class Ended(Exception):
    """The process has ended."""


class Garbled(Exception):
    """What the process sent is no frame."""


class Late(Exception):
    """The time given is over."""


class Process:
    """A program in a process of its own, with a pipe for requests, one for answers, and its console caught.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; the numbers of the two pipes take the place of ``{requests}`` and ``{answers}``.
    memory : int, optional
        Most bytes of address space.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, command: Sequence[str], memory: int | None = None) -> None:
        self.owner = os.getpid()
        self.words = bytearray()
        self.outbox: list[memoryview] = []
        self.inbox = bytearray(HEAD.size)
        self.filled = 0
        self.folder = tempfile.mkdtemp(prefix="lmebridge-")
        with _STARTING:
            self._start(command, memory)
            _PROCESSES.add(self)
        for number in (self.requests, self.answers, self.console):
            os.set_blocking(number, False)
        _widen(self.requests, self.answers)

    def _start(self, command: Sequence[str], memory: int | None) -> None:
        theirs_in, self.requests = os.pipe()
        self.answers, theirs_out = os.pipe()
        self.console, theirs_console = os.pipe()
        numbers = {"{requests}": str(theirs_in), "{answers}": str(theirs_out)}
        try:
            self.popen = subprocess.Popen(  # noqa: S603 - R itself
                [*_limited(memory), *(numbers.get(part, part) for part in command)],
                stdin=subprocess.DEVNULL,
                stdout=theirs_console,
                stderr=theirs_console,
                pass_fds=(theirs_in, theirs_out),
                env=_locale.environment(os.environ) | {"TMPDIR": self.folder},
                process_group=0,  # a terminal's Ctrl-C is Python's to pass on
            )
        except BaseException:
            self.abandon()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            for number in (theirs_in, theirs_out, theirs_console):
                os.close(number)

    @property
    def is_own(self) -> bool:
        """Whether it belongs to this process rather than to one that this was forked from."""
        return self.owner == os.getpid()

    @property
    def is_alive(self) -> bool:
        """Whether it runs, and belongs to this process."""
        return self.is_own and self.requests >= 0 and self.popen.poll() is None

    @property
    def how(self) -> str:
        """How it ended."""
        if not self.is_own:
            return "it belongs to the process that this one was forked from"
        code = self.popen.poll()
        if code is None:
            return "it was closed"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    @property
    def last_words(self) -> str:
        """What it printed last."""
        return self.words.decode("utf-8", "replace").strip()

    # --- asking -------------------------------------------------------------------------------------------------------

    def exchange(self, kind: int, pieces: Sequence[Any], seconds: float | None) -> tuple[int, bytearray, bool]:
        """Send a frame and wait for the one that answers it.

        Parameters
        ----------
        kind : int
            The frame's kind.
        pieces : sequence of buffers
            The payload.
        seconds : float or None
            How long to wait before R is interrupted; None for ever.

        Returns
        -------
        kind : int
            The answer's kind.
        payload : bytearray
            The answer itself.
        is_late : bool
            Whether the time was over; the answer says whether R was interrupted or had just ended.

        Raises
        ------
        Ended
            If the process ended.
        Garbled
            If it sent something else; it is ended.
        Late
            If it could not be interrupted; it is ended.
        KeyboardInterrupt
            If Python's handler of Ctrl-C raised it; R was interrupted too, or ended.
        """
        try:
            with self._passing_interrupts() as pending:
                answer = self._exchange(kind, pieces, seconds, pending)
        except BaseException:
            self.end(patience=0)
            raise
        if pending:
            raise pending[0]
        return answer

    def greeting(self, seconds: float) -> tuple[int, bytearray]:
        """The frame that comes unasked; raises as `exchange`."""
        try:
            return self._finish(time.monotonic() + seconds, [])
        except BaseException:
            self.end(patience=0)
            raise

    def _exchange(
        self, kind: int, pieces: Sequence[Any], seconds: float | None, pending: list[BaseException]
    ) -> tuple[int, bytearray, bool]:
        self._put(kind, pieces)
        try:
            return *self._finish(_deadline(seconds), pending), False
        except Late:
            is_late = not pending
            self.interrupt()
        answer = self._finish(_deadline(GRACE), [])
        self._put(SETTLE, [])  # the interrupt may have come when the call had ended already: R takes it now
        self._finish(_deadline(GRACE), [])
        return *answer, is_late

    def _put(self, kind: int, pieces: Sequence[Any]) -> None:
        size = sum(len(piece) for piece in pieces)
        self.outbox = [memoryview(piece) for piece in (HEAD.pack(MAGIC, kind, float(size)), *pieces) if len(piece)]

    def _finish(self, deadline: float, pending: list[BaseException]) -> tuple[int, bytearray]:
        """Send what is left to be sent, then take what is left of an answer; may be called again after `Late`."""
        while self.outbox:
            self._wait(self.requests, select.POLLOUT, deadline, pending)
            self._write()
        while self.filled < len(self.inbox):
            self._wait(self.answers, select.POLLIN, deadline, pending)
            self._read()
        _, kind, _ = HEAD.unpack_from(self.inbox)
        payload = self.inbox[HEAD.size :]
        self.inbox, self.filled = bytearray(HEAD.size), 0
        return kind, payload

    def _write(self) -> None:
        try:
            written = os.writev(self.requests, self.outbox[:MOST_PIECES])
        except BlockingIOError:
            return
        except OSError as error:
            raise Ended(str(error)) from error
        while written:
            first = self.outbox[0]
            if written < len(first):
                self.outbox[0] = first[written:]
                return
            written -= len(first)
            del self.outbox[0]

    def _read(self) -> None:
        with memoryview(self.inbox) as whole:
            try:
                count = os.readv(self.answers, [whole[self.filled :]])
            except BlockingIOError:
                return
        if count == 0:
            raise Ended("the pipe of its answers is at its end")
        self.filled += count
        if self.filled == HEAD.size == len(self.inbox):
            self._make_room()

    def _make_room(self) -> None:
        magic, _, size = HEAD.unpack(self.inbox)
        if magic != MAGIC or not 0 <= size < 2**53 or size != int(size):
            raise Garbled(f"it sent what is no frame: {bytes(self.inbox)!r}")
        try:
            self.inbox.extend(bytes(int(size)))
        except MemoryError:
            raise Garbled(f"it sent {size:.0f} bytes, more than there is room for") from None

    def _wait(self, number: int, event: int, deadline: float, pending: list[BaseException]) -> None:
        """Until the pipe is ready; what R prints meanwhile is taken, so that it does not wait for us."""
        poller = select.poll()
        poller.register(number, event)
        if self.console >= 0:
            poller.register(self.console, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or pending:
                raise Late
            ready = dict(poller.poll(min(left, SLICE) * 1000))
            if self.console in ready and not self._listen():
                poller.unregister(self.console)
                os.close(self.console)
                self.console = -1
            if number in ready:
                return
            if not ready and self.popen.poll() is not None:
                raise Ended("it has ended")

    def _listen(self) -> bool:
        """Take what was printed; whether more may come."""
        try:
            said = os.read(self.console, PIPE_SIZE)
        except BlockingIOError:
            return True
        self.words += said
        del self.words[:-LAST_WORDS]
        return bool(said)

    @contextlib.contextmanager
    def _passing_interrupts(self) -> Iterator[list[BaseException]]:
        """While R runs for the main thread, what Python's handler of Ctrl-C raises waits until R has stopped too.

        Raised at once, it could come between two halves of a frame. A handler that raises nothing leaves R alone.
        """
        pending: list[BaseException] = []
        original = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(original):
            yield pending
            return

        def pass_on(number: int, frame: Any) -> None:
            try:
                original(number, frame)
            except BaseException as raised:  # noqa: BLE001 - whatever it is, it is raised when R has stopped
                pending.append(raised)

        signal.signal(signal.SIGINT, pass_on)
        try:
            yield pending
        finally:
            signal.signal(signal.SIGINT, original)

    def interrupt(self) -> None:
        """Have R stop what it evaluates; what it does not evaluate yet it answers as not begun."""
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(signal.SIGINT)

    # --- ending -------------------------------------------------------------------------------------------------------

    def end(self, patience: float = FAREWELL) -> None:
        """Let it go: its pipe ends, and after `patience` seconds it and all it started are killed."""
        if not self.is_own or self.requests < 0:
            return
        os.close(self.requests)
        self.requests = -1
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(patience)
        finally:  # Ctrl-C ends the patience, not the rest
            self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        if self.console >= 0:
            self._listen()
        self.abandon()
        shutil.rmtree(self.folder, ignore_errors=True)

    def abandon(self) -> None:
        """Close what this process has of the pipes, and leave the other end to whoever else has it."""
        for name in ("requests", "answers", "console"):
            number = getattr(self, name)
            if number >= 0:
                os.close(number)
            setattr(self, name, -1)
        if not self.is_own:
            self.popen.returncode = 0  # it is not this process's to wait for


def _limited(memory: int | None) -> list[str]:
    """What starts a program with a limit on its address space, which counts in kibibytes."""
    return [] if memory is None else ["/bin/sh", "-c", 'ulimit -v "$0" && exec "$@"', str(memory >> 10)]


def _leave_to_parent() -> None:
    """In a forked child: the processes are the parent's, and see the end of their pipe when the parent has ended."""
    _STARTING.release()
    for process in list(_PROCESSES):
        process.abandon()


if hasattr(os, "register_at_fork"):  # where processes can be forked
    os.register_at_fork(before=_STARTING.acquire, after_in_parent=_STARTING.release, after_in_child=_leave_to_parent)


def _deadline(seconds: float | None) -> float:
    return float("inf") if seconds is None else time.monotonic() + seconds


def _widen(*pipes: int) -> None:
    """Let a pipe hold more, so that large data pass in fewer turns; where the system refuses, it stays as it is."""
    import fcntl

    for number in pipes if hasattr(fcntl, "F_SETPIPE_SZ") else ():
        with contextlib.suppress(OSError):
            fcntl.fcntl(number, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
