"""Spline bases are R's `splines::ns` and `splines::bs`, within and beyond the boundary knots."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.evaluation.splines import b_spline_basis, inner_knots, natural_spline_basis

#: Digits printed by R with ``options(digits = 15)``.
PRINTED = 2e-15

NATURAL = [
    (
        [0, 1, 2, 3, 4, 5], [5 / 3, 10 / 3], (0, 5), False,
        [
            [0, 0, 0],
            [-0.100443862520426, 0.409331587561277, -0.272887725040851],
            [0.102382529291079, 0.540852412126763, -0.359234941417842],
            [0.501759490627593, 0.386721528117220, -0.172481018744814],
            [0.418872334048932, 0.327382997853204, 0.217744668097864],
            [-0.142857142857143, 0.428571428571429, 0.714285714285714],
        ],
    ),
    (
        [-1, 0, 2.5, 7], [1, 3], (0, 5), False,
        [
            [0.194461117065649, -0.583383351196948, 0.388922234131299],
            [0, 0, 0],
            [0.402955453371937, 0.439571139884188, -0.222734926589459],
            [-1.214285714285714, 0.642857142857143, 1.571428571428572],
        ],
    ),
    (
        [0, 1, 5], [], (0, 5), True,
        [
            [0.551813452044773, -0.6288894291864275],
            [0.530453379861137, -0.3614127997095520],
            [0.445013091126590, 0.7084937181979507],
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("x", "knots", "boundary", "intercept", "expected"), NATURAL)
def test_natural_spline(x, knots, boundary, intercept, expected):
    """Read off R 4.2.2: ``ns(x, knots = , Boundary.knots = , intercept = )``."""
    found = natural_spline_basis(np.array(x, dtype=float), knots, boundary, intercept=intercept)
    np.testing.assert_allclose(found, expected, atol=PRINTED)


B_SPLINES = [
    (
        [0, 1, 2, 3, 4, 5], [2.5], (0, 5), 3,
        [
            [0, 0, 0, 0], [0.592, 0.176, 0.016, 0], [0.416, 0.448, 0.128, 0], [0.128, 0.448, 0.416, 0.008],
            [0.016, 0.176, 0.592, 0.216], [0, 0, 0, 1],
        ],
    ),
    (
        [-1, 0, 2.5, 7], [2], (0, 5), 2,
        [
            [-1.35, 0.1, 0], [0, 0, 0], [0.416666666666667, 0.555555555555556, 0.0277777777777778],
            [0.266666666666667, -2.044444444444444, 2.7777777777777777],
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("x", "knots", "boundary", "degree", "expected"), B_SPLINES)
def test_b_spline(x, knots, boundary, degree, expected):
    """Read off R 4.2.2: ``bs(x, knots = , degree = , Boundary.knots = )``."""
    found = b_spline_basis(np.array(x, dtype=float), knots, boundary, degree, intercept=False)
    np.testing.assert_allclose(found, expected, atol=PRINTED)


def test_b_splines_sum_to_one():
    """With its intercept the basis is a partition of unity, beyond the boundary too."""
    found = b_spline_basis(np.linspace(-1, 6, 29), [1.0, 2.0, 4.0], (0.0, 5.0), 3, intercept=True)
    # Beyond the boundary the terms reach 10 and cancel.
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-13)


def test_natural_splines_are_straight_beyond_the_boundary():
    """Second differences beyond the boundary knots vanish; inside they do not."""
    found = natural_spline_basis(np.arange(-6.0, 12.0), [1.0, 3.0], (0.0, 5.0), intercept=False)
    bends = np.abs(np.diff(found, 2, axis=0)).max(axis=1)
    np.testing.assert_allclose(bends[[0, 1, 2, 3, 12, 13, 14, 15]], 0, atol=1e-14)  # numbers of order 1 to 5
    assert bends[6] > 0.01


def test_knots_are_quantiles():
    """R's type 7, the ends left out."""
    assert inner_knots(np.array([0.0, 1.0, 2.0, 10.0]), 2) == (1.0, 2.0)
    assert inner_knots(np.array([0.0, 1.0]), 0) == ()
