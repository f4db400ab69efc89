"""The pytest plugin in projects of its own: what passes, what fails, what is written, and what is never overwritten."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cases import FIXTURES
from tests.fits import fit
from tests.processes import run_python

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

PROJECT = FIXTURES.parent
GUIDE = PROJECT / "docs" / "parity_in_your_project.md"

#: A project whose fits say that they are lme4's, so that goldens can be written where there is no R.
CONFTEST = f"""
import dataclasses
import pandas as pd
import pytest
import lmebridge as lme

@pytest.fixture
def data():
    return pd.read_csv({str(FIXTURES / "data" / "sleepstudy.csv")!r}, dtype={{"Subject": "category"}})

def by_lme4(fit):
    source = dataclasses.replace(fit.record.source, engine="lme4", versions={{"lme4": "1.1-31", "R": "4.2.2"}})
    return lme.MerMod(dataclasses.replace(fit.record, source=source), fit._engine, fit.data)

@pytest.fixture
def fit(data):
    return lme.lmer("Reaction ~ Days + (Days | Subject)", data, backend="native")

@pytest.fixture
def lme4_fit(fit, monkeypatch):
    monkeypatch.setattr("lmebridge.parity.golden_text.refined", lambda fit: fit)
    return by_lme4(fit)
"""
TEST_GOLDEN = "def test_slopes(lme_parity, {fit}):\n    lme_parity.golden({fit})\n"


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    """Load what the inner runs import: they forget the modules they load, and numpy's cannot be loaded twice."""
    import pytest_regressions.common  # noqa: F401 - loaded for the inner runs

    from lmebridge.parity import agreement

    agreement("Reaction ~ Days + (1 | Subject)", fit("sleep_slope", "native").data, ("native", "statsmodels"))


@pytest.fixture(autouse=True)
def _few_plugins(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the plugins of the outer run that have nothing to do here: one of them takes seconds to report."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:benchmark -p no:cacheprovider")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with data and fits."""
    pytester.makeconftest(CONFTEST)
    return pytester


@pytest.fixture
def written(project: pytest.Pytester) -> Path:
    """The golden of a project whose first run has written it."""
    project.makepyfile(test_model=TEST_GOLDEN.format(fit="lme4_fit"))
    project.runpytest_inprocess().assert_outcomes(failed=1)
    return project.path / "test_model" / "test_slopes.json"


def test_first_run_writes_the_golden_and_fails(project, written):
    """A golden that nobody has looked at does not pass; the second run holds the fit to it."""
    content = json.loads(written.read_text(encoding="utf-8"))
    assert content["id"] == "test_slopes"
    assert content["lme4"] == "1.1-31"
    assert {"extract", "ranef", "postVar", "refined"} <= set(content)
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_any_backend_is_held_to_the_golden(project, written):
    """Where there is no R the fit of another backend is compared with lme4's numbers."""
    project.makepyfile(test_model=TEST_GOLDEN.format(fit="fit"))
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_only_lme4_writes_a_golden(project):
    """Another engine's numbers never become the reference: neither at first nor when forced."""
    project.makepyfile(test_model=TEST_GOLDEN.format(fit="fit"))
    for arguments in ((), ("--force-regen",), ("--regen-all",)):
        result = project.runpytest_inprocess(*arguments)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*GoldenError: *test_slopes.json was not written: a golden holds lme4's numbers*"])
    assert not (project.path / "test_model" / "test_slopes.json").exists()


def change(path: Path, *names: str, by: float) -> None:
    """Multiply the first of the numbers found under `names`."""
    content = json.loads(path.read_text(encoding="utf-8"))
    inner = content
    for name in names:
        inner = inner[name]
    inner[0] *= by
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("extract", "fixed", "values"), "differs: estimate (Intercept)"),
        (("extract", "std_error", "values"), "differs: std_error (Intercept)"),
        (("extract", "criterion"), "differs: criterion REML"),
        (("ranef", "Subject", "values", "values"), "differs: condval Subject 308 (Intercept)"),
        (("postVar", "Subject", "values"), "differs: condsd Subject 308 (Intercept)"),
    ],
)
def test_a_number_that_moved_fails_and_nothing_is_overwritten(project, written, names, words):
    """Each part of a golden is compared; what was obtained is left beside the copy, the golden stays."""
    change(written, *names, by=1.01)
    if "refined" in (content := json.loads(written.read_text(encoding="utf-8"))):
        del content["refined"]
        written.write_text(json.dumps(content), encoding="utf-8")
    before = written.read_bytes()
    result = project.runpytest_inprocess("--basetemp=kept")
    result.assert_outcomes(failed=1)
    assert words in result.stdout.str()
    assert written.read_bytes() == before
    assert [path.name for path in (project.path / "kept").rglob("*.obtained.json")] == ["test_slopes.obtained.json"]


