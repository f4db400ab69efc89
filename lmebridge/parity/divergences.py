"""The registry of known divergences: where an engine's numbers differ from the optimum's, by how much, and why.

What differs and is not registered fails; so does what grew, what turned to the other side, and what no longer happens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmebridge.errors import RegistryError
from lmebridge.parity.tolerances import tolerance_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lmebridge.parity.report import Report

#: A divergence has grown when it exceeds its registered size by this factor: sizes are registered with two digits.
GROWTH = 1.1
#: Quantities that repeat another: the log-likelihood is minus half the criterion.
REPEATED = frozenset({"logLik"})
#: Where the engine's criterion lies, seen from the optimum: not below, not above, or at it, up to the tolerance.
DIRECTIONS = ("above", "below", "equal")
#: Fields of an entry, True where it must be there.
FIELDS = {
    "id": True,
    "engine": True,
    "versions": True,
    "direction": True,
    "reason": True,
    "link": True,
    "cases": True,
    "sporadic": False,
}
COMPARISONS = {
    ">=": lambda found, limit: found >= limit,
    "<=": lambda found, limit: found <= limit,
    "==": lambda found, limit: found == limit,
    ">": lambda found, limit: found > limit,
    "<": lambda found, limit: found < limit,
}


@dataclass(frozen=True)
class Divergence:
    """One entry of the registry: a cause, and what it does to which cases.

    Attributes
    ----------
    id : str
        Its name.
    engine : str
        The engine whose numbers differ.
    versions : str
        The versions of the engine it was seen in, such as ``">=1.1-31, <2"``.
    direction : {"above", "below", "equal"}
        Where the engine's criterion lies, seen from the optimum: above is worse.
    reason, link : str
        Why, and where to read about it.
    cases : mapping of str to mapping of str to float
        By case and quantity, the worst difference, in the unit of the quantity's tolerance.
    sporadic : bool
        Whether it comes and goes from run to run; then its absence is no failure.
    """

    id: str
    engine: str
    versions: str
    direction: str
    reason: str
    link: str
    cases: Mapping[str, Mapping[str, float]]
    sporadic: bool = False

    def covers(self, engine: str, version: str, case: str) -> bool:
        """Whether it is about this engine, this version and this case."""
        return self.engine == engine and case in self.cases and in_range(version, self.versions)


@dataclass(frozen=True)
class Observed:
    """What a comparison with the optimum found for one case.

    Attributes
    ----------
    engine, version, case : str
        What was compared.
    criterion : float
        The engine's criterion minus the optimum's.
    sizes : mapping of str to float
        By quantity that misses, the worst difference, in the unit of the quantity's tolerance.
    """

    engine: str
    version: str
    case: str
    criterion: float
    sizes: Mapping[str, float]

    def __str__(self) -> str:
        sizes = ", ".join(f"{quantity}: {size:.1e}" for quantity, size in sorted(self.sizes.items()))
        return f"{self.case}: {{{sizes}}}"


def read_divergences(path: str | Path) -> tuple[Divergence, ...]:
    """Read the registry.

    Parameters
    ----------
    path : str or pathlib.Path
        A YAML file: a list of entries with the fields of `Divergence`.

    Returns
    -------
    tuple of Divergence
        In the order of the file.

    Raises
    ------
    RegistryError
        If an entry lacks a field, has one too many, or is not what its field must be; or PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise RegistryError("PyYAML is not installed: run pip install 'lmebridge[pytest]'") from error
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} is no registry of divergences: {error}") from error
    if not isinstance(entries, list):
        raise RegistryError(f"{path} is no registry of divergences: expected a list of entries")
    found = tuple(_divergence(entry) for entry in entries)
    repeated = {entry.id for entry in found if sum(other.id == entry.id for other in found) > 1}
    if repeated:
        raise RegistryError(f"{path} has several entries named {', '.join(sorted(repeated))}")
    return found


