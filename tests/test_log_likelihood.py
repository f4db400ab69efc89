"""The log-likelihood, a number that carries what R attaches to it."""

from __future__ import annotations

import pickle

import pytest

from lmebridge.log_likelihood import LogLik


@pytest.mark.parametrize(
    ("value", "df", "printed"),
    [
        # printed by R 4.2.2: print(structure(value, class = "logLik", df = df))
        (-871.81407562, 6, "'log Lik.' -871.8141 (df=6)"),
        (2047.0, 6, "'log Lik.' 2047 (df=6)"),
        (-10091.12808, 3, "'log Lik.' -10091.13 (df=3)"),
        (0.5, 2, "'log Lik.' 0.5 (df=2)"),
    ],
)
def test_repr_is_what_r_prints(value: float, df: int, printed: str):
    """A log-likelihood prints as R prints it."""
    assert repr(LogLik(value, df=df, nobs=1)) == printed


def test_pickle_keeps_df_and_nobs():
    """A log-likelihood crosses to another process with its companions."""
    back = pickle.loads(pickle.dumps(LogLik(-1.5, df=3, nobs=10)))
    assert (float(back), back.df, back.nobs) == (-1.5, 3, 10)


def test_arithmetic_gives_plain_floats():
    """A log-likelihood is a number like another."""
    assert type(LogLik(-1.5, df=3, nobs=10) * -2) is float
