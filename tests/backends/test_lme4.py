"""The lme4 backend against lme4 called directly: the same numbers, the same words."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lmebridge.backends import _r, _r_home, lme4
from lmebridge.errors import DataError, RError
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from tests.cases import CASES, FIXTURES, data
from tests.judge import run_r
from tests.processes import run_python

pytestmark = pytest.mark.needs_r

#: The same lme4 in the same R on the same doubles: the only difference allowed is that of reading 17 digits back.
SAME = {"rtol": 1e-12, "atol": 1e-12}
#: Solutions of the penalized system: lme4 adds in an order that depends on where in memory its arrays lie, and the
#: system's condition number (up to 1e4 here, on Penicillin) makes 1e-12 of that.
SOLVED = {"rtol": 1e-11, "atol": 1e-11}


def model_of(formula: str, **arguments) -> Model:
    """A model from a formula's text."""
    return Model(formula=parse_formula(formula), **arguments)


@cache
def fit_case(case_id: str):
    """A case of the table fitted by the backend."""
    case = next(case for case in CASES if case.id == case_id)
    return lme4.fit(model_of(case.formula, **case.arguments), case.frame())


@pytest.fixture(scope="module")
def directly(tmp_path_factory):
    """What lme4 says about every case when R calls it."""
    program = Path(__file__).with_name("lmer_directly.R").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("directly")
    thetas = [" ".join(map(repr, fit_case(case_id)[0].theta.tolist())) for case_id in IDS]
    values = {"cases": FIXTURES / "cases.csv", "data_folder": FIXTURES / "data", "ids": IDS, "thetas": thetas}
    return run_r(program, folder, **values)


@pytest.fixture
def sleep():
    """One model that most tests of behaviour can use."""
    return fit_case("sleep_slope")


IDS = [case.id for case in CASES]


