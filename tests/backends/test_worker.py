"""The worker's life: what it survives, what it says, and that nothing of it is left."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from lmebridge.backends import _process, _r
from lmebridge.backends._worker import Limits, Worker
from lmebridge.errors import BackendUnavailable, RError
from tests.cases import data
from tests.forks import fork

pytestmark = pytest.mark.needs_r

#: Options of a plain fit.
PLAIN = {
    "REML": True, "weights": None, "offset": None, "subset": None, "contrasts": {}, "na_action": "na.omit",
    "start": None, "control": {},
}  # fmt: skip
#: lme4's criterion of its own first example (Bates et al. 2015, section 1.2, prints 1743.6).
CRITERION = 1743.6283


@pytest.fixture
def worker():
    """A worker that this thread's calls go through, ended after the test."""
    own = Worker()
    with _r.through(own):
        yield own
    own.close()


def fitted(weights: str | None = None) -> _r.RHandle:
    """A model left in R; the weights may be any expression."""
    options = PLAIN | {"weights": weights}
    formula = "Reaction ~ Days + (Days | Subject)"
    return _r.keep("fit_lmer", data=data("sleepstudy"), formula=formula, options=options).value


def evaluate(code: str) -> object:
    """The value of R code."""
    return _r.call("eval", expr=_r.keep("str2lang", s=code).value)


def assert_fits() -> None:
    """The next fit has lme4's criterion."""
    # half a unit of the last digit kept
    assert _r.call("extract", model=fitted())["criterion"][0] == pytest.approx(CRITERION, abs=5e-5)


#: What ends R within a call, and how that is told.
ENDS = [
    ("tools::pskill(Sys.getpid(), 9L)", "killed by SIGKILL"),
    ("tools::pskill(Sys.getpid(), 11L)", "killed by SIGSEGV"),
    ("quit('no', 4L)", "exit status 4"),
    ("{ cat('about to go\\n'); quit('no') }", r"exit status 0, its last words were:\n    about to go"),
]


@pytest.mark.parametrize(("code", "words"), ENDS)
def test_r_that_ends_in_a_call(worker, code, words):
    """The call raises how R ended and its last words; the next one works in a new process."""
    before = worker.greeting["pid"][0]
    with pytest.raises(RError, match=rf"(?s)R ended while it ran `eval`: {words}.*The next call starts R again"):
        evaluate(code)
    assert_fits()
    assert worker.greeting["pid"][0] != before


def test_r_killed_within_a_fit(worker):
    """A fit in whose midst R is killed raises, and the same fit then succeeds."""
    with pytest.raises(RError, match="R ended while it ran `fit_lmer`: killed by SIGKILL"):
        fitted("Days + tools::pskill(Sys.getpid(), 9L)")
    assert_fits()


def test_r_killed_at_rest(worker):
    """R that dies between two calls is started again by the next one; what lived in it is refused with that reason."""
    model = fitted()
    os.kill(worker.greeting["pid"][0], signal.SIGKILL)
    worker.life.process.popen.wait()
    assert model.is_lost
    assert repr(model) == "<R object, gone with its process>" or not worker.is_open
    assert_fits()
    assert repr(model) == "<R object, gone with its process>"
    words = r"the model lived in a process of R that is gone \(killed by SIGKILL\). Fit it again"
    for use in (lambda: _r.call("extract", model=model), lambda: pickle.dumps(model)):
        with pytest.raises(RError, match=words):
            use()


def test_errors_leave_the_process(worker):
    """An error of R's is an error, not an end: models stay."""
    model = fitted()
    with pytest.raises(RError, match="non-numeric argument") as caught:
        _r.call("log", x="a")
    assert caught.value.call == "log(x = x)"
    with pytest.raises(RError, match=r"infinite recursion|stack"):
        evaluate("(function(f) f(f))(function(f) f(f))")
    assert not model.is_lost
    assert_fits()


def test_a_timeout_interrupts(worker):
    """A call that takes too long is interrupted and raises; R goes on, with its models."""
    model = fitted()
    worker.limits = Limits(timeout=0.3)
    with pytest.raises(RError, match=r"`eval` took longer than 0.3 s, the timeout that was set, and was interrupted"):
        evaluate("while (TRUE) 1")
    worker.limits = Limits()
    assert repr(model) == "<R lmerMod>"
    assert_fits()


