"""The value-added plot of a published practical: 628 schools, and how many of them differ from the average."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.datasets import files as datafiles
from tests.judge import run_r
from tests.plots.judged import bars, marks

HERE = Path(__file__).parent
GOLDEN: dict[str, Any] = json.loads((HERE / "lsype_caterpillar.json").read_text(encoding="utf-8"))
pytestmark = pytest.mark.skipif(datafiles.find("lsype") is None, reason="the LSYPE teaching data are not here")
BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "native"]


@cache
def pupils() -> Any:
    return lme.datasets.lsype()


def ends(backend: str, orientation: str) -> np.ndarray:
    """Lower and upper ends of the bars drawn, shape (schools, 2)."""
    fit = lme.lmer(GOLDEN["model"], pupils(), REML=GOLDEN["REML"], backend=backend)
    ax = fit.plot_ranef(orientation=orientation)
    return bars(ax)[:, :, 1 if orientation == "vertical" else 0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("orientation", ["horizontal", "vertical"])
def test_schools_wholly_above_and_below(backend: str, orientation: str) -> None:
    """The bars that do not reach zero are as many as in R: 99 of 628 above, 97 below."""
    found = ends(backend, orientation)
    counts = {"schools": len(found), "above": int(np.sum(found[:, 0] > 0)), "below": int(np.sum(found[:, 1] < 0))}
    assert counts == {key: GOLDEN[key] for key in counts}
    # 1e-6: theta is known to 1e-7 of itself; the nearest end is 7e-4 from zero, so the counts do not hang on it.
    assert np.abs(found).min() == pytest.approx(GOLDEN["nearest"], abs=1e-6)


@pytest.mark.needs_r
def test_golden_is_what_r_counts(tmp_path: Path) -> None:
    """R finds the golden's numbers, and the practical's own bars are the ones drawn, school by school."""
    path = datafiles.find("lsype")
    assert path is not None
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == GOLDEN["data_sha256"]
    script = (HERE / "lsype_caterpillar.R").read_text(encoding="utf-8")
    found = run_r(f"suppressMessages(library(lme4))\n{script}", tmp_path, path=Path(path))
    assert {key: found[key] for key in ("schools", "above", "below")} == {
        key: GOLDEN[key] for key in ("schools", "above", "below")
    }
    assert found["nearest"] == pytest.approx(GOLDEN["nearest"], rel=1e-6)  # 1e-6: as many digits are kept
    # 1e-5 of pupils' units (their deviation is 10): where lme4's search ends.
    np.testing.assert_allclose(ends("native", "vertical"), np.column_stack([found["low"], found["high"]]), atol=1e-5)


def test_names_of_many_schools_are_not_drawn() -> None:
    """628 names are no labels; those asked for are."""
    fit = lme.lmer(GOLDEN["model"], pupils(), REML=False, backend="native")
    assert len(fit.plot_ranef().get_yticks()) == 0
    wanted = [str(level) for level in fit.ranef()["schoolID"].index[:2]]
    ax = fit.plot_ranef(labels=wanted)
    assert sorted(text.get_text() for text in ax.get_yticklabels()) == sorted(wanted)
    assert len(marks(ax)) == 628
