"""Triangular systems against the product they undo."""

import numpy as np
import pytest

from lmebridge.pls.triangular import SMALL, solve_triangular


@pytest.mark.parametrize("size", [1, 3, SMALL + 1])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transposed", [True, False])
def test_solution(size: int, lower: bool, transposed: bool) -> None:
    """The triangle times the solution is the right-hand side, for few unknowns and for many."""
    square = np.random.default_rng(1).normal(size=(size, size)) / size + 2 * np.eye(size)
    triangle = np.tril(square) if lower else np.triu(square)
    right = np.arange(2.0 * size).reshape(size, 2)
    solution = solve_triangular(triangle, right, lower=lower, transposed=transposed)
    # rounding of a well-conditioned system
    np.testing.assert_allclose((triangle.T if transposed else triangle) @ solution, right, atol=1e-10)
