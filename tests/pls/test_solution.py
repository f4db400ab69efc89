"""The criterion and what follows from theta, against the multivariate normal density and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmebridge.errors import DataError
from lmebridge.pls import solution as pls
from lmebridge.pls.optimize import optimize
from tests.arrays import Arrays, any_theta, block, blups, designs, deviance

DESIGNS = designs()
cases = pytest.mark.parametrize("name", DESIGNS)
criteria = pytest.mark.parametrize("REML", [True, False])


@cases
@criteria
def test_objective_is_the_normal_density(name, REML):
    """The criterion is minus twice the log of the (restricted) multivariate normal density."""
    design = DESIGNS[name]
    theta = any_theta(design)
    # 1e-9: eps times the terms of the sum (1e3) times the condition of V (1e3 on the raw scale)
    assert pls.problem(design, REML=REML).objective(theta) == pytest.approx(
        deviance(design, theta, REML=REML), abs=1e-9
    )


@cases
@criteria
def test_gradient_is_the_slope_of_the_density(name, REML):
    """The analytic gradient agrees with central differences of the density computed the long way."""
    design = DESIGNS[name]
    theta, step = any_theta(design), 1e-5
    shifts = step * np.eye(len(theta))
    slopes = [
        (deviance(design, theta + s, REML=REML) - deviance(design, theta - s, REML=REML)) / (2 * step) for s in shifts
    ]
    gradient = pls.problem(design, REML=REML).gradient(theta)
    # 1e-5: rounding of the density over the step (1e-10 / 1e-5); slopes of 1e6 are compared relatively
    assert gradient == pytest.approx(np.array(slopes), abs=1e-5, rel=1e-6)


@cases
def test_solution_is_gaussian_conditioning(name):
    """Fixed effects, their covariance, the modes and their covariances are those of the joint normal distribution."""
    design = DESIGNS[name]
    theta = any_theta(design)
    solution = pls.solve(pls.problem(design, REML=True), theta)
    modes, covariance, beta, vcov = blups(design, theta, solution.sigma)
    # 1e-8: the judge inverts V, whose condition number on the raw scale is 1e7
    assert solution.beta == pytest.approx(beta, rel=1e-8)
    assert pls.vcov(solution) == pytest.approx(vcov, rel=1e-6, abs=1e-10 * vcov.max())
    assert solution.b == pytest.approx(modes, rel=1e-6, abs=1e-7 * np.abs(modes).max())
    check_conditional_variances(design, solution, covariance)


def check_conditional_variances(design, solution, covariance):
    """Compare the diagonal blocks of `covariance`, the blocks of one factor taken together."""
    rows, start = {}, 0
    for one in design.blocks:
        size = len(one.levels) * one.matrix.shape[1]
        rows.setdefault(one.group, []).append(np.arange(start, start + size).reshape(len(one.levels), -1))
        start += size
    for group, found in pls.conditional_variances(solution).items():
        where = np.hstack(rows[group])
        expected = covariance[where[:, :, None], where[:, None, :]]
        # 1e-7: the judge takes a difference of matrices of the size of `covariance`
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-7 * np.abs(expected).max())


@cases
def test_components_add_up(name):
    """ldL2, ldRX2, wrss and ussq are those of lme4's devcomp: the criterion is their sum, mu the fitted values."""
    design = DESIGNS[name]
    solution = pls.solve(pls.problem(design, REML=True), any_theta(design))
    n, p = design.X.shape
    log_weights = 0.0 if design.weights is None else np.log(design.weights).sum()
    variance = 2 * np.pi * solution.pwrss / (n - p)
    total = solution.ldL2 + solution.ldRX2 + (n - p) * (1 + np.log(variance)) - log_weights
    assert solution.criterion == pytest.approx(total, rel=1e-14)  # the same sum in another order
    weights = 1.0 if design.weights is None else design.weights
    assert solution.wrss == pytest.approx(np.sum(weights * (design.y - solution.mu) ** 2), rel=1e-14)
    assert solution.ussq == pytest.approx(solution.u @ solution.u, rel=1e-14)
    assert 2 * np.log(np.diagonal(solution.RX)).sum() == pytest.approx(solution.ldRX2, rel=1e-12)


