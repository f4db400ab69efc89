"""R's contrast functions: the columns a factor's levels become in a model matrix, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names of the first polynomial contrasts in R; the later ones are ^4, ^5, ...
POLYNOMIAL_NAMES = (".L", ".Q", ".C")
#: R cannot represent orthogonal polynomials accurately beyond this many levels.
MOST_POLYNOMIAL_LEVELS = 95
#: R's default contrast functions.
UNORDERED, ORDERED = "contr.treatment", "contr.poly"


@dataclass(frozen=True, eq=False)
class Coding:
    """How a factor's levels become columns.

    Attributes
    ----------
    matrix : numpy.ndarray, shape (n_levels, k)
        One row a level, dimensionless.
    names : tuple of str
        What R appends to the variable's name, one a column.
    """

    matrix: np.ndarray
    names: tuple[str, ...]


def full_coding(levels: Sequence[str]) -> Coding:
    """One indicator column a level."""
    return Coding(np.eye(len(levels)), tuple(levels))


def contrast_coding(levels: Sequence[str], function: str, name: str = "x") -> Coding:
    """The contrasts of a factor by one of R's contrast functions.

    Parameters
    ----------
    levels : sequence of str
        The factor's levels in order.
    function : {"contr.treatment", "contr.sum", "contr.helmert", "contr.poly", "contr.SAS"}
        R's name of the contrast function.
    name : str
        The variable's name, for messages.

    Returns
    -------
    Coding
        k = n_levels - 1 columns.

    Raises
    ------
    DataError
        For fewer than two levels, or an unknown function.

    References
    ----------
    Chambers and Hastie (1992), Statistical Models in S, section 2.3; R's ``stats::contrast``.

    Examples
    --------
    >>> contrast_coding(["a", "b", "c"], "contr.treatment").names
    ('b', 'c')
    """
    n = len(levels)
    if n < 2:
        raise DataError(
            f"contrasts can be applied only to factors with 2 or more levels: `{name}` has "
            f"{'only ' + repr(levels[0]) if levels else 'none'} in the rows used. Leave it out of the formula."
        )
    if function not in _CODINGS:
        raise DataError(f"unknown contrast function '{function}' for `{name}`: use one of {', '.join(_CODINGS)}")
    return _CODINGS[function](list(levels), name)


def _treatment(levels: list[str], _name: str) -> Coding:
    """Every level against the first."""
    return Coding(np.eye(len(levels))[:, 1:], tuple(levels[1:]))


def _sas(levels: list[str], _name: str) -> Coding:
    """Every level against the last."""
    return Coding(np.eye(len(levels))[:, :-1], tuple(levels[:-1]))


def _numbers(n: int) -> tuple[str, ...]:
    """R's names of columns without names."""
    return tuple(str(i + 1) for i in range(n))


def _sum(levels: list[str], _name: str) -> Coding:
    """Every level but the last against the mean of all."""
    from formulaic.transforms.contrasts import SumContrasts

    matrix = SumContrasts().get_coding_matrix(levels, reduced_rank=True)
    return Coding(np.asarray(matrix, dtype=float), _numbers(len(levels) - 1))


def _helmert(levels: list[str], _name: str) -> Coding:
    """Every level but the first against the mean of those before it."""
    from formulaic.transforms.contrasts import HelmertContrasts

    matrix = HelmertContrasts().get_coding_matrix(levels, reduced_rank=True)
    return Coding(np.asarray(matrix, dtype=float), _numbers(len(levels) - 1))


def _polynomial(levels: list[str], name: str) -> Coding:
    """Orthogonal polynomials over equally spaced levels."""
    from formulaic.transforms.contrasts import PolyContrasts

    n = len(levels)
    if n > MOST_POLYNOMIAL_LEVELS:
        raise DataError(
            f"orthogonal polynomials cannot be represented accurately enough for {n - 1} degrees of freedom: "
            f"`{name}` is an ordered factor of {n} levels. Make it unordered or a number."
        )
    matrix = PolyContrasts().get_coding_matrix(levels, reduced_rank=True)
    later = tuple(f"^{power}" for power in range(4, n))
    return Coding(np.asarray(matrix, dtype=float), (POLYNOMIAL_NAMES + later)[: n - 1])


_CODINGS = {
    "contr.treatment": _treatment,
    "contr.sum": _sum,
    "contr.helmert": _helmert,
    "contr.poly": _polynomial,
    "contr.SAS": _sas,
}
