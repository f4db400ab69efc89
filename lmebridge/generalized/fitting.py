"""Fitting generalized linear mixed models: lme4's ``glmer`` and ``glmer.nb``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from lmebridge import selection
from lmebridge.api import lmer, prepare, warn_about
from lmebridge.errors import FormulaError, LmebridgeWarning
from lmebridge.families import Family, read_family
from lmebridge.frames import as_pandas
from lmebridge.generalized.glmer_mod import mer_mod

if TYPE_CHECKING:
    from lmebridge.model import MerMod

#: What lme4 says when it is asked for a linear model.
GAUSSIAN_WORDS = (
    "calling glmer() with family=gaussian (identity link) as a shortcut to lmer() is deprecated;"
    " please call lmer() directly"
)
#: Starting values that glmer takes by name.
STARTS = ("theta", "fixef")


def glmer(
    formula: str,
    data: Any,
    family: str | Sequence[str] = "binomial",
    nAGQ: int = 1,
    weights: str | Sequence[float] | None = None,
    offset: str | Sequence[float] | None = None,
    subset: str | Sequence[bool] | None = None,
    na_action: str = "na.omit",
    contrasts: Mapping[str, str] | None = None,
    start: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
    control: Mapping[str, Any] | None = None,
    backend: str | None = None,
    *,
    trust_formula: bool = False,
) -> MerMod:
    """Fit a generalized linear mixed model, lme4's ``glmer``.

    Parameters
    ----------
    formula : str
        An lme4 formula, such as ``"cbind(k, n - k) ~ x + (1 | g)"``. A binomial response is ``cbind`` of successes and
        failures, a proportion with the numbers of trials as `weights`, 0 and 1, bool, or a factor whose first level is
        failure.
    data : DataFrame
        A pandas DataFrame; a polars or pyarrow table is taken too.
    family : str or pair of str
        ``"binomial"``, ``"poisson"``, ``"Gamma"``, ``"inverse.gaussian"``, ``"gaussian"`` with another link, or
        ``"negative.binomial(theta = 2)"``; with a link as R text, ``"binomial(link = 'probit')"``, or as a pair,
        ``("binomial", "probit")``. Where R's default is the gaussian family, this one's is binomial.
    nAGQ : int
        Points an axis of the adaptive Gauss-Hermite quadrature: 1 is Laplace's approximation; more are for a single
        random effect; 0 is faster and less exact.
    weights, offset : str or sequence of float, optional
        A column's name, an R expression over the columns, or one value a row: prior weights (dimensionless) and a known
        part of the linear predictor (on the scale of the link).
    subset : str or sequence of bool, optional
        The rows to use: an R expression over the columns, or one truth value a row.
    na_action : {"na.omit", "na.exclude", "na.fail"}
        As in `lmer`.
    contrasts : mapping of str to str, optional
        By factor, R's contrast function: ``{"f": "contr.sum"}``.
    start : sequence of float or mapping, optional
        Starting values of theta; or those of ``"theta"`` and ``"fixef"``.
    control : mapping, optional
        Options under the names of lme4's ``glmerControl``, such as ``{"optimizer": "bobyqa"}``.
    backend : {"lme4"}, optional
        Only lme4 fits generalized models.
    trust_formula : bool
        Let the formula call functions that are not on the list of known ones.

    Returns
    -------
    GlmerMod
        The fitted model.

    Raises
    ------
    ValueError
        For another family, link or starting value.
    FormulaError
        If the formula cannot be read, has no random effects, or calls a function that is not allowed.
    DataError
        If a variable is missing or unusable, or the family cannot have the response.
    BackendUnavailable, UnsupportedByBackend
        If lme4 cannot be used here, or another backend is named.
    RError
        If R fails, in its own words.

    Warns
    -----
    SingularFitWarning, ConvergenceWarning, LmebridgeWarning
        With R's own words, kept in ``fit.messages`` too.

    Notes
    -----
    A gaussian family with the identity link is a linear mixed model: as in lme4 a warning says so and `lmer` fits it.

    References
    ----------
    lme4 ``glmer``; Bates, Maechler, Bolker and Walker (2015), J. Stat. Softw. 67(1).
    """
    chosen = read_family(family)
    arguments: dict[str, Any] = {"weights": weights, "offset": offset, "subset": subset, "na_action": na_action}
    arguments |= {"contrasts": contrasts, "start": start, "control": control, "trust_formula": trust_formula}
    if (chosen.name, chosen.link) == ("gaussian", "identity"):
        warnings.warn(GAUSSIAN_WORDS, LmebridgeWarning, stacklevel=2)
        return lmer(formula, data, backend=backend, **arguments)
    return _fitted(formula, data, chosen, nAGQ, backend, arguments)


def glmer_nb(
    formula: str,
    data: Any,
    nAGQ: int = 1,
    weights: str | Sequence[float] | None = None,
    offset: str | Sequence[float] | None = None,
    subset: str | Sequence[bool] | None = None,
    na_action: str = "na.omit",
    contrasts: Mapping[str, str] | None = None,
    start: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
    control: Mapping[str, Any] | None = None,
    backend: str | None = None,
    *,
    trust_formula: bool = False,
) -> MerMod:
    """Fit a negative binomial mixed model and its theta, lme4's ``glmer.nb``.

    Parameters
    ----------
    formula : str
        An lme4 formula whose response counts.
    data : DataFrame
        A pandas DataFrame; a polars or pyarrow table is taken too.
    nAGQ, weights, offset, subset, na_action, contrasts, start, control, backend, trust_formula
        As in `glmer`.

    Returns
    -------
    GlmerMod
        The fitted model; ``fit.family().theta`` is the shape, dimensionless: the variance of a response of mean mu is
        ``mu + mu**2 / theta``.

    Raises
    ------
    FormulaError, DataError, BackendUnavailable, UnsupportedByBackend, RError
        As `glmer`.

    Notes
    -----
    As in lme4, what refits the model (`update`, `drop1`, `refit`) keeps theta as it is.

    References
    ----------
    lme4 ``glmer.nb``; Venables and Ripley (2002), Modern Applied Statistics with S, section 7.4.
    """
    arguments: dict[str, Any] = {"weights": weights, "offset": offset, "subset": subset, "na_action": na_action}
    arguments |= {"contrasts": contrasts, "start": start, "control": control, "trust_formula": trust_formula}
    return _fitted(formula, data, Family("negative.binomial", "log"), nAGQ, backend, arguments)


def _fitted(
    formula: str, data: Any, family: Family, nAGQ: int, backend: str | None, arguments: Mapping[str, Any]
) -> MerMod:
    frame = as_pandas(data)
    extras = {name: arguments[name] for name in ("weights", "offset", "subset")}
    model, columns = prepare(
        formula,
        frame,
        extras=extras,
        na_action=arguments["na_action"],
        trust=arguments["trust_formula"],
        REML=False,
        contrasts=dict(arguments["contrasts"] or {}),
        control=dict(arguments["control"] or {}),
        family=family.family,
        link=family.link,
        family_theta=family.theta,
        estimates_theta=family.to_estimate,
        nAGQ=_points(nAGQ),
        **_starts(arguments["start"]),
    )
    if not model.formula.random:
        raise FormulaError.at(
            formula,
            (0, len(formula)),
            "No random effects terms specified in formula",
            "Add one such as (1 | group); models without random effects are R's glm or statsmodels' GLM.",
        )
    fit, engine = selection.attempt(model, backend, lambda chosen: chosen.fit(model, columns), stacklevel=4)
    warn_about(fit, stacklevel=4)
    arrays = {name: value for name, value in extras.items() if value is not None and not isinstance(value, str)}
    return mer_mod(fit, engine, frame, given=arrays)


def _points(nAGQ: Any) -> int:
    if isinstance(nAGQ, bool) or not isinstance(nAGQ, Integral) or nAGQ < 0:
        raise ValueError(f"nAGQ={nAGQ!r}: a number of quadrature points is 0, 1 or more")
    return int(nAGQ)


def _starts(start: Sequence[float] | Mapping[str, Sequence[float]] | None) -> dict[str, Any]:
    """Fields of the model for the starting values."""
    given: Mapping[str, Sequence[float]] = start if isinstance(start, Mapping) else {}
    if start is not None and not isinstance(start, Mapping):
        given = {"theta": start}
    unknown = [name for name in given if name not in STARTS]
    if unknown:
        raise ValueError(f"bad name(s) for start vector ({', '.join(unknown)}); should be 'theta' and/or 'fixef'")
    values = {name: tuple(float(value) for value in numbers) for name, numbers in given.items()}
    return {"start": values.get("theta"), "start_fixef": values.get("fixef")}
