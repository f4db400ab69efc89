"""A model on new data: what R remembers of the fit, and lme4's words for what it cannot predict."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from lmebridge.design.build import block_matrix, build, fixed_matrix, new_block, new_offset
from lmebridge.errors import DataError
from lmebridge.formula.model_formula import blocks, parse_formula
from lmebridge.records import Model
from tests import tables_for_r
from tests.design_cases import PREDICTED
from tests.judge import run_r

ASK = """
library(lme4)
library(splines)
d <- read_table(".", "table")
new <- read_table(".", "new")
plain <- function(x) I(unname(as.numeric(x)))
effects <- function(code) tryCatch(predictions(code), error = function(e) list(error = conditionMessage(e)))
predictions <- function(code) {
  m <- suppressMessages(suppressWarnings(lmer(as.formula(code), d, control = lmerControl(calc.derivs = FALSE))))
  b <- ranef(m, condVar = FALSE)
  list(beta = plain(fixef(m)), names = I(names(fixef(m))),
    modes = lapply(b, function(x) list(levels = I(rownames(x)), effects = I(names(x)), values = as.matrix(x))),
    fixed = plain(predict(m, new, re.form = NA)), all = plain(predict(m, new, allow.new.levels = TRUE)))
}
lapply(readLines("formulas.txt"), effects)
"""


def new_rows() -> pd.DataFrame:
    """Rows of the table with other values of x, groups the fit has not seen, and missing predictors."""
    data = tables_for_r.table().iloc[[3, 30, 7, 18, 41, 22, 9, 11]].reset_index(drop=True)
    data["x"] = [0.2, 4.44, 8.5, 12.0, 3.0, 6.25, 1.5, 2.5]
    data["my var"] = [1.0, 2.0, 30.0, 10.5, 9.0, 8.0, 7.0, 6.0]
    data["w"] = [0.5, -0.25, 1.0, 2.0, -3.0, 0.0, 0.125, 1.5]
    data["n"] = [1, 2, 3, 4, 5, 6, 7, 8]
    data.loc[2, "g"] = 77
    data.loc[5, "h"] = "new"
    return data


def without_unused(data: pd.DataFrame) -> pd.DataFrame:
    """The same with factors that have only the levels at hand, as a user's own new data have."""
    found = data.copy()
    for name in ("f", "o", "fm"):
        found[name] = found[name].cat.remove_unused_categories()
    return found


@pytest.fixture(scope="module")
def from_r(tmp_path_factory):
    """lme4's estimates and predictions for every formula."""
    folder = tmp_path_factory.mktemp("newdata")
    tables_for_r.write(tables_for_r.table(), folder)
    tables_for_r.write(without_unused(new_rows()), folder, "new")
    (folder / "formulas.txt").write_text("\n".join(PREDICTED) + "\n")
    return dict(zip(PREDICTED, run_r(tables_for_r.READ + ASK, folder), strict=True))


@pytest.mark.needs_r
@pytest.mark.parametrize("formula", PREDICTED)
def test_predictions_are_those_of_lme4(formula, from_r):
    """With lme4's estimates and modes, X and the blocks on new data give lme4's predictions."""
    expected = from_r[formula]
    assert "error" not in expected, expected
    design = build(Model(parse_formula(formula)), tables_for_r.table())
    assert list(design.names) == expected["names"]
    new = without_unused(new_rows())
    fixed = fixed_matrix(design, new) @ np.array(expected["beta"]) + new_offset(design, new)
    # Sums of a few products of numbers up to 100 (an extrapolated spline): rounding of some 1e-14 each.
    np.testing.assert_allclose(fixed, numbers(expected["fixed"]), rtol=1e-11, atol=1e-11)
    random = sum(contribution(design, i, new, expected["modes"]) for i in range(len(design.blocks)))
    np.testing.assert_allclose(fixed + random, numbers(expected["all"]), rtol=1e-11, atol=1e-11)  # as above


def numbers(values):
    """R's numbers, missing ones as NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def contribution(design, place, new, modes):
    """One block's part of the predictions."""
    block = design.blocks[place]
    found = modes[block.group]
    codes, matrix = block_matrix(design, place, new, allow_new_levels=True)
    columns = [found["effects"].index(effect) for effect in block.effects]
    rows = [found["levels"].index(level) for level in block.levels]
    effects = np.vstack([np.array(found["values"], dtype=float)[np.ix_(rows, columns)], np.zeros(len(columns))])
    return (matrix * effects[codes]).sum(axis=1)


def design_of(formula: str):
    """The design of a formula on the table."""
    return build(Model(parse_formula(formula)), tables_for_r.table())


def changed(**columns) -> pd.DataFrame:
    """Two rows of the table with other values in some columns."""
    return tables_for_r.table().head(2).assign(**columns)


def test_data_of_the_fit_give_its_own_columns():
    """X and the blocks on the fit's own data are those of the fit."""
    formula = "y ~ poly(x, 2) * f + ns(w, 3) + scale(n) + cut(x, 3) + I(2 * x) + I(x^2) + (o | nested) + (1 | g/h)"
    design, data = design_of(formula), tables_for_r.table()
    np.testing.assert_allclose(fixed_matrix(design, data), design.X, rtol=1e-14)  # the same steps, but for poly
    for i, block in enumerate(design.blocks):
        codes, matrix = block_matrix(design, i, data)
        np.testing.assert_array_equal(codes, block.codes)
        np.testing.assert_array_equal(matrix, block.matrix)


