"""Progress bars: in a terminal or notebook after a while, when asked for, and never elsewhere."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

import lmebridge as lme
from lmebridge.inference import progress
from tests.inference.models import fitted
from tests.processes import run_python


class Terminal:
    """A standard error that is a terminal, or is not."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.is_terminal = is_terminal
        self.written = ""

    def write(self, text: str) -> int:
        """Keep what is written."""
        self.written += text
        return len(text)

    def flush(self) -> None:
        """Nothing to do."""

    def isatty(self) -> bool:
        """Whether it is one."""
        return self.is_terminal


@pytest.mark.parametrize(
    ("asked", "is_terminal", "delay", "shows"),
    [
        (None, True, 0.0, True),
        (None, True, 60.0, False),
        (None, False, 0.0, False),
        (True, False, 60.0, True),
        (False, True, 0.0, False),
    ],
)
def test_where_bars_are(monkeypatch: Any, asked: bool | None, is_terminal: bool, delay: float, shows: bool) -> None:
    """Where nobody said what they want: in a terminal, after the delay."""
    stream = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "DELAY", delay)
    with progress.shown("draws", 10, asked) as advance:
        for _ in range(10):
            advance(1)
    assert ("draws" in stream.written) == shows


def test_notebooks_have_bars(monkeypatch: Any) -> None:
    """A notebook's standard error is no terminal, but somebody reads it."""
    shell = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal=False))
    assert progress._has_a_reader()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert not progress._has_a_reader()
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    assert not progress._has_a_reader()


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda fit, **how: fit.bootMer(lme.sigma, nsim=60, seed=1, **how), "bootstrap: 100%"),
        (lambda fit, **how: fit.profile("sigma", **how), "profile: 100%"),
        (lambda fit, **how: fit.confint("sigma", **how), "profile: 100%"),
        (lambda fit, **how: fit.confint("sigma", method="boot", nsim=20, **how), "bootstrap: 100%"),
        (lambda fit, **how: fit.influence("Batch", **how), "influence: 100%"),
    ],
)
def test_long_work_has_bars(work: Any, words: str, capsys: Any) -> None:
    """The bar gets to its end, on standard error alone; unasked there is none."""
    fit = fitted("one", "native")
    work(fit)
    assert capsys.readouterr() == ("", "")
    work(fit, progress=True)
    written = capsys.readouterr()
    assert words in written.err
    assert written.out == ""


def test_no_bar_no_library() -> None:
    """Where no bar is shown, the library that draws them is not loaded."""
    program = (
        "import sys, lmebridge as lme\n"
        "fit = lme.lmer('mathach ~ 1 + (1 | schoolid)', lme.datasets.hsb(), backend='native')\n"
        "fit.bootMer(lme.sigma, nsim=2)\n"
        "print('tqdm' in sys.modules)"
    )
    done = run_python(program)
    assert done.stdout.strip() == "False"
