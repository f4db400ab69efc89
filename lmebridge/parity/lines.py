"""Text as lines that a reader can walk: prefixes of rendered documents removed, typography made plain."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from lmebridge.errors import PrintedOutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: knitr writes `## `, reprex `#> `; whitespace-collapsing converters leave the bare prefix on empty lines.
PREFIX = re.compile(r"[ \t]*(?:##|#>)(?: |$)")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
#: Typographic characters that browsers and word processors put for the ones R prints.
PLAIN = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2018": "'"}
    | {"\u2019": "'", "\u201c": '"', "\u201d": '"', "\ufeff": "", "\u200b": "", "\u2500": "-", "\t": " "}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the text.

    Attributes
    ----------
    number : int
        Its number in the text, from 1.
    text : str
        What R or Python printed: without prefix, typography made plain, no white space at the end.
    prefixed : bool
        Whether it carried a prefix of rendered output.
    """

    number: int
    text: str
    prefixed: bool = False

    @property
    def words(self) -> list[str]:
        """The words between white space."""
        return self.text.split()

    @property
    def blank(self) -> bool:
        """Whether nothing was printed on it."""
        return not self.text.strip()


#: R prints lines of 10,000 characters at most (options("width")); longer ones are cut, so that patterns stay fast.
LONGEST_LINE = 10_000


def split_lines(text: str) -> tuple[Line, ...]:
    r"""Lines of a text, ready to be read.

    Examples
    --------
    >>> [(line.number, line.text) for line in split_lines("## Days  10.47\n##")]
    [(1, 'Days  10.47'), (2, '')]
    """
    plain = ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).translate(PLAIN)
    return tuple(_line(number, raw) for number, raw in enumerate(plain.split("\n"), start=1))


def _line(number: int, raw: str) -> Line:
    raw = raw[:LONGEST_LINE]
    prefix = PREFIX.match(raw)
    return Line(number, raw[prefix.end() :].rstrip() if prefix else raw.rstrip(), prefix is not None)


#: Stands for the lines beyond the end of the text.
END = Line(0, "")


@dataclass
class Cursor:
    """A place in the lines, moved forward by whoever reads.

    Attributes
    ----------
    lines : tuple of Line
        The whole text.
    position : int
        Index of the line to be read next.
    """

    lines: tuple[Line, ...]
    position: int = field(default=0)

    @property
    def done(self) -> bool:
        """Whether every line has been read."""
        return self.position >= len(self.lines)

    @property
    def line(self) -> Line:
        """The line to be read next, `END` when there is none."""
        return self.ahead(0)

    @property
    def number(self) -> int:
        """Number of the line to be read next, or of the last one."""
        return min(self.position, len(self.lines) - 1) + 1

    def ahead(self, count: int) -> Line:
        """The line `count` lines further on."""
        place = self.position + count
        return self.lines[place] if 0 <= place < len(self.lines) else END

    def take(self) -> Line:
        """The line to be read next, and step over it."""
        line = self.line
        self.position += 1
        return line

    def skip_blank(self) -> None:
        """Step over empty lines."""
        while not self.done and self.line.blank:
            self.position += 1

    def take_block(self) -> Iterator[Line]:
        """Step over and yield lines up to the next empty one."""
        while not self.done and not self.line.blank:
            yield self.take()

    def fail(self, reason: str) -> NoReturn:
        """Raise the error for the line that comes next."""
        text = self.line.text if not self.done else "(the text ends here)"
        raise PrintedOutputError(self.number, text, reason)
