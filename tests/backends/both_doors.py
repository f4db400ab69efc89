"""What both doors to R give for the models of fixtures/cases.csv, bit for bit; a program, for a process to itself.

``python -m tests.backends.both_doors`` prints as JSON how many answers it compared and which of them differ. Each model
is fitted through either door, and then the same questions are put to both. What is compared are the answers' bytes
before anything of Python's is made of them.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import TYPE_CHECKING, Any

from lmebridge.backends import _r, _rpy2, _serialization, lme4
from lmebridge.backends._doors import Door, Hold, Kept
from lmebridge.backends._wire import encode
from lmebridge.backends._worker import Worker
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from tests.cases import CASES

if TYPE_CHECKING:
    from lmebridge.parity.cases import Case

#: Questions about a fitted model: our R function and its arguments besides the model.
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((name, {}) for name in (
        "extract", "conditional_modes", "conditional_covariances", "fitted_values", "prior_weights", "model_frame",
        "model_data", "model_call", "printed_model", "printed_summary", "leverages", "anova_terms",
    )),
    *(("residual_values", {"type": kind}) for kind in ("response", "pearson", "deviance")),
    *(("criterion", {"REML": REML}) for REML in (True, False)),
    *(("predict_lmer", {"newdata": None, "re_form": form, "allow_new_levels": False}) for form in (None, "~0")),
    ("simulate_lmer", {"nsim": 2, "seed": 7, "re_form": None}),
    ("call_on_model", {"name": "vcov", "positional": [], "named": {}}),
    ("call_on_model", {"name": "confint", "positional": [], "named": {"method": "Wald"}}),
)  # fmt: skip
#: Seconds matter: the two largest models are not asked for what takes R itself seconds.
SLOW = {"insteval", "insteval_ordered"}
SLOW_QUESTIONS = {"leverages", "conditional_covariances"}


def outcome(door: Door, function: str, arguments: dict[str, Any]) -> bytes:
    """The answer as bytes; an object that only R can hold is a mark."""
    crossing = {name: encode(value) for name, value in arguments.items()}
    return b"".join(_serialization.dump(marked(door.run(function, crossing, keep=False))))


def marked(value: Any) -> Any:
    """The crossing value with marks for objects."""
    if isinstance(value, dict):
        return {str(name): marked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return b"an object" if isinstance(value, Hold) else value


def answers(door: Door, case: Case) -> dict[str, bytes]:
    """By question, what is answered through a door about the case's model."""
    with _r.through(door):
        engine = lme4.fit(Model(formula=parse_formula(case.formula), **case.arguments), case.frame())[1]
        pieces = [("getme", {"name": name}) for name in _r.call("getme_names")]
    model = Kept(engine.handle.hold.key)
    asked = [question for question in (*QUESTIONS, *pieces) if case.id not in SLOW or question[0] not in SLOW_QUESTIONS]
    return {
        f"{function} {arguments or ''}".strip(): outcome(door, function, {"model": model, **arguments})
        for function, arguments in asked
    }


def main(left_out: list[str]) -> None:
    """Print what differs, cases left out by name."""
    warnings.simplefilter("ignore")
    worker, compared, differing = Worker(), 0, []
    for case in (case for case in CASES if case.id not in left_out):
        here, there = answers(_rpy2.DOOR, case), answers(worker, case)
        compared += len(here)
        differing += [f"{case.id}: {question}" for question in here if here[question] != there[question]]
    sys.stdout.write(json.dumps({"compared": compared, "differing": differing}))


if __name__ == "__main__":
    main(sys.argv[1:])
