"""What R asks of a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.models import ModelInfo, formula_code, only_intercept, single_group
from lmebridge.migrate.registry import translates
from lmebridge.migrate.subsetting import MEMBERS
from lmebridge.migrate.values import Kind, Value, dictionary, literal, py
from lmebridge.rsyntax import Node, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

#: Mixed models, and what a function of the program is given: only these have what is asked for.
FIT = (Kind.FIT, Kind.UNKNOWN)
BOTH = (Kind.FIT, Kind.LMFIT, Kind.UNKNOWN)
#: Models that are known to be models, for what other objects have too.
MODELS = (Kind.FIT, Kind.LMFIT)


def model_info(fit: Value) -> ModelInfo:
    """What is known of a model."""
    return fit.source if isinstance(fit.source, ModelInfo) else ModelInfo()


@translates("summary", "object, ...", "`fit.summary()`; with lmerTest `fit.coef_table(ddf=...)`", kinds=MODELS)
def summary(call: RCall) -> Value:
    """The summary of a model."""
    for name, _ in call.rest_values:
        if name not in {"correlation", "corr"}:
            raise call.fail(f"`{name}` of `summary` has no translation")
    fit = call.value("object")
    return Value(py("FIT.summary()", FIT=fit), Kind.SUMMARY, source=fit)


def coefficient_table(fit: Value) -> Value:
    """The table of coefficients in a model's summary."""
    options = {"ddf": literal("Satterthwaite")} if model_info(fit).tests else {}
    return Value(py("FIT.coef_table(**OPTIONS)", FIT=fit, OPTIONS=options), Kind.TABLE, Kind.NUMBER)


def _summary_member(call: RCall, value: Value, name: str) -> Value:
    """``summary(m)$name``."""
    fit: Value = value.source
    if name in {"coefficients", "coef"}:
        return coefficient_table(fit)
    if name == "varcor":
        return Value(py("FIT.VarCorr()", FIT=fit), Kind.VARCORR, source=fit)
    numbers = {"sigma": "FIT.sigma()", "r.squared": "FIT.r_squared", "adj.r.squared": "FIT.adj_r_squared"}
    if fit.kind is Kind.FIT:
        numbers = {"sigma": "FIT.sigma()"}
    if name in numbers:
        return Value(py(numbers[name], FIT=fit), Kind.NUMBER, Kind.NUMBER)
    if name == "fstatistic" and fit.kind is Kind.LMFIT:
        return Value(py("FIT.fstatistic", FIT=fit), Kind.NAMED, Kind.NUMBER)
    if name == "ngrps" and fit.kind is Kind.FIT:
        return Value(py("FIT.ngrps()", FIT=fit), Kind.NAMED, Kind.NUMBER)
    raise call.fail(f"`${name}` of a summary has no translation")


MEMBERS[Kind.SUMMARY] = _summary_member


def _linear_member(call: RCall, value: Value, name: str) -> Value:
    """``lm(...)$name``."""
    rows = {"residuals": "FIT.residuals()", "fitted.values": "FIT.fitted()"}
    if name == "coefficients":
        return Value(py("FIT.coef()", FIT=value), Kind.NAMED, Kind.NUMBER)
    if name == "df.residual":
        return Value(py("FIT.df_residual()", FIT=value), Kind.NUMBER, Kind.NUMBER)
    if name in rows:
        return Value(py(rows[name], FIT=value), Kind.COLUMN, Kind.NUMBER, rows=model_info(value).rows)
    raise call.fail(f"`${name}` of a linear model has no translation")


MEMBERS[Kind.LMFIT] = _linear_member


@translates("fixef fixed.effects", "object, add.dropped = FALSE, ...", "`fit.fixef()`", packages="lme4 nlme", kinds=FIT)
def fixef(call: RCall) -> Value:
    """Fixed effects."""
    call.default_only(add_dropped=False)
    return Value(py("FIT.fixef()", FIT=call.value("object")), Kind.NAMED, Kind.NUMBER)


