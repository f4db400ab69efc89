"""Attributes that are computed when they are first asked for, and kept."""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class cached_property(functools.cached_property[T]):  # noqa: N801 - as the one that it stands for
    """`functools.cached_property` as it is since Python 3.12: no lock is held while the value is computed.

    Python 3.11 holds one lock for all objects of a class, so that threads that ask two processes of R would wait for
    each other, and a child that is forked meanwhile would wait for ever. Two threads that ask the same object at
    once may both compute the value; one of the two, which are the same, is kept.

    Parameters
    ----------
    function : callable
        Gives the value of an object, which has a ``__dict__``.

    Examples
    --------
    >>> class Circle:
    ...     radius = 2.0
    ...
    ...     @cached_property
    ...     def diameter(self):
    ...         return 2 * self.radius
    >>> Circle().diameter
    4.0
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        super().__init__(function)
        self.lock = nullcontext()
