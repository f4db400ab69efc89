"""The main job on real data: the models of the published outputs, fitted by every backend, number beside number."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lmebridge.demo.published import compare, outputs, prepared
from lmebridge.demo.quantities import BY_FUNCTION
from lmebridge.errors import LmebridgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from lmebridge.demo.published import Output

#: The backends that are compared; pymer4 calls the same lme4.
BACKENDS = ("lme4", "statsmodels", "native")

#: Quantities that MixedLM and lme4 define alike; MixedLM's standard errors are of the joint Hessian, lme4's are not.
SHARED = (
    "nobs",
    "ngrps",
    "Min. group size",
    "Max. group size",
    "Mean group size",
    "Scale",
    "logLik",
    "Estimate",
    "vcov",
)


@dataclass(frozen=True)
class Trial:
    """One published output held against one backend.

    Attributes
    ----------
    output : Output
        What was printed.
    backend : str
        What fitted the model.
    table : pandas.DataFrame or None
        Every printed number beside the computed one, as `published.compare` gives it; None where there is none.
    obstacle : str
        Why there is none: the data or the backend is missing, or the backend cannot express the model.
    """

    output: Output
    backend: str
    table: pd.DataFrame | None = None
    obstacle: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every number that could be compared agrees."""
        return self.table is None or bool(self.table["agrees"].all())

    def value(self, quantity: str, term: str) -> float | None:
        """The number this backend computed, None where it has none."""
        if self.table is None:
            return None
        found = self.table[(self.table["quantity"] == quantity) & (self.table["term"] == term)]
        return None if found.empty else float(found["value"].iloc[0])


def trials(backends: Iterable[str] = BACKENDS) -> list[Trial]:
    """Every published output held against every backend that can be used.

    Parameters
    ----------
    backends : iterable of str
        Names of the backends to try.

    Returns
    -------
    list of Trial
        In the order of the documents, then of the backends. What could not be compared says why.
    """
    return [attempt(output, backend) for output in outputs() for backend in backends]


def attempt(output: Output, backend: str) -> Trial:
    """One output held against one backend; never raises one of lmebridge's own errors."""
    try:
        computed = quantities(output, backend)
    except LmebridgeError as error:
        return Trial(output, backend, obstacle=str(error))
    repeats = backend == ("statsmodels" if output.function == "MixedLM" else "lme4")
    return Trial(output, backend, compare(output, computed.__getitem__, at_optimum=not repeats))


def quantities(output: Output, backend: str) -> Mapping[str, Mapping[str, float]]:
    """What the backend computes of an output's quantities; those it does not have are left out."""
    if output.function == "anova":
        return anova_quantities(output, backend)
    own = output.function == "MixedLM" and backend == "statsmodels"
    fitted = fit(output, output.formula, backend, own=own)
    wanted = output.numbers if own or output.function != "MixedLM" else [*SHARED, "icc"]
    return computed(BY_FUNCTION[output.function], [name for name in output.numbers if name in wanted], fitted)


def computed(readers: Mapping[str, Any], names: Iterable[str], fitted: Any) -> dict[str, Mapping[str, float]]:
    """The quantities of a fitted model by name, without those that its backend does not have."""
    found: dict[str, Mapping[str, float]] = {}
    for name in names:
        try:
            found[name] = readers[name](fitted)
        except KeyError:
            continue
    return found


def anova_quantities(output: Output, backend: str) -> dict[str, dict[str, float]]:
    """Columns of the likelihood-ratio table of an output's models."""
    from lmebridge.inference.anova import anova

    models = [fit(output, formula, backend) for formula in output.formulas.values()]
    table = anova(*models, model_names=list(output.formulas))
    return {str(name): {str(row): float(number) for row, number in column.items()} for name, column in table.items()}


def fit(output: Output, formula: str, backend: str, *, own: bool = False) -> Any:
    """The model, fitted once; `own` keeps MixedLM's estimates as they are."""
    control = tuple(sorted(output.control.items())) if own else ()
    arguments = tuple(sorted(output.arguments.items()))
    return fit_once(
        output.function in {"lm", "OLS"}, formula, output.data, output.preparation, backend, arguments, control
    )


@cache
def fit_once(
    linear: bool,
    formula: str,
    data: str,
    preparation: str,
    backend: str,
    arguments: tuple[tuple[str, Any], ...],
    control: tuple[tuple[str, Any], ...],
) -> Any:
    """Fit a model, quietly: what is to be said about it stays in the fit."""
    from lmebridge.api import lmer
    from lmebridge.linear.linear_model import lm

    frame = load(data, preparation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if linear:
            return lm(formula, frame, backend=backend, **dict(arguments))
        return lmer(formula, frame, backend=backend, control=dict(control), **dict(arguments))


@cache
def load(data: str, preparation: str) -> pd.DataFrame:
    """The data, prepared as the documents prepare them, read once."""
    return prepared(data, preparation)
