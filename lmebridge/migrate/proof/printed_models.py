"""A printed model or summary as cells: its coefficients and deviations, the same of R's and of the package's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.linear.fit import LinearFit
from lmebridge.linear.linear_model import LinearModel
from lmebridge.linear.summary import LinearSummary
from lmebridge.migrate.proof.shown import Cell, cells
from lmebridge.model import MerMod
from lmebridge.printing.summary import Summary
from lmebridge.tables import VarCorr

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What R's summaries of linear models have besides the coefficients.
QUALITY = ("sigma", "r.squared", "adj.r.squared")


def printed_model(value: Any) -> tuple[Cell, ...] | None:
    """The cells of a model, a summary or variances of the package; None of anything else."""
    if isinstance(value, (MerMod, LinearModel)):
        return model_cells(value)
    if isinstance(value, Summary):
        return _coefficients(value.coefficients) + variance_cells(value.fit.variance)
    if isinstance(value, VarCorr):
        return variance_cells(value.to_frame())
    if isinstance(value, LinearSummary):
        fit = value.fit
        return _coefficients(value.coefficients) + cells([fit.sigma, fit.r_squared, fit.adj_r_squared])
    return None


def model_cells(model: Any) -> tuple[Cell, ...]:
    """What a printed model shows: coefficients, and the deviations of a mixed one."""
    record = getattr(model, "record", model)
    if isinstance(record, LinearFit):
        return cells(record.coefficients)
    return cells(record.fixed["Estimate"]) + variance_cells(record.variance)


def summary_cells(found: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The cells of a summary that R recorded."""
    shown = _coefficients(pd.DataFrame(found["coefficients"]))
    if "variance" in found:
        return shown + variance_cells(found["variance"])
    if "r.squared" not in found:
        return shown
    return shown + cells([float(np.asarray(found[name])[0]) for name in QUALITY])


def _coefficients(table: pd.DataFrame) -> tuple[Cell, ...]:
    return cells(table)


def variance_cells(variance: pd.DataFrame) -> tuple[Cell, ...]:
    """Standard deviations and correlations by block and effect, as ``as.data.frame(VarCorr(m))`` orders them."""
    labels = [
        " ".join(str(part) for part in row if not pd.isna(part)) for row in variance[["grp", "var1", "var2"]].to_numpy()
    ]
    return cells(pd.Series(variance["sdcor"].to_numpy(dtype=float), index=pd.Index(labels)))
