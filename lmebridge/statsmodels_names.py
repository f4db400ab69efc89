"""The attributes that statsmodels users know, over a model's R accessors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.log_likelihood import LogLik


class StatsmodelsNames(ABC):
    """What a statsmodels result calls the quantities of a fitted model; each is one of R's accessors."""

    @abstractmethod
    def coef_table(self) -> pd.DataFrame:
        """Estimates, standard errors and test statistics, in this order."""

    @abstractmethod
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the estimates."""

    @abstractmethod
    def confint(self, parm: list[str] | None = None, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals."""

    @abstractmethod
    def logLik(self) -> LogLik:
        """Log-likelihood."""

    @abstractmethod
    def AIC(self) -> float:
        """Akaike's criterion."""

    @abstractmethod
    def BIC(self) -> float:
        """Schwarz's criterion."""

    @abstractmethod
    def df_residual(self) -> int:
        """Residual degrees of freedom."""

    @abstractmethod
    def residuals(self, type: str = "response") -> pd.Series:
        """Residuals of a type."""

    @abstractmethod
    def fitted(self) -> pd.Series:
        """Fitted values."""

    @property
    def params(self) -> pd.Series:
        """Estimates of the fixed effects, units of the response per unit of the term."""
        return self.coef_table()["Estimate"]

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the fixed effects."""
        return self.coef_table()["Std. Error"]

    @property
    def tvalues(self) -> pd.Series:
        """Estimates divided by their standard errors, dimensionless."""
        return self.coef_table().iloc[:, 2]

    def cov_params(self) -> pd.DataFrame:
        """Covariance matrix of the fixed effects, `vcov`."""
        return self.vcov()

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals of the fixed effects, columns 0 and 1, as statsmodels gives them."""
        return self.confint(list(self.params.index), level=1 - alpha).set_axis([0, 1], axis=1)

    @property
    def llf(self) -> float:
        """Log-likelihood, restricted when the fit is."""
        return float(self.logLik())

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return self.AIC()

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return self.BIC()

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom, `df_residual`."""
        return self.df_residual()

    @property
    def resid(self) -> pd.Series:
        """Response residuals."""
        return self.residuals("response")

    @property
    def fittedvalues(self) -> pd.Series:
        """Fitted values, `fitted`."""
        return self.fitted()
