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


class SimulatedNamer:
    """A person who sees the catastrophe wherever it can be seen, with a person's faults.

    Each pair takes as long as a label (`HumanModel.window`: 0.8 s, the paper's); lapses and false
    alarms come by the hour, as with single steps. During a lapse nothing is marked.
    """

    def __init__(self, model: HumanModel, rng: np.random.Generator) -> None:
        """Bind to a model of a person and to where their faults are drawn from."""
        self._model = model
        self._rng = rng
        self._lapse_left = 0

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        """See `Namer.answer`."""
        window = self._model.window
        bad = [
            self._says(bool(pool.bad[pair]), sheet.seconds + window * place)
            for place, pair in enumerate(sheet.pairs.tolist())
        ]
        return Answered(np.array(bad, dtype=np.bool_), window * len(sheet.pairs))

    def _says(self, bad: bool, seconds: float) -> bool:
        model = self._model
        tired = (1.0 + model.fatigue_per_hour * seconds / HOUR) * model.window / HOUR
        lapses, alarm = self._rng.random(2) < np.array(
            [model.lapses_per_hour * tired, model.false_alarms_per_hour * tired]
        )
        if lapses and self._lapse_left == 0:
            mean = max(model.lapse_seconds / model.window, 1.0)
            self._lapse_left = int(self._rng.geometric(1.0 / mean))
        if self._lapse_left > 0:
            self._lapse_left -= 1
            return False
        return bad or bool(alarm)
