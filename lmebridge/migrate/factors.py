"""Factors and their levels."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.number_text import factor_text, in_format, text_code
from lmebridge.migrate.operators import by_place
from lmebridge.migrate.registry import replaces, translates
from lmebridge.migrate.sorting import LOCALE, note_levels
from lmebridge.migrate.values import NA, NOTHING, SCALARS, Kind, Value, dictionary, literal, py
from lmebridge.rsyntax import Call, Constant, Name, Node, function_name, operands

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


def categorical(value: Value, code: Any, element: Kind) -> Value:
    """A factor made of a vector: a column where that was one."""
    kind = Kind.COLUMN if value.is_series else Kind.ARRAY
    return Value(code, kind, element, factor=True, rows=value.rows if kind is Kind.COLUMN else "")


@translates(
    "factor ordered",
    "x, levels, labels, exclude = NA, ordered, nmax",
    '`x.astype("category")`; `pd.Categorical(x, categories=..., ordered=...)`',
)
def factor(call: RCall) -> Value:
    """A factor."""
    value = call.value("x")
    ordered = call.flag("ordered", call.name == "ordered")
    if not call.given("levels") and not call.given("labels"):
        return _plain(call, value, ordered=ordered)
    options: dict[str, Any] = {}
    levels = call.optional("levels")
    options["categories"] = levels if levels is not None else py("sorted(X.dropna().unique())", X=value)
    if levels is not None and levels.kind is Kind.INDEX:
        options["categories"] = levels
    if ordered:
        options["ordered"] = literal(True)
    if value.factor and value.element is not Kind.TEXT and levels is not None and levels.element is Kind.TEXT:
        value = value.but(code=factor_text(value))
    code = py("pd.Categorical(X, **O)", X=value, O=options)
    element = levels.element if levels is not None else value.element
    labels = call.optional("labels")
    if labels is not None:
        code, element = py("X.rename_categories(L)", X=code, L=labels), labels.element
    return Value(code, Kind.ARRAY, element, factor=True, rows=value.rows)


def _plain(call: RCall, value: Value, *, ordered: bool) -> Value:
    if value.factor and not ordered:
        return value.but(code=py("X.cat.remove_unused_categories()", X=value)) if value.is_series else value
    if value.element is Kind.TEXT:
        call.note(LOCALE)
    if value.element is Kind.LOGICAL and value.is_series:
        value = value.but(code=text_code(call.scope, value, call.node_of("x")), element=Kind.TEXT)
    if ordered:
        return categorical(value, py("pd.Categorical(X, ordered=True)", X=value), value.element).but(kind=Kind.ARRAY)
    if value.is_series:
        return categorical(value, py('X.astype("category")', X=value), value.element)
    return Value(py("pd.Categorical(X)", X=value), Kind.ARRAY, value.element, factor=True)


@translates("as.factor", "x", '`x.astype("category")`')
def as_factor(call: RCall) -> Value:
    """A factor of a vector."""
    value = call.value("x")
    if value.factor:
        return value
    return _plain(call, value, ordered=False)


@translates("levels", "x", "`x.cat.categories`")
def levels(call: RCall) -> Value:
    """The levels of a factor."""
    value = call.value("x")
    if value.kind is Kind.ARRAY and value.factor:
        return Value(py("X.categories", X=value), Kind.INDEX, Kind.TEXT)
    code = py("X.cat.categories", X=value)
    if value.element is Kind.NUMBER:
        return Value(py('C.map("{:.15g}".format)', C=code), Kind.INDEX, Kind.TEXT)
    return Value(code, Kind.INDEX, value.element if value.factor else Kind.TEXT)


@translates("nlevels", "x", "`len(x.cat.categories)`")
def nlevels(call: RCall) -> Value:
    """How many levels a factor has."""
    return Value(py("len(X.cat.categories)", X=call.value("x")), Kind.NUMBER, Kind.NUMBER)


@translates("droplevels", "x, ...", "`x.cat.remove_unused_categories()`")
def droplevels(call: RCall) -> Value:
    """A factor without the levels that do not occur."""
    call.refuse_rest()
    value = call.value("x")
    if value.kind is not Kind.COLUMN:
        raise call.fail("`droplevels` of anything but a column has no translation")
    return value.but(code=py("X.cat.remove_unused_categories()", X=value))


@translates("relevel", "x, ref, ...", "`x.cat.reorder_categories([...])` with `ref` first")
def relevel(call: RCall) -> Value:
    """A factor with another first level."""
    value, reference = call.value("x"), call.value("ref")
    if value.kind is not Kind.COLUMN or reference.kind is not Kind.TEXT:
        raise call.fail("`relevel` of this has no translation")
    code = py("X.cat.reorder_categories([R, *X.cat.categories.drop(R)])", X=value, R=reference)
    return value.but(code=code)


@translates(
    "cut",
    "x, breaks, labels = NULL, include.lowest = FALSE, right = TRUE, dig.lab = 3L, ordered_result = FALSE, ...",
    "`pd.cut(x, breaks, ...)`",
    harmless="dig.lab",
)
def cut(call: RCall) -> Value:
    """A factor of intervals."""
    value, breaks = call.value("x"), call.value("breaks")
    options: dict[str, Any] = {}
    element = Kind.TEXT
    if call.given("labels"):
        labels = call.value("labels")
        if labels.constant is False:
            options["labels"] = literal(False)
            element = Kind.NUMBER
        elif labels.kind is not Kind.NULL:
            options["labels"] = labels
    else:
        call.note("the intervals are written `(0.0, 1.0]` here and `(0,1]` in R")
    if not call.flag("right", True):
        options["right"] = literal(False)
    if call.flag("include.lowest"):
        options["include_lowest"] = literal(True)
    if not call.flag("ordered_result"):
        options["ordered"] = literal(False)
    if "labels" not in options:
        options.pop("ordered", None)
    code = py("pd.cut(X, B, **O)", X=value, B=breaks, O=options)
    if element is Kind.NUMBER:
        options.pop("ordered", None)
        code = py("pd.cut(X, B, **O) + 1", X=value, B=breaks, O=options)
    elif "labels" not in options and not call.flag("ordered_result"):
        code = py("C.cat.as_unordered()" if value.is_series else "C.as_unordered()", C=code)
    kind = Kind.COLUMN if value.is_series else Kind.ARRAY
    return Value(code, kind, element, factor=element is Kind.TEXT, rows=value.rows)


@translates("interaction", "..., sep = '.'", "text of both, as a category")
def interaction(call: RCall) -> Value:
    """A factor of every combination."""
    values = [value for _, value in call.rest_values]
    separator = call.constant("sep", ".")
    if len(values) != 2 or any(value.kind is not Kind.COLUMN for value in values):
        raise call.fail("`interaction` of these has no translation")
    call.note("R has every combination as a level, also those without rows, the first factor varying fastest")
    first, second = (text_code(call.scope, value) for value in values)
    code = py('(A + S + B).astype("category")', A=first, S=separator, B=second)
    return Value(code, Kind.COLUMN, Kind.TEXT, factor=True, rows=values[0].rows)


@translates("as.character", "x, ...", "`x.astype(str)`")
def as_character(call: RCall) -> Value:
    """Text of anything."""
    value = call.value("x")
    if value.element is Kind.TEXT and not value.factor:
        return value
    if value.kind in SCALARS:
        part = in_format(call.scope, value)
        code: ast.expr = part if isinstance(part, ast.Constant) else ast.JoinedStr([part])
        return NA if value.kind is Kind.NA else Value(code, Kind.TEXT, Kind.TEXT)
    if value.is_series:
        code = text_code(call.scope, value, call.node_of("x"))
        return value.but(code=code, element=Kind.TEXT, factor=False, there=None)
    if value.kind in {Kind.LIST, Kind.ARRAY} and value.element is Kind.NUMBER and not value.factor:
        return Value(text_code(call.scope, value), Kind.COLUMN, Kind.TEXT, missing_free=value.missing_free)
    if value.kind is Kind.INDEX or (value.kind is Kind.ARRAY and value.element is not Kind.LOGICAL):
        return value.but(code=py("X.astype(str)", X=value), element=Kind.TEXT)
    raise call.fail(f"a {value.kind.value} as text has no translation")


_CONTRASTS = {"contr.sum", "contr.treatment", "contr.helmert", "contr.poly", "contr.SAS"}


@replaces("contrasts", "x, value", "`contrasts={...}` of the models that follow")
def set_contrasts(call: RCall) -> Value:
    """Contrasts of a factor, which R keeps with the column and lmebridge takes with the model."""
    node, name = call.argument("x"), contrast_name(call.argument("value"))
    frame_node, column_node = operands(node) if function_name(node) == "$" else (node, node)
    if not isinstance(frame_node, Name) or not isinstance(column_node, Name) or frame_node is column_node:
        raise call.fail("only contrasts of a column of a data frame have a translation")
    frame = call.scope.value(frame_node)
    if frame.kind is not Kind.FRAME:
        raise call.fail("the contrasts of this have no translation")
    column = frame.parts.get(column_node.name, Value(frame.code, Kind.COLUMN))
    marked = frame.but(parts={**frame.parts, column_node.name: column.but(source=("contrasts", name))})
    call.scope.session.coded.add(column_node.name)
    if name is None:
        refusal = call.fail("only contrasts that R has a function for have a translation")
        refusal.known = {frame_node.name: marked}
        raise refusal
    call.scope.define(frame_node.name, marked)
    return NOTHING


def contrast_name(node: Node | None) -> str | None:
    """``contr.sum`` of ``contr.sum(2)``, ``contr.sum`` and ``"contr.sum"``; None of any other contrasts."""
    if isinstance(node, Call):
        found = function_name(node) if len(node.arguments) <= 1 else None
    else:
        found = node.name if isinstance(node, Name) else str(getattr(node, "value", None))
    return found if found in _CONTRASTS else None


@translates("table", "..., useNA = 'no', dnn", "`x.value_counts().sort_index()`; `pd.crosstab(x, y)`")
def table(call: RCall) -> Value:
    """Counts."""
    values = [value for _, value in call.rest_values]
    if call.given("useNA") and call.constant("useNA") != "no":
        kept = [kept_truth(call.scope, argument.value, call.value_of(argument)) for argument in call.rest]
        return _with_missing(call, kept)
    call.ignore("dnn")
    if len(values) == 1 and values[0].there is not None:
        values = [values[0].but(code=py("X[T]", X=values[0], T=values[0].there))]
    if len(values) == 1 and values[0].is_series:
        code = py("X.value_counts().sort_index()", X=values[0])
        if values[0].factor:
            code = py("X.value_counts(sort=False)", X=values[0])
        return Value(code, Kind.NAMED, Kind.NUMBER, source="table")
    if len(values) == 1 and values[0].element is Kind.LOGICAL:
        return Value(py("pd.Series(X).value_counts().sort_index()", X=values[0]), Kind.NAMED, Kind.NUMBER)
    if len(values) == 2:
        first, second = values
        if first.is_series and second.is_series and bool(first.rows and second.rows) and first.rows != second.rows:
            raise call.fail("a table of columns of two frames has no translation: put them into one")
        note_levels(call, first, second)
        return Value(py("pd.crosstab(X, Y)", X=first, Y=second), Kind.TABLE, Kind.NUMBER)
    if len(values) == 1:
        return Value(py("pd.Series(X).value_counts().sort_index()", X=values[0]), Kind.NAMED, Kind.NUMBER)
    raise call.fail("a table of more than two factors has no translation")


def _with_missing(call: RCall, values: list[Value]) -> Value:
    if len(values) != 1 or not values[0].is_series or call.constant("useNA") not in {"ifany", "always"}:
        raise call.fail("a table with missing values of these has no translation")
    code = py("X.value_counts(dropna=False).sort_index()", X=values[0])
    return Value(code, Kind.NAMED, Kind.NUMBER, source="table")


@translates("xtabs", "formula, data, ...", "`pd.crosstab(d[a], d[b])`")
def xtabs(call: RCall) -> Value:
    """Counts of every combination of two factors."""
    call.refuse_rest()
    node, frame = call.argument("formula"), call.expect("data", Kind.FRAME)
    parts = operands(node)
    names = operands(parts[-1]) if function_name(parts[-1]) == "+" else ()
    if len(names) != 2 or not all(isinstance(name, Name) for name in names):
        raise call.fail("only counts of two factors have a translation")
    if len(parts) == 2:
        return _summed(call, frame, parts[0], [name.name for name in names if isinstance(name, Name)])
    note_levels(
        call, *(frame.parts[name.name] for name in names if isinstance(name, Name) and name.name in frame.parts)
    )
    first, second = (py("F[N]", F=frame, N=name.name) for name in names if isinstance(name, Name))
    return Value(py("pd.crosstab(X, Y)", X=first, Y=second), Kind.TABLE, Kind.NUMBER)


def _summed(call: RCall, frame: Value, node: Node, names: list[str]) -> Value:
    """Sums of a column over every combination of two factors."""
    if not isinstance(node, Name):
        raise call.fail("only sums of a column have a translation")
    code = py(
        'F.pivot_table(Y, index=A, columns=B, aggfunc="sum", fill_value=0, observed=False)',
        F=frame,
        Y=node.name,
        A=names[0],
        B=names[1],
    )
    return Value(code, Kind.TABLE, Kind.NUMBER)


@translates("prop.table proportions", "x, margin = NULL", "`t / t.sum()`")
def prop_table(call: RCall) -> Value:
    """Counts as shares."""
    value, margin = call.value("x"), call.constant("margin")
    if value.kind is Kind.NAMED:
        return value.but(code=py("X / X.sum()", X=value))
    template = {None: "X / X.to_numpy().sum()", 1: 'X.div(X.sum(axis="columns"), axis="index")', 2: "X / X.sum()"}
    return value.but(code=py(template[margin], X=value))


@translates("tapply", "X, INDEX, FUN = NULL, ..., na.rm", "`x.groupby(g).mean()`")
def tapply(call: RCall) -> Value:
    """A summary of each group."""
    from lmebridge.migrate.grouping import summarised

    value, groups = call.value("X"), call.argument("INDEX")
    keys = [call.scope.value(each) for each in (operands(groups) if function_name(groups) == "list" else (groups,))]
    code, element = summarised(call, value, keys, "FUN")
    note_levels(call, *keys)
    if len(keys) == 1:
        return Value(code, Kind.NAMED, element, source="table")
    if len(keys) == 2:
        return Value(py("X.unstack()", X=code), Kind.TABLE, element)
    raise call.fail("`tapply` by more than two factors has no translation")


@translates("aggregate", "x, data, FUN, ..., by, na.rm", "`d.groupby(g, as_index=False)[y].mean()`")
def aggregate(call: RCall) -> Value:
    """A summary of each group, as a frame: by a formula."""
    from lmebridge.migrate.grouping import aggregated, aggregated_by

    node = call.argument("x")
    if isinstance(node, Call) and function_name(node) == "~":
        return aggregated(call, node)
    return aggregated_by(call)


@translates("by", "data, INDICES, FUN, ..., na.rm", "`x.groupby(g).mean()`")
def by(call: RCall) -> Value:
    """A summary of each group of a vector."""
    from lmebridge.migrate.grouping import summarised

    value, key = call.value("data"), call.value("INDICES")
    if value.kind is not Kind.COLUMN:
        raise call.fail("`by` is translated for a column: use `lapply(split(d, f), ...)`")
    code, element = summarised(call, value, [key], "FUN")
    return Value(code, Kind.NAMED, element, source="table")


@translates("split", "x, f, ...", "`{name: part for name, part in d.groupby(g)}`")
def split(call: RCall) -> Value:
    """Parts of a frame or vector by a factor."""
    call.refuse_rest()
    value, groups = call.value("x"), call.value("f")
    if value.kind not in {Kind.FRAME, Kind.COLUMN} or not groups.is_series:
        raise call.fail(f"`{call.name}` of these has no translation")
    if value.rows and groups.rows and value.rows != groups.rows:
        groups = by_place(groups)
    note_levels(call, groups)
    code = py("dict(list(X.groupby(G, observed=True)))", X=value, G=groups)
    part = value.but(rows="")
    return Value(code, Kind.MAPPING, parts={"*": part})


__all__ = ["NOTHING", "Constant", "Name", "categorical", "dictionary"]
