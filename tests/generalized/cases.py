"""The generalized models that lme4's own answers are asked for: families, links, quadratures and kinds of response."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import lmebridge as lme
from tests.cases import data


@dataclass(frozen=True)
class GlmerCase:
    """A model as Python and as R write it, and why it is in the table."""

    id: str
    data: str
    formula: str
    arguments: dict[str, Any] = field(hash=False)
    r_arguments: str
    why: str

    @property
    def is_nb(self) -> bool:
        """Whether the negative binomial theta is estimated."""
        return self.r_arguments == "glmer.nb"

    @property
    def r_call(self) -> str:
        """What a user would type in R."""
        if self.is_nb:
            return f"glmer.nb({self.formula}, data = data)"
        return f"glmer({self.formula}, data = data, {self.r_arguments})"


CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
SLEEP = "Reaction ~ Days + (1 | Subject)"

CASES = (
    GlmerCase("cbind", "cbpp", CBPP, {}, "family = binomial", "successes and failures"),
    GlmerCase(
        *("trials", "cbpp", "incidence / size ~ period + (1 | herd)"),
        *({"weights": "size"}, "family = binomial, weights = size", "proportions with the numbers of trials"),
    ),
    GlmerCase(
        *("factor", "Contraception_20", "use ~ age + urban + livch + (1 | district)"),
        *({"subset": "age < 15"}, "family = binomial, subset = age < 15", "a factor as response, part of the rows"),
    ),
    GlmerCase(
        *("slope", "Contraception_20", "use ~ age + I(age^2) + urban + (urban | district)"),
        *({}, "family = binomial", "a random slope, and a convergence warning of lme4's"),
    ),
    GlmerCase(
        *("logical", "sleep_plus", "I(reaction_gaps > 300) ~ Days + (1 | Subject)"),
        *({"na_action": "na.exclude"}, "family = binomial, na.action = na.exclude", "missing values are padded"),
    ),
    GlmerCase("probit", "cbpp", CBPP, {"family": ("binomial", "probit")}, 'binomial(link = "probit")', "another link"),
    GlmerCase("quick", "cbpp", CBPP, {"nAGQ": 0}, "family = binomial, nAGQ = 0", "the cheapest approximation"),
    GlmerCase("quadrature", "cbpp", CBPP, {"nAGQ": 10}, "family = binomial, nAGQ = 10", "ten points"),
    GlmerCase(
        *("observation", "grouseticks", "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX)"),
        *({"family": "poisson"}, "family = poisson", "an effect of every observation"),
    ),
    GlmerCase(
        *("offset", "grouseticks", "TICKS ~ YEAR + (1 | BROOD) + (1 | LOCATION)"),
        *({"family": "poisson", "offset": "log(HEIGHT)"}, "family = poisson, offset = log(HEIGHT)", "an offset"),
    ),
    GlmerCase(
        *("bars", "grouseticks", "TICKS ~ YEAR + (cHEIGHT || LOCATION)"),
        *({"family": "poisson"}, "family = poisson", "blocks without correlation"),
    ),
    GlmerCase(
        *("gamma", "sleepstudy", SLEEP, {"family": "Gamma(link = 'log')"}, 'family = Gamma("log")', "a scale"),
    ),
    GlmerCase(
        *("log_gaussian", "sleepstudy", SLEEP, {"family": 'gaussian("log")', "control": {"optimizer": "bobyqa"}}),
        *('family = gaussian("log"), control = glmerControl(optimizer = "bobyqa")', "normal, and yet no linear model"),
    ),
    GlmerCase("nb", "grouseticks", "TICKS ~ YEAR + (1 | BROOD)", {}, "glmer.nb", "theta is estimated"),
    GlmerCase(
        *("nb_known", "grouseticks", "TICKS ~ YEAR + (1 | BROOD)", {"family": "negative.binomial(theta = 1.5)"}),
        *("family = MASS::negative.binomial(theta = 1.5)", "theta is known"),
    ),
)
BY_ID = {case.id: case for case in CASES}
IDS = tuple(BY_ID)


@cache
def fit(case_id: str) -> lme.GlmerMod:
    """The case's model; what lme4 warns of is silenced here and tested elsewhere."""
    case = BY_ID[case_id]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lme.glmer_nb if case.is_nb else lme.glmer
        return fitter(case.formula, data(case.data), **case.arguments)
