"""The way to R and back: models fitted in R, files of them, any R function on a fit, and the R script of a fit."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import DataError, RError, UnsupportedByBackend
from lmebridge.families import family_code
from lmebridge.inference import twin

if TYPE_CHECKING:
    from lmebridge.backends._r import RHandle
    from lmebridge.model import MerMod
    from lmebridge.records import Fit, Model


def from_r(robject: Any) -> MerMod:
    """A mixed model that was fitted in R, seen from Python.

    Parameters
    ----------
    robject : object
        An rpy2 object of class lmerMod, lmerModLmerTest or glmerMod, or what `r` left in R.

    Returns
    -------
    MerMod
        The fit with all its accessors, a `GlmerMod` where the model is a generalized one. Its ``data`` are those of
        R's call where R still finds them, else the model frame.

    Raises
    ------
    DataError
        If it is no linear or generalized linear mixed model.

    Notes
    -----
    The model is copied: what is done with it here does not change R's own.
    """
    from lmebridge.backends import _r

    if isinstance(robject, _r.RHandle):
        return adopted(robject)
    if type(robject).__module__.partition(".")[0] != "rpy2":
        raise DataError(f"from_r takes an rpy2 object of class lmerMod or glmerMod, not {type(robject).__name__}")
    return adopted(_r.from_rpy2(robject))


def r(name: str, first: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call any function of R's lme4, stats or base, on a fit or on anything else.

    Parameters
    ----------
    name : str
        The function's name in R, such as ``"allFit"``.
    first : MerMod or object
        The first argument: a model that R fitted, or what may be a further argument.
    *args, **kwargs
        Further arguments: None, bool, int, float, str, lists, arrays, DataFrames, other fits, or what an earlier call
        left in R. Text with a ``~`` is a formula, a Series with text as index a named vector. A ``_`` in a name is R's
        ``.``.

    Returns
    -------
    object
        Vectors as arrays or Series, data frames as DataFrames, lists as dict or list; what only R can hold as a handle,
        which `from_r` takes if it is a model.

    Raises
    ------
    UnsupportedByBackend
        If there is no merMod in R behind the fit.
    RError
        In R's own words.
    """
    from lmebridge.backends import _r
    from lmebridge.model import MerMod

    positional = [_argument(value) for value in (first, *args)]
    named = {key.replace("_", "."): _argument(value) for key, value in kwargs.items()}
    if not isinstance(first, MerMod):
        return _r.call("call_function", name=name, positional=positional, named=named)
    return twin.ask_r(first, "call_on_model", name=name, positional=positional[1:], named=named)


def _argument(value: Any) -> Any:
    from lmebridge.model import MerMod
    from lmebridge.na import NAType

    if isinstance(value, NAType):
        return math.nan
    if isinstance(value, MerMod):
        _need_r(value, "an argument of r()")
        return twin.engine_of(value).handle
    if isinstance(value, pd.Series) and len(value) and all(isinstance(label, str) for label in value.index):
        return {".kind": "named", "values": value.reset_index(drop=True), "names": list(value.index)}
    return value


def _need_r(fit: MerMod, what: str) -> None:
    if not twin.in_r(fit):
        reason = "it has no merMod in R"
        raise UnsupportedByBackend.because(fit.record.source.engine, what, reason, "Fit with backend='lme4'.")


def adopted(held: RHandle) -> MerMod:
    """A fit over a merMod that was fitted elsewhere.

    Parameters
    ----------
    held : RHandle
        The merMod in R.

    Raises
    ------
    DataError
        In R's words, if it is no model that is taken.
    """
    from lmebridge.backends import _mermod, _r
    from lmebridge.generalized.glmer_mod import mer_mod

    try:
        answer = _r.keep("adopt_model", object=held)
        labels = _r.call("row_labels", object=held)
        called = _r.call("model_call", model=answer.value)
    except RError as error:
        raise DataError(str(error)) from error
    data: pd.DataFrame = _r.call("model_data", model=answer.value)
    fit, engine = _mermod.adopt(answer, _model(called), dict(data.dtypes), _r.door_versions(answer.value))
    numbered = [str(i + 1) for i in range(len(data))] == list(labels)
    return mer_mod(fit, engine, data.set_axis(pd.RangeIndex(len(data)) if numbered else pd.Index(labels), axis=0))


def _model(called: dict[str, Any]) -> Model:
    """What was fitted, from R's call."""
    from lmebridge.formula.model_formula import parse_formula
    from lmebridge.records import Model

    def text(name: str) -> str | None:
        return None if called[name] is None else str(called[name][0])

    contrasts = {name: str(value[0]) for name, value in dict(called["contrasts"] or {}).items()}
    return Model(
        formula=parse_formula(str(called["formula"][0]), trust=True),
        REML=bool(called["REML"][0]),
        weights=text("weights"),
        offset=text("offset"),
        subset=text("subset"),
        contrasts=contrasts,
        na_action=str(called["na_action"][0]),
    )


