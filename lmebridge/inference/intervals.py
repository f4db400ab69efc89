"""Confidence intervals of the parameters, named as lme4 names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.records import Fit


def wald(fit: Fit, level: float) -> pd.DataFrame:
    """Normal intervals of the fixed effects; the variance parameters' rows are NaN, as in lme4.

    Parameters
    ----------
    fit : Fit
        Any fit with standard errors.
    level : float
        Confidence level, dimensionless, between 0 and 1.

    Returns
    -------
    pandas.DataFrame, shape (n_theta + 1 + p, 2)
        Rows `parameter_names` and then the coefficients; columns `percent_names`.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1.

    References
    ----------
    lme4 ``confint.merMod(method = "Wald")``.
    """
    from scipy.special import ndtri

    columns = percent_names(level)
    halves = fit.fixed["Std. Error"].to_numpy() * ndtri((1 + level) / 2)
    estimates = fit.fixed["Estimate"].to_numpy()
    fixed = pd.DataFrame({columns[0]: estimates - halves, columns[1]: estimates + halves}, index=fit.fixed.index)
    return pd.concat([pd.DataFrame(np.nan, index=parameter_names(fit), columns=columns), fixed])


def parameter_names(fit: Fit) -> list[str]:
    """lme4's names with ``oldNames = FALSE``: ``sd_(Intercept)|g``, ``cor_x.(Intercept)|g``, ..., ``sigma`` if any."""
    names = []
    for group, effects in fit.blocks:
        for column, effect in enumerate(effects):
            names.append(f"sd_{effect}|{group}")
            names += [f"cor_{later}.{effect}|{group}" for later in effects[column + 1 :]]
    return [*names, "sigma"] if fit.has_scale else names


def old_names(fit: Fit) -> list[str]:
    """lme4's names with ``oldNames = TRUE``: ``.sig01``, ``.sig02``, ..., ``.sigma``."""
    names = [f".sig{i:02d}" for i in range(1, len(fit.theta) + 1)]
    return [*names, ".sigma"] if fit.has_scale else names


def chosen_parameters(fit: Fit, parm: str | int | Sequence[str | int] | None) -> list[str]:
    """Names of the parameters that lme4's ``parm`` or ``which`` asks for, in lme4's order.

    Parameters
    ----------
    fit : Fit
        The fit.
    parm : str, int, sequence of them, or None
        Names, old or new, or positions from 1; ``"theta_"`` for the variance parameters, ``"beta_"`` for the fixed
        effects; None for all.

    Raises
    ------
    ValueError
        For a name or position that the model does not have, with the names it has.
    """
    scales, fixed = parameter_names(fit), list(fit.fixed.index)
    every = [*scales, *fixed]
    known: dict[Any, list[str]] = {"theta_": scales, "beta_": fixed}
    known |= {name: [name] for name in every} | {i: [name] for i, name in enumerate(every, start=1)}
    known |= {old: [name] for old, name in zip(old_names(fit), scales, strict=True)}
    asked = every if parm is None else [parm] if isinstance(parm, (str, int)) else list(parm)
    unknown = [str(name) for name in asked if name not in known]
    if unknown:
        raise ValueError(f"the model has no parameter {', '.join(unknown)}: it has {', '.join(every)}")
    chosen = {name for item in asked for name in known[item]}
    return [name for name in every if name in chosen]


def percent_names(level: float) -> list[str]:
    """Column names of an interval as R prints them, three significant digits.

    Examples
    --------
    >>> percent_names(0.95)
    ['2.5 %', '97.5 %']
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level!r}: a confidence level is a number between 0 and 1, such as 0.95")
    tail = (1 - level) / 2
    return [f"{100 * probability:.3g} %" for probability in (tail, 1 - tail)]
