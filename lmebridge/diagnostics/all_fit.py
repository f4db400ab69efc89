"""One model fitted by every optimizer there is, lme4's ``allFit``, to see whether they come to the same numbers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import LmebridgeError, LmebridgeWarning
from lmebridge.inference import engines, twin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.backends._local import LocalEngine
    from lmebridge.model import MerMod
    from lmebridge.pls.solution import Problem

#: R packages whose optimizers lme4 tries only where they are installed, by the name of their fit.
OPTIONAL = {"nmkbw": "dfoptim", "optimx.L-BFGS-B": "optimx"}
#: What is minimized here, by its name: L-BFGS-B with the analytic gradient, the others by values alone.
OWN = "lmebridge"
SCIPY = ("L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA")
#: Names of the limit on evaluations in scipy's options, where it is not ``maxfev``.
LIMITS = {"L-BFGS-B": "maxfun"}
#: Change of the criterion, or of a parameter, below which scipy's methods stop: that of lme4's nloptwrap or finer.
TOLERANCES: dict[str, dict[str, float]] = {
    "L-BFGS-B": {"ftol": 1e-13, "gtol": 1e-6},
    "Nelder-Mead": {"xatol": 1e-6, "fatol": 1e-8},
    "Powell": {"xtol": 1e-6, "ftol": 1e-10},
    "COBYQA": {"final_tr_radius": 1e-6},
}


class AllFit(Mapping[str, "MerMod"]):
    """Fits of one model by optimizer; prints as a table.

    Indexing with an optimizer's name gives its fit.

    Attributes
    ----------
    failed : dict of str to str
        Optimizers that gave no fit, with the reason.
    """

    def __init__(self, fits: Mapping[str, MerMod], failed: Mapping[str, str]) -> None:
        self._fits = dict(fits)
        self.failed = dict(failed)

    def __getitem__(self, optimizer: str) -> MerMod:
        if optimizer in self.failed:
            raise KeyError(f"{optimizer!r} gave no fit: {self.failed[optimizer]}")
        if optimizer not in self._fits:
            raise KeyError(f"{optimizer!r} is none of the optimizers tried: {', '.join([*self._fits, *self.failed])}")
        return self._fits[optimizer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fits)

    def __len__(self) -> int:
        return len(self._fits)

    @property
    def which_OK(self) -> pd.Series:
        """Whether each optimizer gave a fit."""
        return pd.Series(dict.fromkeys(self._fits, True) | dict.fromkeys(self.failed, False), dtype=bool)

    @property
    def llik(self) -> pd.Series:
        """Log-likelihood of each fit, restricted for REML fits."""
        return pd.Series({name: float(fit.logLik()) for name, fit in self._fits.items()}, dtype=float)

    @property
    def fixef(self) -> pd.DataFrame:
        """Fixed effects, one row an optimizer."""
        return _rows({name: fit.fixef() for name, fit in self._fits.items()})

    @property
    def sdcor(self) -> pd.DataFrame:
        """Standard deviations and correlations, one row an optimizer, as lme4 names them: ``Subject.(Intercept)``."""
        return _rows({name: _components(fit) for name, fit in self._fits.items()})

    @property
    def theta(self) -> pd.DataFrame:
        """Theta, one row an optimizer, dimensionless."""
        return _rows({name: pd.Series(fit.record.theta) for name, fit in self._fits.items()})

    @property
    def msgs(self) -> dict[str, tuple[str, ...]]:
        """What was said about each fit."""
        return {name: fit.messages for name, fit in self._fits.items()}

    @property
    def spread(self) -> float:
        """Largest difference of a fixed effect between two fits, in units of its standard error in the best fit."""
        best = self._fits[str(self.llik.idxmax())]
        ranges = self.fixef.max() - self.fixef.min()
        return float((ranges / best.record.fixed["Std. Error"]).max())

    def to_frame(self) -> pd.DataFrame:
        """One row an optimizer, the best fit first, those that failed last.

        Returns
        -------
        pandas.DataFrame
            ``logLik``, ``behind`` (how far below the best), the fixed effects, the standard deviations and
            correlations, and ``message``: what was said of the fit, or why there is none.
        """
        said = {name: "; ".join(texts) for name, texts in self.msgs.items()} | self.failed
        llik = self.llik.sort_values(ascending=False, kind="stable")
        fits = pd.concat([llik.rename("logLik"), (llik.max() - llik).rename("behind")], axis=1)
        fits = fits.join(self.fixef).join(self.sdcor)
        table: pd.DataFrame = fits.reindex([*fits.index, *self.failed])
        table["message"] = [said[str(name)] for name in table.index]
        return table

    def __repr__(self) -> str:
        return self.to_frame().to_string()


def _rows(values: Mapping[str, pd.Series]) -> pd.DataFrame:
    return pd.DataFrame(dict(values)).T


def _components(fit: MerMod) -> pd.Series:
    """``sdcor`` under the names that lme4's summary of an allFit has: a missing name becomes nothing."""
    table = fit.VarCorr().to_frame()
    parts = table[["grp", "var1", "var2"]].to_numpy(dtype=object)
    names = [".".join(part for part in row if isinstance(part, str)) for row in parts]
    return pd.Series(table["sdcor"].to_numpy(), index=names)


