"""Random numbers: drawn from the same distributions, and never the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Value, literal, py

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

NOTE = "R and Python draw different random numbers from the same seed"


@translates("rnorm", "n, mean = 0, sd = 1", "`np.random.normal(mean, sd, n)`")
@translates("runif", "n, min = 0, max = 1", "`np.random.uniform(min, max, n)`")
@translates("rpois", "n, lambda", "`np.random.poisson(mean, n)`")
@translates("rbinom", "n, size, prob", "`np.random.binomial(size, prob, n)`")
def draws(call: RCall) -> Value:
    """Independent draws."""
    function, names = {
        "rnorm": ("normal", ("mean", "sd")),
        "runif": ("uniform", ("min", "max")),
        "rpois": ("poisson", ("lambda",)),
        "rbinom": ("binomial", ("size", "prob")),
    }[call.name]
    count = call.value("n")
    if count.kind not in {Kind.NUMBER, Kind.UNKNOWN}:
        raise call.fail(f"`{call.name}` for as many draws as a vector is long has no translation")
    defaults = {"mean": 0, "sd": 1, "min": 0, "max": 1}
    given = any(call.given(name) for name in names)
    places = [_parameter(call, name, defaults.get(name)) for name in names] if given else []
    call.note(NOTE)
    code = py(f"np.random.{function}(*P, SIZE)", P=places, SIZE=count)
    if not given:
        code = py(f"np.random.{function}(size=SIZE)", SIZE=count)
    return Value(code, Kind.ARRAY, Kind.NUMBER, missing_free=True)


def _parameter(call: RCall, name: str, default: float | None) -> Value:
    found = call.optional(name)
    if found is not None:
        return found.but(code=py("X.to_numpy()", X=found)) if found.is_series else found
    if default is None:
        raise call.fail(f"`{call.name}` is called without `{name}`")
    return Value(literal(default), Kind.NUMBER, Kind.NUMBER)


@translates("sample", "x, size, replace = FALSE, prob = NULL", "`np.random.choice(x, n)`, `np.random.permutation(x)`")
def sample(call: RCall) -> Value:
    """Elements drawn from a vector."""
    call.default_only(prob=None)
    value = call.value("x")
    if value.kind in SCALARS or not value.is_vector or value.factor:
        raise call.fail("`sample` is translated for a vector")
    call.note(NOTE)
    if not call.given("size") and not call.flag("replace"):
        return Value(py("np.random.permutation(X)", X=value), Kind.ARRAY, value.element)
    size = call.optional("size") or Value(py("len(X)", X=value), Kind.NUMBER)
    options = {} if call.flag("replace") else {"replace": literal(False)}
    code = py("np.random.choice(X, N, **O)", X=value, N=size, O=options)
    return Value(code, Kind.ARRAY, value.element)
