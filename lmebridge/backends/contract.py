"""What a backend promises: the contract between the facade and whatever fits a model.

A backend is a module of this package with the members of `Backend`; it is entered in `lmebridge.backends.REGISTRY`.
``fit`` returns a `Fit`, the plain tables, and an `Engine`, which answers what is large or rarely asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lmebridge.families import family_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import pandas as pd

    from lmebridge.records import Fit, Model


@dataclass(frozen=True)
class Gap:
    """Something a backend cannot express.

    Attributes
    ----------
    feature : str
        What it is, as the support table names it, such as ``"prior weights"``.
    reason : str
        Why the backend cannot express it.
    remedy : str
        What to use instead.
    term : callable
        From a `Model` to the text of the offending term, or None where the model does not need the feature.
    """

    feature: str
    reason: str
    remedy: str
    term: Callable[[Model], str | None]


def generalized_term(model: Model) -> str | None:
    """The family of a generalized model as R text, for a `Gap`; None for a linear one."""
    if not model.is_generalized:
        return None
    return f"family = {family_code(model.family, model.link, model.family_theta)}"


@dataclass(frozen=True)
class Status:
    """Whether a backend can be used on this machine.

    Attributes
    ----------
    usable : bool
        Whether `fit` can be called.
    version : str
        Every version that matters, such as ``"lme4 1.1-31, R 4.2.2, rpy2 3.6.5"``; empty where unknown.
    reason, remedy : str
        Why it cannot be used and how to fix it; empty when usable.
    """

    usable: bool
    version: str = ""
    reason: str = ""
    remedy: str = ""


class Engine(Protocol):
    """A live fit's answers on demand. Arrays are in the order of the rows used; names are R's."""

    @property
    def underlying(self) -> Any:
        """The thing underneath: the R merMod, the statsmodels result, the PLS solution."""

    def rows(self) -> np.ndarray:
        """Positions, from 0, of the rows used among the rows of the data given; shape (n_obs,)."""

    def omitted(self) -> np.ndarray:
        """Positions of the rows dropped for missing values (not by `subset`); shape (n_omitted,)."""

    def frame(self) -> pd.DataFrame:
        """R's ``model.frame(m)``: one column a variable of the formula, one row a row used (RangeIndex)."""

    def fitted(self) -> np.ndarray:
        """Fitted values with all random effects and the offset, shape (n_obs,), units of the response."""

    def ranef(self) -> Mapping[str, pd.DataFrame]:
        """By grouping factor in lme4's order, conditional modes: levels by effects, blocks of `||` merged."""

    def conditional_variances(self) -> Mapping[str, np.ndarray]:
        """By grouping factor, R's ``postVar`` as shape (n_levels, q, q), squared units of the response."""

    def criterion(self, *, REML: bool) -> float:
        """The REML criterion, or minus twice the log-likelihood, at this fit's theta, whichever was minimized."""

    def getME(self, name: str) -> Any:
        """R's ``getME(m, name)``; raises ValueError with the names there are for an unknown one."""

    def predict(self, newdata: pd.DataFrame | None, re_form: str | None, *, allow_new_levels: bool) -> np.ndarray:
        """R's ``predict(m, newdata, re.form=, allow.new.levels=)``, NaN for rows with missing predictors.

        `re_form` is None for all random effects, ``"~0"`` for none, or a one-sided R formula. With `newdata` None the
        result has one value a row used.
        """

    def refit(self, *, REML: bool) -> tuple[Fit, Engine]:
        """The same model on the same data with or without REML."""


class Backend(Protocol):
    """The members of a backend's module."""

    name: str
    GAPS: tuple[Gap, ...]

    def status(self) -> Status:
        """Whether this backend can be used here; never raises, prints nothing."""

    def fit(self, model: Model, data: pd.DataFrame) -> tuple[Fit, Engine]:
        """Fit `model` to `data`, whose columns are already checked and restricted to the model's variables."""
