"""The goldens of fixtures/glmer_cases.csv: there for every case, of these data, read and printed without R."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import lmebridge as lme
from lmebridge.parity.golden import read_golden
from tests.cases import FIXTURES
from tests.generalized.cases import BY_ID, CASES, IDS, golden
from tests.test_cases import registered
from tests.test_goldens import parts


def test_every_case_has_a_golden_and_no_golden_is_left_over():
    """The table and the folder agree."""
    assert {path.stem for path in (FIXTURES / "goldens" / "generalized").glob("*.json")} == set(IDS)


def test_cases_are_named_once_and_say_why():
    """A case is found by its id, and a reader learns why it is there."""
    assert len(BY_ID) == len(CASES) == len({case.why for case in CASES})
    assert all(len(case.why) > 8 for case in CASES)


@pytest.mark.parametrize("case_id", IDS)
def test_golden_is_of_this_case_and_these_data(case_id):
    """A golden says what made it, and neither the case nor the data have changed since."""
    found, case = golden(case_id), BY_ID[case_id]
    assert [found.content[name] for name in ("id", "formula", "data")] == [case.id, case.formula, case.data]
    found.check_file(FIXTURES / "data" / f"{case.data}.csv")
    found.check_hash(registered()[f"fixtures/data/{case.data}.csv"])
    assert {"lme4", "R", "Matrix", "platform", "BLAS", "RNGkind"} <= set(found.content["provenance"])
    for name, argument in {"weights": "weights", "offset": "offset", "subset": "subset", "nAGQ": "nAGQ"}.items():
        assert (getattr(case, name) not in ("", "1")) == (f", {argument} = " in found.content["call"])


@pytest.mark.parametrize("case_id", IDS)
def test_golden_has_the_model_and_its_likelihood(case_id):
    """Family, link, quadrature, scale and number of parameters are in the record, and AIC follows from them."""
    record, case, content = golden(case_id).record, BY_ID[case_id], golden(case_id).content
    assert record.model.is_generalized
    assert record.model.nAGQ == int(case.nAGQ)
    assert record.n_parameters == content["logLik_df"][0]
    likelihood = content["logLik"][0]
    # 1e-12: the same sum of two doubles in another order
    np.testing.assert_allclose(content["AIC"][0], 2 * record.n_parameters - 2 * likelihood, rtol=1e-12)
    assert record.source.versions["lme4"] == content["lme4"]
    assert record.has_scale is (case_id in {"gamma", "log_gaussian"})


@pytest.mark.parametrize("case_id", IDS)
def test_what_r_prints_of_a_golden_holds_for_it(case_id):
    """Text and numbers were taken from one fit: each printed number is the golden's, rounded."""
    for part in ("print_text", "summary_text"):
        lines = golden(case_id).content[part]
        report = lme.parity.published("\n".join(lines)).check(golden(case_id))
        assert not (report.to_frame()["verdict"] == "differs").any(), str(report)


def test_goldens_of_two_links_are_not_one_model():
    """The harness tells families and links apart, and each golden agrees with itself."""
    assert lme.parity.compare(golden("cbind"), golden("cbind")).ok
    report = lme.parity.compare(golden("cbind"), golden("probit"))
    assert not report.ok
    assert "family and link differ" in str(report)


@pytest.mark.needs_r
@pytest.mark.slow
def test_r_writes_the_goldens_again(tmp_path):
    """The program that wrote them writes the same parts and numbers, one case of each way to fit."""
    again = ("cbind", "quadrature", "sums", "nb_known")
    options = ["--cases", "fixtures/glmer_cases.csv", "--out", str(tmp_path)]
    command = ["Rscript", "r/make_goldens.R", *options, *again]
    done = subprocess.run(command, cwd=FIXTURES.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for case_id in again:
        new = read_golden(tmp_path / f"{case_id}.json")
        assert parts(new.content) == parts(golden(case_id).content)
        assert new.content["call"] == golden(case_id).content["call"]
        assert lme.parity.compare(golden(case_id), new).ok
