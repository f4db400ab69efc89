"""lme4's own numbers for the cases, read from fixtures/goldens: R's vectors, arrays and tables as numpy and pandas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from tests.cases import Case


@dataclass(frozen=True)
class Optimum:
    """What lme4 finds: at its default tolerances, or with its optimizer's tolerances tightened to 1e-12.

    The second is the judge of other optimizers: lme4's default stops up to 3e-4 above the minimum of the criterion.
    """

    criterion: float
    theta: np.ndarray
    fixef: pd.Series
    std_error: pd.Series
    sdcor: np.ndarray
    ranef: dict[str, pd.DataFrame]
    postVar: dict[str, np.ndarray]
    fitted: np.ndarray


@dataclass(frozen=True)
class Golden:
    """One golden file: what was asked, of which versions, and what came."""

    heading: dict[str, str]
    values: dict[str, Any]

    @property
    def default(self) -> Optimum:
        """lme4 as a user calls it."""
        extract = self.values["extract"]
        found = (extract["criterion"], extract["theta"], extract["fixed"], extract["std_error"], self.variance["sdcor"])
        return optimum(*found, self.values["ranef"], self.values["postVar"], self.values["fitted"])

    @property
    def refined(self) -> Optimum:
        """The optimum itself."""
        names = ("criterion", "theta", "fixef", "std_error", "sdcor", "ranef", "postVar", "fitted")
        return optimum(*(self.values["refined"][f"{name}_refined"] for name in names))

    @property
    def is_singular(self) -> bool:
        """Whether lme4 calls the optimum singular: a relative deviation below 1e-4, its own tolerance."""
        deviations = np.asarray(self.values["extract"]["lower"]) == 0
        return bool((self.refined.theta[deviations] < 1e-4).any())

    @property
    def variance(self) -> pd.DataFrame:
        """``as.data.frame(VarCorr(m))``."""
        return self.values["extract"]["variance"]


def optimum(
    criterion: Any, theta: Any, fixef: Any, std_error: Any, sdcor: Any, ranef: Any, postVar: Any, fitted: Any
) -> Optimum:
    """An optimum from the decoded values of a golden."""
    return Optimum(
        criterion=float(criterion[0]),
        theta=theta.to_numpy(),
        fixef=fixef,
        std_error=std_error,
        sdcor=np.asarray(sdcor, dtype=float),
        ranef={g: pd.DataFrame(b["values"], index=b["levels"], columns=b["effects"]) for g, b in ranef.items()},
        postVar={group: np.moveaxis(np.asarray(values), 2, 0) for group, values in postVar.items()},
        fitted=np.asarray(fitted, dtype=float),
    )


@cache
def read(case: Case) -> Golden:
    """The golden of a case."""
    record = json.loads(case.golden_path.read_text(encoding="utf-8"))
    heading = {name: value for name, value in record.items() if isinstance(value, str)}
    return Golden(heading, {name: decode(value) for name, value in record.items() if not isinstance(value, str)})


def decode(value: Any) -> Any:
    """R's value as numpy and pandas have it; plain vectors stay lists."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if ".number" in value:
        return float(value[".number"])
    readers = {"named": named, "array": array, "frame": frame}
    kind = value.get(".kind", [""])[0]
    return readers[kind](value) if kind else {name: decode(item) for name, item in value.items()}


def named(value: dict[str, Any]) -> pd.Series:
    """A vector with names."""
    return pd.Series(numbers(value["values"]), index=value["names"])


def array(value: dict[str, Any]) -> np.ndarray:
    """An array, which R keeps column by column."""
    return numbers(value["values"]).reshape(value["dim"], order="F")


def frame(value: dict[str, Any]) -> pd.DataFrame:
    """A data frame."""
    return pd.DataFrame(dict(zip(value["names"], map(decode, value["columns"]), strict=True)))


def numbers(values: list[Any]) -> np.ndarray:
    """Numbers with NaN for missing ones."""
    return np.array([np.nan if value is None else decode(value) for value in values], dtype=float)
