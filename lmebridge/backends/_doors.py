"""What every door to R has in common: running one of our functions, and keeping objects that only R can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: The files of R code that are functions only; the others of r/ are programs.
SOURCES = (
    "wire", "door", "environments", "fit", "extract", "provenance", "ranef", "getme", "frame", "predict", "anova",
    "functions", "inference", "lm", "pymer4", "diagnostics", "exchange", "generalized",
)  # fmt: skip


class Door(Protocol):
    """A way to R. Any thread may call; one call runs at a time."""

    #: ``"rpy2"`` or ``"worker"``.
    name: str

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the door itself, such as ``{"rpy2": "3.6.5"}``."""

    @property
    def is_open(self) -> bool:
        """Whether R runs behind it."""

    def open(self) -> None:
        """Start R where it does not run; raises `BackendUnavailable`."""

    def run(self, function: str, arguments: Mapping[str, Any], *, keep: bool) -> dict[str, Any]:
        """What ``run`` of r/door.R answers, as crossing values.

        `Kept` stands for an object of this door among the arguments, `Hold` among the answers.
        """

    def loss(self, key: Any) -> str:
        """Why the object of that key is gone; empty while it is there."""

    def release(self, key: Any) -> None:
        """Let go of an object; called by the garbage collector, in any thread, at any time."""


class Hold:
    """Keeps an object alive behind a door, under the key that the door gave it."""

    def __init__(self, door: Door, key: Any) -> None:
        self.door = door
        self.key = key

    def __del__(self) -> None:
        self.door.release(self.key)


@dataclass(frozen=True)
class Kept:
    """An object of a door among the arguments of a call."""

    key: Any


def source_folder() -> Path:
    """The folder of R code: within the package in a wheel, beside it in a working copy.

    Examples
    --------
    >>> (source_folder() / "fit.R").is_file()
    True
    """
    from pathlib import Path

    package = Path(__file__).parents[1]
    inside = package / "r"
    return inside if inside.is_dir() else package.parent / "r"
