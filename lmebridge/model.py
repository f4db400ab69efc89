"""The fitted model a user holds: lme4's accessors over a `Fit` and a live engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge import exchange
from lmebridge.cached import cached_property
from lmebridge.control import SINGULAR_TOLERANCE
from lmebridge.diagnostics import all_fit, influence, leverage, principal_components, residual_types
from lmebridge.families import Family, family_name
from lmebridge.inference import (
    bootstrap,
    confidence,
    marginal_effects,
    prediction,
    profiling,
    refitting,
    simulation,
    term_deletions,
    term_tests,
    tidying,
)
from lmebridge.log_likelihood import LogLik
from lmebridge.plots import by_group, caterpillar, group_lines, profiles, quantiles, scatter
from lmebridge.statsmodels_names import StatsmodelsNames
from lmebridge.tables import Count, RandomEffects, VarCorr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.backends.contract import Engine
    from lmebridge.printing.summary import Summary
    from lmebridge.records import Fit


class MerMod(StatsmodelsNames):
    """A fitted linear mixed-effects model with lme4's accessors; made by `lmebridge.lmer`.

    R names keep their spelling with ``.`` replaced by ``_``. Per-row results carry the index of the data. The usual
    attributes of a statsmodels result (``params``, ``bse``, ``llf``, ...) are there too.

    Attributes
    ----------
    data : pandas.DataFrame
        The data the model was fitted to, as given.
    data_name : str
        What the data are called where R prints their name.
    given : dict
        Arguments of `lmer` that were given as arrays: weights, offset, subset.
    """

    def __init__(
        self,
        fit: Fit,
        engine: Engine,
        data: pd.DataFrame,
        data_name: str = "data",
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self._fit = fit
        self._engine = engine
        self.data = data
        self.data_name = data_name
        self.given = dict(given or {})

    # --- what was fitted, and by what ---------------------------------------------------------------------------

    @property
    def record(self) -> Fit:
        """The plain tables behind the accessors, the record that comparisons work on."""
        return self._fit

    @property
    def engine(self) -> Any:
        """The thing underneath: the R merMod, the statsmodels result or the penalized-least-squares solution."""
        return self._engine.underlying

    @property
    def backend(self) -> str:
        """What fitted the model, with every version that matters."""
        return str(self._fit.source)

    @property
    def messages(self) -> tuple[str, ...]:
        """Everything the engine said about the fit, in lme4's words where lme4 has words for it."""
        return tuple(message.text for message in self._fit.convergence.messages)

    def formula(self) -> str:
        """The model's formula as R text, as lme4 keeps it: ``||`` is written out in a linear model."""
        from lmebridge.printing.summary_call import kept_formula
        from lmebridge.rsyntax import deparse, parse_expression

        return deparse(parse_expression(kept_formula(self._fit.model)))

    def family(self) -> Family:
        """The response's distribution and its link, R's ``family(m)``; ``.family``, ``.link`` and ``.theta``."""
        model = self._fit.model
        return Family(family_name(model.family), model.link, model.family_theta)

    def isREML(self) -> bool:
        """Whether the restricted likelihood was maximized."""
        return self._fit.model.REML

    # --- fixed effects ------------------------------------------------------------------------------------------

    def fixef(self) -> pd.Series:
        """Fixed-effects estimates.

        Returns
        -------
        pandas.Series, shape (p,)
            Indexed by R's coefficient names, units of the response per unit of the term.

        References
        ----------
        lme4 ``fixef.merMod``.
        """
        return self._fit.fixed["Estimate"].copy()

    coef_table = term_tests.coef_table
    drop1 = term_deletions.drop1
    ranova = term_deletions.ranova

    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the fixed-effects estimates, shape (p, p)."""
        return self._fit.fixed_covariance.copy()

    # --- random effects -----------------------------------------------------------------------------------------

    def ranef(self, condVar: bool = True) -> RandomEffects:
        """Conditional modes of the random effects.

        Parameters
        ----------
        condVar : bool
            Whether to compute the conditional covariances too, `RandomEffects.postVar`.

        Returns
        -------
        RandomEffects
            Mapping from grouping factor to a DataFrame (levels by terms), units of the response per unit of the term.

        References
        ----------
        lme4 ``ranef.merMod``.

        Examples
        --------
        >>> import lmebridge as lme
        >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
        >>> effects = fit.ranef()
        >>> effects["schoolid"].head(2).round(2)
              (Intercept)
        1224        -1.63
        1288         0.43
        >>> effects.postVar["schoolid"].shape
        (160, 1, 1)
        """
        return RandomEffects(self._engine.ranef(), self._engine.conditional_variances() if condVar else {})

    def coef(self) -> dict[str, pd.DataFrame]:
        """Coefficients of each level: fixed effects plus conditional modes, lme4's ``coef.merMod``.

        Returns
        -------
        dict of str to pandas.DataFrame
            By grouping factor, levels by terms, units of the response per unit of the term. Effects without a fixed
            part come first, as in lme4.

        Examples
        --------
        >>> import lmebridge as lme
        >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
        >>> fit.coef()["schoolid"].head(2).round(2)
              (Intercept)   ses
        1224        11.02  2.39
        1288        13.09  2.39
        """
        fixed = self.fixef()
        modes = self._engine.ranef()
        without_fixed = dict.fromkeys(t for frame in modes.values() for t in frame.columns if t not in fixed.index)
        start = pd.concat([pd.Series(0.0, index=list(without_fixed), dtype=float), fixed])
        return {group: _shifted(start, frame) for group, frame in modes.items()}

    def VarCorr(self) -> VarCorr:
        """Variances and correlations of the random effects; prints as in R.

        Returns
        -------
        VarCorr
            By grouping factor, the covariance matrix as a DataFrame, units of the response squared per units of the
            terms; ``to_frame()`` has one row a variance or covariance.

        References
        ----------
        lme4 ``VarCorr.merMod``.

        Examples
        --------
        >>> import lmebridge as lme
        >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
        >>> fit.VarCorr()["schoolid"].round(2)
                     (Intercept)
        (Intercept)         4.77
        """
        return VarCorr(self._fit)

    def sigma(self) -> float:
        """Residual standard deviation, units of the response."""
        return self._fit.sigma

    def ngrps(self) -> pd.Series:
        """Levels of each grouping factor."""
        return pd.Series(dict(self._fit.n_groups), dtype="int64")

    def isSingular(self, tol: float = SINGULAR_TOLERANCE) -> bool:
        """Whether a relative standard deviation is below `tol` (dimensionless), lme4's ``isSingular``."""
        return bool(np.any(self._fit.theta[_diagonal(self._fit.blocks)] < tol))

    def getME(self, name: str) -> Any:
        """Any piece of the model, by lme4's name for it: X, Z, theta, Lambda, devcomp ...

        Raises
        ------
        ValueError
            If lme4 knows no such piece.
        """
        return self._engine.getME(name)

    # --- likelihood ---------------------------------------------------------------------------------------------

    def logLik(self, REML: bool | None = None) -> LogLik:
        """Log-likelihood, restricted by default when the fit is; a float with ``df`` and ``nobs``."""
        return LogLik(-self._criterion(REML) / 2, df=self._fit.n_parameters, nobs=self._fit.n_obs)

    def AIC(self) -> float:
        """Akaike's criterion, ``-2 logLik + 2 df``; from the REML criterion when the fit is REML, as in R."""
        return self._fit.criterion + 2 * self._fit.n_parameters

    def BIC(self) -> float:
        """Schwarz's criterion, ``-2 logLik + log(nobs) df``."""
        return float(self._fit.criterion + np.log(self._fit.n_obs) * self._fit.n_parameters)

    def deviance(self, REML: bool | None = None) -> float:
        """Minus twice the log-likelihood; of a REML fit, the REML criterion unless ``REML=False``."""
        return self._criterion(REML)

    def REMLcrit(self) -> float:
        """The REML criterion at the estimated theta, of an ML fit too, as in lme4."""
        return self._criterion(REML=True)

    def df_residual(self) -> int:
        """Rows minus estimated parameters."""
        return self._fit.n_obs - self._fit.n_parameters

    @property
    def nobs(self) -> Count:
        """Rows used; ``fit.nobs()`` as in R and ``fit.nobs`` as in statsmodels."""
        return Count(self._fit.n_obs)

    def _criterion(self, REML: bool | None) -> float:
        if REML is None or REML == self._fit.model.REML:
            return self._fit.criterion
        return self._engine.criterion(REML=REML)

    # --- rows ---------------------------------------------------------------------------------------------------

    def fitted(self) -> pd.Series:
        """Fitted values with all random effects, units of the response, on the data's index.

        With ``na_action="na.exclude"`` the rows that were dropped for missing values are there as NaN, as in R.
        """
        return self._on_rows(self._engine.fitted())

    residuals = residual_types.residuals
    predict = prediction.predict

    hatvalues = leverage.hatvalues
    cooks_distance = leverage.cooks_distance
    rstudent = leverage.rstudent
    influence = influence.influence
    rePCA = principal_components.rePCA
    allFit = all_fit.allFit

    tidy = tidying.tidy
    glance = tidying.glance
    augment = tidying.augment
    to_marginaleffects = marginal_effects.to_marginaleffects

    plot = scatter.plot
    plot_fitted = scatter.plot_fitted
    plot_ranef = caterpillar.plot_ranef
    plot_groups = group_lines.plot_groups
    plot_by_group = by_group.plot_by_group
    plot_profile = profiles.plot_profile
    qqmath = quantiles.qqmath
    qqmath_ranef = quantiles.qqmath_ranef

    r_code = exchange.r_code

    def model_frame(self) -> pd.DataFrame:
        """The variables of the formula in the rows used, on the data's index."""
        return self._engine.frame().set_axis(self.data.index[self._engine.rows()], axis=0)

    def model_matrix(self) -> pd.DataFrame:
        """The fixed-effects model matrix X, rows used by p columns under R's names."""
        rows = self.data.index[self._engine.rows()]
        return pd.DataFrame(np.asarray(self._engine.getME("X")), index=rows, columns=self._fit.fixed.index)

    def weights(self) -> pd.Series:
        """Prior weights, dimensionless, ones where none were given."""
        return self._on_rows(self._prior_weights)

    @cached_property
    def _prior_weights(self) -> np.ndarray:
        return np.asarray(self._engine.getME("weights"), dtype=float)

    def _residuals(self, *, pearson: bool) -> np.ndarray:
        values = np.asarray(self._engine.getME("y"), dtype=float) - self._engine.fitted()
        return np.asarray(values * np.sqrt(self._prior_weights)) if pearson else values

    def _on_rows(self, values: np.ndarray) -> pd.Series:
        rows = self._engine.rows()
        series = pd.Series(np.asarray(values, dtype=float), index=rows)
        if self._fit.model.na_action == "na.exclude":
            series = series.reindex(np.sort(np.concatenate([rows, self._engine.omitted()])))
        return series.set_axis(self.data.index[series.index.to_numpy()])

    # --- inference: functions of the model, see `lmebridge.inference` --------------------------------------------

    confint = confidence.confint
    conf_int = confidence.conf_int
    profile = profiling.profile
    simulate = simulation.simulate
    bootMer = bootstrap.bootMer
    refit = refitting.refit
    refitML = refitting.refitML
    update = refitting.update

    # --- text ---------------------------------------------------------------------------------------------------

    def summary(self) -> Summary:
        """The summary that lme4 prints; ``str()`` gives its text."""
        from lmebridge.printing.summary import Summary

        quantiles = np.quantile(self._residuals(pearson=True) / self.sigma(), [0, 0.25, 0.5, 0.75, 1])
        return Summary(self._fit, residual_quantiles=quantiles, data_name=self.data_name)

    def __repr__(self) -> str:
        from lmebridge.printing.summary import print_text

        return print_text(self._fit, data_name=self.data_name)

    def _repr_html_(self) -> str:
        """What the model prints, as tables for notebooks."""
        from lmebridge.printing.markup import html
        from lmebridge.printing.summary import heading_lines
        from lmebridge.printing.summary_markup import fit_parts

        return html(fit_parts(self._fit, heading_lines(self._fit, self.data_name), None))


def _shifted(start: pd.Series, modes: pd.DataFrame) -> pd.DataFrame:
    """One row a level: `start` with the level's modes added to the terms they belong to."""
    table = pd.DataFrame(np.tile(start.to_numpy(), (len(modes), 1)), index=modes.index, columns=start.index)
    table[modes.columns] += modes
    return table


def _diagonal(blocks: tuple[tuple[str, tuple[str, ...]], ...]) -> np.ndarray:
    """Positions in theta of the diagonal elements of the relative covariance factors."""
    positions: list[int] = []
    start = 0
    for _, effects in blocks:
        size = len(effects)
        positions += [start + column * size - column * (column - 1) // 2 for column in range(size)]
        start += size * (size + 1) // 2
    return np.array(positions, dtype=int)
