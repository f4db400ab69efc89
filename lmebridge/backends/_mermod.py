"""A merMod seen from Python: what r/extract.R read from it as a record, and its answers on demand.

The same record comes of a live merMod and of a golden file, since one R function reads both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lmebridge.backends import _r
from lmebridge.cached import cached_property
from lmebridge.errors import DataError
from lmebridge.frames import level_name
from lmebridge.records import Convergence, Fit, Message, Source
from lmebridge.rsyntax import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lmebridge.records import MessageKind, Model

#: lme4's own words, by what they are about; the rest is a note. They are not translated (lme4 has no translations).
SINGULAR = re.compile(r"singular")
NOT_CONVERGED = re.compile(
    r"failed to converge|convergence code|nearly unidentifiable|scaled gradient|Hessian is numerically singular|"
    r"degenerate\s+Hessian|maxfun|maxeval|optimizer",
    re.IGNORECASE,
)


def record(
    model: Model,
    extract: Mapping[str, Any],
    conditions: Iterable[str] = (),
    *,
    kind: Literal["live", "golden"] = "live",
    more_versions: Mapping[str, str] | None = None,
) -> Fit:
    """Record of what r/extract.R read from a merMod.

    Parameters
    ----------
    model : Model
        What was fitted.
    extract : mapping
        The decoded list that ``extract`` of r/extract.R returns.
    conditions : iterable of str
        What R said while it fitted, in order.
    kind : {"live", "golden"}
        Where the list comes from.
    more_versions : mapping of str to str, optional
        Versions to name after R's, such as rpy2's.

    Returns
    -------
    Fit
        The plain tables.
    """
    versions = {name: extract["versions"][name][0] for name in ("lme4", "R")} | dict(more_versions or {})
    names = extract["fixed"].index
    return Fit(
        model=_as_fitted(model, extract),
        fixed=pd.DataFrame({"Estimate": extract["fixed"], "Std. Error": extract["std_error"]}, index=names),
        fixed_covariance=pd.DataFrame(extract["fixed_covariance"], index=names, columns=names),
        variance=_variance(extract["variance"]),
        blocks=_blocks(extract),
        theta=extract["theta"].to_numpy(dtype=float),
        sigma=float(extract["sigma"][0]),
        criterion=float(extract["criterion"][0]),
        n_obs=int(extract["n_obs"][0]),
        n_groups={group: int(levels) for group, levels in extract["n_groups"].items()},
        convergence=_convergence(extract, conditions),
        source=Source(kind, "lme4", versions, call=extract["call"][0]),
        dropped=tuple(extract["dropped"]),
        has_scale=bool(extract["has_scale"][0]) if "has_scale" in extract else True,
    )


def _as_fitted(model: Model, extract: Mapping[str, Any]) -> Model:
    """The model with the family that R gives a generalized one: its theta may have been estimated."""
    if "family" not in extract:
        return model
    theta = None if extract["family_theta"] is None else float(extract["family_theta"][0])
    return replace(
        model,
        REML=False,
        family=extract["family"][0],
        link=extract["link"][0],
        family_theta=theta,
        nAGQ=int(extract["nAGQ"][0]),
    )


def _variance(table: pd.DataFrame) -> pd.DataFrame:
    """The names as text with None where R has NA, in every version of pandas."""
    names = {name: [None if pd.isna(v) else str(v) for v in table[name]] for name in ("grp", "var1", "var2")}
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in names.items()})
    return frame.assign(vcov=table["vcov"].to_numpy(float), sdcor=table["sdcor"].to_numpy(float))


def _blocks(extract: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = zip(extract["block_groups"], extract["block_effects"], strict=True)
    return tuple((group, tuple(effects)) for group, effects in pairs)


def _convergence(extract: Mapping[str, Any], conditions: Iterable[str]) -> Convergence:
    code = _first_integer(extract["code"])
    said = dict.fromkeys([*conditions, *extract["lme4_messages"], *extract["optimizer_warnings"]])
    return Convergence(
        optimizer=" ".join(extract["optimizer"]),
        code=code,
        status="OK" if code == 0 else "; ".join(extract["message"]),
        n_evaluations=_first_integer(extract["n_evaluations"]),
        messages=tuple(Message(kind_of(text), text) for text in said),
    )


def _first_integer(values: Any) -> int:
    """The first integer, 0 where R has none or NA."""
    return int(values[0]) if len(values) and not pd.isna(values[0]) else 0


def kind_of(text: str) -> MessageKind:
    """What a message of lme4 is about.

    Examples
    --------
    >>> kind_of("boundary (singular) fit: see help('isSingular')")
    'singular'
    >>> kind_of("Model failed to converge with max|grad| = 0.0035 (tol = 0.002, component 1)")
    'convergence'
    >>> kind_of("fixed-effect model matrix is rank deficient so dropping 1 column / coefficient")
    'note'
    """
    if NOT_CONVERGED.search(text):
        return "convergence"
    return "singular" if SINGULAR.search(text) else "note"


@dataclass(frozen=True, eq=False)
class MerModEngine:
    """A live merMod's answers; each is one call of R, made when first asked for.

    Attributes
    ----------
    model : Model
        What was fitted.
    handle : RHandle
        The merMod in R.
    extract : mapping
        What r/extract.R read from it.
    types : mapping of str to dtype
        By column of the data fitted to, its pandas type.
    versions : mapping of str to str
        Versions besides R's own.
    """

    model: Model
    handle: _r.RHandle
    extract: Mapping[str, Any]
    types: Mapping[str, Any]
    versions: Mapping[str, str]

    @property
    def underlying(self) -> _r.RHandle:
        """The merMod in R: our R functions take the handle; ``.sexp`` is rpy2's object where R is in this process."""
        return self.handle

    def _ask(self, function: str, **arguments: Any) -> Any:
        return _r.call(function, model=self.handle, **arguments)

    def rows(self) -> np.ndarray:
        """Positions, from 0, of the rows used; shape (n_obs,)."""
        return np.asarray(self.extract["rows"], dtype=np.intp) - 1

    def omitted(self) -> np.ndarray:
        """Positions, from 0, of the rows dropped for missing values; shape (n_omitted,)."""
        return np.asarray(self.extract["omitted"], dtype=np.intp) - 1

    def frame(self) -> pd.DataFrame:
        """R's model frame, one row a row used."""
        frame: pd.DataFrame = self._ask("model_frame")
        return frame

    @cached_property
    def _fitted(self) -> np.ndarray:
        return np.asarray(self._ask("fitted_values"), dtype=float)

    def fitted(self) -> np.ndarray:
        """Fitted values, shape (n_obs,), units of the response."""
        return self._fitted.copy()

    def residuals(self, type: str = "response") -> np.ndarray:
        """R's residuals of the given type, shape (n_obs,)."""
        return np.asarray(self._ask("residual_values", type=type), dtype=float)

    @cached_property
    def _modes(self) -> dict[str, pd.DataFrame]:
        groups = self._ask("conditional_modes")
        return {
            name: pd.DataFrame(group["values"], index=pd.Index(group["levels"]), columns=pd.Index(group["effects"]))
            for name, group in groups.items()
        }

    def ranef(self) -> dict[str, pd.DataFrame]:
        """Conditional modes by grouping factor: levels by effects."""
        return {group: frame.copy() for group, frame in self._modes.items()}

    @cached_property
    def _variances(self) -> dict[str, np.ndarray]:
        arrays = self._ask("conditional_covariances")
        return {group: np.ascontiguousarray(np.moveaxis(array, 2, 0)) for group, array in arrays.items()}

    def conditional_variances(self) -> dict[str, np.ndarray]:
        """Conditional covariances by grouping factor, shape (n_levels, q, q)."""
        return {group: array.copy() for group, array in self._variances.items()}

    def criterion(self, *, REML: bool) -> float:
        """The REML criterion or the deviance at this fit's theta, as lme4's ``logLik`` takes them."""
        return float(self._ask("criterion", REML=REML)[0])

    def getME(self, name: str) -> Any:
        """R's ``getME``: vectors as arrays, or Series where R names them, sparse matrices as scipy's.

        ``"weights"``, the prior weights, is there besides R's names. A piece that only R can hold comes as a handle.

        Raises
        ------
        ValueError
            For a name that lme4 does not know, with the names there are.
        """
        if name == "weights":
            return np.asarray(self._ask("prior_weights"), dtype=float)
        known = _r.call("getme_names")
        if name not in known:
            raise ValueError(f"getME has no {name!r}: it has {', '.join([*known, 'weights'])}")
        return MOULDS.get(name, _as_it_is)(self._ask("getme", name=name))

    def predict(self, newdata: pd.DataFrame | None, re_form: str | None, *, allow_new_levels: bool) -> np.ndarray:
        """Predictions, one a row of `newdata` or a row used, NaN where a predictor is missing."""
        frame = None if newdata is None else like_training(newdata, self.types, grouping(self.model))
        arguments = {"newdata": frame, "re_form": re_form, "allow_new_levels": allow_new_levels}
        return np.asarray(self._ask("predict_lmer", **arguments), dtype=float)

    def printed(self, *, summary: bool) -> str:
        """What R prints for the model, or for its summary, 80 characters wide."""
        return "\n".join(self._ask("printed_summary" if summary else "printed_model"))

    def refit(self, *, REML: bool) -> tuple[Fit, MerModEngine]:
        """The same model with or without REML: `refitML` to ML, as lme4's anova does it, `update` to REML."""
        answer = _r.keep("refit_lmer", model=self.handle, REML=REML)
        return adopt(answer, replace(self.model, REML=REML), self.types, self.versions)

    def refit_response(self, response: np.ndarray) -> tuple[Fit, MerModEngine]:
        """The same model with another response, one value a row used, shape (n_obs,)."""
        answer = _r.keep("refit_response", model=self.handle, newresp=response)
        return adopt(answer, self.model, self.types, self.versions)

    def refit_simulated(self, seed: int, re_form: str | None) -> tuple[Fit, MerModEngine]:
        """The same model fitted to a response that R simulates from it with this seed."""
        answer = _r.keep("refit_simulated", model=self.handle, seed=seed, re_form=re_form)
        return adopt(answer, self.model, self.types, self.versions)


