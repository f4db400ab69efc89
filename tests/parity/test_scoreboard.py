"""Engines on cases: what agrees, what differs, what is refused, and what becomes of one that fails or hangs."""

from __future__ import annotations

import math
import shutil

import pytest

import lmebridge as lme
from lmebridge.cli import main
from lmebridge.parity.keys import Key
from lmebridge.parity.scoreboard import Score, measure, relative_time, scores, worst_of
from lmebridge.parity.scoreboard_page import page
from tests.cases import CASES, FIXTURES


@pytest.mark.slow
def test_engines_run_in_processes_of_their_own():
    """The native backend agrees on each; MixedLM raw differs where its optimizer stops; a gap is a refusal."""
    found = scores(FIXTURES, ["native", "statsmodels, raw"], ["dyestuff", "pastes_nested", "weights"])
    assert [(score.engine, score.case, score.outcome) for score in found] == [
        ("native", "dyestuff", "agrees"),
        ("native", "pastes_nested", "agrees"),
        ("native", "weights", "agrees"),
        ("statsmodels, raw", "dyestuff", "agrees"),
        ("statsmodels, raw", "pastes_nested", "differs"),
        ("statsmodels, raw", "weights", "refused"),
    ]
    assert "no weights" in found[-1].reason


@pytest.mark.slow
def test_an_engine_that_does_not_answer_is_stopped():
    """No fit takes less than a microsecond; the next case is tried all the same."""
    found = scores(FIXTURES, ["native"], ["dyestuff", "penicillin"], limit=1e-6)
    assert [score.outcome for score in found] == ["no answer", "no answer"]


def test_standard_errors_of_another_definition_are_not_scored():
    """MixedLM's are of the joint Hessian; what is scored is at the optimum."""
    case = next(case for case in CASES if case.id == "dyestuff")
    assert not measure("statsmodels, raw", case).worst.startswith("std_error")


def test_changed_data_stop_the_run(tmp_path):
    """Data are used only where their hash is the golden's."""
    for name in ("cases.csv", "goldens/dyestuff.json", "data/Dyestuff.csv", "data/Dyestuff.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(FIXTURES / name, tmp_path / name)
    table = tmp_path / "data" / "Dyestuff.csv"
    table.write_text(table.read_text().replace("1545", "1546"))
    with pytest.raises(lme.LmebridgeError, match="the data have changed"):
        scores(tmp_path, ["native"], ["dyestuff"])


@pytest.mark.parametrize(
    ("numbers", "worst", "misses"),
    [
        ({Key("sigma"): 2.0}, Key("sigma"), 0.0),
        ({Key("sigma"): 2.00001}, Key("sigma"), 0.5),
        ({}, Key("sigma"), math.inf),
        ({Key("sigma"): 2.0, Key("estimate", term="x"): 1.0}, Key("estimate", term="x"), math.inf),
        ({Key("sigma"): math.nan}, Key("sigma"), math.inf),
    ],
)
def test_the_worst_miss(numbers, worst, misses):
    """A number that one side lacks is infinitely far off; sigma may be off by one part in a hundred thousand."""
    found = worst_of({Key("sigma"): 2.0}, numbers)
    assert found == (worst, pytest.approx(misses, rel=1e-6))


FOUND = [
    Score("lme4", "a", "agrees", "sigma", 0.1, 2.0),
    Score("lme4", "b", "agrees", "sigma", 0.2, 4.0),
    Score("native", "a", "agrees", "sigma", 0.1, 1.0),
    Score("native", "b", "differs", "sdcor a|b", 3.0, 1.0),
    Score("native", "c", "refused", reason="no (x | g)"),
    Score("glmm", "a", "differs", "estimate x", math.inf, 1.0),
    Score("glmm", "b", "failed", reason="it broke"),
]


def test_the_page_counts_and_names():
    """One row an engine; what differs or is refused is named, and cannot break the table."""
    text = page(FOUND)
    assert "| 2 of 3 | 1 | 0 | 0 | 1 of 2 | 3: sdcor a\\|b in b | 0.38 |" in text
    assert "- `b`: sdcor a\\|b, 3 times what is allowed" in text
    assert "- refused: no (x \\| g) (`c`)" in text
    assert "- `a`: estimate x, missing or under another name" in text
    assert "- failed: it broke (`b`)" in text
    assert relative_time(FOUND, "native") == pytest.approx((0.5 + 0.25) / 2)


def test_the_command_writes_the_page(tmp_path, capsys):
    """To a file or to the terminal; wrong names are one message."""
    call = ["scoreboard", "--fixtures", str(FIXTURES), "--engine", "native", "--case", "dyestuff"]
    assert main([*call, "--output", str(tmp_path / "s.md")]) == 0
    assert "| 1 of 1 | 0 | 0 | 0 | 1 of 1 |" in (tmp_path / "s.md").read_text()
    assert main([*call, "--case", "nonsense", "--output", "-"]) == 2
    assert "there is no case nonsense" in capsys.readouterr().err
    assert main(["scoreboard", "--fixtures", str(tmp_path)]) == 2
    assert "has no cases.csv" in capsys.readouterr().err
