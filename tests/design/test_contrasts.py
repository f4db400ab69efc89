"""Contrast matrices and their column names are R's."""

from __future__ import annotations

import numpy as np
import pytest

from lmebridge.design.contrasts import contrast_coding, full_coding
from lmebridge.errors import DataError

#: Function, number of levels, what R appends to the variable's name, and R's matrix by rows.
MATRICES = [
    ("contr.treatment", 3, ("b", "c"), [[0, 0], [1, 0], [0, 1]]),
    ("contr.SAS", 3, ("a", "b"), [[1, 0], [0, 1], [0, 0]]),
    ("contr.sum", 3, ("1", "2"), [[1, 0], [0, 1], [-1, -1]]),
    ("contr.helmert", 4, ("1", "2", "3"), [[-1, -1, -1], [1, -1, -1], [0, 2, -1], [0, 0, 3]]),
    ("contr.poly", 2, (".L",), [[-0.707106781186547], [0.707106781186548]]),
    (
        "contr.poly",
        5,
        (".L", ".Q", ".C", "^4"),
        [
            [-0.632455532033676, 0.534522483824849, -0.316227766016838, 0.119522860933439],
            [-0.316227766016838, -0.267261241912424, 0.632455532033676, -0.478091443733758],
            [0, -0.534522483824849, 0, 0.717137165600636],
            [0.316227766016838, -0.267261241912424, -0.632455532033676, -0.478091443733757],
            [0.632455532033676, 0.534522483824849, 0.316227766016838, 0.119522860933439],
        ],
    ),
]


@pytest.mark.parametrize(("function", "n", "names", "matrix"), MATRICES)
def test_matrix_is_that_of_r(function, n, names, matrix):
    """Read off R 4.2.2, 15 digits."""
    coding = contrast_coding(list("abcde")[:n], function)
    assert coding.names == names
    np.testing.assert_allclose(coding.matrix, matrix, atol=2e-15)  # the digits printed


@pytest.mark.parametrize("n", [3, 8, 15])
def test_polynomials_are_orthonormal(n):
    """Polynomial contrasts are orthogonal to each other and to the constant, of length 1."""
    matrix = contrast_coding([str(i) for i in range(n)], "contr.poly").matrix
    # The recurrence loses a digit or two by the 15th polynomial.
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(n - 1), atol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=0), 0, atol=1e-12)  # as above


def test_full_coding_has_a_column_a_level():
    """Without contrasts every level has its indicator."""
    coding = full_coding(["a", "b"])
    assert coding.names == ("a", "b")
    np.testing.assert_array_equal(coding.matrix, np.eye(2))


@pytest.mark.parametrize(
    ("levels", "function", "words"),
    [
        (["a"], "contr.sum", "contrasts can be applied only to factors with 2 or more levels: `v` has only 'a'"),
        ([], "contr.sum", "contrasts can be applied only to factors with 2 or more levels: `v` has none"),
        (["a", "b"], "contr.odd", "unknown contrast function 'contr.odd' for `v`: use one of contr.treatment"),
        ([str(i) for i in range(96)], "contr.poly", "orthogonal polynomials cannot be represented accurately enough"),
    ],
)
def test_what_has_no_contrasts(levels, function, words):
    """R's words for too few and too many levels."""
    with pytest.raises(DataError, match=words):
        contrast_coding(levels, function, "v")
