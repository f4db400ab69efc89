"""Shares of variance: intraclass correlations and R squared as R's performance package defines them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import BackendUnavailable, LmebridgeWarning

if TYPE_CHECKING:
    from lmebridge.model import MerMod

#: Relative standard deviation below which performance gives no shares, dimensionless (its `tolerance`).
TOLERANCE = 1e-5

SINGULAR_WORDS = (
    "Can't compute random effect variances. Some variance components equal zero. "
    "Your model may suffer from singularity: see fit.isSingular(). "
    "Respecify the random structure, or lower `tolerance`."
)


@dataclass(frozen=True)
class Variances:
    """The three parts of a linear mixed model's variance, squared units of the response."""

    fixed: float
    random: float
    residual: float

    @property
    def total(self) -> float:
        """Their sum."""
        return self.fixed + self.random + self.residual


def icc(fit: MerMod, by_group: bool = False, tolerance: float = TOLERANCE) -> pd.Series | pd.DataFrame:
    """Intraclass correlation coefficients.

    Parameters
    ----------
    fit : MerMod
        A fitted model; of a generalized one R's package performance computes them.
    by_group : bool
        One coefficient a grouping factor, from the random intercepts' variances, instead of the whole model's.
    tolerance : float
        Relative standard deviation, dimensionless, below which a fit counts as singular and has no coefficients.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        ``ICC_adjusted`` (random over random plus residual variance) and ``ICC_unadjusted`` (over the total with the
        fixed effects' variance), dimensionless; with `by_group`, columns ``Group`` and ``ICC``.

    Warns
    -----
    LmebridgeWarning
        If the fit is singular (the coefficients are NaN then), or has random slopes and `by_group` is asked for.

    References
    ----------
    R package performance, ``icc``; Nakagawa, Johnson and Schielzeth (2017), J. R. Soc. Interface 14.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> lme.icc(fit).round(3).to_dict()
    {'ICC_adjusted': 0.114, 'ICC_unadjusted': 0.105}
    """
    if fit.record.model.is_generalized:
        return _icc_in_r(fit, tolerance, by_group=by_group)
    if by_group:
        return _icc_by_group(fit, tolerance)
    parts = _variances(fit, tolerance)
    return pd.Series(
        {"ICC_adjusted": parts.random / (parts.random + parts.residual), "ICC_unadjusted": parts.random / parts.total}
    )


def r2(fit: MerMod, tolerance: float = TOLERANCE) -> pd.Series:
    """Nakagawa's R squared: ``R2_conditional`` (fixed and random parts), ``R2_marginal`` (fixed part); dimensionless.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    tolerance : float
        As for `icc`.

    Returns
    -------
    pandas.Series
        The two shares of the total variance.

    Warns
    -----
    LmebridgeWarning
        If the fit is singular: ``R2_conditional`` is NaN then.

    References
    ----------
    R package performance, ``r2_nakagawa``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> lme.r2(fit).round(3).to_dict()
    {'R2_conditional': 0.182, 'R2_marginal': 0.077}
    """
    if fit.record.model.is_generalized:
        return pd.Series(_in_r(fit, "r2_of", tolerance=tolerance)).set_axis(["R2_conditional", "R2_marginal"])
    parts = _variances(fit, tolerance)
    # performance leaves the random part out of a singular fit's marginal share.
    total = parts.total if np.isfinite(parts.random) else parts.fixed + parts.residual
    return pd.Series({"R2_conditional": (parts.fixed + parts.random) / parts.total, "R2_marginal": parts.fixed / total})


def _icc_in_r(fit: MerMod, tolerance: float, *, by_group: bool) -> pd.Series | pd.DataFrame:
    table = pd.DataFrame(_in_r(fit, "icc_of", by_group=by_group, tolerance=tolerance))
    return table if by_group else table.loc[0, ["ICC_adjusted", "ICC_unadjusted"]].astype(float).rename(None)


def _in_r(fit: MerMod, function: str, **arguments: Any) -> Any:
    """What R's performance says, its warnings given as ours.

    Raises
    ------
    BackendUnavailable
        If R has no package performance.
    """
    from lmebridge.inference import twin
    from lmebridge.inference.engines import heard

    if twin.missing_in_r(["performance"]):
        raise BackendUnavailable(
            "the variance of a generalized model's distribution is computed by R's package performance: "
            'in R, install.packages("performance")'
        )
    return heard(twin.hear_r(fit, function, **arguments)).value


def _icc_by_group(fit: MerMod, tolerance: float) -> pd.DataFrame:
    table = fit.VarCorr().to_frame()
    if any(effect != "(Intercept)" for _, effects in fit.record.blocks for effect in effects):
        warnings.warn(
            "Model contains random slopes. Cannot compute accurate ICCs by group factors.",
            LmebridgeWarning,
            stacklevel=3,
        )
    parts = _variances(fit, tolerance, stacklevel=4)
    intercepts = table[(table["var1"] == "(Intercept)") & table["var2"].isna()]
    shares = intercepts["vcov"].to_numpy() / (parts.random + parts.residual)
    return pd.DataFrame({"Group": intercepts["grp"].to_numpy(), "ICC": shares})


def _variances(fit: MerMod, tolerance: float, stacklevel: int = 3) -> Variances:
    X = fit.model_matrix()
    fixed = float(np.var(X.to_numpy() @ fit.fixef().to_numpy(), ddof=1))
    random = float("nan")
    if fit.isSingular(tolerance):
        warnings.warn(SINGULAR_WORDS, LmebridgeWarning, stacklevel=stacklevel)
    else:
        random = sum(_mean_variance(covariance, X) for covariance in fit.VarCorr().values())
    return Variances(fixed, random, fit.sigma() ** 2)


def _mean_variance(covariance: pd.DataFrame, X: pd.DataFrame) -> float:
    """Mean over the rows of x' Sigma x; performance takes x from X and drops the effects that X lacks."""
    design = X.assign(**{"(Intercept)": 1.0}) if "(Intercept)" not in X.columns else X
    effects = [effect for effect in covariance.index if effect in design.columns]
    Z = design[effects].to_numpy()
    return float(np.einsum("ij,jk,ik->", Z, covariance.loc[effects, effects].to_numpy(), Z) / len(Z))
