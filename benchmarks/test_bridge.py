"""What the bridge costs: a fit through it against the same fit inside R, and a large frame against rpy2's converter.

Run with ``pytest benchmarks/test_bridge.py``; needs R with lme4, rpy2-robjects and, for the first, the LSYPE data.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.paired import in_turns
from lmebridge.backends import _r, lme4
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model

LSYPE = "lsype_15000_final_2011_05_04.sav"
FORMULA = "ks4stand ~ ks2stand + (1 | schoolID)"
#: Most that a fit through the bridge may take of the time of the same call inside R.
MOST_OF_R = 1.2
#: Least that the direct way must be faster than rpy2's converter, and how many times the slow way is timed.
LEAST_SPEEDUP, SLOW_ROUNDS = 40, 3


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    """The columns of LSYPE that the model needs."""
    folder = Path(os.environ.get("LMEBRIDGE_DATA", ""))
    path = folder / LSYPE
    if not path.is_file():
        pytest.skip(f"no {LSYPE} in LMEBRIDGE_DATA")
    frame, _ = import_module("pyreadstat").read_sav(path)
    return frame[["ks4stand", "ks2stand", "schoolID"]]


@pytest.mark.needs_r
def test_fit_against_r(pupils, record_property):
    """A fit through the bridge, with its record, takes little longer than lmer alone inside R."""
    data = _r.keep("identity", x=pupils).value
    text = f"function(d) {{ lme4::lmer({FORMULA}, d); NULL }}"
    inside = _r.keep("eval", expr=_r.keep("str2lang", s=text).value).value
    model = Model(parse_formula(FORMULA))
    pair = in_turns(
        lambda: lme4.fit(model, pupils),
        lambda: _r.call("do.call", what=inside, args=[data]),
        rounds=31,
    )
    record_property("bridge_ms", round(pair.ours * 1000, 1))
    record_property("inside_R_ms", round(pair.theirs * 1000, 1))
    print(f"\nbridge {pair.ours * 1e3:.1f} ms, inside R {pair.theirs * 1e3:.1f} ms, ratio {pair.ratio:.2f}")
    assert pair.ratio <= MOST_OF_R


def large_frame(rows: int) -> pd.DataFrame:
    """Five columns of doubles, one of text, one of categories."""
    random = np.random.default_rng(1)
    columns = {f"x{i}": random.normal(size=rows) for i in range(5)}
    text = random.choice([f"school {i}" for i in range(500)], rows)
    category = pd.Categorical(random.choice(["a", "b", "c"], rows))
    return pd.DataFrame({**columns, "text": text.astype(object), "category": category})


@pytest.mark.needs_r
@pytest.mark.filterwarnings("default")  # rpy2's converter warns about much
def test_large_frame_against_pandas2ri(record_property):
    """A frame of a million rows crosses at least forty times faster than through rpy2's pandas converter."""
    frame = large_frame(10**6)
    robjects = import_module("rpy2.robjects")
    pandas2ri = import_module("rpy2.robjects.pandas2ri")
    converter = robjects.default_converter + pandas2ri.converter
    with converter.context():
        pair = in_turns(lambda: _r.keep("identity", x=frame), lambda: converter.py2rpy(frame), rounds=SLOW_ROUNDS)
    record_property("bridge_s", round(pair.ours, 3))
    record_property("pandas2ri_s", round(pair.theirs, 2))
    print(f"\nbridge {pair.ours:.3f} s, pandas2ri {pair.theirs:.2f} s, {1 / pair.ratio:.0f} times faster")
    assert 1 / pair.ratio >= LEAST_SPEEDUP
