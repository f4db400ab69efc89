"""Matrices: made, turned, multiplied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.operators import as_array, by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Value, literal, py
from lmebridge.rsyntax import Node, function_name, operands

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

_MATRICES = frozenset({Kind.TABLE, Kind.MATRIX})
_VECTORS = frozenset({Kind.ARRAY, Kind.LIST, Kind.NAMED, Kind.COLUMN})


@translates("%*%", "x, y", "`x @ y`")
def product(call: RCall) -> Value:
    """The product of matrices and vectors; `t()` of a vector is the vector itself in NumPy."""
    left, right = (_factor(call, call.argument(name)) for name in ("x", "y"))
    vectors = [side.kind in _VECTORS for side in (left, right)]
    if vectors == [True, True] and function_name(call.argument("y")) == "t":
        raise call.fail("the outer product by `%*%` has no translation: write `outer()`")
    kind = {0: Kind.MATRIX, 1: Kind.ARRAY, 2: Kind.NUMBER}[sum(vectors)]
    return Value(py("X @ Y", X=left, Y=right), kind, Kind.NUMBER)


def _factor(call: RCall, node: Node) -> Value:
    """One side of a product, without labels: pandas would match them."""
    turned = function_name(node) == "t" and len(operands(node)) == 1
    value = call.scope.value(operands(node)[0] if turned else node)
    if turned and value.kind not in _VECTORS:
        value = call.scope.value(node)
    if value.kind in _VECTORS and value.element is Kind.NUMBER and not value.factor:
        return as_array(by_place(value))
    if value.kind not in _MATRICES:
        raise call.fail(f"`%*%` with a {value.kind.value} has no translation")
    return value.but(code=py("X.to_numpy()", X=value), kind=Kind.MATRIX) if value.kind is Kind.TABLE else value


@translates("t", "x", "`x.T`")
def transposed(call: RCall) -> Value:
    """Rows as columns."""
    value = call.value("x")
    if value.kind not in {*_MATRICES, Kind.FRAME}:
        raise call.fail(f"`t` of a {value.kind.value} has no translation")
    kind = Kind.MATRIX if value.kind is Kind.MATRIX else Kind.TABLE
    return Value(py("X.T", X=value), kind, value.element, source="matrix" if kind is Kind.TABLE else None)


@translates(
    "matrix",
    "data = NA, nrow = 1, ncol = 1, byrow = FALSE, dimnames = NULL",
    "`np.reshape(x, (n, k))`; `np.full((n, k), x)`",
)
def matrix(call: RCall) -> Value:
    """A matrix of given values, or of one value everywhere."""
    call.default_only(dimnames=None)
    value = call.optional("data") or Value(py("np.nan"), Kind.NA)
    rows, columns = (call.optional(name) for name in ("nrow", "ncol"))
    if value.kind in SCALARS:
        shape = py("(N, K)", N=rows or literal(1), K=columns or literal(1))
        call.flag("byrow")
        return Value(py("np.full(SHAPE, X)", SHAPE=shape, X=value), Kind.MATRIX, Kind.NUMBER)
    if value.kind not in _VECTORS or value.element is not Kind.NUMBER or (rows is None and columns is None):
        raise call.fail("`matrix` is translated for numbers, with `nrow` or `ncol`")
    shape = py("(N, K)", N=rows or literal(-1), K=columns or literal(-1))
    order = {} if call.flag("byrow") else {"order": literal("F")}
    code = py("np.reshape(X, SHAPE, **O)", X=by_place(value), SHAPE=shape, O=order)
    return Value(code, Kind.MATRIX, Kind.NUMBER)
