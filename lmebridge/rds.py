"""Files of R's ``saveRDS``: models read from them and written to them."""

from __future__ import annotations

import bz2
import difflib
import gzip
import lzma
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from lmebridge.errors import BackendUnavailable, DataError, LmebridgeError, RError
from lmebridge.exchange import adopted
from lmebridge.inference import twin

if TYPE_CHECKING:
    import os

    from lmebridge.model import MerMod

#: How a file begins that R's `serialize` wrote: XDR, ASCII and native binary.
SERIALIZED = (b"X\n", b"A\n", b"B\n")
#: How a file begins that R's ``save`` wrote.
WORKSPACES = (b"RDX", b"RDA", b"RDB")
OPENERS = (gzip.open, bz2.open, lzma.open)
#: Where the version of the R that wrote an XDR stream stands.
WRITER = slice(6, 10)
#: Largest difference of the criterion between a fit and its copy in R that is rounding, relative.
SAME_CRITERION = 1e-8


def read_rds(path: str | os.PathLike[str]) -> MerMod:
    """A mixed model from a file that R's ``saveRDS`` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    MerMod
        As `from_r`.

    Raises
    ------
    FileNotFoundError
        If there is no such file, with the nearest name there is.
    DataError
        If it is no .rds file, holds no linear or generalized linear mixed model, or one that this lme4 cannot read,
        with what was found and what to do.
    """
    from lmebridge.backends import _r

    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(_missing(file))
    beginning = _beginning(file)
    _check_kind(file, beginning)
    try:
        held = _r.keep("read_rds", path=str(file.resolve())).value
    except RError as error:
        raise DataError(f"R cannot read {file.name}: {error.message}. Copy it again, or save it again in R") from error
    try:
        return adopted(held)
    except (DataError, RError) as error:
        _refuse(file, beginning, error)


def _missing(file: Path) -> str:
    """What to say of a path where there is no file."""
    if file.is_dir():
        return f"{file} is a folder: name the .rds file in it"
    if not file.parent.is_dir():
        return f"there is no file {file}, nor a folder {file.parent}"
    names = sorted(item.name for item in file.parent.iterdir() if item.suffix.lower() == ".rds")
    near = difflib.get_close_matches(file.name, names, n=2, cutoff=0.6)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"there is no file {file}.{hint}"


def _beginning(file: Path, size: int = 64) -> bytes:
    """The first bytes of a file, decompressed where it is compressed."""
    for opener in OPENERS:
        try:
            with opener(file, "rb") as stream:
                return bytes(stream.read(size))
        except (OSError, EOFError, lzma.LZMAError):
            continue
    with file.open("rb") as stream:
        return stream.read(size)


def _check_kind(file: Path, beginning: bytes) -> None:
    """Raise for a file that ``saveRDS`` did not write, saying what it looks like."""
    if beginning.startswith(WORKSPACES):
        raise DataError(
            f"{file.name} is a workspace that R's save() wrote, which holds objects by name: in R, load it and write "
            f'the model alone, saveRDS(model, "{file.stem}.rds")'
        )
    if not beginning.startswith(SERIALIZED):
        what = "is empty" if not beginning else f"begins with {beginning[:12]!r}"
        raise DataError(
            f'{file.name} is no .rds file: it {what}. In R, saveRDS(model, "model.rds") writes one; an .rds file holds '
            "one fitted model of lme4"
        )


def _refuse(file: Path, beginning: bytes, error: LmebridgeError) -> NoReturn:
    """Say what the file holds, and, where lme4 itself fails on it, which R wrote it."""
    said = " ".join(str(error).split())
    if said.startswith("this is "):
        raise DataError(
            f"{file.name}: {said}. Expected a model that lme4's lmer or glmer fitted; other objects are read in R"
        ) from error
    writer = _writer(beginning)
    raise DataError(
        f"{file.name} holds a model that this R's lme4 cannot work with: {said}. It was written by "
        f"{writer or 'another R'}, most likely with another version of lme4. Update lme4 here "
        '(install.packages("lme4")), or fit the model here again from its data and formula'
    ) from error


def _writer(beginning: bytes) -> str:
    """The R that wrote a file, empty where its beginning does not say."""
    if not beginning.startswith(b"X\n") or len(beginning) < WRITER.stop:
        return ""
    _, major, minor, patch = beginning[WRITER]
    return f"R {major}.{minor}.{patch}"


def write_rds(fit: MerMod, path: str | os.PathLike[str]) -> None:
    """Write a fit as lme4's merMod to a file that R's ``readRDS`` and `read_rds` read.

    Parameters
    ----------
    fit : MerMod
        A fitted model. Where R did not fit it, lme4 in R is given its theta and evaluates the model there, without
        searching, so that the file holds the same numbers.
    path : str or path
        The file to write; one that is there is replaced.

    Raises
    ------
    UnsupportedByBackend
        If the fit is not at an optimum of lme4's criterion: MixedLM's own estimates.
    BackendUnavailable
        If R did not fit it and cannot be used here, with the reason and what to do.
    LmebridgeError
        If R comes to other numbers, or the folder is not there.
    """
    target = Path(path)
    if not target.resolve().parent.is_dir():
        raise LmebridgeError(f"there is no folder {target.resolve().parent} to write {target.name} in: make it first")
    here = str(target.resolve())
    if twin.in_r(fit):
        twin.ask_r(fit, "write_rds", path=here)
    else:
        twin.ask_r(in_r(fit), "write_settled_rds", path=here, optimizer=fit.record.convergence.optimizer)


def in_r(fit: MerMod) -> MerMod:
    """The same fit as a merMod in R, at the theta that was found without R.

    Raises
    ------
    UnsupportedByBackend, BackendUnavailable, LmebridgeError
        As `write_rds`.
    """
    from lmebridge.backends import lme4
    from lmebridge.control import OWN
    from lmebridge.inference.engines import local_engine

    local_engine(fit, "write_rds")
    status = lme4.status()
    if not status.usable:
        raise BackendUnavailable.because("lme4", f"{status.reason}, and a merMod is made by R", status.remedy)
    control = {name: value for name, value in fit.record.model.control.items() if name not in OWN}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is to be said of the fit was said when it was made
        again = fit.update(backend="lme4", start=fit.record.theta.tolist(), control=control | {"optimizer": None})
    _check_same(fit, again)
    return again


def _check_same(fit: MerMod, again: MerMod) -> None:
    """Raise unless R has the same model: text columns may have their levels in another order there."""
    names, others = list(fit.record.fixed.index), list(again.record.fixed.index)
    if names != others:
        other = [name for name in others if name not in names]
        raise LmebridgeError(
            f"R has other fixed effects ({', '.join(other)}): its locale sorts the levels of a text column in another "
            "order. Make the column a category, fit again, and write that"
        )
    if not np.isclose(fit.record.criterion, again.record.criterion, rtol=SAME_CRITERION):
        raise LmebridgeError(
            f"R comes to the criterion {again.record.criterion:.10g} at this fit's theta, not to "
            f"{fit.record.criterion:.10g}: nothing was written. Fit with backend='lme4' and write that"
        )
