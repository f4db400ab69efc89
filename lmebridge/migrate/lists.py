"""Lists, and functions applied to each of their elements."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.collecting import empty_list, general
from lmebridge.migrate.control_flow import element
from lmebridge.migrate.functions import body, formals, single
from lmebridge.migrate.looping import looped
from lmebridge.migrate.registry import translates
from lmebridge.migrate.scope import Scope
from lmebridge.migrate.splitting import piece
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, dictionary, py
from lmebridge.rsyntax import Argument, Call, Name, Node, function_name, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("list", "...", "a dict; a list where the elements have no names")
def make_list(call: RCall) -> Value:
    """A list."""
    pairs = call.rest_values
    if not pairs:
        return empty_list(call.scope)
    if all(name for name, _ in pairs):
        parts = {str(name): value for name, value in pairs}
        return Value(dictionary(parts), Kind.MAPPING, parts=parts, complete=True)
    if any(name for name, _ in pairs):
        raise call.fail("a list in which only some elements have names has no translation")
    values = [value for _, value in pairs]
    kinds = {value.kind for value in values}
    parts = {"*": values[0]} if len(kinds) == 1 else {}
    return Value(py("[*X]", X=values), Kind.SEQUENCE, parts=parts)


@translates("lapply", "X, FUN, ...", "a comprehension: `[f(x) for x in xs]`, `{name: f(x) for name, x in xs.items()}`")
def lapply(call: RCall) -> Value:
    """A function of each element, as a list."""
    loop = looped(call, call.argument("X"), call.argument("FUN")) if not call.rest else None
    if loop is not None:
        return Value(loop.code, Kind.MAPPING if loop.named else Kind.SEQUENCE, parts={"*": general(loop.part)})
    code, result, named = applied(call, "X", "FUN")
    return Value(code, Kind.MAPPING if named else Kind.SEQUENCE, parts={"*": result})


@translates("sapply", "X, FUN, ..., simplify = TRUE, USE.NAMES = TRUE", "a comprehension, as an array or a Series")
@translates(
    "vapply",
    "X, FUN, FUN.VALUE, ..., simplify = TRUE, USE.NAMES = TRUE",
    "a comprehension, as an array or a Series",
    harmless="FUN.VALUE",
)
def sapply(call: RCall) -> Value:
    """A function of each element, as a vector."""
    call.default_only(simplify=True)
    call.ignore("USE.NAMES")
    value = call.value("X")
    if value.kind is Kind.FRAME:
        return _columns_summarised(call, value)
    some = piece(call, value, call.argument("FUN"), call.rest)
    if some is not None:
        return some
    by_text = value.element is Kind.TEXT and value.is_vector and call.flag("USE.NAMES", True)
    loop = looped(call, call.argument("X"), call.argument("FUN"), by_text=by_text) if not call.rest else None
    if loop is not None:
        return _simplified(call, loop.code, loop.part, named=loop.named)
    code, result, named = applied(call, "X", "FUN")
    if by_text and not named and result.kind not in {Kind.NAMED, Kind.COLUMN, Kind.ARRAY, Kind.LIST}:
        return Value(py("pd.Series(X, index=I)", X=code, I=value), Kind.NAMED, result.element)
    return _simplified(call, code, result, named=named)


def _simplified(call: RCall, code: ast.expr, result: Value, *, named: bool) -> Value:
    """What `sapply` makes of the list of its results: a vector, or a column for each of several values."""
    if result.kind in {Kind.NAMED, Kind.COLUMN, Kind.ARRAY, Kind.LIST}:
        if named and result.kind in {Kind.NAMED, Kind.COLUMN} and result.element is not Kind.TEXT:
            return Value(py("pd.DataFrame(X)", X=code), Kind.TABLE, Kind.NUMBER, source="matrix")
        if result.kind is Kind.NAMED and result.element is not Kind.TEXT:
            return Value(py("pd.DataFrame(X).T", X=code), Kind.TABLE, Kind.NUMBER, source="matrix")
        raise call.fail("`sapply` whose function gives several values without names has no translation here")
    if named:
        return Value(py("pd.Series(X)", X=code), Kind.NAMED, result.element)
    return Value(py("np.array(X)", X=code), Kind.ARRAY, result.element)


_OF_COLUMNS = {
    "class": "F.dtypes",
    "mean": "F.mean({})",
    "sd": "F.std({})",
    "var": "F.var({})",
    "sum": "F.sum({})",
    "median": "F.median({})",
    "max": "F.max({})",
    "min": "F.min({})",
}


#: R's tests of a column's type by pandas' name.
_TYPES = {
    "is.numeric": 'F.dtypes.map(lambda x: x.kind in "iuf")',
    "is.factor": 'F.dtypes == "category"',
    "is.character": "F.dtypes.map(pd.api.types.is_string_dtype)",
    "is.logical": 'F.dtypes.map(lambda x: x.kind == "b")',
}


def _columns_summarised(call: RCall, frame: Value) -> Value:
    """A summary of each column."""
    node = call.node_of("FUN")
    word = node.name if isinstance(node, Name) else None
    options = {argument.name: argument.value for argument in call.rest}
    removes = "na.rm" in options and call.scope.value(options["na.rm"]).constant is True  # type: ignore[arg-type]
    if word in _TYPES and not options:
        return Value(py(_TYPES[word], F=frame), Kind.NAMED, Kind.LOGICAL, missing_free=True)
    if set(options) - {"na.rm"} or (word not in _OF_COLUMNS and operator(node or Name("")) != "function"):
        raise call.fail("`sapply` over columns with this function has no translation")
    if word is not None:
        if word == "class":
            call.note("types have other names here: a factor is `category`, a character `str`")
        template = _OF_COLUMNS[word].format("" if removes else "skipna=False")
        return Value(py(template, F=frame), Kind.NAMED, Kind.NUMBER if word != "class" else Kind.UNKNOWN)
    from lmebridge.migrate.functions import lambda_of

    if node is None:
        raise call.fail("the function is missing")
    code, result = lambda_of(call.scope, node, [Value(frame.code, Kind.COLUMN)])
    if result.kind not in {*SCALARS, Kind.UNKNOWN}:
        raise call.fail("a function of columns that gives several values has no translation here")
    return Value(py("F.apply(G)", F=frame, G=code), Kind.NAMED, result.element)


def applied(call: RCall, over: str, function: str, *, statements: bool = False) -> tuple[ast.expr, Value, bool]:
    """A comprehension; what each element becomes; whether the elements have names.

    With `statements`, what the function writes goes into the scope's body, for a loop.
    """
    value, node = call.value(over), call.node_of(function)
    if node is None:
        raise call.fail("the function is missing")
    named = value.kind in {Kind.MAPPING, Kind.RANEF, Kind.NAMED, Kind.VARCORR}
    variable = _variable(call.scope, node)
    source, known = _elements(value, variable, node)
    result = _result(call, node, known, statements=statements)
    code = py("ELEMENT", ELEMENT=result)
    targets: Any = ast.Name(variable, ast.Store())
    if named:
        key = call.scope.session.naming.unused("name", "key")
        pair = ast.Tuple([ast.Name(key, ast.Store()), targets], ast.Store())
        items = py("X.items()", X=value)
        return ast.DictComp(ast.Name(key, ast.Load()), code, [_for(pair, items)]), result, True
    return ast.ListComp(code, [_for(targets, source)]), result, False


def _for(target: ast.expr, source: ast.expr) -> ast.comprehension:
    return ast.comprehension(target, source, [], 0)


def _variable(scope: Scope, node: Node) -> str:
    """The comprehension's variable: the function's parameter."""
    if operator(node) == "function":
        names = formals(node)
        if len(names) != 1 or names[0].name is None:
            raise Untranslated("a function of several parameters cannot be applied here")
        return scope.session.naming.python(names[0].name)
    return scope.session.naming.unused("each", "item")


def _elements(value: Value, variable: str, node: Node) -> tuple[ast.expr, Value]:
    """What the comprehension runs over, and what is known of its variable."""
    name = ast.Name(variable, ast.Load())
    if value.positions is not None:
        known = Value(py("I + 1", I=name), Kind.NUMBER, Kind.NUMBER, positions=name)
        if operator(node) == "function" and not _used_as_position(node):
            return _range(value), Value(name, Kind.NUMBER, Kind.NUMBER)
        return value.positions, known
    if value.kind in {Kind.SEQUENCE, Kind.MAPPING, Kind.RANEF}:
        part = value.parts.get("*") or _only(value)
        return value.code, part.but(code=name, shared=False)
    if value.kind is Kind.VARCORR:
        return value.code, Value(name, Kind.TABLE, Kind.NUMBER)
    if value.kind is Kind.FRAME:
        raise Untranslated("applying a function to every column has no translation here")
    if not value.is_vector and value.kind is not Kind.UNKNOWN:
        raise Untranslated(f"applying a function to a {value.kind.value} has no translation")
    return value.code, element(value, name)


def _only(value: Value) -> Value:
    kinds = {part.kind for part in value.parts.values()}
    return next(iter(value.parts.values())).but(constant=None) if len(kinds) == 1 else Value(value.code)


def _range(value: Value) -> ast.expr:
    from lmebridge.migrate.operators import plus_one

    _, start, stop = value.source
    return py("range(A, B)", A=start, B=plus_one(stop))


def _used_as_position(node: Node) -> bool:
    from lmebridge.migrate.control_flow import is_position

    name = formals(node)[0].name
    return name is not None and is_position(name, body(node))


def _result(call: RCall, node: Node, known: Value, *, statements: bool = False) -> Value:
    """What the function makes of one element."""
    inner = Scope(call.scope.session, call.scope)
    inner.body = []
    result = _value_of_element(call, inner, node, known)
    if statements:
        call.scope.body += inner.body
    elif inner.body:
        raise Untranslated("a function with statements of its own, applied in place, has no translation here")
    return result


def element_value(call: RCall, node: Node, known: Value) -> Value:
    """What a function makes of one element, or of a whole vector, in an expression."""
    call.ignore("...")
    return _result(call, node, known)


def _value_of_element(call: RCall, inner: Scope, node: Node, known: Value) -> Value:
    """The function's value for an element, in a scope of its own."""
    if operator(node) == "function":
        if not single(node):
            raise Untranslated("a function of several statements, applied in place, has no translation here")
        inner.in_function = True
        inner.symbols[str(formals(node)[0].name)] = known
        call.refuse_rest()
        return inner.value(body(node))
    inner.symbols["."] = inner.symbols[".x"] = known
    if operator(node) == "~" and len(operands(node)) == 1:  # purrr's short way to write a function
        call.refuse_rest()
        return inner.value(operands(node)[0])
    if isinstance(node, Name) or operator(node) in {"::", ":::"}:
        return inner.value(Call(node, (Argument(Name(".")), *call.rest), node.span))
    raise Untranslated("what is applied is no function that is known")


