"""What an engine must give the scoreboard."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lmebridge.parity.cases import Case
    from lmebridge.parity.keys import Key

#: The quantities that are scored.
SCORED = ("n_obs", "criterion", "estimate", "std_error", "sigma", "sdcor")


@dataclass(frozen=True)
class Subject:
    """An engine.

    Attributes
    ----------
    version : callable
        Its version; empty text where it is not installed.
    fit : callable
        From a case and its data to the numbers of the quantities in `scored`, in R's names. Raises
        `UnsupportedByBackend` where the engine has no way to say the model.
    scored : tuple of str
        The quantities that it defines as lme4 does.
    """

    version: Callable[[], str]
    fit: Callable[[Case, pd.DataFrame], dict[Key, float]]
    scored: tuple[str, ...] = SCORED


def installed(package: str) -> str:
    """The version of an installed package, empty where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
