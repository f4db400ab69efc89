"""Fitting models: `lmer`, `glmer`, `lm`, and fitting them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.expressions import IS_FORMULA
from lmebridge.migrate.factors import contrast_name
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Kind, Untranslated, Value, dictionary, literal, py, same_code
from lmebridge.rsyntax import (
    Call,
    Constant,
    Name,
    Node,
    deparse,
    function_name,
    names,
    operands,
    operator,
    parse_expression,
    unwrap,
    walk,
)

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall
    from lmebridge.migrate.scope import Scope


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a fitted model.

    Attributes
    ----------
    formula : Node or None
        Its formula, where it is written out.
    rows : str
        Rows of its data.
    excluded : bool
        Whether per-row results have a place for rows with missing values (`na.exclude`).
    tests : bool
        Whether lmerTest fitted it, so that its summary has degrees of freedom.
    """

    formula: Node | None = None
    rows: str = ""
    excluded: bool = False
    tests: bool = False


_FITTED = "data = NULL, REML = TRUE, control = lmerControl(), start = NULL, verbose = 0L, subset, weights, na.action, "
_FITTED += "offset, contrasts = NULL, devFunOnly = FALSE"


@translates("lmer", f"formula, {_FITTED}", "`lme.lmer(formula, data)`", packages="lme4 lmerTest", harmless="verbose")
def lmer(call: RCall) -> Value:
    """A linear mixed model."""
    call.default_only(devFunOnly=False)
    tests = "lmerTest" in call.scope.libraries and "lme4::" not in deparse(call.node)
    return _fitted(call, "lme.lmer", Kind.FIT, tests="lmerTest::" in deparse(call.node) or tests)


@translates(
    "glmer",
    "formula, data = NULL, family = gaussian, control = glmerControl(), start = NULL, verbose = 0L, nAGQ = 1L, subset, "
    "weights, na.action, offset, contrasts = NULL, mustart, etastart, devFunOnly = FALSE",
    "`lme.glmer(formula, data, family=...)`",
    packages="lme4",
    harmless="verbose",
)
def glmer(call: RCall) -> Value:
    """A generalized linear mixed model."""
    call.default_only(devFunOnly=False)
    return _fitted(call, "lme.glmer", Kind.FIT)


@translates(
    "lm",
    "formula, data, subset, weights, na.action, method = 'qr', model = TRUE, x = FALSE, y = FALSE, qr = TRUE, "
    "singular.ok = TRUE, contrasts = NULL, offset, ...",
    "`lme.lm(formula, data)`",
    packages="stats",
    harmless="method model x y qr singular.ok",
)
def lm(call: RCall) -> Value:
    """A linear model."""
    return _fitted(call, "lme.lm", Kind.LMFIT)


def _fitted(call: RCall, function: str, kind: Kind, *, tests: bool = False) -> Value:
    """The call of a fitting function."""
    text, node = formula_code(call, "formula")
    data = call.optional("data")
    if data is None:
        raise call.fail("a model without `data`: its variables would have to be put into a frame first")
    if data.kind not in {Kind.FRAME, Kind.UNKNOWN}:
        raise call.fail("the data of the model is no data frame that is known")
    options = fitting_options(call)
    kept = _kept_contrasts(data, node, call.scope.session.coded)
    if kept and "contrasts" not in options:
        options["contrasts"] = dictionary({name: literal(word) for name, word in kept.items()})
    code = py("FUNCTION(FORMULA, DATA, **OPTIONS)", FUNCTION=py(function), FORMULA=text, DATA=data, OPTIONS=options)
    _note_scaling(call, node)
    excluded = _action(call) == "na.exclude"
    return Value(code, kind, source=ModelInfo(node, data.rows, excluded, tests))


def _kept_contrasts(data: Value, formula: Node | None, coded: set[str]) -> dict[str, str]:
    """Contrasts that the program gave to columns of the data, for those that the formula names."""
    named = set(names(formula)) if formula is not None else set(data.parts)
    marked = {name: part.source for name, part in data.parts.items() if name in named}
    found = {name: mark[1] for name, mark in marked.items() if isinstance(mark, tuple) and mark[0] == "contrasts"}
    unknown = sorted(name for name in named & coded if name not in data.parts or found.get(name, "") is None)
    if unknown:
        raise Untranslated(f"the contrasts that `{unknown[0]}` was given above are not known here")
    return found


