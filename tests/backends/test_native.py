"""The native backend against lme4 called directly, over every case of the table.

lme4's optimizers stop where the criterion still falls by up to 1e-4, and not at the same bits in every process. So two
things are compared: the optimum, where lme4's must not be better; and every number that follows from theta, at the same
theta.
"""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lmebridge.backends import native
from lmebridge.errors import DataError
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from tests.cases import CASES, FIXTURES, data
from tests.judge import run_r

IDS = [case.id for case in CASES]
SLEEP = "Reaction ~ Days + (Days | Subject)"


def model_of(formula: str, **arguments) -> Model:
    """A model from a formula's text."""
    return Model(formula=parse_formula(formula), **arguments)


@cache
def fit_case(case_id: str):
    """A case of the table fitted by the backend."""
    case = next(case for case in CASES if case.id == case_id)
    return native.fit(model_of(case.formula, **case.arguments), case.frame())


@pytest.fixture(scope="module")
def directly(tmp_path_factory):
    """What lme4 says about every case when R calls it: its own optimum, and all its answers at the backend's theta."""
    program = Path(__file__).with_name("lmer_directly.R").read_text(encoding="utf-8")
    thetas = [" ".join(map(repr, fit_case(case_id)[0].theta.tolist())) for case_id in IDS]
    values = {"cases": FIXTURES / "cases.csv", "data_folder": FIXTURES / "data", "ids": IDS, "thetas": thetas}
    return run_r(program, tmp_path_factory.mktemp("directly"), **values)


