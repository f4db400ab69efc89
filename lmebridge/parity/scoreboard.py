"""Every engine on every case: how many it fits, how many come out as lme4's optimum, and how long it takes."""

from __future__ import annotations

import math
import multiprocessing
import time
import warnings
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from lmebridge.errors import BackendUnavailable, UnsupportedByBackend
from lmebridge.parity.cases import read_cases
from lmebridge.parity.names import matching
from lmebridge.parity.quantities import numbers_of
from lmebridge.parity.subjects import SUBJECTS, load
from lmebridge.parity.tolerances import allowed_for, scales_of, tolerance_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from multiprocessing.pool import Pool
    from pathlib import Path

    import pandas as pd

    from lmebridge.parity.cases import Case
    from lmebridge.parity.keys import Key
    from lmebridge.parity.subjects.contract import Subject

AGREES, DIFFERS, REFUSED, FAILED, SILENT = "agrees", "differs", "refused", "failed", "no answer"
#: The engine that times are relative to.
REFERENCE = "lme4"
#: A fit that takes less, in seconds, is repeated so many times, and the quickest counts: other processes disturb it.
SHORT, REPEATS = 0.5, 2
#: Seconds that an engine may take to start.
START = 60.0


@dataclass(frozen=True)
class Score:
    """What came of one case in one engine.

    Attributes
    ----------
    engine, case : str
        Which.
    outcome : str
        ``agrees``, ``differs``, ``refused``, ``failed`` or ``no answer``.
    worst : str
        The number that is furthest off; empty where nothing was compared.
    misses : float
        By how much, in multiples of what is allowed.
    seconds : float
        Time of the fit; NaN where there is none.
    reason : str
        Why there is no fit.
    """

    engine: str
    case: str
    outcome: str
    worst: str = ""
    misses: float = math.nan
    seconds: float = math.nan
    reason: str = ""

    @property
    def fitted(self) -> bool:
        """Whether the engine gave numbers."""
        return self.outcome in {AGREES, DIFFERS}


def scores(
    folder: Path, engines: Sequence[str] | None = None, cases: Collection[str] = (), *, limit: float = 60.0
) -> list[Score]:
    """Run engines on cases.

    Parameters
    ----------
    folder : pathlib.Path
        The project's fixtures. Data are used only where their hash is the golden's.
    engines : sequence of str, optional
        Names of `SUBJECTS`; by default all that are installed.
    cases : collection of str
        Their ids; by default all.
    limit : float
        Seconds after which an engine that has not answered is stopped.

    Returns
    -------
    list of Score
        By engine, then by case. Each engine runs in a process of its own.

    Raises
    ------
    DataError, GoldenError
        If the fixtures are not there or not whole.
    ValueError
        If an engine or a case is not known.
    """
    table = [case for case in read_cases(folder) if not cases or case.id in cases]
    unknown = sorted(set(cases) - {case.id for case in table})
    if unknown:
        raise ValueError(f"there is no case {', '.join(unknown)}")
    for case in table:
        case.golden()
    chosen = list(engines or ()) or [name for name in SUBJECTS if load(name).version()]
    for name in chosen:
        if not load(name).version():
            raise BackendUnavailable(f"{name} is not installed")
    found = _run(chosen, table, limit)
    return sorted(found, key=lambda score: chosen.index(score.engine))


def _run(engines: Sequence[str], cases: Sequence[Case], limit: float) -> list[Score]:
    """Every engine in a process of its own, all of them in turn on each case, so that their times compare."""
    workers = {engine: _start(engine, cases[0], limit) for engine in engines}
    found = []
    try:
        for case in cases:
            for engine in engines:
                score = _attempt(workers[engine], engine, case, limit)
                found.append(score)
                if score.outcome == SILENT:
                    workers[engine].terminate()
                    workers[engine] = _start(engine, cases[0], limit)
    finally:
        for worker in workers.values():
            worker.terminate()
    return found


def _start(engine: str, case: Case, limit: float) -> Pool:
    """A process that has fitted one case: the first fit loads the engine, and R."""
    worker = multiprocessing.get_context("spawn").Pool(1)
    _attempt(worker, engine, case, max(limit, START))
    return worker


