"""Regular sequences and repetitions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from lmebridge.migrate.operators import by_place
from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import SCALARS, Kind, Value, literal, py
from lmebridge.migrate.vectors import length

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("seq", "from = 1, to = 1, by, length.out = NULL, along.with = NULL, ...", "`np.arange`, `np.linspace`")
def seq(call: RCall) -> Value:
    """A regular sequence."""
    call.refuse_rest()
    if call.given("length.out"):
        if call.given("by"):
            raise call.fail("`seq` by a step and a length has no translation")
        code = py("np.linspace(A, B, N)", A=call.value("from"), B=call.value("to"), N=call.value("length.out"))
        return Value(code, Kind.ARRAY, Kind.NUMBER)
    if not call.given("to"):
        return _along(call)
    start, stop = call.value("from"), call.value("to")
    step = call.optional("by")
    if step is None:
        step = Value(literal(1), Kind.NUMBER, Kind.NUMBER, constant=1)
    return _stepped(call, start, stop, step)


def _along(call: RCall) -> Value:
    """``seq(n)`` and ``seq(x)``."""
    value = call.value("from")
    return positions_of(value.code if value.kind is Kind.NUMBER else length(value))


def _stepped(call: RCall, start: Value, stop: Value, step: Value) -> Value:
    """`np.arange` leaves its end out: it goes one step further, or half a step where the step is no whole number."""
    numbers = [start.constant, stop.constant, step.constant]
    if not all(isinstance(each, (int, float)) for each in numbers):
        if step.constant != 1:
            raise call.fail("`seq` by a step between computed ends has no translation")
        return Value(py("np.arange(A, B + 1)", A=start, B=stop), Kind.ARRAY, Kind.NUMBER)
    if not call.given("by") and start.constant > stop.constant:
        step = Value(literal(-1), Kind.NUMBER, Kind.NUMBER, constant=-1)
        numbers[2] = -1
    first, last, by = (float(each) for each in numbers)
    if by == 0 or (last - first) / by < 0:
        raise call.fail("`seq` with a step in the wrong direction")
    if all(each.is_integer() for each in (first, last, by)):
        end = last + (1 if by > 0 else -1)
        extra = [] if by == 1 else [step]
        code = py("np.arange(A, B, *STEP)", A=start, B=literal(end), STEP=extra)
        return Value(code, Kind.ARRAY, Kind.NUMBER, constant=None)
    count = int((last - first) / by + 1e-10) + 1
    reached = first + (count - 1) * by
    end_code = stop.code if abs(reached - last) < abs(by) * 1e-9 else literal(reached)
    return Value(py("np.linspace(A, B, N)", A=start, B=end_code, N=count), Kind.ARRAY, Kind.NUMBER)


def positions_of(count: ast.expr) -> Value:
    """``1:n``."""
    from lmebridge.migrate.operators import plus_one

    code = py("np.arange(1, N)", N=plus_one(count))
    source = ("range", literal(1), count)
    return Value(code, Kind.ARRAY, Kind.NUMBER, positions=py("range(N)", N=count), source=source)


def moved(positions: ast.expr, steps: Value, sign: str) -> ast.expr | None:
    """A counter some places on, counted from zero: ``x[[i - 1]]``; None where it is not known how many."""
    if sign not in {"+", "-"} or not isinstance(steps.constant, (int, float)) or steps.constant != int(steps.constant):
        return None
    return ast.BinOp(positions, ast.Add() if sign == "+" else ast.Sub(), steps.code)


@translates("seq_len", "length.out", "`range(n)` in loops; `np.arange(1, n + 1)`")
def seq_len(call: RCall) -> Value:
    """The first whole numbers."""
    return positions_of(call.code("length.out"))


@translates("seq_along", "along.with", "`range(len(x))` in loops")
def seq_along(call: RCall) -> Value:
    """The positions of a vector."""
    return positions_of(length(call.value("along.with")))


@translates("rep rep.int", "x, times = 1, each = 1, length.out, ...", "`np.repeat`, `np.tile`, `[x] * n`")
def rep(call: RCall) -> Value:
    """Values repeated."""
    value = by_place(call.value("x"))
    if call.given("each") and call.given("times"):
        raise call.fail("`rep` with `each` and `times` has no translation")
    if call.given("each"):
        return Value(py("np.repeat(X, N)", X=value, N=call.value("each")), Kind.ARRAY, value.element)
    if call.given("length.out"):
        if value.kind not in SCALARS:
            return Value(py("np.resize(X, N)", X=value, N=call.value("length.out")), Kind.ARRAY, value.element)
        return Value(py("np.repeat(X, N)", X=value, N=call.value("length.out")), Kind.ARRAY, value.element)
    times = call.value("times")
    if value.kind in SCALARS or times.is_vector:
        return Value(py("np.repeat(X, N)", X=value, N=times), Kind.ARRAY, value.element)
    return Value(py("np.tile(X, N)", X=value, N=times), Kind.ARRAY, value.element)
