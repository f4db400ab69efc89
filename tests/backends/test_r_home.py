"""Finding R and the rpy2 that loads with it."""

from __future__ import annotations

import pytest

from lmebridge.backends import _r_home
from lmebridge.backends._r_home import Home

#: R's version, rpy2's, and whether that pair loads: the first three measured, the rest from rpy2's NEWS.
PAIRS = [
    ("4.2.2", "3.6.5", True),
    ("4.2.2", "3.6.6", False),
    ("4.2.2", "3.6.7", False),
    ("4.2.2", "3.5.17", False),
    ("4.4.3", "3.6.5", True),
    ("4.5.1", "3.6.7", True),
    ("4.6.0", "3.6.6", False),
    ("4.6.0", "3.6.7", True),
    ("", "3.6.7", True),
]


@pytest.mark.parametrize(("r_version", "rpy2_version", "expected"), PAIRS)
def test_pairs_that_load(r_version, rpy2_version, expected):
    """The table says which rpy2 loads with which R."""
    assert _r_home.loads(rpy2_version, r_version) is expected


#: What is there, and what the problem is said to be.
PROBLEMS = [
    (Home("", "", "3.6.5"), "R was not found", "apt-get install r-base-core r-cran-lme4"),
    (Home("/R", "4.2.2", ""), "rpy2 is not installed", "pip install 'rpy2-rinterface>=3.6.3,<3.6.6'"),
    (Home("/R", "4.2.2", "3.6.7"), "rpy2 3.6.7 does not load with R 4.2.2", "rpy2-rinterface>=3.6.3,<3.6.6"),
    (Home("/R", "4.6.0", "3.6.5"), "rpy2 3.6.5 does not load with R 4.6.0", "rpy2-rinterface>=3.6.7"),
]


@pytest.mark.parametrize(("home", "reason", "remedy"), PROBLEMS)
def test_problems_name_the_line_to_run(home, reason, remedy):
    """What is missing is said with the line that gets it."""
    assert home.problem is not None
    assert home.problem[0] == reason
    assert remedy in home.problem[1]


def test_no_problem_where_all_is_there():
    """A pair that loads has no problem."""
    assert Home("/R", "4.2.2", "3.6.5").problem is None


def test_unavailable_shows_the_table():
    """The error has the whole table, for whoever can change R rather than rpy2."""
    words = str(_r_home.unavailable("R was not found", _r_home.INSTALL_R))
    assert "R 4.6 and later: >=3.6.7" in words
    assert "earlier R: >=3.6.3,<3.6.6" in words


def test_find_without_r(monkeypatch, tmp_path):
    """Without R on the path and without R_HOME there is no R, and nothing is started to find out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("R_HOME", raising=False)
    assert _r_home.find().path == ""
