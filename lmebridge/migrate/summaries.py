"""Numbers that sum vectors up, and tables of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.conditions import both_ways, compares_missing, condition, three_valued
from lmebridge.migrate.operators import as_array, by_place, same_rows
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Untranslated, Value, literal, py
from lmebridge.migrate.vectors import length

if TYPE_CHECKING:
    import ast

    from lmebridge.migrate.calls import RCall
    from lmebridge.rsyntax import Node

#: R's function, the method of pandas, NumPy's function, and NumPy's that leaves missing values out.
_SUMMARIES = {
    "mean": ("mean", "np.mean(X)", "np.nanmean(X)"),
    "sum": ("sum", "np.sum(X)", "np.nansum(X)"),
    "sd": ("std", "np.std(X, ddof=1)", "np.nanstd(X, ddof=1)"),
    "var": ("var", "np.var(X, ddof=1)", "np.nanvar(X, ddof=1)"),
    "median": ("median", "np.median(X)", "np.nanmedian(X)"),
    "max": ("max", "np.max(X)", "np.nanmax(X)"),
    "min": ("min", "np.min(X)", "np.nanmin(X)"),
    "prod": ("prod", "np.prod(X)", "np.nanprod(X)"),
}


@translates("mean median sd", "x, na.rm = FALSE, ...", "`x.mean()`; without `na.rm`, `skipna=False` as R has it")
def average(call: RCall) -> Value:
    """One number of a vector."""
    call.refuse_rest()
    return summed_up(call, call.value("x"), call.node_of("x"), removes=call.flag("na.rm"))


@translates("var", "x, y = NULL, na.rm = FALSE, use", "`x.var()`")
def variance(call: RCall) -> Value:
    """The variance of a vector."""
    if call.given("y") or call.value("x").kind in {Kind.FRAME, Kind.TABLE, Kind.MATRIX}:
        return _correlated(call, "cov")
    return summed_up(call, call.value("x"), call.node_of("x"), removes=call.flag("na.rm"))


@translates("sum max min prod", "..., na.rm = FALSE", "`x.sum()`; `max(a, b)` of several numbers")
def extreme(call: RCall) -> Value:
    """One number of one or several vectors."""
    values = [value for _, value in call.rest_values]
    removes = call.flag("na.rm")
    if len(values) == 1:
        return summed_up(call, values[0], call.rest[0].value, removes=removes)
    if not all(value.kind is Kind.NUMBER for value in values) or call.name == "prod":
        raise call.fail(f"`{call.name}` of several vectors has no translation")
    if call.name == "sum":
        return Value(py("sum(X)", X=[value.code for value in values]), Kind.NUMBER, Kind.NUMBER)
    return Value(py(f"{call.name}(*X)", X=values), Kind.NUMBER, Kind.NUMBER)


def summed_up(call: RCall, value: Value, node: Node | None, *, removes: bool) -> Value:
    """A summary of one vector, missing values as R treats them."""
    method, plain, removing = _SUMMARIES[call.name]
    element = value.element if call.name in {"max", "min"} else Kind.NUMBER
    if value.kind in SCALARS and call.name in {"sd", "var"}:
        return Value(py("np.nan"), Kind.NUMBER, Kind.NUMBER)
    if value.kind in SCALARS:
        return value
    if value.factor or (value.element is Kind.TEXT and call.name not in {"max", "min"}):
        raise call.fail(f"`{call.name}` of something that is no number")
    if value.element is Kind.LOGICAL and (value.is_series or compares_missing(call.scope, node)):
        return _of_truth(call, value, node, method, removes=removes)
    if value.is_series:
        options = {} if removes or value.missing_free else {"skipna": literal(False)}
        if value.source == "named constants":
            options = {}
        return Value(py(f"X.{method}(**O)", X=value, O=options), element, element)
    if value.kind in {Kind.FRAME, Kind.TABLE}:
        return _of_frame(call, value, removing if removes else plain)
    if value.kind in {Kind.MAPPING, Kind.FIT, Kind.NULL, Kind.SEQUENCE}:
        raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")
    given = value if removes else _with_missing(call, value)
    return Value(py(removing if removes else plain, X=given), element, element)


def _with_missing(call: RCall, value: Value) -> Value:
    """A vector whose missing values NumPy's function does not leave out, as it would those of a Series."""
    if value.element is Kind.LOGICAL and not value.missing_free and value.kind in {Kind.ARRAY, Kind.UNKNOWN}:
        call.note("where a value is missing the condition is NA in R and False here")
    elif value.kind is Kind.UNKNOWN:
        return value.but(code=py("np.asarray(X)", X=value))
    return value


