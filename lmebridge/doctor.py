"""What of lmebridge works on this machine, what does not, and the line to run to mend it."""

from __future__ import annotations

import platform
import sys
import textwrap
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmebridge.backends._door_status import DoorStatus
    from lmebridge.backends._r_home import Home
    from lmebridge.backends.contract import Status

#: The packages whose versions matter to the numbers.
PACKAGES = ("lmebridge", "numpy", "scipy", "pandas", "formulaic", "statsmodels")
#: Widest line, in characters.
WIDTH = 110


def report(found: Mapping[str, Status] | None = None, tried: Sequence[DoorStatus] | None = None) -> str:
    """Everything that matters about this machine, as text: Python, R, the backends, the data.

    Parameters
    ----------
    found : mapping of str to Status, optional
        What the backends say about themselves, where they have been asked already.
    tried : sequence of DoorStatus, optional
        What came of trying the doors to R, where they have been tried already.

    Returns
    -------
    str
        Sections under headings. Backends and data that are not usable come with the line to run.

    Examples
    --------
    >>> "native" in report()
    True
    """
    from lmebridge.backends import _r_home

    doors_found = doors() if tried is None else tried
    sections = {
        "Python": python_lines(),
        "R": r_lines(_r_home.find()),
        "Doors to R": door_lines(doors_found),
        "Backends": backend_lines(statuses() if found is None else found),
        "Data": data_lines(),
    }
    return "\n".join(section(heading, lines) for heading, lines in sections.items())


def section(heading: str, lines: list[str]) -> str:
    """A heading with its lines below it."""
    return "\n".join([heading, *(f"  {line}" for line in lines), ""])


def doors() -> list[DoorStatus]:
    """What came of trying rpy2's door to R and the worker's."""
    from lmebridge.backends._door_status import try_doors

    return try_doors()


def statuses() -> dict[str, Status]:
    """By name, what each backend says about itself on this machine."""
    from lmebridge.backends import REGISTRY, load

    return {name: load(name).status() for name in REGISTRY}


def python_lines() -> list[str]:
    """Python, the system, and the packages that compute."""
    return [
        f"Python {platform.python_version()} at {sys.executable}",
        f"{platform.system()} {platform.release()}, {platform.machine()}",
        ", ".join(f"{package} {version(package)}" for package in PACKAGES),
    ]


def version(package: str) -> str:
    """A package's version, ``(not installed)`` where it is not there.

    Examples
    --------
    >>> version("no-such-package")
    '(not installed)'
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def r_lines(home: Home) -> list[str]:
    """Where R is, which rpy2 is installed, and which would load."""
    from lmebridge.backends._r_home import RPY2_FOR_R, loads

    found = f"R {home.r_version or '(version unknown)'} at {home.path}" if home.path else "R was not found"
    rpy2 = f"rpy2-rinterface {home.rpy2_version}" if home.rpy2_version else "rpy2-rinterface is not installed"
    if home.rpy2_version and home.r_version:
        rpy2 += f", which {'loads' if loads(home.rpy2_version, home.r_version) else 'does not load'} with this R"
    table = [f"R {'.'.join(map(str, since))} and later" if any(since) else "earlier R" for since, _ in RPY2_FOR_R]
    known = [f"{name}: rpy2-rinterface{versions}" for name, (_, versions) in zip(table, RPY2_FOR_R, strict=True)]
    return [found, rpy2, "Versions that load together:", *(f"  {line}" for line in known)]


def door_lines(tried: Sequence[DoorStatus]) -> list[str]:
    """Each door to R: what is behind it and what it costs, or why it does not open and how to mend that."""
    lines: list[str] = []
    for door in tried:
        if door.r:
            cost = f"started in {door.start:.1f} s, {door.call * 1000:.1f} ms a call"
            lines.append(f"{door.name:12} {'usable':11} {door.r} ({door.where}), {cost}")
        else:
            lines += [f"{door.name:12} not usable", *wrapped(f"{door.reason}. {door.remedy}")]
    behind = {door.r for door in tried if door.r}
    if len(behind) > 1:
        lines += wrapped("The doors lead to different Rs: LMEBRIDGE_R=rpy2 or LMEBRIDGE_R=worker says which is meant.")
    return lines


def backend_lines(found: Mapping[str, Status]) -> list[str]:
    """Each backend: what it runs on, or why it cannot be used and how to mend that."""
    lines: list[str] = []
    for name, status in found.items():
        lines.append(f"{name:12} {'usable' if status.usable else 'not usable':11} {status.version}".rstrip())
        if not status.usable:
            lines += wrapped(f"{status.reason}. {status.remedy}")
    return lines


def data_lines() -> list[str]:
    """Each example data set: where it is, or how to get it."""
    from lmebridge.datasets.files import catalogue

    lines: list[str] = []
    for name, row in catalogue().iterrows():
        lines += [f"{name}: {row['path'] or 'not here'}", *wrapped(row["how to get it"])]
    return lines


def wrapped(text: str) -> list[str]:
    """Text in lines that are indented under what they explain."""
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
