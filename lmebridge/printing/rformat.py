"""R's formatting of numbers: how many digits, fixed or scientific, and how columns share both.

R chooses, for a vector, the fewest significant digits (at most ``digits``) that show every element to ``digits``
significant digits, and fixed notation unless it is wider than scientific. Everything printed is built on that choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

#: R works the decimal digits out in 80-bit floats, whose significand has 64 bits.
_LONG_DOUBLE_BITS = 64
#: Decimal digits that a double always keeps; with more, R leaves the choice of digits to C's printf.
_DOUBLE_DIGITS = 15
#: R scales by a table of exact powers of ten below this exponent.
_EXACT_POWERS = 10


@dataclass(frozen=True)
class Options:
    """The R options that printed text depends on.

    Attributes
    ----------
    digits : int
        ``options(digits=)``, significant digits, dimensionless.
    width : int
        ``options(width=)``, characters a line.
    fancy_quotes : bool
        Whether the legend of significance stars has typographic quotes, as R has in a UTF-8 locale; knitr's documents
        have straight ones.
    """

    digits: int = 7
    width: int = 80
    fancy_quotes: bool = True

    @property
    def summary_digits(self) -> int:
        """Digits that R's summaries print with unless told otherwise: three fewer, at least three."""
        return max(3, self.digits - 3)


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a number needs: its decimal exponent, its significant digits, and whether rounding it gains no place.

    Attributes
    ----------
    exponent : int
        Power of ten of the first digit, after rounding.
    significant : int
        Digits left after trailing zeros are dropped.
    narrower : bool
        Whether fixed notation has one place less than `exponent` says: 9996 to 3 digits is 1e+04 but 9996.
    """

    exponent: int
    significant: int
    narrower: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """How the elements of a vector are written: common width, decimals and notation.

    Attributes
    ----------
    width : int
        Characters.
    decimals : int
        Digits after the point, of the mantissa in scientific notation.
    scientific : bool
        Whether scientific notation is used.
    """

    width: int
    decimals: int
    scientific: bool


def shape(value: float, digits: int) -> Shape:
    """What a finite number needs when at most `digits` significant digits are shown.

    Parameters
    ----------
    value : float
        A finite number.
    digits : int
        Significant digits.

    Returns
    -------
    Shape
        Its exponent and digits.

    References
    ----------
    R's ``print.default`` help page, argument `digits`; checked against R 4.2.2.

    Examples
    --------
    >>> shape(1743.60, 7)
    Shape(exponent=3, significant=5, narrower=False)
    """
    magnitude = abs(value)
    if magnitude == 0:
        return Shape(0, 1, narrower=False)
    if digits > _DOUBLE_DIGITS:
        return _printf_shape(magnitude, digits)
    scaled, power = _scale(magnitude, digits)
    text = str(round(scaled))  # `round` of a fraction goes to even, as R does
    significant = len(text.rstrip("0")) or 1
    exponent = power + len(text) - 1
    return Shape(exponent, significant, _is_narrower(magnitude, exponent, digits))


def _scale(magnitude: float, digits: int) -> tuple[Fraction, int]:
    """The number as `digits` digits before the point, and the power of ten taken out, in R's precision."""
    power = math.floor(math.log10(magnitude)) - digits + 1
    factor = Fraction(10) ** power
    if abs(power) >= _EXACT_POWERS:  # beyond its table of powers R divides by a rounded one
        factor = _long_double(factor)
    scaled = _long_double(Fraction(magnitude) / factor)
    if scaled < 10 ** (digits - 1):
        return _long_double(scaled * 10), power - 1
    return scaled, power


def _long_double(value: Fraction) -> Fraction:
    """A positive fraction rounded to the precision of an 80-bit float."""
    shift = _LONG_DOUBLE_BITS - (value.numerator.bit_length() - value.denominator.bit_length())
    scaled = round(value * Fraction(2) ** shift)
    return Fraction(scaled) / Fraction(2) ** shift


def _is_narrower(magnitude: float, exponent: int, digits: int) -> bool:
    if exponent <= 0:
        return False
    decimals = max(0, digits - exponent)
    return magnitude < 10.0**exponent - 0.5 / 10.0**decimals


def _printf_shape(magnitude: float, digits: int) -> Shape:
    mantissa, exponent = f"{magnitude:.{digits - 1}e}".split("e")
    return Shape(int(exponent), len(mantissa.replace(".", "").rstrip("0")) or 1, narrower=False)