def _of_frame(call: RCall, value: Value, template: str) -> Value:
    """A summary of all cells; R has none for the mean, median or spread of a data frame."""
    if value.kind is Kind.FRAME and call.name in {"mean", "median", "sd"}:
        raise call.fail(f"`{call.name}` of a data frame is no number in R")
    return Value(py(template, X=py("X.to_numpy()", X=value)), Kind.NUMBER, Kind.NUMBER)


def _of_truth(call: RCall, value: Value, node: Node | None, method: str, *, removes: bool) -> Value:
    """How many, or what share, is true; with `na.rm`, among what is known."""
    options: dict[str, Any] = {}
    if not value.missing_free:
        if node is None:
            raise call.fail("it is not known where this condition is NA")
        if removes and method == "sum":
            value = both_ways(call.scope, node)[0]
        elif removes and method == "mean" and value.there is not None:
            value = value.but(code=py("X[KNOWN]", X=value, KNOWN=value.there))
        else:
            value = three_valued(call.scope, node)
            options = {} if removes else {"skipna": literal(False)}
    if method not in {"mean", "sum"}:
        value = value.but(code=py("X.astype(int)" if value.missing_free else 'X.astype("Int64")', X=value))
    return Value(py(f"X.{method}(**O)", X=value, O=options), Kind.NUMBER, Kind.NUMBER)


@translates("range", "..., na.rm = FALSE", "`[x.min(), x.max()]`")
def extent(call: RCall) -> Value:
    """The least and the greatest."""
    values = [value for _, value in call.rest_values]
    if len(values) != 1:
        raise call.fail("`range` of several vectors has no translation")
    value, removes = as_array(values[0]), call.flag("na.rm")
    if value.is_series:
        options = {} if removes or value.missing_free else {"skipna": literal(False)}
        code = py("np.array([X.min(**O), X.max(**O)])", X=value, O=options)
    elif removes and not value.missing_free:
        code = py("np.array([np.nanmin(X), np.nanmax(X)])", X=value)
    else:
        value = value.but(code=py("np.asarray(X)", X=value)) if value.kind is Kind.UNKNOWN else value
        code = py("np.array([X.min(), X.max()])", X=value)
    return Value(code, Kind.ARRAY, value.element)


@translates("length", "x", "`len(x)`; of a frame, its number of columns")
def length_of(call: RCall) -> Value:
    """How many elements."""
    value = call.value("x")
    if value.kind in SCALARS:
        return Value(literal(1), Kind.NUMBER, Kind.NUMBER)
    return Value(length(value), Kind.NUMBER, Kind.NUMBER)


@translates("any all", "..., na.rm = FALSE", "`x.any()`, `x.all()`")
def any_all(call: RCall) -> Value:
    """Whether one, or every, element is true."""
    removes = call.flag("na.rm")
    nodes = [argument.value for argument in call.rest if argument.value is not None]
    if len(nodes) != 1:
        raise call.fail(f"`{call.name}` of several vectors has no translation")
    value = call.scope.value(nodes[0])
    if value.kind is Kind.COLUMN and value.element is Kind.LOGICAL and not value.missing_free:
        options = {} if removes else {"skipna": literal(False)}
        code = py(f"X.{call.name}(**O)", X=three_valued(call.scope, nodes[0]), O=options)
        return Value(code, Kind.LOGICAL, Kind.LOGICAL)
    if value.kind is Kind.LIST and value.element is Kind.LOGICAL and not value.missing_free:
        options = {} if removes else {"skipna": literal(False)}
        code = py(f'pd.Series(X, dtype="boolean").{call.name}(**O)', X=value, O=options)
        return Value(code, Kind.LOGICAL, Kind.LOGICAL)
    test = condition(call.scope, nodes[0]) if value.element is Kind.LOGICAL else value
    if test.kind in SCALARS:
        return test
    if not value.missing_free and not removes:
        call.note("R gives NA here when a missing value leaves it open")
    text = f"X.{call.name}(axis=None)" if test.kind is Kind.FRAME else f"X.{call.name}()"
    if test.kind is Kind.UNKNOWN:
        text = f"np.{call.name}(X)"
    return Value(py(text, X=as_array(test)), Kind.LOGICAL, Kind.LOGICAL, missing_free=True)


