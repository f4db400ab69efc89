"""Formulas for MixedLM and pymer4: the arguments, and that MixedLM finds lme4's optimum with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from lmebridge.errors import UnsupportedByBackend
from lmebridge.formula.model_formula import parse_formula
from lmebridge.formula.translation import MixedLMArguments, mixedlm_arguments, pymer4_text
from tests import judge

if TYPE_CHECKING:
    from pathlib import Path

#: Formula to groups, re_formula, vc_formula.
RANDOM = {
    "y ~ x + (1 | g)": ("g", "1", {}),
    "y ~ x + (x | g)": ("g", "1 + x", {}),
    "y ~ x + (0 + x | g)": ("g", "0 + x", {}),
    "y ~ x + (x - 1 | g)": ("g", "0 + x", {}),
    "y ~ x + (log(x) + z | g)": ("g", "1 + np.log(x) + z", {}),
    "y ~ x + (x || g)": ("g", "1", {"x | g": "0 + x"}),
    "y ~ x + (0 + x + z || g)": ("g", "0 + x", {"z | g": "0 + z"}),
    "y ~ x + (1 | g) + (0 + x | g)": ("g", "1", {"x | g": "0 + x"}),
    "y ~ (1 | a/b)": ("a", "1", {"b:a": "0 + C(b)"}),
    "y ~ (1 | a) + (1 | a:b)": ("a", "1", {"a:b": "0 + C(b)"}),
    "y ~ (x | a) + (1 | a:b)": ("a", "1 + x", {"a:b": "0 + C(b)"}),
    "y ~ (1 | a/b/c)": ("a", "1", {"c:(b:a)": "0 + C(c):C(b)", "b:a": "0 + C(b)"}),
    "y ~ (1 | a:b)": ("a", None, {"a:b": "0 + C(b)"}),
    "y ~ (1 | a) + (1 | b)": (None, None, {"a": "0 + C(a)", "b": "0 + C(b)"}),
    "y ~ (1 | a) + (0 + x | b)": (None, None, {"a": "0 + C(a)", "x | b": "0 + C(b):x"}),
    "y ~ (1 | factor(g))": ("g", "1", {}),
    "y ~ (1 | `my g`) + (1 | h)": (None, None, {"my g": "0 + C(Q('my g'))", "h": "0 + C(h)"}),
    "y ~ us(x | g)": ("g", "1 + x", {}),
}

#: Left and right of `~` in R to what patsy reads.
FIXED = {
    "y ~ x + (1 | g)": "y ~ x",
    "y ~ (1 | g)": "y ~ 1",
    "log(y) ~ log10(x) + sqrt(z) + (1 | g)": "np.log(y) ~ np.log10(x) + np.sqrt(z)",
    "y ~ x * factor(z) - 1 + (1 | g)": "y ~ x * C(z) - 1",
    "y ~ a/b + (c + d)^2 + (1 | g)": "y ~ a / b + (c + d)**2",
    "y ~ a + b %in% a + (1 | g)": "y ~ 1 + a + a:b",
    "y ~ I(x^2) + I(a %% b * 2) + (1 | g)": "y ~ I(x ** 2) + I((a % b) * 2)",
    "y ~ I(x > 1 & z <= 2) + (1 | g)": "y ~ I((x > 1) & (z <= 2))",
    "y ~ scale(x) + as.vector(scale(z)) + (1 | g)": "y ~ standardize(x, ddof=1) + standardize(z, ddof=1)",
    "y ~ ifelse(x > 0, 1, 0) + (1 | g)": "y ~ np.where(x > 0, 1, 0)",
    "y ~ `my var` + PT.x + (1 | g)": "y ~ Q('my var') + Q('PT.x')",
}

#: What MixedLM cannot express, and the term that the error names.
UNSUPPORTED = {
    "y ~ (x | g) + (z | h)": "`(x | g)`",
    "y ~ (x | g) + (1 | h)": "`(x | g)`",
    "y ~ (1 | a) + (x | a:b)": "`(x | a:b)`",
    "y ~ (x | a/b)": "`(x | b:a)`",
    "y ~ (x | g) + (z | g)": "`(z | g)`",
    "y ~ (factor(x) || g) + (1 | h)": "`(0 + factor(x) | g)`",
    "y ~ cs(x | g)": "`cs(x | g)`",
    "y ~ x + offset(w) + (1 | g)": "`offset(w)`",
    "y ~ poly(x, 2) + (1 | g)": "`poly(x, 2)`",
    "y ~ (1 | interaction(a, b))": "`(1 | interaction(a, b))`",
    "y ~ x": "`y ~ x`",
    "~ (1 | g)": "`~(1 | g)`",
}


@pytest.mark.parametrize(("text", "expected"), RANDOM.items())
def test_random_effects_become_mixedlm_s_arguments(text: str, expected: tuple[Any, Any, Any]) -> None:
    """Bars become groups, re_formula and vc_formula."""
    arguments = mixedlm_arguments(parse_formula(text))
    assert (arguments.groups, arguments.re_formula, dict(arguments.vc_formula)) == expected


@pytest.mark.parametrize(("text", "fixed"), FIXED.items())
def test_fixed_effects_become_patsy_s_text(text: str, fixed: str) -> None:
    """Response and fixed effects are written as patsy reads them."""
    assert mixedlm_arguments(parse_formula(text)).fixed == fixed


@pytest.mark.parametrize(("text", "term"), UNSUPPORTED.items())
def test_what_mixedlm_lacks_is_named(text: str, term: str) -> None:
    """A term that MixedLM cannot express is named in the error."""
    with pytest.raises(UnsupportedByBackend) as raised:
        mixedlm_arguments(parse_formula(text))
    assert f"The statsmodels backend cannot fit {term}: " in str(raised.value)


def test_pymer4_takes_r_s_text() -> None:
    """pymer4 hands the text to R: bars stay as written, on one line."""
    assert pymer4_text(parse_formula("y~x+\n(x||a/b)")) == "y ~ x + (x || a/b)"


def test_crossed_factors_are_components_of_one_group() -> None:
    """Where no factor is outermost, every row is in one group."""
    arguments = mixedlm_arguments(parse_formula("y ~ (1 | a) + (1 | b)"))
    assert arguments.keywords(pd.DataFrame({"y": [1.0, 2.0]}))["groups"].tolist() == [1.0, 1.0]


#: Model to the data of lme4 it is fitted to.
FITS = {
    "Reaction ~ Days + (1 | Subject)": "sleepstudy",
    "Reaction ~ Days + (Days | Subject)": "sleepstudy",
    "Reaction ~ Days + (0 + Days | Subject)": "sleepstudy",
    "Reaction ~ Days + (Days || Subject)": "sleepstudy",
    "log(Reaction) ~ I(Days^2) * factor(Days > 4) + (1 | Subject)": "sleepstudy",
    "strength ~ 1 + (1 | batch/cask)": "Pastes",
    "strength ~ 1 + (1 | batch:cask)": "Pastes",
    "diameter ~ 1 + (1 | plate) + (1 | sample)": "Penicillin",
}


@pytest.fixture(scope="module")
def fits_by_r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """lme4's REML criteria of the models above and, as CSV, their data."""
    folder = tmp_path_factory.mktemp("fits")
    program = """
        suppressMessages(library(lme4))
        for (name in unique(data)) write.csv(get(name), paste0(name, ".csv"), row.names = FALSE)
        fit <- function(i) REMLcrit(lmer(as.formula(formulas[i]), get(data[i])))
        I(vapply(seq_along(formulas), fit, 0))
    """
    criteria = judge.run_r(program, folder, formulas=list(FITS), data=list(FITS.values()))
    return {"folder": folder, "criteria": dict(zip(FITS, criteria, strict=True))}


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize(("text", "data"), FITS.items())
def test_mixedlm_finds_lme4_s_optimum(text: str, data: str, fits_by_r: dict[str, Any]) -> None:
    """With the arguments translated, MixedLM's REML criterion at its optimum is lme4's."""
    folder: Path = fits_by_r["folder"]
    criterion = _mixedlm_criterion(mixedlm_arguments(parse_formula(text)), pd.read_csv(folder / f"{data}.csv"))
    # MixedLM's optimizers stop up to 0.001 short of the optimum; another model is off by far more.
    assert criterion == pytest.approx(fits_by_r["criteria"][text], abs=2e-3)


def _mixedlm_criterion(arguments: MixedLMArguments, data: pd.DataFrame) -> float:
    """Best REML criterion that MixedLM's optimizers find."""
    import warnings

    import numpy as np

    mixedlm = pytest.importorskip("statsmodels.formula.api").mixedlm
    assert np.log is not None  # the formulas name numpy as np
    model = mixedlm(arguments.fixed, data, **arguments.keywords(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return min(-2 * model.fit(reml=True, method=method).llf for method in ("bfgs", "powell"))
