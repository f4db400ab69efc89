"""Linear models against R's lm called directly, and against the published lm and OLS outputs."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import lmebridge
from lmebridge import datasets
from lmebridge.errors import DataError, DatasetUnavailable, FormulaError, UnsupportedByBackend
from lmebridge.linear.linear_model import lm
from tests import tables_for_r
from tests.cases import FIXTURES
from tests.judge import run_r

BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "statsmodels", "native"]

# --- R called directly ------------------------------------------------------------------------------------------------

MODELS = [
    # formula, arguments of lm in R, the same in Python
    ("y ~ x", "", {}),
    ("y ~ 1", "", {}),
    ("y ~ 0 + x", "", {}),
    ("y ~ 0 + f + x", "", {}),
    ("log(n) ~ poly(x, 2) + f * o", "", {}),
    ("y ~ xm + fm", "", {}),
    ("y ~ xm + fm", "na.action = na.exclude", {"na_action": "na.exclude"}),
    ("y ~ x + I(2 * x) + w + I(x + w)", "", {}),
    ("y ~ x + f", "weights = wt", {"weights": "wt"}),
    ("y ~ x + f", "weights = wt - 1", {"weights": "wt - 1"}),
    ("y ~ 0 + x", "weights = wt", {"weights": "wt"}),
    ("y ~ x + offset(log(n)) + f", "offset = w", {"offset": "w"}),
    ("y ~ x + f", "subset = n > 3", {"subset": "n > 3"}),
    ("y ~ x + f", "contrasts = list(f = 'contr.sum')", {"contrasts": {"f": "contr.sum"}}),
]

JUDGE = """
d <- read_table(tables, "table")
new <- d[c(3, 5, 7, 11), ]
say <- function(text) {
  m <- suppressWarnings(eval(parse(text = text)))
  s <- summary(m)
  list(coef = I(unname(coef(m))), names = I(names(coef(m))), table = s$coefficients, vcov = unname(vcov(m)),
    sigma = s$sigma, df = df.residual(m), r = s$r.squared, adj = s$adj.r.squared,
    f = if (length(s$fstatistic)) I(unname(s$fstatistic)),
    logLik = c(logLik(m)), ll_df = attr(logLik(m), "df"), AIC = AIC(m), BIC = BIC(m), deviance = deviance(m),
    nobs = nobs(m), fitted = I(unname(fitted(m))), residuals = I(unname(residuals(m))),
    pearson = I(unname(residuals(m, "pearson"))), confint = unname(confint(m, level = 0.9)),
    new = if (grepl("offset = ", text)) NULL else I(unname(suppressWarnings(predict(m, new)))),
    text = paste(capture.output(print(summary(m))), collapse = "\\n"))
}
options(useFancyQuotes = TRUE)
unname(lapply(texts, say))
"""


@pytest.fixture(scope="module")
def table():
    """The table with every kind of column."""
    return tables_for_r.table()


@pytest.fixture(scope="module")
def judged(table, tmp_path_factory):
    """What R's lm says about each model."""
    folder = tmp_path_factory.mktemp("lm")
    tables_for_r.write(table, folder)
    texts = [f"lm({', '.join(filter(None, [formula, 'd', arguments]))})" for formula, arguments, _ in MODELS]
    return run_r(tables_for_r.READ + JUDGE, folder, tables=str(folder), texts=texts)


def near(actual, expected, scale: float = 1.0):
    """Equal to 1e-10: least squares by two QR decompositions of columns whose condition number is below 1e4."""
    wanted = np.array(expected, dtype=float)
    np.testing.assert_allclose(np.asarray(actual, dtype=float), wanted, rtol=1e-10, atol=1e-10 * scale)


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("place", range(len(MODELS)), ids=[f"{formula} {extra}" for formula, extra, _ in MODELS])
def test_accessors_are_rs(place, backend, table, judged):
    """Every accessor gives R's numbers, R's names and R's missing values."""
    formula, _, arguments = MODELS[place]
    fit, judge = lm(formula, table, backend=backend, **arguments), judged[place]
    assert fit.coef().index.tolist() == judge["names"]
    near(fit.coef(), judge["coef"])
    near(fit.coef_table(), judge["table"])
    near(fit.vcov(), judge["vcov"])
    near(fit.confint(level=0.9), judge["confint"])
    assert [fit.df_residual(), fit.logLik().df, fit.nobs()] == [judge["df"], judge["ll_df"], judge["nobs"]]
    numbers = [fit.sigma(), fit.r_squared, fit.adj_r_squared, fit.deviance(), fit.logLik(), fit.AIC(), fit.BIC()]
    near(numbers, [judge[name] for name in ("sigma", "r", "adj", "deviance", "logLik", "AIC", "BIC")])
    near(fit.fstatistic if judge["f"] else [], judge["f"] or [])
    for name in ("fitted", "residuals"):
        near(getattr(fit, name)(), judge[name])
    near(fit.residuals("pearson"), judge["pearson"])


