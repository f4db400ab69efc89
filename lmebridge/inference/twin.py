"""A fit's solved penalized least-squares problem, whatever backend found theta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import UnsupportedByBackend

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.backends._local import LocalEngine
    from lmebridge.backends._r import Answer
    from lmebridge.design.build import Design
    from lmebridge.model import MerMod


def engine_of(fit: MerMod) -> Any:
    """The engine behind a fitted model."""
    return fit._engine  # noqa: SLF001 - the functions of this package are the model's methods


def in_r(fit: MerMod) -> bool:
    """Whether a merMod in R is behind the fit."""
    return hasattr(engine_of(fit), "handle")


def ask_r(fit: MerMod, function: str, **arguments: Any) -> Any:
    """Value of one of our R functions of the fit's merMod."""
    from lmebridge.backends import _r

    return _r.call(function, model=engine_of(fit).handle, **arguments)


def hear_r(fit: MerMod, function: str, **arguments: Any) -> Answer:
    """Value of one of our R functions of the fit's merMod, with what R said."""
    from lmebridge.backends import _r

    return _r.ask(function, model=engine_of(fit).handle, **arguments)


def missing_in_r(packages: list[str]) -> list[str]:
    """Those of the R packages that R cannot load."""
    from lmebridge.backends import _r

    return [package for package in packages if not _r.call("has_package", name=package)[0]]


def model_data(fit: MerMod) -> pd.DataFrame:
    """The data that the model was fitted to, with the weights, offset and subset that were given as arrays."""
    if in_r(fit):
        data: pd.DataFrame = ask_r(fit, "model_data")
        return data
    return fit.data.assign(**_given_arrays(fit, engine_of(fit).design))


def _given_arrays(fit: MerMod, design: Design) -> dict[str, np.ndarray]:
    """One value a row of the data for what was given as an array; NaN in rows that were not used."""
    from lmebridge.design.modelframe import OFFSET, WEIGHTS

    model, values = fit.record.model, design.recipe.frame.values
    arrays = {}
    for text, name in ((model.weights, WEIGHTS), (model.offset, OFFSET)):
        if text is not None and text.startswith("."):
            column = np.full(len(fit.data), np.nan)
            column[design.rows] = np.asarray(values[name], dtype=float)
            arrays[text] = column
    if model.subset is not None and model.subset.startswith("."):
        arrays[model.subset] = np.isin(np.arange(len(fit.data)), np.concatenate([design.rows, design.omitted]))
    return arrays


def local_engine(fit: MerMod) -> LocalEngine:
    """The fit's own engine where it is R-free, else the same problem solved here at the theta that R found.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    LocalEngine
        A solved problem with the fit's theta.

    Raises
    ------
    UnsupportedByBackend
        If the backend kept estimates that are not lme4's, or the model is a generalized one.
    """
    from lmebridge.backends._local import LocalEngine
    from lmebridge.backends._mixedlm_own import MixedLMEngine
    from lmebridge.design.build import build
    from lmebridge.pls import solution as pls

    engine = engine_of(fit)
    if isinstance(engine, LocalEngine) and not isinstance(engine, MixedLMEngine):
        return engine
    if not in_r(fit):
        raise UnsupportedByBackend(
            f"{fit.record.source.engine} kept its own estimates here: leave out control={{'polish': False}}"
        )
    model = fit.record.model
    if model.is_generalized:
        raise UnsupportedByBackend(
            "this is computed for linear mixed models, and the fit is a generalized one: what R's packages have for it "
            "is called with lmebridge.r, as lmebridge.r('function', fit)."
        )
    design = build(model, model_data(fit))
    solution = pls.solve(pls.problem(design, REML=model.REML), fit.record.theta)
    return LocalEngine(model, design, solution, fit.record.source)


def relative_factors(fit: MerMod, theta: np.ndarray) -> list[np.ndarray]:
    """Each block's relative covariance factor at theta, lower triangular, shape (q, q)."""
    found, start = [], 0
    for _, effects in fit.record.blocks:
        columns, rows = np.triu_indices(len(effects))
        factor = np.zeros((len(effects), len(effects)))
        factor[rows, columns] = theta[start : start + len(rows)]
        found.append(factor)
        start += len(rows)
    return found
