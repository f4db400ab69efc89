"""Options of a fit, named as lme4's ``lmerControl`` names them: what each may be, and what it means without R."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmebridge.errors import DataError

#: Relative standard deviation below which lme4's ``isSingular`` calls a fit singular, dimensionless.
SINGULAR_TOLERANCE = 1e-4
#: What becomes of a failed check.
LEVELS = ("message", "warning", "stop", "ignore")
#: What may become of X when its columns depend on each other.
RANK_ACTIONS = ("message+drop.cols", "silent.drop.cols", "warn+drop.cols", "stop.deficient", "ignore")
#: What may become of columns on very different scales; lme4 rescales them without changing the results back.
RESCALING = ("silent.rescale", "message+rescale", "warn+rescale")
#: lme4's completion of a convergence check that is given as an action alone.
CONVERGENCE: dict[str, dict[str, Any]] = {
    "check_conv_grad": {"action": "warning", "tol": 2e-3, "relTol": None},
    "check_conv_singular": {"action": "message", "tol": SINGULAR_TOLERANCE},
    "check_conv_hess": {"action": "warning", "tol": 1e-6},
}
#: Options of this package's own.
OWN = frozenset({"polish", "method"})
#: Options of later versions of lme4, or of its internal form; they are handed on.
HANDED_ON = frozenset({"autoscale", "checkConv", "checkControl", "mod_type"})


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    default : object
        lme4's default.
    allowed : tuple
        The values it may have; empty where any will do.
    without_r : str
        What it means for the backends that fit without R.
    """

    default: Any
    allowed: tuple[Any, ...]
    without_r: str


def _check(default: str, allowed: tuple[str, ...] = LEVELS, *, without_r: str = "as with R") -> Option:
    return Option(default, allowed, without_r)


_FLAGS = (True, False)
_SMALL = (*LEVELS, *(f"{level}Small" for level in LEVELS))

#: lme4's options under Python's names, in lme4's order.
OPTIONS: dict[str, Option] = {
    "optimizer": Option(
        "nloptwrap",
        (),
        "None evaluates the criterion at `start` and searches nothing; any other name is ignored, as the search here "
        "ends at a certified minimum, which is the same for every optimizer",
    ),
    "restart_edge": Option(True, _FLAGS, "ignored: a fit on the boundary is always searched from another start too"),
    "boundary_tol": Option(1e-5, (), "as with R: the largest diagonal element of Lambda that is tried at zero"),
    "calc_derivs": Option(True, _FLAGS, "ignored: the search itself needs the derivatives"),
    "use_last_params": Option(False, _FLAGS, "ignored: the best parameters seen are used"),
    "sparseX": Option(False, _FLAGS, "ignored, as by lme4 itself"),
    "standardize_X": Option(False, _FLAGS, "ignored, as by lme4 itself"),
    "check_nobs_vs_rankZ": _check("ignore", _SMALL),
    "check_nobs_vs_nlev": _check("stop"),
    "check_nlev_gtreq_5": _check("ignore"),
    "check_nlev_gtr_1": _check("stop"),
    "check_nobs_vs_nRE": _check("stop"),
    "check_rankX": _check("message+drop.cols", RANK_ACTIONS),
    "check_scaleX": _check(
        "warning",
        ("warning", "stop", "ignore", *RESCALING),
        without_r="as with R, but the actions that rescale X are refused, since the results would be those of other "
        "columns",
    ),
    "check_formula_LHS": _check("stop", without_r="ignored: a model needs its response"),
    "check_conv_grad": Option(
        CONVERGENCE["check_conv_grad"],
        (),
        "its action; the tolerance is ignored: a fit counts as converged when a Newton step would lower the criterion "
        "by less than 1e-8",
    ),
    "check_conv_singular": Option(CONVERGENCE["check_conv_singular"], (), "as with R"),
    "check_conv_hess": Option(
        CONVERGENCE["check_conv_hess"],
        (),
        "as with R: the tolerance is the smallest eigenvalue of the Hessian by theta relative to the largest",
    ),
    "optCtrl": Option(
        {}, (), "`maxfun` or `maxeval` limits the evaluations of the first stage; the rest belongs to other optimizers"
    ),
}


