"""R's way of laying texts out: named vectors, matrices and data frames, and ``cat`` with filling.

Everything is returned as lines without their line ends. Trailing blanks are R's.
"""

from __future__ import annotations

import math
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from lmebridge.printing.rformat import DEFAULTS, Options, format_numbers
from lmebridge.rsyntax import is_syntactic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

#: ``options(max.print=)``: entries after which R stops printing a data frame.
_MAX_PRINT = 99999
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def display_width(text: str) -> int:
    """Columns that a text takes on a terminal, as R counts them for justification.

    Examples
    --------
    >>> display_width("abc"), display_width("学校")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int, *, right: bool) -> str:
    """A text filled with blanks to `width` columns, justified to the right or to the left.

    Examples
    --------
    >>> pad("x", 3, right=True)
    '  x'
    """
    blanks = " " * (width - display_width(text))
    return blanks + text if right else text + blanks


def common_width(texts: Sequence[str]) -> list[str]:
    """Texts filled with blanks on the right to one width, R's ``format`` of characters.

    Examples
    --------
    >>> common_width(["a", "bcd"])
    ['a  ', 'bcd']
    """
    width = max(map(display_width, texts), default=0)
    return [pad(text, width, right=False) for text in texts]


def named_vector(texts: Sequence[str], names: Sequence[str], *, width: int = 80, gap: int = 1) -> list[str]:
    """A named vector: names above values, both to the right, as many columns a line as fit.

    Parameters
    ----------
    texts : sequence of str
        The elements as text.
    names : sequence of str
        Their names.
    width : int
        Characters a line.
    gap : int
        Blanks after each column, R's ``print.gap``.

    Returns
    -------
    list of str
        Lines, in pairs of names and values.

    Examples
    --------
    >>> named_vector(["1", "2"], ["first", "second"])
    [' first second ', '     1      2 ']
    """
    names = [name.translate(_ESCAPES) for name in names]
    column = max(map(display_width, [*texts, *names]))
    per_line = max(1, width // (column + gap))
    starts = range(0, len(texts), per_line)
    rows = (part[start : start + per_line] for start in starts for part in (names, texts))
    return ["".join(pad(text, column, right=True) + " " * gap for text in row) for row in rows]


def matrix(
    columns: Sequence[Sequence[str]],
    column_names: Sequence[str],
    row_names: Sequence[str],
    *,
    right: bool,
    width: int = 80,
) -> list[str]:
    """A matrix of texts without quotes; columns that do not fit on a line follow below.

    Parameters
    ----------
    columns : sequence of sequence of str
        The entries by column.
    column_names, row_names : sequence of str
        Names, all empty for a side without names.
    right : bool
        Whether entries and column names stand to the right; row names always stand to the left.
    width : int
        Characters a line.

    Returns
    -------
    list of str
        Lines, the first with the column names.

    Examples
    --------
    >>> matrix([["1.5", "2.0"]], ["mean"], ["a", "bb"], right=True)
    ['   mean', 'a   1.5', 'bb  2.0']
    """
    cells = [_justified([name, *column], right=right) for name, column in zip(column_names, columns, strict=True)]
    labels = common_width(["", *(name.translate(_ESCAPES) for name in row_names)])
    lines = []
    for first, last in pairwise(_breaks(display_width(labels[0]), [display_width(cell[0]) for cell in cells], width)):
        lines += [" ".join([label, *row]) for label, *row in zip(labels, *cells[first:last], strict=True)]
    return lines


def _justified(texts: Sequence[str], *, right: bool) -> list[str]:
    shown = [text.translate(_ESCAPES) for text in texts]
    column = max(map(display_width, shown))
    return [pad(text, column, right=right) for text in shown]


def _breaks(label: int, widths: Sequence[int], available: int) -> Iterator[int]:
    """Where the columns are broken, both ends included: a line stays shorter than what is available."""
    yield 0
    used = label
    for position, column in enumerate(widths):
        if used > label and used + 1 + column >= available:
            yield position
            used = label
        used += 1 + column
    yield len(widths)


def data_frame(frame: pd.DataFrame, *, digits: int = 7, width: int = 80) -> list[str]:
    """A data frame as R prints it: each column with its own decimals, everything to the right.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (n, k)
        Numbers or texts; the index gives the row names.
    digits : int
        Significant digits.
    width : int
        Characters a line.

    Returns
    -------
    list of str
        Lines, cut off after R's ``max.print`` entries.

    Examples
    --------
    >>> import pandas as pd
    >>> data_frame(pd.DataFrame({"x": [1.5, 22.25]}, index=["a", "b"]))
    ['      x', 'a  1.50', 'b 22.25']
    """
    if not len(frame.columns):
        return [f"data frame with 0 columns and {len(frame)} row{'' if len(frame) == 1 else 's'}"]
    shown = frame.iloc[: _MAX_PRINT // len(frame.columns)]
    columns = [_column_texts(shown.iloc[:, position].tolist(), digits) for position in range(len(shown.columns))]
    lines = matrix(columns, [*map(str, shown.columns)], [*map(str, shown.index)], right=True, width=width)
    omitted = len(frame) - len(shown)
    note = f" [ reached 'max' / getOption(\"max.print\") -- omitted {omitted} rows ]"
    return [*lines, note] if omitted else lines


def _column_texts(values: Sequence[object], digits: int) -> list[str]:
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return format_numbers([float(value) for value in values], digits)  # type: ignore[arg-type]
    return ["<NA>" if _is_missing(value) else str(value) for value in values]


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def cat_fill(items: Sequence[str], width: int = 80, separator: str = " ") -> list[str]:
    """R's ``cat(..., fill = TRUE)``: a new line before an item that would reach beyond the width.

    R counts bytes, and the separator is written before the line is broken.

    Parameters
    ----------
    items : sequence of str
        Texts.
    width : int
        Bytes a line.
    separator : str
        Written between two items.

    Returns
    -------
    list of str
        Lines.

    Examples
    --------
    >>> cat_fill(["Number of obs: 180, groups: ", "Subject, 18"])
    ['Number of obs: 180, groups:  Subject, 18']
    """
    lines, used = [""], 0
    for position, item in enumerate(items):
        needed = len(item.encode()) + len(separator)
        if used and used + needed > width:
            lines.append("")
            used = 0
        lines[-1] += item + (separator if position + 1 < len(items) else "")
        used += needed
    return lines


def ranef_text(modes: Mapping[str, pd.DataFrame], *, conditional: bool = False, options: Options = DEFAULTS) -> str:
    """Conditional modes as R prints ``ranef(m)``: a data frame under each grouping factor's name.

    Parameters
    ----------
    modes : mapping of str to pandas.DataFrame
        By grouping factor, one row a level and one column an effect.
    conditional : bool
        Whether conditional variances come with them, which R says below.
    options : Options
        R's options.

    Returns
    -------
    str
        Lines without the last line end.

    Examples
    --------
    >>> import pandas as pd
    >>> print(ranef_text({"g": pd.DataFrame({"(Intercept)": [0.5, -0.25]}, index=["a", "b"])}))
    $g
      (Intercept)
    a        0.50
    b       -0.25
    <BLANKLINE>
    """
    lines = []
    for group, frame in modes.items():
        name = group if is_syntactic(group) else f"`{group}`"
        lines += [f"${name}", *data_frame(frame, digits=options.digits, width=options.width), ""]
    if conditional:
        left, right = ("“", "”") if options.fancy_quotes else ('"', '"')
        names = " ".join(f"{left}{group}{right}" for group in modes)
        lines.append(f"with conditional variances for {names} ")
    return "\n".join(lines)
