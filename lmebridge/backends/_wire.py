"""Values as they cross between Python and R, without R: bare vectors, lists, and lists that name their kind.

`encode` makes crossing values of pandas and Python values, refusing what would be lost; `decode` makes pandas and
numpy values of crossing values. r/wire.R is the other end. Crossing values are None, bytes, `Doubles`, `Integers`,
`Logicals`, `Strings`, lists and dicts of them, and whatever `encode` does not know and the transport must carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.backends._columns import Doubles, Integers, Logicals, Strings, encode_column, strings
from lmebridge.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Doubles", "Integers", "Logicals", "Strings", "decode", "encode"]

NA_INTEGER = np.iinfo(np.int32).min


def encode(value: Any) -> Any:
    """Crossing value of a Python value.

    Parameters
    ----------
    value : object
        None, bool, int, float, str, a list or dict of such values, a numpy array, a pandas Series, Categorical or
        DataFrame. Anything else, such as a handle on an R object, is passed through for the transport to carry.

    Returns
    -------
    object
        The crossing value.

    Raises
    ------
    DataError
        If something would be lost on the way: integers beyond 2**53, objects of mixed type, dates, complex numbers.
    """
    for types, encoder in ENCODERS:
        if isinstance(value, types):
            return encoder(value)
    return value


def _integer(value: int) -> Any:
    return encode_column(pd.Series([value], dtype="int64" if abs(value) < 2**63 else object), "value")


def _list(value: list[Any] | tuple[Any, ...]) -> Any:
    if value and all(isinstance(item, str) for item in value):
        return strings(value)
    return [encode(item) for item in value]


def _frame(frame: pd.DataFrame) -> dict[str, Any]:
    if not frame.columns.is_unique:
        repeated = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"the data has several columns named {repeated!r}. Give each column a name of its own.")
    columns = [encode_column(frame[name], str(name)) for name in frame.columns]
    names = strings([str(name) for name in frame.columns])
    return {".kind": Strings(("frame",)), "columns": columns, "names": names, "rows": Integers.of([len(frame)])}


def _array(array: np.ndarray) -> Any:
    if array.ndim <= 1:
        return encode_column(pd.Series(np.atleast_1d(array)), "value")
    values = encode_column(pd.Series(array.ravel(order="F")), "value")
    return {".kind": Strings(("array",)), "values": values, "dim": Integers.of(array.shape)}


#: By Python type, in this order (a bool is an int), how it is encoded.
ENCODERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((bool, np.bool_), lambda value: Logicals.of([value])),
    ((int, np.integer), lambda value: _integer(int(value))),
    ((float, np.floating), lambda value: Doubles.of([value])),
    (str, lambda value: Strings((value,))),
    ((list, tuple), _list),
    (dict, lambda value: {str(name): encode(item) for name, item in value.items()}),
    (pd.DataFrame, _frame),
    (pd.Series, lambda value: encode_column(value, str(value.name))),
    (pd.Categorical, lambda value: encode_column(pd.Series(value), "value")),
    (np.ndarray, _array),
)


@dataclass(frozen=True)
class Pairs:
    """An R list whose names repeat, which no dict can hold."""

    names: list[str]
    values: list[Any]


def decode(value: Any) -> Any:
    """Python value of a crossing value.

    Returns
    -------
    object
        None; for a bare vector a one-dimensional array (float64, int64 or bool; pandas' nullable array where integers
        or logicals are missing) or a list of str and None; for a named vector a Series; for a factor a Categorical;
        for a matrix an array, or a DataFrame where it has column names; for a sparse matrix a
        `scipy.sparse.csc_matrix`; for a data frame a DataFrame; for a list a dict, a list, or `Pairs` where names
        repeat. Other objects are as they were.
    """
    if isinstance(value, dict):
        kind = value.get(".kind")
        return DECODERS[kind.values[0]](value) if kind else {name: decode(item) for name, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return BARE[type(value)](value) if type(value) in BARE else value


def _integers(vector: Integers) -> Any:
    missing = vector.values == NA_INTEGER
    values = vector.values.astype("int64")
    return pd.arrays.IntegerArray(values, missing) if missing.any() else values


def _logicals(vector: Logicals) -> Any:
    missing = vector.values == NA_INTEGER
    values = vector.values == 1
    return pd.arrays.BooleanArray(values, missing) if missing.any() else values


def _named(value: Mapping[str, Any]) -> pd.Series:
    return pd.Series(decode(value["values"]), index=_index(value["names"]))


def _index(names: Any) -> pd.Index:
    index: pd.Index = pd.Index(np.asarray(decode(names), dtype=object), dtype=object)
    return index


def _factor(value: Mapping[str, Any]) -> pd.Categorical:
    codes = value["codes"].values
    codes = np.where(codes == NA_INTEGER, -1, codes - 1)
    return pd.Categorical.from_codes(
        codes, categories=_index(value["levels"]), ordered=bool(decode(value["ordered"])[0])
    )


def _character(value: Mapping[str, Any]) -> list[str | None]:
    levels = decode(value["levels"])
    return [None if code == NA_INTEGER else levels[code - 1] for code in value["codes"].values]


def _strings(value: Mapping[str, Any]) -> list[str]:
    text: str = value["bytes"].decode("utf-8")
    return text.split(value["separator"].values[0])[:-1]


def _frame_of(value: Mapping[str, Any]) -> pd.DataFrame:
    names, rows = decode(value["names"]), decode(value["row_names"])
    columns: dict[str, Any] = {}
    for name, column in zip(names or [], value["columns"], strict=True):
        columns |= _columns(name, decode(column))
    is_automatic = not isinstance(rows, list)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)) if is_automatic else pd.Index(rows, dtype=object))


def _columns(name: str, column: Any) -> dict[str, Any]:
    """A matrix in a data frame becomes several columns, named as R's own `as.data.frame` names them."""
    if isinstance(column, pd.DataFrame):
        names = [inner or f"V{position}" for position, inner in enumerate(column.columns, start=1)]
        return {f"{name}.{inner}": column.iloc[:, i].to_numpy() for i, inner in enumerate(names)}
    if isinstance(column, np.ndarray) and column.ndim == 2:
        return {f"{name}.{position + 1}": column[:, position] for position in range(column.shape[1])}
    return {name: np.asarray(column, dtype=object) if isinstance(column, list) else column}


