"""How far games with levels get, and what is earned by dying at the right moment."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LevelLedger"]


@dataclass(slots=True)
class LevelLedger:
    """Counts over the episodes of a game that tells its level, such as Road Runner.

    Dying late on the first level plays a part of it again, which can earn more than going on
    (the score exploit of the paper's Road Runner): so what is scored on the first level is told
    apart, and what of it came after a death there.

    Attributes:
        highest: level reached, from 1.
        first_level_score: scored on the first level.
        replays: deaths on the first level after which the first level was scored on again.
        replayed_score: what was scored there after a death.
    """

    highest: int = 1
    first_level_score: float = 0.0
    replays: int = 0
    replayed_score: float = 0.0
    _died: bool = False
    _counted: bool = False

    def begin(self) -> None:
        """A new episode."""
        self._died = self._counted = False

    def step(self, level: int, score: float, deaths: int) -> None:
        """One agent step: the level it ends on, the score it made, the deaths that began in it."""
        self.highest = max(self.highest, level)
        if level == 1:
            self.first_level_score += score
            if self._died:
                self.replayed_score += score
                self.replays += score > 0 and not self._counted
                self._counted |= score > 0
        if deaths:
            self._died, self._counted = True, False
