"""Minimization of the profiled criterion over theta, and the certificate that it ended at a minimum.

L-BFGS-B with the analytic gradient finds the basin, Newton steps finish to the precision of the arithmetic, and
variances that belong on the boundary are set to exactly zero. At a singular fit the criterion's derivative by theta
vanishes whether or not the variance should grow, so there the derivative by the covariance matrix itself is examined.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.control import SINGULAR_TOLERANCE, checked, convergence_check
from lmebridge.errors import DataError, LmebridgeError
from lmebridge.pls import solution as pls
from lmebridge.pls import starting
from lmebridge.pls.criterion import criterion
from lmebridge.records import Convergence, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmebridge.pls.solution import Problem, Solution

NAME = "lmebridge L-BFGS-B + Newton"

#: lme4's words for a singular fit (``checkConv``, lme4 1.1-31).
SINGULAR_TEXT = "boundary (singular) fit: see help('isSingular')"

#: lme4's words for a criterion that is flat in some direction (`checkHess`, lme4 1.1-31).
FLAT_TEXT = "Model is nearly unidentifiable: large eigenvalue ratio\n - Rescale variables?"

#: Newton decrement, in units of the criterion, at which polishing stops: estimates are then 1e-6 standard errors off.
DECREMENT_TOLERANCE = 1e-12
#: Newton decrement that is still called converged: it moves the log-likelihood by less than 1e-8.
CERTIFIED_DECREMENT = 1e-8
#: Relative fall of the criterion, counted from its start, below which the first stage stops.
FTOL = 1e-7
#: Increase of the criterion that is rounding: eps times a criterion of 1e6.
ROUNDING = 1e-9
#: Step of the differences of gradients that make the Hessian, relative to the parameter.
HESSIAN_STEP = 1e-4
#: Step of the differences that make the gradient where it has no closed form: cube root of the criterion's rounding.
GRADIENT_STEP = 5e-4
#: Lengths, in residual variances, tried along a direction in which a zero variance should grow.
ESCAPES = (1.0, 0.1, 1e-2, 1e-3, 1e-4)


@dataclass
class _Evaluator:
    """The criterion and its gradient, counting the evaluations."""

    task: Problem
    count: int = field(default=0)

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        if self.task.products.plan.has_inverse:
            self.count += 1
            return pls.value_and_gradient(self.task, parameters)
        return self.value(parameters), self._differences(parameters)

    def value(self, parameters: np.ndarray) -> float:
        self.count += 1
        return criterion(self.task, self.task.decompose(parameters))

    def _differences(self, parameters: np.ndarray) -> np.ndarray:
        """Central differences: the criterion is even in the columns of Lambda, so bounds may be crossed."""
        gradient = np.empty_like(parameters)
        for i, parameter in enumerate(parameters):
            step = np.zeros_like(parameters)
            step[i] = GRADIENT_STEP * max(abs(parameter), 0.1)
            gradient[i] = (self.value(parameters + step) - self.value(parameters - step)) / (2 * step[i])
        return gradient


@dataclass(frozen=True)
class Point:
    """A point of the search.

    Attributes
    ----------
    parameters : numpy.ndarray, shape (n_theta,)
        The optimizer's parameters, dimensionless.
    value : float
        Criterion.
    gradient : numpy.ndarray, shape (n_theta,)
        Its derivative.
    decrement : float
        Newton's prediction of twice the distance to the minimum, in units of the criterion.
    curvature : float
        Smallest eigenvalue of the Hessian of the free parameters, relative to the largest.
    """

    parameters: np.ndarray
    value: float
    gradient: np.ndarray
    decrement: float = np.inf
    curvature: float = np.nan


def optimize(
    task: Problem, start: Sequence[float] | None = None, control: Mapping[str, Any] | None = None
) -> tuple[Solution, Convergence]:
    """Minimize the criterion of `task` and say how it ended.

    Parameters
    ----------
    task : Problem
        The penalized least-squares problem.
    start : sequence of float, optional
        Starting values of theta, dimensionless; by default Lambda is the identity on standardized columns.
    control : mapping, optional
        Options named as in `lmerControl`. ``optCtrl={"maxfun": n}`` (or ``maxeval``) limits the evaluations of
        the first stage, ``boundary_tol`` is the largest diagonal element that is tried at zero, ``optimizer="none"``
        evaluates at `start` without optimizing. Other names of optimizers are accepted: the minimum is the same.

    Returns
    -------
    solution : Solution
        The problem solved at the minimum.
    convergence : Convergence
        Code 0 where the certificate holds: Newton decrement below 1e-8, no negative curvature, and at a singular fit no
        direction in which a zero variance should grow.

    Raises
    ------
    DataError
        If `start` has the wrong length or `control` has an unknown option.
    """
    options = checked(control or {})
    theta = _given(task, start)
    evaluator = _Evaluator(task)
    if options.get("optimizer", "") in (None, "none"):
        return pls.solve(task, theta), Convergence("none", 0, "no optimization", 0)
    first = starting.start(task.products, len(task.y)) if start is None else task.orthogonal(theta)
    best = _search(evaluator, first, options)
    if start is None and _on_boundary(task, best).any():
        second = _search(evaluator, (task.lower == 0).astype(float), options)
        best = second if second.value < best.value - ROUNDING else best
    solution = pls.solve(task, task.theta(best.parameters))
    return solution, _convergence(task, best, solution, evaluator.count, options)


def _given(task: Problem, start: Sequence[float] | None) -> np.ndarray:
    """`start` within its bounds, or lme4's start: Lambda the identity."""
    if start is None:
        return np.asarray(task.lower == 0, dtype=float)
    theta = np.asarray(start, dtype=float)
    if theta.shape != task.lower.shape:
        raise DataError(f"start has {theta.size} values; theta has {task.lower.size}")
    return np.asarray(np.maximum(theta, task.lower))


