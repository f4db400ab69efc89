"""What R programs say about themselves: packages, seeds, folders, other scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.registry import translates
from lmebridge.migrate.values import NOTHING, Value

if TYPE_CHECKING:
    from lmebridge.migrate.calls import RCall


@translates("library require requireNamespace", "package, ...", "the imports at the top", harmless="...")
def library(call: RCall) -> Value:
    """What is needed is imported at the top."""
    name = call.word("package")
    if name is not None:
        call.scope.libraries.append(name)
    return NOTHING


@translates(
    "suppressPackageStartupMessages suppressMessages suppressWarnings", "expr, ...", "its content", harmless="..."
)
def quietly(call: RCall) -> Value:
    """What is silenced; Python's packages say nothing on import."""
    return call.value("expr")


@translates("install.packages", "pkgs, ...", "nothing: `pip install lmebridge`", packages="utils", harmless="pkgs ...")
def install(_: RCall) -> Value:
    """Installing is no part of a Python script."""
    return NOTHING


@translates("set.seed", "seed, kind = NULL, ...", "`np.random.seed(seed)` with a note", harmless="kind ...")
def set_seed(call: RCall) -> Value:
    """A seed; the numbers drawn differ."""
    call.note("R and Python draw different random numbers from the same seed")
    call.emit("np.random.seed(SEED)", SEED=call.value("seed"))
    return NOTHING


@translates("source", "file, ...", "the script's own statements, when it is beside this one", harmless="...")
def source(call: RCall) -> Value:
    """Another script; those that are there never come here."""
    raise call.fail(f"the script `{call.word('file', 'that is computed')}` is not beside this one")


@translates("eval evalq", "expr, ...", "nothing can", harmless="expr ...")
def evaluate(call: RCall) -> Value:
    """Code that is made when the script runs."""
    raise call.fail(f"`{call.name}` runs code that is known only when the script runs")


@translates(
    "setClass setGeneric setMethod setValidity setRefClass R6Class new",
    "...",
    "left: a class has to be written by hand",
    packages="methods R6",
    harmless="...",
)
def classes(call: RCall) -> Value:
    """S4, reference and R6 classes."""
    raise call.fail(f"`{call.name}` is about R's classes: write a Python class by hand")


@translates("opts_chunk", "...", "nothing: options of the document", packages="knitr", harmless="...")
def chunk_options(_: RCall) -> Value:
    """Options of a document that is knitted."""
    return NOTHING


@translates("kable", "x, ...", "`print(x)`", packages="knitr kableExtra", harmless="...")
def kable(call: RCall) -> Value:
    """A table in a document."""
    return call.value("x")


@translates("setwd", "dir", "nothing, with a note")
def setwd(call: RCall) -> Value:
    """A working folder of somebody's machine."""
    folder = call.word("dir", "that is computed")
    call.note(f"R works in the folder `{folder}` from here on: start Python where the data are")
    return NOTHING


@translates("rm gc graphics.off", "..., list = character(), envir = NULL", "nothing", harmless="... list envir")
def remove(_: RCall) -> Value:
    """Clearing the workspace means nothing in a script that runs in its own process."""
    return NOTHING


@translates("options", "...", "nothing: options of R's printing and contrasts")
def options(call: RCall) -> Value:
    """R's options of printing; those that change results are refused."""
    harmless = {"digits", "scipen", "width", "warn", "repos", "max.print", "dplyr.summarise.inform", "OutDec"}
    for argument in call.rest:
        if argument.name not in harmless:
            raise call.fail(f"the option `{argument.name}` has no translation")
    return NOTHING
