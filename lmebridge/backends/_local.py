"""What the backends without R share: the record of a solved problem, and its answers on demand.

Everything is computed from the design and the penalized least-squares solution, so that lme4's quantities have lme4's
definitions whatever optimizer found theta.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.backends import _getme
from lmebridge.cached import cached_property
from lmebridge.pls import solution as pls
from lmebridge.records import Fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmebridge.design.build import Design, RandomBlock
    from lmebridge.formula.model_formula import RandomTerm
    from lmebridge.pls.solution import Solution
    from lmebridge.records import Convergence, Model, Source


def local_fit(model: Model, design: Design, solution: Solution, convergence: Convergence, source: Source) -> Fit:
    """Record of a solved problem.

    Parameters
    ----------
    model : Model
        What was fitted.
    design : Design
        The model on its data; what it had to say comes before what the optimizer says.
    solution : Solution
        The penalized least-squares problem solved at theta.
    convergence : Convergence
        How theta was found.
    source : Source
        Which backend found it.

    Returns
    -------
    Fit
        The plain tables under R's names.
    """
    names = pd.Index(design.names, dtype=object)
    covariance = pls.vcov(solution)
    return Fit(
        model=model,
        fixed=pd.DataFrame({"Estimate": solution.beta, "Std. Error": np.sqrt(np.diagonal(covariance))}, index=names),
        fixed_covariance=pd.DataFrame(covariance, index=names, columns=names),
        variance=variance_table(design, solution),
        blocks=tuple((block.group, tuple(block.effects)) for block in design.blocks),
        theta=solution.theta,
        sigma=solution.sigma,
        criterion=solution.criterion,
        n_obs=len(design.y),
        n_groups={group: len(block.levels) for group, block in _getme.groups(design).items()},
        convergence=replace(convergence, messages=(*design.messages, *convergence.messages)),
        source=source,
        dropped=tuple(design.dropped),
    )


def variance_table(design: Design, solution: Solution) -> pd.DataFrame:
    """``as.data.frame(VarCorr(m))``: each block's variances, then its covariances, at last the residual variance."""
    names = make_unique([block.group for block in design.blocks])
    rows: list[tuple[str, str | None, str | None, float, float]] = []
    for name, block, template in zip(names, design.blocks, _getme.templates(design, solution.theta), strict=True):
        rows += _block_rows(name, block.effects, solution.sigma**2 * template @ template.T)
    rows.append(("Residual", None, None, solution.sigma**2, solution.sigma))
    texts = {
        column: pd.Series([row[i] for row in rows], dtype=object) for i, column in enumerate(("grp", "var1", "var2"))
    }
    return pd.DataFrame(texts).assign(vcov=[row[3] for row in rows], sdcor=[row[4] for row in rows])


