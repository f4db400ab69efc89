"""The semiparametric bootstrap: fitted values plus residuals that are drawn with replacement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.inference import seeds
from lmebridge.inference.bootstrap_runs import CHUNK_IN_R
from lmebridge.inference.refitting import refitted_to
from lmebridge.inference.twin import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import SeedSequence

    from lmebridge.model import MerMod


@dataclass(frozen=True, eq=False, repr=False)
class ResampledResiduals:
    """Refits of fitted values, random effects at their modes, plus residuals drawn from the fit's own.

    Attributes
    ----------
    fit : MerMod
        The model.
    seed : SeedSequence
        Parent of all draws' seeds.
    """

    fit: MerMod
    seed: SeedSequence
    chunk: int = CHUNK_IN_R

    def part(self, which: range) -> ResampledResiduals:  # noqa: ARG002 - a number is all that a draw needs
        """All of it."""
        return self

    def moved(self, fit: MerMod) -> ResampledResiduals:
        """The same of a copy of the model."""
        return replace(self, fit=fit)

    def refits(self, which: Sequence[int]) -> list[Callable[[], MerMod]]:
        """The models refitted to the draws with these numbers."""
        return [partial(self._refit, number) for number in which]

    def response(self, number: int) -> np.ndarray:
        """One draw, shape (n_obs,), units of the response: of ``cbind`` the proportion of successes, as in lme4."""
        engine = engine_of(self.fit)
        fitted = engine.fitted()
        residuals = np.asarray(engine.getME("y"), dtype=float) - fitted
        generator = np.random.default_rng(seeds.child(self.seed, number))
        return np.asarray(fitted + generator.choice(residuals, size=len(residuals)))

    def _refit(self, number: int) -> MerMod:
        return refitted_to(self.fit, self.response(number))
