"""Where a published optimizer stopped: the criterion at the variances that an output prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import LmebridgeError
from lmebridge.parity.keys import Key
from lmebridge.parity.names import matching
from lmebridge.tables import block_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.records import Fit

RESIDUAL = Key("vcov", "Residual")


def criterion_at(printed: Mapping[Key, float], fit: Any) -> float | None:
    """The criterion at printed variances, on the data of a live fit.

    Parameters
    ----------
    printed : mapping of Key to float
        Printed numbers by matching key, groups under the fit's names; variances in squared units of the response.
    fit : MerMod
        A live fit of the same model.

    Returns
    -------
    float or None
        The REML criterion or minus twice the log-likelihood, whichever the model minimizes, dimensionless; None where a
        variance is not printed, the fit's data are not at hand, or the model is a generalized one.

    References
    ----------
    Bates et al. (2015), J. Stat. Softw. 67(1), equations 35 and 42.
    """
    from lmebridge.backends._mixedlm import theta_of
    from lmebridge.design.build import build
    from lmebridge.pls.solution import problem

    record: Fit = fit.record
    relative = _relative_covariances(printed, record)
    if relative is None or not hasattr(fit, "data") or record.model.is_generalized:
        return None
    try:
        task = problem(build(record.model, fit.data), REML=record.model.REML)
    except LmebridgeError:
        # Arrays given as weights or offset are no columns of the data.
        return None
    return float(task.objective(theta_of(relative)))


def _relative_covariances(printed: Mapping[Key, float], record: Fit) -> list[np.ndarray] | None:
    """Covariance matrices of the blocks over the residual variance; None where a number is missing."""
    residual = _variance(printed, "Residual", "")
    found = [_block(printed, name, effects) for name, effects in block_names(record.blocks).items()]
    if not residual or any(not np.isfinite(block).all() for block in found):
        return None
    return [block / residual for block in found]


def _block(printed: Mapping[Key, float], name: str, effects: tuple[str, ...]) -> np.ndarray:
    """The printed covariance matrix of a block, NaN where a number is missing."""
    covariance = np.full((len(effects), len(effects)), math.nan)
    for i, later in enumerate(effects):
        for j, earlier in enumerate(effects[: i + 1]):
            value = _variance(printed, name, later) if i == j else _covariance(printed, name, earlier, later)
            covariance[i, j] = covariance[j, i] = value
    return covariance


def _variance(printed: Mapping[Key, float], group: str, effect: str) -> float:
    """A variance, from the standard deviation where only that is printed."""
    variance = printed.get(matching(Key("vcov", group, term=effect)))
    return printed.get(matching(Key("sdcor", group, term=effect)), math.nan) ** 2 if variance is None else variance


def _covariance(printed: Mapping[Key, float], group: str, earlier: str, later: str) -> float:
    """A covariance, from the correlation where only that is printed."""
    covariance = printed.get(matching(Key("vcov", group, term=earlier, term2=later)))
    if covariance is not None:
        return covariance
    correlation = printed.get(matching(Key("sdcor", group, term=earlier, term2=later)), math.nan)
    return correlation * math.sqrt(_variance(printed, group, earlier) * _variance(printed, group, later))
