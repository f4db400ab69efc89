"""The door to R: everything comes back as it went, nothing is left behind, nothing is printed."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmebridge.backends import _r
from lmebridge.errors import RError
from tests.cases import data
from tests.processes import run_python

pytestmark = pytest.mark.needs_r

#: Options of a plain fit.
PLAIN = {
    "REML": True, "weights": None, "offset": None, "subset": None, "contrasts": {}, "na_action": "na.omit",
    "start": None, "control": {},
}  # fmt: skip

#: Text without what R cannot hold; surrogates are not characters.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
SLOW_START = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def sleepstudy_fit() -> _r.Answer:
    """A fit of lme4's own first example, left in R."""
    formula = "Reaction ~ Days + (Days | Subject)"
    return _r.keep("fit_lmer", data=data("sleepstudy"), formula=formula, options=PLAIN)


def back(column: pd.Series) -> pd.Series:
    """A column that has been to R and back."""
    return _r.call("identity", x=pd.DataFrame({"x": column}))["x"]


@SLOW_START
@given(st.lists(st.floats(allow_nan=True, width=64), max_size=20))
def test_doubles_round_trip(values):
    """Every double comes back bit for bit, but for the payload of a missing one."""
    np.testing.assert_array_equal(back(pd.Series(values, dtype="float64")).to_numpy(float), values)


@SLOW_START
@given(st.lists(st.integers(-(2**53), 2**53), max_size=20))
def test_integers_round_trip(values):
    """Every integer up to 2**53 comes back with its value."""
    assert back(pd.Series(values, dtype="int64")).astype("int64").tolist() == values


@SLOW_START
@given(st.lists(st.none() | st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=20))
def test_nullable_integers_round_trip(values):
    """Missing integers come back missing."""
    found = back(pd.Series(values, dtype="Int64"))
    assert [None if pd.isna(v) else int(v) for v in found] == values


@SLOW_START
@given(st.lists(st.none() | st.booleans(), min_size=1, max_size=20))
def test_logicals_round_trip(values):
    """Truth values come back, missing ones missing."""
    found = back(pd.Series(values, dtype="boolean"))
    assert [None if pd.isna(v) else bool(v) for v in found] == values


@SLOW_START
@given(st.lists(st.none() | TEXT, max_size=100))
def test_text_round_trips(values):
    """Text comes back character by character, in any script, few or many."""
    found = back(pd.Series(values, dtype=object))
    assert [None if pd.isna(v) else v for v in found] == values


@SLOW_START
@given(st.lists(TEXT, min_size=1, max_size=100, unique=True), st.booleans(), st.data())
def test_categories_round_trip(levels, ordered, draw):
    """Categories come back with the same levels in the same order, used or not."""
    codes = draw.draw(st.lists(st.integers(-1, len(levels) - 1), max_size=20))
    column = pd.Series(pd.Categorical.from_codes(codes, levels, ordered=ordered))
    found = back(column)
    assert found.cat.categories.tolist() == levels
    assert found.cat.codes.tolist() == codes
    assert found.cat.ordered == ordered


def test_levels_that_are_numbers_are_written_by_r():
    """Category levels that are numbers get the text R's own factor() gives them."""
    column = pd.Series(pd.Categorical([1e5, 0.1, 1.0, 1 / 3]))
    assert back(column).cat.categories.tolist() == ["0.1", "0.333333333333333", "1", "1e+05"]


#: Plain values that come back as they went.
PLAIN_VALUES = [
    (None, None),
    (True, [True]),
    (3, [3]),
    (2**40, [2**40]),
    (1.5, [1.5]),
    ("é", ["é"]),
    (["a", "b"], ["a", "b"]),
    ([1, "a", None], [[1], ["a"], None]),
    ({"a": 1, "b": {"c": "d"}}, {"a": [1], "b": {"c": ["d"]}}),
    (np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3)),
    (np.array([1, 2], dtype="int32"), [1, 2]),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN_VALUES)
