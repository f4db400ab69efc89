"""What a mixed model's fit says, quantity by quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.parity.keys import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lmebridge.records import Fit

    Numbers = Iterator[tuple[Key, float]]

RESIDUAL = "Residual"
QUANTILES = {"Min": 0.0, "1Q": 0.25, "Median": 0.5, "3Q": 0.75, "Max": 1.0}
#: Percentages of the limits that summaries print.
LIMITS = {"conf_low": "2.5 %", "conf_high": "97.5 %"}


def _record(source: Any) -> Fit:
    record: Fit = getattr(source, "record", source)
    return record


def _answers(source: Any, method: str) -> bool:
    """Whether the source is more than a record: a live fit answers everything, a golden what its file holds."""
    return hasattr(source, method)


def _method(source: Any) -> str:
    return "REML" if _record(source).model.REML else "ML"


def _estimate(source: Any) -> Numbers:
    for term, value in _record(source).fixed["Estimate"].items():
        yield Key("estimate", term=str(term)), value


def _std_error(source: Any) -> Numbers:
    for term, value in _record(source).fixed["Std. Error"].items():
        yield Key("std_error", term=str(term)), value


def _ratios(source: Any) -> pd.Series:
    fixed = _record(source).fixed
    return fixed["Estimate"] / fixed["Std. Error"]


def _t_value(source: Any) -> Numbers:
    for term, value in _ratios(source).items():
        yield Key("t_value", term=str(term)), value


def _z_value(source: Any) -> Numbers:
    for term, value in _ratios(source).items():
        yield Key("z_value", term=str(term)), value


def _p_value(source: Any) -> Numbers:
    from scipy.special import ndtr

    for term, value in _ratios(source).items():
        yield Key("p_value", term=str(term), method="z"), 2 * float(ndtr(-abs(value)))


def _limits(source: Any, quantity: str) -> Numbers:
    """Normal limits of 95 % intervals, under the names that lme4 and statsmodels have for the method."""
    from scipy.special import ndtri

    fixed = _record(source).fixed
    reach = float(ndtri(0.975)) * (1 if quantity == "conf_high" else -1)
    for term, value in (fixed["Estimate"] + reach * fixed["Std. Error"]).items():
        for method in ("", "Wald", "z"):
            yield Key(quantity, term=str(term), term2=LIMITS[quantity], method=method), value


def _fixed_pairs(source: Any, quantity: str, *, correlation: bool) -> Numbers:
    covariance = _record(source).fixed_covariance
    values = covariance.to_numpy()
    scale = np.sqrt(np.diag(values)) if correlation else np.ones(len(values))
    for i, later in enumerate(covariance.index):
        for j, earlier in enumerate(covariance.index[: i if correlation else i + 1]):
            yield Key(quantity, term=str(earlier), term2=str(later)), values[i, j] / scale[i] / scale[j]


def _components(source: Any, column: str) -> Numbers:
    table = _record(source).variance
    for group, var1, var2, value in zip(table["grp"], table["var1"], table["var2"], table[column], strict=True):
        yield Key(column, str(group), term=_text(var1), term2=_text(var2)), value


def _text(name: Any) -> str:
    return "" if pd.isna(name) else str(name)


def _criterion(source: Any) -> Numbers:
    record = _record(source)
    yield Key("criterion", method=_method(source)), record.criterion
    if record.model.REML and _answers(source, "deviance"):
        yield Key("criterion", method="ML"), source.deviance(REML=False)


def _log_likelihood(source: Any) -> Numbers:
    yield Key("logLik", method=_method(source)), _record(source).log_likelihood


def _aic(source: Any) -> Numbers:
    record = _record(source)
    yield Key("AIC", method=_method(source)), record.criterion + 2 * record.n_parameters


def _bic(source: Any) -> Numbers:
    record = _record(source)
    yield Key("BIC", method=_method(source)), record.criterion + np.log(record.n_obs) * record.n_parameters


def _n_groups(source: Any) -> Numbers:
    for group, count in _record(source).n_groups.items():
        yield Key("n_groups", group), count


def _condval(source: Any) -> Numbers:
    if _answers(source, "ranef"):
        yield from _levels(source.ranef(condVar=False), "condval")


def _condsd(source: Any) -> Numbers:
    if not _answers(source, "ranef"):
        return
    frame = source.ranef(condVar=True).to_frame()
    if "condsd" in frame:
        for group, term, level, value in zip(
            frame["grpvar"], frame["term"], frame["grp"], frame["condsd"], strict=True
        ):
            yield Key("condsd", str(group), str(level), str(term)), value


def _coef(source: Any) -> Numbers:
    if _answers(source, "coef"):
        yield from _levels(source.coef(), "coef")


def _levels(tables: Mapping[str, pd.DataFrame], quantity: str) -> Numbers:
    for group, table in tables.items():
        for term in table.columns:
            for level, value in table[term].items():
                yield Key(quantity, group, str(level), str(term)), value


def _residual_quantile(source: Any) -> Numbers:
    if _answers(source, "residuals"):
        values = source.residuals(type="pearson", scaled=True).dropna().to_numpy()
        for name, probability in QUANTILES.items():
            yield Key("residual_quantile", term=name, method="scaled"), float(np.quantile(values, probability))


def _group_size(source: Any) -> Numbers:
    """Smallest, largest and mean number of rows of a level of the only grouping factor."""
    record = _record(source)
    if not _answers(source, "model_frame") or len(record.n_groups) != 1:
        return
    (group,) = record.n_groups
    frame = source.model_frame()
    if group in frame:
        counts = frame[group].value_counts()
        counts = counts[counts > 0]
        for method, value in (("min", counts.min()), ("max", counts.max()), ("mean", counts.mean())):
            yield Key("group_size", method=method), value


#: By quantity, who says it.
MIXED: dict[str, Callable[[Any], Numbers]] = {
    "estimate": _estimate,
    "std_error": _std_error,
    "t_value": _t_value,
    "z_value": _z_value,
    "p_value": _p_value,
    "conf_low": lambda source: _limits(source, "conf_low"),
    "conf_high": lambda source: _limits(source, "conf_high"),
    "fixef_covariance": lambda source: _fixed_pairs(source, "fixef_covariance", correlation=False),
    "fixef_correlation": lambda source: _fixed_pairs(source, "fixef_correlation", correlation=True),
    "vcov": lambda source: _components(source, "vcov"),
    "sdcor": lambda source: _components(source, "sdcor"),
    "sigma": lambda source: iter([(Key("sigma"), _record(source).sigma)]),
    "condval": _condval,
    "condsd": _condsd,
    "coef": _coef,
    "residual_quantile": _residual_quantile,
    "criterion": _criterion,
    "logLik": _log_likelihood,
    "AIC": _aic,
    "BIC": _bic,
    "df_residual": lambda source: iter([(Key("df_residual"), _record(source).n_obs - _record(source).n_parameters)]),
    "npar": lambda source: iter([(Key("npar"), _record(source).n_parameters)]),
    "n_obs": lambda source: iter([(Key("n_obs"), _record(source).n_obs)]),
    "n_groups": _n_groups,
    "group_size": _group_size,
}
