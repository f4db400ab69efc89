"""What a printed output says about a model, computed from a fitted one: by quantity, by R's name of the term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.demo.notebook import NOTEBOOK
from lmebridge.demo.school_tables import SCHOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from lmebridge.model import MerMod

#: Names of the quantiles that R's summaries print.
QUARTILES = {"Min": 0.0, "1Q": 0.25, "Median": 0.5, "3Q": 0.75, "Max": 1.0}


def column(name: str) -> Callable[[Any], dict[str, float]]:
    """Function that reads a column of a fit's coefficient table."""

    def read(fit: Any) -> dict[str, float]:
        return dict(fit.coef_table()[name])

    return read


def single(method: str) -> Callable[[Any], dict[str, float]]:
    """Function that calls a method of a fit which gives one number."""

    def read(fit: Any) -> dict[str, float]:
        return {"": float(getattr(fit, method)())}

    return read


def components(name: str) -> Callable[[MerMod], dict[str, float]]:
    """Function that reads a column of ``VarCorr().to_frame()``, keyed by group and effects."""

    def read(fit: MerMod) -> dict[str, float]:
        table = fit.VarCorr().to_frame()
        labels = [" ".join(part for part in row if isinstance(part, str)) for row in table[LABELS].to_numpy()]
        return dict(zip(labels, table[name], strict=True))

    return read


LABELS = ["grp", "var1", "var2"]


def groups(fit: MerMod) -> dict[str, float]:
    """Levels of each grouping factor."""
    return {str(group): float(n) for group, n in fit.ngrps().items()}


def scaled_residuals(fit: MerMod) -> dict[str, float]:
    """Quantiles of the Pearson residuals over sigma, as lme4's summary prints them."""
    return quantiles(fit.residuals("pearson", scaled=True))


def residual_quantiles(fit: Any) -> dict[str, float]:
    """Quantiles of a linear model's residuals."""
    return quantiles(fit.residuals())


def quantiles(residuals: pd.Series) -> dict[str, float]:
    """R's ``quantile`` of what is not missing (its type 7 is numpy's default)."""
    values = np.quantile(residuals.dropna().to_numpy(), list(QUARTILES.values()))
    return dict(zip(QUARTILES, map(float, values), strict=True))


def correlations(fit: Any) -> dict[str, float]:
    """Correlation of each pair of fixed effects."""
    covariance = fit.vcov()
    deviations = np.sqrt(np.diag(covariance))
    table = covariance / np.outer(deviations, deviations)
    return {f"{row} {other}": float(table.at[row, other]) for row in table.index for other in table.columns}


def icc(fit: MerMod) -> dict[str, float]:
    """Intraclass correlation of each grouping factor."""
    shares = variance_shares(fit)
    return {group: share / 100 for group, share in shares.items()}


def variance_shares(fit: MerMod) -> dict[str, float]:
    """Each component's share of the sum of the variances, per cent; for models with random intercepts."""
    table = fit.VarCorr().to_frame()
    return dict(zip(table["grp"], 100 * table["vcov"] / table["vcov"].sum(), strict=True))


def total_variance(fit: MerMod) -> dict[str, float]:
    """Sum of the variances, for models with random intercepts."""
    return {"": float(fit.VarCorr().to_frame()["vcov"].sum())}


def group_sizes(statistic: str) -> Callable[[MerMod], dict[str, float]]:
    """Function that gives the smallest, largest or mean number of rows in a level of the first grouping factor."""

    def read(fit: MerMod) -> dict[str, float]:
        group = fit.record.blocks[0][0]
        sizes = fit.model_frame()[group].value_counts()
        return {"": float(sizes[sizes > 0].agg(statistic))}

    return read


def normal_p_values(fit: MerMod) -> dict[str, float]:
    """Two-sided p values of the z statistics, which MixedLM prints."""
    from scipy.special import ndtr

    return {str(term): float(2 * ndtr(-abs(z))) for term, z in fit.coef_table()["t value"].items()}


def limits(side: int) -> Callable[[Any], dict[str, float]]:
    """Function that gives the lower (0) or upper (1) limits of the fixed effects' 95 % intervals."""

    def read(fit: Any) -> dict[str, float]:
        return {str(term): float(value) for term, value in fit.conf_int()[side].items()}

    return read


def errors_of_variances(fit: MerMod) -> dict[str, float]:
    """MixedLM's standard errors of the last variance of the block, which it prints beside it and lme4 does not have."""
    printed = fit.engine.summary().tables[1]["Std.Err."]
    group, effects = fit.record.blocks[0]
    return {f"{group} {effects[-1]}": float(printed.iloc[-1])}


def simple_correlation(fit: Any) -> dict[str, float]:
    """Correlation of the response with the only predictor: the root of R squared, with the slope's sign."""
    slope = float(fit.coef_table()["Estimate"].iloc[-1])
    return {"": float(np.copysign(np.sqrt(fit.record.r_squared), slope))}