def test_what_an_interrupt_left_half_done_is_no_warning(worker):
    """R evaluates again, with a warning, what was lazy and interrupted: no fit that comes next has part in it."""
    lazy = "delayedAssign('lazy', {count <- count + 1; if (count == 1) Sys.sleep(30); 7})"
    code = f"local({{count <- 0; {lazy}; environment()}})"
    place = _r.keep("eval", expr=_r.keep("str2lang", s=code).value).value
    worker.limits = Limits(timeout=0.3)
    with pytest.raises(RError, match="took longer"):
        _r.call("get", x="lazy", envir=place)
    worker.limits = Limits()
    answer = _r.ask("get", x="lazy", envir=place)
    assert (answer.value[0], answer.conditions) == (7.0, ())


def test_a_hang_is_ended(worker, monkeypatch):
    """R that does not listen to an interrupt is killed after a grace, and started again."""
    monkeypatch.setattr(_process, "GRACE", 0.3)
    worker.limits = Limits(timeout=0.3)
    with pytest.raises(RError, match=r"`eval` did not stop .* after it was interrupted, and its process was killed"):
        evaluate("suspendInterrupts(while (TRUE) 1)")
    worker.limits = Limits()
    assert_fits()


def test_an_interrupt_that_comes_too_late_does_no_harm(worker):
    """An interrupt that R gets when its call has ended is taken before the next call."""
    worker.open()
    process = worker.life.process
    process.interrupt()
    process._put(_process.SETTLE, [])
    process._finish(time.monotonic() + 10, [])
    assert_fits()


def test_an_interrupt_at_rest_ends_no_call(worker):
    """An interrupt that somebody sends to R while nobody calls it does not end the next call, which had not begun."""
    worker.open()
    worker.life.process.interrupt()
    assert_fits()


def test_an_interrupt_from_outside_is_an_error(worker):
    """A call whose R somebody else interrupts raises RError: KeyboardInterrupt would end a server's process."""
    worker.open()
    threading.Timer(0.3, worker.life.process.interrupt).start()
    with pytest.raises(RError, match=r"R was interrupted from outside, .* while it ran `Sys.sleep`"):
        _r.call("Sys.sleep", time=30.0)
    assert_fits()


def test_a_worker_that_another_thread_stopped(worker):
    """Between two calls too it stops, and answers again when it is told to."""
    worker.open()
    worker.interrupt()
    with pytest.raises(KeyboardInterrupt):
        evaluate("1")
    worker.resume()
    assert_fits()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_child_that_is_forked_while_r_starts_keeps_no_pipe(monkeypatch):
    """A child that another thread forks after R was started, and before it greeted, has no end of its pipes."""
    own, kept = Worker(), []

    def forking(process, seconds):
        child = fork()
        if child == 0:
            os._exit(int(process.requests != -1 or process.answers != -1))
        kept.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        return greeting(process, seconds)

    greeting = _process.Process.greeting
    monkeypatch.setattr(_process.Process, "greeting", forking)
    own.open()
    own.close()
    assert kept == [0]


def test_memory_limit():
    """What would take more memory than allowed is R's own error; R goes on."""
    own = Worker(Limits(memory=2 * 10**9))
    with _r.through(own):
        with pytest.raises(RError, match="cannot allocate vector of size"):
            evaluate("numeric(4e8)")
        assert_fits()
    own.close()


def test_a_memory_limit_that_leaves_no_room():
    """R that cannot even start within the limit says that it may be the limit."""
    own = Worker(Limits(memory=10**7))
    with pytest.raises(BackendUnavailable, match="memory_limit is 10000000 bytes"):
        own.open()


def test_a_garbled_answer(worker):
    """What is no frame ends the process with an error; the next call works."""
    worker.open()
    code = "{ pipe <- file('/dev/fd/%s', 'wb', raw = TRUE); writeBin(as.raw(1:40), pipe); close(pipe) }"
    with pytest.raises(RError, match=r"R's answer to `eval` cannot be read: it sent what is no frame: b'\\x01\\x02"):
        evaluate(code % number_of_answers(worker.life.process))
    assert_fits()


