"""The command line: what is asked is printed, what is wrong is one message and a status, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lmebridge.cli import main
from lmebridge.datasets import files as datafiles
from tests.cases import FIXTURES

SLEEP = str(FIXTURES / "data" / "sleepstudy.csv")


def test_fit_prints_the_summary(capsys):
    """The numbers are those of lme4's own example (Bates et al. 2015, section 1.2), with what fitted them."""
    assert main(["fit", "Reaction ~ Days + (Days | Subject)", SLEEP, "--backend", "native"]) == 0
    printed = capsys.readouterr().out
    assert "REML criterion at convergence: 1743.6" in printed
    assert "(Intercept)  251.405      6.825  36.838" in printed
    assert "Days          10.467      1.546   6.771" in printed
    assert "Fitted by lmebridge" in printed


def test_fit_takes_the_options_of_lmer(capsys):
    """ML, weights, offset, subset, na.action and contrasts reach the fit."""
    options = ["--ML", "--weights", "1 + Days", "--offset", "Days", "--subset", "Days > 1", "--na-action", "na.exclude"]
    data = str(FIXTURES / "data" / "sleep_plus.csv")
    formula = "Reaction ~ Days + cohort + (1 | Subject)"
    assert main(["fit", formula, data, "--backend", "native", "--contrast", "cohort=contr.sum", *options]) == 0
    printed = capsys.readouterr().out
    assert "fit by maximum likelihood" in printed
    assert "cohort1" in printed
    assert "Number of obs: 144" in printed


@pytest.mark.needs_r
def test_fit_of_a_family_is_glmer(capsys):
    """A family makes it a generalized model; the numbers are those that R's help page of `glmer` prints."""
    formula = "cbind(incidence, size - incidence) ~ factor(period) + (1 | herd)"
    assert main(["fit", formula, str(FIXTURES / "data" / "cbpp.csv"), "--family", "binomial"]) == 0
    assert "(Intercept)      -1.3983     0.2312  -6.048" in capsys.readouterr().out


