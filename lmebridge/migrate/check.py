"""`lmebridge migrate --check`: the R script and its translation are run, and what they give is compared."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmebridge.errors import GoldenError
from lmebridge.migrate.proof.judge import SIZE, Pair, matched, model_reports, printed_report, statements
from lmebridge.migrate.proof.models import model_in_r
from lmebridge.migrate.proof.programs import ScriptFailed, rscript, run_python, run_r

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from lmebridge.migrate.proof.judge import Statement
    from lmebridge.parity.report import Report

#: Seconds after which a script is stopped.
LIMIT = 600.0
#: How far a printed number may lie from R's where another engine than lme4 fits, in multiples of itself: lme4's default
#: optimizer stops up to 3e-4 of the criterion above its optimum, which moves deviations by some 1e-3 of themselves.
SIZE_WITHOUT_LME4 = 1e-3
#: How far a printed number may lie from R's in multiples of how far the covariance parameters do: a variance has their
#: square, a statistic a quotient of two. lme4 ends its search elsewhere when a column differs in its last bit.
APART = 4.0


@dataclass(frozen=True)
class Check:
    """What came of a check.

    Attributes
    ----------
    name : str
        The R script's name.
    against : str
        What the translation is held to: R itself, or a record of what R showed.
    models : tuple of Report
        One report a model, in the script's order.
    printed : Report or None
        Every value that the script prints; None where nothing was run.
    problems : tuple of str
        What kept the scripts from being compared to the end.
    found : tuple of Statement
        The statements in both languages.
    """

    name: str
    against: str
    models: tuple[Report, ...] = ()
    printed: Report | None = None
    problems: tuple[str, ...] = ()
    found: tuple[Statement, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether both scripts ran, something was compared, and every model and printed value agrees."""
        return not self.problems and bool(self.reports) and all(report.ok for report in self.reports)

    @property
    def reports(self) -> tuple[Report, ...]:
        """Those in which something was to be compared."""
        printed = () if self.printed is None or not len(self.printed.table) else (self.printed,)
        return self.models + printed

    def __str__(self) -> str:
        return "\n".join(
            [self._heading(), *map(str, self.reports), *self._notes(), *map("problem: {}".format, self.problems)]
        )

    def to_markdown(self) -> str:
        """The check as a page: a table of what was compared, then every miss."""
        head = ["| | numbers | hold | miss |", "| --- | --- | --- | --- |"]
        rows = [
            f"| {_cell(report.title)} | {len(report.table)} | {report.counts['holds']} | {len(report.misses)} |"
            for report in self.reports
        ]
        misses = [f"```text\n{report}\n```" for report in self.reports if not report.ok]
        notes = [f"- {words}" for words in (*self.problems, *self._notes())]
        return "\n".join([f"# {self._heading()}", "", *head, *rows, *_spaced(misses), *_spaced(notes)]) + "\n"

    def _heading(self) -> str:
        verdict = "agrees with" if self.ok else "does not agree with" if self.reports else "was not compared with"
        return f"the translation of {self.name} {verdict} {self.against or 'R'}"

    def _notes(self) -> list[str]:
        """What the report of printed values says besides, where it is not shown itself."""
        return (
            [] if self.printed is None or len(self.printed.table) else [f"note: {note}" for note in self.printed.notes]
        )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _spaced(blocks: list[str]) -> list[str]:
    return [line for block in blocks for line in ("", block)]


def check(
    script: Path,
    python: str,
    pairs: Iterable[Pair | tuple[int, int, int, int]],
    *,
    folder: Path | None = None,
    golden: Path | None = None,
    limit: float = LIMIT,
    refined: bool = False,
) -> Check:
    """Run an R script and its translation, and compare every model and every printed value.

    Parameters
    ----------
    script : pathlib.Path
        The R script.
    python : str
        Its translation.
    pairs : iterable of Pair
        For every top-level statement of R its lines and the lines of Python that came of it.
    folder : pathlib.Path, optional
        Where both run, in copies of it; by default the R script's folder.
    golden : pathlib.Path, optional
        A record of what R showed (r/record_script.R writes it), which is used instead of running R.
    limit : float
        Seconds after which a script is stopped.
    refined : bool
        Whether to have R find each model's refined optimum too, which a test without R is held to.

    Returns
    -------
    Check
        The comparison. Without R and without a golden it says so, and is not ok.
    """
    place = script.parent if folder is None else folder
    try:
        record, against = _truth(script, place, golden, limit, refined=refined)
        run = run_python(python, f"{script.stem}.py", place, limit=limit)
    except (ScriptFailed, GoldenError) as error:
        return Check(script.name, "", problems=(str(error),))
    found = tuple(statements(record, run, [pair if isinstance(pair, Pair) else Pair(*pair) for pair in pairs]))
    problems = [*_errors_in_r(record), *([f"the translation failed: {run.error}"] if run.error else [])]
    models = tuple(report for statement in found for report in model_reports(statement))
    return Check(script.name, against, models, printed_report(found, _size(found)), tuple(problems), found)


