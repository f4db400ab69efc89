"""Choices of columns as dplyr and tidyr write them: names, ranges, `-name`, `starts_with()`, `where(is.numeric)`."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.values import Kind, Untranslated, Value, literal, py
from lmebridge.rsyntax import Argument, Call, Constant, Name, Node, deparse, function_name, operands, operator, unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.migrate.scope import Scope

#: How the helpers' texts become regular expressions; they do not mind upper and lower case unless told to.
_PATTERNS = {"starts_with": "^{}", "ends_with": "{}$", "contains": "{}"}
#: What `where()` asks of a column, as pandas names the kinds of columns.
_TYPES = {
    "is.numeric": "number",
    "is.double": "float",
    "is.integer": "integer",
    "is.factor": "category",
    "is.logical": "bool",
    "is.character": "str",
}


@dataclass(frozen=True)
class Part:
    """One part of a choice.

    Attributes
    ----------
    how : str
        ``name``, ``names`` (code of a list of names), ``range``, ``regex``, ``type``, ``place`` or ``all``.
    what : object
        The name, the two ends, the regular expression, the code ...
    taken : bool
        False for what is left out.
    new_name : str
        Name that the column gets.
    listed : tuple of str
        For ``names``: the names, where they are known.
    """

    how: str
    what: Any
    taken: bool = True
    new_name: str = ""
    listed: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Whether it takes names from a variable whose value is not known."""
        return self.how == "names" and not self.listed


@dataclass(frozen=True)
class Choice:
    """A choice of columns, in order."""

    parts: tuple[Part, ...]

    @property
    def names(self) -> list[str] | None:
        """The columns, when the choice just names them."""
        if all(part.how == "name" and part.taken for part in self.parts):
            return list(dict.fromkeys(part.what for part in self.parts))
        return None

    @property
    def columns(self) -> list[str] | None:
        """The columns, when they are known; a variable that holds names is looked into."""
        if not all(part.taken and (part.how == "name" or part.listed) for part in self.parts):
            return None
        return list(dict.fromkeys(name for part in self.parts for name in part.listed or (part.what,)))

    @property
    def dropped(self) -> list[str] | None:
        """The columns left out, when the choice just names these."""
        if self.parts and all(part.how == "name" and not part.taken for part in self.parts):
            return [part.what for part in self.parts]
        return None

    @property
    def renamed(self) -> dict[str, str]:
        """New names by old ones."""
        return {part.what: part.new_name for part in self.parts if part.new_name}


def choice(scope: Scope, frame: Value, arguments: Sequence[Argument]) -> Choice:
    """The choice that arguments of `select`, `pivot_longer` or `across` make.

    Parameters
    ----------
    scope : Scope
        Where the call stands.
    frame : Value
        The frame whose columns are chosen.
    arguments : sequence of Argument
        As R wrote them.
    """
    found: list[Part] = []
    for argument in arguments:
        if argument.value is None:
            raise Untranslated("an empty argument chooses no column")
        found += _parts(scope, frame, argument.value, argument.name or "")
    return _known(frame, Choice(tuple(found)))


def _parts(scope: Scope, frame: Value, node: Node, new_name: str = "") -> list[Part]:
    node = unwrap(node)
    if isinstance(node, Name):
        return [_named(scope, frame, node, new_name)]
    if isinstance(node, Constant):
        return [_constant(node, new_name)]
    if new_name:
        raise Untranslated(f"`{new_name} = {deparse(node)}` names several columns at once")
    return _of_call(scope, frame, node)


def _named(scope: Scope, frame: Value, node: Name, new_name: str) -> Part:
    """A column; a variable that holds names when no column is known under that name."""
    if node.name not in frame.parts and frame.complete:
        held = scope.find(node.name)
        if held is not None and not new_name:
            return _held(held)
    return Part("name", node.name, new_name=new_name)


