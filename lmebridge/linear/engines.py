"""How a linear model is fitted: R's ``lm`` through the bridge, or least squares on R's columns in Python."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from lmebridge.linear.fit import LinearFit
from lmebridge.records import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lmebridge.design.build import Design
    from lmebridge.records import Model


class LinearEngine(Protocol):
    """A live linear model's answers on demand."""

    @property
    def underlying(self) -> Any:
        """The thing underneath."""

    def predict(self, newdata: pd.DataFrame) -> np.ndarray:
        """Predictions, one a row of `newdata`, NaN where a predictor is missing."""

    def hatvalues(self) -> np.ndarray:
        """Leverages of the rows used, dimensionless, 0 for rows of weight zero."""


# --- in R -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class REngine:
    """An ``lm`` that lives in R.

    Attributes
    ----------
    underlying : RHandle
        The model in R.
    types : mapping of str to dtype
        By column of the data fitted to, its pandas type.
    """

    underlying: Any
    types: Mapping[str, Any]

    def predict(self, newdata: pd.DataFrame) -> np.ndarray:
        """R's ``predict(m, newdata)``."""
        from lmebridge.backends import _mermod, _r

        frame = _mermod.like_training(newdata, self.types)
        return np.asarray(_r.call("predict_lm", model=self.underlying, newdata=frame), dtype=float)

    def hatvalues(self) -> np.ndarray:
        """R's ``hatvalues(m)``."""
        from lmebridge.backends import _r

        return np.asarray(_r.call("hatvalues_lm", model=self.underlying), dtype=float)


def fit_in_r(model: Model, data: pd.DataFrame) -> tuple[LinearFit, REngine]:
    """Fit with R's ``lm``."""
    from lmebridge.backends import _r

    options = {
        "weights": model.weights,
        "offset": model.offset,
        "subset": model.subset,
        "contrasts": dict(model.contrasts),
        "na_action": model.na_action,
    }
    answer = _r.keep("fit_lm", data=data, formula=str(model.formula), options=options)
    said = tuple(condition.text for condition in answer.conditions)
    return record(model, _r.call("extract_lm", model=answer.value), said), REngine(answer.value, dict(data.dtypes))


def record(model: Model, extract: Mapping[str, Any], messages: tuple[str, ...] = ()) -> LinearFit:
    """Record of what r/lm.R read from an ``lm``."""
    names = list(extract["covariance_names"])
    weights = extract["weights"]
    return LinearFit(
        model=model,
        coefficients=extract["estimate"],
        covariance=pd.DataFrame(extract["covariance"], index=names, columns=names),
        intercept="(Intercept)" in extract["estimate"].index,
        fitted=np.asarray(extract["fitted"], dtype=float),
        residuals=np.asarray(extract["residuals"], dtype=float),
        weights=None if weights is None else np.asarray(weights, dtype=float),
        df_residual=int(extract["df_residual"][0]),
        rows=np.asarray(extract["rows"], dtype=np.intp) - 1,
        omitted=np.asarray(extract["omitted"], dtype=np.intp) - 1,
        source=Source("live", "lme4", {"R": extract["versions"]["R"][0]}, call=extract["call"][0]),
        messages=messages,
    )


# --- in Python --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LocalEngine:
    """Least squares on the design's columns.

    Attributes
    ----------
    underlying : object
        The statsmodels result, or the design.
    design : Design
        The arrays, and how new data become columns.
    estimates : numpy.ndarray, shape (rank,)
        Coefficients of the independent columns.
    """

    underlying: Any
    design: Design
    estimates: np.ndarray

    def predict(self, newdata: pd.DataFrame) -> np.ndarray:
        """Predictions with the formula's offset."""
        from lmebridge.design.newdata import fixed_matrix, new_offset

        return np.asarray(fixed_matrix(self.design, newdata) @ self.estimates + new_offset(self.design, newdata))

    def hatvalues(self) -> np.ndarray:
        """Row lengths of the orthogonal factor of the weighted columns."""
        q, _ = np.linalg.qr(weighted_columns(self.design))
        return np.asarray(np.sum(q**2, axis=1))


