"""The two doors to R: the same numbers through either, the choice between them, and what is said where none opens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import lmebridge as lme
from lmebridge.backends import _r, _r_home, _rpy2
from lmebridge.backends._worker import Worker
from tests.cases import CASES, data

if TYPE_CHECKING:
    from pathlib import Path

FORMULA = "Reaction ~ Days + (Days | Subject)"
#: Cases whose last bits R 4.2.2 with lme4 1.1-31 does not itself repeat: of 12 runs of one Rscript on penicillin, 6
#: ended at one theta and 6 at another, 1.5e-10 apart (team_slopes, singular: 1e-4). At one theta the Cholesky factor is
#: the same in every run, and the solution for the fixed effects differs in its last bit by where the system has put
#: the process in memory: with random addresses turned off (setarch -R) all runs are alike.
NOT_REPEATED_BY_R = ("penicillin", "penicillin_ml", "random_interaction", "team_slopes")

needs_rpy2 = pytest.mark.skipif(not _r_home.find_rpy2(), reason="rpy2 is not installed")


def without_random_addresses() -> list[str]:
    """What starts a program at the same addresses each time, empty where the system refuses."""
    command = ["setarch", "-R"]
    if shutil.which("setarch") is None:
        return []
    refused = subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    return [] if refused else command


@pytest.fixture
def chosen():
    """Undo a test's choice of a door."""
    before = _r._CHOSEN[0]
    yield
    _r._CHOSEN[0] = before


@pytest.mark.slow
@pytest.mark.needs_r
@needs_rpy2
def test_both_doors_give_the_same_bits():
    """Every case fitted and asked everything through either door: each answer is the same, bit for bit."""
    prefix = without_random_addresses()
    left_out = () if prefix else NOT_REPEATED_BY_R
    command = [*prefix, sys.executable, "-m", "tests.backends.both_doors", *left_out]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["differing"] == []
    assert found["compared"] >= 60 * (len(CASES) - len(left_out))  # questions a case, fewer for the two largest


@pytest.mark.needs_r
@needs_rpy2
@pytest.mark.parametrize("name", ["rpy2", "worker"])
def test_a_model_answers_where_it_lives(chosen, name):
    """The choice of a door is for new models: one that was fitted before goes on answering through its own."""
    lme.set_r(name)
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="lme4")
    assert list(fit.record.source.versions)[-1] == name
    lme.set_r("worker" if name == "rpy2" else "rpy2")
    assert fit.predict().shape == (180,)
    assert fit.engine.hold.door.name == name


@pytest.mark.needs_r
@needs_rpy2
def test_models_of_both_doors_meet(chosen):
    """A call with models from either door works: one of them is copied to where the other lives."""
    lme.set_r("worker")
    small = lme.lmer("Reaction ~ Days + (1 | Subject)", data("sleepstudy"), REML=False, backend="lme4")
    lme.set_r("rpy2")
    large = lme.lmer(FORMULA, data("sleepstudy"), REML=False, backend="lme4")
    table = lme.anova(small, large)
    # lme4's own anova: Chisq 42.139 on 2 df (Bates et al. 2015, section 5.1, prints the REML fits' refitted ones so)
    assert table["Chisq"].iloc[1] == pytest.approx(42.139, abs=5e-4)  # half a unit of the last digit printed


@pytest.mark.needs_r
def test_the_worker_needs_no_rpy2():
    """Without rpy2 the lme4 backend is usable, says which door it has, and fits; nothing of rpy2 is loaded."""
    program = (
        "import sys; sys.modules['rpy2'] = None\n"
        "from lmebridge.backends import _r_home; _r_home.find_rpy2 = lambda: ''\n"
        "import lmebridge as lme\n"
        "row = lme.backends().loc['lme4']\n"
        "print(row['usable'], '|', row['version'])\n"
        "from tests.cases import data\n"
        f"fit = lme.lmer({FORMULA!r}, data('sleepstudy'))\n"
        "print(round(float(fit.REMLcrit()), 4))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "LMEBRIDGE_R"}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    said, fitted = done.stdout.splitlines()
    assert said.startswith("True | lme4 ")
    assert said.endswith("worker 1")
    assert fitted == "1743.6283"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"door": "jri"}, "there is no door 'jri' to R; there are 'auto', 'rpy2', 'worker'"),
        ({"door": "worker", "timeout": 0}, "timeout is 0, and should be above 0"),
        ({"door": "rpy2", "memory_limit": 10**9}, "are the worker's: rpy2 runs R in this process"),
    ],
)
def test_wrong_choices(chosen, arguments, words):
    """A choice that cannot be meant is refused, and the one before holds."""
    before = _r._CHOSEN[0]
    with pytest.raises(ValueError, match=words):
        lme.set_r(**arguments)
    assert _r._CHOSEN[0] == before


def test_the_variable_chooses(chosen, monkeypatch):
    """LMEBRIDGE_R names the door where no call has; limits given to auto mean the worker, which alone has them."""
    lme.set_r()
    monkeypatch.setenv("LMEBRIDGE_R", "worker")
    assert isinstance(_r.current(), Worker)
    monkeypatch.setenv("LMEBRIDGE_R", "rpy2")
    assert _r.current() is _rpy2.DOOR
    monkeypatch.setenv("LMEBRIDGE_R", "auto")
    lme.set_r("auto", timeout=60)
    assert isinstance(_r.current(), Worker)


def status_of(environment: dict[str, str]) -> str:
    """What the lme4 backend says of itself in another environment."""
    program = "from lmebridge.backends import lme4; s = lme4.status(); print(s.usable, '|', s.reason, '|', s.remedy)"
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def script(folder: Path, text: str) -> str:
    """A program in place of Rscript."""
    path = folder / "Rscript"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.needs_r
def test_an_r_without_lme4(tmp_path):
    """Where R has no lme4 the status says so, and how to install it."""
    rscript = shutil.which("Rscript")
    # the packages that come with R are in R_HOME/library; the rest is where these variables say
    text = f'R_LIBS=/none R_LIBS_USER=/none R_LIBS_SITE=/none exec {rscript} "$@"'
    environment = {**os.environ, "LMEBRIDGE_R": "worker", "LMEBRIDGE_RSCRIPT": script(tmp_path, text)}
    said = status_of(environment)
    assert said.startswith("False | ")
    assert "has no package lme4" in said
    assert 'install.packages("lme4")' in said


#: What stands in the place of Rscript, and what is said.
NO_R = [
    ("echo this is not R; exit 7", ["did not start (exit status 7, its last words were:", "this is not R"]),
    ("kill -9 $$", ["did not start (killed by SIGKILL)"]),
]


@pytest.mark.parametrize(("text", "words"), NO_R)
def test_what_is_no_r(tmp_path, text, words):
    """A program that is not R is named with its last words."""
    said = status_of({**os.environ, "LMEBRIDGE_R": "worker", "LMEBRIDGE_RSCRIPT": script(tmp_path, text)})
    assert said.startswith("False | ")
    assert [word for word in words if word not in said] == []


def test_no_rscript_where_it_is_said_to_be(tmp_path):
    """LMEBRIDGE_RSCRIPT that names nothing is told, not passed over for another R."""
    said = status_of({**os.environ, "LMEBRIDGE_R": "worker", "LMEBRIDGE_RSCRIPT": str(tmp_path / "absent")})
    assert "False | LMEBRIDGE_RSCRIPT is '" in said
    assert "which is no program that can be run" in said
