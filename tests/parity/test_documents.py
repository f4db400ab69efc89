"""The reader on the pages it was written for, held to the numbers copied from them by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from lmebridge.parity import Published, published
from lmebridge.parity.names import spelling

PROJECT = Path(__file__).parents[2]
DOCUMENTS = PROJECT.parent / "shared" / "documents"
FIXTURES = sorted((PROJECT / "fixtures" / "published").glob("*.json"))
#: Tables that are no output of a model, so that no reader is for them.
DERIVED = {
    *("schools_final_predictions", "schools_final_shares", "schools_null_icc_python", "schools_final_percentages"),
    *("schools_final_prose", "schools_final_fit", "schools_final_what_if", "schools_slope_prose", "lsype_correlation"),
    *(f"hsb_{model}_{what}" for model in ("null", "ses", "sector", "interaction") for what in ("sigmas", "pseudo_r2")),
}
#: Outputs by document, counted by eye: line and kind.
OUTPUTS = {
    "000_97adf8c2f2672615.txt": [
        (101, "OLS"),
        (150, "summary(lm)"),
        (306, "fixef"),
        (415, "MixedLM"),
        (438, "summary(lmer)"),
        (469, "icc"),
        (592, "params"),
        (970, "MixedLM"),
        (992, "summary(lmer)"),
        (1091, "summary(lmer)"),
    ],
    "001_8d52d06e016bb527.txt": [],
    "002_627c3fe38b8221bb.txt": [
        *((line, "OLS") for line in (155, 183)),
        *((line, "params") for line in (260, 266)),
        (319, "MixedLM"),
        *((line, "OLS") for line in (392, 419, 445)),
        *((line, "MixedLM") for line in (472, 554, 639, 753, 847)),
    ],
    "003_9d598dfcec316bed.txt": [],
    "004_4a13353584a61015.txt": [
        *((line, "summary(lmer)") for line in (42, 68, 97, 133, 170, 211, 278)),
        (308, "anova"),
    ],
}
BY_TERM = {"Estimate": "estimate", "Std. Error": "std_error", "t value": "t_value", "z": "z_value"}

pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the documents are not beside the project")


@cache
def read(document: str) -> Published:
    """Everything read in a document."""
    return published((DOCUMENTS / document).read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", OUTPUTS)
def test_every_output_of_a_document_is_found_and_nothing_else(document: str) -> None:
    """Each output is found at its line, no prose is taken for one, nothing is left unread."""
    found = read(document)
    assert [(output.line, output.kind) for output in found] == OUTPUTS[document]
    assert found.unread == ()


def fixtures() -> list[Path]:
    """The hand-copied outputs that a reader is for."""
    return [path for path in FIXTURES if path.stem not in DERIVED]


@pytest.mark.parametrize("path", fixtures(), ids=lambda path: path.stem)
def test_every_number_copied_by_hand_is_read(path: Path) -> None:
    """The numbers of an output are those that were copied from it by hand, character for character."""
    copied = json.loads(path.read_text(encoding="utf-8"))
    # The copy starts at the call, the title or the first number, the output at its title or header.
    output = next(o for o in read(copied["document"]) if o.line - 1 <= copied["line"] <= o.last_line)
    texts = [text for numbers in copied["numbers"].values() for text in numbers.values()]
    assert Counter(number.text for number in output.numbers) == Counter(text.replace(" ", "") for text in texts)
    for quantity, name in BY_TERM.items():
        terms = {as_copied(n.key.term): n.text for n in output.numbers if n.key.quantity == name and not n.key.group}
        assert terms == {spelling(term): text for term, text in copied["numbers"].get(quantity, {}).items()}


def as_copied(term: str) -> str:
    """The coefficient's name under which the copy files it: the documents' Python columns are R's calls."""
    return spelling(re.sub(r"\blog_(\w+)", r"log(\1)", term))
