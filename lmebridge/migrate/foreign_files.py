"""Files of other programs, data sets of packages, files written, and paths."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmebridge.migrate.registry import translates
from lmebridge.migrate.row_names import fresh_rows
from lmebridge.migrate.values import NOTHING, Kind, Untranslated, Value, literal, py, text
from lmebridge.rsyntax import Name

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


# --- SPSS, Stata, Excel -----------------------------------------------------------------------------------------------


@translates(
    "read_sav read_spss",
    "file, encoding = NULL, user_na = FALSE, col_select, skip, n_max, .name_repair",
    "`pd.read_spss(file, convert_categoricals=False)`",
    packages="haven",
    harmless=".name_repair",
)
def read_sav(call: RCall) -> Value:
    """An SPSS file; values with labels stay numbers, as haven keeps them."""
    call.default_only(user_na=False)
    return _frame(call, py("pd.read_spss(FILE, convert_categoricals=False)", FILE=call.value("file")))


@translates(
    "read_dta read_stata",
    "file, encoding = NULL, col_select, skip, n_max, .name_repair",
    "`pd.read_stata(file, convert_categoricals=False, preserve_dtypes=False)`",
    packages="haven",
    harmless=".name_repair",
)
def read_dta(call: RCall) -> Value:
    """A Stata file; values with labels stay numbers, and small integers become plain ones."""
    template = "pd.read_stata(FILE, convert_categoricals=False, preserve_dtypes=False)"
    return _frame(call, py(template, FILE=call.value("file")))


def _frame(call: RCall, code: ast.expr) -> Value:
    return Value(code, Kind.FRAME, rows=fresh_rows(call.scope))


@translates("zap_labels zap_label zap_formats zap_missing zap_widths", "x, ...", "its argument", packages="haven")
def zap_labels(call: RCall) -> Value:
    """Labels taken off: there are none in pandas."""
    call.refuse_rest()
    return call.value("x")


@translates("as_factor", "x, ...", "left: pandas has no labels", packages="haven forcats")
def as_factor(call: RCall) -> Value:
    """Labels as levels, which pandas does not know once the file is read."""
    raise call.fail(
        "the labels of values are not in the frame: read the file with `convert_categoricals=True`, or map the values"
    )


@translates("read.spss read.dta", "file, ...", "left: use `pd.read_spss`, `pd.read_stata`", packages="foreign")
def read_foreign(call: RCall) -> Value:
    """Files read by foreign, whose rules for labels and missing values are its own."""
    raise call.fail("foreign has rules of its own for labels and missing values: use haven's reader, or pandas'")


@translates(
    "read_excel read_xlsx read_xls",
    'path, sheet = NULL, range, col_names = TRUE, col_types, na = "", trim_ws, skip = 0, n_max, guess_max, progress',
    '`pd.read_excel(path, keep_default_na=False, na_values=[""])`',
    packages="readxl",
    harmless="trim_ws guess_max progress",
)
def read_excel(call: RCall) -> Value:
    """A sheet of an Excel file."""
    call.default_only(col_names=True)
    options: dict[str, Any] = {}
    sheet = call.constant("sheet")
    if sheet is not None:
        options["sheet_name"] = sheet if isinstance(sheet, str) else int(sheet) - 1
    if call.constant("skip", 0):
        options["skiprows"] = int(call.constant("skip"))
    missing = call.constant("na", "")
    options |= {"keep_default_na": False, "na_values": missing if isinstance(missing, list) else [missing]}
    return _frame(call, py("pd.read_excel(PATH, **OPTIONS)", PATH=call.value("path"), OPTIONS=options))


# --- R's own files ----------------------------------------------------------------------------------------------------


@translates("readRDS read_rds load", "file, ...", "left: R's own format", packages="base readr")
def read_rds(call: RCall) -> Value:
    """Objects in R's own format."""
    raise call.fail("R's own format holds any object: write the data to a CSV file in R; `lme.read_rds` reads models")


@translates(
    "saveRDS write_rds save save.image dump dput", "..., file", "left: R's own format", packages="base readr utils"
)
def save_rds(call: RCall) -> Value:
    """Objects written in R's own format."""
    raise call.fail("it writes R's own format: a model has `lme.save`, a frame `to_csv` or `to_parquet`")


@translates(
    "data", "..., list = character(), package = NULL, lib.loc, verbose, envir", "the data set in a file of its name"
)
def data(call: RCall) -> Value:
    """A data set of an R package: the CSV file of its name, when there is one beside the script."""
    call.ignore("envir", "package", "list")
    names = [argument.value for argument in call.rest]
    words = [node.name if isinstance(node, Name) else getattr(node, "value", None) for node in names]
    if len(words) != 1 or not isinstance(words[0], str):
        raise call.fail("`data` is translated for one data set at a time")
    name, package = words[0], call.word("package")
    folder = call.scope.session.folder
    if folder is None or not (Path(folder) / f"{name}.csv").is_file():
        full = f"{package}::{name}" if package else name
        reason = f'`{name}` is a data set of an R package: write.csv({full}, "{name}.csv", row.names = FALSE) in R'
        raise call.fail(f"{reason}, then translate again")
    call.note(f"factors of R's `{name}` are plain columns here")
    code = py("pd.read_csv(FILE)", FILE=f"{name}.csv")
    known = call.scope.define(name, Value(code, Kind.FRAME, rows=fresh_rows(call.scope)))
    call.scope.body.append(ast.Assign([ast.Name(known.code.id, ast.Store())], code))  # type: ignore[attr-defined]
    return NOTHING


