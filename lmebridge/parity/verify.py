"""Every output of a document, its model fitted again from what the output says, held to the fit: `verify`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.errors import LmebridgeError, ParityError
from lmebridge.parity.printed import published
from lmebridge.parity.refit import Refitter
from lmebridge.parity.report import VERDICTS, row_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lmebridge.parity.outputs import PrintedOutput, Unread
    from lmebridge.parity.report import Report

#: What besides a verdict can keep a document from being verified.
UNCHECKED, UNREAD = "unchecked", "unread"
#: What a caller may allow.
ALLOWABLE = ("near", "differs", UNCHECKED, UNREAD)


@dataclass(frozen=True)
class Checked:
    """One output of a document and what came of it.

    Attributes
    ----------
    output : PrintedOutput
        What was printed.
    report : Report or None
        The verdicts; None where nothing could be fitted.
    obstacle : str
        Why there are none.
    """

    output: PrintedOutput
    report: Report | None = None
    obstacle: str = ""

    @property
    def heading(self) -> str:
        """Where it is, what it is and of which model."""
        model = self.output.model
        said = [model.formula or model.response or "", f"data {model.data}" if model.data else ""]
        return ", ".join(part for part in (f"line {self.output.line}: {self.output.kind}", *said) if part)

    def text(self, *, every: bool = False) -> str:
        """The heading, the counts and the misses, or every number."""
        if self.report is None:
            return f"{self.heading}\n  not checked: {self.obstacle}"
        found = str(self.report).split("\n")
        rows = [row_text(row) for row in self.report.table.to_dict("records")] if every else []
        kept = [line for line in found if not line.startswith("  ")] if every else found
        return "\n".join([self.heading, *(f"  {line}" for line in kept), *(f"  {row}" for row in rows)])


@dataclass(frozen=True)
class Verification:
    """What came of all outputs of a document.

    Attributes
    ----------
    title : str
        The document's name.
    checked : tuple of Checked
        One for each output that was read, in the order of the document.
    unread : tuple of Unread
        What looks like an output and could not be read.
    """

    title: str
    checked: tuple[Checked, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that looks like an output was read, fitted again, and holds."""
        return self.agrees()

    def agrees(self, allow: Collection[str] = ()) -> bool:
        """Whether nothing fails.

        Parameters
        ----------
        allow : collection of {"near", "differs", "unchecked", "unread"}
            What is no failure: these verdicts, outputs that could not be fitted, text that could not be read.
        """
        reports = [one.report for one in self.checked if one.report is not None]
        complete = (UNCHECKED in allow or len(reports) == len(self.checked)) and (UNREAD in allow or not self.unread)
        return bool(reports) and complete and all(report.agrees(allow) for report in reports)

    @property
    def counts(self) -> dict[str, int]:
        """How many numbers of all outputs got each verdict."""
        reports = [one.report for one in self.checked if one.report is not None]
        return {verdict: sum(report.counts[verdict] for report in reports) for verdict in VERDICTS}

    def raise_if_failed(self, allow: Collection[str] = ()) -> None:
        """Raise unless `agrees`.

        Raises
        ------
        ParityError
            With the whole text as its message.
        """
        if not self.agrees(allow):
            raise ParityError(str(self))

    def to_frame(self) -> pd.DataFrame:
        """Every number that has a verdict, as in `Report.to_frame`; ``output`` counts the document's outputs from 0."""
        tables = [
            one.report.table.assign(output=place) for place, one in enumerate(self.checked) if one.report is not None
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def to_json(self) -> str:
        """The whole as a JSON object: one entry an output, and what could not be read."""
        outputs = [
            {
                "line": one.output.line,
                "kind": one.output.kind,
                "formula": one.output.model.formula,
                "data": one.output.model.data,
                "not checked": one.obstacle or None,
                "report": None if one.report is None else json.loads(one.report.to_json()),
            }
            for one in self.checked
        ]
        unread = [{"line": place.line, "reason": place.reason, "text": place.text} for place in self.unread]
        content = {"document": self.title, "ok": self.ok, "counts": self.counts, "outputs": outputs, "unread": unread}
        return json.dumps(content, ensure_ascii=False, indent=1)

    def to_html(self) -> str:
        """The whole as a page that needs nothing else; text from the document is escaped."""
        from lmebridge.parity.page import document_page

        return document_page(self)

    def text(self, *, every: bool = False) -> str:
        """The whole for people: misses alone, or every number."""
        return "\n".join([*(one.text(every=every) for one in self.checked), *self._unread(), self._summary()])

    def __str__(self) -> str:
        return self.text()

    def _unread(self) -> list[str]:
        return [f"not read: {place}" for place in self.unread]

    def _summary(self) -> str:
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items() if count)
        unfitted = sum(one.report is None for one in self.checked)
        others = [f"{unfitted} not checked"] * bool(unfitted) + [f"{len(self.unread)} not read"] * bool(self.unread)
        outputs = ", ".join([f"{len(self.checked)} output{'s' * (len(self.checked) != 1)}", *others])
        return f"{self.title}: {outputs}; {sum(self.counts.values())} numbers: {verdicts or 'none compared'}"


