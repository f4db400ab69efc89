"""Which backend fits a model: the default order, the user's choice, and what is said about it."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from lmebridge.backends import FALLBACK_ORDER, REGISTRY, load
from lmebridge.errors import BackendUnavailable, FallbackWarning, UnsupportedByBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.backends.contract import Backend
    from lmebridge.records import Model

Result = TypeVar("Result")

#: Environment variable that names the default backend.
BACKEND_VARIABLE = "LMEBRIDGE_BACKEND"

_default: list[str | None] = [None]


def set_backend(name: str | None) -> None:
    """Use this backend whenever a call names none; None restores the default order.

    Parameters
    ----------
    name : {"lme4", "pymer4", "statsmodels", "native"} or None
        A backend named here is used or fails: there is no fallback from it.

    Raises
    ------
    ValueError
        If there is no such backend.

    Examples
    --------
    >>> set_backend("native")
    >>> set_backend(None)
    """
    if name is not None:
        load(name)
    _default[0] = name


def default_backend() -> str | None:
    """What `set_backend` was given last; None for the default order."""
    return _default[0]


def named_backend(requested: str | None) -> str | None:
    """The backend that a call, `set_backend` or the environment names, in this order; None where none does."""
    return requested or _default[0] or os.environ.get(BACKEND_VARIABLE) or None


def backends() -> pd.DataFrame:
    """Which backends can be used on this machine, and how to get those that cannot.

    Returns
    -------
    pandas.DataFrame
        Index: the backends' names. Columns ``usable``, ``version``, ``why not`` and ``how to fix it``.

    Examples
    --------
    >>> bool(backends().loc["native", "usable"])
    True
    """
    statuses = {name: load(name).status() for name in REGISTRY}
    rows = [(status.usable, status.version, status.reason, status.remedy) for status in statuses.values()]
    columns = ["usable", "version", "why not", "how to fix it"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(statuses, name="name"))


def attempt(model: Model, requested: str | None, use: Callable[[Backend], Result], stacklevel: int = 3) -> Result:
    """What `use` makes of the backend that fits `model`.

    Parameters
    ----------
    model : Model
        What is to be fitted.
    requested : str or None
        The backend the call names, if any.
    use : callable
        From a backend to the result, such as its fit. Where it raises `UnsupportedByBackend`, since only the data show
        that the backend cannot express the model, the next one is tried.
    stacklevel : int
        Frames between this function and the user's call, for the warning.

    Returns
    -------
    object
        What `use` returned, with the backend named by the call, by `set_backend` or by the environment variable
        ``LMEBRIDGE_BACKEND``; else with the first of the default order that is usable and can express the model.

    Raises
    ------
    BackendUnavailable
        If the backend named cannot be used on this machine.
    UnsupportedByBackend
        If the backend named, or every usable one, cannot express the model.

    Warns
    -----
    FallbackWarning
        When it is not the first of the default order.
    """
    name = named_backend(requested)
    if name:
        return use(_usable(name, model))
    obstacles: list[str] = []
    for candidate in FALLBACK_ORDER:
        try:
            result = use(_usable(candidate, model))
        except (BackendUnavailable, UnsupportedByBackend) as obstacle:
            obstacles.append(str(obstacle))
            continue
        if obstacles:
            words = f"Fitted by the {candidate} backend. {' '.join(obstacles)}"
            warnings.warn(words, FallbackWarning, stacklevel=stacklevel)
        return result
    raise UnsupportedByBackend(" ".join(obstacles))


def choose(model: Model, requested: str | None, stacklevel: int = 4) -> Backend:
    """The backend that can be used for `model`, by the rules of `attempt`."""
    return attempt(model, requested, lambda backend: backend, stacklevel)


def _usable(name: str, model: Model) -> Backend:
    backend = load(name)
    status = backend.status()
    if not status.usable:
        raise BackendUnavailable.because(name, status.reason, status.remedy)
    for gap in backend.GAPS:
        term = gap.term(model)
        if term is not None:
            raise UnsupportedByBackend.because(name, term, gap.reason, gap.remedy)
    return backend
