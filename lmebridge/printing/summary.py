"""The text that lme4 prints for a fitted model: ``summary(m)`` and ``print(m)``, rebuilt from a `Fit`, without R."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.printing.abbreviation import abbreviate
from lmebridge.printing.coefmat import coefficient_lines, wrap
from lmebridge.printing.markup import Shown
from lmebridge.printing.rformat import DEFAULTS, Options, format_numbers, number_text, round_half, zapsmall
from lmebridge.printing.rprint import cat_fill, matrix, named_vector
from lmebridge.printing.summary_anova import anova_heading, anova_text
from lmebridge.printing.summary_call import call_lines
from lmebridge.printing.summary_messages import column_warning_lines, convergence_counts, convergence_lines
from lmebridge.printing.summary_variance import group_lines, varcorr_text, variance_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lmebridge.printing.markup import Grid
    from lmebridge.records import Fit, Model

__all__ = ["Summary", "anova_heading", "anova_text", "print_text", "summary_text", "varcorr_text"]

QUANTILE_NAMES = ("Min", "1Q", "Median", "3Q", "Max")
#: ``options(lme4.summary.cor.max=)``: fixed effects up to which their correlations are shown unasked.
CORRELATION_MAX = 12


def summary_text(
    fit: Fit,
    *,
    residual_quantiles: Sequence[float] | np.ndarray,
    data_name: str = "data",
    digits: int | None = None,
    correlation: bool | None = None,
    control: str | None = None,
    messages: bool = True,
    options: Options = DEFAULTS,
) -> str:
    """The text that R prints for ``summary(m)`` of a linear mixed model.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    residual_quantiles : sequence of float, shape (5,)
        Minimum, quartiles and maximum of the scaled residuals, dimensionless; R's quantiles of type 7.
    data_name : str
        What the data are called.
    digits : int, optional
        Significant digits, ``print(summary(m), digits=)``; three fewer than R's option, at least three, by default.
    correlation : bool, optional
        Whether to show the correlations of the fixed effects; by default up to 12 of them.
    control : str, optional
        R text of the ``control`` argument; made from the model by default.
    messages : bool
        Whether to include lme4's hint that the correlations are not shown, which R writes to its message stream.
    options : Options
        R's options.

    Returns
    -------
    str
        Lines without the last line end.

    References
    ----------
    lme4 1.1-31, ``print.summary.merMod``.
    """
    digits = digits or options.summary_digits
    lines = [
        *_title_lines(fit, options),
        *call_lines(fit.model, data_name, options, control=control),
        "",
        *_criterion_lines(fit, 1, options),
        "",
        *_residual_lines(residual_quantiles, digits, options),
        *["Random effects:", *variance_lines(fit.variance, digits, ("Variance", "Std.Dev."), options)],
        *group_lines(fit.n_obs, fit.n_groups, options),
        *_coefficient_lines(fit, digits, correlation, messages=messages, options=options),
        *column_warning_lines(fit),
        *convergence_lines(fit),
    ]
    return "\n".join(lines)


def print_text(fit: Fit, *, data_name: str = "data", digits: int | None = None, options: Options = DEFAULTS) -> str:
    """The text that R prints for a linear mixed model itself, shorter than its summary.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data_name : str
        What the data are called.
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
    lme4 1.1-31, ``print.merMod``.
    """
    digits = digits or options.summary_digits
    lines = [
        *_title_lines(fit, options),
        *call_lines(fit.model, data_name, options, control=""),
        *_criterion_lines(fit, 4, options),
        *["Random effects:", *variance_lines(fit.variance, digits, ("Std.Dev.",), options)],
        *group_lines(fit.n_obs, fit.n_groups, options),
        *_estimate_lines(fit.fixed["Estimate"], digits, options),
        *column_warning_lines(fit),
        *convergence_counts(fit),
    ]
    return "\n".join(lines)


def residual_quantiles(scaled_residuals: Sequence[float] | np.ndarray) -> np.ndarray:
    """Minimum, quartiles and maximum, missing values left out: R's ``quantile``, of its type 7.

    Parameters
    ----------
    scaled_residuals : sequence of float, shape (n,)
        Pearson residuals over sigma, dimensionless.

    Returns
    -------
    numpy.ndarray, shape (5,)
        The quantiles.

    References
    ----------
    Hyndman and Fan (1996), Sample quantiles in statistical packages, American Statistician 50, definition 7.

    Examples
    --------
    >>> residual_quantiles([1, 2, 3, 4, float("nan")]).tolist()
    [1.0, 1.75, 2.5, 3.25, 4.0]
    """
    values = np.asarray(scaled_residuals, dtype=float)
    return np.asarray(np.nanquantile(values, [0, 0.25, 0.5, 0.75, 1], method="linear"))


def _title_lines(fit: Fit, options: Options) -> list[str]:
    title, name = _title(fit.model)
    family = [] if not fit.model.is_generalized else _family_lines(fit.model, options)
    if len(title) + 5 + len(name) <= options.width:
        return [f"{title} ['{name}']", *family]
    first, *rest = wrap(title, options.width - 2, "")
    return [*cat_fill([first, *(f"  {line}" for line in rest), " [", name, "]"], options.width, ""), *family]


def _title(model: Model) -> tuple[str, str]:
    """How the model was fitted, and R's class of it."""
    if not model.is_generalized:
        method = "REML" if model.REML else "maximum likelihood "  # lme4 has the blank
        return f"Linear mixed model fit by {method}", "lmerMod"
    quadrature = f"(Adaptive Gauss-Hermite Quadrature, nAGQ = {model.nAGQ})"
    method = "(Laplace Approximation)" if model.nAGQ == 1 else quadrature
    return f"Generalized linear mixed model fit by maximum likelihood {method}", "glmerMod"


