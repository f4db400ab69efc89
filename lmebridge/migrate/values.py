"""What an R expression becomes: a piece of Python code, and what R knows about the object it stands for."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Untranslated(Exception):
    """An R expression has no translation; the message is the reason, one clause without a full stop.

    Attributes
    ----------
    span : tuple of int or None
        Where the innermost call is that has none.
    known : dict of str to Value
        Variables of which something is known all the same, where the statement changes nothing in Python.
    """

    span: tuple[int, int] | None = None
    known: Mapping[str, Value] = {}


class Kind(StrEnum):
    """What kind of Python object stands for an R object."""

    NUMBER = "number"
    TEXT = "text"
    LOGICAL = "logical"
    NULL = "NULL"
    NA = "NA"
    #: A pandas Series that is a column, or computed from columns, one value a row.
    COLUMN = "column"
    #: A one-dimensional NumPy array.
    ARRAY = "array"
    #: A Python list of scalars: R's `c(...)` of constants.
    LIST = "list of values"
    #: A pandas Series under names: R's named vector, such as `fixef(m)`.
    NAMED = "named vector"
    #: A pandas Index: `names(d)`, `rownames(d)`.
    INDEX = "index"
    FRAME = "data frame"
    #: A two-dimensional NumPy array or labelled DataFrame that R has as a matrix.
    MATRIX = "matrix"
    #: A Python dict: R's named list.
    MAPPING = "named list"
    #: A Python list of objects: R's list without names.
    SEQUENCE = "unnamed list"
    FORMULA = "formula"
    FIT = "mixed model"
    LMFIT = "linear model"
    RANEF = "random effects"
    VARCORR = "variances"
    #: A DataFrame whose rows have names that matter: R's matrix with dimnames, or the table of a test.
    TABLE = "table"
    SUMMARY = "summary of a model"
    BOOTSTRAP = "bootstrap of a model"
    CONTROL = "control"
    PLOT = "plot"
    #: A layer, scale, theme or label that is added to a plot.
    LAYER = "layer of a plot"
    FUNCTION = "function"
    UNKNOWN = "unknown"


#: Kinds that hold one value.
SCALARS = frozenset({Kind.NUMBER, Kind.TEXT, Kind.LOGICAL, Kind.NA})
#: Kinds that hold several values in order.
VECTORS = frozenset({Kind.COLUMN, Kind.ARRAY, Kind.LIST, Kind.NAMED, Kind.INDEX})
#: Kinds whose pandas methods (`.mean()`, `.isin()`, `.map()`) can be called.
SERIES = frozenset({Kind.COLUMN, Kind.NAMED})


@dataclass(frozen=True)
class Value:
    """A translated R expression.

    Attributes
    ----------
    code : ast.expr
        The Python expression.
    kind : Kind
        What it evaluates to.
    element : Kind
        What a vector's elements are: NUMBER, TEXT, LOGICAL, or UNKNOWN; FACTOR columns have `factor` set.
    factor : bool
        Whether a column is known to be categorical.
    rows : str
        Which rows a frame, or a column, has: two of the same text have the same rows in the same order. Empty: unknown.
    complete : bool
        Whether `parts` names all columns of a frame.
    groups : tuple of str
        Columns that a frame is grouped by (dplyr).
    tibble : bool
        Whether R has a tibble, of which ``d[, "x"]`` is a frame of one column.
    positions : ast.expr or None
        For positions counted from one: the code that counts them from zero.
    missing_free : bool
        Whether a logical vector cannot be NA in R.
    there : ast.expr or None
        Of a comparison of columns: where no value is missing, so that it is not NA in R.
    shared : bool
        Whether the object is also reached under another name, so that changing it in place would change that too.
    visible : bool
        Whether R prints the value at top level.
    constant : object
        The value of a literal, None elsewhere.
    parts : mapping of str to Value
        What is known of a frame's columns or a list's elements, by name.
    source : object
        What made it: the R function's name for FUNCTION, the data for FIT.
    """

    code: ast.expr
    kind: Kind = Kind.UNKNOWN
    element: Kind = Kind.UNKNOWN
    factor: bool = False
    rows: str = ""
    complete: bool = False
    groups: tuple[str, ...] = ()
    tibble: bool = False
    positions: ast.expr | None = None
    missing_free: bool = False
    there: ast.expr | None = None
    shared: bool = False
    visible: bool = True
    constant: Any = None
    parts: Mapping[str, Value] = field(default_factory=dict)
    source: Any = None

    def but(self, **changes: Any) -> Value:
        """The same value with some attributes changed."""
        return replace(self, **changes)

    @property
    def is_vector(self) -> bool:
        """Whether it holds several values in order."""
        return self.kind in VECTORS

    @property
    def is_series(self) -> bool:
        """Whether pandas' methods of a Series can be called on it."""
        return self.kind in SERIES

    @property
    def is_literal(self) -> bool:
        """Whether it is a constant, or a list of constants, written out."""
        return self.constant is not None or self.kind in {Kind.NULL, Kind.NA}


# --- pieces of Python -------------------------------------------------------------------------------------------------


