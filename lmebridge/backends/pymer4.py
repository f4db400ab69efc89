"""The pymer4 backend: pymer4 fits, and the lme4 model it holds is read as the lme4 backend reads its own.

For cross-checks: pymer4 0.8 calls lmerTest's ``lmer`` through its own conversion of the data, so agreement says that
both packages hand R the same model.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from dataclasses import replace
from importlib import metadata, util
from typing import TYPE_CHECKING, Any

from lmebridge.backends.contract import Gap, Status, generalized_term
from lmebridge.errors import FormulaError, LmebridgeError, RError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from lmebridge.backends.contract import Engine
    from lmebridge.records import Fit, Model

name = "pymer4"

#: The environment in which pymer4 0.8 works: its `applymap` is gone from pandas 3.
INSTALL = "In an environment of its own, run: pip install 'pymer4==0.8.2' 'pandas<3'"
#: The first major version of pandas without `applymap`.
WITHOUT_APPLYMAP = 3
#: What pymer4 0.9 needs at import and does not declare.
PYTHON_NEEDS = ("polars", "pyarrow")
R_NEEDS = ("broom.mixed", "report", "parameters", "tibble")

_REMEDY = 'Use backend="lme4".'


def _argument(argument: str) -> Callable[[Model], str | None]:
    """The text of an argument that pymer4 has no counterpart of."""

    def term(model: Model) -> str | None:
        value = getattr(model, argument)
        return f"{argument} = {value}" if value else None

    return term


def _scrubbed(model: Model) -> str | None:
    """A formula that means something else, or nothing, without its blanks: pymer4 takes them all out."""
    from lmebridge.formula.model_formula import parse_formula

    text = str(model.formula)
    try:
        same = str(parse_formula(text.replace(" ", ""), trust=True)) == text
    except FormulaError:
        same = False
    return None if same else text


def _structured(model: Model) -> str | None:
    """The first term with a structured covariance."""
    return next((term.text for term in model.formula.random if term.covariance not in {"us", "||"}), None)


def _splines(model: Model) -> str | None:
    """The first spline of the formula: pymer4 evaluates it where R's package splines is not attached."""
    from lmebridge.rsyntax import Call, Name, deparse, walk

    calls = (node for node in walk(model.formula.tree) if isinstance(node, Call) and isinstance(node.function, Name))
    return next((deparse(call) for call in calls if call.function in {Name("ns"), Name("bs")}), None)


GAPS: tuple[Gap, ...] = (
    Gap("prior weights", "pymer4 has no weights", _REMEDY, _argument("weights")),
    Gap("offset as an argument", "pymer4 takes offsets in the formula alone", _REMEDY, _argument("offset")),
    Gap("subset", "pymer4 has no subset", "Give it the rows to use.", _argument("subset")),
    Gap("contrasts by name", "pymer4 makes its own contrasts", _REMEDY, _argument("contrasts")),
    Gap("starting values", "pymer4 passes none on", _REMEDY, _argument("start")),
    Gap(
        "options of the optimizer",
        "pymer4 takes them as R code",
        _REMEDY,
        lambda model: f"control = {dict(model.control)}" if set(model.control) - {"polish"} else None,
    ),
    Gap(
        "na_action = 'na.fail'",
        "pymer4 always drops rows with missing values",
        _REMEDY,
        lambda model: "na_action = na.fail" if model.na_action == "na.fail" else None,
    ),
    Gap("structured covariances", "pymer4 0.8 is for the lme4 that does not have them", _REMEDY, _structured),
    Gap("splines", "pymer4 does not attach R's package splines", _REMEDY, _splines),
    Gap("names with blanks", "pymer4 takes the blanks out of a formula", "Rename the column.", _scrubbed),
    Gap("generalized models (glmer)", "only its linear models are read", _REMEDY, generalized_term),
)


def status() -> Status:
    """Whether pymer4 can be used here, found without importing it."""
    try:
        version = metadata.version("pymer4")
    except metadata.PackageNotFoundError:
        return Status(usable=False, reason="pymer4 is not installed", remedy=INSTALL)
    problem = _version_problem(version, metadata.version("pandas"))
    if problem:
        return Status(usable=False, version=f"pymer4 {version}", reason=problem, remedy=INSTALL)
    return _status_in_r(version)


