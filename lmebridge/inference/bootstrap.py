"""The parametric bootstrap, lme4's ``bootMer``: simulate, refit, compute; the same draws for any number of workers."""

from __future__ import annotations

import warnings
from collections import Counter
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import LmebridgeError, LmebridgeWarning
from lmebridge.inference import seeds
from lmebridge.inference.bootstrap_result import Bootstrap, numbers
from lmebridge.inference.engines import local_engine, merMod_engine
from lmebridge.inference.simulation import chosen_form
from lmebridge.na import NA, NAType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.random import SeedSequence

    from lmebridge.inference.seeds import Seed
    from lmebridge.model import MerMod

#: Draws that one task of a worker makes.
CHUNK = 25


def bootMer(
    fit: MerMod,
    FUN: Callable[[MerMod], Any],
    nsim: int = 1,
    seed: Seed = None,
    use_u: bool | None = None,
    re_form: str | NAType | None = NA,
    parallel: int | None = None,
) -> Bootstrap:
    """Parametric bootstrap, lme4's ``bootMer``.

    Each draw simulates a response from the model, refits the model to it and calls `FUN` with the new fit.

    Parameters
    ----------
    fit : MerMod
        The model.
    FUN : callable
        From a fitted model to numbers: a number, a sequence, a dict or a Series, of the same length each time. For
        several processes it must pickle; joblib's own workers take a lambda too.
    nsim : int
        Number of draws, at least 1.
    seed : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        Of the draws. Each draw has a seed of its own, so the number of workers changes nothing.
    use_u, re_form
        Random effects that are kept at their modes, as in `simulate`.
    parallel : int, optional
        Number of joblib's workers, -1 for one a processor; by default as ``joblib.parallel_config`` says, which also
        chooses where they run, and one where it says nothing.

    Returns
    -------
    Bootstrap
        The statistic of the fit, ``t0``, and of every draw, ``t``; NaN where a draw failed.

    Raises
    ------
    ValueError
        If `nsim` is not positive, or `FUN` gives no numbers for the fit itself.
    UnsupportedByBackend
        For MixedLM's own estimates.

    Warns
    -----
    LmebridgeWarning
        If some draws failed, with the reasons and how often each; if a worker died, or Ctrl-C ended the run: the draws
        made so far are kept.

    Notes
    -----
    With the lme4 backend lme4 simulates and refits; a worker process starts an R of its own. Without R only what
    depends on the response is computed anew, and each search starts from the fit's theta.

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
    if nsim < 1:
        raise ValueError(f"nsim={nsim}: the bootstrap makes at least 1 draw")
    t0 = numbers(FUN(fit))
    worker = Worker(fit, FUN, seeds.sequence(seed), chosen_form(use_u, re_form))
    values = np.full((nsim, len(t0)), np.nan)
    failures: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for number, draw in _until_stopped(_drawn(worker, nsim, parallel), failures):
        said.update(draw.messages)
        problem = draw.problem or _wrong_length(draw.values, len(t0))
        if problem:
            failures[problem] += 1
        else:
            values[number] = draw.values
    _report(failures, nsim)
    table = pd.DataFrame(values, columns=t0.index)
    return Bootstrap(t0, table, dict(failures), dict(said))


@dataclass(frozen=True)
class Draw:
    """What one draw gave: the statistic, or why there is none, and what was said about the refit."""

    values: np.ndarray
    problem: str
    messages: tuple[str, ...]


class Worker:
    """Makes draws; it crosses to other processes without what it prepares.

    Parameters
    ----------
    fit : MerMod
        The model.
    FUN : callable
        The statistic.
    seed : SeedSequence
        Parent of all draws' seeds.
    form : str or None
        Random effects kept at their modes.
    """

    def __init__(self, fit: MerMod, FUN: Callable[[MerMod], Any], seed: SeedSequence, form: str | None) -> None:
        self._settings = (fit, FUN, seed, form)
        self._refitted: Callable[[SeedSequence], MerMod] | None = None
        if merMod_engine(fit) is None:
            local_engine(fit, "bootMer")

    def __reduce__(self) -> tuple[type[Worker], tuple[Any, ...]]:
        return Worker, self._settings

    def draws(self, which: Iterable[int]) -> list[tuple[int, Draw]]:
        """The draws with these numbers."""
        return [(number, self._draw(number)) for number in which]

    def _draw(self, number: int) -> Draw:
        fit, FUN, seed, form = self._settings
        if self._refitted is None:
            self._refitted = refitter(fit, form)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                again = self._refitted(seeds.child(seed, number))
                return Draw(numbers(FUN(again)).to_numpy(), "", again.messages)
            except Exception as error:  # noqa: BLE001 - FUN is the user's: whatever it raises is reported
                return Draw(np.empty(0), f"{type(error).__name__}: {error}", ())


def refitter(fit: MerMod, form: str | None) -> Callable[[SeedSequence], MerMod]:
    """A function from a seed to the model refitted to a response simulated with it."""
    from lmebridge.inference.refitting import like

    engine = merMod_engine(fit)
    if engine is not None:
        return lambda seed: like(fit, *engine.refit_simulated(seeds.r_seed(seed), form))
    from lmebridge.inference.local_bootstrap import LocalRefits

    return LocalRefits(fit, form).refit


def _drawn(worker: Worker, nsim: int, parallel: int | None) -> Iterator[tuple[int, Draw]]:
    """All draws, in order, as the workers give them."""
    import joblib

    chunks = (range(start, min(start + CHUNK, nsim)) for start in range(0, nsim, CHUNK))
    run = joblib.Parallel(n_jobs=parallel, return_as="generator")
    for chunk in run(joblib.delayed(worker.draws)(numbers_) for numbers_ in chunks):
        yield from chunk


def _until_stopped(draws: Iterator[tuple[int, Draw]], failures: Counter[str]) -> Iterator[tuple[int, Draw]]:
    """The draws; what stops them is counted and said."""
    try:
        yield from draws
    except KeyboardInterrupt:
        failures["interrupted"] += 1
    except BrokenExecutor as error:
        failures[f"a worker died ({type(error).__name__})"] += 1


def _wrong_length(values: np.ndarray, expected: int) -> str:
    return "" if len(values) == expected else f"FUN gave {len(values)} values instead of {expected}"


def _report(failures: Counter[str], nsim: int) -> None:
    if failures:
        reasons = "; ".join(f"{reason} (x{count})" if count > 1 else reason for reason, count in failures.items())
        text = f"some bootstrap runs failed ({sum(failures.values())}/{nsim}): {reasons}"
        warnings.warn(text, LmebridgeWarning, stacklevel=3)


def parameters(fit: MerMod) -> np.ndarray:
    """The parameters that `confint` is about: standard deviations and correlations, sigma, fixed effects."""
    from lmebridge.inference.deviances import Scales
    from lmebridge.inference.twin import engine_of

    solution = engine_of(fit).solution
    return np.concatenate([Scales(solution.problem).from_theta(solution.theta, solution.sigma), solution.beta])


def bootstrapped_parameters(fit: MerMod, nsim: int, seed: Seed, parallel: int | None) -> Bootstrap:
    """Draws of all parameters of a fit without R.

    Raises
    ------
    LmebridgeError
        If all draws failed.
    """
    boot = bootMer(fit, parameters, nsim, seed, parallel=parallel)
    if boot.t.isna().all(axis=None):
        raise LmebridgeError(f"all bootstrap runs failed: {'; '.join(boot.failures)}")
    return boot
