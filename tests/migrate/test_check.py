"""The proof: a pair of scripts that agree is found to agree, and each way of not agreeing is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from lmebridge.migrate import translate
from lmebridge.migrate.check import check, write_test
from lmebridge.migrate.proof import programs
from lmebridge.migrate.proof.judge import verdict_of
from lmebridge.migrate.proof.models import plain_name
from lmebridge.migrate.proof.runner import run_script
from lmebridge.migrate.proof.shown import Cell, cells
from lmebridge.migrate.proof.written_test import NothingToTest
from lmebridge.parity.numerals import numeral

DATA = Path(__file__).parents[2] / "fixtures" / "data"
R_LINES = """library(lme4)
d <- read.csv("sleepstudy.csv")
m <- lmer(Reaction ~ Days + (Days | Subject), d)
summary(m)
VarCorr(m)
for (x in 1:2) print(x * fixef(m)[["Days"]])
cat("slope:", round(fixef(m)[["Days"]], 2), "\\n")
fits <- list(one = lm(Reaction ~ Days, d), two = lm(Reaction ~ 1, d))
tapply(d$Reaction, d$Days > 4, mean)
plot(d$Days, d$Reaction)
"""
PYTHON_LINES = """import pandas as pd
import lmebridge as lme
d = pd.read_csv("sleepstudy.csv")
m = lme.lmer("Reaction ~ Days + (Days | Subject)", d)
print(m.summary())
print(m.VarCorr())
for x in range(1, 3):
    print(x * m.fixef()["Days"])
print("slope:", round(m.fixef()["Days"], 2))
fits = {"one": lme.lm("Reaction ~ Days", d), "two": lme.lm("Reaction ~ 1", d)}
print(d.groupby(d["Days"] > 4)["Reaction"].mean())
"""
#: R's lines and the lines of Python that came of them.
PAIRS = [
    (2, 2, 3, 3), (3, 3, 4, 4), (4, 4, 5, 5), (5, 5, 6, 6), (6, 6, 7, 8), (7, 7, 9, 9), (8, 8, 10, 10), (9, 9, 11, 11),
]  # fmt: skip
#: What is wrong with a translation, the change that makes it so, and what the check says of it.
WRONG = {
    "another model": ("(Days | Subject)", "(1 | Subject)", "formula differs"),
    "another criterion": ('Subject)", d)', 'Subject)", d, REML=False)', "REML differ"),
    "another number": ("print(x * m", "print(1.00001 * x * m", "line 6: printed"),
    "a number that is gone": ("print(m.VarCorr())", "pass", "line 5: printed"),
    "another word": ('print("slope:"', 'print("slopes:"', "'slope' and 'slopes'"),
    "another rounding": ('["Days"], 2)', '["Days"], 1)', "line 7: printed"),
    "other labels": ("> 4)[", ").map(str) + 'x')[", "line 9: printed"),
    "a model that is gone": ("fits = {", "fit = 1, {", "leaves no model for fits$one"),
    "an error": ("for x in range(1, 3)", "for x in nobody", "NameError: name 'nobody' is not defined"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the script, its data and R's record of it."""
    place = tmp_path_factory.mktemp("scripts")
    (place / "sleepstudy.csv").write_bytes((DATA / "sleepstudy.csv").read_bytes())
    (place / "sleep.R").write_text(R_LINES, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def golden(folder, tmp_path_factory):
    """R's record, made once."""
    path = tmp_path_factory.mktemp("golden") / "sleep.json"
    path.write_text(json.dumps(programs.run_r(folder / "sleep.R", folder, limit=60, refined=True)), encoding="utf-8")
    return path


@pytest.fixture
def here(monkeypatch):
    """Translations run in this process: starting Python for each of them is most of the time."""

    def run(text, name, folder, *, limit):
        with programs.copied(folder, text) as work, pytest.MonkeyPatch.context() as patch:
            patch.chdir(work)
            (work / name).write_text(text, encoding="utf-8")
            return run_script(work / name)

    monkeypatch.setattr("lmebridge.migrate.check.run_python", run)


def quick(folder, python, golden):
    """The check with R's record."""
    return check(folder / "sleep.R", python, PAIRS, folder=folder, golden=golden, limit=60)


@pytest.mark.needs_r
@pytest.mark.slow
def test_scripts_that_agree(folder):
    """A faithful translation agrees with R run beside it, in every model, number and word."""
    found = check(folder / "sleep.R", PYTHON_LINES, PAIRS, limit=60)
    assert found.ok, str(found)
    assert len(found.models) == 3
    assert found.printed.counts["holds"] == len(found.printed.table) >= 20
    assert found.against.startswith("R ")
    assert "| printed values |" in found.to_markdown()
    assert sorted(path.name for path in folder.iterdir()) == ["sleep.R", "sleepstudy.csv"]


@pytest.mark.needs_r
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", WRONG)
def test_scripts_that_do_not_agree(folder, golden, name):
    """Each way in which a translation may be wrong is found, with the line of R."""
    old, new, words = WRONG[name]
    assert old in PYTHON_LINES
    found = quick(folder, PYTHON_LINES.replace(old, new), golden)
    assert not found.ok
    assert words in str(found)


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["lme4", "native"])
def test_the_written_test_passes_in_a_folder_of_its_own(folder, golden, tmp_path, backend):
    """The test that is written passes there, by lme4 and without R, and fails when the script changes."""
    (tmp_path / "sleep.py").write_text(PYTHON_LINES, encoding="utf-8")
    (tmp_path / "sleepstudy.csv").write_bytes((folder / "sleepstudy.csv").read_bytes())
    test = write_test(quick(folder, PYTHON_LINES, golden), tmp_path / "sleep.py")
    assert test.name == "test_sleep.py"
    assert run_pytest(tmp_path, backend).returncode == 0
    (tmp_path / "sleep.py").write_text(PYTHON_LINES.replace("(Days |", "(1 |"), encoding="utf-8")
    assert run_pytest(tmp_path, backend).returncode == 1


