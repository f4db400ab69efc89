"""The statsmodels backend: MixedLM finds the optimum's neighbourhood, the penalized-least-squares core certifies it.

MixedLM gets the design's own arrays, so coding, names and the treatment of missing values are R's. Its estimates are
starting points: lme4's profiled deviance is evaluated there and minimized from there, and every quantity lme4 defines
is computed at that minimum. ``control={"polish": False}`` gives MixedLM's own numbers in the same tables instead.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.backends import _mixedlm as layout
from lmebridge.backends._mixedlm import SHORTFALL, Attempt, Run, ending, shortfall
from lmebridge.backends.contract import Gap, Status, generalized_term
from lmebridge.errors import LmebridgeError, UnsupportedByBackend
from lmebridge.formula.model_formula import blocks as blocks_of
from lmebridge.formula.model_formula import group_name
from lmebridge.formula.terms import terms
from lmebridge.records import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from lmebridge.backends._local import LocalEngine
    from lmebridge.backends._mixedlm import Arrangement
    from lmebridge.backends.contract import Engine
    from lmebridge.design.build import Design
    from lmebridge.formula.model_formula import RandomTerm
    from lmebridge.pls.solution import Problem, Solution
    from lmebridge.records import Convergence, Fit, Model

name = "statsmodels"

#: Optimizers tried until one ends at the optimum. MixedLM's flags are no evidence for that: lbfgs can report
#: convergence at an infinite likelihood, bfgs stops short; powell and nm need no gradient. The quickest come first.
METHODS = ("lbfgs", "bfgs", "cg", "powell", "nm")

#: What MixedLM.fit() itself tries, so that published outputs come out to every digit.
DEFAULT_METHODS = ("bfgs", "lbfgs", "cg")

#: What belongs to this backend in `control`; the rest is for the polishing optimizer.
OWN_CONTROL = ("polish", "method")

_REMEDY = 'Use backend="native" or backend="lme4".'
_ONE_BLOCK = "MixedLM has one block of correlated random effects, at one grouping factor"


def _two_correlated(model: Model) -> str | None:
    wide = [term for term in blocks_of(model.formula) if _is_wide(term)]
    return wide[1].text if len(wide) > 1 else None


def _correlated_beside_crossed(model: Model) -> str | None:
    terms = blocks_of(model.formula)
    wide = [term for term in terms if _is_wide(term)]
    if len(wide) != 1:
        return None
    outer = set(group_name(wide[0]).split(":"))
    others = [set(group_name(term).split(":")) for term in terms]
    return None if all(outer <= other for other in others) else wide[0].text


def _is_wide(term: RandomTerm) -> bool:
    """Whether a block has several effects by its text alone; a factor's dummies are counted once the data are there."""
    read = terms(term.effects)
    return int(read.intercept) + len(read.labels) > 1


def _structured(model: Model) -> str | None:
    return next((t.text for t in blocks_of(model.formula) if t.covariance not in ("us", "||")), None)


GAPS: tuple[Gap, ...] = (
    Gap("two blocks of correlated effects", _ONE_BLOCK, _REMEDY, _two_correlated),
    Gap(
        "correlated slopes beside a crossed factor",
        "MixedLM takes correlated random effects at its outermost grouping factor alone",
        f"{_REMEDY} If the other factor is nested in this one, say so: (1 | outer:inner).",
        _correlated_beside_crossed,
    ),
    Gap(
        "prior weights",
        "MixedLM has no weights",
        _REMEDY,
        lambda model: None if model.weights is None else f"weights = {model.weights}",
    ),
    Gap("structured covariances", "MixedLM has no cs() or ar1() structure", _REMEDY, _structured),
    Gap(
        "generalized models (glmer)",
        "MixedLM has linear models, and statsmodels' Bayesian mixed GLMs do not maximize lme4's likelihood",
        'Use backend="lme4".',
        generalized_term,
    ),
)


def status() -> Status:
    """Whether statsmodels is installed."""
    try:
        return Status(usable=True, version=f"statsmodels {metadata.version('statsmodels')}")
    except metadata.PackageNotFoundError:
        return Status(usable=False, reason="statsmodels is not installed", remedy="Run: pip install statsmodels")


