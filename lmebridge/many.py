"""Many models at once: with lme4 in as many processes of R as there are cores, without R in joblib's workers."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lmebridge.api import lmer
from lmebridge.backends import load
from lmebridge.errors import LmebridgeError, LmebridgeWarning
from lmebridge.inference.progress import shown
from lmebridge.selection import named_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: What stands in the place of a model that Ctrl-C came before.
NOT_FITTED = "not fitted: the run was interrupted before"


@dataclass(frozen=True)
class Task:
    """One model to fit: the function and its arguments."""

    function: Callable[..., Any]
    arguments: dict[str, Any]

    def __call__(self) -> Any:
        """The fitted model, or the exception that came instead."""
        try:
            return self.function(**self.arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported in the model's place
            return error


def fit_many(
    models: Iterable[Any],
    *,
    function: Callable[..., Any] | None = None,
    jobs: int | None = None,
    progress: bool | None = None,
) -> list[Any]:
    """Fit many models at once; a model that fails is reported in its place and the others are kept.

    Parameters
    ----------
    models : iterable
        Each a mapping of the fitting function's arguments, such as ``{"formula": ..., "data": ..., "REML": False}``, or
        a pair of formula and data. A mapping may name a ``"function"`` of its own.
    function : callable, optional
        What fits: `lmebridge.lmer`, which is the default, `lmebridge.glmer`, `lmebridge.lm`.
    jobs : int, optional
        How many are fitted at once; by default, and for -1, as many as the machine has cores.
    progress : bool, optional
        Whether to show a progress bar on standard error; by default after a second of work, in a terminal or notebook.

    Returns
    -------
    list
        In the order given: fitted models, and in the place of one that failed its exception, as
        ``asyncio.gather(return_exceptions=True)`` does. After Ctrl-C the models not yet fitted are `LmebridgeError`.

    Raises
    ------
    ValueError
        If `jobs` is neither a positive whole number nor -1, or a model is described by something else.

    Warns
    -----
    LmebridgeWarning
        If models failed, with the reasons and how many each; if Ctrl-C ended the run. What the fits themselves warn of
        is said once each, with the number of models; ``fit.messages`` has it by model.

    Notes
    -----
    With lme4 and more than one job, each job has a worker process with an R of its own, which is sent a data frame once
    however many models use it. The fitted models live there, and answer from there. Otherwise joblib's workers fit.

    Examples
    --------
    >>> import lmebridge as lme
    >>> hsb = lme.datasets.hsb()
    >>> formulas = ["mathach ~ 1 + (1 | schoolid)", "mathach ~ ses + (1 | schoolid)"]
    >>> fits = lme.fit_many([{"formula": f, "data": hsb, "backend": "native"} for f in formulas], jobs=1)
    >>> [round(fit.sigma(), 2) for fit in fits]
    [6.26, 6.09]
    """
    count = _job_count(jobs)
    tasks = [_task(number, model, function or lmer) for number, model in enumerate(_listed(models))]
    results: list[Any] = [LmebridgeError(f"{NOT_FITTED}. Fit it again.") for _ in tasks]
    interrupted = False
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            with shown("models", len(tasks), progress) as advance:
                for number, result in _fitted(tasks, count):
                    results[number] = result
                    advance(1)
        except KeyboardInterrupt:
            interrupted = True
    _tell(heard, results, interrupted=interrupted)
    return results


def _job_count(jobs: int | None) -> int:
    import joblib

    if jobs is None or jobs == -1:
        return int(joblib.cpu_count())
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise ValueError(f"jobs={jobs!r}: give a positive whole number, or -1 for one a core")
    return jobs


def _listed(models: Any) -> Iterable[Any]:
    """The models, where they are a list of them: a text or a table can be gone through too."""
    if isinstance(models, (str, Mapping)) or hasattr(models, "columns") or not hasattr(models, "__iter__"):
        kind = type(models).__name__
        raise ValueError(
            f'models is a {kind}: give a list of models, each {{"formula": ..., "data": ...}} or (formula, data)'
        )
    listed: Iterable[Any] = models
    return listed


def _task(number: int, model: Any, function: Callable[..., Any]) -> Task:
    """A model as it was described, as a task."""
    if isinstance(model, (tuple, list)) and len(model) == 2:
        model = {"formula": model[0], "data": model[1]}
    if not isinstance(model, Mapping) or not {"formula", "data"} <= set(model):
        raise ValueError(
            f'models[{number}] is {_short(model)}: give a mapping with "formula" and "data", or the pair of them'
        )
    arguments = dict(model)
    return Task(arguments.pop("function", function), arguments)


def _short(model: Any) -> str:
    return f"a {type(model).__name__}" + (f" with {', '.join(map(repr, model))}" if isinstance(model, Mapping) else "")


# --- where they are fitted --------------------------------------------------------------------------------------------


def _fitted(tasks: list[Task], jobs: int) -> Iterator[tuple[int, Any]]:
    """Numbers and results as they are done."""
    numbers = list(range(len(tasks)))
    in_r = [number for number in numbers if _uses_r(tasks[number])] if jobs > 1 and _pool_is_possible() else []
    if len(in_r) > 1:
        yield from _through_workers(tasks, in_r, jobs)
        numbers = [number for number in numbers if number not in set(in_r)]
    yield from _through_joblib(tasks, numbers, jobs)


def _pool_is_possible() -> bool:
    from lmebridge.backends import _pool

    return _pool.is_possible()


def _uses_r(task: Task) -> bool:
    """Whether lme4 will fit it: it is asked for, or nothing else is and it can be used."""
    name = named_backend(task.arguments.get("backend"))
    return name == "lme4" or (name is None and load("lme4").status().usable)


def _through_workers(tasks: list[Task], numbers: list[int], jobs: int) -> Iterator[tuple[int, Any]]:
    from lmebridge.backends import _pool

    owners = [id(tasks[number].arguments["data"]) for number in numbers]
    frames = Counter(owners)
    calls = [
        partial(_pool.owned, owner, tasks[number]) if frames[owner] > 1 else tasks[number]
        for number, owner in zip(numbers, owners, strict=True)
    ]
    for place, result in _pool.spread(calls, min(jobs, len(calls))):
        yield numbers[place], result


def _through_joblib(tasks: list[Task], numbers: list[int], jobs: int) -> Iterator[tuple[int, Any]]:
    """Fit in this process where one job, or one model, is all there is."""
    if jobs == 1 or len(numbers) < 2:
        for number in numbers:
            yield number, tasks[number]()
        return
    import joblib
    from joblib.parallel import get_active_backend

    streams = get_active_backend()[0].supports_return_generator
    run = joblib.Parallel(n_jobs=min(jobs, len(numbers)), return_as="generator" if streams else "list")
    calls = (joblib.delayed(partial(_aside, tasks[number]))() for number in numbers)
    for number, (result, said) in zip(numbers, run(calls), strict=True):
        for category, text in said:
            warnings.warn(text, category, stacklevel=2)
        yield number, result


def _aside(task: Task) -> tuple[Any, list[tuple[type[Warning], str]]]:
    """A task's result in another process, and what it warned of."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        result = task()
    return result, [(warning.category, str(warning.message)) for warning in heard]


# --- what is said -----------------------------------------------------------------------------------------------------


def _tell(heard: list[warnings.WarningMessage], results: list[Any], *, interrupted: bool) -> None:
    """Give each warning once, and say what failed."""
    said = Counter((warning.category, str(warning.message)) for warning in heard)
    for (category, text), count in said.items():
        warnings.warn(text if count == 1 else f"{text} [{count} models]", category, stacklevel=3)
    missing = sum(isinstance(result, LmebridgeError) and NOT_FITTED in str(result) for result in results)
    failed = Counter(_reason(result) for result in results if isinstance(result, Exception))
    failed = Counter({reason: count for reason, count in failed.items() if NOT_FITTED not in reason})
    if failed:
        reasons = "; ".join(reason if count == 1 else f"{reason} (x{count})" for reason, count in failed.items())
        text = f"{failed.total()} of {len(results)} models failed: {reasons}"
        warnings.warn(text, LmebridgeWarning, stacklevel=3)
    if interrupted:
        text = f"interrupted after {len(results) - missing} of {len(results)} models: the result holds those"
        warnings.warn(text, LmebridgeWarning, stacklevel=3)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
