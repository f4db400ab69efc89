"""R's ``printCoefmat``: tables of coefficients and tests, p-values and significance stars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.printing.rformat import DEFAULTS, Options, format_numbers, number_text, round_half, zapsmall
from lmebridge.printing.rprint import cat_fill, common_width, matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_EPSILON = 2.0**-52
#: Upper ends, themselves included, of the ranges of p-values, and their symbols.
_STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."), (1.0, " "))


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are, by position, for each kind is rounded in its own way.

    Attributes
    ----------
    estimates : tuple of int
        Estimates and standard errors, formatted together.
    tests : tuple of int
        Test statistics, rounded to at most five decimals.
    zapped : tuple of int
        Columns in which what is small beside the rest becomes zero.
    p_value : int or None
        The p-values.
    """

    estimates: tuple[int, ...] = ()
    tests: tuple[int, ...] = ()
    zapped: tuple[int, ...] = ()
    p_value: int | None = None


def coefficient_roles(columns: Sequence[str]) -> Roles:
    """The roles in a table of coefficients: a p-value last if named so, a statistic before it, the rest estimates.

    Examples
    --------
    >>> coefficient_roles(["Estimate", "Std. Error", "t value"])
    Roles(estimates=(0, 1), tests=(2,), zapped=(), p_value=None)
    """
    count = len(columns)
    has_p_value = count >= 4 and columns[-1].startswith(("Pr(", "p-v"))
    test = count - 1 - has_p_value
    return Roles(tuple(range(test)), (test,), p_value=count - 1 if has_p_value else None)


def coefficient_lines(
    table: pd.DataFrame,
    digits: int,
    *,
    roles: Roles | None = None,
    missing: str = "NA",
    options: Options = DEFAULTS,
) -> list[str]:
    r"""A table of coefficients as R prints it, with stars and their legend where it has p-values below 0.1.

    Parameters
    ----------
    table : pandas.DataFrame, shape (p, k)
        Numbers under R's column names; the index gives the row names.
    digits : int
        Significant digits.
    roles : Roles, optional
        What the columns are; as in a summary by default.
    missing : str
        What is written for missing values; a row with some values has NaN where others have NA.
    options : Options
        R's options.

    Returns
    -------
    list of str
        Lines.

    References
    ----------
    R's help page of ``printCoefmat``.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"Estimate": 4.39367, "Std. Error": 0.013189, "t value": 333.124}
    >>> print(*coefficient_lines(pd.DataFrame([row], index=["(Intercept)"]), 4), sep="\n")
                Estimate Std. Error t value
    (Intercept)  4.39367    0.01319   333.1
    """
    names, cells, legend = coefficient_cells(table, digits, roles=roles, missing=missing, options=options)
    rows = [str(name) for name in table.index]
    return matrix(cells, names, rows, right=True, width=options.width) + legend


def coefficient_cells(
    table: pd.DataFrame,
    digits: int,
    *,
    roles: Roles | None = None,
    missing: str = "NA",
    options: Options = DEFAULTS,
) -> tuple[list[str], list[list[str]], list[str]]:
    """Names and columns of a table of coefficients, as texts, and the stars' legend.

    Arguments are those of `coefficient_lines`; where there are stars they are a last column without a name.
    """
    names = [str(column) for column in table.columns]
    values = _zapped(table.to_numpy(dtype=float), roles := roles or coefficient_roles(names), digits)
    cells = _cells(values, roles, digits, missing)
    legend: list[str] = []
    if roles.p_value is not None and (values[:, roles.p_value] < _STARS[-2][0]).any():
        cells.append(common_width([star(value) for value in values[:, roles.p_value]]))
        names.append("")
        legend = legend_lines(options)
    return names, cells, legend


def _zapped(values: np.ndarray, roles: Roles, digits: int) -> np.ndarray:
    values = values.copy()
    for column in roles.zapped:
        values[:, column] = zapsmall(values[:, column], digits)
    return values


def _cells(values: np.ndarray, roles: Roles, digits: int, missing: str) -> list[list[str]]:
    cells = np.full(values.shape, "", dtype=object)
    _set_together(cells, values, roles.estimates, digits, _estimate_decimals(values[:, roles.estimates], digits))
    _set_together(cells, values, roles.tests, digits, _test_digits(digits))
    for column in set(range(values.shape[1])) - {*roles.estimates, *roles.tests, roles.p_value}:
        cells[:, column] = format_numbers(values[:, column], digits)
    _restore_lost(cells, values, roles, digits)
    if roles.p_value is not None:
        _set_p_values(cells[:, roles.p_value], values[:, roles.p_value], _test_digits(digits))
    cells[np.isnan(values)] = missing
    if missing == "NA":  # R has NA where nothing was estimated and NaN where an estimate has no standard error
        cells[np.isnan(values) & ~np.isnan(values).all(axis=1, keepdims=True)] = "NaN"
    return [list(column) for column in cells.T]