def _block_rows(
    name: str, effects: Sequence[str], covariance: np.ndarray
) -> list[tuple[str, str | None, str | None, float, float]]:
    sds = np.sqrt(np.diagonal(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):  # R has NaN for the correlation with a zero variance
        correlations = covariance / np.outer(sds, sds)
    variances = [(name, effect, None, float(sd**2), float(sd)) for effect, sd in zip(effects, sds, strict=True)]
    pairs = combinations(range(len(effects)), 2)
    covariances = [(name, effects[i], effects[j], float(covariance[i, j]), float(correlations[i, j])) for i, j in pairs]
    return [*variances, *covariances]


def make_unique(names: Iterable[str]) -> list[str]:
    """R's ``make.unique``: repeats get ``.1``, ``.2`` and so on, passing over names that are taken.

    Examples
    --------
    >>> make_unique(["Subject", "Subject", "g", "Subject"])
    ['Subject', 'Subject.1', 'g', 'Subject.2']
    """
    given = list(names)
    taken, result = set(given), []
    counters: dict[str, int] = {}
    seen: set[str] = set()
    for name in given:
        unique = name
        while unique in seen or (unique != name and unique in taken):
            counters[name] = counters.get(name, 0) + 1
            unique = f"{name}.{counters[name]}"
        seen.add(unique)
        result.append(unique)
    return result


@dataclass(frozen=True, eq=False, repr=False)
class LocalEngine:
    """A solved problem's answers, computed when first asked for.

    Attributes
    ----------
    model : Model
        What was fitted.
    design : Design
        The model on its data.
    solution : Solution
        The solved problem.
    source : Source
        Which backend found theta.
    result : object
        What `underlying` gives; None for the solution itself.
    """

    model: Model
    design: Design
    solution: Solution
    source: Source
    result: Any = None

    @property
    def underlying(self) -> Any:
        """The engine's own result: MixedLM's where it found theta, else the `Solution`."""
        return self.solution if self.result is None else self.result

    def rows(self) -> np.ndarray:
        """Positions, from 0, of the rows used among the rows of the data given; shape (n_obs,)."""
        return self.design.rows.copy()

    def omitted(self) -> np.ndarray:
        """Positions, from 0, of the rows dropped for missing values; shape (n_omitted,)."""
        return self.design.omitted.copy()

    def frame(self) -> pd.DataFrame:
        """R's model frame, one row a row used."""
        return self.design.frame.copy()

    def fitted(self) -> np.ndarray:
        """Fitted values with all random effects and the offset, shape (n_obs,), units of the response."""
        return self.solution.mu.copy()

    def ranef(self) -> dict[str, pd.DataFrame]:
        """Conditional modes by grouping factor: levels by effects, blocks of one factor side by side."""
        return {group: frame.copy() for group, frame in self._modes.items()}

    @cached_property
    def _modes(self) -> dict[str, pd.DataFrame]:
        ends = _getme.get_me("Gp", self.design, self.solution)
        pieces = [
            self.solution.b[start : start + len(block.levels) * len(block.effects)].reshape(len(block.levels), -1)
            for block, start in zip(self.design.blocks, ends[:-1], strict=True)
        ]
        return {group: _modes_frame(group, self.design.blocks, pieces) for group in _getme.groups(self.design)}

    def conditional_variances(self) -> dict[str, np.ndarray]:
        """Conditional covariances by grouping factor in the order of `ranef`, shape (n_levels, q, q).

        Where a factor has several blocks, as `||` gives, the covariances between the blocks are there too.
        """
        return {group: self._variances[group].copy() for group in _getme.groups(self.design)}

    @cached_property
    def _variances(self) -> dict[str, np.ndarray]:
        return pls.conditional_variances(self.solution)

    def criterion(self, *, REML: bool) -> float:
        """The REML criterion or the deviance at this fit's theta, whichever was minimized."""
        return pls.solve(self.solution.problem.with_REML(REML=REML), self.solution.theta).criterion

    def getME(self, name: str) -> Any:
        """R's ``getME``; raises ValueError with the names there are for an unknown one."""
        return _getme.get_me(name, self.design, self.solution)

    def predict(self, newdata: pd.DataFrame | None, re_form: str | None, *, allow_new_levels: bool) -> np.ndarray:
        """Predictions, one a row of `newdata` or a row used, NaN where a predictor is missing.

        As in lme4, the model's ``offset=`` has no part in predictions for new data; an ``offset()`` in the formula has.

        Raises
        ------
        DataError
            For a missing column, a new or missing level, or a `re_form` that is no part of the model.
        """
        if newdata is None and re_form is None:
            return self.fitted()
        terms = self._terms(re_form)
        fixed = self._fixed_part(newdata)
        return sum((self._random_part(term, newdata, allow_new_levels=allow_new_levels) for term in terms), start=fixed)

    def _terms(self, re_form: str | None) -> tuple[RandomTerm, ...]:
        from lmebridge.formula.model_formula import blocks, parse_formula

        return blocks(self.model.formula if re_form is None else parse_formula(re_form, trust=True))

    def _fixed_part(self, newdata: pd.DataFrame | None) -> np.ndarray:
        from lmebridge.design import newdata as rows

        if newdata is None:
            return np.asarray(self.design.X @ self.solution.beta + self.design.offset)
        matrix = rows.fixed_matrix(self.design, newdata)
        return np.asarray(matrix @ self.solution.beta + rows.new_offset(self.design, newdata))

    def _random_part(self, term: RandomTerm, newdata: pd.DataFrame | None, *, allow_new_levels: bool) -> np.ndarray:
        """Contribution of one term's effects; levels that the fit has not seen contribute nothing."""
        from lmebridge.design import newdata as rows

        block = rows.new_block(self.design, term, newdata, allow_new_levels=allow_new_levels)
        modes = self._modes[block.group][list(block.effects)].to_numpy()
        modes = np.vstack([modes, np.zeros(modes.shape[1])])
        return np.asarray(np.sum(block.matrix * modes[block.codes], axis=1))

    def refit(self, *, REML: bool) -> tuple[Fit, LocalEngine]:
        """The same model on the same data with or without REML, minimized anew."""
        from lmebridge.pls.optimize import optimize

        model = replace(self.model, REML=REML)
        solution, convergence = optimize(self.solution.problem.with_REML(REML=REML))
        engine = LocalEngine(model, self.design, solution, self.source)
        return local_fit(model, self.design, solution, convergence, self.source), engine


def _modes_frame(group: str, blocks: Sequence[RandomBlock], pieces: Sequence[np.ndarray]) -> pd.DataFrame:
    own = [(block, piece) for block, piece in zip(blocks, pieces, strict=True) if block.group == group]
    effects = [effect for block, _ in own for effect in block.effects]
    return pd.DataFrame(
        np.hstack([piece for _, piece in own]),
        index=pd.Index(own[0][0].levels, dtype=object),
        columns=pd.Index(effects, dtype=object),
    )
