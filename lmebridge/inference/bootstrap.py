"""The parametric bootstrap, lme4's ``bootMer``: simulate, refit, compute; the same draws for any number of workers."""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import LmebridgeError, LmebridgeWarning
from lmebridge.inference import seeds
from lmebridge.inference.bootstrap_result import Bootstrap, numbers
from lmebridge.inference.bootstrap_runs import GivenResponses, SimulatedHere, SimulatedInR, Worker, draws
from lmebridge.inference.engines import local_engine, merMod_engine
from lmebridge.inference.intervals import chosen_parameters
from lmebridge.inference.progress import shown
from lmebridge.inference.resampling import ResampledResiduals
from lmebridge.inference.simulation import chosen_form
from lmebridge.na import NA, NAType

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.inference.bootstrap_runs import Draw, Source
    from lmebridge.inference.seeds import Seed
    from lmebridge.model import MerMod

#: What is said of a draw whose statistic is not a number: intervals leave it out.
GAVE_NAN = "FUN gave NaN"


def bootMer(
    fit: MerMod,
    FUN: Callable[[MerMod], Any],
    nsim: int = 1,
    seed: Seed = None,
    use_u: bool | None = None,
    re_form: str | NAType | None = NA,
    type: str = "parametric",
    parallel: int | None = None,
    progress: bool | None = None,
) -> Bootstrap:
    """Parametric or semiparametric bootstrap, lme4's ``bootMer``.

    Each draw makes a response from the model, refits the model to it and calls `FUN` with the new fit.

    Parameters
    ----------
    fit : MerMod
        The model.
    FUN : callable
        From a fitted model to numbers: a number, a sequence, a dict or a Series, of the same length each time. With
        `parallel` it is called in threads for a fit of lme4; for others it goes to processes, as a lambda may too.
    nsim : int
        Number of draws, at least 1.
    seed : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        Of the draws. Each draw has a seed of its own, so the number of workers changes nothing.
    use_u, re_form
        Random effects that are kept at their modes, as in `simulate`.
    type : {"parametric", "semiparametric"}
        Simulate responses; or, with ``use_u=True`` alone, add residuals drawn from the fit's own, with replacement, to
        the fitted values.
    parallel : int, optional
        Number of workers, -1 for one a processor; by default as ``joblib.parallel_config`` says, and one where it
        says nothing. They are processes of R for a fit of lme4, else joblib's; ``parallel_config(backend=...)`` has
        its way in both cases.
    progress : bool, optional
        Whether to show a progress bar on standard error; by default after a second of work, in a terminal or notebook.

    Returns
    -------
    Bootstrap
        The statistic of the fit, ``t0``, and of every draw, ``t``; NaN where a draw failed. After Ctrl-C it has the
        draws made so far, and `Bootstrap.interrupted` is True.

    Raises
    ------
    ValueError
        If `nsim` is not a positive whole number, `seed` is none, or `FUN` gives no numbers for the fit itself.
    UnsupportedByBackend
        For MixedLM's own estimates.

    Warns
    -----
    LmebridgeWarning
        If some draws failed, with the reasons and how often each, a worker's death among them; if Ctrl-C ended the run.

    Notes
    -----
    With the lme4 backend lme4 simulates and refits, and each of several processes of R is sent the model once. Without
    R each search starts from the fit's theta; with one grouping factor, many draws are searched for at once.

    References
    ----------
    lme4 ``bootMer``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> boot = fit.bootMer(lme.sigma, nsim=20, seed=1)
    >>> boot.t.shape
    (20, 1)
    """
    count = seeds.whole_number(nsim)
    if not callable(FUN):
        raise ValueError(f"FUN={FUN!r}: give a function of a fitted model, such as lmebridge.fixef")  # noqa: TRY004
    source = chosen_source(fit, seed, use_u, re_form, type)
    t0 = numbers(FUN(fit))
    return bootstrapped(Worker(source, FUN), t0, count, parallel, progress)


def chosen_source(fit: MerMod, seed: Seed, use_u: bool | None, re_form: str | NAType | None, type: str) -> Source:
    """Where the refitted models come from, for the arguments of `bootMer`.

    Raises
    ------
    ValueError
        For another type, and for arguments that do not go with it, in lme4's words.
    """
    if type == "parametric":
        return source_of(fit, seed, chosen_form(use_u, re_form))
    if type != "semiparametric":
        raise ValueError(f"type={type!r}: the bootstrap is 'parametric' or 'semiparametric'")
    if re_form is not NA:
        raise ValueError("'re_form' cannot be used with semiparametric bootstrapping: give use_u=True")
    if not use_u:
        raise ValueError("semiparametric bootstrapping with use_u=False is not implemented in lme4: give use_u=True")
    if merMod_engine(fit) is None:
        local_engine(fit, "bootMer")
    if fit.record.model.family != "gaussian":
        warnings.warn("semiparametric bootstrapping is questionable for GLMMs", LmebridgeWarning, stacklevel=4)
    return ResampledResiduals(fit, seeds.sequence(seed))


def source_of(fit: MerMod, seed: Seed, form: str | None) -> Source:
    """Where a fit's refitted models come from: lme4, or the penalized least-squares core."""
    if merMod_engine(fit) is not None:
        return SimulatedInR(fit, seeds.sequence(seed), form)
    local_engine(fit, "bootMer")
    return SimulatedHere(fit, seeds.sequence(seed), form)


