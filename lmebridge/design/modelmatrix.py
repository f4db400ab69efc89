"""R's model matrix: terms and variables to columns, with R's coding, order and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmebridge.design.contrasts import ORDERED, UNORDERED, Coding, contrast_coding, full_coding
from lmebridge.errors import DataError
from lmebridge.evaluation.values import (
    Matrix,
    Value,
    as_double,
    as_factor,
    as_text,
    is_factor_like,
    levels_of,
    r_class,
    recode,
)
from lmebridge.rsyntax import Name, deparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lmebridge.formula.terms import Terms
    from lmebridge.rsyntax import Node

#: Codes of R's terms: a factor by its contrasts, or one column a level.
CONTRASTS, FULL = 1, 2


@dataclass(frozen=True, eq=False)
class FactorRecipe:
    """How one factor of a model becomes columns: its levels in the data of the fit, and their contrasts."""

    levels: tuple[str, ...]
    contrasts: Coding
    kind: str


@dataclass(frozen=True, eq=False)
class MatrixRecipe:
    """How a model matrix is made, for the data of the fit and for new data.

    Attributes
    ----------
    terms : Terms
        R's terms of the formula's right-hand side.
    codings : tuple of tuple of int
        By term and variable in it, `CONTRASTS` or `FULL`; R's rule for a formula without intercept is applied.
    factors : mapping of str to FactorRecipe
        By variable, for those that R codes by contrasts.
    """

    terms: Terms
    codings: tuple[tuple[int, ...], ...]
    factors: Mapping[str, FactorRecipe]


@dataclass(frozen=True, eq=False)
class ModelMatrix:
    """A model matrix.

    Attributes
    ----------
    values : numpy.ndarray, shape (n, p)
        The columns; NaN where a variable is missing.
    names : tuple of str
        R's column names.
    assign : tuple of int
        By column, the number of its term, 0 for the intercept.
    """

    values: np.ndarray
    names: tuple[str, ...]
    assign: tuple[int, ...]


def variable_name(node: Node) -> str:
    """A variable's name in R's model frame: a column's plain name, else the expression as R prints it."""
    return node.name if isinstance(node, Name) else deparse(node)


def make_recipe(terms: Terms, values: Mapping[str, Value], contrasts: Mapping[str, str]) -> MatrixRecipe:
    """The recipe of a model matrix, from the values its variables have in the fit's data.

    Parameters
    ----------
    terms : Terms
        R's terms.
    values : mapping of str to R vector
        The model frame, by R's names.
    contrasts : mapping of str to str
        By variable, R's contrast function where it is not the default.

    Raises
    ------
    DataError
        For a factor with one level, or contrasts asked for a variable that is no factor.
    """
    names = [variable_name(variable) for variable in terms.variables]
    used = {index for factors in terms.factors for index in factors}
    factors = {
        name: _factor_recipe(name, values[name], contrasts.get(name))
        for index, name in enumerate(names)
        if index in used and (is_factor_like(values[name]) or name in contrasts)
    }
    return MatrixRecipe(terms, codings_of(terms, factors), factors)


def _factor_recipe(name: str, value: Value, contrasts: str | None) -> FactorRecipe:
    """How one factor is coded."""
    if not is_factor_like(value):
        raise DataError(f"contrasts apply only to factors: `{name}` is {r_class(value)}. Write factor({name}).")
    levels = ("FALSE", "TRUE") if r_class(value) == "logical" else levels_of(as_factor(value))
    default = ORDERED if r_class(value) == "ordered" else UNORDERED
    return FactorRecipe(levels, contrast_coding(levels, contrasts or default, name), r_class(value))


def codings_of(terms: Terms, factors: Mapping[str, FactorRecipe]) -> tuple[tuple[int, ...], ...]:
    """R's codings; without an intercept the first factor there is has one column a level."""
    names = [variable_name(variable) for variable in terms.variables]
    codings = [list(coding) for coding in terms.codings]
    if not terms.intercept:
        for place, indexes in enumerate(terms.factors):
            found = [i for i, index in enumerate(indexes) if names[index] in factors]
            if found:
                codings[place][found[0]] = FULL
                break
    return tuple(tuple(coding) for coding in codings)


