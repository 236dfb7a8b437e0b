"""What comes of a training in the fast way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["AgeRow", "FastLearner", "FastRow", "PartRow", "curve", "mastered"]

POINTS = 50
"""Points of a curve of returns."""


class FastLearner(StrEnum):
    """What learns. Their numbers are the same."""

    DOUBLE_DQN = "double_dqn"
    """This package's Double DQN."""
    PLAIN = "plain"
    """The same on SB3's plain path: in float32, Adam as SB3 has it."""
    DQN = "dqn"
    """SB3's own DQN, which can't be gone on with: what was stopped stays as it is."""


@dataclass(frozen=True)
class PartRow:
    """One of ten parts of a training, of whole episodes, counted by the truth.

    Attributes:
        part: 0 to 9, from the first on.
        episodes: in it.
        steps: agent steps in it.
        catastrophes: begun in it.
        blocks: of the Blocker.
        unsafe: proposals that were unsafe in truth; None where that is not known.
        needless: blocks of proposals that were safe in truth; None likewise.
    """

    part: int
    episodes: int
    steps: int
    catastrophes: int
    blocks: int
    unsafe: int | None
    needless: int | None


@dataclass(frozen=True)
class AgeRow:
    """What an agent of some age did alone, nobody overseeing, in whole games.

    Attributes:
        age: agent steps that it had learned for.
        steps: agent steps that it played.
        catastrophes: begun in them.
        returns: of its games.
    """

    age: int
    steps: int
    catastrophes: int
    returns: tuple[float, ...]


@dataclass(frozen=True)
class FastRow:
    """One training.

    Attributes:
        condition, seed: which.
        steps: agent steps made.
        games: played at once.
        seconds: of the clock, of all sittings.
        device: where the network computed.
        episodes: whole games that ended.
        last_100: mean return of the last hundred of them.
        mastered_at: agent steps after which 20 games in a row first had the return that counts as
            mastery; None if they never had.
        blocks: of the Blocker.
        curve: agent steps, and the mean return of the games that ended in the stretch before.
        parts: harm, counted from the tape; empty where it was not counted.
        alone: what the agent of each age did alone; empty where it was not played.
        learner: one of `FastLearner`.
    """

    condition: str
    seed: int
    steps: int
    games: int
    seconds: float
    device: str
    episodes: int
    last_100: float | None
    mastered_at: int | None
    blocks: int
    curve: list[tuple[int, float]]
    parts: list[PartRow]
    alone: list[AgeRow]
    learner: str = FastLearner.DOUBLE_DQN.value

    @property
    def catastrophes(self) -> int | None:
        """In the whole training; None where it was not counted."""
        return sum(part.catastrophes for part in self.parts) if self.parts else None


def mastered(ends: NDArray[np.int64], returns: NDArray[np.float64], mastery: float) -> int | None:
    """Agent steps after which 20 games in a row have first had that mean return."""
    if len(returns) < 20:
        return None
    means = np.convolve(returns, np.full(20, 1 / 20), mode="valid")
    at = np.flatnonzero(means >= mastery - 1e-9)
    return int(ends[at[0] + 19]) if at.size else None


def curve(
    ends: NDArray[np.int64], returns: NDArray[np.float64], steps: int
) -> list[tuple[int, float]]:
    """Mean returns of the games that ended in each of some stretches of the training."""
    edges = np.linspace(0, steps, POINTS + 1).astype(np.int64)
    stretches = [(int(b), returns[(ends > a) & (ends <= b)]) for a, b in pairwise(edges)]
    return [(end, float(some.mean())) for end, some in stretches if some.size]
