"""glmm, the Python package of a Rust engine (https://pypi.org/project/glmm)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import UnsupportedByBackend
from lmebridge.parity.keys import Key
from lmebridge.parity.subjects.contract import Subject, installed
from lmebridge.parity.subjects.expressions import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from lmebridge.parity.cases import Case


def fit(case: Case, frame: pd.DataFrame) -> dict[Key, float]:
    """Fit a case and read glmm's result."""
    for name in ("subset", "contrasts"):
        if getattr(case, name):
            raise UnsupportedByBackend(f"glmm's fit has no {name}")
    if "||" in case.formula:
        raise UnsupportedByBackend("glmm does not take ||: it always fits correlated effects")
    given = {"weights": values_of(case.weights, frame), "offset": values_of(case.offset, frame)}
    # Degrees of freedom are not scored; leaving them out is what lme4 does.
    try:
        found = import_module("glmm").fit(frame, case.formula, reml=case.REML, satterthwaite=False, **given)
    except ValueError as error:
        raise UnsupportedByBackend(f"glmm: {error}") from error
    return dict(_numbers(found, "REML" if case.REML else "ML"))


def _numbers(found: Any, method: str) -> Iterator[tuple[Key, float]]:
    sigma = float(np.sqrt(found.dispersion))
    yield Key("n_obs"), float(found.nobs)
    yield Key("criterion", method=method), -2 * float(found.loglik)
    yield Key("sigma"), sigma
    yield Key("sdcor", "Residual"), sigma
    for term, estimate, error in zip(found.names, found.beta, found.se, strict=True):
        if not np.isnan(estimate):
            yield Key("estimate", term=str(term)), float(estimate)
            yield Key("std_error", term=str(term)), float(error)
    for (group, terms), covariances in zip(found.re_groups, found.varcorr, strict=True):
        yield from _block(str(group), list(terms), np.asarray(covariances, dtype=float))


def _block(group: str, terms: list[str], covariances: np.ndarray) -> Iterator[tuple[Key, float]]:
    """A block, from the lower triangle of its covariance matrix, column by column, or from its diagonal alone."""
    size = len(terms)
    matrix = np.diag(covariances) if len(covariances) == size else _full(covariances, size)
    deviations = np.sqrt(np.diag(matrix))
    for i, term in enumerate(terms):
        yield Key("sdcor", group, term=term), float(deviations[i])
        for j in range(i if len(covariances) != size else 0):
            yield Key("sdcor", group, term=terms[j], term2=term), float(matrix[i, j] / deviations[i] / deviations[j])


def _full(lower: np.ndarray, size: int) -> np.ndarray:
    matrix = np.zeros((size, size))
    columns, rows = np.triu_indices(size)
    matrix[rows, columns] = lower
    return matrix


SUBJECT = Subject(lambda: installed("glmm"), fit)
