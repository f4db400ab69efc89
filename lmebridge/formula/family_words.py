"""A family and its link in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmebridge.families import Family

#: By R's name of the family, how the response scatters given the random effects.
SCATTER = {
    "binomial": "each trial succeeds with the row's probability, independently of the others",
    "poisson": "a count with a variance equal to its mean",
    "negative.binomial": "a count with the variance m + m^2 / theta, m its mean",
    "Gamma": "positive, with a standard deviation proportional to its mean",
    "inverse.gaussian": "positive, with a variance proportional to the cube of its mean",
    "gaussian": "normal, with the same variance in every row",
}
#: By link, what a coefficient b does to the mean.
READING = {
    "logit": "a coefficient b multiplies the odds by exp(b)",
    "cloglog": "a coefficient b multiplies -log(1 - probability) by exp(b)",
    "log": "a coefficient b multiplies the mean by exp(b)",
    "identity": "a coefficient b adds b to the mean",
    "inverse": "a coefficient b adds b to 1 / mean",
    "sqrt": "a coefficient b adds b to the root of the mean",
    "1/mu^2": "a coefficient b adds b to 1 / mean^2",
    "probit": "a coefficient b shifts the normal quantile of the probability by b",
    "cauchit": "a coefficient b shifts the Cauchy quantile of the probability by b",
}


def describe_family(family: Family) -> list[str]:
    r"""How the response scatters, and how the effects read.

    Examples
    --------
    >>> from lmebridge.families import Family
    >>> print(describe_family(Family("poisson", "log"))[0])
    poisson: given the random effects, the response is a count with a variance equal to its mean.
    """
    trial = family.name == "binomial"
    scatter = SCATTER.get(family.name, "distributed as the family says")
    return [
        f"{family.family}: given the random effects, {scatter if trial else f'the response is {scatter}'}.",
        f"{family.link}: the scale on which effects add up and the expected response is meant"
        + (f"; {READING[family.link]}." if family.link in READING else "."),
    ]
