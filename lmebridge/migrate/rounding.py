"""Where R rounds a 5 at the end otherwise than NumPy: R to the nearer of two doubles, NumPy by way of a product."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.migrate.number_text import is_whole
from lmebridge.migrate.values import Kind

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.values import Value

TIES = "a 5 at the end, as in 0.15, may be rounded the other way than in R"


def rounded_in_r(value: float, digits: int) -> float:
    """A number rounded as R has done since 4.0.0.

    Parameters
    ----------
    value : float
        The number, in any unit.
    digits : int
        Digits behind the point, above 0.

    References
    ----------
    R ``?Round``, "The algorithm in R 4.0.0": the nearer of the two candidates with that many digits, each as a double;
    of two that are equally near the one whose last digit is even.

    Examples
    --------
    >>> rounded_in_r(0.15, 1), rounded_in_r(0.25, 1), rounded_in_r(2.675, 2), rounded_in_r(-0.45, 1)
    (0.1, 0.2, 2.67, -0.4)
    """
    power, size = 10.0**digits, abs(value)
    if not math.isfinite(value) or size * power >= 1e15:
        return value
    below = math.floor(size * power)
    low, high = below / power, math.ceil(size * power) / power
    nearer_low = size - low < high - size or (size - low == high - size and below % 2 == 0)
    return math.copysign(low if nearer_low else high, value)


def rounds_otherwise(value: Value, digits: Value) -> bool:
    """Whether NumPy may round other than R: where a value is computed, or is written out and known to."""
    places = digits.constant
    if is_whole(value) or (isinstance(places, (int, float)) and places <= 0):
        return False
    each = value.constant if isinstance(value.constant, list) else [value.constant]
    if value.kind in {Kind.NUMBER, Kind.LIST} and isinstance(places, (int, float)) and all(map(_is_number, each)):
        return any(rounded_in_r(one, int(places)) != float(np.round(float(one), int(places))) for one in each)
    return True


def note_roots(call: RCall, base: Value, exponent: Value) -> None:
    """A note where a single number below zero may be raised to a broken power, which is complex in Python."""
    power = exponent.constant
    is_whole_power = isinstance(power, (int, float)) and float(power).is_integer()
    is_above = isinstance(base.constant, (int, float)) and base.constant >= 0
    if call.name == "^" and base.kind is Kind.NUMBER and not (is_whole_power or is_above or is_whole(exponent)):
        call.note("a broken power of a number below zero is NaN in R, and may be complex in Python")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
