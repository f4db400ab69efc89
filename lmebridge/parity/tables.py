"""Tables as R prints them: coefficient tables, named vectors and matrices, wrapped at the width of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmebridge.parity.numerals import Numeral, is_numbers, numeral, split_row, trailing

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor, Line

WORD = re.compile(r"\S+")
STARS_ONLY = re.compile(r"\s*(?:\*{1,3}|\.)?")
LEGEND_START = "Signif. codes"
LEGEND_REST = re.compile(r"\s*0\s+'\*\*\*'")


@dataclass
class Table:
    """A table of numbers under construction.

    Attributes
    ----------
    names : list of str
        Names of the rows.
    columns : dict of str to list of Numeral or None
        Numbers by column label, None where a cell is empty.
    lines : dict of str to list of int
        Line of each number, by column label.
    """

    names: list[str] = field(default_factory=list)
    columns: dict[str, list[Numeral | None]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)


def labels_in(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The column labels that a line consists of; empty where it has anything else.

    Examples
    --------
    >>> labels_in("Estimate Std. Error t value", re.compile(r"Estimate|Std. Error|t value"))
    ['Estimate', 'Std. Error', 't value']
    """
    found = pattern.findall(text)
    return found if "".join("".join(found).split()) == "".join(text.split()) else []


def read_table(cursor: Cursor, pattern: re.Pattern[str]) -> Table:
    """Read a table whose rows end in as many numbers as its header has labels, all its column chunks.

    Parameters
    ----------
    cursor : Cursor
        At the header.
    pattern : re.Pattern
        The labels a header may have.

    Returns
    -------
    Table
        Rows in the order of the text.

    Raises
    ------
    PrintedOutputError
        If there is no header, no row, or a later chunk lacks rows of the first.
    """
    table = Table()
    labels = labels_in(cursor.line.text, pattern)
    if not labels:
        cursor.fail("expected the header of a table")
    cursor.take()
    _read_first_chunk(cursor, table, labels)
    while labels := labels_in(cursor.line.text, pattern):
        cursor.take()
        _read_next_chunk(cursor, table, labels)
    skip_stars(cursor, table.names)
    return table


def _read_first_chunk(cursor: Cursor, table: Table, labels: list[str]) -> None:
    while (row := split_row(cursor.line.text, len(labels))) and row[0] and row[0] not in table.names:
        table.names.append(row[0])
        _add(table, labels, row[1], cursor.take().number)
    if not table.names:
        cursor.fail(f"expected a row that ends in {len(labels)} numbers: {', '.join(labels)}")


def _read_next_chunk(cursor: Cursor, table: Table, labels: list[str]) -> None:
    for name in table.names:
        row = split_row(cursor.line.text, len(labels))
        if row is None or row[0] != name:
            cursor.fail(f"expected the row of {name} with {', '.join(labels)}")
        _add(table, labels, row[1], cursor.take().number)


def _add(table: Table, labels: list[str], numbers: tuple[Numeral, ...], line: int) -> None:
    for label, number in zip(labels, numbers, strict=True):
        table.columns.setdefault(label, []).append(number)
        table.lines.setdefault(label, []).append(line)


def skip_stars(cursor: Cursor, names: list[str]) -> None:
    """Step over stars that were wrapped into a chunk of their own, and over the legend of the stars."""
    if cursor.line.blank and all(_only_stars(cursor.ahead(1 + i).text, name) for i, name in enumerate(names)):
        cursor.position += 1 + len(names)
    if cursor.line.text.strip() == "---" and cursor.ahead(1).text.startswith(LEGEND_START):
        cursor.position += 2
        if LEGEND_REST.match(cursor.line.text):
            cursor.take()


def _only_stars(text: str, name: str) -> bool:
    plain = " ".join(text.split())
    return plain.startswith(name) and STARS_ONLY.fullmatch(plain.removeprefix(name)) is not None


def read_named_vector(cursor: Cursor) -> list[tuple[str, Numeral, int]]:
    """Read a named vector: lines of names, each above its line of numbers.

    Returns
    -------
    list of (str, Numeral, int)
        Name, number and line; empty where the next two lines are no such pair.

    Raises
    ------
    PrintedOutputError
        If the names above a line of numbers cannot be told apart.
    """
    found: list[tuple[str, Numeral, int]] = []
    while not cursor.line.blank and not is_numbers(cursor.line.text) and is_numbers(cursor.ahead(1).text):
        names = split_names(cursor.line.text, cursor.ahead(1).text)
        if names is None:
            cursor.fail(f"expected {len(cursor.ahead(1).words)} names above the numbers of the next line")
        cursor.take()
        line = cursor.take()
        numbers = [number for number in map(numeral, line.words) if number is not None]
        found += [(name, number, line.number) for name, number in zip(names, numbers, strict=True)]
    return found


def split_names(names: str, numbers: str) -> list[str] | None:
    """The names above a line of numbers: each ends where its number ends, or else they are words.

    Examples
    --------
    >>> split_names("(Intercept) gNorth East", "       1.25       -0.50")
    ['(Intercept)', 'gNorth East']
    """
    ends = [word.end() for word in WORD.finditer(numbers)]
    slices = [names[start:end].strip() for start, end in zip([0, *ends], ends, strict=False)]
    aligned = all(names[end - 1 : end].strip() and not names[end : end + 1].strip() for end in ends)
    if aligned and len(names) == ends[-1] and all(slices):
        return slices
    words = names.split()
    return words if len(words) == len(ends) else None


def read_level_table(cursor: Cursor) -> Table:
    """Read a printed matrix or data frame whose column labels are not known beforehand, all its chunks.

    Raises
    ------
    PrintedOutputError
        If the labels do not fit the numbers below them.
    """
    table = Table()
    while not cursor.line.blank and trailing(cursor.line.text) == 0 and trailing(cursor.ahead(1).text):
        header = cursor.take()
        rows: list[Line] = []
        while not cursor.line.blank and trailing(cursor.line.text) and len(rows) != (len(table.names) or None):
            rows.append(cursor.take())
        count = _columns_of([row.text for row in rows])
        labels = split_names(header.text, _numbers_only(rows[0].text, count)) or []
        if len(labels) != count:
            cursor.fail(f"expected {count} column labels above the rows")
        for row in rows:
            _add_level(cursor, table, labels, row.text, row.number)
    return table


def _add_level(cursor: Cursor, table: Table, labels: list[str], text: str, line: int) -> None:
    split = split_row(text, len(labels))
    if split is None:
        cursor.fail(f"expected a row that ends in {len(labels)} numbers")
    position = len(table.columns.get(labels[0], []))
    if position == len(table.names):
        table.names.append(split[0])
    elif table.names[position] != split[0]:
        cursor.fail(f"expected the row of {table.names[position]}")
    _add(table, labels, split[1], line)


def _columns_of(rows: list[str]) -> int:
    """Columns of a block of rows: the numbers that every row ends in, its name, which may be a number, left out."""
    counts = [trailing(row) - (trailing(row) == len(row.split())) for row in rows]
    return min(counts)


def _numbers_only(row: str, count: int) -> str:
    """The row with everything but its last numbers blanked, so that their places stay."""
    if count < 1:
        return ""
    start = list(WORD.finditer(row))[-count].start()
    return " " * start + row[start:]
