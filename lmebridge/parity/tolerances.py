"""How far two fits' numbers may lie apart, quantity by quantity, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lmebridge.parity.keys import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a tolerance is a multiple of: nothing, the number itself, the estimate's standard error, or the standard
#: deviation of the random effect or the residual.
Unit = Literal["absolute", "relative", "standard error", "random SD", "sigma"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest difference that holds.

    Attributes
    ----------
    size : float
        The multiple of `unit`, dimensionless.
    unit : str
        What it is a multiple of.
    reason : str
        Why so much and not less.
    """

    size: float
    unit: Unit
    reason: str


EXACT = "a count, or arithmetic on counts"
#: Tolerances by quantity: two engines at one optimum of lme4's criterion, each by its own optimizer.
TOLERANCES: Mapping[str, Tolerance] = {
    "criterion": Tolerance(2e-6, "absolute", "twice the log-likelihood's; an arbitrary constant spoils ratios"),
    "logLik": Tolerance(1e-6, "absolute", "optimizers stop when the deviance moves by less than 1e-6"),
    "AIC": Tolerance(2e-6, "absolute", "the criterion's, plus a count"),
    "BIC": Tolerance(2e-6, "absolute", "the criterion's, plus a count"),
    # Measured on mathach ~ ses + (ses | schoolid): lme4 1.1-31 stops 2e-8 above the minimum, where the slope is 3e-5
    # standard errors away; with xtol_abs = ftol_abs = 1e-12 it is 1e-6 away.
    "estimate": Tolerance(1e-4, "standard error", "lme4's default optimizer stops some 1e-8 above the minimum"),
    # Measured on the documents' three crossed factors: 6e-8 above the minimum, where a standard error is 2e-5 of itself
    # away; with tightened tolerances it is 3e-6.
    "std_error": Tolerance(1e-4, "relative", "lme4's default optimizer stops some 1e-8 above the minimum"),
    "t_value": Tolerance(2e-5, "absolute", "the estimate's, in units of its standard error, and the standard error's"),
    "z_value": Tolerance(2e-5, "absolute", "the estimate's, in units of its standard error, and the standard error's"),
    "fixef_correlation": Tolerance(1e-4, "absolute", "a ratio of covariances, first order in theta"),
    "fixef_covariance": Tolerance(1e-4, "relative", "a product of two standard errors and a correlation"),
    "sdcor": Tolerance(1e-4, "relative", "the likelihood is flat in theta: 1e-6 of deviance is 1e-4 of a deviation"),
    "vcov": Tolerance(2e-4, "relative", "the square of a standard deviation"),
    "sigma": Tolerance(1e-5, "relative", "determined by all rows, so better than the random effects' deviations"),
    "condval": Tolerance(1e-4, "random SD", "the modes shrink in proportion to theta"),
    "condsd": Tolerance(1e-4, "random SD", "proportional to sigma and theta"),
    "coef": Tolerance(1e-4, "random SD", "a mode plus a fixed effect"),
    "residual_quantile": Tolerance(1e-4, "absolute", "residuals in units of sigma follow the modes"),
    "p_value": Tolerance(1e-4, "absolute", "a function of the statistic; nobody reads more"),
    "df": Tolerance(1e-2, "relative", "Satterthwaite's formula takes numerical derivatives of the covariance"),
    "chisq": Tolerance(4e-6, "absolute", "the difference of two criteria"),
}
COUNTS = ("n_obs", "n_groups", "n_missing", "npar", "df_residual", "chi_df", "f_df", "group_size")
#: For quantities without an entry: least squares has one answer, up to the rounding of its linear algebra.
DEFAULT = Tolerance(1e-8, "relative", "a closed form, evaluated in double precision")
#: A deviation below this multiple of sigma is at the boundary, where deviations compare in sigma, not in themselves.
BOUNDARY = 1e-3
RESIDUAL = "Residual"
#: Correlations may differ by so much when their deviations may differ by one part in ten thousand.
CORRELATION = Tolerance(1e-3, "absolute", "a correlation moves ten times as much as the deviations it belongs to")


def tolerance_for(quantity: str, tolerances: Mapping[str, float] | None = None) -> Tolerance:
    """The tolerance of a quantity, its size replaced where `tolerances` has one.

    Examples
    --------
    >>> tolerance_for("n_obs").size, tolerance_for("logLik", {"logLik": 0.5}).size
    (0.0, 0.5)
    """
    found = Tolerance(0.0, "absolute", EXACT) if quantity in COUNTS else TOLERANCES.get(quantity, DEFAULT)
    if tolerances is None or quantity not in tolerances:
        return found
    return replace(found, size=tolerances[quantity], reason="given by the caller")


@dataclass(frozen=True)
class Scales:
    """What the tolerances are multiples of, from the reference side; NaN where unknown.

    Attributes
    ----------
    errors : mapping of str to float
        Standard errors by coefficient, units of the estimate.
    deviations : mapping of (str, str) to float
        Standard deviations of the random effects by block and effect.
    sigma : float
        Residual standard deviation, units of the response.
    """

    errors: Mapping[str, float]
    deviations: Mapping[tuple[str, str], float]
    sigma: float


def scales_of(numbers: Mapping[Key, float]) -> Scales:
    """The scales of a fit, from its numbers by matching key."""
    errors = {key.term: value for key, value in numbers.items() if key.quantity == "std_error"}
    deviations = {(k.group, k.term): v for k, v in numbers.items() if k.quantity == "sdcor" and not k.term2}
    return Scales(errors, deviations, numbers.get(Key("sigma"), deviations.get((RESIDUAL, ""), math.nan)))


def tolerance_of(key: Key, tolerances: Mapping[str, float] | None = None) -> Tolerance:
    """The tolerance of one number; correlations have their own."""
    is_correlation = key.quantity == "sdcor" and key.term2 and "sdcor" not in (tolerances or {})
    return CORRELATION if is_correlation else tolerance_for(key.quantity, tolerances)


def allowed_for(key: Key, value: float, tolerance: Tolerance, scales: Scales) -> float:
    """The largest difference that holds, in the number's own unit."""
    if key.quantity == "sdcor":
        return _allowed_deviation(key, value, tolerance, scales)
    if tolerance.unit == "relative":
        return tolerance.size * abs(value)
    if tolerance.unit == "standard error":
        return tolerance.size * scales.errors.get(key.term, abs(value))
    if tolerance.unit == "random SD":
        deviation = _deviation(key, scales)
        return tolerance.size * (scales.sigma if deviation < BOUNDARY * scales.sigma else deviation)
    return tolerance.size


def _allowed_deviation(key: Key, value: float, tolerance: Tolerance, scales: Scales) -> float:
    """At the boundary deviations compare in units of sigma, and correlations are anything."""
    edge = BOUNDARY * scales.sigma
    if not key.term2:
        return edge if abs(value) < edge else tolerance.size * abs(value)
    smallest = min(scales.deviations.get((key.group, term), math.inf) for term in (key.term, key.term2))
    return 2.0 if smallest < edge else tolerance.size


def _deviation(key: Key, scales: Scales) -> float:
    """The standard deviation of a random effect; blocks of ``||`` are numbered in the table of deviations."""
    found = [v for (group, term), v in scales.deviations.items() if term == key.term and _base(group) == key.group]
    return max(found, default=scales.sigma)


def _base(block: str) -> str:
    name, _, number = block.rpartition(".")
    return name if name and number.isdigit() else block
