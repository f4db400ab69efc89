"""An output while it is being read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmebridge.errors import PrintedOutputError
from lmebridge.parity.numerals import PrintedNumber
from lmebridge.parity.outputs import PrintedModel, PrintedOutput, Unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.parity.keys import Key
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.numerals import Numeral


@dataclass
class Draft:
    """An output under construction, see `PrintedOutput` for the fields."""

    kind: str
    software: str
    line: int
    formula: str | None = None
    response: str | None = None
    data: str | None = None
    REML: bool | None = None
    n_obs: int | None = None
    n_groups: dict[str, int] = field(default_factory=dict)
    family: str | None = None
    numbers: list[PrintedNumber] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    problems: list[Unread] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    digits: int = 0

    def add(self, key: Key, number: Numeral | None, line: int) -> None:
        """File a number, if there is one."""
        if number is not None:
            self.numbers.append(PrintedNumber(key, number, line))

    def attempt(self, read: Callable[[Cursor, Draft], None], cursor: Cursor) -> bool:
        """Read a part; if it cannot be read, keep why and say so."""
        try:
            read(cursor, self)
        except PrintedOutputError as error:
            self.problems.append(Unread(error.line, error.text, error.reason))
            return False
        return True

    def output(self, cursor: Cursor) -> PrintedOutput:
        """The finished record."""
        sizes = (self.n_obs, self.n_groups)
        model = PrintedModel(self.formula, self.response, self.data, self.REML, *sizes, self.family)
        return PrintedOutput(
            kind=self.kind,
            software=self.software,
            line=self.line,
            last_line=max(self.line, min(cursor.position, len(cursor.lines))),
            model=model,
            numbers=tuple(self.numbers),
            messages=tuple(self.messages),
            problems=tuple(self.problems),
        )
