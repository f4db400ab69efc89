"""Predictions, their standard errors and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import DataError, FormulaError, RError, UnsupportedByBackend
from lmebridge.inference import twin

if TYPE_CHECKING:
    from lmebridge.backends._local import LocalEngine
    from lmebridge.design.random_effects import RandomBlock
    from lmebridge.model import MerMod
    from lmebridge.na import NAType


def predict(
    fit: MerMod,
    newdata: Any = None,
    re_form: str | NAType | None = None,
    allow_new_levels: bool = False,
    type: str = "link",
    se_fit: bool = False,
    interval: str | None = None,
    level: float = 0.95,
) -> Any:
    """Predictions, lme4's ``predict.merMod``.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    newdata : DataFrame, optional
        Rows to predict; by default the rows the model was fitted to.
    re_form : str, NA or None
        None for all random effects, ``lmebridge.NA`` or ``"~0"`` for none, ``"~(1|g)"`` for some.
    allow_new_levels : bool
        Whether levels the model has not seen are predicted with zero random effects instead of an error.
    type : {"link", "response"}
        The same for a linear model; of a generalized one, the scale of the linear predictor or the response's mean.
    se_fit : bool
        Give standard errors too: a DataFrame instead of a Series.
    interval : {"confidence", "prediction"}, optional
        Add an interval for the mean, or for a new observation of prior weight 1; a DataFrame instead of a Series.
    level : float
        Level of the interval, dimensionless, between 0 and 1.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        On the index of `newdata` (or of the data), units of the response; NaN where a predictor is missing. A DataFrame
        has the columns ``fit``, ``se.fit`` (with `se_fit`), ``lwr`` and ``upr`` (with `interval`).

    Raises
    ------
    DataError
        For a missing column or a new level.
    UnsupportedByBackend
        For standard errors and intervals of a generalized model.
    ValueError
        For another type, interval or level.

    Notes
    -----
    Standard errors are those of lme4 1.1-35 and later: theta is taken as known, the fixed effects and the conditional
    modes vary jointly, and the residual does not count. Where `allow_new_levels` lets in a level that the model has not
    seen, its effects vary as the model says that levels do. Intervals are normal.

    References
    ----------
    lme4 ``predict.merMod``; Henderson (1975), Biometrics 31, 423-447.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> pupils = fit.model_frame().head(2)
    >>> fit.predict(pupils, re_form=lme.NA).round(2).tolist()
    [9.01, 11.25]
    >>> fit.predict(pupils, interval="confidence").round(2)
        fit   lwr    upr
    0  7.37  5.74   9.00
    1  9.62  8.01  11.23
    """
    form, frame = _arguments(newdata, re_form, type, interval)
    if frame is not None:
        _check_columns(fit, frame, form)
    values = _predicted(fit, frame, form, allow_new_levels=allow_new_levels)
    generalized = fit.record.model.is_generalized
    if generalized and (se_fit or interval is not None):
        raise UnsupportedByBackend(
            "standard errors and intervals of predictions are for linear mixed models: bootstrap a generalized one, "
            "fit.bootMer(lambda model: model.predict(newdata, type='response'), nsim=500)."
        )
    columns = {"fit": values}
    if se_fit or interval is not None:
        errors = standard_errors(fit, frame, form, allow_new_levels=allow_new_levels)
        columns |= {"se.fit": errors} if se_fit else {}
        columns |= {} if interval is None else _limits(fit, values, errors, interval, level)
    if generalized and type == "response":
        columns = {"fit": np.asarray(twin.ask_r(fit, "response_mean", values=values), dtype=float)}
    placed = {name: _placed(fit, column, frame) for name, column in columns.items()}
    return placed["fit"] if len(placed) == 1 else pd.DataFrame(placed)


def _predicted(fit: MerMod, frame: pd.DataFrame | None, form: str | None, *, allow_new_levels: bool) -> np.ndarray:
    """What the engine predicts; R's error about new levels with its remedy."""
    try:
        values: np.ndarray = fit._engine.predict(frame, form, allow_new_levels=allow_new_levels)  # noqa: SLF001
    except RError as error:
        if "new levels detected" not in error.message:
            raise
        remedy = "Use allow_new_levels=True to predict them without a random effect."
        raise DataError(f"{error.message}. {remedy}") from error
    return values


def _arguments(
    newdata: Any, re_form: str | NAType | None, type: str, interval: str | None
) -> tuple[str | None, pd.DataFrame | None]:
    """The random effects as text, and the new rows, both checked."""
    from lmebridge.frames import as_pandas
    from lmebridge.na import NA

    if type not in {"link", "response"}:
        raise ValueError(f"type={type!r}: predictions are 'link' or 'response'")
    if interval not in {None, "confidence", "prediction"}:
        raise ValueError(f"interval={interval!r}: an interval is 'confidence' or 'prediction'")
    form = "~0" if re_form is NA else re_form
    if not (form is None or isinstance(form, str)):
        raise ValueError("re_form is None (all random effects), lmebridge.NA (none) or a formula text such as '~(1|g)'")
    if form is not None and "~" not in form:
        raise FormulaError(f"re_form={form!r} is no formula such as '~(1|g)'; lmebridge.NA, not text, is R's NA")
    return form, None if newdata is None else as_pandas(newdata)


