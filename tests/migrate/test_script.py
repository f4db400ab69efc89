"""Whole scripts: comments, names, copies, what is left and why, and that nothing crashes or hangs."""

from __future__ import annotations

import ast
import cProfile
import pstats

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmebridge.migrate import translate
from lmebridge.migrate.errors import MigrationError
from lmebridge.migrate.script import INTERNAL

#: Programs and their whole translation.
PROGRAMS = {
    "comments and blank lines stay": (
        "# why\nx <- 3 # trailing\n\n## Part two\ny <- x^2\ny\n",
        "# why\nx = 3  # trailing\n\n## Part two\ny = x**2\nprint(y)\n",
    ),
    "names with points, and names that are taken": (
        "my.data <- 1\nmy_data <- 2\nlambda <- 3\nlist <- 4\nnp <- 5\n",
        "my_data = 1\nmy_data_ = 2\nlambda_ = 3\nlist_ = 4\nnp_ = 5\n",
    ),
    "a copy where one is changed": (
        "a <- data.frame(x = c(1, 2))\nb <- a\nb$x <- 0\n",
        'import pandas as pd\n\na = pd.DataFrame({"x": [1, 2]})\nb = a.copy()\nb["x"] = 0\n',
    ),
    "no copy where none is": (
        "a <- data.frame(x = c(1, 2))\nb <- a\nb$x\n",
        'import pandas as pd\n\na = pd.DataFrame({"x": [1, 2]})\nb = a\nprint(b["x"])\n',
    ),
    "what is left stays in its place, and what needs it": (
        "x <- mystery(\n  1)\ny <- 2\nx + y\n",
        "# R: x <- mystery(\n# R:   1)\ny = 2\n# R: x + y\n",
    ),
    "functions stand apart": (
        "x <- 1\nf <- function(a) {\n  # inside\n  b <- a + 1\n\n  b * 2\n}\nf(x)\n",
        "x = 1\n\n\ndef f(a):\n    # inside\n    b = a + 1\n\n    return b * 2\n\n\nprint(f(x))\n",
    ),
    "branches": (
        "x <- 1\nif (x > 0 && x < 5) y <- 1 else if (x == 9) y <- 2 else y <- 3\n",
        "x = 1\nif x > 0 and x < 5:\n    y = 1\nelif x == 9:\n    y = 2\nelse:\n    y = 3\n",
    ),
    "library goes, a seed carries a note": (
        "library(lme4)\nset.seed(1)\n",
        (
            "import numpy as np\n\n# Note: R and Python draw different random numbers from the same seed.\n"
            "np.random.seed(1)\n"
        ),
    ),
    "cat": ('x <- 2\ncat("x is", x, "\\n")\n', 'x = 2\nprint(f"x is {x:.7g}")\n'),
    "arrow to the right": ("3 -> x\nx\n", "x = 3\nprint(x)\n"),
    "several on a line": ("x <- 1; y <- 2\n", "x = 1\ny = 2\n"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    """The whole text is as expected."""
    source, expected = PROGRAMS[name]
    assert translate(source).python == expected


def test_leftovers_have_line_and_reason():
    """The line is that of the call that has no translation, inside of a longer statement too."""
    found = translate("x <- 1\nfor (i in 1:3) {\n  x <- x + 1\n  mystery(x)\n}\n")
    (left,) = found.leftovers
    assert (left.line, left.reason) == (4, "`mystery` has no translation")
    assert not found.ok


def test_statements_say_where_each_went():
    """Every top-level statement has its lines in R and in Python; what leaves nothing has zeros."""
    found = translate("library(lme4)\n\nx <- 1\nx\nf <- function(a) a\n")
    lines = found.python.splitlines()
    places = [(one.line, one.python_line, one.python_end_line) for one in found.statements]
    assert places[0] == (1, 0, 0)
    assert [lines[first - 1] for _, first, _ in places[1:]] == ["x = 1", "print(x)", "def f(a):"]


def test_notes_are_in_the_script_and_in_the_list():
    """A quiet difference is said where it is."""
    found = translate('x <- c("b", "a")\nsort(x)\n')
    assert [note.line for note in found.notes] == [2]
    assert f"# Note: {found.notes[0].text}." in found.python


def test_how_numbers_are_written_is_noted_once():
    """The script tells it at the first place, the list at every one; what concerns a place stands at each."""
    found = translate("x <- mean(c(0.1, 0.35))\nround(x, 1)\nround(x, 2)\nprint(round(x, 3))\n")
    assert [note.line for note in found.notes] == [2, 3, 4]
    assert found.python.count("# Note: ") == 1


def test_sourced_scripts_are_included(tmp_path):
    """A script that is beside this one is put in place; one that sources itself is not followed for ever."""
    (tmp_path / "other.R").write_text("z <- 5 # from there\nsource('other.R')\n", encoding="utf-8")
    found = translate('source("other.R")\nz + 1\nsource("gone.R")\n', folder=tmp_path)
    assert "z = 5" in found.python
    assert "print(z + 1)" in found.python
    reasons = [f"the script `{name}.R` is not beside this one" for name in ("other", "gone")]
    assert [left.reason for left in found.leftovers] == reasons


@pytest.mark.parametrize(
    ("source", "place"),
    [("x <- 1\ny <- (2 +\n", "line 2, column 6"), ("x <- 1 2\n", "line 1, column 8"), ("x <- )\n", "line 1, column 6")],
)
def test_syntax_errors_give_line_and_column(source, place):
    """R cannot read such a script either."""
    with pytest.raises(MigrationError, match=place):
        translate(source)


@pytest.mark.parametrize("depth", [55, 90, 400])
def test_deep_expressions_are_translated_or_listed(depth):
    """Neither a long sum nor nested calls exhaust Python's stack."""
    for source in (" + ".join(["1"] * depth), "sqrt(" * min(depth, 90) + "1" + ")" * min(depth, 90)):
        try:
            found = translate(source)
        except MigrationError:
            continue
        assert found.python
        ast.parse(found.python)


_PIECES = st.sampled_from(
    [
        *("x", "d$y", "d", "1", "'a'", "NULL", "NA", "T", "m", "f(x)", "c(1, 2)", "function(a) a", "d[1, ]", "-x"),
        *("y ~ x", "mean(x)", "lmer(y ~ x + (1 | g), d)", "ranef(m)[[1]]", "list(a = 1)", "d[['y']]", "1:3", "{ 2 }"),
    ]
)
_JOINS = st.sampled_from(["{} + {}", "{} <- {}", "{}[{}]", "{}$z <- {}", "c({}, {})", "{} %in% {}", "{} %>% head({})"])
_JOINS |= st.sampled_from(["if ({}) {}", "for (i in {}) {}", "sapply({}, {})", "data.frame(a = {}, b = {})", "{}({})"])
_STATEMENTS = st.builds(lambda join, left, right: join.format(left, right), _JOINS, _PIECES, _PIECES)


@settings(max_examples=120, deadline=None)
@given(st.lists(_STATEMENTS, min_size=1, max_size=4))
def test_any_program_is_translated_or_listed(lines):
    """Whatever R can read becomes Python that can be read, or is listed with a reason of its own."""
    try:
        found = translate("\n".join(lines))
    except MigrationError:
        return
    ast.parse(found.python)
    assert not [left for left in found.leftovers if left.reason.startswith(INTERNAL)]


def test_work_grows_with_the_lines():
    """Four times the lines are four times the calls of functions, not sixteen times."""

    def calls(lines: int) -> int:
        source = "d <- read.csv('d.csv')\n" + "d$z <- ifelse(d$x > 2, log(d$y), mean(d$y, na.rm = TRUE))\n" * lines
        profile = cProfile.Profile()
        profile.runcall(translate, source)
        return pstats.Stats(profile).total_calls

    calls(1)  # what is made once is made
    assert calls(200) < 4.4 * calls(50)  # in proportion, and a tenth more: the garbage collector's visits are counted


COMMENTED = """library(lme4) # models
x <- c(1, 2) # two numbers
y <- x + 1; z <- y # last
d <- read.csv("d.csv") |> # read
  # keep the big ones
  subset(a > 1)
eval(parse(text = "1")) # left
"""


def test_comments_stay_by_their_statements():
    """A comment beside a short statement stays beside it, one within a statement goes before it; none is lost."""
    lines = translate(COMMENTED).python.splitlines()
    assert "x = [1, 2]  # two numbers" in lines
    assert "z = y  # last" in lines
    assert "# models" in lines
    before = lines[: next(place for place, line in enumerate(lines) if line.startswith("d = "))]
    assert [line for line in before if "read" in line or "keep" in line][-2:] == ["# read", "# keep the big ones"]
    assert lines[-1] == "# left"