def _divergence(entry: Any) -> Divergence:
    if not isinstance(entry, dict):
        raise RegistryError(f"expected an entry with the fields {', '.join(FIELDS)}, got {entry!r}")
    name = entry.get("id", "without id")
    missing = [field for field, needed in FIELDS.items() if needed and field not in entry]
    unknown = [str(field) for field in entry if field not in FIELDS]
    if missing or unknown:
        raise RegistryError(f"entry {name}: it lacks {missing} and has unknown fields {unknown}")
    if entry["direction"] not in DIRECTIONS:
        raise RegistryError(f"entry {name}: direction is one of {', '.join(DIRECTIONS)}, got {entry['direction']!r}")
    in_range("0", str(entry["versions"]))
    try:
        cases = {str(c): {str(q): float(size) for q, size in sizes.items()} for c, sizes in entry["cases"].items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise RegistryError(f"entry {name}: cases map each case to sizes by quantity, got {error}") from error
    return Divergence(**{**entry, "cases": cases})


def in_range(version: str, versions: str) -> bool:
    """Whether a version satisfies every condition of a range.

    Raises
    ------
    RegistryError
        If the range cannot be read.

    Examples
    --------
    >>> in_range("1.1-31", ">=1.1-31, <2"), in_range("2.0-1", ">=1.1-31, <2")
    (True, False)
    """
    from lmebridge.backends._r_home import numbers

    conditions = [re.fullmatch(r"\s*(>=|<=|==|>|<)\s*([0-9][0-9.-]*)\s*", part) for part in versions.split(",")]
    if not all(conditions):
        raise RegistryError(f"{versions!r} is no range of versions; write for example '>=1.1-31, <2'")
    return all(COMPARISONS[found[1]](numbers(version), numbers(found[2])) for found in conditions if found)


def observe(
    report: Report, engine: str, version: str, case: str, tolerances: Mapping[str, float] | None = None
) -> Observed:
    """What a comparison of the optimum (left) with an engine (right) found.

    Parameters
    ----------
    report : Report
        The comparison, made with `tolerances`.
    engine, version, case : str
        What was compared.
    tolerances : mapping of str to float, optional
        As given to `compare`.
    """
    table = report.table
    criterion = table.loc[table["quantity"] == "criterion", "difference"]
    misses = report.misses
    worst = misses[~misses["quantity"].isin(REPEATED)].groupby("quantity")["misses"].agg(_worst)
    sizes = {str(name): float(miss) * tolerance_for(str(name), tolerances).size for name, miss in worst.items()}
    return Observed(engine, version, case, float(criterion.sum()), sizes)


def _worst(misses: Any) -> float:
    """The largest miss; a number that only one side has is infinitely far away."""
    return float(misses.fillna(float("inf")).max())


def problems(registry: Sequence[Divergence], observed: Iterable[Observed]) -> list[str]:
    """What is wrong between the registry and what was observed, in words; empty when nothing is.

    Parameters
    ----------
    registry : sequence of Divergence
        What is known.
    observed : iterable of Observed
        What was found. Entries about other engines, versions and cases are not asked.

    Returns
    -------
    list of str
        One sentence for each divergence that is unregistered, grew, lies on the other side or no longer happens.

    Examples
    --------
    >>> problems([], [Observed("lme4", "1.1-31", "sleep", 0.0, {"sigma": 2e-5})])
    ['unregistered divergence of lme4 1.1-31, sigma by 2e-05 relative. To register it: `sleep: {sigma: 2.0e-05}`']
    """
    return [words for found in observed for words in _problems_of(registry, found)]


def _problems_of(registry: Sequence[Divergence], found: Observed) -> list[str]:
    entries = [entry for entry in registry if entry.covers(found.engine, found.version, found.case)]
    known = {quantity: entry for entry in entries for quantity in entry.cases[found.case]}
    words = [_excess(known.get(quantity), found, quantity, size) for quantity, size in found.sizes.items()]
    words += [_turned(entry, found) for entry in entries]
    words += [
        f"{entry.id}: the divergence of {quantity} in case {found.case} no longer happens; take it out of the registry"
        for quantity, entry in known.items()
        if quantity not in found.sizes and not entry.sporadic
    ]
    return [sentence for sentence in words if sentence]


def _excess(entry: Divergence | None, found: Observed, quantity: str, size: float) -> str:
    by = f"{size:.2g} {tolerance_for(quantity).unit}"
    if entry is None:
        return (
            f"unregistered divergence of {found.engine} {found.version}, {quantity} by {by}. To register it: `{found}`"
        )
    registered = entry.cases[found.case][quantity]
    if size <= registered * GROWTH:
        return ""
    return f"{entry.id}: {quantity} in case {found.case} grew from {registered:.2g} to {by}: `{found}`"


def _turned(entry: Divergence, found: Observed) -> str:
    allowed = tolerance_for("criterion").size
    is_above, is_below = found.criterion > allowed, found.criterion < -allowed
    wrong = {"above": is_below, "below": is_above, "equal": is_above or is_below}[entry.direction]
    if not wrong:
        return ""
    side = "above" if is_above else "below"
    return (
        f"{entry.id}: the criterion of case {found.case} is {side} the optimum by {abs(found.criterion):.2g}, "
        f"registered is {entry.direction}"
    )