def _family_lines(model: Model, options: Options) -> list[str]:
    return cat_fill([" Family:", model.family, f" ( {model.link} )"], options.width)


def _criterion_lines(fit: Fit, decimals: int, options: Options) -> list[str]:
    if fit.model.REML:
        value = number_text(round_half(fit.criterion, decimals), options.digits)
        return cat_fill(["REML criterion at convergence:", value], options.width)
    values = {name: round_half(value, decimals) for name, value in _information_criteria(fit).items()}
    texts = format_numbers(list(values.values()), options.digits)
    texts[-1] = number_text(values["df.resid"], options.digits)
    return named_vector(texts, list(values), width=options.width)


def _information_criteria(fit: Fit) -> dict[str, float]:
    count = fit.n_parameters
    return {
        "AIC": fit.criterion + 2 * count,
        "BIC": fit.criterion + math.log(fit.n_obs) * count,
        "logLik": fit.log_likelihood,
        "deviance": fit.criterion,
        "df.resid": float(fit.n_obs - count),
    }


def _residual_lines(quantiles: Sequence[float] | np.ndarray, digits: int, options: Options) -> list[str]:
    texts = format_numbers(zapsmall(quantiles, digits + 1), digits)
    return ["Scaled residuals: ", *named_vector(texts, QUANTILE_NAMES, width=options.width), ""]


def _coefficient_lines(
    fit: Fit, digits: int, correlation: bool | None, *, messages: bool, options: Options
) -> list[str]:
    count = len(fit.fixed)
    if not count:
        return []
    table = coefficient_table(fit)
    lines = ["", "Fixed effects:", *coefficient_lines(table, digits, options=options)]
    if correlation is None and count > CORRELATION_MAX:
        return [*lines, *(_hint_lines(count) if messages else [])]
    return lines if correlation is False or count == 1 else [*lines, *_correlation_lines(fit, options)]


