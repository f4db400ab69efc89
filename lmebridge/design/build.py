"""A model on data: R's model frame, the response, X, and the random-effects blocks; and the same on new data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lmebridge.design import checks
from lmebridge.design.modelframe import OFFSET, WEIGHTS, ModelFrame, as_table, make_frame
from lmebridge.design.modelmatrix import MatrixRecipe, ModelMatrix, make_recipe, model_matrix, variable_name
from lmebridge.design.newdata import block_matrix, fixed_matrix, new_block, new_offset
from lmebridge.design.random_effects import BlockRecipe, RandomBlock, lme4_order, make_block
from lmebridge.evaluation.values import as_numbers, locale_would_differ
from lmebridge.formula.model_formula import blocks as expanded_blocks
from lmebridge.formula.terms import terms
from lmebridge.records import Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from lmebridge.records import Model

__all__ = ["Design", "RandomBlock", "Recipe", "block_matrix", "build", "fixed_matrix", "new_block", "new_offset"]


Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Recipe:
    """What new data need: the model frame's variables, and how X and the blocks are made of them.

    Attributes
    ----------
    frame : ModelFrame
        The model frame: the variables with what they remember, and their values in the fit.
    fixed : MatrixRecipe
        How X is made.
    kept : numpy.ndarray of int
        Positions of the columns of X that are not dropped.
    blocks : tuple of BlockRecipe
        How each block is made, in lme4's order.
    """

    frame: ModelFrame
    fixed: MatrixRecipe
    kept: np.ndarray
    blocks: tuple[BlockRecipe, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """A model on data, as arrays under R's names.

    Attributes
    ----------
    y : numpy.ndarray, shape (n,)
        The response, in its units.
    X : numpy.ndarray, shape (n, p)
        The fixed effects' columns, of full column rank.
    names : tuple of str
        R's names of the columns of X.
    dropped : tuple of str
        R's names of the columns dropped because they depend on others.
    weights : numpy.ndarray, shape (n,), or None
        Prior weights, dimensionless; None where the model has none.
    offset : numpy.ndarray, shape (n,)
        Sum of all offsets, zero where there is none; units of the response.
    blocks : tuple of RandomBlock
        The random-effects blocks in lme4's order.
    rows, omitted : numpy.ndarray of int
        Positions among the data's rows: used, and dropped for missing values.
    frame : pandas.DataFrame
        R's model frame, one row a row used.
    assign : tuple of int
        By column of X, the number of its term, 0 for the intercept.
    messages : tuple of Message
        What R and lme4 would have said so far.
    recipe : Recipe
        What new data need.
    """

    y: np.ndarray
    X: np.ndarray
    names: tuple[str, ...]
    dropped: tuple[str, ...]
    weights: np.ndarray | None
    offset: np.ndarray
    blocks: tuple[RandomBlock, ...]
    rows: np.ndarray
    omitted: np.ndarray
    frame: pd.DataFrame
    assign: tuple[int, ...]
    messages: tuple[Message, ...]
    recipe: Recipe


def build(model: Model, data: pd.DataFrame) -> Design:
    """Everything a fit needs of the data.

    Parameters
    ----------
    model : Model
        What to fit.
    data : pandas.DataFrame
        The data, left as it is.

    Returns
    -------
    Design
        Arrays under R's names, in the order of the rows used.

    Raises
    ------
    DataError
        Where R or lme4 would stop, in their words where they have words for it.

    Notes
    -----
    A formula without random effects gives no blocks, which is what a linear model needs.

    References
    ----------
    lme4 1.1-31, ``lFormula`` (R/modular.R); R's ``model.frame`` and ``model.matrix``.
    """
    notes: list[str] = []
    frame = make_frame(model, data, notes)
    n = len(frame.rows)
    random, recipes = _random(model, frame, n)
    block_messages = checks.check_blocks(random, n, model.control)
    checks.check_finite(frame.values, frame.response)
    recipe, full = _fixed(model, frame, n)
    columns = checks.check_rank(full, model.control)
    X = np.ascontiguousarray(full.values[:, columns.kept])
    said = (
        *_notes(model, frame, (recipe, *(r.matrix for r in recipes)), notes),
        *block_messages,
        *columns.messages,
        *checks.check_scale(X, model.control),
    )
    return Design(
        y=checks.response_vector(frame.values[frame.response], frame.response),
        X=X,
        names=_pick(full.names, columns.kept),
        dropped=_pick(full.names, columns.dropped),
        weights=checks.prior_weights(frame.values[WEIGHTS]) if WEIGHTS in frame.values else None,
        offset=_offset(model, frame, n),
        blocks=random,
        rows=frame.rows,
        omitted=frame.omitted,
        frame=as_table(frame.values),
        assign=_pick(full.assign, columns.kept),
        messages=said,
        recipe=Recipe(frame, recipe, columns.kept, recipes),
    )


def _pick(items: tuple[Item, ...], places: np.ndarray) -> tuple[Item, ...]:
    """The items at these places."""
    return tuple(items[i] for i in places)


def _random(model: Model, frame: ModelFrame, n: int) -> tuple[tuple[RandomBlock, ...], tuple[BlockRecipe, ...]]:
    """The random-effects blocks in lme4's order, and their recipes."""
    bars = expanded_blocks(model.formula)
    made = [make_block(term, frame.values, n) for term in bars]
    order = lme4_order([block for block, _ in made])
    return tuple(made[i][0] for i in order), tuple(made[i][1] for i in order)


def _fixed(model: Model, frame: ModelFrame, n: int) -> tuple[MatrixRecipe, ModelMatrix]:
    """X before dependent columns are dropped."""
    recipe = make_recipe(terms(model.formula.fixed), frame.values, model.contrasts)
    return recipe, model_matrix(recipe, frame.values, n)


def _offset(model: Model, frame: ModelFrame, n: int) -> np.ndarray:
    """The sum of the formula's offsets and the argument's."""
    names_ = [variable_name(node) for node in terms(model.formula.fixed).offsets]
    parts = [frame.values[name] for name in (*names_, OFFSET) if name in frame.values]
    return sum((as_numbers(part, "offset") for part in parts), start=np.zeros(n))


def _notes(model: Model, frame: ModelFrame, recipes: Iterable[MatrixRecipe], notes: list[str]) -> tuple[Message, ...]:
    """R's warnings, contrasts that concern no variable, and text whose levels R may order differently."""
    fixed = {variable_name(variable) for variable in terms(model.formula.fixed).variables}
    coded = {name: factor.levels for recipe in recipes for name, factor in recipe.factors.items()}
    words = [
        *notes,
        *(
            f"variable '{name}' is absent, its contrast will be ignored"
            for name in model.contrasts
            if name not in fixed
        ),
        *(_locale_note(name, coded[name]) for name in frame.text if locale_would_differ(coded.get(name, ()))),
    ]
    return tuple(Message("note", text) for text in words)


def _locale_note(name: str, levels: tuple[str, ...]) -> str:
    """What to know about a text column whose order of levels depends on R's locale."""
    return (
        f"'{name}' is text: its levels are in the order of R's C locale ({', '.join(levels[:3])}, ...). R in another "
        "locale orders them as a dictionary does, which may change the reference level. "
        "A category column has its own order."
    )
