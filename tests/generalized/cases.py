"""The generalized models that lme4's own answers are asked for: families, links, quadratures and kinds of response."""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import lmebridge as lme
from lmebridge.parity.golden import Golden, read_golden
from tests.cases import FIXTURES, data

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class GlmerCase:
    """One row of fixtures/glmer_cases.csv, every cell as it is written there: a model, and why it is in the table."""

    id: str
    data: str
    formula: str
    fitter: str
    family: str
    nAGQ: str
    weights: str
    offset: str
    subset: str
    contrasts: str
    na_action: str
    optimizer: str
    why: str

    @property
    def is_nb(self) -> bool:
        """Whether the negative binomial theta is estimated."""
        return self.fitter == "glmer.nb"

    @property
    def arguments(self) -> dict[str, Any]:
        """What `lmebridge.glmer` is called with besides the formula and the data."""
        given: dict[str, Any] = {name: getattr(self, name) for name in ("family", "weights", "offset", "subset")}
        given = {name: text for name, text in given.items() if text}
        given["contrasts"] = dict(pair.split("=") for pair in self.contrasts.split(";") if pair)
        given["control"] = {"optimizer": self.optimizer} if self.optimizer else None
        return given | {"nAGQ": int(self.nAGQ), "na_action": self.na_action}

    @property
    def r_call(self) -> str:
        """What a user would type in R."""
        pairs = [pair.split("=") for pair in self.contrasts.split(";") if pair]
        contrasts = ", ".join(f'{name} = "{function}"' for name, function in pairs)
        given = {name: getattr(self, name) for name in ("family", "nAGQ", "weights", "offset", "subset")}
        given["contrasts"] = f"list({contrasts})" if contrasts else ""
        given["control"] = f'glmerControl(optimizer = "{self.optimizer}")' if self.optimizer else ""
        given["na.action"] = self.na_action
        arguments = [self.formula, "data = data", *(f"{name} = {text}" for name, text in given.items() if text)]
        return f"{self.fitter}({', '.join(arguments)})"

    @property
    def golden_path(self) -> Path:
        """Where lme4's own numbers for this model are kept."""
        return FIXTURES / "goldens" / "generalized" / f"{self.id}.json"


def read_cases() -> tuple[GlmerCase, ...]:
    """Every case, in the order of the file."""
    with (FIXTURES / "glmer_cases.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(GlmerCase(**row) for row in csv.DictReader(lines))


CASES = read_cases()
BY_ID = {case.id: case for case in CASES}
IDS = tuple(BY_ID)
CBPP = BY_ID["cbind"].formula


@cache
def fit(case_id: str) -> lme.GlmerMod:
    """The case's model; what lme4 warns of is silenced here and tested elsewhere."""
    case = BY_ID[case_id]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lme.glmer_nb if case.is_nb else lme.glmer
        return fitter(case.formula, data(case.data), **case.arguments)


@cache
def golden(case_id: str) -> Golden:
    """lme4's numbers, as R wrote them."""
    return read_golden(BY_ID[case_id].golden_path)
