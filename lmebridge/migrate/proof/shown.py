"""What a script shows, as cells: numbers and words with their labels, the common form of R's and Python's values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.parity.numerals import Numeral, numeral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

#: What is stripped from a word before it is taken for a number or compared.
PUNCTUATION = ",;:()[]{}\"'=%$`~*"
#: R's words for truth by any spelling.
TRUTH = {"True": "TRUE", "False": "FALSE", "T": "TRUE", "F": "FALSE"}
MISSING = frozenset({"NA", "NaN", "nan", "None", "NULL", "<NA>", "null"})
#: Methods and attributes under which the package's own results keep their table, tried in this order.
TABLES = ("to_frame", "coefficients")


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that is shown.

    Attributes
    ----------
    value : float, Numeral, str or None
        A number; a number as it stands in a text; a word; None where the value is missing.
    row, column : str
        Its labels, empty where there are none: positions are no labels.
    scale : float
        The largest magnitude among the numbers that it is shown with, in their unit; zero where it stands alone.
    """

    value: float | Numeral | str | None
    row: str = ""
    column: str = ""
    scale: float = 0.0

    @property
    def label(self) -> str:
        """Both labels in one."""
        return " ".join(part for part in (self.column, self.row) if part)


def cells(value: Any) -> tuple[Cell, ...]:
    """The cells of a Python value.

    Parameters
    ----------
    value : object
        What was printed: a number, a text, a pandas or numpy value, a list or dict of them, or a result of the package.
        What has no numbers to show, such as a figure, has no cells.

    Examples
    --------
    >>> [cell.value for cell in cells([1.5, True, None])]
    [1.5, 'TRUE', None]
    >>> [(cell.label, cell.value) for cell in cells(pd.Series({"a": 1.0}))]
    [('a', 1.0)]
    """
    for types, take in KINDS:
        if isinstance(value, types):
            return tuple(take(value))
    return tuple(_other(value))


def _other(value: Any) -> Iterable[Cell]:
    """Results of the package, by the table that they keep."""
    from lmebridge.migrate.proof.printed_models import printed_model

    model = printed_model(value)
    if model is not None:
        return model
    if isinstance(value, type) or callable(value):
        return ()
    for name in TABLES:
        found = getattr(value, name, None)
        table = found() if callable(found) else found
        if isinstance(table, (pd.DataFrame, pd.Series)):
            return cells(table)
    return ()


def _number(value: Any) -> list[Cell]:
    return [Cell(_scalar(value))]


def _truth(value: Any) -> list[Cell]:
    return [Cell("TRUE" if value else "FALSE")]


def _text(value: str) -> list[Cell]:
    """The words of a text; a number among them says how exactly it is printed."""
    return [_word(word) for word in re.split(r"[\s|]+", value) if word.strip(PUNCTUATION)]


def _word(word: str) -> Cell:
    bare = word.strip(PUNCTUATION)
    found = numeral(bare)
    if bare in MISSING:
        return Cell(None)
    return Cell(found if found is not None else TRUTH.get(bare, bare))


def _series(values: pd.Series) -> Iterator[Cell]:
    labels = [_label(label) for label in values.index]
    yield from _column(values, labels, "")


def _frame(frame: pd.DataFrame) -> Iterator[Cell]:
    labels = [_label(label) for label in frame.index]
    for place, name in enumerate(frame.columns):
        yield from _column(frame.iloc[:, place], labels, _label(name))


def _column(values: Iterable[Any], labels: Sequence[str], name: str) -> Iterator[Cell]:
    plain = [_scalar(value) for value in values]
    scale = _scale(plain)
    for value, label in zip(plain, labels, strict=True):
        yield Cell(value, label, name, scale)


def _scalar(value: Any) -> float | str | None:
    """An element of a table; whole texts stay as they are."""
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float, np.number)):
        number = float(value)
        return None if math.isnan(number) else number
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return str(value)


def _scale(values: Iterable[object]) -> float:
    return max((abs(v) for v in values if isinstance(v, float) and math.isfinite(v)), default=0.0)


def _array(values: np.ndarray) -> Iterator[Cell]:
    """Column by column, as R keeps a matrix."""
    flat = values.ravel(order="F").tolist()
    yield from _column(flat, [""] * len(flat), "")


def _sequence(values: Iterable[Any]) -> Iterator[Cell]:
    items = list(values)
    if len(items) == 1:
        yield from cells(items[0])
        return
    if all(isinstance(item, (str, bool, int, float, np.generic, type(None))) for item in items):
        yield from _column(items, [""] * len(items), "")
        return
    for item in items:
        yield from cells(item)


def _mapping(values: Mapping[Any, Any]) -> Iterator[Cell]:
    if all(isinstance(item, (str, bool, int, float, np.generic, type(None))) for item in values.values()):
        yield from _column(values.values(), [_label(name) for name in values], "")
        return
    for item in values.values():
        yield from cells(item)


def _label(label: Any) -> str:
    """A label in words; positions, and names that stand for them, are none: Python counts from 0 and R from 1."""
    if isinstance(label, tuple):
        return " ".join(filter(None, map(_label, label)))
    text = str(label)
    return "" if _is_position(text) or text in MISSING else text


def _is_position(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.0)?|MODEL\d+", text) is not None


#: By type, in this order, what a value shows.
KINDS: tuple[tuple[Any, Callable[[Any], Iterable[Cell]]], ...] = (
    ((type(None), type(pd.NA)), lambda _: [Cell(None)]),
    ((bool, np.bool_), _truth),
    ((int, float, np.number), _number),
    (str, _text),
    (pd.Series, _series),
    (pd.DataFrame, _frame),
    ((pd.Index, pd.Categorical, pd.api.extensions.ExtensionArray), lambda value: _sequence(list(value))),
    (np.ndarray, _array),
    (range, _sequence),
    ((list, tuple, set), _sequence),
    (dict, _mapping),
)