@dataclass(frozen=True)
class Solved:
    """A least-squares solution: estimates and ``(X'WX)^-1``, what solved it, and its versions."""

    estimates: np.ndarray
    unscaled: np.ndarray
    underlying: Any
    versions: Mapping[str, str]


def solve_with_qr(design: Design) -> Solved:
    """Least squares by a QR decomposition of the weighted columns."""
    from importlib import metadata

    root = np.ones(len(design.y)) if design.weights is None else np.sqrt(design.weights)
    q, r = np.linalg.qr(weighted_columns(design))
    inverse = np.linalg.inv(r)
    estimates = inverse @ (q.T @ (root * (design.y - design.offset)))
    return Solved(estimates, inverse @ inverse.T, design, {"lmebridge": metadata.version("lmebridge")})


def weighted_columns(design: Design) -> np.ndarray:
    """X, its rows times the roots of the prior weights, shape (n, rank)."""
    return design.X if design.weights is None else design.X * np.sqrt(design.weights)[:, None]


def solve_with_statsmodels(design: Design) -> Solved:
    """Least squares by statsmodels' OLS or WLS."""
    from lmebridge.backends import statsmodels

    result = statsmodels.least_squares(design)
    version = statsmodels.status().version.split()[-1]
    return Solved(np.asarray(result.params), np.asarray(result.normalized_cov_params), result, {"statsmodels": version})


def fit_in_python(
    model: Model, data: pd.DataFrame, solve: Callable[[Design], Solved], name: str
) -> tuple[LinearFit, LocalEngine]:
    """Fit on R's columns; as in R, columns that depend on earlier ones have no estimate."""
    from lmebridge.design import build as designs

    # `lm` says nothing about columns it cannot estimate, nor about their scales.
    quiet = {"check.rankX": "silent.drop.cols", "check.scaleX": "ignore"}
    design = designs.build(replace(model, control=quiet), data)
    solved = solve(design)
    fitted = design.X @ solved.estimates + design.offset
    residuals = design.y - fitted
    weights = np.ones_like(residuals) if design.weights is None else design.weights
    df_residual = int(np.count_nonzero(weights)) - len(solved.estimates)
    variance = float(weights @ residuals**2) / df_residual if df_residual else float("nan")
    fit = LinearFit(
        model=model,
        coefficients=_all_coefficients(design, solved.estimates),
        covariance=pd.DataFrame(variance * solved.unscaled, index=list(design.names), columns=list(design.names)),
        intercept="(Intercept)" in design.names,
        fitted=fitted,
        residuals=residuals,
        weights=design.weights,
        df_residual=df_residual,
        rows=design.rows,
        omitted=design.omitted,
        source=Source("live", name, solved.versions),
        messages=tuple(message.text for message in design.messages),
    )
    return fit, LocalEngine(solved.underlying, design, solved.estimates)


def _all_coefficients(design: Design, estimates: np.ndarray) -> pd.Series:
    """Estimates in the order of R's columns, NaN for those that were dropped."""
    total = len(design.names) + len(design.dropped)
    values, names = np.full(total, np.nan), np.empty(total, dtype=object)
    kept = np.asarray(design.recipe.kept)
    values[kept], names[kept] = estimates, list(design.names)
    names[np.setdiff1d(np.arange(total), kept)] = list(design.dropped)
    return pd.Series(values, index=pd.Index(names))


#: By backend, what fits a linear model.
FITTERS: Mapping[str, Callable[[Model, pd.DataFrame], tuple[LinearFit, LinearEngine]]] = {
    "lme4": fit_in_r,
    "statsmodels": lambda model, data: fit_in_python(model, data, solve_with_statsmodels, "statsmodels"),
    "native": lambda model, data: fit_in_python(model, data, solve_with_qr, "native"),
}
