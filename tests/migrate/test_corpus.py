"""Scripts in many hands: each is translated, reads well, runs, and gives the numbers that R gives."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from lmebridge.errors import LmebridgeError
from lmebridge.migrate import translate
from lmebridge.migrate.check import check
from tests.migrate.corpus import (
    CORPUS,
    SCRIPTS,
    data_folder,
    declared,
    pairs,
    run_here,
    text_of,
    translated,
)

#: Run with R live: R Markdown with base R in it, and Latin-1 with CR LF.
LIVE = ("growth_orthodont.Rmd", "taille_latin1.R")
#: Run without R: crossed, nested and contextual models, centring, missing values, factors, profiles.
WITHOUT_R = (
    "pastes_nested.R",
    "hsb_contextual_magrittr.R",
    "merge_pupils_schools.R",
    "missing_values.R",
    "recode_factors.R",
    "growth_orthodont.Rmd",
)
with (SCRIPTS / "wrong" / "expected.csv").open(encoding="utf-8", newline="") as _lines:
    WRONG = {row["script"]: (int(row["line"]), int(row["column"])) for row in csv.DictReader(_lines)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with every file that the scripts read."""
    return data_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture
def here(monkeypatch):
    """Translations run in this process."""
    monkeypatch.setattr("lmebridge.migrate.check.run_python", run_here)


def test_the_corpus_is_large_and_judged():
    """There are 25 scripts at least, and each has R's own record, made from the script as it is."""
    assert len(CORPUS) >= 25
    for name in CORPUS:
        record = json.loads(golden_of(name).read_text(encoding="utf-8"))
        lines = text_of(SCRIPTS / name).splitlines()
        for statement in record["statements"]:
            first = statement["code"][0].splitlines()[0]
            assert first in lines[statement["line"][0] - 1], f"{name}: run `make goldens`"
            assert statement["error"] == []


def golden_of(name):
    """R's record of a script."""
    return SCRIPTS / "goldens" / f"{name.rpartition('.')[0]}.json"


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_is_left_but_what_is_declared(name):
    """Every statement is translated; what is not is declared in not_yet.csv, line by line."""
    left = [leftover.line for leftover in translated(name).leftovers]
    assert left == [line for line, _ in declared("not_yet.csv").get(name, [])], translated(name).leftovers


@pytest.mark.parametrize("name", sorted(declared("left/expected.csv")))
def test_what_cannot_be_translated_is_listed(name):
    """What no translation can promise stays as a comment at its place and is listed with its reason."""
    found = translated(f"left/{name}")
    expected = declared("left/expected.csv")[name]
    left = {leftover.line: leftover.reason for leftover in found.leftovers}
    assert sorted(left) == [line for line, _ in expected]
    assert all(word in left[line] for line, word in expected), left
    for leftover in found.leftovers:
        assert f"# R: {leftover.code.splitlines()[0]}" in found.python
    compile(found.python, name, "exec")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_r_is_refused(name):
    """A file that is no R is refused with the place where it stops being R."""
    line, column = WRONG[name]
    with pytest.raises(LmebridgeError, match=rf"line {line}\b.*column {column}\b"):
        translate(text_of(SCRIPTS / "wrong" / name), name=name)


def test_the_output_passes_ruff(tmp_path):
    """Ruff finds nothing in the translations, and would not format them otherwise."""
    for name in CORPUS:
        (tmp_path / f"{name.rpartition('.')[0]}.py").write_text(translated(name).python, encoding="utf-8")
    for command in (["check", "--select", "E4,E7,E9,F,I,UP,B,SIM,C4,PIE"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path)]
        done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", CORPUS)
def test_the_numbers_are_rs(name, folder):
    """The translation runs, and every model and printed value is that of R's record."""
    found = check(
        SCRIPTS / name, translated(name).python, pairs(translated(name)), folder=folder, golden=golden_of(name)
    )
    undeclared = undeclared_misses(found, {line for line, _ in declared("not_yet.csv").get(name, [])})
    assert not found.problems, str(found)
    assert not undeclared, str(found)


def undeclared_misses(found, lines):
    """What misses besides the statements that are declared to be left."""
    misses = [] if found.printed is None else found.printed.misses.to_dict("records")
    rows = [row for row in misses if row["line"] not in lines]
    models = [report.title for report in found.models if not report.ok]
    return rows + [title for title in models if not any(f"(line {line})" in title for line in lines)]


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", LIVE)
def test_the_numbers_are_rs_now(name, folder):
    """With R run beside it, the translation agrees with R."""
    found = check(SCRIPTS / name, translated(name).python, pairs(translated(name)), folder=folder, limit=120)
    assert found.ok, str(found)


@pytest.mark.slow
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", WITHOUT_R)
def test_the_numbers_are_rs_without_r(name, folder, monkeypatch):
    """By the package's own solver the models are R's at the referee's tolerances, what is printed to a thousandth."""
    monkeypatch.setenv("LMEBRIDGE_BACKEND", "native")
    found = check(
        SCRIPTS / name, translated(name).python, pairs(translated(name)), folder=folder, golden=golden_of(name)
    )
    assert found.ok, str(found)
    engines = {seen.fit.record.source.engine for one in found.found for seen in one.models.values()}
    assert engines == {"native"}
