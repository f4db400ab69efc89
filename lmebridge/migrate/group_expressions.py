"""Expressions over the rows of each group: `mean(x)` in a grouped `mutate` is the mean of the row's own group."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.conditions import both_ways, condition
from lmebridge.migrate.selection import function_of
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, py, same_code
from lmebridge.rsyntax import Argument, Call, Name, Node, call, deparse, function_name, names, operands, unwrap, walk

if TYPE_CHECKING:
    from lmebridge.migrate.scope import Mask, Scope

#: Summaries by R's name: pandas' name, which leaves missing values out.
SUMMARIES = {
    "mean": "mean",
    "sum": "sum",
    "sd": "std",
    "var": "var",
    "min": "min",
    "max": "max",
    "median": "median",
}
#: Functions of the row and those before it: R's name to pandas' method.
_RUNNING = {"cumsum": "cumsum", "cumprod": "cumprod", "cummax": "cummax", "cummin": "cummin"}
RANKS = {"min_rank": "min", "dense_rank": "dense", "row_number": "first"}
#: Functions that look at each row by itself, so that groups do not matter to them.
_WORDS = (
    "+ - * / ^ %% %/% == != < <= > >= & | ! ( ~ is.na is.nan ifelse if_else case_when log log2 log10 log1p exp expm1 "
    "sqrt abs round signif floor ceiling trunc sin cos tan as.numeric as.integer as.double as.character as.logical "
    "paste paste0 sprintf nchar toupper tolower trimws substr substring sub gsub grepl startsWith endsWith coalesce "
    "na_if between recode pmin pmax replace_na xor str_detect str_sub str_replace str_replace_all str_to_lower "
    "str_to_upper str_trim str_pad I identity c list"
)
_ELEMENTWISE = frozenset(_WORDS.split())
#: Functions of two vectors of which only the first may have rows.
_LOOKUPS = frozenset({"%in%"})
#: Functions that give one value a group.
_ONE_VALUE = frozenset({*SUMMARIES, "n", "n_distinct", "first", "last", "length"})
#: Functions without arguments that look at groups all the same.
_OF_GROUPS = frozenset({"n", "row_number", "cur_group_id"})


@dataclass(frozen=True)
class Summary:
    """One value a group.

    Attributes
    ----------
    argument : Node or None
        What is summarised; None for the number of rows.
    how : ast.expr
        pandas' name of the summary, or a lambda over the group's values.
    element : Kind
        What comes out.
    """

    argument: Node | None
    how: ast.expr
    element: Kind = Kind.NUMBER


def mask_of(scope: Scope) -> Mask:
    """The frame whose columns are in reach here, or further out.

    Raises
    ------
    Untranslated
        When there is none.
    """
    while scope.mask is None and scope.parent is not None:
        scope = scope.parent
    if scope.mask is None:
        raise Untranslated("it stands outside of a verb of dplyr")
    return scope.mask


def keys_of(frame: Value) -> Any:
    """The columns of the groups, as pandas' `groupby` takes them."""
    return frame.groups[0] if len(frame.groups) == 1 else list(frame.groups)


def grouped(frame: Value, code: ast.expr | Value, **options: Any) -> ast.expr:
    """`groupby` over the frame's groups, in which missing values are a group as they are in dplyr."""
    shown = {**_observed(frame), **_with_missing_groups(frame), **options}
    return py("F.groupby(KEYS, **OPTIONS)", F=code, KEYS=keys_of(frame), OPTIONS=shown)


def _observed(frame: Value) -> dict[str, bool]:
    return {"observed": True} if any(_known(frame, name).factor for name in frame.groups) else {}


def _with_missing_groups(frame: Value) -> dict[str, bool]:
    return {} if all(_known(frame, name).missing_free for name in frame.groups) else {"dropna": False}


def _known(frame: Value, name: str) -> Value:
    return frame.parts.get(name, Value(ast.Constant(None)))


# --- values a row -----------------------------------------------------------------------------------------------------


def row_value(inner: Scope, node: Node) -> Value:
    """The value of an expression in each row, within the groups of the frame that `inner` is masked with."""
    return inner.value(within_groups(inner, node))


def row_condition(inner: Scope, node: Node) -> Value:
    """A condition on rows, within the groups; False where R's is NA."""
    return condition(inner, within_groups(inner, _spelled_out(node)))


def _spelled_out(node: Node, *, negated: bool = False) -> Node:
    """A condition with ``!between()`` as two comparisons, whose opposite leaves missing values out as R does."""
    word, parts = function_name(node), operands(node)
    if word == "between" and negated and len(parts) == 3:
        value, low, high = parts
        return call("&", call(">=", value, low), call("<=", value, high))
    if not isinstance(node, Call) or word not in {"!", "&", "|", "("}:
        return node
    inside = tuple(Argument(_spelled_out(part, negated=negated or word == "!")) for part in parts)
    return Call(node.function, inside, node.span)


