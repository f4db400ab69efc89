"""Readers of printed outputs, one module a program's way of printing.

To read a new kind of output, write a reader and add it to `READERS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.parity.readers import anova, effects, icc, lm, lme4, statsmodels, variance

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of one kind of output.

    Attributes
    ----------
    starts : callable
        Whether such an output starts at the cursor; moves nothing.
    read : callable
        Reads it, leaves the cursor behind it, and raises PrintedOutputError where it cannot.
    """

    starts: Callable[[Cursor], bool]
    read: Callable[[Cursor], PrintedOutput]


#: Every reader; the first whose `starts` holds reads.
READERS = (
    Reader(lme4.starts, lme4.read),
    Reader(lm.starts, lm.read),
    Reader(anova.starts, anova.read),
    Reader(statsmodels.mixed_starts, statsmodels.read_mixed),
    Reader(statsmodels.ols_starts, statsmodels.read_ols),
    Reader(variance.starts, variance.read),
    Reader(icc.starts, icc.read),
    Reader(effects.ranef_starts, effects.read_ranef),
    Reader(effects.frame_starts, effects.read_frame),
    Reader(effects.confint_starts, effects.read_confint),
    Reader(effects.fixef_starts, effects.read_fixef),
    Reader(effects.series_starts, effects.read_series),
)
