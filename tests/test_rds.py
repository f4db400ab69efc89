"""Files of R's saveRDS: written of any fit, and errors that say what a file is."""

from __future__ import annotations

import gzip
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.backends import lme4
from lmebridge.backends.contract import Status
from tests.cases import data
from tests.judge import run_r

if TYPE_CHECKING:
    from pathlib import Path

#: What plain R, with lme4 attached and nothing of lmebridge, says of a model in a file.
READ = """
suppressMessages(library(lme4))
m <- readRDS(file)
list(
  fixef = unname(fixef(m)), se = unname(sqrt(diag(as.matrix(vcov(m))))), sdcor = as.data.frame(VarCorr(m))$sdcor,
  theta = I(unname(getME(m, "theta"))), logLik = as.numeric(logLik(m)), fitted = unname(fitted(m)),
  ranef = ranef(m)[[1]][[1]], new = unname(predict(m, new_rows(m), allow.new.levels = TRUE)),
  smaller = tryCatch(length(fixef(update(m, . ~ . - Days))), error = conditionMessage),
  optimizer = m@optinfo$optimizer, conv = m@optinfo$conv$opt, call = m@call, singular = isSingular(m)
)
"""
NEW = 'new_rows <- function(m) data.frame(Days = c(1, 20), Subject = c("308", "new"))\n'
SLEEP = "Reaction ~ Days + (Days | Subject)"

FITS: dict[str, dict[str, Any]] = {
    "plain": {"formula": SLEEP},
    "singular": {"formula": "Reaction ~ Days + (1 | Subject) + (0 + noise | Subject)"},
    "arrays": {
        "formula": "log(Reaction) ~ Days + (1 | Subject)",
        "REML": False,
        "weights": 1.0 + np.arange(180) % 3,
        "subset": np.arange(180) % 10 < 8,
    },
}


