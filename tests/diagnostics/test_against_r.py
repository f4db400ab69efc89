"""Residuals, leverages, Cook's distances, influence and principal components against lme4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from tests.cases import FIXTURES, data
from tests.judge import r_literal, run_r

if TYPE_CHECKING:
    from pathlib import Path

MODELS = {
    "slopes": ("sleepstudy", "Reaction ~ Days + (Days | Subject)", "Subject"),
    "uncorrelated": ("sleepstudy", "Reaction ~ Days + (Days || Subject)", "Subject"),
    "nested": ("Pastes", "strength ~ 1 + (1 | batch/cask)", "batch"),
    "crossed": ("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", "sample"),
}

PROGRAM = """
suppressMessages(library(lme4))
# At the theta given, or where there is none at the one that lme4 finds.
fit <- function(formula, data, weights, theta) {
  fixed <- list(start = theta, control = lmerControl(optimizer = NULL, calc.derivs = FALSE))
  arguments <- c(list(as.formula(formula), data, weights = weights), if (!is.null(theta)) fixed)
  suppressWarnings(do.call(lmer, arguments))
}
describe <- function(i, theta, theta_weighted) {
  d <- read.csv(paths[i], stringsAsFactors = TRUE)
  if (sources[i] == "sleepstudy") d$Subject <- factor(d$Subject)
  d$w <- 1 + seq_len(nrow(d)) %% 3
  weighted <- fit(formulas[i], d, d$w, theta_weighted)
  m <- fit(formulas[i], d, NULL, theta)
  found <- influence(lmer(as.formula(formulas[i]), d), groups[i])
  list(
    hat = unname(hatvalues(m)), hat_weighted = unname(hatvalues(weighted)),
    cooks = unname(cooks.distance(weighted)), rstudent = unname(rstudent(weighted)),
    residuals = lapply(c(response = "response", pearson = "pearson", working = "working", deviance = "deviance"),
                       function(type) unname(residuals(weighted, type = type))),
    sdev = lapply(rePCA(m), function(pca) I(pca$sdev)),
    rotation = lapply(rePCA(m), function(pca) I(as.vector(abs(pca$rotation)))),
    influence_cooks = unname(cooks.distance(found)),
    fixed_without = I(as.vector(found[[2]])), components = names(found$var.cov.comps),
    components_without = I(as.vector(found[[4]])), deleted = I(as.character(found$deleted)),
    dfbetas = if (length(fixef(m)) > 1L) I(as.vector(dfbetas(found)))
  )
}
list(
  lme4 = setNames(lapply(seq_along(paths), describe, theta = NULL, theta_weighted = NULL), names_of),
  native = setNames(lapply(seq_along(paths), function(i) {
    describe(i, eval(str2lang(thetas[i])), eval(str2lang(thetas_weighted[i])))
  }), names_of)
)
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every model's diagnostics as lme4 has them, from one R program."""
    folder: Path = tmp_path_factory.mktemp("diagnostics")
    sources = [source for source, _, _ in MODELS.values()]
    return run_r(
        PROGRAM,
        folder,
        paths=[FIXTURES / "data" / f"{source}.csv" for source in sources],
        sources=sources,
        formulas=[formula for _, formula, _ in MODELS.values()],
        groups=[group for _, _, group in MODELS.values()],
        names_of=list(MODELS),
        thetas=[theta_text(name) for name in MODELS],
        thetas_weighted=[theta_text(name, weighted=True) for name in MODELS],
    )


def weighted_data(source: str) -> pd.DataFrame:
    frame = data(source)
    return frame.assign(w=1.0 + (np.arange(len(frame)) + 1) % 3)


def fitted(name: str, backend: str, *, weighted: bool = False) -> lme.MerMod:
    source, formula, _ = MODELS[name]
    return lme.lmer(formula, weighted_data(source), weights="w" if weighted else None, backend=backend)