def fit(model: Model, data: pd.DataFrame) -> tuple[Fit, Engine]:
    """Fit `model` with MixedLM and, unless ``control={"polish": False}``, polish it on lme4's own criterion.

    Parameters
    ----------
    model : Model
        What to fit. ``control["method"]`` names MixedLM's optimizer, or several.
    data : pandas.DataFrame
        The columns that the model needs.

    Returns
    -------
    tuple of (Fit, Engine)
        The plain tables and what answers further questions; the engine's ``underlying`` is MixedLM's result.

    Raises
    ------
    UnsupportedByBackend
        If MixedLM cannot express the random effects found in the data, or would need too much memory.
    DataError
        If lme4's own checks of the data fail.
    LmebridgeError
        If every optimizer of MixedLM failed and the estimates are not to be polished.
    """
    from lmebridge.design import build as designs
    from lmebridge.pls import solution as pls

    design = designs.build(model, data)
    plan = _arranged(model, design)
    task = pls.problem(design, REML=model.REML)
    start = _start(model, design, plan, task)
    run = Run(model, design, plan, task, _mixedlm(design, plan), start)
    return _polished(run) if model.control.get("polish", True) else _own(run)


def _arranged(model: Model, design: Design) -> Arrangement:
    plan = layout.arrange(design.blocks)
    if isinstance(plan, int):
        raise UnsupportedByBackend.because(name, _text(model, design, plan), _ONE_BLOCK, _REMEDY)
    work = layout.work(plan, design.blocks)
    if work > layout.WORK_LIMIT:
        text = ", ".join(_text(model, design, index) for index in plan.members)
        reason = f"MixedLM treats crossed factors as one dense matrix: {work:.1g} multiplications an evaluation"
        raise UnsupportedByBackend.because(name, text, f"{reason}, above the limit of {layout.WORK_LIMIT:.1g}", _REMEDY)
    return plan


def _text(model: Model, design: Design, index: int) -> str:
    """A block as the formula writes it, or from its effects where two terms have the same grouping factor."""
    block = design.blocks[index]
    written = [t.text for t in blocks_of(model.formula) if group_name(t) == block.group]
    return written[0] if len(written) == 1 else f"({' + '.join(block.effects)} | {block.group})"


def _mixedlm(design: Design, plan: Arrangement) -> Any:
    """MixedLM on the design's arrays, under R's names."""
    import pandas as pd
    import statsmodels.api as sm

    endog = pd.Series(design.y - design.offset, name=design.frame.columns[0])
    exog = pd.DataFrame(design.X, columns=list(design.names))
    correlated = None if plan.correlated is None else _effects_frame(design, plan.correlated)
    return sm.MixedLM(endog, exog, groups=plan.groups, exog_re=correlated, exog_vc=_components(design, plan))


def _effects_frame(design: Design, index: int) -> pd.DataFrame:
    """A block's columns; the intercept is called after the grouping factor, as in MixedLM's formula interface."""
    import pandas as pd

    block = design.blocks[index]
    names = [block.group if effect == "(Intercept)" else effect for effect in block.effects]
    return pd.DataFrame(block.matrix, columns=names)


def _components(design: Design, plan: Arrangement) -> Any:
    from statsmodels.regression.mixed_linear_model import VCSpec

    if not plan.components:
        return None
    blocks, rows = [design.blocks[index] for index in plan.components], plan.rows_of_groups()
    pieces = [list(layout.component_matrices(block, rows)) for block in blocks]
    labels = [[[block.levels[i] for i in present] for present, _ in p] for block, p in zip(blocks, pieces, strict=True)]
    names = [f"{block.group} {block.effects[0]}" for block in blocks]
    return VCSpec(names, labels, [[matrix for _, matrix in piece] for piece in pieces])


def _start(model: Model, design: Design, plan: Arrangement, task: Problem) -> Any:
    """MixedLM's parameters at the user's theta or at moments; None, its own start, where its own numbers are wanted.

    From moments its optimizers need a tenth of the evaluations, and lbfgs does not run to infinity.
    """
    from statsmodels.regression.mixed_linear_model import MixedLMParams

    theta = _start_of_theta(model, task)
    if theta is None:
        return None
    relative = layout.relative_covariances(theta, [block.matrix.shape[1] for block in design.blocks])
    correlated = np.empty((0, 0)) if plan.correlated is None else relative[plan.correlated]
    components = np.array([relative[index][0, 0] for index in plan.components])
    return MixedLMParams.from_components(np.zeros(design.X.shape[1]), cov_re=correlated, vcomp=components)


def _start_of_theta(model: Model, task: Problem) -> tuple[float, ...] | None:
    from lmebridge.pls import starting

    if model.start is not None:
        return model.start
    if not model.control.get("polish", True):
        return None
    return tuple(task.theta(starting.start(task.products, len(task.y))).tolist())