def _note_scaling(call: RCall, node: Node | None) -> None:
    """A formula that scales by the data at hand is not the same function on new data."""
    words = {function_name(each) for each in walk(node)} if node is not None else set()
    if "scale" in words:
        call.note("`scale()` in a formula is computed anew on new data, by R and here alike")


def fitting_options(call: RCall) -> dict[str, Any]:
    """The keyword arguments of a fitting function, those that are R's defaults left out."""
    found: dict[str, Any] = {}
    for name in ("REML", "family", "nAGQ"):
        if call.given(name):
            value = family(call) if name == "family" else call.value(name)
            if not (name in {"REML", "nAGQ"} and value.is_literal and value.constant == 1):
                found[name] = value
    for name in ("weights", "offset", "subset"):
        if call.given(name):
            found[name] = literal(written(call.scope, call.node_of(name)))
    action = _action(call)
    if action not in {None, "na.omit"}:
        found["na_action"] = literal(action)
    if call.given("contrasts") and getattr(call.argument("contrasts"), "text", "") != "NULL":
        found["contrasts"] = _contrasts(call)
    for name in ("start", "control"):
        if call.given(name) and call.value(name).kind is not Kind.NULL:
            found[name] = call.value(name)
    return found


def _action(call: RCall) -> str | None:
    if not call.given("na.action"):
        return None
    action = call.word("na.action")
    if action not in {"na.omit", "na.exclude", "na.fail"}:
        raise call.fail("this `na.action` has no translation")
    return action


def _contrasts(call: RCall) -> Any:
    """``list(f = contr.sum)`` as ``{"f": "contr.sum"}``."""
    node = call.node_of("contrasts")
    if not isinstance(node, Call) or function_name(node) != "list":
        raise call.fail("contrasts that are not written out as a list have no translation")
    named = {}
    for argument in node.arguments:
        if argument.name is None or argument.value is None:
            raise call.fail("contrasts are `factor = contr.name`")
        name = contrast_name(argument.value)
        if name is None:
            raise call.fail("only contrasts that R has a function for have a translation")
        named[argument.name] = name
    return dictionary(named)


def family(call: RCall) -> Any:
    """A family, as text or as the pair of family and link."""
    node = call.node_of("family")
    if isinstance(node, Name):
        return literal(node.name)
    if isinstance(node, Constant):
        return literal(node.value)
    if node is not None and function_name(node) in {"binomial", "poisson", "Gamma", "inverse.gaussian", "gaussian"}:
        links = operands(node)
        if not links:
            return literal(function_name(node))
        link = links[0].name if isinstance(links[0], Name) else getattr(links[0], "value", None)
        if isinstance(links[0], Name) and call.scope.is_variable(links[0].name):
            return py("(FAMILY, LINK)", FAMILY=function_name(node), LINK=call.scope.value(links[0]))
        if isinstance(link, str):
            return py("(FAMILY, LINK)", FAMILY=function_name(node), LINK=link)
    raise call.fail("this family has no translation")


def formula_code(call: RCall, parameter: str) -> tuple[Any, Node | None]:
    """A formula as text, and its tree where it is written out."""
    bare = unwrap(call.argument(parameter))
    if operator(bare) == "~":
        return formula_text(call.scope, bare), bare
    value = call.value(parameter)
    if value.kind not in {Kind.FORMULA, Kind.UNKNOWN, Kind.TEXT}:
        raise call.fail(f"the formula is a {value.kind.value}")
    return value.code, value.source if isinstance(value.source, Call) else None


def formula_text(scope: Scope, node: Node) -> Any:
    """A formula as a text, as it was written."""
    code = literal(written(scope, node))
    setattr(code, IS_FORMULA, True)
    return code


def written(scope: Scope, node: Node | None) -> str:
    """An R expression as it was written, on one line; as R prints it when a comment is in it."""
    if node is None:
        return ""
    text = " ".join(scope.session.source_text[slice(*node.span)].split())
    try:
        same = bool(text) and parse_expression(text) == node
    except ValueError:
        same = False
    return text if same else " ".join(deparse(node).split())


