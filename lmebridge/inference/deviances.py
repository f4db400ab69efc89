"""The deviance as a function of what is profiled: standard deviations and correlations, or one fixed effect."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.pls import derivatives
from lmebridge.pls.criterion import fixed_effects
from lmebridge.pls.triangular import solve_triangular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lmebridge.pls.blocks import Decomposition, Factor
    from lmebridge.pls.solution import Problem

#: Searches start from relative standard deviations of at least this: at zero the deviance is flat, minimum or not.
FLOOR = 0.1
#: Step of the differences that make a gradient where it has no closed form.
STEP = 1e-4


class Scales:
    """Between theta and the standard deviations and correlations, which have the same order, sigma last.

    Parameters
    ----------
    task : Problem
        The model's problem.
    """

    def __init__(self, task: Problem) -> None:
        self.widths = [block.matrix.shape[1] for block in task.blocks]
        sizes = [q * (q + 1) // 2 for q in self.widths]
        self._ends = np.concatenate(([0], np.cumsum(sizes)))
        is_sd = np.concatenate([rows == columns for rows, columns in map(_lower, self.widths)])
        self.lower = np.append(np.where(is_sd, 0.0, -1.0), 0.0)
        self.upper = np.append(np.where(is_sd, np.inf, 1.0), np.inf)
        self.is_sd = np.append(is_sd, False)
        sizes_of_columns = [np.sqrt(np.mean(block.matrix**2, axis=0)) for block in task.blocks]
        floors = [
            np.where(rows == columns, FLOOR / np.maximum(sizes[rows], 1e-300), -np.inf)
            for (rows, columns), sizes in zip(map(_lower, self.widths), sizes_of_columns, strict=True)
        ]
        self.floors = np.append(np.concatenate(floors), 0.0)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """By block: its elements of theta, and their rows and columns."""
        for (start, end), width in zip(pairwise(self._ends), self.widths, strict=True):
            yield slice(start, end), *_lower(width)

    def from_theta(self, theta: np.ndarray, sigma: float) -> np.ndarray:
        """Standard deviations, correlations and sigma; the correlation with a variance of zero is 0."""
        values = np.empty(len(theta) + 1)
        values[-1] = sigma
        for (where, rows, columns), width in zip(self.blocks(), self.widths, strict=True):
            factor = np.zeros((width, width))
            factor[rows, columns] = theta[where]
            lengths = np.linalg.norm(factor, axis=1)
            unit = factor / np.where(lengths > 0, lengths, 1.0)[:, None]
            cosines = np.clip(unit @ unit.T, -1.0, 1.0)
            values[where] = np.where(rows == columns, sigma * lengths[rows], cosines[rows, columns])
        return values

    def matrices(self, values: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """By block: standard deviations (q,) and the correlation matrix (q, q)."""
        found = []
        for (where, rows, columns), width in zip(self.blocks(), self.widths, strict=True):
            correlations = np.eye(width)
            correlations[rows, columns] = correlations[columns, rows] = np.where(rows == columns, 1.0, values[where])
            found.append((values[where][rows == columns], correlations))
        return found

    def theta(self, values: np.ndarray) -> np.ndarray | None:
        """Theta; None where the correlations are those of no random effects, or sigma is zero."""
        theta = np.empty(len(values) - 1)
        if values[-1] <= 0:
            return None
        for (where, rows, columns), (sds, correlations) in zip(self.blocks(), self.matrices(values), strict=True):
            root = correlation_root(correlations)
            if root is None:
                return None
            theta[where] = (sds[:, None] * root)[rows, columns] / values[-1]
        return theta


def _lower(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a lower triangle in theta's order, by columns."""
    columns, rows = np.triu_indices(width)
    return rows, columns


