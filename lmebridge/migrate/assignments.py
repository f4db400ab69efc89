"""R's assignments: to a name, and to a part of an object."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate import registry
from lmebridge.migrate.collecting import empty_vector, is_longer
from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.naming import ASSIGNMENTS, root
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value, py
from lmebridge.rsyntax import Argument, Call, Constant, Name, Node, function_name, names, operands, operator, walk

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope

#: Kinds that Python can change in place and R copies on assignment.
_MUTABLE = frozenset({Kind.FRAME, Kind.COLUMN, Kind.ARRAY, Kind.LIST, Kind.NAMED, Kind.MAPPING, Kind.SEQUENCE})
_MUTABLE |= {Kind.MATRIX, Kind.INDEX, Kind.UNKNOWN}


def is_assignment(node: Node) -> bool:
    """Whether a node assigns."""
    return operator(node) in ASSIGNMENTS and len(operands(node)) == 2


def assign(scope: Scope, node: Node) -> Value:
    """Write the statements of an assignment; the value assigned, which R does not print."""
    if operator(node) == "<<-":
        raise Untranslated("`<<-` changes a variable of another function")
    target, source = operands(node)
    if isinstance(target, Call):
        assign_part(scope, target, source)
        return NOTHING
    name = root(target)
    if name is None:
        raise Untranslated("the left side of the assignment is no name")
    return assign_name(scope, name, source).but(visible=False)


def assign_name(scope: Scope, name: str, source: Node) -> Value:
    """Assign to a variable."""
    python = scope.session.naming.python(name)
    if is_longer(scope, name, source):
        return NOTHING
    if operator(source) == "function":
        from lmebridge.migrate.functions import define_function

        return define_function(scope, name, source)
    value = assign(scope, source).but(shared=True) if is_assignment(source) else _source(scope, python, source)
    value = kept_truth(scope, source, value)
    if value.source == "nothing":
        raise Untranslated("what is assigned leaves no value in Python")
    if value.kind is Kind.FUNCTION and isinstance(value.source, str):
        raise Untranslated(f"the function `{value.source}` is given another name")
    if value.kind is Kind.NULL or _is_of_length_zero(source):
        value = empty_vector(scope, name) or value
    if value.kind is Kind.NULL and name in scope.session.modified:
        value = value.but(code=py("pd.Series(dtype=float)"), kind=Kind.NAMED, element=Kind.NUMBER)
    code = value.code
    if not (isinstance(code, ast.Name) and code.id == python):
        scope.emit("TARGET = VALUE", TARGET=ast.Name(python, ast.Store()), VALUE=own(scope, name, value))
    if scope.session.numbers_read and any(function_name(each) == "read_csv" for each in walk(source)):
        columns = ", ".join(scope.session.numbers_read)
        scope.note(f"readr makes NA of cells that are no numbers in {columns}; pandas would read these columns as text")
    return scope.define(name, value.but(shared=False, constant=None))


def _is_of_length_zero(node: Node) -> bool:
    """``numeric(0)``, ``character()``: an empty vector of a kind."""
    if function_name(node) not in {"numeric", "character", "integer", "double", "logical", "vector"}:
        return False
    return all(getattr(each, "value", None) in {0, "numeric", "character"} for each in operands(node))


def _source(scope: Scope, python: str, source: Node) -> Value:
    """The value of the right side, which knows the name it is going to have."""
    before, scope.target = scope.target, python
    if any(scope.session.naming.python(each) == python for each in set(names(source)) & set(scope.symbols)):
        scope.target = ""
    try:
        return scope.value(source)
    finally:
        scope.target = before


def own(scope: Scope, name: str, value: Value) -> ast.expr:
    """The code of a value that may be changed in place without changing what it was taken from."""
    if value.kind not in _MUTABLE or not _changes(scope, name, value):
        return value.code
    if _is_fresh(value.code):
        return value.code
    return py("X.copy()", X=value)


def _changes(scope: Scope, name: str, value: Value) -> bool:
    """Whether the new variable, or the one it is another name of, is changed in place anywhere."""
    modified = scope.session.modified
    if name in modified:
        return True
    naming = scope.session.naming
    return isinstance(value.code, ast.Name) and any(naming.python(each) == value.code.id for each in modified)


def _is_fresh(code: ast.expr) -> bool:
    """Whether an expression makes a new object: anything but a name, an attribute or a part of an object."""
    if isinstance(code, (ast.Name, ast.Attribute)):
        return False
    return not isinstance(code, ast.Subscript)


def assign_part(scope: Scope, target: Call, source: Node) -> None:
    """Assign to a part of an object: ``x$y <- v``, ``names(x) <- v``, ``x[i] <- v``."""
    name = root(target)
    function = function_name(target)
    if name is None or function is None:
        raise Untranslated("the left side of the assignment has no translation")
    entries = registry.find(function, replacement=True)
    if not entries:
        raise Untranslated(f"assigning to `{function}(...)` has no translation")
    arguments = (*target.arguments, Argument(source, "value"))
    scope.translate(entries, target, arguments)


def update(call: RCall, parameter: str, value: Value) -> None:
    """Say what is known of the variable that an assignment to one of its parts has changed."""
    node = call.node_of(parameter)
    if isinstance(node, Name):
        call.scope.define(node.name, value)


def assigned_text(node: Node | None) -> str | None:
    """A name written as a name or as a text."""
    if isinstance(node, Name):
        return node.name
    return node.value if isinstance(node, Constant) and isinstance(node.value, str) else None
