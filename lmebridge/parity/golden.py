"""Golden files: lme4's own numbers with what computed them, read without R.

A golden is written by R (``Rscript r/make_goldens.R``) or from a live lme4 fit (`lmebridge.parity.golden_text`); both
write one layout, and one function makes its record and a live fit's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.backends import _mermod, _wire
from lmebridge.errors import GoldenError, LmebridgeError
from lmebridge.formula.model_formula import parse_formula
from lmebridge.records import Model
from lmebridge.rsyntax import Call, Constant, deparse, operands, parse_expression
from lmebridge.tables import RandomEffects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmebridge.records import Fit
    from lmebridge.rsyntax import Node

#: What every golden says about itself.
HEADING = ("id", "call", "formula", "data", "data_sha256", "R", "lme4", "date")


@dataclass(frozen=True, eq=False)
class Golden:
    """One golden file.

    Attributes
    ----------
    id : str
        Its name, that of its case.
    data : str
        The data's name.
    data_sha256 : str
        Hash of the data its numbers were computed from.
    date : str
        The day it was written, ISO.
    record : Fit
        What lme4 says at the optimum that its default optimizer finds.
    modes : RandomEffects
        Conditional modes and covariances there.
    refined : Refined or None
        lme4's optimum with the optimizer's tolerances at 1e-12, where the file has it.
    content : mapping
        The whole file as JSON has it.
    """

    id: str
    data: str
    data_sha256: str
    date: str
    record: Fit
    modes: RandomEffects
    refined: Refined | None
    content: Mapping[str, Any]

    def ranef(self, condVar: bool = True) -> RandomEffects:
        """Conditional modes with their conditional covariances, as a live fit gives them."""
        return self.modes if condVar else RandomEffects(self.modes, {})

    def isSingular(self) -> bool:
        """Whether lme4 called the fit singular."""
        return bool(self.answer("extract")["is_singular"][0])

    def answer(self, name: str) -> Any:
        """Anything else that the file holds, such as ``"fitted"``, as numpy and pandas have it.

        Raises
        ------
        KeyError
            If it holds no such thing.
        """
        return _wire.from_json(self.content[name])

    def check_file(self, path: Path) -> None:
        """Raise unless the file's hash is the one recorded.

        Raises
        ------
        GoldenError
            If the data have changed since the golden was written.
        """
        self.check_hash(hashlib.sha256(Path(path).read_bytes()).hexdigest())

    def check_hash(self, found: str) -> None:
        """Raise unless `found` is the hash recorded, see `check_file`."""
        if found != self.data_sha256:
            raise GoldenError.other_data(self.id, self.data_sha256, found)


@dataclass(frozen=True, eq=False)
class Refined:
    """The optimum itself: lme4 started at its own estimate, with tolerances of 1e-12.

    Attributes
    ----------
    record : Fit
        The golden's record with the refined numbers. What lme4 was not asked there is left out:
        ``fixed_covariance`` is empty.
    modes : RandomEffects
        Conditional modes and covariances.
    """

    record: Fit
    modes: RandomEffects

    def ranef(self, condVar: bool = True) -> RandomEffects:
        """Conditional modes with their conditional covariances, as a live fit gives them."""
        return self.modes if condVar else RandomEffects(self.modes, {})


def read_golden(path: str | Path) -> Golden:
    """Read a golden file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    Golden
        Its numbers, as a record of what lme4 said; R is not needed.

    Raises
    ------
    GoldenError
        If the file is not there, is no golden, or lacks a part.
    """
    text = _text(Path(path))
    try:
        content = json.loads(text)
        missing = [name for name in (*HEADING, "extract", "said", "ranef", "postVar") if name not in content]
        if missing:
            raise GoldenError.unreadable(path, f"it has no {', '.join(missing)}")
        return golden_of(content)
    except GoldenError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, LmebridgeError) as error:
        raise GoldenError.unreadable(path, f"{type(error).__name__}: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GoldenError.unreadable(path, str(error)) from error


def golden_of(content: Mapping[str, Any]) -> Golden:
    """The golden of a file's content, see `read_golden`.

    Raises
    ------
    KeyError, ValueError, TypeError
        If a part of it is not there, or not what it should be.
    """
    extract = _wire.from_json(content["extract"])
    model = model_of(content["call"], content["formula"], REML=bool(extract["REML"][0]))
    record = _mermod.record(model, extract, content["said"], kind="golden")
    record = replace(record, source=replace(record.source, data_sha256=content["data_sha256"]))
    heading = {name: content[name] for name in ("id", "data", "data_sha256", "date")}
    modes = _random_effects(_wire.from_json(content["ranef"]), _wire.from_json(content["postVar"]))
    refined = _refined(record, _wire.from_json(content["refined"])) if "refined" in content else None
    return Golden(**heading, record=record, modes=modes, refined=refined, content=content)


def model_of(call: str, formula: str, *, REML: bool) -> Model:
    """The model that a call of ``lmer`` describes.

    Parameters
    ----------
    call : str
        The call as R deparses it.
    formula : str
        Its formula as the user wrote it.
    REML : bool
        Whether the restricted likelihood was maximized.

    Returns
    -------
    Model
        With the call's weights, offset, subset, contrasts and na.action.

    Examples
    --------
    >>> model = model_of("lmer(formula = y ~ x + (1 | g), data = d, subset = x > 1)", "y ~ x + (1 | g)", REML=True)
    >>> model.subset, model.na_action
    ('x > 1', 'na.omit')
    """
    tree = parse_expression(call)
    given = {a.name: a.value for a in tree.arguments if a.name and a.value} if isinstance(tree, Call) else {}
    text = {name: deparse(value) for name, value in given.items()}
    return Model(
        formula=parse_formula(formula, trust=True),
        REML=REML,
        weights=text.get("weights"),
        offset=text.get("offset"),
        subset=text.get("subset"),
        contrasts=_contrasts(given.get("contrasts")),
        na_action=text.get("na.action", "na.omit"),
    )


def _contrasts(node: Node | None) -> dict[str, str]:
    """``list(a = "contr.sum")`` as a dict; empty for None and for contrasts that are no names."""
    if not isinstance(node, Call) or len(node.arguments) != len(operands(node)):
        return {}
    pairs = [(argument.name, argument.value) for argument in node.arguments]
    return {name: str(value.value) for name, value in pairs if name and isinstance(value, Constant)}


def _random_effects(modes: Mapping[str, Any], variances: Mapping[str, Any]) -> RandomEffects:
    tables = {
        group: pd.DataFrame(found["values"], index=pd.Index(found["levels"]), columns=pd.Index(found["effects"]))
        for group, found in modes.items()
    }
    return RandomEffects(tables, {group: np.moveaxis(array, 2, 0) for group, array in variances.items()})


def _refined(record: Fit, answers: Mapping[str, Any]) -> Refined:
    found = {name.removesuffix("_refined"): value for name, value in answers.items()}
    fixed = pd.DataFrame({"Estimate": found["fixef"], "Std. Error": found["std_error"]}, index=record.fixed.index)
    better = replace(
        record,
        fixed=fixed,
        fixed_covariance=pd.DataFrame(),
        variance=_variance(record.variance, np.asarray(found["sdcor"], dtype=float)),
        theta=found["theta"].to_numpy(dtype=float),
        sigma=float(found["sdcor"][-1]),
        criterion=float(found["criterion"][0]),
    )
    return Refined(better, _random_effects(found["ranef"], found["postVar"]))


def _variance(table: pd.DataFrame, sdcor: np.ndarray) -> pd.DataFrame:
    """The table with other deviations and correlations, its covariances computed from them."""
    rows = list(zip(table["grp"], table["var1"], table["var2"], sdcor, strict=True))
    sd = {(group, first): value for group, first, second, value in rows if second is None}
    vcov = [v**2 if second is None else v * sd[group, first] * sd[group, second] for group, first, second, v in rows]
    return table.assign(sdcor=sdcor, vcov=vcov)
