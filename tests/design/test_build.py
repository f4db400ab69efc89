"""A model on data: the model frame, X, Z and the blocks are those lme4's `lFormula` makes."""

from __future__ import annotations

import json
import pickle
from functools import cache

import numpy as np
import pandas as pd
import pytest

from lmebridge.design.build import build, fixed_matrix
from lmebridge.design.checks import dense
from lmebridge.formula.model_formula import parse_formula, resolve_dot
from lmebridge.records import Model
from tests import cases, tables_for_r
from tests.design_cases import CASES, Case
from tests.judge import run_r

ASK = """
many <- function(x) if (is.null(x)) NULL else I(x)
design <- function(code) {
  said <- character()
  keep <- function(c) { said <<- c(said, trimws(conditionMessage(c))); tryInvokeRestart("muffleWarning")
    tryInvokeRestart("muffleMessage") }
  made <- tryCatch(withCallingHandlers(eval(parse(text = code)[[1]]), warning = keep, message = keep),
    error = function(e) e)
  if (inherits(made, "error")) return(list(error = conditionMessage(made)))
  re <- made$reTrms
  X <- made$X
  list(X = matrix(as.numeric(X), nrow(X)), names = many(colnames(X)), dropped = many(names(attr(X, "col.dropped"))),
    Zt = as.matrix(re$Zt), lower = many(re$lower), Gp = many(re$Gp), groups = many(names(re$cnms)),
    effects = lapply(unname(re$cnms), many), levels = lapply(unname(lapply(re$flist, levels)), many),
    codes = lapply(unname(lapply(re$flist, as.integer)), many), factors = many(names(re$flist)),
    rows = many(as.integer(rownames(made$fr))), omitted = many(unname(unclass(attr(made$fr, "na.action")))),
    frame = many(names(made$fr)), y = many(as.numeric(model.response(made$fr))),
    weights = many(model.weights(made$fr)), offset = many(as.numeric(model.offset(made$fr))), said = many(said))
}
library(lme4)
library(splines)
d <- read_table(".", "table")
lapply(readLines("calls.txt"), design)
"""


@pytest.fixture(scope="module")
def from_r(tmp_path_factory):
    """What lme4 makes of every case, asked in one go."""
    folder = tmp_path_factory.mktemp("design")
    tables_for_r.write(tables_for_r.table(), folder)
    calls = [f"lFormula({case.formula}, d, {case.arguments})" for case in CASES]
    (folder / "calls.txt").write_text("\n".join(calls) + "\n")
    return run_r(tables_for_r.READ + ASK, folder)


def built(case: Case, data: pd.DataFrame | None = None, **control: str):
    """The design of a case."""
    model = Model(
        parse_formula(case.formula),
        weights=case.weights,
        offset=case.offset,
        subset=case.subset,
        contrasts=case.contrasts,
        na_action=case.na_action,
        control=control,
    )
    return build(model, tables_for_r.table() if data is None else data)


@pytest.mark.needs_r
@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{c.formula} {c.arguments}" for c in CASES])
def test_design_is_that_of_lme4(number, from_r):
    """X and Z with all names, the levels, the rows used and what lme4 says are lme4's."""
    expected, case = from_r[number], CASES[number]
    assert "error" not in expected, expected
    design = built(case)
    assert_same_fixed(design, expected)
    assert_same_random(design, expected)
    assert (design.rows + 1).tolist() == expected["rows"]
    assert_same_frame(design, expected)
    said = [message.text for message in design.messages if "locale" not in message.text]
    assert said == list(dict.fromkeys(with_call(words) for words in expected["said"]))


def with_call(words: str) -> str:
    """R's words for a warning, as lmebridge writes them where it adds the function."""
    return {"NaNs produced": "In log(): NaNs produced"}.get(words, words)