@translates("apply", "X, MARGIN, FUN, ..., simplify", '`d.mean(axis="columns")`')
def apply(call: RCall) -> Value:
    """A summary of each row or column."""
    value, margin = call.value("X"), call.constant("MARGIN")
    node = call.node_of("FUN")
    word = node.name if isinstance(node, Name) else None
    removes = False
    for name, option in call.rest_values:
        if name != "na.rm":
            raise call.fail(f"`{name}` of `apply` has no translation")
        removes = option.constant is True
    if (
        value.kind in {Kind.FRAME, Kind.TABLE}
        and margin in {1, 2}
        and word in {"mean", "sd", "sum", "max", "min", "median", "var"}
    ):
        from lmebridge.migrate.grouping import METHODS

        options: dict[str, Any] = {"axis": "columns"} if margin == 1 else {}
        options |= {} if removes else {"skipna": False}
        kind = Kind.COLUMN if margin == 1 else Kind.NAMED
        return Value(py(f"X.{METHODS[word]}(**O)", X=value, O=options), kind, Kind.NUMBER, rows=value.rows)
    if (
        value.kind in {Kind.FRAME, Kind.TABLE}
        and margin in {1, 2}
        and node is not None
        and operator(node) == "function"
    ):
        from lmebridge.migrate.functions import lambda_of

        code, result = lambda_of(call.scope, node, [Value(value.code, Kind.NAMED, Kind.NUMBER)])
        options = {"axis": "columns"} if margin == 1 else {}
        kind = Kind.COLUMN if margin == 1 else Kind.NAMED
        if result.kind not in {*SCALARS}:
            raise call.fail("`apply` with a function that gives several values has no translation")
        return Value(py("X.apply(F, **O)", X=value, F=code, O=options), kind, result.element, rows=value.rows)
    raise call.fail("this use of `apply` has no translation")


