"""What the worker's door costs: fits through it against the same fits inside its R, large data sent, and its start.

Run with ``pytest -s benchmarks/test_worker.py``; needs R with lme4 and, for the first, the LSYPE data.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks.paired import in_turns
from benchmarks.test_bridge import FORMULA, large_frame
from benchmarks.test_bridge import pupils as pupils  # noqa: PLC0414 - a fixture of that module
from lmebridge.backends import _r, _rpy2, lme4
from lmebridge.backends._worker import Worker
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from tests.cases import data

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

#: Most that a fit through the worker may take of the time of the same call inside its R.
MOST_OF_R = 1.3
#: Most seconds that a small fit may take beyond lmer's own.
MOST_BEYOND_R = 0.005
#: Most seconds that a million rows of seven columns may take to be in R.
MOST_SECONDS = 0.5
#: Most that a start with lme4 may take of the time of Rscript with lme4 attached.
MOST_OF_RSCRIPT = 1.3

pytestmark = pytest.mark.needs_r


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A started worker that the calls go through."""
    own = Worker()
    with _r.through(own):
        own.open()
        yield own
    own.close()


def inside(formula: str, frame: pd.DataFrame) -> tuple[_r.RHandle, _r.RHandle]:
    """The data in R, and a function of them that fits there and returns nothing."""
    text = f"function(d) {{ lme4::lmer({formula}, d); NULL }}"
    function = _r.keep("eval", expr=_r.keep("str2lang", s=text).value).value
    return function, _r.keep("identity", x=frame).value


@pytest.mark.usefixtures("worker")
def test_fit_against_r(pupils, record_property):
    """A fit of LSYPE through the worker, with its record, takes little longer than lmer alone inside its R."""
    function, held = inside(FORMULA, pupils)
    model = Model(parse_formula(FORMULA))
    pair = in_turns(lambda: lme4.fit(model, pupils), lambda: _r.call("do.call", what=function, args=[held]), rounds=31)
    record_property("ratio", round(pair.ratio, 2))
    print(f"\nworker {pair.ours * 1e3:.1f} ms, inside R {pair.theirs * 1e3:.1f} ms, ratio {pair.ratio:.2f}")
    assert pair.ratio <= MOST_OF_R


@pytest.mark.usefixtures("worker")
def test_small_fit_against_rpy2(record_property):
    """A warm small fit through the worker takes at most five milliseconds longer than through rpy2's door."""
    formula, frame = "Yield ~ 1 + (1 | Batch)", data("Dyestuff")
    model = Model(parse_formula(formula))

    def in_this_process() -> None:
        with _r.through(_rpy2.DOOR):
            lme4.fit(model, frame)

    pair = in_turns(lambda: lme4.fit(model, frame), in_this_process, rounds=61)
    function, held = inside(formula, frame)
    call = in_turns(lambda: _r.call("do.call", what=function, args=[held]), lambda: _r.call("sqrt", x=4.0), rounds=61)
    record_property("beyond_rpy2_ms", round((pair.ours - pair.theirs) * 1000, 2))
    print(
        f"\nworker {pair.ours * 1e3:.2f} ms, rpy2 {pair.theirs * 1e3:.2f} ms, "
        f"lmer alone in R {call.ours * 1e3:.2f} ms, the smallest call {call.theirs * 1e3:.2f} ms"
    )
    assert pair.ours - pair.theirs <= MOST_BEYOND_R


@pytest.mark.usefixtures("worker")
def test_large_frame(record_property):
    """A frame of a million rows is in the worker's R within half a second."""
    frame = large_frame(10**6)

    def in_this_process() -> None:
        with _r.through(_rpy2.DOOR):
            _r.keep("identity", x=frame)

    pair = in_turns(lambda: _r.keep("identity", x=frame), in_this_process, rounds=11)
    record_property("worker_s", round(pair.ours, 3))
    print(f"\nworker {pair.ours:.3f} s, rpy2 {pair.theirs:.3f} s")
    assert pair.ours <= MOST_SECONDS


def started() -> None:
    """Start a worker, load lme4 into it, end it."""
    own = Worker()
    with _r.through(own):
        _r.call("has_package", name="lme4")
    own.close()


def test_start_against_rscript(record_property):
    """A worker with lme4 is there nearly as soon as Rscript has attached lme4."""
    command = ["Rscript", "-e", "library(lme4)"]
    pair = in_turns(started, lambda: subprocess.run(command, check=True, capture_output=True), rounds=11)
    record_property("ratio", round(pair.ratio, 2))
    print(f"\nworker {pair.ours:.2f} s, Rscript {pair.theirs:.2f} s, ratio {pair.ratio:.2f}")
    assert pair.ratio <= MOST_OF_RSCRIPT
