"""Printed numbers: what a numeral says, and how exactly it says it."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.parity.keys import Key

NUMERAL = re.compile(
    r"(?P<bound>< ?)?(?P<sign>[-+]?)(?P<digits>[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE](?P<exponent>[-+]?[0-9]{1,3}))?"
)
#: What R and numpy print for a number that is not there.
MISSING = frozenset({"NA", "NaN", "nan"})
#: Rounding of binary fractions: a value this close to the edge of the interval, relatively, is inside it.
EDGE = 1e-9
STARS = frozenset({"*", "**", "***", "."})
SPACED_BOUND = re.compile(r"<\s+(?=[0-9.])")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as it stands in the text.

    Attributes
    ----------
    value : float
        The number printed, NaN for NA; in whatever unit the text has.
    text : str
        The characters, such as ``"-0.110626"`` or ``"<2e-16"``.
    half_unit : float
        Half a unit in the last place that was rounded to, in the unit of `value`.
    bound : bool
        Whether the text only says that the number is smaller.

    Examples
    --------
    >>> numeral("4.710e+04").half_unit
    5.0
    >>> numeral("-6786.").half_unit, numeral("<2e-16").bound
    (0.5, True)
    """

    value: float
    text: str
    half_unit: float
    bound: bool = False

    def admits(self, number: float) -> bool:
        """Whether `number` would have been printed so.

        The only bound that R's tables print is the machine's precision, 2.2e-16; another one admits nothing.
        """
        if math.isnan(self.value) or math.isnan(number):
            return math.isnan(self.value) and math.isnan(number)
        reach = self.half_unit + EDGE * max(abs(self.value), abs(number))
        if self.bound:
            return abs(sys.float_info.epsilon - self.value) <= self.half_unit and number <= self.value + reach
        return abs(number - self.value) <= reach

    def units(self, number: float) -> float:
        """How far `number` is from the number printed, in units of the last printed place."""
        if self.bound and number < self.value:
            return 0.0
        return abs(number - self.value) / (2 * self.half_unit) if self.half_unit else math.nan


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A numeral, what it is a number of, and where it stands.

    Attributes
    ----------
    key : Key
        What it is a number of.
    numeral : Numeral
        What is printed.
    line : int
        Number of its line in the text, from 1.
    """

    key: Key
    numeral: Numeral
    line: int

    @property
    def value(self) -> float:
        """The number printed."""
        return self.numeral.value

    @property
    def text(self) -> str:
        """The number as it is printed."""
        return self.numeral.text

    @property
    def half_unit(self) -> float:
        """Half a unit in the last place that was rounded to."""
        return self.numeral.half_unit


def numeral(word: str) -> Numeral | None:
    """The number that a word is, None where it is not one."""
    if word in MISSING:
        return Numeral(math.nan, word, 0.0)
    found = NUMERAL.fullmatch(word)
    if found is None:
        return None
    exponent = int(found["exponent"] or 0)
    value = float(f"{found['sign']}{found['digits']}e{exponent}")
    if not math.isfinite(value) or abs(exponent) > sys.float_info.max_10_exp:
        return None
    return Numeral(value, word, 0.5 * 10.0 ** (exponent - decimals(word)), bool(found["bound"]))


def decimals(text: str) -> int:
    """Digits after the decimal point of the mantissa.

    Examples
    --------
    >>> decimals("4.710e+04"), decimals("-6786."), decimals("12")
    (3, 0, 0)
    """
    mantissa = re.split("[eE]", text)[0]
    return len(mantissa.partition(".")[2])


def significant(text: str) -> int:
    """Significant digits that a numeral shows.

    Examples
    --------
    >>> significant("0.006298"), significant("612.10")
    (4, 5)
    """
    mantissa = re.split("[eE]", text.lstrip("<-+ "))[0]
    return len(mantissa.replace(".", "").lstrip("0"))


def split_row(text: str, count: int) -> tuple[str, tuple[Numeral, ...]] | None:
    """A table's row as its name and its last `count` numbers; None where the text does not end in so many.

    Stars of significance at the end are left out, and ``< 2e-16`` counts as one word.

    Examples
    --------
    >>> name, numbers = split_row("gor_nameNorth East  0.0202813 0.0084342 2.405 < 2e-16 ***", 4)
    >>> name, [number.text for number in numbers]
    ('gor_nameNorth East', ['0.0202813', '0.0084342', '2.405', '<2e-16'])
    """
    words = _words(text)
    if count < 1 or len(words) < count:
        return None
    numbers = [numeral(word) for word in words[-count:]]
    if any(number is None for number in numbers):
        return None
    return " ".join(words[:-count]), tuple(number for number in numbers if number is not None)


def _words(text: str) -> list[str]:
    """The words of a row, without stars of significance, a bound and its number in one."""
    words = SPACED_BOUND.sub("<", text).split()
    return words[:-1] if len(words) > 1 and words[-1] in STARS else words


def trailing(text: str) -> int:
    """How many words at the end of a line are numbers."""
    words = _words(text)
    return next((i for i, word in enumerate(reversed(words)) if numeral(word) is None), len(words))


def is_numbers(text: str) -> bool:
    """Whether a line holds numbers and nothing else."""
    return bool(text.split()) and trailing(text) == len(text.split())


def rounded_at(found: Numeral, places: int) -> Numeral:
    """The numeral of a number that had been rounded to so many decimal places before trailing zeros were dropped.

    Examples
    --------
    >>> rounded_at(numeral("162"), 1).half_unit
    0.05
    """
    return replace(found, half_unit=min(found.half_unit, 0.5 * 10.0**-places))


def rounded_twice(found: Numeral, places: int) -> Numeral:
    """The numeral of a number that was rounded to so many places first and to the printed ones then."""
    first = 0.5 * 10.0**-places
    return replace(found, half_unit=found.half_unit + first) if first < found.half_unit * (1 - EDGE) else found


def shown_digits(numbers: Sequence[Numeral]) -> int:
    """Significant digits that a jointly formatted set of numbers was given: those of its smallest member.

    Zero where the smallest is a whole number: R prints all its digits however few were asked for.
    """
    sized = [number for number in numbers if number.value and math.isfinite(number.value)]
    smallest = min(sized, key=lambda number: abs(number.value), default=None)
    return significant(smallest.text) if smallest is not None and decimals(smallest.text) else 0
