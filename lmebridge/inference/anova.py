"""Likelihood-ratio tests between fitted models, R's ``anova(m1, m2)``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import DataError, LmebridgeWarning
from lmebridge.inference.refitting import refitML
from lmebridge.printing.summary_anova import anova_heading, anova_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.model import MerMod

REFIT_MESSAGE = "refitting model(s) with ML (instead of REML)"


class AnovaTable(pd.DataFrame):
    """A DataFrame of tests that prints as R prints it; what is cut or computed from it is a plain DataFrame."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __repr__(self) -> str:
        return anova_text(self)

    def _repr_html_(self) -> str:
        """The table as R prints it, for notebooks."""
        from lmebridge.printing.markup import html
        from lmebridge.printing.summary_markup import anova_parts

        return html(anova_parts(self))

    def to_latex(  # type: ignore[override]  # pandas' overloads, of which two arguments are ours
        self, buf: Any = None, *, caption: str = "", label: str = "", **arguments: Any
    ) -> Any:
        """The table as LaTeX for booktabs, with R's digits; with pandas' other arguments, pandas' own."""
        from lmebridge.printing.markup import latex
        from lmebridge.printing.summary_markup import anova_parts

        if buf is not None or arguments:
            return pd.DataFrame(self).to_latex(buf, caption=caption or None, label=label or None, **arguments)
        return latex(anova_parts(self), caption, label)


def anova(
    *fits: Any,
    refit: bool = True,
    model_names: Sequence[str] | None = None,
    ddf: str | None = None,
    type: str = "III",
) -> AnovaTable:
    """Compare two or more fits of the same data by likelihood-ratio tests, or test the terms of one.

    Parameters
    ----------
    *fits : MerMod or LinearModel
        Models to compare, sorted by their number of parameters; or one mixed model.
    refit : bool
        Refit REML models by maximum likelihood first, as lme4 does and says.
    model_names : sequence of str, optional
        Names for the rows; by default ``MODEL1``, ``MODEL2``, ... in the order given.
    ddf : {"Satterthwaite", "Kenward-Roger"}, optional
        Of one model: denominator degrees of freedom by this method, as lmerTest has them.
    type : {"I", "II", "III"}
        Of one model with `ddf`: which hypotheses are tested.

    Returns
    -------
    AnovaTable
        A pandas DataFrame, one row a model: ``npar``, ``AIC``, ``BIC``, ``logLik``, ``deviance``, ``Chisq``, ``Df`` and
        ``Pr(>Chisq)``.
        It prints as R prints it; ``attrs["heading"]`` holds the lines above the table. Of one model, one row a term:
        ``npar``, ``Sum Sq``, ``Mean Sq``, ``F value``; with `ddf` the table of lmerTest.

    Raises
    ------
    DataError
        If the models were not fitted to the same rows of the same data.
    ValueError
        If fewer than two models, or a wrong number of names, is given.
    TypeError
        If something else than a fitted model is given.

    Warns
    -----
    LmebridgeWarning
        With lme4's message when models are refitted, or when REML and ML fits are mixed with ``refit=False``.

    References
    ----------
    lme4 ``anova.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> pupils = lme.datasets.hsb()
    >>> empty = lme.lmer("mathach ~ 1 + (1 | schoolid)", pupils, REML=False, backend="native")
    >>> table = lme.anova(empty, empty.update(". ~ . + ses"))
    >>> table[["npar", "Chisq", "Df"]].round(1)
            npar  Chisq   Df
    MODEL1     3    NaN  NaN
    MODEL2     4  474.8  1.0
    """
    if len(fits) == 1 and _is_mixed(fits[0]):
        return _of_terms(fits[0], ddf, type)
    names = _names(fits, model_names)
    _check_same_data(fits)
    chosen = _maximum_likelihood(fits) if refit else _as_they_are(fits)
    likelihoods = [fit.logLik() for fit in chosen]
    order = np.argsort([value.df for value in likelihoods], kind="stable")
    table = _table([likelihoods[i] for i in order], [names[i] for i in order])
    table.attrs["heading"] = anova_heading({names[i]: chosen[i].formula() for i in order}, fits[0].data_name)
    return table


def _is_mixed(fit: Any) -> bool:
    """Whether the fit is a mixed model, not a linear one."""
    return hasattr(fit, "VarCorr")


def _of_terms(fit: MerMod, ddf: str | None, type: str) -> AnovaTable:
    from lmebridge.inference.term_tests import anova_of_terms

    table, heading = anova_of_terms(fit, ddf, type)
    found = AnovaTable(table)
    found.attrs["heading"] = heading
    return found


def _names(fits: Sequence[Any], model_names: Sequence[str] | None) -> list[str]:
    strangers = [fit for fit in fits if not hasattr(fit, "logLik")]
    if strangers:
        raise TypeError(
            f"anova compares fitted models, such as lmer gives; a {strangers[0].__class__.__name__} is none"
        )
    if len(fits) < 2:
        raise ValueError("anova compares two or more fitted models: anova(fit1, fit2)")
    names = [f"MODEL{i}" for i in range(1, len(fits) + 1)] if model_names is None else list(model_names)
    if len(names) != len(fits):
        raise ValueError(f"model names vector and model list have different lengths: {len(names)} and {len(fits)}")
    return names


def _check_same_data(fits: Sequence[Any]) -> None:
    if len({fit.nobs() for fit in fits}) > 1:
        sizes = ", ".join(str(fit.nobs()) for fit in fits)
        raise DataError(
            f"models were not all fitted to the same size of dataset: {sizes} rows. "
            "Drop the rows with missing values in any model's variables before fitting."
        )
    first = fits[0]
    if not all(_same_rows(fit.data, first.data) for fit in fits):
        raise DataError(
            "all models must be fit to the same data object: a likelihood-ratio test compares models of one data set."
        )


def _same_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two frames are of one data set: one may have columns that were added since."""
    if one is other:
        return True
    shared = [name for name in one.columns if name in other.columns]
    return bool(shared) and one[shared].equals(other[shared])


def _maximum_likelihood(fits: Sequence[Any]) -> list[Any]:
    if any(_is_mixed(fit) and fit.isREML() for fit in fits):
        warnings.warn(REFIT_MESSAGE, LmebridgeWarning, stacklevel=3)
    return [refitML(fit) if _is_mixed(fit) else fit for fit in fits]


def _as_they_are(fits: Sequence[Any]) -> list[Any]:
    restricted = {_is_mixed(fit) and fit.isREML() for fit in fits}
    if len(restricted) > 1:
        warnings.warn("some models fit with REML = TRUE, some not", LmebridgeWarning, stacklevel=3)
    return list(fits)


def _table(likelihoods: Sequence[Any], names: list[str]) -> AnovaTable:
    from scipy.special import chdtrc

    values = np.array([float(value) for value in likelihoods])
    parameters = np.array([value.df for value in likelihoods])
    n_obs = np.array([value.nobs for value in likelihoods])
    degrees = np.diff(parameters, prepend=np.nan)
    chisq = 2 * np.maximum(0, np.diff(values, prepend=np.nan))
    # R gives no p-value for models with equally many parameters.
    p_value = np.where(degrees > 0, chdtrc(np.where(degrees > 0, degrees, 1), chisq), np.nan)
    return AnovaTable(
        {
            "npar": parameters,
            "AIC": -2 * values + 2 * parameters,
            "BIC": -2 * values + np.log(n_obs) * parameters,
            "logLik": values,
            "deviance": -2 * values,
            "Chisq": chisq,
            "Df": degrees,
            "Pr(>Chisq)": p_value,
        },
        index=names,
    )
