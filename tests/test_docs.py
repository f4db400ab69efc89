"""What the documents say is true: the examples run, the generated tables are current, the files they name exist."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import lmebridge as lme

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
BACKENDS = [pytest.param("lme4", marks=pytest.mark.needs_r), "statsmodels", "native"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_readme_examples_run(backend, monkeypatch):
    """The README's code gives what the README shows, by every backend."""
    monkeypatch.setenv("LMEBRIDGE_BACKEND", backend)
    with pd.option_context("display.width", 120):
        found = doctest.testfile(str(PROJECT / "README.md"), module_relative=False)
    assert found.attempted >= 5
    assert found.failed == 0


@pytest.mark.needs_source
def test_examples_of_long_work_run():
    """The page about long work shows what its code gives."""
    found = doctest.testfile(str(PROJECT / "docs" / "long_work.md"), module_relative=False)
    assert found.attempted >= 5
    assert found.failed == 0


@pytest.mark.needs_r
@pytest.mark.needs_source
def test_examples_for_r_users_run():
    """The page for R users shows what its code gives."""
    path = str(PROJECT / "docs" / "for_r_users.md")
    with pd.option_context("display.width", 120):
        found = doctest.testfile(path, module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted >= 10
    assert found.failed == 0


@pytest.mark.needs_source
def test_generated_parts_are_current():
    """The support table and the limitations are what the backends declare; `make docs` writes them."""
    path = PROJECT / "scripts" / "write_support_table.py"
    spec = importlib.util.spec_from_file_location("write_support_table", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for page, text in script.generated().items():
        assert page.read_text(encoding="utf-8") == text, f"run `make docs`: {page.name} is out of date"


@pytest.mark.needs_source
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_files_that_are_named_exist(page):
    """No page sends its reader to a file that is not there."""
    text = page.read_text(encoding="utf-8")
    links = {target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target}
    assert {target for target in links if not (page.parent / target).exists()} == set()
    named = set(re.findall(r"`((?:tests|docs|fixtures|scripts|r|lmebridge|\.ci)/[\w./-]+\w)`", text))
    assert {name for name in named if not (PROJECT / name).exists()} == set()


@pytest.mark.needs_source
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_headings_that_are_linked_exist(page):
    """A link to a heading finds it, spelled as GitHub spells headings."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        text = (page.parent / target if target else page).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.needs_source
@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_index_lists_every_page(folder):
    """No page can be reached only by who knows its name."""
    pages = {path.name for path in (PROJECT / folder).glob("*.md")} - {"README.md"}
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (PROJECT / folder / "README.md").read_text(encoding="utf-8"))
    assert set(listed) == pages


@pytest.mark.needs_source
def test_make_targets_that_are_named_exist():
    """Every `make` command on a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(
            re.findall(r"`make ([a-z0-9-]+)`|^make ([a-z0-9-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        )
        assert {name for pair in named for name in pair if name} <= targets
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[0] for line in listed.splitlines()} == targets


@pytest.mark.needs_source
def test_names_for_r_users_exist():
    """Every call on the page for R users is there in Python."""
    text = (PROJECT / "docs" / "for_r_users.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"\blme\.(\w+)", text)):
        assert hasattr(lme, name), name
    for name in set(re.findall(r"\bm\.(\w+)", text)):
        assert hasattr(lme.MerMod, name), name


def modules_with_examples() -> list[str]:
    """Every module of the installed package."""
    folder = Path(lme.__file__).parent
    paths = [path.relative_to(folder).with_suffix("") for path in sorted(folder.rglob("*.py"))]
    return [".".join(path.parts) for path in paths if path.name not in {"__init__", "__main__"}]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name, monkeypatch):
    """An example in a docstring gives what it shows."""
    monkeypatch.setenv("LMEBRIDGE_BACKEND", "native")
    assert doctest.testmod(importlib.import_module(f"lmebridge.{name}")).failed == 0