def _held(value: Value) -> Part:
    if isinstance(value.constant, list) and all(isinstance(item, str) for item in value.constant):
        return Part("names", value.code, listed=tuple(value.constant))
    if value.kind is Kind.TEXT:
        return Part("names", py("[NAME]", NAME=value), listed=(value.constant,) if value.is_literal else ())
    if (value.is_vector and value.element is not Kind.NUMBER) or value.kind is Kind.UNKNOWN:
        return Part("names", value.code)
    raise Untranslated(f"columns are chosen by a {value.kind.value}")


def _constant(node: Constant, new_name: str) -> Part:
    if isinstance(node.value, str):
        return Part("name", node.value, new_name=new_name)
    if isinstance(node.value, (int, float)) and 1 <= node.value < math.inf and node.value is not True and not new_name:
        return Part("place", slice(int(node.value) - 1, int(node.value)))
    raise Untranslated(f"`{node.text}` chooses no column")


def _of_call(scope: Scope, frame: Value, node: Call) -> list[Part]:
    word, parts = operator(node), operands(node)
    if word in {"-", "!"} and len(parts) == 1:
        left_out = _parts(scope, frame, parts[0])
        if not all(part.taken for part in left_out):
            raise Untranslated(f"`{deparse(node)}` leaves out what is left out")
        return [replace(part, taken=False) for part in left_out]
    if word == "c":
        inside = [(each.value, each.name or "") for each in node.arguments if each.value is not None]
        return [part for value, name in inside for part in _parts(scope, frame, value, name)]
    if word == ":" and len(parts) == 2:
        return [_range(parts)]
    if function_name(node) in {*_PATTERNS, "matches"}:
        return [Part("regex", pattern) for pattern in _patterns(scope, function_name(node) or "", node)]
    return [_helper(scope, node)]


def _range(parts: tuple[Node, ...]) -> Part:
    ends = [part.name if isinstance(part, Name) else getattr(part, "value", None) for part in parts]
    if all(isinstance(end, str) for end in ends):
        return Part("range", tuple(ends))
    first, last = (end if isinstance(end, (int, float)) else 0 for end in ends)
    if 1 <= first <= last < math.inf:
        return Part("place", slice(int(first) - 1, int(last)))
    raise Untranslated("a range of columns goes from a name to a name, or from a number to a number")


def _helper(scope: Scope, node: Call) -> Part:
    """A helper of tidyselect."""
    word = function_name(node) or ""
    if word in {"all_of", "any_of", "one_of"} and len(operands(node)) == 1:
        held = _held(scope.value(operands(node)[0]))
        return replace(held, how="any" if word == "any_of" else "names")
    if word == "everything" and not operands(node):
        return Part("all", None)
    if word == "where" and len(operands(node)) == 1:
        return Part("type", _type(operands(node)[0]))
    if word in _TYPES and not operands(node):
        return Part("type", _TYPES[word])
    if word == "last_col" and not operands(node):
        return Part("place", slice(-1, None))
    raise Untranslated(f"`{deparse(node)}` as a choice of columns has no translation")


def _patterns(scope: Scope, word: str, node: Call) -> list[str]:
    """The regular expressions of a helper, one a text."""
    given = {argument.name or "": argument.value for argument in node.arguments if argument.value is not None}
    texts, sensitive = given.get("", given.get("match")), given.get("ignore.case")
    if texts is None or set(given) - {"", "match", "ignore.case"} or len(given) != len(node.arguments):
        raise Untranslated(f"`{deparse(node)}` as a choice of columns has no translation")
    value = scope.value(texts).constant
    each = value if isinstance(value, list) else [value]
    if not each or not all(isinstance(text, str) for text in each):
        raise Untranslated(f"`{word}` is given a text that is computed")
    matters = sensitive is not None and scope.value(sensitive).constant is False
    found = [text if word == "matches" else _PATTERNS[word].format(_escaped(text)) for text in each]
    return [text if matters or not any(map(str.isalpha, text)) else f"(?i){text}" for text in found]


