"""Frames that R code makes and frames that its translation makes, compared."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.migrate import translate
from tests.judge import run_r

if TYPE_CHECKING:
    from pathlib import Path

#: How R hands a value over: names and columns of a frame, the values of a vector.
_ENCODE = """
plain <- function(x) if (inherits(x, "Date")) as.character(x) else if (is.factor(x)) as.character(x) else x
shown <- function(x) {
  if (is.data.frame(x)) {
    return(list(names = I(names(x)), columns = unname(lapply(x, function(v) I(plain(v))))))
  }
  list(values = I(plain(unname(x))))
}
"""


def judged(cases: dict[str, str], start: str, folder: Path) -> dict[str, Any]:
    """What R makes of each case, in one run.

    Parameters
    ----------
    cases : dict of str to str
        R code by a name; its last value is taken.
    start : str
        R code that is run before each.
    folder : Path
        Where R runs.
    """
    lines = [f"`{name}` = shown(local({{\n{start}\n{code}\n}}))" for name, code in cases.items()]
    program = "suppressMessages({library(dplyr); library(tidyr); library(tibble); library(readr); library(haven)})\n"
    program += "options(dplyr.summarise.inform = FALSE)\n" + _ENCODE
    found: dict[str, Any] = run_r(
        program + "suppressMessages(suppressWarnings(list(" + ",\n".join(lines) + ")))", folder
    )
    return found


def python_of(code: str, start: str = "", folder: Path | None = None) -> str:
    """The translation of R code whose last value is kept in `result`; nothing may be left."""
    text = f"{start}\nresult <- {{\n{code}\n}}" if "\n" in code.strip() else f"{start}\nresult <- {code.strip()}"
    found = translate(text, folder=folder)
    assert not found.leftovers, [str(each) for each in found.leftovers]
    return found.python


def one_line(python: str) -> str:
    """The last statement of a script, printed on one line."""
    statement = ast.parse(python).body[-1]
    return black_quotes(ast.unparse(statement))


def black_quotes(code: str) -> str:
    """Code with double quotes."""
    return code.replace("'", '"')


def run_python(python: str) -> Any:
    """The value that a translated script calls `result`."""
    names: dict[str, Any] = {}
    exec(compile(python, "translated", "exec"), names)
    return names["result"]


def differences(value: Any, truth: dict[str, Any]) -> list[str]:
    """Where a Python value is not what R has: names, order of columns and rows, values."""
    if "names" not in truth:
        return _of_values("value", list(np.atleast_1d(np.asarray(value, dtype=object))), truth["values"])
    if not isinstance(value, pd.DataFrame):
        return [f"a {type(value).__name__} instead of a frame"]
    if list(map(str, value.columns)) != truth["names"]:
        return [f"columns {list(value.columns)} instead of {truth['names']}"]
    found = []
    for place, name in enumerate(truth["names"]):
        found += _of_values(name, list(value.iloc[:, place].astype(object)), truth["columns"][place])
    return found


def _of_values(name: str, values: list[Any], truth: list[Any]) -> list[str]:
    if len(values) != len(truth):
        return [f"{name}: {len(values)} rows instead of {len(truth)}"]
    if all(_same(one, other) for one, other in zip(values, truth, strict=True)):
        return []
    return [f"{name}: {values} instead of {truth}"]


def _same(one: Any, other: Any) -> bool:
    """Whether two cells are the same; NaN and None are both missing, as R's NA and NaN."""
    if other is None or (isinstance(other, float) and math.isnan(other)):
        return bool(pd.isna(one))
    if isinstance(other, str) or isinstance(one, str):
        return str(one) == str(other)
    if pd.isna(one):
        return False
    # R and pandas add up in different orders: a few units in the last place
    return math.isclose(float(one), float(other), rel_tol=1e-12, abs_tol=1e-14)
