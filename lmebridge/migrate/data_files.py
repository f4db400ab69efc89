"""What a data file beside the script says about itself: names of columns, and cells that R and pandas differ on."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.values import Kind

if TYPE_CHECKING:
    from lmebridge.migrate.scope import Scope

#: Bytes; larger files are not looked at.
LARGEST = 20_000_000
#: What pandas takes for missing besides ``NA`` and empty cells; R does so with ``NaN`` in numbers only.
_PANDAS_WORDS = frozenset(
    {
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NULL",
        "NaN",
    }
    | {"None", "n/a", "nan", "null"}
)
_TRUTH = frozenset({"TRUE", "FALSE", "true", "false", "True", "False"})
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?\s*|\s*[+-]?(inf|nan)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """What is known of a file.

    Attributes
    ----------
    kinds : dict of str to Kind
        What the columns hold, by the names in the file.
    plain : bool
        Whether pandas, left to itself, finds the same values missing as R does.
    empty_text : bool
        Whether a column of text has empty cells.
    letters : tuple of str
        Columns of nothing but T and F, which R takes for truth values and pandas does not.
    """

    kinds: dict[str, Kind]
    plain: bool
    empty_text: bool
    letters: tuple[str, ...] = ()


def facts(
    scope: Scope, file: Any, *, separator: str, decimal: str, encoding: str, missing: tuple[str, ...]
) -> Facts | None:
    """Facts about a file in the script's folder; None when it is not there, or too large, or not read so easily."""
    folder = scope.session.folder
    if folder is None or not isinstance(file, str) or "://" in file:
        return None
    path = Path(folder) / file
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with path.open(encoding=encoding, newline="") as stream:
            rows = [row for row in csv.reader(stream, delimiter=separator) if row]
    except (OSError, ValueError, TypeError, csv.Error, LookupError):
        return None
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(set(rows[0])) != len(rows[0]):
        return None
    return _facts(rows, decimal, missing)


def _facts(rows: list[list[str]], decimal: str, missing: tuple[str, ...]) -> Facts:
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
    kinds = {name: _kind(cells, decimal, missing) for name, cells in columns.items()}
    texts = [set(columns[name]) for name, kind in kinds.items() if kind is Kind.TEXT]
    empty = any("" in cells for cells in texts)
    words = any(cells & _PANDAS_WORDS for cells in texts)
    letters = tuple(name for name in kinds if _only_letters(set(columns[name]), missing))
    return Facts(kinds, plain=not empty and not words and missing == ("NA",), empty_text=empty, letters=letters)


def _kind(cells: tuple[str, ...], decimal: str, missing: tuple[str, ...]) -> Kind:
    """What R makes of a column's cells."""
    values = {cell for cell in set(cells) if cell not in missing and cell.strip()}
    if values and values <= _TRUTH:
        return Kind.LOGICAL
    dotted = {value.replace(decimal, ".") if decimal != "." else value for value in values}
    return Kind.NUMBER if all(_NUMBER.fullmatch(value) for value in dotted) else Kind.TEXT


def _only_letters(cells: set[str], missing: tuple[str, ...]) -> bool:
    """Whether a column has nothing but T and F."""
    return bool(cells & {"T", "F"}) and cells - {"", *missing} <= {"T", "F"}


def r_name(name: str) -> str:
    """A column's name as R's ``check.names`` makes it.

    Examples
    --------
    >>> [r_name(name) for name in ("my col", "2x", "_a", "if")]
    ['my.col', 'X2x', 'X_a', 'if.']
    """
    found = re.sub(r"[^\w.]", ".", name)
    if not re.match(r"[^\W\d_]|\.(?!\d)", found):
        found = f"X{found}"
    return f"{found}." if found in _RESERVED else found


_RESERVED = frozenset(
    {
        "if",
        "else",
        "repeat",
        "while",
        "function",
        "for",
        "in",
        "next",
        "break",
        "TRUE",
        "FALSE",
        "NULL",
        "Inf",
        "NaN",
        "NA",
    }
)
