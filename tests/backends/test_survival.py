"""What the worker survives: R that dies at any moment, too little memory or disk, threads, forks, and many starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.backends import _pool, _process, _r, _r_home
from lmebridge.backends._worker import Limits, Worker
from lmebridge.errors import RError
from tests.backends.test_worker import PLAIN, assert_fits, evaluate, fitted, is_gone
from tests.backends.test_worker import worker as worker  # noqa: PLC0414 - a fixture of that module
from tests.cases import data
from tests.forks import fork

pytestmark = pytest.mark.needs_r

needs_rpy2 = pytest.mark.skipif(not _r_home.find_rpy2(), reason="rpy2 is not installed")
DOORS = ["worker", pytest.param("rpy2", marks=needs_rpy2)]
ROOT = Path(__file__).parents[2]

#: Numbers that fill the pipe many times over.
LARGE = 4_000_000


# --- R that dies ------------------------------------------------------------------------------------------------------


def test_a_fault_at_rest(worker):
    """R that faults between two calls is started again; its model is refused with the signal's name."""
    model = fitted()
    os.kill(worker.greeting["pid"][0], signal.SIGSEGV)
    worker.life.process.popen.wait()
    assert_fits()
    with pytest.raises(RError, match=r"the model lived in a process of R that is gone \(killed by SIGSEGV\)"):
        _r.call("extract", model=model)


#: What a formula may call that ends R in the midst of a fit, and how that is told.
WITHIN_A_FIT = [
    ("tools::pskill(Sys.getpid(), 11L)", "killed by SIGSEGV"),
    ("{ cat('the last word\\n'); stop(quit('no', 3L)) }", r"exit status 3, its last words were:\n    the last word"),
]


@pytest.mark.parametrize(("code", "words"), WITHIN_A_FIT)
def test_a_fit_that_ends_r(worker, code, words):
    """R that ends while the model frame is made is an error that says how it ended, and the next fit is correct."""
    with pytest.raises(RError, match=rf"(?s)R ended while it ran `fit_lmer`: {words}"):
        fitted(f"Days + {code}")
    assert_fits()


def test_r_killed_within_an_optimization(worker):
    """A fit of many seconds whose R is killed from outside raises, and the next fit is correct."""
    generator = np.random.default_rng(1)
    columns = {name: generator.integers(0, 3000, 60_000) for name in ("first", "second")}
    frame = pd.DataFrame({"y": generator.normal(size=60_000), "x": generator.normal(size=60_000), **columns})
    assert_fits()  # lme4 is loaded, so that what is killed is the fit
    killer = threading.Timer(1, os.kill, (worker.greeting["pid"][0], signal.SIGKILL))
    killer.start()
    with pytest.raises(RError, match="R ended while it ran `fit_lmer`: killed by SIGKILL"):
        _r.keep("fit_lmer", data=frame, formula="y ~ x + (x | first) + (x | second)", options=PLAIN)
    killer.join()
    assert_fits()


def test_quit_within_a_function_that_r_calls(worker):
    """A user's function that quits R while lme4's bootMer calls it costs that call and what lived there, no more."""
    model = fitted()
    quits = _r.keep("eval", expr=_r.keep("str2lang", s="function(fit) quit('no')").value).value
    named = {"FUN": quits, "nsim": 2.0}
    with pytest.raises(RError, match="R ended while it ran `call_function`: exit status 0"):
        _r.call("call_function", name="bootMer", positional=[model], named=named)
    assert model.is_lost
    assert_fits()


