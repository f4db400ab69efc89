"""The text of an analysis-of-deviance table, as R prints ``anova(m1, m2)``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmebridge.printing.coefmat import Roles, coefficient_lines
from lmebridge.printing.rformat import DEFAULTS, Options
from lmebridge.rsyntax.rdeparse import abbreviated, deparse_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

#: Bytes that lme4 lets a formula have on its line above the table.
_FORMULA_CUTOFF = 500


def anova_text(
    table: pd.DataFrame,
    heading: Sequence[str] | None = None,
    *,
    digits: int | None = None,
    options: Options = DEFAULTS,
) -> str:
    """A table of tests as R prints it, under its heading and with stars.

    Parameters
    ----------
    table : pandas.DataFrame
        Under R's column names, such as ``npar``, ``AIC``, ``BIC``, ``logLik``, ``deviance``, ``Chisq``, ``Df``,
        ``Pr(>Chisq)``; one row a model.
    heading : sequence of str, optional
        Lines above the table, from `anova_heading`; ``table.attrs["heading"]`` by default.
    digits : int, optional
        Significant digits; two fewer than R's option, at least three, by default.
    options : Options
        R's options.

    Returns
    -------
    str
        Lines without the last line end.

    References
    ----------
    R's help page of ``print.anova``.
    """
    digits = digits or max(3, options.digits - 2)
    above = list(table.attrs.get("heading", ())) if heading is None else list(heading)
    roles = anova_roles([str(column) for column in table.columns])
    return "\n".join([*above, *coefficient_lines(table, digits, roles=roles, missing="", options=options)])


def anova_heading(models: Mapping[str, str], data_name: str, subset: str | None = None) -> list[str]:
    """The lines above the table: the data, the rows used and each model's formula.

    Parameters
    ----------
    models : mapping of str to str
        Formulas, as R text, by the models' names.
    data_name : str
        What the data are called.
    subset : str, optional
        R expression that chose the rows.

    Returns
    -------
    list of str
        Lines.

    Examples
    --------
    >>> anova_heading({"m0": "y ~ 1 + (1 | g)", "m1": "y ~ x + (1 | g)"}, "d")
    ['Data: d', 'Models:', 'm0: y ~ 1 + (1 | g)', 'm1: y ~ x + (1 | g)']
    """
    rows = [f"Subset: {abbreviated(subset)}"] if subset else []
    formulas = [f"{name}: {' '.join(deparse_lines(text, _FORMULA_CUTOFF))}" for name, text in models.items()]
    return [f"Data: {data_name}", *rows, "Models:", *formulas]


def anova_roles(columns: Sequence[str]) -> Roles:
    """What the columns of an anova table are: statistics are tests, degrees of freedom are kept, the rest is zapped.

    Examples
    --------
    >>> anova_roles(["npar", "logLik", "Chisq", "Df", "Pr(>Chisq)"])
    Roles(estimates=(), tests=(2,), zapped=(0, 1), p_value=4)
    """
    tests = tuple(i for i, name in enumerate(columns) if name[1:7] == " value" or name in {"F", "Cp", "Chisq"})
    p_value = len(columns) - 1 if re.match(r"(P|Pr)\(", columns[-1]) else None
    kept = {*tests, p_value, *(i for i, name in enumerate(columns) if name.endswith("Df"))}
    return Roles((), tests, tuple(i for i in range(len(columns)) if i not in kept), p_value)
