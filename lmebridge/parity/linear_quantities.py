"""What a linear model's fit says, quantity by quantity, in R's definitions and in statsmodels'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.parity.keys import Key
from lmebridge.parity.mixed_quantities import LIMITS, QUANTILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lmebridge.linear.fit import LinearFit

    Numbers = Iterator[tuple[Key, float]]

#: Columns of R's coefficient table.
COLUMNS = {
    "estimate": ("Estimate", ""),
    "std_error": ("Std. Error", ""),
    "t_value": ("t value", ""),
    "p_value": ("Pr(>|t|)", "t"),
}


def _record(source: Any) -> LinearFit:
    record: LinearFit = getattr(source, "record", source)
    return record


def _column(source: Any, quantity: str) -> Numbers:
    column, method = COLUMNS[quantity]
    for term, value in _record(source).table()[column].items():
        yield Key(quantity, term=str(term), method=method), value


def _p_value(source: Any) -> Numbers:
    yield from _column(source, "p_value")
    yield Key("p_value", method="F"), _record(source).f_pvalue
    yield from (pair for pair in _diagnostics(source) if pair[0].quantity == "p_value")


def _limits(source: Any, quantity: str) -> Numbers:
    for term, value in _record(source).interval(0.95)[LIMITS[quantity]].items():
        for method in ("", "t"):
            yield Key(quantity, term=str(term), term2=LIMITS[quantity], method=method), value


def _f_statistic(source: Any) -> Numbers:
    found = _record(source).f_statistic
    if found is not None:
        yield Key("f_statistic"), found[0]


def _f_df(source: Any) -> Numbers:
    found = _record(source).f_statistic
    if found is not None:
        yield Key("f_df", term="numerator"), found[1]
        yield Key("f_df", term="denominator"), found[2]


def _aic(source: Any) -> Numbers:
    """R counts sigma among the parameters, statsmodels does not."""
    value = _record(source).log_likelihood
    yield Key("AIC", method="ML"), -2 * value + 2 * value.df
    yield Key("AIC", method="ML without sigma"), -2 * value + 2 * (value.df - 1)


def _bic(source: Any) -> Numbers:
    value = _record(source).log_likelihood
    size = float(np.log(value.nobs))
    yield Key("BIC", method="ML"), -2 * value + size * value.df
    yield Key("BIC", method="ML without sigma"), -2 * value + size * (value.df - 1)


def _residual_quantile(source: Any) -> Numbers:
    record = _record(source)
    method = "response" if record.weights is None else "weighted"
    for name, probability in QUANTILES.items():
        value = float(np.quantile(record.weighted_residuals, probability))
        yield Key("residual_quantile", term=name, method=method), value


def _diagnostics(source: Any) -> Numbers:
    """The tests and moments below statsmodels' OLS table.

    References
    ----------
    statsmodels ``stats.stattools``: durbin_watson, jarque_bera, omni_normtest; ``RegressionResults.condition_number``.
    """
    from scipy import stats

    residuals = _record(source).weighted_residuals
    skewness, kurtosis = float(stats.skew(residuals)), float(stats.kurtosis(residuals, fisher=False))
    jarque_bera = len(residuals) / 6 * (skewness**2 + (kurtosis - 3) ** 2 / 4)
    yield Key("diagnostic", term="Durbin-Watson"), float(np.sum(np.diff(residuals) ** 2) / np.sum(residuals**2))
    yield Key("diagnostic", term="skewness"), skewness
    yield Key("diagnostic", term="kurtosis"), kurtosis
    yield Key("diagnostic", term="Jarque-Bera"), jarque_bera
    yield Key("p_value", method="Jarque-Bera"), float(stats.chi2.sf(jarque_bera, 2))
    if len(residuals) >= SMALLEST_OMNIBUS:
        omnibus = stats.normaltest(residuals)
        yield Key("diagnostic", term="Omnibus"), float(omnibus.statistic)
        yield Key("p_value", method="Omnibus"), float(omnibus.pvalue)


def _condition_number(source: Any) -> Numbers:
    """Ratio of the largest to the smallest singular value of X, where the engine still has it."""
    X = getattr(getattr(source, "engine", None), "X", None)
    if X is not None:
        yield Key("condition_number"), float(np.linalg.cond(X))


#: D'Agostino's test needs eight rows.
SMALLEST_OMNIBUS = 8

#: By quantity, who says it.
LINEAR: dict[str, Callable[[Any], Numbers]] = {
    "estimate": lambda source: _column(source, "estimate"),
    "std_error": lambda source: _column(source, "std_error"),
    "t_value": lambda source: _column(source, "t_value"),
    "p_value": _p_value,
    "conf_low": lambda source: _limits(source, "conf_low"),
    "conf_high": lambda source: _limits(source, "conf_high"),
    "sigma": lambda source: iter([(Key("sigma"), _record(source).sigma)]),
    "df_residual": lambda source: iter([(Key("df_residual"), _record(source).df_residual)]),
    "n_obs": lambda source: iter([(Key("n_obs"), _record(source).n_obs)]),
    "n_missing": lambda source: iter([(Key("n_missing"), len(_record(source).omitted))]),
    "r_squared": lambda source: iter([(Key("r_squared"), _record(source).r_squared)]),
    "adj_r_squared": lambda source: iter([(Key("adj_r_squared"), _record(source).adj_r_squared)]),
    "f_statistic": _f_statistic,
    "f_df": _f_df,
    "logLik": lambda source: iter([(Key("logLik", method="ML"), float(_record(source).log_likelihood))]),
    "AIC": _aic,
    "BIC": _bic,
    "residual_quantile": _residual_quantile,
    "diagnostic": _diagnostics,
    "condition_number": _condition_number,
}
