"""Profile and bootstrap without R against lme4's own, each in one process, in turns.

Run with ``pytest -s benchmarks/test_inference.py``; needs R with lme4. R is timed by its own clock.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import threading
import time
import tracemalloc
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import lmebridge as lme
from benchmarks.paired import Pair, seconds
from tests.cases import FIXTURES, data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMULA = "Reaction ~ Days + (Days | Subject)"
DRAWS = 1_000
#: Most that native may take of lme4's time.
MOST_OF_PROFILE, MOST_OF_BOOTSTRAP = 1.0, 1 / 5

#: The result itself, a number for each draw, kept with room to grow, copied into a table.
BYTES_OF_A_DRAW = 64

#: Answers every line of its input with the seconds that the work takes.
SERVER = """
d <- read.csv("%s"); d$Subject <- factor(d$Subject)
m <- lme4::lmer(%s, d)
input <- file("stdin", "r")
while (length(readLines(input, 1))) {
  elapsed <- system.time(suppressWarnings(suppressMessages(%s)), gcFirst = FALSE)[["elapsed"]]
  cat(elapsed, "\\n"); flush(stdout())
}
"""


@contextmanager
def timed_in_r(work: str) -> Iterator[Callable[[], float]]:
    """A function that has R do the work once and returns R's seconds."""
    program = SERVER % (FIXTURES / "data" / "sleepstudy.csv", FORMULA, work)
    command = ["Rscript", "--vanilla", "-e", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def run() -> float:
            print("go", file=stdin, flush=True)
            return float(stdout.readline())

        yield run
        stdin.close()


def in_turns(ours: Callable[[], object], work: str, *, rounds: int) -> Pair:
    """Medians of both, after one unmeasured turn of ours."""
    ours()
    with timed_in_r(work) as theirs:
        times = [(seconds(ours), theirs()) for _ in range(rounds)]
    return Pair(*(statistics.median(column) for column in zip(*times, strict=True)))


def report(what: str, pair: Pair) -> None:
    """One line for docs/performance.md."""
    print(f"\n{what}: native {pair.ours:.2f} s, lme4 {pair.theirs:.2f} s, ratio {pair.ratio:.3f}")


@pytest.mark.needs_r
def test_profile(record_property):
    """All parameters' profiles: less than lme4's time."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="native")
    pair = in_turns(fit.profile, "profile(m)", rounds=7)
    report("profile of sleepstudy", pair)
    record_property("ratio", round(pair.ratio, 3))
    assert pair.ratio <= MOST_OF_PROFILE


def test_memory(record_property):
    """What 1,800 more draws take at the peak: their results, not their responses, which would be 2.6 MB."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="native")
    fit.bootMer(lme.sigma, nsim=60, seed=1)
    few, many = (peak(lambda nsim=nsim: fit.bootMer(lme.sigma, nsim=nsim, seed=1)) for nsim in (200, 2_000))
    print(f"\npeak of 200 draws {few / 1e6:.2f} MB, of 2,000 {many / 1e6:.2f} MB")
    record_property("megabytes", round((many - few) / 1e6, 3))
    assert many - few < 1_800 * BYTES_OF_A_DRAW


def peak(work: Callable[[], object]) -> int:
    """Bytes that Python's objects and arrays take at most while the work runs."""
    tracemalloc.start()
    work()
    bytes_ = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return bytes_


@pytest.mark.parametrize("how", ["serial", "parallel", pytest.param("lme4", marks=pytest.mark.needs_r)])
def test_ctrl_c(how, record_property):
    """Seconds from Ctrl-C to the result, of the longest of five presses."""
    waits = [_wait(how) for _ in range(5)]
    print(f"\nCtrl-C, {how}: {max(waits):.2f} s at most")
    record_property("seconds", round(max(waits), 2))
    assert max(waits) < 1.0


def _wait(how: str) -> float:
    """Seconds that a bootstrap goes on after Ctrl-C, which is pressed while it runs."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="lme4" if how == "lme4" else "native")
    pressed = []

    def press() -> None:
        time.sleep(3.0 if how == "parallel" else 0.7)
        pressed.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lme.LmebridgeWarning)
        boot = fit.bootMer(lme.sigma, nsim=10**9, seed=1, parallel=2 if how == "parallel" else 1)
    assert boot.interrupted
    return time.perf_counter() - pressed[0]


@pytest.mark.needs_r
def test_bootstrap(record_property):
    """1,000 draws of the fixed effects: a fifth of lme4's time."""
    fit = lme.lmer(FORMULA, data("sleepstudy"), backend="native")
    pair = in_turns(
        lambda: fit.bootMer(lme.fixef, nsim=DRAWS, seed=1), f"lme4::bootMer(m, lme4::fixef, nsim = {DRAWS})", rounds=3
    )
    report("1,000 bootstrap refits of sleepstudy", pair)
    record_property("ratio", round(pair.ratio, 3))
    assert pair.ratio <= MOST_OF_BOOTSTRAP
