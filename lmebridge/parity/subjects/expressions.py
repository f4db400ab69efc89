"""R expressions over a case's columns, evaluated for engines that take arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def values_of(expression: str | None, frame: pd.DataFrame) -> np.ndarray | None:
    """One value a row; None for no expression."""
    if expression is None:
        return None
    from lmebridge.evaluation.evaluator import evaluate
    from lmebridge.rsyntax import parse_expression

    return np.asarray(evaluate(parse_expression(expression), frame), dtype=float)
