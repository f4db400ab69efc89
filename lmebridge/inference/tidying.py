"""A fitted model as tidy tables, as the R package broom.mixed defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.inference import twin
from lmebridge.tables import block_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.model import MerMod

#: Columns of `tidy` in broom.mixed's order; those that no row has are left out.
COLUMNS = (
    *("effect", "group", "level", "term", "estimate", "std.error", "statistic", "df", "p.value"),
    *("conf.low", "conf.high"),
)
#: Prefixes of the random parameters by scale: of one effect, and of a pair.
PREFIXES = {"sdcor": ("sd__", "cor__"), "vcov": ("var__", "cov__")}


def tidy(
    fit: MerMod,
    effects: str | Sequence[str] = ("ran_pars", "fixed"),
    scales: str = "sdcor",
    conf_int: bool = False,
    conf_level: float = 0.95,
    conf_method: str = "Wald",
    ddf_method: str | None = None,
) -> pd.DataFrame:
    """One row an estimate.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    effects : {"fixed", "ran_pars", "ran_vals", "ran_coefs"} or sequence of them
        Fixed effects; standard deviations and correlations; conditional modes; coefficients of every level.
    scales : {"sdcor", "vcov"}
        Standard deviations and correlations, or variances and covariances.
    conf_int : bool
        Add ``conf.low`` and ``conf.high``.
    conf_level : float
        Their level, dimensionless, between 0 and 1.
    conf_method : str
        Method of `confint` for the intervals of the fixed effects and the random parameters.
    ddf_method : {"Satterthwaite", "Kenward-Roger"}, optional
        Add ``df`` and ``p.value`` of the fixed effects, and use their t distribution in Wald intervals.

    Returns
    -------
    pandas.DataFrame
        Columns of `COLUMNS` that some row has. The fixed effects come first.

    Raises
    ------
    ValueError
        For an unknown effect or scale.

    References
    ----------
    R package broom.mixed, ``tidy.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.tidy("fixed").round(2)
      effect group         term  estimate  std.error  statistic
    0  fixed  None  (Intercept)     12.66       0.19      67.33
    1  fixed  None          ses      2.39       0.11      22.61
    """
    wanted = [effects] if isinstance(effects, str) else list(effects)
    unknown = [effect for effect in wanted if effect not in PARTS]
    if unknown:
        raise ValueError(f"effects={wanted!r}: the effects are {', '.join(map(repr, PARTS))}")
    if scales not in PREFIXES:
        raise ValueError(f"scales={scales!r}: the scales are 'sdcor' and 'vcov'")
    options = {"scales": scales, "conf_int": conf_int, "level": conf_level, "method": conf_method, "ddf": ddf_method}
    parts = [(effect, part(fit, options)) for effect, part in PARTS.items() if effect in wanted]
    rows = [row | {"effect": effect} for effect, own in parts for row in own]
    found = {name for row in rows for name in row}
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in COLUMNS if name in found}
    texts = {"effect", "group", "level", "term"}
    series = {name: pd.Series(v, dtype=object if name in texts else float) for name, v in columns.items()}
    return pd.DataFrame(series)


def _fixed(fit: MerMod, options: dict[str, Any]) -> list[dict[str, Any]]:
    table = fit.coef_table(ddf=options["ddf"])
    names = {"Estimate": "estimate", "Std. Error": "std.error", "t value": "statistic", "Pr(>|t|)": "p.value"}
    names |= {"z value": "statistic", "Pr(>|z|)": "p.value"}
    rows = [{"group": None, "term": term, **row} for term, row in table.rename(columns=names).T.to_dict().items()]
    if options["conf_int"]:
        limits = _fixed_limits(fit, table, options)
        rows = [row | _pair(limit) for row, limit in zip(rows, limits, strict=True)]
    return rows


def _fixed_limits(fit: MerMod, table: pd.DataFrame, options: dict[str, Any]) -> np.ndarray:
    if "df" not in table or options["method"] != "Wald":
        limits = fit.confint(level=options["level"], method=options["method"])
        return np.asarray(limits.loc[table.index])
    from scipy.special import stdtrit

    half = table["Std. Error"] * stdtrit(table["df"], (1 + options["level"]) / 2)
    return np.column_stack([table["Estimate"] - half, table["Estimate"] + half])


def _pair(limits: np.ndarray) -> dict[str, float]:
    return {"conf.low": float(limits[0]), "conf.high": float(limits[1])}


def _parameters(fit: MerMod, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Variance parameters by block, each effect before its pairs with later ones; the residual at last."""
    alone, paired = PREFIXES[options["scales"]]
    values = fit.VarCorr().to_frame().set_index(["grp", "var1", "var2"])[options["scales"]]
    known = {tuple(None if pd.isna(part) else part for part in key): value for key, value in values.items()}
    rows = []
    for group, effects in block_names(fit.record.blocks).items():
        for column, effect in enumerate(effects):
            rows.append({"group": group, "term": f"{alone}{effect}", "estimate": known[group, effect, None]})
            rows += [
                {"group": group, "term": f"{paired}{effect}.{later}", "estimate": known[group, effect, later]}
                for later in effects[column + 1 :]
            ]
    if fit.record.has_scale:
        rows.append({"group": "Residual", "term": f"{alone}Observation", "estimate": known["Residual", None, None]})
    if options["conf_int"]:
        rows = [row | limit for row, limit in zip(rows, _parameter_limits(fit, options), strict=True)]
    return rows


