"""The criterion of many responses at once against that of each, and the sweeps it is made of against numpy's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmebridge.inference.responses import Responses, stacked
from lmebridge.pls.solution import Problem, duals, value_and_gradient
from lmebridge.pls.stacked import StackedCriterion, can_stack, swept
from tests.inference.models import fitted

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_sweeps_invert(size: int) -> None:
    """Inverses and log determinants of a stack of positive definite matrices."""
    roots = RNG.standard_normal((4, 5, size, size))
    matrices = np.eye(size) + roots @ roots.transpose(0, 1, 3, 2)
    inverse, logdet = swept(np.moveaxis(matrices, (0, 1), (-2, -1)))
    # rounding, times the matrices' condition of up to 1e3
    np.testing.assert_allclose(np.moveaxis(inverse, (-2, -1), (0, 1)), np.linalg.inv(matrices), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(logdet, np.linalg.slogdet(matrices)[1], rtol=1e-12)


def test_what_is_not_positive_definite_is_nan() -> None:
    """One bad matrix of a stack spoils none of the others."""
    stack = np.stack([np.eye(2), np.array([[1.0, 2.0], [2.0, 1.0]])], axis=-1)
    with np.errstate(invalid="ignore"):
        assert np.isnan(swept(stack)[1]).tolist() == [False, True]


def task_of(name: str, *, REML: bool) -> Problem:
    """The problem of an example."""
    return fitted(name, "native")._engine.solution.problem.with_REML(REML=REML)


@pytest.mark.parametrize("REML", [True, False])
@pytest.mark.parametrize("name", ["slopes", "one", "cake"])
def test_values_and_slopes(name: str, REML: bool) -> None:
    """Each response at its own theta, some on the boundary: criterion, gradient and duals are those of it alone."""
    task = task_of(name, REML=REML)
    responses = [task.y + RNG.standard_normal(len(task.y)) for _ in range(6)]
    tasks = [Responses(task).problem(y) for y in responses]
    points = np.abs(RNG.standard_normal((6, len(task.lower))))
    points[0] = 0.0
    points[1, -1] = 0.0
    criterion, stack = StackedCriterion(task), stacked(tasks)
    values, gradients = criterion(points, stack)
    slopes = criterion.with_duals(points, stack)[1]
    for own, point, value, gradient, slope in zip(tasks, points, values, gradients, slopes, strict=True):
        expected = value_and_gradient(own, point)
        assert value == pytest.approx(expected[0], rel=1e-12)  # rounding of sums in another order
        np.testing.assert_allclose(gradient, expected[1], rtol=1e-8, atol=1e-8)  # rounding of a gradient of up to 1e4
        np.testing.assert_allclose(slope, duals(own, point)[0], rtol=1e-8, atol=1e-8)  # as above
    some = np.array([4, 2])
    np.testing.assert_allclose(criterion(points[some], stack.take(some))[0], values[some], rtol=1e-14)  # rounding


def test_one_grouping_factor() -> None:
    """Blocks of one factor are stacked, several factors are not."""
    assert can_stack(task_of("slopes", REML=True))
    assert not can_stack(task_of("crossed", REML=True))


def test_what_has_no_criterion_is_nan() -> None:
    """Where Lambda is beyond double precision there is no value, and no warning."""
    task = task_of("one", REML=True)
    tasks = [replace(task, products=task.products), task]
    values, _ = StackedCriterion(task)(np.array([[1e200], [1.0]]), stacked(tasks))
    assert np.isfinite(values).tolist() == [False, True]
