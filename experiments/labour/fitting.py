"""Fit the simulated person to what a person did: maximum likelihood, with intervals.

Attention is a chain of two states, watching and lapsed, as `SimulatedHuman` draws it. While
watching a person blocks what the rule calls unsafe, and sometimes what it does not; while lapsed
nothing.
Reaction times are log-normal. All faults grow by a share an hour (fatigue).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from experiments.labour.watched import Watched
from oversight import HumanModel, RunError

__all__ = ["FittedPerson", "fit_person", "log_likelihood"]

HOUR = 3600.0
Vector = NDArray[np.float64]
NAMES = (
    "reaction_median",
    "reaction_spread",
    "lapses_per_hour",
    "lapse_seconds",
    "false_alarms_per_hour",
    "fatigue_per_hour",
)
"""What is fitted, in this order; all of them above 0, so their logarithms are."""
FATIGUE = NAMES.index("fatigue_per_hour")
STEADY_HOURS = 0.5
"""Below so many hours of attention fatigue cannot be told from chance: it is kept at none."""
START = (0.3, 0.3, 5.0, 3.0, 5.0, 0.1)
LIMITS = ((0.02, 5.0), (0.01, 2.0), (0.01, 3600.0), (0.1, 120.0), (0.01, 3600.0), (1e-4, 10.0))
LEAST_STIMULI = 20
PRECISION = {"eps": 1e-4, "ftol": 1e-9}


@dataclass(frozen=True)
class FittedPerson:
    """A person's model with what is known of it.

    Attributes:
        model: the most likely one.
        intervals: 95 % by the curvature of the likelihood, by name; None where that is flat.
        decisions, stimuli, caught, false_alarms, presses: what it was fitted to.
        log_likelihood: of the model.
        simulated: the log was of a simulated person.
    """

    model: HumanModel
    intervals: dict[str, tuple[float, float] | None]
    decisions: int
    stimuli: int
    caught: int
    false_alarms: int
    presses: int
    log_likelihood: float
    simulated: bool


def fit_person(watched: Watched) -> FittedPerson:
    """The most likely person.

    Raises:
        RunError: too few unsafe proposals to tell anything by, or nothing passed in silence.
    """
    stimuli = int(watched.stimulus.sum())
    if stimuli < LEAST_STIMULI or not watched.pressed.any():
        raise RunError(
            f"expected {LEAST_STIMULI} unsafe proposals or more and a block among them, got "
            f"{stimuli} and {int(watched.pressed.sum())}: oversee for longer"
        )
    tired = float(watched.shown.sum()) >= STEADY_HOURS * HOUR
    free = [number for number in range(len(NAMES)) if tired or number != FATIGUE]
    silent = watched.shown[~watched.pressed & ~watched.answered]
    if not len(silent):
        raise RunError(
            "expected steps that passed in silence, for the pace is told by these, got a key at "
            "every one: a fit needs a log overseen in real time"
        )
    window = float(np.median(silent))
    runs = _runs(watched)

    def cost(logs: Vector) -> float:
        return -_likelihood(_full(logs, free), watched, window, runs)

    start = np.log(_first_guess(watched)[free])
    bounds = [tuple(np.log(LIMITS[number])) for number in free]
    found = optimize.minimize(
        cost, start, method="L-BFGS-B", bounds=bounds, options={"eps": 1e-4, "ftol": 1e-9}
    )
    best = _full(found.x, free)
    errors = _errors(cost, found.x)
    at = dict(zip(NAMES, best, strict=True))
    spread = dict(zip([NAMES[number] for number in free], errors, strict=True))
    return FittedPerson(
        model=HumanModel(steps_per_second=1.0 / window, **at),
        intervals={name: _interval(at[name], spread.get(name)) for name in NAMES},
        decisions=len(watched.stimulus),
        stimuli=stimuli,
        caught=int((watched.stimulus & watched.pressed).sum()),
        false_alarms=int((~watched.stimulus & watched.pressed).sum()),
        presses=int(watched.pressed.sum()),
        log_likelihood=-float(found.fun),
        simulated=watched.simulated,
    )


def _first_guess(watched: Watched) -> Vector:
    """Where to begin: what can be counted, and what a person is usually like."""
    guess = np.array(START)
    reactions = np.log(watched.reaction[watched.pressed & ~np.isnan(watched.reaction)])
    hours = float(watched.shown.sum()) / HOUR
    alarms = int((~watched.stimulus & watched.pressed).sum())
    guess[0], guess[1] = np.exp(np.median(reactions)), max(0.05, float(reactions.std()))
    guess[4] = max(1.0, alarms) / hours
    least, most = np.array(LIMITS).T
    return np.asarray(np.clip(guess, least, most), np.float64)


def log_likelihood(model: HumanModel, watched: Watched) -> float:
    """Natural logarithm of the likelihood of what was done, under a model."""
    values = np.array([getattr(model, name) for name in NAMES], np.float64)
    return _likelihood(values, watched, model.window, _runs(watched))


def _full(logs: Vector, free: list[int]) -> Vector:
    values = np.zeros(len(NAMES))
    values[free] = np.exp(logs)
    return values


def _likelihood(values: Vector, watched: Watched, window: float, runs: list[_Run]) -> float:
    median, spread, lapses, length, alarms, fatigue = values
    reactions = watched.reaction[watched.pressed]
    known = ~np.isnan(reactions)
    growth = 1.0 + fatigue * watched.hours
    logs = np.log(reactions[known] / growth[watched.pressed][known] / median)
    spread = max(spread, 1e-3)
    density = -0.5 * (logs / spread) ** 2 - np.log(spread * reactions[known] * np.sqrt(2 * np.pi))
    chain = _Chain(window, lapses, length, alarms)
    return float(density.sum()) + chain.log_likelihood(runs, float(fatigue))


# ----------------------------------------------------------------------- the chain of attention


@dataclass(frozen=True)
class _Run:
    """Decisions of one kind in a row: nothing changes but the hour, and that hardly."""

    stimulus: bool
    pressed: bool
    blind: bool
    length: int
    hour: float


LONGEST_RUN = 256
"""Decisions in a run at most, so that fatigue may be taken as constant in it."""
HOUR_STEPS = 20
"""Parts of an hour that are told apart: faults grow slowly, and runs alike are worked out once."""


def _runs(watched: Watched) -> list[_Run]:
    hours = watched.hours
    kind = watched.stimulus + 2 * watched.pressed.astype(int) + 4 * watched.blind.astype(int)
    starts = [0, *(np.flatnonzero(np.diff(kind)) + 1).tolist(), len(kind)]
    runs = []
    for begin, end in pairwise(starts):
        for first in range(begin, end, LONGEST_RUN):
            length = min(LONGEST_RUN, end - first)
            k = int(kind[first])
            hour = round(float(hours[first]) * HOUR_STEPS) / HOUR_STEPS
            runs.append(_Run(bool(k & 1), bool(k & 2), bool(k & 4), length, hour))
    return runs


@dataclass(frozen=True)
class _Chain:
    """Watching or lapsed, step by step; see `SimulatedHuman`."""

    window: float
    lapses: float
    seconds: float
    alarms: float

    def log_likelihood(self, runs: list[_Run], fatigue: float) -> float:
        """By the forward algorithm, a matrix power a run; plain floats, for there are many."""
        watching, lapsed, total = 1.0, 0.0, 0.0
        known: dict[_Run, tuple[float, float, float, float]] = {}
        for run in runs:
            if run not in known:
                step = self._step(run, 1.0 + fatigue * run.hour)
                (a, b), (c, d) = np.linalg.matrix_power(step, run.length).tolist()
                known[run] = (a, b, c, d)
            a, b, c, d = known[run]
            watching, lapsed = watching * a + lapsed * c, watching * b + lapsed * d
            weight = watching + lapsed
            if weight <= 0.0:
                return -1e12
            total += math.log(weight)
            watching, lapsed = watching / weight, lapsed / weight
        return total

    def _step(self, run: _Run, growth: float) -> Vector:
        """From before a step to after it: (from, to), 0 watching and 1 lapsed, what was seen in."""
        begins = min(0.999, self.lapses * self.window / HOUR * growth)
        alarm = min(0.999, self.alarms * self.window / HOUR * growth)
        ends = 1.0 / max(1.0, self.seconds / self.window)
        moves = np.array(
            [[1.0 - begins, begins], [ends * (1.0 - begins), 1.0 - ends + ends * begins]]
        )
        if run.blind:
            return moves
        acts = 1.0 if run.stimulus else alarm
        # The other way round than it should be now and then: a model that excludes what was
        # seen could not be fitted at all.
        acts = min(max(acts, 1e-9), 1.0 - 1e-9)
        seen = np.array([acts, 1e-12]) if run.pressed else np.array([1.0 - acts, 1.0 - 1e-12])
        return np.asarray(moves * seen, np.float64)


# ------------------------------------------------------------------------------------- intervals


def _errors(cost: object, best: Vector) -> list[float | None]:
    """Standard errors of the logarithms, from the curvature of the likelihood at its top."""
    assert callable(cost)
    size, step = len(best), 1e-2
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            e_i, e_j = np.eye(size)[i] * step, np.eye(size)[j] * step
            value = cost(best + e_i + e_j) - cost(best + e_i - e_j)
            value += cost(best - e_i - e_j) - cost(best - e_i + e_j)
            hessian[i, j] = hessian[j, i] = value / (4 * step * step)
    variances = np.diag(np.linalg.pinv(hessian))
    curved = np.diag(hessian) > 1e-3
    return [
        float(np.sqrt(variance)) if ok and variance > 0 else None
        for variance, ok in zip(variances, curved, strict=True)
    ]


def _interval(value: float, error: float | None) -> tuple[float, float] | None:
    if error is None:
        return None
    return float(value * np.exp(-1.96 * error)), float(value * np.exp(1.96 * error))
