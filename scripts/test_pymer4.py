"""Cross-check with pymer4 in an environment of its own: pymer4 0.8 works with pandas 2 only.

So the same environment shows that the package works with pandas 2 too: what reads and returns frames is tested there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ENVIRONMENT = PROJECT / ".venv-pymer4"
#: Tests of what reads and returns frames.
PANDAS_2 = (
    "test_frames",
    "evaluation/test_values",
    "test_tables",
    "design/test_modelframe",
    "datasets/test_examples",
    "test_goldens",
)
REQUIREMENTS = PROJECT / "tests" / "requirements-pymer4.txt"


def main() -> int:
    """Make the environment where it is missing or out of date, and run the tests marked for it; the exit status."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "requirements.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8") + (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = (python, "-m", "pip", "install", "--quiet")
        run(*pip, "--upgrade", "pip>=25.1")
        run(*pip, "--requirement", REQUIREMENTS, "--editable", f"{PROJECT}[spss]")
        stamp.write_text(wanted, encoding="utf-8")
    pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *sys.argv[1:])
    frames = [f"tests/{name}.py" for name in PANDAS_2]
    run(*pytest, "-m", "not needs_r and not slow", *frames)
    return run(*pytest, "tests/backends/test_pymer4.py", check=False)


def run(*command: str | Path, check: bool = True) -> int:
    """Run a command in the project with its output shown; its exit status."""
    variables = {**os.environ, "LMEBRIDGE_REQUIRE_PYMER4": "1"}
    return subprocess.run([str(part) for part in command], cwd=PROJECT, env=variables, check=check).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
