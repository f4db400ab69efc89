"""What a linear model's fit says, as one frozen record, and least squares with R's definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.log_likelihood import LogLik

if TYPE_CHECKING:
    from lmebridge.records import Model, Source

#: Probabilities of the residual quantiles that R's summary prints.
QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class LinearFit:
    """A linear model's fit: what R's ``lm`` estimates, from which its summary follows.

    Attributes
    ----------
    model : Model
        What was fitted.
    coefficients : pandas.Series, shape (p,)
        Estimates by R's coefficient names, units of the response per unit of the term; NaN where X is rank deficient.
    covariance : pandas.DataFrame, shape (rank, rank)
        Covariance matrix of the estimates that are there.
    intercept : bool
        Whether the formula has an intercept, which R-squared and F depend on.
    fitted, residuals : numpy.ndarray, shape (n,)
        Fitted values with the offset, and response minus fitted, one a row used, units of the response.
    weights : numpy.ndarray, shape (n,), or None
        Prior weights, dimensionless.
    df_residual : int
        Residual degrees of freedom.
    rows, omitted : numpy.ndarray of int
        Positions, from 0, of the rows used and of those dropped for missing values.
    source : Source
        What computed this.
    messages : tuple of str
        What was said about the fit, in R's words where R has words for it.
    """

    model: Model
    coefficients: pd.Series
    covariance: pd.DataFrame
    intercept: bool
    fitted: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray | None
    df_residual: int
    rows: np.ndarray
    omitted: np.ndarray
    source: Source
    messages: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """Number of coefficients that could be estimated."""
        return len(self.covariance)

    @property
    def weighted_residuals(self) -> np.ndarray:
        """Residuals times the square roots of the weights, the ones R's summary describes; shape (n,)."""
        return self.residuals if self.weights is None else np.sqrt(self.weights) * self.residuals

    @property
    def deviance(self) -> float:
        """Weighted residual sum of squares, squared units of the response."""
        return float(self.weighted_residuals @ self.weighted_residuals)

    @property
    def sigma(self) -> float:
        """Residual standard error, units of the response; NaN without residual degrees of freedom."""
        return float(np.sqrt(self.deviance / self.df_residual)) if self.df_residual else float("nan")

    @property
    def n_obs(self) -> int:
        """Rows with a weight other than zero, as R's ``nobs`` counts them."""
        return len(self.residuals) if self.weights is None else int(np.count_nonzero(self.weights))

    @property
    def model_sum_of_squares(self) -> float:
        """Weighted sum of squares of the fitted values, about their mean where there is an intercept."""
        weights = np.ones_like(self.fitted) if self.weights is None else self.weights
        centre = float(weights @ self.fitted / weights.sum()) if self.intercept else 0.0
        return float(weights @ (self.fitted - centre) ** 2)

    @property
    def is_null(self) -> bool:
        """Whether there is nothing but an intercept, so that R-squared is zero and there is no F statistic."""
        return self.rank == int(self.intercept)

    @property
    def r_squared(self) -> float:
        """Multiple R-squared, dimensionless."""
        model = self.model_sum_of_squares
        return 0.0 if self.is_null else model / (model + self.deviance)

    @property
    def adj_r_squared(self) -> float:
        """Adjusted R-squared, dimensionless."""
        if self.is_null:
            return 0.0
        return 1 - (1 - self.r_squared) * (self.n_obs - int(self.intercept)) / self.df_residual

    @property
    def f_statistic(self) -> tuple[float, int, int] | None:
        """F of all terms but the intercept with its degrees of freedom (value, numerator, denominator)."""
        if self.is_null:
            return None
        numerator = self.rank - int(self.intercept)
        return self.model_sum_of_squares / numerator / self.sigma**2, numerator, self.df_residual

    @property
    def f_pvalue(self) -> float:
        """P value of the F statistic, dimensionless; NaN where there is none."""
        from scipy.special import fdtrc

        found = self.f_statistic
        return float("nan") if found is None else float(fdtrc(found[1], found[2], found[0]))

    @property
    def call(self) -> str:
        """R's call for this fit, as R text."""
        model = self.model
        given = {"weights": model.weights, "subset": model.subset, "offset": model.offset}
        if model.na_action != "na.omit":
            given["na.action"] = model.na_action
        extras = "".join(f", {name} = {value}" for name, value in given.items() if value is not None)
        return f"lm(formula = {model.formula}, data = data{extras})"

    @property
    def log_likelihood(self) -> LogLik:
        """Gaussian log-likelihood at the maximum-likelihood variance, R's ``logLik.lm``."""
        n = self.n_obs
        log_weights = 0.0 if self.weights is None else float(np.log(self.weights[self.weights != 0]).sum())
        value = 0.5 * (log_weights - n * (np.log(2 * np.pi) + 1 - np.log(n) + np.log(self.deviance)))
        return LogLik(value, df=self.rank + 1, nobs=n)

    def table(self) -> pd.DataFrame:
        """Estimates with standard errors, t values and p values, NaN where not estimable; index as `coefficients`."""
        from scipy.special import stdtr

        errors = pd.Series(np.sqrt(np.diag(self.covariance)), index=self.covariance.index)
        errors = errors.reindex(self.coefficients.index)
        t_values = self.coefficients / errors
        p_values = 2 * stdtr(self.df_residual, -t_values.abs().to_numpy()) if self.df_residual else np.nan
        columns = {"Estimate": self.coefficients, "Std. Error": errors, "t value": t_values, "Pr(>|t|)": p_values}
        return pd.DataFrame(columns, index=self.coefficients.index)

    def interval(self, level: float) -> pd.DataFrame:
        """Confidence limits by coefficient from Student's t, R's ``confint.lm``; columns such as ``2.5 %``."""
        from scipy.special import stdtrit

        from lmebridge.inference.intervals import percent_names

        table = self.table()
        quantile = float(stdtrit(self.df_residual, (1 + level) / 2))
        limits = [table["Estimate"] + sign * quantile * table["Std. Error"] for sign in (-1, 1)]
        return pd.DataFrame(dict(zip(percent_names(level), limits, strict=True)))