def _set_together(cells: np.ndarray, values: np.ndarray, columns: tuple[int, ...], digits: int, decimals: int) -> None:
    """Round and format several columns with common decimals."""
    if columns:
        chosen = values[:, columns]
        rounded = [round_half(value, decimals) for value in chosen.ravel()]
        cells[:, columns] = np.array(format_numbers(rounded, digits), dtype=object).reshape(chosen.shape)


def _estimate_decimals(values: np.ndarray, digits: int) -> int:
    """Decimals that show the smallest estimate or standard error to `digits` digits, at least one."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return max(1, digits - 1 - (math.floor(math.log10(sizes.min())) if sizes.size else 0))


def _test_digits(digits: int) -> int:
    return max(1, min(5, digits - 1))


def _restore_lost(cells: np.ndarray, values: np.ndarray, roles: Roles, digits: int) -> None:
    """Show again, to one digit fewer, what rounding has turned into zero."""
    skipped = {*roles.tests, roles.p_value}
    lost = [
        (row, column)
        for column in range(values.shape[1])
        for row in range(values.shape[0])
        if column not in skipped and values[row, column] != 0 and _is_zero(cells[row, column])
    ]
    again = format_numbers([values[place] for place in lost], max(1, digits - 1))
    for place, text in zip(lost, again, strict=True):
        cells[place] = text


def _is_zero(text: str) -> bool:
    return text.strip() != "NA" and float(text) == 0


def _set_p_values(cells: np.ndarray, values: np.ndarray, digits: int) -> None:
    known = ~np.isnan(values)
    cells[known] = format_pvalues(values[known], digits)


def star(p_value: float) -> str:
    """The symbol of a p-value: ``***`` up to 0.001, ``**`` up to 0.01, ``*`` up to 0.05, ``.`` up to 0.1.

    Examples
    --------
    >>> star(0.05), star(0.3), star(float("nan"))
    ('*', ' ', '')
    """
    return next((symbol for limit, symbol in _STARS if p_value <= limit), "")


def legend_lines(options: Options = DEFAULTS) -> list[str]:
    r"""The rule and the legend under a table with stars.

    Examples
    --------
    >>> print(*legend_lines(Options(fancy_quotes=False)), sep="\n")
    ---
    Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
    """
    left, right = ("‘", "’") if options.fancy_quotes else ("'", "'")
    legend = " ".join(["0", *(f"{left}{symbol}{right} {number_text(limit)}" for limit, symbol in _STARS)])
    texts = [legend] if options.width >= len(legend) else wrap(legend, options.width - 2, "  ")
    extra = max(len(text.encode()) - len(text) for text in texts)
    return "\n".join(cat_fill(["---\nSignif. codes:  ", *texts], options.width + 4 + extra, "")).split("\n")


def wrap(text: str, width: int, prefix: str) -> list[str]:
    """R's ``strwrap``: words filled into lines shorter than `width`, each with a prefix.

    Examples
    --------
    >>> wrap("one two three", 9, "")
    ['one two', 'three']
    """
    lines: list[list[str]] = [[]]
    for word in text.split():
        if lines[-1] and len(prefix) + len(" ".join([*lines[-1], word])) >= width:
            lines.append([])
        lines[-1].append(word)
    return [prefix + " ".join(line) for line in lines]


def format_pvalues(values: Sequence[float] | np.ndarray, digits: int, epsilon: float = _EPSILON) -> list[str]:
    """R's ``format.pval``: small p-values as ``<2e-16``, the others in two groups, fixed and scientific.

    Parameters
    ----------
    values : sequence of float
        Probabilities without missing values, dimensionless.
    digits : int
        Significant digits.
    epsilon : float
        Values below it are given as less than it; R's machine epsilon by default.

    Returns
    -------
    list of str
        One text a value, of differing widths.

    Examples
    --------
    >>> format_pvalues([0.0312, 1e-20, 4.67e-05], 4)
    ['0.0312', '< 2.2e-16', '4.67e-05']
    """
    shown = [value for value in values if value >= epsilon]
    fixed = [value for value in shown if _is_fixed_pvalue(value, digits)]
    rest = [value for value in shown if not _is_fixed_pvalue(value, digits)]
    texts = dict(zip([*fixed, *rest], format_numbers(fixed, digits) + format_numbers(rest, digits), strict=True))
    tiny = _tiny_pvalue(list(texts.values()), digits, epsilon)
    return [texts.get(value, tiny) for value in values]


def _is_fixed_pvalue(value: float, digits: int) -> bool:
    exponent = math.floor(math.log10(value if value > 0 else 1e-50))
    return exponent >= -3 or (exponent == -4 and digits > 1)


def _tiny_pvalue(shown: Sequence[str], digits: int, epsilon: float) -> str:
    digits = max(1, digits - 2)
    separator = "" if digits == 1 else " "
    if shown:
        widest = max(len(text) for text in shown)
        if digits > 1 and digits + 6 > widest:
            digits = max(1, widest - 7)
        separator = "" if digits == 1 and widest <= 6 else " "
    return "<" + separator + number_text(epsilon, digits)
