"""Profiles of the deviance, lme4's ``profile.merMod``, on the scale of standard deviations and correlations."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.errors import LmebridgeError, LmebridgeWarning, RError
from lmebridge.inference.engines import ask_r, local_engine, merMod_engine
from lmebridge.inference.intervals import chosen_parameters, parameter_names
from lmebridge.inference.progress import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lmebridge.backends._mermod import MerModEngine
    from lmebridge.inference.descent import Minimum
    from lmebridge.inference.deviances import FixedEffectDeviance, ScaleDeviance
    from lmebridge.model import MerMod
    from lmebridge.pls.solution import Problem, Solution

#: lme4's step in zeta, as a share of the cutoff; its longest step, in units of the step before; its shortest.
SHARE, LONGEST, SHORTEST = 1 / 8, 10.0, 1e-6
#: How much lower than the fit's own a deviance may be: the optimum is known to 1e-8.
LOWER_DEVIANCE = 1e-6
#: Where R's spline through lme4's points has the wanted zeta to this, a 200th of an interval, its end is lme4's: kept.
#: lme4 has other points with three correlated effects, beyond the covariances, and on a level part, where it crawls.
KEPT, WIDEST_OF_LME4 = 2e-2, 2
#: How near to the wanted zeta the end is elsewhere; after how many points it is given up.
NEAR, MOST_ADDED = 1e-4, 30


def profile(
    fit: MerMod,
    which: str | Sequence[str] | None = None,
    alphamax: float = 0.01,
    maxpts: int = 100,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Profile the deviance, lme4's ``profile.merMod`` with ``signames = FALSE``.

    For each parameter in turn, the deviance is minimized over all others at a row of values of the parameter. REML fits
    are fitted by maximum likelihood first, as in lme4.

    Parameters
    ----------
    fit : MerMod
        The model.
    which : str or sequence of str, optional
        Parameters to profile, ``"theta_"`` for all standard deviations and correlations, ``"beta_"`` for all fixed
        effects; all by default.
    alphamax : float
        Profiles go out to this significance of all parameters together, dimensionless.
    maxpts : int
        Most points on either side of the estimate.
    progress : bool, optional
        Whether to show a progress bar on standard error; by default after a second of work, in a terminal or notebook.

    Returns
    -------
    pandas.DataFrame
        Columns ``.zeta`` (signed square root of the deviance's increase, dimensionless), the parameters under lme4's
        names with ``oldNames = FALSE`` (standard deviations in their units, correlations dimensionless), and ``.par``,
        the parameter that is profiled. ``attrs["bounds"]`` maps each of them to its bounds. After Ctrl-C it has the
        parameters whose profiles were done, and ``attrs["interrupted"]`` is True.

    Raises
    ------
    ValueError
        For an unknown parameter.
    LmebridgeError
        If a profile finds a lower deviance than the fit's, or fails: the parameter is named, with the reason.
    UnsupportedByBackend
        For MixedLM's own estimates.

    Warns
    -----
    LmebridgeWarning
        If a point of a profile did not converge, or Ctrl-C ended the work.

    References
    ----------
    lme4 ``profile.merMod``; Bates, Maechler, Bolker & Walker (2015), J. Stat. Softw. 67(1), section 5.1.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.profile("sigma")[".par"].unique().tolist()
    ['sigma']
    """
    return profiled(fit, which, alphamax, maxpts, progress)


def profiled(
    fit: MerMod,
    which: str | Sequence[str] | None,
    alphamax: float = 0.01,
    maxpts: int = 100,
    progress: bool | None = None,
    ends: Sequence[float] = (),
) -> pd.DataFrame:
    """As `profile`, without R with points where an interval's `ends` are too."""
    wanted = chosen_parameters(fit.record, which)
    every = [*parameter_names(fit.record), *fit.record.fixed.index]
    in_r = merMod_engine(fit)
    profiler = (
        Profiler(local_engine(fit, "profile").solution, every, alphamax, maxpts, ends)
        if in_r is None
        else ProfilerInR(in_r, every, alphamax, maxpts)
    )
    return _with_bounds(_one_after_the_other(profiler, wanted, progress), fit)


