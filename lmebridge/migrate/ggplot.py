"""ggplot2's plots, layers and facets as plotnine's of the same names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.aesthetics import SPELLINGS, aes, look, mapped
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value, imported, literal, py
from lmebridge.rsyntax import Constant, Name, Node, deparse, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

PACKAGE = "ggplot2"
DATA = (Kind.FRAME, Kind.TABLE, Kind.MATRIX, Kind.UNKNOWN)
#: What every layer takes.
COMMON = "color fill alpha size linetype shape stroke group na_rm show_legend inherit_aes position stat weight"
#: What each layer takes besides; a layer that is not here has no translation.
LAYERS = {
    "geom_point": "",
    "geom_line": "",
    "geom_path": "",
    "geom_step": "direction",
    "geom_smooth": "method formula se level n fullrange span",
    "geom_hline": "yintercept",
    "geom_vline": "xintercept",
    "geom_abline": "slope intercept",
    "geom_errorbar": "width",
    "geom_errorbarh": "height",
    "geom_linerange": "",
    "geom_pointrange": "fatten",
    "geom_crossbar": "width fatten",
    "geom_ribbon": "",
    "geom_area": "",
    "geom_boxplot": "width notch varwidth outlier_color outlier_shape outlier_size outlier_alpha coef",
    "geom_violin": "width trim scale draw_quantiles",
    "geom_density": "adjust bw kernel trim",
    "geom_histogram": "bins binwidth breaks center boundary closed",
    "geom_freqpoly": "bins binwidth breaks center boundary closed",
    "geom_bar": "width",
    "geom_col": "width",
    "geom_text": "ha va angle family fontweight fontstyle nudge_x nudge_y",
    "geom_label": "ha va angle family fontweight fontstyle nudge_x nudge_y",
    "geom_segment": "x y xend yend",
    "geom_jitter": "width height",
    "geom_tile": "width height",
    "geom_rect": "xmin xmax ymin ymax",
    "geom_polygon": "",
    "geom_rug": "sides",
    "geom_count": "",
    "geom_blank": "",
    "geom_qq": "",
    "geom_qq_line": "",
    "stat_qq": "",
    "stat_qq_line": "",
    "stat_ecdf": "geom n pad",
    "stat_smooth": "method formula se level n fullrange span geom",
    "stat_summary": "geom fun fun_y fun_data width",
    "stat_ellipse": "level type",
}
#: Looks that plotnine has no counterpart of, and that change no number: left out with a note.
COSMETIC = {
    "key_glyph", "lineend", "linejoin", "arrow", "max.overlaps", "box.padding", "point.padding", "segment.color",
    "segment.colour", "segment.size", "segment.alpha", "min.segment.length", "check_overlap", "label.size", "seed",
    "nudge.x", "force", "direction", "label.padding",
}  # fmt: skip
POSITIONS = {
    "position_dodge": "width preserve",
    "position_dodge2": "width preserve padding reverse",
    "position_jitter": "width height",
    "position_jitterdodge": "jitter.width jitter.height dodge.width",
    "position_nudge": "x y",
    "position_stack": "vjust reverse",
    "position_fill": "vjust reverse",
    "position_identity": "",
}


@translates("ggplot", "data = NULL, mapping = aes(), ...", "`ggplot(data, aes(...))` of plotnine", packages=PACKAGE)
def ggplot(call: RCall) -> Value:
    """A plot without layers."""
    call.refuse_rest()
    data, mapping = _data_and_mapping(call)
    pieces = [] if data is None else [data]
    named = {} if mapping is None else {"mapping": mapping}
    if data is not None and mapping is not None:
        pieces, named = [data, mapping], {}
    function = imported("plotnine", "ggplot")
    return Value(py("GGPLOT(*PIECES, **NAMED)", GGPLOT=function, PIECES=pieces, NAMED=named), Kind.PLOT, source=data)


def _data_and_mapping(call: RCall) -> tuple[Value | None, Value | None]:
    """Data and mapping of a plot or layer, either of which may stand first."""
    data, mapping = (call.optional(name) for name in ("data", "mapping"))
    found = [each for each in (data, mapping) if each is not None and each.kind is not Kind.NULL]
    maps = [each for each in found if each.kind is Kind.LAYER]
    frames = [each for each in found if each.kind is not Kind.LAYER]
    if len(maps) > 1 or len(frames) > 1 or any(each.kind not in DATA for each in frames):
        raise Untranslated(f"the data of `{call.name}` is no data frame that is known")
    return (frames[0] if frames else None), (maps[0] if maps else None)


@translates(
    " ".join(LAYERS),
    "mapping = NULL, data = NULL, ...",
    "plotnine's layer of the same name",
    packages=PACKAGE,
)
def layer(call: RCall) -> Value:
    """A layer: its mapping, its data, its fixed looks."""
    return _layer(call, call.name)


def _layer(call: RCall, name: str, **extra: Any) -> Value:
    data, mapping = _data_and_mapping(call)
    named: dict[str, Any] = {} if data is None else {"data": data}
    for argument, value in _arguments(call):
        if argument in COSMETIC and argument not in LAYERS[name].split():
            call.note(f"`{argument}` of `{call.name}` is left out")
            continue
        named |= _checked(name, look(call, name, argument, value))
    named |= extra
    named = SPECIAL.get(name, _same)(call, named)
    code = py(
        "LAYER(*MAPPING, **NAMED)",
        LAYER=imported("plotnine", name),
        MAPPING=[] if mapping is None else [mapping],
        NAMED=named,
    )
    return Value(code, Kind.LAYER)


#: Arguments whose R expression is no value: read from the node by those in `SPECIAL`.
_UNEVALUATED = {"formula", "method", "fun", "fun.y", "fun.data", "position", "breaks"}


def _arguments(call: RCall) -> list[tuple[str, Value]]:
    found = []
    for argument in call.rest:
        if argument.name is None or argument.value is None:
            raise Untranslated(f"an argument of `{call.name}` without a name has no translation")
        node = argument.value
        found.append((argument.name, _argument(call, argument.name, node)))
    return found


def _argument(call: RCall, name: str, node: Node) -> Value:
    if name in {"fun", "fun.y", "method", "formula", "fun.data"} and not isinstance(node, Constant):
        return Value(literal(deparse(node)), Kind.TEXT, constant=deparse(node))
    return call.scope.value(node)


def _checked(layer_name: str, named: dict[str, Any]) -> dict[str, Any]:
    for name in named:
        if name not in COMMON.split() and name not in LAYERS[layer_name].split():
            raise Untranslated(f"the argument `{name}` of `{layer_name}` has no translation")
    return named


def _same(_: RCall, named: dict[str, Any]) -> dict[str, Any]:
    return named


def _constant(named: dict[str, Any], name: str) -> Any:
    value = named.pop(name, None)
    return value.constant if isinstance(value, Value) else value


def _smooth(call: RCall, named: dict[str, Any]) -> dict[str, Any]:
    """A smoother: lines and generalized linear models are R's; loess becomes lowess."""
    method, formula = _constant(named, "method"), _constant(named, "formula")
    if formula not in {None, "y ~ x"}:
        raise Untranslated(f"the smoother's formula `{formula}` has no translation")
    if method in {"lm", "glm"}:
        return {"method": method, **named}
    if method not in {None, "loess", "auto"}:
        raise Untranslated(f"the smoother `{method}` has no translation")
    call.note("plotnine's lowess is near R's loess, not equal to it, and has no band")
    return {"method": "lowess", **named, "se": False}


