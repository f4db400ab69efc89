"""Data files read: `read.csv` and its relatives, readr, haven, Excel."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.data_files import Facts, facts, r_name
from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.selection import arguments_of, function_of
from lmebridge.migrate.values import Kind, Untranslated, Value, dictionary, imported, literal, py
from lmebridge.rsyntax import Call, Constant, Node, deparse, function_name, operator

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall

#: Separator, decimal point, header and comment sign that R's functions have unless told otherwise.
_DEFAULTS: dict[str, tuple[str, str, bool, str]] = {
    "read.csv": (",", ".", True, ""),
    "read.csv2": (";", ",", True, ""),
    "read.delim": ("\t", ".", True, ""),
    "read.delim2": ("\t", ",", True, ""),
    "read.table": ("", ".", False, "#"),
}
_SIGNATURE = (
    'file, header = TRUE, sep = ",", quote = "\\"", dec = ".", fill = TRUE, comment.char = "", ..., row.names, '
    'col.names, as.is, na.strings = "NA", colClasses = NA, nrows = -1, skip = 0, check.names = TRUE, '
    'strip.white = FALSE, stringsAsFactors = FALSE, fileEncoding = "", encoding = "unknown", text'
)
_TABLE = (
    'file, header = FALSE, sep = "", quote = "\\"\'", dec = ".", fill, row.names, col.names, as.is, na.strings = "NA", '
    "colClasses = NA, nrows = -1, skip = 0, check.names = TRUE, strip.white = FALSE, blank.lines.skip = TRUE, "
    'comment.char = "#", allowEscapes, flush, stringsAsFactors = FALSE, fileEncoding = "", encoding = "unknown", text'
)
_ENCODINGS = {"latin1": "latin-1", "utf-8-bom": "utf-8-sig", "windows-1252": "cp1252", "cp1252": "cp1252"}
EMPTY_TEXT = 'an empty cell of a text column is missing here, where R has ""'


@translates(
    "read.csv read.csv2 read.delim read.delim2",
    _SIGNATURE,
    "`pd.read_csv(file)`",
    harmless="fill as.is",
)
def read_csv_of_r(call: RCall) -> Value:
    """A table with a separator between cells."""
    return _read(call)


@translates("read.table", _TABLE, r'`pd.read_csv(file, sep=r"\s+")`', harmless="fill as.is flush blank.lines.skip")
def read_table(call: RCall) -> Value:
    """A table with blanks, or a separator, between cells."""
    return _read(call)


def _read(call: RCall) -> Value:
    separator, decimal, header, comment = _DEFAULTS[call.name]
    separator, decimal = call.constant("sep", separator), call.constant("dec", decimal)
    header, comment = call.flag("header", header), call.constant("comment.char", comment)
    if not all(isinstance(sign, str) for sign in (separator, decimal, comment)):
        raise call.fail("`sep`, `dec` and `comment.char` must be one text each")
    encoding = _encoding(call)
    missing = tuple(_texts(call, "na.strings", "NA"))
    file, constant = _file(call)
    seen = facts(
        call.scope, constant, separator=separator or ",", decimal=decimal, encoding=encoding or "utf-8", missing=missing
    )
    if not (separator and header) or call.given("skip") or call.given("colClasses") or call.given("row.names"):
        seen = None
    options = _layout(call, separator, decimal, comment, header=header)
    options |= {"encoding": literal(encoding)} if encoding else {}
    options |= _missing(call, missing, seen)
    options |= _classes(call)
    code = py("pd.read_csv(FILE, **OPTIONS)", FILE=file, OPTIONS=options)
    return _checked(call, code, seen, header=header)


def _file(call: RCall) -> tuple[Any, Any]:
    """Code of the file, and its name where it is a constant."""
    if call.given("text"):
        return py("STREAM(TEXT)", STREAM=imported("io", "StringIO"), TEXT=call.value("text")), None
    value = call.value("file")
    if value.kind not in {Kind.TEXT, Kind.UNKNOWN} and value.element is not Kind.TEXT:
        raise call.fail(f"`{call.name}` of a {value.kind.value} has no translation")
    return value, value.constant


def _encoding(call: RCall) -> str:
    given = call.constant("fileEncoding", "") or call.constant("encoding", "")
    if str(given).lower() in {"", "unknown", "utf-8", "utf8", "native.enc"}:
        return ""
    return _ENCODINGS.get(str(given).lower(), str(given))


def _texts(call: RCall, parameter: str, default: Any) -> list[str]:
    """A parameter that is one text or several."""
    value = call.constant(parameter, default)
    each = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) for item in each):
        raise call.fail(f"`{parameter}` of `{call.name}` has no translation")
    return ["NA" if item is None else item if isinstance(item, str) else f"{item:.15g}" for item in each]


def _layout(call: RCall, separator: str, decimal: str, comment: str, *, header: bool) -> dict[str, Any]:
    """Options about where cells, rows and names are."""
    options: dict[str, Any] = {}
    if separator != ",":
        options["sep"] = separator or r"\s+"
    if decimal != ".":
        options["decimal"] = decimal
    if not header:
        options["header"] = None
    options |= _names(call, header=header)
    if comment:
        options["comment"] = comment
    if call.constant("quote", '"') == "":
        options["quoting"] = 3
    if call.flag("strip.white") and separator:
        raise call.fail("`strip.white = TRUE` has no translation: pandas strips blanks before a cell only")
    for parameter, name in (("nrows", "nrows"), ("skip", "skiprows")):
        count = call.constant(parameter, None)
        if count is not None and not isinstance(count, (int, float)):
            raise call.fail(f"`{parameter}` must be one number")
        if count is not None and count > 0:
            options[name] = int(count)
    return options


def _names(call: RCall, *, header: bool) -> dict[str, Any]:
    """Options about names of columns and rows."""
    options: dict[str, Any] = {}
    if call.given("col.names"):
        options["names"] = call.value("col.names")
        if header:
            options["header"] = 0
    if call.given("row.names"):
        place = call.constant("row.names")
        if isinstance(place, list):
            raise call.fail("`row.names` with the names themselves has no translation")
        if place is not None:
            options["index_col"] = place if isinstance(place, str) else int(place) - 1
    return options


def _missing(call: RCall, missing: tuple[str, ...], seen: Facts | None) -> dict[str, Any]:
    """Options about what is missing: R takes less for missing than pandas does."""
    if seen is not None and seen.plain:
        return {}
    if "" not in missing and (seen is None or seen.empty_text):
        call.note(EMPTY_TEXT)
    return {"keep_default_na": False, "na_values": list(dict.fromkeys(["", *missing]))}


def _checked(call: RCall, code: ast.expr, seen: Facts | None, *, header: bool) -> Value:
    """The frame with the names and the categories that R gives it."""
    parts: dict[str, Value] = {}
    if not header and not call.given("col.names"):
        code = py("F.rename(columns=NAMES)", F=code, NAMES=function_of("place", py('f"V{place + 1}"')))
    checks = call.flag("check.names", True)
    if seen is not None:
        names = {name: (r_name(name) or "X") if checks else name for name in seen.kinds}
        changed = {name or "Unnamed: 0": new for name, new in names.items() if name != new}
        if changed and not call.given("col.names"):
            code = py("F.rename(columns=NAMES)", F=code, NAMES=dictionary(changed))
        parts = {names[name]: Value(code, Kind.COLUMN, kind) for name, kind in seen.kinds.items()}
    elif checks and header and any(re.search(r"\w\.\w", name) for name in call.scope.session.columns):
        call.note("R writes `.` for blanks and other signs in names of columns, pandas keeps them")
    for name in seen.letters if seen is not None else ():
        call.note(f"R reads `{name}`, which has nothing but T and F, as TRUE and FALSE")
    if call.flag("stringsAsFactors"):
        code, parts = _with_factors(code, parts)
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts if not call.given("col.names") else {})


def _with_factors(code: ast.expr, parts: dict[str, Value]) -> tuple[ast.expr, dict[str, Value]]:
    """Columns of text as categories."""
    texts = [name for name, part in parts.items() if part.element is Kind.TEXT]
    if parts:
        code = py("F.astype(TYPES)", F=code, TYPES=dictionary(dict.fromkeys(texts, "category"))) if texts else code
        return code, {name: part.but(factor=name in texts) for name, part in parts.items()}
    texts_of = py('d.astype(dict.fromkeys(d.select_dtypes(exclude=["number", "bool"]), "category"))')
    return py("F.pipe(FUNCTION)", F=code, FUNCTION=function_of("d", texts_of)), {}


_CLASSES = {"factor": "category", "character": "str", "numeric": "float", "double": "float", "integer": "", "NA": ""}


def _classes(call: RCall) -> dict[str, Any]:
    """`colClasses` as pandas' `dtype`, by name or by place."""
    node = call.node_of("colClasses")
    if node is None or (isinstance(node, Constant) and node.value is None):
        return {}
    if isinstance(node, Constant):
        return {"dtype": _class(node.value)}
    if operator(node) != "c":
        raise call.fail("`colClasses` is computed")
    pairs = {}
    for place, argument in enumerate(arguments_of(node)):
        value = argument.value.value if isinstance(argument.value, Constant) else ""
        pairs[argument.name or place] = _class("NA" if value is None else value)
    known = {key: dtype for key, dtype in pairs.items() if dtype is not None}
    if any(isinstance(key, int) for key in known):
        call.note("the numbers count the file's columns from 0")
    return {"dtype": ast.Dict([literal(key) for key in known], list(known.values()))}


