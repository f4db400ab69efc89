"""What is known at a place of the program: variables, columns in reach, statements and notes written so far."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmebridge.migrate import registry
from lmebridge.migrate.calls import RCall
from lmebridge.migrate.constants import BUILT_IN, constant
from lmebridge.migrate.values import (
    NOTHING,
    Fill,
    Kind,
    Untranslated,
    Value,
    py,
    template_statements,
)
from lmebridge.migrate.values import NULL as NULL_VALUE
from lmebridge.rsyntax import Argument, Call, Constant, Name, Node, deparse, function_name, operands, operator

if TYPE_CHECKING:
    from lmebridge.migrate.naming import Naming

#: Calls nested in one another before giving up: Python's own parser and printer recurse several times a level.
DEEPEST = 60


@dataclass
class Page:
    """What R's graphics device knows: how the page is divided, how many panels are drawn, the file it goes to."""

    panels: tuple[int, int] | None = None
    drawn: int = 0
    file: Value | None = None


@dataclass
class Session:
    """What all places of one program share.

    Attributes
    ----------
    naming : Naming
        Python names of R's variables.
    modified : set of str
        Variables that the program changes in place somewhere.
    columns : set of str
        Names that the program uses as columns somewhere.
    numbers_read : tuple of str
        Columns that the program's only `read_csv` reads as numbers.
    libraries : list of str
        Packages attached so far.
    notes : list of str
        Notes for the statement that is being translated.
    fillings : dict
        What the program puts between the brackets of ``x[[i]] <- value``, by `x`, with what a loop gives `i`.
    counters : set of str
        Variables that nothing but loops assigns to.
    coded : set of str
        Columns that have been given contrasts so far, in any frame.
    lengthened : set of str
        Variables that the program makes longer: ``x <- c(x, value)``.
    blocks : int
        How many loops and conditions are around the statement that is being translated.
    counting : list
        For every loop around it: its counter with the lists that get one element more each time.
    """

    naming: Naming
    modified: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    libraries: list[str] = field(default_factory=list)
    numbers_read: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    depth: int = 0
    rows: int = 0
    handle: str = "d"
    source_text: str = ""
    folder: Any = None
    fillings: dict[str, list[tuple[Node, Node | None]]] = field(default_factory=dict)
    counters: set[str] = field(default_factory=set)
    coded: set[str] = field(default_factory=set)
    lengthened: set[str] = field(default_factory=set)
    blocks: int = 0
    counting: list[list[tuple[str, str]]] = field(default_factory=list)
    page: Page = field(default_factory=Page)


@dataclass(frozen=True)
class Mask:
    """A frame whose columns are in reach by name.

    Attributes
    ----------
    frame : Value
        The frame.
    handle : ast.expr
        What columns are taken from: the frame's own name, or the parameter of a lambda.
    parameter : str
        That parameter; empty when there is none.
    extra : dict of str to Value
        Names that stand for something else than a column, such as ``n()``'s count or a column just computed.
    """

    frame: Value
    handle: ast.expr
    parameter: str = ""
    extra: dict[str, Value] = field(default_factory=dict)


