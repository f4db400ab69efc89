"""The shape of the package: who may import whom, what importing it loads, how long its pieces are."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.processes import run_python

PACKAGE = Path(__file__).parents[1] / "lmebridge"
pytestmark = pytest.mark.needs_source

#: The package in import order: when a module is imported, it imports from its own layer or from those before it.
#: A name stands for a module, or for a sub-package and all that is in it.
LAYERS = {
    "errors": "errors cached",
    "R's language": "rsyntax families formula",
    "records": "control records",
    "R's values": "evaluation frames",
    "design": "design",
    "criterion": "pls",
    "printing": "printing",
    "tables": "na log_likelihood tables statsmodels_names",
    "backends": "backends selection",
    "what follows from a fit": "diagnostics inference",
    "pictures": "plots",
    "fitted models": "model functions api linear exchange rds generalized many",
    "data": "datasets",
    "parity": "parity",
    "migrator": "migrate",
    "command line": "demo doctor cli __main__",
}
#: A backend is reached through the registry; none imports another.
BACKENDS = ("lme4", "pymer4", "statsmodels", "native")

#: What `import lmebridge` must not load: R, other engines, and what only some calls need.
HEAVY = (
    "rpy2",
    "pymer4",
    "statsmodels",
    "formulaic",
    "matplotlib",
    "pooch",
    "pyreadstat",
    "scipy.optimize",
    "scipy.stats",
)


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package, parsed, by its name within the package; the package itself is the empty name."""
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def module_name(path: Path) -> str:
    """``backends.lme4`` for the file of that module, ``backends`` for its package's ``__init__``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(name: str) -> set[str]:
    """The modules of the package that a module loads when it is imported."""
    return {target for node in executed(modules()[name].body) for target in targets(node)} - {name, ""}


def executed(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements that run on import: not those for type checkers, nor those inside functions."""
    found = []
    for node in body:
        if isinstance(node, (ast.If, ast.Try)):
            found += [] if "TYPE_CHECKING" in ast.unparse(node)[:40] else executed(node.body)
        else:
            found.append(node)
    return found


def targets(node: ast.stmt) -> set[str]:
    """The package's own modules that a statement imports."""
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("lmebridge"):
        return set()
    source = (node.module or "").removeprefix("lmebridge").removeprefix(".")
    members = {f"{source}.{alias.name}".strip(".") for alias in node.names}
    return (members & set(modules())) or {source}


def layer(name: str) -> int:
    """Number of a module's layer, the package itself last."""
    owners = [
        number
        for number, members in enumerate(LAYERS.values())
        for member in members.split()
        if name == member or name.startswith(f"{member}.")
    ]
    assert len(owners) <= 1, f"{name} is in several layers"
    return owners[0] if owners else -1


def test_every_module_has_a_layer():
    """A new module is entered in the table of layers; a module that is gone is taken out."""
    assert [name for name in modules() if name and layer(name) < 0] == []
    listed = {member for members in LAYERS.values() for member in members.split()}
    assert listed - set(modules()) == set()


@pytest.mark.parametrize("name", sorted(set(modules()) - {""}))
def test_imports_go_to_the_left(name):
    """No module imports from a later layer."""
    assert {target for target in imported(name) if layer(target) > layer(name)} == set()


def test_imports_have_no_cycle():
    """The modules can be put in an order in which each comes after what it imports."""
    waiting = {name: imported(name) for name in modules()}
    while waiting:
        ready = [name for name, needed in waiting.items() if not needed & set(waiting)]
        assert ready, f"a cycle among {sorted(waiting)}"
        waiting = {name: needed for name, needed in waiting.items() if name not in ready}


@pytest.mark.parametrize("name", BACKENDS)
def test_backends_do_not_import_each_other(name):
    """What two backends share is a module of its own."""
    assert imported(f"backends.{name}") & {f"backends.{other}" for other in BACKENDS} == set()


def test_importing_the_package_loads_nothing_heavy():
    """`import lmebridge` is light: neither R nor an engine nor what only some calls need is loaded with it."""
    program = f"import sys, lmebridge; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = run_python(program)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("backend", ["native", "statsmodels"])
def test_fitting_without_r_does_not_load_it(backend):
    """A fit by one backend imports no other engine."""
    program = (
        "import sys, lmebridge as lme\n"
        f"lme.lmer('mathach ~ 1 + (1 | schoolid)', lme.datasets.hsb(), backend={backend!r})\n"
        f"print([name for name in ('rpy2', 'pymer4', 'statsmodels') if name in sys.modules and name != {backend!r}])"
    )
    done = run_python(program)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_name)
def test_modules_are_short(path):
    """A module has at most 400 lines: more is two concepts."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def body_lengths() -> list[int]:
    """Lines of every function's body without its docstring."""
    functions = [node for tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [length(node) for node in functions]


def length(node: ast.FunctionDef) -> int:
    """Lines of one function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    """Half of the functions have at most 8 lines, nine in ten at most 25."""
    lengths = body_lengths()
    assert np.median(lengths) <= 8
    assert np.quantile(lengths, 0.9) <= 25


def test_wheel_carries_what_is_read_at_run_time():
    """R's scripts and the published outputs are entered in the wheel under the names they are looked for."""
    import tomllib

    options = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    included = options["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"r": "lmebridge/r", "fixtures/published": "lmebridge/published"}
