"""Coefficient tables of R's summaries, and the correlations of the estimates that lme4 prints below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import Numeral, rounded_twice, shown_digits, split_row
from lmebridge.parity.tables import Table, read_named_vector, read_table

if TYPE_CHECKING:
    from lmebridge.parity.draft import Draft
    from lmebridge.parity.lines import Cursor

LABEL = re.compile(r"Estimate|Std\. ?Error|df|[tz] ?value|Pr\(>\|[tz]\|\)")
QUANTITY = {"Estimate": "estimate", "Std.Error": "std_error", "df": "df", "tvalue": "t_value", "zvalue": "z_value"}
#: Summaries ask for three significant digits at least.
FEWEST_DIGITS = 3
CORRELATION = re.compile(r"-?[01]\.[0-9]{3}|NaN|NA")


def read_coefficients(cursor: Cursor, draft: Draft) -> None:
    """Read a coefficient table into `draft`, columns wrapped or not.

    Raises
    ------
    PrintedOutputError
        If it is not one.
    """
    cursor.skip_blank()
    table = read_table(cursor, LABEL)
    if "Estimate" not in table.columns:
        cursor.fail("expected a column Estimate")
    draft.terms += table.names
    digits = _digits(table)
    draft.digits = max(draft.digits, digits)
    for label, numbers in table.columns.items():
        quantity = QUANTITY.get("".join(label.split()), "p_value")
        resolved = _resolved(quantity, numbers, digits)
        for term, number, line in zip(table.names, resolved, table.lines[label], strict=True):
            draft.add(Key(quantity, term=term, method=_method(quantity, table)), number, line)


def _digits(table: Table) -> int:
    """Significant digits that printCoefmat was asked for: estimates and standard errors are formatted together."""
    together = [*table.columns["Estimate"], *table.columns.get("Std. Error", [])]
    return shown_digits([number for number in together if number is not None])


def _resolved(quantity: str, numbers: list[Numeral | None], digits: int) -> list[Numeral | None]:
    """The numbers with the intervals they stand for: printCoefmat rounds before it formats.

    Estimates and standard errors are rounded to one decimal place at least, test statistics to
    ``dig.tst = max(1, min(5, digits - 1))``.
    """
    if quantity in {"estimate", "std_error"}:
        places = 1
    elif quantity in {"t_value", "z_value"}:
        places = max(1, min(5, max(digits, FEWEST_DIGITS) - 1))
    else:
        return numbers
    return [None if number is None else rounded_twice(number, places) for number in numbers]


def _method(quantity: str, table: Table) -> str:
    """p-values and degrees of freedom are of a t or a normal distribution."""
    if quantity not in {"p_value", "df"}:
        return ""
    if any(label.startswith("z") for label in table.columns):
        return "z"
    return "Satterthwaite" if "df" in table.columns else "t"


def read_fixed_vector(cursor: Cursor, draft: Draft) -> None:
    """Read the named vector of estimates that ``print(lmer)`` and ``print(lm)`` give.

    Raises
    ------
    PrintedOutputError
        If there is none.
    """
    cursor.skip_blank()
    found = read_named_vector(cursor)
    if not found:
        cursor.fail("expected the coefficients' names above their values")
    for term, number, line in found:
        draft.terms.append(term)
        draft.add(Key("estimate", term=term), number, line)


def read_correlations(cursor: Cursor, draft: Draft) -> None:
    """Read lme4's correlations of the estimates: names are abbreviated, so places count, not names.

    Raises
    ------
    PrintedOutputError
        If a row or a number is missing.
    """
    cursor.take()
    terms, first = draft.terms, 0
    if not terms:
        cursor.fail("expected the coefficients, in whose order the correlations stand, above them")
    while first < len(terms) - 1:
        cursor.take()
        rows = [cursor.ahead(i) for i in range(len(terms) - 1)]
        width = _trailing_correlations(rows[-1].text)
        if not width:
            cursor.fail(f"expected {len(terms) - 1} rows of correlations, the last of them full")
        for row_index, term in enumerate(terms[1:], start=1):
            _read_correlation_row(cursor, draft, term, terms[first : min(row_index, first + width)])
        first += width


def _trailing_correlations(text: str) -> int:
    words = text.split()
    return next((i for i, word in enumerate(reversed(words)) if not CORRELATION.fullmatch(word)), len(words))


def _read_correlation_row(cursor: Cursor, draft: Draft, term: str, earlier: list[str]) -> None:
    text = cursor.line.text
    if _trailing_correlations(text) != len(earlier) or not text.split():
        cursor.fail(f"expected the row of {term} with {len(earlier)} correlations")
    split = split_row(text, len(earlier)) if earlier else ("", ())
    line = cursor.take().number
    for other, number in zip(earlier, split[1] if split else (), strict=True):
        draft.add(Key("fixef_correlation", term=other, term2=term), number, line)
