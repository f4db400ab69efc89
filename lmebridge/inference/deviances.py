"""The deviance as a function of what is profiled: standard deviations and correlations, or one fixed effect."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.pls import derivatives
from lmebridge.pls.blocks import decompose
from lmebridge.pls.criterion import fixed_effects
from lmebridge.pls.triangular import solve_triangular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lmebridge.inference.descent import Minimum
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

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """The lower triangles, shape (q, q), whose elements are theta's, by block."""
        found = [np.zeros((width, width)) for width in self.widths]
        for factor, (where, rows, columns) in zip(found, self.blocks(), strict=True):
            factor[rows, columns] = theta[where]
        return found

    def from_theta(self, theta: np.ndarray, sigma: float) -> np.ndarray:
        """Standard deviations, correlations and sigma; the correlation with a variance of zero is 0."""
        return self.from_factors(self.factors(theta), sigma)

    def from_factors(self, factors: Sequence[np.ndarray], sigma: float) -> np.ndarray:
        """The same from any L with ``L L'`` the relative covariance, shape (q, q), by block."""
        values = np.empty(len(self.is_sd))
        values[-1] = sigma
        for factor, (where, rows, columns) in zip(factors, self.blocks(), strict=True):
            lengths = np.linalg.norm(factor, axis=1)
            unit = factor / np.where(lengths > 0, lengths, 1.0)[:, None]
            cosines = np.clip(unit @ unit.T, -1.0, 1.0)
            values[where] = np.where(rows == columns, sigma * lengths[rows], cosines[rows, columns])
        return values


