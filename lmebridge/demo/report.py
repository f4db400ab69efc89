"""The demo's table as text: what was published, what each backend computes, agree or not."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from lmebridge.demo.notebook import NOTEBOOK
from lmebridge.demo.school_tables import SCHOOLS
from lmebridge.parity.numerals import decimals, numeral

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmebridge.demo.published import Output
    from lmebridge.demo.trials import Trial

#: What the documents compute from a fit by hand.
DERIVED = (*SCHOOLS, *NOTEBOOK, "cor", "variance share (%)")
#: Quantities that are shown for every output; the others are counted, and shown where they do not agree.
SHOWN = ("Estimate", "sdcor", "vcov", "REMLcrit", "deviance", "logLik", "icc", "Chisq", "sigma", *DERIVED)
#: Widest name of a number, in characters.
NAME_WIDTH = 46
NUMBER_WIDTH = 13


def report(trials: Sequence[Trial], *, every: bool = False, brief: bool = False) -> str:
    """The whole report.

    Parameters
    ----------
    trials : sequence of Trial
        What `demo.trials` gives.
    every : bool
        Show every number instead of the main ones.
    brief : bool
        Show no number, only how many agree.

    Returns
    -------
    str
        A block for each output that could be compared, what could not be and why, and a summary.
    """
    blocks = [] if brief else [list(block) for _, block in groupby(trials, key=lambda trial: trial.output.id)]
    tables = [table(block, every=every) for block in blocks if any(trial.table is not None for trial in block)]
    return "\n".join([*tables, *obstacles(trials), *summary(trials)])


def table(block: Sequence[Trial], *, every: bool) -> str:
    """One output: a heading, a line for each number shown, and the counts."""
    output = block[0].output
    names = ["published", *(trial.backend for trial in block)]
    head = f"  {'':{NAME_WIDTH}}" + "".join(f"{name:>{NUMBER_WIDTH}}" for name in names)
    lines = [number_line(block, quantity, term) for quantity, term in shown(block, every=every)]
    note = [f"  * {output.notes}"] if any("*" in line for line in lines) else []
    return "\n".join([f"{title(output)}\n{head}", *lines, counts(block), *note, *corrections(output), ""])


def corrections(output: Output) -> list[str]:
    """What is wrong in a publication, though its numbers come out: each number beside the one it should be."""
    found = [
        f"  ! {f'{quantity} {term}'.strip()}: {output.numbers[quantity][term]} was printed, as stated it is {right}"
        for quantity, terms in output.as_stated.items()
        for term, right in terms.items()
    ]
    return [*found, f"  ! {output.notes}"] if found else []


def title(output: Output) -> str:
    """What was published, where and by what."""
    model = output.formula or " against ".join(output.formulas.values())
    return f"{output.place}  {output.printed_by}\n  {model}"


def shown(block: Sequence[Trial], *, every: bool) -> list[tuple[str, str]]:
    """The numbers to show: the main ones and those on which a backend does not agree."""
    numbers = block[0].output.numbers
    return [
        (quantity, term)
        for quantity, terms in numbers.items()
        for term in terms
        if every or main_number(quantity, numbers) or any(misses(trial, quantity, term) for trial in block)
    ]


def main_number(quantity: str, numbers: Iterable[str]) -> bool:
    """Whether a quantity is one of the main ones; variances only where no standard deviations are printed."""
    return quantity in SHOWN and not (quantity == "vcov" and "sdcor" in numbers)


def misses(trial: Trial, quantity: str, term: str) -> bool:
    """Whether the backend's number does not agree with the printed one."""
    if trial.table is None:
        return False
    rows = trial.table[(trial.table["quantity"] == quantity) & (trial.table["term"] == term)]
    return not rows["agrees"].all()


def number_line(block: Sequence[Trial], quantity: str, term: str) -> str:
    """One number: its name, the printed text, each backend's, and whether they agree."""
    printed = block[0].output.numbers[quantity][term]
    texts = [number_text(trial, quantity, term, printed) for trial in block]
    verdict = "differs" if any(misses(trial, quantity, term) for trial in block) else "agree"
    name = f"{quantity} {term}".strip()
    name = name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 3]}..."
    return f"  {name:{NAME_WIDTH}}" + "".join(f"{text:>{NUMBER_WIDTH}}" for text in (printed, *texts)) + f"  {verdict}"


def number_text(trial: Trial, quantity: str, term: str, printed: str) -> str:
    """A backend's number with as many decimals as the printed one; an asterisk marks one that prints otherwise."""
    value = trial.value(quantity, term)
    if value is None:
        return "-"
    shown_number = numeral(printed.replace("< ", "<"))
    if shown_number is None or shown_number.bound or "e" in printed:
        return f"{value:.3g}"
    text = f"{value:.{decimals(printed)}f}"
    return text if shown_number.admits(value) else f"{text}*"


def counts(block: Sequence[Trial]) -> str:
    """How many of the printed numbers each backend agrees with."""
    texts = ["-" if trial.table is None else f"{trial.table['agrees'].sum()}/{len(trial.table)}" for trial in block]
    printed = sum(len(terms) for terms in block[0].output.numbers.values())
    verdict = "agree" if all(trial.agrees for trial in block) else "NOT ALL AGREE"
    name = "numbers that agree"
    return f"  {name:{NAME_WIDTH}}" + "".join(f"{text:>{NUMBER_WIDTH}}" for text in (printed, *texts)) + f"  {verdict}"


def obstacles(trials: Sequence[Trial]) -> list[str]:
    """What kept outputs from being compared, each reason once."""
    reasons = dict.fromkeys(trial.obstacle for trial in trials if trial.obstacle)
    return [f"Not compared: {reason}\n" for reason in reasons]


def summary(trials: Sequence[Trial]) -> list[str]:
    """One line a backend: how many outputs and numbers it was held to, and how many of them it meets."""
    lines = []
    for backend in dict.fromkeys(trial.backend for trial in trials):
        tables = [trial.table for trial in trials if trial.backend == backend and trial.table is not None]
        agreeing, compared = sum(int(t["agrees"].sum()) for t in tables), sum(len(t) for t in tables)
        lines.append(f"{backend:12} {agreeing} of {compared} numbers agree, in {len(tables)} published outputs")
    return lines