def test_plain_values_round_trip(value, expected):
    """What is not a column crosses as a vector or a list."""
    np.testing.assert_equal(_r.call("identity", x=value), expected)


def test_unknown_objects_do_not_cross():
    """An object with no equivalent is refused before R is asked."""
    with pytest.raises(TypeError, match="object of type object cannot cross"):
        _r.call("identity", x=object())


def test_r_errors_carry_words_and_call():
    """An error in R has its message and the call that raised it; the data are not in the text."""
    frame = pd.DataFrame({"x": np.arange(1000.0)})
    with pytest.raises(RError) as caught:
        _r.call("stopifnot", x=frame)
    assert len(str(caught.value)) < 500
    with pytest.raises(RError, match="non-numeric argument to mathematical function") as caught:
        _r.call("log", x="a")
    assert caught.value.call == "log(x = x)"
    assert _r.call("log", x=1.0) == [0.0]


def test_stack_overflow_is_an_error():
    """R recursing without end is an RError, and R goes on."""
    with pytest.raises(RError, match=r"infinite recursion|stack"):
        _r.call("eval", expr=_r.keep("str2lang", s="(function(f) f(f))(function(f) f(f))").value)
    assert _r.call("identity", x=1.0) == [1.0]


def test_conditions_come_as_data():
    """Warnings and messages come in order, with their calls, and are not Python warnings here."""
    text = "{ warning('one'); message('two'); 3 }"
    answer = _r.ask("eval", expr=_r.keep("str2lang", s=text).value)
    assert answer.value == [3.0]
    assert [(c.kind, c.text) for c in answer.conditions] == [("warning", "one"), ("message", "two")]


@pytest.mark.slow
def test_eight_threads():
    """Any thread may call: eight at once get the numbers that one gets."""
    expected = _r.call("extract", model=sleepstudy_fit().value)["criterion"][0]
    barrier = threading.Barrier(8)

    def work(_: int) -> float:
        barrier.wait()
        found = [_r.call("extract", model=sleepstudy_fit().value)["criterion"][0] for _ in range(3)]
        assert len(set(found)) == 1
        return found[0]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {expected}


#: What R's session looks like from outside: workspace, search path, options, seed, connections, devices.
STATE = """list(ls(globalenv(), all.names = TRUE), search(), lapply(options(), function(o) deparse(o)[1]),
             exists('.Random.seed', globalenv()), nrow(showConnections()), length(grDevices::dev.list()))"""


def state() -> object:
    """The user's R session as data."""
    return _r.call("eval", expr=_r.keep("str2lang", s=STATE).value)


def test_the_users_session_is_untouched():
    """Fits, failures and questions leave workspace, search path, options and seed as they were."""
    sleepstudy_fit()  # loads lme4's namespace, whose own options are there from then on
    before = state()
    model = sleepstudy_fit().value
    for function in ("extract", "conditional_covariances", "printed_summary", "model_frame"):
        _r.call(function, model=model)
    with pytest.raises(RError):
        _r.keep("fit_lmer", data=data("sleepstudy"), formula="Reaction ~ absent + (1 | Subject)", options=PLAIN)
    assert state() == before


def test_loading_lme4_changes_no_option_and_attaches_nothing():
    """In a fresh process the first fit changes nothing that was there; packages may add options of their own."""
    program = (
        "from tests.backends import test_r as t; import json;"
        "before = t.state(); t.sleepstudy_fit(); after = t.state();"
        "changed = [k for k in before[2] if after[2].get(k) != before[2][k]];"
        "print(json.dumps([before[0], after[0], before[1] == after[1], changed]))"
    )
    done = run_python(program)
    assert done.stdout.strip() == "[[], [], true, []]"
    assert done.stderr == ""


