"""Influence of groups and of single rows: the model refitted without each of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import DataError, LmebridgeWarning
from lmebridge.inference import twin
from lmebridge.inference.progress import shown
from lmebridge.tables import block_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.design.build import Design
    from lmebridge.model import MerMod


@dataclass(frozen=True, eq=False)
class Influence:
    """The estimates with all rows and without each group, R's ``influence(m, groups)``.

    Attributes
    ----------
    groups : str
        What was left out by turns: the columns' names joined by ``.``, or ``"case"``.
    fixed : pandas.Series, shape (p,)
        Fixed effects with all rows.
    fixed_without : pandas.DataFrame, shape (k, p)
        Fixed effects without each group; NaN where the rest of the rows does not determine one.
    var_cov : pandas.Series
        Variances and covariances with all rows, the residual variance first, under lme4's names.
    var_cov_without : pandas.DataFrame
        The same without each group.
    vcov : pandas.DataFrame, shape (p, p)
        Covariance matrix of the fixed effects with all rows.
    vcov_without : numpy.ndarray, shape (k, p, p)
        The same without each group.
    converged : pandas.Series of bool, shape (k,)
        Whether each refit came to a minimum.
    """

    groups: str
    fixed: pd.Series
    fixed_without: pd.DataFrame
    var_cov: pd.Series
    var_cov_without: pd.DataFrame
    vcov: pd.DataFrame
    vcov_without: np.ndarray
    converged: pd.Series

    def dfbeta(self) -> pd.DataFrame:
        """Change of each fixed effect when a group is left out, in the effect's units; shape (k, p)."""
        return self.fixed_without - self.fixed

    def dfbetas(self) -> pd.DataFrame:
        """`dfbeta` divided by the standard errors without the group, dimensionless."""
        errors = np.sqrt(np.diagonal(self.vcov_without, axis1=1, axis2=2))
        return self.dfbeta().div(errors)

    def cooks_distance(self) -> pd.Series:
        """Cook's distance of each group, dimensionless, scaled as lme4 scales it.

        References
        ----------
        lme4 ``cooks.distance.influence.merMod``.
        """
        change = self.dfbeta().to_numpy()
        k, p = change.shape
        solved = np.linalg.solve(self.vcov.to_numpy(), change.T).T
        return pd.Series((k - p) / (k * p) * np.sum(change * solved, axis=1), index=self.fixed_without.index)


def influence(fit: MerMod, groups: str | Sequence[str] | None = None, progress: bool | None = None) -> Influence:
    """Refit the model without each group of rows.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    groups : str or sequence of str, optional
        Columns of the data whose combinations are left out by turns; without them, every single row is.
    progress : bool, optional
        Whether to show a progress bar on standard error; by default after a second of work, in a terminal or notebook.

    Returns
    -------
    Influence
        The estimates without each group, in the order in which the groups appear in the rows used. After Ctrl-C it has
        the groups that were done.

    Raises
    ------
    DataError
        If the data have no such column.

    Warns
    -----
    LmebridgeWarning
        If Ctrl-C ended the work.

    Notes
    -----
    The refits run on the package's own solver from the fit's theta, whatever backend fitted the model: they come to the
    same minimum. Those of a generalized model are lme4's, whose optimizers start from the fit and stop after 1,000
    evaluations, as in R; its own `subset` stays, which lme4 1.1-31 forgets.

    As with R's ``subset``, terms such as ``poly(x, 2)`` keep the basis of all rows.

    References
    ----------
    lme4 ``influence.merMod``.
    """
    rows, without = _generalized(fit) if fit.record.model.is_generalized else _linear(fit)
    names = [] if groups is None else [groups] if isinstance(groups, str) else list(groups)
    labels = _labels(fit, names, rows)
    left_out = pd.unique(labels)
    refits = _refits(without, labels, left_out, progress)
    index = pd.Index(left_out[: len(refits)], name=".".join(names) or "case")
    return Influence(
        groups=str(index.name),
        fixed=fit.fixef(),
        fixed_without=pd.DataFrame([r.fixed for r in refits], index=index, columns=fit.fixef().index),
        var_cov=_components(fit, fit.sigma() ** 2, _covariances(fit, fit.record.theta, fit.sigma())),
        var_cov_without=pd.DataFrame([r.var_cov for r in refits], index=index, columns=_component_names(fit)),
        vcov=fit.vcov(),
        vcov_without=np.array([r.vcov for r in refits]).reshape(-1, *fit.vcov().shape),
        converged=pd.Series([r.converged for r in refits], index=index, dtype=bool),
    )


def _linear(fit: MerMod) -> tuple[np.ndarray, Callable[[np.ndarray], _Refit]]:
    """The rows used, and the estimates from those of them that are kept."""
    engine = twin.local_engine(fit)
    return engine.design.rows, partial(_without, fit, engine.design)


