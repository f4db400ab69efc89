"""The package's own backends as subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.parity.quantities import numbers_of
from lmebridge.parity.subjects.contract import SCORED, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from lmebridge.parity.cases import Case
    from lmebridge.parity.keys import Key


def _subject(backend: str, control: Mapping[str, object] | None = None, scored: tuple[str, ...] = SCORED) -> Subject:
    return Subject(_version(backend), _fit(backend, control), scored)


def _version(backend: str) -> Callable[[], str]:
    def version() -> str:
        from lmebridge.backends import load

        status = load(backend).status()
        return status.version if status.usable else ""

    return version


def _fit(backend: str, control: Mapping[str, object] | None) -> Callable[[Case, pd.DataFrame], dict[Key, float]]:
    def fit(case: Case, frame: pd.DataFrame) -> dict[Key, float]:
        from lmebridge.api import lmer

        return numbers_of(lmer(case.formula, frame, backend=backend, control=control, **case.arguments), SCORED)

    return fit


#: MixedLM's standard errors are of another definition: it inverts the joint Hessian of fixed and variance parameters.
WITHOUT_ERRORS = tuple(quantity for quantity in SCORED if quantity != "std_error")

LME4 = _subject("lme4")
NATIVE = _subject("native")
STATSMODELS = _subject("statsmodels")
MIXEDLM = _subject("statsmodels", {"polish": False}, WITHOUT_ERRORS)
PYMER4 = _subject("pymer4")
