"""Seeds: one number gives the same draws whatever the number of workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator, SeedSequence

    #: What a user may give as a seed.
    Seed = int | SeedSequence | Generator | None

#: Seeds that R's ``set.seed`` takes are below this.
R_SEEDS = 2**31 - 1


def sequence(seed: Seed) -> SeedSequence:
    """The seed sequence that all draws spawn from; of a Generator, one number is drawn.

    Raises
    ------
    ValueError
        If it is nothing that a sequence can be made of.
    """
    from numpy.random import Generator, SeedSequence

    if isinstance(seed, Generator):
        return SeedSequence(int(seed.integers(R_SEEDS)))
    try:
        return seed if isinstance(seed, SeedSequence) else SeedSequence(seed)
    except (TypeError, ValueError) as error:
        expected = "a whole number, 0 or more, or numpy's SeedSequence or Generator"
        raise ValueError(f"seed={seed!r}: give {expected}") from error


def whole_number(nsim: object) -> int:
    """The number of simulations.

    Raises
    ------
    ValueError
        If it is not whole, or not positive.

    Examples
    --------
    >>> whole_number(1e3)
    1000
    """
    if isinstance(nsim, (int, float, np.integer, np.floating)) and nsim >= 1 and nsim == nsim // 1:
        return int(nsim)
    raise ValueError(f"nsim={nsim!r}: give a whole number of simulations, at least 1")


def child(parent: SeedSequence, number: int) -> SeedSequence:
    """The `number`-th child that ``parent.spawn`` would give, without spawning those before it."""
    from numpy.random import SeedSequence

    return SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, number))


def r_seed(seed: Seed) -> int:
    """A number for R's ``set.seed``: an integer as it is, else one drawn from what was given.

    Raises
    ------
    ValueError
        If an integer is beyond R's.

    Examples
    --------
    >>> r_seed(101)
    101
    """
    if isinstance(seed, (int, np.integer)):
        if abs(seed) > R_SEEDS:
            raise ValueError(f"seed={seed}: R takes integers up to {R_SEEDS}")
        return int(seed)
    return int(sequence(seed).generate_state(1)[0]) % R_SEEDS