@translates("do.call", "what, args, ...", "`pd.concat(...)` for `rbind`", harmless="")
def do_call(call: RCall) -> Value:
    """A function of a list's elements: only `rbind` of frames."""
    node = call.node_of("what")
    name = node.name if isinstance(node, Name) else getattr(node, "value", None)
    arguments = call.node_of("args")
    if name not in {"rbind", "bind_rows"} or arguments is None:
        raise call.fail(f"`do.call` of `{name}` has no translation")
    if function_name(arguments) == "lapply" and len(operands(arguments)) == 2:
        loop = looped(call, *operands(arguments))
        if loop is not None and loop.part.kind is not Kind.FRAME:
            raise Untranslated("what the function gives is no data frame that is known")
        if loop is not None:
            parts = py("X.values()", X=loop.code) if loop.named else loop.code
            return loop.part.but(code=py("pd.concat(X, ignore_index=True)", X=parts), rows=call.scope.new_rows())
    value = call.value("args")
    part = value.parts.get("*") or _only(value)
    if value.kind not in {Kind.SEQUENCE, Kind.MAPPING}:
        raise call.fail("`do.call(rbind, ...)` of anything but a list has no translation")
    if part.kind is Kind.FRAME:
        items = value if value.kind is Kind.SEQUENCE else py("X.values()", X=value)
        code = py("pd.concat(X, ignore_index=True)", X=items)
        return part.but(code=code, rows=call.scope.new_rows())
    if part.kind is Kind.NAMED and value.kind is Kind.MAPPING:
        return Value(py("pd.DataFrame(X).T", X=value), Kind.TABLE, Kind.NUMBER)
    if part.kind is Kind.NAMED:
        return Value(py("pd.DataFrame(X)", X=value), Kind.TABLE, Kind.NUMBER)
    raise call.fail("`do.call(rbind, ...)` of these has no translation")


