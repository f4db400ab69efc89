"""One spelling for a coefficient's name, so that patsy's and R's, and `a:b` and `b:a`, meet."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmebridge.parity.keys import Key

#: Quantities whose two terms may be swapped.
SYMMETRIC = frozenset({"vcov", "sdcor", "fixef_correlation", "fixef_covariance"})
TREATMENT = re.compile(r"\[T\.([^\]]*)\]")
NUMPY = re.compile(r"\bnp\.(?=(?:log|log2|log10|log1p|exp|sqrt|abs)\()")
CATEGORY = re.compile(r"(?<![\w.])(?:C|as\.factor)\(")


def r_name(term: str) -> str:
    """R's name for a coefficient that patsy or formulaic named.

    Examples
    --------
    >>> r_name("OFSTEDRATING[T.Special Measures]"), r_name("Intercept"), r_name("np.log(x):C(g)[T.2]")
    ('OFSTEDRATINGSpecial Measures', '(Intercept)', 'log(x):factor(g)2')
    """
    if term == "Intercept":
        return "(Intercept)"
    return CATEGORY.sub("factor(", NUMPY.sub("", TREATMENT.sub(r"\1", term)))


@cache
def spelling(term: str) -> str:
    """The spelling under which two names of one coefficient are equal.

    White space, backticks and the order of an interaction's factors do not count.

    Examples
    --------
    >>> spelling("sector:ses") == spelling("ses:sector"), spelling("log( x )")
    (True, 'log(x)')
    """
    plain = re.sub(r"[\s`]", "", r_name(term.strip()))
    return ":".join(sorted(_factors(plain)))


def _factors(term: str) -> list[str]:
    """The parts of an interaction, split at the colons outside brackets."""
    parts, depth = [""], 0
    for character in term:
        depth += (character in "([") - (character in ")]")
        if character == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def matching(key: Key) -> Key:
    """The key under which two sources' numbers meet."""
    terms = [spelling(key.term), spelling(key.term2)]
    if key.quantity in SYMMETRIC and key.term2:
        terms.sort()
    return key._replace(group=spelling(key.group), level=key.level.strip(), term=terms[0], term2=terms[1])
