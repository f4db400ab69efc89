"""Long work that is interrupted, as a program: its argument is the backend.

It says ``go`` on a line when a piece of work begins; whoever runs it then sends SIGINT to it and to its workers, as a
terminal does. What came of each piece is a line of JSON. After each, a fit says whether everything still works.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import lmebridge as lme
from lmebridge.diagnostics import all_fit
from tests.cases import data

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many draws take years.
MANY = 10**9


def go() -> None:
    """Say that the work has begun."""
    sys.stdout.write("go\n")
    sys.stdout.flush()


class Marked:
    """The statistic; a worker that computes it leaves a file."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "mark"
        self.own = os.getpid()

    def __call__(self, fit: lme.MerMod) -> float:
        """The residual standard deviation."""
        if os.getpid() != self.own:
            self.mark.touch()
        return fit.sigma()

    def wait(self) -> None:
        """Until there is a file."""
        while not self.mark.exists():
            time.sleep(0.05)
        go()


def in_workers(fit: lme.MerMod) -> dict[str, Any]:
    """A bootstrap in two processes, which are there when Ctrl-C is pressed."""
    with tempfile.TemporaryDirectory() as folder:
        statistic = Marked(Path(folder))
        threading.Thread(target=statistic.wait, daemon=True).start()
        return bootstrap(fit, statistic, parallel=2)


def bootstrap(fit: lme.MerMod, statistic: Any = lme.sigma, **how: Any) -> dict[str, Any]:
    """A bootstrap, and whether the draws that there are are those of a run that is not interrupted."""
    boot = fit.bootMer(statistic, nsim=MANY, seed=1, **how)
    again = fit.bootMer(lme.sigma, nsim=20, seed=1).t
    early = boot.t[boot.t.index < 20]
    same = bool(np.allclose(early, again.loc[early.index], rtol=1e-9))
    return {"done": len(boot.t), "same": same, "interrupted": boot.interrupted}


def intervals(fit: lme.MerMod) -> dict[str, Any]:
    """Bootstrapped intervals of all parameters."""
    table = fit.confint(method="boot", nsim=1_000, seed=1)
    return {"done": int(table.notna().all(axis=None))}


def interrupted(work: Callable[[], Any], partly: Callable[[Any], bool]) -> Any:
    """What work gives that is done again and again until it is interrupted between its beginning and its end."""
    while True:
        try:
            while not partly(found := work()):
                pass
        except KeyboardInterrupt:  # before the first piece was done, or between one time and the next
            go()
        else:
            return found


def profiles(fit: lme.MerMod) -> dict[str, Any]:
    """Profiles, so many times that one of them is interrupted."""
    table = interrupted(fit.profile, lambda table: table.attrs["interrupted"])
    return {"done": table[".par"].nunique() + 1, "interrupted": True}


def profiled_intervals(fit: lme.MerMod) -> dict[str, Any]:
    """Intervals by profile, so many times that one of them is interrupted; those done are those of a whole run."""
    whole = fit.confint()
    go()
    done = interrupted(fit.confint, lambda table: table.isna().any(axis=None)).dropna()
    return {"done": len(done) + 1, "same": bool((done == whole.loc[done.index]).all(axis=None))}


def optimizers(fit: lme.MerMod) -> dict[str, Any]:
    """Fits by every optimizer; the second is at work until it is interrupted."""
    fitted_by = all_fit._fit_in_r

    def without_end(*arguments: Any) -> lme.MerMod:
        if arguments[2] == 2:
            go()
        while (found := fitted_by(*arguments)) and arguments[2] == 2:
            pass
        return found

    all_fit._fit_in_r = without_end  # type: ignore[assignment]
    found = fit.allFit()
    all_fit._fit_in_r = fitted_by
    return {"done": len(found), "interrupted": set(found.failed.values()) >= {"interrupted"}}


def influences(fit: lme.MerMod) -> dict[str, Any]:
    """Influence of each row, so many times that one of them is interrupted."""
    found = interrupted(fit.influence, lambda table: len(table.converged) < fit.nobs)
    return {"done": len(found.converged) + 1}


def fits(fit: lme.MerMod) -> dict[str, Any]:
    """Fits one after the other, which have nothing to give back."""
    done = 0
    try:
        while True:
            fit.update(REML=False)
            done += 1
    except KeyboardInterrupt:
        return {"done": done + 1}


WORK = {
    "native": {
        "serial": bootstrap,
        "parallel": in_workers,
        "profile": profiles,
        "influence": influences,
        "fits": fits,
    },
    "lme4": {
        "serial": bootstrap,
        "confint": intervals,
        "profile": profiles,
        "ends": profiled_intervals,
        "optimizers": optimizers,
        "fits": fits,
    },
}
#: What says itself when it has begun.
LATER = (in_workers, profiled_intervals, optimizers)


def main(backend: str) -> None:
    """Do everything that there is for a backend."""
    fit = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend=backend)
    fit.bootMer(lme.sigma, nsim=2)
    for name, work in WORK[backend].items():
        if work not in LATER:
            go()
        start = time.perf_counter()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            found = work(fit)
        seconds = time.perf_counter() - start
        again = lme.lmer("Reaction ~ Days + (Days | Subject)", data("sleepstudy"), backend=backend)
        said = [str(warning.message) for warning in heard]
        result = {"name": name, **found, "said": said, "sigma": again.sigma(), "seconds": seconds}
        sys.stdout.write(f"{json.dumps(result)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
