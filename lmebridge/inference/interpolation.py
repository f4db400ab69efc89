"""The value of a parameter at a given zeta: R's splines through a profile."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.errors import LmebridgeWarning

if TYPE_CHECKING:
    import pandas as pd

#: Zetas no farther apart are level: a search leaves 1e-10 of a deviance, which is less of any zeta above 1e-4.
LEVEL = 1e-6


def value_at(parameter: np.ndarray, zeta: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Parameter values where a profile has the wanted zetas.

    Parameters
    ----------
    parameter : numpy.ndarray, shape (k,)
        Values of the parameter, increasing, in its units.
    zeta : numpy.ndarray, shape (k,)
        Signed square roots of the deviance's increase, increasing, dimensionless.
    wanted : numpy.ndarray, shape (m,)
        Zetas.

    Returns
    -------
    numpy.ndarray, shape (m,)
        NaN beyond the profile.

    Raises
    ------
    ValueError
        If the profile is not monotone, or has fewer than two points.

    References
    ----------
    R's ``splines::interpSpline`` and ``splines::backSpline``: a natural cubic spline through the profile gives slopes,
    whose reciprocals make the cubic Hermite pieces of the inverse; the outermost pieces are quadratic.
    """
    from scipy.interpolate import CubicSpline

    if len(parameter) < 2 or np.any(np.diff(parameter) <= 0) or np.any(np.diff(zeta) <= 0):
        raise ValueError("the profile is not monotone")
    slopes = 1.0 / CubicSpline(parameter, zeta, bc_type="natural")(parameter, 1)
    pieces = _pieces(np.diff(parameter), np.diff(zeta), slopes)
    place = np.clip(np.searchsorted(zeta, wanted, side="left") - 1, 0, len(zeta) - 2)
    t = wanted - zeta[place]
    values = parameter[place] + t * (pieces[0][place] + t * (pieces[1][place] + t * pieces[2][place]))
    return np.asarray(np.where((wanted >= zeta[0]) & (wanted <= zeta[-1]), values, np.nan))


def _pieces(rise: np.ndarray, run: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients of the powers 1, 2 and 3 of every piece of the inverse."""
    linear = slopes[:-1].copy()
    quadratic = (3 * rise / run - 2 * slopes[:-1] - slopes[1:]) / run
    cubic = (slopes[:-1] + slopes[1:] - 2 * rise / run) / run**2
    if len(rise) > 1:
        cubic[[0, -1]] = 0.0
        quadratic[0] = (slopes[1] - rise[0] / run[0]) / run[0]
        linear[0] = 2 * rise[0] / run[0] - slopes[1]
        quadratic[-1] = (rise[-1] / run[-1] - linear[-1]) / run[-1]
    for end, bent in ((0, quadratic[0] > 0), (-1, quadratic[-1] < 0)):
        if bent:
            quadratic[end], linear[end] = 0.0, rise[end] / run[end]
    return linear, quadratic, cubic


def limits(table: pd.DataFrame, name: str, zetas: np.ndarray) -> np.ndarray:
    """Values of a parameter at the given zetas, its bounds where the profile does not reach them.

    Parameters
    ----------
    table : pandas.DataFrame
        What `profile` gave.
    name : str
        The parameter.
    zetas : numpy.ndarray, shape (2,)
        Lower and upper.

    Returns
    -------
    numpy.ndarray, shape (2,)
        Units of the parameter; NaN with a warning where the profile turns back before it has them, and NaN where there
        is no profile.
    """
    own = table[table[".par"] == name].dropna(subset=[".zeta"])
    if own.empty:
        return np.full(2, np.nan)
    zeta = own[".zeta"].to_numpy()
    rising = rising_part(zeta)
    ends = [np.nan if np.isinf(end) else end for end in table.attrs["bounds"][name]]
    if np.ptp(zeta[: rising.start + 1]) > LEVEL:  # a level part never reaches any other zeta
        ends[0] = np.nan
    if np.ptp(zeta[rising.stop - 1 :]) > LEVEL:
        ends[1] = np.nan
    try:
        values = value_at(own[name].to_numpy()[rising], zeta[rising], zetas)
    except ValueError as error:
        warnings.warn(f"no interval for {name}: {error}", LmebridgeWarning, stacklevel=3)
        return np.full(2, np.nan)
    found = np.where(np.isnan(values), ends, values)
    if len(zeta[rising]) < len(zeta) and np.isnan(found).any():
        warnings.warn(f"no interval for {name}: its profile is not monotone", LmebridgeWarning, stacklevel=3)
    return found


def between(parameter: np.ndarray, zeta: np.ndarray, wanted: float, *, halve: bool) -> tuple[float, int] | None:
    """Where next to look for the wanted zeta: a value between two points of a profile.

    Parameters
    ----------
    parameter, zeta : numpy.ndarray, shape (k,)
        The profile, in order of the parameter.
    wanted : float
        The zeta.
    halve : bool
        Whether to take the middle of the two points instead of what the spline says.

    Returns
    -------
    tuple of float and int, or None
        The value, and the row of the point nearer to it; None where the profile has no such zeta between two points.

    Examples
    --------
    >>> between(np.array([0.0, 1.0, 2.0]), np.array([-1.0, 0.0, 3.0]), 2.0, halve=True)
    (1.5, 1)
    """
    rising = rising_part(zeta)
    values, zetas = parameter[rising], zeta[rising]
    row = int(np.searchsorted(zetas, wanted))
    if row in {0, len(zetas)} or zetas[row] == wanted:
        return None
    low, high = values[row - 1 : row + 1]
    value = float(low + high) / 2 if halve else float(value_at(values, zetas, np.array([wanted]))[0])
    if not low < value < high:
        value = float(low + (high - low) * (wanted - zetas[row - 1]) / (zetas[row] - zetas[row - 1]))
    nearer = row - 1 if value - low <= high - value else row
    return (value, rising.start + nearer) if low < value < high else None


def rising_part(zeta: np.ndarray) -> slice:
    """Where zeta rises without a break around the estimate.

    Beyond, another minimum over the other parameters is the smaller one: a correlation's, where a standard deviation of
    zero leaves none. The interval around the estimate does not go there.

    Parameters
    ----------
    zeta : numpy.ndarray, shape (k,)
        In order of the parameter.

    Examples
    --------
    >>> rising_part(np.array([-1.0, -2.0, 0.0, 1.0, 1.0]))
    slice(1, 4, None)
    """
    middle = int(np.argmin(np.abs(zeta)))
    breaks = np.flatnonzero(np.diff(zeta) <= 0)  # between a point and the next
    before, after = breaks[breaks < middle], breaks[breaks >= middle]
    return slice(int(before[-1]) + 1 if len(before) else 0, int(after[0]) + 1 if len(after) else len(zeta))
