"""forcats: levels of factors ordered and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.factors import categorical
from lmebridge.migrate.registry import translates
from lmebridge.migrate.sorting import LOCALE
from lmebridge.migrate.values import Kind, Value, dictionary, py

if TYPE_CHECKING:
    import ast

    from lmebridge.migrate.calls import RCall


def _factor(call: RCall, parameter: str = ".f") -> Value:
    """A column as a factor; text becomes one."""
    value = call.value(parameter)
    if value.kind is not Kind.COLUMN:
        raise call.fail(f"`{call.name}` of anything but a column has no translation")
    if value.factor:
        return value
    if value.element is Kind.TEXT:
        call.note(LOCALE)
    return categorical(value, py('X.astype("category")', X=value), Kind.TEXT)


def _ordered(value: Value, categories: ast.expr) -> Value:
    return value.but(code=py("X.cat.reorder_categories(C)", X=value, C=categories))


@translates("fct_relevel", ".f, ...", "`x.cat.reorder_categories([...])`", packages="forcats")
def fct_relevel(call: RCall) -> Value:
    """Some levels before the others."""
    value = _factor(call)
    first = []
    for name, level in call.rest_values:
        if name is not None or not isinstance(level.constant, str):
            raise call.fail("`fct_relevel` with anything but levels written out has no translation")
        first.append(level.code)
    dropped = first[0] if len(first) == 1 else first
    return _ordered(value, py("[*FIRST, *X.cat.categories.drop(D)]", FIRST=first, X=value, D=dropped))


@translates("fct_rev", "f", "`x.cat.reorder_categories(x.cat.categories[::-1])`", packages="forcats")
def fct_rev(call: RCall) -> Value:
    """The levels the other way round."""
    value = _factor(call, "f")
    return _ordered(value, py("X.cat.categories[::-1]", X=value))


@translates("fct_recode", ".f, ...", '`x.cat.rename_categories({"old": "new"})`', packages="forcats")
def fct_recode(call: RCall) -> Value:
    """Levels renamed."""
    value = _factor(call)
    new: dict[str, str] = {}
    for name, old in call.rest_values:
        if name is None or not isinstance(old.constant, str) or old.constant in new:
            raise call.fail('`fct_recode` with anything but `new = "old"` has no translation')
        new[old.constant] = name
    if len(set(new.values())) < len(new):
        raise call.fail("levels that become one level have no translation")
    return value.but(code=py("X.cat.rename_categories(NAMES)", X=value, NAMES=dictionary(new)))


@translates("fct_inorder", "f", "`pd.Categorical(x, categories=x.dropna().unique())`", packages="forcats")
def fct_inorder(call: RCall) -> Value:
    """Levels in the order in which they occur."""
    value = call.expect("f", Kind.COLUMN)
    code = py("pd.Categorical(X, categories=X.dropna().unique())", X=value)
    return categorical(value.but(kind=Kind.ARRAY), code, Kind.TEXT).but(rows=value.rows)


@translates("fct_infreq", "f", "levels by how often they occur", packages="forcats")
def fct_infreq(call: RCall) -> Value:
    """Levels by how often they occur, the most frequent first."""
    value = _factor(call, "f")
    counts = py('X.value_counts(sort=False).sort_values(ascending=False, kind="stable").index.tolist()', X=value)
    return _ordered(value, counts)


@translates(
    "fct_collapse fct_lump fct_lump_n fct_lump_min fct_lump_prop fct_other",
    "...",
    "left: levels that become one have to be written by hand: `x.map({...})`",
    packages="forcats",
    harmless="...",
)
def merged_levels(call: RCall) -> Value:
    """Levels put together."""
    raise call.fail(f"`{call.name}` puts levels together: write `x.map({{...}})` by hand")
