"""Rs as they are found on other machines: too old, without lme4, two of them, in odd folders, under other locales."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lmebridge.backends import _r_home
from lmebridge.backends._doors import source_folder
from tests.backends.test_doors import script, status_of

pytestmark = [pytest.mark.needs_r, pytest.mark.needs_source]

ROOT = Path(__file__).parents[2]
ODD = "ein Ordner mit Größe, 'Zeichen' & 被"
#: A fit and a number that a comma would spoil, through the worker.
FITS = """
import lmebridge as lme
from tests.cases import data
fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), weights="ifelse(Days > 4.5, 1.0, 1.0)",
               backend="lme4")
print(round(float(fit.REMLcrit()), 4), lme.__file__, sep="|")
"""


def ask(text: str, environment: dict[str, str], folder: Path = ROOT) -> str:
    """What a program prints, with the worker as its door."""
    # rpy2 in this process has set both, and Python's own library may be another one there
    kept = {name: value for name, value in os.environ.items() if name not in ("LD_LIBRARY_PATH", "R_HOME")}
    variables = {**kept, "LMEBRIDGE_R": "worker", "PYTHONPATH": str(folder), **environment}
    command = [sys.executable, "-W", "error", "-X", "utf8", "-c", text]
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60, cwd=folder
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def test_an_r_that_is_too_old(tmp_path):
    """R before 3.6 says that it is too old, and which version is needed."""
    pretend = tmp_path / "old.R"
    pretend.write_text(
        "unlockBinding('getRversion', baseenv())\n"
        "assign('getRversion', function() package_version('3.4.4'), baseenv())\n"
        "source(commandArgs(trailingOnly = TRUE)[[1L]])\n"
    )
    # called as `Rscript --vanilla worker.R ...`
    rscript = script(tmp_path, f'shift; exec {shutil.which("Rscript")} --vanilla "{pretend}" "$@"')
    said = status_of({**os.environ, "LMEBRIDGE_R": "worker", "LMEBRIDGE_RSCRIPT": rscript})
    assert said.startswith("False | ")
    assert "exit status 3" in said
    assert "R 3.4.4 is too old for lmebridge, which needs R 3.6.0 or later" in said


def test_of_two_rs_the_one_that_is_meant(tmp_path):
    """With one R without lme4 first on PATH the error says which R that is; LMEBRIDGE_RSCRIPT takes the other."""
    first = tmp_path / "first"
    first.mkdir()
    rscript = shutil.which("Rscript")
    wanting = script(first, f'R_LIBS=/none R_LIBS_USER=/none R_LIBS_SITE=/none exec {rscript} "$@"')
    environment = {**os.environ, "LMEBRIDGE_R": "worker", "PATH": f"{first}:{os.environ['PATH']}"}
    environment.pop("R_HOME", None)  # which rpy2 sets, and which goes before PATH
    said = status_of(environment)
    assert "has no package lme4" in said
    assert wanting in said
    assert status_of({**environment, "LMEBRIDGE_RSCRIPT": rscript}).startswith("True | ")


def test_odd_folders(tmp_path):
    """R and the package itself may be in folders with spaces, quotes and letters beyond ASCII, whatever the locale."""
    folder = tmp_path / ODD
    for name in ("lmebridge", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source_folder(), folder / "r")
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    (folder / "bin").mkdir()
    rscript = script(folder / "bin", f'exec {shutil.which("Rscript")} "$@"')
    said = ask(FITS, {"LMEBRIDGE_RSCRIPT": rscript, "LC_ALL": "C", "TMPDIR": str(folder)}, folder)
    assert said.split("|") == ["1743.6283", f"{folder / 'lmebridge' / '__init__.py'}\n"]


@pytest.fixture(scope="module")
def locales(tmp_path_factory):
    """A folder with German locales, made here so that no machine lacks them."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/de_DE").exists():
        pytest.skip("no locales can be made here")
    for encoding in ("UTF-8", "ISO-8859-1"):
        made = ["localedef", "-c", "-i", "de_DE", "-f", encoding, str(folder / f"de_DE.{encoding}")]
        subprocess.run(made, capture_output=True, check=False)
    return folder


@pytest.mark.parametrize("name", ["de_DE.UTF-8", "de_DE.ISO-8859-1"])
@pytest.mark.parametrize("door", ["worker", "rpy2"])
def test_decimal_commas(locales, name, door):
    """Where numbers are written with commas, and Python has set that too, R's are those with points."""
    if door == "rpy2" and not _r_home.find_rpy2():
        pytest.skip("rpy2 is not installed")
    program = (
        "import locale; locale.setlocale(locale.LC_ALL, ''); assert locale.localeconv()['decimal_point'] == ','\n"
        + FITS
    )
    environment = {"LOCPATH": str(locales), "LC_ALL": name, "LANG": name, "LMEBRIDGE_R": door}
    assert ask(program, environment).split("|")[0] == "1743.6283"
