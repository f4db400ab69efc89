"""Confidence intervals by profile, parametric bootstrap or normal approximation, lme4's ``confint.merMod``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lmebridge.errors import LmebridgeError, LmebridgeWarning, RError
from lmebridge.inference.engines import ask_r, merMod_engine
from lmebridge.inference.intervals import chosen_parameters, old_names, percent_names, wald
from lmebridge.inference.progress import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.backends._mermod import MerModEngine
    from lmebridge.inference.seeds import Seed
    from lmebridge.model import MerMod


def confint(
    fit: MerMod,
    parm: str | int | Sequence[str | int] | None = None,
    level: float = 0.95,
    method: Literal["profile", "boot", "Wald"] = "profile",
    *,
    oldNames: bool = False,
    nsim: int = 500,
    boot_type: Literal["perc", "basic", "norm"] = "perc",
    seed: Seed = None,
    parallel: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Confidence intervals, lme4's ``confint.merMod``.

    Parameters
    ----------
    fit : MerMod
        The model.
    parm : str, int or sequence of them, optional
        Parameters wanted: names, positions from 1, ``"theta_"`` for the variance parameters or ``"beta_"`` for the
        fixed effects; all by default.
    level : float
        Confidence level, dimensionless, between 0 and 1.
    method : {"profile", "boot", "Wald"}
        From the profile of the deviance; from a parametric bootstrap; or normal, for fixed effects alone: the rows of
        the variance parameters are then NaN, as in lme4.
    oldNames : bool
        Name the variance parameters ``.sig01``, ..., ``.sigma``.
    nsim, boot_type, seed, parallel
        Of the bootstrap: number of draws, kind of interval (see `Bootstrap.confint`), seed, and joblib's workers. With
        the lme4 backend an integer seed is R's and the intervals are R's own, whatever the number of workers.
    progress : bool, optional
        Whether to show a progress bar on standard error; by default after a second of work, in a terminal or notebook.

    Returns
    -------
    pandas.DataFrame, shape (n_parameters, 2)
        Rows named as lme4 names them, ``sd_(Intercept)|g``, ``cor_x.(Intercept)|g``, ``sigma`` and the coefficients;
        columns such as ``2.5 %`` and ``97.5 %``; units of the parameters.

    Raises
    ------
    ValueError
        For an unknown method or parameter, or a level that is none.
    LmebridgeError
        If a profile fails: the parameter is named, with the reason.
    UnsupportedByBackend
        For profiles of MixedLM's own estimates.

    Warns
    -----
    LmebridgeWarning
        If Ctrl-C ended the work: the rows of the parameters that were not done are NaN.

    References
    ----------
    lme4 ``confint.merMod``, ``confint.thpr``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.confint("sigma").round(2).loc["sigma"].tolist()
    [5.99, 6.19]
    """
    names, columns = chosen_parameters(fit.record, parm), percent_names(level)
    draws = _Draws(nsim, boot_type, seed, parallel, progress)
    makers: dict[str, Callable[[MerMod, list[str], float], Any]] = {
        "profile": partial(_profile, progress=progress),
        "boot": draws.intervals,
        "Wald": _wald,
    }
    if method not in makers:
        raise ValueError(f"method={method!r}: confidence intervals are {', '.join(map(repr, makers))}")
    table = pd.DataFrame(makers[method](fit, names, level), index=names, columns=columns)
    new = [*chosen_parameters(fit.record, "theta_")]
    return table.rename(index=dict(zip(new, old_names(fit.record), strict=True))) if oldNames else table


def conf_int(fit: MerMod, alpha: float = 0.05) -> pd.DataFrame:
    """Normal intervals of the fixed effects, columns 0 and 1, as statsmodels gives them."""
    return confint(fit, "beta_", level=1 - alpha, method="Wald").set_axis([0, 1], axis=1)


def _wald(fit: MerMod, names: list[str], level: float) -> Any:
    return wald(fit.record, level).loc[names].to_numpy()


def _profile(fit: MerMod, names: list[str], level: float, *, progress: bool | None) -> Any:
    from scipy.special import ndtri

    from lmebridge.inference.interpolation import limits
    from lmebridge.inference.profiling import profiled

    in_r = merMod_engine(fit)
    if in_r is not None:
        return _profile_in_r(in_r, names, level, progress=progress)
    zetas = ndtri([(1 - level) / 2, (1 + level) / 2])
    table = profiled(fit, names, progress=progress, ends=zetas.tolist())
    return np.array([limits(table, name, zetas) for name in names])


def _profile_in_r(engine: MerModEngine, names: list[str], level: float, *, progress: bool | None) -> np.ndarray:
    """lme4's own intervals, a parameter at a time; NaN for those that Ctrl-C left undone."""
    ends = np.full((len(names), 2), np.nan)
    done = 0
    try:
        with shown("profile", len(names), progress) as advance:
            for done, name in enumerate(names):
                ends[done] = _ends_in_r(engine, name, level)
                advance(1)
    except KeyboardInterrupt:
        said = f"interrupted after the profiles of {done} of {len(names)} parameters: the result holds those"
        warnings.warn(said, LmebridgeWarning, stacklevel=4)
    return ends


def _ends_in_r(engine: MerModEngine, name: str, level: float) -> np.ndarray:
    """Both ends of one parameter's interval.

    Raises
    ------
    LmebridgeError
        If the profile fails, with the parameter's name.
    """
    try:
        return np.asarray(ask_r(engine, "confint_profile", parm=[name], level=level).value, dtype=float).ravel()
    except RError as error:
        raise LmebridgeError(f"the profile of {name} failed: {error}") from error


@dataclass(frozen=True)
class _Draws:
    """How intervals are bootstrapped."""

    nsim: int
    type: Literal["perc", "basic", "norm"]
    seed: Seed
    parallel: int | None
    progress: bool | None

    def intervals(self, fit: MerMod, names: list[str], level: float) -> Any:
        """Lower and upper ends of the named parameters, shape (n, 2)."""
        from lmebridge.inference.bootstrap import bootstrapped_parameters

        every = chosen_parameters(fit.record, None)
        rows = [every.index(name) for name in names]
        boot = bootstrapped_parameters(fit, self.nsim, self.seed, self.parallel, self.progress)
        return boot.confint(level, self.type).to_numpy()[rows]
