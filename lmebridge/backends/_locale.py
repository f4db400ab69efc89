"""The environment of a worker process: text as UTF-8 whatever the user's locale, all else of it as the user has it."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The categories of a locale that R takes from the environment; R itself keeps LC_NUMERIC at C.
CATEGORIES = ("LC_CTYPE", "LC_COLLATE", "LC_TIME", "LC_MONETARY", "LC_MESSAGES", "LC_PAPER", "LC_MEASUREMENT")
#: Locales with UTF-8 and nothing else, the first that a system has: Linux's, macOS's, and one that most have.
PLAIN_UTF_8 = ("C.UTF-8", "C.utf8", "UTF-8", "en_US.UTF-8", "en_US.utf8")
#: What another R of this process left in the environment, and would make a second one believe.
OF_ANOTHER_R = ("R_HOME", "R_SESSION_TMPDIR", "R_ARCH")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment for R: as given, but for the encoding of text and what another R left there.

    Parameters
    ----------
    variables : mapping of str to str
        The environment that Python has.

    Returns
    -------
    dict of str to str
        Where the encoding is not UTF-8, names of variables beyond ASCII would be lost in R: LC_CTYPE becomes a plain
        UTF-8 one. The order of text (LC_COLLATE) and the language stay.

    Examples
    --------
    >>> environment({"LANG": "de_DE.UTF-8"})
    {'LANG': 'de_DE.UTF-8'}
    >>> environment({"LC_ALL": "C", "R_HOME": "/r"})["LC_COLLATE"]
    'C'
    """
    kept = {name: value for name, value in variables.items() if name not in OF_ANOTHER_R}
    if is_utf_8(_effective(kept, "LC_CTYPE")):
        return kept
    every = kept.pop("LC_ALL", "")
    categories = dict.fromkeys(CATEGORIES, every) if every else {}
    return kept | categories | {"LC_CTYPE": _plain_utf_8()}


def is_utf_8(name: str) -> bool:
    """Whether a locale's name says UTF-8.

    Examples
    --------
    >>> [is_utf_8(name) for name in ("C", "de_DE.utf8@euro", "de_DE.ISO-8859-1", "")]
    [False, True, False, False]
    """
    encoding = name.partition("@")[0].lower()
    return encoding.endswith(("utf-8", "utf8"))


def _effective(variables: Mapping[str, str], category: str) -> str:
    return variables.get("LC_ALL") or variables.get(category) or variables.get("LANG") or ""


@cache
def _plain_utf_8() -> str:
    """The first of the plain UTF-8 locales that ``locale -a`` lists; the first of all where it cannot be asked."""
    try:
        listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return PLAIN_UTF_8[0]
    return next((name for name in PLAIN_UTF_8 if name in listed), PLAIN_UTF_8[0])