def bootstrapped(worker: Worker, t0: pd.Series, nsim: int, parallel: int | None, progress: bool | None) -> Bootstrap:
    """Make all draws, or those that there is time for.

    Parameters
    ----------
    worker : Worker
        Makes them.
    t0 : pandas.Series, shape (k,)
        The statistic of the fit itself.
    nsim : int
        Number of draws.
    parallel, progress
        As in `bootMer`.
    """
    made = Collected(t0)
    interrupted = False
    try:
        with shown("bootstrap", nsim, progress) as advance, closing(draws(worker, nsim, parallel)) as found:
            for number, draw in found:
                made.add(number, draw)
                advance(1)
    except KeyboardInterrupt:
        interrupted = True
    boot = made.result(interrupted=interrupted)
    _report(boot, nsim)
    return boot


class Collected:
    """The draws so far; what they take grows with their number.

    Parameters
    ----------
    t0 : pandas.Series, shape (k,)
        The statistic of the fit itself.
    """

    def __init__(self, t0: pd.Series) -> None:
        self._t0 = t0
        self._values = np.full((64, len(t0)), np.nan)
        self._made = np.zeros(64, dtype=bool)
        self._problems: dict[int, str] = {}
        self._said: Counter[str] = Counter()

    def add(self, number: int, draw: Draw) -> None:
        """Take one draw."""
        while number >= len(self._made):
            self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)])
            self._made = np.concatenate([self._made, np.zeros_like(self._made)])
        problem = draw.problem or _wrong_length(draw.values, len(self._t0))
        if problem:
            self._problems[number] = problem
        else:
            self._values[number] = draw.values
        self._said.update(draw.messages)
        if not problem and np.isnan(draw.values).any():
            self._said[GAVE_NAN] += 1
        self._made[number] = True

    def result(self, *, interrupted: bool) -> Bootstrap:
        """The table of the draws made."""
        which = np.flatnonzero(self._made)
        complete = len(which) == (which[-1] + 1 if len(which) else 0)
        index = pd.RangeIndex(len(which)) if complete else pd.Index(which)
        table = pd.DataFrame(self._values[which], index=index, columns=self._t0.index)
        failures = Counter(self._problems[number] for number in sorted(self._problems))
        return Bootstrap(self._t0, table, dict(failures), dict(self._said), interrupted)


def _wrong_length(values: np.ndarray, expected: int) -> str:
    return "" if len(values) == expected else f"FUN gave {len(values)} values instead of {expected}"


def _report(boot: Bootstrap, nsim: int) -> None:
    """Warn of draws that failed, and of those that are not there."""
    count = sum(boot.failures.values())
    if count:
        reasons = "; ".join(f"{reason} (x{n})" if n > 1 else reason for reason, n in boot.failures.items())
        text = f"some bootstrap runs failed ({count}/{len(boot.t)}): {reasons}"
        warnings.warn(text, LmebridgeWarning, stacklevel=4)
    if boot.interrupted:
        text = f"interrupted after {len(boot.t)} of {nsim} bootstrap runs: the result holds those"
        warnings.warn(text, LmebridgeWarning, stacklevel=4)


@dataclass(frozen=True)
class Parameters:
    """The statistic that `confint` is about: standard deviations and correlations, sigma, fixed effects.

    Attributes
    ----------
    widths : tuple of int
        Effects of each block, in the model's order.
    has_sigma : bool
        Whether the family has a residual standard deviation.
    """

    widths: tuple[int, ...]
    has_sigma: bool

    @classmethod
    def of(cls, fit: MerMod) -> Parameters:
        """The parameters of this model."""
        has_sigma = "sigma" in chosen_parameters(fit.record, None)
        return cls(tuple(len(effects) for _, effects in fit.record.blocks), has_sigma)

    def __call__(self, fit: MerMod) -> np.ndarray:
        """The parameters in lme4's order, shape (n_theta + 1 + p,)."""
        record, values, start = fit.record, [], 0
        for width in self.widths:
            columns, rows = np.triu_indices(width)
            factor = np.zeros((width, width))
            factor[rows, columns] = record.theta[start : start + len(rows)]
            start += len(rows)
            lengths = np.linalg.norm(factor, axis=1)
            unit = factor / np.where(lengths > 0, lengths, 1.0)[:, None]
            cosines = np.clip(unit @ unit.T, -1.0, 1.0)
            values.append(np.where(rows == columns, record.sigma * lengths[rows], cosines[rows, columns]))
        return np.concatenate([*values, [record.sigma] * self.has_sigma, fit.fixef().to_numpy()])


def parameters(fit: MerMod) -> np.ndarray:
    """The parameters of a fit, as `Parameters` has them."""
    return Parameters.of(fit)(fit)


def bootstrapped_parameters(
    fit: MerMod, nsim: int, seed: Seed, parallel: int | None, progress: bool | None = None
) -> Bootstrap:
    """Draws of all parameters of a fit; with lme4 those of R's ``bootMer`` with this seed.

    Raises
    ------
    LmebridgeError
        If all draws failed.
    KeyboardInterrupt
        If Ctrl-C came before the first draw: there is nothing to give back.
    """
    count = seeds.whole_number(nsim)
    statistic = Parameters.of(fit)
    source = source_of(fit, seed, "~0")
    if isinstance(source, SimulatedInR):
        source = GivenResponses(fit, fit.simulate(count, seed))
    boot = bootstrapped(Worker(source, statistic), numbers(statistic(fit)), count, parallel, progress)
    if boot.interrupted and boot.t.empty:
        raise KeyboardInterrupt
    if boot.t.isna().all(axis=None):
        raise LmebridgeError(f"all bootstrap runs failed: {'; '.join(boot.failures)}")
    return boot
