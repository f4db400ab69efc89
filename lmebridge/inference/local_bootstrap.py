"""Refits of simulated responses on the penalized least-squares core, as cheap as they can be."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from lmebridge.inference.descent import hessian, minimize
from lmebridge.inference.deviances import FLOOR
from lmebridge.inference.engines import local_engine
from lmebridge.inference.refitting import like, response_engine
from lmebridge.inference.responses import Responses
from lmebridge.inference.simulation import Simulator
from lmebridge.pls import derivatives
from lmebridge.pls import solution as pls
from lmebridge.pls.criterion import log_det, profiled
from lmebridge.pls.optimize import NAME, SINGULAR_TEXT, is_singular, optimize
from lmebridge.records import Convergence, Message

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._simulator = Simulator(self._engine, form)
        task = self._engine.solution.problem
        self._responses = Responses(task)
        floors = np.where(task.lower == 0, FLOOR, -np.inf)
        self._start = np.maximum(task.orthogonal(self._engine.solution.theta), floors)

    def refit(self, seed: SeedSequence) -> MerMod:
        """The model fitted to the response drawn with this seed."""
        response = self._simulator.draw(np.random.default_rng(seed))[:, 0]
        solution, convergence = self.solve(self._responses.problem(response))
        engine = response_engine(self._engine, solution)
        return like(self._fit, cast("Fit", LazyFit(engine, convergence)), engine)

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
        if parameters is None:
            return optimize(task)
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
    eigenvalues = [np.linalg.eigvalsh(dual) for dual in pls.duals(task, parameters)]
    certain = all(values[0] >= NO_DESCENT * max(1.0, float(np.abs(values).max())) for values in eigenvalues)
    return parameters if certain else None


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
    """

    def __init__(self, engine: LocalEngine, convergence: Convergence) -> None:
        self._engine = engine
        self.convergence = convergence
        self.theta = engine.solution.theta
        self.sigma = engine.solution.sigma
        self.criterion = engine.solution.criterion

    @cached_property
    def fixed(self) -> pd.DataFrame:
        """Estimates and standard errors."""
        solution = self._engine.solution
        errors = np.sqrt(np.diagonal(pls.vcov(solution)))
        names = pd.Index(self._engine.design.names, dtype=object)
        return pd.DataFrame({"Estimate": solution.beta, "Std. Error": errors}, index=names)

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
