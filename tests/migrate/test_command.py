"""`lmebridge migrate`: what it writes, what it says, how it ends, and what it refuses."""

from __future__ import annotations

import pytest

from lmebridge.cli import main

GOOD = "x <- 1\nx\n"
LEFT = "x <- mystery(1)\ny <- 2\n"


@pytest.fixture
def script(tmp_path):
    """Writes a script, and gives its path."""

    def write(content: str | bytes, name: str = "a.R"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_prints_the_script(script, capsys):
    """Without -o the Python script goes to the standard output, what is said of it beside that."""
    assert main(["migrate", str(script(GOOD))]) == 0
    shown = capsys.readouterr()
    assert shown.out == "x = 1\nprint(x)\n"
    assert "a.R: 2 of 2 statements translated" in shown.err


def test_writes_the_file_once(script, tmp_path, capsys):
    """The output is not overwritten without --force."""
    target = tmp_path / "a.py"
    assert main(["migrate", str(script(GOOD)), "-o", str(target)]) == 0
    target.write_text("mine", encoding="utf-8")
    assert main(["migrate", str(script(GOOD)), "-o", str(target)]) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "mine"
    assert main(["migrate", str(script(GOOD)), "-o", str(target), "--force"]) == 0
    assert target.read_text(encoding="utf-8") == "x = 1\nprint(x)\n"


def test_what_is_left_is_listed(script, tmp_path, capsys):
    """Exit status 1, with line and reason; --strict writes nothing then."""
    target = tmp_path / "a.py"
    assert main(["migrate", str(script(LEFT)), "-o", str(target), "--strict"]) == 1
    assert not target.exists()
    assert main(["migrate", str(script(LEFT)), "-o", str(target)]) == 1
    assert "a.R:1: left as a comment: `mystery` has no translation" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "# R: x <- mystery(1)\ny = 2\n"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("x <- 1 2\n", "a.R", "line 1, column 8"),
        ("import os\n", "a.py", "Python file"),
        ("use data.dta\n", "a.do", "Stata file"),
        (b"\x00\x01\x02", "a.R", "binary"),
        ("\n \n", "a.R", "empty"),
        ("Only prose.\n", "a.Rmd", "no R code"),
    ],
)
def test_what_is_no_r_is_refused(script, capsys, content, name, words):
    """One message that says what the file is."""
    assert main(["migrate", str(script(content, name))]) == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_there_is_refused(tmp_path, capsys):
    """The message names it."""
    assert main(["migrate", str(tmp_path / "gone.R")]) == 2
    assert "gone.R cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x <- 'é'\n".encode("latin-1"), "read as Latin-1"),
        (b"\xef\xbb\xbf" + "x <- 'é'\r\n".encode(), ""),
        ("x <- 'é'\n".encode("utf-16"), ""),
    ],
    ids=["Latin-1", "byte order mark and CR LF", "UTF-16"],
)
def test_encodings(script, capsys, content, said):
    """Text is read in the encoding that it is in."""
    assert main(["migrate", str(script(content))]) == 0
    shown = capsys.readouterr()
    assert shown.out == 'x = "é"\n'
    assert said in shown.err


def test_old_pandas_is_named(script, capsys, monkeypatch):
    """With pandas 2 the script would mean something else: that is said, and nothing is proved with it."""
    monkeypatch.setattr("lmebridge.migrate.command.version", lambda name: "2.3.3")
    remedy = "the script is for pandas 3 or later, and 2.3.3 is installed here"
    assert main(["migrate", str(script(GOOD))]) == 0
    assert remedy in capsys.readouterr().err
    assert main(["migrate", str(script(GOOD)), "--check"]) == 2
    assert f"nothing was run: {remedy}" in capsys.readouterr().err