def f_statistic(fit: Any) -> dict[str, float]:
    """F of all terms but the intercept, with its degrees of freedom."""
    value, numerator, denominator = fit.record.f_statistic
    return {"value": float(value), "numdf": float(numerator), "dendf": float(denominator)}


def f_probability(fit: Any) -> dict[str, float]:
    """Probability of a larger F."""
    from scipy.special import fdtrc

    value, numerator, denominator = fit.record.f_statistic
    return {"": float(fdtrc(numerator, denominator, value))}


def without_sigma(method: str, penalty: Callable[[Any], float]) -> Callable[[Any], dict[str, float]]:
    """Function that gives an information criterion as statsmodels defines it: sigma does not count as a parameter."""

    def read(fit: Any) -> dict[str, float]:
        return {"": float(getattr(fit, method)() - penalty(fit))}

    return read


def diagnostic(name: str) -> Callable[[Any], dict[str, float]]:
    """Function that reads a diagnostic which statsmodels prints under its OLS table and R does not have."""

    def read(fit: Any) -> dict[str, float]:
        if not hasattr(fit.engine, "condition_number"):
            raise KeyError(name)
        fit.engine.summary()
        return {"": float(fit.engine.diagn[name])}

    return read


def durbin_watson(fit: Any) -> dict[str, float]:
    """Durbin and Watson's statistic of the residuals in the order of the rows."""
    residuals = fit.residuals().dropna().to_numpy()
    return {"": float(np.sum(np.diff(residuals) ** 2) / np.sum(residuals**2))}


COEFFICIENTS: dict[str, Callable[[Any], Mapping[str, float]]] = {
    "Estimate": column("Estimate"),
    "Std. Error": column("Std. Error"),
    "t value": column("t value"),
    "logLik": single("logLik"),
    "df.residual": single("df_residual"),
    "nobs": single("nobs"),
}

MIXED: dict[str, Callable[[MerMod], Mapping[str, float]]] = {
    **COEFFICIENTS,
    "vcov": components("vcov"),
    "sdcor": components("sdcor"),
    "REMLcrit": single("REMLcrit"),
    "AIC": single("AIC"),
    "BIC": single("BIC"),
    "deviance": single("deviance"),
    "ngrps": groups,
    "scaled residuals": scaled_residuals,
    "correlation": correlations,
    "icc": icc,
    "variance share (%)": variance_shares,
    "total variance": total_variance,
    **SCHOOLS,
    **NOTEBOOK,
}

#: What MixedLM prints; the intervals are normal.
MIXEDLM: dict[str, Callable[[MerMod], Mapping[str, float]]] = {
    **MIXED,
    "z": column("t value"),
    "P>|z|": normal_p_values,
    "2.5 %": limits(0),
    "97.5 %": limits(1),
    "Scale": lambda fit: {"": fit.sigma() ** 2},
    "vcov Std.Err.": errors_of_variances,
    "Min. group size": group_sizes("min"),
    "Max. group size": group_sizes("max"),
    "Mean group size": group_sizes("mean"),
}

LINEAR: dict[str, Callable[[Any], Mapping[str, float]]] = {
    **COEFFICIENTS,
    "Pr(>|t|)": column("Pr(>|t|)"),
    "sigma": single("sigma"),
    "residuals": residual_quantiles,
    "r.squared": lambda fit: {"": fit.record.r_squared},
    "cor": simple_correlation,
    "adj.r.squared": lambda fit: {"": fit.record.adj_r_squared},
    "fstatistic": f_statistic,
    "p-value": f_probability,
    "omitted": lambda fit: {"": float(len(fit.record.omitted))},
}

#: What statsmodels prints about a linear model; its AIC and BIC do not count sigma as a parameter.
OLS: dict[str, Callable[[Any], Mapping[str, float]]] = {
    **LINEAR,
    "2.5 %": limits(0),
    "97.5 %": limits(1),
    "F-statistic": lambda fit: {"": f_statistic(fit)["value"]},
    "Prob (F-statistic)": f_probability,
    "AIC": without_sigma("AIC", lambda _: 2.0),
    "BIC": without_sigma("BIC", lambda fit: float(np.log(fit.nobs))),
    "Df Model": lambda fit: {"": f_statistic(fit)["numdf"]},
    "Durbin-Watson": durbin_watson,
    "Omnibus": diagnostic("omni"),
    "Prob(Omnibus)": diagnostic("omnipv"),
    "Jarque-Bera (JB)": diagnostic("jb"),
    "Prob(JB)": diagnostic("jbpv"),
    "Skew": diagnostic("skew"),
    "Kurtosis": diagnostic("kurtosis"),
    "Cond. No.": diagnostic("condno"),
}

#: By the function that printed an output, what computes its quantities.
BY_FUNCTION: dict[str, Mapping[str, Callable[[Any], Mapping[str, float]]]] = {
    "lmer": MIXED,
    "MixedLM": MIXEDLM,
    "lm": LINEAR,
    "OLS": OLS,
}
