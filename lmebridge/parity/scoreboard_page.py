"""The scoreboard as a page of the documentation."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from lmebridge.parity.scoreboard import AGREES, DIFFERS, FAILED, REFUSED, SILENT, relative_time
from lmebridge.parity.subjects import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.parity.scoreboard import Score

HEAD = """# Scoreboard

Every engine on every model of `fixtures/cases.csv`, written by `lmebridge scoreboard`. The judge is lme4's own optimum,
found with the tolerances of its optimizer tightened to 1e-12 (`fixtures/goldens`); lme4 itself is held to it as a user
calls it. Compared are the number of rows, the criterion, the estimates, their standard errors, sigma, and the random
effects' standard deviations and correlations, by the tolerances of `lmebridge.parity.compare`. A case agrees when every
one of its numbers does, under the names that R gives them. Every engine gets the same data, the fixtures', whose hash
is the golden's. Engines that are not part of this package run as they come, with their defaults. MixedLM's standard
errors are of another definition than lme4's and are not counted in its raw row.

| engine | version | cases fitted | refused | failed | no answer | agreeing | worst miss | time, lme4 = 1 |
|---|---|---|---|---|---|---|---|---|
"""
TAIL = """
*Refused*: the engine says that it does not take such a model. *Failed*: it ended in an error. *No answer*: stopped
after the time limit. *Worst miss*: in multiples of what is allowed; infinite where a number is missing or has another
name. *Time*: median over the cases that both fitted of the time relative to lme4's in the same run, transfer of the
data included; most cases are small, so it tells what a call costs rather than how an engine scales.
The engines take turns on each case.
"""


def page(found: Sequence[Score]) -> str:
    """The scoreboard's text, in Markdown.

    Parameters
    ----------
    found : sequence of Score
        What `scores` gave.
    """
    engines = list(dict.fromkeys(score.engine for score in found))
    rows = [_row(engine, found) for engine in engines]
    details = [_details(engine, [score for score in found if score.engine == engine]) for engine in engines]
    return "".join([HEAD, *(f"{row}\n" for row in rows), TAIL, *details])


def _row(engine: str, found: Sequence[Score]) -> str:
    own = [score for score in found if score.engine == engine]
    count = {name: sum(score.outcome == name for score in own) for name in (AGREES, DIFFERS, REFUSED, FAILED, SILENT)}
    fitted = count[AGREES] + count[DIFFERS]
    cells = [
        engine,
        load(engine).version() or "?",
        f"{fitted} of {len(own)}",
        *(str(count[name]) for name in (REFUSED, FAILED, SILENT)),
        f"{count[AGREES]} of {fitted}",
        _worst(own),
        _time(relative_time(found, engine)),
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _worst(own: Sequence[Score]) -> str:
    fitted = [score for score in own if score.fitted]
    if not fitted:
        return ""
    worst = max(fitted, key=lambda score: score.misses)
    return f"{_times(worst.misses)}: {worst.worst} in {worst.case}"


def _times(misses: float) -> str:
    return "infinite" if math.isinf(misses) else f"{misses:.2g}"


def _off(misses: float) -> str:
    return "missing or under another name" if math.isinf(misses) else f"{misses:.2g} times what is allowed"


def _time(ratio: float) -> str:
    return "" if math.isnan(ratio) else f"{ratio:.2g}"


def _cell(text: str) -> str:
    """Text that cannot end its cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def _details(engine: str, own: Sequence[Score]) -> str:
    """Which cases do not agree, and why others have no numbers."""
    differing = sorted((score for score in own if score.outcome == DIFFERS), key=lambda score: -score.misses)
    lines = [f"- `{score.case}`: {_cell(score.worst)}, {_off(score.misses)}" for score in differing]
    reasons: dict[str, list[str]] = defaultdict(list)
    for score in own:
        if score.reason:
            reasons[f"{score.outcome}: {_cell(score.reason)[:200]}"].append(f"`{score.case}`")
    lines += [f"- {reason} ({', '.join(cases)})" for reason, cases in reasons.items()]
    return "\n".join(["", f"## {engine}", "", *(lines or ["Every case agrees."]), ""])