def theta_text(name: str, *, weighted: bool = False) -> str:
    """The theta that the package's own solver finds, as R reads it."""
    return r_literal([float(value) for value in fitted(name, "native", weighted=weighted).getME("theta")])


pytestmark = pytest.mark.filterwarnings("ignore::lmebridge.SingularFitWarning")
both = pytest.mark.parametrize("backend", ["lme4", "native"])
every = pytest.mark.parametrize("name", MODELS)


@pytest.mark.needs_r
@both
@every
def test_leverages_are_lme4s(name: str, backend: str, judged: dict[str, Any]) -> None:
    """hatvalues() is the diagonal of lme4's hat matrix, with prior weights too."""
    plain, weighted = fitted(name, backend), fitted(name, backend, weighted=True)
    # 1e-7: one theta on both sides; lme4's own search rounds otherwise where the levels are in another order.
    np.testing.assert_allclose(lme.hatvalues(plain), judged[backend][name]["hat"], rtol=0, atol=1e-7)
    np.testing.assert_allclose(lme.hatvalues(weighted), judged[backend][name]["hat_weighted"], rtol=0, atol=1e-7)


@pytest.mark.needs_r
@every
def test_leverages_at_lme4s_theta_are_exact(name: str, judged: dict[str, Any]) -> None:
    """At one theta the R-free leverages are lme4's to rounding."""
    from lmebridge.inference.joint_covariance import joint_covariance
    from lmebridge.inference.twin import local_engine

    engine = local_engine(fitted(name, "lme4"))
    found = joint_covariance(engine).variances(engine.design.X, engine.getME("Z"))
    # 1e-10: the same sums in another order.
    np.testing.assert_allclose(found, judged["lme4"][name]["hat"], rtol=1e-10)


@pytest.mark.needs_r
@both
@every
def test_distances_and_residuals_are_lme4s(name: str, backend: str, judged: dict[str, Any]) -> None:
    """cooks_distance(), rstudent() and each type of residuals() are lme4's in a weighted fit."""
    fit = fitted(name, backend, weighted=True)
    largest = max(judged[backend][name]["cooks"])
    # 1e-6 of the largest: as above, over 1 - hat.
    np.testing.assert_allclose(fit.cooks_distance(), judged[backend][name]["cooks"], rtol=0, atol=1e-6 * largest)
    # 1e-6, dimensionless: as above.
    np.testing.assert_allclose(fit.rstudent(), judged[backend][name]["rstudent"], rtol=0, atol=1e-6)
    for kind, expected in judged[backend][name]["residuals"].items():
        # 1e-6 sigma: as above.
        np.testing.assert_allclose(fit.residuals(kind), expected, rtol=0, atol=1e-6 * fit.sigma())


@pytest.mark.needs_r
@both
@every
def test_principal_components_are_lme4s(name: str, backend: str, judged: dict[str, Any]) -> None:
    """rePCA() has lme4's standard deviations, and its rotations but for signs."""
    components = lme.rePCA(fitted(name, backend))
    assert list(components) == list(judged[backend][name]["sdev"])
    for group, found in components.items():
        # 1e-9: as above.
        np.testing.assert_allclose(found.sdev, judged[backend][name]["sdev"][group], rtol=1e-9, atol=1e-12)
        rotation = np.abs(found.rotation.to_numpy()).ravel(order="F")
        # 1e-6: as above.
        np.testing.assert_allclose(rotation, judged[backend][name]["rotation"][group], atol=1e-6)
        assert found.importance.loc["Cumulative Proportion"].iloc[-1] == pytest.approx(1.0)