@pytest.mark.needs_r
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("place", range(len(MODELS)), ids=[f"{formula} {extra}" for formula, extra, _ in MODELS])
def test_predictions_for_new_data_are_rs(place, backend, table, judged):
    """New rows are coded as the fit's rows were, with what poly remembers, and keep their own index."""
    formula, _, arguments = MODELS[place]
    if judged[place]["new"] is None:
        pytest.skip("R looks for the offset argument's column in another place")
    new = table.iloc[[2, 4, 6, 10]].set_axis(list("pqrs"))
    predicted = lm(formula, table, backend=backend, **arguments).predict(new)
    assert predicted.index.tolist() == list("pqrs")
    near(predicted, judged[place]["new"])


@pytest.mark.needs_r
@pytest.mark.parametrize("place", range(len(MODELS)), ids=[f"{formula} {extra}" for formula, extra, _ in MODELS])
def test_summary_text_is_rs(place, table, judged):
    """The summary's text is R's, but for the call, without R."""
    formula, _, arguments = MODELS[place]
    ours = str(lm(formula, table, backend="native", **arguments).summary()).split("\n\n")[2:]
    assert ours == judged[place]["text"].split("\n\n")[2:]


# --- published outputs ------------------------------------------------------------------------------------------------


def published(name: str) -> dict:
    """A published output's record."""
    return json.loads((FIXTURES / "published" / f"{name}.json").read_text(encoding="utf-8"))


def prepared(record: dict) -> pd.DataFrame:
    """The data a published output is of."""
    try:
        frame = getattr(datasets, record["data"])()
    except DatasetUnavailable as error:
        pytest.skip(str(error))
    preparation = record.get("preparation")
    return getattr(datasets, preparation)(frame) if preparation else frame


def rounds_to(value: float, printed: str) -> bool:
    """Whether a number is printed so: half a unit of the last digit, and 1e-9 of it for binary rounding."""
    half = 0.5 * 10.0 ** Decimal(printed.rstrip(".")).as_tuple().exponent
    return abs(value - float(printed)) <= half * (1 + 1e-9)