def correlation_root(correlations: np.ndarray) -> np.ndarray | None:
    """Lower-triangular L with ``L L'`` the matrix, which may be singular; None where it is not positive semidefinite.

    Examples
    --------
    >>> correlation_root(np.array([[1.0, -1.0], [-1.0, 1.0]])).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    root = np.zeros_like(correlations)
    for j in range(len(root)):
        rest = correlations[j:, j] - root[j:, :j] @ root[j, :j]
        if rest[0] < -1e-10:
            return None
        pivot = np.sqrt(max(rest[0], 0.0))
        root[j, j] = pivot
        if pivot > 1e-8:
            root[j + 1 :, j] = rest[1:] / pivot
        elif np.any(np.abs(rest[1:]) > 1e-6):
            return None
    return root


class ScaleDeviance:
    """The deviance, profiled over the fixed effects, of standard deviations, correlations and sigma.

    Parameters
    ----------
    task : Problem
        The model's problem under maximum likelihood.
    scales : Scales
        What the parameters are.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), J. Stat. Softw. 67(1), equation 32; lme4's ``devfun2``.
    """

    def __init__(self, task: Problem, scales: Scales) -> None:
        self.task = task
        self.scales = scales

    def __call__(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Deviance, infinite where it is not defined, and its derivative, shape (n_theta + 1,)."""
        theta = self.scales.theta(values)
        if theta is None:
            return np.inf, np.zeros_like(values)
        if not self.task.products.plan.has_inverse:
            return self._value(values), differences(self._value, values)
        system = self.task.decompose(self.task.orthogonal(theta))
        _, gamma, pwrss = fixed_effects(self.task, system)
        mix = np.append(-gamma, 1.0)[:, None] / values[-1]
        return self._deviance(system, pwrss, values[-1]), self._gradient(derivatives.dual(system, mix), values, pwrss)

    def fixed(self, values: np.ndarray) -> np.ndarray:
        """The best fixed effects, shape (p,)."""
        theta = self.scales.theta(values)
        assert theta is not None  # noqa: S101 - what was minimized has a finite deviance
        system = self.task.decompose(self.task.orthogonal(theta))
        return coefficients(self.task, fixed_effects(self.task, system)[1])

    def _value(self, values: np.ndarray) -> float:
        theta = self.scales.theta(values)
        if theta is None:
            return np.inf
        system = self.task.decompose(self.task.orthogonal(theta))
        return self._deviance(system, fixed_effects(self.task, system)[2], values[-1])

    def _deviance(self, system: Decomposition, pwrss: float, sigma: float) -> float:
        n = len(self.task.y)
        return float(system.logdet - self.task.log_weights + pwrss / sigma**2 + n * np.log(2 * np.pi * sigma**2))

    def _gradient(self, duals: list[np.ndarray], values: np.ndarray, pwrss: float) -> np.ndarray:
        sigma, gradient, traces = values[-1], np.empty_like(values), 0.0
        by_block = _by_block(self.task.products.factors, duals)
        for index, ((where, rows, columns), (sds, r)) in enumerate(
            zip(self.scales.blocks(), self.scales.matrices(values), strict=True)
        ):
            dual = by_block[index] / sigma**2
            by_sd = 2 * (dual * r) @ sds
            by_correlation = 2 * dual * np.outer(sds, sds)
            gradient[where] = np.where(rows == columns, by_sd[rows], by_correlation[rows, columns])
            traces += float(sds @ by_sd) / 2
        gradient[-1] = 2 * (len(self.task.y) - pwrss / sigma**2 - traces) / sigma
        return gradient


def _by_block(factors: tuple[Factor, ...], duals: list[np.ndarray]) -> dict[int, np.ndarray]:
    """Derivatives by each block's ``Lambda Lambda'`` on its raw columns."""
    found = {}
    for factor, dual in zip(factors, duals, strict=True):
        raw = factor.transform.T @ dual @ factor.transform
        for block, (start, end) in zip(factor.blocks, pairwise(factor.starts), strict=True):
            found[block] = raw[start:end, start:end]
    return found


class FixedEffectDeviance:
    """The deviance of theta, profiled over sigma and all fixed effects but one, which is held.

    Fixing one coefficient adds to the residual sum of squares the square of its distance to the best one, in units of
    its relative standard error: nothing has to be decomposed anew.

    Parameters
    ----------
    task : Problem
        The model's problem under maximum likelihood.
    which : int
        The fixed effect that is held.
    """

    def __init__(self, task: Problem, which: int) -> None:
        self.task = task
        unit = np.zeros(task.n_fixed)
        unit[which] = 1.0
        self._row = solve_triangular(task.triangle, unit, transposed=True)
        self._offset = float(self._row @ task.projections)

    def at(self, value: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """Deviance and its derivative by the optimizer's parameters, with the effect held at `value`."""

        def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            if not self.task.products.plan.has_inverse:
                return self._value(parameters, value), differences(lambda p: self._value(p, value), parameters)
            system = self.task.decompose(parameters)
            gamma, pwrss = self.held(system, value)
            mix = np.append(-gamma, 1.0)[:, None] * np.sqrt(len(self.task.y) / pwrss)
            gradient = np.empty_like(parameters)
            for factor, slope in zip(self.task.products.factors, derivatives.slopes(system, mix), strict=True):
                gradient[factor.positions] = slope[factor.rows, factor.columns]
            return self._deviance(system, pwrss), gradient

        return objective

    def held(self, system: Decomposition, value: float) -> tuple[np.ndarray, float]:
        """Fixed effects of the orthonormal columns, less the projections, and pwrss, with the effect held."""
        lower, gamma, pwrss = fixed_effects(self.task, system)
        half = solve_triangular(lower, self._row, lower=True)
        scale = float(half @ half)
        distance = value - self._offset - float(self._row @ gamma)
        moved = solve_triangular(lower, half, lower=True, transposed=True)
        return gamma + moved * (distance / scale), pwrss + distance**2 / scale

    def _value(self, parameters: np.ndarray, value: float) -> float:
        system = self.task.decompose(parameters)
        return self._deviance(system, self.held(system, value)[1])

    def _deviance(self, system: Decomposition, pwrss: float) -> float:
        n = len(self.task.y)
        return float(system.logdet - self.task.log_weights + n * (1 + np.log(2 * np.pi * pwrss / n)))


def coefficients(task: Problem, gamma: np.ndarray) -> np.ndarray:
    """Fixed effects from those of the orthonormal columns, shape (p,)."""
    return np.asarray(solve_triangular(task.triangle, gamma + task.projections))


def differences(function: Callable[[np.ndarray], float], point: np.ndarray) -> np.ndarray:
    """Central differences, shape (k,)."""
    gradient = np.empty_like(point)
    for i, value in enumerate(point):
        step = np.zeros_like(point)
        step[i] = STEP * max(abs(value), STEP)
        gradient[i] = (function(point + step) - function(point - step)) / (2 * step[i])
    return gradient