def _generalized(fit: MerMod) -> tuple[np.ndarray, Callable[[np.ndarray], _Refit]]:
    """The same of a generalized model."""
    return twin.engine_of(fit).rows(), partial(_without_in_r, fit)


def _refits(
    without: Callable[[np.ndarray], _Refit], labels: np.ndarray, left_out: Any, progress: bool | None
) -> list[_Refit]:
    """The estimates without each group, or without those there was time for until Ctrl-C."""
    refits: list[_Refit] = []
    try:
        with shown("influence", len(left_out), progress) as advance:
            for label in left_out:
                refits.append(without(labels != label))
                advance(1)
    except KeyboardInterrupt:
        said = f"interrupted after {len(refits)} of {len(left_out)} refits: the result holds those"
        warnings.warn(said, LmebridgeWarning, stacklevel=3)
    return refits


def _labels(fit: MerMod, names: list[str], rows: np.ndarray) -> np.ndarray:
    """What group each row used belongs to."""
    missing = [name for name in names if name not in fit.data.columns]
    if missing:
        raise DataError.unknown_column(missing[0], [str(column) for column in fit.data.columns])
    if not names:
        return np.asarray(fit.data.index[rows])
    used = fit.data[names].iloc[rows]
    if len(names) == 1:
        return np.asarray(used[names[0]].astype(object))
    return np.array([".".join(map(str, row)) for row in used.itertuples(index=False)], dtype=object)


@dataclass(frozen=True, eq=False)
class _Refit:
    fixed: np.ndarray
    var_cov: np.ndarray
    vcov: np.ndarray
    converged: bool


def _without(fit: MerMod, design: Design, keep: np.ndarray) -> _Refit:
    """The estimates from the rows kept."""
    from lmebridge.design.checks import independent_columns
    from lmebridge.pls import solution as pls
    from lmebridge.pls.optimize import optimize

    kept = np.sort(independent_columns(design.X[keep]))
    part = replace(
        design,
        y=design.y[keep],
        X=np.ascontiguousarray(design.X[keep][:, kept]),
        weights=None if design.weights is None else design.weights[keep],
        offset=design.offset[keep],
        blocks=tuple(_block_of(block, keep) for block in design.blocks),
    )
    theta = tuple(float(value) for value in fit.record.theta)
    solution, convergence = optimize(pls.problem(part, REML=fit.isREML()), theta)
    p = design.X.shape[1]
    fixed, vcov = np.full(p, np.nan), np.full((p, p), np.nan)
    fixed[kept], vcov[np.ix_(kept, kept)] = solution.beta, pls.vcov(solution)
    blocks = _covariances(fit, solution.theta, solution.sigma)
    return _Refit(fixed, np.concatenate([[solution.sigma**2], *blocks]), vcov, convergence.code == 0)


def _without_in_r(fit: MerMod, keep: np.ndarray) -> _Refit:
    """The estimates of a generalized model from the rows kept."""
    rows = (twin.engine_of(fit).rows()[keep] + 1).astype(np.int32)
    found = twin.ask_r(fit, "estimates_without", rows=rows)
    names = fit.fixef().index
    kept = names.get_indexer(found["fixed"].index)
    vcov = np.full((len(names), len(names)), np.nan)
    vcov[np.ix_(kept, kept)] = found["vcov"]
    fixed = found["fixed"].reindex(names).to_numpy(dtype=float)
    return _Refit(fixed, np.asarray(found["var_cov"], dtype=float), vcov, bool(found["converged"][0]))


def _block_of(block: Any, keep: np.ndarray) -> Any:
    """A random-effects block on the rows kept, without the levels that have none of them."""
    present, codes = np.unique(block.codes[keep], return_inverse=True)
    levels = tuple(block.levels[i] for i in present)
    return replace(block, levels=levels, codes=codes, matrix=np.ascontiguousarray(block.matrix[keep]))


def _covariances(fit: MerMod, theta: np.ndarray, sigma: float) -> list[np.ndarray]:
    """Each block's lower triangle of the covariance matrix, by columns."""
    covariances = [sigma**2 * factor @ factor.T for factor in twin.relative_factors(fit, theta)]
    return [covariance[np.triu_indices(len(covariance))] for covariance in covariances]


def _components(fit: MerMod, variance: float, blocks: list[np.ndarray]) -> pd.Series:
    return pd.Series(np.concatenate([[variance], *blocks]), index=_component_names(fit))


def _component_names(fit: MerMod) -> list[str]:
    """lme4's names: ``sigma^2``, ``v[(Intercept)]``, ``C[Days,(Intercept)]``; after the block's if there are more."""
    names, blocks = ["sigma^2"], block_names(fit.record.blocks)
    for name, effects in blocks.items():
        before = "" if len(blocks) == 1 else f"{name}:"
        for column, effect in enumerate(effects):
            names.append(f"{before}v[{effect}]")
            names += [f"{before}C[{later},{effect}]" for later in effects[column + 1 :]]
    return names
