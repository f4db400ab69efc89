"""Models from R and back: rpy2 objects, .rds files, R functions on a fit, and scripts that Rscript runs."""

from __future__ import annotations

import pickle
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.backends import _r, _rpy2
from tests.cases import FIXTURES, data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMULA = "Reaction ~ Days + (Days | Subject)"

FILES = """
suppressMessages(library(lme4))
d <- read.csv(path); d$Subject <- factor(d$Subject); d$w <- 1 + d$Days
row.names(d) <- paste0("r", seq_len(nrow(d)))
d$Reaction[5] <- NA
plain <- lmer(Reaction ~ Days + (Days | Subject), d, weights = w, subset = Days < 8)
transformed <- lmer(log(Reaction) ~ poly(Days, 2) + (1 | Subject), d, REML = FALSE)
local <- (function(e) lmer(Reaction ~ Days + (1 | Subject), data = e))(d)
saveRDS(plain, "plain.rds"); saveRDS(transformed, "transformed.rds"); saveRDS(local, "local.rds")
saveRDS(lm(Reaction ~ Days, d), "lm.rds")
start <- c(Asym = 200, xmid = 725, scal = 350)
saveRDS(nlmer(circumference ~ SSlogis(age, Asym, xmid, scal) ~ Asym | Tree, Orange, start = start), "nlmer.rds")
describe <- function(m) list(
  fixef = unname(fixef(m)), residuals = unname(residuals(m)), rows = I(names(residuals(m))), hat = unname(hatvalues(m)),
  reml = as.numeric(logLik(m)), new = unname(predict(m, data.frame(Days = 1:2, Subject = c("308", "309"))))
)
list(plain = describe(plain), transformed = describe(transformed), local = describe(local))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Files that R wrote, and what R says of the models in them."""
    from tests.judge import run_r

    folder = tmp_path_factory.mktemp("exchange")
    return folder, run_r(FILES, folder, path=FIXTURES / "data" / "sleepstudy.csv")


