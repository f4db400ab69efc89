"""One call of an R function, as its translator sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge.migrate.values import NULL, Kind, Untranslated, Value
from lmebridge.rsyntax import Argument, Constant, Name, Node, deparse

if TYPE_CHECKING:
    import ast

    from lmebridge.migrate.registry import Entry
    from lmebridge.migrate.scope import Scope


#: Functions that give a tibble whatever they are given, and functions that give none.
_MAKE_TIBBLES = (
    "tibble tribble as_tibble tbl_df as.tbl group_by pivot_longer expand_grid complete read_csv read_csv2 read_tsv "
    "read_delim read_sav read_spss read_dta read_stata read_excel read_xls read_xlsx"
)
_MAKE_FRAMES = (
    "data.frame as.data.frame merge aggregate expand.grid read.csv read.csv2 read.table read.delim read.delim2"
)
#: Functions that take the truth values of a condition as values like any others.
_VALUES = "unique tapply rep c rev head tail duplicated lag lead first last n_distinct list setNames sort order factor"
_OF_VALUES = frozenset(_VALUES.split()) | {"as.factor", "cbind", "split", "cor", "cov"}
_TIBBLES, _PLAIN_FRAMES = frozenset(_MAKE_TIBBLES.split()), frozenset(_MAKE_FRAMES.split())


class RCall:
    """The arguments of a call, matched as R matches them, translated when they are asked for.

    An argument that the call gives and the translator never asks for makes the call a leftover: nothing is dropped
    silently.

    Attributes
    ----------
    scope : Scope
        What is known where the call stands.
    node : Node
        The call itself.
    name : str
        The function's name.
    """

    def __init__(
        self, scope: Scope, node: Node, entry: Entry, bound: dict[str, Node], rest: list[Argument], first: Value | None
    ) -> None:
        self.scope = scope
        self.node = node
        self.name = entry.name
        self._entry = entry
        self._bound = bound
        self._rest = rest
        self._asked: set[str] = set(entry.harmless)
        self._values: dict[str, Value] = {} if first is None else {entry.parameters[0]: first}

    # --- what was given -----------------------------------------------------------------------------------------------

    def given(self, parameter: str) -> bool:
        """Whether the call gives this argument."""
        return parameter in self._bound

    def node_of(self, parameter: str) -> Node | None:
        """The argument as R wrote it, not translated; None when it is not given."""
        self._asked.add(parameter)
        return self._bound.get(parameter)

    def argument(self, parameter: str) -> Node:
        """The argument as R wrote it, not translated; it must be given."""
        found = self.node_of(parameter)
        if found is None:
            raise Untranslated(f"`{self.name}` is called without `{parameter}`")
        return found

    def value(self, parameter: str) -> Value:
        """The argument translated.

        Raises
        ------
        Untranslated
            When it is not given, or has no translation.
        """
        found = self.optional(parameter)
        if found is None:
            raise Untranslated(f"`{self.name}` is called without `{parameter}`")
        return found

    def optional(self, parameter: str) -> Value | None:
        """The argument translated; None when it is not given."""
        node = self.node_of(parameter)
        if parameter not in self._values and node is not None:
            self._values[parameter] = self._kept(node, self.scope.value(node))
        return self._values.get(parameter)

    def _kept(self, node: Node, value: Value) -> Value:
        """An argument's value; a condition is NA where R's is, for functions that take it as values like any others."""
        if self.name not in _OF_VALUES or value.kind is not Kind.COLUMN:
            return value
        from lmebridge.migrate.conditions import kept_truth

        return kept_truth(self.scope, node, value)

    def code(self, parameter: str) -> ast.expr:
        """The code of an argument that must be given."""
        return self.value(parameter).code

    def constant(self, parameter: str, default: Any = None) -> Any:
        """The Python value of an argument that must be a literal (`TRUE`, ``"a"``, ``3``, ``c("a", "b")``, `NULL`).

        Raises
        ------
        Untranslated
            When it is computed.
        """
        found = self.optional(parameter)
        if found is None:
            return default
        if not found.is_literal:
            raise Untranslated(f"`{parameter}` of `{self.name}` is computed: only a constant can be translated")
        return found.constant

    def flag(self, parameter: str, default: bool = False) -> bool:
        """An argument that must be TRUE or FALSE."""
        return bool(self.constant(parameter, default))

    def choice(self, parameter: str, default: str, **choices: str) -> str:
        """One of several texts, which R lets be shortened: the value in `choices`."""
        given = self.constant(parameter, default)
        found = [key for key in choices if isinstance(given, str) and (key == given or key.startswith(given))]
        if not found:
            raise Untranslated(f'`{parameter} = "{given}"` of `{self.name}` has no translation')
        return choices[given if given in found else found[0]]

    def word(self, parameter: str, default: str | None = None) -> str | None:
        """A name that may be written with or without quotes: `library(lme4)`, ``data("sleepstudy")``."""
        node = self.node_of(parameter)
        if isinstance(node, Name):
            return node.name
        if isinstance(node, Constant) and isinstance(node.value, str):
            return node.value
        return default

    @property
    def rest(self) -> list[Argument]:
        """The arguments that go into ``...``, not translated."""
        self._asked.add("...")
        return self._rest

    def value_of(self, argument: Argument) -> Value:
        """One of the arguments in `rest`, translated."""
        return NULL if argument.value is None else self._kept(argument.value, self.scope.value(argument.value))

    @property
    def rest_values(self) -> list[tuple[str | None, Value]]:
        """Names and translations of the arguments that go into ``...``."""
        return [(argument.name, self.value_of(argument)) for argument in self.rest]

    def ignore(self, *parameters: str) -> None:
        """Say that these arguments change nothing in Python."""
        self._asked.update(parameters)

    def default_only(self, **defaults: Any) -> None:
        """Refuse these arguments unless they are written out as R's defaults, ``_`` in their names for ``.``."""
        for name, default in defaults.items():
            parameter = name if name in self._entry.parameters else name.replace("_", ".")
            if self.given(parameter) and self.constant(parameter) != default:
                raise Untranslated(f"`{parameter}` of `{self.name}` other than {default!r} has no translation")

    def refuse_rest(self) -> None:
        """Refuse whatever goes into ``...``."""
        if self.rest:
            shown = self.rest[0].name or deparse(self.rest[0].value) if self.rest[0].value else "an empty argument"
            raise Untranslated(f"`{shown}` of `{self.name}` has no translation")

    def makes_tibble(self, found: Value) -> bool:
        """Whether the frame that the call gives is a tibble: by the function, or because its first argument is one."""
        if self.name in _TIBBLES or self.name in _PLAIN_FRAMES:
            return self.name in _TIBBLES
        first = self._values.get(self._entry.parameters[0]) if self._entry.parameters else None
        if first is None or first.kind is not Kind.FRAME:
            return found.tibble
        return first.tibble or bool(first.groups)

    def check_all_asked(self) -> None:
        """Refuse the call when it gives an argument that the translator did not look at."""
        for parameter in self._bound:
            if parameter not in self._asked:
                raise Untranslated(f"the argument `{parameter}` of `{self.name}` has no translation")
        if self._rest and "..." not in self._asked:
            self.refuse_rest()

    # --- what is written ----------------------------------------------------------------------------------------------

    def emit(self, text: str, **pieces: Any) -> None:
        """Write a statement before the one that is being translated, from a template as `values.py` describes."""
        self.scope.emit(text, **pieces)

    def note(self, words: str) -> None:
        """Add a one-line note above the statement: where R and Python differ quietly."""
        self.scope.note(words)

    @staticmethod
    def fail(reason: str) -> Untranslated:
        """The refusal of this call, to be raised."""
        return Untranslated(reason)

    def expect(self, parameter: str, *kinds: Kind) -> Value:
        """An argument translated, which must be of one of these kinds."""
        found = self.value(parameter)
        if found.kind not in kinds:
            raise Untranslated(f"`{parameter}` of `{self.name}` is {article(found.kind)}, which has no translation")
        return found


def article(kind: Kind) -> str:
    """A kind in words, with its article."""
    if kind is Kind.UNKNOWN:
        return "of a kind that is not known"
    return f"an {kind.value}" if kind.value[0] in "aeiou" else f"a {kind.value}"
