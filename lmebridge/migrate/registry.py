"""The table of R functions that are translated, and R's matching of arguments to parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lmebridge.migrate.values import Kind, Untranslated, Value
from lmebridge.rsyntax import Argument, Node, parse_expression
from lmebridge.rsyntax.nodes import Call, operands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lmebridge.migrate.calls import RCall

    Translator = Callable[[RCall], Value]

#: The modules whose translators are entered when the table is first asked for.
MODULES = (
    "operators",
    "vectors",
    "vector_numbers",
    "sequences",
    "numeric_functions",
    "summaries",
    "texts",
    "splitting",
    "stringr",
    "frames",
    "binding",
    "masking",
    "replacements",
    "subsetting",
    "sorting",
    "factors",
    "forcats",
    "lists",
    "collecting",
    "higher_order",
    "lookups",
    "matrices",
    "random_numbers",
    "purrr",
    "models",
    "model_parts",
    "model_tests",
    "broom",
    "printing",
    "control_flow",
    "programs",
    "verbs",
    "summarising",
    "scoped_verbs",
    "slices",
    "joins",
    "row_functions",
    "reshaping",
    "widening",
    "missing_cells",
    "tibbles",
    "reading",
    "foreign_files",
    "ggplot",
    "aesthetics",
    "ggplot_style",
    "base_graphics",
    "graphics_pages",
    "lattice",
)


@dataclass(frozen=True)
class Entry:
    """One R function's translation.

    Attributes
    ----------
    name : str
        The R function.
    parameters : tuple of str
        Its parameters in R's order, ``"..."`` among them.
    translate : callable
        From the call to a value.
    becomes : str
        One line on what becomes of it, for the table in the manual.
    packages : tuple of str
        Where it may come from when a call names the package: ``dplyr::filter``.
    kinds : frozenset of Kind
        What the first argument must be, empty for anything: R's methods.
    harmless : frozenset of str
        Parameters that change nothing in Python and may be left out silently.
    module : str
        Where the translator is.
    """

    name: str
    parameters: tuple[str, ...]
    translate: Translator
    becomes: str
    packages: tuple[str, ...]
    kinds: frozenset[Kind]
    harmless: frozenset[str]
    module: str


_ENTRIES: dict[str, list[Entry]] = {}
_REPLACEMENTS: dict[str, list[Entry]] = {}


def translates(
    names: str,
    signature: str,
    becomes: str,
    *,
    packages: str = "base stats utils methods",
    kinds: Iterable[Kind] = (),
    harmless: str = "",
) -> Callable[[Translator], Translator]:
    """Enter the function below as the translation of calls.

    Parameters
    ----------
    names : str
        R functions with this signature, separated by blanks.
    signature : str
        R's parameters as R writes them, such as ``"x, ..., na.rm = FALSE"``.
    becomes : str
        One line on what becomes of the call, in Markdown.
    packages : str
        R packages that have it, separated by blanks.
    kinds : iterable of Kind
        What the first argument must be; by default anything. Of several entries, those with kinds go first.
    harmless : str
        Parameters that may be ignored whatever they are, separated by blanks. Any other argument that a call gives
        and the translator does not look at makes the call a leftover.
    """
    return _enter(_ENTRIES, names, signature, becomes, packages, kinds, harmless)


def replaces(
    names: str, signature: str, becomes: str, *, packages: str = "base stats", kinds: Iterable[Kind] = ()
) -> Callable[[Translator], Translator]:
    """Enter the function below as the translation of ``name(x) <- value``: the signature ends with ``value``.

    The translator writes statements with `RCall.emit` and returns `NOTHING`.
    """
    return _enter(_REPLACEMENTS, names, signature, becomes, packages, kinds, "")


def _enter(
    table: dict[str, list[Entry]],
    names: str,
    signature: str,
    becomes: str,
    packages: str,
    kinds: Iterable[Kind],
    harmless: str,
) -> Callable[[Translator], Translator]:
    formals = parameters(signature)

    def decorate(function: Translator) -> Translator:
        for name in names.split():
            entry = Entry(
                name,
                formals,
                function,
                becomes,
                tuple(packages.split()),
                frozenset(kinds),
                frozenset(harmless.split()),
                function.__module__.rpartition(".")[2],
            )
            entries = table.setdefault(name, [])
            entries.insert(0 if entry.kinds else len(entries), entry)
        return function

    return decorate


@cache
def parameters(signature: str) -> tuple[str, ...]:
    """Names of R's parameters, in order."""
    formals = operands(parse_expression(f"function({signature}) NULL"))[0]
    return tuple(argument.name or "" for argument in formals.arguments) if isinstance(formals, Call) else ()


