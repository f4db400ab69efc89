"""mixedlm, a Python and Rust package with lme4's names (https://pypi.org/project/mixedlm)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.errors import UnsupportedByBackend
from lmebridge.parity.keys import Key
from lmebridge.parity.subjects.contract import Subject, installed
from lmebridge.parity.subjects.expressions import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from lmebridge.parity.cases import Case

#: Its words for R's na.action.
NA_ACTIONS = {"na.omit": "omit", "na.exclude": "exclude", "na.fail": "fail"}


def fit(case: Case, frame: pd.DataFrame) -> dict[Key, float]:
    """Fit a case and read mixedlm's result."""
    if case.subset:
        raise UnsupportedByBackend("mixedlm's lmer has no subset")
    given = {
        "REML": case.REML,
        "weights": values_of(case.weights, frame),
        "offset": values_of(case.offset, frame),
        "na_action": NA_ACTIONS[case.na_action],
        "contrasts": {factor: name.removeprefix("contr.") for factor, name in case.contrasts.items()} or None,
    }
    try:
        found = import_module("mixedlm").lmer(case.formula, frame, **given)
    except ValueError as error:
        raise UnsupportedByBackend(f"mixedlm: {error}") from error
    return {_named(key, case, frame): value for key, value in _numbers(found, "REML" if case.REML else "ML")}


def _named(key: Key, case: Case, frame: pd.DataFrame) -> Key:
    """The key with R's names: mixedlm numbers a factor's contrasts, R calls treatment contrasts by their levels."""
    return key._replace(term=r_term(key.term, case, frame), term2=r_term(key.term2, case, frame))


def r_term(term: str, case: Case, frame: pd.DataFrame) -> str:
    """R's name of a coefficient: ``f.1`` is the factor's second level, or its first contrast where these are given."""
    return ":".join(_r_part(part, case, frame) for part in term.split(":"))


def _r_part(part: str, case: Case, frame: pd.DataFrame) -> str:
    if part in frame.columns:
        return f"{part}TRUE" if frame[part].dtype == bool else part
    name, _, label = part.rpartition(".")
    if name not in frame.columns:
        return part
    column = frame[name]
    levels = list(column.cat.categories) if hasattr(column, "cat") else sorted(column.dropna().unique())
    by_level = case.contrasts.get(name, "contr.treatment") == "contr.treatment"
    if label.isdigit() and by_level and int(label) < len(levels):
        return f"{name}{levels[int(label)]}"
    return f"{name}{label}"


def _numbers(found: Any, method: str) -> Iterator[tuple[Key, float]]:
    yield Key("n_obs"), float(found.nobs())
    yield Key("criterion", method=method), -2 * float(found.logLik().value)
    yield Key("sigma"), float(found.sigma)
    yield Key("sdcor", "Residual"), float(found.sigma)
    errors = np.sqrt(np.diag(found.vcov()))
    for (term, estimate), error in zip(found.fixef().items(), errors, strict=True):
        yield Key("estimate", term=str(term)), float(estimate)
        yield Key("std_error", term=str(term)), float(error)
    for block in found.VarCorr().groups.values():
        yield from _block(block)


def _block(block: Any) -> Iterator[tuple[Key, float]]:
    group, terms = str(block.grouping_factor), list(block.term_names)
    for i, term in enumerate(terms):
        yield Key("sdcor", group, term=str(term)), float(block.stddev[term])
        for j in range(i if block.corr is not None else 0):
            yield Key("sdcor", group, term=str(terms[j]), term2=str(term)), float(block.corr[i, j])


SUBJECT = Subject(lambda: installed("mixedlm"), fit)
