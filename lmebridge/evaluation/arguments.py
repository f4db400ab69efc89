"""The arguments of one call of an R function, evaluated, and a function's entry in the table of functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pandas import NA

from lmebridge.errors import DataError
from lmebridge.evaluation.values import Value, as_double, as_logical, as_text, length, r_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

#: One argument's value, or the (name, value) pairs of R's dots.
ArgumentValue: TypeAlias = Value | list[tuple[str | None, Value]]


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call, by the function's parameters.

    Attributes
    ----------
    function : str
        The function's name.
    values : mapping of str to R vector
        What was given; absent parameters are absent.
    n_rows : int
        Rows of the table the call is evaluated on.
    note : callable
        Receives R's warnings.
    """

    function: str
    values: Mapping[str, ArgumentValue]
    n_rows: int
    note: Callable[[str], None]

    def has(self, name: str) -> bool:
        """Whether the argument was given, and not as NULL."""
        return self.values.get(name) is not None

    def value(self, name: str) -> Value:
        """An argument that must be there."""
        found = self.values.get(name)
        if name not in self.values or isinstance(found, list):
            raise DataError(f'argument "{name}" is missing, with no default, in `{self.function}()`')
        return found

    def dots(self) -> list[tuple[str | None, Value]]:
        """R's ``...``."""
        found = self.values.get("...", [])
        return found if isinstance(found, list) else [(None, found)]

    def vectors(self) -> list[Value]:
        """The values of R's ``...`` without their names."""
        return [value for _, value in self.dots()]

    def numbers(self, name: str) -> np.ndarray:
        """An argument as numbers."""
        return as_double(self.value(name))

    def scalar(self, name: str, default: float) -> float:
        """A single number."""
        return self.single(name) if self.has(name) else default

    def single(self, name: str) -> float:
        """A single number that must be there."""
        found = self.numbers(name)
        if len(found) != 1:
            raise DataError(f"`{name}` of `{self.function}()` must be one number, not {len(found)}")
        return float(found[0])

    def flag(self, name: str, *, default: bool) -> bool:
        """A single TRUE or FALSE."""
        if not self.has(name):
            return default
        found = as_logical(self.value(name))
        return found[0] is not NA and bool(found[0])

    def texts(self, name: str) -> list[str | None]:
        """An argument as text."""
        return list(as_text(self.value(name)))

    def is_flag(self, name: str) -> bool:
        """Whether the argument is a single TRUE or FALSE, where it may also be numbers."""
        return self.has(name) and r_class(self.value(name)) == "logical" and length(self.value(name)) == 1


@dataclass(frozen=True)
class Function:
    """An R function lmebridge evaluates itself.

    Attributes
    ----------
    parameters : tuple of str
        R's parameters, in R's order.
    evaluate : callable
        From `Arguments` to the value.
    """

    parameters: tuple[str, ...]
    evaluate: Callable[[Arguments], Value]
