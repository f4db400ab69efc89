"""The R code of the published documents themselves: translated, run, and every number that they print comes out."""

from __future__ import annotations

import shutil
from copy import copy
from functools import cache
from pathlib import Path

import pytest

import lmebridge as lme
from lmebridge.datasets import files as datafiles
from lmebridge.demo.published import compare, outputs
from lmebridge.demo.quantities import BY_FUNCTION
from lmebridge.demo.trials import computed
from lmebridge.migrate import translate
from lmebridge.migrate.proof.runner import run_script
from tests.migrate.test_documents import DOCUMENTS

#: By document, the variables of its own script that give each published output.
PUBLISHED = {
    "000_97adf8c2f2672615.txt": {
        "schools_warmup_lm": "england_model7",
        "schools_null_fixef": "lme1",
        "schools_null_lmer": "lme1",
        "schools_null_icc_r": "lme1",
        "schools_slope_lmer": "lme3",
        "schools_slope_prose": "lme3",
        "schools_final_lmer": "lme11",
        "schools_final_percentages": "lme11",
        "schools_final_shares": "lme11",
    },
    "004_4a13353584a61015.txt": {
        **{f"lsype_m{number}_lmer": f"m{number}" for number in range(6)},
        "lsype_m1_rs_lmer": "m1_rs",
    },
}
#: Rows of which a picture is drawn: all ten thousand take plotnine most of a minute, and show no more of the script.
FEW = 300
#: Where the first document's script looks for its data.
SCHOOLS = "sessions/L6_data/Performancetables_130242/2022-2023/school_data_2223.csv"

pytestmark = [pytest.mark.slow, pytest.mark.needs_r, pytest.mark.needs_source]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the data where the scripts look for them."""
    place = tmp_path_factory.mktemp("documents")
    found = datafiles.find("lsype"), datafiles.find("school_data_2223")
    if None in found or not DOCUMENTS.is_dir():
        pytest.skip("the documents and their data are not on this machine")
    shutil.copy(found[0], place)
    (place / SCHOOLS).parent.mkdir(parents=True)
    # The document's file had been cleaned of the codes for what was not reported.
    lme.datasets.school_data_2223_prepared(lme.datasets.school_data_2223()).to_csv(place / SCHOOLS, index=False)
    return place


def draw_few(picture) -> None:
    """Draw what a script shows, with all that is in it, of some of the rows."""
    few = copy(picture)
    if picture.data is not None:  # else its layers have data of their own
        few.data = picture.data.iloc[:: len(picture.data) // FEW + 1]
    few.draw()


@cache
def ran(document: str, place: Path) -> dict:
    """The variables that the translated script of a document leaves."""
    found = translate((DOCUMENTS / document).read_text(encoding="utf-8"), name=document)
    assert [str(each) for each in found.leftovers] == []
    script = place / f"{Path(document).stem}.py"
    script.write_text(found.python, encoding="utf-8")
    variables: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("MPLBACKEND", "Agg")
        patch.setattr("plotnine.ggplot.show", draw_few)
        run = run_script(script, variables)
    assert run.error == ""
    return variables


@pytest.mark.parametrize(
    ("document", "identifier"), [(name, one) for name, found in PUBLISHED.items() for one in found]
)
def test_the_documents_own_script_gives_its_numbers(document, identifier, folder):
    """Each model that the document's own code fits gives every number that the document prints of it."""
    output = next(one for one in outputs() if one.id == identifier)
    fitted = ran(document, folder)[PUBLISHED[document][identifier]]
    table = compare(output, computed(BY_FUNCTION[output.function], list(output.numbers), fitted).__getitem__)
    assert len(table) >= 1
    assert table["agrees"].all(), table[~table["agrees"]]
