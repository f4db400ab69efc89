"""Scripts that are broken by chance: a translation or a listed refusal, never a crash."""

from __future__ import annotations

import random
import re
import warnings

import pytest

from lmebridge.errors import LmebridgeError
from lmebridge.migrate import translate
from tests.migrate.corpus import CORPUS, SCRIPTS, text_of

#: What is put where it does not belong.
PIECES = (
    "(",
    ")",
    "{",
    "}",
    "[",
    "]]",
    '"',
    "`",
    ",",
    "%>%",
    "|>",
    "<-",
    "~",
    "\\",
    "function(",
    "if (",
    "\x00",
    "é",
    "1e",
    "#",
    "$",
)


def without_a_line(lines, chance):
    """The script without one of its lines."""
    place = chance.randrange(len(lines))
    return lines[:place] + lines[place + 1 :]


def with_a_line_twice(lines, chance):
    """The script with one of its lines twice."""
    place = chance.randrange(len(lines))
    return [*lines[:place], lines[place], *lines[place:]]


def in_another_order(lines, chance):
    """The script with its lines shuffled."""
    return chance.sample(lines, len(lines))


def cut_short(lines, chance):
    """The script up to some place within a line."""
    text = "\n".join(lines)
    return text[: chance.randrange(len(text))].split("\n")


def with_a_piece(lines, chance):
    """The script with something where it does not belong."""
    text = "\n".join(lines)
    place = chance.randrange(len(text))
    return (text[:place] + chance.choice(PIECES) + text[place:]).split("\n")


def without_a_name(lines, chance):
    """The script with one of its names replaced by another one of them."""
    text = "\n".join(lines)
    found = list(re.finditer(r"[A-Za-z.][\w.]*", text))
    one, other = chance.choice(found), chance.choice(found)
    return (text[: one.start()] + other[0] + text[one.end() :]).split("\n")


MUTATIONS = (without_a_line, with_a_line_twice, in_another_order, cut_short, with_a_piece, without_a_name)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@pytest.mark.parametrize("name", CORPUS)
def test_a_broken_script_is_no_crash(name, mutation):
    """What comes of a broken script is Python, what is left of it is listed at its lines; or it is refused in words."""
    chance = random.Random(f"{name} {mutation.__name__}")
    lines = text_of(SCRIPTS / name).splitlines()
    for _ in range(3):
        text = "\n".join(mutation(lines, chance))
        try:
            found = translate(text, name=name)
        except LmebridgeError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # what makes no sense in R, such as 1["x"], makes none here
            compile(found.python, name, "exec")
        assert all(0 < leftover.line <= text.count("\n") + 1 and leftover.reason for leftover in found.leftovers)
