"""What the pytest fixture ``lme_parity`` does; pytest_lmebridge.py has its hooks."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.errors import BackendUnavailable, GoldenError, ParityError
from lmebridge.model import MerMod
from lmebridge.parity.compare import compare
from lmebridge.parity.golden import read_golden
from lmebridge.parity.golden_text import fingerprint, golden_text
from lmebridge.parity.keys import QUANTITIES
from lmebridge.parity.printed import published
from lmebridge.parity.tolerances import tolerance_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lmebridge.parity.agreement import Agreement
    from lmebridge.parity.report import Report

#: Environment variable that turns a skip for want of R into a failure.
REQUIRE_R = "LMEBRIDGE_REQUIRE_R"
#: How to get what the comparison with golden files stands on.
INSTALL = "lme_parity.golden needs pytest-regressions: run pip install 'lmebridge[pytest]'"


@dataclass(frozen=True)
class LmeParity:
    """The fixture ``lme_parity``.

    Attributes
    ----------
    request : pytest.FixtureRequest
        The test that asked for it.
    """

    request: pytest.FixtureRequest

    @property
    def backends(self) -> tuple[str, ...] | None:
        """The backends named by ``--lme-backends``; None for all."""
        return backends_of(self.request.config.getoption("--lme-backends"))

    @property
    def tolerances(self) -> dict[str, float]:
        """The sizes named by ``--lme-tolerances``."""
        return tolerances_of(self.request.config.getoption("--lme-tolerances"))

    def backends_agree(
        self,
        formula: str,
        data: Any,
        *,
        backends: Sequence[str] | None = None,
        tolerances: Mapping[str, float] | None = None,
        **arguments: Any,
    ) -> Agreement:
        """Fit a model by every backend and fail unless each agrees with each.

        Parameters
        ----------
        formula : str
            An lme4 formula.
        data : DataFrame
            The data.
        backends : sequence of str, optional
            The backends; by default those of ``--lme-backends``, else all usable ones.
        tolerances : mapping of str to float, optional
            Sizes by quantity, as in `lmebridge.parity.compare`; ``--lme-tolerances`` is underneath.
        **arguments
            What `lmebridge.lmer` takes besides.

        Returns
        -------
        Agreement
            The reports. Where fewer than two backends can fit the model the test is skipped with the reason, and fails
            under ``LMEBRIDGE_REQUIRE_R=1``, as it does there when lme4 cannot be used.

        Raises
        ------
        ParityError
            With the reports of the pairs, if two backends disagree.
        """
        from lmebridge.parity.agreement import agreement

        chosen = backends or self.backends
        if chosen is None or "lme4" in chosen:
            _fail_where_r_is_required()
        sizes = self.tolerances | dict(tolerances or {})
        try:
            found = agreement(formula, data, chosen, tolerances=sizes, **arguments)
        except BackendUnavailable as error:
            skip_or_fail(str(error), REQUIRE_R)
            raise
        if not found.ok:
            raise ParityError(str(found))
        return found

    def published(
        self, text: str | Path, fit: Any, *, near_units: float = 3.0, names: Mapping[str, str] | None = None
    ) -> Report:
        """Fail unless every printed number comes out of the fit.

        Parameters
        ----------
        text : str or pathlib.Path
            Printed output of R or statsmodels, or a file of it.
        fit : MerMod or LinearModel
            What was computed.
        near_units, names
            As in `lmebridge.parity.Published.check`.

        Returns
        -------
        Report
            One row a printed number.

        Raises
        ------
        ParityError
            With the report, if a number does not round to what is printed.
        PrintedOutputError
            If the text has no output of the fit's kind.
        """
        words = text.read_text(encoding="utf-8") if isinstance(text, Path) else text
        report = published(words).check(fit, near_units=near_units, names=names)
        report.raise_if_failed()
        return report

    def golden(
        self, fit: MerMod, name: str | None = None, *, tolerances: Mapping[str, float] | None = None
    ) -> Report | None:
        """Fail unless the fit has the numbers that lme4 had when the golden was written.

        The golden is a file beside the test's module, in the folder of the module's name. A run that does not find it
        writes it and fails; ``--force-regen`` writes a golden that differs again, and fails. Only lme4's numbers are
        written; what another backend obtained is left beside a copy of the golden, whose place the failure names.

        Parameters
        ----------
        fit : MerMod
            What was computed now, by any backend.
        name : str, optional
            The golden's name; by default the test's.
        tolerances : mapping of str to float, optional
            Sizes by quantity; ``--lme-tolerances`` is underneath.

        Returns
        -------
        Report or None
            The comparison. Where lme4 had stopped short of its own optimum, that with the refined optimum.

        Raises
        ------
        ParityError
            If a number differs, one is gone, or the data are not those of the golden.
        GoldenError
            If a golden was to be written from another engine's numbers.
        TypeError
            If `fit` is not what `lmebridge.lmer` returned.
        """
        if not isinstance(fit, MerMod):
            raise TypeError(f"lme_parity.golden takes what lmebridge.lmer returned, got {type(fit).__name__}")
        reports: list[Report] = []
        sizes = self.tolerances | dict(tolerances or {})
        title = name or self.request.node.name
        self._regression(
            lambda path: _write(fit, title, path),
            lambda _, path: reports.append(hold(fit, path, sizes)),
            name,
        )
        return reports[-1] if reports else None

    def _regression(self, write: Callable[[Path], None], check: Callable[[Path, Path], None], name: str | None) -> None:
        """Hand the files to pytest-regressions."""
        try:
            from pytest_regressions.common import perform_regression_check
        except ImportError as error:
            raise pytest.UsageError(INSTALL) from error
        perform_regression_check(
            datadir=self.request.getfixturevalue("lazy_datadir"),
            original_datadir=self.request.getfixturevalue("original_datadir"),
            request=self.request,
            check_fn=check,
            dump_fn=write,
            extension=".json",
            basename=name,
        )


@cache
def r_problem() -> str:
    """Why lme4 cannot be used here and how to fix it; empty when it can."""
    from lmebridge.backends import load

    status = load("lme4").status()
    return "" if status.usable else f"{status.reason}. {status.remedy}"


def skip_or_fail(problem: str, variable: str) -> None:
    """Skip the test that is running if there is a problem; fail it where the environment variable is 1."""
    if not problem:
        return
    if os.environ.get(variable) == "1":
        pytest.fail(f"{variable}=1, but {problem}", pytrace=False)
    pytest.skip(problem)


def _fail_where_r_is_required() -> None:
    if os.environ.get(REQUIRE_R) == "1":
        skip_or_fail(r_problem(), REQUIRE_R)


def _write(fit: MerMod, name: str, path: Path) -> None:
    """Write what was obtained, or a golden where that may be."""
    is_golden = ".obtained" not in path.suffixes
    if is_golden and fit.record.source.engine != "lme4":
        raise GoldenError.not_from_lme4(path, fit.backend)
    path.write_text(golden_text(fit, name), encoding="utf-8", newline="\n")


def hold(fit: MerMod, path: Path, tolerances: Mapping[str, float]) -> Report:
    """Compare a fit with a golden file; where lme4 had stopped short, with its refined optimum.

    Raises
    ------
    ParityError
        If they differ, or the golden is broken or of other data.
    """
    try:
        golden = read_golden(path)
        golden.check_hash(fingerprint(fit))
    except GoldenError as error:
        raise ParityError(str(error)) from error
    report = compare(golden, fit, tolerances)
    if report.ok or golden.refined is None:
        report.raise_if_failed()
        return report
    above = fit.record.criterion - golden.record.criterion
    better = compare(golden.refined, fit, tolerances)
    if not better.ok or above > tolerance_for("criterion", tolerances).size:
        raise ParityError(f"{report}\nand with lme4's refined optimum:\n{better}")
    return better


def backends_of(text: str) -> tuple[str, ...] | None:
    """The names in ``--lme-backends``; None where there are none.

    Raises
    ------
    pytest.UsageError
        For a name that is no backend.

    Examples
    --------
    >>> backends_of("native, statsmodels"), backends_of("")
    (('native', 'statsmodels'), None)
    """
    from lmebridge.backends import REGISTRY

    names = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in names if name not in REGISTRY]
    if unknown:
        raise pytest.UsageError(f"--lme-backends: no backend is named {', '.join(unknown)}; use {', '.join(REGISTRY)}")
    return names or None


def tolerances_of(text: str) -> dict[str, float]:
    """The sizes in ``--lme-tolerances``.

    Raises
    ------
    pytest.UsageError
        For what is not ``quantity=size``, an unknown quantity or a size that is no positive number.

    Examples
    --------
    >>> tolerances_of("estimate=1e-3, sdcor=0.01")
    {'estimate': 0.001, 'sdcor': 0.01}
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    return dict(_size(name.strip(), value.strip()) for name, _, value in pairs)


def _size(name: str, value: str) -> tuple[str, float]:
    if name not in QUANTITIES:
        raise pytest.UsageError(f"--lme-tolerances: {name!r} is no quantity; there are {', '.join(QUANTITIES)}")
    try:
        size = float(value)
    except ValueError:
        size = math.nan
    if not 0 <= size < math.inf:
        raise pytest.UsageError(f"--lme-tolerances: the size of {name} is {value!r}, expected a number such as 1e-3")
    return name, size
