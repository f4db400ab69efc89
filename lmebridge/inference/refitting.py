"""Fitting again: another response, maximum likelihood, or some arguments changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import DataError
from lmebridge.families import family_code
from lmebridge.inference.engines import local_engine, merMod_engine, used_or_omitted
from lmebridge.inference.twin import engine_of
from lmebridge.rsyntax import operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.backends._local import LocalEngine
    from lmebridge.backends.contract import Engine
    from lmebridge.model import MerMod
    from lmebridge.pls.solution import Solution
    from lmebridge.records import Convergence, Fit

#: Options of `control` that are about another optimizer than the one that fits again.
NOT_FOR_REFITTING = frozenset({"polish", "method"})


def refit(fit: MerMod, newresp: Any) -> MerMod:
    """The same model fitted to another response, lme4's ``refit``.

    Parameters
    ----------
    fit : MerMod
        The model.
    newresp : sequence of float, shape (n,)
        The new response, in the units of the model's left-hand side: one value a row used, or a row of the data. A
        column of `simulate` will do. Of a binomial model with ``cbind``, shape (n, 2): successes and failures.

    Returns
    -------
    MerMod
        The new fit.

    Raises
    ------
    DataError
        If `newresp` has another length, or is not finite in the rows used.
    UnsupportedByBackend
        For MixedLM's own estimates.

    Warns
    -----
    SingularFitWarning, ConvergenceWarning
        As `lmer`.

    Notes
    -----
    The refit of a REML fit with several fixed effects in lme4 1.1-31 takes n - 1 degrees of freedom instead of n - p,
    so that refitting the same response gives another theta. With the lme4 backend the numbers are lme4's; without R
    they are those of the model fitted to the new response. `update` with new data has no such difference.

    References
    ----------
    lme4 ``refit.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> again = fit.refit(2 * fit.data["mathach"])
    >>> round(again.sigma() / fit.sigma(), 6)
    2.0
    """
    return refitted_to(fit, response_rows(fit, newresp, columns=_response_columns(fit)))


def refitted_to(fit: MerMod, response: np.ndarray) -> MerMod:
    """The same model fitted to a response in the rows used, as lme4's own ``refit`` takes it.

    Parameters
    ----------
    fit : MerMod
        The model.
    response : numpy.ndarray, shape (n_obs,) or (n_obs, 2)
        Units of the response; of a model with ``cbind`` both columns, or proportions of the numbers of trials.

    Returns
    -------
    MerMod
        The new fit.
    """
    from lmebridge.api import warn_about

    in_r = merMod_engine(fit)
    made = _refit_here(local_engine(fit, "refit"), response) if in_r is None else in_r.refit_response(response)
    warn_about(made[0])
    return like(fit, *made)


def refitML(fit: MerMod) -> MerMod:
    """The same model fitted by maximum likelihood, lme4's ``refitML``; an ML fit is returned as it is."""
    if not fit.isREML():
        return fit
    return like(fit, *engine_of(fit).refit(REML=False))


def update(fit: MerMod, formula: str | None = None, **arguments: Any) -> MerMod:
    """Fit again with some arguments changed, R's ``update``.

    Parameters
    ----------
    fit : MerMod
        The model.
    formula : str, optional
        The new formula; a dot stands for the same side of the old one: ``". ~ . + x - (1 | g)"``.
    **arguments
        Arguments of `lmer`, or of `glmer`, to change, such as ``data``, ``weights``, ``subset``, ``REML`` or
        ``backend``; None takes away what was given before.

    Returns
    -------
    MerMod
        The new fit, by the same backend unless another is named.

    Raises
    ------
    FormulaError, DataError, BackendUnavailable, UnsupportedByBackend, RError
        As `lmer`.

    References
    ----------
    R's ``update`` and ``update.formula``; lme4 ``update.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.update(". ~ . - ses", REML=False).formula()
    'mathach ~ (1 | schoolid)'
    """
    from lmebridge.inference.updating import updated_formula

    before = _arguments(fit)
    if formula is not None:
        before |= {"formula": updated_formula(fit.formula(), formula), "start": None}
    again = _fitter(fit)(**(before | arguments))
    if "data" not in arguments:
        again.data_name = fit.data_name
    return again


