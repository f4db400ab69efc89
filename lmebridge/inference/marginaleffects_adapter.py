"""The class that marginaleffects takes for a model; imported only where that package is wanted."""

from __future__ import annotations

import math
from functools import wraps
from importlib import metadata
from typing import TYPE_CHECKING, Any

import marginaleffects
import numpy as np
import polars as pl
from marginaleffects.classes import ModelAbstract, ModelVault

from lmebridge.design import newdata as rows
from lmebridge.inference import marginal_effects

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lmebridge.design.build import Design
    from lmebridge.model import MerMod


#: Step of the derivatives by the coefficients, in units of the smallest standard error: long enough that rounding is
#: lost in it, short enough for a ratio of predictions.
STEP = 1e-3


def _function(name: str) -> Callable[..., Any]:
    """One of marginaleffects' functions as a method, with a step for its derivatives that suits this model."""
    function = getattr(marginaleffects, name)

    @wraps(function)
    def method(self: FixedEffectsModel, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **({"eps_vcov": self.step} | kwargs))

    return method


class FixedEffectsModel(ModelAbstract):  # type: ignore[misc]  # the package has no types
    """The fixed part of a fitted mixed model.

    Parameters
    ----------
    fit : MerMod
        The fitted model.
    design : Design
        The model on its data.
    data : pandas.DataFrame
        The rows used, text as categories.
    predictors : list of str
        Columns that the fixed effects are made of.

    Attributes
    ----------
    df_resid : float
        Infinite: intervals are normal.
    step : float
        ``eps_vcov`` of the methods, in the smallest unit of a coefficient.
    """

    df_resid = math.inf

    predictions = _function("predictions")
    avg_predictions = _function("avg_predictions")
    comparisons = _function("comparisons")
    avg_comparisons = _function("avg_comparisons")
    slopes = _function("slopes")
    avg_slopes = _function("avg_slopes")
    hypotheses = _function("hypotheses")

    def __init__(self, fit: MerMod, design: Design, data: pd.DataFrame, predictors: list[str]) -> None:
        self._design = design
        self._has_offset = bool(design.recipe.fixed.terms.offsets)
        vault = ModelVault(
            coef=fit.fixef().to_numpy(dtype=float),
            coefnames=np.array([str(name) for name in fit.fixef().index]),
            formula=_plain_formula(predictors),
            modeldata=pl.from_pandas(data),
            package="lmebridge",
            vcov=fit.vcov().to_numpy(dtype=float),
            variable_names=[marginal_effects.response_name(fit), *predictors],
            pandas_categorical_orders=_category_orders(data),
        )
        self.step = STEP * float(np.sqrt(np.diagonal(vault.vcov)).min())
        super().__init__(fit, vault)

    def validation(self) -> None:
        """The checks of marginaleffects; the kinds of the variables are told here.

        Its 0.6.0 looks for 0 and 1 among floats in a way that polars 2 refuses.
        """
        self.validate_coef()
        self.validate_response_name()
        self.validate_formula()
        self.validate_modeldata()
        self.vault.variables_type = {name: _kind(self.vault.modeldata[name]) for name in self.vault.variable_names}

    def get_vcov(self, vcov: Any = True) -> np.ndarray | None:
        """The covariance matrix of the fixed effects, None for ``vcov=False``.

        Raises
        ------
        ValueError
            For a kind of covariance matrix by name.
        """
        if isinstance(vcov, bool):
            return np.asarray(self.vault.vcov) if vcov else None
        raise ValueError(f"vcov={vcov!r}: give True, False or a matrix of shape {self.vault.vcov.shape}")

    def get_exog(self, newdata: pl.DataFrame) -> np.ndarray:
        """The fixed effects' columns on new rows, shape (m, p); an offset of the formula is one more, last."""
        frame = newdata.to_pandas()
        matrix = rows.fixed_matrix(self._design, frame)
        return np.column_stack([matrix, rows.new_offset(self._design, frame)]) if self._has_offset else matrix

    def get_predict(self, params: np.ndarray, newdata: Any) -> pl.DataFrame:
        """Predictions of the fixed effects for what `get_exog` gave, or for new rows."""
        matrix = newdata if isinstance(newdata, np.ndarray) else self.get_exog(newdata)
        coefficients = np.append(params, 1.0) if self._has_offset else np.asarray(params, dtype=float)
        values = matrix @ coefficients
        return pl.DataFrame({"rowid": np.arange(len(values), dtype=np.int32), "estimate": values})

    def get_autodiff_args(self) -> dict[str, Any] | str:
        """What marginaleffects needs to know for exact derivatives, or why it has to take differences."""
        return "models with an offset" if self._has_offset else {"model_type": "linear", "family": None, "link": None}


def versions() -> dict[str, str]:
    """Versions of the packages that have to go together."""
    return {name: metadata.version(name) for name in ("marginaleffects", "polars")}


def _plain_formula(predictors: list[str]) -> str:
    """A formula that names the predictors and no more: marginaleffects reads its formulas with another grammar."""
    return f"~ {' + '.join(f'`{name}`' for name in predictors) or '1'}"


def _kind(column: pl.Series) -> str:
    """Word of marginaleffects for the kind of a variable."""
    if column.dtype == pl.Boolean:
        return "boolean"
    if not column.dtype.is_numeric():
        return "character"
    if set(column.unique().to_list()) <= {0, 1}:
        return "binary"
    return "integer" if column.dtype.is_integer() else "numeric"


def _category_orders(data: pd.DataFrame) -> dict[str, list[str]]:
    """By category column, its levels in their order."""
    kinds = {str(name): data[name].dtype for name in data.columns}
    return {name: [str(v) for v in kind.categories] for name, kind in kinds.items() if hasattr(kind, "categories")}
