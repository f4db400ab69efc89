"""Principal components of the random effects: how many directions they vary in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.inference import twin

if TYPE_CHECKING:
    from lmebridge.model import MerMod


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Principal components of one grouping factor's random effects.

    Attributes
    ----------
    sdev : pandas.Series, shape (q,)
        Standard deviations relative to sigma, the largest first.
    rotation : pandas.DataFrame, shape (q, q)
        One column a component, one row an effect; the signs are arbitrary.
    """

    sdev: pd.Series
    rotation: pd.DataFrame

    @property
    def importance(self) -> pd.DataFrame:
        """R's ``summary``: standard deviation, proportion of variance and cumulative proportion by component."""
        shares = self.sdev**2 / (self.sdev**2).sum()
        rows = {
            "Standard deviation": self.sdev,
            "Proportion of Variance": shares,
            "Cumulative Proportion": shares.cumsum(),
        }
        return pd.DataFrame(rows).T


class RandomEffectsPCA(Mapping[str, PrincipalComponents]):
    """Principal components by grouping factor, R's ``rePCA(m)``; prints as R's summary of it."""

    def __init__(self, components: Mapping[str, PrincipalComponents]) -> None:
        self._components = dict(components)

    def __getitem__(self, group: str) -> PrincipalComponents:
        return self._components[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self._components)

    def __len__(self) -> int:
        return len(self._components)

    def __repr__(self) -> str:
        parts = [f"${group}\nImportance of components:\n{self[group].importance.round(4)}" for group in self]
        return "\n\n".join(parts)


def rePCA(fit: MerMod) -> RandomEffectsPCA:
    """Principal components of the estimated covariance of the random effects.

    A standard deviation of zero says that the effects vary in fewer directions than the model allows.

    Parameters
    ----------
    fit : MerMod
        A fitted model.

    Returns
    -------
    RandomEffectsPCA
        By grouping factor, the components of all its blocks together.

    References
    ----------
    lme4 ``rePCA``; Bates, Kliegl, Vasishth and Baayen (2015), arXiv:1506.04967.
    """
    factors = twin.relative_factors(fit, fit.record.theta)
    groups: dict[str, list[tuple[tuple[str, ...], np.ndarray]]] = {}
    for (group, effects), template in zip(fit.record.blocks, factors, strict=True):
        groups.setdefault(group, []).append((effects, template))
    return RandomEffectsPCA({group: _components(blocks) for group, blocks in groups.items()})


def _components(blocks: list[tuple[tuple[str, ...], np.ndarray]]) -> PrincipalComponents:
    effects = [effect for names, _ in blocks for effect in names]
    factor, start = np.zeros((len(effects), len(effects))), 0
    for names, template in blocks:
        span = slice(start, start + len(names))
        factor[span, span] = template
        start += len(names)
    vectors, values, _ = np.linalg.svd(factor)
    labels = [f"PC{i + 1}" for i in range(len(effects))]
    return PrincipalComponents(pd.Series(values, index=labels), pd.DataFrame(vectors, index=effects, columns=labels))