def _attempt(run: Run, methods: Sequence[str]) -> Attempt:
    """Run MixedLM's optimizers one after the other, as MixedLM does, and keep what it says."""
    label = ", ".join(methods)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = run.mixedlm.fit(reml=run.model.REML, method=list(methods), start_params=run.start)
        except (np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
            return Attempt(label, messages=(str(error),))
    messages = tuple(dict.fromkeys(str(w.message) for w in caught if not issubclass(w.category, RuntimeWarning)))
    theta = _theta(run, result)
    if not np.all(np.isfinite(theta)):
        return Attempt(label, messages=(*messages, "the estimates are not finite"))
    return Attempt(label, result, theta, run.task.objective(theta), messages)


def _theta(run: Run, result: Any) -> np.ndarray:
    relative: dict[int, np.ndarray] = {}
    if run.plan.correlated is not None:
        relative[run.plan.correlated] = np.asarray(result.cov_re) / result.scale
    for index, variance in zip(run.plan.components, np.atleast_1d(result.vcomp), strict=True):
        relative[index] = np.array([[variance / result.scale]])
    return layout.theta_of([relative[index] for index in range(len(run.design.blocks))])


def _search(run: Run) -> tuple[Attempt, Solution, Convergence]:
    """The best attempt, and lme4's criterion minimized from there.

    Optimizers are tried until one of them ends at the minimum that the polishing found.
    """
    methods = run.methods or METHODS
    best = _attempt(run, methods[:1])
    solution, convergence = _polish(run, best)
    for method in methods[1:]:
        if shortfall(best, solution) <= SHORTFALL:
            break
        best = min(best, _attempt(run, [method]), key=lambda attempt: attempt.criterion)
        if best.criterion < solution.criterion:
            solution, convergence = _polish(run, best)
    return best, solution, convergence


def _polish(run: Run, attempt: Attempt) -> tuple[Solution, Convergence]:
    from lmebridge.pls.optimize import optimize

    control = {option: value for option, value in run.model.control.items() if option not in OWN_CONTROL}
    start = run.model.start if attempt.theta is None else tuple(float(value) for value in attempt.theta)
    return optimize(run.task, start, control)


def _polished(run: Run) -> tuple[Fit, LocalEngine]:
    from lmebridge.backends._local import LocalEngine, local_fit

    best, solution, convergence = _search(run)
    status = f"{ending(best, solution)}; polished: {convergence.status}"
    convergence = replace(convergence, optimizer=f"MixedLM {best.method}, {convergence.optimizer}", status=status)
    source = _source(best)
    engine = LocalEngine(run.model, run.design, solution, source, best.result)
    return local_fit(run.model, run.design, solution, convergence, source), engine


def _refit(run: Run) -> tuple[Fit, LocalEngine]:
    """MixedLM's own numbers again, under another criterion."""
    return _own(replace(run, task=run.task.with_REML(REML=run.model.REML)))


def _source(attempt: Attempt) -> Source:
    call = f"MixedLM(...).fit(method={attempt.method!r})"
    return Source("live", name, {"statsmodels": metadata.version("statsmodels")}, call=call)


def _own(run: Run) -> tuple[Fit, LocalEngine]:
    from lmebridge.backends import _mixedlm_own as own

    attempt = _attempt(run, run.methods or DEFAULT_METHODS)
    if attempt.result is None:
        reason = "; ".join(attempt.messages)
        raise LmebridgeError(
            f"MixedLM failed with {attempt.method}: {reason}. Leave `polish` out, or name another `method`."
        )
    return own.answer(run, attempt, _source(attempt), _refit)


def least_squares(design: Design) -> Any:
    """OLS, or WLS where there are prior weights, on the design's columns and the response less its offset."""
    import statsmodels.api as sm

    if design.weights is None:
        return sm.OLS(design.y - design.offset, design.X).fit()
    return sm.WLS(design.y - design.offset, design.X, weights=design.weights).fit()


def smooth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A locally weighted line through points, R's ``lowess(x, y)`` with its defaults.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
        Coordinates of the points, all finite.

    Returns
    -------
    x, y : numpy.ndarray, shape (n,)
        The line, in the order of `x`, in the units of each.

    References
    ----------
    R ``stats::lowess`` (f = 2/3, iter = 3, delta = 1 % of the range); Cleveland (1979), JASA 74, 829-836.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    order = np.argsort(x, kind="stable")
    near = 0.01 * float(np.ptp(x))
    line = lowess(y[order], x[order], frac=2 / 3, it=3, delta=near, is_sorted=True, return_sorted=False)
    return x[order], np.asarray(line)