def model_matrix(recipe: MatrixRecipe, values: Mapping[str, Value], n: int) -> ModelMatrix:
    """The model matrix for these values of the variables.

    Parameters
    ----------
    recipe : MatrixRecipe
        How it is made.
    values : mapping of str to R vector
        The variables, `n` rows each.
    n : int
        Number of rows.

    Raises
    ------
    DataError
        For a level the fit has not seen, in R's words.
    """
    columns = [np.ones((n, 1))] if recipe.terms.intercept else []
    names = ["(Intercept)"] if recipe.terms.intercept else []
    assign = [0] * len(names)
    for place, (indexes, codings) in enumerate(zip(recipe.terms.factors, recipe.codings, strict=True), start=1):
        block = _term_columns(recipe, values, indexes, codings)
        columns.append(block.values)
        names.extend(block.columns or ())
        assign.extend([place] * block.values.shape[1])
    matrix = np.hstack(columns) if columns else np.empty((n, 0))
    return ModelMatrix(matrix, tuple(names), tuple(assign))


def _term_columns(
    recipe: MatrixRecipe, values: Mapping[str, Value], indexes: tuple[int, ...], codings: tuple[int, ...]
) -> Matrix:
    """One term's columns: all products of its variables' columns, those of the first varying fastest."""
    found: Matrix | None = None
    for index, coding in zip(indexes, codings, strict=True):
        part = _variable_columns(recipe, recipe.terms.variables[index], values, coding)
        found = part if found is None else _products(found, part)
    return found or Matrix(np.empty((0, 0)))


def _products(left: Matrix, right: Matrix) -> Matrix:
    """Every column of `left` times every column of `right`."""
    n, k = left.values.shape
    values = right.values[:, :, np.newaxis] * left.values[:, np.newaxis, :]
    names = tuple(f"{a}:{b}" for b in right.columns or () for a in left.columns or ())
    return Matrix(values.reshape(n, k * right.values.shape[1]), names)


def _variable_columns(recipe: MatrixRecipe, variable: Node, values: Mapping[str, Value], coding: int) -> Matrix:
    """One variable's columns under R's names."""
    name, printed = variable_name(variable), deparse(variable)
    value = values[name]
    if name in recipe.factors:
        factor = recipe.factors[name]
        code = full_coding(factor.levels) if coding == FULL else factor.contrasts
        columns = tuple(f"{printed}{suffix}" for suffix in code.names)
        return Matrix(_coded(code.matrix, level_codes(factor, value, name)), columns)
    if is_factor_like(value):
        raise DataError(f'variable \'{name}\' was fitted with type "numeric" but type "{r_class(value)}" was supplied')
    if isinstance(value, Matrix):
        return Matrix(value.values, _matrix_names(printed, value))
    return Matrix(as_double(value)[:, np.newaxis], (printed,))


def _matrix_names(printed: str, value: Matrix) -> tuple[str, ...]:
    """R's names of a matrix variable's columns; a single column has the variable's."""
    k = value.values.shape[1]
    if k == 1:
        return (printed,)
    return tuple(f"{printed}{suffix}" for suffix in value.columns or [str(i + 1) for i in range(k)])


def _coded(matrix: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Rows of a coding by level; NaN for a missing value."""
    extended = np.vstack([matrix, np.full(matrix.shape[1], np.nan)])
    return np.asarray(extended[codes])


def level_codes(factor: FactorRecipe, value: Value, name: str) -> np.ndarray:
    """Codes of new values among the fit's levels, -1 for missing values; an unknown level is an error."""
    if not is_factor_like(value):
        raise DataError(
            f'variable \'{name}\' was fitted with type "{factor.kind}" but type "{r_class(value)}" was supplied'
        )
    given = as_factor(value)
    codes = recode(given, factor.levels)
    unknown = (codes < 0) & (given.codes >= 0)
    if unknown.any():
        raise _new_levels(name, given, unknown, factor.levels)
    return codes


def _new_levels(name: str, given: pd.Categorical, unknown: np.ndarray, levels: tuple[str, ...]) -> DataError:
    """R's error for levels the fit has not seen."""
    new = list(dict.fromkeys(str(item) for item in as_text(given)[unknown]))
    word = "level" if len(new) == 1 else "levels"
    known = ", ".join(levels)
    return DataError(f"factor {name} has new {word} {', '.join(new)}. The model knows: {known}.")
