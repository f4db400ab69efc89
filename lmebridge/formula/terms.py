"""Formula algebra: R's ``terms.formula``, from the right-hand side of a formula to its terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmebridge.errors import FormulaError
from lmebridge.rsyntax import Call, Constant, Name, Node, deparse, operands, operator, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Terms beyond which an expansion is given up: ``*`` and ``^`` grow exponentially.
_MOST_TERMS = 20_000

#: Operators of formula algebra; all other calls are variables.
ALGEBRA = frozenset({"+", "-", "*", "/", ":", "^", "%in%", "("})

#: Terms in the order met, each a set of variables as bits. A dict because it is ordered and its keys are unique.
_TermSet = dict[int, None]


@dataclass(frozen=True)
class Terms:
    """The terms of a right-hand side, as R's ``terms.formula`` gives them.

    Attributes
    ----------
    variables : tuple of Node
        Variables in the order of first appearance, offsets and those of deleted terms too, the response not.
    labels : tuple of str
        R's ``term.labels``, by degree and then by appearance, ``"b:a"`` where ``b`` appeared before ``a``.
    factors : tuple of tuple of int
        By term, the positions of its variables in `variables`, ascending.
    codings : tuple of tuple of int
        By term and variable, R's entry in ``attr(, "factors")``: 1 where a factor is coded by contrasts, 2 where it
        needs a dummy for every level because a margin is absent.
    intercept : bool
        Whether there is an intercept.
    offsets : tuple of Node
        The `offset()` calls.

    Notes
    -----
    `codings` do not depend on the intercept, as in R. Without an intercept ``model.matrix`` codes the first factor of
    the first term that has one by dummies for every level, whatever its coding here.
    """

    variables: tuple[Node, ...]
    labels: tuple[str, ...]
    factors: tuple[tuple[int, ...], ...]
    codings: tuple[tuple[int, ...], ...]
    intercept: bool
    offsets: tuple[Node, ...]


def terms(node: Node, text: str = "") -> Terms:
    """Terms of a right-hand side: ``+ - * / : ^ %in% ( )``, ``0``, ``1``, ``-1`` and `offset()`.

    Parameters
    ----------
    node : Constant, Name or Call
        The right-hand side of a formula, ``.`` already replaced; of a formula with ``~``, its right-hand side is taken.
    text : str, optional
        What the tree was read from, to point at what is wrong in it.

    Returns
    -------
    Terms
        What R's ``terms.formula`` says.

    Raises
    ------
    FormulaError
        For what is no term (a number other than 0 and 1, a string, a second ``~``), a power that is not a whole number
        above 1, a ``.``, and an expansion to more than 20,000 terms.

    References
    ----------
    R ``terms.formula`` (``src/library/stats/src/model.c`` of R 4.2); Wilkinson & Rogers (1973), Applied Statistics 22.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> terms(parse_expression("x:z + log(x) * z - 1")).labels
    ('log(x)', 'z', 'x:z', 'z:log(x)')
    """
    right_side = operands(node)[-1] if operator(node) == "~" else node
    variables = tuple(_variables(right_side))
    expansion = _Expansion({variable: bit for bit, variable in enumerate(variables)}, text)
    encoded = expansion.encode(right_side)
    offset_bits = sum(1 << bit for bit, variable in enumerate(variables) if is_offset(variable))
    kept = [term for term in encoded if not term & offset_bits]
    ordered = sorted(kept, key=int.bit_count)
    factors = tuple(_members(term) for term in ordered)
    texts = [deparse(variable) for variable in variables]
    return Terms(
        variables=variables,
        labels=tuple(":".join(texts[bit] for bit in members) for members in factors),
        factors=factors,
        codings=tuple(_codings(ordered, position) for position in range(len(ordered))),
        intercept=expansion.intercept,
        offsets=tuple(variable for variable in variables if is_offset(variable)),
    )


def is_offset(node: Node) -> bool:
    """Whether a variable is an `offset()` call."""
    return operator(node) == "offset"


def summands(node: Node) -> list[tuple[str, Node]]:
    """A sum as its parts with their signs, in the order written; what is no sum is its only part.

    Examples
    --------
    >>> from lmebridge.rsyntax import parse_expression
    >>> [(sign, deparse(part)) for sign, part in summands(parse_expression("a + b:c - 1"))]
    [('+', 'a'), ('+', 'b:c'), ('-', '1')]
    """
    parts: list[tuple[str, Node]] = []
    while (sign := operator(node)) in {"+", "-"} and len(operands(node)) == 2:
        node, right = operands(node)
        parts.append((str(sign), right))
    return [("+", node), *reversed(parts)]


def _variables(node: Node) -> dict[Node, None]:
    """Variables in the order of first appearance, without recursion into sums."""
    found: dict[Node, None] = {}
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if operator(item) in ALGEBRA:
            parts = operands(item)
            waiting.extend(reversed(parts[:1] if operator(item) == "^" else parts))
        elif not isinstance(item, Constant):
            found[item] = None
    return found


def _members(term: int) -> tuple[int, ...]:
    """Positions of the bits of a term."""
    return tuple(bit for bit in range(term.bit_length()) if term >> bit & 1)


def _codings(ordered: list[int], position: int) -> tuple[int, ...]:
    """R's ``TermCode``: 1 where the term without the variable is empty or part of an earlier term, else 2."""
    term = ordered[position]
    margins = [term & ~(1 << bit) for bit in _members(term)]
    earlier = ordered[:position]
    return tuple(1 if margin == 0 or any(margin & ~other == 0 for other in earlier) else 2 for margin in margins)


