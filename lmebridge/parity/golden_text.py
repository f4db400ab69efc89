"""A fitted model as the text of a golden, in the layout that r/make_goldens.R writes, and the hash of its data."""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lmebridge.model import MerMod
    from lmebridge.records import Fit
    from lmebridge.tables import RandomEffects

#: lme4's optimizer with tolerances that tell its slack from an error, as r/make_goldens.R has them.
TIGHT = {"optCtrl": {"xtol_abs": 1e-12, "ftol_abs": 1e-12}}


def golden_text(fit: MerMod, name: str) -> str:
    """The JSON text of a golden of `fit`.

    Parameters
    ----------
    fit : MerMod
        The fitted model. Of a linear one fitted by lme4 the text has the refined optimum too.
    name : str
        The golden's id.

    Returns
    -------
    str
        What `lmebridge.parity.golden.read_golden` reads; every number comes back to the last bit.
    """
    record = fit.record
    content: dict[str, Any] = _heading(fit, name)
    content["said"] = list(fit.messages)
    content["extract"] = _extract(fit) | _family(record)
    content |= _random(fit.ranef(condVar=True), "")
    if record.source.engine == "lme4" and (better := refined(fit)) is not None:
        content["refined"] = _refined(better)
    return json_text(content) + "\n"


def refined(fit: MerMod) -> MerMod | None:
    """The model refitted by lme4 from its own optimum with tight tolerances.

    None where its data are not all there, and of a generalized model, whose optimizers have other tolerances.
    """
    from lmebridge.api import lmer

    model = fit.record.model
    if model.is_generalized:
        return None
    expressions = {"weights": model.weights, "offset": model.offset, "subset": model.subset}
    if any(text and text.startswith(".") and text not in fit.data for text in expressions.values()):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit itself has said what there is to say
        return lmer(
            str(model.formula), fit.data, REML=model.REML, na_action=model.na_action, contrasts=model.contrasts,
            start=fit.record.theta.tolist(), control=dict(model.control) | TIGHT, backend="lme4", trust_formula=True,
            **expressions,
        )  # fmt: skip


