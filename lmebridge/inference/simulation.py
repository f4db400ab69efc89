"""Responses simulated from a fitted model, lme4's ``simulate.merMod``."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.inference import seeds
from lmebridge.inference.engines import ask_r, local_engine, merMod_engine, on_rows
from lmebridge.na import NA, NAType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from lmebridge.backends._local import LocalEngine
    from lmebridge.design.build import RandomBlock
    from lmebridge.inference.seeds import Seed
    from lmebridge.model import MerMod

#: Most numbers that are simulated by one call: 16 GB of them.
MOST_ENTRIES = 2_000_000_000
#: Numbers that are made between two looks at Ctrl-C: a few hundredths of a second.
AT_ONCE = 2_000_000


def simulate(
    fit: MerMod,
    nsim: int = 1,
    seed: Seed = None,
    use_u: bool | None = None,
    re_form: str | NAType | None = NA,
    newdata: Any = None,
    allow_new_levels: bool = False,
) -> pd.DataFrame:
    """Simulate responses from a fitted model, lme4's ``simulate.merMod``.

    Parameters
    ----------
    fit : MerMod
        The model.
    nsim : int
        Number of responses, at least 1.
    seed : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        Of the draws. With the lme4 backend an integer is R's own ``set.seed``, and gives R's own draws.
    use_u : bool, optional
        True for ``re_form=None``, False for ``re_form=NA``; give only one of the two.
    re_form : str, NA or None
        Random effects that are kept at their conditional modes: none of them (NA), all (None), or those of a formula
        such as ``"~(1|g)"``. The others are drawn anew.
    newdata : DataFrame, optional
        Rows to simulate responses for, in place of those of the fit.
    allow_new_levels : bool
        Whether `newdata` may have levels that the model has not seen; their effects are drawn.

    Returns
    -------
    pandas.DataFrame, shape (n, nsim)
        Columns ``sim_1``, ``sim_2``, ..., on the index of the data, or of `newdata`, units of the response. With
        ``na_action="na.exclude"`` the rows dropped for missing values are there as NaN. Of a binomial model with
        ``cbind``, each is two columns under its name, successes and failures: ``simulated["sim_1"]`` has both.

    Raises
    ------
    ValueError
        If `nsim` is not a positive whole number or asks for more than any memory holds, or both `use_u` and
        `re_form` are given.
    DataError
        For a column that `newdata` lacks, or a new level that is not allowed.
    UnsupportedByBackend
        For MixedLM's own estimates.

    Notes
    -----
    As in lme4 1.1, the residuals are drawn with variance ``sigma**2`` in every row, whatever the prior weights. As in
    `predict`, the argument ``offset=`` of the model has no part in new rows.

    References
    ----------
    lme4 ``simulate.merMod``.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.simulate(nsim=2, seed=1).shape
    (7185, 2)
    """
    nsim = seeds.whole_number(nsim)
    _check_memory(nsim, int(fit.nobs()))
    form = chosen_form(use_u, re_form)
    if newdata is not None:
        from lmebridge.inference.new_responses import simulate_newdata

        return simulate_newdata(fit, newdata, int(nsim), seed, form, allow_new_levels=allow_new_levels)
    in_r = merMod_engine(fit)
    if in_r is not None:
        drawn = ask_r(in_r, "simulate_responses", nsim=int(nsim), seed=seeds.r_seed(seed), re_form=form).value
        if isinstance(drawn[0], pd.Categorical):
            return _factors(fit, drawn)
        values = np.stack([np.asarray(response, dtype=float) for response in drawn], axis=-1)
    else:
        generator = np.random.default_rng(seed)
        values = simulator(local_engine(fit, "simulate"), form).draw(generator, nsim)
    if values.ndim == 3:
        return _pairs(fit, values)
    names = [f"sim_{i}" for i in range(1, nsim + 1)]
    return on_rows(fit, np.asarray(values, dtype=float).reshape(-1, nsim), names)


def _pairs(fit: MerMod, values: np.ndarray) -> pd.DataFrame:
    """Successes and failures, shape (n, 2, nsim), two columns a response."""
    n, _, nsim = values.shape
    columns = [(f"sim_{i}", kind) for i in range(1, nsim + 1) for kind in ("successes", "failures")]
    table = on_rows(fit, values.transpose(0, 2, 1).reshape(n, -1), [str(column) for column in columns])
    return table.set_axis(pd.MultiIndex.from_tuples(columns), axis=1)


def _factors(fit: MerMod, drawn: list[pd.Categorical]) -> pd.DataFrame:
    """Responses of a binomial model of a factor, with the factor's levels."""
    names = [f"sim_{i}" for i in range(1, len(drawn) + 1)]
    codes = on_rows(fit, np.column_stack([response.codes for response in drawn]), names)
    levels = drawn[0].categories
    known = {name: codes[name].fillna(-1).to_numpy(dtype=int) for name in names}
    columns = {name: pd.Categorical.from_codes(column, categories=levels) for name, column in known.items()}
    return pd.DataFrame(columns, index=codes.index)


