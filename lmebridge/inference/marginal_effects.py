"""A fitted model for the Python package marginaleffects: predictions, comparisons and slopes of the fixed effects."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.errors import DataError, LmebridgeWarning, MissingExtra, UnsupportedByBackend
from lmebridge.inference import twin

if TYPE_CHECKING:
    from lmebridge.design.build import Design
    from lmebridge.model import MerMod

#: The last version of marginaleffects seen to call what polars 2 has taken away.
LAST_WITHOUT_POLARS_2 = (0, 6)


def to_marginaleffects(fit: MerMod) -> Any:
    """The fit in the form that the Python package marginaleffects takes.

    Parameters
    ----------
    fit : MerMod
        A linear mixed model, fitted by any backend.

    Returns
    -------
    marginaleffects.classes.ModelAbstract
        A model for marginaleffects' functions, with the functions as its methods: ``predictions``, ``comparisons``,
        ``slopes``, their ``avg_...``, and ``hypotheses``. Estimates are of the fixed effects alone,
        ``predict(re_form=NA)``, in units of the response; their standard errors follow from `vcov`, and intervals and
        p-values are normal, as the R package has them for lme4's models.

    Raises
    ------
    MissingExtra
        If marginaleffects is not installed, or has another interface than versions from 0.6 on.
    UnsupportedByBackend
        For generalized models.
    DataError
        If the fixed effects have other names in R's locale than here, which text columns can do.

    Warns
    -----
    LmebridgeWarning
        If the installed marginaleffects and polars do not go together.

    Notes
    -----
    As in ``predict(newdata=)``, an ``offset()`` of the formula counts and the argument ``offset=`` does not. Text
    columns are given to marginaleffects as categories, in the order of the model's levels.

    Standard errors of slopes are safe through the methods alone. For them marginaleffects takes differences by the
    coefficients, with a step so short that rounding may double a standard error; the methods pass a step that suits
    the model as ``eps_vcov``, and so must who calls ``marginaleffects.slopes(model, eps_vcov=model.step)`` himself.

    References
    ----------
    Arel-Bundock, Greifer and Heiss (2024), How to interpret statistical models using marginaleffects for R and Python,
    J. Stat. Softw. 111(9).

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses * sector + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> round(fit.to_marginaleffects().avg_slopes(variables="ses")["estimate"][0], 2)
    2.3
    """
    if fit.record.model.family != "gaussian":
        raise UnsupportedByBackend(
            f"to_marginaleffects takes linear mixed models, and this one has the family {fit.record.model.family}. "
            "Use R's package marginaleffects on lme.write_rds(fit, ...)."
        )
    try:
        from lmebridge.inference import marginaleffects_adapter as adapter
    except ImportError as error:
        what, package = "fit.to_marginaleffects()", f"marginaleffects 0.6 or later ({error})"
        raise MissingExtra.because(what, package, "marginaleffects") from error
    _warn_of_polars(adapter.versions())
    design = twin.local_engine(fit).design
    _check_names(fit, design)
    return adapter.FixedEffectsModel(fit, design, model_data(fit, design), predictors(fit))


def _warn_of_polars(versions: dict[str, str]) -> None:
    """Say that comparisons of categories fail where marginaleffects is too old for the polars there is."""
    major = {name: tuple(int(part) for part in text.split(".")[:2]) for name, text in versions.items()}
    if major["polars"] >= (2, 0) and major["marginaleffects"] <= LAST_WITHOUT_POLARS_2:
        text = (
            f"marginaleffects {versions['marginaleffects']} does not know polars {versions['polars']}: comparisons of "
            'categories fail. Run: pip install "polars<2"'
        )
        warnings.warn(text, LmebridgeWarning, stacklevel=3)


def _check_names(fit: MerMod, design: Design) -> None:
    """The columns made here must be those that were fitted."""
    names = [str(name) for name in fit.record.fixed.index]
    if list(design.names) != names:
        other = [name for name in names if name not in design.names] or names
        raise DataError(
            f"the fixed effects {', '.join(other)} are named otherwise here than in R ({', '.join(design.names)}): R's "
            "locale sorts the levels of a text column in another order. Make the column a category and fit again."
        )


def predictors(fit: MerMod) -> list[str]:
    """The columns of the data that the fixed effects are made of, in the order of the formula."""
    from lmebridge.rsyntax import names

    return [name for name in dict.fromkeys(names(fit.record.model.formula.fixed)) if name in fit.data.columns]


def response_name(fit: MerMod) -> str:
    """The response as the formula writes it."""
    from lmebridge.rsyntax import deparse

    response = fit.record.model.formula.response
    return "" if response is None else deparse(response)


def model_data(fit: MerMod, design: Design) -> pd.DataFrame:
    """The rows used with all columns of the data, the response under the formula's name for it.

    Text among the predictors has become categories, since marginaleffects refuses text.
    """
    used = fit.data.iloc[design.rows].reset_index(drop=True)
    levels = {name: factor.levels for name, factor in design.recipe.fixed.factors.items()}
    texts = {name: as_levels(used[name], levels.get(name)) for name in predictors(fit) if is_text(used[name])}
    return used.assign(**texts, **{response_name(fit): design.y})


def is_text(column: pd.Series) -> bool:
    """Whether a column holds text."""
    return bool(pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype))


def as_levels(column: pd.Series, levels: tuple[str, ...] | None) -> pd.Series:
    """A text column as categories, in the order of the model's levels where the model has it as a factor."""
    texts = column.astype(object).map(str, na_action="ignore")
    return texts.astype(pd.CategoricalDtype(list(levels or sorted(texts.dropna().unique()))))