def _class(name: Any) -> Any:
    if name not in _CLASSES:
        raise Untranslated(f'`colClasses = "{name}"` has no translation')
    dtype = _CLASSES[name]
    if not dtype:
        return None
    return literal(dtype) if dtype == "category" else ast.Name(dtype, ast.Load())


# --- readr ------------------------------------------------------------------------------------------------------------

_READR = (
    'file, col_names = TRUE, col_types = NULL, col_select = NULL, id = NULL, locale, na = c("", "NA"), quoted_na, '
    'quote, comment = "", trim_ws = TRUE, skip = 0, n_max = Inf, guess_max, name_repair, num_threads, progress, '
    "show_col_types, skip_empty_rows, lazy"
)
_READR_DELIM = _READR.replace("file,", "file, delim = NULL, quote, escape_backslash, escape_double,").replace(
    "quoted_na, quote,", "quoted_na,"
)
_HARMLESS = "guess_max name_repair num_threads progress show_col_types skip_empty_rows lazy quoted_na trim_ws"


@translates(
    "read_csv read_csv2 read_tsv",
    _READR,
    '`pd.read_csv(file, keep_default_na=False, na_values=["", "NA"])`',
    packages="readr",
    harmless=_HARMLESS,
)
def read_csv(call: RCall) -> Value:
    """A table read by readr."""
    separator, decimal = {"read_csv": (",", "."), "read_csv2": (";", ","), "read_tsv": ("\t", ".")}[call.name]
    return _readr(call, separator, decimal)