def _lower(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a lower triangle in theta's order, by columns."""
    columns, rows = np.triu_indices(width)
    return rows, columns


def lower_root(factor: np.ndarray) -> np.ndarray:
    """Lower-triangular L with ``L L'`` that of `factor`, shape (q, q), and its diagonal not negative.

    Examples
    --------
    >>> lower_root(np.array([[3.0, 4.0], [1.0, 0.0]]))[1].round(12).tolist()
    [0.6, 0.8]
    """
    root = np.asarray(np.linalg.qr(factor.T, mode="r")).T
    return np.asarray(root * np.where(np.diagonal(root) < 0, -1.0, 1.0))


class ScaleDeviance:
    """The deviance, profiled over the fixed effects, with one standard deviation, one correlation or sigma held.

    A function of factors of the relative covariances, each with its effects in such an order that those of the held
    parameter are the first. A standard deviation is then sigma times the first element, and a correlation is the
    direction of the second row: its parameter is the row's length. Whatever the other elements are, there are effects
    with that covariance; of standard deviations and correlations that is not so where three effects correlate.

    Parameters
    ----------
    task : Problem
        The model's problem under maximum likelihood.
    scales : Scales
        What the parameters are.
    which : int
        The parameter that is held.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), J. Stat. Softw. 67(1), equation 32; lme4's ``devfun2``.
    """

    def __init__(self, task: Problem, scales: Scales, which: int) -> None:
        self.task = task
        self.scales = scales
        self._orders = [np.arange(width) for width in scales.widths]
        self._is_sd = bool(scales.is_sd[which])
        #: First element of the held effects' block, and the first of its second column: of a correlation both matter.
        self._first, self._second = -1, -1
        free, lower = np.ones(len(scales.is_sd), dtype=bool), np.full(len(scales.is_sd), -np.inf)
        for block, (where, rows, columns) in enumerate(scales.blocks()):
            if where.start <= which < where.stop:
                own = np.unique([columns[which - where.start], rows[which - where.start]])
                self._orders[block] = np.append(own, np.setdiff1d(self._orders[block], own))
                self._first, self._second = where.start, where.start + scales.widths[block]
        if self._is_correlation:  # of its sign only if neither row is turned; other columns may have any sign
            lower[[self._first, self._first + 1]] = 0.0
        lower[-1] = 0.0
        free[self._first if self._is_sd else self._second] = False
        free[-1] = self._is_sd
        self._free = free
        self.bounds = lower[free], np.full(int(free.sum()), np.inf)

    @property
    def lengths(self) -> list[int]:
        """Which of the optimizer's parameters are lengths of a held correlation's rows: at zero it says nothing."""
        places = [self._first, self._first + 1] if self._is_correlation else []
        return [int(self._free[:place].sum()) for place in places]

    @property
    def _is_correlation(self) -> bool:
        return self._first >= 0 and not self._is_sd

    def start(self, theta: np.ndarray, sigma: float) -> np.ndarray:
        """The optimizer's parameters there, whatever is held."""
        factors = self.scales.factors(theta)
        elements = np.append(theta, sigma)
        for factor, order, (where, rows, columns) in zip(factors, self._orders, self.scales.blocks(), strict=True):
            elements[where] = lower_root(factor[order])[rows, columns]
        if self._is_correlation:
            elements[self._first + 1] = np.hypot(elements[self._first + 1], elements[self._second])
        return np.asarray(elements[self._free])

    def floors(self) -> np.ndarray:
        """Least elements to start from: where a variance is zero the deviance is flat, minimum or not."""
        floors = self.scales.floors.copy()
        for order, (where, rows, columns) in zip(self._orders, self.scales.blocks(), strict=True):
            floors[where] = np.where(rows == columns, floors[where][(rows == columns)][order][rows], -np.inf)
        if self._is_correlation:
            floors[self._first + 1] = floors[self._second]
        return np.asarray(floors[self._free])

    def steps(self, parameters: np.ndarray) -> np.ndarray:
        """Steps of the differences that make second derivatives."""
        elements = np.zeros(len(self._free))
        elements[self._free] = np.abs(parameters)
        sizes = np.zeros_like(elements)
        for order, (where, rows, columns) in zip(self._orders, self.scales.blocks(), strict=True):
            sizes[where] = self.scales.floors[where][rows == columns][order][rows]
        return np.asarray(STEP * np.maximum(elements, sizes)[self._free])

    def at(self, value: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """Deviance, infinite where sigma is zero, and its derivative, with the parameter held at `value`."""

        def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            if not self.task.products.plan.has_inverse:
                return self._value(parameters, value), differences(lambda p: self._value(p, value), parameters)
            elements, sigma = self._elements(parameters, value)
            if sigma is not None and sigma <= 0:
                return np.inf, np.zeros_like(parameters)
            factors = self._factors(elements)
            system = self._system(factors)
            _, gamma, pwrss = fixed_effects(self.task, system)
            sigma = float(np.sqrt(pwrss / len(self.task.y))) if sigma is None else sigma
            mix = np.append(-gamma, 1.0)[:, None] / sigma
            slopes = self._slopes(factors, derivatives.dual(system, mix))
            slopes[-1] = 2 * (len(self.task.y) - pwrss / sigma**2) / sigma
            return self._deviance(system, pwrss, sigma), self._by_parameters(slopes, value, sigma)

        return objective

    def point(self, parameters: np.ndarray, value: float) -> np.ndarray:
        """Standard deviations, correlations, sigma and the best fixed effects."""
        elements, sigma = self._elements(parameters, value)
        factors = self._factors(elements)
        _, gamma, pwrss = fixed_effects(self.task, self._system(factors))
        scales = self.scales.from_factors(factors, float(np.sqrt(pwrss / len(self.task.y))) if sigma is None else sigma)
        return np.concatenate([scales, coefficients(self.task, gamma)])

    def _elements(self, parameters: np.ndarray, value: float) -> tuple[np.ndarray, float | None]:
        """The factors' elements, in theta's order; and sigma, None where it is the best one."""
        elements = np.zeros(len(self._free))
        elements[self._free] = parameters
        if self._is_sd:
            sigma = float(elements[-1])
            elements[self._first] = value / sigma if sigma > 0 else 0.0
            return elements, sigma
        if not self._is_correlation:
            return elements, value
        length = elements[self._first + 1]
        elements[[self._first + 1, self._second]] = length * value, length * np.sqrt(1 - value**2)
        return elements, None

    def _by_parameters(self, slopes: np.ndarray, value: float, sigma: float) -> np.ndarray:
        """Derivatives by the optimizer's parameters from those by the factors' elements and sigma."""
        if self._is_sd:
            slopes[-1] -= slopes[self._first] * value / sigma**2
        elif self._is_correlation:
            slopes[self._first + 1] = slopes[self._first + 1] * value + slopes[self._second] * np.sqrt(1 - value**2)
        return np.asarray(slopes[self._free])

    def _factors(self, elements: np.ndarray) -> list[np.ndarray]:
        """Factors with their rows in the model's order."""
        return [
            factor[np.argsort(order)]
            for factor, order in zip(self.scales.factors(elements[:-1]), self._orders, strict=True)
        ]

    def _system(self, factors: Sequence[np.ndarray]) -> Decomposition:
        """The system at any factors: it depends on ``L L'`` alone."""
        templates = []
        for group in self.task.products.factors:
            template = np.zeros((group.n_columns, group.n_columns))
            for block, (start, end) in zip(group.blocks, pairwise(group.starts), strict=True):
                template[start:end, start:end] = factors[block]
            templates.append(group.transform @ template)
        return decompose(self.task.products, tuple(templates))

    def _slopes(self, factors: Sequence[np.ndarray], duals: list[np.ndarray]) -> np.ndarray:
        """Derivatives by the factors' elements in theta's order, and a place for sigma's."""
        by_block = _by_block(self.task.products.factors, duals)
        slopes = np.empty(len(self._free))
        for block, (where, rows, columns) in enumerate(self.scales.blocks()):
            slopes[where] = (2 * by_block[block] @ factors[block])[self._orders[block]][rows, columns]
        return slopes

    def _value(self, parameters: np.ndarray, value: float) -> float:
        elements, sigma = self._elements(parameters, value)
        if sigma is not None and sigma <= 0:
            return np.inf
        system = self._system(self._factors(elements))
        pwrss = fixed_effects(self.task, system)[2]
        return self._deviance(system, pwrss, float(np.sqrt(pwrss / len(self.task.y))) if sigma is None else sigma)

    def _deviance(self, system: Decomposition, pwrss: float, sigma: float) -> float:
        n = len(self.task.y)
        return float(system.logdet - self.task.log_weights + pwrss / sigma**2 + n * np.log(2 * np.pi * sigma**2))


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
    scales : Scales
        What the variance parameters are.
    which : int
        The fixed effect that is held.
    """

    def __init__(self, task: Problem, scales: Scales, which: int) -> None:
        self.task = task
        self.scales = scales
        self.bounds = np.full_like(task.lower, -np.inf), np.full_like(task.lower, np.inf)
        self.lengths: list[int] = []
        unit = np.zeros(task.n_fixed)
        unit[which] = 1.0
        self._row = solve_triangular(task.triangle, unit, transposed=True)
        self._offset = float(self._row @ task.projections)

    def start(self, theta: np.ndarray, sigma: float) -> np.ndarray:  # noqa: ARG002 - as `ScaleDeviance.start`
        """The optimizer's parameters there."""
        return self.task.orthogonal(theta)

    def floors(self) -> np.ndarray:
        """As `ScaleDeviance.floors`."""
        return np.where(self.task.lower == 0, FLOOR, -np.inf)

    def steps(self, parameters: np.ndarray) -> np.ndarray:
        """Steps of the differences that make second derivatives."""
        return np.asarray(STEP * np.maximum(np.abs(parameters), FLOOR))

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

    def point(self, parameters: np.ndarray, value: float) -> np.ndarray:
        """Standard deviations, correlations, sigma and the fixed effects, of which one is held."""
        gamma, pwrss = self.held(self.task.decompose(parameters), value)
        scales = self.scales.from_theta(self.task.theta(parameters), float(np.sqrt(pwrss / len(self.task.y))))
        return np.concatenate([scales, coefficients(self.task, gamma)])

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


def without_correlation(
    held: ScaleDeviance | FixedEffectDeviance, estimate: float, start: tuple[np.ndarray, np.ndarray]
) -> Minimum | None:
    """The least deviance where a correlation says nothing, one of its standard deviations being zero; None for others.

    No value of the correlation has a larger one.
    """
    from lmebridge.inference.descent import minimize

    found = []
    for place in held.lengths:
        upper = held.bounds[1].copy()
        upper[place] = 0.0
        found.append(minimize(held.at(estimate), start[0], (held.bounds[0], upper), start[1]))
    return min(found, key=lambda minimum: minimum.value, default=None)
