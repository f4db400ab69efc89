"""Scripts that a script sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.statements import Piece, Top, tops
from lmebridge.rsyntax import Constant, function_name, operands

if TYPE_CHECKING:
    from pathlib import Path

#: By the identity of a `source` call's tree: the script that it runs.
Sources = dict[int, tuple[Piece, list[Top]]]

#: Scripts that source scripts before giving up.
_DEEPEST = 8


def with_sources(found: list[Top], folder: Path | None, depth: int = 0, seen: frozenset[str] = frozenset()) -> Sources:
    """The scripts beside a script that its top-level statements source, and those that they do.

    A script that is not there, or is not R, or sources itself, is not among them: its call is left as it is.
    """
    sources: Sources = {}
    if folder is None or depth > _DEEPEST:
        return sources
    for top in found:
        name = sourced(top)
        text = _text(folder, name) if name is not None and name not in seen else None
        if text is None or name is None:
            continue
        statements = tops(text)
        sources[id(top.node)] = (Piece(text, 1, name), statements)
        sources |= with_sources(statements, folder, depth + 1, seen | {name})
    return sources


def sourced(top: Top) -> str | None:
    """The file that a statement sources, where it is written out."""
    if top.node is None or function_name(top.node) != "source" or not operands(top.node):
        return None
    first = operands(top.node)[0]
    return first.value if isinstance(first, Constant) and isinstance(first.value, str) else None


def _text(folder: Path, name: str) -> str | None:
    """The text of a script in the folder, or in one below it; None where it cannot be read."""
    from lmebridge.migrate.command import decoded
    from lmebridge.migrate.errors import MigrationError

    path = (folder / name).resolve()
    if not path.is_file():
        return None
    try:
        return decoded(path.read_bytes(), name)[0]
    except (OSError, MigrationError):
        return None
