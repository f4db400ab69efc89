"""The R code of documents: chunks of R Markdown and Quarto, cells of notebooks, blocks of pages, plain text."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.prose import stretches
from lmebridge.migrate.statements import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FENCE = re.compile(r"\s*(```+|~~~+)\s*(?:\{(?P<chunk>[^}]*)\}|(?P<word>[\w.+-]*))\s*$")
#: Lines that a chunk may begin with: Quarto's options.
OPTION = re.compile(r"#\|\s*(?P<name>[\w.-]+)\s*:\s*(?P<value>.*?)\s*$")
NOT_RUN = re.compile(r"\beval\s*=\s*F(ALSE)?\b")
#: Options of a chunk of R whose code is somewhere else.
ELSEWHERE = re.compile(r"\b(child|code|file|ref\.label)\s*=")
ENGINE = re.compile(r"""\bengine\s*=\s*["'](\w+)["']""")
#: Engines of chunks that calculate nothing: styles, drawings, prose.
ORNAMENTS = frozenset(["asis", "block", "block2", "cat", "comment", "css", "dot", "html", "js", "mermaid", "verbatim"])
#: A block of code in a page, with its attributes.
BLOCK = re.compile(
    r"<pre(?P<pre>[^>]*)>\s*(?:<code(?P<code>[^>]*)>)?(?P<text>.*?)(?:</code>\s*)?</pre>", re.DOTALL | re.IGNORECASE
)
TAG = re.compile(r"<[^>]+>")


def pieces(text: str, name: str) -> list[Piece]:
    r"""Stretches of R code in a document.

    Parameters
    ----------
    text : str
        The document.
    name : str
        Its file name; its ending says what it is, anything unknown is an R script.

    Returns
    -------
    list of Piece
        The code with the number of its first line; chunks that do not run are comments, chunks that are no R have their
        problem.

    Examples
    --------
    >>> [(piece.line, piece.text) for piece in pieces("Prose.\n\n```{r}\nx <- 1\n```\n", "a.Rmd")]
    [(4, 'x <- 1\n')]
    """
    read = READERS.get(PurePath(name).suffix.lower())
    return [Piece(text)] if read is None else _apart(list(read(text)))


def _apart(found: list[Piece]) -> list[Piece]:
    """The pieces, with a blank line before each but the first."""
    return [
        replace(piece, text="\n" * (place > 0) + piece.text, line=piece.line - (place > 0))
        for place, piece in enumerate(found)
    ]


# --- R Markdown, Quarto, Markdown -------------------------------------------------------------------------------------


def _chunks(text: str) -> Iterator[Piece]:
    """The fenced blocks of R."""
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        opening = FENCE.match(lines[place])
        place += 1
        if opening is None:
            continue
        end = next((i for i in range(place, len(lines)) if lines[i].strip() == opening[1]), len(lines))
        options = next((i for i in range(place, end) if not OPTION.match(lines[i])), end)
        is_run = _is_run(opening["chunk"] or "", lines[place:options])
        problem = _problem(opening["chunk"] or "") if is_run else ""
        if problem:
            yield Piece(_code(lines[place - 1 : end + 1], is_run=True), place, problem=problem)
        elif _is_r(opening):
            yield Piece(_code(lines[options:end], is_run=is_run), options + 1)
        place = end + 1


def _problem(header: str) -> str:
    """Why a chunk that runs cannot be translated as a whole: it is no R, or its code is not in it."""
    word = re.match(r"\w+", header.strip())
    if word is None or word[0].lower() in ORNAMENTS:
        return ""
    engine = ENGINE.search(header)
    language = engine[1] if engine else word[0]
    if language.lower() != "r":
        return f"a chunk in another language ({language}), which runs beside R"
    elsewhere = ELSEWHERE.search(header)
    return f"the code of this chunk is elsewhere (`{elsewhere[1]}`)" if elsewhere else ""


def _is_r(opening: re.Match[str]) -> bool:
    language = opening["chunk"] if opening["chunk"] is not None else opening["word"]
    return re.match(r"\.?[rR]\b(?!\.)", (language or "").strip()) is not None


def _is_run(header: str, options: list[str]) -> bool:
    """Whether a chunk is evaluated, by its header and Quarto's options."""
    given = {found["name"]: found["value"] for line in options if (found := OPTION.match(line))}
    return not NOT_RUN.search(header) and given.get("eval", "true").lower() != "false"


def _code(lines: list[str], *, is_run: bool) -> str:
    """The code of a chunk; as comments if it does not run."""
    kept = lines if is_run else [f"# {line}".rstrip() if line.strip() else line for line in lines]
    return "".join(f"{line}\n" for line in kept)


# --- notebooks and pages ----------------------------------------------------------------------------------------------


def _cells(text: str) -> Iterator[Piece]:
    """The code cells of a notebook; of one in another language, those marked ``%%R``. Lines count within the cells."""
    try:
        content = json.loads(text)
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        language = _language(content)
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError):
        return
    line = 1
    for source in sources:
        code = re.sub(r"\A%%R[^\n]*", "", source)
        if language == "r" or code != source:
            yield Piece(code.rstrip("\n") + "\n", line)
        line += source.count("\n") + 1


def _language(content: dict[str, Any]) -> str:
    metadata = content.get("metadata", {})
    kernel = metadata.get("kernelspec", {})
    return str(metadata.get("language_info", {}).get("name") or kernel.get("language") or "").lower()


def _blocks(text: str) -> Iterator[Piece]:
    """The blocks of a page that say that they are R; where none says anything, those that read like R."""
    found = list(BLOCK.finditer(text))
    attributes = [(one["pre"] or "") + (one["code"] or "") for one in found]
    says = re.compile(r"""["'\s](?:language-|lang-|source)?r["'\s]""", re.IGNORECASE)
    declared = [one for one, words in zip(found, attributes, strict=True) if says.search(words)]
    for one in declared or [one for one, words in zip(found, attributes, strict=True) if "class" not in words]:
        code = html.unescape(TAG.sub("", one["text"])).strip("\n") + "\n"
        line = text.count("\n", 0, one.start("text")) + 1
        if declared:
            yield Piece(code, line)
        else:
            yield from (Piece(piece.text, piece.line + line - 1) for piece in stretches(code))


#: By the ending of a file's name, what finds its R code.
READERS: dict[str, Callable[[str], Iterator[Piece]]] = {
    **dict.fromkeys((".rmd", ".qmd", ".rmarkdown", ".md", ".markdown"), _chunks),
    ".ipynb": _cells,
    **dict.fromkeys((".html", ".htm"), _blocks),
    ".txt": stretches,
}