@translates("unlist", "x, recursive = TRUE, use.names = TRUE", "`pd.Series(x)`, `np.array(x)`")
def unlist(call: RCall) -> Value:
    """A list as a vector."""
    call.default_only(recursive=True)
    use = call.flag("use.names", True)
    value = call.value("x")
    part = value.parts.get("*") or (_only(value) if value.parts else Value(value.code))
    if value.is_vector:
        return value
    if part.kind is Kind.LIST and isinstance(value.code, ast.List) and len(value.code.elts) == 1:
        return part
    if part.kind is Kind.ARRAY and value.kind in {Kind.MAPPING, Kind.SEQUENCE}:
        call.note("R names these values, Python does not") if use and value.kind is Kind.MAPPING else None
        listed = py("list(X.values())", X=value) if value.kind is Kind.MAPPING else value.code
        return Value(py("np.concatenate(X)", X=listed), Kind.ARRAY, part.element)
    if part.kind in SCALARS and value.kind is Kind.MAPPING:
        text = "pd.Series(X)" if use else "np.array(list(X.values()))"
        return Value(py(text, X=value), Kind.NAMED if use else Kind.ARRAY, part.element)
    if part.kind in SCALARS and value.kind is Kind.SEQUENCE:
        return Value(py("np.array(X)", X=value), Kind.ARRAY, part.element)
    raise call.fail("`unlist` of this list has no translation")


@translates("setNames", "object, nm", "`pd.Series(x, index=names)`")
def set_names(call: RCall) -> Value:
    """A vector under names."""
    value, names = call.value("object"), call.value("nm")
    if value.kind in {Kind.LIST, Kind.ARRAY, Kind.COLUMN}:
        from lmebridge.migrate.operators import by_place

        return Value(py("pd.Series(X, index=N)", X=by_place(value), N=names), Kind.NAMED, value.element)
    if value.kind is Kind.SEQUENCE:
        return Value(py("dict(zip(N, X, strict=True))", X=value, N=names), Kind.MAPPING, parts=value.parts)
    raise call.fail("names for this have no translation")


@translates("stopifnot", "...", "`assert`")
def stop_if_not(call: RCall) -> Value:
    """A check."""
    from lmebridge.migrate.values import NOTHING

    for argument in call.rest:
        value = call.value_of(argument)
        test = py("X.all()", X=value) if value.is_vector else value.code
        call.scope.body.append(ast.Assert(test, None))
    return NOTHING
