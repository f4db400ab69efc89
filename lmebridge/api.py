"""Fitting: an lme4 formula and a data frame in, a fitted model out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge import selection
from lmebridge.control import checked
from lmebridge.errors import ConvergenceWarning, DataError, FormulaError, LmebridgeWarning, SingularFitWarning
from lmebridge.formula.model_formula import parse_expression, parse_formula, resolve_dot
from lmebridge.frames import as_pandas, select
from lmebridge.model import MerMod
from lmebridge.records import Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from lmebridge.formula.model_formula import Formula
    from lmebridge.records import Fit

#: The Python warning that each kind of message becomes.
WARNINGS: dict[str, type[LmebridgeWarning]] = {
    "singular": SingularFitWarning,
    "convergence": ConvergenceWarning,
    "note": LmebridgeWarning,
}

#: What may be done with rows that have missing values, as in R.
NA_ACTIONS = ("na.omit", "na.exclude", "na.fail")


def lmer(
    formula: str,
    data: Any,
    REML: bool = True,
    weights: str | Sequence[float] | None = None,
    offset: str | Sequence[float] | None = None,
    subset: str | Sequence[bool] | None = None,
    na_action: str = "na.omit",
    contrasts: Mapping[str, str] | None = None,
    start: Sequence[float] | None = None,
    control: Mapping[str, Any] | None = None,
    backend: str | None = None,
    *,
    trust_formula: bool = False,
) -> MerMod:
    """Fit a linear mixed-effects model, lme4's ``lmer``.

    Parameters
    ----------
    formula : str
        An lme4 formula, such as ``"y ~ x + (1 + x | g)"``.
    data : DataFrame
        A pandas DataFrame; a polars or pyarrow table is taken too.
    REML : bool
        Maximize the restricted likelihood instead of the likelihood.
    weights, offset : str or sequence of float, optional
        A column's name, an R expression over the columns, or one value a row: prior weights (dimensionless) and a known
        part of the response (its units).
    subset : str or sequence of bool, optional
        The rows to use: an R expression over the columns, or one truth value a row.
    na_action : {"na.omit", "na.exclude", "na.fail"}
        Drop rows with missing values; drop them but return them as NaN in per-row results; or refuse them.
    contrasts : mapping of str to str, optional
        By factor, R's contrast function: ``{"f": "contr.sum"}``.
    start : sequence of float, optional
        Starting values of theta, dimensionless.
    control : mapping, optional
        Options as `lmerControl` names them. In the statsmodels backend ``{"polish": False}`` keeps MixedLM's own
        estimates.
    backend : {"lme4", "pymer4", "statsmodels", "native"}, optional
        What fits the model; by default the first of lme4, statsmodels and native that can.
    trust_formula : bool
        Let the formula call functions that are not on the list of known ones.

    Returns
    -------
    MerMod
        The fitted model.

    Raises
    ------
    FormulaError
        If the formula cannot be read, has no random effects, or calls a function that is not allowed.
    DataError
        If a variable is missing or unusable, or lme4's own checks of the data fail.
    BackendUnavailable, UnsupportedByBackend
        If the backend named cannot be used here or cannot express the model.
    RError
        If R fails.
    ValueError
        For another value of `REML`, `na_action` or `backend`.

    Warns
    -----
    FallbackWarning, SingularFitWarning, ConvergenceWarning
        With lme4's own words, kept in ``fit.messages`` too.

    References
    ----------
    lme4 ``lmer``; Bates, Maechler, Bolker and Walker (2015), J. Stat. Softw. 67(1).

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.fixef().round(3).to_dict()
    {'(Intercept)': 12.657, 'ses': 2.39}
    """
    if REML not in (True, False):
        raise ValueError(f"REML={REML!r}: True maximizes the restricted likelihood, False the likelihood")
    frame = as_pandas(data)
    extras = {"weights": weights, "offset": offset, "subset": subset}
    model, columns = prepare(
        formula,
        frame,
        REML=bool(REML),
        extras=extras,
        na_action=na_action,
        contrasts=dict(contrasts or {}),
        start=None if start is None else tuple(float(value) for value in start),
        control=checked(control or {}),
        trust=trust_formula,
    )
    if not model.formula.random:
        raise FormulaError.at(
            formula,
            (0, len(formula)),
            "No random effects terms specified in formula",
            "Add one such as (1 | group), or use lmebridge.lm.",
        )
    fit, engine = selection.attempt(model, backend, lambda chosen: chosen.fit(model, columns))
    warn_about(fit)
    arrays = {name: value for name, value in extras.items() if value is not None and not isinstance(value, str)}
    return MerMod(fit, engine, frame, given=arrays)


def prepare(
    formula: str,
    frame: pd.DataFrame,
    *,
    extras: Mapping[str, str | Sequence[Any] | None],
    na_action: str,
    trust: bool,
    **settings: Any,
) -> tuple[Model, pd.DataFrame]:
    """The model that a call describes and the columns it needs, checked.

    Parameters
    ----------
    formula : str
        The formula as the user wrote it.
    frame : pandas.DataFrame
        The user's data.
    extras : mapping of str to str, sequence or None
        ``weights``, ``offset`` and ``subset`` as the user gave them.
    na_action : str
        One of `NA_ACTIONS`.
    trust : bool
        Whether any function may be called.
    **settings
        Further fields of `Model`.

    Returns
    -------
    tuple of (Model, pandas.DataFrame)
        Arrays among `extras` have become columns of the second, named in the first.

    Raises
    ------
    FormulaError, DataError
        As `lmer`.
    ValueError
        For an unknown `na_action`.
    """
    if na_action not in NA_ACTIONS:
        raise ValueError(f"na_action={na_action!r}: use one of {', '.join(map(repr, NA_ACTIONS))}")
    read = resolve_dot(parse_formula(formula, trust=trust), [str(name) for name in frame.columns])
    if read.response is None:
        raise FormulaError(f"the formula has no response: write one before the `~` of `{read.text}`")
    texts, arrays = _expressions(extras, len(frame))
    model = Model(formula=read, na_action=na_action, **(texts | settings))
    return model, select(frame.assign(**arrays) if arrays else frame, _needed(read, texts, trust=trust))


def warn_about(fit: Fit, stacklevel: int = 3) -> None:
    """Give every message of the fit as the Python warning of its kind."""
    for message in fit.convergence.messages:
        warnings.warn(message.text, WARNINGS[message.kind], stacklevel=stacklevel)


def _expressions(
    extras: Mapping[str, str | Sequence[Any] | None], n_rows: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """R texts by argument, and new columns (named ``.weights`` and so on) for those given as arrays."""
    texts: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for argument, value in extras.items():
        if value is None or isinstance(value, str):
            texts[argument] = value
            continue
        column = f".{argument}"
        arrays[column] = _one_a_row(argument, value, n_rows)
        texts[argument] = column
    return texts, arrays


def _one_a_row(argument: str, value: Sequence[Any], n_rows: int) -> np.ndarray:
    array = np.asarray(value)
    if array.shape != (n_rows,):
        raise DataError(
            f"{argument} has shape {array.shape}, but the data has {n_rows} rows: "
            "give one value a row, or a column's name"
        )
    if argument == "subset" and array.dtype != bool:
        raise DataError(
            f"subset has dtype {array.dtype}: give one truth value a row, or an R expression such as 'x > 0'"
        )
    return array


def _needed(formula: Formula, texts: Mapping[str, str | None], *, trust: bool) -> list[str]:
    from lmebridge.rsyntax import names

    needed = list(formula.variables)
    for text in texts.values():
        if text is not None:
            needed += names(parse_expression(text, trust=trust))
    return list(dict.fromkeys(needed))
