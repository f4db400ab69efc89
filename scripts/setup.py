"""Make .venv and everything in it, and R with lme4 where that may be installed.

``python3 scripts/setup.py [--tests] [--lint] [--benchmarks]``; run again it does nothing but look, in a second or two.
Without R it goes on and says what is missing: everything but the lme4 backend works. Environment variables:
``LMEBRIDGE_VENV`` names another folder than .venv; ``LMEBRIDGE_NO_R=1`` leaves R alone; ``LMEBRIDGE_REQUIRE_R=1`` makes
a missing R a failure.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENT = Path(os.environ.get("LMEBRIDGE_VENV", PROJECT / ".venv")).absolute()
PYTHON = ENVIRONMENT / "bin" / "python"
OLDEST_PYTHON = (3, 11)
#: The first pip that installs dependency groups.
OLDEST_PIP = (25, 1)

#: Debian's and Ubuntu's packages: R, lme4, what compiles rpy2; and the R packages that some tests compare with.
APT_R = ("r-base-core", "r-cran-lme4", "r-base-dev", "python3-dev")
APT_TESTS = tuple(
    f"r-cran-{name}"
    for name in (
        *("performance", "lmertest", "pbkrtest", "mlmrev"),  # what the numbers are compared with
        *("dplyr", "tidyr", "tibble", "ggplot2", "haven", "readr", "knitr"),  # what the scripts to migrate use
    )
)
#: The same where R's packages come from CRAN.
CRAN_R = ("lme4",)
CRAN_TESTS = ("performance", "lmerTest", "pbkrtest", "mlmRev")
CRAN_TESTS += ("dplyr", "tidyr", "tibble", "ggplot2", "haven", "readr", "knitr")


def main() -> int:
    """Set everything up; the exit status."""
    arguments = read_arguments()
    if sys.version_info < OLDEST_PYTHON:
        say(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or later is needed; this is {sys.version.split()[0]}.")
        return 1
    make_environment()
    groups = {"test": arguments.tests, "lint": arguments.lint, "benchmark": arguments.benchmarks}
    install_package([group for group, wanted in groups.items() if wanted])
    if os.environ.get("LMEBRIDGE_NO_R") == "1":
        say("LMEBRIDGE_NO_R=1: nothing is installed for R; what is there already is used.")
        return 0
    ready = install_r(tests=arguments.tests) and install_rpy2()
    if not ready:
        say("Without lme4 everything else works: models are fitted by statsmodels or by the package itself.")
    return int(not ready and os.environ.get("LMEBRIDGE_REQUIRE_R") == "1")


def read_arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", action="store_true", help="what the tests need too")
    parser.add_argument("--lint", action="store_true", help="what the linters need too")
    parser.add_argument("--benchmarks", action="store_true", help="what the benchmarks need too")
    return parser.parse_args()


def say(text: str) -> None:
    """Print one line at once."""
    print(f"set-up: {text}", flush=True)


def run(*command: str | Path, check: bool = True) -> int:
    """Run a command with its output shown; its exit status."""
    return subprocess.run([str(part) for part in command], check=check).returncode


def answer(*command: str | Path) -> str:
    """What a command prints, empty where it fails or is not there."""
    if shutil.which(str(command[0])) is None:
        return ""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


# --- Python -----------------------------------------------------------------------------------------------------------


def make_environment() -> None:
    """Make the virtual environment where there is none that works; a pip that knows dependency groups in it."""
    if not answer(PYTHON, "-m", "pip", "--version"):
        new_environment()
    version = re.findall(r"\d+", answer(PYTHON, "-m", "pip", "--version"))[:2]
    if tuple(map(int, version)) < OLDEST_PIP:
        run(PYTHON, "-m", "pip", "install", "--quiet", "--upgrade", f"pip>={'.'.join(map(str, OLDEST_PIP))}")


def new_environment() -> None:
    """Make the virtual environment, where need be after installing Python's venv module."""
    say(f"making {ENVIRONMENT}")
    if run(sys.executable, "-m", "venv", "--clear", ENVIRONMENT, check=False) != 0:
        say("Python's venv module is incomplete here; it comes from the system's packages")
        apt_install("python3-venv")
        run(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)


