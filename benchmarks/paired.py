"""Two ways to do one thing, timed in turns in one process, so that what slows the machine slows both."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Pair:
    """Median seconds of each way."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours over theirs, dimensionless."""
        return self.ours / self.theirs


def seconds(work: Callable[[], object]) -> float:
    """Seconds one run takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> Pair:
    """Medians over `rounds` turns after one unmeasured turn of each."""
    ours()
    theirs()
    times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return Pair(*(statistics.median(column) for column in zip(*times, strict=True)))
