"""Refits of simulated responses on the penalized least-squares core, as cheap as they can be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from lmebridge.cached import cached_property
from lmebridge.inference.descent import CONVERGED, hessian, minimize
from lmebridge.inference.deviances import FLOOR
from lmebridge.inference.engines import local_engine
from lmebridge.inference.refitting import like, response_engine
from lmebridge.inference.responses import Responses, stacked
from lmebridge.inference.simulation import simulator
from lmebridge.inference.stacked_descent import minimize_all
from lmebridge.pls import derivatives
from lmebridge.pls import solution as pls
from lmebridge.pls.criterion import log_det, profiled
from lmebridge.pls.optimize import NAME, SINGULAR_TEXT, is_singular, optimize
from lmebridge.pls.stacked import StackedCriterion, can_stack
from lmebridge.records import Convergence, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import SeedSequence

    from lmebridge.backends._local import LocalEngine
    from lmebridge.inference.descent import Minimum
    from lmebridge.model import MerMod
    from lmebridge.pls.solution import Problem, Solution
    from lmebridge.records import Fit

#: Relative standard deviations below this, on standardized columns, are tried at zero.
SMALL = 1e-4
#: Twice the distance to the minimum, in units of the criterion, at which a search ends: 1e-4 standard errors.
TOLERANCE = 1e-8
#: Most that the criterion may rise where one is set to zero: rounding of a criterion of 1e6.
ROUNDING = 1e-9
#: Eigenvalue, relative to the largest, above which the criterion's slope by a covariance matrix is not negative.
NO_DESCENT = -1e-7


#: Draws that are searched for together at most, and those of a task where each is searched for on its own.
CHUNK, CHUNK_ALONE = 50, 5
#: Entries of the arrays that are needed to search for draws together: 8 MB each.
TOGETHER = 1_000_000


class LocalRefits:
    """Simulates from a fit and refits.

    Parameters
    ----------
    fit : MerMod
        The fit, made without R.
    form : str or None
        Random effects that the simulation keeps at their modes.
    """

    def __init__(self, fit: MerMod, form: str | None) -> None:
        self._fit = fit
        self._engine = local_engine(fit, "bootMer")
        self._simulator = simulator(self._engine, form)
        self._names = self._fit.record.fixed.index
        task = self._engine.solution.problem
        self._responses = Responses(task)
        self._stacked = StackedCriterion(task) if can_stack(task) else None
        floors = np.where(task.lower == 0, FLOOR, -np.inf)
        self._start = np.maximum(task.orthogonal(self._engine.solution.theta), floors)

    @property
    def chunk(self) -> int:
        """Draws that are best made together; it depends on the model alone."""
        if self._stacked is None:
            return CHUNK_ALONE
        return int(np.clip(TOGETHER // self._stacked.entries, 1, CHUNK))

    def refits(self, seeds: Sequence[SeedSequence]) -> list[Callable[[], MerMod]]:
        """The models fitted to the responses drawn with these seeds, each made when it is called for."""
        responses = (self._simulator.draw(np.random.default_rng(seed))[:, 0] for seed in seeds)
        tasks = [self._responses.problem(response) for response in responses]
        found = [None] * len(tasks) if self._stacked is None else self._minima(self._stacked, tasks)
        return [partial(self._refit, *pair) for pair in zip(tasks, found, strict=True)]

    def _refit(self, task: Problem, parameters: np.ndarray | None) -> MerMod:
        solution, convergence = self.solve(task) if parameters is None else _solved(task, parameters)
        engine = response_engine(self._engine, solution)
        return like(self._fit, cast("Fit", LazyFit(engine, convergence, self._names)), engine)

    def _minima(self, criterion: StackedCriterion, tasks: Sequence[Problem]) -> Sequence[np.ndarray | None]:
        """The optimum of each problem, all searched for together; None where that is not certain to be it."""
        stack, lower = stacked(tasks), self._engine.solution.problem.lower

        def objectives(points: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return criterion(points, stack.take(which))

        starts = np.repeat(self._start[None], len(tasks), axis=0)
        try:
            found = minimize_all(objectives, starts, lower, self._curvature, TOLERANCE)
        except np.linalg.LinAlgError:
            return [None] * len(tasks)
        parameters = np.where((lower == 0) & (found.points < SMALL), 0.0, found.points)
        values, duals = criterion.with_duals(parameters, stack)
        good = (found.decrements < CONVERGED) & (values <= found.values + ROUNDING)
        good[good] &= _no_way_down(parameters[good], lower, duals[good])
        return [row if well else None for row, well in zip(parameters, good, strict=True)]

    @cached_property
    def _curvature(self) -> np.ndarray:
        """Second derivatives of the fit's own criterion where the searches start."""
        task = self._engine.solution.problem
        steps = 1e-4 * np.maximum(np.abs(self._start), FLOOR)
        return hessian(Criterion(task), self._start, steps)

    def solve(self, task: Problem) -> tuple[Solution, Convergence]:
        """The optimum: by a few steps from the fit's own where they lead there, else by the whole search."""
        if not task.products.plan.has_inverse:
            return optimize(task)
        bounds = (task.lower, np.full_like(task.lower, np.inf))
        try:
            found = minimize(Criterion(task), self._start, bounds, self._curvature, TOLERANCE)
        except np.linalg.LinAlgError:
            return optimize(task)
        parameters = _settled(task, found)
        return optimize(task) if parameters is None else _solved(task, parameters)


