"""lme4's line of criteria, in the layouts of its generations."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import Numeral, PrintedNumber, decimals, numeral, rounded_at, rounded_twice
from lmebridge.parity.tables import labels_in

if TYPE_CHECKING:
    from lmebridge.parity.draft import Draft
    from lmebridge.parity.lines import Cursor

LABEL = re.compile(r"AIC|BIC|logLik|deviance|REMLdev|df\.resid|-2\*log\(L\)")
REML = re.compile(r"REML criterion at convergence:\s*(?P<number>\S+)")
#: Words that only one generation of lme4 prints.
GENERATIONS = {"REMLdev": "lme4 before 1.0", "df.resid": "lme4 1.0 to 1.1-36", "-2*log(L)": "lme4 1.1-37 or later"}
#: R's default for options(digits), which also limits the digits of `cat`.
DEFAULT_DIGITS = 7
#: lme4 asks for this many digits less than options(digits), but for three at least.
FEWER, FEWEST = 3, 3


@dataclass(frozen=True, slots=True)
class Criteria:
    """Numbers that were rounded to some places and formatted together then."""

    numbers: tuple[PrintedNumber, ...]
    rounded_first: bool = True


def starts(cursor: Cursor) -> bool:
    """Whether a line or table of criteria comes next."""
    return REML.match(cursor.line.text) is not None or len(labels_in(cursor.line.text, LABEL)) > 1


def read_criteria(cursor: Cursor, draft: Draft) -> Criteria:
    """Read the criteria; `resolve` gives them their intervals when the rest of the output is known.

    Raises
    ------
    PrintedOutputError
        If the numbers do not fit the labels above them.
    """
    found = REML.match(cursor.line.text)
    if found:
        return Criteria((_criterion(cursor, found["number"], draft),))
    labels: list[str] = []
    numbers: list[PrintedNumber] = []
    while row := labels_in(cursor.line.text, LABEL):
        labels += row
        cursor.take()
        numbers += _row(cursor, row, draft)
    draft.software = next((name for label, name in GENERATIONS.items() if label in labels), draft.software)
    if "-2*log(L)" in labels:
        draft.software = GENERATIONS["-2*log(L)"]
    return Criteria(tuple(numbers), rounded_first="REMLdev" not in labels)


def _criterion(cursor: Cursor, word: str, draft: Draft) -> PrintedNumber:
    number = numeral(word)
    if number is None:
        cursor.fail("expected the REML criterion")
    draft.software = "lme4 1.0 or later"
    return PrintedNumber(Key("criterion", method="REML"), number, cursor.take().number)


def _row(cursor: Cursor, labels: list[str], draft: Draft) -> list[PrintedNumber]:
    words = cursor.line.words
    numbers = [numeral(word) for word in words]
    if len(words) != len(labels) or None in numbers:
        cursor.fail(f"expected {len(labels)} numbers: {', '.join(labels)}")
    line = cursor.take().number
    method = "REML" if draft.REML else "ML"
    return [
        PrintedNumber(_key(label, method), number, line)
        for label, number in zip(labels, numbers, strict=True)
        if number is not None
    ]


def _key(label: str, method: str) -> Key:
    if label == "df.resid":
        return Key("df_residual")
    if label in {"deviance", "-2*log(L)"}:
        return Key("criterion", method="ML")
    return Key("criterion", method="REML") if label == "REMLdev" else Key(label, method=method)


def resolve(criteria: Criteria, *, places: int, digits: int) -> list[PrintedNumber]:
    """The numbers with the intervals they stand for.

    Parameters
    ----------
    criteria : Criteria
        What was read.
    places : int
        Decimal places lme4 rounds to before R drops trailing zeros: 1 in summaries, 4 in print.
    digits : int
        Significant digits shown by the output's other tables, from which R's options(digits) is inferred.

    Returns
    -------
    list of PrintedNumber
        ``162`` stands for 161.95 to 162.05 under R's default of 7 digits, and for 161.5 to 162.5 where fewer digits
        than by default were asked for.

    References
    ----------
    lme4 ``.prt.aictab``.
    """
    if not criteria.rounded_first:
        return list(criteria.numbers)
    shown = min(DEFAULT_DIGITS, digits + FEWER) if digits > FEWEST else FEWEST
    return [_interval(number, places, shown) for number in criteria.numbers]


def _interval(number: PrintedNumber, places: int, shown: int) -> PrintedNumber:
    """The number, rounded to `places` first and then shown with `shown` digits at least, trailing zeros dropped.

    A larger number beside it that needs all its digits has fewer decimals; a smaller one can give it more.
    """
    if number.key.quantity == "df_residual":
        return number
    printed = decimals(number.numeral.text)
    kept = max(printed, min(places, shown - _whole_digits(number.numeral)))
    return replace(number, numeral=rounded_twice(rounded_at(number.numeral, kept), places))


def _whole_digits(number: Numeral) -> int:
    """Digits before the decimal point, those that the significant digits are spent on first."""
    return max(1, len(number.text.lstrip("-+").partition(".")[0])) if decimals(number.text) < len(number.text) else 1