def like(fit: MerMod, record: Fit, engine: Engine) -> MerMod:
    """A new fit of the same model's data."""
    return type(fit)(record, engine, fit.data, fit.data_name, fit.given)


def _fitter(fit: MerMod) -> Callable[..., MerMod]:
    """The function that fitted the model; a negative binomial one is fitted again with the theta that it has."""
    if fit.record.model.is_generalized:
        from lmebridge.generalized.fitting import glmer

        return glmer
    from lmebridge.api import lmer

    return lmer


def _arguments(fit: MerMod) -> dict[str, Any]:
    """What the function was called with."""
    model = fit.record.model
    own = {"family": family_code(model.family, model.link, model.family_theta), "nAGQ": model.nAGQ}
    names = ("weights", "offset", "subset", "na_action", "contrasts", "start", "control")
    before: dict[str, Any] = {name: getattr(model, name) for name in names}
    before |= own if model.is_generalized else {"REML": model.REML}
    before |= {"formula": fit.formula(), "data": fit.data, "backend": fit.record.source.engine}
    return before | dict(fit.given)


def _response_columns(fit: MerMod) -> int:
    """Two where the response is ``cbind`` of successes and failures."""
    response = fit.record.model.formula.response
    return 2 if response is not None and operator(response) == "cbind" else 1


def response_rows(fit: MerMod, newresp: Any, columns: int = 1) -> np.ndarray:
    """The new response in the rows used, shape (n,), or (n, 2) of a model with two columns.

    Raises
    ------
    DataError
        If it has another length, more than one column, or is not finite.
    """
    if np.ndim(newresp) > 1 and np.shape(newresp)[1] != columns:
        raise DataError(f"newresp has {np.shape(newresp)[1]} columns: refit one response after the other")
    if columns > 1 and np.ndim(newresp) == 1:
        raise DataError("newresp is one column: the response is cbind() of two, so give both, shape (n, 2)")
    codes = newresp.cat.codes if isinstance(getattr(newresp, "dtype", None), pd.CategoricalDtype) else newresp
    values = np.asarray(codes, dtype=float).reshape(-1, columns)
    rows, padded = engine_of(fit).rows(), used_or_omitted(fit)
    if len(values) == len(rows):
        chosen = values
    elif len(values) == len(fit.data):
        chosen = values[rows]
    elif len(values) == len(padded):
        chosen = values[np.searchsorted(padded, rows)]
    else:
        raise DataError(f"newresp has {len(values)} values, but the model was fitted to {len(rows)} rows")
    if not np.all(np.isfinite(chosen)):
        unknown = int(np.sum(~np.isfinite(chosen).all(axis=1)))
        raise DataError(f"newresp is missing or infinite in {unknown} of the rows used")
    return np.ascontiguousarray(chosen if columns > 1 else chosen.ravel())


def _refit_here(engine: LocalEngine, response: np.ndarray) -> tuple[Fit, LocalEngine]:
    from lmebridge.inference.responses import Responses
    from lmebridge.pls.optimize import optimize

    control = {key: value for key, value in engine.model.control.items() if key not in NOT_FOR_REFITTING}
    task = Responses(engine.solution.problem).problem(response)
    return solved(engine, *optimize(task, None, control))


def solved(engine: LocalEngine, solution: Solution, convergence: Convergence) -> tuple[Fit, LocalEngine]:
    """Record and engine of the same model solved for another response."""
    from lmebridge.backends._local import local_fit

    again = response_engine(engine, solution)
    return local_fit(again.model, again.design, solution, convergence, again.source), again


def response_engine(engine: LocalEngine, solution: Solution) -> LocalEngine:
    """The engine of the same model solved for another response."""
    from lmebridge.inference.responses import RefittedEngine

    design = replace(engine.design, y=solution.problem.y)
    return RefittedEngine(engine.model, design, solution, engine.source)
