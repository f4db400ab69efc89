"""What R's record has of models that are made in unusual ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmebridge.migrate.proof import programs
from lmebridge.migrate.proof.models import model_in_r

DATA = Path(__file__).parents[2] / "fixtures" / "data"
LINES = """d <- read.csv("sleepstudy.csv")
each <- lme4::lmList(Reaction ~ Days | Subject, d)
strata <- aov(Reaction ~ factor(Days) + Error(factor(Subject)), d)
plain <- do.call(lm, list(Reaction ~ Days, data = d))
mixed <- do.call(lme4::lmer, list(Reaction ~ Days + (1 | Subject), data = d))
"""


@pytest.mark.needs_r
@pytest.mark.slow
def test_calls_that_hold_their_data(tmp_path: Path) -> None:
    """Models made by `do.call` are read like others; lists of models of another class are none of the script's."""
    (tmp_path / "sleepstudy.csv").write_bytes((DATA / "sleepstudy.csv").read_bytes())
    (tmp_path / "models.R").write_text(LINES, encoding="utf-8")
    statements = programs.run_r(tmp_path / "models.R", tmp_path, limit=60)["statements"]
    models = {name: record for each in statements for name, record in (each["models"] or {}).items()}
    assert list(models) == ["plain", "mixed"]
    found = {name: model_in_r(name, record) for name, record in models.items()}
    # lme4's print of the same data: 251.405 and 10.467
    assert [round(value, 3) for value in found["plain"].coefficients] == [251.405, 10.467]
