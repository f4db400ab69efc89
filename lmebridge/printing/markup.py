r"""Tables as HTML and as LaTeX with the rules of the package booktabs; every text is escaped.

Examples
--------
>>> print(latex([Grid("", ("", "n"), (("a_b", "-1"),))]))
\begin{tabular}{lr}
\toprule
 & n \\
\midrule
a\_b & $-$1 \\
\bottomrule
\end{tabular}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What LaTeX takes for commands, and how it is written as text.
LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "%": r"\%",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
_NUMBER = re.compile(r"-?(\d|NA|NaN|Inf|<)")


@dataclass(frozen=True)
class Grid:
    """A table of texts.

    Attributes
    ----------
    caption : str
        What it is called; empty for no name.
    columns : tuple of str
        Names of the columns.
    rows : tuple of tuple of str
        Its cells.
    labels : int
        Number of the first columns that are names, set to the left.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: int = 1


def html(parts: Sequence[Grid | str]) -> str:
    r"""Tables and lines of text as HTML.

    Parameters
    ----------
    parts : sequence of Grid or str
        In their order; a string is a paragraph.

    Returns
    -------
    str
        A ``div`` of the class ``lmebridge``.

    Examples
    --------
    >>> html(["p < 0.05"])
    '<div class="lmebridge">\n<p>p &lt; 0.05</p>\n</div>'
    """
    inside = [_html_table(part) if isinstance(part, Grid) else f"<p>{escape(part)}</p>" for part in parts]
    return "\n".join(['<div class="lmebridge">', *inside, "</div>"])


def _html_table(grid: Grid) -> str:
    caption = [f"<caption>{escape(grid.caption)}</caption>"] if grid.caption else []
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in grid.columns)
    body = [f"<tr>{''.join(_html_cell(text, i, grid) for i, text in enumerate(row))}</tr>" for row in grid.rows]
    lines = ["<table>", *caption, f"<thead><tr>{head}</tr></thead>", "<tbody>", *body, "</tbody>", "</table>"]
    return "\n".join(lines)


def _html_cell(text: str, position: int, grid: Grid) -> str:
    if position < grid.labels:
        return f'<th scope="row" style="text-align: left">{escape(text)}</th>'
    return f'<td style="text-align: right">{escape(text)}</td>'


def latex(parts: Sequence[Grid | str], caption: str = "", label: str = "") -> str:
    r"""Tables and lines of text as LaTeX, which needs ``\usepackage{booktabs}``.

    Parameters
    ----------
    parts : sequence of Grid or str
        In their order; a string is a line of small print.
    caption, label : str
        Of the table that floats; where both are empty nothing floats.

    Returns
    -------
    str
        LaTeX code.
    """
    inside = [text for part in parts for text in (_latex_table(part) if isinstance(part, Grid) else [_line(part)])]
    if not caption and not label:
        return "\n".join(inside)
    named = [f"\\caption{{{latex_text(caption)}}}"] if caption else []
    named += [f"\\label{{{label}}}"] if label else []
    return "\n".join([r"\begin{table}", r"\centering", *named, *inside, r"\end{table}"])


def _line(text: str) -> str:
    return f"\\par{{\\small {latex_text(text)}}}\\par"


def _latex_table(grid: Grid) -> list[str]:
    above = [f"\\par\\textbf{{{latex_text(grid.caption)}}}\\par"] if grid.caption else []
    alignment = "l" * grid.labels + "r" * (len(grid.columns) - grid.labels)
    return [
        *above,
        f"\\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        f"{' & '.join(latex_text(name) for name in grid.columns)} \\\\",
        r"\midrule",
        *(f"{' & '.join(_latex_cell(text, i, grid) for i, text in enumerate(row))} \\\\" for row in grid.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _latex_cell(text: str, position: int, grid: Grid) -> str:
    """A cell; a number's minus is a minus, not a hyphen."""
    text = text.strip()
    if position >= grid.labels and text.startswith("-") and _NUMBER.match(text):
        return f"$-${latex_text(text[1:])}"
    return latex_text(text)


def latex_text(text: str) -> str:
    r"""Text as LaTeX shows it.

    Examples
    --------
    >>> latex_text("I(x^2):z_1 (50%)")
    'I(x\\textasciicircum{}2):z\\_1 (50\\%)'
    """
    return "".join(LATEX.get(character, character) for character in text)


class Shown:
    """What shows as HTML in a notebook, and as LaTeX in a paper."""

    def _parts(self) -> Sequence[Grid | str]:
        """Tables and lines of text."""
        raise NotImplementedError

    def to_html(self) -> str:
        """The tables as HTML, every name escaped."""
        return html(self._parts())

    def to_latex(self, caption: str = "", label: str = "") -> str:
        r"""The tables as LaTeX, every name escaped.

        Parameters
        ----------
        caption, label : str
            Of a table that floats; where both are empty nothing floats.

        Returns
        -------
        str
            LaTeX code, which needs ``\usepackage{booktabs}`` and ``\usepackage[T1]{fontenc}``.
        """
        return latex(self._parts(), caption, label)

    def _repr_html_(self) -> str:
        """The tables, for notebooks."""
        return self.to_html()
