"""What the notebook of 2015 on High School & Beyond computes by hand from each of its mixed models.

It takes the spread of residuals for the variance components: of pupils around the fixed effects' prediction, and of the
schools' means around the prediction for the school, over pupils. The numbers repeat its code, slips included; what its
definitions give is there under the name with ``as stated``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from lmebridge.model import MerMod

#: The model whose intraclass correlation all of the notebook's standard errors are of: a variable that was left over.
FIRST_MODEL = "mathach ~ ses + (1 | schoolid)"


def pupil_residuals(fit: MerMod) -> pd.Series:
    """Scores minus the prediction without random effects, points."""
    residuals: pd.Series = fit.data["mathach"] - fit.predict(re_form="~0")
    return residuals


def school_residuals(fit: MerMod) -> pd.Series:
    """The prediction for the pupil's school minus the mean score of the school, points.

    The school's mean of ``ses`` is put in for the pupil's, but not in the interaction, where the notebook forgot to.
    """
    pupils = fit.data
    mean = pupils.groupby("schoolid")["mathach"].transform("mean")
    schools = pupils.assign(ses=pupils["ses"].groupby(pupils["schoolid"]).transform("mean"))
    slope = fit.fixef().get("sector:ses", fit.fixef().get("ses:sector", 0.0))
    forgotten = slope * pupils["sector"] * (pupils["ses"] - schools["ses"]) if slope else 0.0
    residuals: pd.Series = fit.predict(schools, re_form="~0") + forgotten - mean
    return residuals


def spread(residuals: pd.Series) -> float:
    """Standard deviation with n in the denominator, as numpy has it."""
    return float(residuals.std(ddof=0))


def sigmas(fit: MerMod) -> tuple[float, float]:
    """The notebook's sigma_u and sigma_e, points."""
    return spread(school_residuals(fit)), spread(pupil_residuals(fit))


def baseline(fit: MerMod) -> tuple[float, float]:
    """The same of the model without predictors, whose prediction is one number."""
    scores = fit.data["mathach"]
    return spread(scores.groupby(fit.data["schoolid"]).transform("mean")), spread(scores)


def correlation(between: float, within: float) -> float:
    """Share of the variance that is between schools."""
    return between**2 / (between**2 + within**2)


def correlation_error(fit: MerMod) -> float:
    """The standard error as the notebook prints it: of the first model, over the root of the number of schools."""
    from lmebridge.api import lmer

    first = lmer(FIRST_MODEL, fit.data, backend=fit.record.source.engine)
    return correlation(*sigmas(first)) / float(np.sqrt(fit.data["schoolid"].nunique()))


def slip(total: float, rest: float) -> float:
    """A pseudo-R2 as the notebook's code has it: without the parentheses that its formula lacks too."""
    return total**2 - rest**2 / total**2


def share(total: float, rest: float) -> float:
    """The proportional reduction of a variance, per cent: what the text says a pseudo-R2 is."""
    return 100 * (total**2 - rest**2) / total**2


def one(compute: Callable[[MerMod], float]) -> Callable[[MerMod], dict[str, float]]:
    """A quantity of one number."""
    return lambda fit: {"": compute(fit)}


#: By quantity, what computes it.
NOTEBOOK: dict[str, Callable[[MerMod], Mapping[str, float]]] = {
    "sigma_u": one(lambda fit: sigmas(fit)[0]),
    "sigma_u stderr": one(lambda fit: sigmas(fit)[0] / float(np.sqrt(fit.data["schoolid"].nunique()))),
    "sigma_e": one(lambda fit: sigmas(fit)[1]),
    "sigma_e stderr": one(lambda fit: sigmas(fit)[1] / float(np.sqrt(len(fit.data)))),
    "intraclass correlation": one(lambda fit: correlation(*sigmas(fit))),
    "intraclass correlation stderr": one(correlation_error),
    "z of the intraclass correlation": one(lambda fit: correlation(*sigmas(fit)) / correlation_error(fit)),
    "pseudo-R2, groups (%)": one(lambda fit: slip(baseline(fit)[0], sigmas(fit)[0])),
    "pseudo-R2, individuals (%)": one(lambda fit: slip(baseline(fit)[1], sigmas(fit)[1])),
    "pseudo-R2, groups (%), as stated": one(lambda fit: share(baseline(fit)[0], sigmas(fit)[0])),
    "pseudo-R2, individuals (%), as stated": one(lambda fit: share(baseline(fit)[1], sigmas(fit)[1])),
}