def _check_memory(nsim: int, n: int) -> None:
    if nsim * n > MOST_ENTRIES:
        raise ValueError(
            f"nsim={nsim}: as many responses of {n} values take {8e-9 * nsim * n:.3g} GB. Simulate some at a time, or "
            "let bootMer(FUN, nsim) keep of each draw what FUN makes of it"
        )


def chosen_form(use_u: bool | None, re_form: str | NAType | None) -> str | None:
    """The text of ``re.form``, None for all random effects.

    Raises
    ------
    ValueError
        If both are given, or `re_form` is none of what it may be.
    """
    if use_u is not None:
        if re_form is not NA:
            raise ValueError("should specify only one of 'use_u' and 're_form'")
        return None if use_u else "~0"
    if re_form is NA:
        return "~0"
    if re_form is None or isinstance(re_form, str):
        return re_form
    raise ValueError("re_form is None (all random effects), lmebridge.NA (none) or a formula text such as '~(1|g)'")


class Simulator:
    """Draws responses.

    Parameters
    ----------
    sigma : float
        Residual standard deviation, units of the response.
    mean : numpy.ndarray, shape (n,)
        What is not drawn, units of the response.
    random : list of (RandomBlock, numpy.ndarray)
        The blocks that are drawn, each with its relative covariance factor, shape (q, q).
    """

    def __init__(self, sigma: float, mean: np.ndarray, random: list[tuple[RandomBlock, np.ndarray]]) -> None:
        self._sigma = sigma
        self._mean = mean
        self._random = random
        self._ends = np.cumsum([0, *(len(block.levels) * len(block.effects) for block, _ in random)])

    def draw(self, generator: Generator, nsim: int = 1) -> np.ndarray:
        """Responses, shape (n, nsim), units of the response."""
        spherical = _normals(generator, int(self._ends[-1]), nsim)
        scatter = _normals(generator, len(self._mean), nsim)
        for (block, factor), (start, end) in zip(self._random, pairwise(self._ends), strict=True):
            effects = factor @ spherical[start:end].reshape(len(block.levels), len(block.effects), nsim)
            for rows in _pieces(len(scatter), nsim):
                scatter[rows] += np.einsum("nq,nqs->ns", block.matrix[rows], effects[block.codes[rows]])
        for rows in _pieces(len(scatter), nsim):
            scatter[rows] = self._mean[rows, None] + self._sigma * scatter[rows]
        return scatter


def _normals(generator: Generator, rows: int, columns: int) -> np.ndarray:
    """What ``generator.standard_normal((rows, columns))`` gives, made in pieces."""
    values = np.empty((rows, columns))
    for piece in _pieces(rows, columns):
        generator.standard_normal(out=values[piece])
    return values


def _pieces(rows: int, columns: int) -> Iterator[slice]:
    """The rows, some at a time: Ctrl-C is heard between them."""
    some = max(1, AT_ONCE // columns)
    return (slice(start, start + some) for start in range(0, rows, some))


def simulator(engine: LocalEngine, form: str | None) -> Simulator:
    """What draws responses of a solved problem.

    Parameters
    ----------
    engine : LocalEngine
        The solved problem.
    form : str or None
        Random effects kept at their modes, as `chosen_form` gives them.
    """
    from lmebridge.backends._getme import templates

    factors = templates(engine.design, engine.solution.theta)
    random = [(engine.design.blocks[i], factors[i]) for i in drawn_blocks(engine, form)]
    return Simulator(engine.solution.sigma, engine.predict(None, form, allow_new_levels=False), random)


def drawn_blocks(engine: LocalEngine, form: str | None) -> list[int]:
    """Positions of the blocks that are drawn: all but those that `form` names whole."""
    from lmebridge.formula.model_formula import blocks, parse_formula

    kept = engine.model.formula if form is None else parse_formula(form, trust=True)
    texts = {term.text for term in blocks(kept)}
    return [i for i, recipe in enumerate(engine.design.recipe.blocks) if recipe.term.text not in texts]
