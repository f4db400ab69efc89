"""R's names as Python names."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

from lmebridge.rsyntax import Call, Constant, Name, Node, function_name, names, operands, operator, unwrap, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names that the script gives to what it imports.
MODULES = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "lme": "import lmebridge as lme",
    "plt": "import matplotlib.pyplot as plt",
    "stats": "from scipy import stats",
    "math": "import math",
    "re": "import re",
    "sys": "import sys",
    "warnings": "import warnings",
    "itertools": "import itertools",
    "Path": "from pathlib import Path",
}
#: Names that a variable may not have: it would hide something that the script needs.
RESERVED = {*keyword.kwlist, *dir(builtins), *MODULES}

#: R's assignment operators; `->` is read as `<-`.
ASSIGNMENTS = ("<-", "=", "<<-")


class Naming:
    """Python names for R's: dots become underscores, names already taken get an underscore at their end."""

    def __init__(self) -> None:
        self._python: dict[str, str] = {}
        self._taken: set[str] = set()

    def python(self, name: str) -> str:
        """The Python name of an R variable, always the same for the same variable."""
        if name not in self._python:
            found = spelled(name)
            while found in self._taken or found in RESERVED:
                found += "_"
            self._python[name] = found
            self._taken.add(found)
        return self._python[name]

    def unused(self, *candidates: str) -> str:
        """The first of these Python names that no variable of the script has."""
        return next((name for name in candidates if name not in self._taken), f"{candidates[0]}_")


def spelled(name: str) -> str:
    """A name with what Python does not allow in names as underscores.

    Examples
    --------
    >>> [spelled(name) for name in ("my.data", ".hidden", "2nd try")]
    ['my_data', '_hidden', '_2nd_try']
    """
    found = re.sub(r"\W", "_", name)
    return found if found.isidentifier() else f"_{found}"


def assigned(nodes: Iterable[Node]) -> list[str]:
    """Names of variables that a program assigns to, in order, functions' own variables and parameters among them."""
    found: dict[str, None] = {}
    for node in nodes:
        for each in walk(node):
            name = _assigned_by(each)
            if name is not None:
                found[name] = None
    return list(found)


def _assigned_by(node: Node) -> str | None:
    if operator(node) in ASSIGNMENTS and len(operands(node)) == 2:
        return root(operands(node)[0])
    if operator(node) == "for":
        return root(operands(node)[0])
    return None


def counters(nodes: Iterable[Node]) -> set[str]:
    """Names of variables that nothing but loops assigns to."""
    every = [each for node in nodes for each in walk(node)]
    counted = {root(operands(each)[0]) for each in every if operator(each) == "for"}
    others = {_assigned_by(each) for each in every if operator(each) != "for"}
    return {name for name in counted - others if name is not None}


def modified(nodes: Iterable[Node]) -> set[str]:
    """Names of variables that a program changes in place: ``x$y <- v``, ``names(x) <- v``, ``x[i] <- v``."""
    found = set()
    for node in nodes:
        for each in walk(node):
            if operator(each) in ASSIGNMENTS and len(operands(each)) == 2:
                target = unwrap(operands(each)[0])
                name = root(target)
                if isinstance(target, Call) and name is not None:
                    found.add(name)
    return found


def root(target: Node) -> str | None:
    """The variable that an assignment's left side is about: ``x`` for ``names(x$y)[2]``."""
    while isinstance(target, Call):
        parts = operands(target)
        if not parts:
            return None
        target = parts[0]
    if isinstance(target, Name):
        return target.name
    return target.value if isinstance(target, Constant) and isinstance(target.value, str) else None


def columns_seen(nodes: Iterable[Node]) -> set[str]:
    """Names that a program uses as columns: after `$`, in formulas, as names that dplyr gives."""
    found: set[str] = set()
    for node in nodes:
        for each in walk(node):
            found |= _columns_of(each)
    return found


_OF_NUMBERS = {"log", "sqrt", "exp", "log10", "log2", "log1p"}


def numbers_read(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Columns that a program's only `read_csv` must have read as numbers: its models take logarithms of them.

    readr makes NA of the cells of a column of numbers that are none; pandas would make the whole column text.
    """
    every = [each for node in nodes for each in walk(node)]
    if sum(function_name(each) == "read_csv" for each in every) != 1:
        return ()
    made = {name for each in every for name in _made_by(each)}
    formulas = [part for each in every if operator(each) == "~" for part in walk(each)]
    found = dict.fromkeys(
        inner.name
        for part in formulas
        if function_name(part) in _OF_NUMBERS
        for inner in operands(part)
        if isinstance(inner, Name)
    )
    return tuple(name for name in found if name not in made)


def _made_by(node: Node) -> set[str]:
    """Names of variables and columns that one call makes, not from those of the same name."""
    if isinstance(node, Call) and operator(node) in {"mutate", "transmute", "data.frame", "tibble", "transform"}:
        made = [each for each in node.arguments if each.name and each.value is not None]
        return {str(each.name) for each in made if each.value is not None and each.name not in names(each.value)}
    if operator(node) in ASSIGNMENTS and len(operands(node)) == 2:
        target = operands(node)[0]
        both = [target, *operands(target)[1:]] if operator(target) == "$" else [target]
        return {each.name for each in both if isinstance(each, Name)}
    return set()


_MASKING = {"mutate", "summarise", "summarize", "transmute", "data.frame", "tibble", "transform", "rename"}


def _columns_of(node: Node) -> set[str]:
    """Column names that one call shows."""
    word, parts = operator(node), operands(node)
    if word == "$" and len(parts) == 2:
        return {parts[1].name} if isinstance(parts[1], Name) else set()
    if word == "~":
        return {each.name for part in parts for each in walk(part) if isinstance(each, Name)}
    if word in _MASKING and isinstance(node, Call):
        return {argument.name for argument in node.arguments if argument.name}
    return set()
