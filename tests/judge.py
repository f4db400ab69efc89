"""R called directly, the judge of most numbers: through ``Rscript``, with nothing of lmebridge between."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ENCODER = Path(__file__).with_name("judge.R")


class RProgramError(AssertionError):
    """The R program of a test ended with an error; the message has what R printed."""


def run_r(program: str, folder: Path, **values: Any) -> Any:
    """Run `program` with ``Rscript --vanilla`` and return its last value.

    Parameters
    ----------
    program : str
        R code. Its last expression's value comes back: lists with names as dict, without names as list,
        factors as their labels, numbers with 17 digits, and atomic vectors of length one as scalars unless they
        are wrapped as ``I(x)``.
    folder : pathlib.Path
        Where the program and its result are written; R runs there.
    **values : str, number, pathlib.Path or list of them
        Variables the program finds under these names.
    """
    assignments = "".join(f"{name} <- {r_literal(value)}\n" for name, value in values.items())
    script, result = folder / "program.R", folder / "result.json"
    script.write_text(assignments + program, encoding="utf-8")
    command = ["Rscript", "--vanilla", str(ENCODER), str(script), str(result)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RProgramError(f"{done.stdout}\n{done.stderr}")
    return json.loads(result.read_text(encoding="utf-8"))


def r_literal(value: Any) -> str:
    """R code for a plain Python value."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (list, tuple)):
        return f"c({', '.join(map(r_literal, value))})"
    return json.dumps(str(value), ensure_ascii=False) if isinstance(value, (str, Path)) else repr(value)


@cache
def pymer4_problem() -> str:
    """Why pymer4 cannot be used from here, empty when it can."""
    if importlib.util.find_spec("pymer4") is None:
        return "pymer4 is not installed"
    return "" if succeeds(sys.executable, "-c", "import pymer4.models") else "pymer4 cannot be imported"


def succeeds(*command: str) -> bool:
    """Whether a command ends well."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
