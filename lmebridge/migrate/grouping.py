"""Summaries by group: what `tapply` and `aggregate` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.operators import by_place, same_rows
from lmebridge.migrate.values import Kind, Untranslated, Value, dictionary, literal, py
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    import ast

    from lmebridge.migrate.calls import RCall

#: R's summaries by pandas' names.
METHODS = {
    "mean": "mean",
    "sum": "sum",
    "sd": "std",
    "var": "var",
    "median": "median",
    "max": "max",
    "min": "min",
    "length": "size",
}


def method(call: RCall, parameter: str) -> str:
    """Pandas' name of a summary given by R's name."""
    word = call.word(parameter)
    if word is None and " ".join(deparse(call.argument(parameter)).split()) == "function(x) length(unique(x))":
        return "nunique"
    if word not in METHODS:
        raise Untranslated(f"this `{parameter}` of `{call.name}` has no translation")
    return METHODS[word]


def summarised(call: RCall, value: Value, keys: list[Value], parameter: str) -> tuple[ast.expr, Kind]:
    """A vector's summary by the groups of others with the same rows."""
    function = _own_function(call, value, parameter)
    name = "" if function is not None else method(call, parameter)
    if not value.is_series or not all(key.is_series for key in keys):
        raise Untranslated(f"`{call.name}` of anything but columns has no translation")
    keys = [key if same_rows(key, value) else key.but(code=py("K.to_numpy()", K=key)) for key in keys]
    by = keys[0].code if len(keys) == 1 else py("[*K]", K=keys)
    code = py("X.groupby(G, **O)", X=value, G=by, O={"observed": literal(True)})
    call.refuse_rest()
    if function is not None:
        return py("G.agg(F)", G=code, F=function[0]), function[1]
    return _applied(call, code, name), Kind.NUMBER


def _own_function(call: RCall, value: Value, parameter: str) -> tuple[ast.expr, Kind] | None:
    """A function that the call writes out: what it gives must be one value."""
    node = call.argument(parameter)
    plain = "".join(deparse(node).split())
    if operator(node) != "function" or plain == "function(x)length(unique(x))":
        return None
    from lmebridge.migrate.functions import lambda_of

    code, result = lambda_of(call.scope, node, [Value(value.code, Kind.COLUMN, value.element)])
    if result.kind not in {Kind.NUMBER, Kind.LOGICAL}:
        raise Untranslated(f"this `{parameter}` of `{call.name}` has no translation")
    return code, result.element


def _applied(call: RCall, groups: ast.expr, name: str) -> ast.expr:
    """The summary of groups; missing values make it missing unless they are removed."""
    removes = call.flag("na.rm")
    skips = name in {"mean", "sum", "std", "var", "median", "max", "min"}
    if skips and not removes:
        return py(f"G.{name}(skipna=False)", G=groups)
    if name == "nunique":
        return py("G.nunique(dropna=False)", G=groups)
    return py(f"G.{name}()", G=groups)


def aggregated(call: RCall, formula: Call) -> Value:
    """``aggregate(y ~ g, data, mean)``: rows with missing values are left out first, as R does by default."""
    frame = call.expect("data", Kind.FRAME)
    call.refuse_rest()
    call.ignore("na.rm")
    left, right = operands(formula)
    responses = [_column(each) for each in (operands(left) if function_name(left) == "cbind" else (left,))]
    keys = [_column(each) for each in _summed(right)]
    name = method(call, "FUN")
    chosen: Any = literal(responses[0]) if len(responses) == 1 else py("[*X]", X=responses)
    by: Any = literal(keys[0]) if len(keys) == 1 else py("[*X]", X=keys)
    base = py("F.dropna(subset=N)", F=frame, N=[*responses, *keys])
    if len(keys) > 1:
        reverse = list(reversed(keys))
        code = py(
            f"B.groupby(K, as_index=False, observed=True)[C].{name}().sort_values(R, ignore_index=True)",
            B=base,
            K=by,
            C=chosen,
            R=reverse,
        )
    else:
        code = py(f"B.groupby(K, as_index=False, observed=True)[C].{name}()", B=base, K=by, C=chosen)
    if name == "size":
        raise Untranslated("`aggregate` with `length` has no translation")
    parts = {each: frame.parts.get(each, Value(code, Kind.COLUMN)) for each in keys}
    parts |= {each: Value(code, Kind.COLUMN, Kind.NUMBER) for each in responses}
    return Value(code, Kind.FRAME, rows=call.scope.new_rows(), parts=parts, complete=True)


def aggregated_by(call: RCall) -> Value:
    """``aggregate(x, by = list(g = d$g), FUN = mean)``: the columns are called as in the list, and ``x``."""
    value, by = call.value("x"), call.node_of("by") or call.node_of("data")
    if not isinstance(by, Call) or function_name(by) != "list" or not value.is_vector:
        raise Untranslated("this form of `aggregate` has no translation")
    if any(argument.name is None or argument.value is None for argument in by.arguments):
        raise Untranslated("the groups of `aggregate` must have names")
    keys = {str(argument.name): by_place(call.value_of(argument)) for argument in by.arguments}
    call.refuse_rest()
    name = method(call, "FUN")
    data = py("pd.DataFrame(X)", X=dictionary({**keys, "x": by_place(value)}))
    names: Any = literal(next(iter(keys))) if len(keys) == 1 else py("[*X]", X=list(keys))
    code = py(f'D.groupby(K, as_index=False, observed=True)["x"].{name}()', D=data, K=names)
    parts = {each: Value(code, Kind.COLUMN) for each in keys} | {"x": Value(code, Kind.COLUMN, Kind.NUMBER)}
    return Value(code, Kind.FRAME, rows=call.scope.new_rows(), parts=parts, complete=True)


def _column(node: Node) -> str:
    bare = unwrap(node)
    if not isinstance(bare, Name) or bare.name == ".":
        raise Untranslated("only names of columns can stand in this formula")
    return bare.name


def _summed(node: Node) -> list[Node]:
    """The terms of a sum."""
    if operator(node) == "+" and len(operands(node)) == 2:
        left, right = operands(node)
        return [*_summed(left), right]
    return [node]


__all__ = ["Constant", "aggregated", "method", "summarised"]