def adopt(
    answer: _r.Answer, model: Model, types: Mapping[str, Any], versions: Mapping[str, str]
) -> tuple[Fit, MerModEngine]:
    """Record and engine of a merMod that R has just fitted."""
    extract = _r.call("extract", model=answer.value)
    said = [condition.text for condition in answer.conditions]
    fit = record(model, extract, said, more_versions=versions)
    return fit, MerModEngine(fit.model, answer.value, extract, types, versions)


# --- shapes of getME's pieces -----------------------------------------------------------------------------------------


def _as_it_is(value: Any) -> Any:
    return value


def _flat(value: Any) -> np.ndarray:
    return np.asarray(value, dtype=float).ravel()


def _scalar(value: Any) -> Any:
    return np.asarray(value).ravel()[0].item()


def _factors(value: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(dict(value))


#: By getME's name, the shape of the answer where R's own is an accident of its classes.
MOULDS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("y", "mu", "u", "b", "beta", "offset"), _flat),
    **dict.fromkeys(("X", "RX", "RZX"), np.asarray),
    **dict.fromkeys(("sigma", "REML", "is_REML", "n_rtrms", "n_rfacs", "N", "n", "p", "q", "k", "m"), _scalar),
    "flist": _factors,
}


# --- new data ---------------------------------------------------------------------------------------------------------


