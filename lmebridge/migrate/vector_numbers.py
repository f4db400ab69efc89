"""Vectors of numbers of which an element depends on others: running sums, ranks, means of groups, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.conditions import three_valued
from lmebridge.migrate.operators import aligned, as_array, same_rows, shape
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Value, literal, py

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("cumsum cumprod cummax cummin", "x", "`x.cumsum(skipna=False)`")
def cumulated(call: RCall) -> Value:
    """Running sums and products."""
    value = as_array(call.value("x"))
    if value.kind is Kind.UNKNOWN:
        value = value.but(code=py("np.asarray(X)", X=value))
    if value.element is Kind.LOGICAL and not value.missing_free:
        value = value.but(code=py('X.astype("Int64")', X=three_valued(call.scope, call.argument("x"))), there=None)
    options = {} if not value.is_series or value.missing_free else {"skipna": literal(False)}
    method = {"cummax": "np.maximum.accumulate(X)", "cummin": "np.minimum.accumulate(X)"}.get(call.name)
    if method is None or value.is_series:
        method = f"X.{call.name}(**O)"
    elif not value.is_vector:
        raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")
    return value.but(code=py(method, X=value, O=options), element=Kind.NUMBER)


@translates("ave", "x, ..., FUN = mean", '`x.groupby(g).transform("mean")`')
def ave(call: RCall) -> Value:
    """Group means, one a row."""
    value = call.value("x")
    word = call.word("FUN", "mean" if not call.given("FUN") else None)
    names = {
        "mean": "mean",
        "sd": "std",
        "sum": "sum",
        "max": "max",
        "min": "min",
        "length": "size",
        "median": "median",
    }
    if value.kind is not Kind.COLUMN or word not in names:
        raise call.fail("this use of `ave` has no translation")
    groups = [each for name, each in call.rest_values if name is None]
    if not groups or not all(same_rows(value, each) for each in groups):
        raise call.fail("the groups of `ave` are no columns of the same frame")
    by = groups[0].code if len(groups) == 1 else py("[*X]", X=groups)
    skips = value.missing_free or names[word] == "size"
    if not all(each.missing_free for each in groups):
        call.note("where the group is missing R keeps the value, pandas gives NaN")
    code = py(
        "X.groupby(BY, **O).transform(F, **S)",
        X=value,
        BY=by,
        F=names[word],
        O={"observed": literal(True)},
        S={} if skips else {"skipna": literal(False)},
    )
    return value.but(code=code, element=Kind.NUMBER, factor=False)


@translates("pmin pmax", "..., na.rm = FALSE", "`np.minimum(x, y)`, `np.maximum(x, y)`")
def extremes(call: RCall) -> Value:
    """The lesser, or the greater, of two vectors element by element."""
    call.default_only(na_rm=False)
    values = [value for _, value in call.rest_values]
    if len(values) != 2 or any(each.element is not Kind.NUMBER or each.factor for each in values):
        raise call.fail(f"`{call.name}` is translated for two vectors of numbers")
    left, right = aligned(*map(as_array, values))
    kind, rows = shape(left, right)
    if kind is Kind.COLUMN and not (left.kind in SCALARS or right.kind in SCALARS or same_rows(left, right)):
        raise call.fail(f"`{call.name}` of vectors with other rows has no translation")
    function = "np.minimum(X, Y)" if call.name == "pmin" else "np.maximum(X, Y)"
    free = left.missing_free and right.missing_free
    return Value(py(function, X=left, Y=right), kind, Kind.NUMBER, rows=rows, missing_free=free)


@translates("rank", "x, na.last = TRUE, ties.method = 'average'", "`x.rank()`")
def rank(call: RCall) -> Value:
    """Ranks; ties share the mean of theirs."""
    value = call.value("x")
    ties = call.choice("ties.method", "average", average="average", first="first", max="max", min="min")
    last = call.constant("na.last", True)
    if last not in {True, "keep"} or value.kind not in {Kind.COLUMN, Kind.LIST, Kind.ARRAY}:
        raise call.fail("this use of `rank` has no translation")
    if value.element is Kind.TEXT and not value.factor:
        call.note("R orders text by the locale, Python by code point")
    options = {} if ties == "average" else {"method": literal(ties)}
    if last is True and not value.missing_free:
        options["na_option"] = literal("bottom")
        call.note("several missing values share a rank here, and have one each in R")
    series = value.code if value.is_series else py("pd.Series(X)", X=value)
    free = value.missing_free
    return Value(py("S.rank(**O)", S=series, O=options), Kind.COLUMN, Kind.NUMBER, rows=value.rows, missing_free=free)


@translates("diff", "x, ...", "`np.diff(x)`")
def diff(call: RCall) -> Value:
    """Differences of neighbours."""
    call.refuse_rest()
    value = call.value("x")
    return Value(py("np.diff(X)", X=value), Kind.ARRAY, Kind.NUMBER)
