"""A fitted model's columns on new data: X, offsets, groups and effects, by what the fit's variables remember."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.design.modelmatrix import MatrixRecipe, codings_of, model_matrix, variable_name
from lmebridge.design.random_effects import RandomBlock, group_factor, new_codes, with_factors
from lmebridge.errors import DataError
from lmebridge.evaluation.evaluator import Scope, evaluate_in
from lmebridge.evaluation.values import Value, as_numbers, as_text, spread
from lmebridge.formula.terms import terms
from lmebridge.rsyntax import deparse, names

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from lmebridge.design.build import Design
    from lmebridge.formula.model_formula import RandomTerm
    from lmebridge.formula.terms import Terms


def fixed_matrix(design: Design, newdata: pd.DataFrame) -> np.ndarray:
    """X on new data, through what the model's variables remember.

    Parameters
    ----------
    design : Design
        The model on its own data.
    newdata : pandas.DataFrame
        New rows; only the columns the fixed effects use are read.

    Returns
    -------
    numpy.ndarray, shape (m, p)
        Columns as in ``design.X``; a row with a missing predictor has NaN.

    Raises
    ------
    DataError
        For a missing column, a level the fit has not seen, or another type of variable, in R's words.
    """
    recipe = design.recipe.fixed
    values = _values(design, (variable_name(node) for node in recipe.terms.variables), newdata)
    return np.ascontiguousarray(model_matrix(recipe, values, len(newdata)).values[:, design.recipe.kept])


def new_offset(design: Design, newdata: pd.DataFrame) -> np.ndarray:
    """The formula's offsets on new data; as in lme4 the argument `offset` has no part in them.

    Returns
    -------
    numpy.ndarray, shape (m,)
        Units of the response.
    """
    scope = Scope(newdata, [])
    offset = np.zeros(len(newdata))
    for node in design.recipe.fixed.terms.offsets:
        offset = offset + as_numbers(spread(evaluate_in(node, scope), len(newdata), deparse(node)), "offset")
    return offset


def block_matrix(
    design: Design, block: int, newdata: pd.DataFrame, *, allow_new_levels: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """One random-effects block on new data.

    Parameters
    ----------
    design : Design
        The model on its own data.
    block : int
        Position among ``design.blocks``.
    newdata : pandas.DataFrame
        New rows.
    allow_new_levels : bool
        Whether groups that the fit has not seen, or that are missing, are taken.

    Returns
    -------
    codes : numpy.ndarray of int, shape (m,)
        Positions among the block's levels, -1 for a new or missing group.
    matrix : numpy.ndarray, shape (m, q)
        The effects' columns, NaN where a variable is missing.

    Raises
    ------
    DataError
        For a missing column, or new groups that are not allowed, in lme4's words.
    """
    found = _evaluated(design, design.recipe.blocks[block].term, newdata, allow_new_levels=allow_new_levels)
    return found.codes, found.matrix


def new_block(
    design: Design, term: RandomTerm, newdata: pd.DataFrame | None, *, allow_new_levels: bool = False
) -> RandomBlock:
    """A term of ``re.form`` on new data, or on the fit's own rows.

    Parameters
    ----------
    design : Design
        The model on its own data.
    term : RandomTerm
        A term whose group and effects are among the model's.
    newdata : pandas.DataFrame or None
        New rows; None for the rows of the fit.
    allow_new_levels : bool
        Whether groups that the fit has not seen, or that are missing, are taken.

    Returns
    -------
    RandomBlock
        Levels are the fit's; codes are -1 for a new or missing group.

    Raises
    ------
    DataError
        If the model has no such group or effect, in lme4's words.
    """
    own = _blocks_of(design, variable_name(term.group))
    found = _evaluated(design, term, newdata, allow_new_levels=allow_new_levels)
    _check_effects(found.effects, own)
    return found


def group_labels(design: Design, term: RandomTerm, newdata: pd.DataFrame) -> np.ndarray:
    """Levels of a term's grouping factor on new data, as text; shape (m,)."""
    values = with_factors(term.group, _values(design, names(term.group), newdata))
    return np.asarray(as_text(group_factor(term.group, values)), dtype=object)


def _blocks_of(design: Design, group: str) -> list[RandomBlock]:
    """The fit's blocks of one grouping factor."""
    own = [block for block in design.blocks if block.group == group]
    if not own:
        known = ", ".join(dict.fromkeys(block.group for block in design.blocks))
        raise DataError(
            "grouping factors specified in re.form that were not present in original model: "
            f"{group}. The model has: {known}."
        )
    return own


def _check_effects(effects: Iterable[str], own: list[RandomBlock]) -> None:
    """All effects must be among those of the group's blocks."""
    known = [effect for block in own for effect in block.effects]
    unknown = [effect for effect in effects if effect not in known]
    if unknown:
        raise DataError(
            "random effects specified in re.form that were not present in original model "
            f"{', '.join(unknown)}. The model has for {own[0].group}: {', '.join(known)}."
        )


def _evaluated(
    design: Design, term: RandomTerm, newdata: pd.DataFrame | None, *, allow_new_levels: bool
) -> RandomBlock:
    """A term on new rows or the fit's own, with the fit's levels and codings."""
    block = _blocks_of(design, variable_name(term.group))[0]
    effects = terms(term.effects)
    wanted = dict.fromkeys([*map(variable_name, effects.variables), *names(term.group)])
    own = design.recipe.frame.values
    values = {name: own[name] for name in wanted} if newdata is None else _values(design, wanted, newdata)
    values = with_factors(term.group, values)
    factor = group_factor(term.group, values)
    codes = new_codes(block, factor, allow_new_levels=allow_new_levels)
    matrix = model_matrix(_recipe(design, effects), values, len(codes))
    return replace(block, codes=codes, matrix=matrix.values, effects=matrix.names)


def _recipe(design: Design, effects: Terms) -> MatrixRecipe:
    """How a term's effects are made: factors as in the fit's own blocks."""
    for recipe in design.recipe.blocks:
        if recipe.matrix.terms == effects:
            return recipe.matrix
    known = {name: factor for recipe in design.recipe.blocks for name, factor in recipe.matrix.factors.items()}
    return MatrixRecipe(effects, codings_of(effects, known), known)


def _values(design: Design, wanted: Iterable[str], newdata: pd.DataFrame) -> dict[str, Value]:
    """Variables of the model evaluated on new data."""
    scope = Scope(newdata, [])
    found = {}
    for name in wanted:
        variable = design.recipe.frame.variables.get(name)
        if variable is None:
            raise DataError(f"`{name}` is not a variable of the model")
        found[name] = spread(variable.value(scope), len(newdata), name)
    return found
