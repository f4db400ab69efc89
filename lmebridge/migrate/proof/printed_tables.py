"""Tables that R makes of text, `knitr::kable` and the summary of a frame, as the cells that they were made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.migrate.proof.shown import MISSING, Cell
from lmebridge.parity.numerals import numeral

if TYPE_CHECKING:
    from collections.abc import Sequence

#: R's names of the numbers of `summary(x)`, as pandas names them in `describe()`.
QUANTILES = {"Min.": "min", "1st Qu.": "25%", "Median": "50%", "Mean": "mean", "3rd Qu.": "75%", "Max.": "max"}
#: A cell of the summary of a frame: ``"Min.   : 1.235  "``.
_QUANTILE = re.compile(r"\s*(?P<name>Min\.|1st Qu\.|Median|Mean|3rd Qu\.|Max\.)\s*:\s*(?P<number>\S+)\s*")


def kable_cells(lines: Sequence[str]) -> tuple[Cell, ...]:
    """The cells of a table that `knitr::kable` wrote with bars, column by column; none of any other form.

    Names of columns are no labels: `col.names` gives the table others than the frame has.

    Examples
    --------
    >>> lines = ["|   | n|", "|:--|--:|", "|a  | 1|", "|b  |NA|"]
    >>> [(cell.row, getattr(cell.value, "text", cell.value)) for cell in kable_cells(lines)]
    [('a', '1'), ('b', None)]
    """
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    if len(rows) < 2 or not all(re.fullmatch(r":?-+:?", part) for part in rows[1]):
        return ()
    head, body = rows[0], rows[2:]
    labels = [row[0] for row in body] if not head[0] else [""] * len(body)
    first = 0 if head[0] else 1
    return tuple(
        Cell(_read(row[place]), label)
        for place in range(first, len(head))
        for row, label in zip(body, labels, strict=True)
    )


def _read(text: str) -> Any:
    """A number that is printed as exactly as its digits say, a word, or None where R has NA."""
    found = numeral(text)
    if text in MISSING:
        return None
    return text if found is None or found.bound else found


def is_overview(found: Any) -> bool:
    """Whether a table of text is the summary of a frame: a column for each column, a number with its name in a cell."""
    if not isinstance(found, pd.DataFrame):
        return False
    texts = [text for text in found.to_numpy().ravel() if isinstance(text, str)]
    return any(_QUANTILE.fullmatch(text) for text in texts) and all(":" in text for text in texts)


def without_count(found: Any) -> Any:
    """The summary of a vector without the number of its missing values, which pandas has no place for."""
    is_summary = isinstance(found, pd.Series) and {"1st Qu.", "NA's"} <= set(found.index)
    return found.drop("NA's") if is_summary else found


def overview_cells(found: pd.DataFrame) -> tuple[Cell, ...]:
    """The six numbers of each column of numbers; what R counts of other columns has no counterpart in pandas."""
    cells = []
    for place, name in enumerate(found.columns):
        for text in found.iloc[:, place]:
            match = _QUANTILE.fullmatch(text) if isinstance(text, str) else None
            value = None if match is None else numeral(match["number"])
            if match is not None and value is not None:
                cells.append(Cell(value, QUANTILES[match["name"]], str(name).strip()))
    return tuple(cells)


def beside_overview(theirs: Sequence[Cell], ours: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The cells of `describe()` that R's summary of the frame has, in its order; all where one of them is not there."""
    by_label = {(cell.column, cell.row): cell for cell in ours}
    found = [by_label.get((cell.column, cell.row)) for cell in theirs]
    kept = tuple(cell for cell in found if cell is not None)
    return kept if len(kept) == len(found) else ours