def coefficient_table(fit: Fit) -> pd.DataFrame:
    """Estimates, standard errors and test statistics, R's ``summary(m)$coefficients``.

    Parameters
    ----------
    fit : Fit
        The fitted model.

    Returns
    -------
    pandas.DataFrame, shape (p, 3) or (p, 4)
        Columns ``Estimate``, ``Std. Error`` (units of the response per unit of the term), ``t value`` (dimensionless);
        of a generalized model ``z value`` where it has no scale, and ``Pr(>|z|)``.
    """
    table = fit.fixed[["Estimate", "Std. Error"]].copy()
    statistic = table["Estimate"] / table["Std. Error"]
    table["t value" if fit.has_scale else "z value"] = statistic
    if fit.model.is_generalized:
        from scipy.special import ndtr

        table["Pr(>|z|)"] = 2 * ndtr(-statistic.abs())
    return table


def _hint_lines(count: int) -> list[str]:
    return [
        "",
        f"Correlation matrix not shown by default, as p = {count} > {CORRELATION_MAX}.",
        "Use print(x, correlation=TRUE)  or",
        "    vcov(x)        if you need it",
        "",
    ]


def _correlation_lines(fit: Fit, options: Options) -> list[str]:
    """The lower triangle of the fixed effects' correlations, under abbreviated names."""
    covariance = fit.fixed_covariance.to_numpy(dtype=float)
    deviations = np.sqrt(np.diag(covariance))
    correlations = covariance / deviations / deviations[:, None]
    rounded = [round_half(value, 3) for value in correlations.ravel()]
    size = len(deviations)
    texts = np.array(format_numbers(rounded, options.digits, nsmall=3), dtype=object).reshape(size, size)
    columns = [[texts[i, j] if i > j else "" for i in range(1, size)] for j in range(size - 1)]
    names = [str(name) for name in fit.fixed.index]
    rows, short = abbreviate(names, 11), abbreviate(names, 6)
    table = matrix(columns, short[:-1], rows[1:], right=False, width=options.width)
    return ["", "Correlation of Fixed Effects:", *table]


def _estimate_lines(estimates: pd.Series, digits: int, options: Options) -> list[str]:
    if estimates.empty:
        return ["No fixed effect coefficients"]
    texts = format_numbers(estimates.to_numpy(dtype=float), digits)
    names = [str(name) for name in estimates.index]
    return ["Fixed Effects:", *named_vector(texts, names, width=options.width, gap=2)]


class Summary(Shown):
    """A model's summary: ``str()`` is the text that lme4 prints, the attributes are its tables.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    residual_quantiles : sequence of float, shape (5,)
        Minimum, quartiles and maximum of the scaled residuals, dimensionless.
    data_name : str
        What the data are called.
    **arguments
        The other arguments of `summary_text`.

    Attributes
    ----------
    fit : Fit
        The model summarized.
    text : str
        What lme4 prints.
    """

    def __init__(
        self,
        fit: Fit,
        *,
        residual_quantiles: Sequence[float] | np.ndarray,
        data_name: str = "data",
        **arguments: object,
    ) -> None:
        self.fit = fit
        self._data_name = data_name
        self.text = summary_text(
            fit,
            residual_quantiles=residual_quantiles,
            data_name=data_name,
            **arguments,  # type: ignore[arg-type]
        )

    @property
    def coefficients(self) -> pd.DataFrame:
        """Estimates, standard errors and t values, shape (p, 3)."""
        return coefficient_table(self.fit)

    @property
    def varcor(self) -> pd.DataFrame:
        """Variance components, ``as.data.frame(VarCorr(m))``."""
        return self.fit.variance.copy()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _parts(self) -> list[Grid | str]:
        from lmebridge.printing.summary_markup import fit_parts

        return fit_parts(self.fit, heading_lines(self.fit, self._data_name), self.coefficients)


def heading_lines(fit: Fit, data_name: str) -> list[str]:
    """What a summary says before its tables, on lines of any length.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    data_name : str
        What the data are called.
    """
    wide = Options(width=100_000)
    said = [*_title_lines(fit, wide), *call_lines(fit.model, data_name, wide, control="")]
    lines = [" ".join(line.split()) for line in said]
    if fit.model.REML:
        return [*lines, *_criterion_lines(fit, 1, wide)]
    names, values = (line.split() for line in _criterion_lines(fit, 1, wide))
    return [*lines, ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))]
