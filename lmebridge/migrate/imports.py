"""The import lines that a script needs, in the order that ruff's isort rules ask for."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from lmebridge.migrate.naming import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable


def import_lines(statements: Iterable[ast.stmt]) -> list[str]:
    """Import lines for the names that statements use."""
    plain: set[str] = set()
    members: dict[str, set[str]] = {}
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant):
                plain |= {MODULES[name] for name in getattr(node, "mentions", ())}
            if isinstance(node, ast.Name):
                module = getattr(node, "module", None)
                if module is not None:
                    members.setdefault(module, set()).add(node.id)
                elif node.id in MODULES:
                    plain.add(MODULES[node.id])
    lines = [*plain, *(_from(module, names) for module, names in members.items())]
    return _sections(lines)


def _from(module: str, names: set[str]) -> str:
    """``from module import names``, one a line in parentheses when they are too long for a line."""
    ordered = sorted(names, key=_member_key)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= 88:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])


def _member_key(name: str) -> tuple[int, str]:
    """Isort's order of members: constants, classes, functions."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def _sections(lines: list[str]) -> list[str]:
    """The standard library first, then the rest; ``import`` before ``from``."""
    found: list[str] = []
    for standard in (True, False):
        section = [line for line in lines if (_module(line) in sys.stdlib_module_names) is standard]
        section.sort(key=lambda line: (line.startswith("from"), _full_module(line).lower()))
        if section:
            found += [*([""] if found else []), *(part for line in section for part in line.split("\n"))]
    return found


def _full_module(line: str) -> str:
    return line.split()[1]


def _module(line: str) -> str:
    return _full_module(line).split(".")[0]
