"""Where R is and which rpy2 loads with it, found without starting either."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from lmebridge.errors import BackendUnavailable

#: By the first R version it holds for, the versions of rpy2-rinterface whose binary loads with that R. The wheels 3.6.3
#: to 3.6.5 load with R 4.2; 3.6.6 and later need `R_getVar` and `R_ParentEnv` of R 4.5; R 4.6 needs 3.6.7 (its NEWS).
RPY2_FOR_R: tuple[tuple[tuple[int, int], str], ...] = (
    ((4, 6), ">=3.6.7"),
    ((4, 5), ">=3.6.3"),
    ((0, 0), ">=3.6.3,<3.6.6"),
)

#: How to install R where there is none.
INSTALL_R = (
    "Install R with lme4: `sudo apt-get install r-base-core r-cran-lme4` (Debian, Ubuntu); or R by `brew install r` "
    "(macOS) or from the R project's site, and in it install.packages('lme4'). Where R is not on PATH, set R_HOME."
)
#: Environment variable that names the Rscript of the worker.
RSCRIPT_VARIABLE = "LMEBRIDGE_RSCRIPT"
#: Where R's installers put Rscript, below the root: macOS's own, Homebrew's on either processor, and RStudio's builds.
USUAL_PLACES = (
    "Library/Frameworks/R.framework/Resources/bin/Rscript",
    "opt/homebrew/bin/Rscript",
    "usr/local/bin/Rscript",
    "opt/R/*/bin/Rscript",
)


@dataclass(frozen=True)
class Home:
    """What there is to start R with.

    Attributes
    ----------
    path : str
        R's home folder; empty where there is no R.
    r_version : str
        R's version, such as ``"4.2.2"``; empty where unknown.
    rpy2_version : str
        The version of rpy2's R interface; empty where it is not installed.
    """

    path: str
    r_version: str
    rpy2_version: str

    @property
    def problem(self) -> tuple[str, str] | None:
        """Why R cannot be started from here and how to fix it; None where nothing speaks against it."""
        if not self.path:
            return "R was not found", INSTALL_R
        if not self.rpy2_version:
            return "rpy2 is not installed", install_rpy2(self.r_version)
        if not loads(self.rpy2_version, self.r_version):
            reason = f"rpy2 {self.rpy2_version} does not load with R {self.r_version}"
            return reason, install_rpy2(self.r_version)
        return None


def find() -> Home:
    """What there is to start R with, from R_HOME, the PATH and the packages installed.

    Examples
    --------
    >>> isinstance(find().path, str)
    True
    """
    path = os.environ.get("R_HOME", "") or _home_of_executable()
    return Home(path, _r_version(path), find_rpy2())


def _home_of_executable() -> str:
    executable = shutil.which("R")
    if executable is None:
        return ""
    answer = subprocess.run([executable, "RHOME"], capture_output=True, text=True, check=False)  # noqa: S603 - R itself
    lines = [line for line in answer.stdout.splitlines() if line and not line.startswith("WARNING")]
    return lines[0].strip() if lines else ""


def find_rscript() -> str:
    """The Rscript that the worker runs: what LMEBRIDGE_RSCRIPT names, R_HOME's, the PATH's, or one in a usual place.

    Examples
    --------
    >>> isinstance(find_rscript(), str)
    True
    """
    named = os.environ.get(RSCRIPT_VARIABLE, "")
    if named:
        return shutil.which(named) or ""
    home = os.environ.get("R_HOME", "")
    of_home = shutil.which("Rscript", path=str(Path(home, "bin"))) if home else None
    return of_home or shutil.which("Rscript") or _in_usual_places()


def _in_usual_places() -> str:
    places = (path for pattern in USUAL_PLACES for path in sorted(Path("/").glob(pattern), reverse=True))
    return next((str(path) for path in places if os.access(path, os.X_OK)), "")


def rscript_problem() -> tuple[str, str] | None:
    """Why the worker cannot be started from here and how to fix it; None where nothing speaks against it."""
    if os.name != "posix":
        return "the worker door needs a POSIX system", "On Windows use rpy2, or run Python and R in WSL."
    if find_rscript():
        return None
    named = os.environ.get(RSCRIPT_VARIABLE, "")
    if named:
        return f"{RSCRIPT_VARIABLE} is {named!r}, {_no_program(named)}", "Name R's Rscript there, or unset it."
    return "Rscript was not found", INSTALL_R


def _no_program(named: str) -> str:
    """What is wrong with the name of a program that cannot be run."""
    path = Path(named)
    if path.is_dir():
        return "which is a folder and no program that can be run"
    if path.exists():
        return "which is no program that can be run: it is not marked as one (chmod +x)"
    return "which is no program that can be run: there is no such file"


def rscript() -> str:
    """As `find_rscript`; raises `BackendUnavailable` where there is none."""
    problem = rscript_problem()
    if problem is not None:
        raise BackendUnavailable.because("lme4", *problem)
    return find_rscript()


def _r_version(path: str) -> str:
    description = Path(path, "library", "base", "DESCRIPTION")
    if not path or not description.is_file():
        return ""
    found = re.search(r"^Version: *(\S+)", description.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def find_rpy2() -> str:
    if util.find_spec("rpy2") is None:
        return ""
    for distribution in ("rpy2-rinterface", "rpy2"):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return ""


def numbers(version: str) -> tuple[int, ...]:
    """Numbers of a version, for comparing.

    Examples
    --------
    >>> numbers("1.1-31") < numbers("2.0-6")
    True
    """
    return tuple(int(part) for part in re.findall(r"\d+", version))


def rpy2_range(r_version: str) -> str:
    """Versions of rpy2-rinterface that load with an R version, as pip spells them.

    Examples
    --------
    >>> rpy2_range("4.2.2")
    '>=3.6.3,<3.6.6'
    >>> rpy2_range("4.6.0")
    '>=3.6.7'
    """
    version = numbers(r_version)[:2] or (9, 9)
    return next(required for since, required in RPY2_FOR_R if version >= since)


def loads(rpy2_version: str, r_version: str) -> bool:
    """Whether an rpy2 is known to load with an R; True where R's version is unknown.

    Examples
    --------
    >>> loads("3.6.5", "4.2.2"), loads("3.6.7", "4.2.2"), loads("3.6.5", "4.6.0")
    (True, False, False)
    """
    if not r_version:
        return True
    version = numbers(rpy2_version)
    for condition in rpy2_range(r_version).split(","):
        limit = numbers(condition)
        if (condition.startswith(">=") and version < limit) or (condition.startswith("<3") and version >= limit):
            return False
    return True


def install_rpy2(r_version: str) -> str:
    """The line that installs the rpy2 that loads with an R version.

    Examples
    --------
    >>> install_rpy2("4.2.2")
    "With R 4.2.2, run: pip install 'rpy2-rinterface>=3.6.3,<3.6.6'"
    """
    with_r = f"With R {r_version}, run" if r_version else "Run"
    return f"{with_r}: pip install 'rpy2-rinterface{rpy2_range(r_version)}'"


def unavailable(reason: str, remedy: str) -> BackendUnavailable:
    """Error that says why R cannot be reached, with the table of versions that go together."""
    table = "; ".join(f"R {major}.{minor} and later: {spec}" for (major, minor), spec in RPY2_FOR_R if major)
    table += f"; earlier R: {RPY2_FOR_R[-1][1]}"
    return BackendUnavailable.because(
        "lme4", reason, f"{remedy.removesuffix('.')}. Versions of rpy2-rinterface that load with R: {table}."
    )