@translates(
    "coef coefficients", "object, ...", "`fit.coef()`; of a summary `fit.coef_table()`", kinds=(*MODELS, Kind.SUMMARY)
)
def coef(call: RCall) -> Value:
    """Coefficients."""
    value = call.value("object")
    if value.kind is Kind.SUMMARY:
        return coefficient_table(value.source)
    if value.kind is Kind.LMFIT:
        return Value(py("FIT.coef()", FIT=value), Kind.NAMED, Kind.NUMBER)
    return Value(py("FIT.coef()", FIT=value), Kind.MAPPING, parts=_group_parts(value), source="coef")


def _group_parts(fit: Value) -> dict[str, Value]:
    group = single_group(fit.source)
    frame = Value(fit.code, Kind.FRAME, rows=f"levels of {group}" if group else "")
    return {group: frame} if group is not None else {"*": frame}


@translates(
    "ranef random.effects",
    "object, condVar = TRUE, drop = FALSE, whichel, postVar = FALSE, ...",
    "`fit.ranef()`",
    packages="lme4 nlme",
    kinds=FIT,
    harmless="condVar postVar",
)
def ranef(call: RCall) -> Value:
    """Conditional modes of the random effects."""
    call.default_only(drop=False)
    fit = call.value("object")
    parts = _group_parts(fit)
    return Value(py("FIT.ranef()", FIT=fit), Kind.RANEF, parts=parts, complete="*" not in parts, source=fit.source)


def _ranef_member(_: RCall, value: Value, name: str) -> Value:
    """``ranef(m)$g``: the modes of one factor."""
    code = py("U[G]", U=value, G=name)
    return Value(code, Kind.FRAME, rows=f"levels of {name}")


MEMBERS[Kind.RANEF] = _ranef_member


def _varcorr_member(_: RCall, value: Value, name: str) -> Value:
    """``VarCorr(m)$g``: the covariance matrix of one factor's effects."""
    return Value(py("V[G]", V=value, G=name), Kind.TABLE, Kind.NUMBER, source=("covariance", value.code, name))


MEMBERS[Kind.VARCORR] = _varcorr_member


@translates("VarCorr", "x, sigma = 1, ...", "`fit.VarCorr()`", packages="lme4 nlme", kinds=FIT)
def varcorr(call: RCall) -> Value:
    """Variances and correlations of the random effects."""
    call.default_only(sigma=1)
    return Value(py("FIT.VarCorr()", FIT=call.value("x")), Kind.VARCORR, source=call.value("x"))


@translates("attr", "x, which, exact = FALSE", "`u0.postVar[group]`, `np.sqrt(np.diag(v))`", harmless="exact")
def attribute(call: RCall) -> Value:
    """Attributes of what lme4 gives."""
    which = call.constant("which")
    node = call.node_of("x")
    value = call.value("x")
    if which == "postVar" and node is not None:
        return _conditional_variances(call, node)
    if which == "correlation" and isinstance(value.source, tuple) and value.source[0] == "covariance":
        _, code, group = value.source
        return Value(py("V.correlation(G)", V=code, G=group), Kind.TABLE, Kind.NUMBER, source="matrix")
    if which == "df" and value.source == "logLik":
        return Value(py("X.df", X=value), Kind.NUMBER, Kind.NUMBER)
    if which == "stddev" and value.kind is Kind.TABLE:
        return Value(py("np.sqrt(np.diag(V))", V=value), Kind.ARRAY, Kind.NUMBER)
    if which == "sc" and value.kind is Kind.VARCORR:
        return Value(py("V.sc", V=value), Kind.NUMBER, Kind.NUMBER)
    if which in {"names", "levels"} and value.kind in {Kind.FRAME, Kind.COLUMN}:
        text = "list(X.columns)" if which == "names" else "list(X.cat.categories)"
        return Value(py(text, X=value), Kind.LIST, Kind.TEXT)
    raise call.fail(f'the attribute "{which}" has no translation')