def _attempt(pool: Pool, engine: str, case: Case, limit: float) -> Score:
    errors: list[BaseException] = []
    answer = pool.apply_async(measure, (engine, case), error_callback=errors.append)
    answer.wait(limit)
    if not answer.ready():
        return Score(engine, case.id, SILENT, reason=f"no answer in {limit:g} s")
    if answer.successful():
        return answer.get()
    refused = isinstance(errors[0], (UnsupportedByBackend, BackendUnavailable, NotImplementedError))
    words = " ".join(str(errors[0]).split()) or type(errors[0]).__name__
    return Score(engine, case.id, REFUSED if refused else FAILED, reason=words)


def measure(engine: str, case: Case) -> Score:
    """Fit one case with one engine and hold it to lme4's optimum.

    Parameters
    ----------
    engine : str
        A name of `SUBJECTS`.
    case : Case
        What to fit.

    Returns
    -------
    Score
        The numbers are compared, by the tolerances of `compare`, with lme4's at its optimum, which it finds with the
        tolerances of its optimizer tightened.
    """
    subject, frame = load(engine), case.frame()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numbers, seconds = _timed(subject, case, frame)
        if seconds < SHORT:
            seconds = min(seconds, *(_timed(subject, case, frame)[1] for _ in range(REPEATS)))
    golden = case.golden()
    record = golden.refined.record if golden.refined else golden.record
    reference = _named({k: v for k, v in numbers_of(record, subject.scored).items() if k.quantity in subject.scored})
    worst, misses = worst_of(reference, _named({k: v for k, v in numbers.items() if k.quantity in subject.scored}))
    return Score(engine, case.id, AGREES if misses <= 1 else DIFFERS, str(worst), misses, seconds)


def _timed(subject: Subject, case: Case, frame: pd.DataFrame) -> tuple[dict[Key, float], float]:
    start = time.perf_counter()
    numbers = subject.fit(case, frame)
    return numbers, time.perf_counter() - start


def _named(numbers: Mapping[Key, float]) -> dict[Key, float]:
    """Numbers by their matching keys; a block that lme4 numbers (``g.1``) under its group's name."""
    return {_unnumbered(matching(key)): value for key, value in numbers.items()}


def _unnumbered(key: Key) -> Key:
    name, _, number = key.group.rpartition(".")
    return key._replace(group=name) if name and number.isdigit() else key


def worst_of(reference: Mapping[Key, float], numbers: Mapping[Key, float]) -> tuple[Key, float]:
    """The number that is furthest from the reference, in multiples of what is allowed; infinite where one lacks.

    Examples
    --------
    >>> from lmebridge.parity import Key
    >>> worst_of({Key("n_obs"): 3.0, Key("sigma"): 1.0}, {Key("n_obs"): 3.0, Key("sigma"): 1.00002})[0].quantity
    'sigma'
    """
    scales = scales_of(reference)
    methods = {key.method for key in reference if key.quantity == "criterion"}
    ours = {key: value for key, value in numbers.items() if key.quantity != "criterion" or key.method in methods}
    misses = {}
    for key in {**reference, **ours}:
        if key not in reference or key not in ours:
            misses[key] = math.inf
            continue
        both_nan = math.isnan(reference[key]) and math.isnan(ours[key])
        difference = 0.0 if both_nan else abs(ours[key] - reference[key])
        allowed = allowed_for(key, reference[key], tolerance_of(key), scales)
        misses[key] = _ratio(difference, allowed)
    worst = max(misses, key=lambda key: misses[key])
    return worst, misses[worst]


def _ratio(difference: float, allowed: float) -> float:
    if math.isnan(difference):
        return math.inf
    return difference / allowed if allowed else (math.inf if difference else 0.0)


def relative_time(found: Sequence[Score], engine: str) -> float:
    """Median over the cases that both fitted of an engine's time relative to lme4's; NaN without lme4."""
    reference = {score.case: score.seconds for score in found if score.engine == REFERENCE and score.fitted}
    ratios = [s.seconds / reference[s.case] for s in found if s.engine == engine and s.fitted and s.case in reference]
    return median(ratios) if ratios else math.nan