def assert_same_fixed(design, expected):
    """X, y, weights and offset."""
    assert list(design.names) == expected["names"]
    assert list(design.dropped) == (expected["dropped"] or [])
    # Bases of order 1 computed in another order of additions: some units of rounding, relative to the column.
    np.testing.assert_allclose(design.X, np.array(expected["X"], dtype=float), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(design.y, expected["y"], rtol=1e-14)  # a mean subtracted at most
    assert (design.weights is None) == (expected["weights"] is None)
    if design.weights is not None:
        np.testing.assert_array_equal(design.weights, expected["weights"])
    np.testing.assert_allclose(design.offset, expected["offset"] or np.zeros(len(design.y)), rtol=1e-15)  # log(n)


def assert_same_random(design, expected):
    """The blocks: groups, levels, codes, effects, Z and the template of theta."""
    assert [block.group for block in design.blocks] == expected["groups"]
    assert [list(block.effects) for block in design.blocks] == expected["effects"]
    by_group = {block.group: block for block in design.blocks}
    assert list(by_group) == expected["factors"]
    for group, levels, codes in zip(by_group, expected["levels"], expected["codes"], strict=True):
        assert list(by_group[group].levels) == levels
        assert (by_group[group].codes + 1).tolist() == codes
    Zt = np.hstack([dense(block) for block in design.blocks]).T
    # As for X: bases computed in another order of additions.
    np.testing.assert_allclose(Zt, np.array(expected["Zt"], dtype=float), rtol=1e-12, atol=1e-13)
    sizes = [len(block.levels) * len(block.effects) for block in design.blocks]
    assert np.cumsum([0, *sizes]).tolist() == expected["Gp"]
    diagonal = [row == column for block in design.blocks for column, row in lower_triangle(len(block.effects))]
    assert diagonal == [lower == 0 for lower in expected["lower"]]


def lower_triangle(q: int) -> list[tuple[int, int]]:
    """Column and row of theta's elements, by columns."""
    return [(column, row) for column in range(q) for row in range(column, q)]


def assert_same_frame(design, expected):
    """Columns of the model frame, matrix variables expanded, and the omitted rows (R counts within the subset)."""
    omitted = expected["omitted"]
    n_omitted = 0 if omitted is None else 1 if isinstance(omitted, int | float) else len(omitted)
    assert len(design.omitted) == n_omitted
    names = list(dict.fromkeys(name for column in design.frame for name in expected["frame"] if covers(name, column)))
    assert names == expected["frame"]


def covers(name: str, column: str) -> bool:
    """Whether a column of our frame is a variable of R's, or a column of a matrix variable."""
    return column == name or column.startswith(f"{name}.")


def test_data_are_left_as_they_are():
    """Building a design writes nothing into the user's data."""
    data = tables_for_r.table()
    built(Case("log(y + 10) ~ poly(x, 2) * f + tm + (xm | g)"), data)
    pd.testing.assert_frame_equal(data, tables_for_r.table())


def test_frame_has_the_variables_by_the_names_of_r():
    """The model frame has the response first, matrix variables by columns, weights and offset last."""
    design = built(Case("log(y + 10) ~ poly(x, 2) + f + (1 | g)", weights="wt", offset="w"))
    assert list(design.frame) == [
        "log(y + 10)", "poly(x, 2).1", "poly(x, 2).2", "f", "g", "(weights)", "(offset)",
    ]  # fmt: skip
    assert design.frame.index.tolist() == list(range(48))


def test_columns_know_their_terms():
    """`assign` gives every column of X its term's number, the dropped ones left out."""
    design = built(Case("y ~ x + f + I(2 * x) + x:f + (1 | g)"))
    assert design.names == ("(Intercept)", "x", "fa", "fb", "x:fa", "x:fb")
    assert design.dropped == ("I(2 * x)",)
    assert design.assign == (0, 1, 2, 2, 4, 4)


def test_na_in_a_condition_keeps_no_row():
    """A subset's missing condition is not met, and its row is not among those omitted for missing values."""
    design = built(Case("y ~ x + (1 | h)", subset="xm > 3"))
    data = tables_for_r.table()
    assert design.rows.tolist() == np.flatnonzero(data["xm"] > 3).tolist()
    assert design.omitted.tolist() == []


def test_rows_are_positions_in_the_data():
    """Rows used and omitted are counted in the whole data, whatever its index."""
    data = tables_for_r.table()
    data.index = pd.Index([f"id{i}" for i in range(48)])
    design = built(Case("y ~ xm + (1 | g)", subset="n > 2"), data)
    wanted = data["n"].to_numpy() > 2
    assert design.rows.tolist() == np.flatnonzero(wanted & data["xm"].notna().to_numpy()).tolist()
    assert design.omitted.tolist() == np.flatnonzero(wanted & data["xm"].isna().to_numpy()).tolist()


def test_design_pickles():
    """A design, with all it remembers, goes through pickle and predicts the same."""
    design = built(Case("y ~ poly(x, 2) + ns(w, 3) + scale(n) + f + (x | g)"))
    again = pickle.loads(pickle.dumps(design))
    new = tables_for_r.table().head(5)
    np.testing.assert_array_equal(fixed_matrix(again, new), fixed_matrix(design, new))


@cache
def golden(case_id: str) -> dict:
    """What lme4 found for a case of the table, as recorded."""
    return json.loads((cases.FIXTURES / "goldens" / f"{case_id}.json").read_text(encoding="utf-8"))["extract"]


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.id)
def test_design_is_that_of_the_golden(case):
    """Names, dropped columns, blocks, numbers of levels and rows of the recorded fits; needs no R."""
    expected = golden(case.id)
    formula = resolve_dot(parse_formula(case.formula), list(case.frame().columns))
    design = build(Model(formula, **{k: v for k, v in case.arguments.items() if v is not None}), case.frame())
    assert list(design.names) == expected["fixed"]["names"]
    assert list(design.dropped) == expected["dropped"]
    assert [block.group for block in design.blocks] == expected["block_groups"]
    assert [list(block.effects) for block in design.blocks] == expected["block_effects"]
    levels = {block.group: len(block.levels) for block in design.blocks}
    assert levels == dict(zip(expected["n_groups"]["names"], expected["n_groups"]["values"], strict=True))
    assert (design.rows + 1).tolist() == expected["rows"]
    assert (design.omitted + 1).tolist() == expected["omitted"]