def _solved(task: Problem, parameters: np.ndarray) -> tuple[Solution, Convergence]:
    """Everything that follows from the optimum."""
    solution = pls.solve(task, task.theta(parameters))
    singular = is_singular(task, solution.theta)
    messages = (Message("singular", SINGULAR_TEXT),) if singular else ()
    return solution, Convergence(NAME, messages=messages)


def _settled(task: Problem, found: Minimum) -> np.ndarray | None:
    """The parameters with tiny variances at zero; None where that is not certain to be the minimum."""
    if not found.converged:
        return None
    small = (task.lower == 0) & (found.parameters < SMALL)
    if not small.any():
        return found.parameters
    parameters = np.where(small, 0.0, found.parameters)
    value, _ = Criterion(task)(parameters)
    if value > found.value + ROUNDING:
        return None
    duals = pls.duals(task, parameters)
    certain = all(_no_way_down(parameters[None], task.lower, dual[None]).all() for dual in duals)
    return parameters if certain else None


def _no_way_down(parameters: np.ndarray, lower: np.ndarray, duals: np.ndarray) -> np.ndarray:
    """Where no variance is zero, or the criterion's slopes by a covariance matrix are nowhere negative; shape (d,)."""
    inside = ~np.any((lower == 0) & (parameters == 0), axis=1)
    eigenvalues = np.linalg.eigvalsh(duals)
    largest = np.maximum(1.0, np.abs(eigenvalues).max(axis=1))
    return np.asarray(inside | (eigenvalues[:, 0] >= NO_DESCENT * largest))


class Criterion:
    """The criterion and its derivative by the optimizer's parameters, each piece computed once.

    Parameters
    ----------
    task : Problem
        The problem; it has few fixed effects, whose triangular factor is inverted whole.
    """

    def __init__(self, task: Problem) -> None:
        self._task = task

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient, shape (n_theta,)."""
        task, p = self._task, self._task.n_fixed
        system = task.decompose(parameters)
        lower = np.linalg.cholesky(system.fixed[:p, :p])
        inverse = np.linalg.inv(lower)
        half = inverse @ system.fixed[:p, p]
        pwrss = float(system.fixed[p, p] - half @ half)
        mix = np.zeros((p + 1, 1 + p if task.REML else 1))
        mix[:p, 0], mix[p, 0] = -(half @ inverse), 1.0
        mix[:, 0] *= np.sqrt(task.degrees_of_freedom / pwrss)
        if task.REML:
            mix[:p, 1:] = inverse.T
        gradient = np.empty_like(parameters)
        for factor, slope in zip(task.products.factors, derivatives.slopes(system, mix), strict=True):
            gradient[factor.positions] = slope[factor.rows, factor.columns]
        return profiled(task, system.logdet, log_det(task, lower), pwrss), gradient


class LazyFit:
    """The `Fit` of a draw: what a statistic asks for is made when it is asked for.

    Parameters
    ----------
    engine : LocalEngine
        The solved problem.
    convergence : Convergence
        How it was solved.
    names : pandas.Index, shape (p,)
        Names of the fixed effects.
    """

    def __init__(self, engine: LocalEngine, convergence: Convergence, names: pd.Index) -> None:
        self._engine = engine
        self._names = names
        self.convergence = convergence
        self.theta = engine.solution.theta
        self.sigma = engine.solution.sigma
        self.criterion = engine.solution.criterion

    @cached_property
    def fixed(self) -> pd.DataFrame:
        """Estimates and standard errors."""
        solution = self._engine.solution
        errors = np.sqrt(np.diagonal(pls.vcov(solution)))
        return pd.DataFrame({"Estimate": solution.beta, "Std. Error": errors}, index=self._names)

    @cached_property
    def _record(self) -> Fit:
        from lmebridge.backends._local import local_fit

        engine = self._engine
        return local_fit(engine.model, engine.design, engine.solution, self.convergence, engine.source)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._record, name)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Fit]]:
        return _itself, (self._record,)


def _itself(value: Any) -> Any:
    return value
