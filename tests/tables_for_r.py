"""A small table with every kind of column, the same in R and in pandas, for tests that compare the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

N_ROWS = 48

#: R code that reads what `write` wrote; `folder` must be set.
READ = r"""
Sys.setlocale("LC_COLLATE", "C")
read_table <- function(folder, name) {
  file <- file.path(folder, name)
  types <- readLines(paste0(file, ".types"))
  d <- utils::read.csv(paste0(file, ".csv"), colClasses = "character", check.names = FALSE, na.strings = "NA")
  for (line in types) {
    parts <- strsplit(line, "\t", fixed = TRUE)[[1]]
    x <- d[[parts[1]]]
    levels <- if (length(parts) > 2) strsplit(parts[3], "|", fixed = TRUE)[[1]]
    d[[parts[1]]] <- switch(parts[2], numeric = as.numeric(x), integer = as.integer(x), logical = x == "True",
      character = x, factor = factor(x, levels), ordered = factor(x, levels, ordered = TRUE))
  }
  d
}
"""


def table() -> pd.DataFrame:
    """48 rows: numbers, whole numbers, truth values, text, factors and ordered factors, some with missing values."""
    row = np.arange(N_ROWS)
    random = np.random.default_rng(20240229)
    data = pd.DataFrame(
        {
            "y": random.normal(5, 2, N_ROWS).round(3),
            "x": random.uniform(0.5, 9, N_ROWS).round(2),
            "w": random.normal(0, 1, N_ROWS).round(2),
            "n": (row * 7) % 11 + 1,
            "big": random.normal(0, 1, N_ROWS).round(3) * 1e6,
            "f": pd.Categorical(np.array(list("cab"))[row % 3], categories=list("cabz")),
            "o": pd.Categorical(
                np.array(["low", "mid", "high", "top", "max"])[(row * 3) % 5],
                categories=["low", "mid", "high", "top", "max"],
                ordered=True,
            ),
            "t": np.array(["Beta", "alpha", "beta", "Gamma"], dtype=object)[(row // 2) % 4],
            "b": row % 4 == 1,
            "k": np.array([2.5, 1.0, 1e5, 0.1])[(row // 3) % 4],
            "g": row % 8,
            "h": np.array([f"s{i}" for i in (row * 5) % 6], dtype=object),
            "nested": np.array([f"c{i}" for i in (row // 8) % 3], dtype=object),
            "my var": random.normal(10, 3, N_ROWS).round(2),
            "wt": random.integers(1, 4, N_ROWS).astype(float),
        }
    )
    data["xm"] = data["x"].where(row % 13 != 3)
    data["fm"] = pd.Categorical(np.where(row % 17 == 5, None, np.array(["p", "q", "r"])[(row // 5) % 3]))
    data["tm"] = data["t"].where(row % 19 != 7, None)
    data["bm"] = pd.array(data["b"], dtype="boolean")
    data.loc[row % 15 == 2, "bm"] = pd.NA
    data["nm"] = pd.array(data["n"], dtype="Int64")
    data.loc[row % 16 == 9, "nm"] = pd.NA
    return data


def write(data: pd.DataFrame, folder: Path, name: str = "table") -> None:
    """The table as text with 17 digits, and beside it R's type of each column."""
    data.to_csv(folder / f"{name}.csv", index=False, na_rep="NA", float_format="%.17g")
    lines = [f"{column}\t{r_type(data[column])}" for column in data.columns]
    (folder / f"{name}.csv").with_suffix(".types").write_text("\n".join(lines) + "\n", encoding="utf-8")


def r_type(column: pd.Series) -> str:
    """R's type of a column; a factor's levels follow."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        kind = "ordered" if column.cat.ordered else "factor"
        return f"{kind}\t{'|'.join(map(str, column.cat.categories))}"
    if pd.api.types.is_bool_dtype(column.dtype):
        return "logical"
    if pd.api.types.is_integer_dtype(column.dtype):
        return "integer"
    return "numeric" if pd.api.types.is_float_dtype(column.dtype) else "character"