def _on_boundary(task: Problem, point: Point) -> np.ndarray:
    return np.asarray((task.lower == 0) & (point.parameters == 0))


def _search(evaluator: _Evaluator, start: np.ndarray, options: Mapping[str, Any]) -> Point:
    """Basin, polish, boundary; again from a direction of descent if the boundary has one."""
    point = _settle(evaluator, _basin(evaluator, start, options), options)
    for _ in ESCAPES:
        way_out = _escape(evaluator, point)
        if way_out is None:
            return point
        point = _settle(evaluator, _basin(evaluator, way_out, options), options)
    return point


def _basin(evaluator: _Evaluator, start: np.ndarray, options: Mapping[str, Any]) -> Point:
    """L-BFGS-B to a few digits."""
    from scipy.optimize import Bounds, minimize

    limits = options.get("optCtrl") or {}
    best = Point(start, *evaluator(start))
    scale, unit = _scale(evaluator.task, best)
    origin = best.value

    def scaled(steps: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        if np.array_equal(steps, start / scale):
            return 0.0, best.gradient * scale / unit
        try:
            value, gradient = evaluator(steps * scale)
        except np.linalg.LinAlgError:  # Lambda so large that the system is singular in double precision
            return 1e10, np.zeros_like(steps)
        if value < best.value:
            best = Point(steps * scale, value, gradient)
        return (value - origin) / unit, gradient * scale / unit

    minimize(
        scaled,
        start / scale,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(evaluator.task.lower, np.inf),
        options={
            "maxfun": int(limits.get("maxfun", limits.get("maxeval", 15_000))),
            "ftol": FTOL,
            "gtol": 1e-4,
        },
    )
    return best


def _scale(task: Problem, point: Point) -> tuple[np.ndarray, float]:
    """Units of the parameters and of the criterion in which its curvature and its gradient are about 1.

    L-BFGS-B starts with a step of length 1, which then is about Newton's step.
    """
    widths = 1.0 / np.sqrt(starting.curvatures(task.products, point.parameters))
    length = max(float(np.linalg.norm(point.gradient * widths)), 1e-3)
    return widths * length, length**2


def _settle(evaluator: _Evaluator, point: Point, options: Mapping[str, Any]) -> Point:
    """Newton steps with small diagonal elements free, then with those that are better at zero held there."""
    polished = _polish(evaluator, point)
    snapped = _snap(evaluator, polished, float(options.get("boundary_tol", 1e-5)))
    return polished if snapped is polished else _polish(evaluator, snapped)


def _snap(evaluator: _Evaluator, point: Point, tolerance: float) -> Point:
    """Set diagonal elements below `tolerance` to zero where the criterion does not rise for it."""
    for i in np.flatnonzero((evaluator.task.lower == 0) & (point.parameters > 0) & (point.parameters < tolerance)):
        parameters = point.parameters.copy()
        parameters[i] = 0.0
        value, gradient = evaluator(parameters)
        if value <= point.value + ROUNDING:
            point = Point(parameters, value, gradient)
    return point


def _polish(evaluator: _Evaluator, point: Point, steps: int = 20) -> Point:
    """Newton steps among the parameters that are not held at their bounds, the Hessian renewed when it serves badly."""
    quadratic: _Quadratic | None = None
    for _ in range(steps):
        free = ~(_on_boundary(evaluator.task, point) & (point.gradient >= -ROUNDING))
        if not free.any():
            return replace(point, decrement=0.0, curvature=1.0)
        if quadratic is None or not np.array_equal(quadratic.free, free):
            quadratic = _Quadratic(free, *np.linalg.eigh(_hessian(evaluator, point, free)))
        step, decrement = quadratic.newton(point.gradient)
        slow = decrement > 0.01 * point.decrement
        point = replace(point, decrement=decrement, curvature=quadratic.curvature)
        if decrement < DECREMENT_TOLERANCE:
            return point
        moved = _line_search(evaluator, point, step)
        if moved is None:
            return point
        point, quadratic = moved, None if slow else quadratic
    return point


@dataclass(frozen=True)
class _Quadratic:
    """Eigenvalues and eigenvectors of the Hessian of the free parameters."""

    free: np.ndarray
    values: np.ndarray
    vectors: np.ndarray

    @property
    def curvature(self) -> float:
        return float(self.values[0] / np.abs(self.values).max())

    def newton(self, gradient: np.ndarray) -> tuple[np.ndarray, float]:
        """Newton's step and decrement; flat directions, which leave the covariances as they are, stay."""
        along = self.vectors.T @ gradient[self.free]
        curved = np.abs(self.values) > 1e-8 * np.abs(self.values).max()
        lengths = along[curved] / np.abs(self.values[curved])
        step = np.zeros_like(gradient)
        step[self.free] = -self.vectors[:, curved] @ lengths
        return step, float(np.sum(along[curved] * lengths))


def _line_search(evaluator: _Evaluator, point: Point, step: np.ndarray) -> Point | None:
    """The first of the step and its halves that does not raise the criterion, or None."""
    for halving in range(20):
        parameters = np.maximum(point.parameters + step * 0.5**halving, evaluator.task.lower)
        value, gradient = evaluator(parameters)
        if value <= point.value + ROUNDING:
            return Point(parameters, value, gradient, point.decrement, point.curvature)
    return None


def _hessian(evaluator: _Evaluator, point: Point, free: np.ndarray) -> np.ndarray:
    """Second derivatives by the free parameters, from differences of the gradient."""
    columns = []
    for i in np.flatnonzero(free):
        parameters = point.parameters.copy()
        parameters[i] += HESSIAN_STEP * max(abs(parameters[i]), 0.01)
        _, gradient = evaluator(parameters)
        columns.append((gradient - point.gradient)[free] / (parameters[i] - point.parameters[i]))
    hessian = np.column_stack(columns)
    return np.asarray((hessian + hessian.T) / 2)


def _escape(evaluator: _Evaluator, point: Point) -> np.ndarray | None:
    """A point of lower criterion next to a singular one, or None where there is none."""
    task = evaluator.task
    if not task.products.plan.has_inverse or not _on_boundary(task, point).any():
        return None
    for which, dual in enumerate(pls.duals(task, point.parameters)):
        starts = task.products.factors[which].starts
        for start, end in pairwise(starts):
            values, vectors = np.linalg.eigh(dual[start:end, start:end])
            if values[0] < -1e-7 * max(1.0, np.abs(values).max()):
                direction = np.zeros(starts[-1])
                direction[start:end] = vectors[:, 0]
                lower = _descend(evaluator, point, which, direction)
                if lower is not None:
                    return lower
    return None


def _descend(evaluator: _Evaluator, point: Point, which: int, direction: np.ndarray) -> np.ndarray | None:
    """The optimizer's parameters with variance added along `direction` of one factor, if that lowers the criterion."""
    factor = evaluator.task.products.factors[which]
    template = factor.template(point.parameters)
    for length in ESCAPES:
        lower = _lower_root(np.column_stack([template, np.sqrt(length) * direction]))
        parameters = point.parameters.copy()
        parameters[factor.positions] = lower[factor.rows, factor.columns]
        if evaluator.value(parameters) < point.value - 10 * ROUNDING:
            return parameters
    return None


def _lower_root(wide: np.ndarray) -> np.ndarray:
    """Lower-triangular L with ``L L' = wide wide'`` and a diagonal that is not negative."""
    lower = np.asarray(np.linalg.qr(wide.T, mode="r")).T
    return np.asarray(lower * np.where(np.diagonal(lower) < 0, -1.0, 1.0))


def is_singular(task: Problem, theta: np.ndarray, tolerance: float = SINGULAR_TOLERANCE) -> bool:
    """Whether a diagonal element of Lambda is below `tolerance`, as lme4's `isSingular` asks."""
    return bool(np.any(theta[task.lower == 0] < tolerance))


def _convergence(
    task: Problem, point: Point, solution: Solution, evaluations: int, options: Mapping[str, Any]
) -> Convergence:
    """What the certificate says, in words."""
    boundary = convergence_check(options, "check_conv_singular")
    singular = is_singular(task, solution.theta, boundary["tol"])
    messages = _act(boundary["action"], Message("singular", SINGULAR_TEXT)) if singular else ()
    flat = convergence_check(options, "check_conv_hess")
    if not singular and point.curvature < flat["tol"]:
        messages = _act(flat["action"], Message("convergence", FLAT_TEXT))
    size = f"Newton decrement {point.decrement:.2g}, relative curvature {point.curvature:.2g}"
    if point.decrement < CERTIFIED_DECREMENT and point.curvature > -HESSIAN_STEP:
        return Convergence(NAME, 0, f"OK: certified minimum ({size})", evaluations, messages)
    worst = int(np.argmax(np.abs(point.gradient)))
    text = f"Model failed to converge with max|grad| = {abs(point.gradient[worst]):g} (component {worst + 1})"
    action = convergence_check(options, "check_conv_grad")["action"]
    said = (*messages, *_act(action, Message("convergence", text)))
    return Convergence(NAME, 1, f"not certified ({size})", evaluations, said)


def _act(action: str, message: Message) -> tuple[Message, ...]:
    """The message, nothing, or an error, as the option says."""
    if action == "stop":
        raise LmebridgeError(f"{message.text}. This stops the fit because `control` says so")
    return () if action == "ignore" else (message,)
