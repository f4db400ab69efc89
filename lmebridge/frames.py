"""Data at the door: any table becomes a pandas frame, and every column R's type or a clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.arrays import BooleanArray, IntegerArray

from lmebridge.errors import DataError
from lmebridge.evaluation.values import Value, categorical, logical
from lmebridge.rsyntax.literals import format_double

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Largest magnitude of R's integer type.
R_INTEGER_MAX = 2**31 - 1
#: Beyond it a double no longer holds every whole number.
EXACT_INTEGER_MAX = 2**53
#: What pandas calls a column of Python objects that lmebridge takes, by R's type.
OBJECT_KINDS = {
    "string": "character",
    "empty": "character",
    "boolean": "logical",
    "integer": "integer",
    "floating": "numeric",
    "mixed-integer-float": "numeric",
}


def as_pandas(data: Any) -> pd.DataFrame:
    """A pandas frame of `data`: itself if it is one, else converted from polars, pyarrow and their like.

    Parameters
    ----------
    data : pandas.DataFrame or any table narwhals knows, or a mapping of column names to sequences
        The data, one row an observation.

    Returns
    -------
    pandas.DataFrame
        The same object when it already is a pandas frame; it is never written to.

    Raises
    ------
    DataError
        If `data` is no table.
    """
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, dict):
        return pd.DataFrame(data)
    import narwhals

    try:
        table = narwhals.from_native(data)
    except TypeError as error:
        raise DataError(_no_table(data)) from error
    return table.collect().to_pandas() if isinstance(table, narwhals.LazyFrame) else table.to_pandas()


def _no_table(data: Any) -> str:
    """What to do about data that are no table."""
    found = f"data is of type {type(data).__name__}, not a table"
    if isinstance(data, pd.Series):
        return f"{found}: give the whole data frame, or data.to_frame()"
    if not isinstance(data, str):
        return f"{found}: give a pandas, polars or pyarrow table"
    if "~" in data:
        return f"{found}, and looks like a formula: the formula comes first, then the data"
    return f"{found}: read a file first, for example with pandas.read_csv"


def select(data: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The columns a model needs, checked and in the few types that R has.

    Parameters
    ----------
    data : pandas.DataFrame
        The user's data, left as it is.
    names : iterable of str
        The model's variables.

    Returns
    -------
    pandas.DataFrame
        Columns `names` under the data's index: float64, int32 or Int32, bool or boolean, text as objects with None
        for missing, categories whose levels are text.

    Raises
    ------
    DataError
        For an unknown or doubled column, objects of mixed type, dates, complex numbers, integers beyond 2**53.

    Examples
    --------
    >>> select(pd.DataFrame({"y": [1, 2], "g": ["a", "b"]}), ["y"]).dtypes.astype(str).to_dict()
    {'y': 'int32'}
    """
    columns = {name: _series(column(data, name), data.index) for name in dict.fromkeys(names)}
    return pd.DataFrame(columns, index=data.index)


def _series(value: Value, index: pd.Index[Any]) -> pd.Series[Any]:
    """The pandas column that holds one of R's vectors."""
    if isinstance(value, (IntegerArray, BooleanArray)):
        nullable, plain = ("Int32", "int32") if isinstance(value, IntegerArray) else ("boolean", "bool")
        kind: Any = nullable if pd.isna(value).any() else plain
        column: pd.Series[Any] = pd.Series(value, index=index).astype(kind)
        return column
    is_text = isinstance(value, np.ndarray) and value.dtype.kind == "O"
    return pd.Series(value, index=index, dtype=object if is_text else None)


def column(data: pd.DataFrame, name: str) -> Value:
    """One column of a frame as R's vector.

    Raises
    ------
    DataError
        If there is no such column, or two, or it holds what R's models have no use for.
    """
    if name not in data.columns:
        raise _unknown(name, data.columns)
    found: Any = data[name]
    if isinstance(found, pd.DataFrame):
        raise DataError(f"the data has {found.shape[1]} columns named '{name}': rename or drop all but one of them")
    return vector(found, name)


def _unknown(name: str, columns: pd.Index[Any]) -> DataError:
    """Error for a name that no column has; columns whose names are not text have to be renamed."""
    if isinstance(columns, pd.MultiIndex):
        remedy = "data.columns = ['_'.join(map(str, name)) for name in data.columns]"
        return DataError(f"object '{name}' not found: the columns have several levels. Join them first: {remedy}")
    if name in {str(column) for column in columns}:
        remedy = "data.rename(columns=str)"
        return DataError(f"object '{name}' not found: the column of that name is no text. Give {remedy}")
    return DataError.unknown_column(name, columns)