@pytest.mark.needs_r
@pytest.mark.parametrize("name", ["plain", "transformed", "local"])
def test_models_that_r_saved_are_read(name: str, files: tuple[Path, dict[str, Any]]) -> None:
    """Row names, weights, a subset, missing rows and data that the file lacks: R's numbers come back."""
    folder, judged = files
    fit, expected = lme.read_rds(folder / f"{name}.rds"), judged[name]
    # 1e-10: R's own numbers, through one more computation of residuals.
    np.testing.assert_allclose(fit.fixef(), expected["fixef"], rtol=1e-10)
    np.testing.assert_allclose(fit.residuals(), expected["residuals"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(fit.hatvalues(), expected["hat"], rtol=1e-8)
    assert [str(row) for row in fit.residuals().index] == expected["rows"]
    assert float(fit.logLik()) == pytest.approx(expected["reml"], rel=1e-10)  # R's own number
    new = pd.DataFrame({"Days": [1, 2], "Subject": ["308", "309"]})
    np.testing.assert_allclose(fit.predict(new), expected["new"], rtol=1e-10)


@pytest.mark.needs_r
def test_a_model_read_can_be_worked_on(files: tuple[Path, dict[str, Any]]) -> None:
    """Updates, refits, standard errors and pickles of a model that came from a file."""
    folder, _ = files
    fit = lme.read_rds(folder / "plain.rds")
    assert fit.record.model.weights == "w"
    assert fit.record.model.subset == "Days < 8"
    assert len(fit.update(". ~ . + I(Days^2)").fixef()) == 3
    assert fit.predict(se_fit=True)["se.fit"].notna().all()
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_series_equal(again.fixef(), fit.fixef())
    lme.write_rds(fit, folder / "written.rds")
    written = lme.read_rds(folder / "written.rds").residuals()  # its rows are numbered: row names lie with the data
    np.testing.assert_array_equal(written.to_numpy(), fit.residuals().to_numpy())


@pytest.mark.needs_r
@pytest.mark.parametrize(
    ("name", "words"),
    [("lm.rds", "no merMod, but an object of class lm"), ("nlmer.rds", "class nlmerMod: linear")],
)
def test_other_models_are_refused(name: str, words: str, files: tuple[Path, dict[str, Any]]) -> None:
    """What the file holds is named."""
    with pytest.raises(lme.DataError, match=words):
        lme.read_rds(files[0] / name)


@pytest.mark.needs_r
def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    """A missing file and one of another kind."""
    with pytest.raises(FileNotFoundError, match=r"none\.rds"):
        lme.read_rds(tmp_path / "none.rds")
    (tmp_path / "text.rds").write_text("no rds")
    with pytest.raises(lme.DataError, match=r"text\.rds"):
        lme.read_rds(tmp_path / "text.rds")


@pytest.mark.needs_r
def test_a_model_in_r_is_seen_from_python() -> None:
    """from_r takes the rpy2 object of a fit, and refuses what is no R object."""
    pytest.importorskip("rpy2")
    with _r.through(_rpy2.DOOR):
        fit = lme.lmer(FORMULA, data("sleepstudy"), backend="lme4")
    seen = lme.from_r(fit.engine.sexp)
    pd.testing.assert_series_equal(seen.fixef(), fit.fixef())
    assert str(seen.summary()) == str(fit.summary())
    with pytest.raises(lme.DataError, match="not int"):
        lme.from_r(3)


@pytest.mark.needs_r
def test_any_function_of_lme4_can_be_called() -> None:
    """r() passes arguments by position and by name, gives back tables, and leaves models in R."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="lme4")
    smaller = fit.update(". ~ . - Days")
    assert lme.r("isSingular", fit).tolist() == [False]
    fixed = lme.r("predict", fit, re_form=lme.NA)
    np.testing.assert_allclose(fixed, fit.predict(re_form=lme.NA), rtol=1e-12)  # the same call of R
    refitted = lme.from_r(lme.r("refitML", fit))
    assert not refitted.isREML()
    table = lme.r("anova", fit, smaller)
    assert list(table.columns[:2]) == ["npar", "AIC"]
    new = lme.r("predict", fit, data("sleepstudy").head(3))
    np.testing.assert_allclose(new, fit.predict().head(3), rtol=1e-12)
    with pytest.raises(lme.RError, match="neither lme4 nor stats has a function 'nosuch'"):
        lme.r("nosuch", fit)


@pytest.mark.needs_r
def test_models_of_other_kinds_are_fitted_by_r() -> None:
    """lmList() and nlmer() take a formula as text and named starting values; what they fit is worked on in R."""
    separate = lme.r("lmList", "Reaction ~ Days | Subject", data("sleepstudy"))
    subject = data("sleepstudy").query("Subject == '308'")
    line = np.polyfit(subject["Days"], subject["Reaction"], 1)[::-1]
    np.testing.assert_allclose(lme.r("coef", separate).loc["308"], line, rtol=1e-10)  # a QR each of 10 x 2 numbers
    growth = data("Orthodont").assign(distance=lambda d: d["distance"] / 10)
    start = pd.Series({"Asym": 3.0, "xmid": 5.0, "scal": 5.0})
    curve = lme.r("nlmer", "distance ~ SSlogis(age, Asym, xmid, scal) ~ Asym | Subject", growth, start=start)
    assert lme.r("fixef", curve).index.tolist() == ["Asym", "xmid", "scal"]
    with pytest.raises(lme.DataError, match="nlmerMod"):
        lme.from_r(curve)


@pytest.mark.needs_r
@pytest.mark.slow
def test_all_optimizers_come_to_one_fit() -> None:
    """allFit() works whichever optimizers R has, and each of its fits can be looked at."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="lme4")
    found = lme.r("allFit", fit, verbose=False)
    assert {"bobyqa", "Nelder_Mead", "nlminbwrap", "nloptwrap.NLOPT_LN_BOBYQA"} <= set(found)
    errors = np.sqrt(np.diagonal(fit.vcov()))
    for handle in found.values():
        # 1e-3 standard errors: what optimizers without derivatives leave.
        assert np.max(np.abs(lme.from_r(handle).fixef() - fit.fixef()) / errors) < 1e-3


def test_without_r_the_ways_to_r_say_so() -> None:
    """A fit with no merMod behind it names the backend that has one."""
    fit = lme.lmer("strength ~ 1 + (1 | batch)", data("Pastes"), backend="native")
    with pytest.raises(lme.UnsupportedByBackend, match=r"no merMod.*backend='lme4'"):
        lme.r("isSingular", fit)


def scripted(name: str) -> lme.MerMod:
    sleep, cake = data("sleepstudy"), data("cake")
    fits: dict[str, Callable[[], lme.MerMod]] = {
        "plain": lambda: lme.lmer(FORMULA, sleep, backend="native"),
        "arrays": lambda: lme.lmer(
            "log(Reaction) ~ Days + (1 | Subject)",
            sleep,
            REML=False,
            weights=1.0 + np.arange(180) % 3,
            offset=np.linspace(0, 1, 180),
            subset=np.arange(180) % 10 < 8,
            backend="native",
        ),
        "coded": lambda: lme.lmer(
            "angle ~ recipe + temp + (1 | recipe:replicate)",
            cake.assign(recipe=cake["recipe"].astype(str), temp=cake["temp"].where(cake["temp"] < 220)),
            contrasts={"recipe": "contr.sum"},
            na_action="na.exclude",
            subset="angle > 20",
            backend="native",
        ),
    }
    return fits[name]()


@pytest.mark.needs_r
@pytest.mark.parametrize("name", ["plain", "arrays", "coded"])
@pytest.mark.parametrize("kind", ["csv", "rds"])
def test_the_script_gives_the_same_fit(name: str, kind: str, tmp_path: Path) -> None:
    """Rscript runs r_code() on the data written out, and comes to the same model."""
    fit = scripted(name)
    fit.data.to_csv(tmp_path / "data.csv", index=False)
    convert = "" if kind == "csv" else 'saveRDS(read.csv("data.csv", na.strings = c("NA", "")), "data.rds")\n'
    report = 'writeLines(sprintf("%.15g", c(fixef(fit), logLik(fit))), "numbers.txt")\n'
    (tmp_path / "fit.R").write_text(convert + fit.r_code(f"data.{kind}") + report, encoding="utf-8")
    done = subprocess.run(["Rscript", "--vanilla", "fit.R"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Linear mixed model fit by" in done.stdout
    numbers = [float(line) for line in (tmp_path / "numbers.txt").read_text().split()]
    errors = np.sqrt(np.diagonal(fit.vcov()))
    # 1e-3 standard errors: lme4's search stops that near the minimum.
    assert np.max(np.abs(np.array(numbers[:-1]) - fit.fixef()) / errors) < 1e-3
    assert numbers[-1] == pytest.approx(float(fit.logLik()), abs=1e-5)  # the criterion is flat at the minimum
