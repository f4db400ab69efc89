"""The penalized least-squares problem of a linear mixed model: lme4's objective and everything derived from it.

The profiled deviance, or REML criterion, is a function of theta alone; the fixed effects, the conditional modes, sigma
and the Cholesky factors follow from theta.

References
----------
Bates, Maechler, Bolker & Walker (2015), Fitting linear mixed-effects models using lme4, J. Stat. Softw. 67(1),
sections 3.4 to 3.6; lme4's ``lmerResp::Laplace`` (src/respModule.cpp) for the term of the prior weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lmebridge.cached import cached_property
from lmebridge.errors import DataError
from lmebridge.pls import derivatives
from lmebridge.pls.blocks import cross_products, decompose, factors
from lmebridge.pls.criterion import criterion, fixed_effects, log_det, mix_of, profiled
from lmebridge.pls.triangular import solve_triangular, substitute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.pls.blocks import Block, CrossProducts, Decomposition, Factor


class Arrays(Protocol):
    """What is needed of a design; `lmebridge.design.build.Design` has it."""

    @property
    def y(self) -> np.ndarray:
        """Response, shape (n,)."""

    @property
    def X(self) -> np.ndarray:
        """Fixed-effects model matrix, shape (n, p)."""

    @property
    def weights(self) -> np.ndarray | None:
        """Prior weights, shape (n,)."""

    @property
    def offset(self) -> np.ndarray | None:
        """Known part of the linear predictor, shape (n,)."""

    @property
    def blocks(self) -> Sequence[Block]:
        """Random-effects blocks in lme4's order."""


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """One mixed model on one data set, ready to be evaluated at any theta.

    Attributes
    ----------
    REML : bool
        Whether the criterion is the restricted one.
    y : numpy.ndarray, shape (n,)
        Response, units of the response.
    X : numpy.ndarray, shape (n, p)
        Fixed-effects model matrix.
    weights : numpy.ndarray, shape (n,), or None
        Prior weights, dimensionless.
    offset : numpy.ndarray, shape (n,)
        Known part of the linear predictor, units of the response.
    blocks : tuple of Block
        Random-effects blocks in the model's order.
    products : CrossProducts
        Cross-products of the weighted, orthogonalized columns.
    triangle : numpy.ndarray, shape (p, p)
        R of the QR decomposition of the weighted X, diagonal positive.
    projections : numpy.ndarray, shape (p,)
        ``Q'(y - offset)``, weighted.
    """

    REML: bool
    y: np.ndarray
    X: np.ndarray
    weights: np.ndarray | None
    offset: np.ndarray
    blocks: tuple[Block, ...]
    products: CrossProducts
    triangle: np.ndarray
    projections: np.ndarray

    @property
    def n_fixed(self) -> int:
        """Number of fixed effects, p."""
        return int(self.X.shape[1])

    @property
    def degrees_of_freedom(self) -> int:
        """What the residual variance is divided by."""
        return len(self.y) - self.n_fixed if self.REML else len(self.y)

    @cached_property
    def lower(self) -> np.ndarray:
        """Lower bounds of theta: 0 for diagonal elements of Lambda, else minus infinity; shape (n_theta,)."""
        bounds = np.full(sum(len(factor.positions) for factor in self.products.factors), -np.inf)
        for factor in self.products.factors:
            bounds[factor.positions[factor.rows == factor.columns]] = 0.0
        return bounds

    @cached_property
    def log_weights(self) -> float:
        """Sum of the logarithms of the prior weights, dimensionless."""
        return 0.0 if self.weights is None else float(np.log(self.weights).sum())

    def with_REML(self, *, REML: bool) -> Problem:
        """The same problem under the other criterion."""
        return replace(self, REML=REML)

    def orthogonal(self, theta: np.ndarray) -> np.ndarray:
        """Elements of ``T Lambda`` that correspond to theta's: the optimizer's parameters, shape (n_theta,)."""
        parameters = np.empty(len(self.lower))
        for factor in self.products.factors:
            scaled = factor.transform @ factor.template(np.asarray(theta, dtype=float))
            parameters[factor.positions] = scaled[factor.rows, factor.columns]
        return parameters

    def theta(self, parameters: np.ndarray) -> np.ndarray:
        """Theta from the optimizer's parameters: the inverse of `orthogonal`, shape (n_theta,)."""
        theta = np.empty(len(self.lower))
        for factor in self.products.factors:
            raw = substitute(factor.transform, factor.template(parameters))
            theta[factor.positions] = raw[factor.rows, factor.columns]
        return theta

    def decompose(self, parameters: np.ndarray) -> Decomposition:
        """The factored system at the optimizer's parameters."""
        return decompose(self.products, tuple(f.template(parameters) for f in self.products.factors))

    def objective(self, theta: np.ndarray) -> float:
        """Profiled deviance or REML criterion at theta, dimensionless (minus twice a log-likelihood)."""
        return criterion(self, self.decompose(self.orthogonal(theta)))

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Derivative of `objective` by theta, shape (n_theta,), dimensionless."""
        slopes = derivatives.slopes(*_system(self, self.orthogonal(theta)))
        gradient = np.empty(len(self.lower))
        for factor, slope in zip(self.products.factors, slopes, strict=True):
            gradient[factor.positions] = (factor.transform.T @ slope)[factor.rows, factor.columns]
        return gradient


def problem(design: Arrays, *, REML: bool) -> Problem:
    """Compute everything about `design` that does not depend on theta.

    Parameters
    ----------
    design : Arrays
        Response, model matrices, weights and offset of the model.
    REML : bool
        Whether the restricted criterion is wanted.

    Returns
    -------
    Problem
        Ready to be evaluated.

    Raises
    ------
    DataError
        If there is no random-effects block, or a prior weight is not positive.
    """
    blocks = tuple(design.blocks)
    if not blocks:
        raise DataError("No random effects terms specified in formula. Use lme.lm for a model without them.")
    y, X = np.asarray(design.y, dtype=float), np.asarray(design.X, dtype=float)
    offset = np.zeros(len(y)) if design.offset is None else np.asarray(design.offset, dtype=float)
    root = _root_weights(design.weights)
    orthonormal, triangle = _orthonormal(X if root is None else X * root[:, None])
    centred = (y - offset) if root is None else (y - offset) * root
    projections, residual = _project(orthonormal, centred)
    products = cross_products(factors(blocks, root), np.column_stack([orthonormal, residual]))
    return Problem(REML, y, X, design.weights, offset, blocks, products, triangle, projections)


def _root_weights(weights: np.ndarray | None) -> np.ndarray | None:
    if weights is None:
        return None
    if np.any(np.asarray(weights) <= 0):
        raise DataError("prior weights must be positive: drop rows of weight zero with `subset`")
    return np.asarray(np.sqrt(np.asarray(weights, dtype=float)))


def _orthonormal(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """QR decomposition of X with a positive diagonal."""
    q, r = np.linalg.qr(X)
    signs = np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return q * signs, r * signs[:, None]


def _project(orthonormal: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares coefficients and residual of y.

    Done twice: the criterion is computed from the residual's cross-products, which must not carry rounding errors of a
    response that is large against its scatter.
    """
    first = orthonormal.T @ y
    residual = y - orthonormal @ first
    second = orthonormal.T @ residual
    return first + second, residual - orthonormal @ second


