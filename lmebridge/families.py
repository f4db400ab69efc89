"""The distributions of a generalized linear mixed model's response, under R's names."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge import rsyntax
from lmebridge.errors import FormulaError
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse

if TYPE_CHECKING:
    from collections.abc import Sequence

#: By R's name, the link that the family has by itself.
OWN_LINKS: dict[str, str] = {
    "binomial": "logit",
    "poisson": "log",
    "Gamma": "inverse",
    "inverse.gaussian": "1/mu^2",
    "gaussian": "identity",
    "negative.binomial": "log",
}
#: The links that R knows by name; a family takes any of them, whether or not its means can then leave their range.
LINKS = ("logit", "probit", "cauchit", "cloglog", "identity", "log", "sqrt", "1/mu^2", "inverse")
#: What R calls a negative binomial family once it has one; its theta follows in parentheses.
NEGATIVE_BINOMIAL = "Negative Binomial"


@dataclass(frozen=True)
class Family:
    """A distribution and its link.

    Attributes
    ----------
    name : str
        The name of R's function, a key of `OWN_LINKS`.
    link : str
        The link function, as R names it.
    theta : float or None
        Of a negative binomial family, its shape, dimensionless; None where it is to be estimated.
    """

    name: str
    link: str
    theta: float | None = None

    @property
    def family(self) -> str:
        """R's ``family(m)$family``.

        Examples
        --------
        >>> Family("negative.binomial", "log", 2.5).family
        'Negative Binomial(2.5)'
        """
        if self.name != "negative.binomial":
            return self.name
        return NEGATIVE_BINOMIAL if self.theta is None else f"{NEGATIVE_BINOMIAL}({round(self.theta, 4):.7g})"

    @property
    def to_estimate(self) -> bool:
        """Whether it is a negative binomial family whose theta is not known yet."""
        return self.name == "negative.binomial" and self.theta is None

    def __str__(self) -> str:
        return f"\nFamily: {self.family} \nLink function: {self.link} \n"


def read_family(family: str | Sequence[str]) -> Family:
    """The family that a user names.

    Parameters
    ----------
    family : str or pair of str
        R's name or R's text, such as ``"poisson"``, ``"binomial(link = 'probit')"`` or
        ``"negative.binomial(theta = 2)"``; or name and link, such as ``("binomial", "probit")``.

    Returns
    -------
    Family
        Checked against the families and links there are.

    Raises
    ------
    ValueError
        For another family or link, with those there are.

    Examples
    --------
    >>> read_family("Gamma(link = 'log')")
    Family(name='Gamma', link='log', theta=None)
    >>> read_family(("binomial", "probit")).link
    'probit'
    """
    if isinstance(family, str):
        return _of_text(family)
    parts = list(family)
    if len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"family={family!r}: give a name such as 'poisson', or a pair ('binomial', 'probit')")
    return _checked(parts[0], parts[1], None, parts[0])


def family_code(family: str, link: str, theta: float | None = None) -> str:
    """R code of a family.

    Parameters
    ----------
    family, link : str
        R's ``family(m)$family`` and ``family(m)$link``.
    theta : float or None
        Of a negative binomial family, its shape.

    Examples
    --------
    >>> family_code("binomial", "logit"), family_code("binomial", "probit")
    ('binomial', 'binomial(link = "probit")')
    >>> family_code("Negative Binomial(2)", "log", 2.0)
    'MASS::negative.binomial(theta = 2.0)'
    """
    name = family_name(family)
    arguments = [] if theta is None else [f"theta = {theta!r}"]
    arguments += [] if link == OWN_LINKS.get(name) else [f'link = "{link}"']
    function = f"MASS::{name}" if name == "negative.binomial" else name
    return f"{function}({', '.join(arguments)})" if arguments else function


def family_name(family: str) -> str:
    """The name of the function that makes what R calls `family`."""
    return "negative.binomial" if family.startswith(NEGATIVE_BINOMIAL) else family


def _of_text(text: str) -> Family:
    try:
        node = rsyntax.parse_expression(text)
    except FormulaError as error:
        raise ValueError(f"family={text!r}: write R text such as poisson or Gamma(link = 'log'): {error}") from error
    if not isinstance(node, Call):
        return _checked(_word(node), None, None, text)
    function, arguments = _bare(node.function), [(a.name, a.value) for a in node.arguments if a.value is not None]
    formals = ["theta", "link"] if _word(function) == "negative.binomial" else ["link"]
    given: dict[str, Node] = {}
    for name, value in arguments:
        free = [formal for formal in formals if formal not in given]
        key = name if name is not None else (free[0] if free else "")
        if key not in formals or key in given:
            raise ValueError(f"family={text!r}: {_word(function)} has the arguments {', '.join(formals)}")
        given[key] = value
    link = _word(given["link"]) if "link" in given else None
    return _checked(_word(function), link, _number(given.get("theta"), text), text)


def _bare(node: Node) -> Node:
    """The function's name without its package."""
    if isinstance(node, Call) and rsyntax.operator(node) == "::":
        return rsyntax.operands(node)[1]
    return node


def _word(node: Node) -> str:
    if isinstance(node, Name):
        return node.name
    return node.value if isinstance(node, Constant) and isinstance(node.value, str) else deparse(node)


def _number(node: Node | None, text: str) -> float | None:
    if node is None:
        return None
    value = node.value if isinstance(node, Constant) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError(f"family={text!r}: theta is a number greater than zero")
    return float(value)


def _checked(name: str, link: str | None, theta: float | None, text: str) -> Family:
    if name.startswith("quasi"):
        raise ValueError(f'"quasi" families cannot be used in glmer: {text}')
    if name not in OWN_LINKS:
        near = difflib.get_close_matches(name, OWN_LINKS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"family={text!r}: the families are {', '.join(OWN_LINKS)}{hint}")
    if link is not None and link not in LINKS:
        raise ValueError(f"family={text!r}: '{link}' link not recognised; the links are {', '.join(LINKS)}")
    if name == "negative.binomial" and theta is None:
        raise ValueError(
            f"family={text!r}: a negative binomial family has a theta, such as negative.binomial(theta = 2); "
            "glmer_nb estimates it"
        )
    return Family(name, link or OWN_LINKS[name], theta)
