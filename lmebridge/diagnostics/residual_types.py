"""The kinds of residual that lme4 has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.model import MerMod

#: Kinds of residual, and whether each is times the root of the prior weights.
WEIGHTED = {"response": False, "working": False, "pearson": True, "deviance": True}


def residuals(fit: MerMod, type: str = "response", scaled: bool = False) -> pd.Series:
    """Residuals on the data's index.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    type : {"response", "pearson", "working", "deviance"}
        In a linear mixed model working residuals are the response residuals, in units of the response; Pearson and
        deviance residuals are those times the root of the prior weights.
    scaled : bool
        Divide by the residual standard deviation (then dimensionless).

    Returns
    -------
    pandas.Series
        One value a row used; with ``na_action="na.exclude"`` NaN for the rows dropped.

    Raises
    ------
    ValueError
        For another type.

    References
    ----------
    lme4 ``residuals.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.residuals("pearson").head(2).round(2).tolist()
    [-1.5, 10.09]
    """
    if type not in WEIGHTED:
        known = ", ".join(map(repr, WEIGHTED))
        raise ValueError(f"type={type!r}: residuals of a linear mixed model are {known}")
    values = fit._residuals(pearson=WEIGHTED[type])  # noqa: SLF001 - a method of the model
    return fit._on_rows(values / fit.sigma() if scaled else values)  # noqa: SLF001