def _histogram(_: RCall, named: dict[str, Any]) -> dict[str, Any]:
    """R takes 30 bins unless told, plotnine a number of its own."""
    return named if {"bins", "binwidth", "breaks"} & set(named) else {"bins": 30, **named}


def _quantiles(_: RCall, named: dict[str, Any]) -> dict[str, Any]:
    """R's `ppoints`, with 1/2 for more than ten points."""
    return {**named, "alpha_beta": py("(0.5, 0.5)")}


def _summary(_: RCall, named: dict[str, Any]) -> dict[str, Any]:
    """A summary of y at every x, by a function."""
    function = _constant(named, "fun") or _constant(named, "fun_y")
    if function is not None:
        if function not in {"mean", "median", "min", "max", "sum"}:
            raise Untranslated(f"a summary by `{function}` has no translation")
        named["fun_y"] = py(f"np.{function}")
    band = _constant(named, "fun_data")
    if band is not None:
        if band not in {"mean_se", "mean_cl_normal", "mean_sdl", "median_hilow"}:
            raise Untranslated(f"a summary by `{band}` has no translation")
        named["fun_data"] = band
    if function is None and band is None:
        named["fun_data"] = "mean_se"
    return named


SPECIAL = {
    "geom_smooth": _smooth,
    "stat_smooth": _smooth,
    "geom_histogram": _histogram,
    "geom_freqpoly": _histogram,
    "geom_qq": _quantiles,
    "stat_qq": _quantiles,
    "stat_summary": _summary,
}


@translates(
    "geom_text_repel geom_label_repel",
    "mapping = NULL, data = NULL, ...",
    "`geom_text(adjust_text={})`, which needs the package adjustText",
    packages="ggrepel",
)
def repelled(call: RCall) -> Value:
    """Labels that make way for each other."""
    return _layer(call, call.name.removesuffix("_repel"), adjust_text=ast.Dict([], []))


