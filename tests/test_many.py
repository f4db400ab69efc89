"""Many models at once: the same fits as one after the other, failures in their places."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.backends import _pool
from tests.cases import data

FORMULAS = ("Reaction ~ Days + (Days | Subject)", "Reaction ~ Days + (1 | Subject)", "Reaction ~ 1 + (1 | Subject)")


def described(**more) -> list[dict]:
    """Models of one data frame."""
    frame = data("sleepstudy")
    return [{"formula": formula, "data": frame, **more} for formula in FORMULAS]


@pytest.fixture
def pool():
    """The pool's workers end with the test."""
    yield
    while _pool._WORKERS:
        _pool._WORKERS.pop().close()


@pytest.mark.needs_r
@pytest.mark.slow
def test_workers_fit_as_one_r_does(pool):
    """Through two processes of R the fits are those of one, bit for bit, in order, and answer later questions."""
    together = lme.fit_many(described(backend="lme4"), jobs=2)
    alone = [lme.lmer(**model) for model in described(backend="lme4")]
    for fit, expected in zip(together, alone, strict=True):
        assert fit.record.model.formula.text == expected.record.model.formula.text
        np.testing.assert_array_equal(fit.fixef(), expected.fixef())
        np.testing.assert_array_equal(fit.ranef()["Subject"], expected.ranef()["Subject"])
    assert len(_pool._WORKERS) == 2


@pytest.mark.needs_r
@pytest.mark.slow
def test_a_frame_is_sent_once_to_each_worker(pool, monkeypatch):
    """Models of one frame and the same columns share what was sent."""
    from lmebridge.backends import _r

    sent = []
    keep = _r.keep
    monkeypatch.setattr(_r, "keep", lambda name, **given: sent.append(name) or keep(name, **given))
    fits = lme.fit_many(described(backend="lme4")[:2] * 4, jobs=2)
    assert all(isinstance(fit, lme.MerMod) for fit in fits)
    assert sent.count("itself") <= 2
    assert sent.count("fit_lmer") == 8


@pytest.mark.needs_r
@pytest.mark.slow
def test_a_dying_r_costs_one_model(pool):
    """A model whose R dies is reported in its place; the others are fitted, and the pool goes on."""
    models = described(backend="lme4") * 2
    deadly = "Reaction ~ I(Days + do.call('quit', list('no'))) + (1 | Subject)"
    models[2] = {**models[2], "formula": deadly, "trust_formula": True}
    with pytest.warns(lme.LmebridgeWarning, match="1 of 6 models failed: RError: R ended while it ran"):
        fits = lme.fit_many(models, jobs=2)
    failed = [number for number, fit in enumerate(fits) if isinstance(fit, Exception)]
    assert failed == [2]
    again = lme.fit_many(described(backend="lme4"), jobs=2)
    assert all(isinstance(fit, lme.MerMod) for fit in again)


@pytest.mark.parametrize("jobs", [1, 2])
def test_without_r_joblib_fits(jobs):
    """The native backend's fits are those of single calls, whatever the number of jobs."""
    fits = lme.fit_many(described(backend="native"), jobs=jobs)
    expected = [lme.lmer(**model) for model in described(backend="native")]
    assert [fit.sigma() for fit in fits] == [fit.sigma() for fit in expected]


@pytest.mark.parametrize("jobs", [1, 2])
def test_failures_stand_in_their_places(jobs):
    """A model that fails is an exception among the fits, and one warning names the reasons."""
    models = described(backend="native")
    models[1] = {**models[1], "formula": "Reaction ~ Dayz + (1 | Subject)"}
    with pytest.warns(lme.LmebridgeWarning, match="1 of 3 models failed: DataError: object 'Dayz' not found"):
        fits = lme.fit_many(models, jobs=jobs)
    assert [type(fit).__name__ for fit in fits] == ["MerMod", "DataError", "MerMod"]


