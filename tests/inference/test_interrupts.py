"""Ctrl-C in the middle of long work: it stops, gives back what was done, and leaves everything usable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

import lmebridge as lme
from lmebridge.backends import _interrupts
from lmebridge.diagnostics import all_fit
from lmebridge.inference import bootstrap_runs
from tests.inference.models import fitted

#: Seconds after which a program that does not stop is killed.
PATIENCE = 120
#: Seconds of work before Ctrl-C is pressed.
DELAY = 0.7
#: Residual standard deviation of sleepstudy, as lme4 prints it.
SIGMA = 25.592


def pressed(backend: str) -> tuple[list[dict[str, Any]], str]:
    """What came of each piece of interrupted work, and what was written to standard error."""
    command = [sys.executable, "-m", "tests.inference.interrupted_work", backend]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    found = []
    with subprocess.Popen(command, start_new_session=True, env=environment, **pipes) as process:
        killed = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGKILL))
        killed.start()
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line == "go\n":
                time.sleep(DELAY)
                os.killpg(process.pid, signal.SIGINT)
            else:
                found.append(json.loads(line))
        killed.cancel()
        return found, process.stderr.read()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "names"),
    [
        ("native", ["serial", "parallel", "profile", "influence", "fits"]),
        pytest.param("lme4", ["serial", "confint", "profile", "ends", "optimizers", "fits"], marks=pytest.mark.needs_r),
    ],
)
def test_ctrl_c(backend: str, names: list[str]) -> None:
    """All work stops, gives back what was done and says so; then a model is fitted as ever."""
    found, errors = pressed(backend)
    assert [piece["name"] for piece in found] == names, errors
    assert errors == ""
    for piece in found:
        assert piece["done"] > 0
        assert piece.get("same", True)
        assert piece.get("interrupted", True)
        assert piece["name"] == "fits" or "interrupted after" in piece["said"][0]
        assert piece["sigma"] == pytest.approx(SIGMA, abs=5e-4)  # three decimals are printed


def test_ctrl_c_keeps_the_fits_made(monkeypatch: Any) -> None:
    """Of one model's fits by several optimizers, those that were made are there."""
    tried, minimized = [], all_fit._minimized

    def interrupted(name: str, *arguments: Any) -> Any:
        tried.append(name)
        if len(tried) == 3:
            raise KeyboardInterrupt
        return minimized(name, *arguments)

    monkeypatch.setattr(all_fit, "_minimized", interrupted)
    with pytest.warns(lme.LmebridgeWarning, match="interrupted after 2 fits"):
        found = fitted("one", "native").allFit()
    assert list(found) == tried[:2]
    assert set(found.failed.values()) == {"interrupted"}


def test_ctrl_c_before_anything(monkeypatch: Any) -> None:
    """Where nothing was done, a bootstrap has no draws, and intervals of it are not made up."""

    def interrupted(worker: Any, which: range) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap_runs.Worker, "iterate", interrupted)
    fit = fitted("one", "native")
    with pytest.warns(lme.LmebridgeWarning, match="interrupted after 0 of 9"):
        boot = fit.bootMer(lme.sigma, nsim=9)
    assert boot.t.shape == (0, 1)
    assert "draws" in repr(boot)
    with pytest.warns(lme.LmebridgeWarning), pytest.raises(KeyboardInterrupt):
        fit.confint(method="boot", nsim=9)


class TestStoppable:
    """A call into R: here one that sleeps until its flag is raised."""

    def call(self, flags: list[bool], *, press: bool) -> None:
        """Wait for the flag, for a second at most."""
        with _interrupts.stoppable(flags.append):
            if press:
                signal.raise_signal(signal.SIGINT)
            assert flags == ([True] if press else [])

    def test_pressed(self) -> None:
        """The flag goes up, KeyboardInterrupt comes after the call, the flag is down and Python's handler back."""
        flags: list[bool] = []
        with pytest.raises(KeyboardInterrupt):
            self.call(flags, press=True)
        assert flags == [True, False]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_not_pressed(self) -> None:
        """Nothing happens."""
        flags: list[bool] = []
        self.call(flags, press=False)
        assert flags == []

    def test_errors_come_through(self) -> None:
        """An error of the call is raised as it is."""
        with pytest.raises(ZeroDivisionError), _interrupts.stoppable(lambda up: None):
            raise ZeroDivisionError

    def test_other_handlers_are_left_alone(self) -> None:
        """Who has a handler of Ctrl-C keeps it; in other threads there is none to change."""
        heard: list[int] = []
        before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
        try:
            with _interrupts.stoppable(lambda up: None):
                signal.raise_signal(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)
        assert heard == [signal.SIGINT]
        flags: list[bool] = []
        thread = threading.Thread(target=self.call, args=(flags,), kwargs={"press": False})
        thread.start()
        thread.join()
        assert flags == []
