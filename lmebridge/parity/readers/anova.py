"""R's table of likelihood-ratio tests between mixed models, ``anova(m1, m2)``."""

from __future__ import annotations

import re
from dataclasses import replace
from math import log10
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import Numeral, PrintedNumber, decimals, rounded_twice, split_row, trailing
from lmebridge.parity.tables import labels_in, skip_stars

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput

MODELS = re.compile(r"\s*Models:\s*$")
DATA = re.compile(r"\s*Data:\s*(?P<data>.*\S)\s*$")
LABEL = re.compile(r"npar|AIC|BIC|logLik|deviance|-2\*log\(L\)|Chisq|Chi Df|Pr\(>Chisq\)|Df")
KEYS = {
    "npar": Key("npar"),
    "AIC": Key("AIC", method="ML"),
    "BIC": Key("BIC", method="ML"),
    "logLik": Key("logLik", method="ML"),
    "deviance": Key("criterion", method="ML"),
    "-2*log(L)": Key("criterion", method="ML"),
    "Chisq": Key("chisq"),
    "Chi Df": Key("chi_df"),
    "Pr(>Chisq)": Key("p_value", method="chisq"),
}
#: Columns that the first model, which is compared with nothing, has no numbers in; the last may lack for others too.
TEST = ("Chisq", "Chi Df", "Pr(>Chisq)")
#: print.anova rounds test statistics to this many places before it formats them (dig.tst of printCoefmat).
CHISQ_PLACES = 4
#: Lines between `Data:` and `Models:`, such as the subset.
INFORMATION_LINES = 4


def starts(cursor: Cursor) -> bool:
    """Whether ``Models:`` comes next, or ``Data:`` with ``Models:`` below it."""
    if MODELS.match(cursor.line.text):
        return True
    ahead = [cursor.ahead(i).text for i in range(1, INFORMATION_LINES)]
    return DATA.match(cursor.line.text) is not None and any(MODELS.match(text) for text in ahead)


def read(cursor: Cursor) -> PrintedOutput:
    """Read the models and the table.

    Raises
    ------
    PrintedOutputError
        If a model has no row or a row does not fit the header.
    """
    draft = Draft("anova", "lme4", cursor.number)
    while not MODELS.match(cursor.line.text):
        found = DATA.match(cursor.take().text)
        draft.data = found["data"] if found else draft.data
    cursor.take()
    models = _read_models(cursor)
    draft.formula = "; ".join(models.values())
    _read_table(cursor, draft, list(models))
    skip_stars(cursor, list(models))
    draft.numbers = _resolved(draft.numbers)
    return draft.output(cursor)


def _read_models(cursor: Cursor) -> dict[str, str]:
    """Formulas by model; a broken formula repeats the model's name on each line."""
    models: dict[str, str] = {}
    while not _labels(cursor.line.text) and not cursor.line.blank:
        name, separator, text = cursor.line.text.partition(": ")
        if not separator:
            cursor.fail("expected `name: formula` or the table's header")
        models[name.strip()] = f"{models.get(name.strip(), '')} {text.strip()}".strip()
        cursor.take()
    if len(models) < 2:
        cursor.fail("expected two models or more")
    return models


def _labels(text: str) -> list[str]:
    """The header's labels; lme4 before 1.1-24 called `npar` Df and `Df` Chi Df."""
    labels = labels_in(text, LABEL)
    if not labels:
        return []
    first = ["npar" if label == "Df" and place == 0 else label for place, label in enumerate(labels)]
    return ["Chi Df" if label == "Df" else label for label in first]


def _read_table(cursor: Cursor, draft: Draft, names: list[str]) -> None:
    labels = _labels(cursor.line.text)
    if not labels:
        cursor.fail("expected the header of a table of models")
    while labels:
        cursor.take()
        for name in names:
            _read_row(cursor, draft, name, labels, first=name == names[0])
        labels = _labels(cursor.line.text) if "AIC" not in _labels(cursor.line.text) else []


def _read_row(cursor: Cursor, draft: Draft, name: str, labels: list[str], *, first: bool) -> None:
    text = cursor.line.text
    present = [label for label in labels if not (first and label in TEST)]
    if not first and text.strip().startswith(name) and trailing(text.strip().removeprefix(name)) == len(present) - 1:
        present = [label for label in present if label != "Pr(>Chisq)"]
    row = split_row(text, len(present)) if present else (text.strip(), ())
    if row is None or row[0] != name:
        cursor.fail(f"expected the row of {name} with {len(present)} numbers: {', '.join(present)}")
    line = cursor.take().number
    for label, number in zip(present, row[1], strict=True):
        draft.add(KEYS[label]._replace(term=name), number, line)


def _resolved(numbers: list[PrintedNumber]) -> list[PrintedNumber]:
    """The numbers with the intervals they stand for: print.anova rounds before it formats."""
    largest: dict[str, float] = {}
    for number in numbers:
        largest[number.key.quantity] = max(abs(number.value), largest.get(number.key.quantity, 0.0))
    return [replace(number, numeral=_interval(number, largest[number.key.quantity])) for number in numbers]


def _interval(number: PrintedNumber, largest: float) -> Numeral:
    if number.key.quantity == "chisq":
        return rounded_twice(number.numeral, CHISQ_PLACES)
    # zapsmall rounds a column to digits - log10(largest) places, itself rounded: one place more than format keeps
    # where the logarithm's fraction is below one half.
    zapped = number.key.quantity in {"AIC", "BIC", "logLik", "criterion"} and largest > 0 and log10(largest) % 1 <= 0.5
    return rounded_twice(number.numeral, decimals(number.text) + 1) if zapped else number.numeral
