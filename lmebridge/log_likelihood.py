"""The log-likelihood, a number that carries what R attaches to it."""

from __future__ import annotations

from typing import Self


class LogLik(float):
    """A log-likelihood that knows its parameters and its observations, R's ``logLik(m)``.

    Attributes
    ----------
    df : int
        Number of estimated parameters, dimensionless.
    nobs : int
        Number of observations, dimensionless.

    Examples
    --------
    >>> log_likelihood = LogLik(-871.8140756, df=6, nobs=180)
    >>> log_likelihood
    'log Lik.' -871.8141 (df=6)
    >>> round(log_likelihood * -2, 3)
    1743.628
    """

    df: int
    nobs: int

    def __new__(cls, value: float, *, df: int, nobs: int) -> Self:
        """Make the float that `value` is, with its two companions."""
        self = super().__new__(cls, value)
        self.df = df
        self.nobs = nobs
        return self

    def __repr__(self) -> str:
        # R's print.logLik shows getOption("digits") = 7 significant digits, without trailing zeros.
        return f"'log Lik.' {float(self):.7g} (df={self.df})"

    def __getnewargs_ex__(self) -> tuple[tuple[float], dict[str, int]]:
        return (float(self),), {"df": self.df, "nobs": self.nobs}
