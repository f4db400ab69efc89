"""The summary of a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.cached import cached_property
from lmebridge.printing.markup import Shown

if TYPE_CHECKING:
    from lmebridge.linear.fit import LinearFit
    from lmebridge.printing.markup import Grid


class LinearSummary(Shown):
    """What R prints for ``summary(lm(...))``.

    Attributes
    ----------
    fit : LinearFit
        The model summarized.
    """

    def __init__(self, fit: LinearFit) -> None:
        self.fit = fit

    @property
    def coefficients(self) -> pd.DataFrame:
        """Estimates, standard errors, t values and p values, shape (rank, 4)."""
        return self.fit.table()

    @cached_property
    def text(self) -> str:
        """The printed text, without the last line end."""
        from lmebridge.printing.summary_lm import lm_summary_text

        fit = self.fit
        return lm_summary_text(
            call=fit.call,
            coefficients=fit.table(),
            residuals=pd.Series(fit.weighted_residuals, index=fit.rows + 1),
            sigma=fit.sigma,
            df_residual=fit.df_residual,
            r_squared=fit.r_squared,
            adj_r_squared=fit.adj_r_squared,
            f_statistic=fit.f_statistic,
            p_value=fit.f_pvalue,
            n_omitted=len(fit.omitted),
            weighted=fit.weights is not None and bool(np.ptp(fit.weights)),
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _parts(self) -> list[Grid | str]:
        from lmebridge.printing.rformat import DEFAULTS
        from lmebridge.printing.summary_markup import table_parts

        tables = table_parts(self.coefficients, "Coefficients", digits=DEFAULTS.summary_digits)
        below = self.text[self.text.index("Residual standard error") :].splitlines()
        return [self.fit.call, *tables, *(line.strip() for line in below if line.strip())]