def _conditional_variances(call: RCall, node: Node) -> Value:
    """``attr(ranef(m)[[1]], "postVar")`` from the random effects and the group asked for."""
    word, parts = operator(node), operands(node)
    if word not in {"$", "[["} or len(parts) != 2:
        raise call.fail("`postVar` is asked of what is no factor's modes")
    effects = call.scope.value(parts[0])
    if effects.kind is not Kind.RANEF:
        raise call.fail("`postVar` is asked of what is no random effects")
    found = call.value("x").code
    key = _key(found)
    size = 1 if only_intercept(effects.source) else None
    if key is None:
        code = py("list(U.postVar.values())[I]", U=effects, I=found.slice)  # type: ignore[attr-defined]
    else:
        code = py("U.postVar[G]", U=effects, G=key)
    return Value(code, Kind.MATRIX, Kind.NUMBER, source=("postVar", size))


def _key(found: Any) -> Any:
    """The group in ``u0["g"]``; None when it is found by its place."""
    import ast

    if (
        isinstance(found, ast.Subscript)
        and isinstance(found.slice, ast.Constant)
        and isinstance(found.slice.value, str)
    ):
        return found.slice
    return None


@translates(
    "predict",
    "object, newdata = NULL, re.form = NULL, type, allow.new.levels = FALSE, na.action, interval, level, se.fit, ...",
    "`fit.predict(newdata, re_form=lme.NA)`",
    kinds=BOTH,
    harmless="na.action",
)
def predict(call: RCall) -> Value:
    """Predictions."""
    fit, data = call.value("object"), call.optional("newdata")
    places = [] if data is None or data.kind is Kind.NULL else [data]
    options: dict[str, Any] = {}
    if call.given("re.form"):
        form = re_form(call, "re.form")
        options |= {} if form is None else {"re_form": form}
    if call.given("type"):
        options["type"] = call.value("type")
    if call.flag("allow.new.levels"):
        options["allow_new_levels"] = literal(True)
    if fit.kind is Kind.LMFIT and options:
        raise call.fail("these arguments of `predict` for a linear model have no translation")
    code = py("FIT.predict(*PLACES, **OPTIONS)", FIT=fit, PLACES=places, OPTIONS=options)
    return Value(
        code, Kind.COLUMN, Kind.NUMBER, rows=data.rows if places and data is not None else model_info(fit).rows
    )


def re_form(call: RCall, parameter: str) -> Any:
    """Which random effects: None for R's NULL, all; `lme.NA` for none; a formula's text."""
    node = call.argument(parameter)
    if operator(node) == "~":
        return formula_code(call, parameter)[0]
    value = call.value(parameter)
    if value.kind is Kind.NULL:
        return None
    if value.kind is Kind.NA:
        return py("lme.NA")
    if value.kind is Kind.FORMULA:
        return value.code
    raise call.fail(f"this `{parameter}` has no translation")


@translates("fitted fitted.values", "object, ...", "`fit.fitted()`", kinds=BOTH)
def fitted(call: RCall) -> Value:
    """Fitted values."""
    fit = call.value("object")
    return Value(py("FIT.fitted()", FIT=fit), Kind.COLUMN, Kind.NUMBER, rows=model_info(fit).rows)


@translates("residuals resid", "object, type, scaled = FALSE, ...", "`fit.residuals()`", kinds=BOTH)
def residuals(call: RCall) -> Value:
    """Residuals."""
    fit = call.value("object")
    options: dict[str, Any] = {"type": call.value("type")} if call.given("type") else {}
    code = py("FIT.residuals(**OPTIONS)", FIT=fit, OPTIONS=options)
    if call.flag("scaled"):
        code = py("R / FIT.sigma()", R=code, FIT=fit)
    return Value(code, Kind.COLUMN, Kind.NUMBER, rows=model_info(fit).rows)


_NUMBERS = {"sigma": "sigma", "nobs": "nobs", "df.residual": "df_residual", "REMLcrit": "REMLcrit", "isREML": "isREML"}


