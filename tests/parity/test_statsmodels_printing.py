"""The reader on what the statsmodels installed prints, with statsmodels' own results as judge."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from lmebridge.parity import Key, PrintedOutput, published
from lmebridge.parity.names import r_name
from tests import cases

smf = pytest.importorskip("statsmodels.formula.api")

#: Models by name: formula, and the other arguments of `mixedlm`.
MIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "intercepts": ("Reaction ~ Days", {"groups": "Subject"}),
    "slopes": ("Reaction ~ Days", {"groups": "Subject", "re_formula": "~Days"}),
    "groups as an array": ("Reaction ~ Days + C(half)", {"groups": "array"}),
    "components": ("Reaction ~ Days", {"groups": "Subject", "re_formula": "1", "vc_formula": {"half": "0 + C(half)"}}),
    "maximum likelihood": ("Reaction ~ Days", {"groups": "Subject", "reml": False}),
}


def sleep() -> Any:
    """The data, with a second factor."""
    return cases.data("sleepstudy").assign(half=lambda data: np.where(data["Days"] < 5, "first part", "second"))


def fitted(name: str) -> Any:
    """A result of statsmodels."""
    formula, arguments = MIXED[name]
    reml = arguments.get("reml", True)
    arguments = {key: value for key, value in arguments.items() if key != "reml"}
    frame = sleep()
    if arguments["groups"] == "array":
        arguments["groups"] = np.asarray(frame["Subject"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return smf.mixedlm(formula, frame, **arguments).fit(reml=reml)


def read_one(text: str) -> PrintedOutput:
    """The one output of a text."""
    found = published(text)
    assert found.unread == ()
    (output,) = found
    return output


def expected(result: Any) -> dict[Key, float]:
    """The numbers of a summary's coefficients."""
    limits = np.asarray(result.conf_int())
    numbers: dict[Key, float] = {}
    for place, name in enumerate(result.model.exog_names):
        term = r_name(name)
        test = "z" if hasattr(result, "cov_re") else "t"
        numbers |= {
            Key("estimate", term=term): result.params.iloc[place],
            Key("std_error", term=term): result.bse.iloc[place],
            Key(f"{test}_value", term=term): result.tvalues.iloc[place],
            Key("p_value", term=term, method=test): result.pvalues.iloc[place],
            Key("conf_low", term=term, term2="2.5 %", method=test): limits[place, 0],
            Key("conf_high", term=term, term2="97.5 %", method=test): limits[place, 1],
        }
    return numbers


@pytest.mark.parametrize("name", MIXED)
def test_every_number_of_a_mixedlm_summary_is_statsmodels_own(name: str) -> None:
    """Coefficients, variances, sizes and the log-likelihood come back as they are in the result."""
    result = fitted(name)
    numbers = {number.key: number for number in read_one(str(result.summary())).numbers}
    values = expected(result)
    values[Key("logLik", method=result.method)] = result.llf
    values[Key("vcov", "Residual")] = result.scale
    values[Key("n_obs")] = result.nobs
    assert values.keys() <= numbers.keys()
    for key, value in values.items():
        assert numbers[key].numeral.admits(float(value)), (key, numbers[key], value)


@pytest.mark.parametrize(
    ("name", "effects"),
    [
        ("intercepts", [("Subject", "(Intercept)", "")]),
        ("slopes", [("Subject", "(Intercept)", ""), ("Subject", "(Intercept)", "Days"), ("Subject", "Days", "")]),
        ("groups as an array", [("Group", "(Intercept)", "")]),
        ("components", [("Subject", "(Intercept)", ""), ("half", "(Intercept)", "")]),
    ],
)
def test_variances_are_filed_under_group_and_effect(name: str, effects: list[tuple[str, str, str]]) -> None:
    """The rows of random effects are told from the names of the fixed ones."""
    result = fitted(name)
    output = read_one(str(result.summary()))
    found = {
        n.key[1:2] + n.key[3:5]: n for n in output.numbers if n.key.quantity == "vcov" and n.key.group != "Residual"
    }
    assert list(found) == effects
    covariance = np.asarray(result.cov_re)
    values = [*covariance[np.tril_indices(len(covariance))], *np.asarray(result.vcomp)]
    assert all(n.numeral.admits(float(v)) for n, v in zip(found.values(), values, strict=True))


@pytest.mark.parametrize("formula", ["Reaction ~ Days", "np.log(Reaction) ~ Days * C(half)", "Reaction ~ 1"])
def test_every_number_of_an_ols_summary_is_statsmodels_own(formula: str) -> None:
    """Coefficients and the two tables of fields come back as they are in the result."""
    result = smf.ols(formula, sleep()).fit()
    numbers = {number.key: number for number in read_one(str(result.summary())).numbers}
    values = expected(result) | {
        Key("r_squared"): result.rsquared,
        Key("adj_r_squared"): result.rsquared_adj,
        Key("logLik", method="ML"): result.llf,
        Key("AIC", method="ML without sigma"): result.aic,
        Key("BIC", method="ML without sigma"): result.bic,
        Key("df_residual"): result.df_resid,
        Key("n_obs"): result.nobs,
        Key("condition_number"): result.condition_number,
    }
    assert values.keys() <= numbers.keys()
    for key, value in values.items():
        assert numbers[key].numeral.admits(float(value)), (key, numbers[key], value)
