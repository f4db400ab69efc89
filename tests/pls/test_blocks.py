"""Grouping factors, their orthogonalized columns and the block elimination, against dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.pls import blocks, schur
from lmebridge.pls import solution as pls
from lmebridge.pls.optimize import optimize
from tests.arrays import Arrays, any_theta, block, designs, deviance

DESIGNS = designs()


@pytest.mark.parametrize("name", DESIGNS)
def test_orthogonalized_columns_are_the_raw_ones(name):
    """The raw columns are the orthogonalized ones times T, T is lower triangular, and blocks do not mix."""
    design = DESIGNS[name]
    for factor in blocks.factors(design.blocks):
        raw = np.hstack([design.blocks[i].matrix for i in factor.blocks])
        assert factor.matrix @ factor.transform == pytest.approx(raw, rel=1e-12, abs=1e-12)  # rounding
        assert np.array_equal(factor.transform, np.tril(factor.transform))
        for start, end in zip(factor.starts[:-1], factor.starts[1:], strict=True):
            own = factor.matrix[:, start:end]
            assert own.T @ own / len(own) == pytest.approx(np.eye(end - start), abs=1e-10)  # 1e-16 x condition of Z'Z


@pytest.mark.parametrize("name", DESIGNS)
def test_parameters_and_theta_are_inverse(name):
    """Theta survives the way to the optimizer's parameters and back; zeros on the diagonal stay exactly zero."""
    design = DESIGNS[name]
    task = pls.problem(design, REML=True)
    theta = any_theta(design) * (task.lower < 0)
    again = task.theta(task.orthogonal(theta))
    assert again == pytest.approx(theta, rel=1e-10, abs=1e-12)  # a triangular solve
    assert np.all(again[task.lower == 0] == 0)


def test_the_largest_factor_goes_first():
    """Elimination starts with the factor that has most random effects, whatever the order of writing."""
    first = blocks.factors(DESIGNS["small first"].blocks)[0]
    assert first.blocks == (1,)


def test_levels_with_fewer_rows_than_effects():
    """A level with one row and two effects is no obstacle."""
    rng = np.random.default_rng(1)
    codes, x = np.r_[0, 1, 1, np.repeat([2, 3, 4], 4)], rng.normal(size=15)
    design = Arrays(rng.normal(size=15), np.ones((15, 1)), (block("g", codes, np.ones(15), x),))
    theta = np.array([0.8, -0.3, 0.5])
    # 1e-11: eps times the size of the criterion
    assert pls.problem(design, REML=True).objective(theta) == pytest.approx(
        deviance(design, theta, REML=True), abs=1e-11
    )


def test_a_column_of_zeros_or_a_repeated_column():
    """Effects that are zero, or collinear within the block, leave the criterion what its definition says."""
    rng = np.random.default_rng(4)
    codes, x = rng.integers(0, 5, 40), rng.normal(size=40)
    for columns in ([x, np.zeros(40)], [x, 2 * x]):
        design = Arrays(rng.normal(size=40), np.ones((40, 1)), (block("g", codes, *columns),))
        theta = np.array([0.8, -0.3, 0.5])
        expected = deviance(design, theta, REML=False)
        assert pls.problem(design, REML=False).objective(theta) == pytest.approx(expected, abs=1e-10)  # as above


def test_no_fixed_effects():
    """A model without fixed effects has the criterion of its definition."""
    design = Arrays(DESIGNS["crossed"].y - 100, np.zeros((120, 0)), DESIGNS["crossed"].blocks)
    solution, _ = optimize(pls.problem(design, REML=True))
    assert solution.beta.shape == (0,)
    assert solution.criterion == pytest.approx(deviance(design, solution.theta, REML=True), abs=1e-10)  # as above


@pytest.mark.parametrize("name", ["three crossed with slopes", "nested slopes, weights and offset", "mixed"])
def test_sparse_path_agrees(name, monkeypatch):
    """Without an inverse, criterion, optimum and conditional variances are those of the dense path."""
    design = DESIGNS[name]
    expected, _ = optimize(pls.problem(design, REML=True))
    variances = pls.conditional_variances(expected)
    for module in (schur, blocks):
        monkeypatch.setattr(module, "DENSE_ROWS", 1)
    monkeypatch.setattr(schur, "FULL", 2.0)
    task = pls.problem(design, REML=True)
    assert task.products.plan.kind == "sparse"
    found, convergence = optimize(task)
    assert convergence.code == 0
    assert found.criterion == pytest.approx(expected.criterion, abs=1e-8)  # differences for a gradient: 1e-5 squared
    for group, values in pls.conditional_variances(pls.solve(task, expected.theta)).items():
        assert values == pytest.approx(variances[group], rel=1e-8, abs=1e-12)  # the same numbers by another way
