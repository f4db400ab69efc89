"""The native backend against lme4: the fit alone inside R, against design, optimum and record in Python.

Run with ``pytest -s benchmarks/test_native.py``; needs R with lme4 and, for the first, the LSYPE data. R is timed by
its own clock in a process of its own, in turns with Python, so that what slows the machine slows both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from benchmarks.paired import Pair, seconds
from lmebridge.backends import native
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LSYPE = "lsype_15000_final_2011_05_04.sav"
PUPILS = "ks4stand ~ ks2stand + (1 | schoolID)"
LECTURES = "y ~ service + (1 | s) + (1 | d) + (1 | dept)"
#: Most that native may take of lme4's time, and of memory.
MOST_OF_PUPILS, MOST_OF_LECTURES, MOST_BYTES = 1 / 2, 1 / 3, 1e9

#: Reads a number from its input and answers with the seconds that one fit takes; the first answer is for warming up.
SERVER = """
suppressPackageStartupMessages(library(lme4))
input <- file("stdin", "r")
while (length(readLines(input, 1))) {
  elapsed <- system.time(lmer(%s, d, REML = FALSE), gcFirst = FALSE)[["elapsed"]]
  cat(elapsed, "\\n"); flush(stdout())
}
"""


@contextmanager
def timed_in_r(read: str, formula: str) -> Iterator[Callable[[], float]]:
    """A function that has R fit the model once and returns R's seconds."""
    command = ["Rscript", "--vanilla", "-e", read + SERVER % formula]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def fit() -> float:
            print("fit", file=stdin, flush=True)
            return float(stdout.readline())

        yield fit
        stdin.close()


def in_turns(model: Model, data: pd.DataFrame, in_r: Callable[[], float], *, rounds: int) -> Pair:
    """Medians of both, after one unmeasured turn of each."""
    native.fit(model, data)
    in_r()
    times = [(seconds(lambda: native.fit(model, data)), in_r()) for _ in range(rounds)]
    return Pair(*(statistics.median(column) for column in zip(*times, strict=True)))


def report(what: str, pair: Pair) -> None:
    """One line for docs/performance.md."""
    print(f"\n{what}: native {pair.ours * 1e3:.1f} ms, lme4 {pair.theirs * 1e3:.1f} ms, ratio {pair.ratio:.2f}")


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    """The columns of LSYPE that the model needs."""
    path = Path(os.environ.get("LMEBRIDGE_DATA", "")) / LSYPE
    if not path.is_file():
        pytest.skip(f"no {LSYPE} in LMEBRIDGE_DATA")
    frame, _ = import_module("pyreadstat").read_sav(path)
    return frame[["ks4stand", "ks2stand", "schoolID"]]


@pytest.fixture(scope="module")
def lectures(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """lme4's InstEval, with its factors."""
    path = tmp_path_factory.mktemp("data") / "lectures.csv"
    columns = '"s", "d", "dept", "service", "y"'
    program = f"write.csv(lme4::InstEval[c({columns})], '{path}', row.names = FALSE)"
    subprocess.run(["Rscript", "--vanilla", "-e", program], check=True)
    frame = pd.read_csv(path)
    factors = {name: frame[name].astype(str).astype("category") for name in ("s", "d", "dept", "service")}
    return frame.assign(**factors)


@pytest.mark.needs_r
def test_pupils(pupils, tmp_path, record_property):
    """One grouping factor, 14,052 rows: at most half of lme4's time."""
    pupils.to_csv(tmp_path / "pupils.csv", index=False)
    model = Model(parse_formula(PUPILS), REML=False)
    with timed_in_r(f"d <- read.csv('{tmp_path / 'pupils.csv'}')", PUPILS) as in_r:
        pair = in_turns(model, pupils, in_r, rounds=31)
    report("LSYPE", pair)
    record_property("ratio", round(pair.ratio, 3))
    assert pair.ratio <= MOST_OF_PUPILS


@pytest.mark.needs_r
def test_lectures(lectures, record_property):
    """Three crossed factors, 73,421 rows: at most a third of lme4's time."""
    model = Model(parse_formula(LECTURES), REML=False)
    with timed_in_r("d <- lme4::InstEval", LECTURES) as in_r:
        pair = in_turns(model, lectures, in_r, rounds=3)
    report("InstEval", pair)
    record_property("ratio", round(pair.ratio, 3))
    assert pair.ratio <= MOST_OF_LECTURES


MEMORY = """
import sys
from pathlib import Path
import pandas as pd
from lmebridge.backends import native
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model

frame = pd.read_pickle(sys.argv[1])
_, engine = native.fit(Model(parse_formula(sys.argv[2]), REML=False), frame)
engine.conditional_variances()
# Not getrusage: a process starts with the peak of the one that started it, which has fitted this model itself.
print(next(1024 * int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM:")))
"""


@pytest.mark.needs_r
def test_lectures_memory(lectures, tmp_path):
    """The whole process, conditional variances included, stays below a gigabyte."""
    lectures.to_pickle(tmp_path / "lectures.pkl")
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "lectures.pkl"), LECTURES]
    peak = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"\nInstEval: {peak / 1e6:.0f} MB at its peak")
    assert peak < MOST_BYTES


@pytest.mark.needs_r
def test_fit_speed(benchmark, pupils):
    """The same fit for pytest-benchmark's own table."""
    benchmark(native.fit, Model(parse_formula(PUPILS), REML=False), pupils)
