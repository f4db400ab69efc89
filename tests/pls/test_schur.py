"""Factorizations of the Schur complement, against numpy on the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lmebridge.pls import schur


def positive(labels, seed=1):
    """A positive definite matrix that is zero between different labels."""
    rng = np.random.default_rng(seed)
    root = np.where(labels[:, None] == labels, rng.normal(size=(len(labels), len(labels))), 0.0)
    return root @ root.T + np.eye(len(labels))


LABELS = {
    "one component": np.zeros(12, dtype=int),
    "scattered components": np.array([0, 1, 0, 2, 3, 2, 2, 4, 1, 2, 2, 5, 5, 5, 4]),
    "equal components": np.arange(20) % 5,
    "single rows": np.arange(7),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("kind", ["chosen", "sparse", "dense"])
def test_factor_is_numpys(name, kind):
    """Every factorization has the log determinant, the solutions and the inverse of the dense matrix."""
    labels = LABELS[name]
    matrix = positive(labels)
    plan = schur.strategy(labels, 1.0) if kind == "chosen" else schur.Strategy(kind)
    factor = plan.factor(sparse.csr_array(matrix))
    right = np.random.default_rng(2).normal(size=(len(labels), 3))
    # 1e-12: the condition number is about 1e2
    assert factor.logdet == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-12)
    assert factor.solve(right) == pytest.approx(np.linalg.solve(matrix, right), rel=1e-11, abs=1e-12)
    if plan.has_inverse:
        assert schur.as_dense(factor.inverse()) == pytest.approx(np.linalg.inv(matrix), rel=1e-11, abs=1e-12)
    else:
        with pytest.raises(NotImplementedError):
            factor.inverse()


@pytest.mark.parametrize(
    ("labels", "share", "kind"),
    [
        (np.zeros(3000, dtype=int), 0.01, "dense"),
        (np.zeros(3001, dtype=int), 0.01, "sparse"),
        (np.zeros(3001, dtype=int), 0.5, "dense"),
        (np.zeros(12_001, dtype=int), 0.5, "sparse"),
        (np.arange(100_000), 0.0, "batched"),
        (np.r_[np.zeros(3001, dtype=int), 1], 0.5, "sparse"),
    ],
)
def test_strategy_follows_size_and_filling(labels, share, kind):
    """Small or full matrices are dense, many small components batched, and what is large and thin is sparse."""
    assert schur.strategy(labels, share).kind == kind


def test_labels_need_not_be_consecutive():
    """Components are told apart by their labels alone."""
    labels = np.array([7, 3, 7, 40])
    plan = schur.strategy(labels, 1.0)
    matrix = positive(labels)
    assert plan.factor(sparse.csr_array(matrix)).logdet == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-12)


def test_components_of_a_graph():
    """Nodes joined by a chain of edges share a component; others do not."""
    found = schur.components([(np.array([0, 1]), np.array([1, 2])), (np.array([3]), np.array([4]))], 6)
    assert found[0] == found[1] == found[2] != found[3] == found[4] != found[5]
