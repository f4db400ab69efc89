"""ggplot2's scales, labels, coordinates and themes as plotnine's."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.aesthetics import SPELLINGS, color, line, look
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value, imported, literal, py

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

PACKAGE = "ggplot2"
LABELS = ["x", "y", "title", "subtitle", "caption", "tag", "color", "fill", "shape", "size", "linetype", "alpha"]


def _layer(name: str, /, *pieces: Any, **named: Any) -> Value:
    code = py("NAME(*PIECES, **NAMED)", NAME=imported("plotnine", name), PIECES=list(pieces), NAMED=named)
    return Value(code, Kind.LAYER)


# --- labels -----------------------------------------------------------------------------------------------------------


@translates("labs", "...", "`labs(...)`", packages=PACKAGE)
def labs(call: RCall) -> Value:
    """Titles of the plot, its axes and its legends."""
    named: dict[str, Any] = {}
    for name, value in call.rest_values:
        spelled = SPELLINGS.get(name or "", name or "")
        if spelled not in LABELS:
            raise Untranslated(f"the label of `{name}` has no translation")
        named[spelled] = _label(value)
    return _layer("labs", **named)


def _label(value: Value) -> Any:
    """A label; none for NULL."""
    return "" if value.kind is Kind.NULL else value


@translates("xlab ylab", "label", "`xlab(label)`", packages=PACKAGE)
def axis_label(call: RCall) -> Value:
    """The title of an axis."""
    return _layer(call.name, _label(call.value("label")))


@translates("ggtitle", "label, subtitle = NULL", "`ggtitle(label)`", packages=PACKAGE)
def ggtitle(call: RCall) -> Value:
    """The title."""
    subtitle = call.optional("subtitle")
    return _layer("ggtitle", call.value("label"), **({} if subtitle is None else {"subtitle": subtitle}))


@translates(
    "annotate",
    "geom, x = NULL, y = NULL, xmin = NULL, xmax = NULL, ymin = NULL, ymax = NULL, xend = NULL, yend = NULL, ...",
    '`annotate("text", ...)`',
    packages=PACKAGE,
)
def annotate(call: RCall) -> Value:
    """One thing drawn at a place."""
    geom = call.constant("geom")
    if geom not in {"text", "label", "segment", "rect", "point"}:
        raise Untranslated(f"an annotation of `{geom}` has no translation")
    places = ("x", "y", "xmin", "xmax", "ymin", "ymax", "xend", "yend")
    named: dict[str, Any] = {name: call.value(name) for name in places if call.given(name)}
    for name, value in call.rest_values:
        named |= {"label": value} if name == "label" else look(call, f"geom_{geom}", str(name), value)
    return _layer("annotate", geom, **named)


# --- scales -----------------------------------------------------------------------------------------------------------

#: Arguments of scales by R's name: plotnine's.
SCALE_ARGUMENTS = {
    "name": "name",
    "breaks": "breaks",
    "labels": "labels",
    "limits": "limits",
    "expand": "expand",
    "guide": "guide",
    "values": "values",
    "palette": "palette",
    "type": "type",
    "direction": "direction",
    "low": "low",
    "mid": "mid",
    "high": "high",
    "midpoint": "midpoint",
    "range": "range",
    "trans": "trans",
    "na.value": "na_value",
    "drop": "drop",
    "start": "start",
    "end": "end",
    "colours": "colors",
    "colors": "colors",
}
_AES = "color colour fill"
SCALES = " ".join(
    [
        *(f"scale_{axis}_{kind}" for axis in "xy" for kind in ("continuous", "discrete", "log10", "sqrt", "reverse")),
        *(
            f"scale_{name}_{kind}"
            for name in _AES.split()
            for kind in (
                "brewer", "distiller", "manual", "continuous", "discrete", "gradient", "gradient2", "gradientn", "grey",
                "hue", "identity",
            )
        ),
        *(f"scale_{name}_manual" for name in ("shape", "linetype", "size", "alpha")),
        "scale_size_continuous", "scale_alpha_continuous", "scale_size", "scale_alpha", "scale_shape_discrete",
        "scale_shape",
    ]
)  # fmt: skip


@translates(SCALES, "...", "plotnine's scale of the same name", packages=PACKAGE)
def scale(call: RCall) -> Value:
    """How values become places, colours, shapes."""
    named = dict(_scale_argument(call, place, name, value) for place, (name, value) in enumerate(call.rest_values))
    if call.name.endswith("_brewer") and not {"palette", "type"} & set(named):
        named["palette"] = literal(1)
    if call.name.endswith("identity"):
        named.pop("guide", None)
    return _layer(call.name.replace("colour", "color"), **named)


def _scale_argument(call: RCall, place: int, name: str | None, value: Value) -> tuple[str, Any]:
    if name is None:
        name = _first_argument(call.name) if place == 0 else ""
    if name not in SCALE_ARGUMENTS:
        raise Untranslated(f"the argument `{name}` of `{call.name}` has no translation")
    if name == "guide":
        if value.constant != "none" and value.constant is not False:
            raise Untranslated("guides other than none have no translation here")
        return "guide", literal(None)
    return SCALE_ARGUMENTS[name], _scale_value(name, value)


def _first_argument(scale_name: str) -> str:
    return "values" if scale_name.endswith("manual") else "name"


def _scale_value(name: str, value: Value) -> Any:
    if name == "expand" and isinstance(value.constant, list):
        return ast.Tuple([literal(each) for each in value.constant], ast.Load())
    if name in {"low", "mid", "high"}:
        return color(value)
    if name == "values" and isinstance(value.constant, list) and all(isinstance(each, str) for each in value.constant):
        return [color(Value(literal(each), Kind.TEXT, constant=each)) for each in value.constant]
    if name in {"breaks", "labels", "name"} and value.kind is Kind.NULL:
        return literal("" if name == "name" else [])
    return value


@translates(
    "scale_color_viridis_d scale_colour_viridis_d scale_fill_viridis_d scale_color_viridis_c scale_colour_viridis_c "
    "scale_fill_viridis_c",
    '..., option = "D", direction = 1',
    "`scale_color_cmap_d()`, `scale_color_cmap()`",
    packages=PACKAGE,
)
def viridis(call: RCall) -> Value:
    """The viridis colours."""
    maps = {"A": "magma", "B": "inferno", "C": "plasma", "D": "viridis", "E": "cividis"}
    option = call.constant("option", "D")
    call.default_only(direction=1)
    named = dict(_scale_argument(call, 1, name, value) for name, value in call.rest_values)
    target = "scale_fill_cmap" if "fill" in call.name else "scale_color_cmap"
    return _layer(target + ("_d" if call.name.endswith("_d") else ""), cmap_name=maps.get(option, option), **named)


@translates("xlim ylim", "...", "`xlim(low, high)`", packages=PACKAGE)
def limits(call: RCall) -> Value:
    """Limits of an axis; what lies beyond is dropped."""
    values = [value for _, value in call.rest_values]
    if len(values) == 1:
        return _layer(call.name, ast.Starred(values[0].code, ast.Load()))
    return _layer(call.name, *values)


@translates("expand_limits", "...", "`expand_limits(y=0)`", packages=PACKAGE)
def expand_limits(call: RCall) -> Value:
    """Values that the axes must reach."""
    return _layer("expand_limits", **{str(name): value for name, value in call.rest_values})


# --- coordinates ------------------------------------------------------------------------------------------------------


@translates(
    "coord_cartesian coord_flip",
    'xlim = NULL, ylim = NULL, expand = TRUE, default = FALSE, clip = "on"',
    "plotnine's coordinates of the same name",
    packages=PACKAGE,
    harmless="clip default",
)
def coord(call: RCall) -> Value:
    """The window on the plot."""
    return _layer(call.name, **_window(call))


@translates(
    "coord_fixed coord_equal",
    'ratio = 1, xlim = NULL, ylim = NULL, expand = TRUE, clip = "on"',
    "plotnine's coordinates of the same name",
    packages=PACKAGE,
    harmless="clip",
)
def coord_fixed(call: RCall) -> Value:
    """Axes whose units are equally long."""
    ratio = {"ratio": call.value("ratio")} if call.given("ratio") else {}
    return _layer(call.name, **ratio, **_window(call))


def _window(call: RCall) -> dict[str, Value]:
    return {name: call.value(name) for name in ("xlim", "ylim", "expand") if call.given(name)}


# --- themes and guides ------------------------------------------------------------------------------------------------


@translates(
    "theme_bw theme_minimal theme_classic theme_light theme_dark theme_gray theme_grey theme_void theme_linedraw",
    'base_size = 11, base_family = ""',
    "plotnine's theme of the same name",
    packages=PACKAGE,
)
def whole_theme(call: RCall) -> Value:
    """A whole theme."""
    return _layer(call.name, **{name: call.value(name) for name in ("base_size", "base_family") if call.given(name)})


@translates("theme_set", "new", "`theme_set(theme_bw())`", packages=PACKAGE)
def theme_set(call: RCall) -> Value:
    """The theme of the plots that follow."""
    call.emit("SET(THEME)", SET=imported("plotnine", "theme_set"), THEME=call.expect("new", Kind.LAYER))
    return NOTHING


#: Parts of a theme that plotnine has under the same name, dots as underscores.
THEME_PARTS = re.compile(
    r"(axis\.(title|text|line)(\.[xy])?|axis\.ticks(\.(x|y|major|minor))?|legend\.(title|text|position|direction|key"
    r"|background)|plot\.(title|subtitle|caption|background)|strip\.(text|background)(\.[xy])?"
    r"|panel\.(grid|border|background)(\.(major|minor)(\.[xy])?)?|aspect\.ratio|text|title)"
)


@translates("theme", "...", "`theme(...)`, dots as underscores", packages=PACKAGE)
def theme(call: RCall) -> Value:
    """Parts of a theme."""
    named: dict[str, Any] = {}
    for argument in call.rest:
        if argument.name is None or argument.value is None:
            raise Untranslated("an argument of `theme` without a name has no translation")
        if THEME_PARTS.fullmatch(argument.name):
            value = call.scope.value(argument.value)
            named[argument.name.replace(".", "_")] = _theme_value(value)
        else:
            call.note(f"`{argument.name}` of the theme is left out")
    return _layer("theme", **named)


def _theme_value(value: Value) -> Any:
    """A part of a theme; a place in the plot is a pair."""
    if isinstance(value.constant, list):
        return ast.Tuple([literal(each) for each in value.constant], ast.Load())
    return value


_ALIGNMENTS = {0: ("left", "bottom"), 0.5: ("center", "center"), 1: ("right", "top")}


@translates(
    "element_text",
    "family = NULL, face = NULL, colour = NULL, size = NULL, hjust = NULL, vjust = NULL, angle = NULL, "
    "lineheight = NULL, color = NULL, margin = NULL",
    "`element_text(...)`",
    packages=PACKAGE,
    harmless="margin lineheight",
)
def element_text(call: RCall) -> Value:
    """How text of the theme looks."""
    named: dict[str, Any] = {name: call.value(name) for name in ("family", "size") if call.given(name)}
    if call.given("angle"):
        named["rotation"] = call.value("angle")
    for side, (parameter, name) in enumerate((("hjust", "ha"), ("vjust", "va"))):
        found = _ALIGNMENTS.get(call.constant(parameter)) if call.given(parameter) else None
        if found is not None:
            named[name] = found[side]
        elif call.given(parameter):
            call.note(f"`{parameter}` of a text is left at its default")
    return _layer("element_text", **_face(call), **named, **_colors(call))


def _face(call: RCall) -> dict[str, str]:
    faces = {
        "bold": {"weight": "bold"},
        "italic": {"style": "italic"},
        "bold.italic": {"weight": "bold", "style": "italic"},
        "plain": {},
        None: {},
    }
    face = call.constant("face")
    if face not in faces:
        raise Untranslated(f"the font face {face!r} has no translation")
    return faces[face]


def _colors(call: RCall) -> dict[str, Value]:
    found = call.optional("colour") or call.optional("color")
    return {} if found is None else {"color": color(found)}


@translates("element_blank", "", "`element_blank()`", packages=PACKAGE)
def element_blank(_: RCall) -> Value:
    """A part of the theme that is not drawn."""
    return _layer("element_blank")


@translates(
    "element_line",
    "colour = NULL, linewidth = NULL, linetype = NULL, lineend = NULL, color = NULL, arrow = NULL, size = NULL",
    "`element_line(...)`",
    packages=PACKAGE,
    harmless="lineend arrow",
)
def element_line(call: RCall) -> Value:
    """How lines of the theme look."""
    named: dict[str, Any] = _colors(call)
    size = call.optional("linewidth") or call.optional("size")
    named |= {} if size is None else {"size": size}
    if call.given("linetype"):
        named["linetype"] = line(call, call.value("linetype"))
    return _layer("element_line", **named)


@translates(
    "element_rect",
    "fill = NULL, colour = NULL, linewidth = NULL, linetype = NULL, color = NULL, size = NULL",
    "`element_rect(...)`",
    packages=PACKAGE,
    harmless="linetype",
)
def element_rect(call: RCall) -> Value:
    """How boxes of the theme look."""
    named: dict[str, Any] = {"fill": color(call.value("fill"))} if call.given("fill") else {}
    size = call.optional("linewidth") or call.optional("size")
    return _layer("element_rect", **named, **_colors(call), **({} if size is None else {"size": size}))


@translates("guides", "...", '`guides(color="none")`', packages=PACKAGE)
def guides(call: RCall) -> Value:
    """Which legends are drawn."""
    named = {}
    for name, value in call.rest_values:
        if value.constant != "none" and value.constant is not False:
            raise Untranslated("guides other than none have no translation")
        named[SPELLINGS.get(str(name), str(name))] = "none"
    return _layer("guides", **named)