class Scope:
    """Translates expressions at one place of a program.

    Attributes
    ----------
    session : Session
        What all places share.
    symbols : dict of str to Value
        R variables assigned here.
    parent : Scope or None
        The scope around this one.
    mask : Mask or None
        The frame whose columns are in reach.
    body : list of ast.stmt
        Statements written here so far.
    target : str
        The Python name that the statement being translated assigns to; empty when there is none.
    in_function : bool
        Whether this is the inside of a function.
    """

    def __init__(self, session: Session, parent: Scope | None = None, mask: Mask | None = None) -> None:
        self.session = session
        self.parent = parent
        self.mask = mask
        self.symbols: dict[str, Value] = {}
        self.lost: dict[str, str] = {}
        self.body: list[ast.stmt] = [] if parent is None else parent.body
        self.target: str = "" if parent is None else parent.target
        self.in_function: bool = parent is not None and parent.in_function

    # --- names --------------------------------------------------------------------------------------------------------

    def find(self, name: str) -> Value | None:
        """A variable, without the columns in reach; None when it is defined nowhere above.

        Raises
        ------
        Untranslated
            When the statement that defines it was not translated.
        """
        if name in self.lost:
            raise Untranslated(f"`{name}` {self.lost[name]}")
        if name in self.symbols:
            return self.symbols[name]
        return self.parent.find(name) if self.parent is not None else None

    def define(self, name: str, value: Value) -> Value:
        """Say what a variable is from here on; the value as its readers see it."""
        code = ast.Name(self.session.naming.python(name), ast.Load())
        known = value.but(code=code, positions=None, visible=True)
        self.symbols[name] = known
        self.lost.pop(name, None)
        return known

    def lose(self, name: str, reason: str) -> None:
        """Say that a variable is not known from here on."""
        self.lost[name] = reason

    def name(self, name: str) -> Value:
        """What a name stands for: a column in reach, a variable, a constant of R, a function."""
        column = self.column_named(name)
        found = column or self.find(name) or BUILT_IN.get(name)
        if found is None and (registry.find(name)):
            found = Value(py("None"), Kind.FUNCTION, source=name)
        if found is None:
            raise Untranslated(f"`{name}` is defined nowhere above")
        return found

    def column_named(self, name: str) -> Value | None:
        """The column in reach that a name stands for; None when it stands for something else."""
        if self.mask is None:
            nearer = name in self.symbols  # a parameter of a function written within the verb
            return self.parent.column_named(name) if self.parent is not None and not nearer else None
        if name in self.mask.extra:
            return self.mask.extra[name]
        frame = self.mask.frame
        if name not in frame.parts and (frame.complete or not self._may_be_column(name)):
            return None
        return self.column(name)

    def _may_be_column(self, name: str) -> bool:
        """Whether a name that is no known column is taken for one: not when it is a variable and never used as one."""
        if name in BUILT_IN:
            return False
        if self.is_variable(name):
            if name in self.session.columns:
                self.note(f"`{name}` is taken for the column here, not for the variable of this name")
            return name in self.session.columns
        return True

    def is_variable(self, name: str) -> bool:
        """Whether a name is a variable here, known or lost."""
        if name in self.symbols or name in self.lost:
            return True
        return self.parent is not None and self.parent.is_variable(name)

    def column(self, name: str) -> Value:
        """A column of the frame in reach."""
        mask = self._reach()
        known = mask.frame.parts.get(name, Value(NULL_VALUE.code, Kind.COLUMN))
        code = py("FRAME[KEY]", FRAME=mask.handle, KEY=name)
        return known.but(code=code, kind=Kind.COLUMN, rows=mask.frame.rows)

    def _reach(self) -> Mask:
        """The frame in reach, which must be there."""
        if self.mask is None:
            raise Untranslated("no data frame is in reach here")
        return self.mask

    def masked(self, frame: Value, *, force_lambda: bool = False, **extra: Value) -> Scope:
        """The scope in which the frame's columns are in reach by name.

        Columns are taken from the frame itself when it is a variable, else (or when `force_lambda`) from the parameter
        of a lambda, which `wrap` puts around the code.
        """
        plain = isinstance(frame.code, ast.Name) and not force_lambda
        parameter = "" if plain else self.session.handle
        handle = frame.code if plain else ast.Name(parameter, ast.Load())
        return Scope(self.session, self, Mask(frame, handle, parameter, dict(extra)))

    def wrap(self, code: Value | ast.expr) -> ast.expr:
        """Code over columns in the form that pandas takes: as it is, or in a lambda when the frame has no name."""
        parameter = self._reach().parameter
        bare = code.code if isinstance(code, Value) else code
        if not parameter or not self.mentions_handle(bare):
            return bare
        arguments = ast.arguments([], [ast.arg(parameter)], None, [], [], None, [])
        return ast.Lambda(arguments, bare)

    def mentions_handle(self, code: ast.expr) -> bool:
        """Whether code takes columns from the parameter of the lambda."""
        parameter = self._reach().parameter
        return any(isinstance(node, ast.Name) and node.id == parameter for node in ast.walk(code))

    # --- expressions --------------------------------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        """An R expression translated.

        Raises
        ------
        Untranslated
            When it, or something in it, has no translation.
        """
        if isinstance(node, Constant):
            return constant(node)
        if isinstance(node, Name):
            return self.name(node.name)
        self.session.depth += 1
        try:
            return self.call(node)
        except Untranslated as error:
            error.span = error.span or node.span
            raise
        finally:
            self.session.depth -= 1

    def code(self, node: Node) -> ast.expr:
        """The code of an R expression."""
        return self.value(node).code

    def call(self, node: Call) -> Value:
        """A call translated: a function of the program, or an entry of the registry."""
        if self.session.depth > DEEPEST:
            raise Untranslated("the expression is nested too deeply")
        name = function_name(node)
        if name is None:
            return self._call_of_expression(node)
        package = _package(node)
        own = None if package else self._own_function(name)
        if own is not None:
            return self.call_own(own, node)
        entries = registry.find(name, package)
        if not entries:
            shown = f"{package}::{name}" if package else name
            raise Untranslated(f"`{shown}` has no translation")
        return self.translate(entries, node, node.arguments)

    def _own_function(self, name: str) -> Value | None:
        found = self.find(name)
        return found if found is not None and found.kind in {Kind.FUNCTION, Kind.UNKNOWN} else None

    def call_own(self, function: Value, node: Call) -> Value:
        """A call of a function that the program defines, or that is a parameter of the function around."""
        if isinstance(function.source, str):
            return self.call(Call(Name(function.source), node.arguments, node.span))
        from lmebridge.migrate.functions import given

        if any(argument.value is None for argument in node.arguments):
            raise Untranslated("a function of the program is called with an empty argument")
        values = [self.value(argument.value) for argument in node.arguments if argument.value is not None]
        places, named = [], {}
        for argument, value in zip(node.arguments, given(function, values), strict=True):
            if argument.name is None:
                places.append(_as_argument(value))
            else:
                named[self.session.naming.python(argument.name)] = value
        code = py("FUNCTION(*PLACES, **NAMED)", FUNCTION=function.code, PLACES=places, NAMED=named)
        return (function.parts.get("value") or Value(code)).but(code=code)

    def _call_of_expression(self, node: Call) -> Value:
        """A call of what an expression gives: ``(function(x) x)(1)``."""
        if deparse(node.function) == "knitr::opts_chunk$set":
            return NOTHING
        function = self.value(node.function)
        if function.kind is not Kind.FUNCTION:
            raise Untranslated(f"`{deparse(node.function)}` is called, and is no function that is known")
        return self.call_own(function, node)

    def translate(self, entries: list[registry.Entry], node: Node, arguments: tuple[Argument, ...]) -> Value:
        """A call translated by the entry whose kinds fit its first argument."""
        first: Value | None = None
        for entry in entries:
            bound, rest = registry.match_arguments(entry.parameters, arguments, entry.name)
            if entry.kinds:
                if first is None:
                    first = self._first(entry, bound, rest)
                if first is None or first.kind not in entry.kinds:
                    continue
            call = RCall(self, node, entry, bound, rest, first if entry.kinds else None)
            found = entry.translate(call)
            call.check_all_asked()
            return found.but(tibble=call.makes_tibble(found)) if found.kind is Kind.FRAME else found
        shown = f"{first.kind.value}" if first is not None else "no argument"
        raise Untranslated(f"`{entries[0].name}` of {shown} has no translation")

    def _first(self, entry: registry.Entry, bound: dict[str, Node], rest: list[Argument]) -> Value | None:
        parameter = entry.parameters[0]
        node = bound.get(parameter)
        if parameter == "..." and rest:
            node = rest[0].value
        return None if node is None else self.value(node)

    # --- statements and notes -----------------------------------------------------------------------------------------

    def emit(self, source: str, **pieces: Any) -> None:
        """Write a statement before the one that is being translated, from a template."""
        for statement in template_statements(source):
            self.body.append(Fill(pieces).visit(statement))

    def note(self, words: str) -> None:
        """Add a one-line note above the statement."""
        if words not in self.session.notes:
            self.session.notes.append(words)

    def new_rows(self) -> str:
        """A name for rows that no other frame has."""
        self.session.rows += 1
        return f"rows {self.session.rows}"

    @property
    def libraries(self) -> list[str]:
        """Packages that the program has attached so far."""
        return self.session.libraries


def _as_argument(value: Value) -> Value:
    """A vector as a function of the program is given it: one can calculate with."""
    if value.kind is Kind.LIST and value.element is Kind.NUMBER:
        return value.but(code=py("np.array(X)", X=value), kind=Kind.ARRAY)
    return value


def _package(node: Call) -> str | None:
    """The package that a call names."""
    if operator(node.function) in {"::", ":::"}:
        first = operands(node.function)[0]
        return first.name if isinstance(first, Name) else str(getattr(first, "value", ""))
    return None
