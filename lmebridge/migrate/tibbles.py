"""tibble: row names to columns and back, tables written out row by row, rows and columns added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import counted, fresh_rows
from lmebridge.migrate.values import SCALARS, Kind, Value, dictionary, py
from lmebridge.migrate.verbs import assigned, frame_of_call
from lmebridge.rsyntax import Name, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("rownames_to_column", '.data, var = "rowname"', '`d.rename_axis("id").reset_index()`', packages="tibble")
def rownames_to_column(call: RCall) -> Value:
    """The rows' names as the first column."""
    frame = call.expect(".data", Kind.FRAME, Kind.TABLE, Kind.NAMED)
    name = call.constant("var", "rowname")
    if counted(frame):
        raise call.fail("the rows of this frame are only counted, from 1 in R and from 0 here")
    code = py("F.rename_axis(NAME).reset_index()", F=frame, NAME=name)
    parts = {name: Value(code, Kind.COLUMN, Kind.TEXT), **frame.parts}
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts, complete=frame.complete)


@translates("column_to_rownames", '.data, var = "rowname"', '`d.set_index("id")`', packages="tibble")
def column_to_rownames(call: RCall) -> Value:
    """A column as the rows' names."""
    frame = frame_of_call(call)
    name = call.constant("var", "rowname")
    parts = {key: part for key, part in frame.parts.items() if key != name}
    return frame.but(code=py("F.set_index(NAME)", F=frame, NAME=name), parts=parts, rows=call.scope.new_rows())


@translates("tribble", "...", '`pd.DataFrame({"a": [...]})`', packages="tibble")
def tribble(call: RCall) -> Value:
    """A table written out row by row."""
    nodes = [argument.value for argument in call.rest]
    names = [operands(node)[0] for node in nodes if node is not None and operator(node) == "~"]
    cells = [call.scope.value(node) for node in nodes[len(names) :] if node is not None]
    if not names or len(cells) % len(names):
        raise call.fail("the cells do not fill whole rows")
    if any(cell.kind not in SCALARS for cell in cells) or not all(isinstance(name, Name) for name in names):
        raise call.fail("a cell is not one value")
    columns: dict[str, Any] = {}
    parts: dict[str, Value] = {}
    for place, name in enumerate(names):
        values = cells[place :: len(names)]
        columns[name.name] = [value.code for value in values]  # type: ignore[union-attr]
        kinds = {value.kind for value in values if value.kind is not Kind.NA}
        element = next(iter(kinds)) if len(kinds) == 1 else Kind.UNKNOWN
        parts[name.name] = Value(values[0].code, Kind.COLUMN, element)  # type: ignore[union-attr]
    code = py("pd.DataFrame(COLUMNS)", COLUMNS=dictionary(columns))
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts, complete=True)


@translates("add_column", ".data, ..., .before = NULL, .after = NULL", "`d.assign(x=...)`", packages="tibble")
def add_column(call: RCall) -> Value:
    """Columns added at the end."""
    if call.given(".before") or call.given(".after"):
        raise call.fail("`add_column` is translated for columns that go to the end only")
    return assigned(call.scope, frame_of_call(call), call.rest)


@translates(
    "add_row", ".data, ..., .before = NULL, .after = NULL", "`pd.concat([d, pd.DataFrame(...)])`", packages="tibble"
)
def add_row(call: RCall) -> Value:
    """A row added at the end."""
    frame = frame_of_call(call)
    if call.given(".before") or call.given(".after"):
        raise call.fail("`add_row` is translated for rows that go to the end only")
    values = {name or "": value for name, value in call.rest_values}
    if "" in values or any(value.kind not in SCALARS for value in values.values()):
        raise call.fail("`add_row` is translated for one row of single values")
    row = py("pd.DataFrame(ROW)", ROW=dictionary({name: [value.code] for name, value in values.items()}))
    code = py("pd.concat([F, ROW], ignore_index=True)", F=frame, ROW=row)
    return frame.but(code=code, rows=fresh_rows(call.scope))


@translates(
    "expand_grid", "..., .name_repair", "`pd.MultiIndex.from_product(...).to_frame(index=False)`", packages="tidyr"
)
@translates("crossing", "..., .name_repair", "as `expand_grid`, of `np.unique(x)`", packages="tidyr")
def expand_grid(call: RCall) -> Value:
    """Every combination, the first varying slowest."""
    pairs = call.rest_values
    if not pairs or any(not name or not value.is_vector for name, value in pairs):
        raise call.fail(f"`{call.name}` is translated for named vectors")
    if call.name == "crossing":
        if any(value.factor for _, value in pairs):
            raise call.fail("`crossing` of factors has no translation")
        pairs = [(name, value.but(code=py("np.unique(X)", X=value))) for name, value in pairs]
    values, names = [value for _, value in pairs], [name for name, _ in pairs]
    template = "pd.MultiIndex.from_product(VALUES, names=NAMES).to_frame(index=False)"
    code = py(template, VALUES=values, NAMES=names)
    parts = {name or "": Value(code, Kind.COLUMN, value.element) for name, value in pairs}
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts, complete=True)
