"""The command line: ``lmebridge doctor | demo | fit | verify | migrate | data ...``: see ``lmebridge --help``."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmebridge.errors import LmebridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Exit statuses: all is well; numbers differ or something is to be mended; the command could not be carried out.
OK, DIFFERS, FAILED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words of the command line; by default those the program was started with.

    Returns
    -------
    int
        Exit status: 0 when all is well, 1 when published numbers are not met or something is to be mended, 2 when the
        command could not be carried out, with one message that says why.
    """
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        try:
            return run(options)
        except (LmebridgeError, ValueError) as error:
            print(f"lmebridge: {error}", file=sys.stderr)
            return FAILED
        except BrokenPipeError:
            sys.stderr.close()
            return OK


def show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as one line."""
    print(f"lmebridge: {message}", file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="lmebridge", description="lme4's mixed-effects models from Python, with lme4's numbers."
    )
    top.add_argument("--version", action="version", version=f"lmebridge {version()}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (description, configure, run) in COMMANDS.items():
        command = commands.add_parser(name, help=description, description=description)
        configure(command)
        command.set_defaults(run=run)
    return top


def version() -> str:
    """The package's version."""
    from importlib import metadata

    return metadata.version("lmebridge")


# --- doctor -----------------------------------------------------------------------------------------------------------


def configure_doctor(command: argparse.ArgumentParser) -> None:
    """`doctor` takes no arguments."""
    command.epilog = "Exit status 0 when lme4 can be used, 1 when it cannot."


def run_doctor(_: argparse.Namespace) -> int:
    """Print what works here and how to mend what does not."""
    from lmebridge import doctor

    tried = doctor.doors()
    found = doctor.statuses()
    print(doctor.report(found, tried))
    return OK if found["lme4"].usable else DIFFERS


# --- demo -------------------------------------------------------------------------------------------------------------


def configure_demo(command: argparse.ArgumentParser) -> None:
    """What `demo` takes."""
    from lmebridge.backends import REGISTRY

    command.add_argument("--all", action="store_true", help="show every number instead of the main ones")
    command.add_argument("--brief", action="store_true", help="show only how many numbers agree")
    command.add_argument("--backend", action="append", choices=REGISTRY, help="only this backend (may be repeated)")
    command.epilog = "Exit status 0 when every number that could be compared agrees, 1 when one does not."


def run_demo(options: argparse.Namespace) -> int:
    """Fit the published models with every backend and print published and computed numbers side by side."""
    from lmebridge.demo.report import report
    from lmebridge.demo.trials import BACKENDS, trials

    found = trials(options.backend or BACKENDS)
    print(report(found, every=options.all, brief=options.brief))
    return OK if all(trial.agrees for trial in found) else DIFFERS


# --- fit --------------------------------------------------------------------------------------------------------------


def configure_fit(command: argparse.ArgumentParser) -> None:
    """What `fit` takes."""
    from lmebridge.backends import REGISTRY
    from lmebridge.datasets.tabular import READERS

    add = command.add_argument
    add(
        "formula", metavar="FORMULA", help="an lme4 formula, such as 'y ~ x + (x | g)'; without a bar, R's lm is fitted"
    )
    add("data", metavar="DATA", help=f"a data file ({', '.join(READERS)}) or a name that `lmebridge data list` shows")
    add("--ML", action="store_true", help="maximize the likelihood instead of the restricted likelihood")
    add("--family", help="fit a generalized model: binomial, poisson, 'Gamma(link=log)', ...")
    add("--backend", choices=REGISTRY, help="what fits the model (default: the first that can)")
    add("--weights", metavar="EXPRESSION", help="prior weights: a column or an R expression over the columns")
    add("--offset", metavar="EXPRESSION", help="known part of the response")
    add("--subset", metavar="EXPRESSION", help="rows to use, such as 'age > 10'")
    add("--na-action", default="na.omit", choices=("na.omit", "na.exclude", "na.fail"), help="rows with missing values")
    add("--contrast", metavar="FACTOR=CONTRASTS", action="append", default=[], help="such as f=contr.sum (repeatable)")


def run_fit(options: argparse.Namespace) -> int:
    """Fit a model to a file and print its summary."""
    from lmebridge.api import lmer
    from lmebridge.formula.model_formula import parse_formula
    from lmebridge.generalized.fitting import glmer
    from lmebridge.linear.linear_model import lm

    arguments = {name: getattr(options, name) for name in ("weights", "offset", "subset", "na_action", "backend")}
    arguments["contrasts"] = dict(contrast(pair) for pair in options.contrast)
    data = load(options.data)
    fitted: Any
    if options.family:
        fitted = glmer(options.formula, data, options.family, **arguments)
    elif parse_formula(options.formula).random:
        fitted = lmer(options.formula, data, REML=not options.ML, **arguments)
    else:
        fitted = lm(options.formula, data, **arguments)
    print(fitted.summary())
    print(f"\nFitted by {fitted.backend}.")
    return OK


