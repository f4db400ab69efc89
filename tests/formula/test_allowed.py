"""The functions that a formula may call."""

from __future__ import annotations

import pytest

from lmebridge.errors import FormulaError
from lmebridge.formula.allowed import FUNCTIONS, check_functions
from lmebridge.rsyntax import parse_expression
from tests import judge

#: Functions that reach files, programs, other variables or the evaluator.
DANGEROUS = ["system", "eval", "get", "source", "assign", "file", "do.call", "parse", "quit", "library", "Sys.setenv"]


@pytest.mark.parametrize("name", DANGEROUS)
def test_what_reaches_beyond_its_arguments_is_refused(name: str) -> None:
    """No function that can do more than compute is on the list, in whatever way it is called."""
    for text in (f"{name}(x)", f"log({name}(x))", f"base::{name}(x)", f"'{name}'(x)", f"`{name}`(x)"):
        with pytest.raises(FormulaError, match="not among the functions"):
            check_functions(parse_expression(text), text)


@pytest.mark.parametrize("text", ["function(x) x", "x <- 1", "if (a) b", "{a}", "x$y", "x[1]", "(log)(x)", "f()()"])
def test_r_s_own_syntax_is_refused(text: str) -> None:
    """Assignments, blocks, functions and indexes have no place in a formula."""
    with pytest.raises(FormulaError):
        check_functions(parse_expression(text), text)


@pytest.mark.parametrize(
    "text", ["log(x) + I(x^2)", "stats::poly(x, 2)", "splines::ns(x)", "!is.na(x) & x %in% c(1, 2)"]
)
def test_pure_functions_are_allowed(text: str) -> None:
    """Functions listed may be called, with their package's name too."""
    check_functions(parse_expression(text), text)


def test_whatever_is_evaluated_without_r_is_allowed() -> None:
    """Every function that lmebridge evaluates itself may be called."""
    from lmebridge.evaluation import rfactors, rfunctions, rsummaries, transforms

    tables = (rfactors.FUNCTIONS, rfunctions.FUNCTIONS, rsummaries.FUNCTIONS, transforms.FUNCTIONS)
    assert {name for table in tables for name in table} - set(FUNCTIONS) == set()


@pytest.mark.needs_r
def test_every_function_listed_is_in_its_package(tmp_path_factory: pytest.TempPathFactory) -> None:
    """R has each function in the package that the list names."""
    program = "I(mapply(function(f, p) is.function(get0(f, asNamespace(p), inherits = FALSE)), functions, packages))"
    names, packages = list(FUNCTIONS), list(FUNCTIONS.values())
    found = judge.run_r(program, tmp_path_factory.mktemp("functions"), functions=names, packages=packages)
    found = list(found.values()) if isinstance(found, dict) else found
    assert [name for name, is_there in zip(names, found, strict=True) if not is_there] == []