def _heading(fit: MerMod, name: str) -> dict[str, Any]:
    record = fit.record
    return {
        "id": name,
        "call": record.source.call,
        "formula": str(record.model.formula),
        "data": fit.data_name,
        "data_sha256": fingerprint(fit),
        "R": record.source.versions.get("R", ""),
        "lme4": record.source.versions.get("lme4", ""),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _extract(fit: MerMod) -> dict[str, Any]:
    """What `extract` of r/extract.R reads from a merMod, as far as a record has it."""
    record = fit.record
    ended = record.convergence
    versions = {name: [record.source.versions.get(name, "")] for name in ("lme4", "R")}
    return {
        "call": [record.source.call],
        "REML": [record.model.REML],
        "fixed": _named(record.fixed["Estimate"]),
        "std_error": _named(record.fixed["Std. Error"]),
        "fixed_covariance": _array(record.fixed_covariance.to_numpy()),
        "dropped": list(record.dropped),
        "variance": _variance(record.variance),
        "sigma": [record.sigma],
        "block_groups": [group for group, _ in record.blocks],
        "block_effects": [list(effects) for _, effects in record.blocks],
        "theta": _theta(record),
        "n_groups": _named(pd.Series(dict(record.n_groups), dtype=float)),
        "is_singular": [fit.isSingular()],
        "criterion": [record.criterion],
        "n_obs": [record.n_obs],
        "optimizer": [ended.optimizer],
        "code": [ended.code],
        "message": [ended.status],
        "n_evaluations": [ended.n_evaluations],
        "lme4_messages": [],
        "optimizer_warnings": [],
        "versions": versions,
    }


def _family(record: Fit) -> dict[str, Any]:
    """What r/extract.R reads from generalized models alone."""
    model = record.model
    if not model.is_generalized:
        return {}
    theta = None if model.family_theta is None else [_number(model.family_theta)]
    named = {"family": [model.family], "link": [model.link], "nAGQ": [model.nAGQ], "has_scale": [record.has_scale]}
    return {**named, "family_theta": theta}


def _refined(better: MerMod) -> dict[str, Any]:
    record = better.record
    found = {
        "theta_refined": _theta(record),
        "criterion_refined": [record.criterion],
        "fixef_refined": _named(record.fixed["Estimate"]),
        "std_error_refined": _named(record.fixed["Std. Error"]),
        "sdcor_refined": _numbers(record.variance["sdcor"]),
    }
    return found | _random(better.ranef(condVar=True), "_refined")


def _random(modes: RandomEffects, ending: str) -> dict[str, Any]:
    tables = {
        group: {
            "levels": [str(level) for level in table.index],
            "effects": [str(effect) for effect in table.columns],
            "values": _array(table.to_numpy()),
        }
        for group, table in modes.items()
    }
    variances = {group: _array(np.moveaxis(array, 0, 2)) for group, array in modes.postVar.items()}
    return {f"ranef{ending}": tables, f"postVar{ending}": variances}


def _theta(record: Fit) -> dict[str, Any]:
    return _named(pd.Series(record.theta, index=[f"theta{i + 1}" for i in range(len(record.theta))]))


def _variance(table: pd.DataFrame) -> dict[str, Any]:
    names = ("grp", "var1", "var2")
    columns: list[list[Any]] = [[None if pd.isna(text) else str(text) for text in table[name]] for name in names]
    columns += [_numbers(table[name]) for name in ("vcov", "sdcor")]
    rows = list(range(1, len(table) + 1))
    return {".kind": ["frame"], "columns": columns, "names": [*names, "vcov", "sdcor"], "row_names": rows}


def _named(values: pd.Series) -> dict[str, Any]:
    return {".kind": ["named"], "values": _numbers(values), "names": [str(name) for name in values.index]}


def _array(values: np.ndarray) -> dict[str, Any]:
    dim = [int(size) for size in values.shape]
    return {".kind": ["array"], "values": _numbers(values.ravel(order="F")), "dim": dim, "dimnames": None}


def _numbers(values: Iterable[float]) -> list[Any]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> Any:
    if math.isnan(value):
        return {".number": "NaN"}
    return value if math.isfinite(value) else {".number": "Inf" if value > 0 else "-Inf"}


def json_text(value: Any, indent: str = "") -> str:
    """JSON with one entry of an object a line and each vector on one line, so that a changed golden reads well.

    Examples
    --------
    >>> print(json_text({"a": [1.5, None], "b": {"c": []}}))
    {
      "a": [1.5, null],
      "b": {
        "c": []
      }
    }
    """
    if not isinstance(value, dict) or set(value) == {".number"}:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not value:
        return "{}"
    inner = indent + "  "
    entries = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {json_text(item, inner)}" for key, item in value.items()]
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


# --- the hash of the data ---------------------------------------------------------------------------------------------


def fingerprint(fit: MerMod) -> str:
    """Hash of the columns that a model was fitted to, the same in every version of pandas.

    Parameters
    ----------
    fit : MerMod
        The fitted model; columns of its data that it does not use do not count.

    Returns
    -------
    str
        A sha256 in hexadecimal.
    """
    from lmebridge.formula.model_formula import parse_expression
    from lmebridge.rsyntax import names

    model = fit.record.model
    used = list(model.formula.variables)
    for text in (model.weights, model.offset, model.subset):
        used += names(parse_expression(text, trust=True)) if text else []
    return frame_sha256({name: fit.data[name] for name in sorted(set(used)) if name in fit.data})


def frame_sha256(columns: Mapping[str, pd.Series]) -> str:
    """Hash of columns by name, type and values: numbers as doubles, text as UTF-8, categories as levels and codes.

    Examples
    --------
    >>> import pandas as pd
    >>> one, other = pd.Series([1, 2]), pd.Series([1.0, 2.0])
    >>> frame_sha256({"x": one}) == frame_sha256({"x": other}), frame_sha256({"x": one}) == frame_sha256({"y": one})
    (True, False)
    """
    digest = hashlib.sha256()
    for name, column in columns.items():
        for piece in (name.encode(), *_pieces(column)):
            digest.update(len(piece).to_bytes(8, "little") + piece)
    return digest.hexdigest()


def _pieces(column: pd.Series) -> tuple[bytes, ...]:
    """Kind and content of a column as bytes; the index does not count."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        kind = b"ordered" if column.cat.ordered else b"factor"
        levels = json.dumps([str(level) for level in column.cat.categories]).encode()
        return kind, levels, column.cat.codes.to_numpy().astype("<i8").tobytes()
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        kind = b"logical" if pd.api.types.is_bool_dtype(column.dtype) else b"number"
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        return kind, np.where(np.isnan(values), np.nan, values + 0.0).astype("<f8").tobytes()
    texts = [None if pd.isna(value) else str(value) for value in column]
    return b"text", json.dumps(texts).encode()
