"""What the model loses without one of its terms, fixed or random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import DataError
from lmebridge.inference import twin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmebridge.formula.model_formula import RandomTerm
    from lmebridge.formula.terms import Terms
    from lmebridge.inference.anova import AnovaTable
    from lmebridge.model import MerMod


def drop1(fit: MerMod, scope: Sequence[str] | None = None, test: str | None = None) -> AnovaTable:
    """Fit the model without each term of the fixed effects that no other term contains.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    scope : sequence of str, optional
        R's labels of the terms to drop; by default all that may be.
    test : {"Chisq"}, optional
        Add likelihood-ratio tests.

    Returns
    -------
    AnovaTable
        Rows ``<none>`` and the terms; columns ``npar``, ``AIC`` and, with `test`, ``LRT`` and ``Pr(Chi)``. All numbers
        are of fits by maximum likelihood.

    Raises
    ------
    DataError
        If a refit uses other rows, because the term dropped had missing values.
    ValueError
        For another test, or a label that the model does not have.

    References
    ----------
    lme4 ``drop1.merMod``.
    """
    from lmebridge.formula.terms import terms
    from lmebridge.inference.anova import AnovaTable

    if test not in {None, "Chisq"}:
        raise ValueError(f"test={test!r}: the test is 'Chisq' or None")
    labels = _scope(terms(fit.record.model.formula.fixed), scope)
    method = {} if fit.record.model.is_generalized else {"REML": False}
    fits = [fit if not fit.isREML() else fit.update(REML=False)]
    fits += [_same_rows(fit, fit.update(f". ~ . - {label}", **method)) for label in labels]
    likelihoods = [one.logLik() for one in fits]
    degrees = np.array([np.nan, *(likelihoods[0].df - one.df for one in likelihoods[1:])])
    table = pd.DataFrame({"npar": degrees, "AIC": [one.AIC() for one in fits]}, index=["<none>", *labels])
    if test is not None:
        table["LRT"] = [np.nan, *(2 * (float(likelihoods[0]) - float(one)) for one in likelihoods[1:])]
        table["Pr(Chi)"] = _tails(table["LRT"].to_numpy(), degrees)
    return _with_heading(AnovaTable(table), "Single term deletions", fit.formula())


def ranova(fit: MerMod, reduce_terms: bool = True) -> AnovaTable:
    """Likelihood-ratio tests of the random effects, each dropped or reduced in turn, as lmerTest has them.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    reduce_terms : bool
        Drop slopes from their terms one at a time, instead of whole terms.

    Returns
    -------
    AnovaTable
        Rows ``<none>`` and what is dropped, such as ``Days in (Days | Subject)``; columns ``npar``, ``logLik``,
        ``AIC``, ``LRT``, ``Df``, ``Pr(>Chisq)``. The likelihoods are restricted where the fit's is.

    References
    ----------
    lmerTest ``ranova``.
    """
    from lmebridge.formula.model_formula import blocks
    from lmebridge.inference.anova import AnovaTable

    terms = blocks(fit.record.model.formula)
    smaller = [found for place in range(len(terms)) for found in _reduced(terms, place, reduce_terms=reduce_terms)]
    likelihoods = [fit.logLik(), *(_likelihood(fit, kept) for _, kept in smaller)]
    values, counts = np.array([float(one) for one in likelihoods]), np.array([one.df for one in likelihoods])
    ratios, degrees = 2 * (values[0] - values), (counts[0] - counts).astype(float)
    ratios[0] = degrees[0] = np.nan
    columns = {"npar": counts, "logLik": values, "AIC": -2 * values + 2 * counts, "LRT": ratios, "Df": degrees}
    table = pd.DataFrame(columns, index=["<none>", *(name for name, _ in smaller)])
    table["Pr(>Chisq)"] = _tails(ratios, degrees)
    full = _formula(fit, [f"({term.text[1:-1]})" for term in terms])
    return _with_heading(AnovaTable(table), "ANOVA-like table for random-effects: Single term deletions", full)


def _scope(found: Terms, wanted: Sequence[str] | None) -> list[str]:
    """R's ``drop.scope``: the terms that are not a margin of another term."""
    if wanted is None:
        return _droppable(found)
    unknown = [label for label in wanted if label not in found.labels]
    if unknown:
        raise ValueError(f"scope is not a subset of term labels: {', '.join(unknown)}; there are {found.labels}")
    return list(wanted)


