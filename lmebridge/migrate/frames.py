"""Data frames: making them, their columns and rows, and changing them in place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.conditions import kept_truth
from lmebridge.migrate.data_files import r_name
from lmebridge.migrate.operators import by_place, same_rows
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, SCALARS, Kind, Untranslated, Value, dictionary, literal, py
from lmebridge.rsyntax import Argument, Call, Constant, Name, Node, deparse, function_name, operands
from lmebridge.rsyntax import names as names_in

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

TABLES = (Kind.FRAME, Kind.TABLE)


def argument_name(argument: Argument) -> str:
    """The column name that R gives to an argument."""
    return argument.name or (" ".join(deparse(argument.value).split()) if argument.value is not None else "")


@translates(
    "data.frame",
    "..., row.names = NULL, check.names = TRUE, stringsAsFactors = FALSE",
    "`pd.DataFrame({...})`",
    packages="base",
)
def data_frame(call: RCall) -> Value:
    """A data frame of columns."""
    call.default_only(row_names=None)
    checks = call.flag("check.names", True)
    factors = call.flag("stringsAsFactors")
    columns: dict[str, Value] = {}
    for argument in call.rest:
        if argument.value is None:
            continue
        value = kept_truth(call.scope, argument.value, call.scope.value(argument.value))
        if value.kind in TABLES:
            raise call.fail("a frame within `data.frame` has no translation")
        name = argument.name or _plain_name(argument.value)
        name = r_name(name) if checks else name
        if name in columns:
            raise call.fail(f"two columns are called `{name}`, which R makes `{name}.1` of: give them names")
        columns[name] = _cell(value, factors=factors)
    rows = call.scope.new_rows()
    if not columns:
        return Value(py("pd.DataFrame()"), Kind.FRAME, rows=rows, source="empty")
    if columns and all(value.kind in SCALARS for value in columns.values()):
        columns = {name: value.but(code=py("[X]", X=value)) for name, value in columns.items()}
    columns = _same_length(columns)
    parts = {name: value.but(kind=Kind.COLUMN, rows="", constant=None) for name, value in columns.items()}
    return Value(py("pd.DataFrame(X)", X=dictionary(columns)), Kind.FRAME, rows=rows, parts=parts, complete=True)


@translates(
    "tibble", "...", "`pd.DataFrame({...})`, `.assign(...)` for columns made from those before", packages="tibble dplyr"
)
def tibble(call: RCall) -> Value:
    """A data frame whose later columns may be made from the earlier ones."""
    later = next((i for i, each in enumerate(call.rest) if i and _mentions(each, call.rest[:i])), len(call.rest))
    first = Call(Name("data.frame"), (*call.rest[:later], Argument(Constant(False), "check.names")), call.node.span)
    frame = call.scope.value(first)
    for argument in call.rest[later:]:
        inner = call.scope.masked(frame, force_lambda=True)
        value = inner.value(argument.value) if argument.value is not None else Value(frame.code)
        code = py("F.assign(**NEW)", F=frame, NEW={argument_name(argument): inner.wrap(value)})
        frame = frame.but(code=code, parts={**frame.parts, argument_name(argument): value.but(kind=Kind.COLUMN)})
    return frame


def _mentions(argument: Argument, earlier: list[Argument]) -> bool:
    """Whether a column is made from one of the earlier ones."""
    return argument.value is not None and bool(set(names_in(argument.value)) & {each.name for each in earlier})


def _plain_name(node: Node) -> str:
    if isinstance(node, Name):
        return node.name
    raise Untranslated("a column of `data.frame` without a name")


def _cell(value: Value, *, factors: bool) -> Value:
    if factors and value.element is Kind.TEXT:
        raise Untranslated("`stringsAsFactors = TRUE` has no translation here")
    if value.kind in {Kind.FIT, Kind.MAPPING, Kind.RANEF, Kind.MATRIX, Kind.NULL, Kind.SEQUENCE}:
        raise Untranslated(f"a {value.kind.value} as a column has no translation")
    if value.kind is Kind.LIST and value.element is Kind.LOGICAL and None in (value.constant or ()):
        return value.but(code=py('pd.array(X, dtype="boolean")', X=value.constant), kind=Kind.ARRAY, constant=None)
    return value


def _same_length(columns: dict[str, Value]) -> dict[str, Value]:
    """Columns that pandas pairs by place: Series of other rows lose their index."""
    series = [value for value in columns.values() if value.is_series]
    if len(series) > 1 and not all(same_rows(series[0], other) for other in series):
        return {name: by_place(value) for name, value in columns.items()}
    if len(series) == 1 and len(columns) > 1:
        return {name: by_place(value) for name, value in columns.items()}
    return columns


@translates(
    "expand.grid", "..., KEEP.OUT.ATTRS = TRUE, stringsAsFactors = TRUE", "every combination, the first varying fastest"
)
def expand_grid(call: RCall) -> Value:
    """Every combination of some values."""
    call.ignore("KEEP.OUT.ATTRS", "stringsAsFactors")
    columns = {argument_name(argument): call.scope.value(argument.value) for argument in call.rest if argument.value}
    columns = {
        name: value.but(code=py("[X]", X=value)) if value.kind in SCALARS else value for name, value in columns.items()
    }
    if len(columns) == 1:
        ((name, value),) = columns.items()
        code = py("pd.DataFrame(X)", X=dictionary(columns))
        parts = {name: Value(code, Kind.COLUMN, value.element)}
        return Value(code, Kind.FRAME, rows=call.scope.new_rows(), parts=parts, complete=True)
    turned = [value.code for value in reversed(columns.values())]
    names = list(reversed(columns))
    code = py(
        "pd.MultiIndex.from_product(VALUES, names=NAMES).to_frame(index=False)[ORDER]",
        VALUES=turned,
        NAMES=names,
        ORDER=list(columns),
    )
    parts = {name: Value(code, Kind.COLUMN, value.element) for name, value in columns.items()}
    return Value(code, Kind.FRAME, rows=call.scope.new_rows(), parts=parts, complete=True)


#: Columns of what lme4 makes data frames of.
_LME4_FRAMES = {
    Kind.VARCORR: {**dict.fromkeys(("grp", "var1", "var2"), Kind.TEXT), "vcov": Kind.NUMBER, "sdcor": Kind.NUMBER},
    Kind.RANEF: {**dict.fromkeys(("grpvar", "term", "grp"), Kind.TEXT), "condval": Kind.NUMBER, "condsd": Kind.NUMBER},
}


@translates(
    "as.data.frame as_tibble tbl_df as.tbl",
    "x, ..., stringsAsFactors = FALSE",
    "`.to_frame()` of what lme4 gives",
    packages="base tibble dplyr",
    harmless="stringsAsFactors",
)
def as_data_frame(call: RCall) -> Value:
    """A data frame of anything."""
    call.refuse_rest()
    value = call.value("x")
    rows = call.scope.new_rows()
    if value.kind in {Kind.VARCORR, Kind.RANEF}:
        parts = {name: Value(value.code, Kind.COLUMN, element) for name, element in _LME4_FRAMES[value.kind].items()}
        return Value(py("X.to_frame()", X=value), Kind.FRAME, rows=rows, parts=parts, complete=True)
    if value.kind in {Kind.FRAME, Kind.TABLE}:
        return value.but(kind=Kind.FRAME, rows=value.rows or rows)
    if value.source == "table":
        code = py('X.rename("Freq").rename_axis("Var1").reset_index()', X=value)
        return Value(code, Kind.FRAME, rows=rows)
    if value.kind is Kind.MATRIX:
        return Value(py("pd.DataFrame(X)", X=value), Kind.FRAME, rows=rows)
    raise call.fail(f"a {value.kind.value} as a data frame has no translation")


@translates("as.matrix", "x, ...", "`x.to_numpy()`; a table stays one")
def as_matrix(call: RCall) -> Value:
    """A matrix."""
    value = call.value("x")
    if value.kind in TABLES:
        return value.but(kind=Kind.TABLE)
    return value


@translates("diag", "x, ...", "`np.diag(x)`")
def diag(call: RCall) -> Value:
    """The diagonal of a matrix."""
    call.refuse_rest()
    value = call.value("x")
    if value.kind not in {Kind.TABLE, Kind.MATRIX}:
        raise call.fail("`diag` of anything but a matrix has no translation")
    return Value(py("np.diag(X)", X=value), Kind.ARRAY, Kind.NUMBER)


@translates("head tail", "x, n = 6L, ...", "`x.head(6)`")
def head(call: RCall) -> Value:
    """The first or last rows or elements."""
    call.refuse_rest()
    value = call.value("x")
    count = call.value("n") if call.given("n") else Value(literal(6), Kind.NUMBER, constant=6)
    if isinstance(count.constant, (int, float)) and count.constant < 0:
        raise call.fail("a negative number of rows has no translation")
    if value.kind in {*TABLES, Kind.COLUMN, Kind.NAMED}:
        return value.but(code=py(f"X.{call.name}(N)", X=value, N=count), rows=call.scope.new_rows())
    text = "X[:N]" if call.name == "head" else "X[-N:]"
    return value.but(code=py(text, X=value, N=count), constant=None, positions=None, source=None)


@translates("nrow NROW", "x", "`len(d)`")
def nrow(call: RCall) -> Value:
    """How many rows."""
    return Value(py("len(X)", X=call.value("x")), Kind.NUMBER, Kind.NUMBER)


@translates("ncol NCOL", "x", "`d.shape[1]`")
def ncol(call: RCall) -> Value:
    """How many columns."""
    return Value(py("X.shape[1]", X=call.value("x")), Kind.NUMBER, Kind.NUMBER)


@translates("dim", "x", "`d.shape`")
def dim(call: RCall) -> Value:
    """Rows and columns."""
    return Value(py("X.shape", X=call.value("x")), Kind.LIST, Kind.NUMBER)


@translates("names colnames", "x, ...", "`d.columns`; `x.index` of a named vector")
def names(call: RCall) -> Value:
    """Names of columns or elements."""
    call.refuse_rest()
    extreme = _label_of_extreme(call)
    if extreme is not None:
        return extreme
    value = call.value("x")
    if value.kind in TABLES or value.kind is Kind.UNKNOWN:
        return Value(py("X.columns", X=value), Kind.INDEX, Kind.TEXT)
    if value.kind in {Kind.MAPPING, Kind.RANEF, Kind.VARCORR} and call.name == "names":
        return Value(py("list(X)", X=value), Kind.LIST, Kind.TEXT)
    if value.kind is Kind.NAMED and call.name == "names":
        return Value(py("X.index", X=value), Kind.INDEX, Kind.TEXT)
    raise call.fail(f"the names of a {value.kind.value} have no translation")


def _label_of_extreme(call: RCall) -> Value | None:
    """``names(which.max(x))``."""
    node = call.argument("x")
    word = function_name(node)
    if word not in {"which.max", "which.min"} or len(operands(node)) != 1:
        return None
    value = call.scope.value(operands(node)[0])
    if value.kind is not Kind.NAMED:
        return None
    return Value(py("X.idxmax()" if word == "which.max" else "X.idxmin()", X=value), Kind.TEXT, Kind.TEXT)


@translates("rownames row.names", "x, ...", "`d.index`")
def rownames(call: RCall) -> Value:
    """Names of rows."""
    call.refuse_rest()
    value = call.value("x")
    if value.kind not in TABLES:
        raise call.fail(f"the row names of a {value.kind.value} have no translation")
    of_ranef = isinstance(value.code, ast.Subscript) and isinstance(value.code.slice, ast.Constant)
    if value.kind is Kind.FRAME and not of_ranef:
        call.note("rows without names are counted from 0 here, and from 1 in R")
    return Value(py("X.index", X=value), Kind.INDEX, Kind.TEXT)


@translates("str glimpse", "object, ...", "`d.info()`", packages="utils dplyr tibble", harmless="...")
def structure(call: RCall) -> Value:
    """What a frame is made of."""
    value = call.value("object")
    if value.kind is Kind.FRAME:
        call.emit("X.info()", X=value)
        return NOTHING
    return Value(py("type(X)", X=value))


@translates("summary", "object, ...", "`d.describe()`", kinds=(Kind.FRAME, Kind.COLUMN, Kind.NAMED, Kind.ARRAY))
def describe(call: RCall) -> Value:
    """A summary of columns; of one, R's six numbers."""
    call.refuse_rest()
    value = call.value("object")
    if value.factor:
        if not value.missing_free:
            call.note("missing values are left out here; R counts them too")
        return Value(py("X.value_counts(sort=False)", X=value), Kind.NAMED, Kind.NUMBER)
    if value.element in {Kind.TEXT, Kind.LOGICAL}:
        raise call.fail("`summary` of text or of truth values has no translation: `table` counts them")
    if value.kind is not Kind.FRAME:
        series = value if value.is_series else value.but(code=py("pd.Series(X)", X=value))
        if not value.missing_free:
            call.note("missing values are left out here; R counts them too")
        six = ["min", "25%", "50%", "mean", "75%", "max"]
        labels = ["Min.", "1st Qu.", "Median", "Mean", "3rd Qu.", "Max."]
        code = py("X.describe()[SIX].set_axis(LABELS)", X=series, SIX=six, LABELS=labels)
        return Value(code, Kind.NAMED, Kind.NUMBER)
    if not (value.complete and all(part.element is Kind.NUMBER and not part.factor for part in value.parts.values())):
        call.note("columns that are no numbers are left out here; R counts their levels, and missing values")
    return Value(py("X.describe()", X=value), Kind.TABLE)


@translates("View fix edit", "...", "nothing", packages="utils", harmless="...")
def view(_: RCall) -> Value:
    """Looking at data in a window."""
    return NOTHING


@translates("attach detach", "what, ...", "nothing can", harmless="...")
def attach(call: RCall) -> Value:
    """Columns as variables, from here on."""
    raise call.fail(f"`{call.name}` is about columns as variables: name the data frame, as in `d$x` or `with(d, ...)`")


@translates("na.omit", "object, ...", "`d.dropna()`")
def na_omit(call: RCall) -> Value:
    """Rows without missing values."""
    value = call.value("object")
    return value.but(code=py("X.dropna()", X=value), rows=call.scope.new_rows(), missing_free=True)
