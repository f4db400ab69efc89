"""Reports in a terminal: the same text, with the verdicts in colour."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

import lmebridge as lme
from lmebridge.parity import compare
from lmebridge.parity.terminal import COLOURS, coloured, show
from tests.cases import data


@pytest.mark.parametrize(("verdict", "colour"), COLOURS.items())
def test_each_verdict_has_its_colour(verdict, colour):
    """A reader sees at a glance what fails."""
    text = coloured(f"Estimate x   {verdict}   because")
    assert [(text.plain[span.start : span.end], span.style) for span in text.spans] == [(verdict, colour)]


def test_colours_change_no_character():
    """Markup in a report, which may quote a hostile document, is text."""
    hostile = "title [bold]not markup[/bold] \\[ 1 differs"
    assert coloured(hostile).plain == hostile


def test_rich_prints_a_report_in_colour():
    """rich.print(report) needs no more than the report."""
    frame = data("sleepstudy")
    fits = [lme.lmer("Reaction ~ Days + (1 | Subject)", frame, REML=REML, backend="native") for REML in (True, False)]
    report = compare(*fits)
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=400, color_system="standard").print(report)
    assert "\x1b[1;31mdiffers\x1b[0m" in out.getvalue()


def test_without_a_terminal_the_text_is_plain(capsys):
    """A file or a pipe gets no control characters."""
    show("1 differs")
    assert capsys.readouterr().out == "1 differs\n"
