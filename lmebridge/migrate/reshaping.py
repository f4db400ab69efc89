"""tidyr: frames made longer and wider, columns split and joined, missing values filled and dropped."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows, with_counted_rows
from lmebridge.migrate.selection import Choice, choice, function_of, labels, listed
from lmebridge.migrate.values import Kind, Untranslated, Value, dictionary, py
from lmebridge.migrate.verbs import assigned, frame_of_call
from lmebridge.rsyntax import Argument, Call, Constant, Name, function_name

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

_META = re.compile(r"[.^$*+?{}\[\]\\|()]")


# --- longer -----------------------------------------------------------------------------------------------------------


@translates(
    "pivot_longer",
    'data, cols, names_to = "name", names_prefix = NULL, names_sep = NULL, names_pattern = NULL, names_ptypes, '
    'names_transform = NULL, names_repair, values_to = "value", values_drop_na = FALSE, values_ptypes, '
    "values_transform",
    "`d.melt(...)`, sorted into tidyr's order: row by row",
    packages="tidyr",
    harmless="names_repair",
)
def pivot_longer(call: RCall) -> Value:
    """One row a cell of the chosen columns, all cells of a row together."""
    frame = frame_of_call(call, "data")
    found = columns_of(call, frame, "cols")
    value = call.constant("values_to", "value")
    into = call.constant("names_to", "name")
    names = into if isinstance(into, list) else [into]
    if not all(isinstance(name, str) for name in names) or ".value" in names:
        raise call.fail("`.value` in `names_to` has no translation: `pd.wide_to_long` may do")
    variable = names[0] if len(names) == 1 else "name"
    code = _melted(call, frame, found, variable, value)
    code = py('F.sort_index(kind="stable", ignore_index=True)', F=code)
    if call.flag("values_drop_na"):
        code = py("F.dropna(subset=VALUE, ignore_index=True)", F=code, VALUE=value)
    code = _namedcolumns_of(call, code, variable, names, value)
    code = _transformed(call, code)
    parts = _kept(frame, found)
    made = {name: Value(code, Kind.COLUMN, Kind.TEXT) for name in names} if not call.given("names_transform") else {}
    made[value] = Value(code, Kind.COLUMN, _common_element(frame, found))
    complete = frame.complete and not call.given("names_transform")
    return Value(
        code, Kind.FRAME, rows=fresh_rows(call.scope), parts={**parts, **made}, complete=complete, groups=frame.groups
    )


def columns_of(call: RCall, frame: Value, parameter: str) -> Choice:
    """The choice of columns that an argument makes."""
    node = call.node_of(parameter)
    if node is None:
        raise call.fail(f"`{call.name}` is called without `{parameter}`")
    return choice(call.scope, frame, [Argument(node)])


def names_of(call: RCall, frame: Value, parameter: str) -> list[str]:
    """The columns that an argument names."""
    found = columns_of(call, frame, parameter).columns
    if not found:
        raise call.fail(f"`{parameter}` of `{call.name}` is translated for columns given by name only")
    return found


def _melted(call: RCall, frame: Value, found: Choice, variable: str, value: str) -> ast.expr:
    """`melt` with the rows' numbers kept, to sort by."""
    source = frame.but(code=with_counted_rows(frame))
    options: dict[str, Any] = {"var_name": variable, "value_name": value, "ignore_index": False}
    return melted(call, source, found, options)


def melted(call: RCall, frame: Value, found: Choice, options: dict[str, Any]) -> ast.expr:
    """`melt` of the chosen columns; the others stay beside each cell."""
    if found.dropped is not None:
        return py("F.melt(id_vars=KEPT, **OPTIONS)", F=frame, KEPT=listed(found.dropped), OPTIONS=options)
    if frame.complete and found.names is not None:
        kept = [name for name in frame.parts if name not in found.names]
        first = {"id_vars": listed(kept)} if kept else {}
        return py("F.melt(**OPTIONS)", F=frame, OPTIONS={**first, **options})
    if len(found.parts) == 1 and found.parts[0].how == "all":
        return py("F.melt(**OPTIONS)", F=frame, OPTIONS=options)
    template = "F.melt(id_vars=F.columns.drop(CHOSEN), **OPTIONS)"
    if isinstance(frame.code, ast.Name):
        return py(template, F=frame, CHOSEN=labels(frame.code, found), OPTIONS=options)
    handle = call.scope.session.handle
    inner = ast.Name(handle, ast.Load())
    body = py(template, F=inner, CHOSEN=labels(inner, found), OPTIONS=options)
    return py("F.pipe(FUNCTION)", F=frame, FUNCTION=function_of(handle, body))


