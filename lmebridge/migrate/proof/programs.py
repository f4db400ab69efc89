"""Both scripts run, each in a process and a folder of its own, with a limit of time."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmebridge.errors import LmebridgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lmebridge.migrate.proof.runner import PythonRun

#: What may lie beside a script and is no data of it.
LEFT_OUT = (".git", ".venv", "__pycache__", ".Rproj.user", "node_modules")
#: Bytes above which a file is linked, not copied.
LARGE = 64 * 2**20
#: Lines of an error that are repeated.
TAIL = 12


class ScriptFailed(LmebridgeError):
    """A script could not be run to its end; the message has what it said last."""


def rscript() -> str | None:
    """The program that runs R scripts; None where there is no R."""
    return shutil.which("Rscript")


def run_r(script: Path, folder: Path, *, limit: float, refined: bool = False) -> dict[str, Any]:
    """R's record of a script.

    Parameters
    ----------
    script : pathlib.Path
        The R script.
    folder : pathlib.Path
        Its working folder, which is not written to: the script runs in a copy.
    limit : float
        Seconds after which it is stopped.
    refined : bool
        Whether to find each model's refined optimum too.

    Returns
    -------
    dict
        What r/record_script.R writes.

    Raises
    ------
    ScriptFailed
        If R cannot run it, or it takes too long. A statement's error is in the record.
    """
    program = r_folder() / "record_script.R"
    with copied(folder, script.read_text(encoding="latin-1")) as work:
        copy = work / script.name
        shutil.copyfile(script, copy)
        result = work / ".record.json"
        options = ["--refined"] if refined else []
        command = [rscript() or "Rscript", "--vanilla", str(program), copy.name, result.name, *options]
        said = _run(command, work, limit, script.name)
        if not result.exists():
            raise ScriptFailed(f"R could not run {script.name}:\n{said}")
        content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return content


def r_folder() -> Path:
    """Where the package's R files are."""
    from lmebridge.backends._r import source_folder

    return source_folder()


def run_python(text: str, name: str, folder: Path, *, limit: float) -> PythonRun:
    """What a Python script shows when it is run in a copy of the folder, with no window for its figures.

    Raises
    ------
    ScriptFailed
        If it takes too long or ends the process. An exception is in the record.
    """
    with copied(folder, text) as work:
        script, result = work / name, work / ".record.pickle"
        script.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "lmebridge.migrate.proof.runner", script.name, result.name]
        said = _run(command, work, limit, name)
        if not result.exists():
            raise ScriptFailed(f"{name} could not be run:\n{said}")
        found: PythonRun = pickle.loads(result.read_bytes())  # noqa: S301 - written by the process above
    return found


def _run(command: Sequence[str], work: Path, limit: float, name: str) -> str:
    """Run a program; the end of what it said."""
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(  # noqa: S603 - the user asked for the scripts to be run
            command,
            cwd=work,
            capture_output=True,
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ScriptFailed(
            f"{name} was stopped after {limit:g} seconds; allow more with `limit` (--limit SECONDS)"
        ) from error
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-TAIL:])


@contextmanager
def copied(folder: Path, text: str) -> Iterator[Path]:
    """A temporary folder with what a script of this text may read, so that what it writes is gone with it."""
    with tempfile.TemporaryDirectory(prefix="lmebridge-") as name:
        work = Path(name)
        for entry in sorted(folder.iterdir()):
            if entry.is_file() or (entry.is_dir() and entry.name not in LEFT_OUT and entry.name in text):
                _bring(entry, work / entry.name, named=entry.name in text)
        yield work


def _bring(entry: Path, target: Path, *, named: bool) -> None:
    """Copy a file or a folder; a large file is linked, where it is named."""
    if entry.is_dir():
        target.mkdir()
        for inner in sorted(entry.iterdir()):
            _bring(inner, target / inner.name, named=True)
    elif entry.stat().st_size <= LARGE:
        shutil.copyfile(entry, target)
    elif named:
        target.symlink_to(entry.resolve())