def _parameter_limits(fit: MerMod, options: dict[str, Any]) -> list[dict[str, float]]:
    from lmebridge.inference.intervals import parameter_names

    limits = fit.confint(level=options["level"], method=options["method"]).loc[parameter_names(fit.record)]
    if options["scales"] == "vcov":
        limits = limits * np.nan  # confint has standard deviations and correlations
    return [_pair(row) for row in limits.to_numpy()]


def _modes(fit: MerMod, options: dict[str, Any]) -> list[dict[str, Any]]:
    from scipy.special import ndtri

    half = float(ndtri((1 + options["level"]) / 2))
    rows = []
    for group, level, term, mode, error in (
        fit.ranef().to_frame()[["grpvar", "grp", "term", "condval", "condsd"]].itertuples(index=False)
    ):
        row = {"group": group, "level": level, "term": term, "estimate": mode, "std.error": error}
        limits = {"conf.low": mode - half * error, "conf.high": mode + half * error} if options["conf_int"] else {}
        rows.append(row | limits)
    return rows


def _coefficients(fit: MerMod, _: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"group": group, "level": level, "term": term, "estimate": value}
        for group, table in fit.coef().items()
        for term in table.columns
        for level, value in table[term].items()
    ]


#: By effect, the function that makes its rows.
PARTS: dict[str, Callable[[Any, dict[str, Any]], list[dict[str, Any]]]] = {
    "fixed": _fixed,
    "ran_pars": _parameters,
    "ran_vals": _modes,
    "ran_coefs": _coefficients,
}


def glance(fit: MerMod) -> pd.DataFrame:
    """One row on the whole model.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    pandas.DataFrame, shape (1, 7)
        ``nobs``, ``sigma``, ``logLik``, ``AIC``, ``BIC``, ``REMLcrit`` (of a fit by maximum likelihood ``deviance``)
        and ``df.residual``.

    References
    ----------
    R package broom.mixed, ``glance.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.glance()[["nobs", "AIC", "REMLcrit"]].round(1).to_dict("records")
    [{'nobs': 7185, 'AIC': 46653.2, 'REMLcrit': 46645.2}]
    """
    criterion = ("REMLcrit", fit.REMLcrit()) if fit.isREML() else ("deviance", fit.deviance())
    columns = {
        "nobs": int(fit.nobs()),
        "sigma": fit.sigma(),
        "logLik": float(fit.logLik()),
        "AIC": fit.AIC(),
        "BIC": fit.BIC(),
        criterion[0]: criterion[1],
        "df.residual": fit.df_residual(),
    }
    return pd.DataFrame({name: [value] for name, value in columns.items()})


def augment(fit: MerMod, data: Any = None, newdata: Any = None) -> pd.DataFrame:
    """The model's rows with what the fit says about each.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    data : DataFrame, optional
        The data with all their columns, on the index of the fit's data; by default the model frame. A polars or pyarrow
        table is taken too.
    newdata : DataFrame, optional
        Other rows: they get ``.fitted`` and ``.fixed``.

    Returns
    -------
    pandas.DataFrame
        Columns of the data, then ``.fitted``, ``.resid``, ``.hat``, ``.cooksd``, ``.fixed``, ``.mu``, ``.offset``,
        ``.sqrtXwt``, ``.sqrtrwt``, ``.weights`` and ``.wtres``.

    References
    ----------
    R package broom.mixed, ``augment.merMod``.
    """
    from lmebridge.frames import as_pandas
    from lmebridge.na import NA

    if newdata is not None:
        rows = as_pandas(newdata)
        return rows.assign(**{".fitted": fit.predict(rows), ".fixed": fit.predict(rows, re_form=NA)})
    found = _row_columns(fit)
    frame = fit.model_frame() if data is None else as_pandas(data)
    if len(frame) == len(found) and frame.index.equals(found.index):
        return frame.assign(**found)
    return frame.join(found, how="inner")


def _row_columns(fit: MerMod) -> pd.DataFrame:
    from lmebridge.na import NA

    index = fit.data.index[fit._engine.rows()]  # noqa: SLF001 - a method of the model
    columns = {
        ".fitted": fit.predict(),
        ".resid": fit.residuals(),
        ".hat": fit.hatvalues(),
        ".cooksd": fit.cooks_distance(),
        ".fixed": fit.predict(re_form=NA),
        **_response_columns(fit),
    }
    used = _used_rows(fit)
    return pd.DataFrame({name: column.to_numpy()[used] for name, column in columns.items()}, index=index)


def _response_columns(fit: MerMod) -> dict[str, pd.Series]:
    """What lme4's response object holds for each row; of a generalized model ``.eta`` too."""
    if fit.record.model.is_generalized:
        fields = twin.ask_r(fit, "response_columns")
        return {name: fit._on_rows(fields[name].to_numpy()) for name in fields}  # noqa: SLF001 - a method of the model
    weights = fit.weights()
    return {
        ".mu": fit.fitted(),
        ".offset": fit._on_rows(np.asarray(fit.getME("offset"), dtype=float)),  # noqa: SLF001
        ".sqrtXwt": np.sqrt(weights),
        ".sqrtrwt": np.sqrt(weights),
        ".weights": weights,
        ".wtres": fit.residuals("pearson"),
    }


def _used_rows(fit: MerMod) -> np.ndarray:
    """Which values of a per-row answer are of rows used; with ``na.exclude`` the dropped rows are there too."""
    rows = fit._engine.rows()  # noqa: SLF001 - a method of the model
    if fit.record.model.na_action != "na.exclude":
        return np.ones(len(rows), dtype=bool)
    return np.isin(np.sort(np.concatenate([rows, fit._engine.omitted()])), rows)  # noqa: SLF001