@translates(
    "sigma nobs df.residual REMLcrit", "object, ...", "the method of that name", packages="stats lme4", kinds=BOTH
)
def one_number(call: RCall) -> Value:
    """A single number of a model."""
    name = _NUMBERS[call.name]
    return Value(py(f"FIT.{name}()", FIT=call.value("object")), Kind.NUMBER, Kind.NUMBER)


@translates("logLik deviance", "object, REML = NULL, ...", "`fit.logLik()`, `fit.deviance()`", kinds=BOTH)
def likelihood(call: RCall) -> Value:
    """The log-likelihood or the deviance."""
    options = {"REML": call.value("REML")} if call.given("REML") else {}
    fit = call.value("object")
    code = py(f"FIT.{call.name}(**OPTIONS)", FIT=fit, OPTIONS=options)
    return Value(code, Kind.NUMBER, Kind.NUMBER, source=call.name)


@translates("AIC BIC", "object, ..., k = 2", "`fit.AIC()`; a table of several models", kinds=BOTH)
def criterion(call: RCall) -> Value:
    """An information criterion, of one model or of several."""
    call.default_only(k=2)
    fits = [call.value("object"), *(value for _, value in call.rest_values)]
    values = [py(f"FIT.{call.name}()", FIT=fit) for fit in fits]
    if len(fits) == 1:
        return Value(values[0], Kind.NUMBER, Kind.NUMBER)
    degrees = [py("FIT.logLik().df", FIT=fit) for fit in fits]
    names = [_name(fit) for fit in fits]
    columns = dictionary({"df": py("[*X]", X=degrees), call.name: py("[*X]", X=values)})
    return Value(py("pd.DataFrame(X, index=NAMES)", X=columns, NAMES=names), Kind.TABLE, Kind.NUMBER)


def _name(fit: Value) -> str:
    return str(getattr(fit.code, "id", "model"))


@translates("vcov", "object, ...", "`fit.vcov()`", kinds=BOTH)
def vcov(call: RCall) -> Value:
    """Covariance matrix of the fixed effects."""
    return Value(py("FIT.vcov()", FIT=call.value("object")), Kind.TABLE, Kind.NUMBER, source="matrix")


@translates("isSingular", "x, tol = 1e-4", "`fit.isSingular()`", packages="lme4", kinds=FIT)
def is_singular(call: RCall) -> Value:
    """Whether the fit is singular."""
    options = {"tol": call.value("tol")} if call.given("tol") else {}
    return Value(py("FIT.isSingular(**OPTIONS)", FIT=call.value("x"), OPTIONS=options), Kind.LOGICAL, Kind.LOGICAL)


@translates("isREML", "x, ...", "`fit.isREML()`", packages="lme4", kinds=FIT)
def is_reml(call: RCall) -> Value:
    """Whether the fit is by REML."""
    return Value(py("FIT.isREML()", FIT=call.value("x")), Kind.LOGICAL, Kind.LOGICAL)


@translates("ngrps", "object, ...", "`fit.ngrps()`", packages="lme4", kinds=FIT)
def ngrps(call: RCall) -> Value:
    """Levels of each grouping factor."""
    return Value(py("FIT.ngrps()", FIT=call.value("object")), Kind.NAMED, Kind.NUMBER)


_GET_ME = {"theta": Kind.NAMED, "X": Kind.MATRIX, "beta": Kind.ARRAY, "fixef": Kind.NAMED, "y": Kind.ARRAY}
_GET_ME |= {"u": Kind.ARRAY, "b": Kind.ARRAY, "mu": Kind.ARRAY, "offset": Kind.ARRAY, "sigma": Kind.NUMBER}


@translates("getME", "object, name, ...", "`fit.getME(name)`", packages="lme4", kinds=FIT)
def get_me(call: RCall) -> Value:
    """A part of the model."""
    name = call.constant("name")
    if not isinstance(name, str):
        raise call.fail("several parts at once have no translation")
    kind = _GET_ME.get(name, Kind.UNKNOWN)
    return Value(py("FIT.getME(N)", FIT=call.value("object"), N=name), kind, Kind.NUMBER)
