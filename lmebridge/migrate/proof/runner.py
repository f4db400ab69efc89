"""Runs a Python script statement by statement and writes down what it shows; a program of its own.

``python -m lmebridge.migrate.proof.runner SCRIPT.py RESULT`` runs the script in the working folder. RESULT is a pickle
of a `PythonRun`, read only by the process that started this one.
"""

from __future__ import annotations

import ast
import builtins
import pickle
import sys
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.proof.models import SeenModel, named_models, seen
from lmebridge.migrate.proof.shown import Cell, cells

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class PythonStatement:
    """A top-level statement that was run: its lines, what it printed, and the models it assigned."""

    line: int
    end_line: int
    shown: tuple[Cell, ...]
    models: dict[str, SeenModel]


@dataclass(frozen=True)
class PythonRun:
    """What a script showed; `error` is the last lines of the traceback, empty where it ran to its end."""

    statements: tuple[PythonStatement, ...]
    error: str = ""


def run_script(path: Path, variables: dict[str, Any] | None = None) -> PythonRun:
    """Run a script in this process.

    Parameters
    ----------
    path : pathlib.Path
        The script.
    variables : dict, optional
        Where it leaves its variables.

    Returns
    -------
    PythonRun
        What it showed, up to the statement that failed if one did.
    """
    source = path.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {} if variables is None else variables
    namespace |= {"__name__": "__main__", "__file__": str(path)}
    done: list[PythonStatement] = []
    try:
        for node in ast.parse(source, str(path)).body:
            done.append(run_statement(node, namespace, str(path)))  # noqa: PERF401 - what ran before an error counts
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the script's own error, repeated as it is
        return PythonRun(tuple(done), _said(error, str(path), source))
    return PythonRun(tuple(done))


def _said(error: BaseException, name: str, source: str) -> str:
    """An exception with the script's own line where it came up."""
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    words = traceback.format_exception_only(error)[-1].strip()
    if not lines:
        return words
    code = source.splitlines()[lines[-1] - 1].strip()
    return f"{name}, line {lines[-1]}, `{code}`: {words}"


def run_statement(node: ast.stmt, namespace: dict[str, Any], name: str) -> PythonStatement:
    """Run one statement with a `print` that takes down what it is given."""
    before = models_in(namespace)
    noted: list[Cell] = []
    builtins.print, original = _noting(noted, builtins.print), builtins.print
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(ast.Module([node], []), name, "exec"), namespace)  # noqa: S102 - the script itself
    finally:
        builtins.print = original
    found = {
        title: model
        for title, fit in models_in(namespace).items()
        if before.get(title) is not fit and (model := seen(fit))
    }
    return PythonStatement(node.lineno, node.end_lineno or node.lineno, tuple(noted), found)


def _noting(noted: list[Cell], original: Callable[..., None]) -> Callable[..., None]:
    def note(*values: Any, **options: Any) -> None:
        for value in values:
            noted.extend(cells(value))
        original(*values, **options)

    return note


def models_in(namespace: dict[str, Any]) -> dict[str, Any]:
    """Every fitted model of a namespace by its name."""
    return {title: fit for name, value in list(namespace.items()) for title, fit in named_models(name, value)}


def main(script: str, result: str) -> None:
    """Run a script and write what it showed."""
    found = run_script(Path(script))
    Path(result).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    # Under its own name, so that what is pickled is not of `__main__`.
    from lmebridge.migrate.proof import runner  # noqa: PLW0406

    runner.main(*sys.argv[1:])