def grouping(model: Model) -> frozenset[str]:
    """Variables that only group: R compares their values as text."""
    formula = model.formula
    others = {name for node in (formula.fixed, *(term.effects for term in formula.random)) for name in names(node)}
    return frozenset(name for term in formula.random for name in names(term.group)) - others


def like_training(
    newdata: pd.DataFrame, types: Mapping[str, Any], labels: frozenset[str] = frozenset()
) -> pd.DataFrame:
    """The columns of `newdata` that the model knows, typed as the data it was fitted to.

    Parameters
    ----------
    newdata : pandas.DataFrame, shape (m, k)
        Rows to predict for; columns the model does not know are left out.
    types : mapping of str to dtype
        By column of the training data, its type.
    labels : frozenset of str
        Columns whose values are compared as text, so that text may stand where numbers were.

    Returns
    -------
    pandas.DataFrame, shape (m, at most k)
        Categories have the training data's levels first, new ones after them.

    Raises
    ------
    DataError
        If a column cannot be what it was in the training data.
    """
    shared = [name for name in types if name in newdata.columns]
    columns = {
        name: newdata[name] if name in labels and _is_text(newdata[name]) else _typed(newdata[name], types[name], name)
        for name in shared
    }
    return pd.DataFrame(columns, index=newdata.index)


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column.dtype) and not isinstance(column.dtype, pd.CategoricalDtype)


def _typed(column: pd.Series, dtype: Any, name: str) -> pd.Series:
    if column.dtype == dtype:
        return column
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(column, dtype)
    is_text = getattr(dtype, "kind", "O") not in "iufb"
    if is_text:
        return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    if column.isna().all():
        return pd.Series(np.nan, index=column.index)
    raise DataError(f"column '{name}' of newdata has type {column.dtype}, but the model was fitted to {dtype}.")


def _categories(column: pd.Series, dtype: pd.CategoricalDtype) -> pd.Series:
    known = dtype.categories
    if all(isinstance(level, str) for level in known):
        # The data fitted to have crossed to R by their names: numbers among new data are meant by theirs.
        column = column.astype(object).map(level_name, na_action="ignore")
    new = [value for value in pd.unique(column.dropna()) if value not in known]
    levels = [*known, *new]
    return column.astype(object).astype(pd.CategoricalDtype(levels, ordered=bool(dtype.ordered)))
