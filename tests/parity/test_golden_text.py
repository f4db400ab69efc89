"""A live fit as a golden: every number comes back, R's own writer agrees, and the data have one hash everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.parity import compare
from lmebridge.parity.golden import read_golden
from lmebridge.parity.golden_text import fingerprint, frame_sha256, golden_text, json_text
from tests.fits import fit, golden

#: One block, several blocks of one factor, nesting, a zero variance, dropped columns, missing rows, prior weights.
CASES = ("sleep_slope", "sleep_uncorrelated", "pastes_nested", "dyestuff2_singular", "rank_deficient", "na_exclude",
         "weights_expression", "contrasts_sum", "everything")  # fmt: skip


@pytest.mark.parametrize("case_id", CASES)
def test_every_number_comes_back(case_id: str, tmp_path) -> None:
    """Written and read again, a fit is the same to the last bit, random effects and model with it."""
    fitted = fit(case_id, "native")
    path = tmp_path / "golden.json"
    path.write_text(golden_text(fitted, case_id), encoding="utf-8")
    again = read_golden(path)
    assert set(compare(fitted.record, again.record).table["difference"].dropna()) == {0.0}
    for name in ("fixed", "fixed_covariance", "variance"):
        pd.testing.assert_frame_equal(getattr(again.record, name), getattr(fitted.record, name), check_exact=True)
    np.testing.assert_array_equal(again.record.theta, fitted.record.theta)
    assert (again.record.blocks, again.record.dropped) == (fitted.record.blocks, fitted.record.dropped)
    for group, variances in fitted.ranef().postVar.items():
        np.testing.assert_array_equal(again.ranef().postVar[group], variances)
        np.testing.assert_array_equal(again.ranef()[group].to_numpy(), fitted.ranef()[group].to_numpy())
    again.check_hash(fingerprint(fitted))
    assert again.refined is None


@pytest.mark.needs_r
@pytest.mark.parametrize("case_id", CASES)
def test_live_lme4_writes_what_r_writes(case_id: str, tmp_path) -> None:
    """The golden of a live lme4 fit has the numbers of the one that R wrote, at both optima."""
    path = tmp_path / "golden.json"
    path.write_text(golden_text(fit(case_id, "lme4"), case_id), encoding="utf-8")
    written, by_r = read_golden(path), golden(case_id)
    report = compare(by_r, written)
    assert report.ok, str(report)
    assert written.refined is not None
    report = compare(by_r.refined, written.refined)
    assert report.ok, str(report)
    assert written.record.source.versions == by_r.record.source.versions
    assert set(written.content["refined"]) == set(by_r.content["refined"]) - {"fitted_refined"}
    assert set(written.content["extract"]) <= set(by_r.content["extract"])


def levels(*names: str, ordered: bool = False) -> pd.CategoricalDtype:
    """A type of factor."""
    return pd.CategoricalDtype(list(names), ordered=ordered)


SAME = [
    (pd.Series([1, 2, 3]), pd.Series([1.0, 2.0, 3.0])),
    (pd.Series([1.0, None]), pd.Series([1, None], dtype="Int64")),
    (pd.Series([0.0]), pd.Series([-0.0])),
    (pd.Series(["a", None], dtype=object), pd.Series(["a", None], dtype="string")),
    (pd.Series([True, False]), pd.Series([True, False], dtype="boolean")),
    (pd.Series(["a", "b"], dtype="category"), pd.Series(["a", "b"], index=[7, 8], dtype="category")),
]
DIFFERENT = [
    (pd.Series([1.0]), pd.Series([1.0 + 2**-52])),
    (pd.Series([1, 0]), pd.Series([True, False])),
    (pd.Series(["1"]), pd.Series([1])),
    (pd.Series(["a"]), pd.Series([None], dtype=object)),
    (pd.Series(["ab", "c"]), pd.Series(["a", "bc"])),
    (pd.Series(["a"], dtype="category"), pd.Series(["a"])),
    (pd.Series(["a"], dtype=levels("a")), pd.Series(["a"], dtype=levels("a", "b"))),
    (pd.Series(["a", "b"], dtype=levels("a", "b")), pd.Series(["a", "b"], dtype=levels("b", "a"))),
    (pd.Series(["a"], dtype=levels("a")), pd.Series(["a"], dtype=levels("a", ordered=True))),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_the_model_sees_alike_has_one_hash(one: pd.Series, other: pd.Series) -> None:
    """Storage, index and version of pandas do not count."""
    assert frame_sha256({"x": one}) == frame_sha256({"x": other})


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_the_model_sees_differently_has_another_hash(one: pd.Series, other: pd.Series) -> None:
    """A bit of a number, a level, the order of levels, a type: each changes the hash."""
    assert frame_sha256({"x": one}) != frame_sha256({"x": other})


def test_the_hash_is_what_it_was() -> None:
    """The hash of fixed data never changes, or every golden of every project would fail."""
    factor = pd.Series(["b", "é"], dtype=levels("b", "é"))
    columns = {"x": pd.Series([1.5, None]), "g": factor, "t": pd.Series(["u", "v"])}
    assert frame_sha256(columns) == "e27d3d8c795d9b8ca5bee425c00719f91c20398685e3e54c6ad277e02bd494dd"


def test_names_and_borders_of_columns_count() -> None:
    """Two columns cannot be taken for other two."""
    a, b = pd.Series([1.0]), pd.Series([2.0])
    hashes = {frame_sha256(c) for c in ({"a": a, "b": b}, {"a": b, "b": a}, {"ab": a}, {"a": a}, {})}
    assert len(hashes) == 5


def test_json_is_one_vector_a_line() -> None:
    """A golden is reviewed as a diff: every vector has a line of its own."""
    assert json_text({}) == "{}"
    assert json_text({"a": {".number": "Inf"}}) == '{\n  "a": {".number": "Inf"}\n}'
    text = golden_text(fit("sleep_slope", "native"), "x")
    assert max(text.count(line) for line in ('"extract": {', '"ranef": {')) == 1
    with pytest.raises(ValueError, match="Out of range"):
        json_text({"a": [float("nan")]})