def number_of_answers(process: _process.Process) -> str:
    """The number that the pipe of its answers has in R."""
    pipe = Path(f"/proc/self/fd/{process.answers}").readlink()
    return next(fd.name for fd in Path(f"/proc/{process.popen.pid}/fd").iterdir() if fd.readlink() == pipe)


def test_a_garbled_request(worker):
    """R refuses what is no frame, with its bytes, and ends rather than guess."""
    worker.open()
    worker.life.process.outbox = [memoryview(b"y" * 40)]
    with pytest.raises(_process.Ended):
        worker.life.process._finish(time.monotonic() + 10, [])
    worker.life.process.end()
    assert "this is no frame: 79 79" in worker.life.process.last_words
    assert_fits()


def test_printing_and_reading_input_disturb_nothing(worker, capfd):
    """R code that prints, writes to standard error or reads standard input touches neither the frames nor the user."""
    loud = "{ print(1:1e5); message('m'); system('echo child; echo child >&2'); length(readLines('stdin')) }"
    assert evaluate(loud) == [0]
    assert (capfd.readouterr().out, capfd.readouterr().err) == ("", "")


def test_objects_are_let_go(worker):
    """R keeps what Python holds, and no more."""
    model, others = fitted(), [fitted() for _ in range(3)]
    del others
    _r.call("identity", x=1)
    assert _r.call("class_names", object=model) == ["lmerMod"]
    number = model.hold.key[1]
    lost = _r.RHandle(_r.Hold(worker, (worker.life, number + 1)))
    with pytest.raises(RError, match="there is no object"):
        _r.call("class_names", object=lost)


def test_closing_leaves_nothing(worker):
    """After close there is no process, no pipe and no folder."""
    worker.open()
    process = worker.life.process
    folder, number = Path(process.folder), process.popen.pid
    assert folder.is_dir()
    worker.close()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert (process.requests, process.answers, process.console) == (-1, -1, -1)


def run_python(program: str, **options) -> subprocess.CompletedProcess[str]:
    """A program with the worker as its door to R."""
    environment = {**os.environ, "LMEBRIDGE_R": "worker", **options.pop("env", {})}
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60, **options)


def is_gone(number: int, seconds: float = 10) -> bool:
    """Whether a process ends within that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{number}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


#: How Python ends: by itself, at once, at once and before R has greeted.
STARTED = "_r.start(); print(_r.current().greeting['pid'][0], flush=True)"
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
STARTING = f"""
def greeting(process, _):
    print(process.popen.pid, flush=True)
    {KILLED}
