"""Verdicts on a fit, one for each printed number: does the number come out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.errors import PrintedOutputError
from lmebridge.parity.keys import Key
from lmebridge.parity.names import matching
from lmebridge.parity.printed_optimum import criterion_at
from lmebridge.parity.quantities import kind_of, numbers_of, reported_by
from lmebridge.parity.report import COLUMNS, Report
from lmebridge.parity.same_model import UNNAMED, Facts, differences, facts_of, renamed
from lmebridge.parity.tolerances import Scales, allowed_for, scales_of, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lmebridge.parity.numerals import PrintedNumber
    from lmebridge.parity.outputs import PrintedOutput, Unread
    from lmebridge.parity.printed import Published

MIXED = "summary(lmer) summary(lmerTest) summary(glmer) print(lmer) print(lmerTest) print(glmer) MixedLM"
#: Kinds of output that say something about each kind of fit.
KINDS = {
    "mixed": {*MIXED.split(), "VarCorr", "fixef", "ranef", "coef", "as.data.frame(ranef)", "confint", "params"},
    "linear": {"summary(lm)", "print(lm)", "OLS", "params", "fixef", "confint"},
    "anova": {"anova"},
    "icc": {"icc"},
}
#: Quantities that follow from the likelihood alone.
LIKELIHOOD = frozenset({"criterion", "logLik"})
#: Quantities that tolerances are multiples of.
SCALES = frozenset({"std_error", "sdcor", "sigma"})
#: Units of the last place by which a number may be off that was rounded to one place more first.
TWICE_ROUNDED = 0.55
#: What depends on statsmodels' own definition of the standard error.
JOINT_HESSIAN = frozenset({"std_error", "z_value", "p_value", "conf_low", "conf_high"})
WORDS = {
    "hessian": "another definition: MixedLM inverts the joint Hessian of fixed and variance parameters, "
    "lme4 takes sigma^2 (Rx'Rx)^-1",
    "stopped": "the published optimizer stopped early: its likelihood is the fit's to the last printed place",
    "singular": "the fit is singular: where on the flat optimum an optimizer stops differs between versions",
    "better": "the fit's log-likelihood is higher than the printed one: the published optimizer stopped early",
    "worse": "the fit's log-likelihood is lower than the printed one: the fit stopped early, or the data differ",
    "follows": "follows from the near misses of the estimate and its standard error, at the printed likelihood",
    "missing": "the fit has no such term, group or level",
    "not reported": "fits of this kind do not report it",
}


@dataclass(frozen=True)
class Side:
    """The computed side of a check.

    Attributes
    ----------
    numbers : mapping of Key to float
        Its numbers by matching key, in the units of `QUANTITIES`.
    reported : collection of str
        The quantities that fits of its kind report.
    facts : Facts
        What it says about its model.
    engine : str
        What computed it, with versions.
    singular : bool
        Whether the fit is singular.
    joint_hessian : bool
        Whether its standard errors are MixedLM's own.
    scales : Scales
        What tolerances are multiples of.
    """

    numbers: Mapping[Key, float]
    reported: Collection[str]
    facts: Facts
    engine: str
    singular: bool
    joint_hessian: bool
    scales: Scales


@dataclass(frozen=True)
class Terms:
    """How a check judges: the largest near miss in units, and names of the text in the fit's spelling."""

    near_units: float
    names: Mapping[str, str]


def check(
    outputs: Published | Sequence[PrintedOutput], fit: Any, *, near_units: float, names: Mapping[str, str]
) -> Report:
    """Hold a fit to printed outputs, see `Published.check`.

    Raises
    ------
    PrintedOutputError
        If there is no output of the fit's kind.
    """
    facts, terms = facts_of(fit), Terms(near_units, names)
    chosen, mismatches, notes = _choose(outputs, kind_of(fit), facts, terms)
    side = _side(fit, facts, {number.key.quantity for output in chosen for number in output.numbers})
    rows, outcomes = [], []
    for index, output in enumerate(chosen):
        judged = _judge(output, index, side, terms)
        stopped, words = ("", "") if mismatches else _where_it_stopped(output, judged, fit, side, terms)
        rows += [row | {"reason": row["reason"] or stopped * (row["verdict"] == "differs")} for row in judged]
        outcomes += [words] if words else []
    table = pd.DataFrame(rows, columns=[*Key._fields, *COLUMNS])
    unread: Sequence[Unread] = getattr(outputs, "unread", ())
    notes += [f"not read: {problem}" for problem in unread]
    where = ", ".join(f"{output.kind} at line {output.line}" for output in chosen)
    return Report(
        f"{where} against {side.engine or kind_of(fit)}", table, tuple(mismatches), "; ".join(outcomes), tuple(notes)
    )


