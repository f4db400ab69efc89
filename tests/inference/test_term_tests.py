"""Degrees of freedom, analyses of variance and deletions of terms against lmerTest, pbkrtest and lme4."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data
from tests.judge import r_literal, run_r, succeeds

if TYPE_CHECKING:
    import pandas as pd

#: By name: data, formula, contrasts.
MODELS: dict[str, tuple[str, str, dict[str, str]]] = {
    "slopes": ("sleepstudy", "Reaction ~ Days + (Days | Subject)", {}),
    "uncorrelated": ("sleepstudy", "Reaction ~ poly(Days, 2) + (Days || Subject)", {}),
    "factors": ("cake", "angle ~ recipe * temperature + (1 | recipe:replicate)", {}),
    "nested": ("Machines", "score ~ Machine + (1 | Worker/Machine)", {}),
    "contrasts": ("oats", "Y ~ N * V + (1 | B/V)", {"V": "contr.sum", "N": "contr.helmert"}),
    "unbalanced": ("RatPupWeight", "weight ~ sex * Treatment + Lsize + (1 | Litter)", {}),
    "constant": ("Dyestuff", "Yield ~ 1 + (1 | Batch)", {}),
}

PROGRAM = """
suppressMessages(library(lmerTest))
columns <- function(table) c(list(.rows = I(rownames(table))), lapply(as.data.frame(table), function(x) I(unname(x))))
describe <- function(i) {
  d <- utils::read.csv(paths[i], stringsAsFactors = TRUE)
  types <- jsonlite::fromJSON(sub("csv$", "json", paths[i]))
  for (n in names(types)) {
    if (!is.null(types[[n]]$levels)) d[[n]] <- factor(d[[n]], types[[n]]$levels, ordered = types[[n]]$type == "ordered")
  }
  assign("d", d, globalenv())
  coded <- eval(str2lang(contrasts_of[i]))
  m <- do.call(lme4::lmer, list(as.formula(formulas[i]), quote(d), contrasts = coded, start = eval(str2lang(thetas[i])),
               control = lme4::lmerControl(optimizer = NULL, calc.derivs = FALSE)))
  extended <- as_lmerModLmerTest(m)
  refitted <- do.call(lme4::lmer, list(as.formula(formulas[i]), quote(d), contrasts = coded))
  list(
    Satterthwaite = columns(coef(summary(extended))),
    `Kenward-Roger` = columns(coef(summary(extended, ddf = "Kenward-Roger"))),
    I = columns(anova(extended, type = "I")), II = columns(anova(extended, type = "II")),
    III = columns(anova(extended, type = "III")), plain = columns(anova(m)),
    drop1 = columns(drop1(refitted, test = "Chisq")), ranova = columns(ranova(refitted)),
    whole = columns(ranova(refitted, reduce.terms = FALSE))
  )
}
setNames(suppressMessages(suppressWarnings(lapply(seq_along(paths), describe))), names_of)
"""

pytestmark = pytest.mark.filterwarnings("ignore::lmebridge.SingularFitWarning")


def fitted(name: str, backend: str = "native") -> lme.MerMod:
    source, formula, contrasts = MODELS[name]
    return lme.lmer(formula, data(source), contrasts=contrasts, backend=backend)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What lmerTest, pbkrtest and lme4 say at the native fits' theta, and of lme4's own fits for deletions."""
    if not succeeds(
        "Rscript", "--vanilla", "-e", "stopifnot(requireNamespace('lmerTest'), requireNamespace('pbkrtest'))"
    ):
        (pytest.fail if os.environ.get("LMEBRIDGE_REQUIRE_R") == "1" else pytest.skip)(
            "R has no lmerTest or no pbkrtest"
        )
    return run_r(
        PROGRAM,
        tmp_path_factory.mktemp("term_tests"),
        paths=[FIXTURES / "data" / f"{source}.csv" for source, _, _ in MODELS.values()],
        formulas=[formula for _, formula, _ in MODELS.values()],
        contrasts_of=[
            f"list({', '.join(f'{k} = {r_literal(v)}' for k, v in own.items())})" if own else "NULL"
            for _, _, own in MODELS.values()
        ],
        thetas=[r_literal([float(value) for value in fitted(name).getME("theta")]) for name in MODELS],
        names_of=list(MODELS),
    )


def assert_tables_equal(found: pd.DataFrame, expected: dict[str, Any], *, rtol: float) -> None:
    """The same rows under the same names, and numbers that agree."""
    assert [str(row) for row in found.index] == expected[".rows"]
    assert list(found.columns) == [name for name in expected if name != ".rows"]
    for name in found.columns:
        values = np.array([np.nan if value is None else value for value in expected[name]], dtype=float)
        # 1e-12: p-values below that have no digits left to compare.
        np.testing.assert_allclose(found[name].to_numpy(dtype=float), values, rtol=rtol, atol=1e-12, err_msg=name)