_process.Process.greeting = greeting
_r.start()
"""
FAREWELLS = {"by itself": STARTED, "at once": f"{STARTED}; {KILLED}", "while R starts": STARTING}


@pytest.mark.parametrize("farewell", FAREWELLS)
def test_r_ends_with_python(farewell, tmp_path):
    """However Python ends, R ends too, and its folder goes."""
    program = f"import os, signal\nfrom lmebridge.backends import _process, _r\n{FAREWELLS[farewell]}"
    environment = {**os.environ, "LMEBRIDGE_R": "worker", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert is_gone(int(done.stdout))
    assert list(tmp_path.glob("lmebridge-*")) == []


def test_ctrl_c_stops_r():
    """Ctrl-C is KeyboardInterrupt once R has stopped: at once, not when its call would end; models stay."""
    program = (
        "import os, signal, threading, time; from lmebridge.backends import _r; x = _r.keep('identity', x=7.0)\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start(); begun = time.monotonic()\n"
        "try:\n    _r.call('Sys.sleep', time=30.0)\n"
        "except KeyboardInterrupt:\n    print('stopped', time.monotonic() - begun < 15, _r.call('identity', x=x.value))"
    )
    assert run_python(program).stdout.strip() == "stopped True [7.]"


def test_a_fork_has_a_process_of_its_own(worker):
    """A forked child starts R for itself, cannot use its parent's models, and leaves the parent's R alone."""
    model = fitted()
    parent = worker.greeting["pid"][0]
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            refused = "no"
            try:
                _r.call("extract", model=model)
            except RError as error:
                refused = str(error)
            os.write(writing, f"{worker.greeting['pid'][0]}|{refused}".encode())
            worker.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    own, refused = os.read(reading, 1000).decode().split("|")
    os.close(reading)
    os.close(writing)
    assert int(own) != parent
    assert refused == (
        f"the model lives in an R of process {os.getpid()}, which this one, {child}, was forked from. "
        "Fit it here, or unpickle here what pickle.dumps(model) gave before the fork"
    )
    assert worker.greeting["pid"][0] == parent
    assert repr(model) == "<R lmerMod>"


def test_models_pickle_into_other_workers(worker):
    """A model of one worker lives again in another one, bit for bit."""
    model = fitted()
    expected = _r.call("extract", model=model)["theta"]
    other = Worker()
    copy = pickle.loads(pickle.dumps(model))
    with _r.through(other):
        assert np.array_equal(_r.call("extract", model=copy)["theta"], expected)
    assert copy.hold.door is other
    moved = _r.copied(model, other)
    assert np.array_equal(_r.call("extract", model=moved)["theta"], expected)
    other.close()


def test_threads_have_workers_of_their_own():
    """Two threads with a worker each run at the same time; one worker takes calls one after the other."""
    workers, seen = [Worker(), Worker()], []

    def work(own: Worker) -> None:
        with _r.through(own):
            seen.append(evaluate("Sys.getpid()")[0])

    threads = [threading.Thread(target=work, args=(own,)) for own in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 2
    for own in workers:
        own.close()


#: Environments in which R starts all the same, and a value that shows it.
SURROUNDINGS = [
    ({"LC_ALL": "C"}, "LC_COLLATE=C"),
    ({"LC_ALL": "POSIX", "LANG": ""}, "LC_COLLATE="),
    ({"LC_NUMERIC": "de_DE.UTF-8", "LC_ALL": "de_DE.ISO-8859-1"}, ""),
    ({"R_HOME": "/usr/lib/R", "R_SESSION_TMPDIR": "/nowhere"}, ""),
    ({"R_PROFILE_USER": "{folder}/profile.R", "R_ENVIRON_USER": "{folder}/environ"}, ""),
]


@pytest.mark.parametrize(("environment", "words"), SURROUNDINGS)
def test_surroundings(environment, words, tmp_path):
    """Other locales, commas for points, another R's variables and profiles that print and fail change no value."""
    folder = tmp_path / "ein Ordner mit Größe 被"
    folder.mkdir()
    (folder / "profile.R").write_text("print('loud'); stop('no')", encoding="utf-8")
    (folder / "environ").write_text("R_DEFAULT_PACKAGES=none", encoding="utf-8")
    (folder / ".Rprofile").write_text("print('loud'); stop('no')", encoding="utf-8")
    program = (
        "from lmebridge.backends import _r; from tests.backends.test_worker import evaluate, fitted\n"
        "import pandas as pd\n"
        "frame = pd.DataFrame({'größe': [1.5, 2.5], 'wort': ['ß', '被']})\n"
        "assert _r.call('identity', x=frame).equals(frame), _r.call('identity', x=frame)\n"
        "text = 'names(data.frame(größe = 1))'\n"
        "assert evaluate(text) == ['größe'], evaluate(text)\n"
        "assert evaluate('format(1.5)') == ['1.5']\n"
        "print(_r.call('extract', model=fitted())['criterion'][0], evaluate('Sys.getlocale()')[0], sep='|')\n"
        "assert evaluate('tempdir()')[0].startswith(evaluate('Sys.getenv(\"TMPDIR\")')[0])\n"
        "print(evaluate('dirname(Sys.getenv(\"TMPDIR\"))')[0])"
    )
    variables = {name: value.format(folder=folder) for name, value in environment.items()}
    paths = {"TMPDIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"}
    done = run_python(program, env=variables | paths, cwd=folder)
    values, place = done.stdout.splitlines()
    criterion, found = values.split("|")
    assert float(criterion) == pytest.approx(CRITERION, abs=5e-5)  # half a unit of the last digit kept
    assert words in found
    assert place == str(folder)
    assert list(folder.glob("lmebridge-*")) == []
