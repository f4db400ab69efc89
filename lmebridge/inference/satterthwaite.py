"""Satterthwaite's degrees of freedom without R.

The covariance of ``(theta, log sigma)`` comes from the Hessian of the deviance that is not profiled over sigma, and the
covariance of the fixed effects is differentiated by ``(theta, log sigma)``. lmerTest takes sigma itself: the degrees of
freedom are the same, and with the logarithm they do not depend on the unit of the response.

References
----------
Kuznetsova, Brockhoff and Christensen (2017), lmerTest package: tests in linear mixed effects models, J. Stat. Softw.
82(13); Fai and Cornelius (1996), J. Stat. Comput. Simul. 54, 363-378.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

from lmebridge.errors import ConvergenceWarning
from lmebridge.pls.criterion import fixed_effects

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.pls.solution import Problem, Solution

#: Eigenvalues of the Hessian below this are taken for zero, as lmerTest takes them.
FLAT = 1e-8
#: First step of a difference quotient, relative to the parameter; it is halved in every further row.
STEP = 1e-2
#: Rows of Richardson's extrapolation: the error is of order STEP to the power of twice this.
ROWS = 4
#: Eigenvalues of a contrast's covariance below this share of the largest are zero, as in lmerTest.
RANK_TOLERANCE = float(np.sqrt(np.finfo(float).eps))
#: Degrees of freedom that differ by less are one number, as in lmerTest.
EQUAL_DF = 1e-8


@dataclass(frozen=True)
class FTest:
    """An F test of several contrasts.

    Attributes
    ----------
    statistic : float
        F, dimensionless.
    numerator, denominator : float
        Degrees of freedom.
    """

    statistic: float
    numerator: float
    denominator: float

    @property
    def p_value(self) -> float:
        """Probability of a larger F."""
        return float(special.fdtrc(self.numerator, self.denominator, self.statistic))


@dataclass(frozen=True, eq=False)
class Satterthwaite:
    """What the degrees of freedom of any contrast follow from.

    Attributes
    ----------
    beta : numpy.ndarray, shape (p,)
        Fixed effects.
    covariance : numpy.ndarray, shape (p, p)
        Their covariance matrix.
    gradients : numpy.ndarray, shape (k, p, p)
        Its derivatives by theta and log sigma.
    parameter_covariance : numpy.ndarray, shape (k, k)
        Covariance matrix of theta and log sigma.
    """

    beta: np.ndarray
    covariance: np.ndarray
    gradients: np.ndarray
    parameter_covariance: np.ndarray

    def degrees_of_freedom(self, contrast: np.ndarray) -> float:
        """Degrees of freedom of the t test of one contrast, shape (p,)."""
        variance = contrast @ self.covariance @ contrast
        gradient = contrast @ self.gradients @ contrast
        spread = gradient @ self.parameter_covariance @ gradient
        return float(2 * variance**2 / spread) if spread > 0 else float("inf")

    def test(self, contrasts: np.ndarray) -> FTest:
        """F test that all contrasts, shape (r, p), are zero."""
        values, vectors = np.linalg.eigh(contrasts @ self.covariance @ contrasts.T)
        kept = np.flatnonzero(values > max(RANK_TOLERANCE * values[-1], 0))[::-1]
        rotated = vectors.T[kept] @ contrasts
        squares = (rotated @ self.beta) ** 2 / values[kept]
        degrees = np.array([self.degrees_of_freedom(row) for row in rotated])
        return FTest(float(squares.mean()), float(len(kept)), pooled(degrees))


def pooled(degrees: np.ndarray) -> float:
    """Denominator degrees of freedom of the mean of squared t statistics.

    Examples
    --------
    >>> pooled(np.array([17.0, 17.0])), round(pooled(np.array([4.0, 8.0])), 6)
    (17.0, 5.0)
    """
    if np.all(np.abs(np.diff(degrees)) < EQUAL_DF):
        return float(degrees.mean())
    if np.any(degrees <= 2):
        return 2.0
    expectation = float(np.sum(degrees / (degrees - 2)))
    return 2 * expectation / (expectation - len(degrees))


def satterthwaite(solution: Solution) -> Satterthwaite:
    """Everything that degrees of freedom need, at a solved problem.

    Parameters
    ----------
    solution : Solution
        The solved problem.

    Returns
    -------
    Satterthwaite
        The derivatives.

    Warns
    -----
    ConvergenceWarning
        If the deviance is flat or bends down in some direction, in lmerTest's words.
    """
    task, theta, sigma = solution.problem, solution.theta, solution.sigma
    relative = _relative_covariance(task, theta)
    by_theta = derivative(lambda value: _relative_covariance(task, value), theta)
    gradients = np.concatenate([sigma**2 * by_theta, [2 * sigma**2 * relative]])
    covariance = 2 * _inverse(_hessian(task, theta, sigma))
    return Satterthwaite(solution.beta, sigma**2 * relative, gradients, covariance)


def derivative(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    """Derivative of a function of a vector by Richardson's extrapolation of central differences.

    Parameters
    ----------
    function : callable
        From an array of shape (k,) to an array of any shape s.
    at : numpy.ndarray, shape (k,)
        Where.

    Returns
    -------
    numpy.ndarray, shape (k, *s)
        One derivative an element of `at`.

    References
    ----------
    R package numDeriv, ``jacobian(method = "Richardson")``.
    """
    return np.array([_extrapolated(function, at, i) for i in range(len(at))])


def _extrapolated(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, which: int) -> np.ndarray:
    unit = np.zeros(len(at))
    unit[which] = 1.0
    first = STEP * max(abs(float(at[which])), STEP)
    steps = [first / 2**row for row in range(ROWS)]
    rows = [(np.asarray(function(at + h * unit)) - np.asarray(function(at - h * unit))) / (2 * h) for h in steps]
    for order in range(1, ROWS):
        rows = [(4**order * fine - coarse) / (4**order - 1) for coarse, fine in pairwise(rows)]
    return np.asarray(rows[0])


def _hessian(task: Problem, theta: np.ndarray, sigma: float) -> np.ndarray:
    """Hessian of the deviance by (theta, log sigma), from that of the criterion profiled over sigma."""
    gradient = task.gradient if task.products.plan.has_inverse else _differenced(task)
    profiled = derivative(gradient, theta)
    mixed = -2 * derivative(lambda value: np.array(_penalized(task, value)), theta) / sigma**2
    curvature = 4.0 * task.degrees_of_freedom
    corner = (profiled + profiled.T) / 2 + np.outer(mixed, mixed) / curvature
    return np.block([[corner, mixed[:, None]], [mixed[None, :], np.array([[curvature]])]])


def _differenced(task: Problem) -> Callable[[np.ndarray], np.ndarray]:
    return lambda theta: derivative(lambda value: np.array(task.objective(value)), theta)


def _inverse(hessian: np.ndarray) -> np.ndarray:
    """Inverse on the directions in which the deviance bends up."""
    values, vectors = np.linalg.eigh(hessian)
    for words, flat in (
        ("negative eigenvalue(s)", values < -FLAT),
        ("eigenvalue(s) close to zero", abs(values) < FLAT),
    ):
        if flat.any():
            listed = " ".join(f"{value:.1e}" for value in values[flat])
            text = f"Model may not have converged with {flat.sum()} {words}: {listed}"
            warnings.warn(text, ConvergenceWarning, stacklevel=5)
    kept = values > FLAT
    return np.asarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)


def _penalized(task: Problem, theta: np.ndarray) -> float:
    """Penalized weighted residual sum of squares at theta."""
    return fixed_effects(task, task.decompose(task.orthogonal(theta)))[2]


def _relative_covariance(task: Problem, theta: np.ndarray) -> np.ndarray:
    """Covariance of the fixed effects over sigma squared, shape (p, p)."""
    lower, _, _ = fixed_effects(task, task.decompose(task.orthogonal(theta)))
    half = linalg.solve_triangular(lower.T @ task.triangle, np.eye(task.n_fixed))
    return np.asarray(half @ half.T)
