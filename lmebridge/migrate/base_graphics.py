"""R's own pictures as matplotlib's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.aesthetics import line
from lmebridge.migrate.graphics_pages import GRAPHICS, begin, color_of, looks, marker_of, present, titles
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value, dictionary, literal, py, same_code
from lmebridge.rsyntax import Constant, Node, operands, operator, unwrap

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

MODELS = (Kind.FIT, Kind.LMFIT)
PLACES = {
    "topleft": "upper left",
    "topright": "upper right",
    "bottomleft": "lower left",
    "bottomright": "lower right",
    "top": "upper center",
    "bottom": "lower center",
    "left": "center left",
    "right": "center right",
    "center": "center",
}


# --- pictures ---------------------------------------------------------------------------------------------------------


@translates(
    "hist",
    "x, breaks, freq, ..., main, xlab, ylab, xlim, ylim, probability",
    "`plt.hist(x)`",
    packages=GRAPHICS,
    harmless="xlim",
)
def hist(call: RCall) -> Value:
    """A histogram."""
    value = call.value("x")
    breaks = call.optional("breaks") if call.given("breaks") else None
    if not (value.is_vector or value.kind is Kind.UNKNOWN):
        raise Untranslated("a histogram of what is no vector has no translation")
    call.note("R moves the limits of a histogram's bins to round numbers")
    named: dict[str, Any] = {"bins": "sturges" if breaks is None else breaks}
    if call.flag("probability") or not call.flag("freq", default=True):
        named["density"] = True
    named |= looks(call)
    begin(call)
    call.emit("plt.hist(X, **NAMED)", X=present(value), NAMED=named)
    titles(call)
    return NOTHING


@translates("plot", "x, ...", "`fit.plot()`", packages=GRAPHICS, kinds=MODELS, harmless="...")
def plot_model(call: RCall) -> Value:
    """A model's picture: residuals against fitted values."""
    call.emit("FIT.plot()", FIT=call.value("x"))
    return NOTHING


@translates(
    "plot",
    "x, y, ..., main, xlab, ylab, xlim, ylim, data, type",
    "`plt.scatter(x, y)`, `plt.plot(x, y)`",
    packages=GRAPHICS,
)
def plot(call: RCall) -> Value:
    """Points or a line."""
    x, y = _coordinates(call)
    if x.factor or x.element is Kind.TEXT:
        raise Untranslated("`plot` over a factor draws boxes in R: write `boxplot`")
    kind = call.choice("type", "p", p="p", l="l", b="b", n="n", o="b")
    named = looks(call)
    begin(call)
    if kind == "n":
        raise Untranslated("an empty plot has no translation")
    _draw(call, kind, x, y, named)
    titles(call)
    return NOTHING


def _draw(call: RCall, kind: str, x: Value, y: Value, named: dict[str, Any]) -> None:
    if kind == "p":
        call.emit("plt.scatter(X, Y, **NAMED)", X=x, Y=y, NAMED=named)
        return
    if kind == "b":
        named = {"marker": "o", **named}
    call.emit("plt.plot(X, Y, **NAMED)", X=x, Y=y, NAMED=named)


def _coordinates(call: RCall) -> tuple[Value, Value]:
    """X and y, from two vectors or from a formula with its data."""
    node = call.node_of("x")
    if node is not None and operator(unwrap(node)) == "~":
        y, x = _sides(call, unwrap(node))
        return x, y
    if not call.given("y"):
        raise Untranslated("`plot` of one object of this kind has no translation")
    x, y = call.value("x"), call.value("y")
    if not all(value.is_vector or value.kind is Kind.UNKNOWN for value in (x, y)):
        raise Untranslated("`plot` of what are no vectors has no translation")
    return x, y


def _sides(call: RCall, formula: Node) -> tuple[Value, Value]:
    parts = operands(formula)
    if len(parts) != 2:
        raise Untranslated("a formula without a left side has no translation here")
    data = next((call.value(name) for name in ("data", "y") if call.given(name)), None)
    scope = call.scope if data is None else call.scope.masked(data)
    if scope.mask is not None and scope.mask.parameter:
        raise Untranslated("data without a name have no translation here: give the data frame a name first")
    return scope.value(parts[0]), scope.value(parts[1])


