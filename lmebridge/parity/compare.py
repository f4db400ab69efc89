"""Two fits of one model held against each other: `compare`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.parity.keys import Key
from lmebridge.parity.names import matching, spelling
from lmebridge.parity.quantities import kind_of, numbers_of, reported_by
from lmebridge.parity.report import COLUMNS, Report
from lmebridge.parity.same_model import Facts, facts_of, same_formula
from lmebridge.parity.tolerances import Tolerance, allowed_for, scales_of, tolerance_for, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Quantities that are arithmetic on others; comparing them again would only repeat their misses.
DERIVED = frozenset(
    {"t_value", "z_value", "p_value", "conf_low", "conf_high", "vcov", "fixef_covariance", "coef", "AIC", "BIC"}
)
#: The order in which numbers are compared: what must be equal first, the criterion then.
ORDER = (
    "n_obs",
    "n_groups",
    "n_missing",
    "npar",
    "df_residual",
    "criterion",
    "logLik",
    "estimate",
    "std_error",
    "sigma",
    "sdcor",
)


def compare(fit_a: Any, fit_b: Any, tolerances: Mapping[str, float] | None = None) -> Report:
    """Compare two fits of one model, number by number.

    What must be equal comes first: formula, REML, names of the coefficients, rows, groups; then the criterion; then the
    rest. A number that only one side has is a miss, not a pass.

    Parameters
    ----------
    fit_a, fit_b : MerMod, LinearModel, Fit, PrintedOutput, or what anova or icc returned
        The reference and what is held to it, from any backends.
    tolerances : mapping of str to float, optional
        Sizes that replace those of `lmebridge.parity.tolerances.TOLERANCES`, by quantity.

    Returns
    -------
    Report
        One row a number; ``misses`` is the difference in multiples of what is allowed. ``outcome`` says which side has
        the better optimum.

    Raises
    ------
    TypeError
        If a side is nothing to compare, or the two are of different kinds.

    References
    ----------
    lme4's own comparison of engines (tests of ``all.equal`` on theta are avoided here: its order differs by engine).

    Examples
    --------
    >>> import pandas as pd
    >>> left = pd.Series({"ICC_adjusted": 0.722, "ICC_unadjusted": 0.521})
    >>> print(compare(left, left))
    icc against icc
    2 numbers: 2 holds
    """
    kinds = kind_of(fit_a), kind_of(fit_b)
    if kinds[0] != kinds[1] and "printed" not in kinds:
        raise TypeError(f"a {kinds[0]} fit and a {kinds[1]} fit have nothing in common to compare")
    left, right = _numbers(fit_a), _numbers(fit_b)
    mismatches = _mismatches(facts_of(fit_a), facts_of(fit_b), left, right)
    reported = reported_by(fit_a) & reported_by(fit_b)
    scales = scales_of(left)
    keys = sorted({*left, *right}, key=_order)
    rows = []
    for key in keys:
        tolerance = tolerance_of(key, tolerances)
        allowed = allowed_for(key, left.get(key, math.nan), tolerance, scales)
        rows.append(_row(key, (left.get(key), right.get(key)), allowed, tolerance, reported=key.quantity in reported))
    table = pd.DataFrame(rows, columns=[*Key._fields, *COLUMNS])
    title = f"{_name(fit_a)} against {_name(fit_b)}"
    tied = tolerance_for("criterion", tolerances).size
    outcome = "different models" if mismatches else _outcome(left, right, tied, agree=not _any_differs(table))
    return Report(title, table, tuple(mismatches), outcome)


def _numbers(fit: Any) -> dict[Key, float]:
    """What is compared: nothing derived, and only the criterion that was minimized, which alone is flat at the fit."""
    found = {matching(key): value for key, value in numbers_of(fit).items() if key.quantity not in DERIVED}
    if Key("criterion", method="REML") in found:
        found.pop(Key("criterion", method="ML"), None)
    return found


def _name(fit: Any) -> str:
    source = getattr(getattr(fit, "record", fit), "source", None)
    return kind_of(fit) if source is None else str(source)


def _order(key: Key) -> tuple[object, ...]:
    place = ORDER.index(key.quantity) if key.quantity in ORDER else len(ORDER)
    return (place, *key)


def _mismatches(left: Facts, right: Facts, numbers: dict[Key, float], others: dict[Key, float]) -> list[str]:
    words = []
    if left.formula is not None and right.formula is not None and not same_formula(left.formula, right.formula):
        words.append(f"formula differs: {left.formula} and {right.formula}")
    for what, one, other in (
        ("family and link", left.family, right.family),
        ("REML", left.REML, right.REML),
        ("number of rows", left.n_obs, right.n_obs),
        ("groups", _counts(left), _counts(right)),
        ("coefficients", _terms(numbers), _terms(others)),
    ):
        if one is not None and other is not None and one != other:
            words.append(f"{what} differ: {one} and {other}")
    return words


def _counts(facts: Facts) -> dict[str, int] | None:
    return {spelling(group): count for group, count in facts.n_groups.items()} or None


def _terms(numbers: dict[Key, float]) -> list[str] | None:
    return sorted(key.term for key in numbers if key.quantity == "estimate") or None


def _row(
    key: Key, sides: tuple[float | None, float | None], allowed: float, tolerance: Tolerance, *, reported: bool
) -> dict[str, object]:
    one, other = (math.nan if value is None else value for value in sides)
    difference = other - one
    verdict = _verdict(*sides, difference, allowed, reported=reported)
    misses = abs(difference) / allowed if allowed else (math.inf if difference else 0.0)
    return {
        **key._asdict(),
        "output": 0,
        "line": 0,
        "printed": "",
        "reference": one,
        "value": other,
        "difference": difference,
        "allowed": allowed,
        "misses": misses,
        "verdict": verdict,
        "reason": _reason(verdict, sides[0], tolerance),
    }


def _verdict(left: float | None, right: float | None, difference: float, allowed: float, *, reported: bool) -> str:
    if left is None or right is None:
        return "missing" if reported else "not reported"
    both_missing = math.isnan(left) and math.isnan(right)
    return "holds" if both_missing or abs(difference) <= allowed else "differs"


def _reason(verdict: str, left: float | None, tolerance: Tolerance) -> str:
    if verdict in {"missing", "not reported"}:
        return f"only the {'right' if left is None else 'left'} side has it"
    return "" if verdict == "holds" else f"allowed: {tolerance.size:g} {tolerance.unit} ({tolerance.reason})"


def _any_differs(table: pd.DataFrame) -> bool:
    return bool((table["verdict"] == "differs").any())


def _outcome(left: dict[Key, float], right: dict[Key, float], tied: float, *, agree: bool) -> str:
    """Which side found the better optimum; criteria no further apart than `tied` are equal."""
    key = next((key for key in left if key.quantity == "criterion" and key in right), None)
    if key is None:
        return ""
    if not math.isfinite(left[key]) or not math.isfinite(right[key]):
        return "failed"
    gain = left[key] - right[key]
    if abs(gain) > tied:
        side = "right" if gain > 0 else "left"
        return f"the {side} side is the better optimum, by {abs(gain):.3g} of the criterion"
    return "same optimum" if agree else "flat ridge: the criterion ties, numbers differ"
