"""Children forked from a process whose R, rpy2's, is at work in another thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("rpy2")

PROGRAM = """
import os, threading, time
import lmebridge as lme
from lmebridge.backends import _r

lme.set_r("rpy2")
sleep = _r.keep("str2lang", s="Sys.sleep(1)").value
thread = threading.Thread(target=lambda: _r.call("eval", expr=sleep))
thread.start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    os._exit(int(_r.call("itself", object=7.0)[0]))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread.join()
"""


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_child_forked_within_a_call_of_another_thread() -> None:
    """The fork waits for the call; else the child would wait for a thread that it does not have."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "7\n", done.stderr
