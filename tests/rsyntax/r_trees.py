"""Our trees in the notation of ``dump.R``, to compare with R's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lmebridge.rsyntax import FORMALS, Argument, Call, Constant, Name, Node, operator
from tests import judge

DUMP = Path(__file__).with_name("dump.R")
_MISSING_TYPES = {"NA": "logical", "NA_integer_": "integer", "NA_real_": "double", "NA_character_": "character"}


def ask_r(expression: str, texts: list[str], folder: Path) -> Any:
    """Value of an R expression in which ``texts`` are these and the functions of ``dump.R`` are known."""
    program = f"source({json.dumps(str(DUMP))}, local = TRUE)\n{expression}"
    return judge.run_r(program, folder, texts=texts)


def dump(node: Node) -> str:
    """The tree as ``dump.R`` writes it."""
    if isinstance(node, Name):
        return f"name:{_hex(node.name)}"
    if isinstance(node, Constant):
        return _constant(node)
    return f"({dump(node.function)}{''.join(' ' + _argument(a, node) for a in node.arguments)})"


def _argument(argument: Argument, node: Call) -> str:
    tag = f"{_hex(argument.name)}=" if argument.name is not None else ""
    assert tag or operator(node) != FORMALS
    return tag + (dump(argument.value) if argument.value is not None else "_")


def _constant(node: Constant) -> str:
    value = node.value
    if value is None:
        return f"NA:{_MISSING_TYPES[node.text]}" if node.text != "NULL" else "NULL"
    if isinstance(value, bool):
        return f"logical:{str(value).upper()}"
    if isinstance(value, str):
        return f"string:{_hex(value)}"
    if isinstance(value, complex):
        return f"complex:{value.imag:.17g}"
    return f"integer:{value}" if isinstance(value, int) else f"double:{value:.17g}"


def _hex(text: str) -> str:
    return text.encode().hex()