@pytest.mark.needs_r
@every
def test_influence_of_groups_is_lme4s(name: str, judged: dict[str, Any]) -> None:
    """influence() refits without each group to the estimates that lme4 comes to."""
    fit, group = fitted(name, "native"), MODELS[name][2]
    found, expected = lme.influence(fit, group), judged["lme4"][name]
    assert [str(label) for label in found.fixed_without.index] == expected["deleted"]
    assert list(found.var_cov_without.columns) == expected["components"]
    errors = np.sqrt(np.diagonal(fit.vcov()))
    changes = (found.fixed_without.to_numpy().ravel(order="F") - expected["fixed_without"]) / np.repeat(
        errors, len(found.fixed_without)
    )
    # 1e-3 standard errors: lme4's refits stop that near their minimum.
    assert np.abs(changes).max() < 1e-3
    components = found.var_cov_without.to_numpy().ravel(order="F")
    # 1e-3: as above, for variances; 1e-3 sigma^2 where one is zero.
    np.testing.assert_allclose(components, expected["components_without"], rtol=1e-3, atol=1e-3 * fit.sigma() ** 2)
    # 1e-3 of the largest: as above.
    scale = max(expected["influence_cooks"])
    np.testing.assert_allclose(found.cooks_distance(), expected["influence_cooks"], atol=1e-3 * scale)
    if expected["dfbetas"] is not None:  # lme4's own dfbetas stops for one fixed effect
        # 1e-3 standard errors: as above.
        np.testing.assert_allclose(found.dfbetas().to_numpy().ravel(order="F"), expected["dfbetas"], atol=1e-3)
    assert found.converged.all()


def test_influence_of_single_rows_and_of_combinations() -> None:
    """Without `groups` every row is left out by turns; several columns leave out their combinations."""
    frame = data("Penicillin").iloc[:48].set_index(pd.RangeIndex(100, 148))
    frame["plate"] = frame["plate"].cat.remove_unused_categories()
    fit = lme.lmer("diameter ~ 1 + (1 | plate)", frame, backend="native")
    cases = fit.influence()
    assert cases.groups == "case"
    assert cases.fixed_without.index.tolist() == list(range(100, 148))
    pairs = fit.influence(["plate", "sample"])
    assert pairs.fixed_without.index[:2].tolist() == ["a.A", "a.B"]
    np.testing.assert_array_equal(pairs.fixed_without.to_numpy(), cases.fixed_without.to_numpy())


def test_bad_input_is_named() -> None:
    """An unknown kind of residual and an unknown column are refused with what there is."""
    fit = lme.lmer("strength ~ 1 + (1 | batch)", data("Pastes"), backend="native")
    with pytest.raises(ValueError, match="'response', 'working', 'pearson', 'deviance'"):
        fit.residuals("partial")
    with pytest.raises(lme.DataError, match="bath"):
        fit.influence("bath")


def test_crossed_levels_without_a_small_component_are_inverted() -> None:
    """The inverse by connected components is the inverse."""
    from scipy import sparse

    from lmebridge.inference.joint_covariance import block_inverse

    generator = np.random.default_rng(1)
    pieces = [generator.normal(size=(size, size + 2)) for size in (1, 3, 3, 2)]
    matrix = sparse.block_diag([piece @ piece.T + np.eye(len(piece)) for piece in pieces], format="csr")
    order = generator.permutation(9)
    shuffled = sparse.csr_array(matrix[order][:, order])
    # 1e-12: two inversions of a matrix of condition below 100.
    np.testing.assert_allclose(block_inverse(shuffled).toarray(), np.linalg.inv(shuffled.toarray()), atol=1e-12)


@pytest.mark.parametrize("accessor", ["hatvalues", "cooks_distance", "influence"])
def test_mixedlms_own_estimates_have_no_diagnostics(accessor):
    """What follows from lme4's optimum is refused for estimates that are not there, with the remedy."""
    fit = lme.lmer(
        "Reaction ~ Days + (1 | Subject)", data("sleepstudy"), backend="statsmodels", control={"polish": False}
    )
    with pytest.raises(lme.UnsupportedByBackend, match="polish"):
        getattr(fit, accessor)()
