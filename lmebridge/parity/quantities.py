"""Everything a fit says, as one long table: the common currency of every comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.parity.keys import Key
from lmebridge.parity.linear_quantities import LINEAR
from lmebridge.parity.mixed_quantities import MIXED
from lmebridge.parity.outputs import PrintedOutput
from lmebridge.records import Fit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

#: Columns of R's table of likelihood-ratio tests.
ANOVA = {
    "npar": Key("npar"),
    "AIC": Key("AIC", method="ML"),
    "BIC": Key("BIC", method="ML"),
    "logLik": Key("logLik", method="ML"),
    "deviance": Key("criterion", method="ML"),
    "Chisq": Key("chisq"),
    "Df": Key("chi_df"),
    "Pr(>Chisq)": Key("p_value", method="chisq"),
}
ICC = {"ICC_adjusted": Key("icc", method="adjusted"), "ICC_unadjusted": Key("icc", method="unadjusted")}


def kind_of(source: Any) -> str:
    """What kind of thing says something about a fit: ``mixed``, ``linear``, ``anova``, ``icc`` or ``printed``.

    Raises
    ------
    TypeError
        If it is none of them.
    """
    record = getattr(source, "record", source)
    if isinstance(record, Fit):
        return "mixed"
    if isinstance(source, PrintedOutput):
        return "printed"
    if isinstance(source, pd.DataFrame) and {"AIC", "logLik"} <= set(source.columns):
        return "anova"
    if isinstance(source, (pd.Series, pd.DataFrame)) and _is_icc(source):
        return "icc"
    if hasattr(record, "covariance") and hasattr(record, "r_squared"):
        return "linear"
    raise TypeError(
        f"{type(source).__name__} is nothing to compare: give a fitted model, its record, a printed output, "
        "or what anova or icc returned"
    )


def quantities(source: Any) -> pd.DataFrame:
    """Everything a fit says, one row a number.

    Parameters
    ----------
    source : MerMod, LinearModel, Fit, PrintedOutput, or what anova or icc returned
        The fit. A record alone gives what it holds; a live model gives its random effects and residuals too.

    Returns
    -------
    pandas.DataFrame, shape (n_numbers, 1)
        Index: the parts of `Key`. Column ``value``, in the units of `QUANTITIES`.

    Raises
    ------
    TypeError
        If `source` is nothing of the kind.

    Examples
    --------
    >>> quantities(pd.Series({"ICC_adjusted": 0.722, "ICC_unadjusted": 0.521}))["value"].tolist()
    [0.722, 0.521]
    """
    found = numbers_of(source)
    index = pd.MultiIndex.from_tuples(list(found), names=list(Key._fields)) if found else None
    return pd.DataFrame({"value": list(found.values())}, index=index)


def numbers_of(source: Any, wanted: Collection[str] | None = None) -> dict[Key, float]:
    """The numbers of a source by their keys, restricted to the quantities wanted.

    Raises
    ------
    TypeError
        If `source` is nothing to compare.
    """
    kind = kind_of(source)
    if kind == "printed":
        return {n.key: n.value for n in source.numbers if wanted is None or n.key.quantity in wanted}
    found: dict[Key, float] = {}
    for quantity, provide in PROVIDERS[kind].items():
        if wanted is None or quantity in wanted:
            found |= {key: float(value) for key, value in provide(source) if key.quantity == quantity}
    return found


def reported_by(source: Any) -> set[str]:
    """The quantities that a source of this kind reports; missing ones are none of its business."""
    kind = kind_of(source)
    if kind == "printed":
        return {number.key.quantity for number in source.numbers}
    found = {key.quantity for key in numbers_of(source, OPTIONAL)}
    absent = OPTIONAL | (WITH_COVARIANCE if _has_no_covariance(source) else set())
    return set(PROVIDERS[kind]) - absent | found


def _has_no_covariance(source: Any) -> bool:
    """Whether a record was made without the covariance matrix of its fixed effects, as lme4's refined optimum is."""
    covariance = getattr(getattr(source, "record", source), "fixed_covariance", None)
    return covariance is not None and len(covariance) == 0


def _is_icc(source: pd.Series | pd.DataFrame) -> bool:
    labels = source.index if isinstance(source, pd.Series) else source.columns
    return any(str(label).startswith("ICC") for label in labels)


def _anova(table: pd.DataFrame) -> Iterator[tuple[Key, float]]:
    for column, key in ANOVA.items():
        if column in table.columns:
            for model, value in table[column].items():
                if not math.isnan(float(value)):
                    yield key._replace(term=str(model)), float(value)


def _icc(found: pd.Series | pd.DataFrame) -> Iterator[tuple[Key, float]]:
    if isinstance(found, pd.Series):
        for label, value in found.items():
            yield ICC[str(label)], float(value)
        return
    for group, value in zip(found["Group"], np.asarray(found["ICC"], dtype=float), strict=True):
        yield Key("icc", str(group)), float(value)


#: What a fit says only when it is live, or when its engine keeps the data; a fit that lacks it does not report it.
OPTIONAL = frozenset({"condval", "condsd", "coef", "residual_quantile", "group_size", "condition_number"})
#: What needs the covariance matrix of the fixed effects.
WITH_COVARIANCE = frozenset({"fixef_correlation", "fixef_covariance"})
#: By kind of source, who says what; quantities that are not named are none of that kind's.
PROVIDERS: Mapping[str, Mapping[str, Callable[[Any], Iterator[tuple[Key, float]]]]] = {
    "mixed": MIXED,
    "linear": LINEAR,
    "anova": dict.fromkeys({key.quantity for key in ANOVA.values()}, _anova),
    "icc": {"icc": _icc},
    "printed": {},
}
