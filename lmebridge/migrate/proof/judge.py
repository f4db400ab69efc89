"""R's record of a script held against what its translation showed: one report a model, and one of what is printed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmebridge.backends import _wire
from lmebridge.migrate.proof.models import model_in_r, plain_name
from lmebridge.migrate.proof.printed_tables import (
    QUANTILES,
    beside_overview,
    is_overview,
    kable_cells,
    overview_cells,
    without_count,
)
from lmebridge.migrate.proof.shown import TRUTH, Cell, cells
from lmebridge.parity.compare import compare
from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import Numeral, numeral
from lmebridge.parity.report import COLUMNS, Report
from lmebridge.parity.tolerances import tolerance_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lmebridge.migrate.proof.models import SeenModel
    from lmebridge.migrate.proof.runner import PythonRun

#: How far a printed number may lie from R's, in multiples of itself: R itself ends its search a little elsewhere in
#: another process, so that a variance of a model of schools differed by 1.4e-6 of itself between eight runs of Rscript.
SIZE = 5e-6
#: Rounding of sums near zero, in multiples of the largest number shown with it: sums of a few thousand doubles.
ROUNDING = 1e-11
#: A number within a word, such as that of ``slope=-0.25``.
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
#: Values of R that show nothing that could be compared, by what record.R calls them.
NOT_COMPARED = frozenset({"picture", "nothing", "other"})
#: Values of R that are whole models: their numbers are compared one by one.
MODELS = {"fit", "linear"}


@dataclass(frozen=True)
class Pair:
    """Where a statement of R went: its lines in the R script and the lines of Python that came of it, both from 1."""

    line: int
    end_line: int
    python_line: int
    python_end_line: int


@dataclass(frozen=True)
class Statement:
    """A statement in both languages: R's record of it, and all that its lines of Python showed and assigned."""

    line: int
    code: str
    recorded: Mapping[str, Any]
    shown: tuple[Cell, ...]
    models: Mapping[str, SeenModel]
    is_translated: bool


def statements(record: Mapping[str, Any], run: PythonRun, pairs: Iterable[Pair]) -> Iterator[Statement]:
    """The statements of R's record, each with what came of it."""
    places: dict[int, list[Pair]] = {}
    for pair in pairs:
        places.setdefault(pair.line, []).append(pair)
    for recorded in record["statements"]:
        here = places.get(recorded["line"][0], [])
        place = here.pop(0) if here else None
        parts = [] if place is None else [part for part in run.statements if _within(part.line, place)]
        yield Statement(
            recorded["line"][0],
            recorded["code"][0],
            recorded,
            tuple(cell for part in parts for cell in part.shown),
            {name: model for part in parts for name, model in part.models.items()},
            bool(parts),
        )


def _within(line: int, pair: Pair) -> bool:
    return pair.python_line <= line <= pair.python_end_line


# --- models -----------------------------------------------------------------------------------------------------------


def model_reports(statement: Statement) -> Iterator[Report]:
    """A report for each model that the statement assigned in R."""
    for name, recorded, found in matched(statement):
        title = f"{name} (line {statement.line})"
        yield model_report(title, model_in_r(name, recorded), None if found is None else found[1])


def matched(statement: Statement) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, SeenModel] | None]]:
    """R's name and record of each model of the statement, and ours: by its name, else by its place."""
    ours = {plain_name(name): (name, model) for name, model in statement.models.items()}
    recorded = dict(statement.recorded["models"] or {})
    in_order = list(ours.values()) if len(ours) == len(recorded) else [None] * len(recorded)
    for (name, record), by_place in zip(recorded.items(), in_order, strict=True):
        yield name, record, ours.get(plain_name(name), by_place)


def model_report(title: str, in_r: Any, seen: SeenModel | None) -> Report:
    """R's model against ours; with R's refined optimum where its optimizer had stopped short."""
    if seen is None:
        return Report(title, _table([]), (f"the translation leaves no model for {title}",))
    report = compare(in_r, seen.fit)
    refined = getattr(in_r, "refined", None)
    if not report.ok and refined is not None:
        above = seen.fit.record.criterion - in_r.record.criterion
        better = compare(refined, seen.fit)
        if better.ok and above <= tolerance_for("criterion").size:
            report = better
    return Report(f"{title}: {report.title}", report.table, report.mismatches, report.outcome, report.notes)


# --- what is printed --------------------------------------------------------------------------------------------------


