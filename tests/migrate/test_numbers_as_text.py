"""Numbers and truth values in texts: written as R writes them, `NA` where R writes that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.migrate import translate
from lmebridge.migrate.number_text import written_number
from lmebridge.migrate.rounding import rounded_in_r
from tests.judge import run_r
from tests.migrate.frames import black_quotes, differences, judged, python_of, run_python

if TYPE_CHECKING:
    from pathlib import Path

START = """
d <- data.frame(
  g = c("b", "a", "c", NA, "a"),
  h = c("u", "v", NA, "v", "v"),
  x = c(3, 1, NA, 10, 2.5),
  y = c(10, -20, 30, 40, 50),
  b = c(TRUE, NA, FALSE, TRUE, TRUE)
)
d$f <- factor(d$x)
u <- c(3, NA, 0.1)
"""
CASES = {
    "column": "as.character(d$x)",
    "computed column": "as.character(d$y / 4)",
    "thirds": "as.character(d$y / 3)",
    "truth values": "as.character(d$b)",
    "comparison": "as.character(d$x > 2)",
    "factor of numbers": "as.character(d$f)",
    "vector": "as.character(u)",
    "mean": "as.character(mean(d$y) + 0.1 + 0.2)",
    "whole mean": "as.character(mean(d$y))",
    "round number": "as.character(100000)",
    "small number": "as.character(0.0001)",
    "levels": "levels(d$f)",
    "paste of a column": "paste(d$x)",
    "paste of text": 'paste(d$g, d$h, sep = "_")',
    "paste of text and numbers": 'paste0(d$g, "-", d$x)',
    "paste of truth values": "paste(d$b, d$y > 20)",
    "paste of a factor": 'paste("level", d$f)',
    "paste of a mean": 'paste("mean", mean(d$y), "of", nrow(d))',
    "paste of a share": 'paste("share", mean(d$y) / 7)',
    "paste of a constant": "paste(1/3 + 1, 100000, 1e-5, 123456, TRUE)",
    "paste of nothing": 'paste("a", NULL, "b")',
    "paste of a rounded number": 'paste("slope", round(-0.003 * mean(d$y), 0), round(mean(d$y) / 7, 2))',
    "collapsed constants": 'paste(c(1e5, 0.5, 1e-4), collapse = "+")',
    "sprintf of constants": 'sprintf("%s %s %s %5s|%-6s|", 1e5, TRUE, 1/4, 2, "a")',
    "sprintf in a width": 'sprintf("%8s|%-8s|", mean(d$y) / 3, round(mean(d$y) / 3, 1))',
    "collapsed": 'paste(d$x, collapse = ",")',
    "collapsed pairs": 'paste0(d$g, d$h, collapse = "|")',
    "collapsed condition": 'paste(d$y > 20, collapse = " ")',
    "collapsed vector": 'paste(c(1, 2.5, 3), collapse = "+")',
    "positions": 'paste0("x", 1:3)',
    "sprintf": 'sprintf("%s and %s", mean(d$y), "b")',
    "factor of numbers, compared": 'd$f == "3"',
    "factor of numbers, among": 'd$f %in% c("1", "10")',
    "factor of numbers, replaced": 'sub("1", "z", d$f)',
    "number among texts": 'd$y %in% c("10", "20")',
    "whole number of R": "paste(100000L, 5L)",
    "texts of stringr": 'stringr::str_c(d$g, "-", d$h)',
    "texts of stringr, all there": 'stringr::str_c("a", d$y)',
    "identical texts": 'identical(paste(d$h, "x"), paste0(d$h, " x"))',
    "identical texts with NA": "identical(as.character(d$g), d$g)",
    "texts that differ": "identical(paste(d$g), d$g)",
    "text compared with a number": "ifelse(d$g == 1, 1, 0)",
}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged(CASES, START, tmp_path_factory.mktemp("text"))


@pytest.mark.needs_r
@pytest.mark.parametrize("name", CASES)
def test_text_is_r_s(name: str, truth: dict[str, Any]) -> None:
    """Texts are the same, letter by letter."""
    python = python_of(CASES[name], START)
    assert differences(run_python(python), truth[name]) == [], python


NUMBERS = (
    0.0,
    1.0,
    -2.5,
    1 / 3,
    0.1 + 0.2,
    1e5,
    123456.0,
    1e-4,
    0.00012,
    1e15,
    1e16,
    1.5e300,
    1e-20,
    -1e5,
    2e6,
    120000.0,
)


@pytest.mark.needs_r
def test_constants_are_written_as_r_writes_them(tmp_path: Path) -> None:
    """Digits, and the choice between a number in full and a power of ten, are R's."""
    numbers = ", ".join(f"{each!r}" for each in NUMBERS)
    assert [written_number(each) for each in NUMBERS] == run_r(f"list(x = as.character(c({numbers})))", tmp_path)["x"]


