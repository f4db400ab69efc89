"""The records that reading a text gives: outputs, their numbers, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.parity.numerals import PrintedNumber
    from lmebridge.parity.report import Report


@dataclass(frozen=True, slots=True)
class Unread:
    """A place that looks like an output and could not be read, wholly or in part.

    Attributes
    ----------
    line : int
        Number of the line, from 1.
    text : str
        That line.
    reason : str
        What was expected there.
    """

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason} ({self.text.strip()[:60]!r})"


@dataclass(frozen=True)
class PrintedModel:
    """What an output says about the model it came from; None where it does not say.

    Attributes
    ----------
    formula : str or None
        The formula's text, its lines joined; of an `lm` or MixedLM output as far as printed.
    response : str or None
        The response, where only that is printed.
    data : str or None
        The data's name.
    REML : bool or None
        Whether the restricted likelihood was maximized.
    n_obs : int or None
        Rows used.
    n_groups : mapping of str to int
        Levels of each grouping factor; statsmodels' unnamed factor is ``Group``.
    family : str or None
        Family and link of a generalized model, as lme4 prints them.
    """

    formula: str | None = None
    response: str | None = None
    data: str | None = None
    REML: bool | None = None
    n_obs: int | None = None
    n_groups: Mapping[str, int] = field(default_factory=dict)
    family: str | None = None


@dataclass(frozen=True)
class PrintedOutput:
    """One output: what printed it, about which model, and its numbers in the order of the text.

    Attributes
    ----------
    kind : str
        The kind of output, such as ``"summary(lmer)"`` or ``"MixedLM"``.
    software : str
        What printed it, with the generation of its layout where that shows.
    line, last_line : int
        Its first and last lines in the text, from 1.
    model : PrintedModel
        What it says about the model.
    numbers : tuple of PrintedNumber
        Every number that says something about the fit.
    messages : tuple of str
        Warnings and notes that are printed with it.
    problems : tuple of Unread
        Parts of it that could not be read.
    """

    kind: str
    software: str
    line: int
    last_line: int
    model: PrintedModel
    numbers: tuple[PrintedNumber, ...]
    messages: tuple[str, ...] = ()
    problems: tuple[Unread, ...] = ()

    def check(self, fit: Any, *, near_units: float = 3.0, names: Mapping[str, str] | None = None) -> Report:
        """Hold a fit to this output alone, see `Published.check`."""
        from lmebridge.parity.check import check

        return check((self,), fit, near_units=near_units, names=names or {})

    def __str__(self) -> str:
        formula = f", {self.model.formula}" if self.model.formula else ""
        return f"{self.kind} at line {self.line} ({self.software}){formula}: {len(self.numbers)} numbers"