# --- files written ----------------------------------------------------------------------------------------------------


@translates(
    "write.csv write.csv2",
    'x, file, ..., row.names = TRUE, quote = TRUE, na = "NA", fileEncoding = ""',
    '`d.to_csv(file, index=False, na_rep="NA")`',
    harmless="quote fileEncoding",
)
def write_csv_of_r(call: RCall) -> Value:
    """A frame written to a file."""
    call.refuse_rest()
    options: dict[str, Any] = {"sep": ";", "decimal": ","} if call.name == "write.csv2" else {}
    if call.flag("row.names", True):
        call.note("the rows' names are numbers from 0 here, from 1 in R")
    else:
        options["index"] = False
    return _written(call, call.expect("x", Kind.FRAME, Kind.TABLE), call.value("file"), options)


@translates(
    "write_csv write_tsv write_csv2",
    'x, file, na = "NA", append = FALSE, col_names, quote, escape, eol, num_threads, progress, path',
    '`d.to_csv(file, index=False, na_rep="NA")`',
    packages="readr",
    harmless="quote num_threads progress",
)
def write_csv(call: RCall) -> Value:
    """A frame written to a file by readr."""
    call.default_only(append=False)
    options: dict[str, Any] = {"index": False}
    if call.name != "write_csv":
        options |= {"sep": "\t"} if call.name == "write_tsv" else {"sep": ";", "decimal": ","}
    file = call.value("file") if call.given("file") else call.value("path")
    return _written(call, call.expect("x", Kind.FRAME, Kind.TABLE), file, options)


@translates(
    "write.table",
    'x, file = "", append = FALSE, quote = TRUE, sep = " ", eol, na = "NA", dec = ".", '
    "row.names = TRUE, col.names = TRUE",
    '`d.to_csv(file, sep=" ", index=False, na_rep="NA")`',
    harmless="quote",
)
def write_table(call: RCall) -> Value:
    """A frame written to a file, by default with blanks between cells."""
    call.default_only(append=False, dec=".")
    if call.flag("row.names", True):
        raise call.fail("row names without a name of their own have no translation: add `row.names = FALSE`")
    options: dict[str, Any] = {"sep": call.constant("sep", " "), "index": False}
    if not call.flag("col.names", True):
        options["header"] = False
    return _written(call, call.expect("x", Kind.FRAME, Kind.TABLE), call.value("file"), options)


def _written(call: RCall, frame: Value, file: Value, options: dict[str, Any]) -> Value:
    missing = call.constant("na", "NA")
    if missing != "":
        options["na_rep"] = missing
    code = py("F.to_csv(FILE, **OPTIONS)", F=frame, FILE=file, OPTIONS=options)
    return Value(code, Kind.NULL, visible=False)


# --- paths ------------------------------------------------------------------------------------------------------------


@translates("file.path", "..., fsep", '`"folder/file.csv"`, `f"{folder}/file.csv"`', harmless="fsep")
def file_path(call: RCall) -> Value:
    """Parts of a path with slashes between."""
    return _joined([value for _, value in call.rest_values])


@translates("here", "...", '`"folder/file.csv"`, from the folder where Python starts', packages="here")
def here(call: RCall) -> Value:
    """A path from the project's folder."""
    call.note("`here()` starts at the project's folder: start Python there")
    values = [value for _, value in call.rest_values]
    return _joined(values) if values else text(".")


def _joined(parts: list[Value]) -> Value:
    """A text, or a formatted string, with slashes between the parts."""
    if any(part.kind not in {Kind.TEXT, Kind.UNKNOWN, Kind.NUMBER} for part in parts) or not parts:
        raise Untranslated("a path is made of something that is no text")
    if all(isinstance(part.code, ast.Constant) for part in parts):
        return text("/".join(str(part.constant) for part in parts))
    pieces: list[ast.expr] = []
    for place, part in enumerate(parts):
        if place:
            pieces.append(literal("/"))
        constant = isinstance(part.code, ast.Constant)
        pieces.append(literal(str(part.constant)) if constant else ast.FormattedValue(part.code, -1))
    return Value(ast.JoinedStr(_merged(pieces)), Kind.TEXT, Kind.TEXT)


def _merged(pieces: list[ast.expr]) -> list[ast.expr]:
    """Neighbouring texts as one."""
    found: list[ast.expr] = []
    for piece in pieces:
        if found and isinstance(piece, ast.Constant) and isinstance(found[-1], ast.Constant):
            found[-1] = literal(str(found[-1].value) + str(piece.value))
        else:
            found.append(piece)
    return found


@translates("file.exists", "...", "`Path(file).exists()`")
def file_exists(call: RCall) -> Value:
    """Whether there is a file."""
    values = [value for _, value in call.rest_values]
    if len(values) != 1 or values[0].kind not in {Kind.TEXT, Kind.UNKNOWN}:
        raise call.fail("`file.exists` is translated for one file")
    return Value(py("Path(FILE).exists()", FILE=values[0]), Kind.LOGICAL, Kind.LOGICAL, missing_free=True)


@translates("dir.create", "path, showWarnings = TRUE, recursive = FALSE, mode", "`Path(path).mkdir(exist_ok=True)`")
def dir_create(call: RCall) -> Value:
    """A folder made."""
    call.ignore("showWarnings")
    options: dict[str, Any] = {"parents": True} if call.flag("recursive") else {}
    code = py("Path(PATH).mkdir(**OPTIONS)", PATH=call.value("path"), OPTIONS={**options, "exist_ok": True})
    return Value(code, Kind.NULL, visible=False)