def within_groups(inner: Scope, node: Node) -> Node:
    """The expression with every part that looks at whole groups replaced by a name for what it gives each row."""
    if not mask_of(inner).frame.groups or not isinstance(node, Call):
        return node
    word = function_name(node)
    if word in _ELEMENTWISE:
        return Call(node.function, tuple(_within(inner, each) for each in node.arguments), node.span)
    if word in _LOOKUPS and not _columns(inner, operands(node)[-1]):
        first, second = node.arguments
        return Call(node.function, (_within(inner, first), second), node.span)
    if not _columns(inner, node) and not any(function_name(each) in _OF_GROUPS for each in walk(node)):
        return node
    return _stand_in(inner, _over_groups(inner, node, word or ""))


def _within(inner: Scope, argument: Argument) -> Argument:
    if argument.value is None:
        return argument
    return Argument(within_groups(inner, argument.value), argument.name, argument.span)


def _stand_in(inner: Scope, value: Value) -> Name:
    """A name that stands for a value in the scope."""
    extra = mask_of(inner).extra
    name = f" {len(extra)}"
    extra[name] = value
    return Name(name)


def _columns(inner: Scope, node: Node) -> list[str]:
    """Columns of the frame that an expression uses, and names that stand for values of its rows."""
    return [name for name in dict.fromkeys(names(node)) if _is_of_rows(inner, name)]


def _is_of_rows(inner: Scope, name: str) -> bool:
    mask = mask_of(inner)
    if name in mask.extra:
        return True
    try:
        return _is_own_column(inner.name(name).code, mask.handle)
    except Untranslated:
        return False


def _is_own_column(code: ast.expr, handle: ast.expr) -> bool:
    return isinstance(code, ast.Subscript) and same_code(code.value, handle) and isinstance(code.slice, ast.Constant)


def _over_groups(inner: Scope, node: Call, word: str) -> Value:
    """What a call gives each row when it looks at the whole group."""
    mask = mask_of(inner)
    found = _counted(mask, node, word) or _shifted(inner, node, word)
    if found is not None:
        element = Kind.UNKNOWN if word in {"lag", "lead"} else Kind.NUMBER
        return Value(found, Kind.COLUMN, element, rows=mask.frame.rows)
    summary = summary_of(inner, node)
    code = py("G.transform(HOW)", G=groups_of(inner, summary.argument), HOW=summary.how)
    return Value(code, Kind.COLUMN, summary.element, rows=mask.frame.rows)


def _counted(mask: Mask, node: Call, word: str) -> ast.expr | None:
    """Counts that need no column."""
    if operands(node):
        return None
    groups = grouped(mask.frame, mask.handle)
    if word == "n":
        return py('G[KEY].transform("size")', G=groups, KEY=mask.frame.groups[0])
    if word == "row_number":
        return py("G.cumcount() + 1", G=groups)
    return py("G.ngroup() + 1", G=groups) if word == "cur_group_id" else None


def _shifted(inner: Scope, node: Call, word: str) -> ast.expr | None:
    """Functions that pandas has as methods of groups: `cumsum`, `lag`, ranks."""
    if word in {"lag", "lead"}:
        column, steps = _shift_arguments(inner, node, word)
        return py("G.shift(*STEPS)", G=groups_of(inner, column), STEPS=steps)
    if word not in {*_RUNNING, *RANKS}:
        return None
    if any(_is_single(inner, each) for each in operands(node)):
        raise Untranslated(f"`{word}` of one value a group has no translation")
    if len(operands(node)) != 1:
        raise Untranslated(f"`{deparse(node)}` within groups has no translation")
    if word in _RUNNING:
        return py(f"G.{_RUNNING[word]}(skipna=False)", G=groups_of(inner, operands(node)[0]))
    column, descending = without_desc(operands(node)[0])
    options = {"method": RANKS[word], **({"ascending": False} if descending else {})}
    return py("G.rank(**OPTIONS)", G=groups_of(inner, column), OPTIONS=options)


def _is_single(inner: Scope, node: Node) -> bool:
    """Whether an expression is one value for a whole group, not one a row."""
    if isinstance(node, Name):
        return not _is_of_rows(inner, node.name)
    if function_name(node) in _ONE_VALUE:
        return True
    return function_name(node) != "row_number" and all(_is_single(inner, each) for each in operands(node))


def without_desc(node: Node) -> tuple[Node, bool]:
    """What `desc(x)` turns round, and whether there is a `desc`."""
    if function_name(node) == "desc" and len(operands(node)) == 1:
        return operands(node)[0], True
    return node, False


def _shift_arguments(inner: Scope, node: Call, word: str) -> tuple[Node, list[Any]]:
    given = {argument.name or f"{place}": argument.value for place, argument in enumerate(node.arguments)}
    column, steps = given.pop("x", given.pop("0", None)), given.pop("n", given.pop("1", None))
    if given or column is None:
        raise Untranslated(f"`{deparse(node)}` within groups has no translation")
    count = 1 if steps is None else inner.value(steps).constant
    if not isinstance(count, (int, float)):
        raise Untranslated(f"`n` of `{word}` is computed")
    count = int(count) if word == "lag" else -int(count)
    return column, [] if count == 1 else [count]


