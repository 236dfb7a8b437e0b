"""Who says which screens are bad: a simulated person here, a real one at a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.naming.pool import Pool
from oversight.simulated import HOUR, HumanModel

__all__ = ["Answered", "Namer", "Sheet", "SimulatedNamer"]


@dataclass(frozen=True)
class Sheet:
    """Pairs of screens that are shown together.

    Attributes:
        pairs: int64 (n,), their numbers in the pool.
        marked: bool (n,), what is marked as bad when it is shown.
        number: of the sheet, from 1.
        seconds: of attention spent so far.
        allowed: seconds in all.
    """

    pairs: NDArray[np.int64]
    marked: NDArray[np.bool_]
    number: int
    seconds: float
    allowed: float


@dataclass(frozen=True)
class Answered:
    """What was said of a sheet.

    Attributes:
        bad: bool (n,), which pairs.
        seconds: of attention.
        back: the sheet before is wanted again.
        leave: the person has left, and what is marked does not count.
    """

    bad: NDArray[np.bool_]
    seconds: float
    back: bool = False
    leave: bool = False


class Namer(Protocol):
    """Says which screens are bad."""

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        """Judge a sheet."""
        ...

    def close(self) -> None:
        """There is nothing more to ask."""
        ...


class SimulatedNamer:
    """A person who answers by the truth, with a person's faults.

    Each pair takes as long as a label (`HumanModel.window`: 0.8 s, the paper's); lapses and false
    alarms come by the hour, as with single steps. During a lapse, which ends with the sheet at the
    latest, nothing is marked. A sheet's faults do not hang on the sheets before, so that a session
    that goes on is as one without a break.
    """

    def __init__(self, model: HumanModel, seed: int) -> None:
        """Bind to a model of a person and to the seed of their faults."""
        self._model = model
        self._seed = seed

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        """See `Namer.answer`."""
        rng, window = np.random.default_rng([self._seed, 43, sheet.number]), self._model.window
        hours = (sheet.seconds + window * np.arange(len(sheet.pairs))) / HOUR
        tired = (1.0 + self._model.fatigue_per_hour * hours) * window / HOUR
        begins = rng.random(len(hours)) < self._model.lapses_per_hour * tired
        alarm = rng.random(len(hours)) < self._model.false_alarms_per_hour * tired
        mean = max(self._model.lapse_seconds / window, 1.0)
        bad = pool.bad[sheet.pairs] | alarm
        for first, length in zip(
            np.flatnonzero(begins), rng.geometric(1.0 / mean, int(begins.sum())), strict=True
        ):
            bad[first : first + length] = False
        return Answered(bad, window * len(sheet.pairs))

    def close(self) -> None:
        """See `Namer.close`."""