def _array_of(value: Mapping[str, Any]) -> Any:
    shape = tuple(value["dim"].values)
    values = decode(value["values"])
    array = np.asarray(values, dtype=object if isinstance(values, list) else None).reshape(shape, order="F")
    names = value["dimnames"]
    if len(shape) != 2 or names is None or names[1] is None:
        return array
    rows = None if names[0] is None else _index(names[0])
    return pd.DataFrame(array, index=rows, columns=_index(names[1]))


def _sparse(value: Mapping[str, Any]) -> Any:
    from scipy.sparse import csc_matrix

    parts = (value["x"].values, value["i"].values, value["p"].values)
    return csc_matrix(parts, shape=tuple(value["dim"].values))


def _pairs(value: Mapping[str, Any]) -> Pairs:
    return Pairs(decode(value["names"]), [decode(item) for item in value["values"]])


BARE: dict[type, Callable[[Any], Any]] = {
    Doubles: lambda vector: vector.values,
    Integers: _integers,
    Logicals: _logicals,
    Strings: lambda vector: list(vector.values),
}
DECODERS: dict[str, Callable[[Any], Any]] = {
    "named": _named,
    "factor": _factor,
    "character": _character,
    "strings": _strings,
    "frame": _frame_of,
    "array": _array_of,
    "sparse": _sparse,
    "pairs": _pairs,
}


# --- from JSON --------------------------------------------------------------------------------------------------------


def from_json(value: Any) -> Any:
    """Python value of what r/json.R wrote, as `decode` would have made it of the live R value.

    Parameters
    ----------
    value : object
        What `json.loads` gave for the text, or for a part of it.

    Examples
    --------
    >>> import json
    >>> from_json(json.loads('{"theta": [0.5, null, {".number": "Inf"}], "name": ["a"]}'))
    {'theta': array([0.5, nan, inf]), 'name': ['a']}
    """
    return decode(_crossing(value))


def _crossing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _crossing(item) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    is_nested = any(isinstance(item, list) or (isinstance(item, dict) and ".number" not in item) for item in value)
    return [_crossing(item) for item in value] if is_nested else _vector(value)


def _vector(items: list[Any]) -> Doubles | Integers | Logicals | Strings:
    found = {type(item) for item in items if item is not None}
    if (found <= {str} and found) or not items:
        return Strings(tuple(items))
    if found <= {bool} and found:
        return Logicals(np.array([NA_INTEGER if item is None else item for item in items], dtype=np.int32))
    if found <= {int} and found:
        return Integers.of([NA_INTEGER if item is None else item for item in items])
    return Doubles.of([_double(item) for item in items])


def _double(item: Any) -> float:
    if item is None:
        return float("nan")
    return float(item[".number"]) if isinstance(item, dict) else float(item)
