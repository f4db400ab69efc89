"""How fast R scripts are translated: a thousand lines of real scripts, and how much of that is reading R.

Run with ``pytest benchmarks/test_migrate.py``; needs neither R nor data. The text is the scripts of `fixtures/scripts`
one after the other: models, data, pictures and functions as people write them.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lmebridge.migrate import translate
from lmebridge.migrate.command import read_source
from lmebridge.rsyntax import parse

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = Path(__file__).parents[1] / "fixtures/scripts"
#: Lines of the text at least, and most seconds of the processor that a thousand lines may take.
LINES, MOST_SECONDS = 1000, 1.0
#: Turns that are timed.
ROUNDS = 7


@pytest.fixture(scope="module")
def text() -> str:
    """Whole scripts, until there are a thousand lines."""
    scripts: list[str] = []
    for path in sorted(SCRIPTS.glob("*.R")):
        if sum(script.count("\n") for script in scripts) < LINES:
            scripts.append(read_source(path)[0])
    return "\n".join(scripts)


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor: the work is one thread of Python, and others on the machine do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


def test_a_thousand_lines(text, record_property):
    """A thousand lines become Python in less than a second, of which reading them is the smaller part."""
    lines = text.count("\n")
    assert lines >= LINES
    translate(text)  # the table of translators is loaded once
    turns = [
        (processor_seconds(lambda: translate(text)), processor_seconds(lambda: parse(text))) for _ in range(ROUNDS)
    ]
    whole, reading = (statistics.median(column) * 1000 / lines for column in zip(*turns, strict=True))
    record_property("seconds_per_1000_lines", round(whole, 3))
    record_property("reading_seconds_per_1000_lines", round(reading, 3))
    print(f"\n{lines} lines: {whole:.2f} s a thousand, of which reading {reading:.2f} s")
    assert reading < whole <= MOST_SECONDS