def contrast(pair: str) -> tuple[str, str]:
    """A factor and the name of its contrasts, from ``factor=contr.sum``."""
    return split_pair(pair, "--contrast FACTOR=CONTRASTS, such as f=contr.sum")


def load(data: str) -> Any:
    """The data of a file, or of an example data set by its name."""
    from lmebridge.datasets.examples import LOADERS
    from lmebridge.datasets.tabular import read_table

    return LOADERS[data]() if data in LOADERS else read_table(data)


# --- parity -----------------------------------------------------------------------------------------------------------


def configure_parity(command: argparse.ArgumentParser) -> None:
    """What `parity` takes."""
    from lmebridge.backends import REGISTRY

    add = command.add_argument
    add("formula", metavar="FORMULA", help="an lme4 formula; without a bar, a linear model")
    add("data", metavar="DATA", help="a data file or a name that `lmebridge data list` shows")
    add("--ML", action="store_true", help="maximize the likelihood instead of the restricted likelihood")
    add("--backend", action="append", choices=REGISTRY, help="only these backends (repeatable; default: all usable)")
    configure_files(command)
    command.epilog = "Exit status 0 when every pair of backends agrees, 1 when one does not, 2 on wrong input."


def run_parity(options: argparse.Namespace) -> int:
    """Fit a model with every backend that can and compare each with each."""
    from lmebridge.parity import agreement
    from lmebridge.parity.terminal import show

    found = agreement(options.formula, load(options.data), options.backend, REML=not options.ML)
    show(found)
    write_files(options, found)
    return OK if found.ok else DIFFERS


def configure_files(command: argparse.ArgumentParser) -> None:
    """Files that a report may be written to."""
    command.add_argument("--json", metavar="FILE", help="write the report to this file as JSON")
    command.add_argument("--html", metavar="FILE", help="write the report to this file as a page with a plot")


def write_files(options: argparse.Namespace, found: Any) -> None:
    """Write a report to the files that were asked for."""
    for file, content in ((options.json, found.to_json), (options.html, found.to_html)):
        if file:
            write_text(file, content())


def write_text(file: str, text: str) -> None:
    """Write a file."""
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{file} cannot be written: {error.strerror}") from error


# --- verify -----------------------------------------------------------------------------------------------------------


def configure_verify(command: argparse.ArgumentParser) -> None:
    """What `verify` takes."""
    from lmebridge.backends import REGISTRY
    from lmebridge.parity.verify import ALLOWABLE

    add = command.add_argument
    add("document", metavar="TEXT", help="a text with outputs of R or statsmodels; - reads the standard input")
    add(
        "--data",
        metavar="NAME=FILE",
        help="data under their name in the document (repeatable)",
        action="append",
        default=[],
    )
    add("--setup", metavar="PREPARE.py", help="Python that finds the data under their names and may change them")
    add(
        "--name",
        metavar="PRINTED=NAME",
        help="a name in the document and in the data (repeatable)",
        action="append",
        default=[],
    )
    add("--backend", choices=REGISTRY, help="what fits the models (default: the first that can)")
    add("--allow", choices=ALLOWABLE, help="let this pass (repeatable)", action="append", default=[])
    add("--all", action="store_true", help="show every number instead of the misses")
    configure_files(command)
    command.epilog = (
        "Exit status 0 when every output was read, fitted again and holds; 1 when a number misses or an output could "
        "not be read or fitted; 2 on wrong input."
    )


def run_verify(options: argparse.Namespace) -> int:
    """Hold every number that a document prints to the models fitted again."""
    from lmebridge.parity import verify
    from lmebridge.parity.preparation import run_setup
    from lmebridge.parity.terminal import show

    text = read_text(options.document)
    data = {name: load(file) for name, file in (split_pair(one, "--data NAME=FILE") for one in options.data)}
    names = dict(split_pair(one, "--name PRINTED=NAME") for one in options.name)
    data, fits = run_setup(options.setup, data, options.backend) if options.setup else (data, {})
    found = verify(text, data, backend=options.backend, fits=fits, names=names, title=Path(options.document).name)
    if not found.checked and not found.unread:
        raise ValueError(f"{options.document} has no output of R or statsmodels that is known")
    show(found.text(every=options.all))
    write_files(options, found)
    return OK if found.agrees(options.allow) else DIFFERS


