"""The optimizer: it finds minima, zero variances exactly, ways out of false boundaries, and certifies what it found."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.errors import DataError
from lmebridge.pls import solution as pls
from lmebridge.pls.optimize import FLAT_TEXT, SINGULAR_TEXT, Point, _Evaluator, _search, is_singular, optimize
from tests.arrays import Arrays, block, designs

DESIGNS = designs()


def grouped(between, n_levels=12, size=6, seed=3):
    """Random intercepts and slopes with the given covariance, and x."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_levels), size)
    x = np.tile(np.linspace(-1, 1, size), n_levels)
    effects = rng.multivariate_normal(np.zeros(2), between, n_levels)
    y = effects[codes, 0] + effects[codes, 1] * x + rng.normal(size=len(codes))
    X = np.column_stack([np.ones_like(x), x])
    return Arrays(y, X, (block("g", codes, np.ones_like(x), x),))


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("REML", [True, False])
def test_every_direction_rises(name, REML):
    """No feasible step from the certified minimum lowers the criterion, and code 0 says so."""
    task = pls.problem(DESIGNS[name], REML=REML)
    solution, convergence = optimize(task)
    assert convergence.code == 0
    assert convergence.status.startswith("OK: certified minimum")
    rng = np.random.default_rng(1)
    for size in (1e-4, 1e-2, 0.3):
        for _ in range(20):
            step = size * rng.normal(size=len(solution.theta))
            theta = np.maximum(solution.theta + step, task.lower)
            assert task.objective(theta) >= solution.criterion - 1e-9  # rounding of a criterion of 1e3


def test_zero_variance_is_exactly_zero():
    """Where groups differ less than chance the variance is 0.0, the fit singular, in lme4's words."""
    codes = np.repeat(np.arange(6), 4)
    y = np.tile([1.0, 2.0, 3.0, 4.0], 6)
    solution, convergence = optimize(pls.problem(Arrays(y, np.ones((24, 1)), (block("g", codes),)), REML=True))
    assert solution.theta.tolist() == [0.0]
    assert [m.text for m in convergence.messages if m.kind == "singular"] == [SINGULAR_TEXT]
    assert solution.sigma == pytest.approx(np.std(y, ddof=1), rel=1e-14)  # least squares


def test_perfect_correlation_is_exactly_singular():
    """A slope that is a multiple of the intercept gives a last diagonal element of exactly zero."""
    design = grouped([[1.0, 0.8], [0.8, 0.64]], seed=11)
    solution, _ = optimize(pls.problem(design, REML=True))
    assert solution.theta[2] == 0.0
    assert is_singular(pls.problem(design, REML=True), solution.theta)


@pytest.mark.parametrize("start", [[0.0, 0.0, 0.0], [0.0, 0.5, 0.0], [1e-7, 0.0, 1e-7], [50.0, -30.0, 20.0]])
def test_start_does_not_matter(start):
    """A start on the boundary, where the gradient by theta vanishes, does not keep the optimizer there."""
    task = pls.problem(grouped([[1.0, 0.3], [0.3, 0.5]]), REML=True)
    expected, _ = optimize(task)
    found, convergence = optimize(task, start)
    assert convergence.code == 0
    assert found.criterion == pytest.approx(expected.criterion, abs=1e-9)  # both are certified minima
    assert found.theta == pytest.approx(expected.theta, abs=1e-5)  # 1e-6 standard errors


def test_false_boundary_is_left():
    """From a stationary point at zero that is no minimum the search finds the minimum."""
    task = pls.problem(grouped([[1.0, 0.3], [0.3, 0.5]]), REML=True)
    evaluator = _Evaluator(task)
    value, gradient = evaluator(np.zeros(3))
    assert np.all(gradient == 0)
    found = _search(evaluator, np.zeros(3), {})
    assert isinstance(found, Point)
    assert found.value < value - 1


def test_dual_is_the_slope_by_the_covariance():
    """N is the derivative of the criterion by the covariance matrix, also where Lambda is singular."""
    task = pls.problem(grouped([[1.0, 0.3], [0.3, 0.5]]), REML=True)
    (dual,) = pls.duals(task, np.zeros(3))
    step = 1e-6  # of the covariance: Lambda is its root
    for direction in ([1.0, 0.0], [0.0, 1.0], [np.sqrt(0.5), np.sqrt(0.5)]):
        lower = np.linalg.cholesky(step * np.outer(direction, direction) + 1e-14 * np.eye(2))
        rise = pls.value_and_gradient(task, lower[np.tril_indices(2)])[0]
        rise -= pls.value_and_gradient(task, np.zeros(3))[0]
        # 1e-4: the criterion's curvature (10) times the step, over the slope
        assert np.array(direction) @ dual @ direction == pytest.approx(rise / step, rel=1e-4)


def test_no_optimization():
    """`optimizer="none"` evaluates at the start, lme4's identity where none is given."""
    task = pls.problem(DESIGNS["slope"], REML=True)
    solution, convergence = optimize(task, None, {"optimizer": "none"})
    assert solution.theta.tolist() == [1.0, 0.0, 1.0]
    assert convergence.optimizer == "none"


def test_evaluations_can_be_limited():
    """`optCtrl` limits the first stage; the Newton stage certifies or says that it cannot."""
    task = pls.problem(DESIGNS["three crossed with slopes"], REML=True)
    limited, _ = optimize(task, [5.0, 2.0, 5.0, 5.0, 2.0, 5.0, 5.0], {"optCtrl": {"maxfun": 2}})
    full, _ = optimize(task)
    assert limited.criterion >= full.criterion - 1e-9  # rounding


def test_flat_criterion_is_reported():
    """A variance that the fixed effects explain away leaves the REML criterion flat, in lme4's words."""
    codes = np.repeat(np.arange(4), 10)
    rng = np.random.default_rng(1)
    inner = np.repeat(np.arange(20), 2)
    y = rng.normal(size=20)[inner] * 3 + rng.normal(size=40)
    X = (codes[:, None] == np.arange(4)).astype(float)
    _, convergence = optimize(pls.problem(Arrays(y, X, (block("inner", inner), block("g", codes))), REML=True))
    assert [m.text for m in convergence.messages] == [FLAT_TEXT]


@pytest.mark.parametrize(
    ("start", "control", "words"),
    [
        ([1.0], {}, "start has 1 values; theta has 3"),
        (None, {"optimiser": "bobyqa"}, "no option .optimiser.*Did you mean optimizer"),
    ],
)
def test_bad_options(start, control, words):
    """A start of the wrong length and an unknown option are errors that say what there is."""
    with pytest.raises(DataError, match=words):
        optimize(pls.problem(DESIGNS["slope"], REML=True), start, control)