def test_force_regen_writes_again_and_still_fails(project, written):
    """The new numbers are to be reviewed before they pass."""
    before = written.read_bytes()
    change(written, "extract", "criterion", by=2.0)
    change(written, "refined", "criterion_refined", by=2.0)
    result = project.runpytest_inprocess("--force-regen")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*--force-regen set, regenerating file*"])
    assert written.read_bytes() == before
    project.runpytest_inprocess("--force-regen").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda content: content.pop("ranef"), "it has no ranef"),
        (lambda content: content["extract"].pop("std_error"), "KeyError: 'std_error'"),
        (lambda content: content["ranef"]["Subject"]["effects"].pop(), "ValueError"),
        (lambda content: content.update(data_sha256="0" * 64), "the data have changed since golden 'test_slopes'"),
    ],
)
def test_a_broken_golden_fails_until_it_is_written_again(project, written, edit, words):
    """A part that is gone, or data that changed, fails; --force-regen mends it."""
    content = json.loads(written.read_text(encoding="utf-8"))
    edit(content)
    written.write_text(json.dumps(content), encoding="utf-8")
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert words in result.stdout.str()
    project.runpytest_inprocess("--force-regen").assert_outcomes(failed=1)
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_term_that_disappears_from_the_fit_fails(project, written):
    """The comparison is an outer join: a fit without one of the golden's terms does not pass."""
    project.makepyfile(
        test_model="""
        import lmebridge as lme
        def test_slopes(lme_parity, data):
            lme_parity.golden(lme.lmer("Reaction ~ Days + (1 | Subject)", data, backend="native"))
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "missing: sdcor Subject (Intercept) Days" in result.stdout.str()
    assert "formula differs" in result.stdout.str()


def test_changed_data_fail_by_their_hash(project, written):
    """One changed cell in a column of the model fails; a column the model does not use does not matter."""
    project.makepyfile(
        test_model="""
        import lmebridge as lme
        FORMULA = "Reaction ~ Days + (Days | Subject)"
        def test_slopes(lme_parity, data):
            lme_parity.golden(lme.lmer(FORMULA, data.assign(unused=1), backend="native"))
        def test_changed(lme_parity, data):
            data.loc[3, "Reaction"] += 1e-9
            lme_parity.golden(lme.lmer(FORMULA, data, backend="native"), "test_slopes")
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    assert "the data have changed since golden 'test_slopes'" in result.stdout.str()


def test_where_lme4_stopped_short_its_refined_optimum_counts(project, written):
    """A fit that misses lme4's default numbers passes at the refined ones, unless its criterion is above lme4's."""
    change(written, "extract", "fixed", "values", by=1.001)
    project.runpytest_inprocess().assert_outcomes(passed=1)
    change(written, "extract", "criterion", by=0.9999)
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "and with lme4's refined optimum" in result.stdout.str()


def test_only_fitted_models_are_held_to_goldens(project):
    """Anything else is refused with its type."""
    project.makepyfile("def test_it(lme_parity):\n    lme_parity.golden(3.5)")
    project.runpytest_inprocess().stdout.fnmatch_lines(["*takes what lmebridge.lmer returned, got float*"])


def test_backends_that_agree_and_disagree(project):
    """Two backends agree on a model; where a tolerance of zero is asked for, they do not."""
    project.makepyfile(
        """
        FORMULA = "Reaction ~ Days + (Days | Subject)"
        def test_agree(lme_parity, data):
            found = lme_parity.backends_agree(FORMULA, data, REML=False)
            assert len(found.reports) == 1
        def test_disagree(lme_parity, data):
            lme_parity.backends_agree(FORMULA, data, tolerances={"sigma": 0.0, "criterion": 0.0, "estimate": 0.0})
        """
    )
    result = project.runpytest_inprocess("--lme-backends=native,statsmodels")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ParityError*"])


def test_tolerances_of_the_command_line_are_used(project):
    """The option loosens or tightens a quantity for every comparison of the run."""
    project.makepyfile(
        "def test_it(lme_parity):\n    assert lme_parity.tolerances == {'estimate': 0.001, 'sdcor': 0.5}"
    )
    project.runpytest_inprocess("--lme-tolerances=estimate=1e-3,sdcor=0.5").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--lme-tolerances=beta=1", "'beta' is no quantity"),
        ("--lme-tolerances=sigma=wide", "the size of sigma is 'wide', expected a number"),
        ("--lme-tolerances=sigma=-1", "the size of sigma is '-1'"),
        ("--lme-backends=native,julia", "no backend is named julia"),
    ],
)
def test_wrong_options_are_said(project, option, words, monkeypatch):
    """A misspelt quantity or backend fails the test that needs it, and is not ignored."""
    monkeypatch.delenv("LMEBRIDGE_REQUIRE_R", raising=False)
    project.makepyfile(
        "def test_it(lme_parity, data):\n    lme_parity.backends_agree('Reaction ~ Days + (1 | Subject)', data)"
    )
    assert words in project.runpytest_inprocess(option).stdout.str()


