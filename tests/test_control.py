"""Options of a fit: lme4's names, values and defaults, and what each does with R and without."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.control import HANDED_ON, OPTIONS, checked, lmerControl
from tests.cases import data
from tests.judge import run_r

PAGE = Path(__file__).parents[1] / "docs" / "control.md"
BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native"]
SLEEP = "Reaction ~ Days + (Days | Subject)"

DEFAULTS = """
suppressMessages(library(lme4))
control <- lmerControl()
plain <- function(value) if (is.null(value)) "NULL" else value
lapply(c(control[setdiff(names(control), c("checkControl", "checkConv", "optCtrl"))], control$checkControl,
         lapply(control$checkConv, function(check) lapply(check, plain))), identity)
"""


@pytest.mark.needs_r
def test_names_and_defaults_are_lme4s(tmp_path: Path) -> None:
    """Every option of lme4's lmerControl is there, with lme4's default."""
    found = {name.replace(".", "_"): value for name, value in run_r(DEFAULTS, tmp_path).items()}
    ours = {name: option.default for name, option in OPTIONS.items()}
    for check in ("check_conv_grad", "check_conv_singular", "check_conv_hess"):
        found[check] = {key: None if value == "NULL" else value for key, value in found[check].items()}
        assert found[check] | {"relTol": None} == ours[check] | {"relTol": None}
    # lme4 takes these and keeps nothing of them.
    kept = {name: value for name, value in ours.items() if name not in {"sparseX", "standardize_X", "optCtrl"}}
    assert {name: found[name] for name in kept} == kept


@pytest.mark.needs_source
def test_the_page_says_what_is_declared() -> None:
    """The table of the page has a row for every option, with its default and its meaning without R."""
    text = PAGE.read_text(encoding="utf-8")
    for name, option in OPTIONS.items():
        default = option.default["action"] if name.startswith("check_conv") else option.default
        assert f"| `{name}` | `{default!r}` | {option.without_r} |" in text, name


CHOSEN = [
    ({}, {}),
    ({"optimizer": "nloptwrap", "check_conv_grad": "warning"}, {}),
    ({"optimizer": "bobyqa", "optCtrl": {"maxfun": 10}}, {"optimizer": "bobyqa", "optCtrl": {"maxfun": 10}}),
    ({"optimizer": None}, {"optimizer": None}),
    ({"calc_derivs": False, "polish": False}, {"calc_derivs": False, "polish": False}),
    ({"check_conv_singular": {"action": "ignore", "tol": 1e-3}},) * 2,
]


@pytest.mark.parametrize(("given", "kept"), CHOSEN)
def test_what_differs_from_the_defaults_is_kept(given: dict[str, Any], kept: dict[str, Any]) -> None:
    """The options are a plain dict, empty for lme4's defaults, and R's names are taken by `checked`."""
    assert lmerControl(**given) == kept
    assert checked({name.replace("_", "."): value for name, value in kept.items()}) == kept
    assert all(name in checked({name: None}) for name in HANDED_ON)


REFUSED = [
    ({"optimiser": "bobyqa"}, "no option 'optimiser' .* Did you mean optimizer"),
    ({"zzz": 1}, "It has: optimizer, restart_edge"),
    ({"check.nobs.vs.nlev": "perhaps"}, "invalid control level ‘perhaps’ in check.nobs.vs.nlev: .*‘ignore’"),
    ({"check_rankX": "drop"}, "‘message\\+drop.cols’"),
    ({"calc_derivs": "no"}, "calc_derivs='no': it is True or False"),
    ({"restart_edge": 1}, "True or False"),
    ({"optCtrl": 5}, "optCtrl is a int: give a mapping"),
    ({"check_conv_grad": {"tolerance": 1}}, "a mapping with action, tol, relTol"),
    ({"check_conv_hess": "shout"}, "invalid control level ‘shout’"),
]


@pytest.mark.parametrize(("control", "words"), REFUSED)
def test_mistakes_are_named(control: dict[str, Any], words: str) -> None:
    """An unknown option or value is refused at the door, whichever backend would fit."""
    for attempt in (
        lambda: checked(control),
        lambda: lme.lmer(SLEEP, data("sleepstudy"), control=control, backend="native"),
    ):
        with pytest.raises(lme.DataError, match=words):
            attempt()


def test_what_is_no_mapping_is_refused() -> None:
    """The optimizer's name alone is a mistake that R users make."""
    with pytest.raises(lme.DataError, match=r"control is a str: give a mapping of options, such as lmerControl\(\)"):
        lme.lmer(SLEEP, data("sleepstudy"), control="bobyqa", backend="native")