@translates("quantile", "x, probs = seq(0, 1, 0.25), na.rm = FALSE, names = TRUE, type = 7, ...", "`x.quantile(probs)`")
def quantile(call: RCall) -> Value:
    """Quantiles by R's default definition, which is pandas' and NumPy's too (linear interpolation, type 7)."""
    call.default_only(type=7)
    call.ignore("names")
    value, removes = call.value("x"), call.flag("na.rm")
    if value.is_series and not removes and not value.missing_free:
        call.note("R stops here when a value is missing, pandas leaves it out")
    probabilities = call.optional("probs")
    code = py("[0, 0.25, 0.5, 0.75, 1]") if probabilities is None else probabilities.code
    single = probabilities is not None and probabilities.kind is Kind.NUMBER
    if value.is_series:
        found = py("X.quantile(P)", X=value, P=code)
        return Value(found, Kind.NUMBER if single else Kind.NAMED, Kind.NUMBER, source=None)
    function = "np.nanquantile(X, P)" if removes and not value.missing_free else "np.quantile(X, P)"
    return Value(py(function, X=value, P=code), Kind.NUMBER if single else Kind.ARRAY, Kind.NUMBER)


@translates("cor cov", "x, y = NULL, use = 'everything', method = 'pearson'", "`x.corr(y)`, `d.corr()`")
def correlation(call: RCall) -> Value:
    """Correlations and covariances."""
    return _correlated(call, "corr" if call.name == "cor" else "cov")


def _correlated(call: RCall, method: str) -> Value:
    use = call.constant("use", "everything") if call.name in {"cor", "cov"} else "everything"
    kinds = ("everything", "all.obs", "complete.obs", "pairwise.complete.obs", "na.or.complete")
    full = [each for each in kinds if isinstance(use, str) and each.startswith(use)]
    if not full:
        raise call.fail(f'`use = "{use}"` has no translation')
    options = {}
    kind = call.constant("method", "pearson") if call.name in {"cor", "cov"} else "pearson"
    if kind != "pearson":
        options["method"] = literal(kind)
    left = call.value("x")
    if call.given("y"):
        right = call.value("y")
        return _of_pair(call, left, right, method, options, missing=full[0] == "everything")
    if left.kind not in {Kind.FRAME, Kind.TABLE}:
        raise call.fail(f"`{call.name}` of one vector has no meaning")
    if full[0].startswith("complete") or full[0] == "na.or.complete":
        left = left.but(code=py("X.dropna()", X=left))
    elif full[0] == "everything":
        call.note("R gives NA here for columns with missing values; pandas leaves the pairs with missing values out")
    return Value(py(f"X.{method}(**O)", X=left, O=options), Kind.TABLE, Kind.NUMBER)


def _of_pair(call: RCall, left: Value, right: Value, method: str, options: dict[str, Any], *, missing: bool) -> Value:
    if left.is_series and right.is_series:
        if not same_rows(left, right):
            right = right.but(code=py("pd.Series(X.to_numpy(), index=Y.index)", X=right, Y=left))
        if missing:
            call.note("R gives NA here when a value is missing; pandas leaves such pairs out")
        return Value(py(f"X.{method}(Y, **O)", X=left, Y=right, O=options), Kind.NUMBER, Kind.NUMBER)
    if options:
        raise call.fail("a rank correlation of these has no translation")
    function = "np.corrcoef(X, Y)[0, 1]" if method == "corr" else "np.cov(X, Y)[0, 1]"
    return Value(py(function, X=by_place(left), Y=by_place(right)), Kind.NUMBER, Kind.NUMBER)


@translates("all.equal", "target, current, ..., tolerance = 1.5e-8", "`np.allclose(x, y, rtol=1.5e-8)`")
def all_equal(call: RCall) -> Value:
    """Whether two vectors are the same but for rounding."""
    call.refuse_rest()
    call.note("where they differ R says how, Python says False")
    tolerance = call.optional("tolerance")
    code = py(
        "np.allclose(X, Y, rtol=R)",
        X=call.value("target"),
        Y=call.value("current"),
        R=py("1.5e-8") if tolerance is None else tolerance.code,
    )
    return Value(code, Kind.LOGICAL, Kind.LOGICAL, missing_free=True)


