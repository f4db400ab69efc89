"""Polars and pyarrow tables wherever rows are taken: the numbers are those of the pandas frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lmebridge as lme
from tests.cases import data

if TYPE_CHECKING:
    import pandas as pd

FORMULA = "Reaction ~ Days + (Days | Subject)"
KINDS = ("polars", "lazy", "pyarrow")


def table(frame: pd.DataFrame, kind: str) -> Any:
    """The frame as a table of another library."""
    if kind == "pyarrow":
        return pytest.importorskip("pyarrow").Table.from_pandas(frame, preserve_index=False)
    found = pytest.importorskip("polars").from_pandas(frame)
    return found.lazy() if kind == "lazy" else found


@pytest.mark.parametrize("kind", KINDS)
def test_every_door_takes_them(kind: str) -> None:
    """Fits, updates, predictions, standard errors, simulations, influence and augmented rows."""
    frame = data("sleepstudy")
    head = frame.head(12)
    plain = lme.lmer(FORMULA, frame, backend="native")
    fit = lme.lmer(FORMULA, table(frame, kind), backend="native")
    # The same arrays reach the same code, so every number is the same.
    np.testing.assert_array_equal(fit.fixef(), plain.fixef())
    np.testing.assert_array_equal(plain.predict(table(head, kind)), plain.predict(head))
    np.testing.assert_array_equal(plain.predict(table(head, kind), se_fit=True), plain.predict(head, se_fit=True))
    np.testing.assert_array_equal(plain.augment(newdata=table(head, kind))[".fitted"], plain.predict(head))
    np.testing.assert_array_equal(fit.augment(data=table(frame, kind))[".hat"], plain.hatvalues())
    shorter = plain.update(data=table(frame.head(90), kind))
    np.testing.assert_array_equal(shorter.fixef(), plain.update(data=frame.head(90)).fixef())
    np.testing.assert_array_equal(lme.lm("Reaction ~ Days", table(frame, kind)).predict(table(head, kind)).shape, (12,))


@pytest.mark.parametrize("kind", ["polars", "pyarrow"])
def test_columns_of_theirs_are_values(kind: str) -> None:
    """A column of such a table is a response to refit to, weights, or an offset."""
    frame = data("sleepstudy")
    rows = table(frame, kind)
    fit = lme.lmer("Reaction ~ Days + (1 | Subject)", rows, weights=rows["Reaction"], backend="native")
    assert fit.weights().tolist() == frame["Reaction"].tolist()
    np.testing.assert_array_equal(fit.refit(rows["Reaction"]).fixef(), fit.refit(frame["Reaction"]).fixef())


@pytest.mark.needs_r
@pytest.mark.parametrize("kind", KINDS)
def test_they_reach_r(kind: str) -> None:
    """With lme4 too, categories and all."""
    frame = data("sleepstudy")
    plain, fit = (lme.lmer(FORMULA, rows, backend="lme4") for rows in (frame, table(frame, kind)))
    np.testing.assert_array_equal(fit.fixef(), plain.fixef())
    np.testing.assert_array_equal(fit.predict(table(frame.head(5), kind)), plain.predict(frame.head(5)))


@pytest.mark.parametrize("thing", [[1, 2], "sleepstudy", None])
def test_what_is_no_table_is_named(thing: Any) -> None:
    """The message has the type and what is taken."""
    with pytest.raises(lme.DataError, match=f"data is of type {type(thing).__name__}, not a table"):
        lme.lmer(FORMULA, thing, backend="native")