def _escaped(text: str) -> str:
    """A text as a regular expression, without needless backslashes."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def _type(node: Node) -> str:
    if isinstance(node, Name) and node.name in _TYPES:
        return _TYPES[node.name]
    if operator(node) == "~":
        inner = unwrap(operands(node)[-1])
        if isinstance(inner, Call) and operands(inner) and operands(inner)[0] in {Name(".x"), Name(".")}:
            return _type(inner.function)
    raise Untranslated(f"`where({deparse(node)})` as a choice of columns has no translation")


# --- known columns ----------------------------------------------------------------------------------------------------


def _known(frame: Value, found: Choice) -> Choice:
    """The choice by names where all columns of the frame are known; as it is otherwise."""
    if not frame.complete or any(part.how in {"any", "type"} or part.unknown for part in found.parts):
        return found
    columns = list(frame.parts)
    left = bool(found.parts) and not found.parts[0].taken
    chosen: dict[str, str] = dict.fromkeys(columns, "") if left else {}
    for part in found.parts:
        for name in _matching(columns, part):
            if part.taken:
                chosen[name] = part.new_name or chosen.get(name, "")
            else:
                chosen.pop(name, None)
    return Choice(tuple(Part("name", name, new_name=new_name) for name, new_name in chosen.items()))


def _matching(columns: list[str], part: Part) -> list[str]:
    if part.how == "name":
        if part.what not in columns:
            raise Untranslated(f"the frame has no column `{part.what}`")
        return [part.what]
    if part.how == "names":
        return [name for name in part.listed if name in columns]
    if part.how == "range":
        if not set(part.what) <= set(columns):
            raise Untranslated(f"the frame has no columns from `{part.what[0]}` to `{part.what[1]}`")
        first, last = (columns.index(end) for end in part.what)
        return columns[first : last + 1] if first <= last else columns[last : first + 1][::-1]
    if part.how == "regex":
        return [name for name in columns if re.search(part.what, name)]
    return columns if part.how == "all" else columns[part.what]


# --- code -------------------------------------------------------------------------------------------------------------


def chosen(frame: Value, found: Choice, handle: str) -> ast.expr:
    """Code of the frame with the chosen columns, under their old names.

    Parameters
    ----------
    frame : Value
        The frame.
    found : Choice
        The choice.
    handle : str
        Name for the parameter of a lambda, where the frame has no name to take columns from.
    """
    taken = [part for part in found.parts if part.taken]
    dropped = [part for part in found.parts if not part.taken]
    if not taken or not found.parts[0].taken:
        return without(frame, dropped, handle) if dropped else py("F[[]]", F=frame)
    if found.names is not None:
        return py("F[NAMES]", F=frame, NAMES=found.names)
    if len(taken) == 1:
        kept = frame_of(frame.code, taken[0])
    else:
        kept = over(frame, handle, "F[NAMES]", "F.loc[:, NAMES]", lambda taken_from: _list(taken_from, taken))
    return without(frame.but(code=kept), dropped, handle) if dropped else kept


def without(frame: Value, dropped: list[Part], handle: str) -> ast.expr:
    """Code of the frame without some columns."""
    if all(part.how == "name" for part in dropped):
        return py("F.drop(columns=NAMES)", F=frame, NAMES=listed([part.what for part in dropped]))
    if isinstance(frame.code, ast.Name):
        return py("F.drop(columns=NAMES)", F=frame, NAMES=_labels(frame.code, dropped))
    inner = ast.Name(handle, ast.Load())
    body = py("D.drop(columns=NAMES)", D=inner, NAMES=_labels(inner, dropped))
    return py("F.pipe(FUNCTION)", F=frame, FUNCTION=function_of(handle, body))


def labels(taken_from: ast.expr, found: Choice) -> ast.expr | list[str]:
    """Names of the chosen columns of the frame that `taken_from` is the code of: a list, or code of an Index."""
    if found.names is not None:
        return found.names
    dropped = [part for part in found.parts if not part.taken]
    taken = [part for part in found.parts if part.taken]
    if not found.parts[0].taken:
        return py("D.columns.drop(NAMES)", D=taken_from, NAMES=_labels(taken_from, dropped))
    if dropped:
        raise Untranslated("a choice that takes some columns and leaves out others has no translation here")
    names: ast.expr | list[str] = _labels(taken_from, taken)
    return names


def _labels(taken_from: ast.expr, parts: list[Part]) -> Any:
    if len(parts) > 1:
        return _list(taken_from, parts)
    if parts[0].how == "name":
        return [str(parts[0].what)]
    return parts[0].what if parts[0].how == "names" else py("F.columns", F=frame_of(taken_from, parts[0]))


def _list(taken_from: ast.expr, parts: list[Part]) -> ast.expr:
    """Code of the list of all names that several parts take, each once."""
    items = [_item(taken_from, part, parts) for part in parts]
    every = py("[*ITEMS]", ITEMS=items)
    return py("list(dict.fromkeys(X))", X=every) if _may_repeat(parts) else every


def _item(taken_from: ast.expr, part: Part, parts: list[Part]) -> ast.expr:
    if part.how == "name":
        return ast.Constant(part.what)
    others = [each.what for each in parts if each.how == "name"]
    if part.how == "all" and len(others) == len(parts) - 1:
        return ast.Starred(py("D.columns.drop(NAMES)", D=taken_from, NAMES=listed(others)), ast.Load())
    return ast.Starred(part.what if part.how == "names" else frame_of(taken_from, part), ast.Load())


def _may_repeat(parts: list[Part]) -> bool:
    """Whether a column may be taken twice, by name and by a rule."""
    others = [part.what for part in parts if part.how == "name"]
    if any(part.how == "all" for part in parts):
        return len(others) < len(parts) - 1
    rules = [part for part in parts if part.how not in {"name", "names", "range", "place"}]
    named = all(part.how == "regex" and not any(re.search(part.what, name) for name in others) for part in rules)
    return bool(rules) and not (named and len(rules) == 1)


def frame_of(frame: ast.expr, part: Part) -> ast.expr:
    """Code of the frame with the columns that one part takes."""
    if part.how == "range":
        return py("F.loc[:, FIRST:LAST]", F=frame, FIRST=part.what[0], LAST=part.what[1])
    if part.how == "place":
        first, last = part.what.start or None, part.what.stop
        ends = [None if end is None else literal(end) for end in (first, last)]
        place = ast.Tuple([ast.Slice(), ast.Slice(*ends)], ast.Load())
        return ast.Subscript(py("F.iloc", F=frame), place, ast.Load())
    templates = {
        "name": "F[[WHAT]]",
        "names": "F[WHAT]",
        "any": "F.filter(items=WHAT)",
        "regex": "F.filter(regex=WHAT)",
        "type": "F.select_dtypes(WHAT)",
        "all": "F",
    }
    return py(templates[part.how], F=frame, WHAT=part.what)


def listed(names: Sequence[str]) -> Any:
    """One name by itself, several as a list: what pandas takes for columns."""
    return names[0] if len(names) == 1 else list(names)


def over(frame: Value, handle: str, plain: str, chained: str, piece: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """One of two templates over a frame: `plain` takes names from the frame by its name, `chained` by a lambda."""
    if isinstance(frame.code, ast.Name):
        return py(plain, F=frame, NAMES=piece(frame.code))
    body = piece(ast.Name(handle, ast.Load()))
    if not any(isinstance(node, ast.Name) and node.id == handle for node in ast.walk(body)):
        return py(plain, F=frame, NAMES=body)
    return py(chained, F=frame, NAMES=function_of(handle, body))


def written(argument: Argument) -> Node:
    """What an argument holds; refused where nothing is written."""
    if argument.value is None:
        raise Untranslated("an argument is empty")
    return argument.value


def arguments_of(node: Node | None) -> tuple[Argument, ...]:
    """Arguments of a call; none of what is no call."""
    return node.arguments if isinstance(node, Call) else ()


def function_of(parameter: str, body: ast.expr) -> ast.Lambda:
    """A lambda with one parameter."""
    arguments = ast.arguments([], [ast.arg(parameter)], None, [], [], None, [])
    return ast.Lambda(arguments, body)