ALONE = """
def test_it(lme_parity, data):
    lme_parity.backends_agree("Reaction ~ Days + (1 | Subject)", data)
"""


def test_one_backend_alone_skips_with_the_reason(project, monkeypatch):
    """Nothing was compared: that is no pass, and a failure where R is required."""
    monkeypatch.delenv("LMEBRIDGE_REQUIRE_R", raising=False)
    project.makepyfile(ALONE)
    result = project.runpytest_inprocess("--lme-backends=native", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*two backends are needed, native can fit the model*"])
    monkeypatch.setenv("LMEBRIDGE_REQUIRE_R", "1")
    project.runpytest_inprocess("--lme-backends=native").assert_outcomes(failed=1)


def test_published_numbers_hold_or_fail(project):
    """The numbers of a printed table come out of the fit; one wrong digit does not."""
    project.makepyfile(
        """
        TABLE = '''
        ## (Intercept)        Days
        ##   251.40510    {slope}
        '''
        def test_right(lme_parity, fit):
            assert lme_parity.published(TABLE.format(slope="10.46729"), fit).ok
        def test_wrong(lme_parity, fit):
            lme_parity.published(TABLE.format(slope="10.46829"), fit)
        def test_file(lme_parity, fit, tmp_path):
            path = tmp_path / "paper.txt"
            path.write_text(TABLE.format(slope="10.46729"))
            lme_parity.published(path, fit)
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*10.46829*"])


@pytest.mark.parametrize(("required", "outcome"), [("", "skipped"), ("0", "skipped"), ("1", "failed")])
def test_needs_r_skips_or_fails(pytester, monkeypatch, required, outcome):
    """Without R the marker skips with the reason; under LMEBRIDGE_REQUIRE_R=1 it fails with it."""
    monkeypatch.setattr("lmebridge.parity.pytest_plugin.r_problem", lambda: "R was not found. Install R")
    monkeypatch.setenv("LMEBRIDGE_REQUIRE_R", required)
    pytester.makepyfile("import pytest\n@pytest.mark.needs_r\ndef test_it():\n    pass")
    result = pytester.runpytest_inprocess("--strict-markers", "-rs")
    # a failure while a test is set up is counted as an error
    result.assert_outcomes(**{"skipped": 1} if outcome == "skipped" else {"errors": 1})
    result.stdout.fnmatch_lines(["*R was not found. Install R*"])


@pytest.mark.needs_r
def test_needs_r_runs_where_r_is(pytester):
    """With R the marked test runs."""
    pytester.makepyfile("import pytest\n@pytest.mark.needs_r\ndef test_it():\n    pass")
    pytester.runpytest_subprocess("--strict-markers").assert_outcomes(passed=1)


def test_loading_the_plugin_is_cheap():
    """What pytest loads in every project imports neither lmebridge nor pandas, numpy or rpy2."""
    program = "import sys, pytest_lmebridge; print(sorted({'lmebridge', 'pandas', 'numpy', 'rpy2'} & set(sys.modules)))"
    done = run_python(program)
    assert done.stdout.strip() == "[]"


def blocks() -> dict[str, str]:
    """The files that the guide shows: fenced blocks after a line that names a file."""
    text = GUIDE.read_text(encoding="utf-8")
    return dict(re.findall(r"^`([\w./-]+)`:?\n\n```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.needs_source
@pytest.mark.needs_r
def test_the_guide_is_true(pytester, monkeypatch):
    """The guide's project: the first run where R is writes the golden, the next passes, and so it does without R."""
    files = blocks()
    assert {"test_models.py", "conftest.py", "growth.csv"} <= set(files)
    for name, text in files.items():
        (pytester.path / name).write_text(text, encoding="utf-8")
    first = pytester.runpytest_subprocess()
    first.assert_outcomes(failed=1, passed=2)
    first.stdout.fnmatch_lines(["*File not found in data directory, created:*", "*test_growth.json*"])
    pytester.runpytest_subprocess().assert_outcomes(passed=3)
    monkeypatch.setenv("LMEBRIDGE_BACKEND", "native")
    pytester.runpytest_subprocess("--lme-backends=native,statsmodels").assert_outcomes(passed=3)
