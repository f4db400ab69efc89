"""The native backend: the package's own penalized least squares, every formula of lme4's, without R."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.backends.contract import Gap, Status, generalized_term
from lmebridge.formula.model_formula import blocks
from lmebridge.records import Source

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.backends.contract import Engine
    from lmebridge.records import Fit, Model

name = "native"

_REMEDY = 'Use backend="lme4".'


def _structured(model: Model) -> str | None:
    return next((t.text for t in blocks(model.formula) if t.covariance not in {"us", "||"}), None)


GAPS: tuple[Gap, ...] = (
    Gap(
        "structured covariances",
        "its covariance matrices are unstructured",
        'Use backend="lme4" with lme4 2.0-6 or later.',
        _structured,
    ),
    Gap("generalized models (glmer)", "its criterion is that of linear models", _REMEDY, generalized_term),
)


def _versions() -> dict[str, str]:
    from importlib import metadata

    return {package: metadata.version(package) for package in ("lmebridge", "scipy", "numpy")}


def status() -> Status:
    """Always usable: it needs nothing but what the package itself needs."""
    return Status(usable=True, version=", ".join(f"{package} {version}" for package, version in _versions().items()))


def fit(model: Model, data: pd.DataFrame) -> tuple[Fit, Engine]:
    """Fit `model` on the penalized least-squares core.

    Parameters
    ----------
    model : Model
        What to fit; `lmebridge.pls.optimize.optimize` says what ``model.start`` and ``model.control`` may be.
    data : pandas.DataFrame
        The columns that the model needs.

    Returns
    -------
    tuple of (Fit, Engine)
        The plain tables and what answers further questions; the engine's ``underlying`` is the `Solution`.

    Raises
    ------
    DataError
        If lme4's own checks of the data fail, or `model.control` has an unknown option.
    """
    from lmebridge.backends._local import LocalEngine, local_fit
    from lmebridge.design import build as designs
    from lmebridge.pls import solution as pls
    from lmebridge.pls.optimize import optimize

    design = designs.build(model, data)
    solution, convergence = optimize(pls.problem(design, REML=model.REML), model.start, model.control)
    source = Source("live", name, _versions(), _call(model))
    engine = LocalEngine(model, design, solution, source)
    return local_fit(model, design, solution, convergence, source), engine


def _call(model: Model) -> str:
    """The R call that gives the same fit."""
    arguments = [f"formula = {model.formula}", "data = data"]
    arguments += [] if model.REML else ["REML = FALSE"]
    arguments += [f"{key} = {value}" for key in ("weights", "offset", "subset") if (value := getattr(model, key))]
    return f"lmer({', '.join(arguments)})"
