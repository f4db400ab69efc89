"""What a comparison found, for people, programs and pages."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.errors import ParityError
from lmebridge.parity.keys import Key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from rich.text import Text

#: Columns of a report's table besides the parts of the key.
COLUMNS = ("output", "line", "printed", "reference", "value", "difference", "allowed", "misses", "verdict", "reason")
#: Every verdict, in the order they are counted, with what it says.
VERDICTS = {
    "holds": "rounds to what was printed, or lies within the tolerance",
    "near": "misses by a few units of the last printed place, at the printed likelihood",
    "differs": "misses",
    "missing": "one side has no such number though it reports the quantity",
    "not reported": "one side does not report the quantity at all",
}
#: Verdicts that make a report fail.
FAILING = ("near", "differs", "missing")
#: Misses that the text of a report shows.
SHOWN = 40


@dataclass(frozen=True)
class Report:
    """The verdicts on every number of a comparison.

    Attributes
    ----------
    title : str
        What was compared.
    table : pandas.DataFrame
        One row a number: the parts of its `Key`, then ``output`` and ``line`` (where it was printed), ``printed`` (its
        text), ``reference`` and ``value`` (the two sides, in the quantity's unit), ``difference`` (value minus
        reference), ``allowed`` (largest difference that holds), ``misses`` (difference in units of the last printed
        place, or of what is allowed), ``verdict`` and ``reason``.
    mismatches : tuple of str
        How the two sides are not of one model; said first.
    outcome : str
        Which side found the better optimum, where that was asked.
    notes : tuple of str
        What was left out of the comparison, and what could not be read.
    """

    title: str
    table: pd.DataFrame
    mismatches: tuple[str, ...] = ()
    outcome: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether both sides are of one model, something was compared, and every number of it holds."""
        return self.agrees()

    def agrees(self, allow: Collection[str] = ()) -> bool:
        """Whether nothing fails, verdicts in `allow` left out of account."""
        failing = set(FAILING) - set(allow)
        held = (self.table["verdict"] == "holds").any() if len(self.table) else False
        return bool(held) and not self.mismatches and not self.table["verdict"].isin(failing).any()

    @property
    def counts(self) -> dict[str, int]:
        """How many numbers got each verdict."""
        found = self.table["verdict"].value_counts()
        return {verdict: int(found.get(verdict, 0)) for verdict in VERDICTS}

    @property
    def misses(self) -> pd.DataFrame:
        """The rows that make the report fail, worst first."""
        failing = self.table[self.table["verdict"].isin(FAILING)]
        return failing.sort_values("misses", ascending=False, na_position="first", kind="stable")

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table."""
        return self.table.copy()

    def raise_if_failed(self, allow: Collection[str] = ()) -> None:
        """Raise unless the sides agree.

        Parameters
        ----------
        allow : collection of str
            Verdicts that do not fail, such as ``("near",)``.

        Raises
        ------
        ParityError
            With the report as its message.
        """
        if not self.agrees(allow):
            raise ParityError(str(self))

    def to_json(self) -> str:
        """The report as a JSON object; numbers that are not there are null."""
        rows = [{name: _plain(value) for name, value in row.items()} for row in self.table.to_dict("records")]
        content = {
            "title": self.title,
            "ok": self.ok,
            "outcome": self.outcome,
            "mismatches": list(self.mismatches),
            "notes": list(self.notes),
            "counts": self.counts,
            "numbers": rows,
        }
        return json.dumps(content, ensure_ascii=False, indent=1)

    def to_html(self) -> str:
        """The report as a page that needs nothing else, with a plot of the misses; text from outside is escaped."""
        from lmebridge.parity.page import page

        return page(self)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __str__(self) -> str:
        return "\n".join([self.title, *self._heading(), *self._rows(), *(f"note: {note}" for note in self.notes)])

    def __rich__(self) -> Text:
        """What rich prints: the text with each verdict in its colour."""
        from lmebridge.parity.terminal import coloured

        return coloured(self)

    def _heading(self) -> list[str]:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items() if count)
        lines = [f"not the same model: {words}" for words in self.mismatches]
        lines.append(f"{len(self.table)} numbers: {counts}" if counts else "nothing was compared")
        return [*lines, f"outcome: {self.outcome}"] if self.outcome else lines

    def _rows(self) -> list[str]:
        rows = [row_text(row) for row in self.misses.head(SHOWN).to_dict("records")]
        hidden = len(self.misses) - len(rows)
        return [*rows, f"  ... and {hidden} more"] if hidden > 0 else rows


def row_text(row: Mapping[Any, Any]) -> str:
    """One miss in a line: where, what, both numbers, by how much, why."""
    key = Key(*(str(row[name]) for name in Key._fields))
    place = f"line {row['line']}: " if row["line"] else ""
    reference = row["printed"] or number_text(row["reference"])
    by = number_text(row["misses"], 3)
    distance = f", {by} {'units' if row['printed'] else 'times what is allowed'}" if by else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    value = number_text(row["value"]) or "nothing"
    return f"  {row['verdict']}: {place}{key}: {reference} against {value}{distance}{reason}"


def number_text(value: object, digits: int = 8) -> str:
    """A number for people, empty where there is none."""
    return "" if not isinstance(value, (int, float)) or math.isnan(value) else f"{value:.{digits}g}"


def _plain(value: object) -> object:
    """The value as JSON has it: what is no number becomes null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
