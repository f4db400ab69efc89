"""The end of a printed model: what was said about the columns of X and about the optimum."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.records import Fit

#: Where lme4 keeps what it said about the columns of X, and prints as "fit warnings".
_COLUMN_WARNINGS = ("fixed-effect model matrix is rank deficient", "Some predictor variables are on very different")
#: How lme4's own checks of the optimum begin; what else was said is the optimizer's, which lme4 counts apart.
_CHECKS = ("boundary (singular)", "Model ", "unable to evaluate", "Gradient ", "Hessian ", "Problem with Hessian")
#: A warning that lme4 gives but does not keep.
_NOT_KEPT = "convergence code "


def column_warning_lines(fit: Fit) -> list[str]:
    """What was said about the columns of X, under its title; nothing where nothing was."""
    said = _texts(fit, lambda text: text.startswith(_COLUMN_WARNINGS))
    if fit.dropped and not any(text.startswith(_COLUMN_WARNINGS[0]) for text in said):
        plural = "s" if len(fit.dropped) > 1 else ""
        said.insert(0, f"{_COLUMN_WARNINGS[0]} so dropping {len(fit.dropped)} column{plural} / coefficient{plural}")
    return ["fit warnings:", *said] if said else []


def _texts(fit: Fit, wanted: Callable[[str], bool]) -> list[str]:
    """Messages of the fit, each once, in the order given."""
    return list(dict.fromkeys(each.text for each in fit.convergence.messages if wanted(each.text)))


def _convergence_messages(fit: Fit) -> tuple[list[str], list[str]]:
    """What lme4 said about the optimum, and what the optimizer said."""
    notes = {each.text for each in fit.convergence.messages if each.kind == "note"}
    said = _texts(fit, lambda text: text not in notes and not text.startswith((*_COLUMN_WARNINGS, _NOT_KEPT)))
    ours = [text for text in said if text.lstrip().startswith(_CHECKS)]
    return ours, [text for text in said if text not in ours]


def _convergence_line(fit: Fit) -> str:
    found = fit.convergence
    status = "(OK)" if found.code == 0 else f"({found.status})" if found.status else ""
    return f"optimizer ({found.optimizer}) convergence code: {found.code} {status}"


def convergence_lines(fit: Fit) -> list[str]:
    """How the optimization ended and every message about it, as a summary ends; nothing where all is well."""
    ours, optimizers = _convergence_messages(fit)
    if fit.convergence.code <= 0 and not ours and not optimizers:
        return []
    return [_convergence_line(fit), *ours, *optimizers, ""]


def convergence_counts(fit: Fit) -> list[str]:
    """How the optimization ended and the number of messages about it, on one line; nothing where all is well."""
    ours, optimizers = _convergence_messages(fit)
    if fit.convergence.code <= 0 and not ours and not optimizers:
        return []
    counts = f"; {len(optimizers)} optimizer warnings; {len(ours)} lme4 warnings"
    return [f"{_convergence_line(fit)} {counts} "]
