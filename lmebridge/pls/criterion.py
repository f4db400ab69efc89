"""The criterion at one decomposition: lme4's profiled deviance or REML criterion, and what its gradient needs.

References
----------
Bates, Maechler, Bolker & Walker (2015), Fitting linear mixed-effects models using lme4, J. Stat. Softw. 67(1),
equations 34 and 41; lme4's ``lmerResp::Laplace`` (src/respModule.cpp) for the term of the prior weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmebridge.pls.triangular import solve_triangular

if TYPE_CHECKING:
    from lmebridge.pls.blocks import Decomposition
    from lmebridge.pls.solution import Problem


def fixed_effects(task: Problem, system: Decomposition) -> tuple[np.ndarray, np.ndarray, float]:
    """Cholesky factor of ``Q'V^-1 Q``, the fixed effects of Q less the projections, and pwrss."""
    p = task.n_fixed
    lower = np.linalg.cholesky(system.fixed[:p, :p])
    half = solve_triangular(lower, system.fixed[:p, p], lower=True)
    gamma = solve_triangular(lower, half, lower=True, transposed=True)
    return lower, gamma, float(system.fixed[p, p] - half @ half)


def criterion(task: Problem, system: Decomposition) -> float:
    """Profiled deviance or REML criterion, dimensionless."""
    lower, _, pwrss = fixed_effects(task, system)
    return profiled(task, system.logdet, log_det(task, lower), pwrss)


def log_det(task: Problem, lower: np.ndarray) -> float:
    """``ldRX2``: log determinant of ``X'V^-1 X``."""
    return 2.0 * float(np.log(np.diagonal(lower)).sum() + np.log(np.diagonal(task.triangle)).sum())


def profiled(task: Problem, ldL2: float, ldRX2: float, pwrss: float) -> float:
    """Criterion from its components, profiled over the fixed effects and sigma; dimensionless."""
    df = task.degrees_of_freedom
    value = ldL2 + df * (1.0 + np.log(2.0 * np.pi * pwrss / df)) - task.log_weights
    return float(value + ldRX2 if task.REML else value)


def mix_of(task: Problem, system: Decomposition) -> np.ndarray:
    """Combinations of F whose squared scores are the derivatives of the criterion's quadratic parts, (p + 1, c)."""
    p = task.n_fixed
    lower, gamma, pwrss = fixed_effects(task, system)
    mix = np.zeros((p + 1, 1 + p if task.REML else 1))
    mix[:p, 0], mix[p, 0] = -gamma, 1.0
    mix[:, 0] *= np.sqrt(task.degrees_of_freedom / pwrss)
    if task.REML:
        mix[:p, 1:] = solve_triangular(lower, np.eye(p), lower=True, transposed=True)
    return mix