@pytest.mark.parametrize("deadly", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize("half", ["_write", "_read"])
def test_r_killed_within_a_frame(worker, monkeypatch, deadly, half):
    """R that dies when part of a frame is through, in either direction, costs that call, and no byte of it is left."""
    worker.open()
    turn = getattr(_process.Process, half)
    killed: list[int] = []

    def one_turn_then_death(process: _process.Process) -> None:
        turn(process)
        missing = sum(map(len, process.outbox)) if half == "_write" else len(process.inbox) - process.filled
        if not killed and 10**6 < missing < 8 * LARGE:
            os.kill(process.popen.pid, deadly)
            killed.append(missing)

    monkeypatch.setattr(_process.Process, half, one_turn_then_death)
    with pytest.raises(RError, match=f"R ended while it ran .*: killed by {deadly.name}"):
        _r.keep("identity", x=np.ones(LARGE)) if half == "_write" else _r.call("numeric", length=float(LARGE))
    assert killed
    monkeypatch.undo()
    assert_fits()


def test_a_stopped_r_is_ended(worker, monkeypatch):
    """R that the system has stopped, which hears nothing, is killed after the timeout and the grace."""
    monkeypatch.setattr(_process, "GRACE", 0.3)
    worker.open()
    os.kill(worker.greeting["pid"][0], signal.SIGSTOP)
    worker.limits = Limits(timeout=0.3)
    with pytest.raises(RError, match=r"did not stop .* after it was interrupted, and its process was killed"):
        evaluate("1")
    worker.limits = Limits()
    assert_fits()


# --- too little of everything -----------------------------------------------------------------------------------------


#: What asks for more memory than there is: a model, data on their way in, data on their way out.
TOO_LARGE = [
    lambda: evaluate("lme4::lmer(y ~ 1 + (1 | g), data.frame(y = seq_len(2e7) / 7, g = 1:2))"),
    lambda: _r.keep("identity", x=np.ones(40_000_000)),
    lambda: _r.call("numeric", length=3e7),
]


@pytest.mark.slow
@pytest.mark.parametrize("ask", TOO_LARGE, ids=["model", "data in", "data out"])
def test_out_of_memory(ask):
    """Whatever it is that does not fit within the limit, it is an error that says memory, and the next fit is right."""
    own = Worker(Limits(memory=500_000_000))
    with _r.through(own):
        with pytest.raises(RError, match=r"cannot allocate|memory"):
            ask()
        assert_fits()
    own.close()


#: A full disk in R: a file of a kind that R's functions leave in tempdir().
FILLS = "{ f <- file(tempfile(), 'wb'); for (i in 1:64) writeBin(raw(65536), f); close(f) }"
FULL_DISK = f"""
import os
from pathlib import Path
from lmebridge.backends import _r
from lmebridge.backends._worker import Worker
from lmebridge.errors import BackendUnavailable
from tests.backends.test_worker import assert_fits, evaluate
here = Path(os.environ["TMPDIR"])
own = Worker()
with _r.through(own):
    own.open()
    evaluate({FILLS!r})  # R says nothing of what it could not write
    print("full" if os.statvfs(here).f_bfree == 0 else "room")
    assert_fits()
    own.close()
    ballast = here / "ballast"
    try:
        ballast.write_bytes(bytes(10**6))
    except OSError:
        pass
    assert_fits()
    own.close()
    count = 0
    try:
        while True:
            (here / str(count)).touch()
            count += 1
    except OSError:
        pass
    try:
        own.open()
    except BackendUnavailable as error:
        print(error)
    for number in range(count):
        (here / str(number)).unlink()
    assert_fits()
    own.close()
"""


@pytest.mark.slow
def test_a_full_disk(tmp_path):
    """Where the temporary folder's disk is full R fits all the same; where it takes no file at all, that is said."""
    mounted = f'mount -t tmpfs -o size=256k,nr_inodes=60 tmpfs {tmp_path} && exec "$@"'
    apart = ["unshare", "--map-root-user", "--mount", "/bin/sh", "-c", mounted, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted here")
    words = program(FULL_DISK, {"TMPDIR": str(tmp_path)}, apart).splitlines()
    assert words[0] == "full"
    assert "No space left on device" in words[-1]
    assert f"Make room in {tmp_path}, or name another folder in TMPDIR" in words[-1]


def program(text: str, environment: dict[str, str] | None = None, prefix: list[str] | None = None) -> str:
    """What a program of its own prints."""
    # an R that rpy2 has started here has set where libraries are found, and Python's own may be another one there
    kept = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    variables = {**kept, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", **(environment or {})}
    command = [*(prefix or []), sys.executable, "-W", "error", "-c", text]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


# --- threads and processes --------------------------------------------------------------------------------------------


EIGHT_THREADS = """
import threading
import lmebridge as lme
from lmebridge.backends import _r
from tests.cases import data
MODELS = {
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", 1743.6283), "Dyestuff": ("Yield ~ 1 + (1 | Batch)", 319.6543),
    "Pastes": ("strength ~ 1 + (1 | batch) + (1 | sample)", 246.9907),
}
lme.set_r(DOOR)
frames = {name: data(name) for name in MODELS}
ready, wrong, models = threading.Barrier(8), [], []
def work(place):
    ready.wait()  # the first thing that all eight do is to start R
    for turn in range(3):
        name = list(MODELS)[(place + turn) % 3]
        formula, expected = MODELS[name]
        fit = lme.lmer(formula, frames[name], backend="lme4")
        asked = (float(fit.REMLcrit()), fit.predict().shape[0], len(fit.confint(method="Wald")))
        models.append(fit)
        if abs(asked[0] - expected) > 5e-5 or asked[1] != len(frames[name]):  # half a unit of the last digit kept
            wrong.append((place, name, asked))
threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(models), wrong, len({fit.engine.hold.door for fit in models}), _r.current().name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_eight_threads_through_one_door(door):
    """Eight threads that start, fit and ask at once get each its own answers, from one R."""
    assert program(EIGHT_THREADS.replace("DOOR", repr(door))).strip() == f"24 [] 1 {door}"


#: What children are: forked by hand, by multiprocessing's fork, as loky's fresh processes, as a server's forked ones.
CHILDREN = {
    "fork": """
        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                os._exit(0 if criterion() == EXPECTED else 1)
            children.append(child)
        print([os.waitpid(child, 0)[1] for child in children])
    """,
    "multiprocessing": """
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print([0 if value == EXPECTED else value for value in pool.map(criterion, range(2), chunksize=1)])
    """,
    "loky": """
        import joblib
        found = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(criterion)(place) for place in range(2))
        print([0 if value == EXPECTED else value for value in found])
    """,
}
FAMILY = """
import os
import lmebridge as lme
from lmebridge.backends import _r
from tests.cases import data
EXPECTED = 1743.6283  # lme4's, in tests/backends/test_worker.py
def criterion(*_):
    from tests.cases import data
    import lmebridge as lme
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="lme4")
    return round(float(fit.REMLcrit()), 4)
fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend="lme4")
CHILDREN
print(criterion() == EXPECTED, fit.predict().shape, fit.engine.hold.door.name)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "door"),
    [pytest.param("fork", "rpy2", marks=needs_rpy2), ("multiprocessing", "worker"), ("loky", "worker")],
)
def test_children_fit_and_leave_the_parent_alone(kind, door):
    """Children of a process that has fitted already fit correctly, and the parent's model goes on answering."""
    lines = [line.removeprefix(" " * 8) for line in CHILDREN[kind].splitlines()]
    said = program(FAMILY.replace("CHILDREN", "\n".join(lines)), {"LMEBRIDGE_R": door})
    assert said.splitlines() == ["[0, 0]", f"True (180,) {door}"]


