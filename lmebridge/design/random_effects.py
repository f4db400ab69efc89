"""Random-effects terms on data: the grouping factor, its levels as lme4 makes them, and the effects' columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.design.modelmatrix import MatrixRecipe, make_recipe, model_matrix, variable_name
from lmebridge.errors import DataError
from lmebridge.evaluation.evaluator import evaluate
from lmebridge.evaluation.values import Value, as_factor, as_text, categorical, drop_unused, length, levels_of, text
from lmebridge.formula.terms import terms
from lmebridge.rsyntax import deparse, names, operands, operator, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmebridge.formula.model_formula import RandomTerm
    from lmebridge.rsyntax import Node

#: lme4 cuts its list of new levels after this many characters.
LISTED_LEVELS = 60


@dataclass(frozen=True, eq=False)
class RandomBlock:
    """One random-effects block: effects that vary together by the levels of one factor.

    Attributes
    ----------
    group : str
        The grouping factor's name, such as ``"LANAME:gor_name"``; several blocks may have the same.
    levels : tuple of str
        The factor's levels in lme4's order.
    codes : numpy.ndarray of int, shape (n,)
        By row, the position of its level.
    matrix : numpy.ndarray, shape (n, q)
        The effects' columns, in the variables' units.
    effects : tuple of str
        R's names of the columns.
    covariance : str
        ``"us"`` for an unstructured covariance matrix, else ``"diag"``, ``"cs"`` or ``"ar1"``.
    term : str
        The term as R prints it, such as ``"1 + x | g"``.
    """

    group: str
    levels: tuple[str, ...]
    codes: np.ndarray
    matrix: np.ndarray
    effects: tuple[str, ...]
    covariance: str = "us"
    term: str = ""


@dataclass(frozen=True, eq=False)
class BlockRecipe:
    """How one block is made on new data: its term, and the coding of the effects' variables."""

    term: RandomTerm
    matrix: MatrixRecipe


def make_block(term: RandomTerm, values: Mapping[str, Value], n: int) -> tuple[RandomBlock, BlockRecipe]:
    """A random-effects block from the model frame.

    Contrasts given for the fixed effects do not hold here: lme4 uses R's default ones.

    Raises
    ------
    DataError
        If the grouping factor cannot be made from the model frame's columns, in lme4's words.
    """
    by_name = with_factors(term.group, values)
    factor = drop_unused(group_factor(term.group, by_name))
    recipe = make_recipe(terms(term.effects), by_name, {})
    matrix = model_matrix(recipe, by_name, n)
    block = RandomBlock(
        group=variable_name(term.group),
        levels=levels_of(factor),
        codes=factor.codes.astype(np.int64),
        matrix=matrix.values,
        effects=matrix.names,
        covariance=term.covariance,
        term=f"{deparse(term.effects)} | {deparse(term.group)}",
    )
    return block, BlockRecipe(term, recipe)


def with_factors(group: Node, values: Mapping[str, Value]) -> dict[str, Value]:
    """The model frame with the variables of a grouping factor made factors."""
    wanted = set(names(group))
    return {name: as_factor(value) if name in wanted else value for name, value in values.items()}


def group_factor(group: Node, values: Mapping[str, Value]) -> pd.Categorical:
    """The grouping factor of a term: a column, an interaction ``a:b``, or an expression of columns in the frame."""
    node = unwrap(group)
    if operator(node) == ":":
        left, right = (group_factor(side, values) for side in operands(node))
        return cross(left, right)
    try:
        found = evaluate(node, values)
    except DataError as error:
        raise DataError(
            f"couldn't evaluate grouping factor {deparse(node)} within model frame: {error} "
            "Make it a column of the data and use its name."
        ) from error
    if length(found) != max(map(length, values.values())):
        raise DataError(f"Invalid grouping factor specification, {deparse(node)}")
    return as_factor(found)


def cross(left: pd.Categorical, right: pd.Categorical) -> pd.Categorical:
    """lme4's interaction of two factors: the combinations there are, sorted by the first factor, then the second."""
    first, second = missing_named(left), missing_named(right)
    width = len(second.categories)
    keys, codes = np.unique(first.codes.astype(np.int64) * width + second.codes, return_inverse=True)
    labels = [f"{first.categories[key // width]}:{second.categories[key % width]}" for key in keys]
    distinct = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    merged = np.array([distinct[label] for label in labels], dtype=np.int64)
    return categorical(merged[codes], list(distinct))


def missing_named(factor: pd.Categorical) -> pd.Categorical:
    """The factor with missing values as a level "NA", which is what lme4 makes of them in an interaction."""
    if (factor.codes >= 0).all():
        return factor
    return as_factor(text("NA" if item is None else item for item in as_text(factor)))


def lme4_order(blocks: Sequence[RandomBlock]) -> list[int]:
    """Positions of the blocks in lme4's order: as written if their numbers of levels never increase, else decreasing.

    Where it sorts, lme4 reverses an increasing order, so that blocks with equally many levels change places.

    References
    ----------
    lme4 1.1-31, ``mkReTrms``.
    """
    counts = [len(block.levels) for block in blocks]
    if all(a >= b for a, b in pairwise(counts)):
        return list(range(len(counts)))
    return sorted(range(len(counts)), key=counts.__getitem__)[::-1]


def new_codes(block: RandomBlock, factor: pd.Categorical, *, allow_new_levels: bool) -> np.ndarray:
    """Codes of new data's groups among a block's levels, -1 for a new or missing one.

    Raises
    ------
    DataError
        For new or missing groups unless they are allowed, in lme4's words.
    """
    places = pd.Index(block.levels, dtype=object).get_indexer(factor.categories)
    codes = np.asarray(np.append(places, -1)[factor.codes])
    if allow_new_levels or (codes >= 0).all():
        return codes
    if (factor.codes < 0).any():
        raise DataError(
            "NAs are not allowed in prediction data for grouping variables unless allow.new.levels is TRUE: "
            f"{int((factor.codes < 0).sum())} rows have no {block.group}"
        )
    new = list(dict.fromkeys(str(item) for item in as_text(factor)[codes < 0]))
    raise DataError(
        f"new levels detected in newdata: {_listed(new)} ({block.group}). "
        "Use allow_new_levels=True to predict them without a random effect."
    )


def _listed(new: list[str]) -> str:
    """Levels in a row, cut as lme4 cuts them."""
    line = ", ".join(new)
    return line if len(line) <= LISTED_LEVELS else f"{line[:LISTED_LEVELS].rpartition(',')[0]}, ..."
