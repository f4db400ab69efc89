"""The cases' models, fitted once by each backend in a run of the tests, and lme4's numbers for them."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import lmebridge as lme
from lmebridge.parity.divergences import Divergence, read_divergences
from tests.cases import CASES, FIXTURES

if TYPE_CHECKING:
    from lmebridge.parity.golden import Golden, Refined

BY_ID = {case.id: case for case in CASES}


@cache
def fit(case_id: str, backend: str) -> lme.MerMod:
    """The case's model by a backend; what lme4 too would warn of is silenced here and tested elsewhere."""
    case = BY_ID[case_id]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lme.lmer(case.formula, case.frame(), backend=backend, **case.arguments)


@cache
def golden(case_id: str) -> Golden:
    """lme4's numbers, with its optimizer's default tolerances."""
    return BY_ID[case_id].golden()


def refined(case_id: str) -> Refined:
    """lme4's numbers at the optimum itself."""
    found = golden(case_id).refined
    assert found is not None
    return found


@cache
def divergences() -> tuple[Divergence, ...]:
    """What is known to differ."""
    return read_divergences(FIXTURES / "divergences.yaml")