def lmerControl(
    *,
    optimizer: str | None = "nloptwrap",
    restart_edge: bool = True,
    boundary_tol: float = 1e-5,
    calc_derivs: bool = True,
    use_last_params: bool = False,
    sparseX: bool = False,
    standardize_X: bool = False,
    check_nobs_vs_rankZ: str = "ignore",
    check_nobs_vs_nlev: str = "stop",
    check_nlev_gtreq_5: str = "ignore",
    check_nlev_gtr_1: str = "stop",
    check_nobs_vs_nRE: str = "stop",
    check_rankX: str = "message+drop.cols",
    check_scaleX: str = "warning",
    check_formula_LHS: str = "stop",
    check_conv_grad: str | Mapping[str, Any] = "warning",
    check_conv_singular: str | Mapping[str, Any] = "message",
    check_conv_hess: str | Mapping[str, Any] = "warning",
    optCtrl: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Options of a fit, lme4's ``lmerControl``.

    Parameters
    ----------
    optimizer : str or None
        Name of the optimizer in R: ``"nloptwrap"``, ``"bobyqa"``, ``"Nelder_Mead"``, ``"nlminbwrap"``, ... None
        evaluates the criterion at `start` alone.
    restart_edge, calc_derivs, use_last_params, sparseX, standardize_X : bool
        As in lme4.
    boundary_tol : float
        Relative standard deviation, dimensionless, below which a variance is tried at zero.
    check_nobs_vs_rankZ, check_nobs_vs_nlev, check_nlev_gtreq_5, check_nlev_gtr_1, check_nobs_vs_nRE : str
        What becomes of a failed check of the grouping factors: ``"message"``, ``"warning"``, ``"stop"``, ``"ignore"``.
    check_rankX, check_scaleX, check_formula_LHS : str
        What becomes of dependent columns, of columns on very different scales, and of a formula without response.
    check_conv_grad, check_conv_singular, check_conv_hess : str or mapping
        What becomes of a failed check of the optimum: an action, or ``{"action": ..., "tol": ...}``, R's ``.makeCC``.
    optCtrl : mapping, optional
        The optimizer's own options, such as ``{"maxfun": 20000}``.
    **more
        The package's own ``polish`` and ``method``, and options of later versions of lme4.

    Returns
    -------
    dict
        The options that differ from lme4's defaults, for the argument `control` of `lmer`.

    Raises
    ------
    DataError
        For an option that there is not, with the nearest names, and for a value that it cannot have.

    Notes
    -----
    With the lme4 backend all options go to lme4. What each means without R is on the page ``docs/control.md``.

    References
    ----------
    lme4 ``lmerControl``.

    Examples
    --------
    >>> lmerControl(optimizer="bobyqa", check_nobs_vs_nlev="ignore")
    {'optimizer': 'bobyqa', 'check_nobs_vs_nlev': 'ignore'}
    """
    given = dict(locals())
    extra = given.pop("more")
    given["optCtrl"] = dict(optCtrl or {})
    options = {name: value for name, value in given.items() if value not in _defaults(name)}
    return checked(options | extra)


def _defaults(name: str) -> tuple[Any, ...]:
    """The values of an option that say nothing: lme4's default, in full or by its action."""
    default = OPTIONS[name].default
    return (default, default["action"]) if name in CONVERGENCE else (default,)


def checked(control: Mapping[str, Any]) -> dict[str, Any]:
    """Options under Python's names, each known and of a value that it may have.

    Parameters
    ----------
    control : mapping
        Options under R's names or Python's.

    Returns
    -------
    dict
        The options under Python's names.

    Raises
    ------
    DataError
        For an unknown name or value.

    Examples
    --------
    >>> checked({"check.nobs.vs.nlev": "ignore"})
    {'check_nobs_vs_nlev': 'ignore'}
    """
    if not isinstance(control, Mapping):
        raise DataError(
            f"control is a {type(control).__name__}: give a mapping of options, such as lmerControl() makes"
        )
    options = {_known(str(name)): value for name, value in control.items()}
    for name, value in options.items():
        if name in OPTIONS:
            _check_value(name, value)
    return options


def _known(name: str) -> str:
    """The option's Python name."""
    found = name.replace(".", "_")
    known = [*OPTIONS, *OWN, *HANDED_ON]
    if found in known:
        return found
    near = difflib.get_close_matches(found, known, n=2, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {', '.join(OPTIONS)}."
    raise DataError(f"lmerControl has no option '{name}' in `control`. {hint}")


def _check_value(name: str, value: Any) -> None:
    allowed = OPTIONS[name].allowed
    if name == "optCtrl" and not isinstance(value, Mapping):
        raise DataError(f"optCtrl is a {type(value).__name__}: give a mapping of the optimizer's options")
    if name in CONVERGENCE:
        convergence_check({name: value}, name)
    elif allowed and not any(value is item or (value == item and isinstance(value, str)) for item in allowed):
        raise _invalid(name, value, allowed)


def _invalid(name: str, value: Any, allowed: tuple[Any, ...]) -> DataError:
    """Error for a value that an option cannot have; of a check, in lme4's words."""
    if allowed == _FLAGS:
        return DataError(f"{name}={value!r}: it is True or False")
    listed = ",".join(f"‘{level}’" for level in allowed)
    return DataError(f"invalid control level ‘{value}’ in {name.replace('_', '.')}: valid options are {{{listed}}}")


def convergence_check(control: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A check of the optimum, completed as lme4 completes it.

    Parameters
    ----------
    control : mapping
        Options under Python's names.
    name : str
        A key of `CONVERGENCE`.

    Returns
    -------
    dict
        ``action``, ``tol`` (dimensionless) and, for the gradient, ``relTol``.

    Raises
    ------
    DataError
        For an action that lme4 does not have, or another key.

    Examples
    --------
    >>> convergence_check({"check_conv_hess": "ignore"}, "check_conv_hess")
    {'action': 'ignore', 'tol': 1e-06}
    """
    given = control.get(name, {})
    given = {"action": given} if isinstance(given, str) else given
    default = CONVERGENCE[name]
    if not isinstance(given, Mapping) or not set(given) <= set(default):
        raise DataError(f"{name}={given!r}: give an action, or a mapping with {', '.join(default)}")
    found = default | dict(given)
    if found["action"] not in LEVELS:
        raise _invalid(name, found["action"], LEVELS)
    return found
