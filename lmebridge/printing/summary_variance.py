"""The text of variance components, as lme4 prints them in a summary and in ``VarCorr``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lmebridge.printing.rformat import DEFAULTS, Options, format_numbers, round_half
from lmebridge.printing.rprint import cat_fill, matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

Component = Literal["Variance", "Std.Dev."]
#: Two effects, the second empty for a standard deviation, and the standard deviation or correlation.
_Row = tuple[str, str, float]


def varcorr_text(variance: pd.DataFrame, *, digits: int | None = None, options: Options = DEFAULTS) -> str:
    """Standard deviations and correlations as R prints ``VarCorr(m)``.

    Parameters
    ----------
    variance : pandas.DataFrame
        ``as.data.frame(VarCorr(m))``: columns ``grp``, ``var1``, ``var2``, ``vcov``, ``sdcor``.
    digits : int, optional
        Significant digits; two fewer than R's option, at least three, by default.
    options : Options
        R's options.

    Returns
    -------
    str
        Lines without the last line end.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("Batch", "(Intercept)", None, 1764.05, 42.0006), ("Residual", None, None, 2451.25, 49.5101)]
    >>> table = pd.DataFrame(rows, columns=["grp", "var1", "var2", "vcov", "sdcor"])
    >>> print(varcorr_text(table))  # doctest: +NORMALIZE_WHITESPACE
     Groups   Name        Std.Dev.
     Batch    (Intercept) 42.001
     Residual             49.510
    """
    digits = digits or max(3, options.digits - 2)
    return "\n".join(variance_lines(variance, digits, ("Std.Dev.",), options))


def variance_lines(
    variance: pd.DataFrame, digits: int, components: Sequence[Component], options: Options = DEFAULTS
) -> list[str]:
    """The table of variance components: groups, effects, the components asked for and the correlations.

    Parameters
    ----------
    variance : pandas.DataFrame
        As for `varcorr_text`.
    digits : int
        Significant digits.
    components : sequence of {"Variance", "Std.Dev."}
        Columns to show.
    options : Options
        R's options.

    Returns
    -------
    list of str
        Lines.
    """
    names, columns = variance_cells(variance, digits, components)
    return matrix(columns, names, [""] * len(columns[0]), right=False, width=options.width)


def variance_cells(
    variance: pd.DataFrame, digits: int, components: Sequence[Component]
) -> tuple[list[str], list[list[str]]]:
    """Names and columns of the table of variance components, as texts; arguments as for `variance_lines`."""
    blocks = _blocks(variance)
    deviations = np.concatenate([block.deviations for block in blocks])
    shown = {"Variance": deviations**2, "Std.Dev.": deviations}
    columns = [
        [text for block in blocks for text in (block.group, *[""] * (len(block.deviations) - 1))],
        [effect for block in blocks for effect in block.effects],
        *(format_numbers(shown[component], digits) for component in components),
    ]
    correlations = _correlation_columns(blocks, digits)
    names = ["Groups", "Name", *components, *["Corr", *[""] * len(correlations)][: len(correlations)]]
    return names, [*columns, *correlations]


def group_lines(n_obs: int, n_groups: Mapping[str, int], options: Options = DEFAULTS) -> list[str]:
    """The line of sizes under the variance components, broken after its first part where it is long.

    Examples
    --------
    >>> group_lines(180, {"Subject": 18})
    ['Number of obs: 180, groups:  Subject, 18']
    """
    groups = "; ".join(f"{name}, {levels}" for name, levels in n_groups.items())
    return cat_fill([f"Number of obs: {n_obs}, groups: ", groups], options.width)


@dataclass(frozen=True)
class _Block:
    """One block of random effects, or the residual: standard deviations, shape (q,), correlations, shape (q, q)."""

    group: str
    effects: tuple[str, ...]
    deviations: np.ndarray
    correlations: np.ndarray


def _blocks(variance: pd.DataFrame) -> list[_Block]:
    columns = [variance[name].tolist() for name in ("grp", "var1", "var2", "sdcor")]
    rows: dict[str, list[_Row]] = {}
    for group, first, second, value in zip(*columns, strict=True):
        rows.setdefault(str(group), []).append((_name(first), _name(second), float(value)))
    return [_block(group, own) for group, own in rows.items()]


def _name(value: object) -> str:
    """An effect's name; empty where R has NA."""
    return value if isinstance(value, str) else ""


def _block(group: str, rows: Sequence[_Row]) -> _Block:
    deviations = {first: value for first, second, value in rows if not second}
    effects = list(deviations)
    correlations = np.eye(len(effects))
    for first, second, value in rows:
        if second:
            i, j = effects.index(first), effects.index(second)
            correlations[i, j] = correlations[j, i] = value
    return _Block(group, tuple(effects), np.array(list(deviations.values())), correlations)


def _correlation_columns(blocks: Sequence[_Block], digits: int) -> list[list[str]]:
    """The lower triangles of the blocks' correlations one below the other, without the last, empty column."""
    width = max(len(block.effects) for block in blocks) - 1
    rows = [row for block in blocks for row in _correlation_rows(block, max(2, digits - 2), width)]
    return [list(column) for column in zip(*rows, strict=True)]


def _correlation_rows(block: _Block, decimals: int, width: int) -> list[list[str]]:
    size = len(block.effects)
    rounded = [round_half(value, decimals) for value in block.correlations.ravel()]
    texts = format_numbers(rounded, nsmall=decimals, missing="NaN")
    return [[texts[i * size + j] if j < i else "" for j in range(width)] for i in range(size)]
