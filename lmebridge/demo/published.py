"""Published outputs: what a document prints about a model, and whether a computed number agrees with it.

A printed number stands for every number that rounds to it, so agreement is counted in units of the last printed place:
zero units when the computed number rounds to what was printed.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.parity.numerals import numeral

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Output:
    """What one document prints about one model.

    Attributes
    ----------
    id : str
        Its name.
    document, line : str, int
        The document and the line where the output starts.
    function : {"lmer", "MixedLM", "lm", "OLS", "anova"}
        What was called.
    numbers : mapping of str to mapping of str to str
        By quantity, by R's name of the term (empty where there is one number): the printed text.
    data, preparation : str
        Functions of `lmebridge.datasets.examples` that give the data; the second may be empty.
    formula : str
        The model as an R formula; empty for an anova.
    formulas : mapping of str to str
        The models that an anova compares, by name.
    REML : bool
        Whether the restricted likelihood was maximized.
    na_action, subset : str
        As in `lmebridge.lmer`; empty for none.
    printed_by : str
        The software that printed it.
    year : int or None
        When, where that is known.
    notes : str
        What a reader should know.
    units_allowed : mapping of str to int
        By quantity, units in the last printed place that a number may be off, for the reason in `notes`; the empty
        name stands for every other quantity.
    control : mapping of str to object
        Control of the fit that repeats a MixedLM output.
    at_optimum : mapping of str to mapping of str to str
        Numbers that print otherwise at the optimum itself, where the software stopped short of it (see `notes`).
    as_stated : mapping of str to mapping of str to str
        Published numbers that are wrong: what the definition that the document states gives instead.
    """

    id: str
    document: str
    line: int
    function: str
    numbers: Mapping[str, Mapping[str, str]]
    data: str
    preparation: str = ""
    formula: str = ""
    formulas: Mapping[str, str] = field(default_factory=dict)
    REML: bool = True
    na_action: str = "na.omit"
    subset: str = ""
    printed_by: str = ""
    year: int | None = None
    notes: str = ""
    units_allowed: Mapping[str, int] = field(default_factory=dict)
    control: Mapping[str, Any] = field(default_factory=dict)
    at_optimum: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    as_stated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Document and line, such as ``000:438``."""
        return f"{self.document[:3]}:{self.line}"

    def allowed(self, quantity: str) -> int:
        """Units in the last printed place that the numbers of a quantity may be off."""
        return self.units_allowed.get(quantity, self.units_allowed.get("", 0))

    @property
    def numbers_at_optimum(self) -> dict[str, Mapping[str, str]]:
        """The numbers as the optimum itself would print them."""
        return {quantity: {**terms, **self.at_optimum.get(quantity, {})} for quantity, terms in self.numbers.items()}

    @property
    def arguments(self) -> dict[str, Any]:
        """What the fitting function is called with besides the formula and the data."""
        given: dict[str, Any] = {"na_action": self.na_action, "subset": self.subset or None}
        return given if self.function in {"lm", "OLS"} else {"REML": self.REML, **given}


def prepared(data: str, preparation: str) -> pd.DataFrame:
    """A data set as a document prepares it.

    Parameters
    ----------
    data, preparation : str
        Functions of `lmebridge.datasets.examples`; the second may be empty.

    Raises
    ------
    DatasetUnavailable
        If the data are not on this machine.
    """
    from lmebridge.datasets import examples

    frame = examples.LOADERS[data]()
    return getattr(examples, preparation)(frame) if preparation else frame


@cache
def outputs() -> tuple[Output, ...]:
    """Every published output, in the order of the documents.

    Examples
    --------
    >>> outputs()[0].place
    '000:101'
    """
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder().glob("*.json"))]
    return tuple(sorted((Output(**record) for record in records), key=lambda output: (output.document, output.line)))


def folder() -> Path:
    """Where the published outputs are: in an installed package beside its modules, else in the project's fixtures."""
    package = Path(__file__).parents[1]
    installed = package / "published"
    return installed if installed.is_dir() else package.parent / "fixtures" / "published"


def units_off(printed: str, value: float) -> float:
    """Units in the last printed place by which a computed number misses what was printed.

    Parameters
    ----------
    printed : str
        The printed number; ``< 2e-16`` stands for every smaller one.
    value : float
        The computed number, in the same unit of measurement; NaN where there is none.

    Returns
    -------
    float
        0 when `value` rounds to what was printed, else a whole number of units; infinite for NaN.

    Raises
    ------
    ValueError
        If `printed` is not a number.

    Examples
    --------
    >>> units_off("12.64", 12.6449), units_off("12.64", 12.6451), units_off("< 2e-16", 1e-17)
    (0, 1, 0)
    """
    shown = numeral(printed.replace("< ", "<"))
    if shown is None:
        raise ValueError(f"{printed!r} is not a printed number")
    if shown.admits(value):
        return 0
    return math.inf if math.isnan(value) or shown.bound else math.ceil(shown.units(value) - 0.5)


def compare(output: Output, compute: Callable[[str], Mapping[str, float]], *, at_optimum: bool = False) -> pd.DataFrame:
    """Every printed number beside the computed one.

    Parameters
    ----------
    output : Output
        What was printed.
    compute : callable
        From a quantity's name to its numbers by term. A quantity it does not have raises KeyError and is left out.
    at_optimum : bool
        Compare with what would have been printed at the optimum itself.

    Returns
    -------
    pandas.DataFrame
        Columns ``quantity``, ``term``, ``printed`` (text), ``value``, ``units`` (units in the last printed place by
        which the value is off), ``agrees``. A term that was printed and not computed is a miss.
    """
    rows = [
        (quantity, term, printed, computed.get(term, math.nan))
        for quantity, terms in (output.numbers_at_optimum if at_optimum else output.numbers).items()
        if (computed := values_of(compute, quantity)) is not None
        for term, printed in terms.items()
    ]
    table = pd.DataFrame(rows, columns=["quantity", "term", "printed", "value"])
    table["units"] = [
        units_off(printed, value) for printed, value in zip(table["printed"], table["value"], strict=True)
    ]
    table["agrees"] = table["units"] <= table["quantity"].map(output.allowed)
    return table


def values_of(compute: Callable[[str], Mapping[str, float]], quantity: str) -> Mapping[str, float] | None:
    """What `compute` gives for a quantity, None where it does not have it."""
    try:
        return compute(quantity)
    except KeyError:
        return None
