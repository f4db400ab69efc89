"""lme4's table of variances, standard deviations and correlations: in summaries, and as VarCorr prints it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmebridge.parity.draft import Draft
from lmebridge.parity.keys import Key
from lmebridge.parity.numerals import Numeral, numeral, shown_digits, split_row, trailing

if TYPE_CHECKING:
    from lmebridge.parity.lines import Cursor
    from lmebridge.parity.outputs import PrintedOutput

START = re.compile(r"\s*Groups\s+Name\b(?:\s+(?:Variance|Std\.Dev\.|Corr))*\s*")
LABEL = re.compile(r"Variance|Std\.Dev\.|Corr")
COMPONENTS = {"Variance": "vcov", "Std.Dev.": "sdcor"}
#: lme4 prints nothing under `Name` for it.
RESIDUAL = "Residual"


@dataclass
class Block:
    """The block of correlated effects that is being read."""

    group: str = ""
    effects: list[str] = field(default_factory=list)


@dataclass
class Rows:
    """The table's rows, the pieces of wrapped ones joined, with the place where the column `Name` starts."""

    name_column: int
    labels: list[str]
    texts: list[str]
    lines: list[int]


def starts(cursor: Cursor) -> bool:
    """Whether the header of the table comes next."""
    return START.fullmatch(cursor.line.text) is not None


def read(cursor: Cursor) -> PrintedOutput:
    """Read what VarCorr prints."""
    draft = Draft("VarCorr", "lme4", cursor.number)
    read_variances(cursor, draft)
    return draft.output(cursor)


def read_variances(cursor: Cursor, draft: Draft) -> None:
    """Read the table into `draft`.

    Raises
    ------
    PrintedOutputError
        If a row does not have the numbers its place in a block asks for.
    """
    rows = _rows(cursor)
    components = [COMPONENTS[label] for label in rows.labels if label in COMPONENTS]
    if not components:
        cursor.fail("expected a column Variance or Std.Dev.")
    block, numbers = Block(), []
    aligned = _is_aligned(rows)
    for text, line in zip(rows.texts, rows.lines, strict=True):
        found = _read_row(text, rows.name_column if aligned else None, block, len(components))
        if found is None:
            cursor.position = min(line - 1, len(cursor.lines))
            cursor.fail("expected a group, an effect, its variance or standard deviation, and its correlations")
        block, read_numbers = found
        numbers.append(read_numbers[: len(components)])
        _file(draft, block, components, read_numbers, line)
    draft.digits = max([draft.digits, *(shown_digits(column) for column in zip(*numbers, strict=True))])


def _rows(cursor: Cursor) -> Rows:
    header = cursor.take().text
    rows = Rows(header.index("Name"), LABEL.findall(header), [], [])
    while not cursor.line.blank and not _is_label(cursor.line.text) and not _is_next_section(cursor.line.text):
        rows.lines.append(cursor.number)
        rows.texts.append(cursor.take().text)
    while _is_label(cursor.line.text) or _is_nameless_chunk(cursor, len(rows.texts)):
        rows.labels += LABEL.findall(cursor.take().text)
        rows.texts = [f"{text} {cursor.take().text}" for text in rows.texts]
    return rows


def _is_label(text: str) -> bool:
    return bool(text.split()) and not LABEL.sub("", text).strip()


def _is_next_section(text: str) -> bool:
    return text.startswith(("Number of obs", "Fixed ", "number of obs"))


def _is_nameless_chunk(cursor: Cursor, count: int) -> bool:
    """Whether a chunk of further correlations, which have no label, comes next."""
    block = [cursor.ahead(i + 1).text for i in range(count)]
    return cursor.line.blank and any(text.split() for text in block) and all(map(_is_correlations, block))


def _is_correlations(text: str) -> bool:
    return all(re.fullmatch(r"-?[01]\.[0-9]+", word) for word in text.split())


def _is_aligned(rows: Rows) -> bool:
    return all(not text[rows.name_column - 1 : rows.name_column].strip() for text in rows.texts)


def _read_row(text: str, column: int | None, block: Block, n: int) -> tuple[Block, tuple[Numeral, ...]] | None:
    """The block a row belongs to, with its effect added, and the row's numbers."""
    if column is None:
        continues = bool(block.effects) and trailing(text) == n + len(block.effects)
    else:
        continues = bool(block.effects) and not text[:column].strip()
    split = split_row(text, n + len(block.effects) if continues else n)
    if split is None:
        return None
    if continues:
        return Block(block.group, [*block.effects, split[0]]), split[1]
    group, effect = _group_and_effect(split[0], text, column)
    if not group or (not effect and group != RESIDUAL):
        return None
    return Block(group, [effect]), split[1]


def _group_and_effect(name: str, text: str, column: int | None) -> tuple[str, str]:
    if column is None:
        group, _, effect = name.partition(" ")
        return group, effect
    group = " ".join(text[:column].split())
    return (group, name.removeprefix(group).strip()) if name.startswith(group) else (name, "")


def _file(draft: Draft, block: Block, components: list[str], numbers: tuple[Numeral, ...], line: int) -> None:
    *earlier, effect = block.effects
    for quantity, number in zip(components, numbers, strict=False):
        draft.add(Key(quantity, block.group, term=effect), number, line)
    for other, number in zip(earlier, numbers[len(components) :], strict=True):
        draft.add(Key("sdcor", block.group, term=other, term2=effect), number, line)


def read_sizes(cursor: Cursor, draft: Draft) -> None:
    """Read ``Number of obs: 2746, groups: LANAME:gor_name, 151; gor_name, 9``.

    Raises
    ------
    PrintedOutputError
        If a grouping factor's number of levels is missing.
    """
    line = cursor.take()
    text = line.text
    while not (found := SIZES.fullmatch(text)) and not cursor.line.blank and len(text) < LONGEST_SIZES:
        text = f"{text} {cursor.take().text.strip()}"
    if not found:
        cursor.position -= 1
        cursor.fail("expected `Number of obs: n, groups: factor, levels; ...`")
    count = numeral(found["n"])
    draft.n_obs = int(found["n"])
    draft.add(Key("n_obs"), count, line.number)
    for pair in found["groups"].split(";"):
        name, _, levels = pair.rpartition(",")
        draft.n_groups[name.strip()] = int(levels)
        draft.add(Key("n_groups", name.strip()), numeral(levels.strip()), line.number)


#: One line a grouping factor at most is joined; longer than this it is something else.
LONGEST_SIZES = 2000
PAIR = r"[^,;]+,\s*[0-9]{1,12}\s*"
SIZES = re.compile(rf"\s*Number of obs: (?P<n>[0-9]{{1,12}}), groups:\s*(?P<groups>{PAIR}(?:;{PAIR})*)", re.IGNORECASE)
