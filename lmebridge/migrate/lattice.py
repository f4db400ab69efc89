"""lattice's pictures of random effects as lmebridge's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value
from lmebridge.rsyntax import function_name, operands

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

MODELS = (Kind.FIT, Kind.LMFIT)


@translates("dotplot", "x, data, ...", "`fit.plot_ranef()`", packages="lattice", kinds=(Kind.RANEF,))
def dotplot(call: RCall) -> Value:
    """A caterpillar of the random effects."""
    return _of_fit(call, "FIT.plot_ranef()")


@translates("qqmath", "x, data, ...", "`fit.qqmath_ranef()`", packages="lattice", kinds=(Kind.RANEF,))
def qqmath(call: RCall) -> Value:
    """Random effects against quantiles of the normal distribution."""
    return _of_fit(call, "FIT.qqmath_ranef()")


@translates("qqmath", "x, ...", "`fit.qqmath()`", packages="lattice lme4", kinds=MODELS)
def qqmath_residuals(call: RCall) -> Value:
    """Residuals against quantiles of the normal distribution."""
    call.emit("FIT.qqmath()", FIT=call.value("x"))
    return NOTHING


def _of_fit(call: RCall, template: str) -> Value:
    node = call.node_of("x")
    if node is not None and function_name(node) == "ranef":
        fit = call.scope.value(operands(node)[0])
    else:
        fit = _model_of(call, call.value("x"))
    call.emit(template, FIT=fit)
    return NOTHING


def _model_of(call: RCall, effects: Value) -> Value:
    """The variable that holds the model of these random effects."""
    for value in call.scope.symbols.values():
        if value.kind is Kind.FIT and value.source is not None and value.source is effects.source:
            return value
    raise Untranslated("the model of these random effects is not known: write `dotplot(ranef(fit))`")