@cache
def template_statements(text: str) -> tuple[ast.stmt, ...]:
    """The statements of a template."""
    return tuple(ast.parse(text).body)


@cache
def _template(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class Fill:
    """Copies a template and puts pieces of code in the place of names; a `*NAME` takes a list of pieces."""

    def __init__(self, pieces: Mapping[str, Any]) -> None:
        self.pieces = pieces

    def visit(self, node: ast.AST) -> Any:
        """A copy of the template, filled."""
        if isinstance(node, ast.Name) and node.id in self.pieces:
            return as_code(self.pieces[node.id])
        made = type(node)()
        for name, value in ast.iter_fields(node):
            setattr(made, name, self._field(value))
        return made

    def _field(self, value: Any) -> Any:
        """What one field of a node becomes."""
        if isinstance(value, list):
            return [part for item in value for part in self._several(item)]
        return self.visit(value) if isinstance(value, ast.AST) else value

    def _several(self, item: Any) -> list[Any]:
        """What one item of a list becomes."""
        if isinstance(item, ast.Starred) and isinstance(item.value, ast.Name) and item.value.id in self.pieces:
            return [as_code(piece) for piece in self.pieces[item.value.id]]
        spread = isinstance(item, ast.keyword) and item.arg is None and isinstance(item.value, ast.Name)
        if spread and item.value.id in self.pieces:
            return list(keywords(self.pieces[item.value.id]))
        return [self.visit(item) if isinstance(item, ast.AST) else item]


def keywords(arguments: Mapping[str, Any]) -> list[ast.keyword]:
    """Keyword arguments of a call; those that are no Python names go in ``**{...}``."""
    plain = [ast.keyword(name, as_code(code)) for name, code in arguments.items() if is_name(name)]
    other = {name: code for name, code in arguments.items() if not is_name(name)}
    return plain + ([ast.keyword(None, dictionary(other))] if other else [])


def is_name(text: str) -> bool:
    """Whether a text can be a name in Python."""
    import keyword

    return text.isidentifier() and not keyword.iskeyword(text)


def as_code(piece: Any) -> ast.expr:
    """A piece of code from a `Value`, from a piece of code, or from a plain Python constant."""
    if isinstance(piece, Value):
        return piece.code
    if isinstance(piece, ast.expr):
        return piece
    if isinstance(piece, (list, tuple)):
        return ast.List([as_code(item) for item in piece], ast.Load())
    return literal(piece)


def literal(value: Any) -> ast.expr:
    """A constant as Python writes it; numbers below zero are a minus before a constant, whole doubles have no point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def py(text: str, **pieces: Any) -> ast.expr:
    """Python code from a template in which names stand for pieces of code.

    Parameters
    ----------
    text : str
        A Python expression. ``*NAME`` among arguments or elements takes a list of pieces, ``**NAME`` among keyword
        arguments a mapping from names to pieces.
    **pieces : Value, ast.expr, constant, list or mapping
        What stands for each name.

    Returns
    -------
    ast.expr
        The code. What it imports is seen from the names it uses: ``np``, ``pd``, ``lme``, ``plt``.

    Examples
    --------
    >>> import ast
    >>> ast.unparse(py("np.where(C, *REST)", C=py("x > 0"), REST=[1, "no"]))
    "np.where(x > 0, 1, 'no')"
    """
    return Fill(pieces).visit(_template(text))  # type: ignore[no-any-return]


def dictionary(items: Mapping[str, Any]) -> ast.expr:
    """A dict with texts as keys."""
    return ast.Dict([ast.Constant(key) for key in items], [as_code(value) for value in items.values()])


def imported(module: str, name: str) -> ast.expr:
    """A name that the script takes from a module: ``from module import name``."""
    node = ast.Name(name, ast.Load())
    node.module = module  # type: ignore[attr-defined]
    return node


def number(value: float) -> Value:
    """A number written out."""
    return Value(literal(value), Kind.NUMBER, Kind.NUMBER, constant=value)


def text(value: str) -> Value:
    """A text written out."""
    return Value(literal(value), Kind.TEXT, Kind.TEXT, constant=value)


def logical(value: bool) -> Value:
    """`True` or `False` written out."""
    return Value(literal(value), Kind.LOGICAL, Kind.LOGICAL, constant=value, missing_free=True)


NULL = Value(ast.Constant(None), Kind.NULL)
NA = Value(py("np.nan"), Kind.NA)
#: What a statement without a value, such as `library(lme4)`, becomes.
NOTHING = Value(ast.Constant(None), Kind.NULL, visible=False, source="nothing")


def same_code(left: ast.expr, right: ast.expr) -> bool:
    """Whether two pieces of code are spelled the same."""
    return ast.dump(left) == ast.dump(right)


def is_simple(code: ast.expr) -> bool:
    """Whether code is cheap to write twice: a name, a constant, a column of a named frame."""
    if isinstance(code, ast.Subscript):
        return isinstance(code.value, ast.Name) and isinstance(code.slice, ast.Constant)
    return isinstance(code, (ast.Name, ast.Constant))
