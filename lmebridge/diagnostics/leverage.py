"""Leverages, Cook's distances and studentized residuals, as lme4 defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmebridge.inference import twin
from lmebridge.inference.engines import ask_r, merMod_engine

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.model import MerMod


def hatvalues(fit: MerMod) -> pd.Series:
    """Leverages: the diagonal of the matrix that takes the response to the fitted values, given theta.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    pandas.Series
        One value a row used, dimensionless, on the data's index.

    References
    ----------
    lme4 ``hatvalues.merMod``; Demidenko and Stukel (2005), Stat. Med. 24, 893-909.
    """
    return fit._on_rows(_leverages(fit))  # noqa: SLF001 - a method of the model


def cooks_distance(fit: MerMod) -> pd.Series:
    """Cook's distances from the leverages and the Pearson residuals.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    pandas.Series
        One value a row used, dimensionless; NaN where the leverage is 1.

    References
    ----------
    lme4 ``cooks.distance.merMod``.
    """
    hat, pearson = hatvalues(fit), fit.residuals(type="pearson")
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = (pearson / (1 - hat)) ** 2 * hat / (fit.sigma() ** 2 * len(fit.fixef()))
    return distances.where(np.isfinite(distances))


def rstudent(fit: MerMod) -> pd.Series:
    """Residuals divided by sigma and by the root of what their leverage leaves of the variance.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    pandas.Series
        One value a row used, dimensionless; NaN where the leverage is 1.

    References
    ----------
    lme4 ``rstudent.merMod``.
    """
    hat, deviance = hatvalues(fit), fit.residuals(type="deviance")
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = deviance**2 + hat * fit.residuals(type="pearson") ** 2 / (1 - hat)
        scaled: pd.Series = np.sign(deviance) * np.sqrt(squares) / fit.sigma()
    return scaled.where(np.isfinite(scaled))


def _leverages(fit: MerMod) -> np.ndarray:
    in_r = merMod_engine(fit)
    if in_r is not None:
        return np.asarray(ask_r(in_r, "leverages").value, dtype=float)
    from lmebridge.inference.joint_covariance import joint_covariance

    engine = twin.local_engine(fit)
    weights = np.asarray(engine.getME("weights"), dtype=float)
    return np.asarray(weights * joint_covariance(engine).variances(engine.design.X, engine.getME("Z")))
