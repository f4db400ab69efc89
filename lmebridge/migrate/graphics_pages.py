"""What R's graphics share: how a page is divided, colours, symbols and lines, titles of axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.aesthetics import color, line
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value, py

if TYPE_CHECKING:
    import ast

    from lmebridge.migrate.calls import RCall

GRAPHICS = "graphics base stats grDevices"
#: Arguments that only change looks that matplotlib has no single word for.
COSMETIC = "las cex.axis cex.lab cex.main xaxt yaxt bty asp ann axes mgp tcl lend ljust pt.cex cex inset horiz ncol"
MARKERS: dict[Any, str] = {
    0: "s",
    1: "o",
    2: "^",
    3: "+",
    4: "x",
    5: "D",
    15: "s",
    16: "o",
    17: "^",
    18: "D",
    19: "o",
    20: ".",
}
MARKERS |= {21: "o", 22: "s", 23: "D", 24: "^"}


# --- pages ------------------------------------------------------------------------------------------------------------


def begin(call: RCall) -> None:
    """Begin a picture: a figure of its own, or the next panel of a page that `par(mfrow=)` divides."""
    page = call.scope.session.page
    if not page.panels:
        call.emit("plt.figure()")
        return
    rows, columns = page.panels
    if page.drawn % (rows * columns) == 0:
        call.emit("plt.figure()")
    call.emit("plt.subplot(R, C, I)", R=rows, C=columns, I=page.drawn % (rows * columns) + 1)
    page.drawn += 1


@translates("par", "...", "`plt.subplot(rows, columns, i)` for `mfrow`", packages=GRAPHICS)
def par(call: RCall) -> Value:
    """How pages are divided; margins and sizes of text change nothing."""
    if call.scope.target:
        raise Untranslated("`par` whose old settings are kept has no translation: divide the page with `par(mfrow=)`")
    for argument in call.rest:
        if argument.name == "mfrow" and argument.value is not None:
            panels = call.scope.value(argument.value).constant
            if not isinstance(panels, list) or len(panels) != 2:
                raise Untranslated("`mfrow` that is computed has no translation")
            rows, columns = int(panels[0]), int(panels[1])
            call.scope.session.page.panels = None if rows * columns == 1 else (rows, columns)
            call.scope.session.page.drawn = 0
        elif argument.name not in {"mar", "oma", "cex", "las", "mgp", "pty", "xpd", "bg", "family", "ps"}:
            raise Untranslated(f"`{argument.name or 'an argument'}` of `par` has no translation")
    return NOTHING


@translates("png pdf jpeg svg tiff", "filename, ..., file", "`plt.savefig(filename)` at `dev.off()`", packages=GRAPHICS)
def device(call: RCall) -> Value:
    """A file that the next picture goes to."""
    _ = call.rest  # sizes in pixels or inches: looks
    name = "filename" if call.given("filename") else "file"
    call.scope.session.page.file = call.value(name)
    call.scope.session.page.drawn = 0
    return NOTHING


@translates("dev.off", "which", "`plt.savefig(filename)`", packages=GRAPHICS, harmless="which")
def dev_off(call: RCall) -> Value:
    """The picture, finished, as a file."""
    file = call.scope.session.page.file
    call.scope.session.page.file = None
    if file is None:
        return NOTHING
    call.emit("plt.savefig(FILE)", FILE=file)
    return NOTHING


# --- looks ------------------------------------------------------------------------------------------------------------


def looks(call: RCall, *, marker: str = "marker") -> dict[str, Any]:
    """Keyword arguments of matplotlib for R's colours, lines and symbols; titles of axes become statements later."""
    named: dict[str, Any] = {}
    for name, value in call.rest_values:
        if name in LABELS:
            continue
        if name in {"col", "border"}:
            named |= color_of(value)
        elif name == "lty":
            named["linestyle"] = line(call, value)
        elif name == "lwd":
            named["linewidth"] = value
        elif name == "pch":
            named[marker] = marker_of(value)
        elif name not in COSMETIC.split():
            raise Untranslated(f"the argument `{name or 'without a name'}` of `{call.name}` has no translation")
    return named


def color_of(value: Value) -> dict[str, Any]:
    """A colour as a keyword argument."""
    if not isinstance(value.constant, str):
        raise Untranslated("colours that are computed or numbered have no translation")
    return {"color": color(value)}


def marker_of(value: Value) -> str:
    """A plotting symbol as matplotlib's letter."""
    found = MARKERS.get(value.constant) if isinstance(value.constant, (int, float)) else value.constant
    if not isinstance(found, str):
        raise Untranslated("this plotting symbol has no translation")
    return found


LABELS = {"main": "plt.title(X)", "xlab": "plt.xlabel(X)", "ylab": "plt.ylabel(X)", "sub": "plt.figtext(0.5, 0, X)"}
LIMITS = {"xlim": "plt.xlim(X)", "ylim": "plt.ylim(X)"}


def titles(call: RCall) -> None:
    """The titles and limits of axes that a call gives."""
    for name, template in (LABELS | LIMITS).items():
        value = call.optional(name) if call.given(name) else None
        if value is not None and value.kind is not Kind.NULL:
            call.emit(template, X=value)


def present(value: Value) -> ast.expr:
    """A vector without its missing values."""
    return py("X.dropna()", X=value) if value.is_series else value.code
