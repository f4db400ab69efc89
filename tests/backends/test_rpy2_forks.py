"""Children forked from a process whose R, rpy2's, is at work in another thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("rpy2")

PROGRAM = """
import os, sys, threading, time
import lmebridge as lme
from lmebridge.backends import _r

lme.set_r("rpy2")
sleep, folder = (_r.keep("str2lang", s=code).value for code in ("Sys.sleep(1)", "tempdir()"))
thread = threading.Thread(target=lambda: _r.call("eval", expr=sleep))
thread.start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    sys.exit(int(_r.call("itself", object=7.0)[0]))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread.join()
print(os.path.isdir(_r.call("eval", expr=folder)[0]))
"""


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_child_forked_within_a_call_of_another_thread() -> None:
    """The fork waits for the call, and the child for no thread that it does not have; R's folder outlives the child."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "7\nTrue\n", done.stderr