def _system(task: Problem, parameters: np.ndarray) -> tuple[Decomposition, np.ndarray]:
    system = task.decompose(parameters)
    return system, mix_of(task, system)


def value_and_gradient(task: Problem, parameters: np.ndarray) -> tuple[float, np.ndarray]:
    """Criterion and its derivative by the optimizer's parameters, shape (n_theta,)."""
    system, mix = _system(task, parameters)
    gradient = np.empty(len(task.lower))
    for factor, slope in zip(task.products.factors, derivatives.slopes(system, mix), strict=True):
        gradient[factor.positions] = slope[factor.rows, factor.columns]
    return criterion(task, system), gradient


def duals(task: Problem, parameters: np.ndarray) -> list[np.ndarray]:
    """Derivative of the criterion by ``Lambda Lambda'`` in orthogonalized columns, (q, q) a factor."""
    return derivatives.dual(*_system(task, parameters))


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """Everything that follows from one theta.

    Attributes
    ----------
    problem : Problem
        What was solved.
    theta : numpy.ndarray, shape (n_theta,)
        Relative covariance parameters in lme4's order, dimensionless.
    beta : numpy.ndarray, shape (p,)
        Fixed effects.
    u, b : numpy.ndarray, shape (q,)
        Spherical and actual conditional modes in lme4's order, units of the response and of the effects.
    mu : numpy.ndarray, shape (n,)
        Fitted values with all random effects and the offset.
    sigma : float
        Residual standard deviation, units of the response.
    criterion : float
        Profiled deviance or REML criterion, dimensionless.
    RX : numpy.ndarray, shape (p, p)
        Upper Cholesky factor of ``X'V^-1 X`` (V relative to sigma squared).
    ldL2, ldRX2 : float
        Log determinants of ``Lambda'Z'Z Lambda + I`` and of ``X'V^-1 X``.
    wrss, ussq : float
        Weighted residual sum of squares and squared length of `u`, squared units of the response.
    """

    problem: Problem
    theta: np.ndarray
    beta: np.ndarray
    u: np.ndarray
    b: np.ndarray
    mu: np.ndarray
    sigma: float
    criterion: float
    RX: np.ndarray
    ldL2: float
    ldRX2: float
    wrss: float
    ussq: float

    @property
    def pwrss(self) -> float:
        """Penalized weighted residual sum of squares, squared units of the response."""
        return self.wrss + self.ussq

    def decompose(self) -> Decomposition:
        """The factored system at theta."""
        return self.problem.decompose(self.problem.orthogonal(self.theta))