def _size(found: Sequence[Statement]) -> float:
    """How far printed numbers may lie apart: as far as the models' parameters do, which are judged by themselves."""
    return max(_size_of_engines(found), min(APART * _parameters_apart(found), SIZE_WITHOUT_LME4))


def _parameters_apart(found: Iterable[Statement]) -> float:
    """The largest difference of covariance parameters of one model in both languages, in multiples of the largest."""
    apart = [0.0]
    for name, recorded, ours in (row for one in found for row in matched(one)):
        theirs = getattr(getattr(model_in_r(name, recorded), "record", None), "theta", None)
        theta = None if ours is None else getattr(getattr(ours[1].fit, "record", None), "theta", None)
        if theirs is not None and theta is not None and len(theirs) == len(theta):
            pairs = list(zip(theirs, theta, strict=True))
            largest = max(abs(one) for one, _ in pairs) if pairs else 0.0
            apart.append(max((abs(one - other) for one, other in pairs), default=0.0) / (largest or 1.0))
    return max(apart)


def _size_of_engines(found: Iterable[Statement]) -> float:
    """How far printed numbers may lie apart: lme4 against itself, or against another engine."""
    engines = {
        model.fit.source.engine for one in found for model in one.models.values() if hasattr(model.fit, "source")
    }
    engines |= {
        model.fit.record.source.engine for one in found for model in one.models.values() if hasattr(model.fit, "record")
    }
    return SIZE if engines <= {"lme4"} else SIZE_WITHOUT_LME4


def _truth(
    script: Path, folder: Path, golden: Path | None, limit: float, *, refined: bool
) -> tuple[Mapping[str, Any], str]:
    """What R shows and where that comes from: a golden where one is given, else R."""
    if golden is not None:
        record = read_record(golden)
        return record, f"what R {record['R']} with lme4 {record['lme4']} showed on {record['date']} ({golden.name})"
    if rscript() is None:
        raise ScriptFailed(
            "there is no R on this machine (no Rscript on the PATH), so that the script cannot be run: install R and "
            "lme4, or give a record that r/record_script.R wrote where R is"
        )
    record = run_r(script, folder, limit=limit, refined=refined)
    return record, f"R {record['R']} with lme4 {record['lme4']}"


def read_record(golden: Path) -> Mapping[str, Any]:
    """A record of what R showed.

    Raises
    ------
    GoldenError
        If the file cannot be read, or is no record of a script.
    """
    try:
        record: Mapping[str, Any] = json.loads(golden.read_text(encoding="utf-8"))
        missing = [name for name in ("script", "R", "lme4", "date", "statements") if name not in record]
    except OSError as error:
        raise _no_record(golden, str(error.strerror)) from error
    except (ValueError, TypeError) as error:
        raise _no_record(golden, f"it is not JSON ({error})") from error
    if missing:
        raise _no_record(golden, f"it has no {', '.join(missing)}")
    return record


def _no_record(golden: Path, reason: str) -> GoldenError:
    return GoldenError(
        f"{golden} is no record of a script: {reason}. `Rscript --vanilla r/record_script.R analysis.R analysis.json` "
        "writes one where R is; without --golden R is run"
    )


def _errors_in_r(record: Mapping[str, Any]) -> list[str]:
    return [
        f"R stopped at line {one['line'][0]}: {one['error'][0]}{_remedy(one['error'][0])}"
        for one in record["statements"]
        if one["error"]
    ]


def _remedy(error: str) -> str:
    """What helps where R says that a package is not there."""
    found = re.search(r"no package called \W*([\w.]+)", error)
    return "" if found is None else f'; install it in R with install.packages("{found[1]}")'


def write_test(found: Check, python_file: Path, *, force: bool = False) -> Path:
    """Write a pytest file beside a translation, see `lmebridge.migrate.proof.written_test.write_test`."""
    from lmebridge.migrate.proof import written_test

    return written_test.write_test(found, python_file, force=force)
