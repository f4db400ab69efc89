"""Constants of R programs, and R's names for constants."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.values import NA as NA_VALUE
from lmebridge.migrate.values import NULL as NULL_VALUE
from lmebridge.migrate.values import Kind, Untranslated, Value, literal, logical, number, py, text

if TYPE_CHECKING:
    from lmebridge.rsyntax import Constant


def constant(node: Constant) -> Value:
    """A constant translated."""
    if node.value is None:
        return NULL_VALUE if node.text == "NULL" else NA_VALUE
    if isinstance(node.value, bool):
        return logical(node.value)
    if isinstance(node.value, str):
        return text(node.value)
    if isinstance(node.value, complex):
        raise Untranslated("complex numbers have no translation")
    if node.value != node.value or node.value in {float("inf"), float("-inf")}:
        return Value(py("np.nan" if node.value != node.value else "np.inf"), Kind.NUMBER, Kind.NUMBER)
    shown = number(node.value)
    if any(letter in node.text for letter in "eE.") and "x" not in node.text.lower():
        return shown.but(code=literal_as_written(node))
    return shown


def literal_as_written(node: Constant) -> ast.expr:
    """A number in the spelling it has in R, where Python reads that as the same number."""
    code = literal(node.value)
    if isinstance(code, ast.Constant):
        spelled = node.text.rstrip("L").lower()
        spelled = f"0{spelled}" if spelled.startswith(".") else spelled
        code.spelled = f"{spelled}0" if spelled.endswith(".") else spelled  # type: ignore[attr-defined]
    return code


#: R's constants, and its words for truth that are variables in fact.
BUILT_IN = {
    "T": logical(True),
    "F": logical(False),
    "pi": Value(py("np.pi"), Kind.NUMBER, Kind.NUMBER),
    "letters": Value(py('list("abcdefghijklmnopqrstuvwxyz")'), Kind.LIST, Kind.TEXT),
    "LETTERS": Value(py('list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")'), Kind.LIST, Kind.TEXT),
}
