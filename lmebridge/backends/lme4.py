"""The lme4 backend: lme4 itself, in the R of this machine, through either door to R."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from lmebridge.backends import _mermod, _pool, _r, _r_home
from lmebridge.backends.contract import Gap, Status
from lmebridge.errors import BackendUnavailable, DataError, LmebridgeError, RError
from lmebridge.families import family_code

if TYPE_CHECKING:
    import pandas as pd

    from lmebridge.backends.contract import Engine
    from lmebridge.records import Fit, Model

name = "lme4"

#: The first lme4 whose structured covariances are right: earlier ones could assign a wrong structure (lme4 issue 945).
STRUCTURED_SINCE = "2.0-6"
#: How to install lme4 into the R that was found.
INSTALL_LME4 = 'In R, run install.packages("lme4"); on Debian and Ubuntu `sudo apt-get install r-cran-lme4`'
#: Options of `Model.control` that are not lme4's.
OUR_OPTIONS = frozenset({"polish"})
#: What R says of data that a generalized model cannot have, and what to do.
REFUSED = {
    "y values must be 0 <= y <= 1": (
        "Give 0 and 1, cbind(successes, failures), or proportions with the numbers of trials as weights."
    ),
    "negative values not allowed": "Counts are 0 or more: look for negative codes of missing values.",
    "non-positive values not allowed": "The family is for responses above 0: leave out the rows that have none.",
    "y must be a vector of 0 and 1's": "Give 0 and 1, a factor, or cbind(successes, failures).",
    "positive values only are allowed": "The family is for responses above 0: leave out the rows that have none.",
    "out of range (0, 1)": "In cbind(k, n - k) neither may be negative: look for rows with more successes than trials.",
    "response must be numeric or factor": "Give numbers, truth values, or text as a category.",
    "Response is constant": "All rows have the same response, so that there is nothing to estimate.",
    "grouping factors must have > 1 sampled level": "Leave out the random effects of a factor with one level.",
}


def _structured_term(model: Model) -> str | None:
    """The first term with a structured covariance where this machine's lme4 is too old for it."""
    terms: list[str] = [term.text for term in model.formula.random if term.covariance not in {"us", "||"}]
    if not terms or _r_home.numbers(_versions()["lme4"]) >= _r_home.numbers(STRUCTURED_SINCE):
        return None
    return terms[0]


GAPS: tuple[Gap, ...] = (
    Gap(
        feature="structured covariances",
        reason=f"they need lme4 {STRUCTURED_SINCE} or later",
        remedy=f"Update lme4 to {STRUCTURED_SINCE} or later; diag() can be written (x || g).",
        term=_structured_term,
    ),
)


def status() -> Status:
    """Whether lme4 can be used here; starts R where nothing cheaper speaks against it."""
    problem = None if _r.is_started() else _r.problem()
    if problem is not None:
        return Status(usable=False, reason=problem[0], remedy=problem[1])
    try:
        versions = _versions()
    except BackendUnavailable as error:
        return Status(usable=False, reason=error.reason, remedy=error.remedy)
    except LmebridgeError as error:
        return Status(usable=False, reason=str(error), remedy=INSTALL_LME4)
    return Status(usable=True, version=", ".join(f"{part} {version}" for part, version in versions.items()))


def fit(model: Model, data: pd.DataFrame) -> tuple[Fit, Engine]:
    """Fit a model with lme4.

    Parameters
    ----------
    model : Model
        What to fit; its weights, offset and subset are R expressions over the columns of `data`.
    data : pandas.DataFrame, shape (n, k)
        The model's variables. It is not changed.

    Returns
    -------
    Fit
        The plain tables; its convergence holds what lme4 said.
    Engine
        The merMod in R, which answers on demand.

    Raises
    ------
    BackendUnavailable
        If R or lme4 cannot be loaded, with the line to run.
    DataError
        If a column would lose something on the way to R, or lme4 refuses the data.
    RError
        If R fails for another reason, in its own words.
    """
    _versions()  # before the data cross: whether there is an lme4
    try:
        function = "fit_glmer" if model.is_generalized else "fit_lmer"
        answer = _r.keep(function, data=_pool.sent(data), formula=str(model.formula), options=_options(model))
    except RError as error:
        _blame_data(model, data, error)
        raise
    return _mermod.adopt(answer, model, dict(data.dtypes), _r.door_versions(answer.value))


def _blame_data(model: Model, data: pd.DataFrame, error: RError) -> None:
    """Raise what is wrong with the data, if that is why R failed: our own checks say which column and what to do."""
    from lmebridge.design.build import build

    if model.is_generalized:
        _blame_words(data, error)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # R has given its warnings already
        try:
            build(model, data)
        except DataError as diagnosis:
            raise diagnosis from error
        except LmebridgeError:
            return


def _blame_words(data: pd.DataFrame, error: RError) -> None:
    """Raise R's words about the data of a generalized model, with what to do."""
    for words, remedy in REFUSED.items():
        if words in error.message:
            raise DataError(f"{error.message}. {remedy}") from error
    if error.message == "missing values in object":
        columns = ", ".join(str(name) for name in data.columns[data.isna().any()])
        raise DataError(f"missing values in {columns}. Leave the rows out, or use na_action='na.omit'.") from error


def _options(model: Model) -> dict[str, Any]:
    start = None if model.start is None else _numbers(model.start)
    options = {
        "REML": model.REML,
        "weights": model.weights,
        "offset": model.offset,
        "subset": model.subset,
        "contrasts": dict(model.contrasts),
        "na_action": model.na_action,
        "start": start,
        "control": {key: value for key, value in model.control.items() if key not in OUR_OPTIONS},
    }
    return options | _generalized_options(model, start) if model.is_generalized else options


def _generalized_options(model: Model, start: Any) -> dict[str, Any]:
    """What `glmer` takes and `lmer` does not."""
    starts = {"theta": start, "fixef": None if model.start_fixef is None else _numbers(model.start_fixef)}
    given = {name: values for name, values in starts.items() if values is not None}
    return {
        "fitter": "glmer.nb" if model.estimates_theta else "glmer",
        "family": family_code(model.family, model.link, model.family_theta),
        "nAGQ": model.nAGQ,
        "start": start if model.start_fixef is None else given,
    }


def _numbers(values: Any) -> Any:
    import numpy as np

    return np.asarray(values, dtype=float)


#: What each door's R has, asked once.
_FOUND: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def _versions() -> dict[str, str]:
    """Versions of lme4, R and the door, in this order."""
    door = _r.current()
    if door not in _FOUND:
        _FOUND[door] = _asked()
    return _FOUND[door] | dict(door.versions)


def _asked() -> dict[str, str]:
    found = _r.call("versions")
    lme4, r_version = found["lme4"][0], found["R"][0]
    if lme4 is None:
        where = _r_home.find_rscript() if _r.current().name == "worker" else _r_home.find().path
        raise BackendUnavailable.because(name, f"R {r_version} at {where} has no package lme4", INSTALL_LME4 + ".")
    return {"lme4": lme4, "R": r_version}