def test_fallback_is_said_once(monkeypatch):
    """Where there is no lme4, forty models warn of it once."""
    from lmebridge.backends import lme4
    from lmebridge.backends.contract import Status

    monkeypatch.setattr(lme4, "status", lambda: Status(usable=False, reason="there is no R", remedy="Install R."))
    monkeypatch.delenv("LMEBRIDGE_BACKEND", raising=False)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        fits = lme.fit_many(described() * 2, jobs=1)
    assert all(isinstance(fit, lme.MerMod) for fit in fits)
    assert [warning.category for warning in heard].count(lme.FallbackWarning) == 1


def test_other_functions_and_pairs():
    """Pairs are fitted too, and by another function where one is named."""
    frame = data("sleepstudy")
    lme.set_backend("native")
    try:
        fits = lme.fit_many([("Reaction ~ Days", frame), {"formula": FORMULAS[0], "data": frame, "function": lme.lmer}],
                            function=lme.lm, jobs=1)  # fmt: skip
    finally:
        lme.set_backend(None)
    assert [type(fit).__name__ for fit in fits] == ["LinearModel", "MerMod"]
    assert lme.fit_many([]) == []


@pytest.mark.parametrize(
    ("models", "jobs", "words"),
    [
        ([{"formula": "y ~ x"}], 1, r"models\[0\] is a dict with 'formula'"),
        (["y ~ x"], 1, r"models\[0\] is a str"),
        ("y ~ x", 1, "models is a str: give a list"),
        ({"formula": "y ~ x", "data": None}, 1, "models is a dict: give a list"),
        (data("sleepstudy"), 1, "models is a DataFrame: give a list"),
        (None, 1, "models is a NoneType: give a list"),
        ([], 0, "jobs=0"),
        ([], -2, "jobs=-2"),
        ([], True, "jobs=True"),
        ([], 1.5, "jobs=1.5"),
    ],
)
def test_what_is_no_model_and_no_number_of_jobs(models, jobs, words):
    """Mistakes in the call itself are raised before anything is fitted."""
    with pytest.raises(ValueError, match=words):
        lme.fit_many(models, jobs=jobs)


@pytest.mark.needs_r
@pytest.mark.slow
def test_ctrl_c_gives_back_what_was_done(tmp_path):
    """After Ctrl-C the fits made so far are there and answer, and R is usable."""
    program = tmp_path / "many.py"
    program.write_text(
        textwrap.dedent("""
        import sys, threading, time, os, signal, warnings
        from pathlib import Path
        import lmebridge as lme
        from tests.cases import data
        frame = data("sleepstudy")
        quick = {"formula": "Reaction ~ Days + (1 | Subject)", "data": frame, "backend": "lme4"}
        start = Path(sys.argv[1])
        sleeps = f"c(file.create(tempfile(tmpdir='{start}')), is.null(Sys.sleep(60)))[1]"
        slow = {**quick, "formula": f"Reaction ~ I(Days + {sleeps}) + (1 | Subject)", "trust_formula": True}
        def press():
            while len(list(start.iterdir())) < 2:
                time.sleep(0.05)
            print("pressed", time.time(), flush=True)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=press, daemon=True).start()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            fits = lme.fit_many([quick, quick, slow, slow, quick], jobs=2)
        print("back", time.time())
        print([type(fit).__name__ for fit in fits], str(heard[-1].message))
        print(len(fits[0].ranef()["Subject"]), lme.lmer(**quick).nobs())
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    started = tmp_path / "started"
    started.mkdir()
    command = [sys.executable, str(program), str(started)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert float(lines[1].split()[1]) - float(lines[0].split()[1]) < 1  # the second that the manual promises
    assert lines[2].startswith("['MerMod', 'MerMod', 'LmebridgeError', 'LmebridgeError', 'LmebridgeError']")
    assert "interrupted after 2 of 5 models" in lines[2]
    assert lines[3] == "18 180"
