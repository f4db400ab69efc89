"""Functions of numbers, element by element: logarithms, distributions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import Kind, Value, literal, py
from lmebridge.migrate.vectors import elementwise, length

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


_NUMPY = {"exp": "exp", "sqrt": "sqrt", "abs": "abs", "log2": "log2", "log10": "log10", "log1p": "log1p"}
_NUMPY |= {"expm1": "expm1", "floor": "floor", "ceiling": "ceil", "trunc": "trunc", "sin": "sin", "cos": "cos"}
_NUMPY |= {"tan": "tan", "sign": "sign"}


@translates(" ".join(_NUMPY), "x, ...", "the function of NumPy")
def numpy_function(call: RCall) -> Value:
    """A function of numbers, element by element."""
    return elementwise(call, f"np.{_NUMPY[call.name]}(X)", call.value("x"))


@translates("log", "x, base = exp(1)", "`np.log(x)`")
def log(call: RCall) -> Value:
    """The logarithm."""
    base = call.optional("base")
    if base is None:
        return elementwise(call, "np.log(X)", call.value("x"))
    if base.constant in {2, 10}:
        return elementwise(call, f"np.log{base.constant:g}(X)", call.value("x"))
    return elementwise(call, "np.log(X) / np.log(B)", call.value("x"), B=base)


@translates("plogis", "q, location = 0, scale = 1, lower.tail = TRUE, log.p = FALSE", "`1 / (1 + np.exp(-x))`")
def plogis(call: RCall) -> Value:
    """The inverse logit."""
    call.default_only(location=0, scale=1, lower_tail=True, log_p=False)
    return elementwise(call, "1 / (1 + np.exp(-X))", call.value("q"))


@translates("qlogis", "p, location = 0, scale = 1", "`np.log(p / (1 - p))`")
def qlogis(call: RCall) -> Value:
    """The logit."""
    call.default_only(location=0, scale=1)
    return elementwise(call, "np.log(X / (1 - X))", call.value("p"))


_DISTRIBUTIONS = {"pnorm": "stats.norm.cdf(X, *P)", "qnorm": "stats.norm.ppf(X, *P)", "dnorm": "stats.norm.pdf(X, *P)"}


@translates("pnorm qnorm dnorm", "x, mean = 0, sd = 1, lower.tail = TRUE, log = FALSE", "`stats.norm` of SciPy")
def normal(call: RCall) -> Value:
    """The normal distribution."""
    call.default_only(log=False)
    upper = not call.flag("lower.tail", True)
    places = [call.value(name) for name in ("mean", "sd") if call.given(name)]
    if len(places) == 1 and not call.given("mean"):
        raise call.fail("`sd` without `mean` has no translation")
    template = _DISTRIBUTIONS[call.name]
    if upper:
        template = template.replace(".cdf", ".sf").replace(".ppf", ".isf")
    return elementwise(call, template, call.value("x"), P=places)


@translates("pt pchisq", "q, df, lower.tail = TRUE", "`stats.t`, `stats.chi2` of SciPy")
def tail_probability(call: RCall) -> Value:
    """Probabilities of the t and chi-squared distributions."""
    name = {"pt": "t", "pchisq": "chi2"}[call.name]
    side = "cdf" if call.flag("lower.tail", True) else "sf"
    return elementwise(call, f"stats.{name}.{side}(X, DF)", call.value("q"), DF=call.value("df"))


@translates("qt qchisq", "p, df, lower.tail = TRUE", "`stats.t.ppf`, `stats.chi2.ppf` of SciPy")
def distribution_quantile(call: RCall) -> Value:
    """Quantiles of the t and chi-squared distributions."""
    name = {"qt": "t", "qchisq": "chi2"}[call.name]
    side = "ppf" if call.flag("lower.tail", True) else "isf"
    return elementwise(call, f"stats.{name}.{side}(X, DF)", call.value("p"), DF=call.value("df"))


@translates("pf", "q, df1, df2, lower.tail = TRUE", "`stats.f` of SciPy")
def f_probability(call: RCall) -> Value:
    """Probabilities of the F distribution."""
    side = "cdf" if call.flag("lower.tail", True) else "sf"
    degrees = [call.value("df1"), call.value("df2")]
    return elementwise(call, f"stats.f.{side}(X, *DF)", call.value("q"), DF=degrees)


@translates("is.finite", "x", "`np.isfinite(x)`")
def is_finite(call: RCall) -> Value:
    """Whether numbers are neither missing nor infinite."""
    found = elementwise(call, "np.isfinite(X)", call.value("x"))
    return found.but(
        kind=Kind.LOGICAL if found.kind is Kind.NUMBER else found.kind, element=Kind.LOGICAL, missing_free=True
    )


@translates("ppoints", "n, a", "`(np.arange(1, n + 1) - a) / (n + 1 - 2 * a)`")
def ppoints(call: RCall) -> Value:
    """Points for a plot of quantiles.

    References
    ----------
    R ``ppoints``: ``a`` is 3/8 up to ten points, else 1/2.
    """
    count = call.value("n")
    n = length(count) if count.is_vector else count.code
    fixed = n.value if isinstance(n, ast.Constant) else None
    if not isinstance(fixed, (int, float)) and not call.given("a"):
        code = py("(np.arange(1, N + 1) - A) / (N + 1 - 2 * A)", N=n, A=py("0.375 if N <= 10 else 0.5", N=n))
        return Value(code, Kind.ARRAY, Kind.NUMBER)
    small = isinstance(fixed, (int, float)) and fixed <= 10
    a = call.value("a") if call.given("a") else literal(0.375 if small else 0.5)
    return Value(py("(np.arange(1, N + 1) - A) / (N + 1 - 2 * A)", N=n, A=a), Kind.ARRAY, Kind.NUMBER)