REFUSED = {
    'd$y == "10"': "compares numbers with text",
    "c(d$g, d$x)": "R makes text",
    'c(TRUE, NA, "z")': "R makes text",
    'c(d$f, "a")': "`c` of a factor",
    "paste(sort(d$g), d$h)": "`paste` of these vectors",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What R turns into text in its own way is left, and the reason says why."""
    (left,) = translate(f"{START}\n{code}").leftovers
    assert REFUSED[code] in left.reason


#: R code, and how its numbers are written: with R's digits, or with a note.
WRITTEN = {
    'cat("mean", mean(d$y) / 3, "\\n")': """print(f"mean {d['y'].mean() / 3:.7g}")""",
    'cat("mean", mean(d$y) / 3, "/", nrow(d), "\\n")': """print(f"mean {d['y'].mean() / 3:.7g} / {len(d)}")""",
    'cat(d$y / 3, "\\n")': """print(*map("{:.7g}".format, d["y"] / 3))""",
    'cat("of", d$y / 3, mean(d$y) / 3, "\\n")': (
        """print("of", *map("{:.7g}".format, d["y"] / 3), "{:.7g}".format(d["y"].mean() / 3))"""
    ),
    'cat("mean", round(mean(d$y), 2), "\\n")': """print("mean", np.round(d["y"].mean(), 2))""",
    'cat("rows", nrow(d), "\\n")': """print("rows", len(d))""",
    'message("mean ", mean(d$y) / 3)': """print(f"mean {d['y'].mean() / 3:.15g}", file=sys.stderr)""",
}


@pytest.mark.parametrize("code", WRITTEN)
def test_shown_numbers_have_r_s_digits(code: str) -> None:
    """`cat` shows 7 digits of a computed number, a message has 15."""
    python = translate(f"{START}\n{code}").python
    assert black_quotes(python.splitlines()[-1]) == black_quotes(WRITTEN[code])


#: R code, and what its note says; nothing where Python cannot differ.
NOTED = {
    'paste("mean", mean(d$y))': '"1e+05"',
    'sprintf("mean %s", mean(d$y))': '"1e+05"',
    'paste(d$y, collapse = "+")': '"1e+05"',
    "as.character(mean(d$y))": '"1e+05"',
    'paste("rows", nrow(d))': "",
    'paste("level", 3)': "",
    'f <- function(x) paste("value", x)': "15 digits",
    "round(mean(d$y), 1)": "a 5 at the end",
    "round(d$y / 3, 2)": "a 5 at the end",
    "round(0.15, 1)": "a 5 at the end",
    "round(c(0.5, 2.675), 2)": "a 5 at the end",
    "round(c(1.234, 0.25), 1)": "",
    "round(d$y)": "",
    "round(d$y, -1)": "",
    "round(nrow(d), 2)": "",
    "signif(mean(d$y), 2)": "a 5 at the end",
}


@pytest.mark.parametrize("code", NOTED)
def test_what_r_may_write_otherwise_is_noted(code: str) -> None:
    """A computed number in a text, and one that is rounded to digits behind the point, carry a note; others do not."""
    notes = [note.text for note in translate(f"{START}\n{code}").notes[len(translate(START).notes) :]]
    assert (NOTED[code] in " ".join(notes)) if NOTED[code] else not notes


@pytest.mark.needs_r
def test_rounding_is_r_s(tmp_path: Path) -> None:
    """R's rounding of every number with a 5 behind one, two or three digits is known."""
    numbers = [(float(f"{place * 10 + 5}e-{digits + 1}"), digits) for digits in (1, 2, 3) for place in range(400)]
    calls = ", ".join(f"round({one!r}, {digits})" for one, digits in numbers)
    assert [rounded_in_r(*each) for each in numbers] == run_r(f"list(x = c({calls}))", tmp_path)["x"]


def test_a_column_of_unknown_kind_is_compared_as_text() -> None:
    """A column of a file may be numbers: compared with digits in quotes it is compared as text, as R does."""
    found = translate('d <- read.csv("d.csv")\nd[d$group == "1", ]')
    assert 'd["group"].convert_dtypes().astype("string") == "1"' in found.python
