"""The start from moments: near the optimum where groups are many, never at zero, and curved as the criterion is."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.pls import solution as pls
from lmebridge.pls import starting
from lmebridge.pls.optimize import optimize
from tests.arrays import Arrays, block, designs


def balanced(sd, n_levels=400, size=5):
    """Many groups of equal size whose means have the given standard deviation."""
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(n_levels), size)
    y = sd * rng.normal(size=n_levels)[codes] + rng.normal(size=len(codes))
    return pls.problem(Arrays(y, np.ones((len(y), 1)), (block("g", codes),)), REML=False)


@pytest.mark.parametrize("sd", [0.5, 1.0, 3.0])
def test_start_is_near_the_optimum(sd):
    """In a balanced layout the moments are nearly the maximum-likelihood estimates."""
    task = balanced(sd)
    solution, _ = optimize(task)
    # 5%: the moments take the mean square within groups from the total
    assert starting.start(task.products, len(task.y)) == pytest.approx(solution.theta, rel=0.05)


def test_curvature_is_the_criterions():
    """At the optimum of one balanced factor the expected second derivative is the observed one."""
    task = balanced(1.0)
    solution, _ = optimize(task)
    step = 1e-4
    rise = (
        pls.value_and_gradient(task, solution.theta + step)[1] - pls.value_and_gradient(task, solution.theta - step)[1]
    )
    # 30%: sigma is profiled out of the criterion and taken as known in the expectation
    assert starting.curvatures(task.products, solution.theta) == pytest.approx(rise / (2 * step), rel=0.3)


@pytest.mark.parametrize("name", designs())
def test_start_is_usable(name):
    """Every start is finite, with a diagonal between the bounds, and every curvature positive."""
    task = pls.problem(designs()[name], REML=True)
    start = starting.start(task.products, len(task.y))
    diagonal = start[task.lower == 0]
    assert np.all((diagonal >= starting.SMALLEST) & (diagonal <= starting.LARGEST))
    assert np.all(start[task.lower < 0] == 0)
    assert np.all(starting.curvatures(task.products, start) > 0)