def printed_report(found: Sequence[Statement], size: float = SIZE) -> Report:
    """One report of every number and word that R printed.

    Parameters
    ----------
    found : sequence of Statement
        The statements.
    size : float
        How far a number may lie from R's, in multiples of itself, dimensionless.
    """
    rows = [row for statement in found for row in statement_rows(statement, size)]
    notes = [
        f"line {statement.line}: not compared: {statement.code.splitlines()[0]}"
        for statement in found
        if statement.recorded["text"] and not _cells_of_r(statement) and not _is_picture(statement)
    ]
    return Report("printed values", _table(rows), notes=tuple(notes))


def _is_picture(statement: Statement) -> bool:
    return any(value["kind"][0] == "picture" for value in statement.recorded["values"])


def statement_rows(statement: Statement, size: float) -> list[dict[str, object]]:
    """One row for each cell that R printed; the cells of both sides correspond by their place."""
    theirs, ours = _cells_of_r(statement), statement.shown
    if not theirs:
        return []
    if not statement.is_translated:
        return [_row(statement, theirs[0], None, "missing", f"not translated; {len(theirs)} values")]
    if _is_overview(statement):
        ours = beside_overview(theirs, ours)
    if len(theirs) != len(ours):
        reason = f"R shows {len(theirs)} values, Python {len(ours)}"
        return [_row(statement, theirs[0], ours[0] if ours else None, "missing", reason)]
    return [_judged(statement, one, other, size) for one, other in zip(theirs, ours, strict=True)]


def _cells_of_r(statement: Statement) -> list[Cell]:
    return [cell for value in statement.recorded["values"] for cell in cells_of_r(value)]


def _is_kable(found: Any) -> bool:
    """Whether a text, or the lines of one, are a table for a document."""
    lines = [found] if isinstance(found, str) else list(found)
    return any(str(line).lstrip().startswith(("|", "<table", "\\begin{tab")) for line in lines)


def _is_overview(statement: Statement) -> bool:
    """Whether R's statement shows the summary of a frame, of which pandas shows more and less."""
    values = statement.recorded["values"]
    return any(value["kind"][0] == "array" and is_overview(_wire.from_json(value["value"])) for value in values)