@translates(
    "boxplot",
    "x, ..., data, main, xlab, ylab, xlim, ylim",
    "`y.groupby(g)` in `plt.boxplot`",
    packages=GRAPHICS,
)
def boxplot(call: RCall) -> Value:
    """Boxes, one a group."""
    node = call.node_of("x")
    named = {name: value for name, value in looks(call).items() if name != "color"}
    call.note("the boxes' ends are quartiles here and hinges in R")
    if node is None or operator(unwrap(node)) != "~":
        value = call.value("x")
        if not value.is_vector:
            raise Untranslated("boxes of what is no vector have no translation")
        begin(call)
        call.emit("plt.boxplot(X, **NAMED)", X=present(value), NAMED=named)
    else:
        y, group = _sides(call, unwrap(node))
        if not (y.is_series and group.is_series):
            raise Untranslated("boxes by what is no column have no translation")
        begin(call)
        frame, column, by = _one_frame(y, group)
        call.emit("D.boxplot(column=Y, by=G, ax=plt.gca(), **NAMED)", D=frame, Y=column, G=by, NAMED=named)
    titles(call)
    return NOTHING


def _one_frame(y: Value, group: Value) -> tuple[ast.expr, str, str]:
    """A frame with both, and their names in it: the frame they are columns of, or one made of them."""
    first, second = _column_key(y.code), _column_key(group.code)
    if first and second and same_code(_owner(y.code), _owner(group.code)):
        return _owner(y.code), first, second
    first, second = first or "y", second or "group"
    return py("pd.DataFrame(COLUMNS)", COLUMNS=dictionary({first: y, second: group})), first, second


def _column_key(code: ast.expr) -> str:
    if isinstance(code, ast.Subscript) and isinstance(code.slice, ast.Constant) and isinstance(code.value, ast.Name):
        return str(code.slice.value)
    return ""


def _owner(code: ast.expr) -> ast.expr:
    return code.value if isinstance(code, ast.Subscript) else code


@translates("barplot", "height, ..., main, xlab, ylab, xlim, ylim", "`counts.plot.bar()`", packages=GRAPHICS)
def barplot(call: RCall) -> Value:
    """Bars of a table or a named vector."""
    value = call.value("height")
    if not value.is_series:
        raise Untranslated("bars of what has no names have no translation")
    named = looks(call)
    begin(call)
    call.emit("X.plot.bar(**NAMED)", X=value, NAMED=named)
    titles(call)
    return NOTHING


@translates(
    "interaction.plot", "x.factor, trace.factor, response, ...", "`y.groupby([a, b]).mean().unstack().plot()`",
    packages=GRAPHICS,
)  # fmt: skip
def interaction_plot(call: RCall) -> Value:
    """Means by two factors, a line for each level of the second."""
    first, second, y = (call.value(name) for name in ("x.factor", "trace.factor", "response"))
    if call.rest:
        call.refuse_rest()
    if not y.is_series:
        raise Untranslated("means of what is no column have no translation")
    call.emit("Y.groupby([A, B], observed=True).mean().unstack().plot()", Y=y, A=first, B=second)
    return NOTHING


@translates("qqnorm", "y, ..., main, xlab, ylab", "`stats.probplot(x, plot=plt)`", packages=GRAPHICS)
def qqnorm(call: RCall) -> Value:
    """Quantiles against the normal distribution's."""
    looks(call)
    begin(call)
    call.note("probplot draws the line too, by least squares, and places the points a little otherwise than qqnorm")
    call.emit("stats.probplot(X, plot=plt)", X=present(call.value("y")))
    titles(call)
    return NOTHING


@translates("qqline", "y, ...", "drawn by `stats.probplot` already", packages=GRAPHICS, harmless="y ...")
def qqline(call: RCall) -> Value:
    """The line of a Q-Q plot, which `probplot` draws."""
    _ = call.rest
    return NOTHING


@translates("pairs", "x, ...", "`pd.plotting.scatter_matrix(d)`", packages=GRAPHICS, kinds=(Kind.FRAME,))
def pairs(call: RCall) -> Value:
    """Every column against every other."""
    call.emit("pd.plotting.scatter_matrix(D)", D=call.value("x"))
    return NOTHING


# --- additions --------------------------------------------------------------------------------------------------------


@translates("lines", "x, y, ..., data", "`plt.plot(x, y)`", packages=GRAPHICS)
def lines(call: RCall) -> Value:
    """A line on the picture."""
    x, y = _coordinates(call)
    _draw(call, "l", x, y, looks(call))
    return NOTHING