def _kept(frame: Value, found: Choice) -> dict[str, Value]:
    """What is known of the columns that stay."""
    if found.dropped is not None:
        return {name: frame.parts[name].but(missing_free=False) for name in found.dropped if name in frame.parts}
    gone = found.names if found.names is not None else frame.parts
    return {name: part for name, part in frame.parts.items() if name not in gone}


def _common_element(frame: Value, found: Choice) -> Kind:
    kinds = {frame.parts[name].element for name in found.names or () if name in frame.parts}
    return next(iter(kinds)) if len(kinds) == 1 else Kind.UNKNOWN


def _namedcolumns_of(call: RCall, code: ast.expr, variable: str, names: list[str], value: str) -> ast.expr:
    """The columns that the old names become: without a prefix, split, or taken apart by a pattern."""
    prefix, separator = call.constant("names_prefix"), call.constant("names_sep")
    pattern, handle = call.constant("names_pattern"), call.scope.session.handle
    text: ast.expr = py("D[KEY]", D=ast.Name(handle, ast.Load()), KEY=variable)
    if prefix is not None:
        text = _without_prefix(text, prefix)
    if len(names) == 1:
        if separator is not None:
            raise call.fail("`names_sep` with one name has no translation")
        if pattern is not None:
            text = py("X.str.extract(PATTERN, expand=False)", X=text, PATTERN=pattern)
        if prefix is None and pattern is None:
            return code
        return py("F.assign(**NEW)", F=code, NEW={names[0]: function_of(handle, text)})
    if (separator is None) == (pattern is None):
        raise call.fail("several names in `names_to` need `names_sep` or `names_pattern`")
    new = {}
    for place, name in enumerate(names):
        part = _split(text, separator, place) if separator is not None else _extracted(text, pattern, place)
        new[name] = function_of(handle, part)
    wide = py("F.assign(**NEW).drop(columns=NAME)", F=code, NEW=new, NAME=variable)
    return py("F.loc[:, FUNCTION]", F=wide, FUNCTION=function_of(handle, _last(handle, value)))


def _last(handle: str, column: str) -> ast.expr:
    """All columns, one of them last."""
    return py("[*D.columns.drop(NAME), NAME]", D=ast.Name(handle, ast.Load()), NAME=column)


def _without_prefix(text: ast.expr, prefix: str) -> ast.expr:
    if _META.search(prefix):
        return py("X.str.replace(PATTERN, '', regex=True)", X=text, PATTERN=f"^{prefix}")
    return py("X.str.removeprefix(PREFIX)", X=text, PREFIX=prefix)


def _split(text: ast.expr, separator: str, place: int) -> ast.expr:
    """One piece of texts that are split at a separator."""
    if not isinstance(separator, str):
        raise Untranslated("texts split at a place have no translation")
    options = {"regex": True} if len(separator) == 1 and _META.search(separator) else {}
    return py("X.str.split(BY, **OPTIONS).str[PLACE]", X=text, BY=separator, OPTIONS=options, PLACE=place)


def _extracted(text: ast.expr, pattern: str, place: int) -> ast.expr:
    return py("X.str.extract(PATTERN)[PLACE]", X=text, PATTERN=pattern, PLACE=place)


def _transformed(call: RCall, code: ast.expr) -> ast.expr:
    """`names_transform` to numbers."""
    node = call.node_of("names_transform")
    if node is None:
        return code
    types = {"as.integer": "int", "as.numeric": "float", "as.double": "float"}
    pairs: dict[str, Any] = {}
    for argument in node.arguments if isinstance(node, Call) else ():
        word = argument.value.name if isinstance(argument.value, Name) else ""
        if function_name(node) != "list" or not argument.name or word not in types:
            raise call.fail("`names_transform` is translated for `list(name = as.integer)` only")
        pairs[argument.name] = ast.Name(types[word], ast.Load())
    return py("F.astype(TYPES)", F=code, TYPES=dictionary(pairs))


@translates(
    "gather",
    'data, key = "key", value = "value", ..., na.rm = FALSE, convert = FALSE, factor_key = FALSE',
    "`d.melt(...)`",
    packages="tidyr",
)
def gather(call: RCall) -> Value:
    """One row a cell of the chosen columns, column by column."""
    frame = frame_of_call(call, "data")
    call.default_only(convert=False, factor_key=False)
    found = choice(call.scope, frame, call.rest or [Argument(Call(Name("everything")))])
    key, value = call.word("key", "key") or "key", call.word("value", "value") or "value"
    code = melted(call, frame, found, {"var_name": key, "value_name": value})
    if call.flag("na.rm"):
        code = py("F.dropna(subset=VALUE, ignore_index=True)", F=code, VALUE=value)
    made = {key: Value(code, Kind.COLUMN, Kind.TEXT), value: Value(code, Kind.COLUMN, _common_element(frame, found))}
    parts = {**_kept(frame, found), **made}
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts, complete=frame.complete)