@cache
def load() -> None:
    """Import the modules with translators."""
    for module in MODULES:
        name = f"lmebridge.migrate.{module}"
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise


def find(name: str, package: str | None = None, *, replacement: bool = False) -> list[Entry]:
    """Entries for an R function, those for particular kinds first; empty when there is none.

    Parameters
    ----------
    name : str
        The function, without its package.
    package : str or None
        The package the call names.
    replacement : bool
        Whether it stands on the left of an assignment.
    """
    load()
    entries = (_REPLACEMENTS if replacement else _ENTRIES).get(name, [])
    return [entry for entry in entries if package is None or package in entry.packages]


def entries() -> list[Entry]:
    """Every entry, by module and name."""
    load()
    every = [entry for table in (_ENTRIES, _REPLACEMENTS) for found in table.values() for entry in found]
    return sorted(every, key=lambda entry: (MODULES.index(entry.module), entry.name))


def match_arguments(
    formals: tuple[str, ...], arguments: Iterable[Argument], function: str
) -> tuple[dict[str, Node], list[Argument]]:
    """Arguments by parameter, and those that go into ``...``, as R matches them.

    Names that are spelled out go first, then the beginnings of names (only for parameters before ``...``), then
    places.

    Raises
    ------
    Untranslated
        When R would refuse the call: an argument without parameter, or two for one.

    References
    ----------
    R Language Definition, 4.3.2 "Argument matching".
    """
    given = list(arguments)
    bound: dict[str, Node] = {}
    for exact in (True, False):
        given = [argument for argument in given if not _bind_name(argument, formals, bound, function, exact=exact)]
    return _bind_places(formals, given, bound, function)


def _bind_name(
    argument: Argument, formals: tuple[str, ...], bound: dict[str, Node], function: str, *, exact: bool
) -> bool:
    if argument.name is None or argument.value is None:
        return False
    parameter = _exact(argument.name, formals) if exact else _partial(argument.name, formals, bound)
    if parameter is None:
        return False
    if parameter in bound:
        raise Untranslated(f"`{function}` is given `{parameter}` twice")
    bound[parameter] = argument.value
    return True


def _exact(name: str, formals: tuple[str, ...]) -> str | None:
    return name if name in formals and name != "..." else None


def _partial(name: str, formals: tuple[str, ...], bound: dict[str, Node]) -> str | None:
    before = formals[: formals.index("...")] if "..." in formals else formals
    found = [formal for formal in before if formal.startswith(name) and formal not in bound]
    return found[0] if len(found) == 1 else None


def _bind_places(
    formals: tuple[str, ...], given: list[Argument], bound: dict[str, Node], function: str
) -> tuple[dict[str, Node], list[Argument]]:
    free = [formal for formal in formals if formal not in bound]
    rest: list[Argument] = []
    for argument in given:
        places = argument.name is None and free and free[0] != "..."
        if places and argument.value is not None:
            bound[free.pop(0)] = argument.value
        elif places:
            free.pop(0)
        elif "..." in formals:
            rest.append(argument)
        else:
            shown = f"argument `{argument.name}`" if argument.name else "an argument too many"
            raise Untranslated(f"`{function}` is given {shown} that has no translation")
    return bound, rest