def vector(series: Any, name: str) -> Value:
    """A pandas column as R's vector, see `lmebridge.evaluation.values` for the types."""
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _factor(series)
    if isinstance(dtype, pd.SparseDtype):
        return vector(series.sparse.to_dense(), name)
    if pd.api.types.is_bool_dtype(dtype):
        return _truth_values(series)
    if pd.api.types.is_integer_dtype(dtype):
        return _whole_numbers(series, name)
    if pd.api.types.is_float_dtype(dtype):
        return np.asarray(series.to_numpy(dtype=float, na_value=np.nan))
    if isinstance(dtype, pd.StringDtype):
        return _characters(series)
    if dtype.kind == "O" or str(dtype).endswith("[pyarrow]"):
        return _objects(series.astype(object), name)
    raise DataError(_unusable(name, dtype))


def _unusable(name: str, dtype: Any) -> str:
    """What to do about a column of a type that R's models have no use for."""
    kind = str(dtype)
    if "date" in kind or "time" in kind or "period" in kind:
        return f"column '{name}' holds dates or times ({kind}): make it a number, such as days since a date"
    if "complex" in kind:
        return f"column '{name}' holds complex numbers: use the real part or the modulus"
    return f"column '{name}' is of type {kind}, which has no counterpart in R: convert it to numbers or text"


def _truth_values(series: Any) -> BooleanArray:
    """A column of true and false, NA where it has no value."""
    missing = np.asarray(series.isna())
    return logical(np.where(missing, np.False_, series.to_numpy(dtype=object)).astype(bool), missing)


def _characters(series: Any) -> np.ndarray:
    """Text, with None for every kind of missing value."""
    out = np.array(series.to_numpy(dtype=object, na_value=None), dtype=object)
    out[np.asarray(series.isna())] = None
    return out


def _factor(series: Any) -> pd.Categorical:
    """A category column as a factor; categories that are not text get the names R would give them."""
    codes, categories = series.cat.codes.to_numpy(), series.cat.categories
    names = [level_name(level) for level in categories]
    return categorical(codes, names, ordered=bool(series.cat.ordered))


def level_name(level: Any) -> str:
    """A category's name as R's ``as.character`` has it."""
    if isinstance(level, (bool, np.bool_)):
        return str(bool(level)).upper()
    return format_double(float(level)) if isinstance(level, (float, np.floating)) else str(level)


def _whole_numbers(series: Any, name: str) -> Value:
    """Integers: R's integer where all fit, else its double, refused where a double is not exact."""
    missing = np.asarray(series.isna())
    unsigned = str(series.dtype).lower() == "uint64"
    values = series.to_numpy(dtype="uint64" if unsigned else "int64", na_value=0)
    largest = max(int(values.max()), -int(values.min())) if len(values) else 0
    if largest > EXACT_INTEGER_MAX:
        raise DataError(_too_large(name))
    if largest > R_INTEGER_MAX:
        return np.where(missing, np.nan, values.astype(float))
    return IntegerArray(values.astype("int64"), missing)


def _too_large(name: str) -> str:
    return (
        f"column '{name}' has whole numbers beyond 2^53, which R's numbers cannot hold exactly: "
        "make it text or a category if it is an identifier, else divide it"
    )


def _objects(series: Any, name: str) -> Value:
    """A column of Python objects, taken when all of them are of one of R's types."""
    kind = pd.api.types.infer_dtype(series, skipna=True)
    if kind not in OBJECT_KINDS:
        raise DataError(_mixed(series, name, kind))
    target = OBJECT_KINDS[kind]
    if target == "character":
        return _characters(series)
    if target == "logical":
        return _truth_values(series)
    # Asked before `pandas.to_numeric`: of Python's integers beyond 64 bits pandas 2 makes doubles, pandas 3 nothing.
    if any(isinstance(value, (int, np.integer)) and abs(int(value)) > EXACT_INTEGER_MAX for value in series):
        raise DataError(_too_large(name))
    numbers = pd.to_numeric(series)
    whole = target == "integer" and not numbers.isna().any()
    return vector(numbers if whole else numbers.astype(float), name)


def _mixed(series: Any, name: str, kind: str) -> str:
    """What to do about a column of Python objects."""
    if kind.startswith(("date", "time", "period", "complex")):
        return _unusable(name, kind)
    types = sorted({type(item).__name__ for item in series.dropna()})
    return (
        f"column '{name}' is an object column of {' and '.join(types)}: "
        "make all its values text with .astype(str), or numbers with pandas.to_numeric"
    )
