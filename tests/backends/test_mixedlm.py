"""How random effects are laid out for MixedLM, and theta from its estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from lmebridge.backends import _mixedlm as layout

N = 24
OUTER = np.arange(N) % 4
INNER = OUTER * 3 + (np.arange(N) // 4) % 3
CROSSED = np.arange(N) // 6


@dataclass(frozen=True)
class Block:
    """What the layout needs of a random-effects block."""

    group: str
    codes: np.ndarray
    matrix: np.ndarray

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels."""
        return tuple(str(code) for code in range(self.codes.max() + 1))


def block(group: str, n_effects: int = 1) -> Block:
    """A block of `n_effects` columns by one of three factors: b is nested in a, c is crossed with both."""
    codes = {"a": OUTER, "b": INNER, "c": CROSSED}[group]
    return Block(group, codes, np.vander(np.linspace(-1, 1, N), n_effects, increasing=True))


LAYOUTS = [
    # blocks, the correlated one, the components, MixedLM's groups
    ([("a", 1)], 0, (), 4),
    ([("a", 2)], 0, (), 4),
    ([("b", 1), ("a", 1)], 1, (0,), 4),
    ([("b", 1), ("a", 2)], 1, (0,), 4),
    ([("a", 1), ("a", 1)], 0, (1,), 4),
    ([("a", 1), ("a", 2)], 1, (0,), 4),
    ([("b", 1), ("a", 1), ("c", 1)], None, (0, 1, 2), 1),
    ([("a", 1), ("c", 1)], None, (0, 1), 1),
]

REFUSALS = [
    # blocks, the one that MixedLM cannot express
    ([("a", 2), ("c", 1)], 0),
    ([("b", 2), ("a", 1)], 0),
    ([("a", 2), ("c", 2)], 1),
    ([("a", 2), ("a", 2)], 1),
]


@pytest.mark.parametrize(("blocks", "correlated", "components", "n_groups"), LAYOUTS)
def test_layout_is_as_declared(blocks, correlated, components, n_groups):
    """Nested factors go inside the outer one's groups, crossed ones share a single group."""
    plan = layout.arrange([block(*each) for each in blocks])
    assert isinstance(plan, layout.Arrangement)
    assert (plan.correlated, plan.components, len(plan.rows_of_groups())) == (correlated, components, n_groups)


@pytest.mark.parametrize(("blocks", "culprit"), REFUSALS)
def test_inexpressible_layout_names_the_block(blocks, culprit):
    """Two correlated blocks, or one that is not at the outermost factor, are beyond MixedLM."""
    assert layout.arrange([block(*each) for each in blocks]) == culprit


def test_component_matrices_rebuild_the_column():
    """Each group's matrix has the block's column spread over the levels present."""
    b, rows = block("b"), layout.arrange([block("b"), block("a")]).rows_of_groups()
    for group, (present, matrix) in zip(rows, layout.component_matrices(b, rows), strict=True):
        assert matrix.shape == (6, 3)
        np.testing.assert_array_equal(matrix.sum(axis=1), b.matrix[group, 0])
        np.testing.assert_array_equal(present[matrix.argmax(axis=1)], b.codes[group])


@pytest.mark.parametrize(("blocks", "work"), [([("a", 2)], 4 * 6 * 2**2), ([("a", 1), ("c", 1)], N * 8**2)])
def test_work_counts_rows_times_squared_effects(blocks, work):
    """The work of one evaluation, by hand: groups x rows x effects squared."""
    made = [block(*each) for each in blocks]
    assert layout.work(layout.arrange(made), made) == work


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_theta_is_the_factor_of_the_covariance(rank):
    """Theta's lower triangle times its transpose is the matrix it came from, singular or not, diagonal >= 0."""
    root = np.random.default_rng(rank).normal(size=(3, rank))
    covariance = root @ root.T
    theta = layout.theta_of([covariance])
    # eigenvalues of a singular matrix are exact to eps times the largest, and their roots enter: sqrt(eps) ~ 1e-8
    np.testing.assert_allclose(layout.relative_covariances(theta, [3])[0], covariance, atol=1e-8)
    assert np.all(theta[[0, 3, 5]] >= 0)


def test_theta_round_trip_over_blocks():
    """Several blocks' theta lie one after the other, lower triangles by columns."""
    theta = [2.0, 1.0, 3.0, 0.5]
    # a Cholesky factor computed twice over: a few eps
    np.testing.assert_allclose(layout.theta_of(layout.relative_covariances(theta, [2, 1])), theta, rtol=1e-14)