def _check_columns(fit: MerMod, frame: pd.DataFrame, form: str | None) -> None:
    """Raise for a variable that the prediction needs and the new rows lack, whichever backend would look for it."""
    from lmebridge.rsyntax import names, parse_expression

    formula = fit.record.model.formula
    random = [part for term in formula.random for part in (term.effects, term.group)]
    parts = [formula.fixed, *random] if form is None else [formula.fixed, parse_expression(form)]
    for name in dict.fromkeys(name for part in parts for name in names(part)):
        if name in formula.variables and name not in frame.columns:
            raise DataError.unknown_column(name, frame.columns)


def _placed(fit: MerMod, values: np.ndarray, frame: pd.DataFrame | None) -> pd.Series:
    """Values on the index of the rows they belong to."""
    if frame is None:
        return fit._on_rows(values)  # noqa: SLF001 - the model's method
    return pd.Series(values, index=frame.index, dtype=float)


def _limits(fit: MerMod, values: np.ndarray, errors: np.ndarray, interval: str, level: float) -> dict[str, np.ndarray]:
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise ValueError(f"level={level!r}: a level is a number between 0 and 1, such as 0.95")
    spread = errors if interval == "confidence" else np.hypot(errors, fit.sigma())
    half = spread * ndtri((1 + level) / 2)
    return {"lwr": values - half, "upr": values + half}


def standard_errors(
    fit: MerMod, newdata: pd.DataFrame | None, re_form: str | None, *, allow_new_levels: bool = False
) -> np.ndarray:
    """Standard errors of predictions given theta.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    newdata : pandas.DataFrame or None
        Rows to predict; None for the rows used.
    re_form : str or None
        None for all random effects, ``"~0"`` for none, or a one-sided formula.
    allow_new_levels : bool
        Whether levels that the model has not seen are taken.

    Returns
    -------
    numpy.ndarray, shape (m,)
        Units of the response; NaN where a predictor is missing.
    """
    from lmebridge.design import newdata as rows
    from lmebridge.inference.joint_covariance import joint_covariance

    engine = twin.local_engine(fit)
    X = engine.design.X if newdata is None else rows.fixed_matrix(engine.design, newdata)
    known = np.isfinite(X).all(axis=1)
    terms = [
        rows.new_block(engine.design, term, newdata, allow_new_levels=allow_new_levels)
        for term in engine._terms(re_form)  # noqa: SLF001 - the terms that its own predict takes
    ]
    for block in terms:
        known &= np.isfinite(block.matrix).all(axis=1)
    Z = _columns_of(engine, terms, known) if terms else None
    variances = np.full(len(X), np.nan)
    variances[known] = joint_covariance(engine).variances(X[known], Z)
    variances[known] += sum((_of_new_levels(engine, block)[known] for block in terms), start=np.zeros(known.sum()))
    return np.asarray(fit.sigma() * np.sqrt(variances))


def _columns_of(engine: LocalEngine, terms: list[RandomBlock], known: np.ndarray) -> Any:
    """Z of the terms on the known rows, in the order of lme4's ``b``; rows of new levels are zero."""
    from scipy import sparse

    total = sum(len(block.levels) * len(block.effects) for block in engine.design.blocks)
    Z = sparse.csr_array((int(known.sum()), total))
    for term in terms:
        for name, column in zip(term.effects, term.matrix[known].T, strict=True):
            start, width = _place(engine, term.group, name)
            codes = term.codes[known]
            seen = np.flatnonzero(codes >= 0)
            entries = (column[seen], (seen, start + codes[seen] * width))
            Z = Z + sparse.csr_array(sparse.coo_array(entries, shape=Z.shape))
    return Z


def _place(engine: LocalEngine, group: str, effect: str) -> tuple[int, int]:
    """Position in ``b`` of an effect of the group's first level, and the step from level to level."""
    start = 0
    for block in engine.design.blocks:
        if block.group == group and effect in block.effects:
            return start + block.effects.index(effect), len(block.effects)
        start += len(block.levels) * len(block.effects)
    raise KeyError(effect)


def _of_new_levels(engine: LocalEngine, term: RandomBlock) -> np.ndarray:
    """Relative variance of the effects of levels that the model has not seen, zero for the others, shape (m,)."""
    from lmebridge.backends._getme import templates

    pairs = zip(engine.design.blocks, templates(engine.design, engine.solution.theta), strict=True)
    variances = np.zeros(len(term.codes))
    for block, template in pairs:
        if block.group == term.group:
            shared = [name for name in block.effects if name in term.effects]
            columns = term.matrix[:, [term.effects.index(name) for name in shared]]
            factor = template[[block.effects.index(name) for name in shared]]
            variances += np.sum((columns @ factor) ** 2, axis=1)
    return np.where(term.codes < 0, variances, 0.0)
