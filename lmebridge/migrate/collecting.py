"""Vectors and lists that a program makes empty and fills: `list()`, `vector("list", n)`, `numeric(n)`."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.naming import ASSIGNMENTS
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Kind, Untranslated, Value, py
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, function_name, operands, operator, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope

#: What marks a list that has nothing in it yet.
EMPTY = "empty list"
_ZEROS = {"numeric": "np.zeros(N)", "double": "np.zeros(N)", "integer": "np.zeros(N, dtype=int)"}
_ZEROS |= {"logical": "np.zeros(N, dtype=bool)", "character": '[""] * N', "list": "[None] * N"}


@translates("numeric double integer logical character", "length = 0", '`np.zeros(n)`; `[""] * n`')
def zeros(call: RCall) -> Value:
    """A vector to be filled."""
    return _filled(call.name, call.optional("length"))


@translates("vector", "mode = 'logical', length = 0", "`[None] * n`; `np.zeros(n)`")
def vector(call: RCall) -> Value:
    """A vector or list to be filled."""
    mode = call.constant("mode", "logical")
    if mode not in _ZEROS:
        raise call.fail(f'a vector of mode "{mode}" has no translation')
    return _filled(mode, call.optional("length"))


def _filled(mode: str, length: Value | None) -> Value:
    count = py("0") if length is None else length.code
    code = py(_ZEROS[mode], N=count)
    if mode == "list":
        return Value(code, Kind.SEQUENCE)
    if mode == "character":
        return Value(code, Kind.LIST, Kind.TEXT)
    return Value(code, Kind.ARRAY, Kind.LOGICAL if mode == "logical" else Kind.NUMBER)


# --- vectors that grow ------------------------------------------------------------------------------------------------


def lengthened(nodes: Iterable[Node]) -> set[str]:
    """Variables that a program makes longer: ``x <- c(x, value)``."""
    found = set()
    for node in nodes:
        for each in walk(node):
            parts = operands(each) if operator(each) in ASSIGNMENTS else ()
            if len(parts) == 2 and isinstance(parts[0], Name) and _added(parts[0].name, parts[1]) is not None:
                found.add(parts[0].name)
    return found


def _added(name: str, source: Node) -> Node | None:
    """What ``c(x, value)`` adds to `x`."""
    if not isinstance(source, Call) or function_name(source) != "c" or len(source.arguments) != 2:
        return None
    first, second = source.arguments
    same = isinstance(first.value, Name) and first.value.name == name
    return second.value if same and second.name is None else None


def empty_vector(scope: Scope, name: str) -> Value | None:
    """What a variable is that is made with nothing in it and gets longer by place; None when it does not."""
    session = scope.session
    filled = session.fillings.get(name, [])
    if not (filled or name in session.lengthened) or any(_is_text(scope, *each) for each in filled):
        return None
    return Value(py("[]"), Kind.LIST, source=(EMPTY, 0, session.blocks))


def is_longer(scope: Scope, name: str, source: Node) -> bool:
    """Write ``x <- c(x, value)`` of what has been empty as `append`; False when it is something else."""
    added = _added(name, source)
    target = scope.find(name) if added is not None and name in scope.session.lengthened else None
    if added is None or target is None or not is_empty(target):
        return False
    if target.kind is Kind.SEQUENCE:
        if function_name(added) != "list" or len(operands(added)) != 1:
            raise Untranslated("what is put after a list is no list of one element")
        added = operands(added)[0]
    _append(scope, name, target, scope.value(added), (EMPTY, None, target.source[2]))
    return True


def _append(scope: Scope, name: str, target: Value, value: Value, source: Any) -> None:
    """Write that an element is added, and say what the vector or list is from then on."""
    if target.kind is Kind.SEQUENCE:
        scope.emit("X.append(V)", X=target, V=value)
        scope.define(name, target.but(parts={"*": general(value)}, source=source))
        return
    if value.kind in {Kind.NUMBER, Kind.TEXT, Kind.LOGICAL, Kind.UNKNOWN}:
        scope.emit("X.append(V)", X=target, V=value)
    elif value.is_vector and value.kind is not Kind.NAMED:
        scope.emit("X.extend(V)", X=target, V=value)
    else:
        raise Untranslated(f"a vector that gets longer by a {value.kind.value} has no translation")
    scope.define(name, target.but(element=value.element, source=source))


# --- lists that grow --------------------------------------------------------------------------------------------------


def fillings(nodes: Iterable[Node]) -> dict[str, list[tuple[Node, Node | None]]]:
    """What a program puts between the brackets of ``x[[i]] <- value``, by `x`; what a loop gives `i`, if one does."""
    found: dict[str, list[tuple[Node, Node | None]]] = {}
    every = [each for node in nodes for each in walk(node)]
    loops = [operands(each) for each in every if operator(each) == "for"]
    over = {parts[0].name: parts[1] for parts in loops if isinstance(parts[0], Name)}
    for node in every:
        if operator(node) not in ASSIGNMENTS or len(operands(node)) != 2:
            continue
        target = operands(node)[0]
        parts = operands(target)
        if operator(target) not in {"$", "[[", "["} or len(parts) != 2 or not isinstance(parts[0], Name):
            continue
        index = Constant(parts[1].name) if isinstance(parts[1], Name) and operator(target) == "$" else parts[1]
        values = over.get(index.name) if isinstance(index, Name) else None
        found.setdefault(parts[0].name, []).append((index, values))
    return found


def _is_named(scope: Scope) -> bool:
    """Whether the empty list that is being made is filled by names."""
    session = scope.session
    variable = next((name for name in session.fillings if session.naming.python(name) == scope.target), None)
    return any(_is_text(scope, index, over) for index, over in session.fillings.get(variable or "", []))


def _is_text(scope: Scope, index: Node, over: Node | None) -> bool:
    if isinstance(index, Constant):
        return isinstance(index.value, str)
    if over is None:
        return function_name(index) in {"paste", "paste0", "as.character", "sprintf", "names"}
    try:
        found = scope.value(over)
        return found.element is Kind.TEXT or function_name(over) in {"levels", "names", "colnames"}
    except Untranslated:
        return False


def empty_list(scope: Scope) -> Value:
    """A list with nothing in it: a dict where the program fills it by names."""
    if _is_named(scope):
        return Value(py("{}"), Kind.MAPPING)
    return Value(py("[]"), Kind.SEQUENCE, source=(EMPTY, 0, scope.session.blocks))


def append(call: RCall, target: Value, place: Node | None) -> None:
    """``x[[i]] <- value`` and ``x[i] <- value`` of what has been empty: one element more."""
    node = call.argument("x")
    if place is None or not isinstance(node, Name):
        raise call.fail("assigning to these elements has no translation")
    _append(call.scope, node.name, target, call.value("value"), _appended(call, target.source, place))


def changed(call: RCall, target: Value) -> Value:
    """``x[[i]] <- value`` of a list without names; what the list is then."""
    from lmebridge.migrate.positions import position

    value, place = call.value("value"), call.argument("name")
    if value.kind is Kind.NULL:
        raise call.fail("taking an element out of a list has no translation")
    found = position(call.scope, place)
    if found.sort != "one":
        raise call.fail(f"assigning to an element of a {target.kind.value} by its name has no translation")
    call.emit("X[K] = V", X=target, K=found.code, V=value)
    return target.but(parts={"*": general(value)})


def is_empty(value: Value) -> bool:
    """Whether a list was made with nothing in it and has only been appended to."""
    return isinstance(value.source, tuple) and value.source[0] == EMPTY


def _appended(call: RCall, source: Any, place: Node) -> Any:
    """What is known of a list's length when the element at a place is one more."""
    _, count, made_at = source
    session, target = call.scope.session, deparse(call.argument("x"))
    if deparse(place).replace(" ", "") == f"length({target})+1":
        return (EMPTY, None, made_at)
    if isinstance(place, Constant) and place.value == (count or 0) + 1 and made_at == session.blocks:
        return (EMPTY, place.value, made_at)
    counts = isinstance(place, Name) and session.counting and (place.name, target) in session.counting[-1]
    if counts and count == 0 and made_at == session.blocks - 1:
        return (EMPTY, None, made_at)
    raise call.fail('a list is filled in an order that is not known: make it with `vector("list", n)` first')


def general(value: Value) -> Value:
    """What holds of all elements of a list when one of them is this: not a model's own formula."""
    source = value.source
    if is_dataclass(source) and not isinstance(source, type) and hasattr(source, "formula"):
        source = replace(source, formula=None)
    return value.but(constant=None, positions=None, source=source)


def counts_up(variable: str, value: Value, inside: Node) -> list[tuple[str, str]]:
    """The lists that a loop over ``1:n`` gives one element more each time: ``(counter, list)``."""
    from lmebridge.migrate.control_flow import statements

    first = value.source[1] if isinstance(value.source, tuple) and value.source[0] == "range" else None
    if getattr(first, "value", None) != 1:
        return []
    words = {function_name(each) for each in walk(inside)}
    if words & {"next", "break"}:
        return []
    targets = [operands(each)[0] for each in statements(inside) if operator(each) in ASSIGNMENTS]
    filled = [operands(each) for each in targets if operator(each) in {"[[", "["}]
    return [
        (variable, deparse(parts[0]))
        for parts in filled
        if len(parts) == 2 and isinstance(parts[1], Name) and parts[1].name == variable
    ]