def _choose(
    outputs: Sequence[PrintedOutput], kind: str, facts: Facts, terms: Terms
) -> tuple[list[PrintedOutput], list[str], list[str]]:
    """The outputs to check, how they are of another model, and what is left out."""
    of_kind = [output for output in outputs if output.kind in KINDS[kind]]
    if not of_kind:
        found = ", ".join(f"{output.kind} at line {output.line}" for output in outputs) or "none"
        raise PrintedOutputError(1, "", f"expected an output of a {kind} fit; outputs found: {found}")
    wrong = [differences(output, facts, terms.names) for output in of_kind]
    if len(of_kind) == 1 or all(wrong):
        words = [f"line {output.line}: {text}" for output, texts in zip(of_kind, wrong, strict=True) for text in texts]
        return of_kind, words, []
    chosen = [output for output, words in zip(of_kind, wrong, strict=True) if not words and _says_which(output)]
    chosen = chosen or [output for output, words in zip(of_kind, wrong, strict=True) if not words]
    left_out = [output for output in of_kind if output not in chosen]
    return chosen, [], [f"left out: {output.kind} at line {output.line}, of another model" for output in left_out]


def _says_which(output: PrintedOutput) -> bool:
    """Whether an output says of which model it is."""
    return output.model.formula is not None or output.model.n_obs is not None


def _side(fit: Any, facts: Facts, wanted: Collection[str]) -> Side:
    numbers = {matching(key): value for key, value in numbers_of(fit, {*wanted, *SCALES}).items()}
    scales = scales_of(numbers)
    record = getattr(fit, "record", fit)
    source = getattr(record, "source", None)
    singular = bool(fit.isSingular()) if hasattr(fit, "isSingular") else False
    unpolished = getattr(source, "engine", "") == "statsmodels" and record.model.control.get("polish") is False
    return Side(numbers, reported_by(fit), facts, "" if source is None else str(source), singular, unpolished, scales)


def _judge(output: PrintedOutput, index: int, side: Side, terms: Terms) -> list[dict[str, object]]:
    """One row a number of the output."""
    found = [(number, _look_up(number.key, output, side, terms)) for number in output.numbers]
    likelihood = _likelihood(found)
    by_key = {number.key: (number, value) for number, value in found}
    rows = []
    for number, value in found:
        verdict = _verdict(number, value, output, side, likelihood, terms)
        at_the_optimum = likelihood == "same" and verdict == ("differs", "")
        if at_the_optimum and value is not None and _follows(number, value, by_key, terms):
            verdict = ("near", WORDS["follows"])
        rows.append(_row(number, value, index, verdict))
    return rows


def _where_it_stopped(
    output: PrintedOutput, rows: list[dict[str, object]], fit: Any, side: Side, terms: Terms
) -> tuple[str, str]:
    """Whether a published fit that misses stopped early: a reason for its misses, and the finding in words."""
    likelihood = next((number for number in output.numbers if number.key.quantity in LIKELIHOOD), None)
    if (
        likelihood is None
        or kind_of(fit) != "mixed"
        or all(row["verdict"] in {"holds", "not reported"} for row in rows)
    ):
        return "", ""
    printed = {_wanted(number.key, side, terms): number.value for number in output.numbers}
    found = criterion_at(printed, fit)
    if found is None:
        return "", ""
    value = -found / 2 if likelihood.key.quantity == "logLik" else found
    above = f"{found - fit.record.criterion:.2g} above the minimum of the criterion"
    place = f"the variances printed at line {output.line}"
    if likelihood.numeral.admits(value) or likelihood.numeral.units(value) <= 1:
        return WORDS["stopped"], f"{place} give the printed likelihood: its optimizer stopped {above}"
    return "", f"{place} give {likelihood.key} {value:.8g}, not the printed {likelihood.text}; they are {above}"


def _follows(
    number: PrintedNumber, value: float, found: Mapping[Key, tuple[PrintedNumber, float | None]], terms: Terms
) -> bool:
    """Whether a test statistic is off by no more than near estimates and standard errors make it."""
    if number.key.quantity not in {"t_value", "z_value"}:
        return False
    estimate, _ = found.get(number.key._replace(quantity="estimate"), (None, None))
    error, computed = found.get(number.key._replace(quantity="std_error"), (None, None))
    if estimate is None or error is None or not computed:
        return False
    units = 2 * (terms.near_units + 0.5)
    reach = units * (estimate.half_unit + abs(value) * error.half_unit) / abs(computed)
    return abs(value - number.value) <= reach


