"""The call above a printed model, held to lme4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.formula.model_formula import parse_formula
from lmebridge.printing.rformat import Options
from lmebridge.printing.summary_call import call_lines, control_text, single_bars
from lmebridge.records import Model
from lmebridge.rsyntax.rdeparse import deparse_lines

if TYPE_CHECKING:
    from collections.abc import Callable

DOUBLE_BARS = [
    "y ~ x + (x || g)",
    "y ~ x + (0 + x || g) + (1 | h)",
    "y ~ (x * z || g) + (x | h)",
    "y ~ (x || g/h) + (log(x) + poly(z, 2) || k:l)",
    "y ~ (x - 1 || g) + z",
]


@pytest.mark.needs_r
@pytest.mark.parametrize("text", DOUBLE_BARS)
def test_double_bars_are_written_out_as_in_lme4(run_r: Callable[..., Any], text: str) -> None:
    """A printed formula has the blocks that a double bar stands for."""
    expected = run_r("paste(deparse(lme4::expandDoubleVerts(as.formula(text)), 500L), collapse = ' ')", text=text)
    assert deparse_lines(single_bars(parse_formula(text)), 500) == [expected]


CONTROLS: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"polish": False}, ""),
    ({"optimizer": "bobyqa"}, 'lmerControl(optimizer = "bobyqa")'),
    ({"restart_edge": True, "boundary.tol": 1e-5}, "lmerControl(restart_edge = TRUE, boundary.tol = 1e-05)"),
    ({"optCtrl": {"xtol_abs": 1e-8, "maxeval": 500}}, "lmerControl(optCtrl = list(xtol_abs = 1e-08, maxeval = 500L))"),
    ({"calc_derivs": None}, "lmerControl(calc.derivs = NULL)"),
]


@pytest.mark.parametrize(("control", "text"), CONTROLS)
def test_control_is_r_text(control: dict[str, Any], text: str) -> None:
    """Options are spelled as R spells them; lmebridge's own are not shown."""
    assert control_text(control) == text


def test_every_part_has_its_label_and_place() -> None:
    """lme4 shows formula, data, weights, offset, control and subset, in this order."""
    model = Model(
        parse_formula("y ~ (1 | g)"), weights="w", offset="log(n)", subset="x>3", control={"optimizer": "bobyqa"}
    )
    lines = ["Formula: y ~ (1 | g)", "   Data: d", "Weights: w", " Offset: log(n)"]
    assert call_lines(model, "d") == [*lines, 'Control: lmerControl(optimizer = "bobyqa")', " Subset: x > 3"]


def test_data_name_need_not_be_r() -> None:
    """Data in Python may be called anything."""
    lines = call_lines(Model(parse_formula("y ~ (1 | g)")), "frame['a'].dropna()", Options(width=20))
    assert lines == ["Formula: ", "y ~ (1 | g)", "   Data: ", "frame['a'].dropna()"]
