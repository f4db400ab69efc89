"""Tests, intervals, simulations and shares of variance of a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.registry import translates
from lmebridge.migrate.subsetting import MEMBERS
from lmebridge.migrate.values import Kind, Value, literal, number, py
from lmebridge.rsyntax import Node, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

from lmebridge.migrate.model_parts import BOTH, FIT, MODELS, model_info, re_form


@translates(
    "anova", "object, ..., refit = TRUE, model.names = NULL, type, ddf", "`lme.anova(fit1, fit2)`", kinds=MODELS
)
def anova(call: RCall) -> Value:
    """Likelihood-ratio tests of several models, or the tests of one model's terms."""
    first = call.value("object")
    others = [value for name, value in call.rest_values if name is None or name == "test"]
    others = [value for value in others if value.kind in BOTH]
    options: dict[str, Any] = {}
    for name in ("refit", "type", "ddf"):
        if call.given(name):
            options[name] = _type(call) if name == "type" else call.value(name)
    call.ignore("model.names")
    if not others and model_info(first).tests and "ddf" not in options:
        options["ddf"] = literal("Satterthwaite")
    if not others and first.kind is Kind.LMFIT:
        raise call.fail("`anova` of a single linear model has no translation")
    return Value(py("lme.anova(*FITS, **OPTIONS)", FITS=[first, *others], OPTIONS=options), Kind.TABLE, Kind.NUMBER)


def _type(call: RCall) -> str:
    """The type of the tests of terms, which lmerTest also takes as a number."""
    given = call.constant("type")
    numerals = {1: "I", 2: "II", 3: "III", "1": "I", "2": "II", "3": "III"}
    return str(numerals.get(given, given))


@translates("drop1", "object, scope, scale, test, ...", "`fit.drop1()`", kinds=FIT)
def drop1(call: RCall) -> Value:
    """Each term left out once."""
    options = {"test": call.value("test")} if call.given("test") else {}
    return Value(py("FIT.drop1(**OPTIONS)", FIT=call.value("object"), OPTIONS=options), Kind.TABLE, Kind.NUMBER)


@translates("ranova rand", "model, reduce.terms = TRUE, ...", "`fit.ranova()`", packages="lmerTest", kinds=FIT)
def ranova(call: RCall) -> Value:
    """Tests of the random terms."""
    return Value(py("FIT.ranova()", FIT=call.value("model")), Kind.TABLE, Kind.NUMBER)


@translates(
    "confint",
    "object, parm, level = 0.95, method = 'profile', oldNames = TRUE, nsim = 500, boot.type, quiet = FALSE, seed, ...",
    "`fit.confint(method=...)`",
    kinds=BOTH,
    harmless="quiet",
)
def confint(call: RCall) -> Value:
    """Confidence intervals."""
    fit = call.value("object")
    options: dict[str, Any] = {}
    for name in ("parm", "level", "method", "nsim", "seed"):
        if call.given(name):
            options[name] = _parm(call) if name == "parm" else call.value(name)
    if fit.kind is Kind.LMFIT:
        options.pop("method", None)
        call.ignore("oldNames")
    elif call.flag("oldNames", True) and _names_variances(call):
        options["oldNames"] = literal(True)
    if call.given("method") and call.constant("method") == "boot":
        call.note("R and Python draw different random numbers from the same seed")
    return Value(py("FIT.confint(**OPTIONS)", FIT=fit, OPTIONS=options), Kind.TABLE, Kind.NUMBER)


def _names_variances(call: RCall) -> bool:
    """Whether intervals of variances, whose names are old or new, are among those asked for."""
    return not call.given("parm") or call.value("parm").constant != "beta_"


def _parm(call: RCall) -> Any:
    value = call.value("parm")
    if value.element is Kind.NUMBER and value.kind is Kind.NUMBER:
        raise call.fail("parameters by place have no translation: name them")
    return value


@translates(
    "simulate", "object, nsim = 1, seed = NULL, use.u = FALSE, re.form = NA, ...", "`fit.simulate()`", kinds=FIT
)
def simulate(call: RCall) -> Value:
    """Responses drawn from the model."""
    call.note("R and Python draw different random numbers from the same seed")
    options: dict[str, Any] = {}
    for name in ("nsim", "seed"):
        if call.given(name):
            options[name] = call.value(name)
    if call.given("re.form"):
        options["re_form"] = re_form(call, "re.form") or literal(None)
    if call.flag("use.u"):
        options["use_u"] = literal(True)
    code = py("FIT.simulate(**OPTIONS)", FIT=call.value("object"), OPTIONS=options)
    return Value(code, Kind.FRAME, rows=model_info(call.value("object")).rows)


