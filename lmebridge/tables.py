"""The tables a fitted model answers with: random effects and variance components, as R shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pandas as pd

from lmebridge.printing.markup import Shown

if TYPE_CHECKING:
    from lmebridge.printing.markup import Grid
    from lmebridge.records import Fit


class RandomEffects(Mapping[str, pd.DataFrame]):
    """Conditional modes of the random effects by grouping factor, R's ``ranef(m)``.

    Attributes
    ----------
    postVar : mapping of str to numpy.ndarray, shape (n_levels, q, q)
        Conditional covariance matrices, squared units of the response; empty unless asked for with ``condVar``.

    Examples
    --------
    >>> import pandas as pd
    >>> modes = RandomEffects({"g": pd.DataFrame({"(Intercept)": [0.5, -0.5]}, index=["a", "b"])}, {})
    >>> list(modes), modes["g"].loc["a", "(Intercept)"].item()
    (['g'], 0.5)
    """

    def __init__(self, modes: Mapping[str, pd.DataFrame], postVar: Mapping[str, np.ndarray]) -> None:
        self._modes = dict(modes)
        self.postVar = dict(postVar)

    def __getitem__(self, group: str) -> pd.DataFrame:
        try:
            return self._modes[group]
        except KeyError:
            raise_unknown_group(group, self._modes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modes)

    def __len__(self) -> int:
        return len(self._modes)

    def __repr__(self) -> str:
        from lmebridge.printing.rprint import ranef_text

        return ranef_text(self._modes, conditional=bool(self.postVar))

    def _repr_html_(self) -> str:
        """The tables, for notebooks; long ones are cut as pandas cuts them."""
        from html import escape

        shown = [f"<h4>{escape(group)}</h4>\n{frame.to_html(max_rows=60)}" for group, frame in self._modes.items()]
        return "\n".join(shown)

    def to_frame(self) -> pd.DataFrame:
        """One row an effect of a level, R's ``as.data.frame(ranef(m))``.

        Returns
        -------
        pandas.DataFrame
            Columns ``grpvar``, ``term``, ``grp``, ``condval`` and, where the variances were asked for, ``condsd``; both
            in units of the response per unit of the term. Terms follow each other within a grouping factor.
        """
        return pd.concat([self._group_frame(group) for group in self._modes], ignore_index=True)

    def _group_frame(self, group: str) -> pd.DataFrame:
        modes = self._modes[group]
        levels, terms = len(modes), list(modes.columns)
        frame = pd.DataFrame(
            {
                "grpvar": group,
                "term": np.repeat(terms, levels),
                "grp": np.tile(modes.index.to_numpy(), len(terms)),
                "condval": modes.to_numpy().ravel(order="F"),
            }
        )
        if group in self.postVar:
            variances = np.diagonal(self.postVar[group], axis1=1, axis2=2)
            frame["condsd"] = np.sqrt(variances).ravel(order="F")
        return frame


class VarCorr(Shown, Mapping[str, pd.DataFrame]):
    """Variances, standard deviations and correlations of the random effects, R's ``VarCorr(m)``.

    Indexing with the name of a block (``"Subject"``, ``"Subject.1"``) gives its covariance matrix.

    Attributes
    ----------
    sc : float
        Residual standard deviation, units of the response.
    """

    def __init__(self, fit: Fit) -> None:
        self._table = fit.variance
        self._blocks = block_names(fit.blocks)
        self.sc = fit.sigma

    def __getitem__(self, block: str) -> pd.DataFrame:
        if block not in self._blocks:
            raise_unknown_group(block, self._blocks)
        return self._square(block, "vcov")

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def __repr__(self) -> str:
        from lmebridge.printing.summary import varcorr_text

        return varcorr_text(self._table)

    def _parts(self) -> list[Grid | str]:
        from lmebridge.printing.rformat import DEFAULTS
        from lmebridge.printing.summary_markup import variance_grid

        return [variance_grid(self._table, ("Std.Dev.",), max(3, DEFAULTS.digits - 2))]

    def correlation(self, block: str) -> pd.DataFrame:
        """Correlation matrix of a block, shape (q, q), dimensionless."""
        square = self._square(block, "sdcor")
        correlation = square.to_numpy(copy=True)
        np.fill_diagonal(correlation, 1.0)
        return pd.DataFrame(correlation, index=square.index, columns=square.columns)

    def stddev(self, block: str) -> pd.Series:
        """Standard deviations of a block's effects, units of the response per unit of the term."""
        effects = list(self._blocks[block])
        return pd.Series(np.diag(self._square(block, "sdcor")), index=effects)

    def to_frame(self) -> pd.DataFrame:
        """R's ``as.data.frame(VarCorr(m))``: columns ``grp``, ``var1``, ``var2``, ``vcov``, ``sdcor``."""
        return self._table.copy()

    def _square(self, block: str, column: str) -> pd.DataFrame:
        effects = list(self._blocks[block])
        square = pd.DataFrame(np.zeros((len(effects), len(effects))), index=effects, columns=effects)
        rows = self._table[self._table["grp"] == block]
        for var1, var2, value in zip(rows["var1"], rows["var2"], rows[column], strict=True):
            other = var1 if pd.isna(var2) else var2
            square.loc[var1, other] = square.loc[other, var1] = value
        return square


class Count(int):
    """A count that is also a function of nothing: ``fit.nobs()`` as in R and ``fit.nobs`` as in statsmodels."""

    def __call__(self) -> int:
        """The count itself."""
        return int(self)


def block_names(blocks: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, tuple[str, ...]]:
    """Effects by the name lme4 prints for each block: repeated grouping factors are numbered ``g``, ``g.1``, ``g.2``.

    Examples
    --------
    >>> block_names((("Subject", ("(Intercept)",)), ("Subject", ("Days",))))
    {'Subject': ('(Intercept)',), 'Subject.1': ('Days',)}
    """
    named: dict[str, tuple[str, ...]] = {}
    for group, effects in blocks:
        count = sum(name == group for name, _ in blocks[: len(named)])
        named[f"{group}.{count}" if count else group] = effects
    return named


def raise_unknown_group(group: str, known: Mapping[str, object]) -> NoReturn:
    """Raise the KeyError for a grouping factor that the model does not have."""
    names = ", ".join(repr(name) for name in known)
    raise KeyError(f"{group!r} is not a grouping factor of this model; there are {names}")