@translates("identical", "x, y", "`x.equals(y)`, `x == y`")
def identical(call: RCall) -> Value:
    """Whether two objects are the same."""
    left, right = call.value("x"), call.value("y")
    if left.kind in SCALARS and right.kind in SCALARS:
        return Value(py("X == Y", X=left, Y=right), Kind.LOGICAL, Kind.LOGICAL, missing_free=True)
    if left.kind is right.kind and left.kind in {Kind.COLUMN, Kind.NAMED, Kind.FRAME, Kind.INDEX}:
        return Value(_equal(call, left, right), Kind.LOGICAL, Kind.LOGICAL, missing_free=True)
    raise call.fail("whether these are identical has no translation")


def _equal(call: RCall, left: Value, right: Value) -> ast.expr:
    """Text has more than one dtype in pandas, and columns of two are never equal."""
    elements = {left.element, right.element}
    if left.kind is not Kind.COLUMN or Kind.TEXT not in elements:
        return py("X.equals(Y)", X=left, Y=right)
    if elements != {Kind.TEXT}:
        call.note("a column of numbers and one of their digits as text are the same here, not in R")
    return py('X.astype("string").equals(Y.astype("string"))', X=left, Y=right)


@translates("unique", "x, ...", "`x.unique()`; `d.drop_duplicates()`")
def unique(call: RCall) -> Value:
    """Each value once, in order of appearance."""
    call.refuse_rest()
    value = call.value("x")
    if value.kind is Kind.FRAME:
        return value.but(code=py("X.drop_duplicates()", X=value), rows=call.scope.new_rows())
    if value.is_series or value.kind is Kind.INDEX:
        return Value(py("X.unique()", X=value), Kind.ARRAY, value.element)
    return Value(py("pd.unique(X)", X=as_array(value)), Kind.ARRAY, value.element)


@translates("duplicated", "x, ...", "`x.duplicated()`")
def duplicated(call: RCall) -> Value:
    """Whether each was seen before."""
    call.refuse_rest()
    value = call.value("x")
    if not value.is_series and value.kind not in {Kind.FRAME, Kind.INDEX}:
        raise call.fail("`duplicated` of this has no translation")
    return Value(py("X.duplicated()", X=value), Kind.COLUMN, Kind.LOGICAL, rows=value.rows, missing_free=True)


@translates("which.max which.min", "x", "`np.argmax(x) + 1`; the label of a named vector")
def which_extreme(call: RCall) -> Value:
    """The position of the greatest or least."""
    value = call.value("x")
    code = py("np.argmax(X)" if call.name == "which.max" else "np.argmin(X)", X=value)
    if not value.missing_free and value.element is not Kind.LOGICAL:
        code = py("np.nanargmax(X)" if call.name == "which.max" else "np.nanargmin(X)", X=value)
    if value.element is Kind.LOGICAL and not value.missing_free:
        code = py("np.argmax(X)" if call.name == "which.max" else "np.argmin(X)", X=_plain(call, value))
    return Value(py("I + 1", I=code), Kind.NUMBER, Kind.NUMBER, positions=code)


def _plain(call: RCall, value: Value) -> Value:
    """Truth values of which those that may be missing are left out of a search."""
    if call.name == "which.min":
        raise call.fail("the first FALSE of a condition that may be missing has no translation")
    return both_ways(call.scope, call.argument("x"))[0] if value.is_series else value


@translates("colMeans colSums rowMeans rowSums", "x, na.rm = FALSE, dims", "`d.mean()`, `d.sum(axis=1)`")
def margins(call: RCall) -> Value:
    """Means or sums of rows or columns."""
    value = call.value("x")
    method = "mean" if "Mean" in call.name else "sum"
    options: dict[str, Any] = {"axis": literal("columns")} if call.name.startswith("row") else {}
    if value.kind in {Kind.FRAME, Kind.TABLE}:
        if value.element is Kind.LOGICAL and not value.missing_free and not (call.flag("na.rm") and method == "sum"):
            call.note("where a value is missing the condition is NA in R and False here")
        if not call.flag("na.rm") and value.element is not Kind.LOGICAL:
            options["skipna"] = literal(False)
        kind = Kind.NAMED if call.name.startswith("col") else Kind.COLUMN
        return Value(py(f"X.{method}(**O)", X=value, O=options), kind, Kind.NUMBER, rows=value.rows)
    if value.kind is Kind.MATRIX:
        call.default_only(na_rm=False)
        return Value(py(f"X.{method}(axis=A)", X=value, A=int(call.name[0] == "r")), Kind.ARRAY, Kind.NUMBER)
    raise Untranslated(f"`{call.name}` of a {value.kind.value} has no translation")