def said(formula: str, frame: Any, backend: str, **control: Any) -> list[str]:
    """Messages of a fit with these options."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(lme.lmer(formula, frame, control=lmerControl(**control), backend=backend).messages)


@pytest.mark.parametrize("backend", BACKENDS)
def test_actions_are_honoured(backend: str) -> None:
    """A check that is ignored says nothing, one that stops raises, and a tolerance moves the line."""
    singular, plain = ("Yield ~ 1 + (1 | Batch)", data("Dyestuff2")), (SLEEP, data("sleepstudy"))
    assert said(*singular, backend) == ["boundary (singular) fit: see help('isSingular')"]
    assert said(*singular, backend, check_conv_singular="ignore") == []
    with pytest.raises(lme.LmebridgeError, match="boundary"):
        said(*singular, backend, check_conv_singular="stop")
    # The smallest relative standard deviation of this fit is 0.22, by lme4's print.
    assert said(*plain, backend, check_conv_singular={"action": "message", "tol": 0.3}) != []
    assert said(*plain, backend, check_conv_singular={"action": "message", "tol": 0.2}) == []
    assert len(said("Reaction ~ Days + I(2 * Days) + (1 | Subject)", plain[1], backend)) == 1
    assert (
        said("Reaction ~ Days + I(2 * Days) + (1 | Subject)", plain[1], backend, check_rankX="silent.drop.cols") == []
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_flat_criterion_is_judged_by_its_tolerance(backend: str) -> None:
    """The Hessian's check takes lme4's tolerance and actions."""
    told = said(SLEEP, data("sleepstudy"), backend, check_conv_hess={"action": "warning", "tol": 0.9})
    assert any("nearly unidentifiable" in text for text in told)
    assert said(SLEEP, data("sleepstudy"), backend, check_conv_hess="ignore") == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_row_a_level_is_fitted_when_asked_for(backend: str) -> None:
    """The checks against the number of rows are switched off by name."""
    frame = data("Pastes").assign(each=lambda rows: [f"e{i:02}" for i in range(len(rows))])
    formula = "strength ~ 1 + (1 | batch) + (1 | each)"
    with pytest.raises(lme.LmebridgeError, match="number of levels of each grouping factor"):
        said(formula, frame, backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        control = lmerControl(check_nobs_vs_nlev="ignore", check_nobs_vs_nRE="ignore")
        fit = lme.lmer(formula, frame, control=control, backend=backend)
    assert fit.ngrps()["each"] == len(frame)


def test_rescaling_is_refused_without_r() -> None:
    """lme4's rescaled X gives coefficients of other columns; here the reason and the remedy are said."""
    frame = data("sleepstudy").assign(big=lambda rows: rows["Days"] * 1e5)
    with pytest.raises(lme.DataError, match=r"columns are not rescaled.*Divide the columns"):
        said("Reaction ~ big + (1 | Subject)", frame, "native", check_scaleX="silent.rescale")


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_optimizer_evaluates_at_start(backend: str) -> None:
    """`optimizer=None` keeps the start, so that a criterion can be looked at where one likes."""
    theta = [0.9, 0.01, 0.2]
    frame = data("sleepstudy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lme4 says that it did not converge
        fit = lme.lmer(SLEEP, frame, start=theta, control=lmerControl(optimizer=None), backend=backend)
    np.testing.assert_array_equal(fit.getME("theta"), theta)
