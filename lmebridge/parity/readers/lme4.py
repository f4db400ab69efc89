"""Summaries and prints of lmer and glmer fits, of every generation of lme4, and lmerTest's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.outputs import Unread
from lmebridge.parity.readers import criteria, variance
from lmebridge.parity.readers.coefficients import read_coefficients, read_correlations, read_fixed_vector
from lmebridge.parity.readers.residuals import read_quantiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.numerals import PrintedNumber
    from lmebridge.parity.outputs import PrintedOutput

TITLE = re.compile(r"\s*(?P<kind>Linear|Generalized linear|Nonlinear) mixed(?:-effects)? model fit by\b")
INFORMATION = re.compile(r"\s*(?:Formula|Data|Weights|Offset|Control|Subset|Family):")
MESSAGE = re.compile(
    r"\s*(?:optimizer \(|convergence code|boundary \(singular\)|Model failed to converge|Model is nearly|"
    r"fit warnings:|fixed-effect model matrix|unable to evaluate|- Rescale|Some predictor|No fixed effect|"
    r"Hessian is numerically|Optimization |Approximat)"
)
NOT_SHOWN = "Correlation matrix not shown by default"
#: Lines after which a title without a formula is prose.
TITLE_LINES = 3
#: Parts without which a summary was cut off.
NEEDED = {"criterion": "the criterion", "variance": "`Random effects:`", "fixed": "`Fixed effects:`"}


def starts(cursor: Cursor) -> bool:
    """Whether the title of a fit comes next."""
    return TITLE.match(cursor.line.text) is not None


def read(cursor: Cursor) -> PrintedOutput:
    """Read one summary or print.

    Raises
    ------
    PrintedOutputError
        If a title has no formula below it.
    """
    draft = _read_title(cursor)
    found: dict[str, criteria.Criteria | None] = {}
    while (section := _next_section(cursor)) and not _is_glued(section, cursor, draft, found):
        _read_section(section, cursor, draft, found)
    if draft.formula is None:
        cursor.fail("expected `Formula:` below the title of a mixed model")
    draft.numbers[:0] = _criteria_of(found, draft)
    missing = [words for part, words in NEEDED.items() if part not in found]
    if missing and not draft.problems:
        last = cursor.lines[min(cursor.position, len(cursor.lines)) - 1]
        draft.problems.append(Unread(last.number, last.text, f"the output ends here without {', '.join(missing)}"))
    return draft.output(cursor)


def _read_title(cursor: Cursor) -> Draft:
    title = TITLE.match(cursor.line.text)
    first, text = cursor.number, cursor.take().text
    for _ in range(TITLE_LINES):
        if cursor.line.blank or INFORMATION.match(cursor.line.text) or criteria.starts(cursor):
            break
        text = f"{text} {cursor.take().text.strip()}"
    function = "lmer" if title and title["kind"] == "Linear" else "glmer"
    tested = "t-tests use" in text or "lmerModLmerTest" in text
    draft = Draft(f"summary({'lmerTest' if tested else function})", "lme4", first)
    draft.REML = "REML" in text
    return draft


def _is_glued(section: str, cursor: Cursor, draft: Draft, found: dict[str, criteria.Criteria | None]) -> bool:
    """Whether another output, whose title is missing, starts here."""
    if section == "information":
        return draft.formula is not None and cursor.line.text.lstrip().startswith("Formula:")
    return section in found and section != "message"


def _next_section(cursor: Cursor) -> str:
    """The name of the section that comes next, empty when the output has ended; steps over empty lines before it."""
    start = cursor.position
    cursor.skip_blank()
    text = cursor.line.text
    section = next((name for name, opens in OPENINGS.items() if opens(cursor)), "")
    if not section or starts(cursor):
        cursor.position = start
        return ""
    return section if text else ""


def _opens(pattern: str) -> Callable[[Cursor], bool]:
    compiled = re.compile(pattern)
    return lambda cursor: compiled.match(cursor.line.text) is not None


#: Sections by the line that opens them.
OPENINGS: dict[str, Callable[[Cursor], bool]] = {
    "information": _opens(INFORMATION.pattern),
    "criterion": criteria.starts,
    "residuals": _opens(r"\s*Scaled residuals:"),
    "variance": _opens(r"\s*Random effects:\s*$"),
    "sizes": _opens(r"\s*[Nn]umber of obs:"),
    "fixed": _opens(r"\s*Fixed effects:\s*$"),
    "vector": _opens(r"\s*Fixed Effects:\s*$"),
    "correlation": _opens(r"\s*Correlation of Fixed Effects:\s*$"),
    "not shown": _opens(rf"\s*{NOT_SHOWN}"),
    "message": _opens(MESSAGE.pattern),
}


def _read_section(section: str, cursor: Cursor, draft: Draft, found: dict[str, criteria.Criteria | None]) -> None:
    found.setdefault("fixed" if section == "vector" else section, None)
    start = cursor.position

    def read_part(cursor: Cursor, draft: Draft) -> None:
        if section == "criterion":
            found["criterion"] = criteria.read_criteria(cursor, draft)
        else:
            READERS[section](cursor, draft)

    if not draft.attempt(read_part, cursor):
        cursor.position = max(cursor.position, start + 1)
        while not cursor.done and not cursor.line.blank and not any(opens(cursor) for opens in OPENINGS.values()):
            cursor.take()


def _read_information(cursor: Cursor, draft: Draft) -> None:
    """Read a line such as ``Formula: y ~ x`` with its continuation lines."""
    name, _, text = cursor.take().text.partition(":")
    while not cursor.line.blank and not starts(cursor) and not any(opens(cursor) for opens in OPENINGS.values()):
        text = f"{text} {cursor.take().text.strip()}"
    value = " ".join(text.split())
    if name.strip() == "Formula":
        draft.formula = value
    elif name.strip() == "Data":
        draft.data = value
    elif name.strip() == "Family":
        draft.family = value


def _read_residuals(cursor: Cursor, draft: Draft) -> None:
    cursor.take()
    read_quantiles(cursor, draft, "scaled")


def _read_variance(cursor: Cursor, draft: Draft) -> None:
    cursor.take()
    if not variance.starts(cursor):
        cursor.fail("expected the header `Groups Name Variance Std.Dev.`")
    variance.read_variances(cursor, draft)


def _read_fixed(cursor: Cursor, draft: Draft) -> None:
    cursor.take()
    read_coefficients(cursor, draft)


def _read_vector(cursor: Cursor, draft: Draft) -> None:
    cursor.take()
    draft.kind = draft.kind.replace("summary", "print")
    read_fixed_vector(cursor, draft)


def _read_message(cursor: Cursor, draft: Draft) -> None:
    draft.messages.append(cursor.take().text.strip())


def _skip_not_shown(cursor: Cursor, draft: Draft) -> None:
    draft.messages.append(" ".join(line.text.strip() for line in cursor.take_block()))


READERS: dict[str, Callable[[Cursor, Draft], None]] = {
    "information": _read_information,
    "residuals": _read_residuals,
    "variance": _read_variance,
    "sizes": variance.read_sizes,
    "fixed": _read_fixed,
    "vector": _read_vector,
    "correlation": read_correlations,
    "not shown": _skip_not_shown,
    "message": _read_message,
}


def _criteria_of(found: dict[str, criteria.Criteria | None], draft: Draft) -> list[PrintedNumber]:
    """The criteria's numbers with their intervals."""
    read_criteria = found.get("criterion")
    if read_criteria is None:
        return []
    return criteria.resolve(read_criteria, places=4 if draft.kind.startswith("print") else 1, digits=draft.digits)
