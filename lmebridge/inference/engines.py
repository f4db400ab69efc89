"""What is behind a fit: a merMod in R, or a problem solved here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.errors import UnsupportedByBackend
from lmebridge.inference.twin import engine_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from lmebridge.backends._local import LocalEngine
    from lmebridge.backends._mermod import MerModEngine
    from lmebridge.backends._r import Answer
    from lmebridge.model import MerMod


def merMod_engine(fit: MerMod) -> MerModEngine | None:
    """The engine of a fit that lives in R, None for others."""
    from lmebridge.backends._mermod import MerModEngine

    engine = engine_of(fit)
    return engine if isinstance(engine, MerModEngine) else None


def local_engine(fit: MerMod, what: str) -> LocalEngine:
    """The solved problem behind a fit that was made without R.

    Parameters
    ----------
    fit : MerMod
        A fit of a backend without R.
    what : str
        What is to be computed, for the error.

    Raises
    ------
    UnsupportedByBackend
        If the estimates are MixedLM's own: what is defined by lme4's optimum has no meaning for them.
    """
    from lmebridge.backends._local import LocalEngine
    from lmebridge.backends._mixedlm_own import MixedLMEngine

    engine = engine_of(fit)
    if isinstance(engine, LocalEngine) and not isinstance(engine, MixedLMEngine):
        return engine
    raise UnsupportedByBackend(
        f"{what} follows from the optimum of lme4's criterion, and this fit keeps {fit.record.source.engine}'s own "
        "estimates. Leave control={'polish': False} out, or use backend='native' or backend='lme4'."
    )


def ask_r(engine: MerModEngine, function: str, **arguments: Any) -> Answer:
    """Answer of one of our R functions about the engine's merMod, R's warnings given as Python's."""
    from lmebridge.backends import _r

    return heard(_r.ask(function, model=engine.handle, **arguments))


def heard(answer: Answer) -> Answer:
    """The answer, after each warning that R gave has become a Python warning."""
    import warnings

    from lmebridge.errors import LmebridgeWarning

    for condition in answer.conditions:
        if condition.kind == "warning":
            warnings.warn(condition.text, LmebridgeWarning, stacklevel=4)
    return answer


def on_rows(fit: MerMod, values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """One value a row used and a name, shape (n, k), on the data's index.

    With ``na_action="na.exclude"`` the rows dropped for missing values are there as NaN.
    """
    engine = engine_of(fit)
    frame = pd.DataFrame(values, index=engine.rows(), columns=list(names))
    if fit.record.model.na_action == "na.exclude":
        frame = frame.reindex(used_or_omitted(fit))
    return frame.set_axis(fit.data.index[frame.index.to_numpy()], axis=0)


def used_or_omitted(fit: MerMod) -> np.ndarray:
    """Positions of the rows used and of those dropped for missing values, in the data's order."""
    import numpy as np

    engine = engine_of(fit)
    return np.sort(np.concatenate([engine.rows(), engine.omitted()]))
