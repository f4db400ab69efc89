"""The doctor says what works, what does not, and the line to run."""

from __future__ import annotations

import pytest

from lmebridge import doctor
from lmebridge.backends._door_status import DoorStatus
from lmebridge.backends._r_home import Home
from lmebridge.backends.contract import Status


def test_report_names_what_matters():
    """Python, packages, R, every backend and every data set are there."""
    found = {"lme4": Status(usable=False, reason="R was not found", remedy="Install R"), "native": Status(usable=True)}
    tried = [DoorStatus("worker", reason="Rscript was not found", remedy="Install R")]
    text = doctor.report(found, tried)
    for part in ("Python 3.", "pandas ", "Backends", "lme4         not usable", "R was not found. Install R", "hsb: "):
        assert part in text
    assert max(map(len, text.splitlines())) <= 160


@pytest.mark.parametrize(
    ("home", "lines"),
    [
        (Home("", "", ""), ["R was not found", "rpy2-rinterface is not installed"]),
        (Home("/r", "4.2.2", "3.6.5"), ["R 4.2.2 at /r", "rpy2-rinterface 3.6.5, which loads with this R"]),
        (Home("/r", "4.2.2", "3.6.7"), ["R 4.2.2 at /r", "rpy2-rinterface 3.6.7, which does not load with this R"]),
        (Home("/r", "4.6.0", "3.6.7"), ["R 4.6.0 at /r", "rpy2-rinterface 3.6.7, which loads with this R"]),
    ],
)
def test_r_and_rpy2_are_matched(home, lines):
    """The pair on this machine is judged by the table, which is printed whole."""
    said = doctor.r_lines(home)
    assert said[:2] == lines
    assert "  R 4.6 and later: rpy2-rinterface>=3.6.7" in said
    assert "  earlier R: rpy2-rinterface>=3.6.3,<3.6.6" in said


def test_doors_are_told_with_what_they_cost():
    """A door that opens has its R and its cost, one that does not its remedy; two different Rs are pointed out."""
    tried = [
        DoorStatus("rpy2", "R 4.5.1 with lme4 2.0-6", "/opt/R", 0.41, 0.0002),
        DoorStatus("worker", "R 4.2.2 with lme4 1.1-31", "/usr/bin/Rscript", 0.3, 0.0004),
    ]
    said = doctor.door_lines(tried)
    assert said[0].endswith("R 4.5.1 with lme4 2.0-6 (/opt/R), started in 0.4 s, 0.2 ms a call")
    assert "The doors lead to different Rs" in said[2]
    closed = doctor.door_lines([DoorStatus("rpy2", reason="rpy2 is not installed", remedy="Run: pip install it")])
    assert closed == ["rpy2         not usable", "  rpy2 is not installed. Run: pip install it"]


@pytest.mark.needs_r
def test_the_worker_is_tried():
    """Where R is, the worker's door opens for the doctor and is closed again."""
    rpy2, worker = doctor.doors()
    assert (rpy2.name, worker.name, worker.reason) == ("rpy2", "worker", "")
    assert worker.r.startswith("R ")
    assert worker.start > 0
    assert worker.call > 0


@pytest.mark.needs_r
def test_lme4_is_found():
    """Where R is, lme4 is usable and its versions are named."""
    status = doctor.statuses()["lme4"]
    assert status.usable
    assert "lme4 " in status.version
    assert "R " in status.version
