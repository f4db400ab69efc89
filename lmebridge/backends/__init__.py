"""The backends: each fits a model its own way and answers through one contract."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from lmebridge.backends.contract import Backend

#: Every backend by name; a new one is a module of this package and an entry here.
REGISTRY: tuple[str, ...] = ("lme4", "pymer4", "statsmodels", "native")

#: The order in which backends are tried when none is named.
FALLBACK_ORDER: tuple[str, ...] = ("lme4", "statsmodels", "native")


def load(name: str) -> Backend:
    """The backend of that name.

    Parameters
    ----------
    name : str
        One of `REGISTRY`.

    Returns
    -------
    Backend
        The backend's module, imported now.

    Raises
    ------
    ValueError
        If there is no such backend.

    Examples
    --------
    >>> load("native").name
    'native'
    """
    if name not in REGISTRY:
        raise ValueError(f"there is no backend {name!r}; the backends are {', '.join(map(repr, REGISTRY))}")
    return cast("Backend", import_module(f"lmebridge.backends.{name}"))
