"""The text that R prints for a linear model: ``summary(m)`` and ``print(m)`` of an ``lm``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lmebridge.printing.coefmat import coefficient_lines, format_pvalues
from lmebridge.printing.rformat import DEFAULTS, Options, format_numbers, formatC, number_text, signif, zapsmall
from lmebridge.printing.rprint import named_vector
from lmebridge.rsyntax.rdeparse import deparse_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

QUANTILE_NAMES = ("Min", "1Q", "Median", "3Q", "Max")
#: Residual degrees of freedom up to which every residual is shown instead of quantiles.
_FEW = 5


def lm_summary_text(
    *,
    call: str,
    coefficients: pd.DataFrame,
    residuals: pd.Series,
    sigma: float,
    df_residual: int,
    r_squared: float = math.nan,
    adj_r_squared: float = math.nan,
    f_statistic: tuple[float, int, int] | None = None,
    p_value: float = math.nan,
    n_omitted: int = 0,
    weighted: bool = False,
    digits: int | None = None,
    options: Options = DEFAULTS,
) -> str:
    """The text that R prints for ``summary(lm(...))``.

    Parameters
    ----------
    call : str
        The call, such as ``"lm(formula = y ~ x, data = d)"``, as R text.
    coefficients : pandas.DataFrame, shape (p, 4)
        Columns ``Estimate``, ``Std. Error``, ``t value``, ``Pr(>|t|)``; rows of coefficients that could not be
        estimated are NaN.
    residuals : pandas.Series, shape (n,)
        Residuals, times the square roots of the weights if any, by row name; units of the response.
    sigma : float
        Residual standard error, units of the response.
    df_residual : int
        Residual degrees of freedom.
    r_squared, adj_r_squared : float
        Dimensionless; shown with the F statistic only.
    f_statistic : tuple of (float, int, int), optional
        F with its degrees of freedom, or None for a model without terms.
    p_value : float
        The p-value of F, dimensionless.
    n_omitted : int
        Rows dropped for missing values.
    weighted : bool
        Whether there are weights that differ.
    digits : int, optional
        Significant digits; three fewer than R's option, at least three, by default.
    options : Options
        R's options.

    Returns
    -------
    str
        Lines without the last line end.

    References
    ----------
    R 4.2.2, ``stats:::print.summary.lm``.
    """
    digits = digits or options.summary_digits
    error = number_text(signif(sigma, digits), options.digits, "NaN")
    lines = [
        *_call_lines(call),
        "Weighted Residuals:" if weighted else "Residuals:",
        *_residual_lines(residuals, df_residual, int(coefficients["Estimate"].count()), digits, options),
        *_coefficient_lines(coefficients, digits, options),
        "",
        f"Residual standard error: {error} on {df_residual} degrees of freedom",
        *_omitted_lines(n_omitted),
        *_variance_explained_lines(r_squared, adj_r_squared, f_statistic, p_value, digits),
        "",
    ]
    return "\n".join(lines)


def lm_print_text(*, call: str, estimates: pd.Series, digits: int | None = None, options: Options = DEFAULTS) -> str:
    """The text that R prints for a linear model itself.

    Parameters
    ----------
    call : str
        The call as R text.
    estimates : pandas.Series, shape (p,)
        Coefficients by R's names, NaN where not estimated; units of the response per unit of the term.
    digits : int, optional
        Significant digits; three fewer than R's option, at least three, by default.
    options : Options
        R's options.

    Returns
    -------
    str
        Lines without the last line end.

    References
    ----------
    R 4.2.2, ``stats:::print.lm``.
    """
    texts = format_numbers(estimates.to_numpy(dtype=float), digits or options.summary_digits)
    names = [str(name) for name in estimates.index]
    table = ["Coefficients:", *named_vector(texts, names, width=options.width, gap=2)] if names else []
    return "\n".join([*_call_lines(call), *(table or ["No coefficients"]), ""])


def _call_lines(call: str) -> list[str]:
    return ["", "Call:", *deparse_lines(call), ""]


def _residual_lines(residuals: pd.Series, df_residual: int, rank: int, digits: int, options: Options) -> list[str]:
    if not df_residual:
        return [f"ALL {rank} residuals are 0: no residual degrees of freedom!"]
    if df_residual <= _FEW:
        return _named_numbers(residuals.to_numpy(dtype=float), list(map(str, residuals.index)), digits, options)
    quantiles = residuals.quantile([0, 0.25, 0.5, 0.75, 1]).to_numpy()
    return _named_numbers(zapsmall(quantiles, digits + 1), QUANTILE_NAMES, digits, options)


def _named_numbers(
    values: Sequence[float] | np.ndarray, names: Sequence[str], digits: int, options: Options
) -> list[str]:
    return named_vector(format_numbers(values, digits), names, width=options.width)


def _coefficient_lines(coefficients: pd.DataFrame, digits: int, options: Options) -> list[str]:
    if coefficients.empty:
        return ["", "No Coefficients"]
    missing = int(coefficients["Estimate"].isna().sum())
    title = f"Coefficients: ({missing} not defined because of singularities)" if missing else "Coefficients:"
    return ["", title, *coefficient_lines(coefficients, digits, options=options)]


def _omitted_lines(count: int) -> list[str]:
    plural = "" if count == 1 else "s"
    return [f"  ({count} observation{plural} deleted due to missingness)"] if count else []


def _variance_explained_lines(
    r_squared: float, adjusted: float, f_statistic: tuple[float, int, int] | None, p_value: float, digits: int
) -> list[str]:
    if f_statistic is None:
        return []
    value, *degrees = f_statistic
    first, second = (number_text(count) for count in degrees)
    shown = "NA" if math.isnan(p_value) else format_pvalues([p_value], digits)[0]
    return [
        f"Multiple R-squared:  {formatC(r_squared, digits)},\tAdjusted R-squared:  {formatC(adjusted, digits)} ",
        f"F-statistic: {formatC(value, digits)} on {first} and {second} DF,  p-value: {shown}",
    ]