class _Expansion:
    """R's ``EncodeVars``: a tree to terms; `intercept` follows as 0 and 1 are met, and flips under a minus."""

    def __init__(self, bits: dict[Node, int], text: str) -> None:
        self.intercept = True
        self._bits = bits
        self._text = text
        self._adding = True

    def encode(self, node: Node) -> _TermSet:
        """Terms of a part of the tree."""
        node = unwrap(node)
        if isinstance(node, Constant):
            return self._constant(node)
        symbol, parts = operator(node), operands(node)
        if symbol in {"+", "-"}:
            return self._sum(node)
        if symbol in _PRODUCTS and len(parts) == 2:
            left, right = parts
            return _checked(_PRODUCTS[symbol](self.encode(left), self.encode(right)), node)
        if symbol == "^" and len(parts) == 2:
            return self._power(node, *parts)
        return self._variable(node)

    def _variable(self, node: Node) -> _TermSet:
        if operator(node) == "~":
            raise self._error(node, "a formula has one `~` only", "Remove this one.")
        if isinstance(node, Name) and node.name == ".":
            raise self._error(node, "`.` stands for the columns of the data", "Name them, or give the data.")
        return {1 << self._bits[node]: None}

    def _constant(self, node: Constant) -> _TermSet:
        """0 and 1 take the intercept away and bring it back; NULL says nothing."""
        if isinstance(node.value, float | int) and node.value in {0, 1}:
            self.intercept = bool(node.value) == self._adding
        elif node.value is not None or node.text not in {"", "NULL"}:
            remedy = "Write a variable, or 0 or 1 for the intercept; arithmetic goes inside I()."
            raise self._error(node, f"`{deparse(node)}` is no term of a formula", remedy)
        return {}

    def _sum(self, node: Node) -> _TermSet:
        """Sums and differences from left to right; a minus removes terms."""
        found: _TermSet = {}
        parts = summands(node)
        if len(parts) == 1:
            parts = [(str(operator(node)), operands(node)[0])]
        for sign, part in parts:
            if sign == "+":
                found.update(self.encode(part))
                _checked(found, node)
                continue
            self._adding = not self._adding
            removed = self.encode(part)
            self._adding = not self._adding
            found = {term: None for term in found if term not in removed}
        return found

    def _power(self, node: Node, base: Node, exponent: Node) -> _TermSet:
        """Crossing a sum with itself; terms repeat no variable."""
        power = exponent.value if isinstance(exponent, Constant) else None
        if not isinstance(power, float | int) or isinstance(power, bool) or int(power) <= 1:
            remedy = "In a formula `^` crosses terms; write I(x^2) for a square."
            raise self._error(node, "the power must be a whole number above 1", remedy)
        left = self.encode(base)
        right = left
        for _ in range(min(int(power), len(self._bits) + 1) - 1):
            right = _checked(_each_with_each(left, right), node)
        return right

    def _error(self, node: Node, problem: str, remedy: str) -> FormulaError:
        """Error that points at a node."""
        text = deparse(node)
        place = (self._text, node.span) if self._text else (text, (0, len(text)))
        return FormulaError.at(*place, problem, remedy)


def _each_with_each(left: _TermSet, right: _TermSet) -> _TermSet:
    """``a:b``."""
    _refuse_if_many(len(left) * len(right))
    return {a | b: None for a in left for b in right}


def _crossed(left: _TermSet, right: _TermSet) -> _TermSet:
    """``a * b``; nothing where the left side has no terms, as R has it for ``0 * b``."""
    if not left:
        return {}
    return left | right | _each_with_each(left, right)


def _all_of(found: Iterable[int]) -> int:
    """The term of every variable in these terms."""
    union = 0
    for term in found:
        union |= term
    return union


def _nested(left: _TermSet, right: _TermSet) -> _TermSet:
    """``a / b``; nothing where the left side has no terms, as in R."""
    if not left:
        return {}
    return left | {_all_of(left) | term: None for term in right}


def _within(left: _TermSet, right: _TermSet) -> _TermSet:
    """``a %in% b``."""
    return {term | _all_of(right): None for term in left}


_PRODUCTS: dict[str, Callable[[_TermSet, _TermSet], _TermSet]] = {
    ":": _each_with_each,
    "*": _crossed,
    "/": _nested,
    "%in%": _within,
}


def _checked(found: _TermSet, node: Node) -> _TermSet:
    """The terms, unless they are too many."""
    _refuse_if_many(len(found), node)
    return found


def _refuse_if_many(count: int, node: Node | None = None) -> None:
    if count > _MOST_TERMS:
        culprit = f"`{deparse(node)}` expands" if isinstance(node, Call) else "the formula expands"
        raise FormulaError(f"{culprit} to more than {_MOST_TERMS:,} terms. Write the ones you need.")
