"""A report as a self-contained page: plain HTML with a plot of the misses drawn as SVG."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from lmebridge.parity.keys import Key
from lmebridge.parity.report import VERDICTS, number_text

if TYPE_CHECKING:
    from lmebridge.parity.agreement import Agreement
    from lmebridge.parity.report import Report
    from lmebridge.parity.verify import Checked, Verification

COLOURS = {"holds": "#3a7d44", "near": "#c98a00", "differs": "#b3261e", "missing": "#7b1fa2", "not reported": "#888888"}
WIDTH, HEIGHT, MARGIN = 720, 180, 40
#: The plot's vertical axis: misses from a hundredth to a hundred thousand times what is allowed, logarithmic.
LOWEST, HIGHEST = -2.0, 5.0
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid #ddd; text-align: left; }
td.number { text-align: right; font-family: ui-monospace, monospace; }
.mismatch { color: #b3261e; font-weight: 600; }
"""
HEADER = ("verdict", "line", "number", "reference", "computed", "misses", "reason")


def page(report: Report) -> str:
    """The page's text.

    Parameters
    ----------
    report : Report
        What to show; every piece of text is escaped.

    Returns
    -------
    str
        A whole HTML document without links, scripts or images.
    """
    return _document(report.title, _body(report))


def document_page(found: Verification) -> str:
    """The page of a whole document: a section an output, then what could not be read.

    Parameters
    ----------
    found : Verification
        What to show; every piece of text is escaped.
    """
    sections = [part for one in found.checked for part in _section(one)]
    unread = [f'<p class="mismatch">not read: {escape(str(place))}</p>' for place in found.unread]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.counts.items() if count)
    summary = f"<p>{len(found.checked)} outputs, {escape(counts) or 'no number compared'}</p>"
    return _document(found.title, [summary, *sections, *unread])


def agreement_page(found: Agreement) -> str:
    """The page of one model by several backends: a section a pair of them."""
    sections = [part for one in found.reports for part in (f"<h2>{escape(one.title)}</h2>", *_body(one))]
    left_out = [f"<p>left out: {escape(name)}: {escape(why)}</p>" for name, why in found.left_out.items()]
    return _document(found.formula, [*sections, *left_out])


def _section(one: Checked) -> list[str]:
    heading = f"<h2>{escape(one.heading)}</h2>"
    if one.report is None:
        return [heading, f'<p class="mismatch">not checked: {escape(one.obstacle)}</p>']
    return [heading, f"<p>{escape(one.report.title)}</p>", *_body(one.report)]


def _document(title: str, parts: list[str]) -> str:
    head = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
    ]
    return "\n".join(part for part in [*head, *parts, "</body></html>"] if part)


def _body(report: Report) -> list[str]:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items() if count)
    return [
        *(f'<p class="mismatch">not the same model: {escape(words)}</p>' for words in report.mismatches),
        f"<p>{len(report.table)} numbers: {escape(counts) or 'nothing was compared'}</p>",
        f"<p>{escape(report.outcome)}</p>" if report.outcome else "",
        plot(report),
        _table(report),
        *(f"<p>note: {escape(note)}</p>" for note in report.notes),
    ]


def plot(report: Report) -> str:
    """The misses as dots in the order of the table, on a logarithmic axis, the line of what is allowed marked."""
    rows = report.table.to_dict("records")
    dots = [_dot(row, index, len(rows)) for index, row in enumerate(rows)]
    edge = _height(1.0)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" width="{WIDTH}">',
            f'<line x1="{MARGIN}" x2="{WIDTH}" y1="{edge:.1f}" y2="{edge:.1f}" stroke="#999" stroke-dasharray="4 3"/>',
            f'<text x="0" y="{edge + 4:.1f}" font-size="11">1 unit</text>',
            *dots,
            "</svg>",
        ]
    )


def _dot(row: dict[Any, Any], index: int, count: int) -> str:
    x = MARGIN + (index + 0.5) * (WIDTH - MARGIN) / max(count, 1)
    misses = row["misses"]
    y = _height(misses if isinstance(misses, float) and not math.isnan(misses) else math.inf)
    title = escape(f"{_name(row)}: {row['verdict']}")
    colour = COLOURS[row["verdict"]]
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{title}</title></circle>'


def _height(misses: float) -> float:
    power = math.log10(misses) if 0 < misses < math.inf else (LOWEST if misses == 0 else HIGHEST)
    share = (min(max(power, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return HEIGHT - 10 - share * (HEIGHT - 20)


def _name(row: dict[Any, Any]) -> str:
    return str(Key(*(str(row[name]) for name in Key._fields)))


def _table(report: Report) -> str:
    order = {verdict: place for place, verdict in enumerate(reversed(VERDICTS))}
    rows = sorted(report.table.to_dict("records"), key=lambda row: order[row["verdict"]])
    head = "".join(f"<th>{label}</th>" for label in HEADER)
    return "\n".join([f"<table><thead><tr>{head}</tr></thead><tbody>", *map(_table_row, rows), "</tbody></table>"])


def _table_row(row: dict[Any, Any]) -> str:
    verdict = f'<td style="color:{COLOURS[row["verdict"]]}">{escape(row["verdict"])}</td>'
    reference = row["printed"] or number_text(row["reference"])
    numbers = (reference, number_text(row["value"]), number_text(row["misses"], 3))
    cells = "".join(f'<td class="number">{escape(text)}</td>' for text in numbers)
    line = row["line"] or ""
    return f"<tr>{verdict}<td>{line}</td><td>{escape(_name(row))}</td>{cells}<td>{escape(row['reason'])}</td></tr>"