@pytest.mark.parametrize("case_id", IDS)
def test_minimum_is_certified(case_id):
    """Every case of the table ends at a certified minimum."""
    fit, _ = fit_case(case_id)
    assert fit.convergence.code == 0
    assert fit.convergence.status.startswith("OK: certified minimum")


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize("case_id", IDS)
def test_optimum_is_not_worse_than_lme4s(case_id, directly):
    """lme4 nowhere finds a lower criterion, and ours is lower by no more than its optimizer leaves."""
    gain = directly[case_id]["own_criterion"] - fit_case(case_id)[0].criterion
    # -1e-9: rounding of a criterion of 1e4. 1e-3: lme4 stops at relative steps of theta of 1e-5 or falls of 1e-5 in
    # nloptwrap, which on `unbalanced` leaves 3.2e-4, on all others below 1e-4
    assert -1e-9 <= gain < 1e-3


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize("case_id", IDS)
def test_tables_are_lme4s(case_id, directly):
    """At the same theta every table of the record is R's, by name and number."""
    fit, _ = fit_case(case_id)
    judge = directly[case_id]
    assert fit.fixed.index.tolist() == judge["names"]
    errors = np.array(judge["se"])
    # 1e-8 standard errors: lme4 solves the normal equations of the raw columns, whose condition number reaches 1e8
    np.testing.assert_allclose(fit.fixed["Estimate"] / errors, judge["fixef"] / errors, rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit.fixed["Std. Error"], errors, rtol=1e-9)
    scale = np.outer(errors, errors)
    np.testing.assert_allclose(fit.fixed_covariance / scale, judge["vcov"] / scale, rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit.criterion, judge["criterion"], rtol=0, atol=1e-9)  # rounding of sums up to 1e4
    np.testing.assert_allclose([fit.sigma, fit.log_likelihood], [judge["sigma"], judge["logLik"]], rtol=1e-10)
    assert [fit.n_obs, *fit.n_groups.values()] == [judge["nobs"], *judge["n_groups"]]
    for column in ("grp", "var1", "var2"):
        assert fit.variance[column].tolist() == judge[column]
    np.testing.assert_allclose(fit.variance["vcov"], judge["variance"], rtol=1e-10, atol=1e-12 * fit.sigma**2)
    np.testing.assert_allclose(fit.variance["sdcor"], judge["sdcor"], rtol=1e-10, atol=1e-12 * fit.sigma)


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize("case_id", IDS)
def test_answers_per_row_are_lme4s(case_id, directly):
    """Rows used, fitted values, fixed-part predictions, X, y and u are R's."""
    fit, engine = fit_case(case_id)
    judge = directly[case_id]
    near = {"rtol": 0, "atol": 1e-8 * fit.sigma}  # as for the estimates above
    assert (engine.rows() + 1).tolist() == judge["rows"]
    assert engine.frame().shape[0] == len(judge["rows"])
    np.testing.assert_allclose(engine.fitted(), judge["fitted"], **near)
    np.testing.assert_allclose(engine.predict(None, "~0", allow_new_levels=False), judge["fixed_part"], **near)
    np.testing.assert_allclose(engine.getME("y"), judge["y"], rtol=1e-15)
    np.testing.assert_allclose(engine.getME("u"), judge["u"], **near)
    np.testing.assert_allclose(engine.criterion(REML=False), -2 * judge["ML"], rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize("case_id", IDS)
def test_random_effects_are_lme4s(case_id, directly):
    """Modes and conditional variances are R's, by group, level and effect, relative to the effect's own spread."""
    fit, engine = fit_case(case_id)
    judge = directly[case_id]
    modes, variances = engine.ranef(), engine.conditional_variances()
    assert list(modes) == list(variances) == judge["groups"]
    for group, frame in modes.items():
        expected = np.array(judge["modes"][group]).reshape(frame.shape)
        conditional = np.array(judge["variances"][group]).reshape(frame.shape)
        assert frame.index.tolist() == judge["levels"][group]
        # 1e-8: as for the estimates; modes that vanish, as where the fixed effects explain the groups, are rounding
        near = {"rtol": 0, "atol": 1e-8 * np.abs(expected).max() + 1e-12 * fit.sigma}
        np.testing.assert_allclose(frame, expected, **near)
        diagonal = np.diagonal(variances[group], axis1=1, axis2=2)
        np.testing.assert_allclose(diagonal, conditional, rtol=1e-8, atol=1e-15 * fit.sigma**2)


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize("case_id", ["sleep_slope", "pastes_nested", "weights", "everything", "offset_term"])
def test_refit_by_maximum_likelihood(case_id, directly):
    """`refit(REML=False)` has the deviance of lme4's `refitML`."""
    first, engine = fit_case(case_id)
    fit, again = engine.refit(REML=False)
    assert fit.model.REML is False
    # 1e-4: what lme4's optimizer leaves, see above
    assert fit.criterion == pytest.approx(directly[case_id]["refitted"], abs=1e-4)
    back, _ = again.refit(REML=first.model.REML)
    assert back.criterion == pytest.approx(first.criterion, abs=1e-9)  # both are certified minima


GETME = """
suppressMessages(library(lme4))
sleepstudy$w <- rep(c(1, 2, 0.5), 60)
still <- lmerControl(optimizer = NULL)
models <- suppressWarnings(suppressMessages(list(
  slope = lmer(Reaction ~ Days + (Days | Subject), sleepstudy, start = c(0.9, 0.1, 0.2), control = still),
  double = lmer(Reaction ~ Days + (Days || Subject), sleepstudy, start = c(0.9, 0.2), weights = w, control = still),
  nested = lmer(strength ~ 1 + (1 | batch / cask), Pastes, REML = FALSE, start = c(3.5, 1.5), control = still)
)))
dense <- function(x) unname(as.matrix(x))
lapply(models, function(m) {
  get <- function(name) getME(m, name)
  numbers <- c("y", "mu", "u", "b", "Gp", "Tp", "Lind", "beta", "fixef", "theta", "lower", "sigma", "REML", "n_rtrms",
    "n_rfacs", "N", "n", "p", "q", "p_i", "l_i", "q_i", "k", "m_i", "m", "offset")
  matrices <- c("X", "Z", "Zt", "Lambda", "Lambdat", "A", "RX")
  lists <- c("Ztlist", "mmList", "Tlist", "ST")
  dc <- get("devcomp")
  # + 0 copies: devfun, asked for last, writes into the vectors that mu and others share
  c(sapply(numbers, function(n) I(as.numeric(get(n)) + 0), simplify = FALSE),
    sapply(matrices, function(n) dense(get(n)), simplify = FALSE),
    sapply(lists, function(n) unname(lapply(get(n), dense)), simplify = FALSE),
    list(names = list(theta = I(names(get("theta"))), Tp = I(names(get("Tp"))), m_i = I(names(get("m_i"))),
        Ztlist = I(names(get("Ztlist"))), mmList = I(names(get("mmList")))),
      cnms = unname(lapply(get("cnms"), I)), flist = lapply(get("flist"), as.character), is_REML = get("is_REML"),
      cmp = as.list(dc$cmp), dims = as.list(dc$dims), logdet = as.numeric(2 * determinant(get("L"))$modulus),
      rzx = sum(get("RZX")^2), devfun = get("devfun")(get("theta") / 2)))
})
"""
PIECES = {
    "slope": ("sleepstudy", SLEEP, {}, (0.9, 0.1, 0.2)),
    "double": ("sleepstudy", "Reaction ~ Days + (Days || Subject)", {"weights": "w"}, (0.9, 0.2)),
    "nested": ("Pastes", "strength ~ 1 + (1 | batch / cask)", {"REML": False}, (3.5, 1.5)),
}


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """R's getME for three models."""
    return run_r(GETME, tmp_path_factory.mktemp("getme"))


def engine_of(name):
    """The backend's engine for one of `PIECES`, at its start."""
    source, formula, arguments, start = PIECES[name]
    frame = data(source)
    frame = frame.assign(w=np.tile([1, 2, 0.5], len(frame) // 3))
    return native.fit(model_of(formula, start=start, control={"optimizer": "none"}, **arguments), frame)[1]


def values(piece):
    """The values of a piece that R has as a list."""
    return list(piece.values()) if isinstance(piece, dict) else piece.values


def names(piece):
    """The names of a piece that R has as a list."""
    return list(piece) if isinstance(piece, dict) else piece.names


@pytest.mark.needs_r
@pytest.mark.parametrize("name", PIECES)
def test_getme_is_rs(name, pieces):
    """Every piece of getME has R's values, shape and names."""
    engine, judge = engine_of(name), pieces[name]
    near = {"rtol": 1e-9, "atol": 1e-9}  # two Cholesky factorizations of a system of condition 1e4
    single = {*judge} - {"names", "cnms", "flist", "is_REML", "cmp", "dims", "logdet", "rzx", "devfun"}
    for piece in single - {"Ztlist", "mmList", "Tlist", "ST"}:
        found = engine.getME(piece)
        found = found.toarray() if hasattr(found, "toarray") else np.asarray(found, dtype=float)
        expected = [-np.inf if value == "-Infinity" else value for value in np.ravel(judge[piece])]
        np.testing.assert_allclose(found.ravel(), np.array(expected, dtype=float), **near, err_msg=piece)
    for piece in ("Ztlist", "mmList", "Tlist", "ST"):
        for found, expected in zip(values(engine.getME(piece)), judge[piece], strict=True):
            dense = found.toarray() if hasattr(found, "toarray") else np.asarray(found)
            np.testing.assert_allclose(dense.ravel(), np.ravel(expected), **near, err_msg=piece)
    for piece in ("theta", "Tp", "m_i"):
        assert engine.getME(piece).index.tolist() == judge["names"][piece]
    for piece in ("Ztlist", "mmList"):
        assert names(engine.getME(piece)) == judge["names"][piece]


@pytest.mark.needs_r
@pytest.mark.parametrize("name", PIECES)
def test_getme_of_the_factorization(name, pieces):
    """R's devcomp is ours; L and RZX, whose order of rows is ours, have R's determinant and cross-products."""
    engine, judge = engine_of(name), pieces[name]
    devcomp = engine.getME("devcomp")
    for part in ("cmp", "dims"):
        expected = {key: np.nan if value is None else value for key, value in judge[part].items()}
        pd.testing.assert_series_equal(devcomp[part].astype(float), pd.Series(expected, dtype=float), rtol=1e-10)
    lower = engine.getME("L")
    assert 2 * np.log(lower.diagonal()).sum() == pytest.approx(judge["cmp"]["ldL2"], rel=1e-10)  # rounding
    rzx = engine.getME("RZX")
    assert np.sum(rzx**2) == pytest.approx(judge["rzx"], rel=1e-10)
    weights = engine.getME("weights")
    zl = engine.getME("A") @ np.diag(np.sqrt(weights))
    np.testing.assert_allclose((lower @ lower.T).toarray(), zl @ zl.T + np.eye(len(rzx)), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        lower @ rzx, zl @ (np.sqrt(weights)[:, None] * engine.getME("X")), rtol=1e-10, atol=1e-10
    )
    assert engine.getME("devfun")(np.asarray(engine.getME("theta")) / 2) == pytest.approx(judge["devfun"], abs=1e-9)
    assert values(engine.getME("cnms")) == judge["cnms"]
    assert {group: engine.getME("flist")[group].tolist() for group in judge["flist"]} == judge["flist"]
    assert engine.getME("is_REML") is judge["is_REML"]


def test_getme_leaves_the_design_alone():
    """Asking for Z does not change what a later question sees."""
    engine = engine_of("slope")
    before = engine.design.blocks[0].matrix.copy()
    for name in ("Z", "Ztlist", "A", "L", "RZX"):
        engine.getME(name)
    assert np.array_equal(engine.design.blocks[0].matrix, before)


def test_getme_unknown_name():
    """An unknown name is a ValueError that lists the names there are."""
    with pytest.raises(ValueError, match="getME has no 'Sigma': it has X, Z, Zt"):
        engine_of("slope").getME("Sigma")


PREDICT = """
suppressMessages(library(lme4))
still <- lmerControl(optimizer = NULL)
m <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy, start = c(0.9, 0.1, 0.2), control = still)
new <- data.frame(Days = c(0, 5.5, NA, 2, 3), Subject = c("308", "372", "309", "new", NA))
ask <- function(data, ...) I(unname(as.numeric(predict(m, data, ...))))
list(all = ask(new, allow.new.levels = TRUE), none = ask(new, re.form = NA),
  intercepts = ask(new, re.form = ~ (1 | Subject), allow.new.levels = TRUE),
  slopes = ask(new[1:3, ], re.form = ~ (0 + Days | Subject)), own = ask(NULL, re.form = ~ (1 | Subject)))
"""


@pytest.mark.needs_r
def test_predict_is_rs(run_r):
    """Predictions for new rows with all, none and some random effects, new levels and missing values."""
    engine, judge = engine_of("slope"), run_r(PREDICT)
    new = pd.DataFrame({"Days": [0, 5.5, None, 2, 3], "Subject": ["308", "372", "309", "new", None]})
    asked = {
        "all": (new, None, True), "none": (new, "~0", False), "intercepts": (new, "~(1|Subject)", True),
        "slopes": (new[:3], "~(0 + Days | Subject)", False), "own": (None, "~(1|Subject)", False),
    }  # fmt: skip
    for key, (frame, form, allow) in asked.items():
        expected = [np.nan if value is None else value for value in judge[key]]
        found = engine.predict(frame, form, allow_new_levels=allow)
        np.testing.assert_allclose(found, expected, rtol=1e-10, err_msg=key)  # rounding of sums


@pytest.mark.parametrize(
    ("row", "form", "words"),
    [
        ({"Days": 1.0, "Subject": "new"}, None, "new levels detected in newdata: new"),
        ({"Days": 1.0, "Subject": None}, None, "NAs are not allowed in prediction data for grouping variables"),
        ({"Days": 1.0, "Subject": "308"}, "~(1|Days)", "not present in original model"),
        ({"Subject": "308"}, None, "Days"),
    ],
)
def test_predict_refuses(row, form, words):
    """New levels, missing groups, foreign terms and missing columns are errors in lme4's words."""
    with pytest.raises(DataError, match=words):
        engine_of("slope").predict(pd.DataFrame([row]), form, allow_new_levels=False)


def test_engine_pickles():
    """An engine answers the same after a trip through pickle."""
    _, engine = fit_case("three_levels")
    again = pickle.loads(pickle.dumps(engine))
    assert again.criterion(REML=True) == engine.criterion(REML=True)
    for group, frame in engine.ranef().items():
        pd.testing.assert_frame_equal(again.ranef()[group], frame)


def test_answers_are_copies():
    """Changing an answer changes no later one."""
    _, engine = fit_case("sleep_slope")
    engine.fitted()[:] = 0
    modes = engine.ranef()["Subject"]
    modes.iloc[:] = 0
    engine.conditional_variances()["Subject"][:] = 0
    assert np.all(engine.fitted() > 0)
    assert np.all(engine.ranef()["Subject"].to_numpy() != 0)
    assert np.all(engine.conditional_variances()["Subject"][:, 0, 0] > 0)


def test_status_and_source():
    """The backend is always usable and names every version that matters."""
    status = native.status()
    assert status.usable
    fit, engine = fit_case("sleep_slope_ml")
    assert str(fit.source) == status.version
    assert status.version.startswith("lmebridge ")
    assert fit.source.call == "lmer(formula = Reaction ~ Days + (Days | Subject), data = data, REML = FALSE)"
    assert engine.underlying is engine.solution


@pytest.mark.parametrize(
    ("formula", "arguments", "term"),
    [
        ("y ~ x + us(1 + x | g)", {}, None),
        ("y ~ x + (x || g)", {"weights": "w"}, None),
        ("y ~ x + cs(1 + x | g)", {}, "cs(1 + x | g)"),
        ("y ~ x + (1 | g)", {"family": "poisson", "link": "log"}, "family = poisson"),
    ],
)
def test_gaps(formula, arguments, term):
    """Only structured covariances, other families and links are beyond the backend."""
    model = model_of(formula, **arguments)
    assert next((found for gap in native.GAPS if (found := gap.term(model))), None) == term