def run_pytest(folder, backend):
    """Run pytest in a folder, as its owner would run it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    environment = os.environ | {"LMEBRIDGE_BACKEND": backend}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)


@pytest.mark.needs_r
@pytest.mark.usefixtures("here")
def test_no_test_is_written_of_nothing(folder, golden, tmp_path):
    """Without a model that agrees there is nothing to write; a test that is there is not overwritten."""
    wrong = quick(folder, PYTHON_LINES.replace("(Days |", "(1 |"), golden)
    with pytest.raises(NothingToTest, match=r"sleep\.py: expected a model"):
        write_test(wrong, tmp_path / "sleep.py")
    right = quick(folder, PYTHON_LINES, golden)
    write_test(right, tmp_path / "sleep.py")
    with pytest.raises(FileExistsError, match="--force"):
        write_test(right, tmp_path / "sleep.py")
    write_test(right, tmp_path / "sleep.py", force=True)


def test_without_r_it_says_so(folder, monkeypatch):
    """Where there is no R and no record, the check is not ok and says what to do."""
    monkeypatch.setattr(programs, "rscript", lambda: None)
    monkeypatch.setattr("lmebridge.migrate.check.rscript", lambda: None)
    found = check(folder / "sleep.R", PYTHON_LINES, PAIRS)
    assert not found.ok
    assert "there is no R on this machine" in str(found)


@pytest.mark.parametrize(("text", "words"), [("{}", "it has no script"), ("no json", "Expecting value")])
def test_a_broken_record_is_refused(folder, tmp_path, text, words):
    """A file that is no record of R is a problem, with its name."""
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    found = check(folder / "sleep.R", PYTHON_LINES, PAIRS, golden=path)
    assert not found.ok
    assert "broken.json" in str(found)
    assert words in str(found)


def test_a_script_that_takes_too_long_is_stopped(tmp_path):
    """The limit of time holds."""
    with pytest.raises(programs.ScriptFailed, match="stopped after 1 seconds"):
        programs.run_python("while True: pass", "forever.py", tmp_path, limit=1)


def test_a_script_that_ends_the_process_is_a_problem(tmp_path):
    """`sys.exit` ends the script, not the check; a killed process is told as it is."""
    assert "SystemExit" in programs.run_python("import sys; sys.exit(3)", "exit.py", tmp_path, limit=60).error
    with pytest.raises(programs.ScriptFailed, match=r"killed\.py could not be run"):
        programs.run_python("import os; os._exit(3)", "killed.py", tmp_path, limit=60)


def test_what_a_script_writes_is_gone_with_its_folder(tmp_path):
    """A script runs in a copy: it cannot change the data."""
    (tmp_path / "d.csv").write_text("x\n1\n", encoding="utf-8")
    run = programs.run_python("open('d.csv', 'w').write('gone'); open('new.csv', 'w')", "w.py", tmp_path, limit=60)
    assert run.error == ""
    assert (tmp_path / "d.csv").read_text(encoding="utf-8") == "x\n1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, [(None, "")]),
        (True, [("TRUE", "")]),
        (2, [(2.0, "")]),
        ("ICC: 0.72,", [("ICC", ""), (0.72, "")]),
        (pd.Series([1.0, float("nan")], index=["a", "b"]), [(1.0, "a"), (None, "b")]),
        (pd.DataFrame({"x": [1], "y": ["text of two"]}), [(1.0, "x"), ("text of two", "y")]),
        (pd.Categorical(["a", None]), [("a", ""), (None, "")]),
        ({"a": 1.5}, [(1.5, "a")]),
        ([[1, 2], "b"], [(1.0, ""), (2.0, ""), ("b", "")]),
        pytest.param(object(), [], id="an object"),
    ],
    ids=repr,
)
def test_what_a_value_shows(value, expected):
    """A value shows its numbers and words with labels, whatever holds them; positions are no labels."""
    found = [(getattr(cell.value, "value", cell.value), cell.label) for cell in cells(value)]
    assert found == expected


@pytest.mark.parametrize(
    ("theirs", "ours", "verdict"),
    [
        (Cell(1.0), Cell(1.0 + 5e-7), "holds"),
        (Cell(1.0), Cell(1.0 + 5e-6), "differs"),
        (Cell(0.7224567), Cell(numeral("0.722")), "holds"),
        (Cell(0.7226), Cell(numeral("0.722")), "differs"),
        (Cell(1e-17, scale=3.0), Cell(-2e-16, scale=3.0), "holds"),
        (Cell(numeral("12")), Cell(numeral("13")), "differs"),
        (Cell(numeral("0.72")), Cell(numeral("0.73")), "differs"),
        (Cell(numeral("0.72")), Cell(numeral("0.723")), "holds"),
        (Cell("slope=0.333333333333333"), Cell("slope=0.333333333333334"), "holds"),
        (Cell("sum=1.2e-17"), Cell("sum=-3e-17"), "holds"),
        (Cell("slope=0.25"), Cell("slope=0.26"), "differs"),
        (Cell("school12"), Cell("school13"), "differs"),
        (Cell("a-1"), Cell("a+1"), "differs"),
        (Cell(1e-3, scale=3.0), Cell(1.1e-3, scale=3.0), "differs"),
        (Cell(None), Cell(None), "holds"),
        (Cell(None), Cell(0.0), "differs"),
        (Cell(float("inf")), Cell(float("inf")), "holds"),
        (Cell(float("inf")), Cell(1e308), "differs"),
        (Cell("a"), Cell("b"), "differs"),
        (Cell(1.0, row="a.b"), Cell(1.0, row="a_b"), "holds"),
        (Cell(1.0, row="a"), Cell(1.0, row="b"), "differs"),
        (Cell(1.0, row="a"), Cell(1.0), "holds"),
    ],
    ids=repr,
)
def test_when_a_value_holds(theirs, ours, verdict):
    """A number holds within R's printed digits, a printed one within its rounding, words when they are equal."""
    assert verdict_of(theirs, ours, 1e-6)[0] == verdict


