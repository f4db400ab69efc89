"""What the scoreboard runs: the package's backends, and other people's engines where they are installed.

To add an engine: a module here with a `Subject`, and its name in `SUBJECTS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmebridge.parity.subjects.contract import Subject

#: By name in the scoreboard: the module and the name of the subject there.
SUBJECTS = {
    "lme4": ("backends", "LME4"),
    "native": ("backends", "NATIVE"),
    "statsmodels, polished": ("backends", "STATSMODELS"),
    "statsmodels, raw": ("backends", "MIXEDLM"),
    "pymer4": ("backends", "PYMER4"),
    "mixedlm": ("mixedlm", "SUBJECT"),
    "glmm": ("glmm", "SUBJECT"),
}


def load(name: str) -> Subject:
    """The subject of that name; ValueError with the names there are for an unknown one."""
    if name not in SUBJECTS:
        raise ValueError(f"there is no engine {name!r}; there are {', '.join(SUBJECTS)}")
    module, attribute = SUBJECTS[name]
    found: Subject = getattr(import_module(f"lmebridge.parity.subjects.{module}"), attribute)
    return found
