"""broom.mixed: models as tidy tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.model_parts import model_info
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.values import Kind, Value, literal, py

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

FIT = (Kind.FIT,)


@translates(
    "tidy",
    "x, effects, scales, conf.int = FALSE, conf.level = 0.95, conf.method = 'Wald', ...",
    "`lme.tidy(fit)`",
    packages="broom.mixed broom generics",
    kinds=FIT,
)
def tidy(call: RCall) -> Value:
    """One row an estimate."""
    call.refuse_rest()
    names = ("effects", "scales", "conf.int", "conf.level", "conf.method")
    options: dict[str, Any] = {name.replace(".", "_"): call.value(name) for name in names if call.given(name)}
    fit = call.value("x")
    if model_info(fit).tests:
        options["ddf_method"] = literal("Satterthwaite")
    code = py("lme.tidy(FIT, **OPTIONS)", FIT=fit, OPTIONS=options)
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope))


@translates("glance", "x, ...", "`lme.glance(fit)`", packages="broom.mixed broom generics", kinds=FIT)
def glance(call: RCall) -> Value:
    """One row a model."""
    call.refuse_rest()
    return Value(py("lme.glance(FIT)", FIT=call.value("x")), Kind.FRAME, rows=fresh_rows(call.scope))


@translates("augment", "x, ...", "`lme.augment(fit)`", packages="broom.mixed broom generics", kinds=FIT)
def augment(call: RCall) -> Value:
    """The rows with fitted values and residuals."""
    call.refuse_rest()
    fit = call.value("x")
    return Value(py("lme.augment(FIT)", FIT=fit), Kind.FRAME, rows=model_info(fit).rows)
