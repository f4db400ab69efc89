"""``lmebridge migrate SCRIPT.R -o OUT.py``: a script's file to a Python file, with what was left and what to know."""

from __future__ import annotations

import codecs
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from lmebridge.migrate.errors import MigrationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from lmebridge.migrate.script import Translation

OK, LEFT = 0, 1
#: The first pandas whose text columns, missing values and groups are what the written scripts mean.
OLDEST_PANDAS = 3
#: Endings of files in other languages, and the languages.
OTHER_LANGUAGES = {
    ".py": "Python",
    ".jl": "Julia",
    ".sas": "SAS",
    ".do": "Stata",
    ".sps": "SPSS",
    ".m": "MATLAB",
    ".stan": "Stan",
    ".cpp": "C++",
    ".c": "C",
    ".java": "Java",
    ".js": "JavaScript",
}
#: How files begin that hold no text, and what they are.
SIGNATURES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a packed document, such as .docx or .xlsx",
    b"\x1f\x8b": "a packed file, such as .RData or .rds",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


def configure(command: argparse.ArgumentParser) -> None:
    """What `migrate` takes."""
    add = command.add_argument
    add("script", metavar="SCRIPT", help="an R script, R Markdown, Quarto, a notebook or a saved page with R code")
    add("-o", "--output", metavar="FILE", help="where to write the Python script (default: print it)")
    add("--strict", action="store_true", help="write nothing when anything is left untranslated")
    add("--force", action="store_true", help="overwrite the output if it is there")
    add("--check", action="store_true", help="run both scripts and compare every model and every printed number")
    add("--with-test", action="store_true", help="also write a pytest file with the models' numbers beside the output")
    add("--golden", metavar="FILE", help="compare with this record of what R showed instead of running R")
    add("--report", metavar="FILE", help="write the comparison to this file as Markdown")
    add("--limit", type=float, default=600.0, metavar="SECONDS", help="stop a script after this (default: %(default)g)")
    command.epilog = (
        "The script is never run, unless --check or --with-test asks for it. Exit status 0 when everything was "
        "translated (and agrees), 1 when something is left or differs, 2 on wrong input."
    )


def run(options: argparse.Namespace) -> int:
    """Translate a file, write the result, and say what is left."""
    from lmebridge.migrate.script import translate

    source = Path(options.script)
    target = _target(options)
    _check_options(options)
    text, notes = read_source(source)
    found = translate(text, name=source.name, folder=source.parent)
    tell([*notes, *summary(found), *old_pandas()])
    if options.strict and found.leftovers:
        tell(["nothing was written, as --strict asks: every statement must be translated"])
        return LEFT
    if target is None:
        sys.stdout.write(found.python)
    else:
        _write(target, found.python)
    proven = _prove(options, source, target, found) if _asks_for_proof(options) else True
    return OK if found.ok and proven else LEFT


def _target(options: argparse.Namespace) -> Path | None:
    """The output file, which must not be there yet."""
    if options.output is None:
        if options.with_test:
            raise MigrationError("--with-test writes a test beside the Python script: say where with -o FILE")
        return None
    target = Path(options.output)
    _check_folder(target)
    if target.exists() and not options.force:
        raise MigrationError(f"{target} is there already: give another file, or --force to overwrite it")
    if target.resolve() == Path(options.script).resolve():
        raise MigrationError(f"{target} is the script itself: give another file")
    return target


def _check_folder(target: Path) -> None:
    """Refuse a file that cannot be written before anything is done."""
    if target.is_dir():
        raise MigrationError(f"{target} is a folder: give the file in it, such as {target / 'analysis.py'}")
    if not target.parent.is_dir():
        raise MigrationError(
            f"{target} cannot be written: there is no folder {target.parent}; make it, or give another"
        )


