"""R scripts around lme4 to Python scripts around lmebridge and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmebridge.migrate.script import Leftover, Statement, Translation, translate

__all__ = ["Leftover", "Statement", "Translation", "translate"]


def __getattr__(name: str) -> Any:
    """Load the translator, with its table of R functions, when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("lmebridge.migrate.script"), name)