TABLES = """
d <- data.frame(
  g = factor(c("a", "b", "a", "b")), x = c(1.23456, NA, 10, 4), n = c(1L, 2L, 100000L, 7L), l = c(TRUE, FALSE, NA, NA)
)
knitr::kable(d)
knitr::kable(d[, 1:2], digits = 1, caption = "a table", col.names = c("group", "score"))
knitr::kable(d, format = "html")
summary(d)
m <- lm(n ~ x, d)
m
summary(d$x)
cat(paste0("sum=", sum(c(0.1, 0.2, 0.4, 0.1) - 0.2)), "\\n")
"""
#: What of them holds, by line of R, and the line of Python that would be wrong.
WRONG_TABLES = {
    "a cell": ("print(d)", "print(d.replace(10.0, 11.0))"),
    "a column": ("print(d)", "print(d[['g', 'x']])"),
    "an overview": ("print(d.describe())", "print((d[['x', 'n']] + 1).describe())"),
    "a model": ("print(m)", "print(lme.lm('n ~ 1', d))"),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A script that prints tables made of text, its translation, and R's record."""
    place = tmp_path_factory.mktemp("tables")
    (place / "tables.R").write_text(TABLES, encoding="utf-8")
    (place / "tables.json").write_text(
        json.dumps(programs.run_r(place / "tables.R", place, limit=60)), encoding="utf-8"
    )
    return place, translate(TABLES, name="tables.R")


def held_to_r(tables, python):
    """The check of the script's translation, or of one that was changed."""
    place, found = tables
    pairs = [(one.line, one.end_line, one.python_line, one.python_end_line) for one in found.statements]
    return check(place / "tables.R", python, pairs, golden=place / "tables.json", limit=60)


@pytest.mark.needs_r
@pytest.mark.usefixtures("here")
def test_tables_of_text_are_compared(tables):
    """`kable`, the summary of a frame, a printed linear model and noise in a text hold where the numbers do."""
    found = held_to_r(tables, tables[1].python)
    assert found.ok, str(found)
    assert found.printed.table.groupby("line").size().to_dict() == {5: 16, 6: 8, 8: 12, 10: 2, 11: 6, 12: 1}
    assert any("not compared: knitr::kable(d, format" in note for note in found.printed.notes)


@pytest.mark.needs_r
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", WRONG_TABLES)
def test_wrong_tables_of_text_are_found(tables, name):
    """A table with another number, another shape or other quantiles is found."""
    old, new = WRONG_TABLES[name]
    assert old in tables[1].python
    assert not held_to_r(tables, tables[1].python.replace(old, new)).ok


def test_names_of_models():
    """R's ways to name a model and Python's are one."""
    assert plain_name("fits[['a.b']]") == plain_name('fits["a_b"]') == plain_name("fits$a.b")