@translates(
    "bootMer",
    "x, FUN, nsim = 1, seed = NULL, use.u = FALSE, re.form = NA, type = 'parametric', verbose, .progress, PBargs, "
    "parallel, ncpus, cl",
    "`fit.bootMer(FUN, nsim=...)`",
    packages="lme4",
    kinds=FIT,
    harmless="verbose .progress PBargs parallel ncpus cl",
)
def boot_mer(call: RCall) -> Value:
    """The parametric bootstrap."""
    call.default_only(type="parametric")
    call.note("R and Python draw different random numbers from the same seed")
    fit = call.value("x")
    function = function_of(call, call.node_of("FUN"), [fit])
    options: dict[str, Any] = {name: call.value(name) for name in ("nsim", "seed") if call.given(name)}
    if call.flag("use.u"):
        options["use_u"] = literal(True)
    call.default_only(re_form=None)
    code = py("FIT.bootMer(F, **OPTIONS)", FIT=fit, F=function, OPTIONS=options)
    return Value(code, Kind.BOOTSTRAP)


def _bootstrap_member(call: RCall, value: Value, name: str) -> Value:
    """``bootMer(...)$t``."""
    kinds = {"t0": (Kind.NAMED, Kind.NUMBER), "t": (Kind.FRAME, Kind.UNKNOWN)}
    if name not in kinds:
        raise call.fail(f"`${name}` of a bootstrap has no translation")
    kind, element = kinds[name]
    return Value(py(f"B.{name}", B=value), kind, element)


MEMBERS[Kind.BOOTSTRAP] = _bootstrap_member


def function_of(call: RCall, node: Node | None, known: list[Value]) -> Any:
    """A function given as an argument: a lambda, a function of the program, an accessor of a model."""
    from lmebridge.migrate.functions import lambda_of

    if node is None:
        raise call.fail("the function is missing")
    if operator(node) == "function":
        return lambda_of(call.scope, node, known)[0]
    value = call.scope.value(node)
    if value.kind is not Kind.FUNCTION:
        raise call.fail("what should be a function is none that is known")
    if isinstance(value.source, str):
        return py(f"lme.{value.source}") if value.source in {"fixef", "sigma", "getME"} else _refuse(call, value)
    return value.code


def _refuse(call: RCall, value: Value) -> Any:
    raise call.fail(f"`{value.source}` as an argument has no translation here")


@translates(
    "icc", "model, by_group = FALSE, tolerance = 1e-05, ...", "`lme.icc(fit)`", packages="performance", kinds=FIT
)
def icc(call: RCall) -> Value:
    """The intraclass correlation."""
    if call.flag("by_group"):
        code = py("lme.icc(FIT, by_group=True)", FIT=call.value("model"))
        return Value(code, Kind.FRAME, rows=call.scope.new_rows())
    parts = {name: number(0) for name in ("ICC_adjusted", "ICC_unadjusted")}
    parts = {name: each.but(constant=None) for name, each in parts.items()}
    return Value(py("lme.icc(FIT)", FIT=call.value("model")), Kind.MAPPING, parts=parts, complete=True)


@translates("r2 r2_nakagawa", "model, ...", "`lme.r2(fit)`", packages="performance", kinds=FIT)
def r2(call: RCall) -> Value:
    """The explained variance."""
    parts = {name: Value(literal(0), Kind.NUMBER, Kind.NUMBER) for name in ("R2_conditional", "R2_marginal")}
    return Value(py("lme.r2(FIT)", FIT=call.value("model")), Kind.MAPPING, parts=parts, complete=True)


@translates("model.matrix", "object, ...", "`fit.model_matrix()`", kinds=FIT)
def model_matrix(call: RCall) -> Value:
    """The fixed-effects model matrix."""
    return Value(py("FIT.model_matrix()", FIT=call.value("object")), Kind.TABLE, Kind.NUMBER)


@translates("model.frame", "formula, ...", "`fit.model_frame()`", kinds=FIT)
def model_frame(call: RCall) -> Value:
    """The variables of the model in the rows used."""
    return Value(py("FIT.model_frame()", FIT=call.value("formula")), Kind.FRAME, rows=call.scope.new_rows())


@translates("weights", "object, ...", "`fit.weights()`", kinds=FIT)
def weights(call: RCall) -> Value:
    """Prior weights."""
    fit = call.value("object")
    return Value(py("FIT.weights()", FIT=fit), Kind.COLUMN, Kind.NUMBER, rows=model_info(fit).rows)