def balanced(groups=8, size=6, between=3.0, seed=2):
    """A balanced one-way layout."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(groups), size)
    y = 50 + between * rng.normal(size=groups)[codes] + rng.normal(size=len(codes))
    return Arrays(y, np.ones((len(y), 1)), (block("g", codes),)), codes


def test_balanced_one_way_reml_is_anova():
    """In a balanced one-way layout REML gives the ANOVA estimators where they are positive.

    References: Searle, Casella & McCulloch (1992), Variance Components, section 4.8.
    """
    design, codes = balanced()
    means = np.bincount(codes, design.y) / 6
    within = np.sum((design.y - means[codes]) ** 2) / (len(codes) - 8)
    between = 6 * np.sum((means - means.mean()) ** 2) / 7
    solution, _ = optimize(pls.problem(design, REML=True))
    # 1e-9: both are sums of squares of 48 numbers
    assert solution.sigma**2 == pytest.approx(within, rel=1e-9)
    assert (solution.sigma * solution.theta[0]) ** 2 == pytest.approx((between - within) / 6, rel=1e-9)
    assert solution.beta[0] == pytest.approx(means.mean(), rel=1e-12)
    assert pls.vcov(solution)[0, 0] == pytest.approx(between / 48, rel=1e-9)


def test_balanced_one_way_ml_closed_form():
    """By maximum likelihood the between-group mean square is divided by the number of groups."""
    design, codes = balanced()
    means = np.bincount(codes, design.y) / 6
    within = np.sum((design.y - means[codes]) ** 2) / (len(codes) - 8)
    between = 6 * np.sum((means - means.mean()) ** 2) / 8
    solution, _ = optimize(pls.problem(design, REML=False))
    assert solution.sigma**2 == pytest.approx(within, rel=1e-9)  # as above
    assert (solution.sigma * solution.theta[0]) ** 2 == pytest.approx((between - within) / 6, rel=1e-9)


def test_shift_and_scale_of_the_response():
    """A shift of y moves the intercept alone, a factor scales everything, and theta stays."""
    design = DESIGNS["three crossed with slopes"]
    plain, _ = optimize(pls.problem(design, REML=True))
    moved, _ = optimize(pls.problem(replace(design, y=1e5 + 1e3 * design.y), REML=True))
    # 1e-7 of theta: Newton's decrement 1e-12 leaves 1e-6 standard errors, and theta's are below 0.3
    assert moved.theta == pytest.approx(plain.theta, abs=1e-6)
    assert moved.sigma == pytest.approx(1e3 * plain.sigma, rel=1e-7)
    assert moved.beta - [1e5, 0] == pytest.approx(1e3 * plain.beta, rel=1e-7)


def test_order_of_rows_and_levels_does_not_matter():
    """Permuting the rows, or renaming the levels, changes nothing but the order of what comes back."""
    design = DESIGNS["nested slopes, weights and offset"]
    theta = any_theta(design)
    order = np.random.default_rng(5).permutation(len(design.y))
    blocks = tuple(replace(b, codes=(b.codes.max() - b.codes)[order], matrix=b.matrix[order]) for b in design.blocks)
    permuted = Arrays(design.y[order], design.X[order], blocks, design.weights[order], design.offset[order])
    before = pls.solve(pls.problem(design, REML=True), theta)
    after = pls.solve(pls.problem(permuted, REML=True), theta)
    assert after.criterion == pytest.approx(before.criterion, rel=1e-13)  # rounding of sums in another order
    assert after.mu == pytest.approx(before.mu[order], rel=1e-11)
    assert after.beta == pytest.approx(before.beta, rel=1e-9)


def test_weights_are_repetitions_up_to_the_constant():
    """Integer weights give the estimates of repeated rows when sigma's degrees of freedom are accounted for.

    With V relative to sigma fixed, beta depends on the weights as on repetitions.
    """
    design = DESIGNS["intercept"]
    weights = np.random.default_rng(3).integers(1, 4, len(design.y))
    again = np.repeat(np.arange(len(design.y)), weights)
    blocks = tuple(replace(b, codes=b.codes[again], matrix=b.matrix[again]) for b in design.blocks)
    repeated = Arrays(design.y[again], design.X[again], blocks)
    weighted = replace(design, weights=weights.astype(float))
    left = pls.solve(pls.problem(weighted, REML=False), np.array([0.7]))
    right = pls.solve(pls.problem(repeated, REML=False), np.array([0.7]))
    assert left.beta == pytest.approx(right.beta, rel=1e-10)
    assert left.b == pytest.approx(right.b, rel=1e-8, abs=1e-10)


def test_large_variance_ratio_stays_accurate():
    """With groups a million times farther apart than rows within them, sigma is still the within-group one."""
    design, codes = balanced(between=1e6)
    solution, _ = optimize(pls.problem(design, REML=True))
    means = np.bincount(codes, design.y) / 6
    within = np.sum((design.y - means[codes]) ** 2) / (len(codes) - 8)
    assert solution.sigma**2 == pytest.approx(
        within, rel=1e-6
    )  # cross-products lose the ratio of the variances: 6 digits


@pytest.mark.parametrize(
    ("change", "words"),
    [({"blocks": ()}, "No random effects terms"), ({"weights": np.r_[0.0, np.ones(119)]}, "must be positive")],
)
def test_refuses(change, words):
    """No random effects, or a weight that is not positive, is an error before any arithmetic."""
    with pytest.raises(DataError, match=words):
        pls.problem(replace(DESIGNS["intercept"], **change), REML=True)
