"""The doctor says what works, what does not, and the line to run."""

from __future__ import annotations

import pytest

from lmebridge import doctor
from lmebridge.backends._r_home import Home
from lmebridge.backends.contract import Status


def test_report_names_what_matters():
    """Python, packages, R, every backend and every data set are there."""
    found = {"lme4": Status(usable=False, reason="R was not found", remedy="Install R"), "native": Status(usable=True)}
    text = doctor.report(found)
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


@pytest.mark.needs_r
def test_lme4_is_found():
    """Where R is, lme4 is usable and its versions are named."""
    status = doctor.statuses()["lme4"]
    assert status.usable
    assert "lme4 " in status.version
    assert "R " in status.version