def test_missing_predictors_give_missing_rows():
    """A missing number, level or truth value makes its row of X missing, and no other."""
    design = design_of("y ~ x * f + t + b + (1 | g)")
    new = tables_for_r.table().head(5)
    new["b"] = new["b"].astype("boolean")
    new.loc[0, "x"], new.loc[1, "f"], new.loc[2, "t"], new.loc[3, "b"] = np.nan, None, None, pd.NA
    assert np.isnan(fixed_matrix(design, new)).any(axis=1).tolist() == [True, True, True, True, False]


def test_text_will_do_for_a_factor():
    """New data may have text or another order of levels where the fit had a factor."""
    design = design_of("y ~ f + o + (1 | g)")
    data = tables_for_r.table()
    expected = fixed_matrix(design, data)
    as_text = data.assign(f=data["f"].astype(object), o=data["o"].astype(str))
    other = data.assign(f=data["f"].cat.reorder_categories(list("zbac")))
    np.testing.assert_array_equal(fixed_matrix(design, as_text), expected)
    np.testing.assert_array_equal(fixed_matrix(design, other), expected)


def test_groups_may_have_another_type():
    """A grouping factor fitted from whole numbers is found again in text, floats and categories."""
    design, data = design_of("y ~ x + (1 | g)"), tables_for_r.table()
    for kind in (str, float, "category", "Int64"):
        codes, _ = block_matrix(design, 0, data.assign(g=data["g"].astype(kind)))
        np.testing.assert_array_equal(codes, design.blocks[0].codes)


#: Formula, new values and R's or lme4's words. Where lme4 says only "non-conformable arguments" the words are those of
#: R's `model.frame`.
REFUSED = [
    ("y ~ f + (1 | g)", {"f": ["a", "new"]}, "factor f has new level new"),
    ("y ~ t + (1 | g)", {"t": ["u", "v"]}, "factor t has new levels u, v"),
    ("y ~ factor(k) + (1 | g)", {"k": [7.0, 1.0]}, "factor factor(k) has new level 7"),
    ("y ~ x + (1 | g)", {"x": ["a", "b"]}, 'variable \'x\' was fitted with type "numeric" but type "character"'),
    ("y ~ f + (1 | g)", {"f": [1.0, 2.0]}, 'variable \'f\' was fitted with type "factor" but type "numeric"'),
]


@pytest.mark.parametrize(("formula", "columns", "words"), REFUSED)
def test_new_values_that_cannot_be_predicted(formula, columns, words):
    """R's words for new levels and other types."""
    with pytest.raises(DataError, match=f"^{re.escape(words)}"):
        fixed_matrix(design_of(formula), changed(**columns))


REFUSED_GROUPS = [
    ("y ~ x + (1 | g)", {"g": [99, 98]}, "new levels detected in newdata: 99, 98"),
    ("y ~ x + (1 | g:h)", {"h": ["q", "s0"]}, "new levels detected in newdata: 0:q"),
    ("y ~ x + (1 | g:h)", {"h": [None, "s5"]}, "new levels detected in newdata: 0:NA"),
    (
        "y ~ x + (1 | h)",
        {"h": ["a" * 50, "b" * 50]},
        f"new levels detected in newdata: {'a' * 50}, ...",
    ),
    (
        "y ~ x + (1 | h)",
        {"h": [None, "s5"]},
        "NAs are not allowed in prediction data for grouping variables unless allow.new.levels is TRUE",
    ),
]


@pytest.mark.parametrize(("formula", "columns", "words"), REFUSED_GROUPS)
def test_new_groups_are_refused_unless_allowed(formula, columns, words):
    """lme4's words for new and missing groups, which get the code -1 where they are allowed."""
    design = design_of(formula)
    with pytest.raises(DataError, match=f"^{re.escape(words)}"):
        block_matrix(design, 0, changed(**columns))
    codes, matrix = block_matrix(design, 0, changed(**columns), allow_new_levels=True)
    assert codes[0] == -1
    assert matrix.tolist() == [[1.0], [1.0]]


def test_unknown_column_is_named():
    """New data without a column the model needs are refused with its name; the others are not asked for."""
    design = design_of("y ~ x + (w | g)")
    new = tables_for_r.table().drop(columns=["w", "y"])
    assert fixed_matrix(design, new).shape == (48, 2)
    with pytest.raises(DataError, match="object 'w' not found"):
        block_matrix(design, 0, new)


def term_of(text: str):
    """The random-effects term of a one-sided formula."""
    (term,) = blocks(parse_formula(text))
    return term


@pytest.mark.parametrize("rows", ["new", "own"])
def test_part_of_a_block(rows):
    """A term of ``re.form`` may have some of a group's effects, on new rows or on the fit's."""
    design = design_of("y ~ x + (x + f | g) + (1 | h)")
    data = tables_for_r.table() if rows == "new" else None
    found = new_block(design, term_of("~ (0 + x | g)"), data)
    assert found.effects == ("x",)
    np.testing.assert_array_equal(found.matrix[:, 0], tables_for_r.table()["x"])
    np.testing.assert_array_equal(found.codes, design.blocks[0].codes)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("~ (1 | nested)", "grouping factors specified in re.form that were not present in original model: nested"),
        ("~ (w | g)", "random effects specified in re.form that were not present in original model w"),
    ],
)
def test_terms_the_model_has_not(term, words):
    """lme4's words for groups and effects that are not in the model."""
    with pytest.raises(DataError, match=f"^{re.escape(words)}"):
        new_block(design_of("y ~ x + w + (x | g)"), term_of(term), None)