#: What a published quantity is called on a fitted model, by R where R has the name, else by statsmodels.
QUANTITIES = {
    "r.squared": lambda fit: fit.rsquared,
    "adj.r.squared": lambda fit: fit.rsquared_adj,
    "F-statistic": lambda fit: fit.fvalue,
    "Prob (F-statistic)": lambda fit: fit.f_pvalue,
    "logLik": lambda fit: fit.llf,
    "nobs": lambda fit: fit.nobs,
    "AIC": lambda fit: fit.aic,
    "BIC": lambda fit: fit.bic,
    "df.residual": lambda fit: fit.df_resid,
    "Estimate": lambda fit: fit.params,
    "Std. Error": lambda fit: fit.bse,
    "t value": lambda fit: fit.tvalues,
    "Pr(>|t|)": lambda fit: fit.pvalues,
    "2.5 %": lambda fit: fit.confint()["2.5 %"],
    "97.5 %": lambda fit: fit.confint()["97.5 %"],
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "output",
    [
        "hsb_students_ols", "hsb_schools_ols", "hsb_demeaned_ols", "hsb_demeaned_params", "hsb_covary_params",
        "schools_warmup_ols",
    ],
)  # fmt: skip
def test_published_ols_outputs_to_every_digit(output, backend):
    """Each number that OLS.summary() printed, and lm has, rounds to what was printed."""
    record = published(output)
    fit = lm(record["formula"], prepared(record), backend=backend)
    checked = 0
    for quantity, numbers in record["numbers"].items():
        if quantity not in QUANTITIES:
            continue  # tests of the residuals that R's lm does not make
        values = QUANTITIES[quantity](fit)
        for term, printed in numbers.items():
            value = values[term] if term else values
            assert rounds_to(value, printed), f"{quantity} {term}: {value} was printed {printed}"
            checked += 1
    assert checked >= len(record["numbers"]["Estimate"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_published_lm_summary_is_the_text(backend):
    """The summary of england_model7 comes out as it was printed, character for character, below the call."""
    record = published("schools_warmup_lm")
    fit = lm(record["formula"], prepared(record), na_action="na.exclude", backend=backend)
    text = str(fit.summary())
    for line in (
        "-0.37723 -0.04528  0.00333  0.04912  0.30081 ",
        "(Intercept)                       4.6270385  0.0164972 280.473  < 2e-16 ***",
        "OFSTEDRATINGSerious Weaknesses   -0.0602663  0.0162207  -3.715 0.000207 ***",
        "gor_nameNorth East                0.0202813  0.0084342   2.405 0.016250 *  ",
        "ADMPOL_PTSEL                      0.0806871  0.0098281   8.210 3.30e-16 ***",
        "Residual standard error: 0.07492 on 2883 degrees of freedom",
        "  (59 observations deleted due to missingness)",
        "Multiple R-squared:  0.8443,\tAdjusted R-squared:  0.8433 ",
        "F-statistic: 868.5 on 18 and 2883 DF,  p-value: < 2.2e-16",
    ):
        assert line in text.split("\n")


# --- behaviour --------------------------------------------------------------------------------------------------------


def test_na_exclude_pads_and_na_omit_drops(table):
    """Per-row results are on the data's index; na.exclude keeps the omitted rows as NaN."""
    named = table.set_axis([f"row{i}" for i in range(len(table))])
    omitted = named["xm"].isna()
    dropped = lm("y ~ xm", named, backend="native").residuals()
    padded = lm("y ~ xm", named, na_action="na.exclude", backend="native").residuals()
    assert dropped.index.tolist() == named.index[~omitted].tolist()
    assert padded.index.tolist() == named.index.tolist()
    assert padded.isna().tolist() == omitted.tolist()
    pd.testing.assert_series_equal(padded.dropna(), dropped)


def test_dependent_columns_have_no_estimate(table):
    """As in R, a column that depends on earlier ones is NaN in coef and vcov, and has no row in the table."""
    fit = lm("y ~ x + I(2 * x) + w", table, backend="native")
    assert fit.coef().isna().tolist() == [False, False, True, False]
    assert "I(2 * x)" not in fit.coef_table().index
    assert fit.vcov()["I(2 * x)"].isna().all()


def test_statsmodels_criteria_do_not_count_the_variance(table):
    """R's AIC counts the residual variance among the parameters; statsmodels' does not."""
    fit = lm("y ~ x", table, backend="statsmodels")
    assert fit.AIC() - fit.aic == pytest.approx(2)
    assert fit.engine.aic == pytest.approx(fit.aic)
    assert fit.engine.bic == pytest.approx(fit.bic)


def test_arrays_as_weights_and_offset(table):
    """Weights and offset given as arrays are those columns."""
    by_name = lm("y ~ x", table, weights="wt", offset="w", backend="native")
    by_array = lm("y ~ x", table, weights=table["wt"].to_numpy(), offset=table["w"].to_numpy(), backend="native")
    pd.testing.assert_series_equal(by_array.coef(), by_name.coef())


def test_random_effects_are_refused(table):
    """A formula with a bar is for lmer, and the error points at the bar."""
    with pytest.raises(FormulaError, match=r"lm fits no random effects[\s\S]*\^[\s\S]*lmer"):
        lm("y ~ x + (1 | g)", table, backend="native")


def test_unknown_column_and_unknown_type_of_residuals(table):
    """Mistakes are named."""
    with pytest.raises(DataError, match="xx"):
        lm("y ~ xx", table, backend="native")
    with pytest.raises(ValueError, match="'response' or 'pearson'"):
        lm("y ~ x", table, backend="native").residuals("deviance")


@pytest.mark.needs_pymer4
def test_pymer4_fits_no_linear_models(table):
    """pymer4 is for mixed models here."""
    with pytest.raises(UnsupportedByBackend, match="no linear models"):
        lm("y ~ x", table, backend="pymer4")


@pytest.mark.parametrize("backend", BACKENDS)
def test_model_pickles(backend, table):
    """A fitted model crosses to another process and still predicts."""
    fit = lm("y ~ poly(x, 2)", table, backend=backend)
    back = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_series_equal(back.predict(table.head(3)), fit.predict(table.head(3)))


def test_backend_names_what_fitted(table):
    """The versions that matter are named."""
    assert lm("y ~ x", table, backend="native").backend == f"lmebridge {lmebridge.__version__}"
