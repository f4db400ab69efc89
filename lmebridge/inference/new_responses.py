"""Responses simulated for new rows, lme4's ``simulate(newdata=)``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import UnsupportedByBackend
from lmebridge.inference import seeds
from lmebridge.inference.engines import ask_r, local_engine, merMod_engine
from lmebridge.inference.simulation import Simulator, drawn_blocks

if TYPE_CHECKING:
    from lmebridge.backends._local import LocalEngine
    from lmebridge.design.build import RandomBlock
    from lmebridge.inference.seeds import Seed
    from lmebridge.model import MerMod


def simulate_newdata(
    fit: MerMod, newdata: Any, nsim: int, seed: Seed, form: str | None, *, allow_new_levels: bool
) -> pd.DataFrame:
    """Simulated responses of new rows.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    newdata : DataFrame
        The rows; the response need not be there.
    nsim : int
        Number of responses.
    seed : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        Of the draws.
    form : str or None
        Random effects kept at their modes, as `chosen_form` gives them.
    allow_new_levels : bool
        Whether levels that the model has not seen are taken; their effects are always drawn.

    Returns
    -------
    pandas.DataFrame, shape (m, nsim)
        On the index of `newdata`; NaN in rows with a missing predictor or group.

    Raises
    ------
    DataError
        For a missing column, or a new level that is not allowed, in lme4's words.
    """
    from lmebridge.frames import as_pandas
    from lmebridge.inference.prediction import _check_columns

    frame = as_pandas(newdata)
    _check_columns(fit, frame, None)
    complete = frame[_variables(fit, frame)].notna().all(axis=1).to_numpy()
    names = [f"sim_{i}" for i in range(1, nsim + 1)]
    values = np.full((len(frame), nsim), np.nan)
    if complete.any():
        values[complete] = _drawn(fit, frame.loc[complete], nsim, seed, form, allow_new_levels=allow_new_levels)
    return pd.DataFrame(values, index=frame.index, columns=names)


def _variables(fit: MerMod, frame: pd.DataFrame) -> list[str]:
    """Columns of the new rows that the fixed and the random effects are made of."""
    from lmebridge.rsyntax import names

    formula = fit.record.model.formula
    parts = [formula.fixed, *(part for term in formula.random for part in (term.effects, term.group))]
    return [name for name in dict.fromkeys(name for part in parts for name in names(part)) if name in frame.columns]


def _drawn(
    fit: MerMod, frame: pd.DataFrame, nsim: int, seed: Seed, form: str | None, *, allow_new_levels: bool
) -> np.ndarray:
    in_r = merMod_engine(fit)
    if in_r is None:
        engine = local_engine(fit, "simulate")
        simulator = _simulator(engine, form, frame, allow_new_levels=allow_new_levels)
        return simulator.draw(np.random.default_rng(seed), nsim)
    from lmebridge.backends._mermod import grouping, like_training

    _check_response(fit)
    rows = like_training(frame, in_r.types, grouping(in_r.model))
    arguments = {"newdata": rows, "nsim": nsim, "seed": seeds.r_seed(seed), "re_form": form}
    answer = ask_r(in_r, "simulate_newdata", **arguments, allow_new_levels=allow_new_levels)
    return np.asarray(answer.value, dtype=float).reshape(len(frame), nsim)


def _check_response(fit: MerMod) -> None:
    """Refuse binomial responses that are not numbers: lme4 takes their trials and levels from the model's own rows."""
    response = fit.model_frame()
    is_pair = response.columns[0].startswith("cbind(")
    if is_pair or isinstance(response.dtypes.iloc[0], pd.CategoricalDtype):
        raise UnsupportedByBackend(
            "responses of new rows are simulated where the response is a number: lme4 has no trials or levels for them."
            " Fit the model to proportions with weights, or to 0 and 1."
        )


def _simulator(engine: LocalEngine, form: str | None, frame: pd.DataFrame, *, allow_new_levels: bool) -> Simulator:
    """What draws for the new rows: their mean, and the blocks that are drawn with the rows' own columns."""
    from lmebridge.backends._getme import templates

    factors = templates(engine.design, engine.solution.theta)
    random = [
        (_block_of(engine, which, frame, allow_new_levels=allow_new_levels), factors[which])
        for which in range(len(factors))
    ]
    drawn = set(drawn_blocks(engine, form))
    mean = engine.predict(frame, form, allow_new_levels=allow_new_levels)
    kept = [_new_levels_alone(pair, engine, which, kept=which not in drawn) for which, pair in enumerate(random)]
    return Simulator(engine.solution.sigma, mean, [pair for pair in kept if pair is not None])


def _block_of(engine: LocalEngine, which: int, frame: pd.DataFrame, *, allow_new_levels: bool) -> RandomBlock:
    """A block on the new rows, its new levels after those of the fit."""
    from lmebridge.design import newdata as rows

    term = engine.design.recipe.blocks[which].term
    block = rows.new_block(engine.design, term, frame, allow_new_levels=allow_new_levels)
    new = block.codes < 0
    if not new.any():
        return block
    labels = rows.group_labels(engine.design, term, frame)
    places, levels = pd.factorize(labels[new])
    codes = block.codes.copy()
    codes[new] = len(block.levels) + places
    return replace(block, codes=codes, levels=(*block.levels, *(str(level) for level in levels)))


def _new_levels_alone(
    pair: tuple[RandomBlock, np.ndarray], engine: LocalEngine, which: int, *, kept: bool
) -> tuple[RandomBlock, np.ndarray] | None:
    """A block that is drawn; of one kept at its modes, only the levels that have none, or nothing."""
    block, factor = pair
    if not kept:
        return pair
    new = block.codes >= len(engine.design.blocks[which].levels)
    if not new.any():
        return None
    return replace(block, matrix=np.where(new[:, None], block.matrix, 0.0)), factor