@translates("read_delim", _READR_DELIM, '`pd.read_csv(file, sep=";")`', packages="readr", harmless=_HARMLESS)
def read_delim(call: RCall) -> Value:
    """A table with any separator, read by readr."""
    separator = call.constant("delim")
    if not isinstance(separator, str):
        raise call.fail("`read_delim` without `delim` guesses it from the file")
    return _readr(call, separator, ".")


def _readr(call: RCall, separator: str, decimal: str) -> Value:
    options: dict[str, Any] = {}
    if separator != ",":
        options["sep"] = separator
    if decimal != ".":
        options["decimal"] = decimal
    options |= _readr_names(call)
    for parameter, name in (("skip", "skiprows"), ("n_max", "nrows")):
        count = call.constant(parameter, None)
        if count:
            options[name] = int(count)
    if call.constant("comment", ""):
        options["comment"] = call.constant("comment")
    options |= _locale(call.node_of("locale"))
    options |= {"keep_default_na": False, "na_values": _readr_missing(call)}
    types = _column_types(call.node_of("col_types"))
    if types:
        options["dtype"] = types
    file, constant = _file_of_readr(call)
    seen = None
    if not {"names", "header", "skiprows"} & set(options):
        known = tuple(_texts(call, "na", ["", "NA"])) if call.optional("na") is None else ("", "NA")
        seen = facts(call.scope, constant, separator=separator, decimal=decimal, encoding="utf-8", missing=known)
    code = py("pd.read_csv(FILE, **OPTIONS)", FILE=file, OPTIONS=options)
    parts = {} if seen is None or types else {name: Value(code, Kind.COLUMN, kind) for name, kind in seen.kinds.items()}
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope), parts=parts)


def _file_of_readr(call: RCall) -> tuple[Any, Any]:
    node = call.node_of("file")
    if function_name(node) == "I" and isinstance(node, Call):  # type: ignore[arg-type]
        raise call.fail("a table written out in the script has no translation")
    value = call.value("file")
    return value, value.constant


def _readr_names(call: RCall) -> dict[str, Any]:
    value = call.optional("col_names")
    if value is None or value.constant is True:
        return {}
    if value.constant is False:
        raise call.fail("`col_names = FALSE` has no translation: give the names")
    return {"names": value, "header": None}


def _readr_missing(call: RCall) -> Any:
    value = call.optional("na")
    if value is None:
        return ["", "NA"]
    if value.kind is Kind.TEXT:
        return py("[X]", X=value)
    return value


def _locale(node: Node | None) -> dict[str, Any]:
    """`locale(encoding = , decimal_mark = )`."""
    if node is None:
        return {}
    options: dict[str, Any] = {}
    for argument in arguments_of(node):
        value = argument.value.value if isinstance(argument.value, Constant) else None
        if argument.name == "encoding" and isinstance(value, str):
            options["encoding"] = _ENCODINGS.get(value.lower(), value)
        elif argument.name == "decimal_mark" and isinstance(value, str):
            options["decimal"] = value
        else:
            raise Untranslated(f"`{deparse(node)}` has no translation")
    return options


_COLUMN_TYPES = {"col_character": "str", "col_double": "float", "col_number": "", "col_integer": "", "col_guess": ""}
_COLUMN_LETTERS = {"c": "str", "d": "float", "i": "", "?": ""}


def _column_types(node: Node | None) -> ast.expr | None:
    """`col_types` as pandas' `dtype`."""
    if node is None or (isinstance(node, Constant) and node.value is None):
        return None
    if function_name(node) not in {"cols", "list"}:
        raise Untranslated("`col_types` is translated for `cols(name = col_character())` only")
    types = {}
    for argument in arguments_of(node):
        name, value = argument.name, argument.value
        letter = value.value if isinstance(value, Constant) else None
        word = function_name(value) if value is not None else None
        plain = isinstance(value, Call) and not value.arguments and word in _COLUMN_TYPES
        if not name or name == ".default" or not (plain or letter in _COLUMN_LETTERS):
            raise Untranslated(f"`{deparse(node)}` has no translation")
        dtype = _COLUMN_TYPES[word or ""] if plain else _COLUMN_LETTERS[str(letter)]
        if dtype:
            types[name] = ast.Name(dtype, ast.Load())
    return dictionary(types) if types else None
