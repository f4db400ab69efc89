"""The models of a script, in one form: as the Python script leaves them, and as R's record has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.backends import _wire
from lmebridge.parity.golden import HEADING, Golden, Refined, golden_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class SeenModel:
    """A model that the Python script assigned.

    Attributes
    ----------
    fit : Refined or LinearFit
        Its record, of a mixed model with the conditional modes: what a comparison takes.
    data_sha256 : str
        Hash of the columns that it uses; empty for a linear model.
    data_name : str
        What its data are called.
    """

    fit: Any
    data_sha256: str = ""
    data_name: str = ""


def seen(value: Any) -> SeenModel | None:
    """A fitted model of the package, ready to be pickled; None of anything else."""
    from lmebridge.linear.linear_model import LinearModel
    from lmebridge.model import MerMod
    from lmebridge.parity.golden_text import fingerprint

    if isinstance(value, LinearModel):
        return SeenModel(value.record)
    if isinstance(value, MerMod):
        return SeenModel(Refined(value.record, value.ranef(condVar=True)), fingerprint(value), value.data_name)
    return None


def named_models(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The fitted models under a name; those of a list or dict one by one, under what it takes to get them."""
    from lmebridge.linear.linear_model import LinearModel
    from lmebridge.model import MerMod

    kinds = (LinearModel, MerMod)
    if isinstance(value, kinds):
        yield name, value
    elif isinstance(value, list) and value and all(isinstance(item, kinds) for item in value):
        yield from ((f"{name}[{place}]", item) for place, item in enumerate(value))
    elif isinstance(value, dict) and value and all(isinstance(item, kinds) for item in value.values()):
        yield from ((f"{name}[{key!r}]", item) for key, item in value.items())


def model_in_r(name: str, record: Mapping[str, Any]) -> Any:
    """A model that R recorded, as what a comparison takes: a golden, or a linear model's record.

    Raises
    ------
    KeyError, ValueError
        If the record lacks a part.
    """
    if record["kind"] == ["linear"]:
        return _linear(_wire.from_json(record["extract"]))
    return golden_of(golden_content(name, record))


def golden_content(name: str, record: Mapping[str, Any], *, data: str = "", data_sha256: str = "") -> dict[str, Any]:
    """The content of a golden file of a mixed model that R recorded."""
    versions = {engine: text[0] for engine, text in record["extract"]["versions"].items()}
    heading = dict.fromkeys(HEADING, "") | {
        "id": name,
        "call": record["call"][0],
        "formula": record["formula"][0],
        "data": data,
        "data_sha256": data_sha256,
        "R": versions.get("R", ""),
        "lme4": versions.get("lme4", ""),
    }
    kept = ("said", "extract", "ranef", "postVar", "refined")
    return heading | {part: record[part] for part in kept if record.get(part) is not None}


def _linear(extract: Mapping[str, Any]) -> Any:
    from lmebridge.linear.engines import record
    from lmebridge.parity.golden import model_of

    return record(model_of(extract["call"][0], extract["formula"][0], REML=False), extract)


def is_mixed(fit: Any) -> bool:
    """Whether what a comparison takes is a mixed model."""
    return isinstance(fit, (Golden, Refined))


def plain_name(name: str) -> str:
    """A model's name in one spelling for R and Python.

    Examples
    --------
    >>> plain_name("fm0.ml"), plain_name("fits$z_math"), plain_name("fits['z_math']"), plain_name("fits[[1]]")
    ('fm0_ml', 'fits z_math', 'fits z_math', 'fits 0')
    """
    name = re.sub(r"\[\[(\d+)\]\]", lambda place: f"[{int(place[1]) - 1}]", name)
    return " ".join(re.sub(r"[\[\]$'\"]+", " ", name.replace(".", "_")).split())
