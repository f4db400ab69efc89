"""Ctrl-C while what it asks for is being done."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from lmebridge.backends import _pool, _process
from lmebridge.backends._interrupts import unheard

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and workers are POSIX's")


def test_ctrl_c_that_is_not_heard():
    """Within, Ctrl-C does nothing; afterwards it raises KeyboardInterrupt again, and that of within does not come."""
    with unheard():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_other_threads_leave_ctrl_c_alone():
    """A thread may be within, where handlers cannot be set."""
    handler, found = signal.getsignal(signal.SIGINT), []

    def within():
        with unheard():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=within)
    thread.start()
    thread.join()
    assert found == [handler]


def test_ctrl_c_while_a_process_ends(monkeypatch):
    """Ctrl-C during the patience with a process that does not end kills it: no process, pipe or folder is left."""
    process = _process.Process(["sleep", "60"])
    wait = process.popen.wait

    def interrupted(patience=None):
        monkeypatch.setattr(process.popen, "wait", wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(process.popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.end()
    assert process.popen.returncode == -signal.SIGKILL
    assert not Path(process.folder).exists()
    assert (process.requests, process.answers, process.console) == (-1, -1, -1)
    with pytest.raises(ProcessLookupError):
        os.kill(process.popen.pid, 0)


def test_ctrl_c_while_a_pool_starts(monkeypatch):
    """Ctrl-C between the starts of two threads of a pool ends the one, and the workers of both are there again."""
    start, before = threading.Thread.start, threading.active_count()
    monkeypatch.setattr(_pool, "_WORKERS", [])

    def pressed(thread):
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", pressed)
    with pytest.raises(KeyboardInterrupt):
        list(_pool.spread((lambda: time.sleep(0.05) for _ in range(1000)), 2))
    assert threading.active_count() == before
    assert [worker.is_stopped for worker in _pool._WORKERS] == [False, False]
