"""One model by several backends, each held against each other: what `lmebridge parity` does."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from lmebridge.errors import BackendUnavailable, UnsupportedByBackend
from lmebridge.parity.compare import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmebridge.parity.report import Report


@dataclass(frozen=True)
class Agreement:
    """What came of one model fitted by several backends.

    Attributes
    ----------
    formula : str
        The model.
    reports : tuple of Report
        One for each pair of backends.
    left_out : mapping of str to str
        By backend that could not fit the model: why.
    """

    formula: str
    reports: tuple[Report, ...]
    left_out: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether at least two backends fitted the model and every pair of them agrees."""
        return bool(self.reports) and all(report.ok for report in self.reports)

    def to_json(self) -> str:
        """The whole as a JSON object."""
        reports = [json.loads(report.to_json()) for report in self.reports]
        content = {"formula": self.formula, "ok": self.ok, "left out": dict(self.left_out), "reports": reports}
        return json.dumps(content, ensure_ascii=False, indent=1)

    def to_html(self) -> str:
        """The whole as a page that needs nothing else."""
        from lmebridge.parity.page import agreement_page

        return agreement_page(self)

    def __str__(self) -> str:
        lines = [str(report) for report in self.reports]
        return "\n".join([*lines, *(f"left out: {name}: {why}" for name, why in self.left_out.items())])


def agreement(
    formula: str,
    data: Any,
    backends: Sequence[str] | None = None,
    *,
    tolerances: Mapping[str, float] | None = None,
    **arguments: Any,
) -> Agreement:
    """Fit a model with several backends and compare each with each.

    Parameters
    ----------
    formula : str
        An lme4 formula, or one without random effects for a linear model.
    data : DataFrame
        The data.
    backends : sequence of str, optional
        The backends; by default all.
    tolerances : mapping of str to float, optional
        As in `compare`.
    **arguments
        What `lmer` or `lm` takes besides.

    Returns
    -------
    Agreement
        Backends that cannot be used here or cannot express the model are left out, with the reason.

    Raises
    ------
    FormulaError, DataError
        If the model cannot be fitted at all.
    BackendUnavailable
        If fewer than two backends can fit it.

    Examples
    --------
    >>> from lmebridge import datasets
    >>> found = agreement("mathach ~ ses + (1 | schoolid)", datasets.hsb(), ("statsmodels", "native"))
    >>> found.ok, len(found.reports)
    (True, 1)
    """
    from lmebridge.backends import REGISTRY

    fits, left_out = {}, {}
    for name in backends or REGISTRY:
        try:
            fits[name] = _fit(formula, data, name, arguments)
        except (BackendUnavailable, UnsupportedByBackend) as obstacle:
            left_out[name] = str(obstacle)
    if len(fits) < 2:
        reasons = " ".join(f"{name}: {why}" for name, why in left_out.items())
        raise BackendUnavailable(f"two backends are needed, {', '.join(fits) or 'none'} can fit the model. {reasons}")
    pairs = combinations(fits.values(), 2)
    return Agreement(formula, tuple(compare(left, right, tolerances) for left, right in pairs), left_out)


def _fit(formula: str, data: Any, backend: str, arguments: Mapping[str, Any]) -> Any:
    """Fit quietly: what is to be said about a fit stays in it."""
    from lmebridge.api import lmer
    from lmebridge.formula.model_formula import parse_formula
    from lmebridge.linear.linear_model import lm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if parse_formula(formula).random:
            return lmer(formula, data, backend=backend, **arguments)
        linear = {name: value for name, value in arguments.items() if name != "REML"}
        return lm(formula, data, backend=backend, **linear)
