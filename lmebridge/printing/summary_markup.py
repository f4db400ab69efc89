"""Fits, their summaries and their tables as grids of texts, with the digits that R prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.printing.coefmat import coefficient_cells
from lmebridge.printing.markup import Grid
from lmebridge.printing.rformat import DEFAULTS, Options, format_numbers
from lmebridge.printing.summary_anova import anova_roles
from lmebridge.printing.summary_messages import column_warning_lines, convergence_lines
from lmebridge.printing.summary_variance import group_lines, variance_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lmebridge.printing.coefmat import Roles
    from lmebridge.printing.summary_variance import Component
    from lmebridge.records import Fit

#: R's options with lines that are not broken.
_WIDE = Options(width=100_000)


def fit_parts(fit: Fit, heading: Sequence[str], coefficients: pd.DataFrame | None) -> list[Grid | str]:
    """What is shown of a mixed model.

    Parameters
    ----------
    fit : Fit
        The fitted model.
    heading : sequence of str
        Lines above the tables.
    coefficients : pandas.DataFrame or None
        The table of coefficients of a summary; None for the estimates alone, as the model itself prints.
    """
    components: tuple[Component, ...] = ("Std.Dev.",) if coefficients is None else ("Variance", "Std.Dev.")
    parts: list[Grid | str] = [*heading, variance_grid(fit.variance, components)]
    parts += group_lines(fit.n_obs, fit.n_groups, _WIDE)
    if coefficients is not None and len(coefficients):
        parts += table_parts(coefficients, "Fixed effects", digits=DEFAULTS.summary_digits)
    elif len(fit.fixed):
        parts.append(_estimates(fit.fixed["Estimate"]))
    said = [*column_warning_lines(fit), *convergence_lines(fit)]
    return [*parts, *(line for line in said if line.strip())]


def _estimates(estimates: pd.Series) -> Grid:
    texts = format_numbers(estimates.to_numpy(dtype=float), DEFAULTS.summary_digits)
    rows = tuple((str(name), text) for name, text in zip(estimates.index, texts, strict=True))
    return Grid("Fixed effects", ("", "Estimate"), rows)


def variance_grid(
    variance: pd.DataFrame, components: Sequence[Component], digits: int = DEFAULTS.summary_digits
) -> Grid:
    """Variance components and correlations.

    Parameters
    ----------
    variance : pandas.DataFrame
        ``as.data.frame(VarCorr(m))``.
    components : sequence of {"Variance", "Std.Dev."}
        Columns to show.
    digits : int
        Significant digits; a summary's by default.
    """
    names, columns = variance_cells(variance, digits, components)
    return Grid("Random effects", tuple(names), tuple(zip(*columns, strict=True)), labels=2)


def table_parts(table: pd.DataFrame, caption: str, *, digits: int, roles: Roles | None = None) -> list[Grid | str]:
    """A table of numbers with the stars' legend, where it has stars.

    Parameters
    ----------
    table : pandas.DataFrame
        Numbers under R's names.
    caption : str
        What it is called.
    digits : int
        Significant digits.
    roles : Roles, optional
        What the columns are; as in a summary by default.
    """
    missing = "NA" if roles is None else ""
    names, columns, legend = coefficient_cells(table, digits, roles=roles, missing=missing, options=_WIDE)
    rows = zip([str(name) for name in table.index], *columns, strict=True)
    grid = Grid(caption, ("", *names), tuple(tuple(text.strip() for text in row) for row in rows))
    return [grid, *(line for line in legend if line.strip("- "))]


def anova_parts(table: pd.DataFrame) -> list[Grid | str]:
    """A table of tests under its heading."""
    names = [str(column) for column in table.columns]
    heading = [line for line in table.attrs.get("heading", ()) if line.strip()]
    return [*heading, *table_parts(table, "", digits=max(3, DEFAULTS.digits - 2), roles=anova_roles(names))]