def _one_after_the_other(
    profiler: Profiler | ProfilerInR, wanted: Sequence[str], progress: bool | None
) -> pd.DataFrame:
    """The profiles of the wanted parameters, one below the other; of those that were done, where Ctrl-C ends it."""
    pieces: list[pd.DataFrame] = []
    try:
        with shown("profile", len(wanted), progress) as advance:
            for name in wanted:
                pieces.append(_named(profiler, name))
                advance(1)
    except KeyboardInterrupt:
        said = f"interrupted after the profiles of {len(pieces)} of {len(wanted)} parameters: the result holds those"
        warnings.warn(said, LmebridgeWarning, stacklevel=3)
    table = pd.concat(pieces, ignore_index=True) if pieces else profiler.empty
    table.attrs["interrupted"] = len(pieces) < len(wanted)
    return table


def _named(profiler: Profiler | ProfilerInR, name: str) -> pd.DataFrame:
    """One parameter's profile, its name in what goes wrong.

    Raises
    ------
    LmebridgeError
        If the profile fails.
    """
    try:
        return profiler.table(name)
    except (RError, np.linalg.LinAlgError, FloatingPointError) as error:
        raise LmebridgeError(f"the profile of {name} failed: {error}") from error


def _with_bounds(table: pd.DataFrame, fit: MerMod) -> pd.DataFrame:
    names = parameter_names(fit.record)
    bounds = {name: (-1.0, 1.0) if name.startswith("cor_") else (0.0, np.inf) for name in names}
    table.attrs["bounds"] = bounds | dict.fromkeys(fit.record.fixed.index, (-np.inf, np.inf))
    return table


