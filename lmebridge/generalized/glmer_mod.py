"""The fitted generalized linear mixed model: what lme4's accessors say differently of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lmebridge.errors import UnsupportedByBackend
from lmebridge.inference import twin
from lmebridge.model import MerMod

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.inference.anova import AnovaTable

#: Kinds of residual that lme4 has for generalized models.
RESIDUALS = ("deviance", "pearson", "working", "response")
#: Degrees of freedom are a notion of linear models.
_NO_DEGREES = (
    "lmerTest and pbkrtest have degrees of freedom for linear mixed models; the tests of a generalized one are Wald's "
    "z tests, or likelihood-ratio tests with lmebridge.anova and drop1"
)


class GlmerMod(MerMod):
    """A fitted generalized linear mixed model with lme4's accessors; made by `lmebridge.glmer` and `glmer_nb`.

    Coefficients, random effects and their variances are on the scale of the link; fitted values are means of the
    response. What is not redefined here is as in `MerMod`.
    """

    def coef_table(self, ddf: str | None = None) -> pd.DataFrame:
        """Estimates with standard errors and Wald tests, R's ``summary(m)$coefficients``.

        Parameters
        ----------
        ddf : None
            Generalized models have no denominator degrees of freedom.

        Returns
        -------
        pandas.DataFrame, shape (p, 4)
            Columns ``Estimate``, ``Std. Error`` (scale of the link per unit of the term), ``z value`` (``t value``
            where the family has a scale, as in R) and ``Pr(>|z|)``.

        Raises
        ------
        UnsupportedByBackend
            If `ddf` is given.

        References
        ----------
        lme4 ``summary.merMod``.
        """
        from lmebridge.printing.summary import coefficient_table

        if ddf is not None:
            raise UnsupportedByBackend(f"ddf={ddf!r}: {_NO_DEGREES}.")
        return coefficient_table(self.record)

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the Wald tests."""
        return self.coef_table()["Pr(>|z|)"]

    def deviance(self, REML: bool | None = None) -> float:  # noqa: ARG002 - R takes it too, and does nothing with it
        """Sum of the squared deviance residuals, as in R: not minus twice the log-likelihood, dimensionless.

        Parameters
        ----------
        REML : bool, optional
            Without meaning for generalized models; R takes it too.

        References
        ----------
        lme4 ``deviance.merMod``.
        """
        return float(twin.ask_r(self, "residual_deviance")[0])

    def residuals(self, type: str = "deviance", scaled: bool = False) -> pd.Series:
        """Residuals on the data's index.

        Parameters
        ----------
        type : {"deviance", "pearson", "working", "response"}
            As R defines them for generalized linear models.
        scaled : bool
            Divide by sigma, which is 1 where the family has no scale.

        Returns
        -------
        pandas.Series
            One value a row used; with ``na_action="na.exclude"`` NaN for the rows dropped. Response residuals are in
            units of the response, working residuals on the scale of the link, the others dimensionless.

        Raises
        ------
        ValueError
            For another type.

        References
        ----------
        lme4 ``residuals.merMod``.
        """
        if type not in RESIDUALS:
            raise ValueError(f"type={type!r}: residuals of a generalized model are {', '.join(map(repr, RESIDUALS))}")
        values = np.asarray(twin.ask_r(self, "residual_values", type=type), dtype=float)
        return self._on_rows(values / self.sigma() if scaled else values)

    def weights(self, type: Literal["prior", "working"] = "prior") -> pd.Series:
        """Weights on the data's index, dimensionless.

        Parameters
        ----------
        type : {"prior", "working"}
            Those given (of a binomial response the numbers of trials), or those of the last step of the penalized
            iteratively reweighted least squares.

        Raises
        ------
        ValueError
            For another type.

        References
        ----------
        lme4 ``weights.merMod``.
        """
        if type not in {"prior", "working"}:
            raise ValueError(f"type={type!r}: weights are 'prior' or 'working'")
        return self._on_rows(twin.ask_r(self, "working_weights") if type == "working" else self._prior_weights)

    def ranova(self, reduce_terms: bool = True) -> AnovaTable:  # noqa: ARG002 - refused in any case
        """Not for generalized models.

        Raises
        ------
        UnsupportedByBackend
            Always: lmerTest has it for linear mixed models.
        """
        raise UnsupportedByBackend(
            "ranova is lmerTest's, for linear mixed models. Fit the model without the random term and compare the two "
            "with lmebridge.anova."
        )

    def _residuals(self, *, pearson: bool) -> np.ndarray:
        return np.asarray(twin.ask_r(self, "residual_values", type="pearson" if pearson else "response"), dtype=float)


def mer_mod(record: Any, *arguments: Any, **named: Any) -> MerMod:
    """A `GlmerMod` where the record is of a generalized model, else a `MerMod`; arguments as theirs."""
    kind = GlmerMod if record.model.is_generalized else MerMod
    return kind(record, *arguments, **named)
