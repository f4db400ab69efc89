"""What R prints for ``fixef``, ``ranef``, ``coef`` and ``confint``, and pandas for ``params``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.keys import Key
from lmebridge.parity.names import r_name
from lmebridge.parity.numerals import is_numbers, split_row, trailing
from lmebridge.parity.tables import read_level_table, read_named_vector

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput

INTERCEPT = "(Intercept)"
FIXEF_CALL = re.compile(r"\s*>?\s*(?:lme4::)?fixef\(.*\)\s*$")
GROUP = re.compile(r"\s*\$(?P<group>`[^`]+`|[\w.:]+)\s*$")
CLASS = re.compile(r'\s*attr\(,"class"\)\s*$')
CONDITIONAL = re.compile(r"\s*with conditional variances for")
PERCENT = re.compile(r"[0-9]{1,3}(?:\.[0-9]+)? %")
RANEF_FRAME = ["grpvar", "term", "grp", "condval", "condsd"]
SERIES_END = re.compile(r"(?:Name: .*, )?dtype: float(?:64|32)\s*$")
SERIES_ROW = re.compile(r"(?P<label>.*?)(?P<name>\S+)\s+(?P<number>-?[0-9][-+.0-9e]*)\s*$")


def fixef_starts(cursor: Cursor) -> bool:
    """Whether names with an intercept among them come next, above their numbers, or the call of fixef did before."""
    named = INTERCEPT in cursor.line.words[:1] or FIXEF_CALL.match(cursor.ahead(-1).text) is not None
    return (
        named
        and not is_numbers(cursor.line.text)
        and trailing(cursor.line.text) == 0
        and is_numbers(cursor.ahead(1).text)
    )


def read_fixef(cursor: Cursor) -> PrintedOutput:
    """Read a named vector of estimates.

    Raises
    ------
    PrintedOutputError
        If names and numbers do not fit.
    """
    draft = Draft("fixef", "R", cursor.number)
    for term, number, line in read_named_vector(cursor):
        draft.add(Key("estimate", term=term), number, line)
    return draft.output(cursor)


def ranef_starts(cursor: Cursor) -> bool:
    """Whether ``$Subject`` comes next with a table below it."""
    header, row = cursor.ahead(1).text, cursor.ahead(2).text
    return GROUP.match(cursor.line.text) is not None and trailing(header) == 0 and trailing(row) > 0


def read_ranef(cursor: Cursor) -> PrintedOutput:
    """Read conditional modes, or what ``coef`` prints in the same layout, of all grouping factors.

    Raises
    ------
    PrintedOutputError
        If a table's labels do not fit its numbers.
    """
    draft = Draft("ranef", "lme4", cursor.number)
    tables = []
    while ranef_starts(cursor):
        match = GROUP.match(cursor.take().text)
        tables.append((match["group"].strip("`") if match else "", read_level_table(cursor)))
        _skip_to(cursor, ranef_starts, lambda cursor: CLASS.match(cursor.line.text) is not None)
    quantity = "condval"
    if CLASS.match(cursor.line.text) and "coef.mer" in cursor.ahead(1).text:
        draft.kind = quantity = "coef"
        cursor.position += 2
    _skip_to(cursor, lambda cursor: CONDITIONAL.match(cursor.line.text) is not None)
    if CONDITIONAL.match(cursor.line.text):
        draft.messages.append(cursor.take().text.strip())
    for group, table in tables:
        for term, numbers in table.columns.items():
            for level, number, line in zip(table.names, numbers, table.lines[term], strict=True):
                draft.add(Key(quantity, group, level, term), number, line)
    return draft.output(cursor)


def _skip_to(cursor: Cursor, *targets: object) -> None:
    """Step over empty lines when one of the targets follows them."""
    start = cursor.position
    cursor.skip_blank()
    if not any(target(cursor) for target in targets if callable(target)):
        cursor.position = start


def frame_starts(cursor: Cursor) -> bool:
    """Whether the header of ``as.data.frame(ranef(m))`` comes next."""
    return cursor.line.words in (RANEF_FRAME, RANEF_FRAME[:-1])


def read_frame(cursor: Cursor) -> PrintedOutput:
    """Read conditional modes and standard deviations, one row an effect of a level."""
    draft = Draft("as.data.frame(ranef)", "lme4", cursor.number)
    columns = cursor.take().words[3:]
    while (row := split_row(cursor.line.text, len(columns))) and len(words := row[0].split()) > 3:
        line = cursor.take().number
        key = Key("", words[1], " ".join(words[3:]), words[2])
        for quantity, number in zip(columns, row[1], strict=True):
            draft.add(key._replace(quantity=quantity), number, line)
    if not draft.numbers:
        cursor.fail("expected rows of grpvar, term, grp, condval and condsd")
    return draft.output(cursor)


def confint_starts(cursor: Cursor) -> bool:
    """Whether the header of a table of intervals comes next: two percentages."""
    return len(PERCENT.findall(cursor.line.text)) == 2 and not PERCENT.sub("", cursor.line.text).strip()


def read_confint(cursor: Cursor) -> PrintedOutput:
    """Read a table of confidence limits.

    Raises
    ------
    PrintedOutputError
        If no row follows.
    """
    draft = Draft("confint", "R", cursor.number)
    limits = PERCENT.findall(cursor.take().text)
    while (row := split_row(cursor.line.text, 2)) and row[0]:
        line = cursor.take().number
        for quantity, limit, number in zip(("conf_low", "conf_high"), limits, row[1], strict=True):
            draft.add(Key(quantity, term=row[0], term2=limit), number, line)
    if not draft.numbers:
        cursor.fail("expected rows of two limits")
    return draft.output(cursor)


def series_starts(cursor: Cursor) -> bool:
    """Whether a printed pandas Series with an intercept comes next."""
    if "Intercept" not in cursor.line.text or len(cursor.line.text) > LONGEST_ROW:
        return False
    row = SERIES_ROW.match(cursor.line.text)
    if row is None or row["name"] != "Intercept" or (row["label"].strip() and not row["label"].rstrip().endswith(":")):
        return False
    return any(SERIES_END.match(cursor.ahead(i).text) for i in range(1, LONGEST_SERIES))


#: pandas prints at most 60 rows of a Series, and 50 characters of a name.
LONGEST_SERIES, LONGEST_ROW = 64, 200


def read_series(cursor: Cursor) -> PrintedOutput:
    """Read the ``params`` of a statsmodels result as pandas prints them.

    Raises
    ------
    PrintedOutputError
        If a row is not a name and a number.
    """
    draft = Draft("params", "statsmodels", cursor.number)
    while not SERIES_END.match(cursor.line.text):
        row = split_row(cursor.line.text, 1)
        if row is None:
            cursor.fail("expected a coefficient's name and its value")
        name = row[0].rpartition(": ")[2] if not draft.numbers else row[0]
        draft.add(Key("estimate", term=r_name(name)), row[1][0], cursor.take().number)
    cursor.take()
    return draft.output(cursor)
