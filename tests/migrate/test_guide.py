"""The guide to migration: its generated parts are current, and its worked examples give the published numbers."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import pytest

from lmebridge.datasets import files as datafiles
from lmebridge.demo.published import compare, outputs
from lmebridge.demo.quantities import BY_FUNCTION
from lmebridge.demo.trials import computed
from lmebridge.migrate import translate
from lmebridge.migrate.check import check
from lmebridge.migrate.proof.runner import run_script

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "docs" / "examples"
#: By example, the published outputs that its models give, and the names of those models.
PUBLISHED = {
    "school_attainment": {
        "schools_warmup_lm": "ols",
        "schools_null_fixef": "null_model",
        "schools_null_lmer": "null_model",
        "schools_null_icc_r": "null_model",
        "schools_slope_lmer": "own_slopes",
        "schools_slope_prose": "own_slopes",
        "schools_final_lmer": "final",
        "schools_final_percentages": "final",
        "schools_final_shares": "final",
        "schools_final_predictions": "final",
    },
    "school_value_added": {
        **{f"lsype_m{number}_lmer": f"m{number}" for number in range(6)},
        "lsype_m1_rs_lmer": "m1_rs",
    },
}
DATA = {"school_attainment": "school_data_2223", "school_value_added": "lsype"}

pytestmark = pytest.mark.needs_source


@cache
def generated():
    """Every file with generated parts, as it should be."""
    path = PROJECT / "scripts" / "write_migration_table.py"
    spec = importlib.util.spec_from_file_location("write_migration_table", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.generated()


def test_generated_parts_are_current():
    """The guide's tables and the worked examples are what the translator writes; `make docs` writes them."""
    for page, text in generated().items():
        assert page.read_text(encoding="utf-8") == text, f"run `make docs`: {page.name} is out of date"


def test_the_guide_is_complete():
    """The guide shows a row for every statement of its script, and nothing of it is left."""
    script = PROJECT / "fixtures" / "scripts" / "guide.R"
    found = translate(script.read_text(encoding="utf-8"), name=script.name)
    assert found.leftovers == ()
    page = (PROJECT / "docs" / "migration.md").read_text(encoding="utf-8")
    assert page.count("| R | Python |") == script.read_text(encoding="utf-8").count("# == ")
    assert page.count("| R | of | becomes |") >= 10


@cache
def ran(name):
    """What a worked example shows when it is run among its data, and the variables it leaves."""
    variables = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(datafiles.find(DATA[name]).parent)
        patch.setenv("MPLBACKEND", "Agg")
        return run_script(EXAMPLES / f"{name}.py", variables), variables


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize(("name", "identifier"), [(name, one) for name, found in PUBLISHED.items() for one in found])
def test_worked_examples_give_the_published_numbers(name, identifier):
    """Each model of a worked example gives every number that was published of it."""
    if datafiles.find(DATA[name]) is None:
        pytest.skip(f"{DATA[name]} is not on this machine")
    output = next(one for one in outputs() if one.id == identifier)
    fitted = ran(name)[1][PUBLISHED[name][identifier]]
    table = compare(output, computed(BY_FUNCTION[output.function], list(output.numbers), fitted).__getitem__)
    assert len(table) >= 1
    assert table["agrees"].all(), table[~table["agrees"]]


@pytest.mark.slow
@pytest.mark.needs_r
@pytest.mark.parametrize("name", PUBLISHED)
def test_worked_examples_give_rs_numbers(name, monkeypatch):
    """With R run beside it, each worked example agrees with its R script in every model and printed value."""
    if datafiles.find(DATA[name]) is None:
        pytest.skip(f"{DATA[name]} is not on this machine")
    script = EXAMPLES / f"{name}.R"
    found = translate(script.read_text(encoding="utf-8"), name=script.name)
    pairs = [(one.line, one.end_line, one.python_line, one.python_end_line) for one in found.statements]
    monkeypatch.setattr("lmebridge.migrate.check.run_python", lambda *_, **__: ran(name)[0])
    checked = check(script, found.python, pairs, folder=datafiles.find(DATA[name]).parent, limit=300)
    assert checked.ok, str(checked)