def verify(
    text: str,
    data: Mapping[str, pd.DataFrame],
    *,
    backend: str | None = None,
    fits: Mapping[int, Any] | None = None,
    names: Mapping[str, str] | None = None,
    near_units: float = 3.0,
    title: str = "document",
) -> Verification:
    """Fit every model that a document prints, and hold each printed number to the fit.

    R's outputs say their formula, their data's name and whether REML was used. statsmodels' say the response and the
    coefficients: their formula is put together from these. What says nothing (``fixef``, ``icc``, ``ranef``) belongs to
    the last model printed above it that it does not contradict, or to the one given in `fits`.

    Parameters
    ----------
    text : str
        The document.
    data : mapping of str to pandas.DataFrame
        The data under the names that the document has for them.
    backend : str, optional
        What fits; as in `lmebridge.lmer`. With ``"statsmodels"`` MixedLM's outputs are held to its own estimates.
    fits : mapping of int to fitted model, optional
        By a line of the output: the model of an output that does not say it.
    names : mapping of str to str, optional
        Names in the document to names in the data, where they differ. ``{"Group": "school"}`` names the groups that
        MixedLM got as an array.
    near_units : float
        As in `Published.check`.
    title : str
        The document's name in reports.

    Returns
    -------
    Verification
        One `Checked` an output.

    Raises
    ------
    PrintedOutputError
        If the text is too long or no text.

    Examples
    --------
    >>> from lmebridge import datasets
    >>> page = '''Linear mixed model fit by REML ['lmerMod']
    ... Formula: mathach ~ 1 + (1 | schoolid)
    ...    Data: hsb
    ... REML criterion at convergence: 47116.79
    ... Random effects:
    ...  Groups   Name        Std.Dev.
    ...  schoolid (Intercept) 2.935
    ...  Residual             6.257
    ... Number of obs: 7185, groups:  schoolid, 160
    ... Fixed Effects:
    ... (Intercept)
    ...       12.64
    ... '''
    >>> found = verify(page, {"hsb": datasets.hsb()}, backend="native")
    >>> found.ok, found.counts["holds"]
    (True, 6)
    """
    found = published(text)
    refitter = Refitter(data, backend, names or {}, fits or {})
    checked = tuple(_check(output, refitter, near_units) for output in found)
    return Verification(title, checked, found.unread)


def _check(output: PrintedOutput, refitter: Refitter, near_units: float) -> Checked:
    """One output held to its model; what cannot be fitted says why."""
    try:
        fit = refitter.fit(output)
        return Checked(output, output.check(fit, near_units=near_units, names=refitter.names))
    except LmebridgeError as error:
        return Checked(output, obstacle=str(error).strip().replace("\n", "\n    "))