@pytest.mark.slow
def test_a_server_that_forks(tmp_path):
    """Forked servers' children each have an R of their own, which ends with them, even if they are killed."""
    own = Worker()
    children, inner = [], []
    with _r.through(own):
        model = fitted()
        for _ in range(2):
            reading, writing = os.pipe()
            child = fork()
            if child == 0:
                serve(model, writing)
            os.close(writing)
            children.append(child)
            with os.fdopen(reading) as answers:
                refused, right, number = answers.readline().split()
            assert (refused, right) == ("refused", "right")
            inner.append(int(number))
        assert len({*inner, own.greeting["pid"][0]}) == 3
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert all(is_gone(number) for number in inner)
        assert not model.is_lost
        assert_fits()
    own.close()


def serve(model: _r.RHandle, writing: int) -> None:
    """A child's life: the parent's model is refused, a fit is right, and then it waits for its end."""
    try:
        refused = right = "no"
        try:
            _r.call("extract", model=model)
        except RError:
            refused = "refused"
        assert_fits()
        right = "right"
        os.write(writing, f"{refused} {right} {_r.current().greeting['pid'][0]}\n".encode())
        time.sleep(60)
    finally:
        os._exit(1)


@pytest.mark.slow
def test_an_r_of_the_pool_that_is_interrupted_from_outside(tmp_path):
    """An interrupt that only R gets costs the model that it was fitting; the others come, and nothing waits for it."""
    frame, told = data("sleepstudy"), tmp_path / "told"
    quick = {"formula": "Reaction ~ Days + (1 | Subject)", "data": frame, "backend": "lme4"}
    # within text, since lme4 1.1-31 cannot take a call without arguments apart
    tells = f"eval(str2lang(\"is.null(cat(Sys.getpid(), '\\\\n', file='{told}')) + is.null(Sys.sleep(60))\"))"
    slow = {**quick, "formula": f"Reaction ~ I(Days + {tells}) + (1 | Subject)", "trust_formula": True}

    def interrupt() -> None:
        while not (told.exists() and told.read_text().endswith("\n")):
            time.sleep(0.02)
        os.kill(int(told.read_text()), signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.warns(lme.LmebridgeWarning, match="1 of 3 models failed: RError: R was interrupted from outside"):
        fits = lme.fit_many([quick, slow, quick], jobs=2)
    interrupter.join()
    assert [type(fit).__name__ for fit in fits] == ["MerMod", "RError", "MerMod"]
    while _pool._WORKERS:
        _pool._WORKERS.pop().close()


# --- nothing is left --------------------------------------------------------------------------------------------------


#: How a worker's life ends.
ENDINGS = ["closed", "let go", "killed", "quit"]


def one_life(number: int) -> int:
    """Start a worker, use it, and end it in one of the ways; its process number."""
    own = Worker()
    with _r.through(own):
        assert _r.call("sum", x=float(number), y=1.0)[0] == number + 1
        process = own.greeting["pid"][0]
        ending = ENDINGS[number % len(ENDINGS)]
        if ending == "killed":
            os.kill(process, signal.SIGKILL)
        elif ending == "quit":
            with pytest.raises(RError, match="exit status 0"):
                evaluate("quit('no')")
        elif ending == "closed":
            own.close()
    return process


@pytest.mark.slow
def test_two_hundred_lives_leave_nothing(worker, tmp_path, monkeypatch):
    """After 200 workers started and ended in four ways there is no process, pipe or file more than before."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pipes = len(list(Path("/dev/fd").iterdir()))
    with ThreadPoolExecutor(3) as pool:
        numbers = list(pool.map(one_life, range(200)))
    assert len(set(numbers)) > 100  # a system may give a number again
    assert [number for number in set(numbers) if not is_gone(number)] == []
    assert len(list(Path("/dev/fd").iterdir())) == pipes
    assert list(tmp_path.iterdir()) == []
    assert_fits()