def groups_of(inner: Scope, argument: Node | None) -> ast.expr:
    """Code of an expression's values by group: ``d.groupby("g")["x"]`` for a column."""
    mask = mask_of(inner)
    if argument is None:
        raise Untranslated("the size of a group has no translation here")
    value = row_value(inner, argument)
    if _is_own_column(value.code, mask.handle):
        return py("G[KEY]", G=grouped(mask.frame, mask.handle), KEY=value.code.slice)  # type: ignore[attr-defined]
    if value.element is Kind.LOGICAL and not value.missing_free:
        value = _with_missing(inner, argument, value)
    if value.kind is Kind.ARRAY:
        value = value.but(code=py("pd.Series(X, index=D.index)", X=value, D=mask.handle), kind=Kind.COLUMN)
    if value.kind is not Kind.COLUMN:
        raise Untranslated(f"`{deparse(argument)}` within groups is no value of each row")
    columns = [py("D[KEY]", D=mask.handle, KEY=name) for name in mask.frame.groups]
    by = columns[0] if len(columns) == 1 else py("[*KEYS]", KEYS=columns)
    options = {**_observed(mask.frame), **_with_missing_groups(mask.frame)}
    return py("X.groupby(BY, **OPTIONS)", X=value, BY=by, OPTIONS=options)


def _with_missing(inner: Scope, node: Node, value: Value) -> Value:
    """A condition as numbers that are missing where R's condition is NA."""
    chosen, opposite = both_ways(inner, within_groups(inner, node))
    if opposite is None:
        return value
    where = value.there if value.there is not None else py("A | B", A=chosen, B=opposite)
    return chosen.but(code=py("X.astype(float).where(KNOWN)", X=chosen, KNOWN=where), element=Kind.NUMBER)


# --- summaries --------------------------------------------------------------------------------------------------------


def summary_of(inner: Scope, node: Node) -> Summary:
    """The summary that a call makes of the rows of a group.

    Raises
    ------
    Untranslated
        When it has no translation as a summary of one column.
    """
    node = unwrap(node)
    word = function_name(node)
    if not isinstance(node, Call) or word is None:
        raise Untranslated(f"`{deparse(node)}` is no summary of a group")
    if word == "n" and not node.arguments:
        return Summary(None, ast.Constant("size"))
    if word == "length" and len(operands(node)) == 1:
        return Summary(operands(node)[0], ast.Constant("size"))
    argument, removed = _summary_arguments(inner, node)
    if argument is None or word not in {*SUMMARIES, "n_distinct", "first", "last"}:
        return _by_lambda(inner, node)
    return _usual(inner, word, argument, removed=removed)


def _summary_arguments(inner: Scope, node: Call) -> tuple[Node | None, bool]:
    """The summarised argument, None where there are others, and whether missing values are removed."""
    plain = [each.value for each in node.arguments if each.value is not None and each.name in {None, "x"}]
    flags = [each.value for each in node.arguments if each.value is not None and each.name == "na.rm"]
    removed = inner.value(flags[0]).constant if flags else False
    if removed not in {True, False}:
        raise Untranslated("`na.rm` is computed")
    single = len(plain) == 1 and len(plain) + len(flags) == len(node.arguments)
    return plain[0] if single else None, bool(removed)


def _usual(inner: Scope, word: str, argument: Node, *, removed: bool) -> Summary:
    value = row_value(inner, argument)
    if value.kind in SCALARS or _is_single(inner, argument):
        raise Untranslated(f"`{word}` of one value a group has no translation")
    if word in {"first", "last"}:
        return Summary(argument, _lambda(py("x.iloc[PLACE]", PLACE=0 if word == "first" else -1)), value.element)
    skips = removed or value.missing_free
    if word == "n_distinct":
        return Summary(argument, ast.Constant("nunique") if skips else _lambda(py("x.nunique(dropna=False)")))
    if value.factor or (value.element is Kind.TEXT and word not in {"min", "max"}):
        raise Untranslated(f"`{word}` of something that is no number")
    element = value.element if word in {"min", "max"} else Kind.NUMBER
    method = SUMMARIES[word]
    return Summary(argument, ast.Constant(method) if skips else _lambda(py(f"x.{method}(skipna=False)")), element)


def _lambda(body: ast.expr) -> ast.Lambda:
    return function_of("x", body)


def _by_lambda(inner: Scope, node: Call) -> Summary:
    """Any function of one column, as a lambda over the group's values."""
    used = _columns(inner, node)
    if len(used) != 1:
        raise Untranslated(f"`{deparse(node)}` within groups has no translation")
    found = of_values(inner, node, used[0])
    if found.kind not in {*SCALARS, Kind.COLUMN, Kind.UNKNOWN}:
        raise Untranslated(f"`{deparse(node)}` within groups has no translation")
    return Summary(Name(used[0]), _lambda(found.code), found.element)


def of_values(inner: Scope, node: Node, name: str) -> Value:
    """An expression of one column, with the column's values as ``x``: the body of a lambda."""
    x = ast.Name("x", ast.Load())
    values = inner.name(name).but(code=x, kind=Kind.COLUMN, rows="values")
    outer = inner.parent or inner
    return outer.masked(Value(x, Kind.FRAME, complete=True), force_lambda=False, **{name: values}).value(node)