@pytest.mark.slow
@pytest.mark.parametrize("case_id", IDS)
def test_optimum_is_lme4s(case_id, directly):
    """The optimum is the one that lme4 finds when R calls it."""
    fit, _ = fit_case(case_id)
    judge = directly[case_id]
    # most end at the same bits; at a nearly singular optimum theta moves by 1e-4 and the criterion by less than 1e-6,
    # a hundredth of what an optimizer's stopping rule leaves open (see lmer_directly.R)
    np.testing.assert_allclose(fit.criterion, judge["own_criterion"], rtol=1e-11, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("case_id", IDS)
def test_record_is_lme4s(case_id, directly):
    """Every table of the record is what R's own accessors say, by name and to the last digits."""
    fit, _ = fit_case(case_id)
    judge = directly[case_id]
    assert fit.fixed.index.tolist() == judge["names"]
    np.testing.assert_allclose(fit.fixed["Estimate"], judge["fixef"], **SAME)
    np.testing.assert_allclose(fit.fixed["Std. Error"], judge["se"], **SAME)
    np.testing.assert_allclose(fit.fixed_covariance, judge["vcov"], **SAME)
    np.testing.assert_allclose(fit.theta, judge["theta"], **SAME)
    np.testing.assert_allclose([fit.sigma, fit.criterion], [judge["sigma"], judge["criterion"]], **SAME)
    assert [fit.n_obs, *fit.n_groups.values()] == [judge["nobs"], *judge["n_groups"]]
    for column in ("grp", "var1", "var2"):
        assert fit.variance[column].tolist() == judge[column]
    np.testing.assert_allclose(fit.variance["vcov"], judge["variance"], **SAME)
    np.testing.assert_allclose(fit.variance["sdcor"], judge["sdcor"], **SAME)
    assert any(message.kind == "singular" for message in fit.convergence.messages) is judge["singular"]


@pytest.mark.slow
@pytest.mark.parametrize("case_id", IDS)
def test_answers_per_row_are_lme4s(case_id, directly):
    """Rows used, fitted values, residuals, fixed-part predictions and the frame are R's."""
    _, engine = fit_case(case_id)
    judge = directly[case_id]
    assert (engine.rows() + 1).tolist() == judge["rows"]
    assert engine.frame().shape[0] == len(judge["rows"])
    np.testing.assert_allclose(engine.fitted(), judge["fitted"], **SAME)
    np.testing.assert_allclose(engine.predict(None, None, allow_new_levels=False), judge["fitted"], **SAME)
    np.testing.assert_allclose(engine.predict(None, "~0", allow_new_levels=False), judge["fixed_part"], **SAME)
    np.testing.assert_allclose(engine.residuals(), judge["residuals"], **SAME)
    np.testing.assert_allclose(engine.residuals("pearson"), judge["pearson"], **SAME)


@pytest.mark.slow
@pytest.mark.parametrize("case_id", IDS)
def test_random_effects_are_lme4s(case_id, directly):
    """Conditional modes and their variances are R's, by group, level and effect."""
    _, engine = fit_case(case_id)
    judge = directly[case_id]
    modes, variances = engine.ranef(), engine.conditional_variances()
    assert list(modes) == list(variances) == judge["groups"]
    for group, frame in modes.items():
        assert frame.index.tolist() == judge["levels"][group]
        np.testing.assert_allclose(frame, judge["modes"][group], **SOLVED)
        diagonals = np.diagonal(variances[group], axis1=1, axis2=2)
        np.testing.assert_allclose(diagonals, judge["variances"][group], **SOLVED)


@pytest.mark.slow
@pytest.mark.parametrize("case_id", IDS)
def test_pieces_and_refits_are_lme4s(case_id, directly):
    """GetME's pieces, the other criterion and the ML refit are R's."""
    fit, engine = fit_case(case_id)
    judge = directly[case_id]
    for name in ("y", "X", "u", "theta"):
        np.testing.assert_allclose(np.asarray(engine.getME(name), dtype=float), judge[name], **SAME)
    criteria = [engine.criterion(REML=fit.model.REML), engine.criterion(REML=False)]
    np.testing.assert_allclose(criteria, [-2 * judge["logLik"], -2 * judge["ML"]], **SAME)
    refit, again = engine.refit(REML=False)
    # an optimizer's run of its own, whose last bits lme4 does not repeat (see lmer_directly.R)
    np.testing.assert_allclose(refit.criterion, judge["refitted"], rtol=1e-9)
    assert refit.model.REML is False
    assert again.fitted().shape == engine.fitted().shape


def test_refit_to_REML_is_the_REML_fit():
    """An ML fit refitted with REML is the model fitted with REML."""
    fit, _ = fit_case("sleep_slope_ml")[1].refit(REML=True)
    np.testing.assert_allclose(fit.criterion, fit_case("sleep_slope")[0].criterion, **SAME)
    assert fit.model.REML


def test_call_reads_as_a_users(sleep):
    """The call in the model is what a user would have typed."""
    assert sleep[0].source.call == "lmer(formula = Reaction ~ Days + (Days | Subject), data = data)"
    model = model_of("Reaction ~ Days + (1 | Subject)", REML=False, weights="Days + 1", control={"optimizer": "bobyqa"})
    fit, _ = lme4.fit(model, data("sleepstudy"))
    assert fit.source.call == (
        "lmer(formula = Reaction ~ Days + (1 | Subject), data = data, REML = FALSE, "
        'control = lmerControl(optimizer = "bobyqa"), weights = Days + 1)'
    )
    assert fit.convergence.optimizer == "bobyqa"


def test_source_names_every_version(sleep):
    """A fit says which lme4 and R made it, and through which door."""
    assert list(sleep[0].source.versions) == ["lme4", "R", _r.current().name]
    assert str(sleep[0].source) == lme4.status().version


#: Names of lmerControl's arguments as Python writes them, and a value that changes the fit or its messages.
CONTROLS = [
    ({"check_conv_singular": "ignore"}, "check.conv.singular"),
    ({"check.conv.singular": {"action": "ignore", "tol": 1e-4}}, "check.conv.singular"),
    ({"optCtrl": {"maxeval": 500}}, "optCtrl"),
    ({"calc_derivs": False, "polish": False}, "calc.derivs"),
    ({"optimizer": "Nelder_Mead", "restart_edge": True}, "restart_edge"),
]


@pytest.mark.parametrize(("control", "name"), CONTROLS)
def test_control_takes_lmerControls_names(control, name):
    """R's names with `_` for `.` reach lmerControl; what is ours does not."""
    fit, _ = lme4.fit(model_of("Yield ~ 1 + (1 | Batch)", control=control), data("Dyestuff2"))
    assert f"{name} = " in fit.source.call
    assert "polish" not in fit.source.call
    assert bool(fit.convergence.messages) is ("ignore" not in str(control))


def test_unknown_control_names_the_known_ones():
    """A misspelt option is an error that lists the options."""
    with pytest.raises(RError, match="lmerControl has no argument 'optimiser': it has optimizer, restart_edge"):
        lme4.fit(model_of("Yield ~ 1 + (1 | Batch)", control={"optimiser": "bobyqa"}), data("Dyestuff"))


def test_start_is_used():
    """With no optimizer the fit stays at the starting values."""
    model = model_of("Reaction ~ Days + (1 | Subject)", start=(0.25,), control={"optimizer": None})
    fit, _ = lme4.fit(model, data("sleepstudy"))
    assert fit.theta.tolist() == [0.25]


#: A fit lme4 refuses, and its words.
REFUSED = [
    ("Reaction ~ 1 + (1 | one)", "grouping factors must have > 1 sampled level"),
    ("Reaction ~ 1 + (1 | each)", "number of levels of each grouping factor must be < number of observations"),
    ("Subject ~ 1 + (1 | Subject)", "response must be numeric"),
    ("none ~ 1 + (1 | Subject)", "0 (non-NA) cases"),
    ("Reaction ~ absent + (1 | Subject)", "object 'absent' not found"),
]


@pytest.mark.parametrize(("formula", "words"), REFUSED)
def test_refused_data_are_explained_after_lme4s_words(formula, words):
    """A refusal is a DataError that says where in the data, raised from R's own error; R stays usable."""
    frame = data("sleepstudy").assign(one="a", each=[f"r{i}" for i in range(180)], none=np.nan)
    with pytest.raises(DataError) as caught:
        lme4.fit(model_of(formula), frame)
    assert isinstance(caught.value.__cause__, RError)
    assert words in caught.value.__cause__.message
    assert words in str(caught.value)
    fit, _ = lme4.fit(model_of("Reaction ~ Days + (Days | Subject)"), frame)
    assert fit.criterion == fit_case("sleep_slope")[0].criterion


def test_error_names_the_call():
    """The error says where in R it was raised."""
    with pytest.raises(DataError) as caught:
        lme4.fit(model_of("none ~ 1 + (1 | Subject)"), data("sleepstudy").assign(none=np.nan))
    assert caught.value.__cause__.call.startswith("lme4::lFormula(formula = none ~ 1 + (1 | Subject), data = data")


def test_messages_are_classified():
    """What lme4 says becomes messages of the record, each once, with its kind."""
    fit, _ = fit_case("dyestuff2_singular")
    assert [(m.kind, m.text) for m in fit.convergence.messages] == [
        ("singular", "boundary (singular) fit: see help('isSingular')")
    ]
    fit, _ = fit_case("rank_deficient")
    assert fit.dropped == ("twice",)
    assert [(m.kind, m.text) for m in fit.convergence.messages] == [
        ("note", "fixed-effect model matrix is rank deficient so dropping 1 column / coefficient")
    ]


def test_order_of_text_levels_is_told():
    """Where R's locale sorts text otherwise than Python does, a note says so, and the first level is R's."""
    frame = data("sleepstudy").assign(arm=["b", "B", "a"] * 60)
    model = model_of("Reaction ~ arm + (1 | Subject)")
    is_told, names = [], []
    for locale in ("en_US", "ASCII"):
        _r.call("icuSetCollate", locale=locale)
        fit, _ = lme4.fit(model, frame)
        is_told.append(any("levels of 'arm'" in message.text for message in fit.convergence.messages))
        names.append(fit.fixed.index.tolist()[1:])
    assert is_told == [True, False]
    assert names == [["armb", "armB"], ["arma", "armb"]]


def test_convergence_warnings_are_messages():
    """An optimizer stopped early is a convergence message in lme4's words, and a code."""
    model = model_of("Reaction ~ Days + (Days | Subject)", control={"optimizer": "bobyqa", "optCtrl": {"maxfun": 10}})
    fit, _ = lme4.fit(model, data("sleepstudy"))
    assert {message.kind for message in fit.convergence.messages} == {"convergence"}
    assert _r.call("ls", name=_r.keep("globalenv").value) == []  # lme4 1.1-31 itself leaves `curWarnings` there
    assert fit.convergence.code != 0
    assert fit.convergence.status != "OK"


def test_data_are_left_alone():
    """The data frame given is not changed."""
    frame = data("sleep_plus")
    lme4.fit(model_of("reaction_gaps ~ days_gaps + cohort + (1 | Subject)"), frame)
    pd.testing.assert_frame_equal(frame, data("sleep_plus"))


def test_getME_of_an_unknown_name(sleep):
    """An unknown piece is an error that lists those there are."""
    with pytest.raises(ValueError, match="getME has no 'zeta': it has X, Z, Zt"):
        sleep[1].getME("zeta")


def test_getME_shapes(sleep):
    """Sparse matrices are scipy's, factors are pandas', vectors are arrays."""
    engine = sleep[1]
    Z, Lambda = engine.getME("Z"), engine.getME("Lambda")
    assert Z.shape == (180, 36)
    assert Lambda.shape == (36, 36)
    np.testing.assert_allclose(Lambda @ engine.getME("u"), engine.getME("b"), **SAME)
    X, beta = engine.getME("X"), engine.getME("beta")
    np.testing.assert_allclose(X @ beta + Z @ engine.getME("b"), engine.getME("mu"), **SAME)
    assert engine.getME("flist")["Subject"].cat.categories.size == 18
    assert engine.getME("cnms")["Subject"] == ["(Intercept)", "Days"]
    assert engine.getME("devcomp")["cmp"]["REML"] == sleep[0].criterion


def test_blocks_of_one_factor_have_joint_covariances():
    """With `||` the blocks are merged; between them the covariance is that of the joint posterior.

    The judge is linear algebra on lme4's own pieces, sigma^2 L (L'Z'ZL + I)^-1 L' (Bates et al. 2015, eq. 56).
    """
    fit, engine = fit_case("sleep_uncorrelated")
    Z, Lambda = engine.getME("Z").toarray(), engine.getME("Lambda").toarray()
    middle = np.linalg.inv(Lambda.T @ Z.T @ Z @ Lambda + np.eye(Z.shape[1]))
    joint = fit.sigma**2 * Lambda @ middle @ Lambda.T
    pairs = np.array([[[joint[i, i], joint[i, 18 + i]], [joint[18 + i, i], joint[18 + i, 18 + i]]] for i in range(18)])
    # dense inverse against CHOLMOD: a few dozen roundings of numbers of the order of 100
    np.testing.assert_allclose(engine.conditional_variances()["Subject"], pairs, rtol=1e-10, atol=1e-10)


#: A level of the last row, which random effects, whether new levels may be, and R's arguments for the same prediction.
PREDICTIONS = [
    ("309", None, False, ""),
    ("309", "~0", False, ", re.form = NA"),
    ("309", "~(1 | Subject)", False, ", re.form = ~(1 | Subject)"),
    ("new", None, True, ", allow.new.levels = TRUE"),
]


@pytest.mark.parametrize(("level", "form", "allow", "arguments"), PREDICTIONS)
def test_predictions_for_new_data(sleep, run_r, level, form, allow, arguments):
    """Predictions for new rows are R's, on text and category alike; columns the model does not know are ignored."""
    days, subjects = [0.5, 20.0, 3.0], ["308", "372", level]
    program = f"""
    library(lme4)
    m <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy, start = theta, control = lmerControl(optimizer = NULL))
    unname(predict(m, data.frame(Days = days, Subject = subjects){arguments}))
    """
    judge = run_r(program, theta=sleep[0].theta.tolist(), days=days, subjects=subjects)
    for column in (subjects, pd.Categorical(subjects), pd.Series(subjects, dtype=object)):
        frame = pd.DataFrame({"Days": days, "Subject": column, "unused": pd.Timestamp("2020-01-01")})
        np.testing.assert_allclose(sleep[1].predict(frame, form, allow_new_levels=allow), judge, **SAME)


def test_missing_number_gives_a_missing_prediction(sleep):
    """A missing predictor gives NaN for its row alone."""
    frame = pd.DataFrame({"Days": [1.0, np.nan], "Subject": ["308", "309"]})
    assert np.isnan(sleep[1].predict(frame, "~0", allow_new_levels=False)).tolist() == [False, True]


def test_some_random_effects_on_the_rows_used():
    """With rows dropped, the prediction from some random effects has one value a row used."""
    frame = data("sleep_plus")
    model = model_of("reaction_gaps ~ Days + (1 | Subject)", na_action="na.exclude")
    _, engine = lme4.fit(model, frame)
    found = engine.predict(None, "~(1 | Subject)", allow_new_levels=False)
    np.testing.assert_allclose(found, engine.fitted(), **SAME)


def test_new_levels_are_refused(sleep):
    """Levels the model has not seen are errors in R's words, of the random and of the fixed part."""
    frame = pd.DataFrame({"Days": [1.0], "Subject": ["new"]})
    with pytest.raises(RError, match="new levels detected in newdata"):
        sleep[1].predict(frame, None, allow_new_levels=False)
    _, engine = fit_case("character_factor")
    with pytest.raises(RError, match="factor cohort has new level weekend"):
        engine.predict(pd.DataFrame({"Days": [1.0], "cohort": ["weekend"]}), "~0", allow_new_levels=False)


def test_missing_factor_gives_a_missing_prediction():
    """A missing category in the fixed part gives NaN for its row alone; lme4 1.1-31 itself stops there."""
    _, engine = fit_case("character_factor")
    frame = data("sleep_plus").head(3)
    expected = engine.predict(frame, "~0", allow_new_levels=False)
    frame.loc[1, "cohort"] = None
    found = engine.predict(frame, "~0", allow_new_levels=False)
    np.testing.assert_allclose(found[[0, 2]], expected[[0, 2]], **SAME)
    assert np.isnan(found[1])


def test_newdata_of_another_type(sleep):
    """Text where numbers were is an error that names the column."""
    with pytest.raises(DataError, match=r"column 'Days' of newdata has type .*, but the model was fitted to float64"):
        sleep[1].predict(pd.DataFrame({"Days": ["a"], "Subject": ["308"]}), None, allow_new_levels=False)


def test_newdata_of_integers_for_categories():
    """A category column made of numbers takes numbers again."""
    frame = data("sleepstudy")
    frame["Subject"] = pd.Categorical(frame["Subject"].astype(str).astype(int))
    _, engine = lme4.fit(model_of("Reaction ~ Days + (Days | Subject)"), frame)
    new = pd.DataFrame({"Days": [1, 2], "Subject": [308, 372]})
    old = fit_case("sleep_slope")[1].predict(new.astype({"Subject": str}), None, allow_new_levels=False)
    np.testing.assert_allclose(engine.predict(new, None, allow_new_levels=False), old, **SAME)


def test_names_and_levels_beyond_ascii():
    """Column names, levels and text cross in any script, and the numbers do not change."""
    subjects = data("sleepstudy")["Subject"].astype(str)
    frame = data("sleepstudy").assign(Größe=lambda d: d["Days"], 被験者=("ß" + subjects).astype("category"))
    fit, engine = lme4.fit(model_of("Reaction ~ Größe + (Größe | 被験者)"), frame)
    assert fit.fixed.index.tolist() == ["(Intercept)", "Größe"]
    assert engine.ranef()["被験者"].index[0] == "ß308"
    np.testing.assert_allclose(fit.criterion, fit_case("sleep_slope")[0].criterion, **SAME)


def test_update_works_on_the_engine(sleep):
    """The merMod underneath finds its data again."""
    answer = _r.call("call_named", name="update", arguments=[sleep[1].underlying])
    assert repr(answer) == "<R lmerMod>"


def test_printed_is_Rs(sleep, run_r):
    """The text R prints for the summary comes over as it is."""
    program = """
    library(lme4)
    m <- lmer(Reaction ~ Days + (Days | Subject), data = sleepstudy)
    paste(capture.output(print(summary(m))), collapse = "\\n")
    """
    assert sleep[1].printed(summary=True).replace("Data: data", "Data: sleepstudy") == run_r(program)


@pytest.mark.slow
def test_engine_pickles(sleep, tmp_path):
    """A fit pickles, and answers in another process."""
    path = tmp_path / "engine.pickle"
    path.write_bytes(pickle.dumps(sleep[1]))
    program = (
        "import pickle, sys; engine = pickle.load(open(sys.argv[1], 'rb'));"
        "print(repr(float(engine.fitted()[7])), engine.getME('n'), engine.refit(REML=False)[0].criterion)"
    )
    done = run_python(program, str(path))
    assert done.stderr == ""
    refit, _ = sleep[1].refit(REML=False)
    assert done.stdout.split() == [repr(float(sleep[1].fitted()[7])), "180", str(refit.criterion)]


def test_structured_terms_need_a_new_lme4():
    """The gap names the term where lme4 is too old for it."""
    gap = lme4.GAPS[0]
    term = gap.term(model_of("Reaction ~ Days + diag(Days | Subject)"))
    too_old = _r_home.numbers(lme4._versions()["lme4"]) < _r_home.numbers("2.0-6")
    assert (term is not None and "diag" in term) is too_old
    assert gap.term(model_of("Reaction ~ Days + (Days || Subject)")) is None
