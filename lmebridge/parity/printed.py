"""Outputs of R and statsmodels found in a text and read: `published`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from lmebridge.errors import PrintedOutputError
from lmebridge.parity.lines import Cursor, split_lines
from lmebridge.parity.outputs import PrintedOutput, Unread
from lmebridge.parity.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lmebridge.parity.report import Report

#: Longest text that is read, in characters; a page of outputs has some thousands.
LONGEST_TEXT = 20_000_000
#: Lines that only stand inside outputs, and outputs that are recognised but not read.
FRAGMENTS = {
    re.compile(r"\s*(?:Random effects|Fixed [Ee]ffects|Scaled residuals|Correlation of Fixed Effects):\s*$"): "piece",
    re.compile(r"\s*(?:Number of obs|REML criterion at convergence|Residual standard error): *[-0-9]"): "piece",
    re.compile(r"\s*Multiple R-squared: *[0-9]|\s*Formula: .*~.*\|"): "piece",
    re.compile(r"\s*(?:Type I+ )?Analysis of (?:Variance|Deviance) Table"): "table",
    re.compile(r"\s*Generalized Linear Model Regression Results\s*$"): "table",
}
REASONS = {
    "piece": "a piece of an output whose beginning is missing",
    "table": "this kind of output is not read",
}


@dataclass(frozen=True)
class Published(Sequence[PrintedOutput]):
    """The outputs of a text, in the order of the text.

    Attributes
    ----------
    outputs : tuple of PrintedOutput
        What was read.
    unread : tuple of Unread
        What looks like an output and could not be read, wholly or in part.
    """

    outputs: tuple[PrintedOutput, ...]
    unread: tuple[Unread, ...]

    @overload
    def __getitem__(self, index: int) -> PrintedOutput: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PrintedOutput, ...]: ...
    def __getitem__(self, index: int | slice) -> PrintedOutput | tuple[PrintedOutput, ...]:
        return self.outputs[index]

    def __len__(self) -> int:
        return len(self.outputs)

    def __str__(self) -> str:
        lines = [str(output) for output in self.outputs]
        if self.unread:
            lines += ["not read:", *(f"  {unread}" for unread in self.unread)]
        return "\n".join(lines) or "no outputs"

    def to_frame(self) -> pd.DataFrame:
        """Every number read, one row a number.

        Returns
        -------
        pandas.DataFrame
            Columns ``output`` (position in the text's outputs, from 0), ``kind``, ``line``, the parts of the number's
            `Key`, ``text``, ``value`` and ``half_unit``; numbers in the units they were printed in.
        """
        import pandas as pd

        from lmebridge.parity.keys import Key

        columns = ["output", "kind", "line", *Key._fields, "text", "value", "half_unit"]
        rows = [
            (index, output.kind, number.line, *number.key, number.text, number.value, number.half_unit)
            for index, output in enumerate(self.outputs)
            for number in output.numbers
        ]
        return pd.DataFrame(rows, columns=columns)

    def check(self, fit: Any, *, near_units: float = 3.0, names: Mapping[str, str] | None = None) -> Report:
        """Hold a fit to the outputs that are of its model.

        Parameters
        ----------
        fit : MerMod, LinearModel, Fit, DataFrame of anova or icc's result
            What was computed.
        near_units : float
            Largest miss, in units of the last printed place, that is `near` when the likelihood is the printed one.
        names : mapping of str to str, optional
            Names in the text to names in the fit, where they differ: ``{"log_x": "log(x)"}``.

        Returns
        -------
        Report
            One row a printed number. Of several outputs those count whose kind, formula and number of rows fit; of a
            single one the report says first what does not.

        Raises
        ------
        PrintedOutputError
            If the text has no output, or none of the fit's kind.
        """
        from lmebridge.parity.check import check

        return check(self, fit, near_units=near_units, names=names or {})


def published(text: str) -> Published:
    """Read every output of R and statsmodels that a text holds.

    Read are ``summary`` and ``print`` of lmer and glmer fits and lmerTest's summary, ``summary(lm)``, ``print(lm)``,
    ``anova(m1, m2)``, ``VarCorr``, ``fixef``, ``ranef``, ``coef``, ``confint``, ``performance::icc``, statsmodels'
    ``MixedLM.summary()`` and ``OLS.summary()`` and printed ``params``; with or without the prefixes ``##`` and ``#>``,
    with columns aligned or white space collapsed.

    Parameters
    ----------
    text : str
        A page, a chapter, or a piece of a console's transcript.

    Returns
    -------
    Published
        The outputs with their line numbers, and in ``unread`` what looks like an output but could not be read.

    Raises
    ------
    PrintedOutputError
        If the text is too long, or not text but the content of a binary file.

    Examples
    --------
    >>> page = '''Days matter:
    ... ## (Intercept)        Days
    ... ##   251.40510    10.46729
    ... '''
    >>> [number.text for number in published(page)[0].numbers]
    ['251.40510', '10.46729']
    """
    _check_text(text)
    cursor = Cursor(split_lines(text))
    outputs: list[PrintedOutput] = []
    unread: list[Unread] = []
    while not cursor.done:
        found = _read_next(cursor)
        if isinstance(found, PrintedOutput):
            outputs.append(found)
            unread += found.problems
        elif found is not None:
            unread.append(found)
    return Published(tuple(outputs), tuple(unread))


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise PrintedOutputError(1, text[:60], f"expected a text of at most {LONGEST_TEXT} characters, got {len(text)}")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PrintedOutputError(line, text.split("\n")[line - 1], "expected text, got the content of a binary file")


def _read_next(cursor: Cursor) -> PrintedOutput | Unread | None:
    """The output that starts at the next line, or why it cannot be read, or None where the line is something else."""
    reader = next((reader for reader in READERS if reader.starts(cursor)), None)
    if reader is None:
        return _fragment(cursor)
    start = cursor.position
    try:
        output: PrintedOutput = reader.read(cursor)
    except PrintedOutputError as error:
        cursor.position = start + 1
        return Unread(error.line, error.text, error.reason)
    cursor.position = max(cursor.position, start + 1)
    return output


def _fragment(cursor: Cursor) -> Unread | None:
    line = cursor.take()
    reason = next((REASONS[kind] for pattern, kind in FRAGMENTS.items() if pattern.match(line.text)), None)
    return None if reason is None else Unread(line.number, line.text, reason)