@translates(" ".join(POSITIONS), "...", "plotnine's position of the same name", packages=PACKAGE)
def position(call: RCall) -> Value:
    """How overlapping things are placed."""
    known = POSITIONS[call.name].split()
    named = {}
    for place, (name, value) in enumerate(call.rest_values):
        if name == "seed":
            named["random_state"] = value
            continue
        spelled = name or (known[place] if place < len(known) else "")
        if spelled not in known:
            raise Untranslated(f"an argument of `{call.name}` has no translation")
        named[spelled.replace(".", "_")] = value
    return Value(py("POSITION(**NAMED)", POSITION=imported("plotnine", call.name), NAMED=named), Kind.LAYER)


# --- facets -----------------------------------------------------------------------------------------------------------


@translates(
    "facet_wrap",
    'facets, nrow = NULL, ncol = NULL, scales = "fixed", shrink = TRUE, labeller = "label_value", as.table = TRUE, '
    'switch = NULL, drop = TRUE, dir = "h", strip.position = "top"',
    '`facet_wrap("g")`',
    packages=PACKAGE,
)
def facet_wrap(call: RCall) -> Value:
    """A panel a group, in rows one after the other."""
    names = _facet_names(call.node_of("facets"))
    facets = names[0] if len(names) == 1 else names
    named = {name: call.constant(name) for name in ("nrow", "ncol", "scales") if call.given(name)}
    named |= _labeller(call)
    function = imported("plotnine", "facet_wrap")
    return Value(py("FACET(FACETS, **NAMED)", FACET=function, FACETS=facets, NAMED=named), Kind.LAYER)


@translates(
    "facet_grid",
    'rows = NULL, cols = NULL, scales = "fixed", space = "fixed", shrink = TRUE, labeller = "label_value", '
    "as.table = TRUE, switch = NULL, drop = TRUE, margins = FALSE",
    '`facet_grid(rows="a", cols="b")`',
    packages=PACKAGE,
)
def facet_grid(call: RCall) -> Value:
    """Panels in a table."""
    rows, cols = call.node_of("rows"), call.node_of("cols")
    if rows is not None and operator(unwrap(rows)) == "~":
        sides = operands(unwrap(rows))
        rows, cols = (sides[0], sides[1]) if len(sides) == 2 else (None, sides[0])
    found = {"rows": _facet_names(rows), "cols": _facet_names(cols)}
    named: dict[str, Any] = {side: names[0] if len(names) == 1 else names for side, names in found.items() if names}
    named |= {name: call.constant(name) for name in ("scales", "space") if call.given(name)}
    named |= _labeller(call)
    return Value(py("FACET(**NAMED)", FACET=imported("plotnine", "facet_grid"), NAMED=named), Kind.LAYER)


def _labeller(call: RCall) -> dict[str, Any]:
    if not call.given("labeller"):
        return {}
    name = call.word("labeller")
    if name not in {"label_value", "label_both", "label_context"}:
        raise Untranslated("labels of panels other than `label_value` and `label_both` have no translation")
    return {"labeller": name}


def _facet_names(node: Node | None) -> list[str]:
    """Columns that panels are made by: of ``~ a + b``, ``vars(a, b)``, ``"a"``; none of ``.``."""
    if node is None or (isinstance(node, Constant) and node.value is None):
        return []
    node = unwrap(node)
    if isinstance(node, Name):
        return [] if node.name == "." else [node.name]
    if isinstance(node, Constant) and isinstance(node.value, str):
        return [node.value]
    if function_name(node) in {"~", "+", "vars", "c"}:
        return [name for part in operands(node) for name in _facet_names(part)]
    raise Untranslated(f"panels by `{deparse(node)}` have no translation: make a column of it first")


# --- saving -----------------------------------------------------------------------------------------------------------


@translates(
    "ggsave",
    "filename, plot = last_plot(), device = NULL, path = NULL, scale = 1, width = NA, height = NA, units = 'in', "
    "dpi = 300, limitsize = TRUE, bg = NULL",
    "`plot.save(filename)`",
    packages=PACKAGE,
)
def ggsave(call: RCall) -> Value:
    """A plot as a file."""
    plot = call.optional("plot")
    if plot is None or plot.kind is not Kind.PLOT:
        raise Untranslated("`ggsave` without its plot has no translation: name the plot")
    names = [name for name in ("width", "height", "units", "dpi") if call.given(name)]
    named = {name: call.value(name) for name in names}
    call.emit("PLOT.save(FILE, **NAMED)", PLOT=plot, FILE=call.value("filename"), NAMED={**named, "verbose": False})
    return NOTHING


__all__ = ["SPELLINGS", "aes", "mapped"]