every = pytest.mark.parametrize("name", MODELS)


@pytest.mark.needs_r
@every
def test_satterthwaite_without_r_is_lmertests(name: str, judged: dict[str, Any]) -> None:
    """Degrees of freedom of every coefficient at the same theta."""
    # 1e-4: lmerTest differentiates the deviance twice by finite differences, we once a gradient that is exact.
    assert_tables_equal(fitted(name).coef_table(ddf="Satterthwaite"), judged[name]["Satterthwaite"], rtol=1e-4)


@pytest.mark.needs_r
@every
@pytest.mark.parametrize("type", ["I", "II", "III"])
def test_analysis_of_variance_without_r_is_lmertests(name: str, type: str, judged: dict[str, Any]) -> None:
    """F tests of every term with Satterthwaite's method, sequential and of types II and III, whatever the contrasts."""
    found, expected = lme.anova(fitted(name), ddf="Satterthwaite", type=type), judged[name][type]
    if not len(found):
        assert not expected[".rows"]
        return
    # 1e-4: as above; p-values carry the change of the degrees of freedom.
    assert_tables_equal(found, expected, rtol=1e-4)
    assert str(found).startswith(f"Type {type} Analysis of Variance Table with Satterthwaite's method")


@pytest.mark.needs_r
@pytest.mark.parametrize("name", ["slopes", "factors", "contrasts"])
def test_lme4s_fits_are_tested_by_lmertest(name: str, judged: dict[str, Any]) -> None:
    """With lme4 both methods and all types are R's own."""
    fit = fitted(name, "lme4")
    for ddf in ("Satterthwaite", "Kenward-Roger"):
        # 1e-3: lme4's own theta is some 1e-5 from the judge's, and degrees of freedom are steep in it.
        assert_tables_equal(fit.coef_table(ddf=ddf), judged[name][ddf], rtol=1e-3)
    for type in ("I", "II", "III"):
        assert_tables_equal(lme.anova(fit, ddf="Satterthwaite", type=type), judged[name][type], rtol=1e-3)


@pytest.mark.needs_r
@every
def test_sequential_table_is_lme4s(name: str, judged: dict[str, Any]) -> None:
    """anova() of one model is lme4's own table."""
    expected = judged[name]["plain"]
    if expected[".rows"]:
        # 1e-8: one theta, the same sums.
        assert_tables_equal(lme.anova(fitted(name)), expected, rtol=1e-8)


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", ["native", "lme4"])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "constant"])
def test_deletions_are_lme4s_and_lmertests(name: str, backend: str, judged: dict[str, Any]) -> None:
    """drop1() and ranova() refit to R's likelihoods."""
    fit = fitted(name, backend)
    # 1e-4: likelihoods agree to 1e-6 absolutely, their ratios' p-values to less.
    assert_tables_equal(fit.drop1(test="Chisq"), judged[name]["drop1"], rtol=1e-4)
    assert_tables_equal(fit.ranova(), judged[name]["ranova"], rtol=1e-4)
    assert_tables_equal(lme.ranova(fit, reduce_terms=False), judged[name]["whole"], rtol=1e-4)


@pytest.mark.needs_r
def test_nothing_is_attached_to_r() -> None:
    """Degrees of freedom load lmerTest by its namespace: the user's search path stays as it was."""
    program = (
        "import lmebridge as lme\n"
        "from tests.cases import data\n"
        "from lmebridge.backends import _r\n"
        "fit = lme.lmer('strength ~ 1 + (1 | batch)', data('Pastes'), backend='lme4')\n"
        "fit.coef_table(ddf='Satterthwaite')\n"
        "import rpy2.rinterface as r\n"
        "assert not any('lmerTest' in name for name in r.baseenv['search']())\n"
    )
    assert succeeds(sys.executable, "-c", program)


def test_what_only_r_can_is_refused_with_the_reason() -> None:
    """Kenward-Roger without R, and methods that do not exist."""
    fit = fitted("slopes")
    with pytest.raises(lme.UnsupportedByBackend, match=r"pbkrtest.*ddf='Satterthwaite'"):
        fit.coef_table(ddf="Kenward-Roger")
    with pytest.raises(ValueError, match="'Satterthwaite', 'Kenward-Roger'"):
        fit.coef_table(ddf="residual")
    with pytest.raises(ValueError, match="'I', 'II', 'III'"):
        lme.anova(fit, ddf="Satterthwaite", type="IV")
    with pytest.raises(ValueError, match="Chisq"):
        fit.drop1(test="F")
    with pytest.raises(ValueError, match="scope is not a subset"):
        fit.drop1(scope=["age"])


def test_pooled_degrees_of_freedom_of_few_are_two() -> None:
    """The expectation of F needs more than two degrees of freedom; lmerTest gives two then."""
    from lmebridge.inference.satterthwaite import pooled

    assert pooled(np.array([1.5, 10.0])) == 2.0
    assert pooled(np.array([4.0])) == 4.0