def _look_up(key: Key, output: PrintedOutput, side: Side, terms: Terms) -> float | None:
    """The fit's number for a printed one; None where it has none."""
    if output.kind == "anova":
        return _by_place(key, output, side)
    return side.numbers.get(_wanted(key, side, terms))


def _wanted(key: Key, side: Side, terms: Terms) -> Key:
    """The matching key of a printed number, in the fit's names."""
    group = _group(key.group, side)
    term, term2 = renamed(key.term, terms.names), renamed(key.term2, terms.names)
    return matching(key._replace(group=group, term=term, term2=term2))


def _group(group: str, side: Side) -> str:
    """The fit's name of a group; statsmodels does not always know it."""
    if group == UNNAMED and len(side.facts.n_groups) == 1 and UNNAMED not in side.facts.n_groups:
        return next(iter(side.facts.n_groups))
    return group


def _by_place(key: Key, output: PrintedOutput, side: Side) -> float | None:
    """A table of models names them as its author did: the rows correspond by their place."""
    printed = list(dict.fromkeys(number.key.term for number in output.numbers))
    fitted = list(dict.fromkeys(found.term for found in side.numbers if found.quantity == key.quantity))
    if key.quantity in {"chisq", "chi_df", "p_value"}:
        printed = printed[1:]
    if len(printed) != len(fitted):
        return side.numbers.get(matching(key))
    return side.numbers.get(matching(key)._replace(term=fitted[printed.index(key.term)]))


def _likelihood(found: list[tuple[PrintedNumber, float | None]]) -> str:
    """How the likelihoods compare: ``same``, ``better`` or ``worse`` than printed, empty where none is printed."""
    pairs = [(number, value) for number, value in found if number.key.quantity in LIKELIHOOD and value is not None]
    if not pairs:
        return ""
    if all(number.numeral.admits(value) or number.numeral.units(value) <= 1 for number, value in pairs):
        return "same"
    number, value = max(pairs, key=lambda pair: pair[0].numeral.units(pair[1]))
    higher = (value > number.value) == (number.key.quantity == "logLik")
    return "better" if higher else "worse"


def _verdict(
    number: PrintedNumber, value: float | None, output: PrintedOutput, side: Side, likelihood: str, terms: Terms
) -> tuple[str, str]:
    """The verdict on a number, and its reason."""
    if math.isnan(number.value) and (value is None or math.isnan(value)):
        return "holds", ""
    if value is None:
        verdict = "missing" if _should_be_there(number.key, side) else "not reported"
        return verdict, WORDS[verdict]
    if number.numeral.admits(value) or _is_rounded_twice(number, value):
        return "holds", ""
    if _is_hessian(number, output, side):
        return "differs", WORDS["hessian"]
    if likelihood == "same" and _is_near(number, value, side, terms):
        return "near", WORDS["singular" if side.singular else "stopped"]
    return "differs", WORDS.get(likelihood, "")


def _is_rounded_twice(number: PrintedNumber, value: float) -> bool:
    """Whether it is a residual's quantile: lme4 rounds to one digit more (``zapsmall``), then to what it shows."""
    return number.key.quantity == "residual_quantile" and number.numeral.units(value) <= TWICE_ROUNDED


def _is_near(number: PrintedNumber, value: float, side: Side, terms: Terms) -> bool:
    """Whether a miss is of few units, or no larger than between two engines at one optimum."""
    # A number one unit off lies up to one and a half units from the computed one.
    if number.numeral.units(value) <= terms.near_units + 0.5:
        return True
    key = _wanted(number.key, side, terms)
    reach = number.half_unit + allowed_for(key, value, tolerance_of(key), side.scales)
    return abs(value - number.value) <= reach


def _should_be_there(key: Key, side: Side) -> bool:
    """Whether the fit reports such numbers, by the same definition, but not this one."""
    if key.quantity not in side.reported:
        return False
    methods = {found.method for found in side.numbers if found.quantity == key.quantity}
    return not methods or key.method in methods


def _is_hessian(number: PrintedNumber, output: PrintedOutput, side: Side) -> bool:
    return output.kind == "MixedLM" and number.key.quantity in JOINT_HESSIAN and not side.joint_hessian


def _row(number: PrintedNumber, value: float | None, index: int, verdict: tuple[str, str]) -> dict[str, object]:
    computed = math.nan if value is None else value
    return {
        **number.key._asdict(),
        "output": index,
        "line": number.line,
        "printed": number.text,
        "reference": number.value,
        "value": computed,
        "difference": computed - number.value,
        "allowed": number.half_unit,
        "misses": 0.0 if verdict[0] == "holds" else number.numeral.units(computed),
        "verdict": verdict[0],
        "reason": verdict[1],
    }
