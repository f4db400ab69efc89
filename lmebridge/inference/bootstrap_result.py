"""What a bootstrap gave, and intervals from it as R's ``boot.ci`` computes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from lmebridge.inference.intervals import percent_names


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap:
    """Bootstrap draws of a statistic.

    Attributes
    ----------
    t0 : pandas.Series, shape (k,)
        The statistic of the fit itself.
    t : pandas.DataFrame, shape (nsim, k)
        The statistic of every draw made; NaN where a draw failed.
    failures : dict of str to int
        Why draws failed, and how often.
    messages : dict of str to int
        What was said about the refits, such as that one is singular, and how often.
    interrupted : bool
        Whether Ctrl-C ended the run: `t` then has the draws made until then, under their numbers.
    """

    t0: pd.Series
    t: pd.DataFrame
    failures: Mapping[str, int]
    messages: Mapping[str, int]
    interrupted: bool = False

    def summary(self) -> pd.DataFrame:
        """The statistic with its bootstrap bias and standard error, as R's ``print.boot`` has them, shape (k, 3)."""
        return pd.DataFrame({"original": self.t0, "bias": self.t.mean() - self.t0, "std. error": self.t.std(ddof=1)})

    def confint(self, level: float = 0.95, type: Literal["perc", "basic", "norm"] = "perc") -> pd.DataFrame:
        """Intervals, lme4's ``confint.bootMer``.

        Parameters
        ----------
        level : float
            Confidence level, dimensionless, between 0 and 1.
        type : {"perc", "basic", "norm"}
            Percentiles of the draws; those reflected at `t0`; or normal with the draws' bias and variance.

        Returns
        -------
        pandas.DataFrame, shape (k, 2)
            Columns such as ``2.5 %`` and ``97.5 %``.

        Raises
        ------
        ValueError
            For another type, or a level that is none.

        References
        ----------
        R's ``boot::boot.ci``; Davison & Hinkley (1997), Bootstrap Methods and their Application, chapter 5.
        """
        columns, makers = percent_names(level), {"perc": _percentile, "basic": _basic, "norm": _normal}
        if type not in makers:
            raise ValueError(f"type={type!r}: bootstrap intervals are {', '.join(map(repr, makers))}")
        draws = self.t.to_numpy(dtype=float)
        ends = [makers[type](float(t0), own[np.isfinite(own)], level) for t0, own in zip(self.t0, draws.T, strict=True)]
        return pd.DataFrame(np.array(ends).reshape(-1, 2), index=self.t0.index, columns=columns)

    def __repr__(self) -> str:
        lines = [f"parametric bootstrap of {len(self.t)} draws", str(self.summary())]
        lines += [f"{count} x {text}" for text, count in {**self.failures, **self.messages}.items()]
        return "\n".join(lines)


def numbers(value: Any) -> pd.Series:
    """A statistic as a Series: under the names it has, else ``t1``, ``t2``, ...

    Raises
    ------
    ValueError
        If it is not made of numbers.

    Examples
    --------
    >>> numbers([1, 2.5]).to_dict()
    {'t1': 1.0, 't2': 2.5}
    >>> numbers({"a": 3}).to_dict()
    {'a': 3.0}
    """
    if isinstance(value, Mapping):
        value = pd.Series(value)
    try:
        array = np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError) as error:
        raise ValueError(f"FUN gave a {type(value).__name__}: bootMer takes functions that return numbers") from error
    if array.ndim != 1:
        raise ValueError(f"FUN gave an array of shape {array.shape}: return one row of numbers")
    names = value.index if isinstance(value, pd.Series) else [f"t{i}" for i in range(1, len(array) + 1)]
    return pd.Series(array, index=names)


def _percentile(_: float, draws: np.ndarray, level: float) -> np.ndarray:
    return quantiles(draws, np.array([(1 - level) / 2, (1 + level) / 2]))


def _basic(t0: float, draws: np.ndarray, level: float) -> np.ndarray:
    return np.asarray(2 * t0 - quantiles(draws, np.array([(1 + level) / 2, (1 - level) / 2])))


def _normal(t0: float, draws: np.ndarray, level: float) -> np.ndarray:
    from scipy.special import ndtri

    if len(draws) < 2:
        return np.full(2, np.nan)
    half = np.sqrt(draws.var(ddof=1)) * ndtri((1 + level) / 2)
    return np.array([2 * t0 - draws.mean() - half, 2 * t0 - draws.mean() + half])


def quantiles(draws: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Quantiles interpolated between order statistics on the normal scale, R's ``boot:::norm.inter``.

    Parameters
    ----------
    draws : numpy.ndarray, shape (n,)
        Finite draws.
    probabilities : numpy.ndarray, shape (m,)
        Between 0 and 1; beyond the draws' range the extreme draws are given.

    Returns
    -------
    numpy.ndarray, shape (m,)
        NaN where there are no draws.
    """
    from scipy.special import ndtri

    n = len(draws)
    if n == 0:
        return np.full(len(probabilities), np.nan)
    ordered, places = np.sort(draws), (n + 1) * probabilities
    below = np.clip(np.floor(places), 1, n - 1 if n > 1 else 1).astype(int)
    left, right = ndtri(below / (n + 1)), ndtri((below + 1) / (n + 1))
    share = np.clip((ndtri(probabilities) - left) / (right - left), 0.0, 1.0)
    low, high = ordered[below - 1], ordered[np.minimum(below, n - 1)]
    return np.asarray(low + share * (high - low))
