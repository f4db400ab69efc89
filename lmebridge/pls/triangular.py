"""Triangular systems of a few unknowns.

SciPy's `solve_triangular` calls LAPACK's trtrs, for which some builds of OpenBLAS wake all their threads however small
the system is: 2 ms instead of 10 us on a busy machine, many times an evaluation. NumPy's `solve` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Unknowns up to which the general solver is as fast as the triangular one.
SMALL = 50


def substitute(triangle: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve ``triangle x = right`` from the first row down, so that what is exactly zero stays so.

    Parameters
    ----------
    triangle : numpy.ndarray, shape (k, k)
        Lower-triangular matrix.
    right : numpy.ndarray, shape (k, c)
        Right-hand sides.

    Returns
    -------
    numpy.ndarray, shape (k, c)
        The solution.

    Examples
    --------
    >>> substitute(np.array([[2.0, 0.0], [1.0, 4.0]]), np.array([[0.0], [9.0]])).tolist()
    [[0.0], [2.25]]
    """
    solution = np.zeros_like(right)
    for row, coefficients in enumerate(triangle):
        solution[row] = (right[row] - coefficients[:row] @ solution[:row]) / coefficients[row]
    return solution


def solve_triangular(
    triangle: NDArray[np.float64], right: NDArray[np.float64], *, lower: bool = False, transposed: bool = False
) -> NDArray[np.float64]:
    """Solve ``triangle x = right``, or with the triangle transposed.

    Parameters
    ----------
    triangle : numpy.ndarray, shape (k, k)
        Triangular matrix; the other triangle is zero.
    right : numpy.ndarray, shape (k,) or (k, c)
        Right-hand sides.
    lower, transposed : bool
        Which triangle it is, and whether its transpose is meant.

    Returns
    -------
    numpy.ndarray, shape of `right`
        The solution.

    Examples
    --------
    >>> solve_triangular(np.array([[2.0, 0.0], [1.0, 4.0]]), np.array([2.0, 9.0]), lower=True).tolist()
    [1.0, 2.0]
    """
    if len(triangle) <= SMALL:
        return np.asarray(np.linalg.solve(triangle.T if transposed else triangle, right))
    trans: Literal[0, 1] = 1 if transposed else 0
    return np.asarray(linalg.solve_triangular(triangle, right, lower=lower, trans=trans, check_finite=False))
