"""Whether a frame's index counts its rows 0, 1, 2 ..., as it does after reading, joining or reshaping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.values import Value, py

if TYPE_CHECKING:
    import ast

    from lmebridge.migrate.scope import Scope

_COUNTED = "range of "


def fresh_rows(scope: Scope) -> str:
    """A name for rows that no other frame has, and that the index counts from 0."""
    return f"{_COUNTED}{scope.new_rows()}"


def counted(frame: Value) -> bool:
    """Whether the index is known to count the rows."""
    return frame.rows.startswith(_COUNTED)


def with_counted_rows(frame: Value) -> ast.expr:
    """Code of the frame with an index that counts its rows."""
    return frame.code if counted(frame) else py("F.reset_index(drop=True)", F=frame)
