"""Finding R and the rpy2 that loads with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lmebridge.backends import _r_home
from lmebridge.backends._r_home import Home
from lmebridge.errors import BackendUnavailable

if TYPE_CHECKING:
    from pathlib import Path

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


def program(path: Path) -> str:
    """A file that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_which_rscript(tmp_path, monkeypatch):
    """LMEBRIDGE_RSCRIPT goes before R_HOME, that before PATH, that before the usual places, of these the newest."""
    named = program(tmp_path / "ein Ordner mit Größe" / "Rscript")
    home = program(tmp_path / "home" / "bin" / "Rscript")
    path = program(tmp_path / "path" / "Rscript")
    *_, new = (program(tmp_path / "opt" / version / "bin" / "Rscript") for version in ("4.2.2", "4.5.1"))
    monkeypatch.setattr(_r_home, "USUAL_PLACES", (f"{str(tmp_path)[1:]}/opt/*/bin/Rscript",))
    monkeypatch.delenv("R_HOME", raising=False)  # rpy2 sets it
    for variable, value, expected in (
        ("LMEBRIDGE_RSCRIPT", named, named),
        ("R_HOME", str(tmp_path / "home"), home),
        ("PATH", str(tmp_path / "path"), path),
    ):
        monkeypatch.setenv(variable, value)
        assert _r_home.find_rscript() == expected
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _r_home.find_rscript() == new
    monkeypatch.setattr(_r_home, "USUAL_PLACES", ())
    assert _r_home.rscript_problem() == ("Rscript was not found", _r_home.INSTALL_R)
    with pytest.raises(BackendUnavailable, match="Rscript was not found"):
        _r_home.rscript()


def test_an_rscript_that_is_not_there(monkeypatch):
    """A wrong LMEBRIDGE_RSCRIPT is told; no other R takes its place."""
    monkeypatch.setenv("LMEBRIDGE_RSCRIPT", "/none/Rscript")
    assert _r_home.find_rscript() == ""
    reason, remedy = _r_home.rscript_problem()
    assert "'/none/Rscript', which is no program that can be run" in reason
    assert remedy == "Name R's Rscript there, or unset it."
