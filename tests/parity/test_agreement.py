"""One model by several backends, each against each."""

from __future__ import annotations

import json

import pytest

import lmebridge as lme
from lmebridge.parity import agreement
from tests.cases import data

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.mark.needs_r
def test_every_pair_of_backends_agrees():
    """lme4, statsmodels and native find one optimum; what cannot be used is named."""
    found = agreement(FORMULA, data("sleepstudy"), ("lme4", "statsmodels", "native"))
    assert found.ok
    assert [report.outcome for report in found.reports] == ["same optimum"] * 3
    content = json.loads(found.to_json())
    assert (content["ok"], len(content["reports"])) == (True, 3)
    assert found.to_html().count("<h2>") == 3


def test_a_backend_that_cannot_is_left_out_with_the_reason():
    """MixedLM has no weights."""
    arguments = {"weights": "1 + Days", "backends": ("native", "statsmodels")}
    with pytest.raises(lme.BackendUnavailable, match=r"native can fit the model\. statsmodels: .*weights"):
        agreement(FORMULA, data("sleepstudy"), **arguments)


def test_linear_models_are_compared_too():
    """Without a bar the models are linear; REML means nothing to them."""
    found = agreement("mathach ~ ses", lme.datasets.hsb(), ("native", "statsmodels"), REML=True)
    assert found.ok


def test_a_disagreement_is_no_agreement():
    """Tolerances of zero leave nothing equal."""
    found = agreement(FORMULA, data("sleepstudy"), ("native", "statsmodels"), tolerances={"sdcor": 0.0, "theta": 0.0})
    assert not found.ok
