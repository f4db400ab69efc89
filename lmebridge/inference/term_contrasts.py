"""The hypotheses that an analysis of variance tests for each term of the fixed effects.

References
----------
Kuznetsova, Brockhoff and Christensen (2017), J. Stat. Softw. 82(13); SAS/STAT User's Guide, The Four Types of
Estimable Functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import UnsupportedByBackend

if TYPE_CHECKING:
    from lmebridge.design.build import Design
    from lmebridge.design.modelmatrix import ModelMatrix
    from lmebridge.formula.model_formula import Formula
    from lmebridge.formula.terms import Terms

#: Coefficients of a hypothesis below this are zero, as in lmerTest.
ZERO = 1e-8


def term_contrasts(design: Design, formula: Formula, type: str) -> dict[str, np.ndarray]:
    """The contrasts tested for each term.

    Parameters
    ----------
    design : Design
        The model on its data.
    formula : Formula
        Its formula.
    type : {"I", "II", "III"}
        Sequential tests; tests of each term adjusted for all others that do not contain it; or tests of each term
        adjusted for all others.

    Returns
    -------
    dict of str to numpy.ndarray, shape (r, p)
        By term, R's label.
    """
    from lmebridge.formula.terms import terms

    found = terms(formula.fixed)
    if type == "I" or len(design.names) <= 1 or len(found.labels) <= 1:
        return _sequential(design, found)
    return _marginal(design, found) if type == "II" else _adjusted(design, found)


def _sequential(design: Design, found: Terms) -> dict[str, np.ndarray]:
    rows, assign = _unit_triangle(design.X), np.array(design.assign)
    return {label: rows[assign == place] for place, label in enumerate(found.labels, start=1)}


def _unit_triangle(X: np.ndarray) -> np.ndarray:
    """The unit upper triangle of ``X'X``, whose rows are sequential hypotheses."""
    upper = np.linalg.qr(X, mode="r")
    return np.asarray(upper / np.diagonal(upper)[:, None])


def _marginal(design: Design, found: Terms) -> dict[str, np.ndarray]:
    """Type II: each term after all terms that do not contain it."""
    assign, hypotheses = np.array(design.assign), {}
    for place, label in enumerate(found.labels, start=1):
        own = np.flatnonzero(assign == place)
        containing = [i for i, other in enumerate(found.labels, start=1) if _contains(design, found, label, other)]
        last = np.concatenate([own, np.flatnonzero(np.isin(assign, containing))])
        order = np.concatenate([np.setdiff1d(np.arange(len(assign)), last), last])
        rows = np.zeros((len(own), len(assign)))
        first = len(assign) - len(last)
        rows[:, order] = _unit_triangle(design.X[:, order])[first : first + len(own)]
        hypotheses[label] = rows if containing else np.eye(len(assign))[own]
    return hypotheses


def _adjusted(design: Design, found: Terms) -> dict[str, np.ndarray]:
    """Type III: each term's columns of the estimable functions, orthogonal to those of the terms that contain it."""
    coded = _treatment_coded(design, found)
    full, names = _full_rank_deficient(design, found)
    L = _zapped((np.linalg.pinv(coded.values) @ full).T)
    assign = np.array(coded.assign)
    columns = {label: np.flatnonzero(assign == place) for place, label in enumerate(found.labels, start=1)}
    for label in sorted(found.labels, key=lambda label: -len(found.factors[found.labels.index(label)])):
        containing = [other for other in found.labels if _contains(design, found, label, other)]
        if containing:
            others = L[:, np.concatenate([columns[other] for other in containing])]
            own = L[:, columns[label]]
            L[:, columns[label]] = _zapped(own - others @ np.linalg.lstsq(others, own, rcond=1e-7)[0])
    missing = [name for name in coded.names if name not in names]
    if missing:
        raise UnsupportedByBackend(
            f"Type III tests are not available for the columns {', '.join(missing)}: use type='I', or backend='lme4'"
        )
    rows = L[[names.index(name) for name in coded.names]]
    back = _zapped(np.linalg.pinv(coded.values) @ design.X)
    hypotheses = {label: rows[:, own].T for label, own in columns.items()}
    return {label: H[np.abs(H).sum(axis=1) > ZERO] @ back for label, H in hypotheses.items()}


def _treatment_coded(design: Design, found: Terms) -> ModelMatrix:
    """X with every factor coded by treatment contrasts, of full column rank."""
    from lmebridge.design.checks import independent_columns
    from lmebridge.design.modelmatrix import ModelMatrix, make_recipe, model_matrix

    factors = design.recipe.fixed.factors
    recipe = make_recipe(found, design.recipe.frame.values, dict.fromkeys(factors, "contr.treatment"))
    full = model_matrix(recipe, design.recipe.frame.values, len(design.y))
    kept = np.sort(independent_columns(full.values))
    return ModelMatrix(full.values[:, kept], _at(full.names, kept), _at(full.assign, kept))


def _at(items: tuple[Any, ...], places: np.ndarray) -> tuple[Any, ...]:
    return tuple(items[i] for i in places)


def _full_rank_deficient(design: Design, found: Terms) -> tuple[np.ndarray, list[str]]:
    """A column for every level or combination of levels of each term, and their names."""
    from lmebridge.design.modelmatrix import make_recipe, model_matrix
    from lmebridge.formula.terms import terms
    from lmebridge.rsyntax import parse_expression

    n, values = len(design.y), design.recipe.frame.values
    pieces: list[tuple[np.ndarray, tuple[str, ...]]] = [(np.ones((n, 1)), ("(Intercept)",))] if found.intercept else []
    contrasts = dict.fromkeys(design.recipe.fixed.factors, "contr.treatment")
    for label in found.labels:
        alone = terms(parse_expression(f"0 + {label}"))
        known = {name: kind for name, kind in contrasts.items() if name in _variables(alone)}
        matrix = model_matrix(make_recipe(alone, values, known), values, n)
        pieces.append((matrix.values, matrix.names))
    return np.hstack([columns for columns, _ in pieces]), [name for _, names in pieces for name in names]


def _variables(found: Terms) -> list[str]:
    from lmebridge.design.modelmatrix import variable_name

    return [variable_name(node) for node in found.variables]


def _contains(design: Design, found: Terms, inner: str, outer: str) -> bool:
    """Whether `outer` has all variables of `inner` and more, with the same numeric ones."""
    names, factors = _variables(found), design.recipe.fixed.factors
    sets = []
    for label in (inner, outer):
        place = found.labels.index(label)
        pairs = zip(found.factors[place], found.codings[place], strict=True)
        sets.append({names[index] for index, coding in pairs if coding == 1})
    numeric = [{name for name in own if name not in factors} for own in sets]
    return sets[0] < sets[1] and numeric[0] == numeric[1]


def _zapped(matrix: np.ndarray) -> np.ndarray:
    """R's ``zapsmall`` with seven digits: rounding noise becomes zero."""
    largest = float(np.abs(matrix).max(initial=0.0))
    digits = 7 if largest == 0 else max(0, 7 - int(np.ceil(np.log10(largest))))
    return np.round(matrix, digits)
