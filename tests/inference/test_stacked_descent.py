"""Many searches at once against one after the other, and against minima that are known."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.inference.descent import minimize
from lmebridge.inference.stacked_descent import minimize_all

CENTRES = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0], [-1.0, -1.0]])


def valleys(points: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Curved valleys: Rosenbrock's function, flatter, around each centre."""
    x, y = (points - CENTRES[which]).T
    bend = y - x**2
    return x**2 + 5 * bend**2, np.column_stack([2 * x - 20 * bend * x, 10 * bend])


@pytest.mark.parametrize("curvature", [np.diag([2.0, 10.0]), np.eye(2), np.diag([1e3, -1.0])])
def test_minima_are_found(curvature: np.ndarray) -> None:
    """Each search comes to its own minimum, whatever was thought of the curvature."""
    found = minimize_all(valleys, np.zeros((4, 2)), np.full(2, -np.inf), curvature, 1e-12)
    assert (found.decrements < 1e-12).all()
    np.testing.assert_allclose(found.points, CENTRES, atol=1e-5)  # the root of a distance of 1e-12 in value


def test_bounds_hold() -> None:
    """A search ends on its bound where the minimum is beyond, exactly, as one search alone does."""
    lower = np.zeros(2)
    found = minimize_all(valleys, np.full((4, 2), 0.3), lower, np.diag([2.0, 10.0]), 1e-12)
    for number, point in enumerate(found.points):

        def alone(parameters: np.ndarray, number: int = number) -> tuple[float, np.ndarray]:
            values, gradients = valleys(parameters[None], np.array([number]))
            return float(values[0]), gradients[0]

        one = minimize(alone, np.full(2, 0.3), (lower, np.full(2, np.inf)), np.diag([2.0, 10.0]), 1e-12)
        np.testing.assert_allclose(point, one.parameters, atol=1e-5)  # as above
        assert ((point == 0) == (one.parameters == 0)).all()
    assert found.points[3].tolist() == [0.0, 0.0]


def test_what_has_no_value_stays() -> None:
    """A search that meets no number where it starts, or goes nowhere, says that it is not done; the others are."""

    def some(points: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradients = valleys(points, which)
        lost, stuck = which == 1, which == 2
        values = np.where(lost, np.nan, np.where(stuck, 1.0, values))  # the third has a slope but does not fall
        return values, np.where(lost[:, None], np.nan, gradients)

    found = minimize_all(some, np.zeros((4, 2)), np.full(2, -np.inf), np.eye(2), 1e-12)
    assert (found.decrements < 1e-12).tolist() == [True, False, False, True]
    np.testing.assert_allclose(found.points[[0, 3]], CENTRES[[0, 3]], atol=1e-5)  # as above