def test_fit_without_a_bar_is_lm(capsys):
    """A formula without random effects is a linear model."""
    assert main(["fit", "mathach ~ ses", "hsb", "--backend", "native"]) == 0
    printed = capsys.readouterr().out
    assert "Residual standard error" in printed
    assert "ses          3.18387    0.09712   32.78" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Reaction ~ Days + (1 | )", SLEEP], "needs a grouping factor"),
        (["Reaction ~ Dais + (1 | Subject)", SLEEP], "Did you mean 'Days'"),
        (["Reaction ~ system('ls') + (1 | Subject)", SLEEP], "system"),
        (["Reaction ~ Days + (1 | Subject)", "nowhere.csv"], "there is no file nowhere.csv"),
        (["Reaction ~ Days + (1 | Subject)", "table.xyz"], "this kind of file is not read"),
        (["Reaction ~ Days + (1 | Subject)", SLEEP, "--contrast", "Days"], "FACTOR=CONTRASTS"),
    ],
)
def test_what_is_wrong_is_one_message(arguments, message, capsys):
    """A mistake gives status 2 and a message that says what it is."""
    assert main(["fit", *arguments, "--backend", "native"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lmebridge: ")
    assert message in said.err
    assert "Traceback" not in said.err


def test_warnings_are_one_line(capsys):
    """What lme4 warns of is printed on the side, and the summary still comes."""
    data = str(FIXTURES / "data" / "Dyestuff2.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.filters", [])
        assert main(["fit", "Yield ~ 1 + (1 | Batch)", data, "--backend", "native"]) == 0
    said = capsys.readouterr()
    assert said.err == "lmebridge: boundary (singular) fit: see help('isSingular')\n"
    assert "Number of obs: 30" in said.out


def test_data_list_and_path(capsys):
    """The example data are listed with their places, and a path is printed alone for use in scripts."""
    assert main(["data", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in datafiles.DATASETS)
    assert main(["data", "path", "hsb"]) == 0
    assert capsys.readouterr().out.strip() == str(datafiles.path("hsb"))


def test_licensed_data_are_not_fetched(capsys, monkeypatch, tmp_path):
    """`data fetch lsype` says where to register."""
    monkeypatch.setattr(datafiles, "cache_folder", lambda: tmp_path)
    assert main(["data", "fetch", "lsype"]) == 2
    assert "UK Data Service" in capsys.readouterr().err


def test_python_m_is_the_command():
    """``python -m lmebridge`` runs the same program."""
    done = subprocess.run([sys.executable, "-m", "lmebridge", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("lmebridge ")


def test_nothing_to_do_shows_the_commands(capsys):
    """Without a command the program says which there are."""
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["native", "statsmodels"])
def test_demo_without_the_unshipped_data(backend, capsys, monkeypatch, tmp_path):
    """With nothing but the package the demo runs on what ships, and says how to get the rest."""
    monkeypatch.setenv(datafiles.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr(datafiles, "cache_folder", lambda: tmp_path)
    from lmebridge.demo import trials

    trials.load.cache_clear()
    trials.fit_once.cache_clear()
    assert main(["demo", "--backend", backend]) == 0
    printed = capsys.readouterr().out
    assert "mathach ~ ses + sector + sector:ses + (1 | schoolid)" in printed
    assert "published" in printed
    assert "lmebridge data fetch school_data_2223" in printed
    assert "numbers agree, in 16 published outputs" in printed


def test_parity_compares_the_backends(capsys, tmp_path):
    """Every backend named is fitted, and the report goes to the files asked for."""
    files = ["--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    backends = ["--backend", "native", "--backend", "statsmodels"]
    assert main(["parity", "Reaction ~ Days + (Days | Subject)", SLEEP, *backends, *files]) == 0
    assert "same optimum" in capsys.readouterr().out
    assert json.loads((tmp_path / "r.json").read_text())["ok"] is True
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(("criterion", "status"), [("1786.465", 0), ("1786.565", 1)])
def test_verify_holds_a_document_to_its_data(criterion, status, capsys, tmp_path):
    """A document that is right passes; one wrong digit is status 1, with its line."""
    document = tmp_path / "page.txt"
    document.write_text(PAGE.format(criterion=criterion), encoding="utf-8")
    given = ["--data", f"sleepstudy={SLEEP}", "--backend", "native", "--json", str(tmp_path / "r.json")]
    assert main(["verify", str(document), *given]) == status
    printed = capsys.readouterr().out
    assert "page.txt: 1 output; 7 numbers" in printed
    assert ("line 4: criterion REML: 1786.565 against 1786.4651" in printed) == bool(status)
    assert json.loads((tmp_path / "r.json").read_text())["ok"] is not bool(status)


def test_verify_runs_a_setup_and_allows_what_is_allowed(capsys, tmp_path):
    """The setup makes the data; an output that is not fitted may be let pass; --all shows every number."""
    document, setup = tmp_path / "page.txt", tmp_path / "prepare.py"
    document.write_text(
        PAGE.format(criterion="1786.465") + "\n(Intercept)  other\n      1.5    2.5\n", encoding="utf-8"
    )
    setup.write_text("sleepstudy = raw.rename(columns={'days': 'Days'})\n", encoding="utf-8")
    raw = tmp_path / "raw.csv"
    raw.write_text(Path(SLEEP).read_text().replace("Days", "days"), encoding="utf-8")
    call = ["verify", str(document), "--data", f"raw={raw}", "--setup", str(setup), "--backend", "native"]
    assert main(call) == 1
    assert main([*call, "--allow", "unchecked", "--all"]) == 0
    assert "holds: line 4: criterion REML: 1786.465 against 1786.4651" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, [], "cannot be read: No such file"),
        (b"\xff\xfe\x00", [], "is not UTF-8 text"),
        (b"a\0b", [], "binary"),
        (b"prose alone", [], "has no output of R or statsmodels"),
        (b"prose", ["--data", "sleepstudy"], "--data NAME=FILE"),
        (b"prose", ["--data", "d=nowhere.csv"], "there is no file nowhere.csv"),
        (b"prose", ["--name", "=x"], "--name PRINTED=NAME"),
        (b"prose", ["--setup", "nowhere.py"], "there is no setup script nowhere.py"),
    ],
)
def test_wrong_input_of_verify_is_one_message(content, arguments, message, capsys, tmp_path):
    """Status 2 and what is wrong."""
    document = tmp_path / "page.txt"
    if content is not None:
        document.write_bytes(content)
    assert main(["verify", str(document), *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err


PAGE = """Linear mixed model fit by REML ['lmerMod']
Formula: Reaction ~ Days + (1 | Subject)
   Data: sleepstudy
REML criterion at convergence: {criterion}
Random effects:
 Groups   Name        Std.Dev.
 Subject  (Intercept) 37.12
 Residual             30.99
Number of obs: 180, groups:  Subject, 18
Fixed Effects:
(Intercept)         Days
     251.41        10.47
"""