def allFit(fit: MerMod, maxfun: int = 100_000) -> AllFit:
    """Fit the same model by every optimizer there is, lme4's ``allFit``.

    Where optimizers that know nothing of each other agree, a convergence warning is a false alarm; where they do not,
    the criterion has more than one minimum, or is flat, and the model says more than the data can tell.

    Parameters
    ----------
    fit : MerMod
        The model. One that R fitted goes to lme4's own optimizers; another to this package's and to scipy's.
    maxfun : int
        Largest number of evaluations of the criterion, at least 1.

    Returns
    -------
    AllFit
        Fits by optimizer, with lme4's pieces of ``summary(allFit(m))``: ``which_OK``, ``llik``, ``fixef``, ``sdcor``,
        ``theta``, ``msgs``; and a table, `AllFit.to_frame`.

    Raises
    ------
    ValueError
        If `maxfun` is not positive.
    LmebridgeError
        If no optimizer gave a fit, with the reasons.
    KeyboardInterrupt
        If Ctrl-C came before the first fit.
    UnsupportedByBackend
        For MixedLM's own estimates.

    Warns
    -----
    LmebridgeWarning
        If Ctrl-C ended the work: the result has the fits made.

    References
    ----------
    lme4 ``allFit``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> found = fit.allFit()
    >>> sorted(found)
    ['COBYQA', 'L-BFGS-B', 'Nelder-Mead', 'Powell', 'lmebridge']
    >>> found.spread < 1e-3
    True
    """
    if maxfun < 1:
        raise ValueError(f"maxfun={maxfun}: allow at least 1 evaluation of the criterion")
    in_r = engines.merMod_engine(fit)
    found = _of_lme4(fit, in_r, maxfun) if in_r is not None else _of_ours(fit, maxfun)
    if not found:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.failed.items())
        raise LmebridgeError(f"no optimizer fitted the model. {reasons}")
    return found


def _of_lme4(fit: MerMod, engine: Any, maxfun: int) -> AllFit:
    """lme4's own ``allFit``, an optimizer at a time, those that lack an R package among the failures."""
    from lmebridge.backends import _r

    missing = set(twin.missing_in_r(list(OPTIONAL.values())))
    failed = {name: f"R has no package {package}" for name, package in OPTIONAL.items() if package in missing}
    names = [str(name) for name in _r.call("optimizer_names")]
    numbers = {name: number for number, name in enumerate(names, start=1)}
    return _one_after_the_other(names, lambda name: _fit_in_r(fit, engine, numbers[name], maxfun), failed)


