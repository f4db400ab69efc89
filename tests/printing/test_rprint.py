"""R's layout of vectors, matrices and data frames, held to R."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from lmebridge.printing.rformat import Options, format_numbers
from lmebridge.printing.rprint import cat_fill, data_frame, matrix, named_vector, ranef_text

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """
set.seed(11)
word <- function() paste(sample(c(letters, "\\u00e9", "\\u5b66", " "), sample(12L, 1L), TRUE), collapse = "")
words <- function(n) replicate(n, word())
one <- function(i) {
  options(width = sample(c(30L, 60L, 80L, 120L), 1L))
  rows <- sample(5L, 1L)
  columns <- sample(12L, 1L)
  cells <- matrix(words(rows * columns), rows, dimnames = list(make.unique(words(rows)), words(columns)))
  x <- round(rnorm(columns) * 10^sample(-3:5, 1L), sample(0:4, 1L))
  frame <- as.data.frame(matrix(round(rnorm(rows * columns) * 10^sample(-3:5, rows * columns, TRUE), 4), rows))
  list(
    width = getOption("width"), rows = I(rownames(cells)), names = I(colnames(cells)),
    cells = lapply(seq_len(columns), function(j) I(unname(cells[, j]))),
    left = I(capture.output(print(cells, quote = FALSE))),
    right = I(capture.output(print(cells, quote = FALSE, right = TRUE))),
    x = I(x), vector = I(capture.output(print(setNames(x, colnames(cells))))),
    gap = I(capture.output(print(format(setNames(x, colnames(cells))), print.gap = 2L, quote = FALSE))),
    frame = lapply(unname(as.list(frame)), I), frame_text = I(capture.output(print(frame))),
    items = I(colnames(cells)), filled = I(capture.output(cat(colnames(cells), fill = TRUE)))
  )
}
lapply(1:300, one)
"""


@pytest.mark.needs_r
def test_random_layouts_are_rs(run_r: Callable[..., Any]) -> None:
    """On 300 drawn tables, also of accented and of wide characters, every line is R's at every width."""
    for drawn in run_r(PROGRAM):
        width, names, rows = drawn["width"], drawn["names"], drawn["rows"]
        for side in ("left", "right"):
            assert matrix(drawn["cells"], names, rows, right=side == "right", width=width) == drawn[side]
        texts = format_numbers(drawn["x"])
        assert named_vector(texts, names, width=width) == drawn["vector"]
        assert named_vector(texts, names, width=width, gap=2) == drawn["gap"]
        columns = {f"V{i}": column for i, column in enumerate(drawn["frame"], start=1)}
        frame = pd.DataFrame(columns, index=range(1, len(rows) + 1))
        assert data_frame(frame, width=width) == drawn["frame_text"]
        assert cat_fill(drawn["items"], width) == drawn["filled"]


FILLED = [
    (["Number of obs: 180, groups: ", "Subject, 18"], 80, ["Number of obs: 180, groups:  Subject, 18"]),
    (["Number of obs: 2746, groups: ", "x" * 52], 80, ["Number of obs: 2746, groups:  ", "x" * 52]),
    (["Formula:", "y ~ aaaaaa + ", "    b"], 80, ["Formula: y ~ aaaaaa +      b"]),
    (["é" * 60, "x" * 20], 80, ["é" * 60 + " ", "x" * 20]),
]


@pytest.mark.parametrize(("items", "width", "lines"), FILLED)
def test_filling_counts_bytes(items: list[str], width: int, lines: list[str]) -> None:
    """R 4.2.2's cat breaks a line before an item that reaches beyond the width, counted in bytes."""
    assert cat_fill(items, width) == lines


def test_texts_and_missing_values_in_a_data_frame() -> None:
    """Texts stand to the right as numbers do; a missing text is <NA> (R 4.2.2)."""
    frame = pd.DataFrame({"x": [1.5, float("nan")], "label": ["a", None]}, index=["r1", "r2"])
    assert data_frame(frame) == ["     x label", "r1 1.5     a", "r2  NA  <NA>"]


def test_frame_without_columns_says_so() -> None:
    """R prints a sentence for a data frame without columns."""
    assert data_frame(pd.DataFrame(index=range(2))) == ["data frame with 0 columns and 2 rows"]


def test_long_frame_is_cut_off() -> None:
    """R stops after 99,999 entries and says how many rows it left out."""
    lines = data_frame(pd.DataFrame({"a": range(60_000), "b": range(60_000)}))
    assert len(lines) == 1 + 49_999 + 1
    assert lines[-1] == " [ reached 'max' / getOption(\"max.print\") -- omitted 10001 rows ]"


def test_groups_that_are_no_names_are_quoted() -> None:
    """R's `$` quotes names such as `batch:cask` with backticks; without fancy quotes the legend has straight ones."""
    frame = pd.DataFrame({"(Intercept)": [0.5]}, index=["a"])
    text = ranef_text({"batch:cask": frame}, conditional=True, options=Options(fancy_quotes=False))
    expected = ["$`batch:cask`", "  (Intercept)", "a         0.5", "", 'with conditional variances for "batch:cask" ']
    assert text.split("\n") == expected
