"""What R's performance package prints for ``icc``, in its two layouts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import numeral

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput

TITLE = re.compile(r"\s*#? ?(?P<title>ICC by Group|Intraclass Correlation Coefficient)\s*$")
ROW = re.compile(r"\s*(?P<group>[^|]*\S)\s*\|\s*(?P<icc>\S+)\s*$")
#: `conditional` was the name of `unadjusted` before performance 0.9.
SHARE = re.compile(r"\s*(?P<method>Adjusted|Unadjusted|Conditional) ICC:\s*(?P<icc>\S+)\s*$")


def starts(cursor: Cursor) -> bool:
    """Whether the title comes next."""
    return TITLE.match(cursor.line.text) is not None


def read(cursor: Cursor) -> PrintedOutput:
    """Read the coefficients of the groups, or of the whole model.

    Raises
    ------
    PrintedOutputError
        If none follows.
    """
    draft = Draft("icc", "performance", cursor.number)
    cursor.take()
    while cursor.line.blank or ROW.match(cursor.line.text) or SHARE.match(cursor.line.text) or _is_rule(cursor):
        if cursor.done or (cursor.line.blank and draft.numbers):
            break
        line = cursor.take()
        row, share = ROW.match(line.text), SHARE.match(line.text)
        if share:
            method = share["method"].lower().replace("conditional", "unadjusted")
            draft.add(Key("icc", method=method), numeral(share["icc"]), line.number)
        elif row:
            draft.add(Key("icc", row["group"]), numeral(row["icc"]), line.number)
    if not draft.numbers:
        cursor.fail("expected intraclass correlation coefficients below their title")
    return draft.output(cursor)


def _is_rule(cursor: Cursor) -> bool:
    return bool(re.fullmatch(r"\s*-[-|+]*\s*", cursor.line.text))
