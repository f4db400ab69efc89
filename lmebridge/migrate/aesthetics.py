"""ggplot2's `aes()` as plotnine's: expressions over columns as texts, and what colours, shapes and lines are called."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Kind, Untranslated, Value, imported, is_name, literal, py
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, function_name, operands, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope

#: R's short and British names of aesthetics, and ggplot2's that plotnine calls otherwise.
SPELLINGS = {
    "colour": "color",
    "col": "color",
    "lty": "linetype",
    "lwd": "size",
    "linewidth": "size",
    "pch": "shape",
    "cex": "size",
    "srt": "angle",
    "fontface": "fontweight",
    "hjust": "ha",
    "vjust": "va",
    "na.rm": "na_rm",
    "show.legend": "show_legend",
    "inherit.aes": "inherit_aes",
    "outlier.colour": "outlier_color",
}
#: R's numbered plotting symbols by matplotlib's letters.
SHAPES = dict(
    enumerate(["s", "o", "^", "+", "x", "D", "v", "s", "*", "D", "o", "*", "s", "o", "s", "s", "o", "^", "D", "o", "."])
) | {21: "o", 22: "s", 23: "D", 24: "^", 25: "v"}
HOLLOW = {0, 1, 2, 5, 6}
LINES = {1: "solid", 2: "dashed", 3: "dotted", 4: "dashdot", "longdash": "dashed", "twodash": "dashdot"}
LINES |= {"dotdash": "dashdot", 5: "dashed", 6: "dashdot"}
#: Colours that R and the web call by one name and paint differently.
OTHER_COLORS = {"green": "#00FF00", "gray": "#BEBEBE", "grey": "#BEBEBE", "purple": "#A020F0", "maroon": "#B03060"}
ALIGNMENTS = {0: ("left", "bottom"), 0.5: ("center", "center"), 1: ("right", "top")}
WEIGHTS = {"plain": "normal", "bold": "bold"}
#: Points in a millimetre, times the factor that ggplot2 sizes its text by.
POINTS_PER_MM = 72.27 / 25.4


@translates("aes", "x, y, ...", "`aes(x=..., y=...)` with expressions as texts", packages="ggplot2")
def aes(call: RCall) -> Value:
    """A mapping of columns to what they look like."""
    given: list[tuple[str | None, Node | None]] = [
        (name, call.node_of(name)) for name in ("x", "y") if call.given(name)
    ]
    given += [(argument.name, argument.value) for argument in call.rest]
    pieces = {}
    for name, node in given:
        if name is None or node is None:
            raise Untranslated("an argument of `aes` without a name has no translation")
        pieces[SPELLINGS.get(name, name)] = mapped(call.scope, node)
    return Value(py("AES(**PIECES)", AES=imported("plotnine", "aes"), PIECES=pieces), Kind.LAYER)


@translates("aes_string", "x, y, ...", '`aes(x="...", y="...")`', packages="ggplot2")
def aes_string(call: RCall) -> Value:
    """A mapping whose expressions are texts already."""
    given = {name: call.constant(name) for name in ("x", "y") if call.given(name)}
    given |= {str(name): value.constant for name, value in call.rest_values}
    if not all(isinstance(text, str) and re.fullmatch(r"[\w.]+", text) for text in given.values()):
        raise Untranslated("`aes_string` of anything but names of columns has no translation")
    pieces = {SPELLINGS.get(name, name): text for name, text in given.items()}
    return Value(py("AES(**PIECES)", AES=imported("plotnine", "aes"), PIECES=pieces), Kind.LAYER)


def mapped(scope: Scope, node: Node) -> ast.expr:
    """One expression of a mapping, as plotnine takes it."""
    node = unwrap(node)
    if isinstance(node, Constant):
        return literal(f"'{node.value}'" if isinstance(node.value, str) else node.value)
    if isinstance(node, Name):
        return _name(scope, node.name)
    special = MAPPED_CALLS.get(function_name(node) or "")
    return special(scope, node) if special else _computed(scope, node)


def _name(scope: Scope, name: str) -> ast.expr:
    """A column, or a variable of the script, which plotnine looks up where no column has the name."""
    if match := re.fullmatch(r"\.\.(\w+)\.\.", name):
        return after_stat(match[1])
    column = name in scope.session.columns or scope.find(name) is None
    return literal(name if column else scope.session.naming.python(name))


def after_stat(name: str) -> ast.expr:
    """What a layer computes, such as a density."""
    return py("AFTER(NAME)", AFTER=imported("plotnine", "after_stat"), NAME=name)


def _as_factor(scope: Scope, node: Call) -> ast.expr:
    """`factor(x)` of a column, which plotnine has under this name."""
    parts = operands(node)
    if len(parts) != 1:
        raise Untranslated("`factor` with levels within `aes` has no translation: make a column of it first")
    return literal(f"factor({_text(mapped(scope, parts[0]))})")


def _reordered(scope: Scope, node: Call) -> ast.expr:
    """`reorder(x, y)`: R orders by the mean, plotnine by the median unless told."""
    parts = operands(node)
    if len(parts) != 2 or any(argument.name for argument in node.arguments):
        raise Untranslated("`reorder` by another function than the mean has no translation within `aes`")
    first, second = (_text(mapped(scope, part)) for part in parts)
    return _mentioning(f"reorder({first}, {second}, fun=np.mean)", "np")


def _after_stat(_: Scope, node: Call) -> ast.expr:
    """`after_stat(density)`."""
    parts = operands(node)
    if len(parts) != 1 or not isinstance(parts[0], Name):
        raise Untranslated(f"`{deparse(node)}` has no translation")
    return after_stat(parts[0].name)


MAPPED_CALLS: dict[str, Callable[[Scope, Call], ast.expr]] = {
    "factor": _as_factor,
    "as.factor": _as_factor,
    "reorder": _reordered,
    "after_stat": _after_stat,
    "stat": _after_stat,
}


def _computed(scope: Scope, node: Node) -> ast.expr:
    """An expression over columns, its columns by bare name as plotnine has them in reach."""
    frame = Value(ast.Name("_", ast.Load()), Kind.FRAME, rows=scope.new_rows())
    inner = scope.masked(frame, force_lambda=True)
    code = _Bare(inner.mask.parameter if inner.mask else "").visit(inner.value(node).code)
    modules = {each.id for each in ast.walk(code) if isinstance(each, ast.Name) and each.id in {"np", "pd"}}
    return _mentioning(ast.unparse(code), *sorted(modules))


class _Bare(ast.NodeTransformer):
    """Turns ``d["x"]`` into ``x``."""

    def __init__(self, handle: str) -> None:
        self.handle = handle

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == self.handle and isinstance(node.slice, ast.Constant):
            name = str(node.slice.value)
            if not is_name(name):
                raise Untranslated(f"the column `{name}` within a computed aesthetic is no name in Python")
            return ast.Name(name, ast.Load())
        return self.generic_visit(node)


def _mentioning(text: str, *modules: str) -> ast.expr:
    """A text that Python evaluates later, with the modules that it names."""
    node = ast.Constant(text)
    node.mentions = modules  # type: ignore[attr-defined]
    return node


def _text(code: ast.expr) -> str:
    return str(code.value) if isinstance(code, ast.Constant) else ast.unparse(code)


# --- fixed looks ------------------------------------------------------------------------------------------------------


def look(call: RCall, layer: str, name: str, value: Value) -> dict[str, Any]:
    """What a fixed look of a layer, such as ``colour = "red"``, becomes: keyword arguments of plotnine's layer."""
    spelled = SPELLINGS.get(name, name.replace(".", "_"))
    changed = LOOKS.get(spelled)
    return {spelled: value} if changed is None else changed(call, layer, spelled, value)