def cells_of_r(value: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The cells of a value as R recorded it."""
    kind = value["kind"][0]
    if kind in NOT_COMPARED:
        return ()
    if kind in MODELS:
        from lmebridge.migrate.proof.printed_models import model_cells

        return model_cells(model_in_r("printed", value["value"]))
    found = _wire.from_json(value["value"])
    if kind in {"summary", "variance"}:
        from lmebridge.migrate.proof.printed_models import summary_cells, variance_cells

        return summary_cells(found) if kind == "summary" else variance_cells(found)
    if kind == "array" and is_overview(found):
        return overview_cells(found)
    if kind == "text" and _is_kable(found):
        return kable_cells([found] if isinstance(found, str) else list(found))
    return cells(_single(without_count(found)))


def _single(found: Any) -> Any:
    """A vector of one element is that element."""
    is_one = not isinstance(found, (dict, pd.Series, pd.DataFrame, str)) and getattr(found, "shape", (0,)) == (1,)
    return found[0] if is_one or (isinstance(found, list) and len(found) == 1) else found


def _judged(statement: Statement, theirs: Cell, ours: Cell, size: float) -> dict[str, object]:
    verdict, reason, allowed = verdict_of(theirs, ours, size)
    return _row(statement, theirs, ours, verdict, reason, allowed)


def verdict_of(theirs: Cell, ours: Cell, size: float) -> tuple[str, str, float]:
    """Whether a cell holds, why not, and the largest difference that holds.

    Examples
    --------
    >>> verdict_of(Cell(2.0), Cell(2.0000001), 1e-6)[0], verdict_of(Cell(2.0), Cell(2.1), 1e-6)[0]
    ('holds', 'differs')
    """
    if not _same_labels(theirs, ours):
        return "differs", f"labels differ: {theirs.label} and {ours.label}", math.nan
    left, right = _read(theirs.value), _read(ours.value)
    if isinstance(left, (float, Numeral)) and isinstance(right, (float, Numeral)):
        allowed = _allowed(left, right, theirs.scale, size)
        return "holds" if _agree(_value(left), _value(right), allowed) else "differs", "", allowed
    if left is None and right is None:
        return "holds", "", math.nan
    if left is None or right is None:
        return "differs", "only one side is missing", math.nan
    if same_words(_text(left), _text(right), size):
        return "holds", "", math.nan
    return "differs", f"{_text(left)!r} and {_text(right)!r}", math.nan


def _read(value: float | Numeral | str | None) -> float | Numeral | str | None:
    """A text that is a number, such as a level, as that number."""
    found = numeral(value) if isinstance(value, str) else None
    return value if found is None or found.bound or math.isnan(found.value) else found.value


def _agree(left: float, right: float, allowed: float) -> bool:
    """Whether two numbers are the same, or as near as is allowed; what is not finite has nothing near it."""
    if not (math.isfinite(left) and math.isfinite(right)):
        return left == right or (math.isnan(left) and math.isnan(right))
    return abs(left - right) <= allowed


def same_words(left: str, right: str, size: float) -> bool:
    """Whether two texts have the same words, and numbers that agree as far as they are printed.

    Examples
    --------
    >>> same_words("school: 12.5%", "school: 12.50%", 1e-6), same_words("school: 12.5%", "school: 12.7%", 1e-6)
    (True, False)
    """
    if "".join(left.split()) == "".join(right.split()):
        return True
    pairs = list(zip(cells(left), cells(right), strict=False))
    same_length = len(cells(left)) == len(cells(right))
    if same_length and len(pairs) == 1:
        return _same_word(left, right, size)
    return same_length and all(verdict_of(one, other, size)[0] == "holds" for one, other in pairs)


def _same_word(left: str, right: str, size: float) -> bool:
    """Whether two words with numbers in them, such as ``slope=0.25``, have the same letters and numbers that agree."""
    if NUMBER.split(left) != NUMBER.split(right):
        return False
    pairs = zip(map(numeral, NUMBER.findall(left)), map(numeral, NUMBER.findall(right)), strict=True)
    return all(one and other and verdict_of(Cell(one), Cell(other), size)[0] == "holds" for one, other in pairs)


def _text(value: object) -> str:
    return value.text if isinstance(value, Numeral) else str(value)


def _value(number: float | Numeral) -> float:
    return number.value if isinstance(number, Numeral) else number


def _allowed(left: float | Numeral, right: float | Numeral, scale: float, size: float) -> float:
    """In the number's own unit: its size, the rounding of its column, and half a unit of what is printed as text."""
    halves = _halves([number.half_unit for number in (left, right) if isinstance(number, Numeral)], size)
    magnitude = max(abs(_value(number)) for number in (left, right))
    return size * magnitude + ROUNDING * max(scale, 1.0 if magnitude < ROUNDING else 0.0) + halves * (1 + size)


def _halves(units: Sequence[float], size: float) -> float:
    """How far the rounding of texts moves a number: two texts of one precision are the same, unless engines differ."""
    if len(units) == 2 and size <= SIZE:
        return max(units) if units[0] != units[1] else 0.0
    return sum(units)


def _same_labels(theirs: Cell, ours: Cell) -> bool:
    """Whether the labels agree, as far as both sides have them; R's points are Python's underscores."""
    pairs = ((theirs.row, ours.row), (theirs.column, ours.column))
    return all(not one or not other or _plain(one) == _plain(other) for one, other in pairs)


def _plain(label: str) -> str:
    return " ".join(TRUTH.get(word, word) for word in _percent(label).replace(".", "_").split())


def _percent(label: str) -> str:
    """R's name of a quantile as pandas' label of it: ``25%`` and ``1st Qu.`` are ``0.25``."""
    label = QUANTILES.get(label, label)
    found = re.fullmatch(r"([\d.]+)%", label)
    return label if found is None else f"{float(found[1]) / 100:g}"


# --- rows of a report -------------------------------------------------------------------------------------------------


def _row(
    statement: Statement, theirs: Cell, ours: Cell | None, verdict: str, reason: str = "", allowed: float = math.nan
) -> dict[str, object]:
    reference, value = _as_number(theirs.value), _as_number(None if ours is None else ours.value)
    difference = value - reference
    return {
        **Key("printed", term=theirs.label)._asdict(),
        "output": 0,
        "line": statement.line,
        "printed": "",
        "reference": reference,
        "value": value,
        "difference": difference,
        "allowed": allowed,
        "misses": 0.0 if verdict == "holds" else (abs(difference) / allowed if allowed else math.nan),
        "verdict": verdict,
        "reason": reason,
    }


def _as_number(value: object) -> float:
    return _value(value) if isinstance(value, (float, Numeral)) else math.nan


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*Key._fields, *COLUMNS])