@dataclass(frozen=True)
class _Track:
    """One parameter's way: where it starts, how a point is computed, and where it must stop.

    Attributes
    ----------
    column : int
        The parameter's place in a point, which starts with zeta.
    bounds : tuple of float
        Its bounds.
    point : callable
        From the parameter's value and the point before, the point there.
    """

    column: int
    bounds: tuple[float, float]
    point: Callable[[float, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ProfilerInR:
    """Has lme4 profile a merMod; attributes as the parameters of `Profiler`."""

    engine: MerModEngine
    names: list[str]
    alphamax: float
    maxpts: int

    @property
    def empty(self) -> pd.DataFrame:
        """A table of no points."""
        return pd.DataFrame(columns=[".zeta", *self.names, ".par"])

    def table(self, name: str) -> pd.DataFrame:
        """The profile of one parameter."""
        which = np.array([self.names.index(name) + 1], dtype=np.int32)
        answer = ask_r(self.engine, "profile_lmer", which=which, alphamax=self.alphamax, maxpts=self.maxpts)
        table: pd.DataFrame = answer.value.set_axis(self.empty.columns, axis=1)
        return table.assign(**{".par": name}).reset_index(drop=True)


class Profiler:
    """Profiles a solved problem.

    Parameters
    ----------
    solution : Solution
        The fit's optimum.
    names : list of str
        Names of all parameters: theta's, sigma, the fixed effects.
    alphamax : float
        Significance at which profiles end.
    maxpts : int
        Most points on either side.
    ends : sequence of float
        Zetas at which points are wanted besides lme4's, those of an interval's ends.
    """

    def __init__(
        self, solution: Solution, names: list[str], alphamax: float, maxpts: int, ends: Sequence[float] = ()
    ) -> None:
        from scipy.special import chdtri

        from lmebridge.inference.deviances import Scales

        self._best = maximum_likelihood(solution)
        self._task: Problem = self._best.problem
        self._names = names
        self._maxpts = maxpts
        self._ends = ends
        self._cutoff = float(np.sqrt(chdtri(len(names), alphamax)))
        self._scales = Scales(self._task)
        scales = self._scales.from_theta(self._best.theta, self._best.sigma)
        self._optimum = np.concatenate([[0.0], scales, self._best.beta])
        self._n_scales = len(scales)

    @property
    def empty(self) -> pd.DataFrame:
        """A table of no points."""
        return pd.DataFrame(columns=[".zeta", *self._names, ".par"])

    def table(self, name: str) -> pd.DataFrame:
        """The profile of one parameter."""
        place = self._names.index(name)
        track, shifted = self._scale(place) if place < self._n_scales else self._fixed(place - self._n_scales)
        points = self._walk_both(track, shifted)
        points = self._with_ends(track, points)
        return pd.DataFrame(points, columns=[".zeta", *self._names]).assign(**{".par": name})

    def _scale(self, which: int) -> tuple[_Track, float]:
        """The way of a variance parameter, and its first value beside the estimate."""
        from lmebridge.inference.deviances import ScaleDeviance

        bounds = float(self._scales.lower[which]), float(self._scales.upper[which])
        track = self._track(ScaleDeviance(self._task, self._scales, which), which, bounds)
        estimate = self._optimum[which + 1]
        return track, 0.001 if estimate == 0 else self._inside(estimate, bounds)

    def _inside(self, estimate: float, bounds: tuple[float, float]) -> float:
        """lme4's first value, 1 % from the estimate, or less where that is beyond a bound."""
        shifted = estimate * 1.01
        return shifted if bounds[0] <= shifted <= bounds[1] else estimate * 0.99

    def _fixed(self, which: int) -> tuple[_Track, float]:
        """The way of a fixed effect, and its first value beside the estimate."""
        from lmebridge.inference.deviances import FixedEffectDeviance
        from lmebridge.pls import solution as pls

        held = FixedEffectDeviance(self._task, self._scales, which)
        error = float(np.sqrt(pls.vcov(self._best)[which, which]))
        track = self._track(held, self._n_scales + which, (-np.inf, np.inf))
        return track, self._best.beta[which] + self._step * error

    def _track(self, held: ScaleDeviance | FixedEffectDeviance, place: int, bounds: tuple[float, float]) -> _Track:
        """The way of the parameter at `place`, whose `held` deviance is minimized over all others."""
        from lmebridge.inference.descent import hessian, minimize
        from lmebridge.inference.deviances import without_correlation

        estimate, floors = self._optimum[place + 1], held.floors()
        start = _off_zero(held.start(self._best.theta, self._best.sigma), floors)
        middle = start, hessian(held.at(estimate), start, held.steps(start))
        starts = {estimate: middle}  # where the search at each value ended: the next begins there
        void = without_correlation(held, estimate, middle)

        def point(value: float, before: np.ndarray) -> np.ndarray:
            near, distance = starts[before[place + 1]], value - estimate
            found = minimize(held.at(value), near[0], held.bounds, near[1])
            leaps = abs(self._zeta(found.value, distance) - before[0]) > 2 * self._step
            if near is not middle and (leaps or not found.converged):  # another minimum, or none
                again = minimize(held.at(value), middle[0], held.bounds, middle[1])
                found = min(found, again, key=lambda minimum: minimum.value)
            if void is not None and void.value < found.value:
                found = minimize(held.at(value), void.parameters, held.bounds, void.curvature)
            self._check(found, place)
            starts[value] = _off_zero(found.parameters, floors), found.curvature
            values = held.point(found.parameters, value)
            values[place] = value  # to the last bit, by which it is found again
            return np.concatenate([[self._zeta(found.value, distance)], values])

        return _Track(place + 1, bounds, point)

    def _with_ends(self, track: _Track, points: np.ndarray) -> np.ndarray:
        """lme4's points, and more of them where R's spline through these misses one of the wanted zetas."""
        from lmebridge.inference.interpolation import LEVEL

        is_lme4s = max(self._scales.widths) <= WIDEST_OF_LME4 and (np.diff(points[:, 0]) > LEVEL).all()
        right = KEPT if is_lme4s else NEAR
        tried = [(zeta, self._toward(track, points, zeta)) for zeta in self._ends]
        if all(there is None or abs(there[0] - zeta) < right for zeta, there in tried):
            return points
        for zeta in self._ends:  # both, as one more point moves the whole spline, which is not lme4's then
            points = self._with_end(track, points, zeta)
        return points

    def _with_end(self, track: _Track, points: np.ndarray, zeta: float) -> np.ndarray:
        """The points, and those that lead to this zeta."""
        for attempt in range(MOST_ADDED):
            added = self._toward(track, points, zeta, halve=attempt % 3 == 2)
            if added is None:
                break
            points = np.insert(points, np.searchsorted(points[:, track.column], added[track.column]), added, axis=0)
            if abs(added[0] - zeta) < NEAR:
                break
        return points

    @staticmethod
    def _toward(track: _Track, points: np.ndarray, zeta: float, *, halve: bool = False) -> np.ndarray | None:
        """The point where R's spline has this zeta, or between its neighbours; None where no points are around it."""
        from lmebridge.inference.interpolation import between

        found = between(points[:, track.column], points[:, 0], zeta, halve=halve)
        return None if found is None else track.point(found[0], points[found[1]])

    # --- steps --------------------------------------------------------------------------------------------------

    @property
    def _step(self) -> float:
        return self._cutoff * SHARE

    def _walk_both(self, track: _Track, shifted: float) -> np.ndarray:
        """lme4's points: from the estimate up, then, unless it is on its lower bound, down."""
        first = track.point(shifted, self._optimum)
        points = [*self._walk(track, [self._optimum, first])]
        if self._optimum[track.column] > track.bounds[0]:
            points += self._walk(track, [first, self._optimum])
        return np.unique(np.array(points)[:, [track.column, *range(len(first))]], axis=0)[:, 1:]

    def _walk(self, track: _Track, points: list[np.ndarray]) -> list[np.ndarray]:
        low, high = track.bounds
        while len(points) < self._maxpts:
            last = points[-1]
            if not (low < last[track.column] < high) or abs(last[0]) > self._cutoff:
                break
            points.append(track.point(self._next(track, points[-2], last), last))
        return points

    def _next(self, track: _Track, before: np.ndarray, last: np.ndarray) -> float:
        """The next value: as far as the last step's slope says that zeta moves by one step."""
        from lmebridge.inference.interpolation import LEVEL

        move, rise = last[track.column] - before[track.column], last[0] - before[0]
        if abs(rise) <= LEVEL:  # up to the bound: there is no correlation any more
            return float(np.clip(last[track.column] + LONGEST * move, *track.bounds))
        step = self._step * move / rise
        if step <= 0:
            warnings.warn("unexpected decrease in profile: using minstep", LmebridgeWarning, stacklevel=2)
            step = SHORTEST
        step = min(step, LONGEST * abs(move))
        return float(np.clip(last[track.column] + np.sign(move) * step, *track.bounds))

    def _zeta(self, deviance: float, distance: float) -> float:
        return float(np.sign(distance) * np.sqrt(max(deviance - self._best.criterion, 0.0)))

    def _check(self, found: Minimum, which: int) -> None:
        """Say which parameter's profile is in trouble, and why."""
        name = self._names[which]
        if found.value < self._best.criterion - LOWER_DEVIANCE:
            lower = self._best.criterion - found.value
            raise LmebridgeError(
                f"profiling {name} detected a new, lower deviance, by {lower:.3g}: fit again from there"
            )
        if not found.converged:
            text = f"a point of the profile of {name} did not converge (decrement {found.decrement:.2g})"
            warnings.warn(text, LmebridgeWarning, stacklevel=2)


def _off_zero(parameters: np.ndarray, floors: np.ndarray) -> np.ndarray:
    """Parameters of at least the size of `floors`, signs kept: at zero the deviance is flat, minimum or not."""
    return np.where(np.abs(parameters) < floors, np.copysign(floors, parameters), parameters)


def maximum_likelihood(solution: Solution) -> Solution:
    """The optimum under maximum likelihood."""
    from lmebridge.pls.optimize import optimize

    if not solution.problem.REML:
        return solution
    return optimize(solution.problem.with_REML(REML=False))[0]