# --- split and joined columns -----------------------------------------------------------------------------------------


@translates(
    "separate",
    'data, col, into, sep = "[^[:alnum:]]+", remove = TRUE, convert = FALSE, extra = "warn", fill = "warn"',
    '`d["x"].str.split("_").str[0]`',
    packages="tidyr",
)
def separate(call: RCall) -> Value:
    """One column of text as several."""
    frame = frame_of_call(call, "data")
    call.default_only(convert=False)
    call.choice("extra", "warn", warn="", drop="")
    call.choice("fill", "warn", warn="", right="")
    column, into = names_of(call, frame, "col")[0], call.constant("into")
    names = into if isinstance(into, list) else [into]
    if not all(isinstance(name, str) for name in names):
        raise call.fail("`into` of `separate` is computed")
    separator = call.constant("sep", "[^0-9A-Za-z]+")
    inner = call.scope.masked(frame)
    text = inner.column(column)
    text_code = text.code if text.element is Kind.TEXT and not text.factor else py("X.astype(str)", X=text)
    new = {name: inner.wrap(_split(text_code, separator, place)) for place, name in enumerate(names)}
    if column in new:  # last, since the others are taken from it
        new[column] = new.pop(column)
    code = py("F.assign(**NEW)", F=frame, NEW=new)
    removed = call.flag("remove", True) and column not in names
    made = {name: Value(code, Kind.COLUMN, Kind.TEXT) for name in names}
    return _at_place_of(call, frame.but(code=code), [column], made, removed=removed)


def _at_place_of(call: RCall, frame: Value, old: list[str], made: dict[str, Value], *, removed: bool) -> Value:
    """The frame with new columns where an old one was, which goes unless it is to stay."""
    kept = [] if removed else old
    if frame.complete:
        order: list[str] = []
        for name in frame.parts:
            if name == old[0] and removed:
                order += made
            elif name == old[0]:
                order += [name, *made]
            elif name not in old or not removed:
                order.append(name)
        order = list(dict.fromkeys(order))
        parts = {**frame.parts, **made}
        return frame.but(code=py("F[NAMES]", F=frame, NAMES=order), parts={name: parts[name] for name in order})
    code = (
        frame.code
        if kept
        else py("F.drop(columns=OLD)", F=frame, OLD=listed([name for name in old if name not in made]))
    )
    parts = {name: part for name, part in frame.parts.items() if name not in old or kept}
    call.note("the new columns come last here, in R they stand where the old one was")
    return frame.but(code=code, parts={**parts, **made})


@translates(
    "unite", 'data, col, ..., sep = "_", remove = TRUE, na.rm = FALSE', '`d["a"] + "_" + d["b"]`', packages="tidyr"
)
def unite(call: RCall) -> Value:
    """Several columns as one of text."""
    frame = frame_of_call(call, "data")
    call.default_only(na_rm=False)
    name = call.word("col")
    found = choice(call.scope, frame, call.rest).columns
    if not name or not found:
        raise call.fail("`unite` is translated for columns given by name only")
    separator = Argument(Constant(call.constant("sep", "_")), "sep")
    pasted = Call(Name("paste"), (*(Argument(Name(each)) for each in found), separator))
    made = assigned(call.scope, frame.but(groups=()), [Argument(pasted, name)])
    removed = call.flag("remove", True)
    old = [each for each in found if each != name]
    united = made.but(parts=frame.parts, groups=frame.groups)
    return _at_place_of(call, united, old, {name: Value(made.code, Kind.COLUMN, Kind.TEXT)}, removed=removed)


_REFUSED = {
    "nest unnest unnest_longer unnest_wider hoist": "columns that hold frames or lists have no translation",
    "separate_rows uncount": "rows made from one row have to be written by hand",
    "extract": "columns taken from text by groups of a pattern have to be written by hand: `x.str.extract`",
}


def _refuse(names: str, reason: str) -> None:
    @translates(names, "data, ...", f"left: {reason}", packages="tidyr")
    def refused(call: RCall) -> Value:
        raise call.fail(reason)


for _names, _reason in _REFUSED.items():
    _refuse(_names, _reason)


@translates("reshape", "data, ...", "left: use `melt`, `pivot`", packages="stats")
def reshape(call: RCall) -> Value:
    """R's own reshaping, whose arguments mean too many things."""
    raise call.fail("what `reshape` does hangs on the attributes of its data: use `melt` or `pivot` of pandas")