def test_child_processes_find_the_environment_that_there_was():
    """R's start leaves nothing that a child would take for its own: libraries, an editor, a pager."""
    program = (
        "import os; before = dict(os.environ); from tests.backends import test_r as t; t.sleepstudy_fit();"
        "print({name for name, value in os.environ.items() if before.get(name) != value and name[:2] != 'R_'})"
    )
    done = run_python(program)
    assert done.stdout.strip() in ("set()", "{'PYTHON_SESSION_INITIALIZED'}")  # rpy2's mark holds this process's number


def test_calls_take_no_reference():
    """A process may call R for days: what is Python's own (None) has as many references after calls as before."""
    values = {"x": {"numbers": np.arange(3.0), "flags": np.array([True, False]), "counts": np.arange(3), "text": ["a"]}}
    _r.call("identity", **values)
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(500):
        _r.call("identity", **values)
    gc.collect()
    assert abs(sys.getrefcount(None) - before) < 100  # what other threads and caches hold; a leak would be 500 or more


def test_nothing_is_printed(capfd):
    """Neither R's messages, nor its printing, nor C code's reach the console."""
    frame = data("Dyestuff2")
    answer = _r.keep("fit_lmer", data=frame, formula="Yield ~ 1 + (1 | Batch)", options=PLAIN)
    assert [condition.kind for condition in answer.conditions] == ["message"]
    _r.call("print", x="loud")
    _r.call("cat", x="loud")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_console_is_given_back():
    """After a call, rpy2's console functions are those the user had."""
    door = _r.current()
    if door.name != "rpy2":
        pytest.skip("a worker has no console in this process")
    door.open()
    callbacks = door.started.callbacks
    before = callbacks.consolewrite_print
    _r.call("identity", x=1)
    assert callbacks.consolewrite_print is before


def test_handles_pickle():
    """An R object survives pickling, also from a handle that was not used in between."""
    handle = pickle.loads(pickle.dumps(sleepstudy_fit().value))
    again = pickle.loads(pickle.dumps(handle))
    assert repr(handle) == "<R object, not yet loaded>"
    expected = _r.call("extract", model=sleepstudy_fit().value)["criterion"]
    assert _r.call("extract", model=again)["criterion"] == expected
    assert repr(again) == "<R lmerMod>"


@pytest.mark.slow
def test_interrupt_is_pythons():
    """Ctrl-C during an R call is a KeyboardInterrupt when R returns, and R goes on: R does not take the signal over."""
    program = (
        "import os, signal, threading; from lmebridge.backends import _r; _r.start();"
        "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    _r.call('Sys.sleep', time=1.5)\n"
        "except KeyboardInterrupt:\n    print('stopped', _r.call('sqrt', x=4.0))"
    )
    done = run_python(program)
    assert done.stdout.strip() == "stopped [2.]"


@pytest.mark.slow
def test_r_starts_in_any_thread():
    """R may be started by a thread that is not the main one; no warning is given."""
    program = (
        "import threading; from lmebridge.backends import _r;"
        "t = threading.Thread(target=lambda: print(_r.call('sqrt', x=4.0))); t.start(); t.join()"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[2.]", "")


@pytest.mark.slow
def test_a_workspace_lying_about_is_not_loaded(tmp_path):
    """A saved workspace in the working folder stays a file."""
    subprocess.run(["Rscript", "-e", "lying <- 1; save.image()"], cwd=tmp_path, check=True, capture_output=True)
    program = "from lmebridge.backends import _r; print(_r.call('ls', name=_r.keep('globalenv').value))"
    done = run_python(program, cwd=tmp_path)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_without_r_the_backend_says_so(tmp_path):
    """Without R the status is unusable with the line to run, and nothing is printed."""
    program = "from lmebridge.backends import lme4; s = lme4.status(); print(s.usable, '|', s.reason, '|', s.remedy)"
    environment = {"PATH": str(tmp_path)}
    done = run_python(program, env=environment)
    assert done.stdout.startswith("False | R was not found | Install R with lme4")
    assert done.stderr == ""
