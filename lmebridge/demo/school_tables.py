"""What the practical on school attainment computes from its final model: predictions, percentages, what-if changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from lmebridge.model import MerMod

#: The schools of Brighton whose predictions the practical prints.
BRIGHTON = (
    "Brighton Aldridge Community Academy",
    "Dorothy Stringer School",
    "Longhill High School",
    "Patcham High School",
)


#: The grouping factors of the practical's final model.
SCHOOL_GROUPS = ("OFSTEDRATING", "gor_name", "LANAME:gor_name")


def brighton(fit: MerMod) -> pd.DataFrame:
    """The rows of those schools, indexed by their names."""
    return fit.data[fit.data["SCHNAME.x"].isin(BRIGHTON)].set_index("SCHNAME.x")


def school_effects(*groups_: str) -> Callable[[MerMod], dict[str, float]]:
    """Function that adds up the random intercepts of these grouping factors for each school."""

    def read(fit: MerMod) -> dict[str, float]:
        schools, modes = brighton(fit), fit.ranef(condVar=False)
        levels = {group: schools[group.split(":")].astype(str).agg(":".join, axis=1) for group in groups_}
        total = sum(modes[group]["(Intercept)"].loc[level].to_numpy() for group, level in levels.items())
        return dict(zip(schools.index, np.asarray(total, dtype=float), strict=True))

    return read


def school_predictions(*, random: bool, corrected: bool = False) -> Callable[[MerMod], dict[str, float]]:
    """Function that gives each school's predicted score, back from the logarithm, corrected for its bias or not."""

    def read(fit: MerMod) -> dict[str, float]:
        return {
            str(school): float(score) for school, score in predicted(fit, random=random, corrected=corrected).items()
        }

    return read


def predicted(fit: MerMod, *, random: bool, corrected: bool) -> pd.Series:
    """The schools' predicted scores, points."""
    logarithms = fit.predict(brighton(fit), re_form=None if random else "~0")
    scores: pd.Series = np.exp(logarithms + (fit.sigma() ** 2 / 2 if corrected else 0.0))
    return scores


#: Points that a school is to gain.
GAIN = 5.0


def change_for_gain(measure: str) -> Callable[[MerMod], dict[str, float]]:
    """Function that gives the change of a logged measure which raises each school's predicted score by five points.

    The score is proportional to the measure to the power of its coefficient; it starts at the corrected prediction.
    """

    def read(fit: MerMod) -> dict[str, float]:
        score, today = predicted(fit, random=True, corrected=True), brighton(fit)[measure]
        needed = today * ((score + GAIN) / score) ** (1 / fit.fixef()[f"log({measure})"])
        return {str(school): float(change) for school, change in (needed - today).items()}

    return read


def per_deviation(fit: MerMod) -> dict[str, float]:
    """What one standard deviation of each component does to the score of a model of its logarithm, per cent."""
    table = fit.VarCorr().to_frame()
    return dict(zip(table["grp"], 100 * np.expm1(table["sdcor"]), strict=True))


def observed_and_fitted(fit: MerMod) -> dict[str, float]:
    """Squared correlation of the observed scores with the fitted ones, back from the logarithm, per cent."""
    scores = fit.data.loc[fit.fitted().dropna().index, "ATT8SCR"]
    return {"": 100 * float(np.corrcoef(scores, np.exp(fit.fitted().dropna()))[0, 1] ** 2)}


#: By quantity, what computes it.
SCHOOLS: dict[str, Callable[[MerMod], Mapping[str, float]]] = {
    **{f"RE: {group}": school_effects(group) for group in SCHOOL_GROUPS},
    "RE: total": school_effects(*SCHOOL_GROUPS),
    "Baseline ATT8 (fixed only)": school_predictions(random=False),
    "Baseline ATT8 (incl. RE)": school_predictions(random=True),
    "Baseline ATT8 (incl. RE, bias-corrected)": school_predictions(random=True, corrected=True),
    "Required change: PERCTOT": change_for_gain("PERCTOT"),
    "Required change: PTFSM6CLA1A": change_for_gain("PTFSM6CLA1A"),
    "% per SD": per_deviation,
    "R2 of observed and fitted (%)": observed_and_fitted,
}
