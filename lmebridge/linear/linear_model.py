"""Linear models without random effects, the ones mixed models are compared with: R's ``lm``."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge import selection
from lmebridge.api import prepare
from lmebridge.errors import FormulaError, LmebridgeWarning, UnsupportedByBackend
from lmebridge.frames import as_pandas
from lmebridge.linear import engines as linear_engines
from lmebridge.linear.summary import LinearSummary
from lmebridge.plots import by_group, linear_panels, quantiles, scatter
from lmebridge.statsmodels_names import StatsmodelsNames
from lmebridge.tables import Count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmebridge.linear.engines import LinearEngine
    from lmebridge.linear.fit import LinearFit
    from lmebridge.log_likelihood import LogLik


#: Leverage from which on a row has its fitted value for itself, so that its residual says nothing: R's limit.
FULL_LEVERAGE = 1 - 10 * np.finfo(float).eps


def lm(
    formula: str,
    data: Any,
    weights: str | Sequence[float] | None = None,
    offset: str | Sequence[float] | None = None,
    subset: str | Sequence[bool] | None = None,
    na_action: str = "na.omit",
    contrasts: Mapping[str, str] | None = None,
    backend: str | None = None,
    *,
    trust_formula: bool = False,
) -> LinearModel:
    """Fit a linear model by least squares, R's ``lm``.

    Parameters
    ----------
    formula : str
        An R formula without random effects, such as ``"log(y) ~ log(x) + z"``.
    data : DataFrame
        A pandas DataFrame; a polars or pyarrow table is taken too.
    weights, offset : str or sequence of float, optional
        A column's name, an R expression over the columns, or one value a row: prior weights (dimensionless) and a known
        part of the response (its units).
    subset : str or sequence of bool, optional
        The rows to use: an R expression over the columns, or one truth value a row.
    na_action : {"na.omit", "na.exclude", "na.fail"}
        Drop rows with missing values; drop them but return them as NaN in per-row results; or refuse them.
    contrasts : mapping of str to str, optional
        By factor, R's contrast function: ``{"f": "contr.sum"}``.
    backend : {"lme4", "statsmodels", "native"}, optional
        ``"lme4"`` is R's own ``lm``, the others least squares on the same columns in Python. By default the first that
        is usable.
    trust_formula : bool
        Let the formula call functions that are not on the list of known ones.

    Returns
    -------
    LinearModel
        The fitted model.

    Raises
    ------
    FormulaError
        If the formula cannot be read, has random effects, or calls a function that is not allowed.
    DataError
        If a variable is missing or unusable.
    BackendUnavailable, UnsupportedByBackend
        If the backend named cannot be used here or fits no linear models.
    RError
        If R fails.

    Warns
    -----
    FallbackWarning
        When R cannot be used.

    References
    ----------
    R 4.2.2, ``stats::lm``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lm("mathach ~ ses", lme.datasets.hsb(), backend="native")
    >>> fit.coef().round(3).to_dict()
    {'(Intercept)': 12.747, 'ses': 3.184}
    """
    frame = as_pandas(data)
    model, columns = prepare(
        formula,
        frame,
        extras={"weights": weights, "offset": offset, "subset": subset},
        na_action=na_action,
        contrasts=dict(contrasts or {}),
        trust=trust_formula,
    )
    if model.formula.random:
        term = model.formula.random[0]
        raise FormulaError.at(formula, term.span, "lm fits no random effects", "Use lmebridge.lmer.")
    # Least squares has weights everywhere: only random effects are beyond some backends.
    chosen = selection.choose(replace(model, weights=None), backend)
    if chosen.name not in linear_engines.FITTERS:
        raise UnsupportedByBackend.because(
            chosen.name, formula, "it fits no linear models", f"Use one of {', '.join(linear_engines.FITTERS)}."
        )
    fit, engine = linear_engines.FITTERS[chosen.name](model, columns)
    for message in fit.messages:
        warnings.warn(message, LmebridgeWarning, stacklevel=2)
    return LinearModel(fit, engine, frame)


class LinearModel(StatsmodelsNames):
    """A fitted linear model with R's accessors; made by `lmebridge.lm`.

    Per-row results carry the index of the data. The usual attributes of a statsmodels result are there too.

    Attributes
    ----------
    data : pandas.DataFrame
        The data the model was fitted to, as given.
    """

    def __init__(self, fit: LinearFit, engine: LinearEngine, data: pd.DataFrame) -> None:
        self._fit = fit
        self._engine = engine
        self.data = data

    @property
    def record(self) -> LinearFit:
        """The plain tables behind the accessors."""
        return self._fit

    @property
    def engine(self) -> Any:
        """The thing underneath: R's lm, the statsmodels result, or the design's arrays."""
        return self._engine.underlying

    @property
    def backend(self) -> str:
        """What fitted the model, with every version that matters."""
        return str(self._fit.source)

    def formula(self) -> str:
        """The model's formula as R text."""
        return str(self._fit.model.formula)

    # --- coefficients -------------------------------------------------------------------------------------------

    def coef(self) -> pd.Series:
        """Estimates by R's coefficient names, NaN for columns that depend on others."""
        return self._fit.coefficients.copy()

    def coef_table(self) -> pd.DataFrame:
        """R's ``summary(m)$coefficients``: the estimable coefficients, their standard errors, t and p values.

        Returns
        -------
        pandas.DataFrame, shape (rank, 4)
            Columns ``Estimate``, ``Std. Error``, ``t value`` and ``Pr(>|t|)``.
        """
        return self._fit.table().loc[self._fit.covariance.index]

    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of all coefficients, NaN where not estimable, R's ``vcov(m)``."""
        names = self._fit.coefficients.index
        return self._fit.covariance.reindex(index=names, columns=names)

    def confint(self, parm: Sequence[str] | str | None = None, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals from Student's t.

        Parameters
        ----------
        parm : sequence of str or str, optional
            The coefficients wanted; all by default.
        level : float
            Confidence level, dimensionless.

        Returns
        -------
        pandas.DataFrame
            Columns ``2.5 %`` and ``97.5 %`` at the default level.
        """
        intervals = self._fit.interval(level)
        return intervals if parm is None else intervals.loc[[parm] if isinstance(parm, str) else list(parm)]

    # --- numbers ------------------------------------------------------------------------------------------------

    def sigma(self) -> float:
        """Residual standard error, units of the response."""
        return self._fit.sigma

    def logLik(self) -> LogLik:
        """Log-likelihood with its ``df`` (coefficients and the variance) and ``nobs``."""
        return self._fit.log_likelihood

    def AIC(self) -> float:
        """R's ``AIC(m)``, which counts the residual variance among the parameters."""
        log_likelihood = self.logLik()
        return -2 * float(log_likelihood) + 2 * log_likelihood.df

    def BIC(self) -> float:
        """R's ``BIC(m)``, which counts the residual variance among the parameters."""
        log_likelihood = self.logLik()
        return -2 * float(log_likelihood) + float(np.log(log_likelihood.nobs)) * log_likelihood.df

    def deviance(self) -> float:
        """Weighted residual sum of squares, squared units of the response."""
        return self._fit.deviance

    def df_residual(self) -> int:
        """Residual degrees of freedom."""
        return self._fit.df_residual

    @property
    def nobs(self) -> Count:
        """Rows used with a weight other than zero; ``fit.nobs()`` as in R and ``fit.nobs`` as in statsmodels."""
        return Count(self._fit.n_obs)

    @property
    def r_squared(self) -> float:
        """Multiple R-squared, dimensionless."""
        return self._fit.r_squared

    @property
    def adj_r_squared(self) -> float:
        """Adjusted R-squared, dimensionless."""
        return self._fit.adj_r_squared

    @property
    def fstatistic(self) -> pd.Series | None:
        """R's ``summary(m)$fstatistic``: ``value``, ``numdf``, ``dendf``; None for a model of an intercept alone."""
        found = self._fit.f_statistic
        return None if found is None else pd.Series(found, index=["value", "numdf", "dendf"], dtype=float)

    # --- rows ---------------------------------------------------------------------------------------------------

    def fitted(self) -> pd.Series:
        """Fitted values on the data's index, units of the response; NaN for omitted rows under ``na.exclude``."""
        return self._on_rows(self._fit.fitted)

    def residuals(self, type: str = "response") -> pd.Series:
        """Residuals on the data's index, NaN for omitted rows under ``na.exclude``.

        Parameters
        ----------
        type : {"response", "pearson"}
            In units of the response, or times the square roots of the prior weights.

        Raises
        ------
        ValueError
            For another type.
        """
        if type not in {"response", "pearson"}:
            raise ValueError(f"type={type!r}: residuals of a linear model are 'response' or 'pearson'")
        return self._on_rows(self._fit.residuals if type == "response" else self._fit.weighted_residuals)

    def hatvalues(self) -> pd.Series:
        """Leverages on the data's index, dimensionless, R's ``hatvalues(m)``; 0 for rows of weight zero."""
        return self._on_rows(self._engine.hatvalues())

    def rstandard(self) -> pd.Series:
        """Standardized residuals on the data's index, dimensionless, R's ``rstandard(m)``; NaN at leverage 1."""
        leverages = self._engine.hatvalues()
        room = np.where(leverages < FULL_LEVERAGE, 1 - leverages, np.nan)
        return self._on_rows(self._fit.weighted_residuals / (self.sigma() * np.sqrt(room)))

    plot = linear_panels.plot_lm
    plot_fitted = scatter.plot_fitted
    plot_by_group = by_group.plot_by_group
    qqmath = quantiles.qqmath

    def predict(self, newdata: Any = None) -> pd.Series:
        """Predicted responses with the formula's offset, NaN where a predictor is missing.

        Parameters
        ----------
        newdata : DataFrame, optional
            Rows to predict; by default the rows the model was fitted to.

        Returns
        -------
        pandas.Series
            On the index of `newdata`, units of the response.

        Raises
        ------
        DataError
            If a variable is missing from `newdata` or has levels the fit has not seen.
        """
        if newdata is None:
            return self.fitted()
        frame = as_pandas(newdata)
        return pd.Series(self._engine.predict(frame), index=frame.index, dtype=float)

    def _on_rows(self, values: np.ndarray) -> pd.Series:
        series = pd.Series(values, index=self._fit.rows, dtype=float)
        if self._fit.model.na_action == "na.exclude":
            series = series.reindex(np.sort(np.concatenate([self._fit.rows, self._fit.omitted])))
        return series.set_axis(self.data.index[series.index.to_numpy()])

    # --- statsmodels' names whose meaning differs from R's ------------------------------------------------------

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p values of the coefficients, dimensionless."""
        return self.coef_table()["Pr(>|t|)"]

    @property
    def rsquared(self) -> float:
        """Multiple R-squared, `r_squared`."""
        return self.r_squared

    @property
    def rsquared_adj(self) -> float:
        """Adjusted R-squared, `adj_r_squared`."""
        return self.adj_r_squared

    @property
    def fvalue(self) -> float:
        """F statistic of all terms but the intercept, dimensionless; NaN without any."""
        found = self._fit.f_statistic
        return float("nan") if found is None else found[0]

    @property
    def f_pvalue(self) -> float:
        """P value of `fvalue`, dimensionless."""
        return self._fit.f_pvalue

    @property
    def aic(self) -> float:
        """R's `AIC` less 2: statsmodels does not count the residual variance among the parameters."""
        return self.AIC() - 2

    @property
    def bic(self) -> float:
        """R's `BIC` less log n: statsmodels does not count the residual variance among the parameters."""
        return self.BIC() - float(np.log(self._fit.n_obs))

    # --- text ---------------------------------------------------------------------------------------------------

    def summary(self) -> LinearSummary:
        """The summary that R prints; ``str()`` gives its text."""
        return LinearSummary(self._fit)

    def __repr__(self) -> str:
        from lmebridge.printing.summary_lm import lm_print_text

        return lm_print_text(call=self._fit.call, estimates=self._fit.coefficients)