def _fit_in_r(fit: MerMod, engine: Any, number: int, maxfun: int) -> MerMod:
    """The model fitted by one of lme4's optimizers."""
    from lmebridge.backends import _mermod, _r
    from lmebridge.inference.refitting import like

    (value,) = twin.ask_r(fit, "fit_by_optimizer", number=number, maxfun=maxfun).values()
    if isinstance(value, _r.RHandle):
        return like(fit, *_mermod.adopt(_r.Answer(value, ()), fit.record.model, engine.types, engine.versions))
    raise ArithmeticError(_reason(value))


def _reason(value: Any) -> str:
    """The words of an error that R caught."""
    said: Any = value.get("message", value) if isinstance(value, Mapping) else value
    return " ".join(str(part) for part in np.atleast_1d(said))


def _of_ours(fit: MerMod, maxfun: int) -> AllFit:
    """The package's optimizer and scipy's, each from the same start."""
    engine = engines.local_engine(fit, "allFit")
    return _one_after_the_other((OWN, *SCIPY), partial(_fit_here, fit, engine, maxfun), {})


def _fit_here(fit: MerMod, engine: LocalEngine, maxfun: int, name: str) -> MerMod:
    """The model fitted by one of our optimizers."""
    from lmebridge.backends._local import LocalEngine, local_fit
    from lmebridge.inference.refitting import like

    solution, convergence = _minimized(name, engine.solution.problem, maxfun)
    again = LocalEngine(engine.model, engine.design, solution, engine.source)
    return like(fit, local_fit(engine.model, engine.design, solution, convergence, engine.source), again)


def _one_after_the_other(
    names: Sequence[str], fitted_by: Callable[[str], MerMod], lacking: Mapping[str, str]
) -> AllFit:
    """Fits by the named optimizers; of those that were done, where Ctrl-C ends the work.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C came before the first fit.
    """
    fits: dict[str, MerMod] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            fits[name] = fitted_by(name)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
            failed[name] = str(error)
        except KeyboardInterrupt:
            if not fits:
                raise
            warnings.warn(f"interrupted after {len(fits)} fits: the result holds those", LmebridgeWarning, stacklevel=4)
            failed = {other: "interrupted" for other in names if other not in fits} | failed
            break
    return AllFit(fits, {**failed, **lacking})


def _minimized(name: str, task: Problem, maxfun: int) -> tuple[Any, Any]:
    """Solution and convergence by one optimizer."""
    from lmebridge.pls.optimize import optimize

    start = (task.lower == 0).astype(float)  # Lambda the identity on standardized columns
    if name == OWN:
        return optimize(task, tuple(task.theta(start)), {"optCtrl": {"maxfun": maxfun}})
    return _by_scipy(name, task, start, maxfun)


def _by_scipy(name: str, task: Problem, start: np.ndarray, maxfun: int) -> tuple[Any, Any]:
    from lmebridge.pls import solution as pls
    from lmebridge.pls.optimize import SINGULAR_TEXT, is_singular
    from lmebridge.records import Convergence, Message

    result = _minimize(name, task, start, maxfun)
    solution = pls.solve(task, task.theta(np.asarray(result.x)))
    messages = [Message("singular", SINGULAR_TEXT)] if is_singular(task, solution.theta) else []
    messages += [] if result.success else [Message("convergence", f"{name} did not converge: {result.message}")]
    code = 0 if result.success else 1
    return solution, Convergence(f"scipy {name}", code, str(result.message), int(result.nfev), tuple(messages))


def _minimize(name: str, task: Problem, start: np.ndarray, maxfun: int) -> Any:
    """Result of scipy's ``minimize``, with the gradient where the method and the problem have it."""
    from scipy import optimize

    from lmebridge.pls import solution as pls
    from lmebridge.pls.criterion import criterion

    minimize: Any = optimize.minimize
    settings = {
        "method": name,
        "bounds": optimize.Bounds(task.lower, np.inf),
        "options": {LIMITS.get(name, "maxfev"): maxfun, **TOLERANCES[name]},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is in its message too
        if name == "L-BFGS-B" and task.products.plan.has_inverse:
            return minimize(lambda x: pls.value_and_gradient(task, x), start, jac=True, **settings)
        return minimize(lambda x: criterion(task, task.decompose(x)), start, **settings)