def install_package(groups: list[str]) -> None:
    """Install the package in place with its optional readers and these dependency groups, unless that is done."""
    stamp, state = ENVIRONMENT / "lmebridge-setup", fingerprint()
    done = stamp.read_text(encoding="utf-8").split() if stamp.is_file() else []
    if done[:1] == [state] and set(groups) <= set(done[1:]):
        return
    wanted = sorted({*groups, *(done[1:] if done[:1] == [state] else [])})
    say(f"installing the package{' and what its ' + ', '.join(wanted) + ' need' if wanted else ''}")
    options = [option for group in wanted for option in ("--group", f"{PROJECT / 'pyproject.toml'}:{group}")]
    run(PYTHON, "-m", "pip", "install", "--quiet", "--editable", f"{PROJECT}[spss]", *options)
    stamp.write_text(" ".join([state, *wanted]), encoding="utf-8")


def fingerprint() -> str:
    """What the environment was made from: the requirements and the place of the project."""
    return hashlib.sha256((PROJECT / "pyproject.toml").read_bytes() + str(PROJECT).encode()).hexdigest()


# --- R ----------------------------------------------------------------------------------------------------------------


def install_r(*, tests: bool) -> bool:
    """Install R and its packages where they are missing and may be installed; whether R has lme4 now."""
    packages = CRAN_R + CRAN_TESTS * tests
    missing = missing_in_r(packages)
    if missing and (apt_install(*APT_R, *APT_TESTS * tests) or brew_install(packages)):
        missing = missing_in_r(packages)
    if missing:
        say(f"{', '.join(missing)} cannot be installed from here. {HOW_TO_GET_R}")
    return not set(missing) & {"R", *CRAN_R}


HOW_TO_GET_R = (
    f"Install R (https://cran.r-project.org) and in it "
    f"install.packages(c({', '.join(map(repr, CRAN_R + CRAN_TESTS))})), "
    "then run this again."
)


def missing_in_r(packages: tuple[str, ...]) -> list[str]:
    """Which of these packages R lacks; R itself where it is not there."""
    if shutil.which("Rscript") is None:
        return ["R", *packages]
    listed = answer("Rscript", "--vanilla", "-e", "cat(rownames(installed.packages()))").split()
    return [package for package in packages if package not in listed]


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that may be done; whether it was."""
    prefix = root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        return False
    say(f"installing {' '.join(packages)} with apt-get")
    quiet = (*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")
    run(*quiet, "update", check=False)
    return run(*quiet, "install", "-y", "--no-install-recommends", *packages, check=False) == 0


def root_prefix() -> tuple[str, ...] | None:
    """What to put before a command that root must run, None where it cannot be run."""
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") is None:
        return None
    asks = sys.stdin.isatty() and os.environ.get("CI") is None
    return ("sudo",) if asks or run("sudo", "-n", "true", check=False) == 0 else None


def brew_install(packages: tuple[str, ...]) -> bool:
    """Install R with Homebrew, and its packages from CRAN into R's library; whether it was done."""
    if shutil.which("brew") is None:
        return False
    if shutil.which("Rscript") is None:
        say("installing R with Homebrew")
        run("brew", "install", "r", check=False)
    quoted = ", ".join(f"'{package}'" for package in packages)
    say(f"installing {', '.join(packages)} into R")
    install = f"install.packages(c({quoted}), repos = 'https://cloud.r-project.org')"
    return run("Rscript", "--vanilla", "-e", install, check=False) == 0


def install_rpy2() -> bool:
    """Install the rpy2 that loads with the R found; whether it loads."""
    if loads_rpy2():
        return True
    version = answer("Rscript", "--vanilla", "-e", "cat(as.character(getRversion()))")
    versions = answer(PYTHON, "-c", f"from lmebridge.backends._r_home import rpy2_range as r; print(r('{version}'))")
    if not versions:
        say("the package itself cannot be imported, so the rpy2 that goes with R is not known")
        return False
    say(f"installing rpy2 for R {version}")
    run(
        PYTHON, "-m", "pip", "install", "--quiet", f"rpy2-rinterface{versions}", f"rpy2-robjects{versions}", check=False
    )
    if loads_rpy2():
        return True
    say(f"rpy2 does not load with R {version}; `{ENVIRONMENT}/bin/lmebridge doctor` says more.")
    return False


def loads_rpy2() -> bool:
    """Whether the rpy2 installed loads with the R installed."""
    program = "import rpy2.rinterface as r; r.initr(); print('loads')"
    return answer(PYTHON, "-W", "ignore", "-c", program).endswith("loads")


if __name__ == "__main__":
    sys.exit(main())
