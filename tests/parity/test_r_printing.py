"""The reader on what R prints: every number comes back, none is lost, none is made up, and none may be changed."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.parity import Key, PrintedOutput, published
from tests import judge

if TYPE_CHECKING:
    from lmebridge.parity.numerals import PrintedNumber

PROGRAM = Path(__file__).with_name("printing.R")

pytestmark = [pytest.mark.needs_r, pytest.mark.slow]


@dataclass(frozen=True)
class Printed:
    """One output of R with the numbers behind it."""

    kind: str
    text: str
    width: int
    digits: int
    numbers: dict[Key, float]

    def __str__(self) -> str:
        return f"{self.kind} at width {self.width} with {self.digits} digits\n{self.text}"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[Printed]:
    """Everything `printing.R` prints."""
    return [from_r(case) for case in judge.run_r(PROGRAM.read_text("utf-8"), tmp_path_factory.mktemp("printing"))]


def from_r(case: dict[str, Any]) -> Printed:
    """A case of `printing.R`, whose numbers are parallel columns."""
    columns = case["numbers"]
    keys = [Key(*parts) for parts in zip(*(columns[name] for name in Key._fields), strict=True)]
    values = [math.nan if value in (None, "NaN") else float(value) for value in columns["value"]]
    return Printed(case["kind"], case["text"], case["width"], case["digits"], dict(zip(keys, values, strict=True)))


def read_one(case: Printed) -> PrintedOutput:
    """The one output a case's text holds, nothing unread."""
    found = published(case.text)
    assert [output.kind for output in found] == [case.kind], case
    assert found.unread == (), case
    return found[0]


def test_the_batch_is_of_many_models_and_layouts(printed: list[Printed]) -> None:
    """At least thirty models, widths 60 to 120 and digits 3 to 7, every kind of output that R prints."""
    counts = Counter(case.kind for case in printed)
    assert sum(count for kind, count in counts.items() if kind.startswith("summary")) >= 30
    assert {case.width for case in printed} == {60, 70, 80, 100, 120}
    assert {case.digits for case in printed} == {3, 4, 5, 6, 7}
    assert {"VarCorr", "fixef", "ranef", "confint", "anova", "print(lmer)", "print(lm)", "summary(lmerTest)"} <= set(
        counts
    )


def test_no_number_is_lost_and_none_is_made_up(printed: list[Printed]) -> None:
    """The keys read are the keys of what was printed, each once."""
    for case in printed:
        keys = [number.key for number in read_one(case).numbers]
        assert Counter(keys) == Counter(list(case.numbers)), case


def test_every_number_is_what_r_rounded(printed: list[Printed]) -> None:
    """R's value lies in the interval that each printed number stands for."""
    for case in printed:
        for number in read_one(case).numbers:
            assert number.numeral.admits(case.numbers[number.key]), (number, case.numbers[number.key], str(case))


def test_the_intervals_are_no_wider_than_the_digits(printed: list[Printed]) -> None:
    """Nine intervals in ten are half a unit of the last place shown, none is wider than six tenths."""
    shown = [(n, number_width(n)) for case in printed for n in read_one(case).numbers if not math.isnan(n.value)]
    widths = [n.half_unit / unit for n, unit in shown]
    # Rounding twice, to one place more first, adds a tenth of a half unit.
    assert max(widths) <= 0.5 * 1.1 * (1 + 1e-9)
    assert sum(width <= 0.5 * (1 + 1e-9) for width in widths) >= 0.9 * len(widths)


def number_width(number: PrintedNumber) -> float:
    """A unit in the last place that a number shows."""
    mantissa, _, exponent = number.text.lower().lstrip("<").partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def test_a_changed_digit_is_caught(printed: list[Printed]) -> None:
    """Of the outputs with one digit of one printed number changed, 99 in 100 do not agree with R's values."""
    caught = [is_caught(case, mutant) for case in printed[::3] for mutant in mutants(case)]
    assert len(caught) >= 1000
    assert sum(caught) >= 0.99 * len(caught)


def mutants(case: Printed) -> list[str]:
    """The text with one digit changed, once for every number on the lines of numbers."""
    # One digit of each number, chosen and changed by a generator with a fixed seed, so that a failure repeats.
    choose = random.Random(20240117)
    lines = case.text.split("\n")
    found = []
    for output_number in read_one(case).numbers:
        index = output_number.line - 1
        places = [
            m for m in re.finditer(r"[^\s,;]+", lines[index]) if m.group().lstrip("<") == output_number.text.lstrip("<")
        ]
        if len(places) != 1 or math.isnan(output_number.value):
            continue
        digits = [i for i in range(*places[0].span()) if lines[index][i].isdigit()]
        place = choose.choice(digits)
        digit = choose.choice([d for d in "0123456789" if d != lines[index][place]])
        line = lines[index][:place] + digit + lines[index][place + 1 :]
        found.append("\n".join([*lines[:index], line, *lines[index + 1 :]]))
    return found


def is_caught(case: Printed, text: str) -> bool:
    """Whether a text gives itself away: something is unread, has another name, or disagrees with R's value."""
    found = published(text)
    if found.unread or len(found) != 1 or {n.key for n in found[0].numbers} != set(case.numbers):
        return True
    return not all(number.numeral.admits(case.numbers[number.key]) for number in found[0].numbers)