@translates("~", "lhs, rhs", 'the formula as a text: `"y ~ x"`')
def formula(call: RCall) -> Value:
    """A formula, which stays as it was written."""
    call.ignore("lhs", "rhs")
    return Value(formula_text(call.scope, call.node), Kind.FORMULA, source=call.node)


@translates("as.formula formula", "object, env", "the text of the formula", harmless="env")
def as_formula(call: RCall) -> Value:
    """A text that is read as a formula, or the formula of a model."""
    value = call.value("object")
    if value.kind in {Kind.FIT, Kind.LMFIT}:
        return Value(py("FIT.formula()", FIT=value), Kind.FORMULA)
    if value.kind not in {Kind.TEXT, Kind.FORMULA, Kind.UNKNOWN}:
        raise call.fail("what is made a formula is no text")
    return value.but(kind=Kind.FORMULA, constant=None, source=value.source)


_FIT = (Kind.FIT, Kind.LMFIT)


@translates("update", "object, formula., ..., evaluate = TRUE", "`fit.update(formula)`", kinds=_FIT)
def update(call: RCall) -> Value:
    """A model with another formula or other arguments."""
    call.default_only(evaluate=True)
    fit = call.value("object")
    if fit.kind is Kind.LMFIT:
        raise call.fail("`update` of a linear model has no translation: write its formula out")
    places: list[Any] = []
    if call.given("formula."):
        text, _ = formula_code(call, "formula.")
        places.append(text)
    options = {}
    for name, value in call.rest_values:
        if name not in {"REML", "data", "weights", "control", "na.action", "subset", "contrasts"}:
            raise call.fail(f"`{name}` of `update` has no translation")
        options[name.replace(".", "_")] = value
    if {"weights", "subset", "na_action", "contrasts"} & set(options):
        raise call.fail("this argument of `update` has no translation")
    code = py("FIT.update(*PLACES, **OPTIONS)", FIT=fit, PLACES=places, OPTIONS=options)
    return fit.but(code=code, source=ModelInfo(None, fit.source.rows, fit.source.excluded, fit.source.tests))


@translates("refit", "object, newresp, ...", "`fit.refit(newresp)`", packages="lme4", kinds=(Kind.FIT,))
def refit(call: RCall) -> Value:
    """The model fitted to another response."""
    return call.value("object").but(
        code=py("FIT.refit(Y)", FIT=call.value("object"), Y=call.value("newresp")), shared=False
    )


@translates("refitML", "x, ...", "`fit.refitML()`", packages="lme4", kinds=(Kind.FIT,))
def refit_ml(call: RCall) -> Value:
    """The model fitted by maximum likelihood."""
    return call.value("x").but(code=py("FIT.refitML()", FIT=call.value("x")))


@translates("lmerControl glmerControl", "optimizer, ...", "`control={...}`", packages="lme4")
def control(call: RCall) -> Value:
    """Options of the optimizer."""
    found: dict[str, Any] = {}
    if call.given("optimizer"):
        value = call.value("optimizer")
        if value.kind is not Kind.TEXT and value.kind is not Kind.LIST:
            raise call.fail("an optimizer that is not named has no translation")
        found["optimizer"] = value
    for name, value in call.rest_values:
        if name is None:
            raise call.fail("options are given by name")
        found[name.replace(".", "_")] = value
    return Value(dictionary(found), Kind.CONTROL)


def is_same_model(left: Value, right: Value) -> bool:
    """Whether two values are the same model."""
    return same_code(left.code, right.code)


def single_group(info: object) -> str | None:
    """The grouping factor of a model with one random term of one plain group, from its formula."""
    bars = _bars(info)
    if len(bars) != 1 or not isinstance(unwrap(operands(bars[0])[1]), Name):
        return None
    group = unwrap(operands(bars[0])[1])
    return group.name if isinstance(group, Name) else None


def only_intercept(info: object) -> bool:
    """Whether the model's only random term is an intercept."""
    bars = _bars(info)
    if len(bars) != 1:
        return False
    left = unwrap(operands(bars[0])[0])
    return isinstance(left, Constant) and left.value == 1


def _bars(info: object) -> list[Node]:
    if not isinstance(info, ModelInfo) or info.formula is None:
        return []
    return [node for node in walk(info.formula) if operator(node) in {"|", "||"}]


__all__ = ["ModelInfo", "Untranslated", "formula_code", "only_intercept", "single_group"]