def layout(values: Sequence[float] | np.ndarray, digits: int = 7, nsmall: int = 0, missing: str = "NA") -> Layout:
    """The common layout of a vector.

    Parameters
    ----------
    values : sequence of float
        Numbers.
    digits : int
        Significant digits that every element is shown to at least, where it has them.
    nsmall : int
        Least number of decimals in fixed notation.
    missing : str
        How NaN is written: R tells NA from NaN, Python does not.

    Returns
    -------
    Layout
        Width in characters, decimals, notation.

    Examples
    --------
    >>> layout([24.33, 75.85], 4)
    Layout(width=5, decimals=2, scientific=False)
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    special = max((len(_special(value, missing)) for value in values if not math.isfinite(value)), default=0)
    if not finite:
        return Layout(special, 0, scientific=False)
    chosen = _finite_layout(finite, [shape(value, digits) for value in finite], nsmall)
    return Layout(max(chosen.width, special), chosen.decimals, chosen.scientific)


def _finite_layout(values: Sequence[float], shapes: Sequence[Shape], nsmall: int) -> Layout:
    decimals = max(0, *(each.significant - each.exponent - 1 for each in shapes))
    integer = max(_integer_width(value, each) for value, each in zip(values, shapes, strict=True))
    scientific = _scientific_layout(values, shapes)
    if integer + decimals + (decimals > 0) > scientific.width:
        return scientific
    decimals = max(decimals, nsmall)
    return Layout(integer + decimals + (decimals > 0), decimals, scientific=False)


def _integer_width(value: float, need: Shape) -> int:
    return max(1, need.exponent + 1 - need.narrower) + (value < 0)


def _scientific_layout(values: Sequence[float], shapes: Sequence[Shape]) -> Layout:
    exponents = [each.exponent for each in shapes]
    wide = max(exponents) >= 100 or min(exponents) <= -100
    decimals = max(each.significant for each in shapes) - 1
    negative = any(value < 0 for value in values)
    width = negative + 1 + (decimals > 0) + decimals + 4 + wide
    return Layout(width, decimals, scientific=True)


def _special(value: float, missing: str) -> str:
    if math.isnan(value):
        return missing
    return "Inf" if value > 0 else "-Inf"


def encode(value: float, form: Layout, missing: str = "NA") -> str:
    """One number in a layout, right-justified.

    Parameters
    ----------
    value : float
        The number.
    form : Layout
        Usually from `layout`.
    missing : str
        How NaN is written.

    Returns
    -------
    str
        Text of at least ``form.width`` characters.

    Examples
    --------
    >>> encode(24.33, Layout(width=6, decimals=3, scientific=False))
    '24.330'
    """
    if not math.isfinite(value):
        return _special(value, missing).rjust(form.width)
    code = "e" if form.scientific else "f"
    # Adding zero turns a negative zero, which R never shows, into zero.
    return f"{value + 0.0:{form.width}.{form.decimals}{code}}"


def format_numbers(
    values: Sequence[float] | np.ndarray, digits: int = 7, nsmall: int = 0, missing: str = "NA"
) -> list[str]:
    """R's ``format(x, digits=, nsmall=)`` of a numeric vector.

    Parameters
    ----------
    values : sequence of float
        Numbers.
    digits, nsmall : int
        As in R.
    missing : str
        How NaN is written.

    Returns
    -------
    list of str
        Texts of one width.

    Examples
    --------
    >>> format_numbers([84.63, -102.5, 3])
    ['  84.63', '-102.50', '   3.00']
    """
    form = layout(values, digits, nsmall, missing)
    return [encode(float(value), form, missing) for value in values]


def number_text(value: float, digits: int = 7, missing: str = "NA") -> str:
    """One number alone, as ``cat`` or ``paste`` would write it with that many digits.

    Examples
    --------
    >>> number_text(1743.6), number_text(162.0)
    ('1743.6', '162')
    """
    return encode(value, layout([value], digits, missing=missing), missing)


def formatC(value: float, digits: int) -> str:
    """R's ``formatC(x, digits=)``: C's ``%g`` in a field one character wider than `digits`.

    Examples
    --------
    >>> formatC(868.47, 4), formatC(91.0, 4)
    ('868.5', '   91')
    """
    if not math.isfinite(value):
        return _special(value, "NaN").rjust(digits + 1)
    return f"{value:{digits + 1}.{digits}g}"


def round_half(value: float, digits: int) -> float:
    """R's ``round(x, digits)``: the nearer of the two neighbouring decimals, and the even one of two as near.

    Parameters
    ----------
    value : float
        A number.
    digits : int
        Decimals; negative counts places before the point.

    Returns
    -------
    float
        The rounded number.

    References
    ----------
    R 4.0.0 NEWS, "For round(), the algorithm has been improved", and the help page of ``round``.

    Examples
    --------
    >>> round_half(0.15, 1), round_half(2.5, 0), round_half(-1.005, 2)
    (0.1, 2.0, -1.0)
    """
    if not math.isfinite(value) or value == 0:
        return value
    # The number's decimal exponent is judged from its binary one: beyond 15 digits there is nothing to round.
    if digits + math.log10(2) * (math.frexp(value)[1] - 0.5) > _DOUBLE_DIGITS:
        return value
    if digits == 0:
        return float(round(value))
    return math.copysign(_nearer_decimal(abs(value), digits), value)


def _nearer_decimal(value: float, digits: int) -> float:
    power = 10.0 ** abs(digits)
    scaled = value * power if digits > 0 else value / power
    below, above = math.floor(scaled), math.ceil(scaled)
    low, high = (below / power, above / power) if digits > 0 else (below * power, above * power)
    up, down = high - value, value - low
    return low if down < up or (down == up and below % 2 == 0) else high


def signif(value: float, digits: int) -> float:
    """R's ``signif(x, digits)``: rounded to that many significant digits.

    Examples
    --------
    >>> signif(8.70863, 4)
    8.709
    """
    if not math.isfinite(value) or value == 0:
        return value
    power = digits - 1 - math.floor(math.log10(abs(value)))
    scale = 10.0 ** abs(power)
    return round(value * scale) / scale if power > 0 else round(value / scale) * scale


def zapsmall(values: Sequence[float] | np.ndarray, digits: int = 7) -> list[float]:
    """R's ``zapsmall``: rounded to the decimals that the largest element needs for `digits` digits.

    Parameters
    ----------
    values : sequence of float
        Numbers, NaN allowed.
    digits : int
        Significant digits of the largest.

    Returns
    -------
    list of float
        The rounded numbers.

    Examples
    --------
    >>> zapsmall([1.0, 1e-20])
    [1.0, 0.0]
    """
    largest = max((abs(value) for value in values if not math.isnan(value)), default=0.0)
    decimals = max(0.0, digits - math.log10(largest)) if largest > 0 else float(digits)
    return [round_half(float(value), math.floor(decimals + 0.5)) for value in values]