def color(value: Value) -> Value:
    """A colour as matplotlib calls it; R's greys by number and the few that mean something else on the web."""
    name = value.constant
    if not isinstance(name, str):
        return value
    if match := re.fullmatch(r"gr[ae]y(\d{1,3})", name):
        name = "#" + f"{int(255 * int(match[1]) / 100 + 0.5):02X}" * 3
    elif re.fullmatch(r"[a-z]+\d", name):
        raise Untranslated(f'the colour "{name}" has no name outside R')
    name = OTHER_COLORS.get(name, "none" if name == "transparent" else name)
    return value.but(code=literal(name), constant=name)


def _color(_: RCall, _layer: str, name: str, value: Value) -> dict[str, Any]:
    if isinstance(value.constant, (int, float)):
        raise Untranslated("colours by number have no translation")
    return {name: color(value)}


def line(call: RCall, value: Value) -> Value:
    """A kind of line; those that matplotlib lacks become the nearest."""
    found = LINES.get(value.constant) if not isinstance(value.constant, list) else None
    if found is None:
        return value
    if value.constant in {"longdash", "twodash", 5, 6}:
        call.note(f"lines of type {value.constant} are drawn {found}")
    return value.but(code=literal(found), constant=found)


def _shape(_: RCall, _layer: str, name: str, value: Value) -> dict[str, Any]:
    number = value.constant
    if isinstance(number, (int, float)) and number in SHAPES:
        hollow = {"fill": "none"} if number in HOLLOW else {}
        return {name: SHAPES[int(number)], **hollow}
    if isinstance(number, (int, float)):
        raise Untranslated(f"the plotting symbol {number} has no translation")
    return {name: value}


def _alignment(call: RCall, _layer: str, name: str, value: Value) -> dict[str, Any]:
    found = ALIGNMENTS.get(value.constant) if isinstance(value.constant, (int, float)) else None
    if found is None:
        call.note(f"the alignment `{deparse_constant(value)}` of the text is left at its default")
        return {}
    return {name: found[name == "va"]}


def deparse_constant(value: Value) -> str:
    """A value as the Python code says it."""
    return ast.unparse(value.code)


def _weight(_: RCall, _layer: str, name: str, value: Value) -> dict[str, Any]:
    if value.constant == "italic":
        return {"fontstyle": "italic"}
    if value.constant not in WEIGHTS:
        raise Untranslated(f"the font face {deparse_constant(value)} has no translation")
    return {name: WEIGHTS[value.constant]}


def _size(_: RCall, layer: str, name: str, value: Value) -> dict[str, Any]:
    """ggplot2 gives the size of text in millimetres, plotnine in points."""
    if layer not in {"geom_text", "geom_label"}:
        return {name: value}
    if not isinstance(value.constant, (int, float)):
        raise Untranslated("a computed size of text has no translation: R's is in millimetres, plotnine's in points")
    return {name: round(value.constant * POINTS_PER_MM, 1)}


LOOKS: dict[str, Callable[[RCall, str, str, Value], dict[str, Any]]] = {
    "color": _color,
    "fill": _color,
    "outlier_color": _color,
    "linetype": lambda call, _, name, value: {name: line(call, value)},
    "shape": _shape,
    "outlier_shape": _shape,
    "ha": _alignment,
    "va": _alignment,
    "fontweight": _weight,
    "size": _size,
}