def solve(task: Problem, theta: np.ndarray) -> Solution:
    """Everything that follows from theta.

    The residual sum of squares is computed from the rows, not from cross-products.
    """
    theta = np.asarray(theta, dtype=float)
    system = task.decompose(task.orthogonal(theta))
    lower, gamma, _ = fixed_effects(task, system)
    beta = solve_triangular(task.triangle, gamma + task.projections)
    spherical = [u[:, :, 0] for u in derivatives.scores_and_modes(system, np.append(-gamma, 1.0)[:, None])[1]]
    actual = [_actual(f, t, u) for f, t, u in zip(task.products.factors, system.templates, spherical, strict=True)]
    mu = task.offset + task.X @ beta + _random_part(task, actual)
    residual = task.y - mu
    wrss = float(np.sum(residual**2 if task.weights is None else task.weights * residual**2))
    ussq = float(sum(np.sum(u**2) for u in spherical))
    ldRX2 = log_det(task, lower)
    return Solution(
        problem=task,
        theta=theta,
        beta=beta,
        u=_in_model_order(task, spherical),
        b=_in_model_order(task, actual),
        mu=mu,
        sigma=float(np.sqrt((wrss + ussq) / task.degrees_of_freedom)),
        criterion=profiled(task, system.logdet, ldRX2, wrss + ussq),
        RX=lower.T @ task.triangle,
        ldL2=system.logdet,
        ldRX2=ldRX2,
        wrss=wrss,
        ussq=ussq,
    )


def _actual(factor: Factor, template: np.ndarray, spherical: np.ndarray) -> np.ndarray:
    """Effects of the raw columns from the spherical ones, shape (levels, q)."""
    raw = substitute(factor.transform, template)
    return np.asarray(spherical @ raw.T)


def _random_part(task: Problem, actual: Sequence[np.ndarray]) -> np.ndarray:
    """``Z b`` on the rows' own scale, from the raw columns."""
    total = np.zeros(len(task.y))
    for factor, effects in zip(task.products.factors, actual, strict=True):
        for block, (start, end) in zip(factor.blocks, pairwise(factor.starts), strict=True):
            total += np.sum(task.blocks[block].matrix * effects[factor.codes, start:end], axis=1)
    return total


def _in_model_order(task: Problem, effects: Sequence[np.ndarray]) -> np.ndarray:
    """Random effects as one vector in lme4's order: block by block, level by level."""
    pieces: dict[int, np.ndarray] = {}
    for factor, values in zip(task.products.factors, effects, strict=True):
        for block, (start, end) in zip(factor.blocks, pairwise(factor.starts), strict=True):
            pieces[block] = values[:, start:end].ravel()
    return np.concatenate([pieces[block] for block in sorted(pieces)])


def vcov(solution: Solution) -> np.ndarray:
    """Covariance matrix of the fixed effects given theta, shape (p, p)."""
    p = solution.problem.n_fixed
    half = solve_triangular(solution.RX, np.eye(p))
    return np.asarray(solution.sigma**2 * half @ half.T)


def conditional_variances(solution: Solution) -> dict[str, np.ndarray]:
    """By grouping factor, the conditional covariance matrices of the random effects given theta and beta.

    Parameters
    ----------
    solution : Solution
        The solved problem.

    Returns
    -------
    dict of str to numpy.ndarray, shape (levels, q, q)
        Blocks of one factor side by side in the model's order, squared units of the effects.
    """
    task = solution.problem
    found = derivatives.conditional_variances(solution.decompose())
    return {
        task.blocks[factor.blocks[0]].group: solution.sigma**2 * derivatives.raw_variances(factor, values)
        for factor, values in zip(task.products.factors, found, strict=True)
    }
