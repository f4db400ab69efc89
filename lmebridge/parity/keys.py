"""What a number is a number of: the key under which every comparison files it."""

from __future__ import annotations

from typing import NamedTuple

#: Every quantity that is compared, with its unit or "dimensionless".
QUANTITIES = {
    "estimate": "response per unit of the term",
    "std_error": "response per unit of the term",
    "df": "dimensionless",
    "t_value": "dimensionless",
    "z_value": "dimensionless",
    "p_value": "dimensionless",
    "conf_low": "response per unit of the term",
    "conf_high": "response per unit of the term",
    "fixef_covariance": "product of the two estimates' units",
    "fixef_correlation": "dimensionless",
    "vcov": "product of the two effects' units",
    "sdcor": "response per unit of the term; correlations dimensionless",
    "sigma": "response",
    "theta": "dimensionless",
    "condval": "response per unit of the term",
    "condsd": "response per unit of the term",
    "coef": "response per unit of the term",
    "residual_quantile": "dimensionless when scaled, else response",
    "criterion": "dimensionless",
    "logLik": "dimensionless",
    "AIC": "dimensionless",
    "BIC": "dimensionless",
    "df_residual": "dimensionless",
    "n_obs": "rows",
    "n_groups": "levels",
    "n_missing": "rows",
    "group_size": "rows",
    "npar": "dimensionless",
    "chisq": "dimensionless",
    "chi_df": "dimensionless",
    "r_squared": "dimensionless",
    "adj_r_squared": "dimensionless",
    "f_statistic": "dimensionless",
    "f_df": "dimensionless",
    "icc": "dimensionless",
    "diagnostic": "dimensionless",
    "condition_number": "dimensionless",
}


class Key(NamedTuple):
    """The name of one number; empty text where a part does not apply.

    Attributes
    ----------
    quantity : str
        One of `QUANTITIES`.
    group : str
        Grouping factor or block as lme4 names it (``Subject``, ``Subject.1``), ``Residual`` for the residual.
    level : str
        Level of the grouping factor.
    term : str
        R's name of the coefficient or effect; the model's name in a table of models.
    term2 : str
        The later effect of a covariance or correlation; the percentage of an interval's limit.
    method : str
        The definition where there are several: ``REML``, ``ML``, ``Wald``, ``scaled``.

    Examples
    --------
    >>> str(Key("sdcor", group="Subject", term="(Intercept)", term2="Days"))
    'sdcor Subject (Intercept) Days'
    """

    quantity: str
    group: str = ""
    level: str = ""
    term: str = ""
    term2: str = ""
    method: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in self if part)
