"""Setup scripts: they find the data, may change them, and what goes wrong names the line."""

from __future__ import annotations

import pandas as pd
import pytest

import lmebridge as lme
from lmebridge.parity.preparation import run_setup
from lmebridge.selection import default_backend


def script(tmp_path, text):
    """A setup script with this text."""
    path = tmp_path / "prepare.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_data_are_changed_and_added(tmp_path):
    """The caller's frame stays as it is; private names are left out."""
    given = pd.DataFrame({"x": [1.0, 2.0]})
    text = "d['y'] = d['x'] * 2\nother = d.head(1)\n_scratch = d\nnumber = 3\n"
    tables, fits = run_setup(script(tmp_path, text), {"d": given})
    assert set(tables) == {"d", "other"}
    assert tables["d"]["y"].tolist() == [2.0, 4.0]
    assert list(given.columns) == ["x"]
    assert fits == {}


def test_fits_are_by_line_and_by_the_backend_asked_for(tmp_path):
    """Models that the script fits use the backend of the command, which is then the default no more."""
    text = (
        "import lmebridge as lme\n"
        "hsb = lme.datasets.hsb()\n"
        "fits = {12: lme.lmer('mathach ~ 1 + (1 | schoolid)', hsb)}\n"
    )
    _, fits = run_setup(script(tmp_path, text), {}, "native")
    assert fits[12].backend.startswith("lmebridge")
    assert default_backend() is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ny = x / 0\n", r"prepare.py, line 2: ZeroDivisionError"),
        ("x = = 1\n", r"prepare.py, line 1: SyntaxError"),
        ("d['z']\n", r"prepare.py, line 1: NameError"),
        ("fits = [1]\n", r"maps lines of the document"),
        ("fits = {'a': 1}\n", r"maps lines of the document"),
    ],
)
def test_what_goes_wrong_names_the_line(text, words, tmp_path):
    """A script that fails is wrong input, with its line."""
    with pytest.raises(lme.DataError, match=words):
        run_setup(script(tmp_path, text), {})


def test_no_script():
    """A script that is not there."""
    with pytest.raises(lme.DataError, match="there is no setup script nowhere"):
        run_setup("nowhere.py", {})