def r_code(fit: MerMod, data: str = "data.csv") -> str:
    """The R script that fits the same model, to be run with ``Rscript``.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    data : str
        Where the script finds the data: a comma-separated file with a header, as ``fit.data.to_csv(data, index=False)``
        writes it, or an ``.rds`` file of a data frame.

    Returns
    -------
    str
        R code. The levels and types of the columns are written out, and so are weights, offsets and subsets that were
        given as arrays.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> print(fit.r_code().splitlines()[-2])
    fit <- lmer(mathach ~ ses + (1 | schoolid), data = data)
    """
    reader = "readRDS" if data.lower().endswith(".rds") else "read.csv"
    options = (
        ', check.names = FALSE, na.strings = c("NA", ""), stringsAsFactors = FALSE' if reader == "read.csv" else ""
    )
    lines = [
        f"# Fitted in Python by {fit.backend}.",
        "library(lme4)",
        'options(contrasts = c("contr.treatment", "contr.poly"))',
        f"data <- {reader}({_literal(data)}{options})",
        *(_typed(str(name), fit.data[name]) for name in _used(fit)),
        *(f"data[[{_literal(f'.{name}')}]] <- {_literal(list(values))}" for name, values in fit.given.items()),
        f"fit <- {_fitter(fit.record)}({', '.join(_call_arguments(fit.record.model))})",
        "print(summary(fit))",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _used(fit: MerMod) -> list[Any]:
    """The columns of the data that the model's expressions name."""
    from lmebridge.formula.model_formula import parse_expression
    from lmebridge.rsyntax import names

    model = fit.record.model
    texts = [text for text in (model.weights, model.offset, model.subset) if text is not None]
    found = [*model.formula.variables, *(name for text in texts for name in names(parse_expression(text, trust=True)))]
    return [name for name in dict.fromkeys(found) if name in fit.data.columns]


def _typed(name: str, column: pd.Series) -> str:
    """R code that gives a column the type it has here; empty where R reads it so."""
    target = f"data[[{_literal(name)}]]"
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = _literal([str(level) for level in column.cat.categories])
        return f"{target} <- factor({target}, levels = {levels}{', ordered = TRUE' if column.cat.ordered else ''})"
    if pd.api.types.is_bool_dtype(column.dtype):
        return f"{target} <- as.logical({target})"
    if pd.api.types.is_numeric_dtype(column.dtype):
        return f"{target} <- as.numeric({target})"
    return f'{target} <- factor({target}, levels = sort(unique(as.character({target})), method = "radix"))'


def _fitter(record: Fit) -> str:
    if record.model.estimates_theta:
        return "glmer.nb"
    return "glmer" if record.model.is_generalized else "lmer"


def _call_arguments(model: Model) -> list[str]:
    """Arguments of R's lmer or glmer."""
    from lmebridge.control import OWN
    from lmebridge.printing.summary_call import r_name

    arguments = [str(model.formula), "data = data"]
    if model.is_generalized:
        arguments += _generalized_arguments(model)
    else:
        arguments += [] if model.REML else ["REML = FALSE"]
    arguments += [f"{name} = {text}" for name in ("weights", "offset", "subset") if (text := getattr(model, name))]
    arguments += [] if model.na_action == "na.omit" else [f"na.action = {model.na_action}"]
    arguments += [f"contrasts = {_literal(dict(model.contrasts))}"] if model.contrasts else []
    control = {r_name(key): value for key, value in model.control.items() if key not in OWN}
    maker = "glmerControl" if model.is_generalized else "lmerControl"
    arguments += [f"control = {maker}({_named(control)})"] if control else []
    return arguments


def _generalized_arguments(model: Model) -> list[str]:
    """What glmer takes and lmer does not; glmer.nb has its family."""
    family = family_code(model.family, model.link, model.family_theta)
    arguments = [] if model.estimates_theta else [f"family = {family}"]
    arguments += [] if model.nAGQ == 1 else [f"nAGQ = {model.nAGQ}"]
    starts = {"theta": model.start, "fixef": model.start_fixef}
    given = {name: list(values) for name, values in starts.items() if values is not None}
    return [*arguments, f"start = {_literal(given)}"] if given else arguments


def _literal(value: Any) -> str:
    """R code for a plain value."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return f"list({_named(value)})"
    if isinstance(value, (list, tuple)):
        return f"c({', '.join(map(_literal, value))})"
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    return "NA" if pd.isna(value) else repr(float(value))


def _named(values: dict[str, Any]) -> str:
    return ", ".join(f"`{name}` = {_literal(value)}" for name, value in values.items())
