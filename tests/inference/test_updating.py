"""Updated formulas against R's update.formula."""

from __future__ import annotations

from typing import Any

import pytest

import lmebridge as lme
from lmebridge.inference.updating import updated_formula
from tests.judge import run_r

CASES = (
    ("y ~ x + (x | g)", ". ~ . + z"),
    ("y ~ x + (x | g)", ". ~ . - (x | g) + (1 | g)"),
    ("y ~ x + (1 | g)", ". ~ . - (1 | g)"),
    ("y ~ x + (1 | g)", ". ~ ."),
    ("y ~ x + (1 | g)", "~ . - x"),
    ("y ~ x + (1 | g)", "w ~ poly(x, 2) + (1 | g)"),
    ("y ~ x + (1 | g)", "log(.) ~ (. + z)^2"),
    ("y ~ 1 + (1 | a/b)", "~ . + x:z + (0 + x || a)"),
    ("y ~ 0 + x + (1 | g)", ". ~ . + 1"),
    ("y ~ x * z + offset(w) + (1 | g)", ". ~ . - x:z"),
    ("y ~ x + offset(w) + (1 | g)", ". ~ . - offset(w)"),
    ("log(y) ~ x + (1 | g)", ".^2 ~ ."),
    ("log(y) ~ x + (1 | g)", "sqrt(.) ~ . - 1"),
    ("a + b ~ x + (1 | g)", ". * 2 ~ . * w"),
    ("a + b ~ x + (1 | g)", "log(.) + . ~ ."),
    ("`my y` ~ `an x` + (1 | `the g`)", ". ~ . + I(q^2)"),
)
PROGRAM = """
update <- function(old, new) paste(deparse(update.formula(as.formula(old), as.formula(new)), 500L), collapse = "")
as.list(unname(mapply(update, old, new)))
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What R makes of every case."""
    old, new = ([case[i] for case in CASES] for i in (0, 1))
    return dict(zip(CASES, run_r(PROGRAM, tmp_path_factory.mktemp("judged"), old=old, new=new), strict=True))


@pytest.mark.needs_r
@pytest.mark.parametrize("case", CASES, ids=" @ ".join)
def test_formula_is_that_of_r(case: tuple[str, str], judged: Any) -> None:
    """Dots are filled in and the sum is simplified as R does it."""
    assert updated_formula(*case) == judged[case]


def test_no_formula() -> None:
    """What has no tilde is refused at its place."""
    with pytest.raises(lme.FormulaError, match="no formula"):
        updated_formula("y ~ x + (1 | g)", ". + z")
