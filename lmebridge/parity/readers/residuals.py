"""Quantiles of residuals, as the summaries of lmer and lm print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.parity.keys import Key
from lmebridge.parity.tables import read_named_vector

if TYPE_CHECKING:
    from lmebridge.parity.draft import Draft
    from lmebridge.parity.lines import Cursor

NAMES = ("Min", "1Q", "Median", "3Q", "Max")


def starts(cursor: Cursor) -> bool:
    """Whether the names of the quantiles come next."""
    return cursor.line.words[:1] == ["Min"] and set(cursor.line.words) <= set(NAMES)


def read_quantiles(cursor: Cursor, draft: Draft, method: str) -> None:
    """Read the five quantiles into `draft`.

    Raises
    ------
    PrintedOutputError
        If there are not five of them.
    """
    if not starts(cursor):
        cursor.fail("expected the residuals' quantiles: Min, 1Q, Median, 3Q, Max")
    found = read_named_vector(cursor)
    if tuple(name for name, _, _ in found) != NAMES:
        cursor.fail("expected five quantiles of the residuals: Min, 1Q, Median, 3Q, Max")
    for name, number, line in found:
        draft.add(Key("residual_quantile", term=name, method=method), number, line)
