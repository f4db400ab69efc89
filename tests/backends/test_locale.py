"""The worker's environment: UTF-8 for text, the rest as the user has it."""

from __future__ import annotations

import pytest

from lmebridge.backends import _locale

#: The user's variables, and what the worker's are, with the first plain UTF-8 locale as U.
ENVIRONMENTS = [
    ({}, {"LC_CTYPE": "U"}),
    ({"LANG": "de_DE.UTF-8"}, {"LANG": "de_DE.UTF-8"}),
    ({"LANG": "de_DE"}, {"LANG": "de_DE", "LC_CTYPE": "U"}),
    ({"LANG": "C", "LC_CTYPE": "en_GB.utf8"}, {"LANG": "C", "LC_CTYPE": "en_GB.utf8"}),
    ({"LANG": "en_US.UTF-8", "LC_CTYPE": "C"}, {"LANG": "en_US.UTF-8", "LC_CTYPE": "U"}),
    ({"R_HOME": "/r", "R_ARCH": "x", "LANG": "C.UTF-8", "R_LIBS": "/l"}, {"LANG": "C.UTF-8", "R_LIBS": "/l"}),
]


@pytest.mark.parametrize(("variables", "expected"), ENVIRONMENTS)
def test_text_is_utf_8(variables, expected, monkeypatch):
    """Where text would not be UTF-8 it becomes so, and no other category changes; another R's variables go."""
    monkeypatch.setattr(_locale, "_plain_utf_8", lambda: "U")
    assert _locale.environment(variables) == expected


def test_one_variable_for_all_is_taken_apart(monkeypatch):
    """LC_ALL, which goes before every other, is written out, so that the order of text stays the user's."""
    monkeypatch.setattr(_locale, "_plain_utf_8", lambda: "U")
    found = _locale.environment({"LC_ALL": "de_DE.ISO-8859-1", "LC_CTYPE": "C"})
    assert "LC_ALL" not in found
    assert found.pop("LC_CTYPE") == "U"
    assert set(found.values()) == {"de_DE.ISO-8859-1"}
    assert {"LC_COLLATE", "LC_MESSAGES", "LC_TIME"} <= set(found)
