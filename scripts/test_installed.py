"""Build the wheel and test it as a user gets it: in a clean environment without rpy2, away from the source.

The tests and their fixtures are copied to a folder of their own, so that what is imported is the installed package.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
#: How: files of tests are spread over the cores.
QUIETLY = ("-q", "-p", "no:cacheprovider", "-n", "auto", "--dist", "loadfile")
#: What needs neither R nor the source tree.
WITHOUT_R = ["-m", "not needs_r and not needs_pymer4 and not needs_source", *QUIETLY]

#: What shows that R in a process of its own serves the installed package.
THROUGH_WORKER = ["tests/backends/test_r.py", "tests/backends/test_doors.py", *QUIETLY]


def main() -> int:
    """Build, install, copy, test; the exit status."""
    with tempfile.TemporaryDirectory(prefix="lmebridge-installed-") as name:
        folder = Path(name)
        python = environment(folder / "venv", build(folder))
        run(python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('rpy2') is not None)")
        copy_tests(folder / "copy")
        run(python, "-m", "pytest", *WITHOUT_R, *sys.argv[1:], cwd=folder / "copy")
        if shutil.which("Rscript") is not None:  # any R serves, without rpy2
            run(python, "-m", "pytest", *THROUGH_WORKER, cwd=folder / "copy")
        run(folder / "venv" / "bin" / "lmebridge", "data", "list", cwd=folder)
    return 0


def build(folder: Path) -> Path:
    """The wheel, built from the source tree."""
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "dist", PROJECT)
    (wheel,) = (folder / "dist").glob("lmebridge-*.whl")
    return wheel


def environment(folder: Path, wheel: Path) -> Path:
    """A clean environment with the wheel and what the tests need; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[spss]", "--group", f"{PROJECT / 'pyproject.toml'}:test")
    return python


def copy_tests(folder: Path) -> None:
    """Tests, fixtures and pytest's options, without the package itself."""
    folder.mkdir()
    for name in ("tests", "fixtures", "r"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT / name, folder / name)


def run(*command: str | Path, cwd: Path = PROJECT) -> None:
    """Run a command with its output shown; it must end well."""
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
