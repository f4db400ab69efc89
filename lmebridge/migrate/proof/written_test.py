"""A test that keeps a migrated script in parity: its models are held to what R's own script gave, with R or without."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.errors import LmebridgeError
from lmebridge.migrate.proof.judge import matched
from lmebridge.migrate.proof.models import golden_content, plain_name
from lmebridge.parity.golden_text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lmebridge.migrate.check import Check
    from lmebridge.migrate.proof.models import SeenModel

TEMPLATE = '''"""The models of {script} give the numbers that R gave for {original}.

Written by `lmebridge migrate --with-test`. The numbers are in {folder}/; R is not needed.
"""

import runpy
import warnings
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("{script}")


@pytest.fixture(scope="module")
def variables():
    """What the script leaves behind when it is run in its own folder, without windows for its figures."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(SCRIPT.parent)
        patch.setenv("MPLBACKEND", "Agg")
        warnings.simplefilter("ignore")
        return runpy.run_path(str(SCRIPT))


{tests}
'''
TEST = '''def test_{name}(lme_parity, variables):
    """`{title}` has R's numbers."""
    lme_parity.golden(variables{access}, "{name}")
'''


class NothingToTest(LmebridgeError):
    """No test can be written; the message says why."""


@dataclass(frozen=True)
class HeldModel:
    """A mixed model that the script still has at its end: its name, R's record and the translation's."""

    title: str
    recorded: Mapping[str, Any]
    seen: SeenModel

    @property
    def name(self) -> str:
        """A name that Python and files can have."""
        return re.sub(r"\W+", "_", plain_name(self.title)).strip("_")

    @property
    def access(self) -> str:
        """What gets the model out of the script's variables: ``["fits"][0]``."""
        variable, bracket, inner = self.title.partition("[")
        return f'["{variable}"]{bracket}{inner}'.replace("'", '"')


def write_test(check: Check, python_file: Path, *, force: bool = False) -> Path:
    """Write a pytest file that holds the models of a migrated script to R's numbers.

    Parameters
    ----------
    check : Check
        What `lmebridge.migrate.check.check` found, best with R's refined optimum (``refined=True``).
    python_file : pathlib.Path
        The translation; the test is written beside it as ``test_<name>.py`` and its goldens into ``test_<name>/``.
    force : bool
        Whether files that are there are replaced.

    Returns
    -------
    pathlib.Path
        The test.

    Raises
    ------
    NothingToTest
        If the script leaves no mixed model that agrees with R's.
    FileExistsError
        If the test is there and `force` is not given.
    """
    models = held_models(check)
    if not models:
        raise NothingToTest(
            f"no test is written for {python_file.name}: expected a model of lmer that agrees with R's when the script "
            "ends; see what --check says"
        )
    for name, text in files(check, python_file, models).items():
        path = python_file.parent / name
        if path.exists() and not force:
            raise FileExistsError(f"{path} is there already: remove it or give --force")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return python_file.with_name(f"test_{python_file.stem}.py")


def files(check: Check, python_file: Path, models: list[HeldModel]) -> dict[str, str]:
    """Every file of a test by its name."""
    folder = f"test_{python_file.stem}"
    tests = "\n\n".join(TEST.format(name=one.name, title=one.title, access=one.access) for one in models).rstrip()
    text = TEMPLATE.format(script=python_file.name, original=check.name, folder=folder, tests=tests)
    return {f"{folder}.py": text} | {f"{folder}/{one.name}.json": golden_file(one) for one in models}


def golden_file(model: HeldModel) -> str:
    """The text of the golden: R's numbers, and the hash of the translation's own data."""
    seen = model.seen
    return (
        json_text(golden_content(model.name, model.recorded, data=seen.data_name, data_sha256=seen.data_sha256)) + "\n"
    )


def held_models(check: Check) -> list[HeldModel]:
    """The models of lmer that agree, as they are when the script ends: one a name, the last."""
    last: dict[str, HeldModel | None] = {}
    reports = iter(check.models)
    for statement in check.found:
        for title, recorded, seen in matched(statement):
            report = next(reports)
            held = seen is not None and report.ok and recorded["kind"] == ["lmer"]
            last[plain_name(title)] = HeldModel(seen[0], recorded, seen[1]) if held and seen else None
    return [model for model in last.values() if model is not None]