@translates("points", "x, y, ..., data", "`plt.scatter(x, y)`", packages=GRAPHICS)
def points(call: RCall) -> Value:
    """Points on the picture."""
    x, y = _coordinates(call)
    _draw(call, "p", x, y, looks(call))
    return NOTHING


@translates("abline", "a, b, h, v, ...", "`plt.axhline`, `plt.axvline`, `plt.axline`", packages=GRAPHICS)
def abline(call: RCall) -> Value:
    """Straight lines across the picture."""
    named = looks(call)
    for name, template in (("h", "plt.axhline(X, **NAMED)"), ("v", "plt.axvline(X, **NAMED)")):
        if call.given(name):
            value = call.value(name)
            if value.is_vector:
                raise Untranslated("several lines at once have no translation: draw them one by one")
            call.emit(template, X=value, NAMED=named)
    if call.given("a"):
        intercept, slope = _straight(call)
        call.emit("plt.axline((0, A), slope=B, **NAMED)", A=intercept, B=slope, NAMED=named)
    return NOTHING


def _straight(call: RCall) -> tuple[Any, Any]:
    first = call.value("a")
    if first.kind is Kind.LMFIT:
        return py("FIT.coef().iloc[0]", FIT=first), py("FIT.coef().iloc[1]", FIT=first)
    if not call.given("b") or first.is_vector:
        raise Untranslated("a line by this object has no translation: give its intercept and slope")
    return first, call.value("b")


@translates("text", "x, y, labels, ...", "`plt.text(x, y, label)`", packages=GRAPHICS)
def text_at(call: RCall) -> Value:
    """One text at a place."""
    x, y, label = (call.value(name) for name in ("x", "y", "labels"))
    if any(value.is_vector for value in (x, y, label)):
        raise Untranslated("several texts at once have no translation")
    call.emit("plt.text(X, Y, T, **NAMED)", X=x, Y=y, T=label, NAMED=looks(call))
    return NOTHING


@translates("title", "main, sub, xlab, ylab, ...", "`plt.title(main)`", packages=GRAPHICS)
def title(call: RCall) -> Value:
    """Titles of the picture and its axes."""
    titles(call)
    return NOTHING


@translates(
    "legend", "x, y, legend, fill, col, ..., lty, pch, lwd, title", "`plt.legend(handles=...)`", packages=GRAPHICS
)
def legend(call: RCall) -> Value:
    """A legend, each of its lines as R describes it."""
    place = PLACES.get(call.constant("x"))
    labels = call.constant("legend")
    if place is None or not isinstance(labels, list):
        raise Untranslated("a legend at a point, or of computed texts, has no translation")
    looks(call)
    handles = [_handle(call, place_, label) for place_, label in enumerate(labels)]
    named = {"title": call.value("title")} if call.given("title") else {}
    call.emit("plt.legend(handles=HANDLES, loc=PLACE, **NAMED)", HANDLES=handles, PLACE=place, NAMED=named)
    return NOTHING


def _handle(call: RCall, place: int, label: str) -> ast.expr:
    """One line of a legend: R repeats colours, lines and symbols as needed."""
    named: dict[str, Any] = {}
    for parameter in ("col", "fill"):
        if call.given(parameter):
            named |= color_of(_item(call, parameter, place))
    if call.given("lty"):
        named["linestyle"] = line(call, _item(call, "lty", place))
    if call.given("pch"):
        named["marker"] = marker_of(_item(call, "pch", place))
        named.setdefault("linestyle", "none")
    if call.given("lwd"):
        named["linewidth"] = _item(call, "lwd", place)
    return py("plt.Line2D([], [], **NAMED)", NAMED={**named, "label": label})


def _item(call: RCall, parameter: str, place: int) -> Value:
    values = _written(call, parameter)
    values = values if isinstance(values, list) else [values]
    found = values[place % len(values)]
    return Value(literal(found), constant=found)


def _written(call: RCall, parameter: str) -> Any:
    """The constants of an argument, ranges such as ``1:2`` among them."""
    node = call.node_of(parameter)
    ends = [part.value if isinstance(part, Constant) else None for part in operands(node)] if node else []
    if node is not None and operator(node) == ":" and all(isinstance(end, (int, float)) for end in ends):
        low, high = (int(end) for end in ends if isinstance(end, (int, float)))
        return list(range(low, high + 1))
    return call.constant(parameter)