def _version_problem(version: str, pandas_version: str) -> str:
    """Why this pymer4 cannot be used with this pandas; empty where nothing speaks against it.

    Examples
    --------
    >>> _version_problem("0.8.2", "2.3.3")
    ''
    >>> _version_problem("0.8.2", "3.0.1")
    'pymer4 0.8.2 needs pandas < 3 (it calls DataFrame.applymap), and pandas 3.0.1 is installed'
    """
    release = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if release >= (0, 9):
        missing = [package for package in PYTHON_NEEDS if util.find_spec(package) is None]
        lacking = f"; here {' and '.join(missing)} are missing" if missing else ""
        return (
            f"pymer4 {version} has another interface (polars frames) and needs at import {', '.join(PYTHON_NEEDS)} "
            f"and R's {', '.join(R_NEEDS)}{lacking}. This backend speaks to pymer4 0.8"
        )
    if int(pandas_version.partition(".")[0]) >= WITHOUT_APPLYMAP:
        return (
            f"pymer4 {version} needs pandas < 3 (it calls DataFrame.applymap), and pandas {pandas_version} is installed"
        )
    return ""


def _status_in_r(version: str) -> Status:
    from lmebridge.backends import _r, _rpy2, lme4

    with _r.through(_rpy2.DOOR):  # pymer4 is built on rpy2: a worker would not do
        underneath = lme4.status()
        if not underneath.usable:
            return Status(usable=False, version=f"pymer4 {version}", reason=underneath.reason, remedy=underneath.remedy)
        has_tests = _r.call("package_version_text", package="lmerTest")[0] is not None
    if not has_tests:
        remedy = 'In R, run install.packages("lmerTest"); on Debian and Ubuntu `sudo apt-get install r-cran-lmertest`'
        return Status(usable=False, version=f"pymer4 {version}", reason="R has no package lmerTest", remedy=remedy)
    return Status(usable=True, version=f"pymer4 {version}, {underneath.version}")


def fit(model: Model, data: pd.DataFrame) -> tuple[Fit, Engine]:
    """Fit `model` with pymer4's ``Lmer`` and read the lme4 model it holds.

    Parameters
    ----------
    model : Model
        What to fit; see `GAPS` for what pymer4 cannot be told.
    data : pandas.DataFrame
        The columns that the model needs. It is not changed.

    Returns
    -------
    tuple of (Fit, Engine)
        The plain tables and the lme4 model in R, which answers further questions.

    Raises
    ------
    LmebridgeError
        If pymer4 fails for a reason of its own.
    RError
        If lme4 refuses, in R's words.
    """
    from lmebridge.backends import _mermod, _r

    with _r.borrowed(), _quietly():
        fitted = _lmer(model, _for_pymer4(data))
    nothing = dict.fromkeys(("weights", "offset", "subset", "start", "control", "contrasts"))
    options = {**nothing, "REML": model.REML, "na_action": "na.omit"}
    answer = _r.keep(
        "settle_pymer4",
        model=_r.from_rpy2(fitted.model_obj),
        data=data,
        formula=str(model.formula),
        options=options,
    )
    found, engine = _mermod.adopt(answer, model, dict(data.dtypes), {"rpy2": metadata.version("rpy2-rinterface")})
    versions = {"pymer4": metadata.version("pymer4"), **found.source.versions}
    return replace(found, source=replace(found.source, engine=name, versions=versions)), engine


def _lmer(model: Model, data: pd.DataFrame) -> Any:
    """pymer4's fitted ``Lmer``, its own errors translated."""
    from pymer4.models import Lmer

    fitted = Lmer(str(model.formula), data=data)
    try:
        fitted.fit(REML=model.REML, summarize=False, verbose=False, no_warnings=True)
    except Exception as error:
        if type(error).__name__ == "RRuntimeError":
            raise RError(str(error).strip().removeprefix("Error in ").strip()) from error
        if fitted.model_obj is None:
            raise LmebridgeError(f"pymer4 failed ({type(error).__name__}: {error}). {_REMEDY}") from error
    return fitted


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """pymer4 prints lme4's messages and warns of its own use of pandas; lme4's messages are read from the model."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _for_pymer4(data: pd.DataFrame) -> pd.DataFrame:
    """The data so that rpy2's converter, which pymer4 uses, keeps every column's meaning; rows named from 1."""
    import pandas as pd

    columns = {column: _plain(data[column]) for column in data.columns}
    return pd.DataFrame(columns).set_axis(pd.RangeIndex(1, len(data) + 1), axis=0)


def _plain(column: pd.Series) -> pd.Series:
    """Categories as text, since rpy2 makes character of others; missing integers as missing doubles."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.rename_categories([str(category) for category in column.cat.categories])
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(object).where(column.notna(), None) if column.isna().any() else column
    return column.astype("float64")