def read_text(file: str) -> str:
    """The text of a file, or of the standard input."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text (byte {error.start}): convert it first") from error


def split_pair(text: str, form: str) -> tuple[str, str]:
    """The two sides of an option's ``a=b``."""
    left, separator, right = text.partition("=")
    if not (left and separator and right):
        raise ValueError(f"{text}: write it as {form}")
    return left, right


# --- migrate ----------------------------------------------------------------------------------------------------------


def configure_migrate(command: argparse.ArgumentParser) -> None:
    """What `migrate` takes."""
    from lmebridge.migrate import command as migration

    migration.configure(command)


def run_migrate(options: argparse.Namespace) -> int:
    """Translate an R script and say what is left."""
    from lmebridge.migrate import command as migration

    return migration.run(options)


# --- scoreboard -------------------------------------------------------------------------------------------------------


def configure_scoreboard(command: argparse.ArgumentParser) -> None:
    """What `scoreboard` takes."""
    from lmebridge.parity.subjects import SUBJECTS

    add = command.add_argument
    add("--fixtures", metavar="FOLDER", default="fixtures", help="the project's fixtures (default: %(default)s)")
    add(
        "--output", metavar="FILE", default="docs/scoreboard.md", help="where to write (default: %(default)s; - prints)"
    )
    engines = f"only this engine: {', '.join(map(repr, SUBJECTS))} (repeatable; default: all installed)"
    add("--engine", action="append", choices=SUBJECTS, metavar="ENGINE", help=engines)
    add("--case", action="append", default=[], metavar="ID", help="only this case (repeatable)")
    add("--limit", type=float, default=60.0, metavar="SECONDS", help="stop a fit after this (default: %(default)g)")
    command.epilog = "Exit status 0 when the page was written, 2 when it could not be."


def run_scoreboard(options: argparse.Namespace) -> int:
    """Run every engine on every case and write the page."""
    from lmebridge.parity.scoreboard import scores
    from lmebridge.parity.scoreboard_page import page

    text = page(scores(Path(options.fixtures), options.engine, options.case, limit=options.limit))
    if options.output == "-":
        print(text)
    else:
        write_text(options.output, text)
    return OK


# --- data -------------------------------------------------------------------------------------------------------------


def configure_data(command: argparse.ArgumentParser) -> None:
    """What `data` takes."""
    from lmebridge.datasets.files import DATASETS

    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    actions.add_parser("list", help="the data sets and where they are").set_defaults(action=list_data)
    for action, run, description in (
        ("path", print_path, "print where a data set's file is"),
        ("fetch", fetch_data, "download a data set into the user's cache"),
    ):
        asked = actions.add_parser(action, help=description)
        asked.add_argument("name", choices=tuple(DATASETS))
        asked.set_defaults(action=run)


def run_data(options: argparse.Namespace) -> int:
    """Carry out one action on the example data."""
    action: Callable[[argparse.Namespace], None] = options.action
    action(options)
    return OK


def list_data(_: argparse.Namespace) -> None:
    """Print every data set, where it is or how to get it."""
    from lmebridge.datasets.files import catalogue

    for name, row in catalogue().iterrows():
        print(f"{name}\n  {row['title']}\n  {row['licence']}\n  {row['path'] or row['how to get it']}")


def print_path(options: argparse.Namespace) -> None:
    """Print where a data set's file is."""
    from lmebridge.datasets import files as datafiles

    print(datafiles.path(options.name))


def fetch_data(options: argparse.Namespace) -> None:
    """Download a data set and print where it is and the hash of what came."""
    from lmebridge.datasets import files as datafiles

    file = datafiles.fetch(options.name)
    print(f"{file}\nsha256 {datafiles.sha256(file)}")


#: By name: what a command does, what it takes, and what carries it out.
COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]] = {
    "doctor": ("say what works on this machine and how to mend what does not", configure_doctor, run_doctor),
    "demo": ("fit the models of published documents and compare every printed number", configure_demo, run_demo),
    "fit": ("fit a model to a data file and print its summary", configure_fit, run_fit),
    "parity": ("fit a model with every backend and compare each with each", configure_parity, run_parity),
    "verify": ("hold every number that a document prints to its models fitted again", configure_verify, run_verify),
    "migrate": ("turn an R script into a Python script with the same numbers", configure_migrate, run_migrate),
    "scoreboard": ("run every engine on the project's cases and write the page", configure_scoreboard, run_scoreboard),
    "data": ("list, find or fetch the example data", configure_data, run_data),
}