def _check_options(options: argparse.Namespace) -> None:
    """Refuse what is wrong in the options before anything is done."""
    if not options.limit > 0:
        raise MigrationError(f"--limit {options.limit:g}: give a number of seconds above 0")
    if options.report:
        _check_folder(Path(options.report))
    if options.golden:
        from lmebridge.migrate.check import read_record

        read_record(Path(options.golden))
    if _asks_for_proof(options):
        for remedy in old_pandas():
            raise MigrationError(f"nothing was run: {remedy}")


def _asks_for_proof(options: argparse.Namespace) -> bool:
    """Whether the Python script is to be run."""
    return bool(options.check or options.with_test or options.golden or options.report)


def old_pandas() -> list[str]:
    """What to say where the pandas that is installed would give the written script another meaning."""
    found = version("pandas")
    if int(found.partition(".")[0]) >= OLDEST_PANDAS:
        return []
    harm = "which makes the text 'nan' of missing text: pip install --upgrade pandas"
    return [f"the script is for pandas {OLDEST_PANDAS} or later, and {found} is installed here, {harm}"]


def read_source(source: Path) -> tuple[str, list[str]]:
    """The text of a document, and what to say about how it was read.

    Parameters
    ----------
    source : Path
        The file: UTF-8 with or without a byte order mark, UTF-16 with one, or Latin-1; any line ends.

    Returns
    -------
    tuple of str and list of str
        The text with newlines as line ends, and notes.

    Raises
    ------
    MigrationError
        If the file cannot be read, is empty or binary, or is another language's.
    """
    language = OTHER_LANGUAGES.get(source.suffix.lower())
    if language is not None:
        raise MigrationError(
            f"{source.name} is a {language} file by its name: give an R script, such as {source.stem}.R"
        )
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise MigrationError(f"{source} cannot be read: {error.strerror}") from error
    text, notes = decoded(raw, source.name)
    if not text.strip():
        raise MigrationError(f"{source.name} is empty: there is nothing to translate")
    return text, notes


def decoded(raw: bytes, name: str) -> tuple[str, list[str]]:
    """Bytes as text with newlines as line ends, and a note when they are not UTF-8."""
    notes: list[str] = []
    kind = next((what for begin, what in SIGNATURES.items() if raw.startswith(begin)), None)
    if kind is not None:
        raise MigrationError(f"{name} is {kind}: give the R code as a text file (.R, .Rmd, .qmd, .ipynb, .html, .txt)")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16", errors="replace")
    elif b"\0" in raw:
        raise MigrationError(f"{name} is a binary file: give an R script (.R, .Rmd, .qmd, .ipynb)")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            text = raw.decode("cp1252", errors="replace")
            notes.append(f"{name} is not UTF-8 (byte {error.start}): it was read as Latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def summary(found: Translation) -> Iterable[str]:
    """What is said of a translation: counts, what is left with its reason, notes."""
    done = sum(not one.left for one in found.statements)
    yield f"{found.name}: {done} of {len(found.statements)} statements translated"
    for left in found.leftovers:
        yield f"{left.title or found.name}:{left.line}: left as a comment: {left.reason}"
    for note in found.notes:
        yield f"{found.name}:{note.line}: note: {note.text}"


def tell(lines: Iterable[str]) -> None:
    """Say something beside the output."""
    for line in lines:
        sys.stderr.write(f"lmebridge: {line}\n")


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MigrationError(f"{target} cannot be written: {error.strerror}; give a file that can") from error


def _prove(options: argparse.Namespace, source: Path, target: Path | None, found: Translation) -> bool:
    """Run both scripts and compare what they show; write the test that was asked for."""
    from lmebridge.migrate.check import check, write_test

    pairs = [(one.line, one.end_line, one.python_line, one.python_end_line) for one in found.statements if not one.left]
    golden = None if options.golden is None else Path(options.golden)
    checked = check(
        source, found.python, pairs, folder=source.parent, golden=golden, limit=options.limit, refined=options.with_test
    )
    sys.stdout.write(f"{checked}\n")
    if options.report:
        _write(Path(options.report), checked.to_markdown())
    if options.with_test and target is not None:
        tell([f"wrote {write_test(checked, target, force=options.force)}"])
    return checked.ok
