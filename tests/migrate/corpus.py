"""The scripts of fixtures/scripts, what of them is declared to be left, and how they are run here."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lmebridge.migrate import translate
from lmebridge.migrate.command import read_source
from lmebridge.migrate.proof.programs import copied
from lmebridge.migrate.proof.runner import run_script

if TYPE_CHECKING:
    from lmebridge.migrate import Translation
    from lmebridge.migrate.proof.runner import PythonRun

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCRIPTS = FIXTURES / "scripts"
#: Every script that is to be translated; those of `left` and `wrong` are not.
CORPUS = sorted(path.name for path in SCRIPTS.iterdir() if path.suffix in {".R", ".Rmd", ".qmd"})


def text_of(path: Path) -> str:
    """A script's text as the command reads it."""
    return read_source(path)[0]


@cache
def translated(name: str) -> Translation:
    """The translation of a script of the corpus, or of `left/`."""
    path = SCRIPTS / name
    return translate(text_of(path), name=path.name, folder=path.parent)


@cache
def declared(file: str) -> dict[str, list[tuple[int, str]]]:
    """By script, the lines that are declared to be left, with a word of the reason."""
    with (SCRIPTS / file).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        name: [(int(row["line"]), row["reason"]) for row in rows if row["script"] == name]
        for name in dict.fromkeys(row["script"] for row in rows)
    }


def pairs(found: Translation) -> list[tuple[int, int, int, int]]:
    """Where each statement went, as the check takes it."""
    return [(one.line, one.end_line, one.python_line, one.python_end_line) for one in found.statements]


def run_here(text: str, name: str, folder: Path, *, limit: float) -> PythonRun:
    """Run a translation in this process: starting Python for each of them is most of the time."""
    with copied(folder, text) as work, pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        patch.setenv("MPLBACKEND", "Agg")
        (work / name).write_text(text, encoding="utf-8")
        return run_script(work / name)


def data_folder(place: Path) -> Path:
    """A folder with every file that the scripts read."""
    for folder in (FIXTURES / "data", SCRIPTS / "data"):
        for path in folder.iterdir():
            if path.suffix in {".csv", ".dta"}:
                (place / path.name).symlink_to(path.resolve())
    return place