def _droppable(found: Terms) -> list[str]:
    pairs = list(zip(found.labels, map(set, found.factors), strict=True))
    return [label for label, own in pairs if not any(own < other for _, other in pairs)]


def _same_rows(fit: MerMod, smaller: MerMod) -> MerMod:
    if smaller.nobs() != fit.nobs():
        raise DataError("number of rows in use has changed: remove missing values before fitting")
    return smaller


def _tails(ratios: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Probabilities of larger ratios, NaN where there is nothing to test."""
    from scipy.special import chdtrc

    known = degrees > 0
    return np.where(known, chdtrc(np.where(known, degrees, 1.0), np.where(known, np.maximum(ratios, 0), 0.0)), np.nan)


def _with_heading(table: AnovaTable, title: str, formula: str) -> AnovaTable:
    table.attrs["heading"] = [title, "", "Model:", formula]
    return table


def _reduced(terms: tuple[RandomTerm, ...], place: int, *, reduce_terms: bool) -> list[tuple[str, list[str]]]:
    """Names of the reductions of one random term, and all random terms that are left then."""
    texts = [term.text for term in terms]
    before, after = texts[:place], texts[place + 1 :]
    scope = _effects_of(terms[place]) if reduce_terms else []
    if not scope:
        return [(texts[place], [*before, *after])]
    return [(f"{label} in {texts[place]}", [*before, *after, _without(terms[place], label)]) for label in scope]


def _effects_of(term: RandomTerm) -> list[str]:
    from lmebridge.formula.terms import terms

    return _droppable(terms(term.effects))


def _without(term: RandomTerm, label: str) -> str:
    """The term without one of its effects; an intercept alone where it was the last."""
    from lmebridge.formula.terms import terms
    from lmebridge.inference.updating import updated_formula
    from lmebridge.rsyntax import deparse

    alone = set(terms(term.effects).labels) == {label}
    left = "1" if alone else updated_formula(f"~ {deparse(term.effects)}", f"~ . - {label}").lstrip("~ ")
    return f"({left} | {deparse(term.group)})"


def _formula(fit: MerMod, random: list[str]) -> str:
    from lmebridge.rsyntax import deparse

    formula = fit.record.model.formula
    response = deparse(formula.response) if formula.response is not None else ""
    return f"{response} ~ {' + '.join([deparse(formula.fixed), *random])}"


def _likelihood(fit: MerMod, random: list[str]) -> Any:
    """Log-likelihood with the random terms left, of a linear model where none is."""
    if random:
        return _same_rows(fit, fit.update(_formula(fit, random))).logLik()
    return linear_log_likelihood(fit)


def linear_log_likelihood(fit: MerMod) -> Any:
    """Log-likelihood of the fixed effects without any random ones, restricted where the fit's is.

    References
    ----------
    R's ``logLik.lm``.
    """
    from lmebridge.log_likelihood import LogLik

    design = twin.local_engine(fit).design
    weights = np.ones(len(design.y)) if design.weights is None else design.weights
    root = np.sqrt(weights)
    q, r = np.linalg.qr(design.X * root[:, None])
    y = (design.y - design.offset) * root
    n, p = design.X.shape
    df = n - p if fit.isREML() else n
    squares = float(np.sum((y - q @ (q.T @ y)) ** 2))
    value = 0.5 * (np.log(weights).sum() - df * (np.log(2 * np.pi) + 1 - np.log(df) + np.log(squares)))
    if fit.isREML():
        value -= np.log(np.abs(np.diagonal(r))).sum()
    return LogLik(float(value), df=p + 1, nobs=n)