def fitted(name: str, backend: str = "native") -> lme.MerMod:
    frame = data("sleepstudy")
    noise = frame["Days"].to_numpy() * np.where(np.arange(180) // 10 % 2, 0.0, 1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lme.SingularFitWarning)
        return lme.lmer(data=frame.assign(noise=noise), backend=backend, **FITS[name])


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize(("name", "backend"), [*((name, "native") for name in FITS), ("plain", "statsmodels")])
def test_a_fit_made_without_r_is_read_in_r(name: str, backend: str, tmp_path: Path) -> None:
    """lme4 in a plain R session has the same numbers in the file, predicts from it and updates it."""
    fit = fitted(name, backend)
    lme.write_rds(fit, tmp_path / "fit.rds")
    program = READ if name != "singular" else READ.replace("new_rows(m)", "cbind(new_rows(m), noise = 0)")
    found = run_r(NEW + program, tmp_path, file="fit.rds")
    np.testing.assert_array_equal(found["theta"], fit.record.theta)  # handed over, not searched for
    # 1e-8: lme4 solves the same problem at the same theta, by another factorization.
    np.testing.assert_allclose(found["fixef"], fit.fixef(), rtol=1e-8)
    np.testing.assert_allclose(found["se"], fit.bse, rtol=1e-8)
    np.testing.assert_allclose(found["fitted"], fit.fitted(), rtol=1e-8)
    np.testing.assert_allclose(found["logLik"], float(fit.logLik()), rtol=1e-10)
    modes = fit.ranef()["Subject"].iloc[:, 0]
    np.testing.assert_allclose(found["ranef"], modes, rtol=1e-6, atol=1e-8 * modes.abs().max())  # zeros among them
    sdcor = [np.nan if value is None or value == "NaN" else value for value in found["sdcor"]]
    np.testing.assert_allclose(sdcor, fit.VarCorr().to_frame()["sdcor"], rtol=1e-8, atol=1e-12)
    rows = pd.DataFrame({"Days": [1, 20], "Subject": ["308", "new"], "noise": 0.0})
    np.testing.assert_allclose(found["new"], fit.predict(rows, allow_new_levels=True), rtol=1e-8)
    assert found["singular"] == fit.isSingular()
    assert found["smaller"] == 1
    assert found["conv"] == 0
    assert "start" not in found["call"]
    assert "control" not in found["call"]


@pytest.mark.needs_r
def test_what_was_written_comes_back(tmp_path: Path) -> None:
    """read_rds gives the fit that write_rds wrote, now with a merMod behind it."""
    fit = fitted("plain")
    lme.write_rds(fit, tmp_path / "fit.rds")
    again = lme.read_rds(tmp_path / "fit.rds")
    np.testing.assert_allclose(again.fixef(), fit.fixef(), rtol=1e-8)  # the same theta, another factorization
    assert again.messages == ()
    assert lme.r("isSingular", again).tolist() == [False]


def test_without_r_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merMod is made by R: where R cannot be used, why not and what to do."""
    monkeypatch.setattr(lme4, "status", lambda: Status(usable=False, reason="no R was found", remedy="Install R"))
    with pytest.raises(lme.BackendUnavailable, match=r"no R was found, and a merMod is made by R\. Install R"):
        lme.write_rds(fitted("plain"), tmp_path / "fit.rds")
    assert not (tmp_path / "fit.rds").exists()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """MixedLM's own estimates are at no optimum of lme4's, and a folder must be there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = lme.lmer(SLEEP, data("sleepstudy"), backend="statsmodels", control={"polish": False})
    with pytest.raises(lme.UnsupportedByBackend, match="polish"):
        lme.write_rds(own, tmp_path / "fit.rds")
    with pytest.raises(lme.LmebridgeError, match=r"there is no folder .*nowhere to write fit\.rds in: make it first"):
        lme.write_rds(fitted("plain"), tmp_path / "nowhere" / "fit.rds")


WRITTEN = """
suppressMessages(library(lme4))
m <- lmer(Yield ~ 1 + (1 | Batch), Dyestuff)
save(m, file = "workspace.RData"); file.copy("workspace.RData", "workspace.rds")
saveRDS(list(model = m), "list.rds"); saveRDS(1:3, "numbers.rds")
saveRDS(m, "model.rds"); saveRDS(m, "ascii.rds", ascii = TRUE)
saveRDS(m, "plain.rds", compress = FALSE); saveRDS(m, "bzip.rds", compress = "bzip2")
saveRDS(m, "xz.rds", compress = "xz")
newer <- m
attributes(newer)$resp <- NULL       # a slot that this lme4 looks for is not there, as in a class that has changed
attributes(newer)$response_module <- "another"
saveRDS(newer, "newer.rds")
as.character(getRversion())
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Files that R wrote, and R's version."""
    folder = tmp_path_factory.mktemp("written")
    return folder, run_r(WRITTEN, folder)


@pytest.mark.needs_r
@pytest.mark.parametrize("name", ["model", "ascii", "plain", "bzip", "xz"])
def test_every_compression_is_read(name: str, written: tuple[Path, str]) -> None:
    """The forms of saveRDS: gzip, bzip2, xz, none, and ASCII."""
    assert lme.read_rds(written[0] / f"{name}.rds").ngrps()["Batch"] == 6


@pytest.mark.needs_r
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list.rds", "list.rds: this is no merMod, but an object of class list. Expected a model that lme4's lmer"),
        ("numbers.rds", "an object of class integer"),
        ("workspace.rds", r"a workspace that R's save\(\) wrote.* saveRDS\(model, .workspace.rds.\)"),
        ("newer.rds", r"this R's lme4 cannot work with: no slot of name .*written by R {version}.*Update lme4 here"),
    ],
)
def test_other_contents_are_named(name: str, words: str, written: tuple[Path, str]) -> None:
    """What the file holds, what was expected, and what to do."""
    with pytest.raises(lme.DataError, match=words.replace("{version}", written[1])):
        lme.read_rds(written[0] / name)


def test_files_that_r_did_not_write_are_named(tmp_path: Path) -> None:
    """Text, nothing, compressed text, a folder, and no file: each is told from the others before R is asked."""
    (tmp_path / "text.rds").write_text("no rds")
    (tmp_path / "empty.rds").write_bytes(b"")
    (tmp_path / "packed.rds").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    cases = {"text.rds": "begins with b'no rds'", "empty.rds": "it is empty", "packed.rds": "begins with b'a,b"}
    for name, words in cases.items():
        with pytest.raises(lme.DataError, match=f"{name} is no .rds file: it .*saveRDS") as caught:
            lme.read_rds(tmp_path / name)
        assert words in str(caught.value)
    with pytest.raises(FileNotFoundError, match=r"there is no file .*txt\.rds\. Did you mean text\.rds"):
        lme.read_rds(tmp_path / "txt.rds")
    with pytest.raises(FileNotFoundError, match="nor a folder"):
        lme.read_rds(tmp_path / "nowhere" / "fit.rds")
    with pytest.raises(FileNotFoundError, match=r"is a folder: name the \.rds file in it"):
        lme.read_rds(tmp_path)


@pytest.mark.needs_r
def test_half_a_file_is_refused(written: tuple[Path, str], tmp_path: Path) -> None:
    """A download that broke off begins well; R's words and what to do."""
    shutil.copy(written[0] / "plain.rds", tmp_path / "half.rds")
    whole = (tmp_path / "half.rds").read_bytes()
    (tmp_path / "half.rds").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(lme.DataError, match=r"R cannot read half\.rds: .*Copy it again"):
        lme.read_rds(tmp_path / "half.rds")
